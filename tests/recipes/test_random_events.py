"""
The journeys of all recipes under random events: core and reference agree, and a replay, a batch, a late worker, another order of
customers, a repetition and another storage come to the same.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest

from agreement.generators import BEGIN, HOUR, Happening
from agreement.worlds import CoreShop, ReferenceShop, differences
from journeykit import Catalog, Engine, Journey, MemoryStorage, SQLiteStorage, Start, check, load
from journeykit.core.compiling.quotas import SHARED, recorded
from journeykit.core.deciding.customer import Customer, advance
from journeykit.core.definitions.survey import Survey
from journeykit.model.messages import Event, moment
from journeykit.model.records import Facts, Loaded, LoggedEvent, Want
from journeykit.ports import Storage
from journeykit.runtime.clock import ManualClock
from journeykit.testing.vocabulary import Vocabulary
from recipes.living import CUSTOMERS, happenings

FOLDER = Path(__file__).parents[2] / "examples" / "recipes"
STORIES = int(os.environ.get("JOURNEYKIT_EXAMPLES", "200")) // 100 or 1  #: for each file
SEED = int(os.environ.get("JOURNEYKIT_SEED", "0"))  #: of the first story
LENGTH = 30  #: happenings of a story
END = 400 * 24 * HOUR
LOOK = 71 * HOUR  #: how often a worker looks that is always there


def definitions(file: Path) -> list[Journey | Catalog]:
    """The journeys of a file with the shared catalog; nothing where they do not compile."""
    values = [*load(FOLDER / "catalog.yaml"), *load(file)]
    return values if not check(values) else []


FILES = {file.stem: definitions(file) for file in sorted(FOLDER.glob("*.yaml")) if file.stem != "catalog"}
RUNNING = [name for name, values in FILES.items() if values]


def test_every_recipe_is_told() -> None:
    """None is left out of the tests below."""
    assert list(FILES) == RUNNING
    assert len(RUNNING) >= 74


def stories(name: str) -> list[tuple[int, list[Happening]]]:
    """Some stories for the journeys of a file, each with its seed."""
    words = Vocabulary(FILES[name])
    return [(seed, happenings(words, Random(f"{name} {seed}"), LENGTH)) for seed in range(SEED, SEED + STORIES)]


class Run:
    """One story on an engine of its own."""

    def __init__(self, values: Iterable[Journey | Catalog], storage: Storage | None = None, *, history: bool = False) -> None:
        self.storage: Storage = storage or MemoryStorage()
        self.storage.migrate()
        self.clock = ManualClock(BEGIN - 1)
        self.engine = Engine(values, self.storage, clock=self.clock, history=history)

    def tell(self, happenings: Iterable[Happening]) -> Run:
        """One call for each event, the worker where only time passes."""
        for one in happenings:
            self.clock.set(max(one.at, self.clock.now()))
            if one.event is None:
                self.engine.run_due()
            else:
                self.engine.handle(one.event)
        return self

    def finish(self, story: Sequence[Happening]) -> Run:
        """Look once more, long after everything."""
        return self.tell([Happening(story[-1].at + END, None)])

    def accounts(self) -> list[str]:
        """Enrollments, facts, commands and history of every customer, to the byte."""
        return [self.account(customer) for customer in CUSTOMERS]

    def account(self, customer: str) -> str:
        """Those of one customer."""
        keys = tuple((journey, None) for journey in self.engine.definitions.compiled.journeys)
        (loaded,) = self.storage.load_many([Want(customer, None, keys)])
        messages = [row.message for row in self.storage.outbox(customer_id=customer, limit=100_000)]
        return _written(loaded.enrollments, loaded.facts, messages, self.storage.history(customer))


def _written(enrollments: Iterable[Any], facts: Facts, messages: Sequence[Any], history: Sequence[Any]) -> str:
    rows = [
        attrs.asdict(one, recurse=False, filter=lambda field, _: field.eq is not False)
        for one in sorted(enrollments, key=lambda one: (one.journey, one.key))
    ]
    return json.dumps([rows, attrs.asdict(facts, recurse=False), messages, history], indent=1, default=str)


def test_core_and_reference_agree() -> None:
    """The same steps, data, timers, actions and refusals, happening by happening; and enough of each."""
    seen: Counter[str] = Counter()
    for name in RUNNING:
        seen += _agreed(name)
    wanted = {"entered": 1_000, "moved": 1_500, "completed": 700, "exited": 200, "refused": 300, "goal": 1}
    assert {kind: seen[kind] for kind, floor in wanted.items() if seen[kind] < floor * STORIES // 4} == {}
    assert seen["parked"] < seen["entered"] // 5  # what cannot be evaluated is no story


def _agreed(name: str) -> Counter[str]:
    """Tell the stories of a file to both; return what has happened."""
    seen: Counter[str] = Counter()
    journeys = [value for value in FILES[name] if isinstance(value, Journey)]
    catalog = Vocabulary(FILES[name]).catalog
    for seed, story in stories(name):
        core, reference = CoreShop(journeys, catalog), ReferenceShop(journeys, catalog)
        for one in story:
            for world in (core, reference):
                _ = world.wait(one.at) if one.event is None else world.event(one.event, one.at)
            assert differences(core, reference) == [], f"{name}, seed {seed}, {moment(one.at)}: {one.event}"
        seen.update(entry.kind for customer in CUSTOMERS for commit in core.commits.get(customer, ()) for entry in commit.history)
    return seen


@pytest.mark.parametrize("name", RUNNING)
def test_a_replay_a_batch_and_a_repetition_come_to_the_same(name: str) -> None:
    """Decided again from the log; given in one call for all events of an instant; told twice."""
    for seed, story in stories(name):
        run = Run(FILES[name]).tell(story).finish(story)
        for customer in CUSTOMERS:
            assert _replayed(run, customer) == run.account(customer), f"{name}, seed {seed}, {customer}"
        together, twice = Run(FILES[name]), Run(FILES[name])
        for at, group in groupby(story, key=lambda one: one.at):
            together.clock.set(at)
            for is_event, several in groupby(group, key=lambda one: one.event is not None):
                events = [one.event for one in several if one.event is not None]
                _ = together.engine.handle_many(events) if is_event else together.engine.run_due()
        for one in story:
            twice.tell([one, one])
        assert together.finish(story).accounts() == run.accounts(), f"{name}, seed {seed}"
        assert twice.finish(story).accounts() == run.accounts(), f"{name}, seed {seed}"


@pytest.mark.parametrize("name", RUNNING)
def test_another_storage_comes_to_the_same(name: str) -> None:
    """In memory and in SQLite: the same accounts, outbox and logs, and the same next moment."""
    for seed, story in stories(name)[:1]:
        memory, sqlite = Run(FILES[name]), Run(FILES[name], SQLiteStorage(sqlite3.connect(":memory:")))
        for run in (memory, sqlite):
            run.tell(story)
        assert sqlite.storage.next_due() == memory.storage.next_due(), f"{name}, seed {seed}"
        for run in (memory, sqlite):
            run.finish(story)
        assert sqlite.accounts() == memory.accounts(), f"{name}, seed {seed}"
        assert sqlite.storage.outbox(limit=100_000) == memory.storage.outbox(limit=100_000), f"{name}, seed {seed}"
        logs = [[run.storage.events(customer) for customer in CUSTOMERS] for run in (memory, sqlite)]
        assert logs[0] == logs[1], f"{name}, seed {seed}"
        sqlite.storage.close()


def _replayed(run: Run, customer: str) -> str:
    state = Customer(Loaded(customer, 0, 0, Facts(), [], []))
    messages: list[Any] = []
    history: list[Any] = []
    log = run.storage.events(customer)
    for logged in [*log, None]:
        if logged is not None and (logged.state != "decided" or logged.event.name in ("$parked", SHARED)):
            continue
        at = run.clock.now() if logged is None else logged.accepted_at
        commit = advance(
            run.engine.definitions.compiled, state, None if logged is None else LoggedEvent(logged.event, at), at, shared=recorded(log)
        )
        state.apply(commit)
        messages += commit.outbox
        history += commit.history
    return _written(state.enrollments.values(), state.facts, messages, history)


@pytest.mark.parametrize("name", RUNNING)
def test_a_late_worker_and_another_order_of_customers_come_to_the_same(name: str) -> None:
    """
    Looked at every day and a bit, or only at the end; one customer after the other, or between each other.

    Where one customer acts on another, the order between them is part of the story: there the worker is late only behind the last event.
    """
    between = _between_customers(FILES[name])
    for seed, story in stories(name):
        if between:
            told = [one for one in story if one.event is not None]
            late, often = Run(FILES[name]).tell(told).finish(story), Run(FILES[name]).tell(told)
            often.tell(Happening(at, None) for at in range(often.clock.now(), story[-1].at + END, LOOK)).finish(story)
            assert often.accounts() == late.accounts(), f"{name}, seed {seed}"
            continue
        late = Run(FILES[name]).tell(one for one in story if one.event is not None).finish(story)
        punctual = Run(FILES[name])
        for one in [*story, Happening(story[-1].at + END, None)]:
            punctual.tell(Happening(at, None) for at in range(punctual.clock.now(), one.at, LOOK))
            punctual.tell([one])
        assert punctual.accounts() == late.accounts(), f"{name}, seed {seed}"
        events = [one.event for one in story if one.event is not None]
        orders: list[list[Event]] = [events, sorted(events, key=lambda event: event.customer_id)]
        first, second = (Run(FILES[name], history=True) for _ in orders)
        for run, order in zip((first, second), orders, strict=True):
            for event in order:
                run.engine.handle(event)
            run.finish(story)
        assert first.accounts() == second.accounts(), f"{name}, seed {seed}"


def _between_customers(values: Iterable[Journey | Catalog]) -> bool:
    survey = [act.do for value in values if isinstance(value, Journey) for act in Survey(value).acts]
    return any(isinstance(do, Start) and do.customer is not None for do in survey)
