"""Whose connection a statement runs on, and where a transaction begins and ends."""

from __future__ import annotations

import os
import queue
import select
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
from typing import Any, Protocol, runtime_checkable

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from journeykit.errors import ConflictError, SchemaError, StorageError
from journeykit.storage.postgres.direct import Direct, Value

Cursor = psycopg.RawCursor[Any]  #: arguments are ``$1``
Connection = psycopg.Connection[Any]

#: Every statement goes to its rows by an index. The planner, which has no statistics of a table that was empty a minute ago, would
#: read it whole, and keep that plan while the table grows.
_PLANS = "set enable_seqscan=off; set enable_hashjoin=off; set enable_mergejoin=off; set enable_material=off; set jit=off; set plan_cache_mode=force_generic_plan"

#: Somebody else's transaction was in the way (the last: it has just made the partition that a row of history belongs to): nothing
#: was written, and deciding again is all it takes.
_OVERTAKEN = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable, errors.CheckViolation)
#: In a host's transaction they come again: what it holds, and what it sees, stay until it ends.
_FINAL = _OVERTAKEN[:3]

_FRESH = 1.0  #: seconds for which a connection that is idle is taken to be sound


class Refused(StorageError):  # noqa: N818  a way out of a transaction, not an error that anybody sees
    """The counts of a statement were not as it demanded: it has taken back what it wrote."""


def unmigrated(what: str) -> SchemaError:
    """The error of a database whose tables are missing or old."""
    return SchemaError(f"{what}; call storage.migrate() once, before the first use")


def failed(error: Exception, within: bool = False) -> StorageError:
    """What a host is told of an error of the driver's; *within* its own transaction."""
    text = str(error).strip().split("\n")[0]
    if within and isinstance(error, _FINAL):
        return ConflictError(held=text)
    if isinstance(error, _OVERTAKEN):
        return ConflictError()
    if isinstance(error, errors.DivisionByZero):
        return Refused(text)
    if isinstance(error, errors.UndefinedTable) and "journeykit_" in text:
        return unmigrated(f"the database is not prepared ({text})")
    if isinstance(error, (UnicodeEncodeError, errors.CharacterNotInRepertoire)) or "NUL" in text:
        return StorageError(f"PostgreSQL: {text}; a text holds what cannot be stored: give plain text")
    if isinstance(error, errors.QueryCanceled):
        return StorageError(f"PostgreSQL: {text}; raise statement_timeout, or look what holds the rows (pg_locks)")
    return StorageError(f"PostgreSQL: {text or type(error).__name__}")


@runtime_checkable
class Connections(Protocol):
    """Gives transactions; a cursor lives as long as its transaction, and its rows are plain tuples."""

    def transaction(self, *, single: bool = False) -> AbstractContextManager[Cursor]:
        """
        Run what is inside in one transaction: a savepoint of the host's, or one of its own where none is open.

        Args:
            single: one statement is all that is run, which is a transaction by itself.

        Raises:
            StorageError: for whatever the driver raises inside.
        """

    def alone(self) -> AbstractContextManager[Cursor]:
        """
        Run statements each for itself, as migrations need it; in the host's transaction where that is open.

        Raises:
            StorageError: for whatever the driver raises inside.
        """

    @property
    def open(self) -> Callable[[], Connection] | None:
        """Opens a further connection of our own, which the caller closes; None where all of it is the host's, or a pooler's."""

    @property
    def hosts(self) -> bool:
        """Whether the transaction may be a host's: then nobody knows when it ends."""

    def close(self) -> None:
        """Let go of what was opened here."""


class OwnCursor(Cursor):
    """
    A cursor of a connection of our own.

    Args:
        connection: the connection.
        prepares: whether something may be prepared there.

    Attributes:
        direct: a shorter way for single statements, where something may be prepared.
    """

    def __init__(self, connection: Connection, *, prepares: bool) -> None:
        super().__init__(connection, row_factory=tuple_row)
        self.direct = Direct(connection) if prepares else None


def run(cursor: Cursor, statement: bytes, formats: Sequence[int], arguments: Sequence[Value]) -> list[tuple[Any, ...]]:
    """Run a statement that is all that is run in its transaction, the short way where there is one; see `Direct.run`."""
    if isinstance(cursor, OwnCursor) and cursor.direct is not None:
        return cursor.direct.run(statement, formats, arguments)
    texts = [one if one is None or isinstance(one, str) else str(int(one)) for one in arguments]
    return cursor.execute(statement, texts).fetchall()


