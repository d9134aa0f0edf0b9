"""What the operators and functions of expressions mean: missing values, kinds that do not mix, numbers with a limit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn

from journeykit.errors import ConditionError
from journeykit.model.grammar import LARGEST


class _Missing:
    """A value that is not there."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "missing"


MISSING: Final = _Missing()


class MissingError(ConditionError):
    """An expression met a missing value where it has to work on one; a parameter of an action is then missing itself (P15)."""


_SECOND = timedelta(seconds=1)


def missing(value: object) -> bool:
    """Whether *value* counts as missing: not there, or None."""
    return value is MISSING or value is None


def kind(value: object) -> str:
    """What sort of value it is; different sorts neither equal nor mix."""
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, datetime):
        return "moment"
    if isinstance(value, (list, tuple)):
        return "list"
    return "mapping" if isinstance(value, Mapping) else "missing" if missing(value) else type(value).__name__


def shown(value: object) -> str:
    """*value* for an error: short, with its kind, and safe whatever it is."""
    try:
        text = value.isoformat() if isinstance(value, datetime) else repr(value)
    except (ValueError, RecursionError):
        text = "..."
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({kind(value)})" if not missing(value) else "a missing value"


def refuse(text: str, what: str, *values: object) -> NoReturn:
    """Raise the `ConditionError` that names the expression, the values and what cannot be done with them."""
    kind_of_error = MissingError if any(missing(value) for value in values) else ConditionError
    raise kind_of_error(f'"{text}": {" and ".join(shown(value) for value in values)}: {what}')


def as_moment(text: str, value: object) -> datetime:
    """A moment, or the one that a text in ISO 8601 names; without an offset it is UTC."""
    found = value
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            refuse(text, "no moment; moments are written 2026-11-28 or 2026-11-28T09:00:00+00:00", value)
    if not isinstance(found, datetime):
        refuse(text, "no moment", value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def equal(text: str, left: object, right: object) -> bool:
    """``==``: false for missing values and for values of different kinds, but a text beside a moment is read as one."""
    kinds = kind(left), kind(right)
    if "missing" in kinds:
        return False
    if "moment" in kinds and set(kinds) <= {"moment", "text"}:
        return as_moment(text, left) == as_moment(text, right)
    try:
        return kinds[0] == kinds[1] and bool(left == right)
    except RecursionError:
        refuse(text, "too deeply nested to be compared", left, right)


_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def ordered(text: str, operator: str, left: object, right: object) -> bool:
    """``<``, ``<=``, ``>``, ``>=``: numbers with numbers, texts with texts, moments with moments; false where one is missing."""
    if missing(left) or missing(right):
        return False
    kinds = {kind(left), kind(right)}
    if "moment" in kinds and kinds <= {"moment", "text"}:
        left, right = as_moment(text, left), as_moment(text, right)
    elif kinds not in ({"number"}, {"text"}):
        refuse(text, f"cannot be ordered by {operator}", left, right)
    return bool(_ORDERS[operator](left, right))


def holds(text: str, whole: object, part: object) -> bool:
    """``contains`` and ``in``: an item of a list, a part of a text, a name of a mapping; false where one is missing."""
    if missing(whole) or missing(part):
        return False
    if isinstance(whole, (list, tuple)):
        return any(equal(text, item, part) for item in whole)
    if isinstance(whole, str) and isinstance(part, str):
        return part in whole
    if isinstance(whole, Mapping):
        return isinstance(part, str) and part in whole
    refuse(text, "the first can hold only a part of its own kind" if isinstance(whole, str) else "the first holds nothing", whole, part)


def compared(text: str, operator: str, left: object, right: object) -> bool:
    """Any comparison."""
    match operator:
        case "==":
            return equal(text, left, right)
        case "!=":
            return not equal(text, left, right)
        case "in":
            return holds(text, right, left)
        case "not in":
            return not holds(text, right, left)
        case _:
            return ordered(text, operator, left, right)


_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "//": lambda left, right: left // right,
    "%": lambda left, right: left % right,
}


