"""What is known about a customer: declared aggregates folded event by event, and traits that change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from attrs import frozen

from journeykit.core.expressions.calendar import known_zone
from journeykit.core.expressions.context import Context, Declared, Getter, Resolver, fact, fact_in_window, fact_since_entry
from journeykit.core.expressions.expressions import MISSING, compile_condition, plain
from journeykit.core.facts.balances import Balance
from journeykit.core.facts.watchers import mark
from journeykit.core.facts.windows import Period, Rolling
from journeykit.errors import ConditionError
from journeykit.model.customer import Catalog
from journeykit.model.messages import Event, moment
from journeykit.model.phrases import Aggregate
from journeykit.model.records import Facts

Change = tuple[str, Any, Any]  #: path such as ``customer.plan``, the old and the new value


def _number(value: object, aggregate: Aggregate) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConditionError(f"{aggregate.text}: {value!r:.40} is no number")
    if aggregate.kind == "sum" and isinstance(value, float):
        raise ConditionError(f"{aggregate.text}: {value!r} is a float, and sums of floats drift; send minor units, an integer")
    return value


def _count(state: Any, value: Any, at: int) -> Any:
    return (state or 0) + 1


def _sum(state: Any, value: Any, at: int) -> Any:
    return (state or 0) + value


def _min(state: Any, value: Any, at: int) -> Any:
    return value if state is None or value < state else state


def _max(state: Any, value: Any, at: int) -> Any:
    return value if state is None or value > state else state


def _mean(state: Any, value: Any, at: int) -> Any:
    number, total = state or (0, 0)
    return [number + 1, total + value]


def _first(state: Any, value: Any, at: int) -> Any:
    return [at, value] if state is None or at < state[0] else state


def _last(state: Any, value: Any, at: int) -> Any:
    return [at, value] if state is None or at >= state[0] else state


def _distinct(state: Any, value: Any, at: int) -> Any:
    return state if state is not None and value in state else [*(state or []), value]


def _or_missing(state: Any) -> Any:
    return MISSING if state is None else state


def _placed(state: Any) -> Any:
    if state is None:
        return MISSING
    return moment(state[0]) if state[1] is None else state[1]


_FOLDS: dict[str, tuple[Callable[[Any, Any, int], Any], Callable[[Any], Any]]] = {
    "count": (_count, lambda state: state or 0),
    "sum": (_sum, lambda state: state or 0),
    "min": (_min, _or_missing),
    "max": (_max, _or_missing),
    "mean": (_mean, lambda state: MISSING if state is None else state[1] / state[0]),
    "first": (_first, _placed),
    "last": (_last, _placed),
    "distinct": (_distinct, lambda state: len(state or ())),
}
_NUMERIC = ("sum", "min", "max", "mean")


@frozen
class Fold:
    """One declared aggregate, ready to fold."""

    name: str
    aggregate: Aggregate
    condition: Callable[[Any], bool] | None
    read: Getter
    window: Rolling | Period | None
    key: str

    def value(self, event: Event) -> Any:
        """What *event* adds; raise `ConditionError` where it cannot be folded."""
        value = event.properties.get(self.aggregate.of) if self.aggregate.of else None
        return _number(value, self.aggregate) if value is not None and self.aggregate.kind in _NUMERIC else value

    def change(self, before: Facts, after: Facts, context: Context) -> list[Change]:
        """The change of its value, where there is one: a mean may stay what it was. One over a window has a watcher for it."""
        if self.window is not None:
            return []
        old, new = (plain(self.read(Context(context.customer_id, facts, context.now))) for facts in (before, after))
        return [] if old == new and type(old) is type(new) else [(f"customer.{self.name}", old, new)]

    def __call__(self, facts: Facts, context: Context, at: int) -> Any:
        """Return the new state; an event placed at *at*, never later than its acceptance (P22)."""
        return self.after(facts.values.get(self.key), context, at, facts.zone or "UTC")

    def after(self, state: Any, context: Context, at: int, zone: str = "UTC") -> Any:
        """*state* with the event of *context* in it, placed at *at*; the same object where the event adds nothing."""
        event = context.event
        if event is None or (self.condition is not None and not self.condition(context)):
            return state
        value = self.value(event)
        if value is None and self.aggregate.of is not None:
            return state
        if self.window is not None:
            return self.window.add(state, value, at, context.now, zone)
        return _FOLDS[self.aggregate.kind][0](state, value, at)


def _window(aggregate: Aggregate) -> Rolling | Period | None:
    if aggregate.rolling is not None:
        return Rolling(aggregate)
    return Period(aggregate, *_FOLDS[aggregate.kind]) if aggregate.period is not None else None


class FactTable:
    """
    All declared aggregates, found by the event they fold.

    Attributes:
        readers: for each the getter of its value.
        windows: what those over a window of time keep.
        openings: what those begin with that have an opening balance.
        keys: under what name each is kept; where its window, its opening balance or its entry matters, another one where it is
            declared differently.
        by_event: those of a customer, by the event they fold.
        since: those of each enrollment, by the event they fold.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.windows = {name: window for name, one in catalog.facts.items() if (window := _window(one)) is not None}
        self.openings = {name: Balance(one, _FOLDS[one.kind][1]) for name, one in catalog.facts.items() if one.opening is not None}
        self.keys = {name: _key(name, one) for name, one in catalog.facts.items()}
        self.readers: dict[str, Getter] = {name: self._reader(name, one) for name, one in catalog.facts.items()}
        self.by_event: dict[str, list[Fold]] = {}
        self.since: dict[str, list[Fold]] = {}
        for name, one in catalog.facts.items():
            condition = compile_condition(one.where, Resolver(Declared(self.readers, {}))) if one.where else None
            whole = Fold(name, one, condition, self.readers[name], self.windows.get(name), self.keys[name])
            (self.since if one.since_entry else self.by_event).setdefault(one.event, []).append(whole)

    def _reader(self, name: str, one: Aggregate) -> Getter:
        key, value = self.keys[name], _FOLDS[one.kind][1]
        if one.since_entry:
            return fact_since_entry(key, value)
        if name in self.openings:
            return self.openings[name].getter(key)
        return fact_in_window(key, self.windows[name].read) if name in self.windows else fact(key, value)

    def opened(self, changes: Iterable[Change], facts: Facts) -> list[Change]:
        """*changes* of traits, and behind each the changes of the facts that begin with it."""
        found: list[Change] = []
        for path, old, new in changes:
            found.append((path, old, new))
            for name, opening in self.openings.items():
                if path == f"customer.{opening.trait}":
                    state = facts.values.get(self.keys[name])
                    before, after = (plain(opening.read(state, trait)) for trait in (old, new))
                    found += [(f"customer.{name}", before, after)] if before != after or type(before) is not type(after) else []
        return found


