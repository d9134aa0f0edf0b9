"""Where the time comes from: the machine, or the hands of a test."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

from journeykit.model.messages import microseconds, moment
from journeykit.model.phrases import MICROSECONDS, seconds

Moment = datetime | str | int  #: a datetime with a zone, ISO 8601 text with an offset, or microseconds since 1970 UTC


def instant(value: Moment, what: str = "moment") -> int:
    """
    Read *value* as microseconds since 1970 UTC.

    Raises:
        EventError: it is no moment, or it has no zone.
    """
    return value if isinstance(value, int) else microseconds(value, what)


class SystemClock:
    """The machine's clock, which never goes back: while the machine's does, it stands still."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def now(self) -> int:
        """Return microseconds since 1970 UTC."""
        with self._lock:
            self._last = max(self._last, time.time_ns() // 1_000)
            return self._last


class ManualClock:
    """
    A clock that stands still until it is moved, for tests, imports and simulations.

    Args:
        at: where it starts.
    """

    def __init__(self, at: Moment = 0) -> None:
        self._now = instant(at)

    def now(self) -> int:
        """Return microseconds since 1970 UTC."""
        return self._now

    def set(self, at: Moment) -> None:
        """
        Move the clock to *at*.

        Raises:
            ValueError: *at* lies before the clock's present moment.
        """
        target = instant(at)
        if target < self._now:
            raise ValueError(f"the clock stands at {moment(self._now).isoformat()} and does not go back to {moment(target).isoformat()}")
        self._now = target

    def advance(self, by: timedelta | float | str) -> None:
        """
        Move the clock on by a timedelta, a number of seconds, or a text such as ``2 hours``.

        Raises:
            ValueError: it is negative.
            DefinitionError: the text is no duration.
        """
        elapsed = by if isinstance(by, timedelta) else timedelta(seconds=seconds(by) if isinstance(by, str) else by)
        self.set(self._now + elapsed // timedelta(microseconds=1))


def after(now: int, seconds: float) -> int:
    """The moment *seconds* after *now*, in microseconds; never before *now*."""
    return now + max(0, int(seconds * MICROSECONDS))
