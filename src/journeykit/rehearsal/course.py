"""
Time going by for an engine that nobody is served by: events when they happen, timers when they are due, actions soon after.

Every decision is made at its own moment, to the microsecond. What is asked for is performed at the end of the step of time in which
it was asked for, as by a worker that looks so often; the steps stand still whatever happens in them, so that it makes no
difference how many customers go the course together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any, Protocol

from journeykit.model.customer import Catalog
from journeykit.model.journey import Journey
from journeykit.model.messages import ActionRequest, Done, Event
from journeykit.model.phrases import MICROSECONDS, suggestion
from journeykit.ports import Storage
from journeykit.rehearsal.upkeep import Upkeep
from journeykit.runtime.clock import ManualClock
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.engine import Engine
from journeykit.runtime.plugins import extensions_of

MINUTE = 60 * MICROSECONDS
BATCH = 1_000  #: events decided in one transaction

Definition = Journey | Catalog
Progress = Callable[[float, int], None]  #: told the share of the time that has gone by, and how many events have happened in all

_BROUGHT = ("triggers", "timers", "policies")


def known(definitions: Iterable[Definition], storage: Storage, options: Mapping[str, Any]) -> Definitions:
    """
    Compile definitions, with the triggers and timers that *options* bring.

    Raises:
        DefinitionError: with every problem found.
        TypeError: a host brings no such thing.
    """
    for name in options:
        if name not in _BROUGHT:
            raise TypeError(f'a rehearsal takes no argument "{name}"; a host brings {", ".join(_BROUGHT)}{suggestion(name, _BROUGHT)}')
    return Definitions(definitions, storage, extensions=extensions_of(options.get("triggers"), options.get("timers")))


class Feed(Protocol):
    """Where events come from."""

    def next_at(self) -> int | None:
        """When the next one happens; None where there is no more."""

    def before(self, end: int) -> Iterable[tuple[int, Event | Upkeep]]:
        """The events that happen before *end* and when they are accepted, in order of time, each given once; and what is done besides."""

    def reached(self, request: ActionRequest, now: int) -> None:
        """Be told that a customer has got a message."""


class Course:
    """
    Lets time go by.

    Args:
        definitions: journeys and catalogs.
        storage: an empty one.
        feed: what happens.
        step: microseconds between two looks at what is to be performed.
        accepted: events are accepted at another moment than they occurred at; slower, since each moment is decided alone.
        options: what the host brings to an engine: ``triggers``, ``timers``, ``policies``.

    Attributes:
        engine: the engine that decides.
        happened: how many events have happened.
    """

    def __init__(
        self, definitions: Sequence[Definition], storage: Storage, feed: Feed, *, step: int = MINUTE, accepted: bool = False, **options: Any
    ) -> None:
        self._clock = ManualClock()
        self._storage = storage
        self._feed = feed
        self._step = step
        self._accepted = accepted
        actions = dict.fromkeys(known(definitions, storage, options).actions(), self._reach)
        self.engine = Engine(definitions, storage, actions, clock=self._clock, history=not accepted, perform=True, **options)
        self.happened = 0

    def go_on(self, until: int, progress: Progress | None = None) -> None:
        """Let everything happen before *until*."""
        began, end = None, 0
        while end < until and (at := self._next()) is not None and at <= until:
            began = at if began is None else began
            end = min((at // self._step + 1) * self._step, until)
            self._happen(end)
            self._clock.set(end)
            self._do_what_is_due(end)
            if progress is not None:
                progress((end - began) / max(until - began, 1), self.happened)

    def _next(self) -> int | None:
        """When something happens or is due next; never before the clock, behind which only what cannot be helped is left."""
        moments = [at for at in (self._feed.next_at(), self._storage.next_due()) if at is not None]
        return max(min(moments), self._clock.now()) if moments else None

    def _do_what_is_due(self, end: int) -> None:
        """Decide and perform until nothing is left; what outcomes lead to may be performed as well."""
        while True:
            self.engine.run_due(end)
            due = self._storage.next_due()
            if due is None or due > end or not sum(self.engine.dispatch()):
                return

    def _happen(self, end: int) -> None:
        events = self._feed.before(end)
        for some in self._together(events):
            self.happened += len(some)
            self.engine.handle_many(some)

    def _together(self, told: Iterable[tuple[int, Event | Upkeep]]) -> Iterator[list[Event]]:
        """The events that are decided in one call; what is done between them is done between the calls."""
        if not self._accepted:
            flow = (one for _, one in told if isinstance(one, Event))
            while some := list(islice(flow, BATCH)):
                yield some
            return
        for at, several in groupby(told, key=lambda one: one[0]):
            self._clock.set(max(at, self._clock.now()))
            yield from self._between(one for _, one in several)

    def _between(self, several: Iterable[Event | Upkeep]) -> Iterator[list[Event]]:
        """The events of one moment, each time until something is done that is none."""
        events: list[Event] = []
        for one in several:
            if isinstance(one, Event):
                events.append(one)
                continue
            if events:
                yield events
            events = []
            one.do(self.engine)
        if events:
            yield events

    def _reach(self, request: ActionRequest) -> Done:
        self._feed.reached(request, self._clock.now())
        return Done()
