"""
Expressions: the small language of conditions, settings and templates.

An expression is text with Python's grammar for values, read once into a tree of tuples. Names are roots such as ``event`` and
``customer``, calls are a few functions, everything else is refused; see `journeykit.model.grammar`.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import field, frozen

from journeykit.errors import DefinitionError
from journeykit.model.grammar import DEEPEST, UNSTORABLE, Path, Tree, paths, quoted, read


def _stripped(text: object) -> str:
    if not isinstance(text, str):
        raise DefinitionError(f"{type(text).__name__} is no expression; write text")
    return text.strip()


@frozen
class Expression:
    """
    A condition or a value, as text: ``event.total > 100 and customer.plan != 'free'``.

    Two expressions are equal when their texts are.

    Attributes:
        text: as written, without blanks around it.
        tree: the same as nested tuples, for the core to compile.
        paths: what it reads, such as ``("event", "total")``.

    Raises:
        DefinitionError: the text is no expression; the message names the column, what stands there and what may.
    """

    text: str = field(converter=_stripped)
    tree: Tree = field(init=False, eq=False, repr=False)
    paths: frozenset[Path] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        tree = read(self.text)
        object.__setattr__(self, "tree", tree)
        object.__setattr__(self, "paths", frozenset(paths(tree)))


def template_parts(text: str, kind: type[Expression] = Expression) -> tuple[str | Expression, ...]:
    """
    Take a template apart: plain texts, and the expressions that stand in braces; ``{{`` and ``}}`` are plain braces.

    Args:
        text: the template.
        kind: what the expressions become, where they have roots of their own.

    Raises:
        DefinitionError: a brace has no partner, or what stands in braces is no expression.
    """
    if UNSTORABLE.search(text):
        raise DefinitionError(f"{quoted(text)} holds characters that cannot be stored; write plain text")
    parts: list[str | Expression] = []
    for plain, inner in _pieces(text):
        if plain and parts and isinstance(parts[-1], str):
            parts[-1] += plain
        elif plain:
            parts.append(plain)
        if inner is not None:
            parts.append(kind(inner))
    return tuple(parts)


def template_expressions(value: object) -> list[Expression]:
    """
    Return every expression of an action's parameter, in order; lists and mappings are looked through.

    Raises:
        DefinitionError: a template is wrong, or the value is nested too deeply.
    """
    return list(_within(value, 0))


def _within(value: object, depth: int) -> Iterator[Expression]:
    if depth > DEEPEST:
        raise DefinitionError(f"a parameter is nested more than {DEEPEST} deep; make it flatter")
    if isinstance(value, str):
        yield from (part for part in template_parts(value) if isinstance(part, Expression))
    elif isinstance(value, (dict, list, tuple)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _within(item, depth + 1)


def _pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """Plain text and the inside of the braces that follow it, until the text is used up."""
    at, brace = 0, _brace(text, 0)
    while brace >= 0:
        if text[brace : brace + 2] in ("{{", "}}"):
            yield text[at : brace + 1], None
            at = brace + 2
        elif text[brace] == "}":
            raise DefinitionError(f'{quoted(text)}: column {brace + 1}: "}}" closes nothing; write "}}}}" for a plain brace')
        else:
            close = _closing(text, brace)
            yield text[at:brace], text[brace + 1 : close]
            at = close + 1
        brace = _brace(text, at)
    yield text[at:], None


def _brace(text: str, start: int) -> int:
    """Where the next brace stands, -1 where there is none."""
    return min((place for place in (text.find("{", start), text.find("}", start)) if place >= 0), default=-1)


def _closing(text: str, brace: int) -> int:
    """Where the expression that begins at *brace* is closed; a brace within a quoted text closes nothing."""
    quote = ""
    for place in range(brace + 1, len(text)):
        character = text[place]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "}":
            return place
    raise DefinitionError(f'{quoted(text)}: column {brace + 1}: "{{" is never closed; write "{{{{" for a plain brace')
