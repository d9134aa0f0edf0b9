"""Definitions to plain values, in the shortest form, keys in the order of the table of forms."""

from __future__ import annotations

import re
from functools import cache, partial
from typing import Any

from cattrs import Converter

from journeykit.codec.forms import Form, forms
from journeykit.codec.reading import PHRASES
from journeykit.codec.text import checked
from journeykit.errors import DefinitionError
from journeykit.model.conditions import Expression
from journeykit.model.customer import Catalog
from journeykit.model.journey import Do, Journey, On, Start, Transition
from journeykit.model.phrases import Split

_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,30})?")


def plain(definition: Journey | Catalog) -> dict[str, Any]:
    """
    Return the plain value that describes *definition*.

    Raises:
        DefinitionError: it holds what no text can hold, or what would be read as something else.
    """
    if type(definition) not in (Journey, Catalog):
        raise DefinitionError(f"{definition!r:.60} is a {type(definition).__name__}; give a Journey or a Catalog")
    return checked(_writer().unstructure(definition))  # type: ignore[no-any-return]


@cache
def _writer() -> Converter:
    """The converter that writes definitions."""
    converter = Converter()
    for phrase in PHRASES:
        converter.register_unstructure_hook(phrase, lambda value: value.text)
    for cls, form in forms().items():
        converter.register_unstructure_hook(cls, partial(_fields, converter, form))
    converter.register_unstructure_hook(Expression, _expression)
    converter.register_unstructure_hook(Do, partial(_do, converter))
    converter.register_unstructure_hook(Start, lambda value: {"start": _fields(converter, forms()[Start], value)})
    return converter


def _expression(value: Expression) -> Any:
    """A number or a flag stands for itself where it is read back as the same text."""
    if value.text in ("True", "False"):
        return value.text == "True"
    if not _NUMBER.fullmatch(value.text):
        return value.text
    number = float(value.text) if "." in value.text else int(value.text)
    return number if repr(number) == value.text else value.text


def _fields(converter: Converter, form: Form, value: Any) -> dict[str, Any]:
    """The keys of *value* that say more than the default does."""
    written: dict[str, Any] = {}
    if form.flat and value.on is not None:
        written = _fields(converter, forms()[On], value.on)
    for key in form.keys:
        name = form.attribute(key)
        if key not in form.flat and getattr(value, name) != form.default(name):
            written[key] = _written(converter, name, getattr(value, name))
    return written


def _written(converter: Converter, name: str, value: Any) -> Any:
    match name:
        case "when":
            return _when(converter, value)
        case "then" if not isinstance(value, Split):
            return _then([_short(converter, branch, "to") for branch in value])
        case "do" | "leaving":
            return _one_or_all([converter.unstructure(action) for action in value])
        case "entry" | "exits":
            return _one_or_all([_short(converter, rule, "event") for rule in value])
        case "goal":
            return _short(converter, value, "event")
        case "steps" | "stages" | "policies":
            return [converter.unstructure(item) for item in value]
    return converter.unstructure(value)


def _short(converter: Converter, value: Any, key: str) -> Any:
    """What is written of *value*; the text alone where only *key* says something."""
    written = converter.unstructure(value)
    return written[key] if list(written) == [key] else written


def _one_or_all(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _then(branches: list[Any]) -> Any:
    """A step's name with a percent sign, alone, would be read as a split."""
    alone = _one_or_all(branches)
    return {"to": alone} if isinstance(alone, str) and "%" in alone else alone


def _when(converter: Converter, transitions: tuple[Transition, ...]) -> Any:
    """A mapping where each has an event of its own, else a list."""
    events = [transition.on.event for transition in transitions if transition.on is not None and transition.on.event is not None]
    written = [converter.unstructure(transition) for transition in transitions]
    if len(set(events)) < len(transitions) or "to" in events:
        return written
    return {one.pop("event"): one["to"] if list(one) == ["to"] else one for one in written}


def _do(converter: Converter, value: Do) -> Any:
    own = {key: getattr(value, key) for key in ("expires", "message") if getattr(value, key) is not None}
    if value.action == "start":
        raise DefinitionError('no action can be called "start", which starts a journey; call it something else')
    if taken := [key for key in ("expires", "message") if key in value.parameters]:
        raise DefinitionError(f'{value.action}: no parameter can be called "{taken[0]}"; call it something else')
    parts = value.parameters | converter.unstructure(own)
    return {value.action: parts} if parts else value.action
