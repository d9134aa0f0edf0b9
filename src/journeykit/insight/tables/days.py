"""Days of a time zone as whole numbers, in Python and in SQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

DAY = 86_400_000_000  #: microseconds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def offset(at: int, zone: str) -> int:
    """By how many microseconds *zone* is ahead of UTC at the moment *at* (microseconds since 1970 UTC)."""
    ahead = (_EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(zone)).utcoffset()
    return (ahead or timedelta()) // timedelta(microseconds=1)


def day_of(at: int, zone: str) -> int:
    """The day of *zone* in which the moment *at* lies, in whole days since 1970-01-01."""
    return (at + offset(at, zone)) // DAY


def begin_of(day: int, zone: str) -> int:
    """The moment at which a day of *zone* begins (microseconds since 1970 UTC): the first that lies in it, where midnight is left out or comes twice."""
    low, high = (day - 2) * DAY, (day + 2) * DAY
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if day_of(middle, zone) >= day else (middle, high)
    return high


def offsets(first: int, last: int, zone: str) -> list[tuple[int, int]]:
    """From which moment on which offset holds between *first* and *last*; the first begins at *first*."""
    found = [(first, offset(first, zone))]
    at = first
    while at < last:
        after = min(at + DAY, last)
        if offset(after, zone) != found[-1][1]:
            after = _change(at, after, zone)
            found.append((after, offset(after, zone)))
        at = after
    return found


def _change(before: int, after: int, zone: str) -> int:
    """The first moment in (before, after] whose offset is not that of *before*."""
    old = offset(before, zone)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if offset(middle, zone) == old else (before, middle)
    return after


def day_sql(column: str, first: int, last: int, zone: str) -> str:
    """SQL for the day of *zone* of the moment in *column*, which lies between *first* and *last*."""
    changes = offsets(first, last, zone)
    ahead = str(changes[0][1])
    if len(changes) > 1:
        cases = " ".join(f"when {column} >= {at} then {by}" for at, by in reversed(changes[1:]))
        ahead = f"(case {cases} else {changes[0][1]} end)"
    moment = f"({column} + {ahead})"
    return f"cast(({moment} - (({moment} % {DAY}) + {DAY}) % {DAY}) / {DAY} as bigint)"
