"""A JSON Schema of definitions, for editors that complete and check while one writes. What they mean is checked later."""

from __future__ import annotations

import re
from collections.abc import Mapping
from inspect import cleandoc
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import attrs

from journeykit.codec.forms import Form, forms
from journeykit.codec.reading import PHRASES
from journeykit.model.conditions import Expression
from journeykit.model.journey import SIGNALS, Do, Entry, Exit, Goal, On, Scope, Start, Step, Transition
from journeykit.model.objects import ObjectKind
from journeykit.model.phrases import Split

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_LITERAL: Schema = {"type": ["string", "number", "boolean"]}
_SETTING: Schema = {"type": ["string", "number", "boolean", "null"]}


def json_schema() -> dict[str, Any]:
    """
    The JSON Schema (draft 2020-12) of a file that holds a journey or a catalog.

    Its descriptions are those of the classes. What it accepts may still be refused by `loads`, which also reads the texts.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "journeykit definitions",
        "type": "object",
        "if": {"required": ["journey"]},
        "then": _ref("Journey"),
        "else": _ref("Catalog"),
        "$defs": {
            **{phrase.__name__: _phrase(phrase, example) for phrase, example in PHRASES.items()},
            **{cls.__name__: _class(form) for cls, form in forms().items() if cls not in (On, Do)},
            "Actions": _actions(),
            "Parameters": _parameters(),
            "Target": _target(),
        },
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _one_or_many(item: Schema) -> Schema:
    return {"anyOf": [item, {"type": "array", "items": item}]}


def _phrase(phrase: type[Any], example: str) -> Schema:
    of = _LITERAL if phrase is Expression else _TEXT
    return {**of, "description": _summary(phrase), "examples": [example]}


# What the docstrings say


def _summary(cls: type[Any]) -> str:
    """The first paragraph of the docstring, on one line."""
    return " ".join((cls.__doc__ or cls.__name__).strip().split("\n\n")[0].split())


def _descriptions(cls: type[Any]) -> Mapping[str, str]:
    """What the docstring says of each attribute."""
    listed = cleandoc(cls.__doc__ or "").partition("Attributes:")[2]  # Python 3.13 takes indentation away, earlier ones do not
    found = re.findall(r"^ {4}(\w+): (.+?)(?=^ {4}\w+: |^\S|^\s*\n|\Z)", listed, re.MULTILINE | re.DOTALL)
    return {name: " ".join(text.split()) for name, text in found}


# Classes


def _class(form: Form) -> Schema:
    """A mapping with the keys of *form*, or the name of an event where its signal may stand for the whole."""
    required = [form.named or form.first] if form.first and form.default(form.first) is attrs.NOTHING and not form.flat else []
    schema = _object(form.cls, form.keys) | ({"required": required} if required else {})
    return {"anyOf": [{**_TEXT, "description": "the name of an event"}, schema]} if form.cls in (Entry, Exit, Goal) else schema


def _object(cls: type[Any], keys: tuple[str, ...]) -> Schema:
    return {
        "type": "object",
        "description": _summary(cls),
        "properties": {key: _key(forms()[On if key in forms()[cls].flat else cls], key) for key in keys},
        "additionalProperties": False,
    }


def _key(form: Form, key: str) -> Schema:
    name = form.attribute(key)
    description = _descriptions(form.cls).get(name)
    return _type(form.types()[name]) | ({"description": description} if description else {})


def _type(type_: Any) -> Schema:
    """The schema of the type of an attribute."""
    origin, arguments = get_origin(type_), get_args(type_)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return _items(arguments[0])
    if origin is dict:
        return {"type": "object", "additionalProperties": _SETTING if arguments[1] is Expression else _type(arguments[1])}
    if origin in (Union, UnionType):
        return _union([argument for argument in arguments if argument is not type(None)])
    return {"type": {str: "string", bool: "boolean"}[type_]} if type_ in (str, bool) else _ref(type_.__name__)


def _union(members: list[Any]) -> Schema:
    if Split in members:
        return {"anyOf": [_TEXT, _ref("Transition"), {"type": "array", "items": {"anyOf": [_TEXT, _ref("Transition")]}}]}
    if ObjectKind in members:
        return {"anyOf": [_type(member) for member in members]}
    return _type(members[0])


def _items(item: Any) -> Schema:
    if item is Transition:
        return {
            "anyOf": [
                {"type": "object", "properties": {"to": False}, "additionalProperties": _ref("Target")},
                {"type": "array", "items": _ref("Transition")},
            ]
        }
    if item == Do | Start:
        return _one_or_many(_ref("Actions"))
    if item == Step | Scope:
        return {"type": "array", "items": {"if": {"required": ["scope"]}, "then": _ref("Scope"), "else": _ref("Step")}}
    return {"type": "array", "items": _TEXT} if item is str else _one_or_many(_ref(item.__name__))


def _target() -> Schema:
    """What stands under an event in ``when``: a step, or all of a transition but its signal."""
    keys = tuple(key for key in forms()[Transition].keys if key not in SIGNALS)
    return {"anyOf": [{**_TEXT, "description": "the name of a step"}, _object(Transition, keys)]}


def _actions() -> Schema:
    """The name of an action, or actions with their parameters."""
    mapping = {"type": "object", "properties": {"start": _ref("Start")}, "additionalProperties": _ref("Parameters")}
    return {"anyOf": [{**_TEXT, "description": "the name of an action"}, mapping], "description": _summary(Do)}


def _parameters() -> Schema:
    return {
        "type": "object",
        "description": _descriptions(Do)["parameters"],
        "properties": {key: _key(forms()[Do], key) for key in ("expires", "message")},
    }
