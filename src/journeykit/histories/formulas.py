"""Expressions over a row: conditions, and templates of ids and properties. The language is that of journeys, its roots are others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from attrs import frozen

from journeykit.core.expressions.expressions import MISSING, compile_condition, compile_expression, plain
from journeykit.errors import DefinitionError
from journeykit.histories.tables import Row
from journeykit.model.conditions import Expression, template_parts
from journeykit.model.grammar import Path, Roots, read
from journeykit.model.messages import derived_id
from journeykit.model.phrases import suggestion

ROOTS: Roots = {"row": None, "file": frozenset(), "line": frozenset(), "entry": frozenset()}

Get = Callable[[Row], Any]


@frozen
class Formula(Expression):
    """An expression over a row: ``row.Quantity > 0``; ``file``, ``line`` and ``entry`` say where the row stands."""

    def __attrs_post_init__(self) -> None:
        tree = read(self.text, ROOTS)
        object.__setattr__(self, "tree", tree)
        object.__setattr__(self, "paths", frozenset(path for path in _paths(tree)))


def _paths(tree: tuple[Any, ...]) -> list[Path]:
    if tree[0] == "path":
        return [tree[1]]
    return [] if tree[0] == "const" else [path for part in tree[1:] if isinstance(part, tuple) for path in _paths(part)]


class Formulas:
    """
    Makes functions of the formulas of one mapping.

    Args:
        known: the columns there are; None where any may be.
    """

    def __init__(self, known: tuple[str, ...] | None) -> None:
        self._known = known
        self.columns: set[str] = set()  #: what was asked for so far

    def condition(self, text: object) -> Callable[[Row], bool]:
        """The test that *text* says."""
        if not isinstance(text, str):
            raise DefinitionError(f"{text!r:.60} is no condition; write for example \"row.type == 'order'\"")
        return compile_condition(Formula(text), self._resolve)

    def value(self, given: object) -> Get:
        """A column by its name, or a template such as ``"{row.invoice}-{line}"``; anything but text is itself."""
        if not isinstance(given, str):
            return lambda _row: given
        if "{" not in given and "}" not in given:
            return self._resolve(("row", given))
        parts = template_parts(given, Formula)
        if len(parts) == 1 and isinstance(parts[0], Expression):
            return compile_expression(parts[0], self._resolve)
        return _joined([part if isinstance(part, str) else compile_expression(part, self._resolve) for part in parts])

    def identity(self, given: object) -> Get:
        """An id: as a value, or a list of columns that make it together and must all be there."""
        if not isinstance(given, list):
            return self.value(given)
        if not given or not all(isinstance(name, str) for name in given):
            raise DefinitionError(f"{given!r:.60} is no list of columns; write for example [invoice, product]")
        getters = [self.value(name) for name in given]

        def get(row: Row) -> Any:
            values = [get(row) for get in getters]
            return MISSING if any(value is None or value is MISSING for value in values) else derived_id(*map(as_text, values))

        return get

    def _resolve(self, path: Path) -> Get:
        if path[0] != "row":
            return {"file": lambda row: row.file, "line": lambda row: row.line, "entry": lambda row: row.entry}[str(path[0])]
        name = str(path[1])
        self._check(name)
        self.columns.add(name)
        if len(path) == 2:
            return lambda row: row.values.get(name, MISSING)
        return _deep(name, path[2:])

    def _check(self, name: str) -> None:
        if self._known is not None and name not in self._known:
            near = suggestion(name, self._known) or f"; there are {', '.join(self._known)}"
            raise DefinitionError(f'there is no column "{name}"{near}')


def as_text(value: Any) -> str:
    """A value as it stands in an id or within a text."""
    if value.__class__ is str or value.__class__ is int:
        return str(value)
    value = plain(value)
    if isinstance(value, float) and value == int(value):
        value = int(value)
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)


def _deep(name: str, rest: Path) -> Get:
    def get(row: Row) -> Any:
        value = row.values.get(name)
        for part in rest:
            if isinstance(value, dict) and isinstance(part, str):
                value = value.get(part)
            elif isinstance(value, list) and isinstance(part, int) and -len(value) <= part < len(value):
                value = value[part]
            else:
                return MISSING
        return value

    return get


def _joined(parts: list[str | Get]) -> Get:
    return lambda row: "".join([part if isinstance(part, str) else as_text(part(row)) for part in parts])
