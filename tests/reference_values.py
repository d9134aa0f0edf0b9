"""
What expressions and civil time mean, said once more: trees are walked, wall time is found by stepping through minutes.

Written from the text of the promises (P5, P15), for `tests/reference.py`; nothing here comes from core.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from journeykit.model.wait import Wait

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Look = Callable[[tuple[Any, ...]], Any]


class Cannot(Exception):
    """An expression that cannot be evaluated: that part of the signal is parked (P15)."""


class _Missing:
    def __bool__(self) -> bool:
        return False

    def __deepcopy__(self, memo: object) -> _Missing:
        return self


MISSING = _Missing()


def moment(at: int) -> datetime:
    """The instant *at* (microseconds since 1970) as a value of the language."""
    return EPOCH + timedelta(microseconds=at)


# ---- expressions


def value(tree: tuple[Any, ...], look: Look, *, lenient: bool = False) -> Any:
    """What an expression comes to; missing stays missing until something is counted with it, where *lenient* also then."""
    if not lenient:
        return worked_out(tree, look, value)
    try:
        return worked_out(tree, look, lambda inner, look: value(inner, look, lenient=True))
    except Cannot:
        parts = [value(inner, look, lenient=True) for inner in tree[1:] if isinstance(inner, tuple)]
        if tree[0] in ("math", "negative", "call") and any(
            part is MISSING or (isinstance(part, list) and MISSING in part) for part in parts
        ):
            return MISSING
        raise


def worked_out(tree: tuple[Any, ...], look: Look, value: Callable[[Any, Look], Any]) -> Any:
    """The same, the parts of *tree* by *value*."""
    match tree:
        case ("const", constant):
            return MISSING if constant is None else constant
        case ("path", path):
            found = look(path)
            return MISSING if found is None else found
        case ("list", *items):
            return [value(item, look) for item in items]
        case ("and" | "or" as word, *parts):
            for part in parts:
                result = value(part, look)
                if bool(result) is (word == "or"):
                    break
            return result
        case ("not", inner):
            return not value(inner, look)
        case ("if", test, yes, no):
            return value(yes, look) if value(test, look) else value(no, look)
        case ("negative", inner):
            return -number(value(inner, look))
        case ("math", sign, left, right):
            return count(sign, value(left, look), value(right, look))
        case ("compare", first, *pairs):
            left = value(first, look)
            for sign, operand in pairs:
                right = value(operand, look)
                if not compare(sign, left, right):
                    return False
                left = right
            return True
        case ("call", name, *arguments):
            return call(name, [value(argument, look) for argument in arguments])
    raise AssertionError(tree)


def active(keys: Any, key: Any = None) -> bool:
    """Whether *key* is among the keys under which somebody is inside; any key where none is asked for."""
    return bool(keys) if key is None else (isinstance(key, str) or type(key) in (int, float)) and str(key) in keys


def is_number(one: Any) -> bool:
    return type(one) in (int, float)


def number(one: Any) -> Any:
    if not is_number(one):
        raise Cannot(f"{one!r} is no number")
    return one


def count(sign: str, left: Any, right: Any) -> Any:
    """Arithmetic: numbers, texts joined by +, moments and seconds."""
    if isinstance(left, datetime) or isinstance(right, datetime):
        return count_moments(sign, *moments(left, right))
    if sign == "+" and isinstance(left, str) and isinstance(right, str):
        return left + right
    left, right = number(left), number(right)
    if sign in ("/", "//", "%") and right == 0:
        raise Cannot("division by zero")
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right
        case "//":
            return left // right
    return left % right


def count_moments(sign: str, left: Any, right: Any) -> Any:
    if sign == "-" and isinstance(left, datetime) and isinstance(right, datetime):
        return (left - right).total_seconds()
    if sign == "-" and isinstance(left, datetime):
        return left - timedelta(seconds=number(right))
    if sign == "+" and isinstance(left, datetime):
        return left + timedelta(seconds=number(right))
    if sign == "+":
        return right + timedelta(seconds=number(left))
    raise Cannot("a moment is no number")


def moments(left: Any, right: Any) -> tuple[Any, Any]:
    """A text beside a moment is read as one."""
    if isinstance(left, datetime) and isinstance(right, str):
        return left, aware(right)
    if isinstance(right, datetime) and isinstance(left, str):
        return aware(left), right
    return left, right


def aware(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise Cannot(f"{text} is no moment") from None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read


def equal(left: Any, right: Any) -> bool:
    left, right = moments(left, right)
    alike = (is_number(left) and is_number(right)) or type(left) is type(right)
    return alike and bool(left == right)


def compare(sign: str, left: Any, right: Any) -> bool:
    """A comparison; with what is missing it is false, or true where it asks for a difference."""
    if left is MISSING or right is MISSING:
        return sign in ("!=", "not in")
    if sign in ("==", "!="):
        return equal(left, right) is (sign == "==")
    if sign in ("in", "not in"):
        return contains(right, left) is (sign == "in")
    left, right = moments(left, right)
    if not any(isinstance(left, kind) and isinstance(right, kind) for kind in (str, datetime)):
        left, right = number(left), number(right)
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign])


def contains(holder: Any, one: Any) -> bool:
    if holder is MISSING or one is MISSING:
        return False
    if isinstance(one, str) and isinstance(holder, (str, dict)):
        return one in holder
    if isinstance(holder, dict):
        return False
    if not isinstance(holder, list):
        raise Cannot(f"{holder!r} cannot hold {one!r}")
    return any(equal(item, one) for item in holder)


def call(name: str, given: list[Any]) -> Any:
    """One of the functions of the language."""
    first = given[0]
    match name:
        case "exists":
            return first is not MISSING
        case "contains":
            return contains(*given)
        case "lower" | "upper" if first is MISSING:
            return MISSING
        case "lower" | "upper" if isinstance(first, str):
            return first.lower() if name == "lower" else first.upper()
        case "len" if isinstance(first, (str, list, dict)):
            return len(first)
        case "minutes" | "hours" | "days":
            return number(first) * {"minutes": 60, "hours": 3_600, "days": 86_400}[name]
        case "min" | "max":
            return extreme(name, first if len(given) == 1 and isinstance(first, list) else given)
        case "active":
            return active(*given)
        case "abs":
            return abs(number(first))
        case "round":
            return round(number(first), *[digits for digits in given[1:] if digits])
        case "weekday" | "date" | "time":
            return day(name, *given)
        case "top":
            return top(*given)
        case "those":
            return [record.get(given[3]) for record in records(first) if equal(record.get(given[1]), given[2])]
    raise Cannot(f"{name} of {first!r}")


def day(name: str, at: Any, zone: Any) -> str:
    """The day of a moment in a zone, its name or its date, or what the clocks show there."""
    if isinstance(at, str):
        try:
            at = datetime.fromisoformat(at)
        except ValueError:
            raise Cannot(f"{at!r} is no moment") from None
    if not isinstance(at, datetime) or not isinstance(zone, str):
        raise Cannot(f"{name} of {at!r} in {zone!r}")
    try:
        there = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(ZoneInfo(zone))
    except (ValueError, ZoneInfoNotFoundError):
        raise Cannot(f"no zone {zone!r}") from None
    return {"weekday": there.strftime("%A").lower(), "date": f"{there:%Y-%m-%d}", "time": f"{there:%H:%M}"}[name]


def records(given: Any) -> list[dict[str, Any]]:
    """A list of records; none where it is missing."""
    if given is MISSING:
        return []
    if not isinstance(given, list) or not all(isinstance(record, dict) for record in given):
        raise Cannot(f"no records in {given!r}")
    return given


def top(given: Any, by: str, of: str) -> Any:
    """What the first of the records that are greatest by a name holds under another."""
    best = None
    for record in records(given):
        if record.get(by) is not None and (best is None or compare(">", record[by], best[by])):
            best = record
    return MISSING if best is None or best.get(of) is None else best[of]


def extreme(name: str, given: list[Any]) -> Any:
    if not given or any(one is MISSING or isinstance(one, bool) for one in given):
        raise Cannot(f"{name} of {given!r}")
    best = given[0]
    for one in given[1:]:
        if compare("<" if name == "min" else ">", one, best):
            best = one
    return best


def plain(one: Any) -> Any:
    """As JSON keeps it: None for what is missing, moments as text."""
    if one is MISSING:
        return None
    if isinstance(one, datetime):
        return one.isoformat()
    return [plain(item) for item in one] if isinstance(one, list) else one


def written(one: Any) -> str:
    """As people read it within a sentence."""
    one = plain(one)
    if isinstance(one, (list, dict)):
        raise Cannot(f"{one!r} within a text")
    return {None: "", True: "true", False: "false"}[one] if one is None or isinstance(one, bool) else str(one)


def walk(inside: Any, path: tuple[Any, ...]) -> Any:
    """What stands under *path* within mappings and lists; missing where there is nothing."""
    for part in path:
        if (isinstance(inside, dict) and part in inside) or (
            isinstance(inside, list) and isinstance(part, int) and -len(inside) <= part < len(inside)
        ):
            inside = inside[part]
        else:
            return MISSING
    return MISSING if inside is None else inside


# ---- civil time (P5)


def local(at: int, zone: str) -> datetime:
    """What the clock on the wall shows."""
    return moment(at).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@cache
def wall(shown: datetime, zone: str) -> int:
    """The first instant at which the clock on the wall shows *shown* or, where it jumps over that, more."""
    minute = (shown.replace(tzinfo=UTC, second=0, microsecond=0) - timedelta(hours=16) - EPOCH) // timedelta(microseconds=1)
    while shown - local(minute, zone) >= timedelta(minutes=1) and local(minute + 60_000_000, zone) <= shown:
        minute += 60_000_000
    return minute + min((shown - local(minute, zone)) // timedelta(microseconds=1), 60_000_000)


def add_months(day: date, months: int, *, rolling_over: bool) -> date:
    """The same day some months away; a day the month lacks is its last, or the first of the next."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    try:
        return date(year, month + 1, day.day)
    except ValueError:
        following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
        return following if rolling_over else following - timedelta(days=1)


