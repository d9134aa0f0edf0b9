"""A slice in SQL: the periods that are looked at, and tables of which only the slice is left."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.insight.figures import Period, Slice
from journeykit.insight.quoting import quoted

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
    events = {table: _cut(table, _entered(cut, moment) + _segment(cut, moment)) for table, moment in TABLES.items()}
    ways = {table: _cut(table, _journey(cut) + _segment(cut, moment)) for table, moment in WAYS.items()}
    return {**events, **ways}


def _cut(table: str, conditions: list[str]) -> str:
    return f"(select t.* from {table} t where {' and '.join(conditions)})" if conditions else table  # noqa: S608  names of our own


def _journey(cut: Slice) -> list[str]:
    asked = {"journey": cut.journey, "version": cut.version}
    return [f"t.{column} = {quoted(value)}" for column, value in asked.items() if value is not None]


def _entered(cut: Slice, moment: str) -> list[str]:
    """Somebody is in a journey, as far as what they do is concerned, from their first entry on; on a version until they enter with another."""
    asked = {"journey": cut.journey, "version": cut.version}
    where = [f"e.{column} = {quoted(value)}" for column, value in asked.items() if value is not None]
    return [_exists("entrants e", where, "e", moment)] if where else []


def _segment(cut: Slice, moment: str) -> list[str]:
    if cut.segment is None:
        return []
    name = cut.segment.removeprefix("not ")
    within = _exists("members m", [f"m.segment = {quoted(name)}"], "m", moment)
    return [within if name == cut.segment else f"not {within}"]


def _exists(table: str, where: list[str], alias: str, moment: str) -> str:
    """SQL that holds where a stretch of the row's customer in *table* covers the moment of the row."""
    covered = [f"{alias}.customer = t.customer", f"{alias}.since <= t.{moment}", f"t.{moment} < {alias}.until"]
    return f"exists (select 1 from {table} where {' and '.join([*where, *covered])})"  # noqa: S608
