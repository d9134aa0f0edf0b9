"""
What recurs by the calendar: the text of a schedule, read once into its parts.

::

    day at 08:00                                 also weekday, weekend, monday, "monday or friday"
    month on 1 at 09:00                          a day that the month lacks is its last
    year on customer.birthday at 09:00           or a fixed day: year on 12-24 at 18:00
    year on customer.birthday at 09:00, rolling over, in Europe/Berlin
"""

from __future__ import annotations

import re
from typing import Any, Literal

from attrs import field, frozen

from journeykit.errors import DefinitionError
from journeykit.model.conditions import Expression
from journeykit.model.phrases import suggestion
from journeykit.model.wait import WEEKDAYS, time_of_day, zone_name

_EXAMPLES = 'write for example "monday at 09:00", "month on 1 at 09:00" or "year on customer.birthday at 09:00"'
_SENTENCE = re.compile(r"(?P<days>[a-z ]+?)(?: on (?P<on>.+?))?(?:\s+at\s+(?P<time>\S+))?", re.DOTALL)
_MONTH_DAY = re.compile(r"(?P<month>\d\d?)-(?P<day>\d\d?)")
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise DefinitionError(f"{value!r} is no schedule; {_EXAMPLES}")
    return value.strip()


@frozen
class Schedule:
    """
    When something recurs.

    ``day``, ``weekday``, ``weekend``, ``monday`` or several with ``or``; ``month on 1``; ``year on 12-24``; month and year also ``on`` a
    date of the customer, such as ``year on customer.birthday``. Then ``at 09:00`` (midnight where not said), and after commas ``in ZONE``
    and ``rolling over``: a day that the month lacks is the first of the next month instead of its last.

    Attributes:
        text: as written; the only field that is compared.
        unit: ``day``, ``month`` or ``year``.
        weekdays: the days allowed, Monday being 0; None for all.
        day: the day of the month, where it is fixed.
        month: the month of the year, where it is fixed.
        moment: the date whose day counts, where it is not fixed.
        clock: hour and minute.
        zone: the IANA zone named here; otherwise the customer's counts, else the journey's.
        rolling_over: whether a day the month lacks is the first of the next month.

    Raises:
        DefinitionError: the text is no schedule; the message says what to write.
    """

    text: str = field(converter=_text)
    unit: Literal["day", "month", "year"] = field(init=False, eq=False, repr=False, default="day")
    weekdays: frozenset[int] | None = field(init=False, eq=False, repr=False, default=None)
    day: int | None = field(init=False, eq=False, repr=False, default=None)
    month: int | None = field(init=False, eq=False, repr=False, default=None)
    moment: Expression | None = field(init=False, eq=False, repr=False, default=None)
    clock: tuple[int, int] = field(init=False, eq=False, repr=False, default=(0, 0))
    zone: str | None = field(init=False, eq=False, repr=False, default=None)
    rolling_over: bool = field(init=False, eq=False, repr=False, default=False)

    def __attrs_post_init__(self) -> None:
        core, *options = [part.strip() for part in self.text.split(",")]
        for name, value in (_core(self.text, core) | _options(options)).items():
            object.__setattr__(self, name, value)
        if self.rolling_over and self.unit == "day":
            raise DefinitionError(f'"{self.text}": only months and years can roll over; leave "rolling over" out')


def _core(text: str, core: str) -> dict[str, Any]:
    match = _SENTENCE.fullmatch(core)
    if match is None:
        raise DefinitionError(f'"{text}" is no schedule; {_EXAMPLES}')
    clock = {"clock": time_of_day(match["time"])} if match["time"] else {}
    days = match["days"].strip()
    if days in ("month", "year"):
        return clock | {"unit": days} | _on(text, days, match["on"])
    if match["on"] is not None:
        raise DefinitionError(f'"{text}": only a month and a year have days to name; {_EXAMPLES}')
    return clock | _days(text, days)


def _days(text: str, days: str) -> dict[str, Any]:
    names = days.split(" or ")
    for name in names:
        if name not in WEEKDAYS and days != "day":
            raise DefinitionError(f'"{text}" is no schedule; {_EXAMPLES}{suggestion(name, [*WEEKDAYS, "day", "month", "year"])}')
    return {"weekdays": None if days == "day" else frozenset[int]().union(*(WEEKDAYS[name] for name in names))}


def _on(text: str, unit: str, day: str | None) -> dict[str, Any]:
    """The day of a month or year."""
    if day is None:
        raise DefinitionError(f'"{text}": say which day; {_EXAMPLES}')
    fixed = _MONTH_DAY.fullmatch(day) if unit == "year" else None
    if fixed is not None and 1 <= int(fixed["month"]) <= 12 and 1 <= int(fixed["day"]) <= _LENGTHS[int(fixed["month"]) - 1]:
        return {"month": int(fixed["month"]), "day": int(fixed["day"])}
    if unit == "month" and day.isdecimal() and 1 <= int(day) <= 31:
        return {"day": int(day)}
    if day[0].isdigit():
        raise DefinitionError(f'"{text}": "{day}" is no day of a {unit}; {_EXAMPLES}')
    return {"moment": Expression(day)}


def _options(options: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for option in options:
        if option == "rolling over":
            found["rolling_over"] = True
        elif option.startswith("in "):
            found["zone"] = zone_name(option[3:].strip())
        else:
            raise DefinitionError(f'"{option}" is no option of a schedule; known are "rolling over" and "in ZONE"')
    return found
