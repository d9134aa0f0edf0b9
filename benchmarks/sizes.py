"""What grows with the number of customers: the slowest one event of a hundred, and the disk; the library's side and the floor's."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import floor_postgres
import floor_sqlite
import on_postgres
import psycopg
from journeys import CATALOG, PROPERTIES, added
from library import LATE, at, connection, database, ignore, tell
from on_postgres import filled, run, server, url

from journeykit import Engine, Event
from journeykit.runtime.clock import ManualClock

Clock = Callable[[], float]


# -- one event ----------------------------------------------------------------------------------------------------------


def handle(clock: Clock, people: int, percent: int = 99, count: int = 10_000) -> float:
    """Milliseconds within which *percent* of 100 calls of `handle` return on PostgreSQL, among so many enrolled customers."""
    storage, journeys = filled(people, 1, due=False)
    moments = ManualClock(at(LATE))
    engine = Engine([*journeys, CATALOG], storage, {"email": ignore}, clock=moments)

    def one(number: int, who: int) -> None:
        moments.set(LATE + number)
        engine.handle(Event(added(0), id=f"event-{number}", customer_id=str(who), occurred_at=at(LATE), properties=PROPERTIES))

    return _within(percent, clock, one, people, count)


def floor_handle(clock: Clock, people: int, percent: int = 99, count: int = 10_000) -> float:
    """The same of the hand-written floor."""
    held = floor_postgres.database(server(), people, 1, due=False)
    return _within(percent, clock, lambda number, who: floor_postgres.one_event(held, number, who, "journey-0"), people, count)


def _within(percent: int, clock: Clock, one: Callable[[int, int], None], people: int, count: int, first: int = 200) -> float:
    """The milliseconds that *percent* of 100 calls of *one* take at most; the *first* calls, which prepare statements, do not count."""
    chance, taken = random.Random(5), []
    for number in range(first + count):
        who, begin = chance.randrange(people), clock()
        one(number, who)
        taken.append(clock() - begin)
    return sorted(taken[first:])[count * percent // 100] * 1_000


# -- disk ---------------------------------------------------------------------------------------------------------------


def postgres_disk(clock: Clock, what: str, people: int = 20_000, count: int = 100_000) -> float:
    """Bytes in PostgreSQL, indexes included, of a ``customer`` in one journey, or of an ``event`` with its history and request."""
    on_postgres.database().close()
    empty = _tables(url(), "library")
    storage, journeys = filled(people, 1, due=False)
    before = _tables(url(), "library")
    if what == "customer":
        return (before - empty) / people
    tell(clock, storage, journeys, 1_000, 1, count, people)
    run(storage, "vacuum")
    return (_tables(url(), "library") - before) / count


def floor_postgres_disk(clock: Clock, what: str, people: int = 20_000, count: int = 100_000) -> float:
    """The same of the hand-written floor."""
    address = server()
    floor_postgres.database(address, people, 1, due=False).close()
    before = _tables(address, "floor")
    if what == "customer":
        return before / people
    floor_postgres.run_events(address, 1_000, 1, count, people)
    with psycopg.connect(address, autocommit=True) as held:
        held.execute("vacuum")
    return (_tables(address, "floor") - before) / count


def _tables(address: str, schema: str) -> int:
    """Bytes of all tables of a schema and their indexes."""
    text = """select coalesce(sum(pg_total_relation_size(c.oid)), 0) from pg_class c
        where c.relkind = 'r' and c.relnamespace = (select oid from pg_namespace where nspname = %s)"""
    with psycopg.connect(address) as held:
        return int(held.execute(text, (schema,)).fetchone()[0])


def sqlite_disk(clock: Clock, what: str, people: int = 20_000, count: int = 100_000) -> float:
    """Bytes in the SQLite file of a ``customer`` in one journey, or of an ``event`` with its history and request."""
    folder = tempfile.mkdtemp()
    storage, journeys = database(people, 1, folder, due=False)
    before = _file(connection(storage))
    if what == "customer":
        return before / people
    tell(clock, storage, journeys, 1_000, 1, count, people)
    return (_file(connection(storage)) - before) / count


def floor_sqlite_disk(clock: Clock, what: str, people: int = 20_000, count: int = 100_000) -> float:
    """The same of the hand-written floor."""
    before = _file(floor_sqlite.database(people, 1, "normal", due=False))
    if what == "customer":
        return before / people
    known = set(Path(tempfile.gettempdir()).glob("*/floor.db"))
    floor_sqlite.run_events(1_000, 1, count, people)
    (written,) = set(Path(tempfile.gettempdir()).glob("*/floor.db")) - known
    return (_file(floor_sqlite.sqlite3.connect(written)) - before) / count


def _file(held) -> int:
    """Bytes of a SQLite database after ``vacuum``."""
    held.execute("vacuum")
    return held.execute("pragma page_count").fetchone()[0] * held.execute("pragma page_size").fetchone()[0]
