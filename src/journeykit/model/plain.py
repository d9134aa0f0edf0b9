"""JSON values: whether a host's values are what JSON gives back, and which of them it cannot hold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from journeykit.errors import EventError

_PLAIN = frozenset({str, int, float, bool, type(None)})
_DEEPEST = 100  #: further down nobody looks for what is wrong


def is_plain(value: object) -> bool:
    """Whether *value* is what JSON gives back for it: no tuple, no number for a key, no class of the host's own."""
    kind = type(value)
    try:
        if kind is dict:
            return all(type(key) is str and (type(one) in _PLAIN or is_plain(one)) for key, one in value.items())  # type: ignore[attr-defined]
        return all(map(is_plain, value)) if kind is list else kind in _PLAIN  # type: ignore[call-overload]
    except RecursionError:  # it holds itself
        return False


def no_json(properties: Mapping[str, Any], event_id: str, error: Exception) -> EventError:
    """
    The error about *properties* that JSON cannot hold: which of them, and what to give instead.

    Args:
        properties: those of an event.
        event_id: its id.
        error: what writing them came to, told where none of them is to blame alone.
    """
    told = next(_flaws(properties, "", 0), f"{error}; give JSON values only")
    return EventError(f'properties of event "{event_id}": {told}')


def _flaws(value: Any, at: str, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for key, one in value.items():
            if not (key is None or isinstance(key, (str, int, float))):
                yield f"{at or 'the first level'}: the key {key!r:.60} is no text"
            yield from _flaws(one, f"{at}.{key}" if at else str(key), depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, one in enumerate(value):
            yield from _flaws(one, f"{at}[{index}]", depth + 1)
    elif (way := _way(value)) is not None:
        yield f"{at}={value!r:.60} is no JSON value; give {way}"


def _way(value: object) -> str | None:
    """What to give instead of *value*; None where it is a JSON value."""
    if isinstance(value, float):
        return None if math.isfinite(value) else "a number, or leave it out"
    if value is None or isinstance(value, (str, int)):
        return None
    if isinstance(value, date):
        return "its text, .isoformat()"
    if type(value).__name__ == "Decimal":  # whose module nobody has to import for this
        return "a whole number, of cents for example"
    return "a list" if isinstance(value, (set, frozenset)) else "text, a number, True or False, a list or a dict"
