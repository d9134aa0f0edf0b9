"""
Bringing a history in: events in order of time, timers as that time goes by, and nothing performed unless asked for.

A run remembers nothing but what the storage holds. One that was killed begins again with the first event: what is known counts
once, and the rest follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from journeykit.errors import EventError
from journeykit.histories.segment import ALIASED, join
from journeykit.model.messages import Event
from journeykit.model.phrases import MICROSECONDS
from journeykit.runtime.clock import ManualClock
from journeykit.runtime.engine import Engine

BATCH = 1_000
LEASE = 1.0  #: seconds; history's clock stands still while an action is performed, so that no claim has to hold longer
HOUR = 3_600_000_000  #: of history's time after which, at the latest, an action that was asked for is performed

Progress = Callable[[int], None]  #: told how many events more have been handled


class Brought(NamedTuple):
    """How many events were decided now, and how many were known before."""

    decided: int = 0
    known: int = 0

    def __add__(self, other: tuple[int, ...]) -> Brought:  # type: ignore[override]
        return Brought(*(one + more for one, more in zip(self, other, strict=True)))


def bring_in(
    engine: Engine,
    clock: ManualClock,
    events: Iterable[Event],
    until: int,
    *,
    perform: bool = False,
    progress: Progress | None = None,
    batch: int = BATCH,
) -> Brought:
    """
    Decide *events*, fire what is due meanwhile, and go on to *until*.

    Args:
        engine: made with ``history=True``, ``lease=LEASE`` and *clock*, and with ``perform=True`` where actions are to be performed.
        clock: moved on as history's time goes by.
        events: in order of time.
        until: microseconds since 1970 UTC; timers due before it fire.
        perform: perform what is asked for, at most an hour of history's time later.
        progress: told how many events more have been handled.
        batch: how many events are decided in one transaction.
    """
    bringing = _Bringing(engine, clock, perform)
    brought = Brought()
    for some in _batches(events, batch, HOUR if perform else None):
        bringing.go_on(some[0].at)
        brought += bringing.decide(some)
        bringing.go_on(some[-1].at)
        if progress is not None:
            progress(len(some))
    bringing.go_on(until)
    bringing.finish()
    return brought


def _batches(events: Iterable[Event], size: int, span: int | None) -> Iterator[list[Event]]:
    """Several events together, at most *size* and of at most *span* microseconds; one that makes two customers one is the last."""
    some: list[Event] = []
    for event in events:
        if some and (len(some) >= size or some[-1].name == ALIASED or (span is not None and event.at - some[0].at > span)):
            yield some
            some = []
        some.append(event)
    if some:
        yield some


class _Bringing:
    def __init__(self, engine: Engine, clock: ManualClock, perform: bool) -> None:
        self._engine = engine
        self._clock = clock
        self._perform = perform

    def decide(self, some: list[Event]) -> Brought:
        """Decide some events."""
        outcomes = self._engine.handle_many(some)
        known = sum(1 for outcome in outcomes if outcome.status == "duplicate")
        if some[-1].name == ALIASED:
            with suppress(EventError):  # they are one the other way round
                join(self._engine, some[-1])
        return Brought(len(outcomes) - known, known)

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
