"""
What is decided plainly beside the long way: the same commit, to the last field.

A decision that is traced always takes the long way; so each signal of random shops is decided once with a trace, and once without.
Most of what these journeys say is plain; the rest stands beside it, so that the border between both is crossed often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import count, islice
from random import Random
from typing import Any

import attrs

from agreement.worlds import CoreShop
from journeykit import Catalog, Do, Entry, Exit, Journey, On, Step, Transition
from journeykit.core.checks.problems import problems
from journeykit.core.compiling.quotas import Known, Shared
from journeykit.core.deciding.customer import Customer, advance
from journeykit.core.enrollments.plain import decide_plainly, fire_plainly
from journeykit.model.messages import Event, moment
from journeykit.model.records import Commit, LoggedEvent

BEGIN = 1_774_000_000_000_000
EVENTS = ("Added", "Viewed", "Asked", "Paid")
PLAIN = (
    None, None, None, None, "event.total > 20", "event.total <= 60", "event.total == 30", "event.label in ['a', 'b']", "data.n >= 2", "customer.orders < 2",
    "customer.plan == 'gold'", "now >= step.entered_at + hours(1)", "journey.key == 'c1'", "len(event.label) > 0",
)  # fmt: skip
WAITS = ("1 hour", "2 hours", "30 minutes", "until 09:00", "until 09:00, following")
CATALOGS = {
    "nothing declared": Catalog(),
    "facts": Catalog(facts={"orders": "count of Paid"}),
    "segments": Catalog(facts={"orders": "count of Paid"}, segments={"keen": "customer.orders >= 2"}),
    "holdouts": Catalog(policies=["hold out 40% as control"]),
}

#: how often each of these must have been decided plainly in 200 shops, for the comparison to mean anything
FLOORS = {
    "an event": 4_000, "moved": 500, "fired": 180, "asked": 180, "armed": 300, "cancelled": 100, "set": 200, "among several": 50,
    "left to others": 8_000, "nothing declared": 250, "facts": 60, "segments": 60, "holdouts": 100,
}  # fmt: skip


class Invention:
    """Journeys that are nearly plain, and what their customers do."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.names = [f"s{n}" for n in range(self.random.randint(2, 4))]

    def some(self, share: float) -> bool:
        """Whether something is so that is so in *share* of all cases."""
        return self.random.random() < share

    def journey(self, name: str) -> Journey:
        """A journey with a step for each name, and mostly moves between them."""
        exits = Exit(On("Asked", where="event.total == 90")) if self.some(0.2) else ()
        entry = Entry(On("Added" if self.some(0.2) else "Began"), set={"data.n": "event.total or 0"})
        return Journey(
            name, key="cart" if self.some(0.5) else None, entry=entry, exits=exits, steps=[*(self.step(one) for one in self.names), Step("over")],
            stage="purchase", lifecycle=self.some(0.1), reentry="always",
        )  # fmt: skip

    def step(self, name: str) -> Step:
        """A step with moves, and perhaps something to do and something to wait for."""
        wait = self.random.choice(WAITS[: self.random.choice((3, 3, 3, 3, 5))]) if self.some(0.7) else None
        setting = {"customer.plan": "'gold'"} if self.some(0.1) else {"data.n": "(data.n or 0) + 1"} if self.some(0.3) else {}
        moves = [self.move(event) for event in self.random.sample(EVENTS, self.random.randint(1, 3))]
        leaving, then = self.actions() if self.some(0.2) else (), self.random.choice(self.names) if wait else None
        return Step(name, wait=wait, when=moves, set=setting, do=self.actions(), leaving=leaving, then=then)

    def move(self, event: str) -> Transition:
        """A transition to some step, under a condition or none."""
        on = On(event, where=self.random.choice(PLAIN), late="drop" if self.some(0.05) else "accept")
        setting = {"data.total": "event.total"} if self.some(0.3) else {}
        return Transition(self.random.choice((*self.names, *self.names, *self.names, "over")), on=on, set=setting, do=self.actions())

    def actions(self) -> list[Do]:
        """Perhaps an action, with what it is told."""
        told: dict[str, Any] = self.random.choice(
            ({}, {"template": "hello"}, {"total": "{{data.total}}"}, {"who": "{{customer.plan or 'you'}}"})
        )
        return [Do("email", **told, expires=self.random.choice((None, "1 hour", "with step")))] if self.some(0.3) else []

    def happenings(self) -> list[tuple[int, Event | None]]:
        """Events of two customers, and time that passes; now and then a text where a number belongs."""
        at, told = BEGIN, []
        for number in range(100):
            at += self.random.choice((0, 1, 600, 1_800, 3_600, 7_200)) * 1_000_000
            properties = {
                "cart": self.random.choice(("c1", "c1", "c2")),
                "total": self.random.choice((0, 30, 30, 50, 50, 90, 90, "many")),
                "label": "b",
            }
            event = Event(
                self.random.choice((*EVENTS, *EVENTS, "Began", "Began", "Other")), id=f"e{number}", customer_id=self.random.choice(("ann", "bob")),
                occurred_at=moment(at - self.random.choice((0, 0, 10**10))), properties=properties,
            )  # fmt: skip
            told.append((at, None if self.some(0.2) else event))
        return told


