"""Parameters of actions: texts with expressions in braces, lists and mappings of them, as functions of what is seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from journeykit.core.expressions.expressions import Getter, Resolve, compile_expression, plain
from journeykit.core.expressions.values import refuse, shown
from journeykit.errors import ConditionError, DefinitionError
from journeykit.model.conditions import Expression, template_parts
from journeykit.model.grammar import DEEPEST


def compile_template(value: object, resolve: Resolve) -> Getter:
    """
    Make a function of an action's parameter.

    A text that is one expression in braces gives its value as it is (None where missing, moments as ISO 8601 text); in
    other texts each expression is replaced by its value as text, nothing where it is missing. Lists and mappings are walked.
    What is worked out from something missing is missing too, so that an unknown first name holds up nobody (P15).

    Returns:
        A function of a context. A value without any expression is the same object every time.

    Raises:
        DefinitionError: a template is wrong, or *resolve* does not know a path.
    """
    return _template(value, resolve, 0)[0]


def _always(value: Any) -> Getter:
    return lambda _context: value


def _template(value: object, resolve: Resolve, depth: int) -> tuple[Getter, bool]:
    """The function of *value*, and whether it gives the same for every context."""
    if depth > DEEPEST:
        raise DefinitionError(f"a parameter is nested more than {DEEPEST} deep; make it flatter")
    if isinstance(value, str):
        return _text(value, resolve)
    if isinstance(value, Mapping):
        parts = {name: _template(item, resolve, depth + 1) for name, item in value.items()}
        return _mapping(value, parts)
    if isinstance(value, (list, tuple)):
        items = [_template(item, resolve, depth + 1) for item in value]
        return (_always(value), True) if all(same for _, same in items) else (_sequence([get for get, _ in items]), False)
    return _always(value), True


def _mapping(value: Mapping[str, Any], parts: dict[str, tuple[Getter, bool]]) -> tuple[Getter, bool]:
    if all(same for _, same in parts.values()):
        return _always(value), True
    getters = [(name, get) for name, (get, _) in parts.items()]
    return (lambda context: {name: get(context) for name, get in getters}), False


def _sequence(items: list[Getter]) -> Getter:
    return lambda context: [get(context) for get in items]


def _text(template: str, resolve: Resolve) -> tuple[Getter, bool]:
    parts = template_parts(template)
    if not any(isinstance(part, Expression) for part in parts):
        plain = "".join(str(part) for part in parts)
        return _always(template if plain == template else plain), True
    if len(parts) == 1 and isinstance(parts[0], Expression):
        return _plain(compile_expression(parts[0], resolve, lenient=True)), False
    return _joined(
        [part if isinstance(part, str) else _written(part.text, compile_expression(part, resolve, lenient=True)) for part in parts]
    ), False


def _plain(get: Getter) -> Getter:
    return lambda context: plain(get(context))


def _joined(parts: list[str | Getter]) -> Getter:
    return lambda context: "".join([part if isinstance(part, str) else part(context) for part in parts])


def _written(text: str, get: Getter) -> Callable[[Any], str]:
    """The value as people read it within a sentence."""

    def write(context: Any) -> str:
        value = plain(get(context))
        if value is None:
            return ""
        if not isinstance(value, (str, int, float)):
            refuse(text, "cannot stand within a text; only texts, numbers, flags and moments can", value)
        if isinstance(value, bool):
            return "true" if value else "false"
        return value if isinstance(value, str) else _digits(text, value)

    return write


def _digits(text: str, value: float) -> str:
    try:
        return str(value)
    except ValueError:
        raise ConditionError(f'"{text}": {shown(value)} has too many digits to stand within a text') from None
