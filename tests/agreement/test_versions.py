"""
Random shops whose journeys change while customers are inside: brought to the other version, back, or left where they are.

What was decided over several versions comes to the same when it is decided again, and in every storage; nobody is brought twice, and
a rehearsal says what the run then does.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest

from agreement.generators import CATALOG, SHORT, Shop, shops
from agreement.test_invariances import CUSTOMERS, Run, enough, written
from journeykit import DefinitionError, Engine, MemoryStorage, SQLiteStorage
from journeykit.codec import definition_hash
from journeykit.core.checks.problems import problems
from journeykit.model.journey import Journey, Scope, Step
from journeykit.model.records import Want
from journeykit.runtime.past import Past
from journeykit.runtime.why import replay


def changed(item: Any, random: Random) -> Any:
    """The same step, scope or journey, in which some waits are others."""
    more: dict[str, Any] = {}
    if not isinstance(item, Step):
        more["steps"] = [changed(inner, random) for inner in item.steps]
    if not isinstance(item, Journey) and random.random() < 0.4:
        if item.wait is not None and item.wait.text in SHORT:
            more["wait"] = random.choice(SHORT)
        elif item.wait is None and isinstance(item, Scope):
            more["wait"] = "2 days"
    return attrs.evolve(item, **more)


class Tale:
    """One shop that releases another version of its journeys half way, told on one storage."""

    def __init__(self, shop: Shop, new: list[Journey], seed: int, storage: Any) -> None:
        self.random = Random(seed)
        self.run = Run(shop, storage)
        half = len(shop.happenings) // 2
        self.run.tell(shop.happenings[:half])
        self.run.engine = Engine([CATALOG, *new], storage, clock=self.run.clock)
        self.pairs = [(old, now) for old, now in zip(shop.journeys, new, strict=True) if old != now]
        self.counted: Counter[str] = Counter()
        rest = shop.happenings[half:]
        ways = [way for way in map(self.migration, self.pairs) if way]
        self.migrate(ways)
        self.run.tell(rest[: len(rest) // 2])
        if self.random.random() < 0.4:
            self.undo(ways)
        self.run.tell(rest[len(rest) // 2 :])
        if self.random.random() < 0.6:
            self.migrate(ways)
        self.run.finish(shop)

    def migration(self, pair: tuple[Journey, Journey]) -> dict[str, Any]:
        """From the old version to the new one."""
        old, new = pair
        return {
            "journey": old.name,
            "changed": {definition_hash(old): definition_hash(new)},
            "wait": self.random.choice(("keep", "rearm", "drop")),
        }

    def migrate(self, ways: list[dict[str, Any]]) -> None:
        """Rehearse, and do it; what is refused is done with timers dropped."""
        for way in ways:
            versions = self.run.engine.versions
            if refused := versions.rehearse(way).refusals:
                self.counted["refused"] += 1
                assert all("may run, and none in" in refusal for refusal in refused)
                with pytest.raises(DefinitionError):
                    versions.migrate(way)
                way["wait"] = "drop"
            would, done = versions.rehearse(way), versions.migrate(way)
            # what is due is decided first, so that some have ended, or have come in, before they are brought
            assert done.left == would.count("stays") == 0
            assert done.broken == 0
            assert versions.migrate(way).moved == 0
            self.counted["brought"] += done.moved

    def undo(self, ways: list[dict[str, Any]]) -> None:
        """Put back who has not moved on."""
        for way in ways:
            undone = self.run.engine.versions.undo(way)
            self.counted["put back"] += undone.moved
            self.counted["moved on"] += undone.on

    def replayed(self, customer: str) -> str:
        """A customer's log, decided again with the versions of then."""
        (loaded,) = self.run.storage.load_many([Want(customer, None)])
        history = self.run.storage.history(customer)
        first, changes = Past(self.run.engine.definitions, history, loaded.enrollments).in_force()
        commits = replay(first, loaded, self.run.log(customer), None, changes)
        self.counted["changes"] += len(changes)
        last: dict[tuple[str, str], Any] = {}
        for commit in commits:
            last |= {(e.journey, e.key): e for e in commit.enrollments}
            for place in commit.removed:
                last.pop(place, None)
        facts = next((commit.facts for commit in reversed(commits) if commit.facts is not None), loaded.facts)
        messages = [message for commit in commits for message in commit.outbox]
        return written(last.values(), facts, messages, [entry for commit in commits for entry in commit.history])


def test_what_is_decided_over_several_versions_comes_to_the_same(examples: int, tmp_path: Path) -> None:
    """Memory and SQLite tell the same of everybody, and a replay of each customer's log gives it to the byte."""
    counted: Counter[str] = Counter()
    for seed, shop in shops(examples):
        new = [changed(one, Random(seed)) for one in shop.journeys]
        if new == list(shop.journeys) or list(problems(new, CATALOG)):
            continue
        tale = Tale(shop, new, seed, MemoryStorage())
        if seed % 5 == 0:
            database = SQLiteStorage(tmp_path / f"{seed}.db", synchronous="off")
            assert tale.run.accounts() == Tale(shop, new, seed, database).run.accounts(), f"seed {seed}"
            database.close()
        for customer in CUSTOMERS:
            assert tale.replayed(customer) == tale.run.account(customer), f"seed {seed}, {customer}"
            for e in tale.run.storage.load_many([Want(customer, None)])[0].enrollments:
                assert e.status != "active" or e.definition in tale.run.engine.definitions.compiled.definitions
        counted += tale.counted
        counted["shops"] += 1
    enough(counted, examples, shops=100, brought=60, changes=30, **{"put back": 8, "moved on": 3})
