"""The moments of a year at which civil time trips people up: clocks change, months and years end, and some Februaries are longer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from functools import cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from journeykit.core.expressions.calendar import known_zone, near_zone
from journeykit.errors import UnknownError

Kind = Literal["gap", "fold", "new year", "leap day", "month end"]

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


class Boundary(NamedTuple):
    """
    One of them.

    Attributes:
        zone: in which time zone.
        at: the moment, UTC: the first instant after the change, or the midnight with which the day begins.
        kind: ``gap`` where the clocks go forward, ``fold`` where they go back, ``new year``, ``leap day``, ``month end``.
    """

    zone: str
    at: datetime
    kind: Kind

    @property
    def local(self) -> datetime:
        """The moment, as the clocks of the zone show it."""
        return self.at.astimezone(ZoneInfo(self.zone))

    def __str__(self) -> str:
        return f"{self.zone} {self.local:%Y-%m-%d} {self.kind}"


def boundaries(year: int, zones: Iterable[str] | None = None) -> list[Boundary]:
    """
    The boundaries of a year.

    Args:
        year: the year, as each zone counts it.
        zones: all boundaries in these time zones; where not said, every change of clocks that there is in the world in that year, each
            in one of the zones that have it.

    Returns:
        In order of time, and of the zones for those in one instant.

    Raises:
        UnknownError: there is no such time zone.
        TypeError: *year* is no whole number, or *zones* is a text; one zone is a list of one.
        ValueError: there is no such year.
    """
    if not isinstance(year, int):
        raise TypeError(f"year: {year!r:.60} is no year; give a whole number, for example 2026")
    if not MINYEAR < year < MAXYEAR:
        raise ValueError(f"year: {year} is none that can be counted in every time zone; give one from {MINYEAR + 1} to {MAXYEAR - 1}")
    if isinstance(zones, str):
        raise TypeError(f'zones: "{zones}" is a text; give a list: ["{zones}"]')
    if zones is None:
        return _changes_of_the_world(year)
    return sorted((one for zone in zones for one in _of(known(zone), year)), key=lambda one: (one.at, one.zone))


def known(zone: str) -> str:
    """Return *zone*, or raise `UnknownError` where there is no such time zone."""
    if not known_zone(zone):
        raise UnknownError(f'no time zone "{zone}"; write an IANA name, for example "Europe/Berlin"{near_zone(zone)}')
    return zone


def _of(zone: str, year: int) -> Iterator[Boundary]:
    yield from _changes(zone, year)
    midnights: list[tuple[int, Kind]] = [(month, "month end" if month > 1 else "new year") for month in range(1, 13)]
    for month, kind in midnights:
        yield Boundary(zone, _midnight(zone, datetime(year, month, 1)), kind)  # noqa: DTZ001  a wall time of *zone*
    if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
        yield Boundary(zone, _midnight(zone, datetime(year, 2, 29)), "leap day")  # noqa: DTZ001  a wall time of *zone*


def _midnight(zone: str, wall: datetime) -> datetime:
    """The first instant of a day, also where its midnight is skipped."""
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _changes(zone: str, year: int) -> Iterator[Boundary]:
    """Every change of the clocks of *zone* in a year that people count there."""
    info = ZoneInfo(zone)
    day, end = _midnight(zone, datetime(year, 1, 1)), _midnight(zone, datetime(year + 1, 1, 1))  # noqa: DTZ001  wall times of *zone*
    while day < end:
        following = min(day + _DAY, end)
        before, after = day.astimezone(info).utcoffset(), following.astimezone(info).utcoffset()
        if before != after and before is not None and after is not None:
            yield Boundary(zone, _instant(info, day, following), "gap" if after > before else "fold")
        day = following


def _instant(info: ZoneInfo, early: datetime, late: datetime) -> datetime:
    """The first second between two moments at which the clocks are changed."""
    before = early.astimezone(info).utcoffset()
    while late - early > _SECOND:
        middle = early + (late - early) // 2
        middle -= timedelta(microseconds=middle.microsecond)
        if middle.astimezone(info).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late


@cache
def _changes_of_the_world(year: int) -> list[Boundary]:
    found: dict[tuple[datetime, Kind, timedelta | None], Boundary] = {}
    places = (zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix/", "right/", "SystemV/")))
    for zone in sorted(places):
        for one in _changes(zone, year):
            found.setdefault((one.at, one.kind, one.local.utcoffset()), one)
    return sorted(found.values(), key=lambda one: (one.at, one.zone))
