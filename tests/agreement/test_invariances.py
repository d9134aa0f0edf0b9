"""
What must come to the same (the invariances that the promises name): a replay, a batch, a late worker, another order of customers,
an event told again, another storage, and the `transitions` machine beside the tables.

Each runs over random shops; each counts what it has seen, so that none of them holds for want of anything to hold for.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from random import Random
from typing import Any

import attrs

from agreement.generators import BEGIN, CATALOG, HOUR, Happening, Shop, shops
from journeykit import Engine, MemoryStorage, PostgresStorage, SQLiteStorage
from journeykit.codec import definition_hash, journey_text
from journeykit.core.compiling.compiler import COMPLETED, EXITED, CompiledJourney, Machine, machine_of
from journeykit.core.compiling.index import compile_journeys
from journeykit.core.compiling.plans import Row
from journeykit.core.compiling.quotas import SHARED, Unread, recorded
from journeykit.core.deciding.customer import Customer, advance
from journeykit.core.definitions.extensions import Extensions
from journeykit.core.enrollments.decision import Deciding
from journeykit.core.facts.facts import FactTable
from journeykit.core.facts.segments import SegmentTable
from journeykit.errors import ConditionError, LoopError
from journeykit.model.messages import Event, moment
from journeykit.model.records import Enrollment, Facts, Loaded, LoggedEvent, Want
from journeykit.ports import Storage
from journeykit.runtime.clock import ManualClock
from postgres import clear

CUSTOMERS = ("ann", "bob")
END = 60 * HOUR  #: how long after the last happening everything is looked at


class Run:
    """One shop on an engine of its own."""

    def __init__(self, shop: Shop, storage: Storage | None = None, *, history: bool = False) -> None:
        self.storage: Storage = storage or MemoryStorage()
        self.storage.migrate()
        self.clock = ManualClock(BEGIN - 1)
        self.engine = Engine([CATALOG, *shop.journeys], self.storage, clock=self.clock, history=history)

    def go_to(self, at: int) -> None:
        """Let the clock show *at*."""
        self.clock.set(max(at, self.clock.now()))

    def tell(self, happenings: Iterable[Happening]) -> Run:
        """One call per event, and the worker where only time passes."""
        for one in happenings:
            self.go_to(one.at)
            if one.event is None:
                self.engine.run_due()
            else:
                self.engine.handle(one.event)
        return self

    def finish(self, shop: Shop) -> Run:
        """Let the last worker look long after everything."""
        self.go_to(shop.happenings[-1].at + END)
        self.engine.run_due()
        return self

    def next_timer(self) -> int | None:
        """When the next timer is due."""
        loaded = self.storage.load_many([Want(customer, None) for customer in CUSTOMERS])
        return min((due for one in loaded for e in one.enrollments if (due := e.next_due) is not None), default=None)

    def account(self, customer: str) -> str:
        """Enrollments, facts, commands and history of a customer, to the byte."""
        (loaded,) = self.storage.load_many([Want(customer, None)])
        messages = [row.message for row in self.storage.outbox(customer_id=customer, limit=100_000)]
        return written(loaded.enrollments, loaded.facts, messages, self.storage.history(customer))

    def accounts(self) -> list[str]:
        """Those of every customer."""
        return [self.account(customer) for customer in CUSTOMERS]

    def log(self, customer: str) -> list[LoggedEvent]:
        """Every event of a customer, as it was accepted and numbered."""
        return self.storage.events(customer)


def written(enrollments: Iterable[Enrollment], facts: Facts, messages: Sequence[Any], history: Sequence[Any]) -> str:
    """A customer's state and past as one text."""
    rows = [attrs.asdict(one, recurse=False) for one in sorted(enrollments, key=lambda one: (one.journey, one.key))]
    return json.dumps([rows, attrs.asdict(facts), messages, history], indent=1)


def seen(counted: Counter[str], run: Run) -> None:
    """Count what has happened in a run."""
    for customer in CUSTOMERS:
        counted.update(entry.kind for entry in run.storage.history(customer))
        counted["fired"] += sum("!" in entry.timers for entry in run.storage.history(customer))
    counted["asked"] += len(run.storage.outbox(limit=100_000))


