"""An order and what follows from it in one transaction, on the host's own connection."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager

import psycopg
import pytest

from journeykit import MemoryStorage, PostgresStorage, SQLiteStorage, StorageError
from journeykit.testing.contract_host import HostTransactionContract


class SQLiteHost:
    """A connection of sqlite3 with a transaction open."""

    def __init__(self, connection):
        self.connection = connection

    def order(self, name):
        self.connection.execute("insert into orders values(?)", (name,))

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
                yield SQLiteHost(connection)
            except BaseException:
                connection.execute("rollback")
                raise
            connection.execute("commit")


class TestPostgresConnection(HostTransactionContract):
    @pytest.fixture(autouse=True)
    def _database(self, postgres):
        self.conninfo = postgres
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute("create table if not exists orders(id text)")

    def create_storage(self):
        return PostgresStorage(self.conninfo)

    @contextmanager
    def transaction(self):
        with psycopg.connect(self.conninfo) as connection:
            connection.execute("select 'the host has begun'")
            yield PostgresHost(connection)


class PostgresHost(SQLiteHost):
    """A connection of psycopg with a transaction open."""

    def order(self, name):
        self.connection.execute("insert into orders values(%s)", (name,))


def test_a_connection_of_something_else(tmp_path):
    """The error says what is wanted."""
    storage = SQLiteStorage(tmp_path / "shop.db")
    with pytest.raises(StorageError, match="str is no connection of sqlite3"):
        storage.within("shop.db")
    with pytest.raises(StorageError, match="use the storage of the host's database"):
        MemoryStorage().within(sqlite3.connect(":memory:"))
    with closing(sqlite3.connect(":memory:")) as other, pytest.raises(StorageError, match="Connection is no connection of psycopg 3"):
        PostgresStorage("postgresql:///shop").within(other)
    storage.close()
