"""Reading what people write key by key, so that every problem is told at once, each with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from journeykit.codec.text import place
from journeykit.errors import DefinitionError
from journeykit.model.phrases import suggestion

Read = Callable[[Any], Any]


def fields(value: Any, readers: Mapping[str, Read]) -> dict[str, Any]:
    """
    Read a mapping whose keys are known.

    Args:
        value: a plain value.
        readers: for each key what reads its value.

    Raises:
        DefinitionError: it is no mapping, or with the problems of all keys.
    """
    if not isinstance(value, dict):
        raise DefinitionError(f"a mapping belongs here, not {value!r:.60}; there are {', '.join(readers)}")
    unknown = [
        f'unknown key "{key}"{suggestion(key, readers) or "; there are " + ", ".join(readers)}' for key in value if key not in readers
    ]
    return gathered({key: inner for key, inner in value.items() if key in readers}, lambda key, inner: readers[key](inner), unknown)


def gathered(value: Mapping[str, Any], reader: Callable[[str, Any], Any], problems: list[str] | None = None) -> dict[str, Any]:
    """
    Read a mapping whose keys are the author's own: *reader* is given each key and its value.

    Raises:
        DefinitionError: with the problems of all values, and *problems*, those found before.
    """
    found: dict[str, Any] = {}
    problems = list(problems or ())
    for key, inner in value.items():
        try:
            found[key] = reader(key, inner)
        except DefinitionError as error:
            problems += error.at(place(key)).problems
    if problems:
        raise DefinitionError(problems)
    return found


def items(value: list[Any], reader: Read) -> list[Any]:
    """
    Read a list.

    Raises:
        DefinitionError: with the problems of all of it.
    """
    found: list[Any] = []
    problems: list[str] = []
    for number, one in enumerate(value):
        try:
            found.append(reader(one))
        except DefinitionError as error:
            problems += error.at(f"[{number}]").problems
    if problems:
        raise DefinitionError(problems)
    return found
