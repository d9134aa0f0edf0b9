"""An order and what follows from it in one transaction of a session of SQLAlchemy."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from journeykit import Engine, Event, ManualClock, SQLiteStorage
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
