"""For which objects an enrollment waits, as the rules of its journey say."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import Catalog, Entry, Journey, On, Step, Transition
from journeykit.core.deciding.customer import Customer, advance
from journeykit.core.definitions.objects import KEY, objects_of
from journeykit.model.records import Commit, LoggedEvent, Want
from shop import Shop

SKU, OTHER = ("data", "sku"), ("data", "other")


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("event.sku == data.sku", (SKU,)), ("data.sku == event.sku", (SKU,)), ("event.sku in data.sku", (SKU,)),
        ("contains(data.sku, event.sku)", (SKU,)), ("event.sku == journey.key", (KEY,)), ("event.sku == customer.sku", ()),
        ("event.sku == data.sku and event.n > 3", (SKU,)), ("event.n > 3 and (event.sku == data.sku or event.sku == data.other)", (SKU, OTHER)),
        ("event.sku == data.sku or event.sku == data.sku", (SKU,)), ("event.other == data.sku", ()), ("event.sku != data.sku", ()),
        ("not event.sku == data.sku", ()), ("event.sku == 's1'", ()), ("data.sku in event.sku", (SKU,)), (None, ()),
    ],
)  # fmt: skip
def test_an_event_is_compared_with_what_the_data_holds(where: str | None, expected: tuple[tuple[str, ...], ...]) -> None:
    """Either way round, one of a list, in parts of a condition; what is compared otherwise says nothing."""
    journey = Journey("alert", key="id", entry="Came", steps=[Step("in", stage="retention", wait="1 day")])

    assert objects_of(journey, On("Back", where=where), "sku") == expected


@pytest.mark.parametrize(
    ("keyed", "key", "expected"),
    [
        ("sku", None, True), ("event.sku", None, True), ("event['sku']", None, True), ("id", None, False), ("event.id", None, False),
        ("id", "sku", True), ("id", "event.sku", True), ("sku", "id", False), ("sku", "any", False), (None, None, False),
        ("event.sku or event.id", None, False), ("lower(event.sku)", None, True),
    ],
)  # fmt: skip
def test_a_journey_that_is_keyed_by_it_waits_for_its_own(keyed: str | None, key: str | None, expected: bool) -> None:
    """By the name of the property, or an expression that reads it alone; a rule may name another key."""
    journey = Journey("alert", key=keyed, entry="Came", steps=[Step("in", stage="retention", wait="1 day")])

    assert objects_of(journey, On("Back", key=key), "sku") == ((KEY,) if expected else ())


def waits(commit: Commit) -> list[tuple[str, str, tuple[tuple[str, str], ...] | None]]:
    """What a decision writes of who waits for which object: journey, key, and the events and objects; None where nothing has changed."""
    return [(e.journey, e.key, None if e.waits is None else tuple(one[:2] for one in e.waits)) for e in commit.enrollments]


def test_a_decision_writes_who_waits_for_which_object_where_that_changes() -> None:
    """Each that changed by itself: those that the data names as usable texts or numbers, in a list or below a name; nothing behind the step."""
    told = Catalog(events={"Back": {"sku": "object"}, "Sold": {"sku": "object"}})
    rule = [
        Transition("over", on=On("Back", where="event.sku == data.sku or event.sku in data.more.skus")),
        Transition("over", on=On("Sold", where="event.sku == data.sku")),
    ]
    steps = [
        Step(
            "in",
            stage="retention",
            wait="9 days",
            when=[*rule, Transition(on=On("Noted"), set={"data.n": "5"}), Transition("out", on=On("Left"))],
        ),
        Step("out", wait="9 days"),
        Step("over", end="done"),
    ]
    tip = Journey("tip", entry=Entry("Asked", set={"data.sku": "event.sku", "data.more": "event.more"}), reentry="always", steps=steps)
    keyed = Journey(
        "keyed",
        key="sku",
        entry="Asked",
        steps=[Step("in", stage="retention", wait="9 days", when={"Back": "over"}), Step("over", end="done")],
    )
    shop = Shop(Journey("plain", entry="Asked", steps=[Step("in", stage="retention", wait="1 day")]), tip, keyed, told)

    def decided(name: str, **properties: Any) -> Commit:
        (loaded,) = shop.storage.load_many([Want("ann", None)])
        logged = LoggedEvent(shop.fact(name, **properties), shop.clock.now())
        commit = advance(shop.engine.definitions.compiled, Customer(loaded), logged, shop.clock.now())
        shop.engine.handle(logged.event)
        return commit

    more = {"skus": ["s2", 7, "s1", None, True, ["s9"], ""]}
    assert waits(decided("Asked", sku="s1", more=more)) == [
        ("plain", "", None),
        ("tip", "", (("Back", "7"), ("Back", "s1"), ("Back", "s2"), ("Sold", "s1"))),
        ("keyed", "s1", (("Back", "s1"),)),
    ]
    assert waits(decided("Noted")) == [("tip", "", None)]
    assert waits(decided("Left")) == [("tip", "", ())]
    shop.engine.exit("tip", "ann", id="x", reason="by hand")
    assert waits(decided("Asked", sku=5, more="none"))[:1] == [("tip", "", (("Back", "5"), ("Sold", "5")))]
    assert waits(decided("Sold", sku=5)) == [("tip", "", ())]
