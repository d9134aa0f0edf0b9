"""
Prepared statements run through libpq itself, on connections of our own.

What psycopg does besides, for every statement anew, takes as long as the server does to read or write one customer. So the two statements
that an event by itself takes go this way, and nothing else does.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

import psycopg
from psycopg import errors, pq

Value = str | int | None

_FAILED = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE)


class Direct:
    """
    The statements that are prepared on one connection.

    Args:
        connection: of our own, in autocommit, lent to one call at a time.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._pgconn = connection.pgconn
        self._encoding = connection.info.encoding
        self._names: dict[bytes, bytes] = {}
        self._numbers = count()
        self._poll = select.poll()
        self._poll.register(self._pgconn.socket, select.POLLIN)

    def run(self, statement: bytes, formats: Sequence[int], arguments: Sequence[Value]) -> list[tuple[str | None, ...]]:
        """
        Run one statement, a transaction by itself.

        Args:
            statement: its text; the same object each time.
            formats: for each argument 1 where it is text, which goes with its length (so that the server refuses a NUL), 0 where not.
            arguments: what stands for ``$1``, ``$2`` and so on.

        Returns:
            The rows, each value as text.

        Raises:
            psycopg.Error: what the server says, or that it is gone.
        """
        encoding = self._encoding
        values = [None if one is None else one.encode(encoding) if isinstance(one, str) else b"%d" % one for one in arguments]
        try:
            result = self._run(statement, values, formats)
        except errors.InvalidSqlStatementName:  # psycopg lets go of everything prepared where it has rolled back
            self._names.clear()
            result = self._run(statement, values, formats)
        columns = range(result.nfields)
        return [tuple([self._text(result.get_value(row, column)) for column in columns]) for row in range(result.ntuples)]

    def _text(self, value: bytes | None) -> str | None:
        return None if value is None else value.decode(self._encoding)

    def _run(self, statement: bytes, values: Sequence[bytes | None], formats: Sequence[int]) -> pq.abc.PGresult:
        name = self._names.get(statement)
        if name is None:
            name = b"journeykit_%d" % next(self._numbers)
            self._ask(lambda: self._pgconn.send_prepare(name, statement))
            self._names[statement] = name
        return self._ask(lambda: self._pgconn.send_query_prepared(name, values, formats))

    def _ask(self, send: Callable[[], None]) -> pq.abc.PGresult:
        """Send something and wait for the answer, as long as it takes; what interrupts the waiting ends the statement as well."""
        send()
        try:
            result = self._answer()
        except psycopg.Error:
            raise
        except BaseException:
            with suppress(psycopg.Error):
                self._connection.cancel_safe(timeout=1.0)
            raise
        if result.status in _FAILED:
            raise _error(result, self._encoding)
        return result

    def _answer(self) -> pq.abc.PGresult:
        pgconn = self._pgconn
        while pgconn.flush():
            self._writable()
        while pgconn.is_busy():
            self._poll.poll()
            pgconn.consume_input()
        result = pgconn.get_result()
        while (more := pgconn.get_result()) is not None:
            result = more
        if result is None:
            raise errors.OperationalError("the connection is gone")
        return result

    def _writable(self) -> None:
        """Wait until more can be sent, or until the server has something to say first."""
        ready = select.poll()
        ready.register(self._pgconn.socket, select.POLLIN | select.POLLOUT)
        if any(event & select.POLLIN for _, event in ready.poll()):
            self._pgconn.consume_input()


def _error(result: pq.abc.PGresult, encoding: str) -> psycopg.Error:
    state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
    try:
        kind = errors.lookup(state)
    except KeyError:
        kind = errors.DatabaseError
    return kind((result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or result.error_message or b"").decode(encoding, "replace"))
