"""Which rows of a customer have to be loaded before an event is decided: those of journeys that it may concern, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import Entry, Event, Journey, On, Step, Transition
from journeykit.core.compiling.index import compile_journeys


def waits(name: str, entry: Any, *when: On, key: str | None = None, **more: Any) -> Journey:
    """A journey whose one step waits for something."""
    moves = [Transition("in", on=on) for on in when]
    return Journey(name, key=key, entry=entry, stage="retention", zone="UTC", steps=[Step("in", wait="1 day", when=moves)], **more)


COMPILED = compile_journeys([
    (journey.name, "", journey)
    for journey in (
        waits("hears", "Came", On("Told")),
        waits("zones", "Came", On(changed="customer.zone")),
        waits("plans", Entry(On(changed="customer.plan"))),
        waits("agrees", "Came", On(changed="consent.email")),
        waits("reads", "Came", exits=On(where="customer.age > 3")),
        waits("keyed", "Added", On("Added"), key="cart"),
        waits("counts", "Asked", reentry="at most 2 per customer", key="cart"),
    )
])  # fmt: skip


def wants(name: str, **properties: Any) -> tuple[list[str], list[tuple[str, str | None]]]:
    """The journeys whose rows are needed, and the keys of those that may be entered."""
    event = Event(name, id="e", customer_id="ann", occurred_at="2026-03-02T09:00:00Z", properties=properties)
    journeys, keys = COMPILED.wants(event)
    return sorted(journeys), sorted(keys, key=repr)


@pytest.mark.parametrize(
    ("name", "properties", "journeys", "keys"),
    [
        ("Told", {}, ["hears"], []),
        ("Never", {}, [], []),
        ("Added", {"cart": "c1"}, ["keyed"], [("keyed", "c1")]),
        ("Added", {}, ["keyed"], []),
        ("Asked", {"cart": "c1"}, ["counts"], [("counts", None)]),
        ("$identify", {"zone": "UTC"}, ["zones"], []),
        ("$identify", {"traits": {"age": 3}}, ["reads"], []),
        ("$identify", {"traits": {"age": 3, "name": "Ann"}, "zone": None, "consent": {"email": True}}, ["agrees", "reads", "zones"], []),
        ("$identify", {"consent": {"sms": True}}, [], []),
        ("$identify", {}, [], []),
        ("$enter", {"journey": "keyed", "key": "c1"}, ["keyed"], [("keyed", "c1")]),
        ("$enter", {"journey": "hears"}, ["hears"], [("hears", "")]),
        ("$enter", {"journey": "counts", "key": "c1"}, ["counts"], [("counts", None)]),
        ("$enter", {"journey": "gone", "key": "c1"}, ["gone"], [("gone", "c1")]),
        ("$retry", {"event": {"name": "Added", "properties": {"cart": "c2"}}}, ["keyed"], [("keyed", "c2")]),
        ("$retry", {"journey": "keyed", "key": "c3", "event": None}, ["keyed"], [("keyed", "c3")]),
    ],
)
def test_what_is_loaded_for_an_event(
    name: str, properties: dict[str, Any], journeys: list[str], keys: list[tuple[str, str | None]]
) -> None:
    """Where a rule of a step hears it or what it changes, and where it may let in: under the key that it would have."""
    found = wants(name, **properties)

    assert (found[0], found[1]) == (journeys, keys)
