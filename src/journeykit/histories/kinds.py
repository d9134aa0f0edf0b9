"""What the text of a column stands for: numbers, money, flags, moments."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, DecimalException
from functools import lru_cache
from typing import Any

from attrs import frozen

from journeykit.core.expressions.calendar import civil, known_zone, near_zone
from journeykit.errors import DefinitionError, JourneykitError
from journeykit.model.messages import moment
from journeykit.model.money import CURRENCY, digits
from journeykit.model.phrases import suggestion

KINDS = ("text", "number", "whole", "flag", "moment", "seconds", "milliseconds", "microseconds", "money")
_FLAGS = dict.fromkeys(("true", "t", "yes", "y", "1"), True) | dict.fromkeys(("false", "f", "no", "n", "0"), False)
_UNITS = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}
_NUMBER = re.compile(r"[-+]?(\d{1,300}(\.\d*)?|\.\d{1,300})([eE][-+]?\d{1,3})?", re.ASCII)
_LARGEST = 2**63
_REMEMBERED = 10_000  #: texts of moments

Convert = Callable[[Any], Any]


class Misfit(ValueError):  # noqa: N818 (no failure of the program, a row that does not fit)
    """A value is not of its column's kind; the message says why."""


@frozen
class Kind:
    """
    What a column holds.

    Attributes:
        name: one of `KINDS`.
        detail: the currency of money, the pattern of a moment.
    """

    name: str
    detail: str = ""

    def converter(self, zone: str | None) -> Convert:
        """The function that makes the value of a text (or of a JSON value); it raises `Misfit`."""
        if self.name == "money":
            return money(self.detail)
        if self.name == "moment":
            return moments(self.detail, zone)
        if self.name in _UNITS:
            return _since_1970(_UNITS[self.name])
        return {"text": _text, "number": _number, "whole": _whole, "flag": _flag}[self.name]


def read_kind(text: object) -> Kind:
    """
    Read what a column holds, as a mapping says it.

    Raises:
        DefinitionError: there is no such kind.
    """
    name, _, detail = text.strip().partition(" ") if isinstance(text, str) else ("", "", "")
    if name not in KINDS or (detail and name not in ("money", "moment")):
        raise DefinitionError(f"{text!r:.60} is no kind of column; write {', '.join(KINDS[:-1])} or money EUR{suggestion(name, KINDS)}")
    if name == "money" and not CURRENCY.fullmatch(detail):
        raise DefinitionError(f'"{text}" needs a currency; write for example "money EUR"')
    if name == "moment" and detail and "%" not in detail:
        raise DefinitionError(f'"{text}": "{detail}" is no pattern; write for example "moment %d/%m/%Y %H:%M"')
    return Kind(name, detail)


def money(currency: str) -> Convert:
    """Amounts as whole numbers of minor units: 6.45 is 645 pence."""
    places = digits(currency)

    def convert(value: Any) -> int:
        exact = _exact(value).scaleb(places)
        if exact != exact.to_integral_value():
            raise Misfit(f"{value!r:.40} has more than the {places} digits behind the point that {currency} has")
        return int(exact)

    return convert


def moments(pattern: str, zone: str | None) -> Convert:
    """Moments as datetimes of UTC; civil time of *zone* where a text has no offset."""

    def convert(value: Any) -> datetime:
        found = _read(value, pattern)
        if found.tzinfo is None:
            if zone is None:
                raise Misfit(f"{value!r:.40} has no offset; say the zone of such times in the mapping: zone: Europe/Berlin")
            return _civil(found, zone)
        return found.astimezone(UTC) if 1 < found.year < 9999 else _refuse(value)

    known = lru_cache(_REMEMBERED)(convert)  # files are often sorted by time, and many have days only
    return lambda value: known(value) if isinstance(value, str) else convert(value)


def _civil(wall: datetime, zone: str) -> datetime:
    if zone == "UTC":
        return wall.replace(tzinfo=UTC)
    try:
        return moment(civil(wall, zone))
    except (JourneykitError, OverflowError) as error:
        raise Misfit(str(error)) from None


def _read(value: Any, pattern: str) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise Misfit(f"{value!r:.40} is no moment; where it counts from 1970, say so in the mapping: seconds or milliseconds")
    try:
        return datetime.strptime(value, pattern) if pattern else datetime.fromisoformat(value.strip())  # noqa: DTZ007 (its zone comes from the mapping)
    except (ValueError, OverflowError):
        wanted = f"it is not written like {pattern}" if pattern else "write ISO 8601, or say how it is written: moment %d/%m/%Y"
        raise Misfit(f"{value!r:.40} is no moment; {wanted}") from None


def _refuse(value: Any) -> datetime:
    raise Misfit(f"{value!r:.40} lies outside the calendar")


def _since_1970(unit: int) -> Convert:
    def convert(value: Any) -> datetime:
        try:
            return moment(int(_exact(value) * unit))
        except OverflowError:
            return _refuse(value)

    return convert


def _exact(value: Any) -> Decimal:
    """The exact number of a text or of a JSON number."""
    text = value.strip() if isinstance(value, str) else repr(value) if type(value) in (int, float) else ""
    if not _NUMBER.fullmatch(text):
        raise Misfit(f"{value!r:.40} is no number")
    try:
        found = Decimal(text)
    except DecimalException:
        raise Misfit(f"{value!r:.40} is no number") from None
    if abs(found) >= _LARGEST:
        raise Misfit(f"{value!r:.40} is too large; numbers stay below 2**63")
    return found


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if type(value) in (int, float):
        return str(int(value) if value == int(value) else value)
    raise Misfit(f"{value!r:.40} is no text")


def _number(value: Any) -> int | float:
    exact = _exact(value)
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def _whole(value: Any) -> int:
    exact = _exact(value)
    if exact != exact.to_integral_value():
        raise Misfit(f"{value!r:.40} is no whole number")
    return int(exact)


def _flag(value: Any) -> bool:
    found = value if isinstance(value, bool) else _FLAGS.get(str(value).strip().lower())
    if found is None:
        raise Misfit(f"{value!r:.40} is no flag; write true or false")
    return found


def read_zone(zone: object) -> str:
    """
    Return *zone* where it is an IANA time zone.

    Raises:
        DefinitionError: it is none.
    """
    if not isinstance(zone, str) or not known_zone(zone):
        raise DefinitionError(f'{zone!r:.40} is no time zone; write an IANA name, for example "Europe/Berlin"{near_zone(zone)}')
    return zone
