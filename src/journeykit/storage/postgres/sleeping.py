"""
What a worker sleeps on: a connection of its own that listens.

Whoever writes notifies only where a row says that somebody sleeps, for a notification takes a lock that all commits of the server
share. So the row is written first, then the worker looks once more, then it sleeps. A transaction that was under way meanwhile has seen
neither row nor worker: the worker looks a few times more, later and later, before it sleeps for long.
"""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import sql

from journeykit.errors import StorageError
from journeykit.storage.postgres.connections import Connection
from journeykit.storage.postgres.statements import CHANNEL

LOOKS = (0.05, 0.25, 1.0)  #: seconds of the first sleeps, after which it looks again: for transactions that were under way
POLL = 1.0  #: seconds after which it looks again while it cannot listen
LONGEST = 86_400.0  #: seconds of one sleep: more milliseconds than an integer holds cannot be waited for

#: Settled in memory: the row says who sleeps now, and is worth nothing after a crash.
REGISTER = """set synchronous_commit = off; delete from journeykit_sleepers where process not in (select pid from pg_stat_activity);
    insert into journeykit_sleepers values(pg_backend_pid(), false) on conflict(process) do update set asleep = false"""
FALL_ASLEEP = "update journeykit_sleepers set asleep = true where process = pg_backend_pid()"
GET_UP = "update journeykit_sleepers set asleep = false where process = pg_backend_pid()"
LEAVE = "delete from journeykit_sleepers where process = pg_backend_pid()"


class ListeningSleeper:
    """
    Wakes for what any process has written; see `journeykit.ports.Sleeper`.

    Args:
        connect: opens a connection, which is kept for as long as this one is used.
    """

    idle = 60.0

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._ends: tuple[socket.socket, socket.socket] | None = None
        self._woken = False  #: somebody called before the first sleep, or another process has notified

    def sleep(self, pause: Callable[[], float]) -> None:
        """Sleep for as long as *pause* says, asked once everybody knows that this one sleeps; or until `wake`, or until others write."""
        if self._ends is None:
            self._ends = socket.socketpair()
            self._ends[1].setblocking(False)
        try:
            connection = self._listening()
            connection.execute(FALL_ASLEEP)
        except (psycopg.Error, StorageError):
            self._forget()
            self._wait(min(POLL, pause()))
        else:
            try:
                self._doze(pause)
            finally:
                with suppress(psycopg.Error):
                    connection.execute(GET_UP)
        self._woken = False

    def wake(self) -> None:
        """End a sleep, or the next one; from any thread or signal handler."""
        ends = self._ends
        if ends is None:
            self._woken = True
            ends = self._ends  # it may have begun to sleep meanwhile
        if ends is not None:
            with suppress(OSError):  # it has been called often already, or is closed
                ends[1].send(b"!")

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.execute(LEAVE)
        self._forget()
        ends, self._ends = self._ends, None
        for end in ends or ():
            end.close()

    def _doze(self, pause: Callable[[], float]) -> None:
        for longest in LOOKS:
            seconds = pause()
            if self._wait(min(longest, seconds)) or seconds <= longest:
                return
        self._wait(pause())

    def _wait(self, seconds: float) -> bool:
        """Wait until somebody calls; whether they have."""
        if self._woken or self._ends is None:
            return True
        here = self._ends[0]
        sources: list[Any] = [here] if self._connection is None else [here, self._connection]
        ready = _readable(sources, seconds)
        if here.fileno() in ready:
            here.recv(4_096)
            return True
        if ready:
            self._read()
        return bool(ready)

    def _read(self) -> None:
        """Take what the server has sent; a connection that is gone is opened anew for the next sleep."""
        assert self._connection is not None
        try:
            self._connection.pgconn.consume_input()
            while self._connection.pgconn.notifies() is not None:
                pass
        except psycopg.Error:
            self._forget()

    def _listening(self) -> Connection:
        if self._connection is None:
            connection = self._connect()
            connection.add_notify_handler(self._notified)
            connection.execute(sql.SQL("listen {}").format(sql.Identifier(CHANNEL)))
            connection.execute(REGISTER)
            self._connection = connection
        return self._connection

    def _notified(self, _: object) -> None:
        """What comes while a statement is executed on the connection."""
        self._woken = True

    def _forget(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _readable(sources: list[Any], seconds: float) -> set[int]:
    """Wait until one of *sources* has something to say; not by ``select.select``, which refuses what a busy process opened 1,024th."""
    with selectors.DefaultSelector() as selector:
        for one in sources:
            selector.register(one, selectors.EVENT_READ)
        return {key.fd for key, _ in selector.select(min(max(0.0, seconds), LONGEST))}
