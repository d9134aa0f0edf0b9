"""One signal of one customer in PostgreSQL: two statements, prepared once, which say no where a batch would."""

from __future__ import annotations

import os
import signal
import threading
import time

import psycopg
import pytest

from journeykit import ConflictError, Do, Engine, Event, Journey, PostgresStorage, Step, StorageError
from journeykit.model.records import LoggedEvent
from journeykit.runtime.clock import ManualClock
from journeykit.testing import storage_samples as shop

CART = Journey(
    "cart", entry="Product Added", steps=[Step("in", stage="consideration", do=Do("email"), wait="2 hours", when={"Product Added": "in"})]
)


@pytest.fixture(name="storage")
def _storage(postgres):
    storage = PostgresStorage(postgres, connections=1)
    yield storage
    storage.close()


@pytest.fixture(name="engine")
def _engine(storage):
    return Engine([CART], storage, {"email": lambda request: None}, clock=ManualClock("2026-03-02T10:00:00+00:00"))


def added(number: int, customer: str = "ann", **properties: object) -> Event:
    return Event(
        "Product Added", id=f"e{number}", customer_id=customer, occurred_at="2026-03-02T09:00:00+00:00", properties=dict(properties)
    )


def asked(storage: PostgresStorage, statement: str) -> list[tuple]:
    """What the server says on the one connection there is."""
    with storage._connections.alone() as cursor:
        return cursor.execute(statement).fetchall()


def test_an_event_takes_two_statements(engine, storage):
    """One reads and one writes; both are prepared once, whoever the customer is."""
    for customer in ("ann", "bob"):
        engine.handle(added(0, customer))
    for number in range(1, 6):
        assert engine.handle(added(number)).status == "decided"
        assert engine.handle(added(number, "bob")).status == "decided"

    names = asked(storage, "select name, calls from (select name, generic_plans + custom_plans as calls from pg_prepared_statements) s "
                           "where name like 'journeykit_%' order by name")  # fmt: skip
    assert [calls for _, calls in names] == [12, 10]  # read, with the entries; written, without


def test_what_psycopg_lets_go_of_is_prepared_again(engine, storage):
    """A batch that is rolled back takes all prepared statements of its connection with it; nobody notices."""
    for number in range(4):
        engine.handle(added(number))
    with storage._connections.alone() as cursor:
        cursor.execute("deallocate all")

    assert [engine.handle(added(number)).status for number in (4, 5)] == ["decided", "decided"]
    assert len(storage.history("ann")) == 6


def test_an_event_that_has_come_into_the_mailbox_meanwhile_is_decided_once(engine, storage):
    """Somebody accepts what another is deciding: the decision is refused whole, made again, and there is one of it."""
    engine.handle(added(0))
    one = LoggedEvent(added(1), 10, 2, "decided")
    storage.accept([(added(1), 10)])

    commit = shop.commit("ann", 1, events=[one])
    commit.fresh = True
    with pytest.raises(ConflictError):
        storage.commit_many([commit])
    assert shop.load(storage).revision == 1
    assert engine.handle(added(1)).status == "decided"
    assert engine.handle(added(1)).status == "duplicate"
    assert [logged.event.id for logged in storage.events("ann")] == ["e0", "e1"]


def test_what_cannot_be_stored_is_refused(engine, storage):
    """A NUL is not cut off, nor is what stands behind it: nothing is written."""
    engine.handle(added(0))
    commit = shop.commit("ann", 1, history=[shop.entry(seq=2)._replace(reason="a\x00b")])

    with pytest.raises(StorageError, match="cannot be stored"):
        storage.commit_many([commit])
    assert (shop.load(storage).revision, len(storage.history("ann"))) == (1, 1)


def interrupt_who_waits(conninfo, holder):
    """Ctrl-C, as soon as somebody waits for *holder*."""
    waits = "select count(*) from pg_stat_activity where %s = any(pg_blocking_pids(pid))"
    with psycopg.connect(conninfo, autocommit=True) as other:
        while other.execute(waits, (holder,)).fetchone() == (0,):
            time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)


def test_who_is_interrupted_while_waiting_writes_nothing(engine, storage, postgres):
    """A decision waits for a customer whom a host holds; interrupted, it is called off at the server as well."""
    engine.handle(added(0))
    with psycopg.connect(postgres) as host:
        host.execute("select from journeykit_customers where id = 'ann' for update")
        threading.Thread(target=interrupt_who_waits, args=(postgres, host.info.backend_pid)).start()
        with pytest.raises(KeyboardInterrupt):
            engine.handle(added(1))

    assert shop.load(storage).revision == 1
    assert engine.handle(added(1)).status == "decided"


def test_entering_and_leaving_a_mailbox_is_the_same_for_who_has_mail(engine, storage):
    """Where somebody has mail the plain way asks the other: the mail is decided first."""
    engine.handle(added(0))
    engine.accept(added(1))

    assert engine.handle(added(2)).status == "decided"
    assert [logged.event.id for logged in storage.events("ann")] == ["e0", "e1", "e2"]
