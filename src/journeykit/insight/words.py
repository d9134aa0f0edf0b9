"""Numbers as people read them: per cent, money, lengths of time, and periods by the names they go by."""

from __future__ import annotations

from datetime import datetime

from journeykit.core.expressions.calendar import wall
from journeykit.insight.figures import Figure, Period, Unit
from journeykit.model.money import digits

NOTHING = "-"  #: where there is nothing to divide by

_LENGTHS = (("days", 86_400), ("hours", 3_600), ("minutes", 60))
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def shown(value: float | None, unit: Unit, currency: str | None = None) -> str:
    """
    Write a number as people read it.

    Args:
        value: in *unit*; None where there is none.
        unit: what it is, see `Figure`.
        currency: of money, whose amounts are in minor units.
    """
    if value is None:
        return NOTHING
    if unit == "share":
        return f"{_even(100 * value, 1)}%"
    if unit == "money":
        return amount(value, currency)
    if unit == "seconds":
        return length(value)
    return _even(value, 1 if unit == "number" else 2)


def amount(value: float, currency: str | None) -> str:
    """Money of minor units: ``1,204.50 USD``."""
    places = digits(currency or "")
    return f"{value / 10**places:,.{places}f} {currency or ''}".rstrip()


def length(seconds: float) -> str:
    """A length of time in the largest unit of which there are two: ``3.2 days``, ``26 hours``, ``45 seconds``."""
    for unit, size in _LENGTHS:
        if abs(seconds) >= 2 * size:
            return f"{_even(seconds / size, 1)} {unit}"
    return f"{_even(seconds, 1)} seconds"


def counted(figure: Figure) -> str:
    """What a number rests on: ``412 of 708`` for a share, ``mean of 2,043``; empty where it only counts."""
    if figure.of is None or figure.unit == "number":
        return ""
    return f"{figure.count:,.0f} of {figure.of:,.0f}" if figure.unit == "share" else f"mean of {figure.of:,.0f}"


def plural(number: float, one: str, many: str = "") -> str:
    """``1 customer``, ``2 customers``."""
    return f"{number:,.0f} {one if number == 1 else many or one + 's'}"


def days(period: Period, zone: str) -> str:
    """The first and the last day of a period, as short as it can be said: ``16 to 22 November 2026``."""
    first, last = wall(period.begin, zone), wall(max(period.begin, period.end - 1), zone)
    if first.date() == last.date():
        return _day(last)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {_day(last)}"
    return f"{first.day} {_MONTHS[first.month - 1]}{'' if first.year == last.year else f' {first.year}'} to {_day(last)}"


def day(at: int, zone: str) -> str:
    """The day of a moment: ``3 November 2026``."""
    return _day(wall(at, zone))


def _day(moment: datetime) -> str:
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def _even(number: float, places: int) -> str:
    """With thousands apart, and at most *places* digits behind the point; none where there is nothing behind it."""
    text = f"{number:,.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
