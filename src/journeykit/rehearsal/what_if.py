"""A past through other definitions: who would have got what, and when. Nothing is performed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from journeykit.errors import DefinitionError
from journeykit.model.journey import Journey
from journeykit.model.messages import Event
from journeykit.model.records import Share, Want
from journeykit.ports import Storage
from journeykit.rehearsal.compared import Both, Comparison, Example
from journeykit.rehearsal.course import Course, Definition, known
from journeykit.rehearsal.past import Events, Recorded, Repeated, happened
from journeykit.rehearsal.paths import Path, Stages, path, stages
from journeykit.rehearsal.simulate import TOGETHER, shares_something
from journeykit.runtime.clock import Moment, instant
from journeykit.runtime.definitions import each
from journeykit.storage.memory import MemoryStorage

Progress = Callable[[float, int], None]  #: told the share that is done, and how many events have happened so far


def what_if(
    old: Iterable[Definition] | Journey,
    new: Iterable[Definition] | Journey,
    events: Events | Recorded,
    *,
    until: Moment | None = None,
    together: int = TOGETHER,
    progress: Progress | None = None,
    **options: Any,
) -> Comparison:
    """
    Send a past through two sets of definitions, and compare.

    Both are decided anew from the first event, each event when it happened and each timer at its own moment; policies are asked, and
    every action is done at once, at most a minute after it was asked for. **How customers would have reacted nobody knows**: here they do
    what they did then, whatever they are sent.

    Args:
        old: journeys and catalogs as they were.
        new: as they would be.
        events: what happened, in order of time; it is read several times, so no iterator.
        until: let time go by until then; until the last event, or the last thing recorded, where not said.
        together: how many customers are in memory at a time, where nothing is shared between them.
        progress: told how far it has come.
        options: what the host brings to an engine: ``triggers``, ``timers``, ``policies``.

    Raises:
        DefinitionError: definitions are wrong, or there are no events.
    """
    sides = each(old), each(new)
    sharing = [shares_something(known(side, MemoryStorage(), options)) for side in sides]
    extent = _extent(events)
    end = max(extent.last, events.until if isinstance(events, Recorded) else 0) + 1 if until is None else instant(until, "until")
    parts = 1 if any(sharing) else -(-extent.customers // together)
    tally = _Tally(stages(sides[0]), stages(sides[1]))
    for part in range(parts):
        run = partial(_run, events, (part, parts), end, options)
        storages = [run(side, _watch(progress, 2 * part + number, 2 * parts, extent.events)) for number, side in enumerate(sides)]
        tally.compare(*storages)
    left_out = tuple(events.left_out()) if isinstance(events, Recorded) else ()
    return tally.comparison(extent, end - 1, left_out)


class _Extent(NamedTuple):
    """How much has happened: customers, events, the first moment and the last."""

    customers: int
    events: int
    first: int
    last: int


def _extent(events: Events | Recorded) -> _Extent:
    customers: set[str] = set()
    number, first, last = 0, 0, 0
    for at, event in map(happened, events):
        if not isinstance(event, Event):
            continue
        customers.add(event.customer_id)
        first = at if not number else min(first, at)
        number, last = number + 1, max(last, at)
    if not number:
        raise DefinitionError("there are no events to send through; give a history, or a database that has one")
    return _Extent(len(customers), number, first, last)


def _watch(progress: Progress | None, done: int, runs: int, events: int) -> Callable[[float, int], None] | None:
    if progress is None:
        return None
    return lambda share, _: progress((done + share) / runs, int((done + share) / runs * events))


def _run(
    events: Events | Recorded, share: Share, end: int, options: Mapping[str, Any], definitions: Sequence[Definition], progress: Progress | None
) -> Storage:  # fmt: skip
    """The past of some customers through one set of definitions."""
    storage = MemoryStorage()
    course = Course(definitions, storage, Repeated(events, share), accepted=isinstance(events, Recorded), **options)
    course.go_on(end, progress)
    return storage


class _Tally:
    """What is counted of both ways, customer by customer."""

    def __init__(self, old: Stages, new: Stages) -> None:
        self._stages = (old, new)
        self._messages: tuple[Counter[tuple[str, str]], ...] = (Counter(), Counter())
        self._marks: tuple[Counter[tuple[str, str]], ...] = (Counter(), Counter())
        self._unsent = [0, 0]
        self._customers = 0
        self._changed = 0
        self._examples: dict[str, Example] = {}

    def compare(self, *storages: Storage) -> None:
        """Count all customers of both storages."""
        last = ""
        while page := sorted({name for storage in storages for name in storage.customers(last)})[:1_000]:
            for customer_id in page:
                self._customer(customer_id, storages)
            last = page[-1]

    def _customer(self, customer_id: str, storages: Sequence[Storage]) -> None:
        self._customers += 1
        (loaded,) = storages[0].load_many([Want(customer_id, frozenset())])
        zone = loaded.facts.zone or "UTC"
        ways = [path(storage, customer_id, zone, known) for storage, known in zip(storages, self._stages, strict=True)]
        for number, way in enumerate(ways):
            self._messages[number].update(way.messages)
            self._marks[number].update(way.marks)
            self._unsent[number] += way.unsent
        if ways[0].lines != ways[1].lines:
            self._changed += 1
            self._examples.setdefault(_kind(*ways), Example(customer_id, *ways))

    def comparison(self, extent: _Extent, end: int, left_out: tuple[str, ...]) -> Comparison:
        """Everything that was counted."""
        marks: dict[str, dict[str, Both]] = {}
        for (journey, what), both in _pairs(*self._marks).items():
            marks.setdefault(journey, {})[what] = both
        return Comparison(
            customers=self._customers,
            events=extent.events,
            begin=extent.first,
            end=end,
            changed=self._changed,
            messages=_pairs(*self._messages),
            unsent=(self._unsent[0], self._unsent[1]),
            journeys={name: dict(sorted(found.items(), key=lambda one: (one[0] != "entered", one[0]))) for name, found in marks.items()},
            examples=tuple(self._examples.values()),
            left_out=left_out,
        )


def _kind(old: Path, new: Path) -> str:
    """Of each kind of change there is one example."""
    before, after = old.messages.total(), new.messages.total()
    return "more" if after > before else "fewer" if after < before else "other"


def _pairs(old: Counter[tuple[str, str]], new: Counter[tuple[str, str]]) -> dict[tuple[str, str], Both]:
    return {name: (old[name], new[name]) for name in sorted({*old, *new})}
