"""The figures of `independent.figures`: what the library counts of any journey, and what is particular to this shop."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from journeykit import Journey, Scope, Step
from journeykit.core.compiling.compiler import CompiledJourney
from journeykit.insight.reports.summary import Summary as Counted
from journeykit.model.records import HistoryEntry
from journeykit.ports import Storage

COUNTED = ("stages", "steps", "transitions", "timers fired", "timers cancelled", "timers running", "actions")


class Summary:
    """
    Counts what became of customers.

    Args:
        compiled: the journey they went through, each of whose steps has one timer at most.
        deadline: the step whose deadlines are looked at for a purchase in that very instant.
    """

    def __init__(self, compiled: CompiledJourney, deadline: str) -> None:
        self._name = compiled.name
        self._counted = Counted({compiled.name: compiled})
        steps = list(_steps(compiled.journey.steps))
        self._leading = {step.name for step in steps if _leads(compiled.journey, step, deadline)}
        self._regained: set[str] = set()
        self._ties = 0

    def add(self, storage: Storage, customer_id: str) -> None:
        """Count one customer."""
        self._counted.add(storage, customer_id)
        dues: dict[str, int] = {}
        for entry in storage.history(customer_id):
            cancelled = [timer[1:] for timer in entry.timers.split() if timer[0] == "-"]
            self._ties += sum(entry.source in self._leading and dues[index] == entry.at for index in cancelled)
            dues.update(_armed(entry))
            if entry.target == "regained":
                self._regained.add(customer_id)

    def figures(self, storage: Storage, purchases: int) -> dict[str, Any]:
        """Everything counted, the vouchers of the outbox included."""
        counted = self._counted.figures()["journeys"][self._name]
        vouchers = Counter(
            str(row.message.parameters["percent"])
            for row in storage.outbox("performed", limit=sys.maxsize)
            if row.message.action == "voucher"
        )
        return {
            "customers": self._counted.customers,
            "purchases": purchases,
            **{what: {name.removesuffix(", performed"): count for name, count in counted[what].items()} for what in COUNTED},
            "vouchers by percent": dict(sorted(vouchers.items())),
            "customers with a gap of more than 90 days": len(self._regained),
            "gaps of exactly 90 days": self._ties,
        }


def _leads(journey: Journey, step: Step, target: str) -> bool:
    """Whether the timer of *step* leads to *target*: said by ``then``, or the next in the list."""
    if step.then:
        return isinstance(step.then, tuple) and step.then[0].to == target
    names = [other.name for other in _steps(journey.steps)]
    return names.index(step.name) + 1 == names.index(target)


def _armed(entry: HistoryEntry) -> dict[str, int]:
    """The timers that a move armed, and for when."""
    armed = (timer[1:].split("@") for timer in entry.timers.split() if timer[0] == "+")
    return {index: int(moment) for index, moment in armed}


def _steps(items: Iterable[Step | Scope]) -> Iterator[Step]:
    for item in items:
        yield from [item] if isinstance(item, Step) else _steps(item.steps)


def table(figures: dict[str, Any]) -> str:
    """The figures for people to read."""
    lines: list[str] = []
    for name, value in figures.items():
        if isinstance(value, dict):
            lines += ["", name, *(f"  {what:<42}{count:>8,}" for what, count in value.items())]
        else:
            lines += ["", f"{name:<44}{value:>8,}"]
    return "\n".join(lines)
