"""P8: one signal at a time."""

from __future__ import annotations

from journeykit import Catalog, Do, Journey, On, Step
from shop import Shop

FACTS = Catalog(facts={"orders": "count of Order Completed"})


def test_an_event_is_counted_before_it_is_looked_at() -> None:
    """The third order is the one on which customer.orders is 3."""
    club = Journey("club", entry=On("Order Completed", where="customer.orders == 3"), steps=[Step("in", stage="retention", do=Do("email"))])
    shop = Shop(club, FACTS)
    for _ in range(3):
        shop.event("Order Completed")
        shop.wait("1 day")

    assert shop.sent == ["2026-03-04 09:00 ann email"]


def test_nobody_is_offered_the_signal_that_let_them_in() -> None:
    """The product that opens the journey is not the second product it waits for."""
    steps = [
        Step("one", stage="consideration", wait="1 day", when={"Product Added": "two"}),
        Step("end", end="alone"),
        Step("two", do=Do("email")),
    ]
    shop = Shop(Journey("pair", entry="Product Added", steps=steps))
    shop.event("Product Added")

    assert shop.inside("pair").step == "one"

    shop.event("Product Added")

    assert shop.inside("pair").status == "completed"


def test_those_inside_see_an_event_before_those_whom_it_lets_in() -> None:
    """An order ends the cart's journey and opens the parcel's, in this order."""
    cart = Journey("cart", entry="Product Added", exits="Order Completed", steps=[Step("left", stage="consideration", wait="1 day")])
    parcel = Journey("parcel", entry="Order Completed", steps=[Step("packed", stage="purchase", wait="3 days")])
    shop = Shop(parcel, cart)
    shop.event("Product Added")
    shop.event("Order Completed")

    assert [(entry.journey, entry.kind) for entry in shop.storage.history("ann")] == [
        ("cart", "entered"),
        ("cart", "exited"),
        ("parcel", "entered"),
    ]


def test_a_raised_change_follows_as_a_signal_of_its_own() -> None:
    """A step sets the plan; another journey that waits for the change of the plan hears of it next."""
    pays = Journey("pays", entry="Paid", steps=[Step("paid", stage="purchase", set={"customer.plan": "'gold'"}, do=Do("sms"))])
    greets = Journey(
        "greets", entry=On(changed="customer.plan"), steps=[Step("greeted", stage="retention", do=Do("email", plan="{customer.plan}"))]
    )
    shop = Shop(greets, pays)
    shop.event("Paid")
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann sms", "2026-03-02 09:00 ann email gold"]
    assert [(entry.journey, entry.seq) for entry in shop.storage.history("ann") if entry.kind == "entered"] == [("pays", 1), ("greets", 2)]
