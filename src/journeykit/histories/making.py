"""Rows into events, as a mapping says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from journeykit.core.expressions.expressions import MISSING, plain
from journeykit.errors import ConditionError, DefinitionError, EventError
from journeykit.histories.formulas import Formulas, Get, as_text
from journeykit.histories.kinds import Convert, Kind, Misfit
from journeykit.histories.mapping import Mapping, Rule
from journeykit.histories.tables import Row
from journeykit.model.messages import Event
from journeykit.runtime.letters import IDENTIFY

_FAILED = (ConditionError, ArithmeticError, TypeError, ValueError)
MOST_ENTRIES = 100_000  #: of one list that is taken apart


class Made(NamedTuple):
    """An event, and the names of its properties that are added up over all rows of its id."""

    event: Event
    sums: tuple[str, ...] = ()


class Maker:
    """
    Makes events of rows.

    Args:
        mapping: what they mean.
        columns: the columns there are; None where each row has its own.

    Raises:
        DefinitionError: a formula is wrong, or names a column that is not there.
    """

    def __init__(self, mapping: Mapping, columns: Sequence[str] | None = None) -> None:
        known = None if columns is None else tuple(columns)
        problems: list[str] = []
        self._explode = mapping.explode
        self._rules = list(_each([partial(_Maker, rule, mapping, Formulas(known)) for rule in mapping.rows], "rows", problems))
        times = {rule.time_column for rule in self._rules if rule.time_column is not None}
        kinds = mapping.columns | {name: Kind("moment") for name in times if name not in mapping.columns}
        if known is not None:
            problems += [
                f'columns: there is no column "{name}"; there are {", ".join(known)}' for name in mapping.columns if name not in known
            ]
        if problems:
            raise DefinitionError([f"{mapping.name}: {problem}" for problem in problems])
        self._converters = [(name, kind.converter(mapping.zone)) for name, kind in kinds.items() if kind.name != "text" or known is None]

    def make(self, row: Row) -> Iterator[Made | Misfit]:
        """
        The events of a row, and why parts of it cannot be one.

        Raises:
            Misfit: the row as a whole cannot be read.
        """
        if self._explode is None:
            yield from self._one(row)
            return
        for entry in _entries(row, self._explode):
            try:
                yield from self._one(entry)
            except Misfit as error:
                yield Misfit(f"{self._explode}[{entry.entry - 1}]: {error}")

    def _one(self, row: Row) -> Iterator[Made]:
        _convert(row.values, self._converters)
        for rule in self._rules:
            if rule.wants(row):
                yield rule.make(row)
                return


def _each(makers: Sequence[Callable[[], Any]], place: str, problems: list[str]) -> Iterator[Any]:
    for number, make in enumerate(makers):
        try:
            yield make()
        except DefinitionError as error:
            problems += [f"{place}[{number}].{problem}" for problem in error.problems]


def _convert(values: dict[str, Any], converters: Sequence[tuple[str, Convert]]) -> None:
    for name, convert in converters:
        value = values.get(name)
        if value is not None:
            try:
                values[name] = convert(value)
            except Misfit as error:
                raise Misfit(f"{name}: {error}") from None


def _entries(row: Row, name: str) -> Iterator[Row]:
    entries = row.values.get(name)
    if not isinstance(entries, list):
        raise Misfit(f"{name}: no list of objects to take apart")
    if len(entries) > MOST_ENTRIES:
        raise Misfit(f"{name}: {len(entries):,} entries; at most {MOST_ENTRIES:,} are taken apart")
    outer = {column: value for column, value in row.values.items() if column != name}
    for number, entry in enumerate(entries, 1):
        yield Row(row.file, row.line, outer | entry if isinstance(entry, dict) else {**outer, name: entry}, number)


class _Maker:
    """One rule of a mapping, compiled."""

    def __init__(self, rule: Rule, mapping: Mapping, formulas: Formulas) -> None:
        place = _Places(formulas)
        self._where = place.read("where", formulas.condition, rule.where) if rule.where is not None else None
        name = rule.event or IDENTIFY
        self._name: Get = place.read("event", formulas.value, name) if "{" in name else lambda _row: name
        self._customer = place.read("customer", formulas.identity, rule.customer)
        self._id = place.read("id", formulas.identity, rule.id)
        self._time = place.read("time", formulas.value, rule.time)
        self.time_column = rule.time if isinstance(rule.time, str) and "{" not in rule.time else None
        self._as_moment = Kind("moment").converter(mapping.zone)
        self._sums = {name: place.read(f"sum.{name}", formulas.value, given) for name, given in rule.sum.items()}
        self._added = tuple(rule.sum)
        self._properties = _properties(rule, place, formulas)
        self._currency = _currency(rule, mapping, place)
        place.done()

    def wants(self, row: Row) -> bool:
        """Whether the rule makes an event of *row*."""
        if self._where is None:
            return True
        try:
            return bool(self._where(row))
        except _FAILED as error:
            raise Misfit(f"where: {error}") from None

    def make(self, row: Row) -> Made:
        """The event of *row*."""
        try:
            return Made(self._event(row), self._added)
        except EventError as error:
            raise Misfit(str(error)) from None

    def _event(self, row: Row) -> Event:
        properties = self._properties(row)
        for name, get in self._sums.items():
            properties[name] = _summand(name, _asked(name, get, row))
        if self._currency:
            properties.setdefault("currency", self._currency)
        return Event(
            _identity("event", self._name, row),
            id=_identity("id", self._id, row),
            customer_id=_identity("customer", self._customer, row),
            occurred_at=self._moment(row),
            properties=properties,
            source=row.file,
        )

    def _moment(self, row: Row) -> datetime:
        try:
            value = self._time(row)
            if value is None or value is MISSING:
                raise Misfit("nothing stands there")
            found = value if isinstance(value, datetime) else self._as_moment(value)
        except _FAILED as error:
            raise Misfit(f"time: {error}") from None
        assert isinstance(found, datetime)
        return found


class _Places:
    """Compiles formulas and collects what is wrong with them, each under its key."""

    def __init__(self, formulas: Formulas) -> None:
        self.formulas = formulas
        self._problems: list[str] = []

    def read(self, key: str, compiled: Callable[[Any], Get], given: Any) -> Get:
        """The function of one formula."""
        try:
            return compiled(given)
        except DefinitionError as error:
            self._problems += [f"{key}: {problem}" for problem in error.problems]
            return lambda _row: None

    def done(self) -> None:
        """Raise what has been collected."""
        if self._problems:
            raise DefinitionError(self._problems)


def _properties(rule: Rule, place: _Places, formulas: Formulas) -> Callable[[Row], dict[str, Any]]:
    """What makes the properties of a row's event."""
    if rule.traits or rule.consent:
        parts = [
            (name, _named(f"{name}.", given, place, formulas))
            for name, given in (("traits", rule.traits), ("consent", rule.consent))
            if given
        ]
        return lambda row: {name: get(row) for name, get in parts}
    if rule.properties is None:
        return lambda row: {name: plain(value) for name, value in row.values.items() if value is not None}
    return _named("properties.", rule.properties, place, formulas)


