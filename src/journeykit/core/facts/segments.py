"""Segments: named conditions over what is known about a customer and over time, and when each is entered and left (P23)."""

from __future__ import annotations

from journeykit.core.expressions.context import Context, Declared, Getter, Resolver
from journeykit.core.expressions.expressions import compile_condition
from journeykit.core.facts.balances import with_openings
from journeykit.core.facts.facts import FactTable
from journeykit.core.facts.instants import Turns, compile_turns
from journeykit.core.facts.watchers import Occurred, mark
from journeykit.errors import ConditionError
from journeykit.model.conditions import Expression
from journeykit.model.customer import Catalog
from journeykit.model.grammar import Path
from journeykit.model.records import Moment


def built_on(condition: Expression | None) -> set[str]:
    """The segments that *condition* reads."""
    return {str(path[1]) for path in condition.paths if path[0] == "segment"} if condition else set()


class SegmentTable:
    """
    The segments of a catalog, compiled.

    Attributes:
        known: how facts and segments are read.
        holidays: days that are no business days.
    """

    def __init__(self, catalog: Catalog, facts: FactTable) -> None:
        self.holidays = catalog.days_off
        self._conditions = catalog.segments
        self._declared = catalog.facts
        self._facts = facts
        self._segments: dict[str, Getter] = {}
        self._turns: dict[str, Turns | None] = {}
        self._reads: dict[str, frozenset[str]] = {}
        self.known = Declared(facts.readers, self._segments)
        for name in self._conditions:
            self._add(name)

    def _add(self, name: str) -> None:
        """Compile a segment after those it is built on."""
        if name in self._segments or name not in self._conditions:
            return
        condition = self._conditions[name]
        for inner in built_on(condition):
            self._add(inner)
        resolve = Resolver(self.known)
        self._segments[name] = compile_condition(condition, resolve)
        self._turns[name] = compile_turns(condition, resolve, self.turning)
        self._reads[name] = self.reads(condition)

    def turning(self, path: Path) -> Turns | None:
        """When the value of *path* may change by time alone; None where it never does."""
        name = str(path[-1])
        if path[0] == "segment":
            return self._turns.get(name)
        window = self._facts.windows.get(name) if path[0] == "customer" and len(path) == 2 else None
        if window is None:
            return None
        key = self._facts.keys[name]
        return lambda context: window.turns(context.facts.values.get(key), context.now)

    def reads(self, expression: Expression) -> frozenset[str]:
        """What *expression* reads of the customer, the segments it is built on included: ``customer.spent``."""
        paths = (f"{path[0]}.{path[1]}" for path in expression.paths if path[0] in ("customer", "consent"))
        return with_openings(paths, self._declared).union(*(self._reads[name] for name in built_on(expression)))

    def watcher(self, name: str) -> SegmentWatcher:
        """What tells when a customer enters and leaves the segment *name*."""
        begun = (self._declared[one].text for one in self._facts.openings if f"customer.{one}" in self._reads[name])
        whole = " ".join([*(self._conditions[one].text for one in sorted(self._within(name))), *begun])
        return SegmentWatcher(name, mark(whole), self._segments[name], self._turns[name], self._reads[name])

    def _within(self, name: str) -> set[str]:
        return {name}.union(*(self._within(inner) for inner in built_on(self._conditions[name])))


class SegmentWatcher:
    """Tells when a customer enters and leaves one segment; keeps whether they are inside."""

    def __init__(self, segment: str, mark: str, holds: Getter, turns: Turns | None, reads: frozenset[str]) -> None:
        self.name = f"segment {segment} {mark}"
        self.reads = self.rests_on = reads
        self._signals = (f"~segment not {segment}", f"~segment {segment}")
        self._holds = holds
        self._turns = turns

    def first(self, context: Context) -> Moment:
        """The first look, which is no edge (P23)."""
        try:
            inside = bool(self._holds(context))
        except ConditionError:
            inside = False
        return Moment(self.name, self._next(context), inside)

    def again(self, context: Context, moment: Moment, *, due: bool) -> tuple[Moment, Occurred | None]:
        """Look again; an instant armed that is too early is left as it is, which spares writing it anew with every event."""
        inside = bool(self._holds(context))
        due_at = self._next(context)
        if not due and moment.due_at is not None and (due_at is None or due_at > moment.due_at):
            due_at = moment.due_at
        if inside is moment.value:
            return moment if due_at == moment.due_at else Moment(self.name, due_at, inside), None
        return Moment(self.name, due_at, inside), Occurred(self._signals[inside], moment.value, inside)

    def _next(self, context: Context) -> int | None:
        return None if self._turns is None else self._turns(context)