def shops() -> Iterator[tuple[Invention, list[Journey], str]]:
    """Shops whose journeys compile, and which of the catalogs each has."""
    for seed in count():
        drawn = Invention(seed)
        journeys = [drawn.journey(name) for name in drawn.random.choice((("first",), ("first", "second")))]
        declared = drawn.random.choice(list(CATALOGS))
        if not any(problems(journeys, CATALOGS[declared])):
            yield drawn, journeys, declared


class BothWays(CoreShop):
    """A shop that looks, where something is decided plainly, whether the long way leads elsewhere."""

    counted: Counter[str]

    def _decided(self, customer: Customer, event: LoggedEvent | None, at: int, known: Known) -> Commit:
        commit = super()._decided(customer, event, at, known)
        plain = self.plainly(customer, event, at)
        if plain is None:
            self.counted["left to others"] += 1
            return commit
        whole = advance(self.compiled, customer, event, at, trace=[], shared=Shared(known))
        assert attrs.asdict(plain, recurse=False) == attrs.asdict(whole, recurse=False) == attrs.asdict(commit, recurse=False)
        self.note(customer, plain)
        return commit

    def plainly(self, customer: Customer, event: LoggedEvent | None, at: int) -> Commit | None:
        """The signal decided plainly, where `advance` would try that."""
        if event is None:
            return fire_plainly(self.compiled, customer, at)
        due = customer.next_due is not None and customer.next_due < at
        return None if due else decide_plainly(self.compiled, customer, event, at)

    def note(self, customer: Customer, plain: Commit) -> None:
        """Count what was decided plainly."""
        self.counted["an event"] += len(plain.events)
        self.counted["moved"] += len(plain.history)
        self.counted["fired"] += plain.fired
        self.counted["asked"] += len(plain.outbox)
        self.counted["armed"] += sum("+" in one.timers for one in plain.history)
        self.counted["cancelled"] += sum("-" in one.timers for one in plain.history)
        self.counted["set"] += sum(e.data != customer.enrollments[e.journey, e.key].data for e in plain.enrollments)
        self.counted["among several"] += len(customer.enrollments) > len(plain.enrollments) > 0


def test_what_is_decided_plainly_is_decided_the_same_the_long_way(examples: int) -> None:
    """Every field of every commit, whatever the catalog declares besides."""
    counted: Counter[str] = Counter()
    number = max(50, examples)
    for drawn, journeys, declared in islice(shops(), number):
        both = BothWays(journeys, CATALOGS[declared])
        both.counted = Counter()
        for at, event in drawn.happenings():
            _ = both.wait(at) if event is None else both.event(event, at)
        counted += both.counted
        counted[declared] += both.counted["moved"]
    missing = {name: (counted[name], floor) for name, floor in FLOORS.items() if counted[name] < floor * min(number, 200) // 200}
    assert not missing
