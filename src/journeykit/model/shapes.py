"""
Whether a definition written in Python holds in each place what may stand there.

YAML is read against the same fields; Python checks nothing by itself, and what comes of ``steps=5`` or ``when=True`` would be one of
its own errors, from somewhere inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs

from journeykit.model.conditions import Expression
from journeykit.model.customer import Catalog
from journeykit.model.journey import Do, Entry, Exit, Goal, Journey, On, Scope, Start, Step, Transition
from journeykit.model.phrases import Reentry
from journeykit.model.quotas import Take
from journeykit.model.schedule import Schedule
from journeykit.model.wait import Wait

_PARTS = (
    Catalog,
    Journey,
    Scope,
    Step,
    Transition,
    Entry,
    Exit,
    Goal,
    On,
    Do,
    Start,
)  #: what is looked into; the others are one sentence each
_WORDS: dict[object, str] = {
    str: "a text",
    bool: "True or False",
    Expression: 'an expression, such as "event.total > 10"',
    Wait: 'a wait, such as "2 hours"',
    Schedule: 'a schedule, such as "monday at 09:00"',
    Take: 'a quota, such as "early-bird, 500"',
    Reentry: 'a rule, such as "always" or "after 30 days"',
    On: "the name of an event, or On(...)",
    Entry: "the name of an event, On(...) or Entry(...)",
    Exit: "the name of an event, On(...) or Exit(...)",
    Goal: "the name of an event, On(...) or Goal(...)",
}


def misshapen(definition: Journey | Catalog) -> Iterator[str]:
    """Find what may not stand where it does: ``JOURNEY: PLACE: what; way out``."""
    named = isinstance(definition, Journey) and isinstance(definition.name, str)
    name = definition.name if isinstance(definition, Journey) and named else "journey" if isinstance(definition, Journey) else "catalog"
    return (f"{name}: {problem}" for problem in _part(definition, ""))


def _part(value: object, place: str) -> Iterator[str]:
    part: Any = type(value)
    for name, kind in _fields(part):
        yield from _look(getattr(value, name), kind, f"{place}{name}")


@cache
def _fields(part: type) -> tuple[tuple[str, Any], ...]:
    kinds = get_type_hints(part)
    return tuple((field.name, kinds[field.name]) for field in attrs.fields(part) if field.init)


def _look(value: Any, kind: Any, place: str) -> Iterator[str]:
    if not _fits(value, kind):
        yield f"{place}: {value!r:.60} is not what stands here; give {_word(kind)}"
    elif isinstance(value, _PARTS):
        yield from _part(value, f"{place}.")
    elif isinstance(value, tuple):
        for number, one in enumerate(value):
            yield from _look(one, _inside(kind, tuple), f"{place}[{number}]")
    elif isinstance(value, dict):
        yield from _entries(value, _inside(kind, dict), place)


def _entries(value: dict[Any, Any], kind: Any, place: str) -> Iterator[str]:
    for name, one in value.items():
        if isinstance(name, str):
            yield from _look(one, kind, f"{place}.{name}")
        else:
            yield f"{place}: {name!r:.60} is no name; give a text"


def _kinds(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _fits(value: object, kind: Any) -> bool:
    return any(_is(value, one) for one in _kinds(kind))


def _is(value: object, kind: Any) -> bool:
    if kind is Any:
        return True
    if get_origin(kind) is Literal:
        return isinstance(value, str) and value in get_args(kind)
    return isinstance(value, get_origin(kind) or kind)


def _inside(kind: Any, holder: type) -> Any:
    """What stands in each place of the tuple or mapping among *kind*."""
    found = next((get_args(one) for one in _kinds(kind) if get_origin(one) is holder), (Any, Any))
    return found[0] if holder is tuple else found[1]


def _word(kind: Any) -> str:
    return " or ".join(_one_word(one) for one in _kinds(kind) if one is not type(None))


def _one_word(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(f'"{one}"' for one in get_args(kind))
    if get_origin(kind) is tuple:
        return f"a list of {_word(_inside(kind, tuple))}"
    if get_origin(kind) is dict:
        return f'a mapping: {{"...": {_word(_inside(kind, dict))}}}'
    return _WORDS.get(kind) or f"{kind.__name__}(...)"