def enough(counted: Counter[str], examples: int, **floors: int) -> None:
    """Demand that so much was seen, for 200 examples."""
    missing = {name: (counted[name], floor) for name, floor in floors.items() if counted[name] < floor * min(examples, 200) // 200}
    assert not missing, f"seen, and wanted: {missing}"


PLENTY = {"entered": 200, "moved": 300, "exited": 50, "refused": 60, "fired": 250, "asked": 300}


# ---- 1: a replay


def replayed(shop: Shop, customer: str, log: Sequence[LoggedEvent], end: int) -> str:
    """Decide a customer's recorded signals again, on nothing but the log."""
    compiled = compile_journeys([(definition_hash(one), journey_text(one), one) for one in shop.journeys], CATALOG)
    state = Customer(Loaded(customer, 0, 0, Facts(), [], []))
    messages: list[Any] = []
    history: list[Any] = []
    for logged in [*log, None]:
        if logged is not None and (logged.state != "decided" or logged.event.name in ("$parked", SHARED)):
            continue
        at = end if logged is None else logged.accepted_at
        commit = advance(compiled, state, None if logged is None else LoggedEvent(logged.event, at), at, shared=recorded(log))
        state.apply(commit)
        messages += commit.outbox
        history += commit.history
    return written(state.enrollments.values(), state.facts, messages, history)


def test_a_replay_of_the_recorded_signals_comes_to_the_same(examples: int) -> None:
    """1: Ann's log alone, decided again, gives her enrollments, commands and history to the byte."""
    counted: Counter[str] = Counter()
    for seed, shop in shops(examples):
        run = Run(shop).tell(shop.happenings).finish(shop)
        for customer in CUSTOMERS:
            assert replayed(shop, customer, run.log(customer), run.clock.now()) == run.account(customer), f"seed {seed}, {customer}"
            counted["started by another"] += sum(one.event.name == "$enter" and "from" in one.event.properties for one in run.log(customer))
        seen(counted, run)
    enough(counted, examples, **PLENTY, **{"started by another": 10})


# ---- 2: one call, or many


def test_one_call_for_all_events_of_an_instant_comes_to_the_same(examples: int) -> None:
    """2: what is accepted in one instant may be given in one call, or one call each."""
    counted: Counter[str] = Counter()
    for seed, shop in shops(examples):
        one_by_one = Run(shop).tell(shop.happenings).finish(shop)
        together = Run(shop)
        for at, group in groupby(shop.happenings, key=lambda one: one.at):
            together.go_to(at)
            happenings = list(group)
            for is_event, several in groupby(happenings, key=lambda one: one.event is not None):
                events = [one.event for one in several if one.event is not None]
                counted["together"] += len(events) > 1
                _ = together.engine.handle_many(events) if is_event else together.engine.run_due()
        together.finish(shop)
        assert together.accounts() == one_by_one.accounts(), f"seed {seed}"
        seen(counted, one_by_one)
    enough(counted, examples, **PLENTY, together=150)


# ---- 3: a worker that is always there, or never


def test_a_late_worker_comes_to_the_same(examples: int) -> None:
    """3: looked at whenever something is due, or once at the very end: the same decisions at the same moments."""
    counted: Counter[str] = Counter()
    for seed, shop in shops(examples, alone=True):
        late = Run(shop).tell(one for one in shop.happenings if one.event is not None).finish(shop)
        punctual = Run(shop)
        for one in [*shop.happenings, Happening(shop.happenings[-1].at + END, None)]:
            while (due := punctual.next_timer()) is not None and due < one.at:
                punctual.go_to(due + 1)
                counted["looked"] += punctual.engine.run_due()
            punctual.tell([one])
        assert punctual.accounts() == late.accounts(), f"seed {seed}"
        seen(counted, late)
    enough(counted, examples, **PLENTY, looked=250)


# ---- 4: customers in any order


def test_customers_in_any_order_come_to_the_same(examples: int) -> None:
    """4: recorded history brought in by time, by customer, or shuffled: each customer's story is their own."""
    counted: Counter[str] = Counter()
    for seed, shop in shops(examples, alone=True):
        events = [attrs.evolve(one.event, occurred_at=moment(one.at)) for one in shop.happenings if one.event is not None]
        orders = [events, sorted(events, key=lambda event: event.customer_id), shuffled(events, Random(seed))]
        runs = [Run(shop, history=True) for _ in orders]
        for run, order in zip(runs, orders, strict=True):
            for event in order:
                run.engine.handle(event)
            run.finish(shop)
        assert runs[1].accounts() == runs[0].accounts(), f"seed {seed}"
        assert runs[2].accounts() == runs[0].accounts(), f"seed {seed}"
        counted["two"] += all(run_has_entered(runs[0], customer) for customer in CUSTOMERS)
        seen(counted, runs[0])
    enough(counted, examples, **PLENTY, two=25)


def shuffled(events: Sequence[Event], random: Random) -> list[Event]:
    """The customers' events between each other in any order, each customer's own in theirs."""
    own = {customer: [event for event in events if event.customer_id == customer] for customer in CUSTOMERS}
    turns = [event.customer_id for event in events]
    random.shuffle(turns)
    return [own[customer].pop(0) for customer in turns]


def run_has_entered(run: Run, customer: str) -> bool:
    return any(entry.kind == "entered" for entry in run.storage.history(customer))


# ---- 5: told again


def test_an_event_told_again_changes_nothing(examples: int) -> None:
    """5: every event may come again, at once or much later, handled or only accepted, any number of times."""
    counted: Counter[str] = Counter()
    for seed, shop in shops(examples):
        random = Random(seed)
        once = Run(shop).tell(shop.happenings).finish(shop)
        again, told = Run(shop), list[Event]()
        for one in shop.happenings:
            again.tell([one])
            told += [one.event] if one.event else []
            for event in random.sample(told, min(len(told), random.randint(0, 3))):
                counted["duplicates"] += 1
                if event.name.startswith("$") or random.random() < 0.5:
                    assert again.engine.handle(event).status == "duplicate"
                else:
                    assert again.engine.accept(event) == [False]
        again.finish(shop)
        assert again.accounts() == once.accounts(), f"seed {seed}"
        seen(counted, once)
    enough(counted, examples, **PLENTY, duplicates=1_500)


# ---- 7: another storage


def test_another_storage_comes_to_the_same(examples: int) -> None:
    """7: the same story in memory and in SQLite: the same accounts, the same outbox, the same log, the same next moment."""
    counted: Counter[str] = Counter()
    for seed, shop in shops(examples):
        memory = Run(shop).tell(shop.happenings)
        sqlite = Run(shop, SQLiteStorage(sqlite3.connect(":memory:"))).tell(shop.happenings)
        assert sqlite.storage.next_due() == memory.storage.next_due(), f"seed {seed}"
        memory.finish(shop)
        sqlite.finish(shop)
        assert sqlite.accounts() == memory.accounts(), f"seed {seed}"
        assert sqlite.storage.outbox(limit=100_000) == memory.storage.outbox(limit=100_000), f"seed {seed}"
        assert [sqlite.log(one) for one in CUSTOMERS] == [memory.log(one) for one in CUSTOMERS], f"seed {seed}"
        seen(counted, memory)
    enough(counted, examples, **PLENTY)


def test_postgres_comes_to_the_same(examples: int, postgres: str) -> None:
    """7: the same on a server, for a quarter of the shops."""
    counted: Counter[str] = Counter()
    storage = PostgresStorage(postgres)
    for seed, shop in shops(examples // 4):
        memory = Run(shop).tell(shop.happenings)
        server = Run(shop, storage).tell(shop.happenings)
        assert storage.next_due() == memory.storage.next_due(), f"seed {seed}"
        memory.finish(shop)
        server.finish(shop)
        assert server.accounts() == memory.accounts(), f"seed {seed}"
        assert storage.outbox(limit=100_000) == memory.storage.outbox(limit=100_000), f"seed {seed}"
        assert [server.log(one) for one in CUSTOMERS] == [memory.log(one) for one in CUSTOMERS], f"seed {seed}"
        seen(counted, memory)
        clear(postgres)
    storage.close()
    enough(counted, examples // 4, **PLENTY)


# ---- 8: the machine beside the tables


KNOWN = SegmentTable(CATALOG, FactTable(CATALOG)).known


class Cursor:
    """What a machine moves."""

    def __init__(self, state: str) -> None:
        self.state = state


def test_the_machine_and_the_tables_accept_the_same_moves(examples: int) -> None:
    """8: in every step, for every signal: the machine goes where the tables lead, or both stay."""
    counted: Counter[str] = Counter()
    for seed, shop in shops(examples):
        compiled = compile_journeys([(definition_hash(one), journey_text(one), one) for one in shop.journeys], CATALOG)
        random = Random(seed)
        for journey in compiled.journeys.values():
            machine = machine_of(journey.journey, CATALOG, KNOWN, Extensions())
            for step in journey.rules.rows:
                for signal in journey.rules.rows[step]:
                    for happening in random.sample(shop.happenings, min(3, len(shop.happenings))):
                        turn = turn_in(compiled, journey, step, signal, happening, random)
                        compare(machine, journey, turn, step, signal, counted, f"seed {seed}, {journey.name}, {step}, {signal}")
    enough(counted, examples, moved=400, stayed=400, ended=30, split=10)


def turn_in(compiled: Any, journey: CompiledJourney, step: str, signal: Any, happening: Happening, random: Random) -> Deciding:
    """A customer who stands in *step* while *signal* comes."""
    at = happening.at
    scopes = dict.fromkeys(scopes_around(journey, step), (at - HOUR, 1))
    key = "c1" if journey.key else ""
    data = random.choice(({}, {"n": 2, "total": 40}, {"n": 1, "start": "2026-03-28T06:00:00Z"}))
    enrollment = Enrollment(journey.name, key, 1, journey.hash, 1, "active", step, 1, at - HOUR, at - HOUR, dict(data), scopes=scopes)
    facts = Facts(traits=random.choice(({}, {"plan": "gold", "score": 4}, {"tags": "xy"})), consent=random.choice(({}, {"email": True})))
    properties = happening.event.properties if happening.event else {"cart": "c1", "total": 40}
    event = Event(signal, id="e", customer_id="ann", occurred_at=moment(at), properties=properties) if is_event(signal) else None
    turn = Deciding(compiled, Customer(Loaded("ann", 0, 0, facts, [enrollment], [])), at, event)
    turn.enrollment, turn.data = enrollment, enrollment.data
    return turn


def scopes_around(journey: CompiledJourney, step: str) -> list[str]:
    """The names of the scopes that hold *step*, from the outside in."""

    def within(items: Iterable[Any], names: list[str]) -> list[str] | None:
        for item in items:
            found = names if item.name == step else within(getattr(item, "steps", ()), [*names, item.name])
            if found is not None:
                return found
        return None

    return within(journey.journey.steps, []) or []


def is_event(signal: Any) -> bool:
    return isinstance(signal, str) and not signal.startswith("~")


def compare(machine: Machine, journey: CompiledJourney, turn: Deciding, step: str, signal: Any, counted: Counter[str], where: str) -> None:
    """Offer the signal to the machine, and to the tables; rules that are no moves of a machine's are left out of both."""
    try:
        row = first(journey, turn, step, signal)
        expected = ends_of(row, step)
        turn.commit.quotas = ()
        cursor = Cursor(step)
        taken = machine.events[trigger(signal)].trigger(cursor, context=turn) if trigger(signal) in machine.events else False
    except ConditionError:
        counted["failed"] += 1
        return
    assert bool(taken) == (row is not None), where
    assert cursor.state in expected, where
    counted["split"] += row is not None and row.split is not None
    counted["moved" if cursor.state not in (step, COMPLETED, EXITED) else "stayed" if cursor.state == step else "ended"] += 1
    turn.commit.quotas = ()
    if row is not None and row.kind == "move" and not others_come_first(journey, turn, step, signal):
        decided(journey, turn, step, signal, expected, where)


def first(journey: CompiledJourney, turn: Deciding, step: str, signal: Any) -> Row | None:
    """The first row of the table that the signal is a move of, and whose condition holds."""
    rows = [row for row in journey.rules.rows[step][signal] if row.signal == signal and row.kind != "goal" and not row.defer]
    return next((row for row in rows if row.admits(turn) and (row.condition is None or row.condition(turn))), None)


def ends_of(row: Row | None, step: str) -> set[str]:
    """Where a row may lead."""
    plans = [] if row is None else [arm[2] for arm in row.split.arms] if row.split else [row.plan]
    ended = {"completed": COMPLETED, "exited": EXITED}
    return {plan.target or ended[(plan.outcome or ("completed",))[0]] for plan in plans if plan} or {step}


def others_come_first(journey: CompiledJourney, turn: Deciding, step: str, signal: Any) -> bool:
    """Whether a rule that is no move under this signal may come first: an exit without a signal or before an action, or the goal."""
    rules = journey.rules
    alone = [*(row.condition for row in rules.quiet[step]), *(condition for condition, _ in rules.deferred)]
    return any(row.kind == "goal" or row.defer for row in rules.rows[step][signal]) or any(test is None or test(turn) for test in alone)


def decided(journey: CompiledJourney, turn: Deciding, step: str, signal: Any, expected: set[str], where: str) -> None:
    """The decision goes there, too."""
    assert turn.enrollment is not None
    turn.take_up(journey, turn.enrollment)
    try:
        assert turn.offer(signal), where
    except (ConditionError, LoopError, Unread):
        return
    first_entry = next((entry for entry in turn.commit.history if entry.kind in ("moved", "stayed", "completed", "exited")), None)
    assert first_entry is not None, where
    told: Callable[[], str] = lambda: {"completed": COMPLETED, "exited": EXITED}.get(first_entry.kind) or first_entry.target or step  # noqa: E731
    assert told() in expected, where


def trigger(signal: Any) -> str:
    return f"(timer {signal})" if isinstance(signal, int) else str(signal)
