"""A limit for a whole conversation over a socket, however slowly and however much the other side talks."""

from __future__ import annotations

import io
import socket
import time
from typing import cast


class Deadline:
    """
    The moment by which a conversation has to be over.

    A time limit on a socket starts anew with every byte that arrives; this one does not.

    Args:
        seconds: how long it may take from now on.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """The seconds that are left; raise `TimeoutError` where there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.passed()
        return left

    def passed(self) -> TimeoutError:
        """The error that says so."""
        return TimeoutError(f"not done within {self._seconds:g} seconds")


class _Incoming(io.RawIOBase):
    """What a socket receives until the deadline, and no more than so many bytes of it."""

    def __init__(self, sock: socket.socket, deadline: Deadline, most: int) -> None:
        self._sock = sock
        self._stream = sock.makefile("rb", buffering=0)  # keeps the socket open until this is closed
        self._deadline = deadline
        self._left = most

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: object) -> int | None:
        """Receive into *buffer*."""
        if self._left <= 0:
            raise OSError("the other side talks without an end")
        self._sock.settimeout(self._deadline.left())
        try:
            received = self._stream.readinto(cast("bytearray", buffer))
        except TimeoutError:
            raise self._deadline.passed() from None
        self._left -= received or 0
        return received

    def close(self) -> None:
        """Let go of the socket."""
        self._stream.close()
        super().close()


class Listening:
    """
    A socket to read from, for `http.client.HTTPResponse`, which asks for a file.

    Args:
        sock: the socket.
        deadline: until when.
        most: the bytes after which reading fails.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline, most: int) -> None:
        self._parts = sock, deadline, most

    def makefile(self, mode: str = "rb") -> io.BufferedReader:
        """A file that reads from the socket."""
        del mode
        return io.BufferedReader(_Incoming(*self._parts))
