"""Whose connection a statement runs on, and where a transaction begins and ends."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
from typing import Protocol, runtime_checkable

from journeykit.errors import SchemaError, StorageError

READ = "begin"
ALONE = ""  #: for a statement by itself, which is a transaction by itself; its rows are fetched at once
WRITE = "begin immediate"


def unmigrated(what: str) -> SchemaError:
    """The error of a database whose tables are missing or old."""
    return SchemaError(f"{what}; call storage.migrate() once, before the first use")


def _failed(error: sqlite3.Error) -> StorageError:
    if "no such table: journeykit_" in str(error):
        return unmigrated(f"the database is not prepared ({error})")
    if "locked" in str(error):
        return StorageError(f"SQLite: {error}; another writer held the database for too long: keep transactions short, or raise timeout")
    return StorageError(f"SQLite: {error}")


@runtime_checkable
class Connections(Protocol):
    """Gives transactions; a cursor lives as long as its transaction."""

    def transaction(self, begin: str) -> AbstractContextManager[sqlite3.Cursor]:
        """Run what is inside in one transaction, begun by *begin* where none is open."""

    def secure(self) -> AbstractContextManager[None]:
        """Overwrite what is deleted inside."""

    def purge(self) -> None:
        """Write the file anew, without what was deleted."""

    def durable(self) -> None:
        """Set what the database file remembers about durability, before a migration."""

    def close(self) -> None:
        """Let go of what was opened here."""


class _Connection(sqlite3.Connection):
    """A connection that can be referred to weakly: it goes when its thread goes, and closes itself then."""

    def __del__(self) -> None:
        with suppress(sqlite3.Error):  # it could not be opened at all
            self.close()


class _Transaction:
    """One transaction of a connection of our own. A class: a generator would cost an event by itself as much as a statement."""

    __slots__ = ("_begin", "_cursor")

    def __init__(self, cursor: sqlite3.Cursor, begin: str) -> None:
        self._cursor = cursor
        self._begin = begin

    def __enter__(self) -> sqlite3.Cursor:
        if self._begin:
            self._run(self._begin)
        return self._cursor

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            if self._begin:
                self._run("commit")
            return
        self._undo()
        if isinstance(error, sqlite3.Error):
            raise _failed(error) from error

    def _run(self, statement: str) -> None:
        try:
            self._cursor.execute(statement)
        except BaseException as error:
            self._undo()
            if isinstance(error, sqlite3.Error):
                raise _failed(error) from error
            raise

    def _undo(self) -> None:
        if self._cursor.connection.in_transaction:
            self._cursor.execute("rollback")


class OwnConnections:
    """One connection for each thread (and each process, after a fork) to one file."""

    def __init__(self, path: str, synchronous: str, timeout: float) -> None:
        self._path = path
        self._synchronous = synchronous
        self._timeout = timeout
        self._local = threading.local()
        self._opened: weakref.WeakSet[_Connection] = weakref.WeakSet()
        self._inherited: list[_Connection] = []  #: of the process before a fork; closing them here would drop its locks

    def _connection(self) -> _Connection:
        process, connection = getattr(self._local, "connection", (0, None))
        if connection is not None and process == os.getpid():
            return connection  # type: ignore[no-any-return]
        if connection is not None:
            self._inherited.append(connection)
        connection = self._open()
        self._local.connection = (os.getpid(), connection)
        return connection

    def _open(self) -> _Connection:
        try:
            connection = sqlite3.connect(
                self._path, timeout=self._timeout, isolation_level=None, check_same_thread=False, cached_statements=200, factory=_Connection
            )  # fmt: skip
            for pragma in (f"synchronous={self._synchronous}", "cache_size=-131072", "wal_autocheckpoint=10000"):
                connection.execute(f"pragma {pragma}")
        except sqlite3.Error as error:
            raise StorageError(f'SQLite cannot open "{self._path}": {error}') from error
        self._opened.add(connection)
        return connection

    def transaction(self, begin: str) -> _Transaction:
        """Run what is inside in one transaction."""
        return _Transaction(self._connection().cursor(), begin)

    @contextmanager
    def secure(self) -> Iterator[None]:
        """Overwrite what is deleted inside, and then empty the write-ahead log, where nobody is reading."""
        connection = self._connection()
        with _overwriting(connection):
            yield
        with suppress(sqlite3.Error):
            connection.execute("pragma wal_checkpoint(truncate)")

    def purge(self) -> None:
        """Write the file anew, without what was deleted."""
        _purge(self._connection())

    def durable(self) -> None:
        """Readers and one writer at a time do not wait for each other in WAL mode; the file remembers it."""
        try:
            self._connection().execute("pragma journal_mode=wal")
        except sqlite3.Error as error:
            raise _failed(error) from error

    def close(self) -> None:
        """Close the connections of every thread."""
        for connection in list(self._opened):
            connection.close()
        self._local = threading.local()


@contextmanager
def _overwriting(connection: sqlite3.Connection) -> Iterator[None]:
    before = connection.execute("pragma secure_delete").fetchone()[0]
    connection.execute("pragma secure_delete = 1").fetchall()
    try:
        yield
    finally:
        connection.execute(f"pragma secure_delete = {int(before)}").fetchall()


def _purge(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("vacuum")
        busy = connection.execute("pragma wal_checkpoint(truncate)").fetchone()[0]
    except sqlite3.Error as error:
        raise _failed(error) from error
    if busy:
        raise StorageError("SQLite: somebody is reading the database, so its write-ahead log cannot be emptied; call purge again")


class HostConnection:
    """The host's own connection: inside its open transaction, or, where there is none, in one of our own."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.RLock()

    @contextmanager
    def transaction(self, begin: str) -> Iterator[sqlite3.Cursor]:
        """Run what is inside in a savepoint of the host's transaction, or in a transaction of its own."""
        with self._lock:
            cursor = self._connection.cursor()
            cursor.row_factory = None
            inside = self._connection.in_transaction
            try:
                if inside or begin:
                    cursor.execute("savepoint journeykit" if inside else begin)
                yield cursor
                if inside or begin:
                    cursor.execute("release journeykit" if inside else "commit")
            except BaseException as error:
                if self._connection.in_transaction:  # SQLite itself ends it where a disk is full
                    cursor.execute("rollback to journeykit" if inside else "rollback")
                    if inside:
                        cursor.execute("release journeykit")
                if isinstance(error, sqlite3.Error):
                    raise _failed(error) from error
                raise

    @contextmanager
    def secure(self) -> Iterator[None]:
        """Overwrite what is deleted inside."""
        with self._lock, _overwriting(self._connection):
            yield

    def purge(self) -> None:
        """Write the file anew, without what was deleted."""
        with self._lock:
            _purge(self._connection)

    def durable(self) -> None:
        """The host's connection is set up by the host."""

    def close(self) -> None:
        """The host closes it."""
