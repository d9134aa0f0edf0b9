"""
The core against the reference: random shops, told to both, must come to the same.

JOURNEYKIT_EXAMPLES says how many shops (200), JOURNEYKIT_SEED with which one to begin (0). A shop that fails is shortened and
printed with its seed; shops whose journeys do not compile are passed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agreement.generators import BEGIN, CATALOG, HOUR, Happening, shops
from agreement.worlds import CoreShop, ReferenceShop, differences
from journeykit.codec import dumps
from journeykit.model.customer import Catalog
from journeykit.model.journey import Journey
from journeykit.model.messages import Event, moment
from journeykit.testing import strategies

#: how often each of these must have happened in 200 shops, for the comparison to mean anything
FLOORS = {
    "entered": 250, "moved": 450, "stayed": 5, "automatic": 80, "completed": 60, "exited": 80, "exit rule": 8, "goal": 5, "fired": 350,
    "tied": 12, "duplicated": 40, "late": 5, "refused": 100, "restarted": 8, "held": 50, "held again": 4, "parked": 4, "split": 20,
    "scope limit": 12, "past": 12, "exit if past": 8, "skip if past": 6, "exit if missing": 15, "skip if missing": 15, "armed again": 3,
    "marked": 3, "at next action": 1, "endless": 3, "watched": 20, "granted": 10, "used up": 10, "followed": 8, "removed": 4,
    "treated": 60, "held out": 40, "with scope": 25, "reached": 2, "better": 2,
}  # fmt: skip


def told(journeys: Sequence[Journey], happenings: Sequence[Happening], catalog: Catalog) -> tuple[list[str], ReferenceShop]:
    """Tell a story to core and reference; return where they differ first, and the reference for what it noted."""
    core, reference = CoreShop(journeys, catalog), ReferenceShop(journeys, catalog)
    for happening in happenings:
        for world in (core, reference):
            if happening.event is None:
                world.wait(happening.at)
            else:
                world.event(happening.event, happening.at)
        found = differences(core, reference)
        if found:
            return found, reference
    return [], reference


def shortened(journeys: Sequence[Journey], happenings: Sequence[Happening], catalog: Catalog) -> list[Happening]:
    """The same story without what is not needed for a difference."""
    rest = list(happenings)
    for place in reversed(range(len(rest))):
        without = rest[:place] + rest[place + 1 :]
        if told(journeys, without, catalog)[0]:
            rest = without
    return rest


def shown(journeys: Sequence[Journey], happenings: Sequence[Happening], catalog: Catalog) -> str:
    """A failing shop for people to read."""
    rest = shortened(journeys, happenings, catalog)
    lines = [dumps(journey) for journey in journeys]
    for one in rest:
        event = one.event and f"{one.event.customer_id}: {one.event.name} {one.event.id} {one.event.properties} at {moment(one.event.at)}"
        lines.append(f"{moment(one.at)} {event or 'time passes'}")
    return "\n".join([*lines, *told(journeys, rest, catalog)[0]])


@pytest.fixture(scope="module")
def notes(examples: int) -> Counter[str]:
    """Every shop told to both, and how often what happened in them."""
    counted: Counter[str] = Counter()
    for seed, drawn in shops(examples):
        found, reference = told(drawn.journeys, drawn.happenings, CATALOG)
        if found:
            pytest.fail(f"seed {seed}\n{shown(drawn.journeys, drawn.happenings, CATALOG)}")
        for customer in reference.customers.values():
            counted += customer.state.notes
    return counted


def test_the_core_and_the_reference_come_to_the_same(notes: Counter[str]) -> None:
    """Same steps, data, timers, reasons, actions and moves, whatever the journeys say and whatever the customers do."""
    assert notes["entered"] > 0


@pytest.mark.parametrize("what", FLOORS)
def test_enough_has_happened(what: str, notes: Counter[str], examples: int) -> None:
    """The stories were worth comparing: every rule was met, and more than once or twice."""
    assert notes[what] >= FLOORS[what] * min(examples, 200) // 200


LANES = {"stands still": 25, "goes on": 15}


def test_lanes_come_to_the_same(examples: int) -> None:
    """The same shops with all their journeys in a lane, in any order, clocks standing still or running on."""
    counted: Counter[str] = Counter()
    for seed, drawn in shops(examples):
        names = Random(seed).sample([one.name for one in drawn.journeys], len(drawn.journeys))
        if len(names) > 1:
            lane = f"one at a time of {', '.join(names)} as lane{', clocks run on' if seed % 3 == 0 else ''}"
            catalog = attrs.evolve(CATALOG, policies=[*CATALOG.policies, lane])
            found, reference = told(drawn.journeys, drawn.happenings, catalog)
            if found:
                pytest.fail(f"seed {seed}\n{lane}\n{shown(drawn.journeys, drawn.happenings, catalog)}")
            for customer in reference.customers.values():
                counted += customer.state.notes
    missing = {name: (counted[name], floor) for name, floor in LANES.items() if counted[name] < floor * min(examples, 200) // 200}
    assert not missing


OF_EACH = ("pairs, 1 per customer.plan or 'none'", *["coupons, 1 per customer.id"] * 2, *["rooms, 1 per day per event.cart"] * 2)
COUNTED = {"granted": 6, "of one": 3, "of nothing": 1}


def test_numbers_of_each_come_to_the_same(examples: int) -> None:
    """Shops whose transitions take of a number that each plan, cart or text has by itself; some name nothing. Twice as many, for few take."""
    counted: Counter[str] = Counter()
    for seed, drawn in shops(2 * examples, takes=OF_EACH):
        found, reference = told(drawn.journeys, drawn.happenings, CATALOG)
        if found:
            pytest.fail(f"seed {seed}\n{shown(drawn.journeys, drawn.happenings, CATALOG)}")
        for customer in reference.customers.values():
            counted += customer.state.notes
    missing = {name: (counted[name], floor) for name, floor in COUNTED.items() if counted[name] < floor * min(examples, 200) // 200}
    assert not missing


def _happenings(story: Sequence[strategies.Told]) -> list[Happening]:
    at, found = BEGIN, []
    for one in story:
        at += one.gap * 1_000_000
        event = Event(
            one.name, id=one.id, customer_id=one.customer, occurred_at=moment(at - one.late * 1_000_000), properties=one.properties
        )
        found.append(Happening(at, event))
    return [*found, Happening(at + 48 * HOUR, None)]


def test_invented_journeys_come_to_the_same(examples: int) -> None:
    """The journeys and stories that the test kit invents, too, with enough in them of what they are to bring."""
    counted: Counter[str] = Counter()

    @settings(max_examples=examples)
    @given(st.data())
    def agree(data: Any) -> None:
        journey = data.draw(strategies.journeys())
        happenings = _happenings(data.draw(strategies.stories(journey)))
        found, reference = told([journey], happenings, strategies.SHOP)
        assert not found, shown([journey], happenings, strategies.SHOP)
        for customer in reference.customers.values():
            counted.update(customer.state.notes)

    agree()
    floors = {"entered": 10, "moved": 8, "fired": 40, "every": 10, "held": 4, "held out": 4}
    assert {what: counted[what] for what, floor in floors.items() if counted[what] < floor * min(examples, 200) // 200} == {}
