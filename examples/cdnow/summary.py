"""The figures of `independent.figures`, from what the library recorded: history and outbox, on whatever storage."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from journeykit import Journey, Scope, Step
from journeykit.model.records import HistoryEntry
from journeykit.ports import Storage

COUNTED = ("stages", "steps", "transitions", "timers fired", "timers cancelled", "timers running", "actions", "vouchers by percent")


class Summary:
    """
    Counts what became of customers.

    Args:
        journey: the journey they went through, each of whose steps has one timer at most.
        deadline: the step whose deadlines are looked at for a purchase in that very instant.
    """

    def __init__(self, journey: Journey, deadline: str) -> None:
        self._stages = dict(_stages(journey.steps))
        self._waits = {step.name: step.wait.text for step in _steps(journey.steps) if step.wait}
        self._leading = {step.name for step in _steps(journey.steps) if self._leads(journey, step, deadline)}
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in COUNTED}
        self._regained: set[str] = set()
        self._customers = self._ties = 0

    @staticmethod
    def _leads(journey: Journey, step: Step, target: str) -> bool:
        """Whether the timer of *step* leads to *target*: said by ``then``, or the next in the list."""
        if step.then:
            return isinstance(step.then, tuple) and step.then[0].to == target
        names = [other.name for other in _steps(journey.steps)]
        return names.index(step.name) + 1 == names.index(target)

    def add(self, storage: Storage, customer_id: str) -> None:
        """Count one customer."""
        moves = [entry for entry in storage.history(customer_id) if entry.target is not None]
        dues = _armed(moves[0])
        for entry in moves[1:]:
            self._move(customer_id, entry, dues)
            dues.update(_armed(entry))
        self._customers += 1
        self._place(str(moves[-1].target))

    def _move(self, customer_id: str, entry: HistoryEntry, dues: dict[str, int]) -> None:
        source = str(entry.source)
        self._counts["transitions"][f"{source} > {entry.target}"] += 1
        for timer in entry.timers.split():
            if timer[0] == "!":
                self._counts["timers fired"][self._timer(source)] += 1
            if timer[0] == "-":
                self._counts["timers cancelled"][self._timer(source)] += 1
                self._ties += source in self._leading and dues[timer[1:]] == entry.at
        if entry.target == "regained":
            self._regained.add(customer_id)

    def _place(self, step: str) -> None:
        self._counts["steps"][step] += 1
        self._counts["stages"][self._stages[step]] += 1
        if step in self._waits:
            self._counts["timers running"][self._timer(step)] += 1

    def _timer(self, step: str) -> str:
        return f"{step}: {self._waits[step]}"

    def figures(self, storage: Storage, purchases: int) -> dict[str, Any]:
        """Everything counted, the actions of the outbox included."""
        self._outbox(storage)
        return {
            "customers": self._customers,
            "purchases": purchases,
            **{name: dict(sorted(counter.items())) for name, counter in self._counts.items()},
            "customers with a gap of more than 90 days": len(self._regained),
            "gaps of exactly 90 days": self._ties,
        }

    def _outbox(self, storage: Storage) -> None:
        for row in storage.outbox("performed", limit=sys.maxsize):
            self._counts["actions"][row.message.action] += 1
            if row.message.action == "voucher":
                self._counts["vouchers by percent"][str(row.message.parameters["percent"])] += 1


def _armed(entry: HistoryEntry) -> dict[str, int]:
    """The timers that a move armed, and for when."""
    armed = (timer[1:].split("@") for timer in entry.timers.split() if timer[0] == "+")
    return {index: int(moment) for index, moment in armed}


def _steps(items: Iterable[Step | Scope]) -> Iterator[Step]:
    for item in items:
        yield from [item] if isinstance(item, Step) else _steps(item.steps)


def _stages(items: Iterable[Step | Scope], stage: str = "") -> Iterator[tuple[str, str]]:
    """Each step with its stage: its own, or that of what stands before it."""
    for item in items:
        stage = item.stage or stage
        yield from [(item.name, stage)] if isinstance(item, Step) else _stages(item.steps, stage)


def table(figures: dict[str, Any]) -> str:
    """The figures for people to read."""
    lines: list[str] = []
    for name, value in figures.items():
        if isinstance(value, dict):
            lines += ["", name, *(f"  {what:<42}{count:>8,}" for what, count in value.items())]
        else:
            lines += ["", f"{name:<44}{value:>8,}"]
    return "\n".join(lines)
