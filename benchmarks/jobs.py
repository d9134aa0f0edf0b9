"""
The same job on one PostgreSQL: an event comes in, a second is waited, an action goes out, all of it durable.

Each side is one process that tells and works, on a server of its own with the same settings (see ``on_postgres.py``), and does it in the
fastest of the documented ways that were tried. A job counts once its action has been called. With ``--cpu`` the seconds of the
processor count that the process and the server have used together.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg
from journeys import CATALOG
from on_postgres import database, server

from journeykit import Do, Engine, Event, Journey, Step, Worker
from journeykit.model.messages import moment
from journeykit.runtime.clock import SystemClock

Clock = Callable[[], float]

WELCOME = Journey("welcome", stage="awareness", entry="Signed Up", steps=[Step("in", wait="1 second"), Step("greeted", do=Do("email"))])
TICKS = os.sysconf("SC_CLK_TCK")


def both(clock: Clock, url: str) -> Clock:
    """*clock*, and where that counts seconds of the processor, those of the server as well."""
    if clock is not time.process_time:
        return clock
    server = server_processor(url)
    return lambda: clock() + server()


def server_processor(url: str) -> Clock:
    """What tells how many seconds of the processor the server at *url* has used; it has to run on this machine."""
    with psycopg.connect(url) as connection:
        postmaster = _stat(connection.execute("select pg_backend_pid()").fetchone()[0])[1]
    return lambda: _processor(postmaster)


def _processor(postmaster: int) -> float:
    """Seconds of the processor that a server has used, those of its children that are gone included."""
    ticks = sum(_stat(postmaster)[11:15])
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with suppress(OSError):
                of = _stat(int(process.name))
                ticks += sum(of[11:13]) if of[1] == postmaster else 0
    return ticks / TICKS


def _stat(process: int) -> list[int]:
    """What the system tells of a process, from its state on: 1 is its parent, 11 to 14 its seconds and those of its children."""
    state, *rest = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return [ord(state), *map(int, rest[:14])]


def journeykit(clock: Clock, count: int) -> float:
    """Jobs a second of the library: 1,000 events in a transaction; beside, a thread that decides and one that performs."""
    storage, done = database(), []
    engine = Engine([WELCOME, CATALOG], storage, {"email": lambda request: done.append(request.customer_id)})
    clock = both(clock, storage._connections._conninfo)  # noqa: SLF001
    worker = Worker(engine, threads=1)
    thread = threading.Thread(target=worker.run)
    thread.start()
    time.sleep(1)
    begin = clock()
    for start in range(0, count, 1_000):
        now = moment(SystemClock().now())
        engine.handle_many(Event("Signed Up", id="e", customer_id=str(who), occurred_at=now) for who in range(start, start + 1_000))
    while len(done) < count:
        time.sleep(0.01)
    seconds = clock() - begin
    worker.stop()
    thread.join()
    assert len(set(done)) == count
    return count / seconds


def dbos(clock: Clock, count: int) -> float:
    """
    Jobs a second of DBOS: workflows that stand a second on a queue, each under the id of its event.

    Workflows that sleep (`DBOS.sleep`), in threads or in asyncio, were slower.
    """
    from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

    url, done = server(), []
    clock = both(clock, url)
    DBOS(config={"name": "bench", "system_database_url": url, "log_level": "ERROR", "max_executor_threads": 20, "sys_db_pool_size": 20})

    @DBOS.step()
    def email(customer: str) -> None:
        done.append(customer)

    @DBOS.workflow()
    def welcome(customer: str) -> None:
        email(customer)

    DBOS.launch()
    DBOS.register_queue("welcome", polling_interval_sec=0.1)
    time.sleep(2)  # it looks for new queues once a second
    begin = clock()
    for who in range(count):
        with SetWorkflowID(f"event-{who}"), SetEnqueueOptions(delay_seconds=1):
            DBOS.enqueue_workflow("welcome", welcome, str(who))
    while len(done) < count:
        time.sleep(0.01)
    seconds = clock() - begin
    DBOS.destroy()
    assert len(set(done)) == count
    return count / seconds


def procrastinate(clock: Clock, count: int, concurrency: int = 10) -> float:
    """Jobs a second of procrastinate: deferred 1,000 in a statement for a second later, in asyncio."""
    return asyncio.run(_procrastinate(clock, count, concurrency))


async def _procrastinate(clock: Clock, count: int, concurrency: int) -> float:
    from procrastinate import App, PsycopgConnector

    url, done = server(), []
    clock = both(clock, url)
    app = App(connector=PsycopgConnector(conninfo=url, min_size=4, max_size=concurrency + 4))

    @app.task(name="email")
    async def email(customer: str) -> None:
        done.append(customer)

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        working = app.run_worker_async(concurrency=concurrency, install_signal_handlers=False, fetch_job_polling_interval=0.1)
        worker = asyncio.create_task(working)
        await asyncio.sleep(1)
        begin = clock()
        for start in range(0, count, 1_000):
            some = [{"customer": str(who)} for who in range(start, start + 1_000)]
            await email.configure(schedule_in={"seconds": 1}).batch_defer_async(*some)
        while len(done) < count:  # noqa: ASYNC110  as the others look
            await asyncio.sleep(0.01)
        seconds = clock() - begin
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker
    assert len(set(done)) == count
    return count / seconds
