"""An order and what follows from it in one transaction, on the host's own connection."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager

import psycopg
import pytest

from journeykit import MemoryStorage, PostgresStorage, SQLiteStorage, StorageError
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
