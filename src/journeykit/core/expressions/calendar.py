"""
When a wait is over, in civil time; reading moments; showing them to people.

Moments are integer microseconds since 1970 UTC. `zoneinfo` does the arithmetic; nothing here reads a clock.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Container
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import pendulum

from journeykit.errors import ConditionError
from journeykit.model.phrases import suggestion
from journeykit.model.wait import Wait

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
_ZONE = re.compile(r"(?!(?:posix|right)/|localtime$|posixrules$|Factory$)[A-Za-z][\w+-]*(?:/[\w+-]+)*", re.ASCII)


def due(wait: Wait, anchor: int, zone: str, holidays: Container[date] = ()) -> int:
    """
    Return when *wait* is over.

    Args:
        wait: its rule.
        anchor: microseconds of the entering of the wait's owner, or of the moment that the wait names.
        zone: the IANA zone of the customer, or of the journey; a zone named in the wait itself goes before it.
        holidays: days that are no business days although they are no weekend.

    Returns:
        Microseconds since 1970 UTC. May lie before *anchor* where the wait says ``before`` or ``at``; a time of day is
        strictly later than *anchor*.

    Raises:
        ConditionError: the zone is unknown, or the calendar (years 1 to 9999) ends before the wait does.
    """
    if wait.kind == "elapsed":
        return anchor + wait.seconds * _SECOND
    if not (wait.clock or wait.days or wait.months or wait.business):
        return anchor + wait.seconds * _SECOND
    try:
        here = _local(anchor, _zone(wait.zone or zone))
        return _next(wait, here, anchor) if wait.kind == "clock" else _instant(_shifted(wait, here, holidays))
    except (OverflowError, ValueError):
        raise ConditionError(f'"{wait.text}" counted from {show(anchor, "UTC")} leaves the calendar (years 1 to 9999)') from None


def local(at: int, zone: str) -> datetime:
    """
    Return the instant *at* as the clocks in *zone* show it.

    Raises:
        ConditionError: the zone is unknown, or the instant lies outside the years 1 to 9999.
    """
    try:
        return _local(at, _zone(zone))
    except (OverflowError, ValueError):
        raise ConditionError(f"{at} microseconds from 1970 leave the calendar (years 1 to 9999)") from None


def civil(wall: datetime, zone: str) -> int:
    """
    Return the instant at which clocks in *zone* show *wall* (without a zone of its own).

    A time that exists twice is the first of the two; one that does not exist is the first instant after the gap.

    Raises:
        ConditionError: the zone is unknown, or the instant lies outside the years 1 to 9999.
    """
    try:
        return _instant(wall.replace(tzinfo=_zone(zone), fold=0))
    except (OverflowError, ValueError):
        raise ConditionError(f"{wall.isoformat(' ')} in {zone} leaves the calendar (years 1 to 9999)") from None


def wall(at: int, zone: str) -> datetime:
    """
    Return what clocks in *zone* show at *at*, without the zone.

    Raises:
        ConditionError: the zone is unknown.
    """
    return _local(at, _zone(zone)).replace(tzinfo=None)


def period(unit: str, at: int, zone: str) -> tuple[int, int]:
    """
    Return begin and end of the calendar's day, week (from Monday), month or year in *zone* that holds *at*.

    Raises:
        ConditionError: the zone is unknown, or the period leaves the years 1 to 9999.
    """
    here = _local(at, _zone(zone))
    first = date(here.year, here.month, here.day)
    if unit == "week":
        first -= timedelta(first.weekday())
    elif unit != "day":
        first = first.replace(day=1, month=1 if unit == "year" else first.month)
    try:
        return civil(datetime.combine(first, time()), zone), civil(datetime.combine(_following(unit, first), time()), zone)
    except (OverflowError, ValueError):
        raise ConditionError(f"the {unit} of {show(at, 'UTC')} leaves the calendar (years 1 to 9999)") from None


def _following(unit: str, first: date) -> date:
    """The day after the last of the period that begins on *first*."""
    if unit in ("day", "week"):
        return first + timedelta(7 if unit == "week" else 1)
    month = first.month if unit == "month" else 12
    return date(first.year + month // 12, month % 12 + 1, 1)


def read_moment(value: object, zone: str) -> int | None:
    """
    Read a moment out of customer, event or enrollment data.

    Args:
        value: a datetime, a date, or ISO text of either; without an offset it is civil time in *zone*, a date is its
            midnight. None where nothing is known.
        zone: an IANA zone.

    Returns:
        Microseconds since 1970 UTC, or None.

    Raises:
        ConditionError: the value is no moment, or the zone is unknown.
    """
    if value is None:
        return None
    moment = _moment(value)
    return _microseconds(moment - _EPOCH) if moment.utcoffset() is not None else civil(moment.replace(tzinfo=None), zone)


def known_zone(name: object) -> bool:
    """Tell whether *name* is an IANA time zone that this machine knows; not one that means another zone elsewhere."""
    if not isinstance(name, str) or not _ZONE.fullmatch(name):
        return False
    try:
        _zone(name)
    except ConditionError:
        return False
    return True


def near_zone(name: object) -> str:
    """Return ``; did you mean "Europe/Berlin"?`` for the zone whose name is nearest to one that there is not, or nothing."""
    return suggestion(name, sorted(available_timezones())) if isinstance(name, str) else ""


def wall_clock(at: int, zone: str) -> datetime:
    """What the clocks of *zone* show at *at*, with their offset."""
    return _local(at, _zone(zone))


def show(at: int, zone: str) -> str:
    """
    Return the moment *at* as people in *zone* write it: ``2026-03-29 03:30 CEST``, with seconds where there are any.

    Raises:
        ConditionError: the zone is unknown.
    """
    _zone(zone)
    try:
        moment = pendulum.from_timestamp(at // _SECOND, tz=zone)
    except (OverflowError, ValueError, OSError):
        return "before the year 1" if at < 0 else "after the year 9999"
    return moment.format("YYYY-MM-DD HH:mm:ss zz" if moment.second else "YYYY-MM-DD HH:mm zz", locale="en")


def local_day(at: int, zone: str) -> datetime:
    """
    The midnight, without a zone, of the calendar day that *at* belongs to in *zone*.

    Raises:
        ConditionError: the zone is unknown.
    """
    return _local(at, _zone(zone)).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None, fold=0)


def _next(wait: Wait, here: datetime, anchor: int) -> int:
    """The first of the wanted days on which the wanted time comes after *anchor*."""
    hour, minute = wait.clock or (0, 0)
    today = datetime(here.year, here.month, here.day, hour, minute, tzinfo=here.tzinfo)
    days = (today + timedelta(number) for number in range(8))
    instants = (_instant(day) for day in days if wait.weekdays is None or day.weekday() in wait.weekdays)
    return next(at for at in instants if at > anchor)


def _business(here: datetime, days: int, holidays: Container[date]) -> datetime:
    """The wall time so many business days away."""
    step = timedelta(1 if days > 0 else -1)
    while days:
        here += step
        if here.weekday() < 5 and here.date() not in holidays:
            days -= 1 if days > 0 else -1
    return here


def _shifted(wait: Wait, here: datetime, holidays: Container[date]) -> datetime:
    """The wall time that lies the months and days of *wait* away from *here*; always counted in one go, never chained."""
    year, month = divmod(here.year * 12 + here.month - 1 + wait.months, 12)
    lacking = here.day - monthrange(year, month + 1)[1]
    day = here.replace(year=year, month=month + 1, day=here.day - max(lacking, 0), fold=0)
    day += timedelta(wait.days + (lacking > 0 and wait.rolling_over))
    day = _business(day, wait.business, holidays) if wait.business else day
    return day.replace(hour=wait.clock[0], minute=wait.clock[1], second=0, microsecond=0) if wait.clock else day


def _local(at: int, zone: tzinfo | None) -> datetime:
    return (_EPOCH + timedelta(microseconds=at)).astimezone(zone)


def _microseconds(since_epoch: timedelta) -> int:
    return since_epoch // _MICROSECOND


def _instant(wall: datetime) -> int:
    """The instant of a wall time in its zone (fold 0): the first of two, or the first one after a gap."""
    at = _microseconds(wall - _EPOCH)
    shown = _local(at, wall.tzinfo)
    return at if shown == wall else _after_gap(wall, shown, at)


def _after_gap(wall: datetime, shown: datetime, at: int) -> int:
    """Clocks jump over *wall* and show *shown* instead, as much later as they jump: find the second of the jump."""
    asked = wall.replace(tzinfo=None)
    last = at // _SECOND + 1
    seconds = range(last - 1 - (shown - wall) // timedelta(seconds=1), last + 1)
    place = bisect_right(seconds, asked, key=lambda second: _local(second * _SECOND, wall.tzinfo).replace(tzinfo=None))
    return seconds[place] * _SECOND


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConditionError(f'"{name}" is no time zone; use an IANA name such as "Europe/Berlin"') from None


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    try:
        return datetime.fromisoformat(value.strip() if isinstance(value, str) else "")
    except ValueError:
        raise ConditionError(
            f"{value!r:.80} is no moment; give an ISO date or time such as 2026-11-28 or 2026-11-28T09:00:00+01:00"
        ) from None