def _key(name: str, one: Aggregate) -> str:
    windowed = one.rolling or one.period or one.opening or one.since_entry
    return f"{name} {mark(one.text)}" if windowed else name


def fold(folds: list[Fold], facts: Facts, context: Context, heard: Callable[[str], object]) -> tuple[Facts, list[Change], list[str]]:
    """
    Fold one event into *facts*.

    Args:
        folds: what it is folded into.
        facts: what was known before.
        context: the event, and now.
        heard: asked with ``customer.spent``: whether anybody listens to its changes; of others none is worked out.

    Returns:
        The new facts (the same object where nothing changed), the changes, and why a fact was left as it was.
    """
    before, values, failures = facts, facts.values, []
    folded: list[Fold] = []
    at = min(context.event.at, context.now) if context.event else context.now
    for one in folds:
        try:
            after = one(before, context, at)
        except ConditionError as error:
            failures.append(f"fact {one.name}: {error}")
            continue
        if after is not before.values.get(one.key):
            values = {**values, one.key: after}
            folded.append(one)
    if folded:
        facts = before.copy()
        facts.values = values
    changes = [change for one in folded if heard(f"customer.{one.name}") for change in one.change(before, facts, context)]
    return facts, changes, failures


def _with(values: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    changed = {**values, name: value}
    if value is None:
        del changed[name]
    return changed


def set_zone(facts: Facts, zone: Any) -> tuple[Facts, Change | None]:
    """Set the customer's zone; raise `ConditionError` where it is no time zone."""
    if zone is not None and not (isinstance(zone, str) and known_zone(zone)):
        raise ConditionError(f'zone: {zone!r} is no time zone; give an IANA name such as "Europe/Berlin"')
    if zone == facts.zone:
        return facts, None
    after = facts.copy()
    after.zone = zone
    return after, ("customer.zone", facts.zone, zone)


def set_trait(facts: Facts, name: str, value: Any) -> tuple[Facts, Change | None]:
    """Set one trait, None deletes it; report the change where there is one."""
    before = facts.traits.get(name)
    if before == value and type(before) is type(value):
        return facts, None
    after = facts.copy()
    after.traits = _with(facts.traits, name, value)
    return after, (f"customer.{name}", before, value)


def set_consent(facts: Facts, channel: str, value: bool | None) -> tuple[Facts, Change | None]:
    """Set the consent for one channel, None forgets it."""
    before = facts.consent.get(channel)
    if before is value:
        return facts, None
    after = facts.copy()
    after.consent = _with(facts.consent, channel, value)
    return after, (f"consent.{channel}", before, value)


def identify(facts: Facts, properties: Mapping[str, Any]) -> tuple[Facts, list[Change]]:
    """Apply an ``$identify`` event: zone, consent, traits, in this order."""
    changes: list[Change | None] = []
    if "zone" in properties:
        facts, change = set_zone(facts, properties["zone"])
        changes.append(change)
    for channel, agreed in (properties.get("consent") or {}).items():
        facts, change = set_consent(facts, channel, agreed)
        changes.append(change)
    for name, value in (properties.get("traits") or {}).items():
        facts, change = set_trait(facts, name, value)
        changes.append(change)
    return facts, [change for change in changes if change is not None]
