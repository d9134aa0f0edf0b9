"""An order and what follows from it in one transaction of a session of SQLAlchemy."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from functools import wraps

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL, create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool
from sqlalchemy.util import greenlet_spawn

from journeykit import Engine, Event, ManualClock, PostgresStorage, SQLiteStorage
from journeykit.contrib import sqlalchemy as ours
from journeykit.contrib.sqlalchemy import within
from journeykit.model.messages import moment
from journeykit.testing import storage_samples as shop
from journeykit.testing.contract_host import CARE, HostTransactionContract


class SessionHost:
    """A session with its transaction open."""

    def __init__(self, session):
        self.session = session
        self.connection = session.connection().connection.driver_connection

    def order(self, name):
        self.session.execute(text("insert into orders values(:name)"), {"name": name})

    def orders(self):
        return self.session.execute(text("select id from orders")).scalars().all()


class TestSessionOnSQLite(HostTransactionContract):
    concurrent = False

    @pytest.fixture(autouse=True)
    def _database(self, tmp_path):
        self.path = tmp_path / "shop.db"
        self.bind = create_engine(f"sqlite:///{self.path}")
        with self.bind.begin() as connection:
            connection.execute(text("create table orders(id text)"))
        yield
        self.bind.dispose()

    def create_storage(self):
        return SQLiteStorage(self.path)

    @contextmanager
    def transaction(self):
        with Session(self.bind) as session, session.begin():
            host = SessionHost(session)
            host.connection.execute("begin immediate")
            yield host


def url(conninfo):
    """SQLAlchemy's address of a database of psycopg's."""
    return URL.create("postgresql+psycopg", query=conninfo_to_dict(conninfo) | {"dbname": "postgres"})


class DriverHost(SessionHost):
    """A session with its transaction open, on PostgreSQL."""

    def __init__(self, session):
        self.session = session
        self.connection = ours._driver(session)


class TestSessionOnPostgres(HostTransactionContract):
    @pytest.fixture(autouse=True)
    def _database(self, postgres):
        self.conninfo = postgres
        self.bind = create_engine(url(postgres))
        with self.bind.begin() as connection:
            connection.execute(text("create table if not exists orders(id text)"))
        yield
        self.bind.dispose()

    def create_storage(self):
        return PostgresStorage(self.conninfo)

    @contextmanager
    def transaction(self):
        with Session(self.bind) as session, session.begin():
            yield DriverHost(session)


def where_it_may_wait(test):
    """The test, run as `AsyncSession.run_sync` runs a function."""

    @wraps(test)
    def run(*arguments, **named):
        asyncio.run(greenlet_spawn(test, *arguments, **named))

    return run


class TestAsyncSessionOnPostgres(TestSessionOnPostgres):
    """The same in `AsyncSession.run_sync`, on psycopg's async connection."""

    @contextmanager
    def transaction(self):
        bind = create_async_engine(url(self.conninfo), poolclass=NullPool)
        with AsyncSession(bind).sync_session as session, session.begin():
            yield DriverHost(session)


for _name in dir(HostTransactionContract):
    if _name.startswith("test_"):
        setattr(TestAsyncSessionOnPostgres, _name, where_it_may_wait(getattr(HostTransactionContract, _name)))


@pytest.mark.parametrize("size", [1, 200])
def test_an_async_session(postgres, size):
    """What a host writes: an order and what follows from it, one or many at once, in one transaction."""
    storage = PostgresStorage(postgres)
    told = []
    engine = Engine(CARE, storage, clock=ManualClock(moment(1_000)), hooks=[lambda what, _: told.append(what)])
    events = [bought(f"customer {number}") for number in range(size)]

    async def order(fail):
        bind = create_async_engine(url(postgres), poolclass=NullPool)
        async with AsyncSession(bind) as session, session.begin():
            await session.run_sync(lambda inner: within(engine, inner).handle_many(events))
            assert (storage.customers(limit=1), told) == ([], [])
            if fail:
                await session.rollback()

    asyncio.run(order(fail=True))
    assert (storage.customers(), told) == ([], [])
    asyncio.run(order(fail=False))
    assert len(storage.customers()) == len(storage.outbox()) == size
    assert told == ["committed"] * size
    storage.close()


@pytest.fixture(name="bind")
def _bind(tmp_path):
    bind = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    yield bind
    bind.dispose()


@pytest.fixture(name="told")
def _told():
    return []


@pytest.fixture(name="engine")
def _engine(tmp_path, bind, told):
    storage = SQLiteStorage(tmp_path / "shop.db")
    storage.migrate()
    yield Engine(CARE, storage, clock=ManualClock(moment(1_000)), hooks=[lambda what, _: told.append(what)])
    storage.close()


def bought(customer_id):
    return Event("Order Completed", id="order-1", customer_id=customer_id, occurred_at=moment(1_000))


def test_our_part_may_come_first(engine, bind, told):
    """sqlite3 begins a transaction with the first row that is written; ours is in it, and goes with it."""
    with Session(bind) as session:
        within(engine, session).handle(bought("ann"))
        session.rollback()

    assert shop.load(engine.storage).revision == 0
    assert told == []


def test_hooks_are_told_after_the_commit(engine, bind, told):
    """Not at the end of a savepoint, and once."""
    with Session(bind) as session, session.begin():
        with session.begin_nested():
            within(engine, session).handle(bought("ann"))
        assert told == []

    assert told == ["committed"]
    with Session(bind) as session, session.begin():
        session.execute(text("select 1"))
    assert told == ["committed"]


def test_a_later_transaction_of_the_session_is_another(engine, bind, told):
    """What was rolled back is not told of after the next commit."""
    with Session(bind) as session:
        within(engine, session).handle(bought("ann"))
        session.rollback()
        within(engine, session).handle(bought("bob"))
        session.commit()

    assert told == ["committed"]
    assert (shop.load(engine.storage).revision, shop.load(engine.storage, "bob").revision) == (0, 1)
