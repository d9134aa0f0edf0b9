"""The worker: decides mailboxes, fires timers and performs actions until it is told to stop."""

from __future__ import annotations

import logging
import secrets
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any

from journeykit.errors import DefinitionError, StorageError
from journeykit.model.given import amount, whole
from journeykit.model.phrases import MICROSECONDS
from journeykit.model.records import EVERYBODY, Share
from journeykit.runtime.engine import Engine

logger = logging.getLogger("journeykit")

Pause = Callable[[], float]  #: how many seconds to sleep, asked when everybody knows about it
Sleep = Callable[[Pause], None]
Bell = SimpleQueue[None]  #: no Event: a signal handler may ring while the same thread listens

_LONGEST_PAUSE = 60.0  #: seconds between two tries while the storage fails
_LOOKS = 0.1  #: seconds until the next look where what is due is in other hands, or may not go yet
_LATE = 2 * MICROSECONDS  #: behind this nobody waits for the worker whose share they are in: it may be gone
_THERE = 15 * MICROSECONDS  #: for how long a worker that says nothing is taken to be there
_SAYS = 3 * MICROSECONDS  #: how often it says so


class Worker:
    """
    Keeps an engine's customers moving.

    Any number may work on one storage, in one process or many: each looks after its share of the customers, and, when it has nothing to do
    there, after whoever has waited for seconds. What one is doing when it is told to stop it finishes: the decision it is writing, the
    action it is performing; nothing is left half done.

    Args:
        engine: the engine to work for.
        idle: seconds after which it looks again although nothing is known to be due; where not said, as the storage says: each
            second, or each minute where what other processes write wakes it.
        batch: how many signals, and how many actions, it takes before it looks whether it is to stop.
        threads: how many actions it performs at a time, each in a thread of its own beside the deciding; with 0 one thread does both
            in turn, which is enough where actions take milliseconds.
    """

    def __init__(self, engine: Engine, *, idle: float | None = None, batch: int = 1_000, threads: int = 0) -> None:
        if not isinstance(engine, Engine):
            raise DefinitionError(f"engine: {engine!r:.60} is no engine; give the Engine that it is to work for")
        self._engine = engine
        self._sleeper = engine.storage.sleeper()
        self._idle = self._sleeper.idle if idle is None else amount(idle, "idle", example=1)
        self._bells: list[Bell] = [SimpleQueue() for _ in range(whole(threads, "threads", least=0))]  #: one for each thread that performs
        self._batch = whole(batch, "batch", least=1)
        self._stopping = False
        self._token = secrets.token_hex(8)
        self._share, self._said_at = EVERYBODY, -_SAYS

    def run(self) -> None:
        """
        Work until `stop`, SIGTERM or SIGINT.

        Signals are watched only in the main thread; a second one does what it always did. A worker that has been stopped stays so.
        """
        forget = self._engine.on_work(self.wake)
        logger.info("worker started")
        try:
            with self._signals(), ThreadPoolExecutor(max(1, len(self._bells)), "journeykit actions") as pool:
                performing = [pool.submit(self._until_stopped, self._perform, partial(_listen, bell)) for bell in self._bells]
                self._until_stopped(self._lead if performing else self._step, self._sleeper.sleep)
                for one in performing:
                    one.result()
        finally:
            forget()
            self._leave()
            self._sleeper.close()
            logger.info("worker stopped")

    def stop(self) -> None:
        """Let `run` end as soon as what it is doing is done; from any thread or signal handler."""
        self._stopping = True
        self.wake()

    def wake(self) -> None:
        """Let it look at once whether there is something to do; from any thread."""
        self._sleeper.wake()
        self._ring()

    def _ring(self) -> None:
        for bell in self._bells:
            if bell.empty():
                bell.put(None)

    def step(self) -> bool:
        """Do one round of what is due now, for everybody; return whether there was anything."""
        decided = self._engine.run_due(limit=self._batch) > 0
        return self._perform() or decided

    def _step(self) -> bool:
        """One round of a worker that runs, beside others."""
        decided = self._decide()
        return decided if self._stopping else self._perform() or decided

    def _lead(self) -> bool:
        """One round of the thread that decides: it alone hears what other processes write, and passes it on."""
        self._ring()
        return self._decide()

    def _decide(self) -> bool:
        """Decide for its own share; with nothing to do there, for whoever has waited long, whosever they are."""
        share = self._shared()
        decided = self._engine.run_due(limit=self._batch, share=share)
        if decided or share == EVERYBODY:
            return decided > 0
        return self._engine.run_due(self._engine.clock.now() - _LATE, self._batch) > 0

    def _perform(self) -> bool:
        return bool(sum(self._engine.dispatch(self._batch, stop=lambda: self._stopping)))

    def _shared(self) -> Share:
        """The share of the customers that is this worker's, as long as it says from time to time that it is there."""
        now = self._engine.clock.now()
        if now - self._said_at >= _SAYS:
            self._share, self._said_at = self._engine.storage.enlist(self._token, now, now + _THERE), now
        return self._share

    def _leave(self) -> None:
        """Let the others have its share at once."""
        now = self._engine.clock.now()
        with suppress(StorageError):
            self._engine.storage.enlist(self._token, now, now)

    def _until_stopped(self, step: Callable[[], bool], sleep: Sleep) -> None:
        """Do *step* again and again; where it raises, all the others stop as well."""
        try:
            self._work(step, sleep)
        finally:
            self.stop()

    def _work(self, step: Callable[[], bool], sleep: Sleep) -> None:
        failures = 0
        while not self._stopping:
            try:
                busy = step()
                if failures:
                    logger.info("the storage works again, after it failed %d times in a row", failures)
                failures = 0
                if not busy:
                    self._sleep(self._pause, sleep)
            except StorageError as error:
                failures += 1
                logger.error("the storage failed %d times in a row: %s", failures, type(error).__name__)  # noqa: TRY400  its words may be personal
                logger.debug("the storage failed", exc_info=error)
                seconds = min(min(self._idle, 1.0) * 2 ** min(failures, 10), _LONGEST_PAUSE)
                self._sleep(lambda: seconds, sleep)  # noqa: B023  asked before it returns

    def _pause(self) -> float:
        """The seconds until something is known to be due, at most `idle`."""
        due = self._engine.storage.next_due()
        if due is None:
            return self._idle
        left = (due - self._engine.clock.now()) / MICROSECONDS
        return min(self._idle, max(0.02, left) if left > -_LOOKS else _LOOKS)

    def _sleep(self, pause: Pause, sleep: Sleep) -> None:
        if not self._stopping:
            sleep(pause)

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


def _listen(bell: Bell, pause: Pause) -> None:
    """Sleep for as long as *pause* says, or until the bell rings; a ring while nobody listens is not lost."""
    with suppress(Empty):
        bell.get(timeout=pause())
