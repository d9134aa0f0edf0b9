"""P4: a deadline loses its tie."""

from __future__ import annotations

from journeykit import Do, Journey, Step
from shop import Shop

REMINDER = Journey(
    "reminder",
    entry="Product Added",
    exits="Order Completed",
    steps=[Step("left", stage="consideration", wait="2 hours"), Step("reminded", do=Do("email"))],
)


def test_who_buys_on_the_deadline_has_bought() -> None:
    """An order accepted in the very instant in which the two hours end comes first."""
    shop = Shop(REMINDER)
    shop.event("Product Added")
    shop.clock.advance(2 * 3600)
    shop.event("Order Completed")
    shop.wait("1 day")

    assert shop.sent == []
    assert shop.told() == ["03-02 09:00 entered left", "03-02 11:00 exited Order Completed"]


def test_a_timer_does_not_fire_in_its_own_instant() -> None:
    """A worker that looks in that very instant leaves the timer alone, and fires it a microsecond later."""
    shop = Shop(REMINDER)
    shop.event("Product Added")
    shop.wait("2 hours")

    assert shop.sent == []

    shop.clock.set(shop.clock.now() + 1)
    shop.work()

    assert shop.sent == ["2026-03-02 11:00 ann email"]
