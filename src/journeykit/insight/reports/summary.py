"""What became of customers: who stands where, which way they went, which timers fired, what was asked for. Counted from history and outbox."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from journeykit.core.compiling.compiler import CompiledJourney
from journeykit.model.records import HistoryEntry, OutboxRow
from journeykit.ports import Storage

#: what is counted of each journey
COUNTED = ("entered", "stages", "steps", "ended", "transitions", "goals", "timers fired", "timers cancelled", "timers running", "actions")

Figures = dict[str, dict[str, int]]
_Place = tuple[str, str, int]  #: journey, key and number of an enrollment


class Summary:
    """
    Counts what became of customers, one after the other.

    Args:
        journeys: those that they went through, by name; of one that is not among them, timers are called by their numbers.
    """

    def __init__(self, journeys: Mapping[str, CompiledJourney]) -> None:
        self._journeys = journeys
        self._counts: dict[str, dict[str, Counter[str]]] = {}
        self.customers = 0
        self.parked = 0

    def add(self, storage: Storage, customer_id: str) -> None:
        """Count one customer."""
        history = storage.history(customer_id)
        self.customers += 1
        standing: dict[_Place, str] = {}
        running: dict[_Place, set[int]] = {}
        for entry in history:
            place = (entry.journey, entry.key, entry.number)
            self._moved(entry, place, standing)
            self._timers(entry, running.setdefault(place, set()))
        for (journey, _, _), step in standing.items():
            self._count(journey, "steps", step)
            self._count(journey, "stages", self._stage(journey, step))
        for (journey, _, _), open_timers in running.items():
            for index in open_timers:
                self._count(journey, "timers running", self._label(journey, index))
        for row in storage.outbox(None, customer_id, sys.maxsize):
            self._asked(row)

    def _moved(self, entry: HistoryEntry, place: _Place, standing: dict[_Place, str]) -> None:
        if entry.kind in ("entered", "moved", "migrated"):
            standing[place] = str(entry.target)
        if entry.kind == "entered":
            self._count(entry.journey, "entered", str(entry.target))
        elif entry.kind == "moved":
            self._count(entry.journey, "transitions", f"{entry.source} > {entry.target}")
        elif entry.kind == "goal":
            self._count(entry.journey, "goals", "reached")
        elif entry.kind == "parked":
            self.parked += 1
        elif entry.kind in ("completed", "exited", "merged"):
            standing.pop(place, None)
            reason = f": {entry.reason}" if entry.reason and entry.kind == "exited" else ""
            self._count(entry.journey, "ended", f"{entry.kind}{reason}")

    def _timers(self, entry: HistoryEntry, running: set[int]) -> None:
        for mark in entry.timers.split():
            index = int(mark[1:].partition("@")[0])
            if mark[0] in "-!":
                running.discard(index)
                self._count(entry.journey, "timers fired" if mark[0] == "!" else "timers cancelled", self._label(entry.journey, index))
        if entry.kind == "migrated":
            running.clear()  # numbers are those of the other version from here on
        running.update(int(mark[1:].partition("@")[0]) for mark in entry.timers.split() if mark[0] in "+~")

    def _asked(self, row: OutboxRow) -> None:
        self._count(row.message.journey, "actions", f"{row.message.action}, {row.state}")

    def _count(self, journey: str, what: str, name: str) -> None:
        counts = self._counts.setdefault(journey, {counted: Counter() for counted in COUNTED})
        counts[what][name] += 1

    def _label(self, journey: str, index: int) -> str:
        known = self._journeys.get(journey)
        return known.timers[index].label if known is not None and index < len(known.timers) else f"timer {index}"

    def _stage(self, journey: str, step: str) -> str:
        known = self._journeys.get(journey)
        return (known.stages.get(step) if known is not None else None) or "no stage"

    def figures(self) -> dict[str, Any]:
        """Everything counted, by journey; what came to nothing is left out. Stages and steps are in the journey's order."""
        return {
            "customers": self.customers,
            "parked": self.parked,
            "journeys": {
                name: {what: dict(self._ordered(name, counter)) for what, counter in counts.items() if counter}
                for name, counts in sorted(self._counts.items())
            },
        }

    def _ordered(self, journey: str, counter: Counter[str]) -> list[tuple[str, int]]:
        known = self._journeys.get(journey)
        names = [name for pair in known.stages.items() for name in pair if name] if known is not None else []
        order = {name: number for number, name in enumerate(dict.fromkeys(names))}
        return sorted(counter.items(), key=lambda pair: (order.get(pair[0], len(order)), pair[0]))


def summarize(journeys: Mapping[str, CompiledJourney], storage: Storage) -> dict[str, Any]:
    """
    Count what became of all customers.

    Args:
        journeys: the journeys by name.
        storage: where their history is.

    Returns:
        The figures of `Summary.figures`.
    """
    summary = Summary(journeys)
    for customer_id in everybody(storage):
        summary.add(storage, customer_id)
    return summary.figures()


def everybody(storage: Storage) -> Iterator[str]:
    """The ids of all customers, in order."""
    last = ""
    while page := storage.customers(last):
        yield from page
        last = page[-1]


def table(figures: dict[str, Any], width: int = 80) -> str:
    """The figures for people to read: plain text, at most *width* columns."""
    return "\n".join(_lines(figures, max(width, 40)))


def _lines(figures: dict[str, Any], width: int) -> Iterator[str]:
    for name, value in figures.items():
        if not isinstance(value, dict):
            yield line(name, value, width)
    for journey, counted in figures["journeys"].items():
        yield ""
        yield journey
        for what, counts in counted.items():
            yield f"  {what}"
            for name, count in counts.items():
                yield line(f"    {name}", count, width)


def line(name: str, count: object, width: int) -> str:
    """A name and its number at the right; a name that is too long is cut."""
    column = min(width, 72) - 12
    shown = name if len(name) <= column else f"{name[: column - 3]}..."
    number = f"{count:,}" if isinstance(count, int) else str(count)
    return f"{shown:<{column}}{number:>12}"
