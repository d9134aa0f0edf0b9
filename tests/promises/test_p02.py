"""P2: one order per customer."""

from __future__ import annotations

from journeykit import Do, Journey, On, Step, Transition
from shop import Shop

REMINDER = Journey(
    "reminder",
    entry="Product Added",
    exits="Order Completed",
    steps=[Step("left", stage="consideration", wait="2 hours"), Step("reminded", do=Do("email"))],
)


def test_accepting_decides_nothing() -> None:
    """An event that was only accepted stands in the mailbox; a worker decides it, at the moment of its acceptance."""
    shop = Shop(REMINDER)
    shop.engine.accept(shop.fact("Product Added"))

    assert shop.told() == []

    shop.wait("5 minutes")

    assert shop.told() == ["03-02 09:00 entered left"]


def test_an_event_takes_effect_when_it_is_accepted() -> None:
    """A product added last week and reported today is reminded of two hours after the report."""
    shop = Shop(REMINDER)
    shop.event("Product Added", at="2026-02-23T09:00:00+00:00")
    shop.wait("3 hours")

    assert shop.sent == ["2026-03-02 11:00 ann email"]


def test_mail_is_decided_before_a_later_event() -> None:
    """An order handled at once finds the cart that was accepted before it."""
    shop = Shop(REMINDER)
    shop.engine.accept(shop.fact("Product Added"))
    shop.event("Order Completed")

    assert shop.told() == ["03-02 09:00 entered left", "03-02 09:00 exited Order Completed"]


def test_a_late_event_is_dropped_where_declared() -> None:
    """An opening of an earlier mail, reported late, does not count as an answer to this one."""
    opened = On("Email Opened", late="drop")
    asked = Step("asked", stage="retention", do=Do("email"), wait="1 day", when=[Transition("glad", on=opened)], then="sad")
    shop = Shop(Journey("ask", entry="Order Delivered", steps=[asked, Step("glad", end="completed"), Step("sad", end="no answer")]))
    shop.event("Order Delivered")
    shop.event("Email Opened", at="2026-03-01T20:00:00+00:00")

    assert shop.inside("ask").step == "asked"

    shop.event("Email Opened")

    assert shop.inside("ask").step == "glad"
