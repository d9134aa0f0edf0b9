"""The part of the storage contract about what a worker sleeps on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

from journeykit.ports import Sleeper, Storage

_LONG = 180.0  #: seconds of a sleep that nobody means to wait for
_SOON = 60.0  #: seconds within which a busy machine has come to it, too


@contextmanager
def _sleeper(storage: Storage) -> Iterator[Sleeper]:
    sleeper = storage.sleeper()
    try:
        yield sleeper
    finally:
        sleeper.close()


def _seconds(sleeper: Sleeper, most: float) -> float:
    """How long a sleep of at most so many seconds lasts."""
    begun = time.monotonic()
    sleeper.sleep(lambda: most)
    return time.monotonic() - begun


class SleepContract:
    """It sleeps for as long as it is told to, and no longer than until it is called."""

    def test_a_sleep_ends(self, storage: Storage) -> None:
        """After as many seconds as are said, also after none at all."""
        with _sleeper(storage) as sleeper:
            assert sleeper.idle > 0
            assert 0.03 <= _seconds(sleeper, 0.04) < _SOON
            assert _seconds(sleeper, 0) < _SOON

    def test_who_is_called_wakes(self, storage: Storage) -> None:
        """From another thread, in the middle of a long sleep, and once only."""
        with _sleeper(storage) as sleeper:
            caller = Timer(0.05, sleeper.wake)
            caller.start()
            assert _seconds(sleeper, _LONG) < _SOON
            caller.join()
            assert _seconds(sleeper, 0.04) >= 0.03

    def test_a_call_is_not_missed(self, storage: Storage) -> None:
        """Who is called before they sleep does not; while they look around, the same."""
        with _sleeper(storage) as sleeper:
            sleeper.wake()
            sleeper.wake()
            assert _seconds(sleeper, _LONG) < _SOON

            def called() -> float:
                sleeper.wake()
                return _LONG

            begun = time.monotonic()
            sleeper.sleep(called)
            assert time.monotonic() - begun < _SOON

    def test_a_call_after_the_end(self, storage: Storage) -> None:
        """A signal may come when a worker has gone."""
        with _sleeper(storage) as sleeper:
            _seconds(sleeper, 0)
        sleeper.wake()
