"""A host's async connection, used by code that does not await: whoever hands it over says how to wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, cast

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from journeykit.errors import StorageError
from journeykit.storage.postgres.connections import Cursor, errors_as_ours, inside

Wait = Callable[[Awaitable[Any]], Any]


class AwaitingConnection:
    """
    Gives transactions on a host's async connection of psycopg: savepoints in what the host has open there.

    Args:
        connection: the connection, which is used by nobody else meanwhile.
        wait: waits for what is awaitable and returns its result, as ``sqlalchemy.util.await_only`` does within its greenlet.

    Raises:
        StorageError: it is a connection of another driver.
    """

    open = None
    hosts = True

    def __init__(self, connection: object, wait: Wait) -> None:
        if not isinstance(connection, psycopg.AsyncConnection):
            raise StorageError(f"{type(connection).__module__} is another driver; connect with postgresql+psycopg")
        self._connection: psycopg.AsyncConnection[Any] = connection
        self._wait = wait

    @contextmanager
    def transaction(self, *, single: bool = False) -> Iterator[Cursor]:
        """Run what is inside in a savepoint of the host's transaction, or in a transaction of its own."""
        with inside(self._cursor(), self._idle) as cursor:
            yield cursor

    def alone(self) -> AbstractContextManager[Cursor]:
        """Run statements each for itself, or in the host's transaction where that is open."""
        return self._each() if self._idle else self.transaction()

    @contextmanager
    def _each(self) -> Iterator[Cursor]:
        with errors_as_ours():
            yield self._cursor()

    @property
    def _idle(self) -> bool:
        return self._connection.autocommit and self._connection.info.transaction_status == TransactionStatus.IDLE

    def _cursor(self) -> Cursor:
        return cast("Cursor", _AwaitingCursor(self._connection, self._wait))

    def close(self) -> None:
        """The host closes it."""


class _AwaitingCursor:
    """As much of a cursor as the storage uses."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], wait: Wait) -> None:
        self.connection = connection
        self._cursor = psycopg.AsyncRawCursor(connection, row_factory=tuple_row)
        self._wait = wait

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    def execute(self, statement: Any, arguments: Sequence[Any] | None = None) -> _AwaitingCursor:
        self._wait(self._cursor.execute(statement, arguments))
        return self

    def fetchone(self) -> Any:
        return self._wait(self._cursor.fetchone())

    def fetchall(self) -> list[Any]:
        return cast("list[Any]", self._wait(self._cursor.fetchall()))

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())

    @contextmanager
    def copy(self, statement: str) -> Iterator[_AwaitingCursor]:
        """All that is written goes in one piece, for a batch is one already."""
        self._copied: list[str] = []
        yield self
        self._wait(self._copy(statement))

    def write(self, text: str) -> None:
        self._copied.append(text)

    async def _copy(self, statement: str) -> None:
        async with self._cursor.copy(statement) as copy:
            for text in self._copied:
                await copy.write(text)
