"""Reading what people write key by key, so that every problem is told at once, each with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from journeykit.codec.text import place
from journeykit.errors import DefinitionError
from journeykit.model.phrases import suggestion

Read = Callable[[Any], Any]
Found = TypeVar("Found")


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
    found: dict[str, Any] = {}
    problems: list[str] = []
    for key, inner in value.items():
        if key in readers:
            found[key] = _read(place(key), readers[key], inner, problems)
        else:
            problems.append(f'unknown key "{key}"{suggestion(key, readers) or "; there are " + ", ".join(readers)}')
    return _without(problems, found)


def named(value: Mapping[str, Any], reader: Read) -> dict[str, Any]:
    """
    Read a mapping whose keys are the author's own.

    Raises:
        DefinitionError: with the problems of all values.
    """
    problems: list[str] = []
    return _without(problems, {key: _read(place(key), reader, inner, problems) for key, inner in value.items()})


def items(value: list[Any], reader: Read) -> list[Any]:
    """
    Read a list.

    Raises:
        DefinitionError: with the problems of all of it.
    """
    problems: list[str] = []
    return _without(problems, [_read(f"[{number}]", reader, one, problems) for number, one in enumerate(value)])


def _read(at: str, reader: Read, value: Any, problems: list[str]) -> Any:
    try:
        return reader(value)
    except DefinitionError as error:
        problems += error.at(at).problems
        return None


def _without(problems: list[str], found: Found) -> Found:
    if problems:
        raise DefinitionError(problems)
    return found
