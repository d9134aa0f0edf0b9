"""How time passes in a test: from one moment at which something is due to the next, with a worker that is always there."""

from __future__ import annotations

from collections.abc import Callable

from journeykit.ports import Storage
from journeykit.runtime.clock import ManualClock


def pass_until(target: int, storage: Storage, clock: ManualClock, settled: Callable[[int], bool]) -> bool:
    """
    Let everything happen that is due until *target*, each at its own moment: a timer in the instant before it is noticed.

    Args:
        target: microseconds since 1970 UTC; a timer due in that very instant stays, since an event of it comes first. The clock is left where
            the last thing happened.
        storage: what everything is kept in.
        clock: the clock of the engine.
        settled: does what is due before a moment, and says whether there was anything.

    Returns:
        Whether anything happened.
    """
    busy = False
    while (due := storage.next_due()) is not None and due <= target:
        clock.set(max(due - 1, clock.now()))
        if not settled(due):
            clock.set(max(due, clock.now()))
            if not settled(due):
                break
        busy = True
    return busy
