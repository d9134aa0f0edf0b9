"""P35: why and why not."""

from __future__ import annotations

from journeykit import Do, Exit, Journey, On, Step
from shop import Shop

CART = Journey(
    "cart",
    key="cart_id",
    entry=On("Product Added", where="event.price >= 10"),
    exits=Exit("Order Completed", end="bought"),
    steps=[Step("left", stage="consideration", wait="2 hours"), Step("reminded", do=Do("email"))],
)


def test_everything_that_happened_is_told_with_time_and_reason() -> None:
    """Events, moves and actions of Ann stand there in order, as data and as text."""
    shop = Shop(CART)
    shop.event("Product Added", cart_id="c1", price=20)
    shop.wait("3 hours")
    told = shop.engine.explain("ann")

    for words in ("09:00", "Product Added", "left", "11:00", "2 hours", "reminded", "email", "performed"):
        assert words in told.text
    assert [line.at for line in told.entries] == sorted(line.at for line in told.entries)


def test_why_not_an_exit_rule() -> None:
    """Asked why Ann got no mail, it says that she bought."""
    shop = Shop(CART)
    shop.event("Product Added", cart_id="c1", price=20)
    shop.event("Order Completed", cart_id="c1")
    shop.wait("3 hours")

    assert any("bought" in line.text for line in shop.engine.explain("ann", why_not="email").why_not)


def test_why_not_a_condition() -> None:
    """It names the condition and the value it met."""
    shop = Shop(CART)
    shop.event("Product Added", cart_id="c1", price=5)
    (reason, *_) = shop.engine.explain("ann", why_not="email").why_not

    assert "event.price >= 10" in reason.text
    assert "5" in reason.text


def test_why_not_the_key() -> None:
    """Asked why Ann was not thanked for her order, it says that the order was of another cart."""
    steps = [
        Step("left", stage="consideration", wait="2 hours", when={"Order Completed": "thanked"}),
        Step("gone", end="gone"),
        Step("thanked", do=Do("sms")),
    ]
    shop = Shop(Journey("cart", key="cart_id", entry="Product Added", steps=steps))
    shop.event("Product Added", cart_id="c1")
    shop.event("Order Completed", cart_id="c2")

    assert any("Order Completed" in line.text and "key" in line.text for line in shop.engine.explain("ann", why_not="sms").why_not)


def test_why_not_who_was_refused() -> None:
    """Ann has been there before: that is why neither arm of the split wrote to her a second time."""
    poll = Journey(
        "poll", entry="Order Completed",
        steps=[
            Step("waits", stage="retention", wait="1 day", then="50% short, 50% long"),
            Step("short", do=Do("sms"), end="asked"), Step("long", do=Do("email"), end="asked"),
        ],
    )  # fmt: skip
    shop = Shop(poll)
    shop.event("Order Completed")
    shop.wait("2 days")
    shop.event("Order Completed")
    for action in ("sms", "email"):
        reasons = [line.text for line in shop.engine.explain("ann", why_not=action).why_not]
        assert "poll: Order Completed came, but re-entry does not allow it: once" in reasons


def test_asking_changes_nothing() -> None:
    """The customer is replayed, not touched."""
    shop = Shop(CART)
    shop.event("Product Added", cart_id="c1", price=20)
    before = (shop.told(), shop.inside("cart", "c1"))
    shop.engine.explain("ann", why_not="email")

    assert (shop.told(), shop.inside("cart", "c1")) == before
