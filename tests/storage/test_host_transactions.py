"""An order and what follows from it in one transaction, on the host's own connection."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, contextmanager

import psycopg
import pytest
from attrs import evolve

from journeykit import Catalog, ConflictError, Engine, Event, Journey, MemoryStorage, PostgresStorage, SQLiteStorage, Step, StorageError
from journeykit.testing.contract_host import HostTransactionContract


class ConnectionHost:
    """A connection of the driver's with a transaction open."""

    place = "?"

    def __init__(self, connection):
        self.connection = connection

    def order(self, name):
        self.connection.execute(f"insert into orders values({self.place})", (name,))

    def orders(self):
        return [row[0] for row in self.connection.execute("select id from orders")]


class TestSQLiteConnection(HostTransactionContract):
    concurrent = False

    @pytest.fixture(autouse=True)
    def _database(self, tmp_path):
        self.path = tmp_path / "shop.db"
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("create table orders(id text)")

    def create_storage(self):
        return SQLiteStorage(self.path)

    @contextmanager
    def transaction(self):
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("begin immediate")
            try:
                yield ConnectionHost(connection)
            except BaseException:
                connection.execute("rollback")
                raise
            connection.execute("commit")


class PostgresHost(ConnectionHost):
    """A connection of psycopg with a transaction open."""

    place = "%s"


class PostgresHosts(HostTransactionContract):
    """What both kinds of connection of psycopg have in common."""

    @pytest.fixture(autouse=True)
    def _database(self, postgres):
        self.conninfo = postgres
        with psycopg.connect(postgres) as connection:
            connection.execute("create table if not exists orders(id text)")

    def create_storage(self):
        return PostgresStorage(self.conninfo)


class TestPsycopgConnection(PostgresHosts):
    """psycopg begins with the first statement, which may be ours."""

    @contextmanager
    def transaction(self):
        with psycopg.connect(self.conninfo) as connection:
            yield PostgresHost(connection)


class TestPsycopgConnectionWithAutocommit(PostgresHosts):
    """The host says where its transaction begins."""

    @contextmanager
    def transaction(self):
        with psycopg.connect(self.conninfo, autocommit=True) as connection, connection.transaction():
            yield PostgresHost(connection)


def test_a_connection_of_something_else(tmp_path):
    """The error says what is wanted."""
    storage = SQLiteStorage(tmp_path / "shop.db")
    with pytest.raises(StorageError, match="str is no connection of sqlite3"):
        storage.within("shop.db")
    with pytest.raises(StorageError, match="use the storage of the host's database"):
        MemoryStorage().within(sqlite3.connect(":memory:"))
    storage.close()
    with pytest.raises(StorageError, match="str is no connection of psycopg"):
        PostgresStorage("postgresql://shop").within("shop")


WELCOME = Journey("welcome", entry="Signed Up", steps=[Step("greeted", stage="awareness", do="email")])


def signed_up(customer: str) -> Event:
    return Event("Signed Up", id=f"signup of {customer}", customer_id=customer, occurred_at="2026-03-02T09:00:00+00:00")


@pytest.fixture(name="engine")
def _engine(postgres):
    storage = PostgresStorage(postgres)
    engine = Engine([WELCOME, Catalog(facts={"signups": "count of Signed Up"})], storage, {"email": lambda request: None})
    engine.handle_many([signed_up("ann"), signed_up("ben")])
    yield engine
    storage.close()


def again(customer: str) -> Event:
    return evolve(signed_up(customer), id=f"another signup of {customer}")


def test_who_waits_too_long_for_a_customer_hears_of_it_once(engine, postgres):
    """In the host's transaction nothing is gained by deciding again: as long as the host allows is waited for once, and the host is told."""
    with psycopg.connect(postgres) as other, psycopg.connect(postgres) as host:
        engine.within(other).handle(again("ben"))
        host.execute("set lock_timeout = 20")
        host.commit()
        with pytest.raises(ConflictError, match=r"in the way \(canceling statement due to lock timeout\); roll yours back") as caught:
            engine.within(host).handle(again("ben"))
        assert caught.value.final
        engine.within(host).handle(again("ann"))
        host.commit()
        other.commit()

    assert engine.export("ann")["known"]["facts"] == engine.export("ben")["known"]["facts"] == {"signups": 2}


def test_a_transaction_that_sees_the_past_is_to_begin_anew(engine, postgres):
    """Another was first, and a host's transaction of that isolation will never see it."""
    with psycopg.connect(postgres) as host:
        host.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        host.execute("select 1")
        engine.handle(again("ann"))
        with pytest.raises(
            ConflictError, match=r"could not serialize access due to concurrent update.*; roll yours back and begin it anew"
        ):
            engine.within(host).handle(evolve(again("ann"), id="a third"))
        host.rollback()
        engine.within(host).handle(evolve(again("ann"), id="a third"))

    assert engine.export("ann")["known"]["facts"] == {"signups": 3}


def test_of_two_hosts_that_wait_for_each_other_one_is_told(engine, postgres):
    """One has decided for Ann and wants Ben, the other the other way round: one goes on, and the other begins anew."""
    both, refused = threading.Barrier(2, timeout=300), []

    def happen(first: str, second: str) -> None:
        with psycopg.connect(postgres) as host:
            engine.within(host).handle(evolve(again(first), id=f"{first} first"))
            both.wait()
            try:
                engine.within(host).handle(evolve(again(second), id=f"{second} second"))
            except ConflictError as error:
                refused.append(str(error))
                host.rollback()

    threads = [threading.Thread(target=happen, args=names) for names in (("ann", "ben"), ("ben", "ann"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert refused == ["another transaction is in the way (deadlock detected); roll yours back and begin it anew"]
    assert engine.export("ann")["known"]["facts"] == engine.export("ben")["known"]["facts"] == {"signups": 2}
