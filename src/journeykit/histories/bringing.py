"""
Bringing a history in: events in order of time, timers as that time goes by, and nothing performed unless asked for.

A run remembers nothing but what the storage holds. One that was killed begins again with the first event: what is known counts
once, and the rest follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from journeykit.errors import ConflictError, JourneykitError, StorageError
from journeykit.histories.lines import Reject
from journeykit.histories.sorting import placed
from journeykit.model.messages import Event
from journeykit.model.phrases import MICROSECONDS
from journeykit.runtime.clock import ManualClock
from journeykit.runtime.engine import Engine

BATCH = 1_000
LEASE = 1.0  #: seconds; history's clock stands still while an action is performed, so that no claim has to hold longer
HOUR = 3_600_000_000  #: of history's time after which, at the latest, an action that was asked for is performed

Progress = Callable[[int], None]  #: told how many events more have been handled


class Brought(NamedTuple):
    """How many events were decided now, were known before, and could not be decided."""

    decided: int = 0
    known: int = 0
    failed: int = 0

    def __add__(self, other: tuple[int, ...]) -> Brought:  # type: ignore[override]
        return Brought(*(one + more for one, more in zip(self, other, strict=True)))


def bring_in(
    engine: Engine,
    clock: ManualClock,
    events: Iterable[tuple[Event, int]],
    until: int,
    *,
    perform: bool = False,
    progress: Progress | None = None,
    reject: Callable[[Reject], None] | None = None,
    batch: int = BATCH,
) -> Brought:
    """
    Decide *events*, fire what is due meanwhile, and go on to *until*.

    Args:
        engine: made with ``history=True``, ``lease=LEASE`` and *clock*, and with ``perform=True`` where actions are to be performed.
        clock: moved on as history's time goes by.
        events: in order of time, each with the line it comes from.
        until: microseconds since 1970 UTC; timers due before it fire.
        perform: perform what is asked for, at most an hour of history's time later.
        progress: told how many events more have been handled.
        reject: told of each event that could not be decided.
        batch: how many events are decided in one transaction.
    """
    bringing = _Bringing(engine, clock, perform, reject)
    brought = Brought()
    for some in _batches(events, batch, HOUR if perform else None):
        bringing.go_on(some[0][0].at)
        brought += bringing.decide(some)
        bringing.go_on(some[-1][0].at)
        if progress is not None:
            progress(len(some))
    bringing.go_on(until)
    bringing.finish()
    return brought


def _batches(events: Iterable[tuple[Event, int]], size: int, span: int | None) -> Iterator[list[tuple[Event, int]]]:
    """Several events together, at most *size* and of at most *span* microseconds."""
    some: list[tuple[Event, int]] = []
    for pair in events:
        if some and (len(some) >= size or (span is not None and pair[0].at - some[0][0].at > span)):
            yield some
            some = []
        some.append(pair)
    if some:
        yield some


class _Bringing:
    def __init__(self, engine: Engine, clock: ManualClock, perform: bool, reject: Callable[[Reject], None] | None) -> None:
        self._engine = engine
        self._clock = clock
        self._perform = perform
        self._reject = reject

    def decide(self, some: list[tuple[Event, int]]) -> Brought:
        """Decide some events, one by one where one of them cannot be."""
        try:
            outcomes = self._engine.handle_many(event for event, _ in some)
        except ConflictError:
            raise
        except JourneykitError as error:
            if len(some) > 1:
                return sum((self.decide([pair]) for pair in some), Brought())
            if isinstance(error, StorageError) and "JSON" not in str(error):
                raise
            return self._failed(*some[0], error)
        known = sum(1 for outcome in outcomes if outcome.status == "duplicate")
        return Brought(len(outcomes) - known, known, 0)

    def _failed(self, event: Event, line: int, error: JourneykitError) -> Brought:
        if self._reject is not None:
            self._reject(placed(event, line, str(error)))
        return Brought(0, 0, 1)

    def go_on(self, until: int) -> None:
        """Let time go by until *until*: fire what is due, and perform what is asked for."""
        if self._perform:
            self._in_steps(until)
        self._to(until)

    def _in_steps(self, until: int) -> None:
        """Stop where something is due, so that what it asks for does not wait for the next event."""
        while (due := self._engine.storage.next_due()) is not None and due <= until:
            before = self._clock.now()
            self._to(min(until, max(due, before) + HOUR))
            if self._clock.now() == before:
                return

    def _to(self, until: int) -> None:
        self._clock.set(max(until, self._clock.now()))
        self._engine.run_due()
        while self._perform and any(self._engine.dispatch()):
            self._engine.run_due()

    def finish(self) -> None:
        """Perform also what a run that was killed had taken and not performed."""
        if self._perform:
            self._clock.set(self._clock.now() + int(LEASE * MICROSECONDS) + 1)
            while any(self._engine.dispatch()):
                pass
