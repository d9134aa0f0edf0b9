"""What a population file says in a few words: shares, spans of time, what follows, values of properties."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from itertools import accumulate
from math import exp, fsum, isfinite, log
from statistics import NormalDist
from typing import Any, Literal

from attrs import frozen

from journeykit.codec.text import place
from journeykit.errors import DefinitionError
from journeykit.model.phrases import MICROSECONDS, seconds

_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%")
_FOLLOWS = re.compile(r"(?P<share>\S+?\s*%)(?:\s+(?P<span>(?:after|within|around)\s.+))?")
_RANGE = re.compile(r"(-?\d{1,15}(?:\.(\d{1,6}))?) to (-?\d{1,15}(?:\.(\d{1,6}))?)")
_SPREAD = log(1.5) / NormalDist().inv_cdf(0.75)  #: half of what is ``around`` a median lies between two thirds of it and one and a half
_STEPS = 40  #: parts in which a curve is kept

FOLLOW = '"30% within 4 hours", "30% after 1 day to 3 days" or "30% around 30 days"'

Quantiles = tuple[float, ...]  #: at even steps from the least to the greatest


@frozen
class Shares:
    """Names and how often each comes, added up: 0.2, 0.7, 1."""

    names: tuple[Any, ...]
    upto: tuple[float, ...]


NO_SHARES = Shares((), ())


@frozen
class Follow:
    """
    Something that follows, or not.

    Attributes:
        share: of how many, 0 to 1.
        after: microseconds, as quantiles.
    """

    share: float
    after: Quantiles = (0.0,)


@frozen
class Value:
    """
    What a property of an event may be.

    Attributes:
        kind: ``new`` text that nobody else has, the ``same`` as last time, ``one of`` several, or a number ``between`` quantiles.
        shares: of ``one of``.
        quantiles: of ``between``.
        digits: behind the point of ``between``; None for whole numbers.
    """

    kind: Literal["new", "same", "one of", "between"]
    shares: Shares = NO_SHARES
    quantiles: Quantiles = ()
    digits: int | None = None


def share(value: Any) -> float:
    """
    Read ``30%``.

    Raises:
        DefinitionError: it is no share, or more than all.
    """
    match = _SHARE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or float(match[1]) > 100:
        raise DefinitionError(f"{value!r:.60} is no share; write for example 30%")
    return float(match[1]) / 100


def shares(value: Any, what: str) -> Shares:
    """
    Read ``{DE: 70%, AT: 30%}``: shares that come to a hundred.

    Args:
        value: the mapping.
        what: how one of them is called in errors.

    Raises:
        DefinitionError: with every problem.
    """
    found = each(value, share, f"{{{what}: 70%, ...: 30%}}")
    total = fsum(found.values())  # the same in every Python; from 3.12 on sum() rounds otherwise
    if not 0.995 <= total <= 1.005:
        raise DefinitionError(f"the shares come to {100 * total:.6g}%; let them come to 100%")
    upto = [*accumulate(one / total for one in found.values())]
    return Shares(tuple(found), (*upto[:-1], 1.0))


def each(value: Any, read: Callable[[Any], Any], example: str) -> dict[str, Any]:
    """
    Read every entry of a mapping.

    Raises:
        DefinitionError: with the problems of all entries.
    """
    if not isinstance(value, Mapping) or not value:
        raise DefinitionError(f"a mapping belongs here, not {value!r:.60}; write {example}")
    found: dict[str, Any] = {}
    problems: list[str] = []
    for name, inner in value.items():
        try:
            found[name] = read(inner)
        except DefinitionError as error:
            problems += error.at(place(str(name))).problems
    if problems:
        raise DefinitionError(problems)
    return found


def duration(text: Any) -> float:
    """
    Read ``2 hours`` as microseconds; ``0`` is at once.

    Raises:
        DefinitionError: it is no duration.
    """
    if not isinstance(text, str):
        raise DefinitionError(f'{text!r:.60} is no duration; write for example "2 hours"')
    return 0.0 if text.strip() in ("0", "0 seconds", "at once") else float(seconds(text) * MICROSECONDS)


def span(value: Any) -> Quantiles:
    """
    Read ``after 1 hour``, ``after 1 hour to 3 days``, ``within 4 hours``, ``around 30 days``, or a list of quantiles.

    Raises:
        DefinitionError: it is none of them.
    """
    if isinstance(value, list):
        return _rising([duration(one) for one in value], value)
    word, _, rest = value.strip().partition(" ") if isinstance(value, str) else ("", "", "")
    if word == "within":
        return 0.0, duration(rest)
    if word == "around":
        return _around(duration(rest))
    if word != "after":
        raise DefinitionError(
            f'{value!r:.60} says no time; write "after 1 hour", "after 1 hour to 3 days", "within 4 hours" or "around 30 days"'
        )
    return _rising([duration(part) for part in rest.split(" to ")], value)


def _rising(found: list[float], value: Any) -> Quantiles:
    if not found or sorted(found) != found:
        raise DefinitionError(f"durations belong here from the shortest to the longest, not {value!r:.60}; put them in order")
    return tuple(found)


def _around(median: float) -> Quantiles:
    """Log-normal, the outermost hundredths left out: times of people are long on one side."""
    curve = NormalDist(log(median), _SPREAD) if median else NormalDist(0, 1)
    parts = [0.01 + 0.98 * step / _STEPS for step in range(_STEPS + 1)]
    return tuple(exp(curve.inv_cdf(part)) if median else 0.0 for part in parts)


def follow(value: Any) -> Follow:
    """
    Read ``30% within 4 hours``, or ``{share: 30%, after: [1 hour, 1 day, 9 days]}``.

    Raises:
        DefinitionError: it is neither.
    """
    if isinstance(value, Mapping):
        return _spelt_out(value)
    match = _FOLLOWS.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise DefinitionError(f"{value!r:.60} does not say how many and when; write {FOLLOW}")
    return Follow(share(match["share"]), span(match["span"]) if match["span"] else (0.0,))


def _spelt_out(value: Mapping[str, Any]) -> Follow:
    if set(value) - {"share", "after"} or "share" not in value:
        raise DefinitionError(f"{dict(value)!r:.60} does not say how many and when; write {{share: 30%, after: [1 hour, 1 day, 9 days]}}")
    after = value.get("after", ["0"])
    if not isinstance(after, list):
        raise DefinitionError(f"after: {after!r:.60} is no list; write quantiles at even steps from the shortest: [1 hour, 1 day, 9 days]")
    return Follow(share(value["share"]), span(after))


def following(value: Any) -> dict[str, Follow]:
    """
    Read events and how often each follows: one of them, or none.

    Raises:
        DefinitionError: with every problem, also where they come to more than a hundred.
    """
    found = each(value, follow, "{EVENT: 30% within 4 hours}")
    total = sum(one.share for one in found.values())
    if total > 1.000001:
        raise DefinitionError(f"the shares come to {100 * total:.6g}%, and only one of them follows; write less, or put some under also")
    return found


def meant(name: str) -> str | float | bool:
    """What the key of a mapping stands for, which is always text in a file: ``5`` and ``true`` for themselves, ``"5"`` in quotes for the text."""
    try:
        found = json.loads(name)
    except (ValueError, RecursionError):
        return name
    plain = isinstance(found, (str, bool)) or (isinstance(found, (int, float)) and isfinite(found))
    return found if plain else name


def key_of(value: str | float | bool) -> str:
    """How a value is called as the key of a mapping, so that it is read as itself again."""
    return value if isinstance(value, str) and meant(value) == value and isinstance(meant(value), str) else json.dumps(value)


def values(value: Any) -> Value:
    """
    Read what a property may be.

    Raises:
        DefinitionError: it says nothing of the kind.
    """
    if value in ("new", "same") and isinstance(value, str):
        return Value(value)  # type: ignore[arg-type]  # one of the two
    if isinstance(value, str) and (match := _RANGE.fullmatch(value.strip())):
        return _range(match, value)
    if isinstance(value, Mapping) and set(value) == {"quantiles"}:
        return _numbers(value["quantiles"])
    if isinstance(value, Mapping):
        found = shares(value, "VALUE")
        return Value("one of", Shares(tuple(meant(name) for name in found.names), found.upto))
    if isinstance(value, list) and value:
        return Value("one of", Shares(tuple(value), tuple((number + 1) / len(value) for number in range(len(value)))))
    if value is None or value == []:
        raise DefinitionError(f'a value belongs here, not {value!r}; write one, a list of them, shares, "10 to 90", "new" or "same"')
    return Value("one of", Shares((value,), (1.0,)))


def _range(match: re.Match[str], text: str) -> Value:
    low, high = float(match[1]), float(match[3])
    if high < low:
        raise DefinitionError(f'"{text}" runs backwards; write the lesser number first')
    digits = max(len(match[2] or ""), len(match[4] or ""))
    return Value("between", quantiles=(low, high), digits=digits or None)


def _numbers(given: Any) -> Value:
    wanted = isinstance(given, list) and given and all(type(one) in (int, float) for one in given) and sorted(given) == given
    if not wanted:
        raise DefinitionError(f"quantiles: {given!r:.60} is no list of rising numbers; write [649, 1449, 2990]")
    whole = all(type(one) is int for one in given)
    return Value("between", quantiles=tuple(float(one) for one in given), digits=None if whole else 2)
