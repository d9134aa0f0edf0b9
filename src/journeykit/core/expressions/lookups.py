"""The functions of expressions that look something up: the day of a moment, records of a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from journeykit.core.expressions import values
from journeykit.core.expressions.calendar import known_zone
from journeykit.core.expressions.values import MISSING, as_moment, equal, missing, ordered, refuse

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")  #: as `weekday` gives them


def _there(text: str, moment: object, zone: object) -> datetime:
    if not isinstance(zone, str) or not known_zone(zone):
        refuse(text, "no time zone; give an IANA name such as 'Europe/Berlin'", zone)
    return as_moment(text, moment).astimezone(ZoneInfo(zone))


def weekday(text: str, moment: object, zone: object) -> str:
    """``weekday(moment, zone)``: the day of the week there, ``monday`` to ``sunday``."""
    return DAYS[_there(text, moment, zone).weekday()]


def date(text: str, moment: object, zone: object) -> str:
    """``date(moment, zone)``: the calendar day there, such as ``2026-03-29``."""
    return _there(text, moment, zone).date().isoformat()


def time(text: str, moment: object, zone: object) -> str:
    """``time(moment, zone)``: hour and minute of the clocks there, such as ``09:00``, which compare as they follow each other."""
    return f"{_there(text, moment, zone):%H:%M}"


def _records(text: str, value: object) -> list[Mapping[str, Any]]:
    if missing(value):
        return []
    if not isinstance(value, (list, tuple)) or not all(isinstance(record, Mapping) for record in value):
        refuse(text, "no list of records", value)
    return list(value)


def top(text: str, records: object, by: object, of: object) -> Any:
    """``top(list, by, of)``: what stands under *of* in the record with the greatest *by*, the first of equals."""
    best: Mapping[str, Any] | None = None
    for record in _records(text, records):
        worth = record.get(str(by))
        if worth is not None and (best is None or ordered(text, ">", worth, best[str(by)])):
            best = record
    found = None if best is None else best.get(str(of))
    return MISSING if found is None else found


def those(text: str, records: object, name: object, value: object, of: object) -> list[Any]:
    """``those(list, name, value, of)``: what stands under *of* in each record whose *name* is *value*."""
    return [record.get(str(of)) for record in _records(text, records) if equal(text, record.get(str(name)), value)]


#: all functions of the language that give a value, by name; each takes the expression's text first, for its errors
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **values.FUNCTIONS, "weekday": weekday, "date": date, "time": time, "top": top, "those": those
}  # fmt: skip
