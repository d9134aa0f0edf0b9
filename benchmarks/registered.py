"""What it costs that all recipes are registered, which the events and timers of the rows do not concern."""

from __future__ import annotations

from collections.abc import Callable

import library
import releases

Clock = Callable[[], float]


def event(clock: Clock, registered: bool, batch: int, k: int, *more: int) -> float:
    """Microseconds of an event of `library.durable_events`."""
    return _cost(clock, library.durable_events, registered, batch, k, *more)


def timer(clock: Clock, registered: bool, k: int, *more: int) -> float:
    """Microseconds of a timer of `library.due_timers`, in batches of 1,000."""
    return _cost(clock, library.due_timers, registered, 1_000, k, *more)


def _cost(clock: Clock, measured: Callable[..., float], registered: bool, *arguments: int) -> float:
    """One a process: what has been registered stays so."""
    if registered:
        releases.register(library)
    return 1_000_000 / measured(clock, *arguments)
