"""Facts over a window of time whose change is waited for: it comes with an event, or in the very instant at which time alone brings it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from journeykit.core.expressions.context import Context
from journeykit.core.expressions.expressions import plain
from journeykit.core.facts.facts import FactTable
from journeykit.core.facts.watchers import Occurred, Watcher
from journeykit.model.records import Moment


def watchers(facts: FactTable, signals: Iterable[str]) -> Iterator[Watcher]:
    """What watches the facts over a window whose change one of *signals* is."""
    heard = set(signals)
    yield from (ChangeWatcher(facts, name) for name in facts.windows if f"~changed customer.{name}" in heard)


class ChangeWatcher:
    """Tells when the value of a fact over a window changes; keeps the last value, and wakes up whenever something may leave the window."""

    def __init__(self, facts: FactTable, name: str) -> None:
        self._read, self._window, self._key = facts.readers[name], facts.windows[name], facts.keys[name]
        self.signal = f"~changed customer.{name}"
        self.name = f"changed customer.{self._key}"
        self.reads = self.rests_on = frozenset({f"customer.{name}"})

    def first(self, context: Context) -> Moment:
        """The first look: what is so already is no change."""
        return Moment(self.name, self._next(context), self._value(context))

    def again(self, context: Context, moment: Moment, *, due: bool) -> tuple[Moment, Occurred | None]:
        """Look again; an entry that leaves in the instant in which another comes changes a count not at all."""
        del due
        old, new = moment.value, self._value(context)
        after = Moment(self.name, self._next(context), new)
        changed = old != new or type(old) is not type(new)
        return moment if after == moment else after, Occurred(self.signal, old, new) if changed else None

    def _value(self, context: Context) -> Any:
        return plain(self._read(context))

    def _next(self, context: Context) -> int | None:
        return self._window.turns(context.facts.values.get(self._key), context.now)
