"""Plain values to definitions: cattrs finds the reader of each type, and every problem is reported under its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from types import UnionType
from typing import Any, Literal, NoReturn, Union, get_args, get_origin

import attrs
from cattrs import Converter

from journeykit.codec.braces import Braced
from journeykit.codec.forms import Form, forms
from journeykit.codec.text import place
from journeykit.errors import DefinitionError
from journeykit.model.conditions import Expression
from journeykit.model.customer import Catalog
from journeykit.model.journey import SIGNALS, Do, Journey, On, Scope, Start, Step, Transition
from journeykit.model.objects import ObjectKind
from journeykit.model.phrases import Aggregate, Expiry, Reentry, Split, suggestion
from journeykit.model.policies import Policy
from journeykit.model.quotas import Take
from journeykit.model.schedule import Schedule
from journeykit.model.wait import Wait

#: the classes that are written as text, each with an example
PHRASES: Mapping[type[Any], str] = {
    Wait: "2 hours",
    Expression: "event.total > 100",
    Split: "50% short, 50% long",
    Expiry: "2 days",
    Reentry: "after 30 days",
    ObjectKind: "object, 1000 per hour, until Sold Out",
    Take: "early-bird, 500 per day",
    Aggregate: "count of Order Completed",
    Policy: "at most 3 in 7 days",
    Schedule: "monday at 09:00",
}
_KINDS = {bool: "a flag", str: "text"}
_HABITS = {"on": "event", "if": "where", "trigger": "event", "name": "step", "id": "step", "actions": "do", "next": "then", "exit": "exits"}

Parts = Iterable[tuple[str, Callable[[], Any]]]


def definition(value: Any) -> Journey | Catalog:
    """
    Make the journey or the catalog that a plain value describes.

    Raises:
        DefinitionError: with every problem found, each with its place in the value.
    """
    cls = _kind(value)
    try:
        return reader().structure(value, cls)
    except DefinitionError as error:
        raise DefinitionError([problem.removeprefix(".") for problem in error.problems]) from None


def _kind(value: Any) -> type[Journey | Catalog]:
    if not isinstance(value, dict):
        raise DefinitionError(f'{shown(value)} is neither a journey nor a catalog; begin with "journey: NAME"')
    if "journey" in value:
        return Journey
    if all(key in forms()[Catalog].keys for key in value):
        return Catalog
    stranger = next(key for key in value if key not in forms()[Catalog].keys)
    near = suggestion(stranger, ["journey", *forms()[Catalog].keys])
    raise DefinitionError(f'neither a journey nor a catalog; begin with "journey: NAME"; unknown key "{stranger}"{near}')


@cache
def reader() -> Converter:
    """The converter that reads definitions."""
    converter = Converter()
    for phrase in PHRASES:
        converter.register_structure_hook(phrase, _phrase)
    for plain in (str, bool):
        converter.register_structure_hook(plain, _plain)
    converter.register_structure_hook_func(partial(_is, (Literal,)), _word)
    converter.register_structure_hook_func(partial(_is, (Union, UnionType)), partial(_union, converter))
    converter.register_structure_hook_func(partial(_is, (tuple,)), partial(_many, converter))
    converter.register_structure_hook_func(partial(_is, (dict,)), partial(_mapping, converter))
    converter.register_structure_hook_func(lambda type_: type_ in forms(), partial(_fields, converter))
    return converter


def _is(origins: tuple[Any, ...], type_: Any) -> bool:
    return get_origin(type_) in origins


def shown(value: Any) -> str:
    """*value* as it is shown in an error."""
    text = json.dumps(value, ensure_ascii=False)
    short = text if len(text) <= 60 else f"{text[:57]}..."
    return f"the list {short}" if isinstance(value, list) else short


def collected(parts: Parts) -> list[Any]:
    """Make all of them, or raise the problems of all of them, each under its place."""
    made: list[Any] = []
    problems: list[str] = []
    for at, make in parts:
        try:
            made.append(make())
        except DefinitionError as error:
            problems += error.at(at).problems if at else error.problems
    if problems:
        raise DefinitionError(problems)
    return made


# Texts, flags, words


def _phrase(value: Any, cls: type[Any]) -> Any:
    if cls is Expression and isinstance(value, (bool, int, float)):
        return Expression(repr(value))
    if not isinstance(value, str):
        _refuse(value, "text", f'for example "{PHRASES[cls]}"')
    return cls(value)


def _plain(value: Any, cls: type[Any]) -> Any:
    if type(value) is not cls:
        hint = f'"{value}"' if cls is str and type(value) in (int, float) else "true or false" if cls is bool else None
        _refuse(value, _KINDS[cls], hint)
    return value


def _word(value: Any, type_: Any) -> Any:
    words = get_args(type_)
    if value not in words or not isinstance(value, str):
        *others, last = [f'"{word}"' for word in words]
        raise DefinitionError(f"{shown(value)} is not known; write {', '.join(others)} or {last}")
    return value


def _refuse(value: Any, wanted: str, write: str | None = None) -> NoReturn:
    if value is None:
        raise DefinitionError(f"nothing stands here; write {write or wanted}, or leave the key out")
    raise DefinitionError(f"{wanted} belongs here, not {shown(value)}" + (f"; write {write}" if write else ""))


# Unions, lists, mappings


def _union(converter: Converter, value: Any, type_: Any) -> Any:
    members = [member for member in get_args(type_) if member is not type(None)]
    if set(members) == {Step, Scope}:
        return _step_or_scope(converter, value)
    if Split in members:
        return _then(converter, value)
    if ObjectKind in members and isinstance(value, str) and value.split(",")[0] == "object":
        return ObjectKind(value)
    return converter.structure(value, members[0])


def _step_or_scope(converter: Converter, value: Any) -> Any:
    if not isinstance(value, dict):
        _refuse(value, "a mapping", '"step: NAME"')
    if ("step" in value) == ("scope" in value):
        what = "both a step and a scope; keep one of the keys" if "step" in value else 'neither a step nor a scope; begin with "step: NAME"'
        raise DefinitionError(what + _stranger(value, (*forms()[Step].keys, "scope")))
    return converter.structure(value, Step if "step" in value else Scope)


def _stranger(value: dict[str, Any], known: tuple[str, ...]) -> str:
    """A hint to the first key that looks like a slip of the pen."""
    hints = (suggestion(key, known) and f'; "{key}" is not known{suggestion(key, known)}' for key in value if key not in known)
    return next(filter(None, hints), "")


def _then(converter: Converter, value: Any) -> Any:
    if isinstance(value, str) and "%" in value:
        return Split(value)
    return tuple(collected((at, partial(_branch, converter, item)) for at, item in _items(value)))


def _branch(converter: Converter, value: Any) -> Transition:
    return Transition(value) if isinstance(value, str) else converter.structure(value, Transition)


def _items(value: Any) -> list[tuple[str, Any]]:
    """One, or many: as many, each with its place."""
    return [(f"[{index}]", item) for index, item in enumerate(value)] if isinstance(value, list) else [("", value)]


def _many(converter: Converter, value: Any, type_: Any) -> Any:
    item = get_args(type_)[0]
    if item is Transition:
        return _when(converter, value)
    if item == Do | Start:
        groups = collected((at, partial(_actions, converter, one)) for at, one in _items(value))
        return tuple(action for group in groups for action in group)
    if item in (str, Step | Scope) and not isinstance(value, list):
        _refuse(value, "a list")
    return tuple(collected((at, partial(converter.structure, one, item)) for at, one in _items(value)))


def _mapping(converter: Converter, value: Any, type_: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(value, "a mapping", "{} where it is empty" if value is None else None)
    item = get_args(type_)[1]
    read = _setting if item is Expression else converter.structure
    made = collected((place(key), partial(read, one, item)) for key, one in value.items())
    return dict(zip(value, made, strict=True))


def _setting(value: Any, cls: type[Any]) -> Any:
    if isinstance(value, Braced):
        (inside,) = value
        raise DefinitionError(f"{{{inside}}} is read as a mapping by YAML; write {inside} without braces")
    return Expression("None") if value is None else _phrase(value, cls)


# Transitions under the events that start them


def _when(converter: Converter, value: Any) -> tuple[Transition, ...]:
    if isinstance(value, list):
        return tuple(collected((f"[{index}]", partial(converter.structure, one, Transition)) for index, one in enumerate(value)))
    if not isinstance(value, dict):
        _refuse(value, "a mapping", "{EVENT: STEP} or a list of transitions")
    if "to" in value or ("event" in value and len(value) > 1 and value.keys() <= set(forms()[Transition].keys)):
        raise DefinitionError("one transition alone stands in a list too; write a dash in front of it")
    return tuple(collected((f"[{shown(event)}]", partial(_target, converter, event, target)) for event, target in value.items()))


def _target(converter: Converter, event: str, value: Any) -> Transition:
    if isinstance(value, str):
        return Transition(value, on=On(event))
    if not isinstance(value, dict):
        _refuse(value, "a step", "the name of a step, or a mapping")
    signal = [key for key in value if key in SIGNALS]
    if signal:
        raise DefinitionError(f'"{signal[0]}" beside the event "{event}"; write a list of transitions, one for each')
    return converter.structure({"event": event, **value}, Transition)


# Actions


def _actions(converter: Converter, value: Any) -> list[Do | Start]:
    if value == "start":
        raise DefinitionError('"start" names no journey; write {start: {journey: NAME}}')
    if isinstance(value, str):
        return [Do(value)]
    if not isinstance(value, dict):
        _refuse(value, "an action", "the name of an action, or {ACTION: {...}}")
    return collected((place(name), partial(_action, converter, name, body)) for name, body in value.items())


def _action(converter: Converter, name: str, body: Any) -> Any:
    if not isinstance(body, dict):
        _refuse(body, "a mapping", "the parameters by name, or {} where there are none")
    return converter.structure(body, Start) if name == "start" else _do(converter, name, body)


def _do(converter: Converter, name: str, body: dict[str, Any]) -> Do:
    if lost := [problem for key, value in body.items() for problem in _lost_quotes(value, place(key))]:
        raise DefinitionError(lost)
    types = forms()[Do].types()
    own = [key for key in ("expires", "message") if key in body]
    made = collected((f".{key}", partial(converter.structure, body[key], types[key])) for key in own)
    return Do(name, **{**body, **dict(zip(own, made, strict=True))})


def _lost_quotes(value: Any, at: str) -> Iterator[str]:
    """Every ``{data.email}`` in a parameter: a text that YAML takes for a mapping, since it stands without quotes."""
    if isinstance(value, Braced):
        (inside,) = value
        yield f'{at}: {{{inside}}} is read as a mapping by YAML; write "{{{inside}}}" in quotes'
        return
    held = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in held:
        yield from _lost_quotes(one, at + (f"[{key}]" if isinstance(key, int) else place(key)))


# Classes


def _fields(converter: Converter, value: Any, cls: type[Any]) -> Any:
    form = forms()[cls]
    if form.first == "on" and isinstance(value, str):
        return cls(value)
    if not isinstance(value, dict):
        _refuse(value, "a mapping")
    return _made(form, _attributes(converter, form, value))


def _attributes(converter: Converter, form: Form, value: dict[str, Any]) -> dict[str, Any]:
    """The value of each attribute; keys that belong to its ``on`` are read together."""
    types = form.types()
    signal = {key: one for key, one in value.items() if key in form.flat}
    own = {form.attribute(key): (place(key), partial(converter.structure, one, types[form.attribute(key)]))
           for key, one in value.items() if key in form.keys and key not in signal}  # fmt: skip
    if signal or form.first == "on":
        own["on"] = ("", partial(converter.structure, signal, On))
    alone = form.cls is Transition and len(value) == 1
    strangers = [("", partial(_unknown, key, form.keys, value[key] if alone else None)) for key in value if key not in form.keys]
    return dict(zip(own, collected([*own.values(), *strangers]), strict=False))


def _made(form: Form, fields: dict[str, Any]) -> Any:
    if form.first is None:
        return form.cls(**fields)
    if form.first not in fields and form.default(form.first) is attrs.NOTHING:
        raise DefinitionError(f'"{form.named or form.first}" is missing; write it')
    return form.cls(fields.pop(form.first, None), **fields)


def _unknown(key: str, known: tuple[str, ...], target: Any = None) -> NoReturn:
    """Refuse *key*; where it leads to *target* by itself, it is an event in a list, where each transition is written out."""
    habit = _HABITS.get(key.lower(), "")
    near = f'; did you mean "{habit}"?' if habit in known else suggestion(key, known)
    if isinstance(target, str) and not near:
        near = f"; in a list, write {{event: {key}, to: {target}}}"
    raise DefinitionError(f"unknown key {shown(key)}{near or '; there are ' + ', '.join(known)}")
