"""A worker on PostgreSQL sleeps, and is woken by what other processes write."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import psycopg
import pytest

from journeykit import Engine, Event, Journey, PostgresStorage, Step, Worker
from journeykit.model.messages import moment
from journeykit.runtime.clock import SystemClock
from journeykit.storage.postgres.sleeping import ListeningSleeper

HELLO = Journey("hello", stage="awareness", entry="Signed Up", steps=[Step("in", do="email")])
PATIENCE = 20.0


def signed_up(customer: str) -> Event:
    return Event("Signed Up", id="e1", customer_id=customer, occurred_at=moment(SystemClock().now()))


def until(done) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.002)


@contextmanager
def working(conninfo: str, sent: dict[str, float], threads: int = 0) -> Iterator[PostgresStorage]:
    """A worker with a storage of its own, as in another process, that has nothing to do."""
    storage = PostgresStorage(conninfo)
    actions = {"email": lambda request: sent.setdefault(request.customer_id, time.monotonic()) and None}
    worker = Worker(Engine(HELLO, storage, actions), threads=threads)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        until(lambda: sleepers(conninfo) == [(True,)])
        yield storage
    finally:
        worker.stop()
        thread.join(PATIENCE)
        storage.close()
    assert not thread.is_alive()


def sleepers(conninfo: str) -> list[tuple[bool]]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute("select asleep from journeykit_sleepers").fetchall()


def test_what_another_process_decides_is_performed_at_once(postgres):
    """Twenty events, each while the worker sleeps for a minute: the action starts long before the next look of any clock."""
    sent: dict[str, float] = {}
    with working(postgres, sent):
        here = PostgresStorage(postgres)
        engine, waited = Engine(HELLO, here), []
        time.sleep(1.5)  # it has looked for transactions that were under way, and sleeps for long
        for number in range(20):
            engine.handle(signed_up(f"customer {number}"))
            written = time.monotonic()
            until(lambda: f"customer {number}" in sent)  # noqa: B023
            waited.append(sent[f"customer {number}"] - written)
            time.sleep(0.05)
        here.close()

    assert median(waited) < 0.25
    assert sleepers(postgres) == []


def test_one_connection_listens_for_all_threads(postgres):
    """Four threads perform, and one sleeper hears for them: what another process decides starts long before the next look."""
    sent: dict[str, float] = {}
    with working(postgres, sent, threads=4):
        here = PostgresStorage(postgres)
        engine = Engine(HELLO, here)
        time.sleep(1.5)
        for number in range(20):
            engine.handle(signed_up(f"customer {number}"))
        until(lambda: len(sent) == 20)

        assert len(sleepers(postgres)) == 1
        here.close()


def test_what_is_only_accepted_wakes_as_well(postgres):
    """In the mailbox, by another process."""
    sent: dict[str, float] = {}
    with working(postgres, sent):
        time.sleep(1.5)
        here = PostgresStorage(postgres)
        Engine(HELLO, here).accept(signed_up("ann"))
        until(lambda: "ann" in sent)
        here.close()


def test_what_a_host_commits_late_wakes_as_well(postgres):
    """It was written while the worker was busy, and is committed while it sleeps for long."""
    sent: dict[str, float] = {}
    with psycopg.connect(postgres) as host:
        host.execute("select 'the host has begun'")
        Engine(HELLO, PostgresStorage(host)).accept(signed_up("ann"))
        with working(postgres, sent):
            time.sleep(1.6)
            assert sent == {}
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

        assert len(list(listener.notifies(timeout=5, stop_after=1))) == 1
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
    sleeper.sleep(lambda: 30)
    sleeper.sleep(lambda: 0)

    assert time.monotonic() - begun < 10
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
