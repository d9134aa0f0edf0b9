"""P7: a timer belongs to a visit."""

from __future__ import annotations

from journeykit import Do, Journey, Step
from shop import Shop


def test_coming_back_starts_the_wait_anew() -> None:
    """Every further product restarts the two hours; the earlier timers remind nobody."""
    steps = [Step("left", stage="consideration", wait="2 hours", when={"Product Added": "left"}), Step("reminded", do=Do("email"))]
    shop = Shop(Journey("cart", entry="Product Added", steps=steps))
    for _ in range(3):
        shop.event("Product Added")
        shop.wait("1 hour")
    shop.wait("1 day")

    assert shop.sent == ["2026-03-02 13:00 ann email"]


def test_a_timer_of_a_step_left_is_forgotten() -> None:
    """Who has moved on is not fetched by the timer of the step before."""
    steps = [
        Step("left", stage="consideration", wait="2 hours", when={"Checkout Started": "paying"}),
        Step("reminded", do=Do("email", about="cart"), end="completed"),
        Step("paying", wait="1 day", when={"Payment Failed": "left"}),
    ]
    shop = Shop(Journey("cart", entry="Product Added", steps=steps))
    shop.event("Product Added")
    shop.wait("1 hour")
    shop.event("Checkout Started")
    shop.wait("12 hours")

    assert shop.sent == []
    assert shop.told() == ["03-02 09:00 entered left", "03-02 10:00 moved paying"]
    assert len(shop.inside("cart").timers) == 1


def test_a_timer_that_follows_moves_with_its_date() -> None:
    """The trip is put off by a week, and so is the mail before it."""
    wait = "2 days before customer.trip, wait if missing, now if past, following"
    shop = Shop(
        Journey("trip", entry="Trip Booked", zone="UTC", steps=[Step("booked", stage="purchase", wait=wait), Step("told", do=Do("email"))])
    )
    shop.identify(traits={"trip": "2026-03-10T12:00:00+00:00"})
    shop.event("Trip Booked")
    shop.identify(traits={"trip": "2026-03-17T12:00:00+00:00"})
    shop.wait("30 days")

    assert shop.sent == ["2026-03-15 12:00 ann email"]


def test_the_timer_of_a_scope_runs_on_while_steps_inside_change() -> None:
    """The time limit of the whole checkout counts from its beginning, however often Ann goes back and forth."""
    from journeykit import Scope

    address = Step("address", wait="1 day", when={"Next": "payment"})
    payment = Step("payment", wait="1 day", when={"Back": "address"})
    checkout = Scope("checkout", stage="purchase", wait="1 hour", then="helped", steps=[address, payment])
    shop = Shop(Journey("pay", entry="Checkout Started", steps=[checkout, Step("helped", stage="purchase", do=Do("email"))]))
    shop.event("Checkout Started")
    for name in ("Next", "Back", "Next", "Back"):
        shop.wait("20 minutes")
        shop.event(name)
    shop.wait("1 hour")

    assert shop.sent == ["2026-03-02 10:00 ann email"]
