"""A slice in SQL: the periods that are looked at, and tables of which only the slice is left."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.insight.figures import Period, Slice
from journeykit.insight.tables.quoting import quoted

#: the tables that measures read, and the moment of a row at which its customer has to be in the slice
TABLES = {
    "happenings": "occurred_at",
    "things": "occurred_at",
    "feelings": "occurred_at",
    "visitors": "occurred_at",
    "orders": "occurred_at",
    "purchases": "occurred_at",
    "carts": "occurred_at",
    "checkouts": "occurred_at",
    "signups": "occurred_at",
    "active": "moment",
    "subscriptions": "moment",
    "mails": "occurred_at",
    "tickets": "occurred_at",
    "resolved": "occurred_at",
    "sessions": "occurred_at",
}

#: those of journeys, which know journey and version themselves
WAYS = {"stays": "occurred_at", "visits": "entered_at", "stage_visits": "entered_at"}


def periods_sql(periods: Sequence[Period]) -> str:
    """The periods as a table: their places in *periods*, from 0, since when and until when."""
    rows = [f"select {place} as period, {period.begin} as since, {period.end} as until" for place, period in enumerate(periods)]
    return f"({' union all '.join(rows)})"


def tables_sql(cut: Slice) -> dict[str, str]:
    """Each table as measures name it, with only those rows whose customer was in the segment and in the journey at that moment."""
    events = {table: _cut(table, _entered(cut, moment) + _segment(cut, moment), _outside(cut)) for table, moment in TABLES.items()}
    ways = {table: _cut(table, _segment(cut, moment), _journey(cut) + _outside(cut)) for table, moment in WAYS.items()}
    return {**events, **ways}


def _cut(table: str, joins: list[str], conditions: list[str]) -> str:
    """
    A table of which only some rows are left.

    Joins, not ``exists``: DuckDB carries out an ``exists`` with a range in it in six times the time. They double nothing, for stretches of one
    customer in one journey or segment never overlap.
    """
    where = f" where {' and '.join(conditions)}" if conditions else ""
    return f"(select t.* from {table} t {' '.join(joins)}{where})" if joins or conditions else table  # noqa: S608  names of our own


def _journey(cut: Slice, alias: str = "t") -> list[str]:
    asked = {"journey": cut.journey, "version": cut.version}
    return [f"{alias}.{column} = {quoted(value)}" for column, value in asked.items() if value is not None]


def _entered(cut: Slice, moment: str) -> list[str]:
    """Somebody is in a journey, as far as what they do is concerned, from their first entry on; on a version until they enter with another."""
    where = _journey(cut, "x")
    return [f"join {_within('entrants', where, 'e', moment)}"] if where else []


def _segment(cut: Slice, moment: str) -> list[str]:
    if cut.segment is None:
        return []
    name = cut.segment.removeprefix("not ")
    return [f"{'' if name == cut.segment else 'left '}join {_within('members', [f'x.segment = {quoted(name)}'], 'm', moment)}"]


def _outside(cut: Slice) -> list[str]:
    return ["m.customer is null"] if cut.segment is not None and cut.segment.startswith("not ") else []


def _within(table: str, where: list[str], alias: str, moment: str) -> str:
    """The stretch of the row's customer in *table* that covers the moment of the row."""
    stretches = f"(select x.customer, x.since, x.until from {table} x where {' and '.join(where)}) as {alias}"  # noqa: S608
    return f"{stretches} on {alias}.customer = t.customer and {alias}.since <= t.{moment} and t.{moment} < {alias}.until"
