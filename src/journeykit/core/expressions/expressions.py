"""
Expressions as functions: each tree becomes closures once, so that asking it costs little.

What a path reads is not known here: the caller gives *resolve*, which turns a path into a getter of its own context.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from attrs import frozen

from journeykit.core.expressions.lookups import FUNCTIONS
from journeykit.core.expressions.values import MISSING, MissingError, calculated, compared, equal, holds, missing, negative, ordered
from journeykit.model.conditions import Expression
from journeykit.model.grammar import Path, Tree

__all__ = ["MISSING", "compile_condition", "compile_expression", "compile_tree", "plain"]

Getter = Callable[[Any], Any]
Test = Callable[[Any], bool]
Resolve = Callable[[Path], Getter]


@frozen
class _Source:
    """What every part of one expression needs: its text, for errors, and where paths lead."""

    text: str
    resolve: Resolve
    lenient: bool = False  #: what is worked out from something missing is missing, and no error


def compile_expression(expression: Expression, resolve: Resolve, *, lenient: bool = False) -> Getter:
    """
    Make a function of *expression*.

    Args:
        expression: what to compute.
        resolve: gives for each path the function that reads it from a context, `MISSING` where there is nothing.
        lenient: that what is worked out from something missing is missing; an error where not said.

    Returns:
        A function of a context that gives the value, or `MISSING`, never None. It raises `ConditionError` for values that the
        expression cannot work on.

    Raises:
        DefinitionError: *resolve* does not know a path.
    """
    return _value(expression.tree, _Source(expression.text, resolve, lenient))


def compile_tree(tree: Tree, text: str, resolve: Resolve) -> Getter:
    """The same as `compile_expression`, of a part of an expression: *tree*, out of what *text* says."""
    return _value(tree, _Source(text, resolve))


def compile_condition(expression: Expression, resolve: Resolve) -> Test:
    """
    Make a test of *expression*: the same as `compile_expression`, but it gives True or False, and is faster.

    A missing value, zero, and an empty text or list are False.
    """
    return _test(expression.tree, _Source(expression.text, resolve))


# values


def _value(tree: Tree, source: _Source) -> Getter:
    kind = tree[1] if tree[0] == "call" else tree[0]
    if kind in FUNCTIONS:
        get = _function(source.text, FUNCTIONS[kind], [_value(argument, source) for argument in tree[2:]])
        return _or_missing(get) if source.lenient else get
    if kind not in _VALUES:
        return _test(tree, source)
    get = _VALUES[kind](tree, source)
    return _or_missing(get) if source.lenient and kind in ("math", "negative") else get


def _or_missing(get: Getter) -> Getter:
    """*get*, which gives `MISSING` where it stumbles over nothing but missing values."""

    def read(context: Any) -> Any:
        try:
            return get(context)
        except MissingError:
            return MISSING

    return read


def _always(value: Any) -> Getter:
    return lambda _context: value


def _present(get: Getter) -> Getter:
    def read(context: Any) -> Any:
        value = get(context)
        return MISSING if value is None else value

    return read


def _either(conjunction: bool, getters: list[Getter]) -> Getter:
    first, *rest = getters

    def choose(context: Any) -> Any:
        value = first(context)
        for following in rest:
            if bool(value) is not conjunction:
                return value
            value = following(context)
        return value

    return choose


def _chosen(condition: Test, yes: Getter, no: Getter) -> Getter:
    return lambda context: yes(context) if condition(context) else no(context)


def _calculation(text: str, operator: str, left: Getter, right: Getter) -> Getter:
    return lambda context: calculated(text, operator, left(context), right(context))


def _function(text: str, function: Callable[..., Any], arguments: list[Getter]) -> Getter:
    if len(arguments) == 1:
        only = arguments[0]
        return lambda context: function(text, only(context))
    return lambda context: function(text, *[argument(context) for argument in arguments])


def _list(items: list[Getter]) -> Getter:
    return lambda context: [None if (value := item(context)) is MISSING else value for item in items]


_VALUES: Mapping[str, Callable[[Tree, _Source], Getter]] = {
    "const": lambda tree, _: _always(MISSING if tree[1] is None else tree[1]),
    "path": lambda tree, source: _present(source.resolve(tree[1])),
    "and": lambda tree, source: _either(True, [_value(part, source) for part in tree[1:]]),
    "or": lambda tree, source: _either(False, [_value(part, source) for part in tree[1:]]),
    "if": lambda tree, source: _chosen(_test(tree[1], source), _value(tree[2], source), _value(tree[3], source)),
    "math": lambda tree, source: _calculation(source.text, tree[1], _value(tree[2], source), _value(tree[3], source)),
    "negative": lambda tree, source: _function(source.text, negative, [_value(tree[1], source)]),
    "list": lambda tree, source: _list([_value(item, source) for item in tree[1:]]),
}


# tests


def _test(tree: Tree, source: _Source) -> Test:
    kind = tree[1] if tree[0] == "call" else tree[0]
    return _TESTS[kind](tree, source) if kind in _TESTS else _truth(_value(tree, source))


def _truth(get: Getter) -> Test:
    return lambda context: bool(get(context))


def _not(test: Test) -> Test:
    return lambda context: not test(context)


def _all(tests: list[Test]) -> Test:
    if len(tests) == 2:
        first, second = tests
        return lambda context: first(context) and second(context)
    if len(tests) == 3:
        first, second, third = tests
        return lambda context: first(context) and second(context) and third(context)
    return lambda context: all(test(context) for test in tests)


def _any(tests: list[Test]) -> Test:
    if len(tests) == 2:
        first, second = tests
        return lambda context: first(context) or second(context)
    if len(tests) == 3:
        first, second, third = tests
        return lambda context: first(context) or second(context) or third(context)
    return lambda context: any(test(context) for test in tests)


def _exists(get: Getter) -> Test:
    return lambda context: not missing(get(context))


def _comparisons(left: Tree, pairs: tuple[Tree, ...], source: _Source) -> Test:
    if len(pairs) == 1:
        return _comparison(left, pairs[0][0], pairs[0][1], source)
    return _chain(source.text, _value(left, source), [(operator, _value(right, source)) for operator, right in pairs])


def _chain(text: str, first: Getter, pairs: list[tuple[str, Getter]]) -> Test:
    def test(context: Any) -> bool:
        left = first(context)
        for operator, get in pairs:
            right = get(context)
            if not compared(text, operator, left, right):
                return False
            left = right
        return True

    return test


def _comparison(left: Tree, operator: str, right: Tree, source: _Source) -> Test:
    """The common shape, a path beside a constant, is made fast; every other takes the long way."""
    if left[0] == "path" and right[0] == "const":
        return _beside_constant(source.text, source.resolve(left[1]), operator, right[1])
    if left[0] == "path" and operator in ("in", "not in") and _texts(right):
        return _among(source.text, source.resolve(left[1]), [item[1] for item in right[1:]], operator == "in")
    return _compared(source.text, operator, _value(left, source), _value(right, source))


def _texts(tree: Tree) -> bool:
    return tree[0] == "list" and all(item[0] == "const" and type(item[1]) is str for item in tree[1:])


def _compared(text: str, operator: str, left: Getter, right: Getter) -> Test:
    return lambda context: compared(text, operator, left(context), right(context))


def _beside_constant(text: str, get: Getter, operator: str, constant: Any) -> Test:
    if operator in ("==", "!=") and type(constant) is str:
        return _is_text(text, get, constant, operator == "==")
    if operator in ("==", "!="):
        return _is_value(text, get, constant, operator == "==")
    if operator in _FAST and type(constant) in (int, float):
        return _FAST[operator](text, get, constant)
    return lambda context: compared(text, operator, get(context), constant)


def _is_text(text: str, get: Getter, constant: str, wanted: bool) -> Test:
    def test(context: Any) -> bool:
        value = get(context)
        if value.__class__ is str:
            return (value == constant) is wanted
        return equal(text, value, constant) is wanted

    return test


def _is_value(text: str, get: Getter, constant: Any, wanted: bool) -> Test:
    same = type(constant)

    def test(context: Any) -> bool:
        value = get(context)
        if value.__class__ is same:
            return (value == constant) is wanted
        return equal(text, value, constant) is wanted

    return test


def _among(text: str, get: Getter, constants: list[str], wanted: bool) -> Test:
    known = frozenset(constants)

    def test(context: Any) -> bool:
        value = get(context)
        if value.__class__ is str:
            return (value in known) is wanted
        return holds(text, constants, value) is wanted

    return test


def _less(text: str, get: Getter, limit: float) -> Test:
    def test(context: Any) -> bool:
        value = get(context)
        return value < limit if value.__class__ is int or value.__class__ is float else ordered(text, "<", value, limit)

    return test


def _at_most(text: str, get: Getter, limit: float) -> Test:
    def test(context: Any) -> bool:
        value = get(context)
        return value <= limit if value.__class__ is int or value.__class__ is float else ordered(text, "<=", value, limit)

    return test


def _more(text: str, get: Getter, limit: float) -> Test:
    def test(context: Any) -> bool:
        value = get(context)
        return value > limit if value.__class__ is int or value.__class__ is float else ordered(text, ">", value, limit)

    return test


def _at_least(text: str, get: Getter, limit: float) -> Test:
    def test(context: Any) -> bool:
        value = get(context)
        return value >= limit if value.__class__ is int or value.__class__ is float else ordered(text, ">=", value, limit)

    return test


_FAST: Mapping[str, Callable[[str, Getter, float], Test]] = {"<": _less, "<=": _at_most, ">": _more, ">=": _at_least}


_TESTS: Mapping[str, Callable[[Tree, _Source], Test]] = {
    "and": lambda tree, source: _all([_test(part, source) for part in tree[1:]]),
    "or": lambda tree, source: _any([_test(part, source) for part in tree[1:]]),
    "not": lambda tree, source: _not(_test(tree[1], source)),
    "compare": lambda tree, source: _comparisons(tree[1], tree[2:], source),
    "exists": lambda tree, source: _exists(source.resolve(tree[2][1])),
    "contains": lambda tree, source: _comparison(tree[3], "in", tree[2], source),
}


def plain(value: Any) -> Any:
    """The JSON value that stands for *value*: None for a missing one, ISO 8601 text for a moment."""
    if value is MISSING:
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value
