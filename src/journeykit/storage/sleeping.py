"""What a worker sleeps on where other processes cannot wake it."""

from __future__ import annotations

import queue
from collections.abc import Callable


class LocalSleeper:
    """Wakes for what happens in this process; see `journeykit.ports.Sleeper`."""

    idle = 1.0

    def __init__(self) -> None:
        # A queue, not an Event: a signal handler may put into it while the same thread waits on it.
        self._wakes: queue.SimpleQueue[None] = queue.SimpleQueue()

    def sleep(self, pause: Callable[[], float]) -> None:
        """Sleep for as long as *pause* says, or until `wake`."""
        try:
            self._wakes.get(timeout=pause())
        except queue.Empty:
            return

    def wake(self) -> None:
        """End a sleep, or the next one."""
        if self._wakes.empty():
            self._wakes.put(None)

    def close(self) -> None:
        """There is nothing to let go of."""
