"""A worker on PostgreSQL sleeps, and is woken by what other processes write."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from journeykit import Engine, Event, Journey, PostgresStorage, Step, Worker
from journeykit.model.messages import moment
from journeykit.runtime.clock import SystemClock
from journeykit.storage.postgres import sleeping
from journeykit.storage.postgres.sleeping import ListeningSleeper

HELLO = Journey("hello", stage="awareness", entry="Signed Up", steps=[Step("in", do="email")])
PATIENCE = 120.0  #: seconds after which a test gives up
LONG = 600.0  #: seconds that a worker sleeps when nobody wakes it: longer than any test waits


def signed_up(customer: str) -> Event:
    return Event("Signed Up", id="e1", customer_id=customer, occurred_at=moment(SystemClock().now()))


def until(done) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.002)


@pytest.fixture(autouse=True)
def _no_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who falls asleep does not look again of itself: whatever is done here, somebody was woken for."""
    monkeypatch.setattr(sleeping, "LOOKS", ())


@contextmanager
def working(conninfo: str, sent: list[str], threads: int = 0) -> Iterator[PostgresStorage]:
    """A worker with a storage of its own, as in another process, that has nothing to do and sleeps."""
    storage = PostgresStorage(conninfo)
    actions = {"email": lambda request: sent.append(request.customer_id)}
    worker = Worker(Engine(HELLO, storage, actions), threads=threads, idle=LONG)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        asleep(conninfo)
        yield storage
    finally:
        worker.stop()
        thread.join(PATIENCE)
        storage.close()
    assert not thread.is_alive()


def asleep(conninfo: str) -> None:
    """Wait until there is one worker, and it sleeps."""
    until(lambda: sleepers(conninfo) == [(True,)])


def sleepers(conninfo: str) -> list[tuple[bool]]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute("select asleep from journeykit_sleepers").fetchall()


def test_what_another_process_decides_is_performed_at_once(postgres):
    """Twenty events, each while the worker sleeps for ten minutes: the action starts long before the next look of any clock."""
    sent: list[str] = []
    names = [f"customer {number}" for number in range(20)]
    with working(postgres, sent):
        here = PostgresStorage(postgres)
        engine = Engine(HELLO, here)
        for name in names:
            asleep(postgres)
            engine.handle(signed_up(name))
            until(lambda: name in sent)  # noqa: B023
        here.close()

    assert sent == names
    assert sleepers(postgres) == []


def test_one_connection_listens_for_all_threads(postgres):
    """Four threads perform, and one sleeper hears for them: what another process decides starts long before the next look."""
    sent: list[str] = []
    with working(postgres, sent, threads=4):
        here = PostgresStorage(postgres)
        engine = Engine(HELLO, here)
        for number in range(20):
            asleep(postgres)
            engine.handle(signed_up(f"customer {number}"))
        until(lambda: len(sent) == 20)

        assert len(sleepers(postgres)) == 1
        here.close()


def test_what_is_only_accepted_wakes_as_well(postgres):
    """In the mailbox, by another process."""
    sent: list[str] = []
    with working(postgres, sent):
        here = PostgresStorage(postgres)
        Engine(HELLO, here).accept(signed_up("ann"))
        until(lambda: "ann" in sent)
        here.close()


def test_what_a_host_commits_late_wakes_as_well(postgres):
    """It was written while nobody slept, and is committed while the worker sleeps for long."""
    sent: list[str] = []
    with psycopg.connect(postgres) as host:
        host.execute("select 'the host has begun'")
        Engine(HELLO, PostgresStorage(host)).accept(signed_up("ann"))
        with working(postgres, sent):
            assert sent == []
            host.commit()
            until(lambda: "ann" in sent)


def test_nobody_is_notified_who_does_not_sleep(postgres):
    """A notification takes a lock that all commits share: without a sleeper there is none."""
    storage = PostgresStorage(postgres)
    with psycopg.connect(postgres, autocommit=True) as listener:
        listener.execute("listen journeykit")
        Engine(HELLO, storage).accept(signed_up("ann"))
        assert list(listener.notifies(timeout=0.2)) == []
        listener.execute("insert into journeykit_sleepers values(1, true)")
        Engine(HELLO, storage).accept(signed_up("bob"))

        assert len(list(listener.notifies(timeout=PATIENCE, stop_after=1))) == 1
    storage.close()


def test_before_it_sleeps_for_long_a_sleeper_looks_a_few_times(postgres, monkeypatch):
    """A transaction that was under way when it fell asleep knew nothing of it, and wakes nobody."""
    monkeypatch.setattr(sleeping, "LOOKS", (0.01, 0.02))
    storage = PostgresStorage(postgres)
    sleeper, asked = storage.sleeper(), iter((LONG, LONG, 0.0))
    sleeper.sleep(lambda: next(asked))

    assert list(asked) == []
    sleeper.close()
    storage.close()


def test_a_sleeper_that_died_is_forgotten(postgres):
    """The next one takes its row away."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("insert into journeykit_sleepers values(-1, true)")
    storage = PostgresStorage(postgres)
    sleeper = storage.sleeper()
    sleeper.sleep(lambda: 0)

    assert sleepers(postgres) == [(False,)]
    sleeper.close()
    storage.close()


def test_a_sleeper_whose_connection_breaks(postgres):
    """It does not sleep for long then, and listens anew the next time."""
    storage = PostgresStorage(postgres)
    sleeper = storage.sleeper()
    sleeper.sleep(lambda: 0)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(process::int) from journeykit_sleepers")
    begun = time.monotonic()
    sleeper.sleep(lambda: LONG)
    sleeper.sleep(lambda: 0)

    assert time.monotonic() - begun < PATIENCE
    assert sleepers(postgres)[-1:] == [(False,)]
    sleeper.close()
    storage.close()


def test_a_server_that_is_not_there(tmp_path):
    """It sleeps a little, and nothing falls over."""
    sleeper = PostgresStorage(f"postgresql:///shop?host={tmp_path}").sleeper()
    assert isinstance(sleeper, ListeningSleeper)
    sleeper.sleep(lambda: 0.01)
    sleeper.close()


def test_behind_a_pooler_a_worker_looks_again(postgres):
    """Nothing is set on a session, nothing prepared, and nobody listens."""
    storage = PostgresStorage(postgres, pooler=True)
    assert storage.sleeper().idle == pytest.approx(1.0)
    engine = Engine(HELLO, storage)
    for number in range(8):
        engine.handle(signed_up(f"customer {number}"))
    with storage._connections.alone() as cursor:
        assert cursor.execute("select count(*) from pg_prepared_statements").fetchone() == (0,)
        assert cursor.execute("show enable_seqscan").fetchone() == ("on",)
    storage.close()