def _named(prefix: str, given: Any, place: _Places, formulas: Formulas) -> Callable[[Row], dict[str, Any]]:
    names = given if isinstance(given, dict) else {name: name for name in given}
    getters = [(name, place.read(f"{prefix}{name}", formulas.value, one)) for name, one in names.items()]

    def get(row: Row) -> dict[str, Any]:
        found = {name: _asked(name, get, row) for name, get in getters}
        return {name: value for name, value in found.items() if value is not None}

    return get


def _currency(rule: Rule, mapping: Mapping, place: _Places) -> str:
    """The currency of the money among a rule's properties; empty where there is none, or where the rule names it itself."""
    money = {name: kind.detail for name, kind in mapping.columns.items() if kind.name == "money"}
    named = rule.properties is not None and "currency" in rule.properties
    if named or rule.event is None or not money:
        return ""
    used = set(money) if rule.properties is None else place.formulas.columns & set(money)
    currencies = sorted({money[name] for name in used})
    if len(currencies) > 1:
        raise DefinitionError(
            f"properties: amounts in {' and '.join(currencies)}; make an event of each, or name the currency as a property"
        )
    return currencies[0] if currencies else ""


def _asked(name: str, get: Get, row: Row) -> Any:
    """The JSON value of a formula, None where there is nothing."""
    try:
        value = get(row)
        return value if value.__class__ is str or value.__class__ is int else plain(value)
    except _FAILED as error:
        raise Misfit(f"{name}: {error}") from None


def _identity(what: str, get: Get, row: Row) -> str:
    value = _asked(what, get, row)
    if value.__class__ is str and value:
        return str(value)
    if value is None or value is MISSING or value == "":
        raise Misfit(f"{what}: nothing stands there")
    if isinstance(value, (bool, dict, list)):
        raise Misfit(f"{what}: {value!r:.40} is no id or name; give a text or a number")
    return as_text(value)


def _summand(name: str, value: Any) -> int:
    if type(value) is not int:
        raise Misfit(f"{name}: {value!r:.40} is no whole number, and sums of others drift; declare its column as whole or money")
    return value
