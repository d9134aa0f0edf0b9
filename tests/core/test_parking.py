"""What is kept aside where a rule cannot be worked out: which part of the signal, and what a person needs to give it back."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import Catalog, Do, Entry, Exit, Journey, On, Step, Transition
from journeykit.model.records import HistoryEntry, Want
from shop import MONDAY, Shop

TEXT = "'much' (text) and 100 (number): cannot be ordered by >"


def parked(shop: Shop) -> list[dict[str, Any]]:
    """The properties of everything of Ann's that is kept aside, in order, each with its id."""
    return [{"id": one.event.id, **one.event.properties} for one in shop.storage.events("ann") if one.state == "parked"]


def told(shop: Shop) -> HistoryEntry:
    """What her history says of it."""
    (entry,) = [entry for entry in shop.storage.history("ann") if entry.kind == "parked"]
    return entry


def original(name: str, id: str, at: str = MONDAY, **properties: Any) -> dict[str, Any]:
    """The event as it is kept with what is set aside."""
    return {"name": name, "id": id, "occurred_at": at, "properties": properties, "source": ""}


def cart(**more: Any) -> Journey:
    """Who puts something into a cart is reminded."""
    entry = Entry("Product Added", set={"data.total": "event.total"})
    return Journey("cart", key="event.cart", stage="consideration", entry=entry, **more)


@pytest.mark.parametrize(
    "rules",
    [
        {"steps": [Step("left", wait="2 hours", when=Transition("thanks", on=On("Order", where="event.total > 100"))), Step("thanks")]},
        {"exits": Exit(On("Order", where="event.total > 100")), "steps": [Step("left", wait="2 hours"), Step("thanks")]},
    ],
)
def test_a_rule_that_stumbles_is_kept_aside_with_the_event(rules: dict[str, Any]) -> None:
    """Ann's order has a text for a total: the rule of where she is cannot compare it."""
    shop = Shop(cart(**rules))
    shop.event("Product Added", cart="c1", total=1)
    shop.event("Order", id="o1", cart="c1", total="much")

    error = f'"event.total > 100": {TEXT}'
    event = original("Order", "o1", cart="c1", total="much")
    assert parked(shop) == [{"id": "$parked/2/0", "journey": "cart", "key": "c1", "number": 1, "error": error, "event": event}]
    entry = told(shop)
    assert (entry.journey, entry.key, entry.number, entry.cause, entry.source, entry.reason) == ("cart", "c1", 1, "Order", "left", error)
    assert shop.inside("cart", "c1").step == "left"


def test_an_entry_that_stumbles_is_kept_aside_with_its_place() -> None:
    """Nobody is inside yet; the second entry is the one that cannot be worked out."""
    entries = [Entry("Came"), Entry(On("Order", where="event.total > 100"))]
    shop = Shop(Journey("vip", stage="retention", entry=entries, steps=Step("in", wait="1 day")))
    shop.event("Order", id="o1", total="much")

    error, event = f'"event.total > 100": {TEXT}', original("Order", "o1", total="much")
    assert parked(shop) == [{"id": "$parked/1/0", "journey": "vip", "key": "", "number": 0, "error": error, "event": event, "entry": 1}]
    assert (told(shop).cause, told(shop).source, told(shop).reason) == ("Order", "", error)


def test_a_timer_that_stumbles_is_spent() -> None:
    """Two hours later the branch cannot be chosen: the timer goes aside and does not fire again, Ann stays where she is."""
    steps = [
        Step("left", wait="2 hours", then=[Transition("thanks", on=On(where="data.total > 100")), "sorry"]),
        Step("thanks", do=Do("email"), end="completed"),
        Step("sorry", do=Do("sms"), end="completed"),
    ]
    shop = Shop(cart(steps=steps))
    shop.event("Product Added", id="p1", cart="c1", total="much")
    shop.wait("1 day")

    error = f'"data.total > 100": {TEXT}'
    assert parked(shop) == [{"id": "$parked/2/0", "journey": "cart", "key": "c1", "number": 1, "error": error, "event": None, "timer": 0}]
    assert (told(shop).at, told(shop).cause, told(shop).source) == (1_772_449_200_000_000, "timer", "left")
    assert (shop.inside("cart", "c1").step, shop.inside("cart", "c1").timers, shop.sent) == ("left", (), [])


def test_an_event_that_leads_round_and_round_is_kept_aside_whole() -> None:
    """Nothing of it is applied, not even the fact that it would have counted."""
    on = On(changed="customer.flag")
    journey = Journey(
        "ring",
        entry="Came",
        steps=[
            Step("a", stage="retention", when=Transition("b", on="Go", set={"customer.flag": "not (customer.flag or False)"})),
            Step("b", when=Transition("c", on=on, set={"customer.flag": "not customer.flag"})),
            Step("c", when=Transition("b", on=on, set={"customer.flag": "not customer.flag"})),
        ],
    )
    shop = Shop(journey, Catalog(facts={"gone": "count of Go"}))
    shop.event("Came")
    shop.event("Go", id="g1")

    (row,) = parked(shop)
    assert (row["id"], row["journey"], row["key"], row["number"]) == ("$parked/2/0", "", "", 0)
    assert row["event"] == original("Go", "g1")
    assert (told(shop).journey, told(shop).cause, told(shop).source, told(shop).reason) == ("", "Go", None, row["error"])
    assert shop.inside("ring").step == "a"
    (loaded,) = shop.storage.load_many([Want("ann", None)])
    assert (loaded.facts.values, loaded.facts.traits) == ({}, {})
