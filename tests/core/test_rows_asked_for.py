"""A decision asks for the rows that it has not been given, one after the other, and decides nothing before it has them."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import Catalog, Do, Entry, Exit, Journey, On, Start, Step, Transition
from journeykit.core.compiling.index import compile_journeys
from journeykit.core.deciding.customer import Customer, advance
from journeykit.core.turns.state import Covered
from journeykit.core.turns.turn import Incomplete
from journeykit.model.messages import Event, moment
from journeykit.model.records import Commit, Facts, Loaded, LoggedEvent

NOON = 1_772_452_800_000_000


def journey(name: str, entry: Any = (), *when: Transition, **more: Any) -> Journey:
    """A journey of one step."""
    do = more.pop("do", ())
    return Journey(name, entry=entry, stage="retention", steps=[Step("in", wait="1 day", when=when, do=do)], **more)


JOURNEYS = [
    journey("once", "Came"),
    journey("keyed", "Added", key="cart"),
    journey("customers", "Asked", reentry="at most 2 per customer", key="cart"),
    journey("idle", Entry("Viewed", wait="1 hour"), key="cart"),
    journey("hears", (), Transition("in", on=On("Told"))),
    journey("asks", (), Transition("in", on=On("Rang", where="active('once')"))),
    journey("elsewhere", On("Went", where="not active('hears')")),
    journey("changed", On(changed="customer.plan"), Transition("in", on=On(changed="customer.plan"))),
    journey("reads", exits=Exit(On(where="customer.age > 60"))),
    journey("cards", each="customer.cards"),
    journey("starts", "Began", do=Start("keyed", key="event.cart")),
    journey("first", "First"),
    journey("second", "Second"),
    journey("vips", On(segment="vip"), open="with those already there"),
    journey("mails", "Mailed", Transition("in", on=On(settled="email dead")), do=Do("email")),
]
CATALOG = Catalog(segments={"vip": "customer.vip"}, policies=["one at a time of first, second as lane"])
COMPILED = compile_journeys([(one.name, "", one) for one in JOURNEYS], CATALOG)
Asked = list[tuple[list[str], list[tuple[str, str | None]]]]


def asked(name: str, **properties: Any) -> tuple[Asked, Commit]:
    """What is asked for, beginning with nothing, and what is decided in the end."""
    event = Event(name, id="e", customer_id="ann", occurred_at=moment(NOON), properties=properties)
    journeys: frozenset[str] = frozenset()
    keys: frozenset[tuple[str, str | None]] = frozenset()
    found: Asked = []
    while len(found) < 9:
        customer = Customer(Loaded("ann", 0, 0, Facts(traits={"vip": True}), (), ()), Covered(journeys, keys))
        try:
            return found, advance(COMPILED, customer, LoggedEvent(event, NOON, None, "pending"), NOON)
        except Incomplete as more:
            found.append((sorted(more.journeys), list(more.keys)))
            journeys, keys = journeys | more.journeys, keys | {*more.keys}
    raise AssertionError(found)


@pytest.mark.parametrize(
    ("name", "properties", "expected", "entered"),
    [
        ("Never", {}, [], []),
        ("Came", {}, [(["once"], []), (["once"], [("once", "")])], ["once"]),
        ("Added", {"cart": "c1"}, [(["keyed"], []), (["keyed"], [("keyed", "c1")])], ["keyed"]),
        ("Added", {}, [(["keyed"], [])], []),
        ("Asked", {"cart": "c1"}, [(["customers"], []), (["customers"], [("customers", None)])], ["customers"]),
        ("Viewed", {"cart": "c1"}, [(["idle"], []), (["idle"], [("idle", "c1")])], []),
        ("Told", {}, [(["hears"], [])], []),
        ("Rang", {}, [(["asks", "once"], [])], []),
        ("Went", {}, [(["elsewhere", "hears"], []), (["elsewhere"], [("elsewhere", "")])], ["elsewhere"]),
        ("Began", {"cart": "c1"}, [(["starts"], []), (["starts"], [("starts", "")]), (["keyed"], []), (["keyed"], [("keyed", "c1")])], ["starts", "keyed"]),
        ("First", {}, [(["first", "second"], []), (["first"], [("first", "")])], ["first"]),
        ("$identify", {"traits": {"plan": "gold"}}, [(["changed"], []), (["changed"], [("changed", "")])], ["changed"]),
        ("$identify", {"traits": {"age": 3}}, [(["reads"], [])], []),
        ("$identify", {"traits": {"other": 3}}, [], []),
        ("$identify", {"traits": {"cards": [{"id": "a"}, {"id": "b"}]}}, [(["cards"], []), (["cards"], [("cards", "a")]), (["cards"], [("cards", "b")])], ["cards", "cards"]),
        ("$enter", {"journey": "once"}, [(["once"], []), (["once"], [("once", "")])], ["once"]),
        ("$enter", {"journey": "keyed", "key": "c1"}, [(["keyed"], []), (["keyed"], [("keyed", "c1")])], ["keyed"]),
        ("$enter", {"journey": "keyed"}, [(["keyed"], [])], []),
        ("$enter", {"journey": "gone"}, [], []),
        ("$exit", {"journey": "once"}, [(["once"], [])], []),
        ("$settled", {"journey": "mails", "number": 1, "action": "email", "outcome": "dead"}, [(["mails"], [])], []),
        ("$open", {"journey": "vips"}, [(["vips"], []), (["vips"], [("vips", None)])], ["vips"]),
        ("$open", {"journey": "gone"}, [], []),
        ("$retry", {"parked": "p", "journey": "once", "key": "", "number": 1, "event": None}, [(["once"], [])], []),
        ("$retry", {"parked": "p", "journey": "", "key": "", "number": 0, "event": {"name": "Told", "id": "t", "occurred_at": "2026-03-02T09:00:00Z", "properties": {}}}, [(["hears"], [])], []),
        ("$retry", {"parked": "p", "journey": "once", "key": "", "number": 0, "entry": 0, "event": {"name": "Came", "id": "t", "occurred_at": "2026-03-02T09:00:00Z", "properties": {}}},
         [(["once"], []), (["once"], [("once", "")])], ["once"]),
        ("$retry", {"parked": "p", "journey": "once", "key": "", "number": 0, "entry": 1, "event": {"name": "Came", "id": "t", "occurred_at": "2026-03-02T09:00:00Z", "properties": {}}}, [(["once"], [])], []),
    ],
)  # fmt: skip
def test_what_a_decision_asks_for(name: str, properties: dict[str, Any], expected: Asked, entered: list[str]) -> None:
    """First the active rows of the journeys that it concerns, then those under the keys that would be entered, whatever has become of them."""
    found, commit = asked(name, **properties)

    assert found == expected
    assert [entry.journey for entry in commit.history if entry.kind == "entered"] == entered


@pytest.mark.parametrize(
    ("name", "properties", "lines"),
    [
        ("$enter", {"journey": "gone"}, [("refused", "enroll", 'no journey "gone"')]),
        ("$enter", {"journey": "gone", "from": "eve"}, [("refused", "start", 'no journey "gone"')]),
        ("$enter", {"journey": "keyed"}, [("refused", "enroll", "its key is missing")]),
        ("$enter", {"journey": "once", "key": "k"}, [("refused", "enroll", "it has no key")]),
        ("$enter", {"journey": "once"}, [("entered", "enroll", "once")]),
        ("$enter", {"journey": "once", "from": "eve"}, [("entered", "start", "once")]),
        ("$enter", {"journey": "once", "from": "eve", "chain": 100}, [("entered", "start", "once")]),
        ("$exit", {"journey": "once"}, [("refused", "exit", 'not in "once"')]),
        ("$open", {"journey": "gone"}, [("refused", "open", 'no journey "gone"')]),
        ("$retry", {"parked": "p", "journey": "once", "key": "", "number": 1, "event": None}, [("refused", "retry", "the enrollment has ended")]),
        ("$identify", {"zone": "Mars"}, [("parked", "$identify", "zone: 'Mars' is no time zone; give an IANA name such as \"Europe/Berlin\"")]),
        ("$identify", {"traits": {"other": 3, "vip": True}, "consent": {"email": False}}, [("traits", "consent.email", "unknown -> False"), ("traits", "customer.other", "unknown -> 3")]),
        (
            "$enter",
            {"journey": "once", "from": "eve", "chain": 101},
            [("parked", "$enter", "more than 100 starts, raised signals and automatic transitions in one instant, the last: start once")],
        ),
    ],
)  # fmt: skip
def test_what_the_host_asks_for_and_cannot_have(name: str, properties: dict[str, Any], lines: list[tuple[str, str, str]]) -> None:
    """In these words, under this cause."""
    commit = asked(name, **properties)[1]

    assert [(entry.kind, entry.cause, entry.journey if entry.kind == "entered" else entry.reason) for entry in commit.history] == lines
    kept = [one.event.name for one in commit.events]
    assert kept == (["$parked", name] if lines[0][1] == "$enter" or name == "$retry" else [name])
