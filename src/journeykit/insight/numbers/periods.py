"""Weeks, months and quarters of a time zone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Literal

from journeykit.insight.figures import Period
from journeykit.insight.tables.days import begin_of, day_of

Rhythm = Literal["week", "month", "quarter"]

_EPOCH = date(1970, 1, 1)
_PART = 10  #: of a period so much may be missing at its end


def periods(within: Period, rhythm: Rhythm, zone: str) -> list[Period]:
    """The whole weeks (from monday), months or quarters of *zone* that touch *within*, in order; none where it is empty."""
    if within.begin >= within.end:
        return []
    return list(_periods(within, rhythm, zone))


def over(several: Iterable[Period], at: int) -> list[Period]:
    """Those of *several* that are over at the moment *at*: what a review tells, and what the target of a KPI is held against."""
    return [period for period in several if period.end <= at]


def watched(several: Iterable[Period], at: int, end: int) -> list[Period]:
    """
    Those of *several* that are over at the moment *at* and that a record tells of as a whole.

    Nothing need have happened at the very end of the last one; but where the record ended, at *end*, long before *at*, the period in which it
    broke off is told of in part only, and left out.
    """
    known = over(several, at)
    while known and end < known[-1].end - _length(known[-1]) // _PART and at >= known[-1].end + _length(known[-1]):
        known.pop()
    return known


def _length(period: Period) -> int:
    return period.end - period.begin


def _periods(within: Period, rhythm: Rhythm, zone: str) -> Iterator[Period]:
    first = _first(_EPOCH + timedelta(days=day_of(within.begin, zone)), rhythm)
    begin = begin_of((first - _EPOCH).days, zone)
    while begin < within.end:
        after = _next(first, rhythm)
        end = begin_of((after - _EPOCH).days, zone)
        yield Period(begin, end, _label(first, rhythm))
        first, begin = after, end


def _first(day: date, rhythm: Rhythm) -> date:
    """The first day of the week, month or quarter that holds *day*."""
    if rhythm == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1, month=day.month if rhythm == "month" else day.month - (day.month - 1) % 3)


def _next(first: date, rhythm: Rhythm) -> date:
    if rhythm == "week":
        return first + timedelta(days=7)
    months = first.month - 1 + (1 if rhythm == "month" else 3)
    return first.replace(year=first.year + months // 12, month=months % 12 + 1)


def _label(first: date, rhythm: Rhythm) -> str:
    if rhythm == "week":
        year, week, _ = first.isocalendar()
        return f"{year:04}-W{week:02}"
    return f"{first.year:04}-{first.month:02}" if rhythm == "month" else f"{first.year:04}-Q{(first.month + 2) // 3}"
