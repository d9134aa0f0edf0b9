"""
Several processes at one PostgreSQL, and one that has nothing to do.

Workers and server share the machine's processors, so with as many workers as processors nobody is idle: what more workers bring then is
only what they wait for the server, and for the disk. ``processor`` says how many events a second of the processor decides, those of the
server counted: where that does not fall with the number of workers, they do not hold each other up, and processors are the limit.
"""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import psycopg
from jobs import server_processor
from journeys import CATALOG, PROPERTIES, added
from library import LATE, at, ignore
from on_postgres import filled, run, url
from psycopg.conninfo import make_conninfo

from journeykit import Engine, Event, PostgresStorage, Worker

Clock = Callable[[], float]

#: Seconds after which processes that have just been forked are to begin: workers have found each other by then (they say every
#: three seconds that they are there).
SOON = 5.0


class Begun:
    """Shows *start* when the system's monotonic clock shows *began* (seconds), and goes on as that does, in all processes."""

    def __init__(self, start: int, began: float) -> None:
        self._shift = start - int(began * 1_000_000)

    def now(self) -> int:
        """Microseconds since 1970 UTC."""
        return self._shift + time.monotonic_ns() // 1_000


def decided(clock: Clock, workers: int, count: int = 60_000, people: int = 20_000, soon: float = SOON) -> float:
    """Events a second that so many workers decide out of mailboxes, and perform what follows from them."""
    return count / _decided(workers, count, people, soon)[0]


def processor(clock: Clock, workers: int, count: int = 60_000, people: int = 20_000) -> float:
    """The same, events a second of the processor: of all workers, and of the server."""
    return count / _decided(workers, count, people, SOON)[1]


def _decided(workers: int, count: int, people: int, soon: float) -> tuple[float, float]:
    """The seconds on the wall and of the processor that it takes."""
    storage, journeys = filled(people, 1, due=False)
    events = iter([(_event(number, number % people), LATE) for number in range(count)])
    while some := list(islice(events, 1_000)):
        storage.accept(some)
    run(storage, "vacuum analyze")
    run(storage, "checkpoint")
    storage.close()
    began, server = time.monotonic() + soon, server_processor(url())
    moments = Begun(LATE + 1, began)

    def work(number: int) -> None:
        engine = Engine([*journeys, CATALOG], PostgresStorage(url()), {"email": ignore}, clock=moments)
        Worker(engine).run()

    children = [_fork(work, number) for number in range(workers)]
    time.sleep(max(0.0, began - time.monotonic()))
    before = server()
    while (storage.next_due() or moments.now() + 1) <= moments.now() or _performed(storage) < count:
        time.sleep(0.02)
    seconds, spent = time.monotonic() - began, server() - before
    storage.close()
    for child in children:
        os.kill(child, signal.SIGTERM)
    _wait(children)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert _performed(storage) == count
    return seconds, spent + used.ru_utime + used.ru_stime


def _performed(storage: PostgresStorage) -> int:
    """How many actions have been settled; a message that a worker has claimed and not settled is not due, and yet not done."""
    return run(storage, "select count(*) from journeykit_outbox where state = 'performed'")[0]


def handled(clock: Clock, processes: int, count: int = 12_000, people: int = 20_000) -> float:
    """Events a second that so many processes handle, one a transaction, each commit waiting for the disk (``synchronous_commit = on``)."""
    storage, journeys = filled(people, 1, due=False)
    storage.close()
    began = time.monotonic() + 1
    moments = Begun(LATE, began)

    def work(number: int) -> None:
        mine = PostgresStorage(make_conninfo(url(), options="-c search_path=library -c synchronous_commit=on"))
        engine = Engine([*journeys, CATALOG], mine, {"email": ignore}, clock=moments)
        mine.customers(limit=1)  # connected
        time.sleep(max(0.0, began - time.monotonic()))
        for place in range(number, count, processes):
            engine.handle(_event(place, place % people))

    _wait([_fork(work, number) for number in range(processes)])
    seconds = time.monotonic() - began
    assert run(storage, "select count(*) from journeykit_events where state = 'decided'") == (count,)
    return count / seconds


def _event(number: int, who: int) -> Event:
    return Event(added(0), id=f"event-{number}", customer_id=str(who), occurred_at=at(LATE), properties=PROPERTIES)


def _fork(work: Callable[[int], None], number: int) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work(number)
        status = 0
    finally:
        os._exit(status)


def _wait(children: list[int]) -> None:
    for child in children:  # one that was told to stop before it watched for that has died of it
        assert os.waitpid(child, 0)[1] in (0, signal.SIGTERM), "a process fell over"


# -- nothing to do ------------------------------------------------------------------------------------------------------


def idle_statements(clock: Clock, pending: int) -> float:
    """Statements a minute of a worker that has nothing to do, with so many timers pending."""
    return _idle(pending)[0]


def idle_processor(clock: Clock, pending: int) -> float:
    """Milliseconds of the processor a minute of a worker that has nothing to do, those of its connections in the server included."""
    return _idle(pending)[1]


def _idle(pending: int, minutes: int = 2) -> tuple[float, float]:
    storage, journeys = filled(pending, 1, due=False)
    storage.close()
    counted, worked = os.pipe()

    def work(number: int) -> None:
        _count_statements(worked)
        Worker(Engine([*journeys, CATALOG], PostgresStorage(url()), {"email": ignore})).run()

    child = _fork(work, 0)
    time.sleep(10)  # until it sleeps for long
    os.set_blocking(counted, False)
    _drain(counted)
    before = _spent(child)
    time.sleep(minutes * 60)
    statements, spent = _drain(counted), _spent(child) - before
    os.kill(child, signal.SIGTERM)
    _wait([child])
    return statements / minutes, spent / minutes * 1_000


def _count_statements(told: int) -> None:
    """Write a byte for every statement that this process gives to psycopg from now on."""
    execute = psycopg.Cursor.execute

    def counting(cursor, *arguments, **more):
        os.write(told, b".")
        return execute(cursor, *arguments, **more)

    psycopg.Cursor.execute = counting


def _drain(end: int) -> int:
    number = 0
    while True:
        try:
            number += len(os.read(end, 4_096))
        except BlockingIOError:
            return number


def _spent(worker: int) -> float:
    """Seconds of the processor that a worker and its connections have used."""
    with psycopg.connect(url()) as connection:
        found = connection.execute("select pid from pg_stat_activity where application_name = 'journeykit'").fetchall()
    processes = [worker, *(process for (process,) in found)]
    return sum(int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) for process in processes) / 1e9
