"""A random shop lets go of an older past at a random moment (P21): nothing that follows is any different, and a replay begins at the snapshot."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from random import Random

import attrs

from agreement.generators import HOUR, Happening, Shop, shops
from agreement.test_invariances import CUSTOMERS, Run, enough, written
from journeykit import SQLiteStorage
from journeykit.core.deciding.customer import Customer
from journeykit.model.records import Want
from journeykit.runtime.why import replay


def kept(run: Run, customer: str) -> str:
    """Enrollments and facts of a customer."""
    (loaded,) = run.storage.load_many([Want(customer, None)])
    return written(loaded.enrollments, loaded.facts, [], [])


def lasting(run: Run, customer: str) -> str:
    """The same, but for the data of enrollments that have ended, which may have gone."""
    (loaded,) = run.storage.load_many([Want(customer, None)])
    return written([attrs.evolve(e, data={}) if e.ended_at is not None else e for e in loaded.enrollments], loaded.facts, [], [])


def lived(shop: Shop, seed: int, run: Run, counted: Counter[str] | None) -> Run:
    """Let go of what is older than a random moment, once half way and once at the end; not where nobody counts."""
    random = Random(seed)
    place = random.randint(1, len(shop.happenings))
    for part in (shop.happenings[:place], shop.happenings[place:]):
        run.tell(part)
        if counted is not None:
            before = min(run.clock.now(), shop.happenings[0].at + random.randint(1, 40) * HOUR)
            counted["let go"] += run.engine.retain(before=before, history=True)
    return run.finish(shop)


def test_nothing_that_follows_is_any_different(examples: int) -> None:
    """Enrollments and facts are those of a shop that keeps everything; what is told again is still known."""
    counted: Counter[str] = Counter()
    for seed, shop in shops(examples):
        whole = lived(shop, seed, Run(shop), None)
        less = lived(shop, seed, Run(shop, SQLiteStorage(sqlite3.connect(":memory:"))), counted)
        for customer in CUSTOMERS:
            assert lasting(less, customer) == lasting(whole, customer), f"seed {seed}, {customer}"
        again(less, shop.happenings)
        counted["emptied"] += sum(not one.event.properties for customer in CUSTOMERS for one in less.log(customer))
    enough(counted, examples, **{"let go": 100, "emptied": 200})


def again(run: Run, happenings: Sequence[Happening]) -> None:
    """Everything that was told is known."""
    for one in happenings:
        assert one.event is None or run.engine.handle(one.event).status == "duplicate"


def test_a_replay_begins_at_the_snapshot(examples: int) -> None:
    """What a customer has done since comes to what they are, to the byte."""
    counted: Counter[str] = Counter()
    for seed, shop in shops(examples):
        run = lived(shop, seed, Run(shop), counted)
        for customer in CUSTOMERS:
            snapshot = run.storage.snapshot(customer)
            if snapshot is None:
                continue
            (loaded,) = run.storage.load_many([Want(customer, None)])
            state = Customer(snapshot.loaded)
            for commit in replay(run.engine.definitions.compiled, loaded, run.log(customer), start=snapshot.loaded):
                state.apply(commit)
                counted["signals"] += 1
            assert written(state.enrollments.values(), state.facts, [], []) == kept(run, customer), f"seed {seed}, {customer}"
            counted["snapshots"] += 1
            counted["over"] += sum(e.ended_at is not None and e.ended_at < snapshot.before and not e.data for e in loaded.enrollments)
            counted["early"] += snapshot.loaded.revision < loaded.revision
    enough(counted, examples, snapshots=100, early=60, signals=150)
