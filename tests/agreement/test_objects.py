"""
Facts about objects against their sentence (P14): random asking, withdrawing, restocking and selling out, told by the engine and by a list.

The list knows nothing of cursors and indexes: at each turn it looks at everybody, takes those who were waiting when the fact was
accepted and still are, sorts them, and tells the first two.
"""

from __future__ import annotations

from collections import Counter
from itertools import count
from random import Random
from typing import NamedTuple

import pytest

from journeykit import Catalog, Do, Done, Engine, Event, Journey, MemoryStorage, PostgresStorage, SQLiteStorage, Step
from journeykit.model.messages import microseconds, moment
from journeykit.ports import Storage
from journeykit.runtime.clock import ManualClock
from postgres import clear

BEGIN = microseconds("2026-03-02T09:00:00+00:00")
MINUTE = 60_000_000
EVERY = 10 * MINUTE
RATE = 2
CUSTOMERS = [f"c{number}" for number in range(8)]
SKUS = ("red", "blue")

CATALOG = Catalog(
    events={"Asked": {"sku": "text"}, "Withdrawn": {"sku": "text"}, "Restocked": {"sku": "object, 2 per 10 minutes, until Sold Out"}, "Sold Out": {"sku": "object"}}
)  # fmt: skip
WATCHED = Journey(
    "watched", key="sku", entry="Asked", exits="Withdrawn", reentry="always",
    steps=[Step("waits", stage="consideration", wait="90 days", when={"Restocked": "told"}), Step("told", do=Do("email", fact="{event.fact}"))],
)  # fmt: skip


class Happening(NamedTuple):
    """What happens to a pair of shoes, or who does what about them."""

    at: int
    name: str
    sku: str
    customer: str


def story(random: Random) -> list[Happening]:
    """Two hours of a shop, never in the instant of somebody's turn."""
    at, found = BEGIN, []
    for _ in range(random.randint(10, 40)):
        at += random.randint(0, 4) * MINUTE + 1
        name = random.choice(("Asked", "Asked", "Asked", "Withdrawn", "Restocked", "Sold Out"))
        found.append(Happening(at, name, random.choice(SKUS), random.choice(CUSTOMERS)))
    return found


def by_the_engine(happenings: list[Happening], storage: Storage) -> list[str]:
    """What the engine says who was told when, with a worker that is always there."""
    storage.migrate()
    clock = ManualClock(BEGIN)
    engine = Engine([CATALOG, WATCHED], storage, {"email": lambda request: Done()}, clock=clock)

    def work() -> None:
        while engine.run_due() or sum(engine.dispatch()):
            pass

    def until(at: int) -> None:
        work()
        while (due := storage.next_due()) is not None and due <= at:
            clock.set(max(due, clock.now()))
            work()
        clock.set(at)

    for number, one in enumerate(happenings):
        until(one.at)
        if one.name in ("Asked", "Withdrawn"):
            engine.handle(
                Event(one.name, id=f"e{number}", customer_id=one.customer, occurred_at=moment(one.at), properties={"sku": one.sku})
            )
        else:
            engine.publish(one.name, id=f"e{number}", properties={"sku": one.sku, "fact": f"e{number}"})
        work()
    until(happenings[-1].at + 100 * EVERY)
    told = [
        (row.message.at, row.message.key, row.message.customer_id, row.message.parameters["fact"]) for row in storage.outbox(None, None)
    ]
    storage.close()
    return [f"{moment(at):%H:%M:%S} {sku} {customer} {fact}" for at, sku, customer, fact in sorted(told)]


def by_the_list(happenings: list[Happening], counted: Counter[str]) -> list[str]:
    """The same, by looking at everybody each time."""
    waiting: dict[tuple[str, str], int] = {}  # by object and customer: since when
    turns: list[tuple[int, int, str, int]] = []  # when, number of the fact, object, accepted
    told: list[tuple[int, str, str, str]] = []

    def take_turns(until: int) -> None:
        while turns and min(turns)[0] <= until:
            at, number, sku, accepted = min(turns)
            turns.remove((at, number, sku, accepted))
            able = sorted((since, customer) for (about, customer), since in waiting.items() if about == sku and since <= accepted)
            for _, customer in able[:RATE]:
                del waiting[sku, customer]
                told.append((at, sku, customer, f"e{number}"))
            if len(able) >= RATE:
                turns.append((at + EVERY, number, sku, accepted))
                counted["went on"] += 1

    for number, one in enumerate(happenings):
        take_turns(one.at - 1)
        place = (one.sku, one.customer)
        if one.name == "Asked":
            waiting.setdefault(place, one.at)
        elif one.name == "Withdrawn":
            counted["withdrawn"] += waiting.pop(place, None) is not None
        else:
            counted["ended"] += any(turn[2] == one.sku for turn in turns)
            turns[:] = [turn for turn in turns if turn[2] != one.sku]
            if one.name == "Restocked":
                turns.append((one.at, number, one.sku, one.at))
        take_turns(one.at)
    take_turns(happenings[-1].at + 100 * EVERY)
    counted["told"] += len(told)
    return [f"{moment(at):%H:%M:%S} {sku} {customer} {fact}" for at, sku, customer, fact in sorted(told)]


@pytest.fixture(name="create", params=["memory", "sqlite", "postgres"])
def _create(request, tmp_path):
    """Makes a new, empty storage each time."""
    numbers = count()
    if request.param == "memory":
        return MemoryStorage
    if request.param == "sqlite":
        return lambda: SQLiteStorage(tmp_path / f"{next(numbers)}.db", synchronous="off")
    conninfo = request.getfixturevalue("postgres")

    def emptied() -> PostgresStorage:
        clear(conninfo)
        return PostgresStorage(conninfo)

    return emptied


def test_the_engine_tells_whom_the_list_tells(create, examples: int) -> None:
    """The same customers, of the same facts, at the same moments."""
    counted: Counter[str] = Counter()
    for seed in range(max(20, examples // 4)):
        happenings = story(Random(seed))
        expected = by_the_list(happenings, counted)
        assert by_the_engine(happenings, create()) == expected, f"seed {seed}"

    few = {name: counted[name] for name in ("told", "went on", "withdrawn", "ended") if counted[name] < 10}
    assert not few, counted
