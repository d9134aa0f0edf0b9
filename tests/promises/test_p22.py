"""P22: traits and facts."""

from __future__ import annotations

from journeykit import Catalog, Do, Journey, On, Step, Transition
from shop import Shop

CATALOG = Catalog(
    facts={
        "orders": "count of Order Completed",
        "spent": "sum of Order Completed.total",
        "cheapest": "min of Order Completed.total",
        "dearest": "max of Order Completed.total",
        "usual": "mean of Order Completed.total",
        "shops": "distinct of Order Completed.store",
        "latest": "last of Order Completed.store",
        "dear": "count of Order Completed where event.total >= 300",
    }
)
TOLD = ("orders", "spent", "cheapest", "dearest", "usual", "shops", "latest", "dear")


def test_facts_are_counted_from_events() -> None:
    """Three orders in two shops, told in one mail; the order that is told late was not the latest."""
    tell = Transition(do=Do("email", **{name: f"{{customer.{name}}}" for name in TOLD}), on=On("Asked"))
    shop = Shop(Journey("tell", entry="Order Completed", steps=[Step("in", stage="purchase", wait="9 days", when=[tell])]), CATALOG)
    shop.event("Order Completed", total=100, store="Ulm")
    shop.event("Order Completed", total=300, store="Bonn")
    shop.event("Order Completed", total=200, store="Ulm", at="2026-02-01T12:00:00+00:00")
    shop.event("Asked")
    shop.work()

    (request,) = shop.requests
    assert request.parameters == {
        "orders": 3, "spent": 600, "cheapest": 100, "dearest": 300, "usual": 200.0, "shops": 2, "latest": "Bonn", "dear": 1
    }  # fmt: skip


def test_a_change_is_a_signal_with_old_and_new_value() -> None:
    """Going from silver to gold is greeted; being told the same again is no change."""
    changed = On(changed="customer.tier", where="signal.new == 'gold'")
    shop = Shop(Journey("gold", entry=changed, reentry="always", steps=[Step("in", stage="retention", do=Do("email", was="{signal.old}"))]))
    for tier in ("silver", "gold", "gold"):
        shop.identify(traits={"tier": tier})
        shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email silver"]


def test_the_stage_of_one_journey_is_the_stage_of_the_customer() -> None:
    """The lifecycle says where Ann stands, and another journey waits for it."""
    steps = [
        Step("looking", stage="consideration", wait="90 days", when={"Order Completed": "bought"}),
        Step("gone", end="lost"),
        Step("bought", stage="purchase", wait="90 days"),
    ]
    life = Journey("life", entry="Product Viewed", lifecycle=True, steps=steps)
    bought = On(changed="customer.stage", where="customer.stage == 'purchase'")
    shop = Shop(life, Journey("welcome", entry=bought, steps=[Step("in", stage="purchase", do=Do("email", stage="{customer.stage}"))]))
    shop.event("Product Viewed")
    shop.event("Order Completed")
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email purchase"]


def test_a_window_is_what_lies_in_it_at_that_moment() -> None:
    """Three orders in ten days make a regular; the first of them counts until ten days have passed since, and not longer."""
    lately = Catalog(facts={"lately": "count of Order Completed in 10 days", "month": "sum of Order Completed.total this month"})
    asked = Transition(do=Do("email", lately="{customer.lately}", month="{customer.month}"), on=On("Asked"))
    shop = Shop(Journey("tell", entry="Order Completed", steps=[Step("in", stage="purchase", wait="90 days", when=[asked])]), lately)
    for wait in ("1 day", "9 days", "20 days"):
        shop.event("Order Completed", total=100)
        shop.wait(wait)
        shop.event("Asked")
        shop.work()
    shop.event("Order Completed", total=7, at="2026-03-31T23:59:00+00:00")
    shop.event("Asked")
    shop.work()

    assert shop.sent == [
        "2026-03-03 09:00 ann email 1 100",
        "2026-03-12 09:00 ann email 1 200",
        "2026-04-01 09:00 ann email 0 0",
        "2026-04-01 09:00 ann email 1 0",
    ]