class OwnConnections:
    """
    A few connections of our own, lent to one call at a time.

    Args:
        conninfo: a URL, or what else libpq understands.
        schema: where the tables are; None for the first of the search path.
        limit: how many connections there are at most; further threads wait for one.
        pooler: a pooler in transaction mode stands between: nothing is set on a session, and nothing prepared there.
    """

    hosts = False

    def __init__(self, conninfo: str, schema: str | None, limit: int, pooler: bool) -> None:
        self._conninfo = conninfo
        self._schema = schema
        self._pooler = pooler
        self._limit = limit
        self._renew()

    def _renew(self) -> None:
        self._process = os.getpid()
        self._idle: list[tuple[Cursor, float]] = []  #: and since when; the last one first, so that the fewest are kept warm
        # Asked twice for each event: a queue of places costs a tenth of a semaphore.
        self._places: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(self._limit):
            self._places.put(None)

    @property
    def open(self) -> Callable[[], Connection] | None:
        """Opens a further connection, which the caller closes; None where a pooler would give it to others meanwhile."""
        return None if self._pooler else self._open

    def _open(self) -> Connection:
        try:
            connection = psycopg.connect(
                self._conninfo, autocommit=True, row_factory=tuple_row, prepare_threshold=None if self._pooler else 2,
                fallback_application_name="journeykit",
            )  # fmt: skip
            if self._schema is not None:
                connection.execute(psycopg.sql.SQL("set search_path to {}").format(psycopg.sql.Identifier(self._schema)))
            if not self._pooler:
                connection.execute(_PLANS)
        except psycopg.Error as error:
            raise failed(error) from error
        return connection

    def borrow(self) -> Cursor:
        """Lend a cursor of a connection that nobody else uses; it is to be given back."""
        if self._process != os.getpid():  # after a fork: those of the parent stay the parent's, unclosed
            self._inherited = self._idle
            self._renew()
        self._places.get()
        try:
            while self._idle:
                try:
                    cursor, since = self._idle.pop()
                except IndexError:  # another thread was faster
                    break
                if time.monotonic() - since < _FRESH or not _gone(cursor.connection):
                    return cursor
                cursor.connection.close()
            return OwnCursor(self._open(), prepares=not self._pooler)
        except BaseException:
            self._places.put(None)
            raise

    def give_back(self, cursor: Cursor) -> None:
        """Take back what was lent; a connection that is no longer sound is closed."""
        if cursor.connection.info.transaction_status == TransactionStatus.IDLE:
            self._idle.append((cursor, time.monotonic()))
        else:
            cursor.connection.close()
        self._places.put(None)

    def transaction(self, *, single: bool = False) -> AbstractContextManager[Cursor]:
        """Run what is inside in one transaction."""
        return _Lent(self) if single else self._several()

    @contextmanager
    def _several(self) -> Iterator[Cursor]:
        with _Lent(self) as cursor:
            # A batch never waits long for anybody: who is in the way is decided for later.
            cursor.execute("begin; set local lock_timeout = 1000")
            try:
                yield cursor
                cursor.execute("commit")
            except BaseException:
                with suppress(psycopg.Error):
                    cursor.execute("rollback")
                raise

    def alone(self) -> AbstractContextManager[Cursor]:
        """Run statements each for itself."""
        return _Lent(self)

    def close(self) -> None:
        """Close the connections that nobody uses; the others are closed as they are given back."""
        idle, self._idle = self._idle, []
        for cursor, _ in idle:
            cursor.connection.close()


class _Lent:
    """A cursor, for as long as a ``with`` lasts. Written out, since each event asks for two."""

    __slots__ = ("_connections", "_cursor")

    def __init__(self, connections: OwnConnections) -> None:
        self._connections = connections

    def __enter__(self) -> Cursor:
        self._cursor = self._connections.borrow()
        return self._cursor

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._connections.give_back(self._cursor)
        if isinstance(error, (psycopg.Error, UnicodeEncodeError)):
            raise failed(error) from error


class HostConnection:
    """
    The host's own connection: inside its open transaction, or, where there is none, in one of our own.

    One that is not in autocommit always counts as open: psycopg begins with whatever is run first, and only the host ends it.
    """

    open = None
    hosts = True

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.RLock()

    @contextmanager
    def transaction(self, *, single: bool = False) -> Iterator[Cursor]:
        """Run what is inside in a savepoint of the host's transaction, or in a transaction of its own."""
        with self._lock, inside(_cursor(self._connection), self._idle) as cursor:
            yield cursor

    @property
    def _idle(self) -> bool:
        return self._connection.autocommit and self._connection.info.transaction_status == TransactionStatus.IDLE

    def alone(self) -> AbstractContextManager[Cursor]:
        """Run statements each for itself, or in the host's transaction where that is open."""
        return self._each() if self._idle else self.transaction()

    @contextmanager
    def _each(self) -> Iterator[Cursor]:
        with self._lock, errors_as_ours():
            yield _cursor(self._connection)

    def close(self) -> None:
        """The host closes it."""


@contextmanager
def errors_as_ours(within: bool = False) -> Iterator[None]:
    """Turn what the driver raises inside, *within* a host's transaction or not, into a `StorageError`."""
    try:
        yield
    except (psycopg.Error, UnicodeEncodeError) as error:
        raise failed(error, within) from error


@contextmanager
def inside(cursor: Cursor, idle: bool) -> Iterator[Cursor]:
    """Run what is inside in a savepoint of the transaction that is open, or in one of its own where the connection is *idle*."""
    with errors_as_ours(within=not idle):
        cursor.execute("begin" if idle else "savepoint journeykit")
        try:
            yield cursor
            cursor.execute("commit" if idle else "release journeykit")
        except BaseException:
            with suppress(psycopg.Error):
                cursor.execute("rollback" if idle else "rollback to journeykit")
                if not idle:
                    cursor.execute("release journeykit")
            raise


def _cursor(connection: Connection) -> Cursor:
    return psycopg.RawCursor(connection, row_factory=tuple_row)


def _gone(connection: Connection) -> bool:
    """Whether the server has closed it while it was idle: then there is something to read, and that is the end."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return bool(poll.poll(0))
