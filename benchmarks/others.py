"""The other side of each row: floors and peers as they are, and APScheduler. Each function does one round and returns its figure."""

from __future__ import annotations

import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace

import floor_sqlite
import peers
import workload

Clock = Callable[[], float]
fired: list[str] = []


def peer(clock: Clock, name: str, count: int = 200_000) -> float:
    """Events a second of a peer on the workload, as ``peers.py`` measures it."""
    stream = workload.events(count)
    steps, log = [workload.INITIAL] * 10_000, []
    begin = time.process_time()
    peers.RUN[name](stream, steps, log)
    seconds = time.process_time() - begin
    assert (steps, len(log)) == workload.expected(stream), "the peer did not arrive where the table does"
    return count / seconds


def floor_events(clock: Clock, batch: int, k: int, count: int = 100_000, people: int = 20_000) -> float:
    """Events a second of the hand-written floor."""
    floor_sqlite.time = SimpleNamespace(perf_counter=clock)  # seconds of the wall, or of the processor
    return floor_sqlite.run_events(batch, k, count, people)


def floor_timers(clock: Clock, batch: int, k: int, people: int = 40_000) -> float:
    """Timers a second of the hand-written floor."""
    floor_sqlite.time = SimpleNamespace(perf_counter=clock)
    return floor_sqlite.run_timers(batch, k, people)


def fire(customer: str) -> None:
    """What a job does."""
    fired.append(customer)


def apscheduler_timers(clock: Clock, pragmas: tuple[str, ...] = (), count: int = 1_000) -> float:
    """Jobs a second that APScheduler takes from its SQLite store, all of them due; as shipped, or with *pragmas*."""
    from apscheduler.events import EVENT_JOB_EXECUTED
    from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
    from apscheduler.schedulers.background import BackgroundScheduler
    from sqlalchemy import create_engine, event

    engine = create_engine(f"sqlite:///{tempfile.mkdtemp()}/jobs.db")

    def connected(connection: sqlite3.Connection, record: object) -> None:
        for pragma in pragmas:
            connection.execute("pragma " + pragma)

    event.listen(engine, "connect", connected)
    scheduler = BackgroundScheduler(jobstores={"default": SQLAlchemyJobStore(engine=engine)}, timezone=UTC)
    left, done = [count], threading.Event()

    def executed(told: object) -> None:
        left[0] -= 1
        if not left[0]:
            done.set()

    scheduler.add_listener(executed, EVENT_JOB_EXECUTED)
    scheduler.start(paused=True)
    past = datetime(2024, 1, 1, tzinfo=UTC)
    for number in range(count):
        scheduler.add_job("others:fire", "date", run_date=past, args=[str(number)], id=str(number), misfire_grace_time=None)
    begin = clock()
    scheduler.resume()
    assert done.wait(600)
    while scheduler.get_jobs():  # the last one is executed before it is taken out of the store
        time.sleep(0.001)
    seconds = clock() - begin
    scheduler.shutdown()
    assert len(fired) == count
    return count / seconds