def number(text: str, value: object) -> int | float:
    """*value*, where it is a number that can be worked on and kept."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        refuse(text, "no number", value)
    if not -LARGEST < value < LARGEST if isinstance(value, int) else not math.isfinite(value):
        refuse(text, "too large; numbers stay below 2**63", value)
    return value


def calculated(text: str, operator: str, left: object, right: object) -> Any:
    """Arithmetic: numbers; texts with +; a moment and seconds; seconds between two moments."""
    kinds = kind(left), kind(right)
    if kinds == ("text", "text") and operator == "+":
        return left + right  # type: ignore[operator]  # both are texts
    if "moment" in kinds and operator in ("+", "-"):
        return _shifted(text, operator, left, right)
    if kinds != ("number", "number"):
        refuse(text, f"no numbers to take {operator} of", left, right)
    if operator in ("/", "//", "%") and right == 0:
        refuse(text, "division by zero", left, right)
    return number(text, _ARITHMETIC[operator](number(text, left), number(text, right)))


def _shifted(text: str, operator: str, left: object, right: object) -> datetime | int | float:
    """``moment - moment``, or a moment moved by seconds."""
    try:
        if operator == "-" and kind(left) in ("moment", "text") and kind(right) in ("moment", "text"):
            return _seconds(as_moment(text, left) - as_moment(text, right))
        if isinstance(left, datetime) and kind(right) == "number":
            moved = number(text, right) * _SECOND
            return left + moved if operator == "+" else left - moved
        if operator == "+" and isinstance(right, datetime) and kind(left) == "number":
            return right + number(text, left) * _SECOND
    except OverflowError:
        refuse(text, "beyond the years 1 to 9999", left, right)
    refuse(text, f"cannot be taken together by {operator}", left, right)


def _seconds(span: timedelta) -> int | float:
    return span.total_seconds() if span.microseconds else span.days * 86_400 + span.seconds


def negative(text: str, value: object) -> int | float:
    """``-value``."""
    return -number(text, value)


def length(text: str, value: object) -> int:
    """``len(value)`` of a text, a list or a mapping."""
    if isinstance(value, (str, list, tuple, Mapping)):
        return len(value)
    refuse(text, "has no length", value)


def lower(text: str, value: object) -> Any:
    """``lower(value)``; missing where *value* is, so that ``lower(customer.name) or 'friend'`` greets everybody."""
    return MISSING if missing(value) else value.lower() if isinstance(value, str) else refuse(text, "no text", value)


def upper(text: str, value: object) -> Any:
    """``upper(value)``; missing where *value* is."""
    return MISSING if missing(value) else value.upper() if isinstance(value, str) else refuse(text, "no text", value)


def _extreme(text: str, operator: str, values: tuple[object, ...]) -> Any:
    items = values[0] if len(values) == 1 and isinstance(values[0], (list, tuple)) else values
    if not items:
        refuse(text, "nothing to choose from", *values)
    best = items[0]
    for item in items:
        if missing(item) or kind(item) == "flag":
            refuse(text, "cannot be ordered", item)
        best = item if ordered(text, operator, item, best) else best
    return best


def least(text: str, *values: object) -> Any:
    """``min(a, b, ...)`` or ``min(list)``; the first of equals."""
    return _extreme(text, "<", values)


def greatest(text: str, *values: object) -> Any:
    """``max(a, b, ...)`` or ``max(list)``; the first of equals."""
    return _extreme(text, ">", values)


def absolute(text: str, value: object) -> int | float:
    """``abs(value)``."""
    return abs(number(text, value))


def rounded(text: str, value: object, digits: object = 0) -> int | float:
    """``round(value)`` to a whole number, ``round(value, digits)`` to so many decimals; halves go to the even neighbour."""
    if isinstance(digits, bool) or not isinstance(digits, int) or not 0 <= digits <= 15:
        refuse(text, "round takes 0 to 15 digits", digits)
    exact = number(text, value)
    return number(text, round(exact, digits) if digits else round(exact))


def minutes(text: str, value: object) -> int | float:
    """So many minutes, in seconds."""
    return number(text, number(text, value) * 60)


def hours(text: str, value: object) -> int | float:
    """So many hours, in seconds."""
    return number(text, number(text, value) * 3_600)


def days(text: str, value: object) -> int | float:
    """So many days of 24 hours, in seconds."""
    return number(text, number(text, value) * 86_400)


def active(_text: str, keys: Sequence[str], *key: object) -> bool:
    """``active('cart')`` and ``active('cart', key)``: whether a journey holds the customer, at all or under one key."""
    return (str(key[0]) in keys if kind(key[0]) in ("text", "number") else False) if key else bool(keys)


#: the functions of the language that give a value, by name; each takes the expression's text first, for its errors
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "len": length,
    "lower": lower,
    "upper": upper,
    "min": least,
    "max": greatest,
    "abs": absolute,
    "round": rounded,
    "minutes": minutes,
    "hours": hours,
    "days": days,
    "active": active,
}
