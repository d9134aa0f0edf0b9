"""
Two customers of a random shop become one at a random moment (P20), and are erased at the end (P21).

Whatever they were in: a replay of the survivor's log alone comes to the same, another storage too; no request loses its key or is
performed twice; facts are those of the events of both; what is told again is known. Each run counts what it has seen.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from attrs import evolve

from agreement.generators import CATALOG, HOUR, Happening, Shop, shops
from agreement.test_invariances import Run, enough, replayed, written
from journeykit import ActionRequest, Engine, PostgresStorage, SQLiteStorage
from journeykit.core.deciding.backfill import events_of
from journeykit.core.expressions.context import Context
from journeykit.core.facts.facts import fold, identify
from journeykit.errors import ConditionError
from journeykit.model.records import Facts, Want
from journeykit.ports import Storage
from journeykit.runtime.why import EVER
from postgres import clear

FACTS = frozenset(CATALOG.facts)


class Merged(Run):
    """A shop in which ben's rows become ann's half way."""

    def __init__(self, shop: Shop, seed: int, storage: Storage | None = None) -> None:
        super().__init__(shop, storage)
        self.sent: list[str] = []
        names = {"email", "sms", *self.engine.definitions.actions()}
        self.engine = Engine([CATALOG, *shop.journeys], self.storage, dict.fromkeys(names, self.perform), clock=self.clock)
        random = Random(seed)
        self.happenings = [each for one in shop.happenings for each in shared(one, random)]
        place = random.randint(len(self.happenings) // 2, len(self.happenings))
        self.tell(self.happenings[:place])
        if random.random() < 0.7:
            self.engine.dispatch(random.randint(1, 5))
        self.go_to(self.clock.now() + random.choice((0, 0, HOUR // 2, 7 * HOUR)))
        self.keys = self.all_keys()
        self.inside = self.both()
        self.engine.merge("ann", "bob", id="one person")
        self.tell(self.happenings[place:])
        self.finish(shop)
        self.engine.dispatch(100)
        self.engine.run_due()

    def perform(self, request: ActionRequest) -> None:
        """Take down what reaches the world."""
        self.sent.append(request.idempotency_key)

    def all_keys(self) -> set[str]:
        """The keys of every request so far."""
        return {row.message.idempotency_key for row in self.storage.outbox(limit=100_000)}

    def both(self) -> int:
        """In how many journeys both are under one key."""
        one, other = self.storage.load_many([Want("ann", None), Want("bob", None)])
        mine = {(e.journey, e.key) for e in one.enrollments if e.status == "active"}
        return len(mine & {(e.journey, e.key) for e in other.enrollments if e.status == "active"})

    def own(self) -> str:
        """Ann's account, without what was bob's before."""
        (loaded,) = self.storage.load_many([Want("ann", None)])
        messages = [row.message for row in self.storage.outbox(customer_id="ann", limit=100_000) if row.message.seq > 0]
        return written(loaded.enrollments, loaded.facts, messages, [entry for entry in self.storage.history("ann") if entry.seq > 0])

    def end(self) -> int:
        """When the last signal was decided."""
        (loaded,) = self.storage.load_many([Want("ann", None)])
        return loaded.accepted_at


def shared(happening: Happening, random: Random) -> list[Happening]:
    """What happens to ann happens to bob, too, or to him alone, so that both are often in the same journeys."""
    if happening.event is None:
        return [happening]
    bobs = evolve(happening, event=evolve(happening.event, customer_id="bob"))
    return random.choice(([happening], [happening, bobs], [bobs]))


def test_a_replay_of_the_survivor_needs_nobody_else(examples: int) -> None:
    """Ann's log alone, decided again, gives her enrollments, data, requests and history to the byte, bob's part in it included."""
    counted: Counter[str] = Counter()
    for seed, shop in shops(examples):
        run = Merged(shop, seed)
        assert replayed(shop, "ann", run.log("ann"), run.end()) == run.own(), f"seed {seed}"
        count(counted, run)
    enough(counted, examples, merged=10, both=10, kept=100, dropped=3, entered=200)


def test_another_storage_comes_to_the_same(examples: int) -> None:
    """In memory and in SQLite: the same account, the same outbox, the same log, the same next moment."""
    counted: Counter[str] = Counter()
    for seed, shop in shops(examples):
        memory = Merged(shop, seed)
        assert_same(Merged(shop, seed, SQLiteStorage(sqlite3.connect(":memory:"))), memory, seed)
        count(counted, memory)
    enough(counted, examples, merged=10, kept=100)


def test_postgresql_comes_to_the_same(postgres: str, examples: int) -> None:
    """So it does; and nothing is left of who is erased there."""
    counted: Counter[str] = Counter()
    storage = PostgresStorage(postgres, connections=1)
    for seed, shop in shops(max(30, examples // 4)):
        memory, merged = Merged(shop, seed), Merged(shop, seed, storage)
        assert_same(merged, memory, seed)
        count(counted, memory)
        assert merged.engine.erase("bob") == memory.engine.erase("bob")
        assert left_over(storage) == left_over(memory.storage) <= {"cid"}, f"seed {seed}"
        assert clear(postgres)
    storage.close()
    enough(counted, max(30, examples // 4), merged=10, kept=100)


def assert_same(merged: Merged, memory: Merged, seed: int) -> None:
    """All that can be read of ann is the same in both."""
    assert merged.own() == memory.own(), f"seed {seed}"
    assert merged.storage.outbox(limit=100_000) == memory.storage.outbox(limit=100_000), f"seed {seed}"
    assert merged.storage.events("ann", EVER) == memory.storage.events("ann", EVER), f"seed {seed}"
    assert merged.storage.history("ann") == memory.storage.history("ann"), f"seed {seed}"
    assert merged.storage.next_due() == memory.storage.next_due(), f"seed {seed}"


def test_nothing_is_sent_twice_and_nothing_loses_its_key(examples: int) -> None:
    """Every request keeps the key it had before, each key reaches the world once, and what is told again changes nothing."""
    counted: Counter[str] = Counter()
    for seed, shop in shops(examples):
        run = Merged(shop, seed)
        assert run.keys <= run.all_keys(), f"seed {seed}"
        assert len(run.all_keys()) == len(run.storage.outbox(limit=100_000)), f"seed {seed}"
        assert len(run.sent) == len(set(run.sent)), f"seed {seed}"
        before = run.own()
        for happening in run.happenings:
            if happening.event is not None:
                assert run.engine.handle(happening.event).status == "duplicate", f"seed {seed}, {happening.event}"
                counted["again"] += 1
        assert run.engine.merge("ann", "bob", id="once more").status == "duplicate"
        assert run.own() == before, f"seed {seed}"
        count(counted, run)
    enough(counted, examples, again=1_000, sent=150, kept=100)


def test_facts_are_those_of_the_events_of_both(examples: int) -> None:
    """Folding the events of both in the order in which they were accepted comes to the same values as joining what each had."""
    counted: Counter[str] = Counter()
    for seed, shop in shops(examples):
        run = Merged(shop, seed)
        if any("more than" in (entry.reason or "") for entry in run.storage.history("ann")):
            continue  # an event that was set aside whole is in the log, and in no fact
        (loaded,) = run.storage.load_many([Want("ann", None)])
        expected = folded(run)
        assert read(run, loaded.facts.values) == read(run, expected), f"seed {seed}"
        counted.update(name for name, value in read(run, expected).items() if value is not None)
        run.engine.backfill()
        (filled,) = run.storage.load_many([Want("ann", None)])
        assert read(run, filled.facts.values) == read(run, expected), f"seed {seed}"
    enough(counted, examples, orders=100, spent=60, kinds=50, usual=50)


def folded(run: Run) -> Mapping[str, Any]:
    """The facts, folded from the events of both in the order of acceptance."""
    compiled = run.engine.definitions.compiled
    names = events_of(compiled, FACTS)
    facts, told = Facts(), {True: Facts(), False: Facts()}
    log = [one for one in run.storage.events("ann", EVER, names) if one.state == "decided"]
    for one in sorted(log, key=lambda one: one.accepted_at):
        theirs = (one.seq or 0) < 0
        if one.event.name == "$identify":
            try:
                told[theirs] = identify(told[theirs], one.event.properties)[0]
            except ConditionError:
                continue
            continue
        known = told[theirs].copy()
        known.values = facts.values
        folds = compiled.facts.by_event.get(one.event.name, [])
        facts, _, _ = fold(folds, known, Context("ann", known, one.accepted_at, one.event), lambda path: False)
    return facts.values


def read(run: Run, values: Mapping[str, Any]) -> dict[str, Any]:
    """What rules read of *values*; of the latest of two in one moment either will do."""
    context = Context("ann", Facts(values=dict(values)), run.clock.now())
    found = {name: getter(context) for name, getter in run.engine.definitions.compiled.facts.readers.items()}
    found.pop("last_total")
    return found


def test_nothing_is_left_of_the_erased(examples: int, tmp_path: Path) -> None:
    """No row of any table holds an id, a name or a value of ann or bob; others keep theirs."""
    counted: Counter[str] = Counter()
    for seed, shop in shops(max(20, examples // 4)):
        connection = sqlite3.connect(":memory:")
        run = Merged(shop, seed, SQLiteStorage(connection))
        assert run.engine.erase("bob")
        rows = [row for (table,) in tables(connection) for row in connection.execute(f"select * from {table}")]
        text = repr([row for row in rows if "journey:" not in repr(row)])
        for needle in ("'ann'", "'bob'", '"ann"', '"bob"', "ann/", "bob/"):
            assert needle not in text, f"seed {seed}: {needle}"
        assert left_over(run.storage) <= {"cid"}
        counted["erased"] += 1
    assert counted["erased"]


def left_over(storage: Storage) -> set[str]:
    """Who is known still, or has something to do: a third one whom the two have started keeps what is theirs."""
    messages = {row.message.customer_id for row in storage.outbox(limit=100_000)}
    return {*storage.customers(), *messages, *storage.claim_due(1 << 61, 100)}


def tables(connection: sqlite3.Connection) -> Sequence[tuple[str]]:
    """The tables that hold rows of customers; definitions hold none."""
    return connection.execute("select name from sqlite_master where type = 'table' and name not like '%definitions'").fetchall()


def count(counted: Counter[str], run: Merged) -> None:
    """Count what has happened."""
    history = run.storage.history("ann")
    counted.update(entry.kind for entry in history)
    counted["both"] += run.inside
    counted["kept"] += sum(row.message.origin is not None for row in run.storage.outbox(limit=100_000))
    counted["dropped"] += sum("two customers" in (row.reason or "") for row in run.storage.outbox(limit=100_000))
    counted["sent"] += len(run.sent)
