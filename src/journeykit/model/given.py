"""Arguments, looked at before anything is made of them: who gives something else reads which, what it was, and what to give."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

from journeykit.errors import DefinitionError, JourneykitError

Error = type[JourneykitError]


def whole(value: object, what: str, *, least: int, error: Error = DefinitionError) -> int:
    """Return *value* where it is a whole number of at least *least*; raise *error* where not."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= least:
        return value
    raise error(f"{what}: {value!r:.60} is no whole number from {least} on; give for example {max(least, 1)}")


def amount(value: object, what: str, *, example: float, error: Error = DefinitionError) -> float:
    """Return *value* where it is a number from 0 on that ends somewhere; raise *error* where not."""
    if _is_finite(value) and value >= 0:
        return value
    raise error(f"{what}: {value!r:.60} is no number from 0 on; give for example {example:g}")


def seconds(value: object, what: str, *, example: float, error: Error = DefinitionError) -> float:
    """Return *value* where it is a number of seconds above 0 that ends somewhere; raise *error* where not."""
    if _is_finite(value) and value > 0:
        return value
    raise error(f"{what}: {value!r:.60} is no number of seconds above 0; give for example {example:g}")


def _is_finite(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def mapping(value: object, what: str, example: str, error: Error = DefinitionError) -> Mapping[Any, Any]:
    """Return *value* where it is a mapping; raise *error* where not."""
    if isinstance(value, Mapping):
        return value
    raise error(f"{what}: {value!r:.60} is no mapping; write for example {example}")


def several(value: object, what: str, example: str, error: Error = DefinitionError) -> Iterable[Any]:
    """Return *value* where it holds others and is no text; raise *error* where not."""
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return value
    raise error(f"{what}: {value!r:.60} is no list; write for example {example}")


def function(value: object, what: str, error: Error = DefinitionError) -> None:
    """Raise *error* where *value* is neither None nor can be called."""
    if value is not None and not callable(value):
        raise error(f"{what}: {value!r:.60} cannot be called; give a function, or leave it out")


def flag(value: object, what: str, error: Error = DefinitionError) -> bool:
    """Return *value* where it is True or False; raise *error* where not."""
    if isinstance(value, bool):
        return value
    raise error(f"{what}: {value!r:.60} is neither True nor False; give one of them")
