"""The worker: decides mailboxes, fires timers and performs actions until it is told to stop."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from journeykit.errors import StorageError
from journeykit.model.phrases import MICROSECONDS
from journeykit.runtime.engine import Engine

logger = logging.getLogger("journeykit")

_LONGEST_PAUSE = 60.0  #: seconds between two tries while the storage fails


class Worker:
    """
    Keeps an engine's customers moving.

    Any number may work on one storage, in one process or many. What one is doing when it is told to stop it finishes: the
    decision it is writing, the action it is performing; nothing is left half done.

    Args:
        engine: the engine to work for.
        idle: seconds after which it looks again although nothing is known to be due; where not said, as the storage says: each
            second, or each minute where what other processes write wakes it.
        batch: how many signals, and how many actions, it takes before it looks whether it is to stop.
    """

    def __init__(self, engine: Engine, *, idle: float | None = None, batch: int = 1_000) -> None:
        self._engine = engine
        self._sleeper = engine.storage.sleeper()
        self._idle = self._sleeper.idle if idle is None else idle
        self._batch = batch
        self._stopping = False

    def run(self) -> None:
        """
        Work until `stop`, SIGTERM or SIGINT.

        Signals are watched only in the main thread; a second one does what it always did. A worker that has been stopped stays so.
        """
        forget = self._engine.on_work(self.wake)
        logger.info("worker started")
        try:
            with self._signals():
                self._work()
        finally:
            forget()
            self._sleeper.close()
            logger.info("worker stopped")

    def stop(self) -> None:
        """Let `run` end as soon as what it is doing is done; from any thread or signal handler."""
        self._stopping = True
        self.wake()

    def wake(self) -> None:
        """Let it look at once whether there is something to do; from any thread."""
        self._sleeper.wake()

    def step(self) -> bool:
        """Do one round of what is due now; return whether there was anything."""
        decided = self._engine.run_due(limit=self._batch)
        if self._stopping:
            return decided > 0
        return bool(sum(self._engine.dispatch(self._batch, stop=lambda: self._stopping))) or decided > 0

    def _work(self) -> None:
        failures = 0
        while not self._stopping:
            try:
                busy = self.step()
                failures = 0
                if not busy:
                    self._sleep(self._pause)
            except StorageError as error:
                failures += 1
                logger.error("the storage failed %d times in a row: %s", failures, type(error).__name__)  # noqa: TRY400  its words may be personal
                logger.debug("the storage failed", exc_info=error)
                seconds = min(min(self._idle, 1.0) * 2 ** min(failures, 10), _LONGEST_PAUSE)
                self._sleep(lambda: seconds)  # noqa: B023  asked before it returns

    def _pause(self) -> float:
        """The seconds until something is known to be due, at most `idle`."""
        due = self._engine.storage.next_due()
        if due is None:
            return self._idle
        # What is due and was not done is in other hands, or due in this very instant: no need to hurry.
        return min(self._idle, max(0.02, (due - self._engine.clock.now()) / MICROSECONDS))

    def _sleep(self, pause: Callable[[], float]) -> None:
        if not self._stopping:
            self._sleeper.sleep(pause)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before: dict[int, Any] = {}

        def restore() -> None:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

        def stop(number: int, frame: FrameType | None) -> None:
            restore()
            self.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            before[number] = signal.signal(number, stop)
        try:
            yield
        finally:
            restore()
