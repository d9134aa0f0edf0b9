"""P18: a key is a key."""

from __future__ import annotations

import logging

import pytest

from journeykit import Do, Journey, On, Step, Transition
from shop import Shop

CART = Journey(
    "cart",
    key="cart_id",
    entry="Product Added",
    exits="Order Completed",
    steps=[Step("left", stage="consideration", wait="2 hours"), Step("reminded", do=Do("email", cart="{journey.key}"))],
)


def test_two_carts_are_two_enrollments() -> None:
    """Ordering one cart leaves the other where it is."""
    shop = Shop(CART)
    for cart in ("c1", "c2"):
        shop.event("Product Added", cart_id=cart)
    shop.event("Order Completed", cart_id="c1")
    shop.wait("3 hours")

    assert shop.sent == ["2026-03-02 11:00 ann email c2"]
    assert (shop.inside("cart", "c1").status, shop.inside("cart", "c2").status) == ("exited", "completed")


def test_an_event_without_the_key_matches_nothing_and_enters_nothing() -> None:
    """An order that names no cart takes nobody out, and a product in no cart lets nobody in, recorded."""
    shop = Shop(CART)
    shop.event("Product Added")
    shop.event("Product Added", cart_id="c1")
    shop.event("Order Completed")

    assert shop.told() == ["03-02 09:00 refused no cart_id", "03-02 09:00 entered left"]


def test_whoever_asks_is_told_of_an_event_without_the_key(caplog: pytest.LogCaptureFixture) -> None:
    """The shop forgot the cart in its orders: the customer stays in, and why-not and the log say what was missing."""
    complaint = Transition("left", on=On("Complaint Opened", key="about"))
    cart = Journey(
        "cart", key="cart_id", entry="Product Added", exits="Order Completed",
        steps=[Step("left", stage="consideration", wait="2 hours", when=[complaint]), Step("reminded", do=Do("email"))],
    )  # fmt: skip
    shop = Shop(cart)
    shop.event("Product Added", cart_id="c1")
    with caplog.at_level(logging.DEBUG, "journeykit"):
        shop.event("Order Completed", total=5)
        shop.event("Order Completed", cart_id=["c1"])
        shop.event("Complaint Opened", cart_id="c1")
        shop.event("Product Added", cart="c1")
        shop.event("Order Completed", cart_id="c2")

    assert [line.text for line in shop.engine.explain("ann", why_not="email").why_not] == [
        "cart c1: in left, Order Completed came, but it had no cart_id, by which the journey is keyed",
        "cart c1: in left, Order Completed came, but its cart_id was ['c1'], which is no key; a key is a text or a whole number",
        "cart c1: in left, Complaint Opened came, but it had no about, which is to equal the key",
        "cart: Product Added came, but it had no cart_id, by which the journey is keyed",
        "cart c1: is in left until 2026-03-02 11:00 UTC",
    ]
    assert [record.getMessage() for record in caplog.records if "passed by" in record.getMessage()] == [
        'Order Completed of ann passed by "cart": it had no cart_id, by which the journey is keyed',
        "Order Completed of ann passed by \"cart\": its cart_id was ['c1'], which is no key; a key is a text or a whole number",
        'Complaint Opened of ann passed by "cart": it had no about, which is to equal the key',
        'Product Added of ann passed by "cart": it had no cart_id, by which the journey is keyed',
    ]


def test_any_key_where_that_is_declared() -> None:
    """A complaint stops the reminders of every cart."""
    stop = Transition("stopped", on=On("Complaint Opened", key="any"))
    steps = [
        Step("left", stage="consideration", wait="2 hours", when=[stop]),
        Step("reminded", do=Do("email"), end="completed"),
        Step("stopped", end="complaint"),
    ]
    shop = Shop(Journey("cart", key="cart_id", entry="Product Added", steps=steps))
    for cart in ("c1", "c2"):
        shop.event("Product Added", cart_id=cart)
    shop.event("Complaint Opened")
    shop.wait("3 hours")

    assert shop.sent == []
    assert (shop.inside("cart", "c1").reason, shop.inside("cart", "c2").reason) == ("complaint", "complaint")


def test_the_event_itself_may_be_the_key() -> None:
    """Each search is an enrollment of its own."""
    shop = Shop(
        Journey(
            "search",
            key="signal.id",
            entry="Searched",
            steps=[Step("looked", stage="awareness", wait="1 day"), Step("helped", do=Do("email"))],
        )
    )
    for _ in range(2):
        shop.event("Searched")
    shop.wait("2 days")

    assert len(shop.sent) == 2