def read_moment(given: Any, zone: str) -> int:
    """A moment in microseconds; text without an offset is wall time in *zone*, a date its midnight."""
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given)
        except ValueError:
            raise Cannot(f"{given} is no moment") from None
        if given.tzinfo is None:
            return wall(given, zone)
    if not isinstance(given, datetime):
        raise Cannot(f"{given!r} is no moment")
    return (given - EPOCH) // timedelta(microseconds=1)


def due(wait: Wait, anchor: int, zone: str, holidays: Container[date] = ()) -> int:
    """When *wait*, counted from *anchor*, is over."""
    if wait.kind == "clock":
        days = (local(anchor, zone).date() + timedelta(days=n) for n in range(-1, 15))
        allowed = (day for day in days if wait.weekdays is None or day.weekday() in wait.weekdays)
        return next(at for at in (wall(at_clock(day, wait), zone) for day in allowed) if at > anchor)
    if not (wait.months or wait.days or wait.business or wait.clock):
        return anchor + wait.seconds * 1_000_000
    shown = local(anchor, zone)
    day = add_months(shown.date(), wait.months, rolling_over=wait.rolling_over) + timedelta(days=wait.days)
    if wait.business:
        way = 1 if wait.business > 0 else -1
        near = (day + timedelta(days=way * number) for number in range(1, 3 * abs(wait.business) + 30))
        day = [one for one in near if one.weekday() < 5 and one not in holidays][abs(wait.business) - 1]
    return wall(at_clock(day, wait) if wait.clock else datetime.combine(day, shown.time()), zone)


def at_clock(day: date, wait: Wait) -> datetime:
    hour, minute = wait.clock or (0, 0)
    return datetime(day.year, day.month, day.day, hour, minute)
