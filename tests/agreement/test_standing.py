"""
Lanes and pauses under the invariances: a replay, a worker that is always there or never, an event told again, another storage.

Random shops whose journeys are one lane, and which are paused and resumed now and then; each property counts what it has seen.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

import attrs
import pytest

from agreement.generators import CATALOG, HOUR, Happening, Shop, shops
from agreement.test_invariances import CUSTOMERS, END, Run, enough, seen, written
from journeykit import Engine, SQLiteStorage
from journeykit.codec import definition_hash, journey_text
from journeykit.core.compiling.index import compile_journeys
from journeykit.core.compiling.quotas import KEPT, recorded
from journeykit.core.deciding.customer import Customer, advance
from journeykit.model.customer import Catalog
from journeykit.model.journey import Scope, Step
from journeykit.model.records import Enrollment, Facts, Loaded, LoggedEvent, Want
from journeykit.ports import Storage
from journeykit.runtime.pausing import Clocks


class Break(NamedTuple):
    """A pause: the number of the happening before which it begins, that before which it ends, and what it is about."""

    begin: int
    end: int
    journey: str
    step: str | None
    clocks: Clocks


def stages(shop: Shop, random: Random) -> list[Break]:
    """When whose time stands still."""
    found: list[Break] = []
    for _ in range(random.choice((0, 1, 2, 3))):
        journey = random.choice(shop.journeys)
        names = [item.name for item in _items(journey.steps)]
        begin = random.randrange(len(shop.happenings))
        step = random.choice((None, None, *names))
        if not any((one.journey, one.step) == (journey.name, step) for one in found):
            clocks: Clocks = "stand still" if random.random() < 0.6 else "run on"
            found.append(Break(begin, random.randint(begin, len(shop.happenings)), journey.name, step, clocks))
    return found


def _items(steps: Sequence[Step | Scope]) -> Iterator[Step | Scope]:
    for item in steps:
        yield item
        if isinstance(item, Scope):
            yield from _items(item.steps)


class Stage(Run):
    """A shop in which there may be a lane, and in which time stands still now and then."""

    def __init__(self, shop: Shop, seed: int, storage: Storage | None = None) -> None:
        super().__init__(shop, storage)
        random = Random(seed)
        names = [journey.name for journey in shop.journeys]
        random.shuffle(names)
        lane = f"one at a time of {', '.join(names)} as lane{random.choice(('', ', clocks run on'))}"
        policies = [*CATALOG.policies, *([lane] if len(names) > 1 else [])]
        self.catalog: Catalog = attrs.evolve(CATALOG, policies=policies)
        self.engine = Engine([self.catalog, *shop.journeys], self.storage, clock=self.clock)
        self.breaks = stages(shop, random)

    def play(self, shop: Shop, *, punctual: bool = False, again: Random | None = None) -> Stage:
        """Tell everything, the worker being there whenever something is due, or as the story says."""
        told = []
        for number, one in enumerate([*shop.happenings, Happening(shop.happenings[-1].at + END, None)]):
            if punctual:
                self.work_until(one.at)
            self.go_to(one.at)
            for each in self.breaks:
                if each.begin == number:
                    self.engine.pause(each.journey, step=each.step, clocks=each.clocks)
                if each.end == number:
                    self.engine.resume(each.journey, step=each.step)
            self.tell([one])
            told += [one.event] if one.event else []
            for event in again.sample(told, min(len(told), 2)) if again else ():
                assert self.engine.handle(event).status == "duplicate"
        self.go_to(self.clock.now() + 1_000_000)  # whoever was held comes after that instant
        self.engine.run_due()
        return self

    def work_until(self, at: int) -> None:
        """The worker looks whenever something is due."""
        while (due := self.storage.next_due()) is not None and due <= at:
            self.go_to(due)
            if not self.engine.run_due():
                return

    def loaded(self, customer: str) -> list[Enrollment]:
        """The enrollments of a customer."""
        return self.storage.load_many([Want(customer, None)])[0].enrollments

    def note(self, counted: Counter[str]) -> None:
        """Count what has happened."""
        seen(counted, self)
        for customer in CUSTOMERS:
            counted["by a lane"] += sum(one.kind == "held" and "lane" in one.cause for one in self.storage.history(customer))
            counted["by a pause"] += sum(one.kind == "held" and "pause" in one.cause for one in self.storage.history(customer))


PLENTY = {"entered": 200, "moved": 250, "fired": 150, "by a lane": 20, "by a pause": 15, "resumed": 25}


def drawn(examples: int, **options: bool) -> Iterator[tuple[int, Shop]]:
    """The shops of the invariances, but those whose circles end in an error."""
    yield from shops(examples, **options)


def test_a_replay_comes_to_the_same(examples: int) -> None:
    """The log alone, without any list of pauses."""
    counted: Counter[str] = Counter()
    for seed, shop in drawn(examples // 4):
        run = Stage(shop, seed).play(shop)
        compiled = compile_journeys([(definition_hash(one), journey_text(one), one) for one in shop.journeys], run.catalog)
        for customer in CUSTOMERS:
            log = run.log(customer)
            state = Customer(Loaded(customer, 0, 0, Facts(), [], []))
            messages, history = [], []
            for logged in [*log, None]:
                if logged is not None and (logged.state != "decided" or logged.event.name in ("$parked", *KEPT)):
                    continue
                at = run.clock.now() if logged is None else logged.accepted_at
                commit = advance(compiled, state, None if logged is None else LoggedEvent(logged.event, at), at, shared=recorded(log))
                state.apply(commit)
                messages += commit.outbox
                history += commit.history
            assert written(state.enrollments.values(), state.facts, messages, history) == run.account(customer), f"seed {seed}, {customer}"
        run.note(counted)
    enough(counted, examples // 4, **PLENTY)


def test_a_late_worker_comes_to_the_same(examples: int) -> None:
    """Looked at whenever something is due, or as it comes: held and resumed at the same moments."""
    counted: Counter[str] = Counter()
    for seed, shop in drawn(examples // 4, alone=True):
        late, punctual = Stage(shop, seed).play(shop), Stage(shop, seed).play(shop, punctual=True)
        assert punctual.accounts() == late.accounts(), f"seed {seed}"
        late.note(counted)
    enough(counted, examples // 4, **PLENTY)


def test_an_event_told_again_changes_nothing(examples: int) -> None:
    """Also while somebody stands still."""
    counted: Counter[str] = Counter()
    for seed, shop in drawn(examples // 4):
        once, twice = Stage(shop, seed).play(shop), Stage(shop, seed).play(shop, again=Random(seed))
        assert twice.accounts() == once.accounts(), f"seed {seed}"
        once.note(counted)
    enough(counted, examples // 4, **PLENTY)


def test_another_storage_comes_to_the_same(examples: int) -> None:
    """In memory and in SQLite."""
    counted: Counter[str] = Counter()
    for seed, shop in drawn(examples // 4):
        memory, sqlite = Stage(shop, seed), Stage(shop, seed, SQLiteStorage(sqlite3.connect(":memory:")))
        memory.play(shop)
        sqlite.play(shop)
        assert sqlite.accounts() == memory.accounts(), f"seed {seed}"
        assert sqlite.storage.outbox(limit=100_000) == memory.storage.outbox(limit=100_000), f"seed {seed}"
        assert sqlite.storage.next_due() == memory.storage.next_due(), f"seed {seed}"
        memory.note(counted)
    enough(counted, examples // 4, **PLENTY)


@pytest.mark.parametrize("clocks", ["stand still", "run on"])
def test_nobody_is_forgotten(clocks: Clocks, examples: int) -> None:
    """Once no pause lasts, nobody is held by one, and nothing that was due is left."""
    counted: Counter[str] = Counter()
    for seed, shop in drawn(examples // 4):
        run = Stage(shop, seed)
        run.breaks = [one._replace(clocks=clocks) for one in run.breaks]
        run.play(shop)
        for one in run.breaks:
            run.engine.resume(one.journey, step=one.step)
        run.go_to(run.clock.now() + 100 * 24 * HOUR)
        run.engine.run_due()
        for customer in CUSTOMERS:
            assert not [e for e in run.loaded(customer) if e.held is not None and e.held.pause is not None], f"seed {seed}"
        assert run.storage.claim_due(run.clock.now(), 9) == [], f"seed {seed}"
        run.note(counted)
    enough(counted, examples // 4, **PLENTY)
