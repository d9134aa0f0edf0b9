"""Checks of expressions that can never make sense, as far as constants and the catalog tell: ``customer.age in 5``, a number beside a text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from attrs import frozen

from journeykit.core.checks.world import World
from journeykit.core.definitions.survey import Survey
from journeykit.core.expressions.lookups import DAYS
from journeykit.model.conditions import Expression
from journeykit.model.customer import Catalog
from journeykit.model.grammar import Path, Tree, show_path
from journeykit.model.phrases import Aggregate

_OF_KINDS: Mapping[str, str] = {"text": "text", "number": "number", "money": "number", "flag": "flag", "moment": "moment", "list": "list"}
_OF_ROOTS: Mapping[Path, str] = {
    ("now",): "moment", ("signal", "occurred_at"): "moment", ("step", "entered_at"): "moment", ("scope", "entered_at"): "moment",
    ("journey", "entered_at"): "moment", ("journey", "key"): "text", ("signal", "name"): "text", ("signal", "id"): "text",
    ("customer", "id"): "text", ("customer", "zone"): "text", ("customer", "stage"): "text",
}  # fmt: skip
_OF_CALLS: Mapping[str, str] = {
    **dict.fromkeys(("len", "abs", "round", "minutes", "hours", "days"), "number"),
    **dict.fromkeys(("lower", "upper", "weekday", "date", "time"), "text"),
    **dict.fromkeys(("exists", "contains", "active"), "flag"),
    "those": "list",
}
#: What these functions give, of all texts.
_WORDED: Mapping[str, tuple[re.Pattern[str], str]] = {
    "weekday": (re.compile("|".join(DAYS)), '"monday" to "sunday"'),
    "time": (re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00"), 'hours and minutes of two digits each, such as "09:00"'),
}
KINDS: Mapping[str, str] = {"text": "text", "number": "a number", "flag": "true or false", "moment": "a moment", "list": "a list"}
_ORDERED = ({"number"}, {"text"}, {"moment"}, {"moment", "text"})


def sense(survey: Survey, world: World) -> Iterator[str]:
    """Expressions of a journey that can never be evaluated, or whose answer is always the same."""
    for reading in survey.readings():
        yield from (f"{reading.path}: {problem}" for problem in senseless(reading.expression, world.catalog, reading.event))


def catalog_sense(catalog: Catalog) -> Iterator[str]:
    """The same of the conditions of a catalog."""
    for name, segment in catalog.segments.items():
        yield from (f"segments.{name}: {problem}" for problem in senseless(segment, catalog, None))
    for name, fact in catalog.facts.items():
        yield from (f"facts.{name}: {problem}" for problem in (senseless(fact.where, catalog, fact.event) if fact.where else ()))
    for number, policy in enumerate(catalog.policies):
        yield from (f"policies[{number}]: {problem}" for problem in (senseless(policy.where, catalog, None) if policy.where else ()))


def senseless(expression: Expression, catalog: Catalog, event: str | None) -> Iterator[str]:
    """
    What in *expression* can never make sense.

    Args:
        expression: a condition or a value.
        catalog: tells what is declared as what.
        event: the event whose properties it reads, where that is certain.
    """
    reading = _Reading(expression.text, catalog, event)
    yield from dict.fromkeys(reading.problems(expression.tree))


def kind_of(expression: Expression, catalog: Catalog, event: str | None) -> str | None:
    """What sort of value *expression* gives, one of `KINDS`; None where nobody can know. Arguments as of `senseless`."""
    return _Reading(expression.text, catalog, event).kind(expression.tree)


@frozen
class _Reading:
    text: str
    catalog: Catalog
    event: str | None

    def problems(self, tree: Tree) -> Iterator[str]:
        """Those of *tree* and of everything in it."""
        if tree[0] == "compare":
            left = tree[1]
            for operator, right in tree[2:]:
                yield from self.compared(left, operator, right)
                left = right
        elif tree[0] == "math":
            yield from self.worked_out(*tree[1:])
        elif tree[:2] == ("call", "contains"):
            yield from self.compared(tree[3], "in", tree[2])
        for part in _parts(tree):
            yield from self.problems(part)

    def compared(self, left: Tree, operator: str, right: Tree) -> Iterator[str]:
        """Two values beside each other."""
        yield from self.worded(left, right)
        one, other = self.kind(left), self.kind(right)
        if operator in ("in", "not in"):
            yield from self.held(left, one, right, other)
            return
        yield from self.worded(right, left)
        if one is None or other is None or {one, other} in _ORDERED:
            return
        if operator in ("==", "!="):
            if one != other:
                yield self.told(left, one, right, other, f"which are never equal; compare it with {KINDS[one]}")
        else:
            yield self.told(left, one, right, other, f"which cannot be ordered by {operator}; compare numbers, texts or moments")

    def worded(self, asked: Tree, beside: Tree) -> Iterator[str]:
        """A text, alone or in a list, beside a function of the calendar that never gives such a one."""
        if asked[0] != "call" or asked[1] not in _WORDED:
            return
        gives, what = _WORDED[asked[1]]
        for word in beside[1:] if beside[0] == "list" else (beside,):
            if word[0] == "const" and isinstance(word[1], str) and not gives.fullmatch(word[1]):
                yield f'"{self.text}": {asked[1]}(...) gives {what}, and never "{word[1]}"'

    def held(self, left: Tree, one: str | None, right: Tree, other: str | None) -> Iterator[str]:
        """One value that is looked for in another."""
        if other in ("number", "flag", "moment"):
            yield f'"{self.text}": {_shown(right)} is {KINDS[other]} and holds nothing; name a list, such as ["a", "b"], or a text'
        elif other == "text" and one is not None and one != "text":
            yield self.told(left, one, right, other, "and a text holds texts only; name a list")
        elif right[0] == "list" and one is not None:
            kinds = {self.kind(item) for item in right[1:]}
            if kinds and None not in kinds and one not in kinds and {one, *kinds} != {"moment", "text"}:
                yield f'"{self.text}": {_shown(left)} is {KINDS[one]}, and the list holds none; name {KINDS[one]} in it'

    def worked_out(self, operator: str, left: Tree, right: Tree) -> Iterator[str]:
        """Arithmetic."""
        kinds = {self.kind(left), self.kind(right)}
        for part in (left, right):
            kind = self.kind(part)
            if kind in ("flag", "list"):
                yield f'"{self.text}": {_shown(part)} is {KINDS[kind]}, and {operator} works on numbers, texts and moments'
        if kinds == {"text", "number"} or (kinds == {"text"} and operator not in ("+", "-")):
            what = "and".join(f" {_shown(part)} is {KINDS[str(self.kind(part))]} " for part in (left, right)).strip()
            yield f'"{self.text}": {what}; {operator} cannot work on both'

    def told(self, left: Tree, one: str, right: Tree, other: str, what: str) -> str:
        """A problem of two values."""
        return f'"{self.text}": {_shown(left)} is {KINDS[one]} and {_shown(right)} is {KINDS[other]}, {what}'

    def kind(self, tree: Tree) -> str | None:
        """What sort of value *tree* gives; None where nobody can know."""
        match tree:
            case ("const", value):
                return {str: "text", bool: "flag", int: "number", float: "number"}.get(type(value))
            case ("path", path):
                return self.kind_of_path(path)
            case ("list", *_):
                return "list"
            case ("call", name, *_):
                return _OF_CALLS.get(name)
            case ("compare" | "not", *_):
                return "flag"
            case ("negative", _):
                return "number"
            case ("math", operator, left, right):
                return self.kind_of_math(operator, self.kind(left), self.kind(right))
        return None

    def kind_of_math(self, operator: str, left: str | None, right: str | None) -> str | None:
        """A sum of texts is a text, of a moment and a number a moment; the rest are numbers, where both are known."""
        if left is None or right is None:
            return None
        if "moment" in (left, right):
            return "number" if {left, right} <= {"moment", "text"} else "moment"
        return "text" if left == right == "text" and operator == "+" else "number" if left == right == "number" else None

    def kind_of_path(self, path: Path) -> str | None:
        """What the catalog says of a path."""
        if path in _OF_ROOTS or len(path) != 2:
            return _OF_ROOTS.get(path)
        root, name = str(path[0]), str(path[1])
        if root in ("consent", "segment"):
            return "flag"
        if root == "customer" and name in self.catalog.facts:
            return self.kind_of_fact(self.catalog.facts[name])
        if root == "customer":
            return _OF_KINDS.get(self.catalog.traits.get(name, "any"))
        return self.kind_of_property(self.event, name) if root == "event" else None

    def kind_of_fact(self, fact: Aggregate) -> str | None:
        """What a fact comes to."""
        if fact.kind in ("count", "sum", "mean", "distinct", "min", "max"):
            return "number"
        return "moment" if fact.of is None else self.kind_of_property(fact.event, fact.of)

    def kind_of_property(self, event: str | None, name: str) -> str | None:
        """What a property is declared as."""
        declared = self.catalog.events.get(event or "", {}).get(name)
        return _OF_KINDS.get(declared) if isinstance(declared, str) else None


def _parts(tree: Tree) -> Iterator[Tree]:
    """What *tree* is made of."""
    if tree[0] == "compare":
        yield tree[1]
        yield from (operand for _, operand in tree[2:])
    elif tree[0] not in ("const", "path"):
        yield from (part for part in tree[1:] if isinstance(part, tuple))


def _shown(tree: Tree) -> str:
    """A value as it is written, where that is short; what it is otherwise."""
    if tree[0] == "path":
        return show_path(tree[1])
    return repr(tree[1]) if tree[0] == "const" else f"{tree[1]}(...)" if tree[0] == "call" else "what is worked out"
