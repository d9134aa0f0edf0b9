"""
When a condition can change by the passing of time alone: the next such instant, so that a timer can be armed for it.

``now`` moves by a second a second. Whatever is added to it, taken from it or compared with it therefore moves along a straight line,
or along one of several (``min``, ``if``), and two lines meet in one instant, which follows from where they are now. The answer may
be too early, never too late; who is woken for nothing asks again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

from journeykit.core.expressions.context import Context, Getter
from journeykit.core.expressions.expressions import compile_tree
from journeykit.core.expressions.values import as_moment, kind, missing
from journeykit.errors import ConditionError, DefinitionError
from journeykit.model.conditions import Expression
from journeykit.model.grammar import Path, Tree, paths
from journeykit.model.phrases import MICROSECONDS

Turns = Callable[[Context], int | None]  #: the next instant, strictly after now, at which something may change; None for never
Resolve = Callable[[Path], Getter]

_NOW: Path = ("now",)
_SCALES = {"minutes": 60, "hours": 3_600, "days": 86_400}
_EXACT = 2.0**51  #: microseconds up to which a float tells one from the next
_NOUGHT: Tree = ("const", 0)


class _Line(NamedTuple):
    """A value that moves by *slope* seconds a second."""

    slope: Fraction
    tree: Tree


def compile_turns(expression: Expression, resolve: Resolve, turning: Callable[[Path], Turns | None]) -> Turns | None:
    """
    Make the function that tells when *expression* may change by time alone.

    Args:
        expression: a condition.
        resolve: gives for each path what reads it.
        turning: gives for each path but ``now`` when its value may change by time alone, None where it never does.

    Returns:
        None where time alone never changes it.

    Raises:
        DefinitionError: ``now`` stands where nobody can say when its value changes anything.
    """
    steps = [turns for path in sorted(expression.paths, key=str) if path != _NOW and (turns := turning(path)) is not None]
    reading = _Reading(expression.text, resolve)
    reading.test(expression.tree)
    return _earliest([*dict.fromkeys(steps), *reading.meetings])


def _earliest(several: list[Turns]) -> Turns | None:
    if len(several) < 2:
        return several[0] if several else None

    def turns(context: Context) -> int | None:
        return min((at for one in several if (at := one(context)) is not None), default=None)

    return turns


class _Reading:
    """
    Goes through one condition.

    Attributes:
        meetings: when two lines that are compared meet.
    """

    def __init__(self, text: str, resolve: Resolve) -> None:
        self.text = text
        self.resolve = resolve
        self.meetings: list[Turns] = []

    def test(self, tree: Tree) -> None:
        """Find the meetings in what is asked for yes or no."""
        if not _moves(tree):
            return
        if tree[0] in ("and", "or", "not", "if"):
            for part in tree[1:]:
                self.test(part)
        elif tree[0] == "compare":
            left = tree[1]
            for operator, right in tree[2:]:
                self.comparison(left, operator, right)
                left = right
        elif tree[0] == "call" and tree[1] == "contains":
            raise self.unknowable()
        else:
            self.comparison(tree, "!=", _NOUGHT)

    def comparison(self, left: Tree, operator: str, right: Tree) -> None:
        """Two values beside each other."""
        if operator in ("in", "not in") and (_moves(left) or _moves(right)):
            raise self.unknowable()
        lines = self.lines(right)
        for one in self.lines(left):
            self.meetings += [self.meeting(one, operator, other) for other in lines if one.slope != other.slope]

    def lines(self, tree: Tree) -> list[_Line]:
        """The lines along which a value may move."""
        if not _moves(tree):
            return [_Line(Fraction(0), tree)]
        if tree[0] == "path":
            return [_Line(Fraction(1), tree)]
        match tree:
            case ("math", "+" | "-" as operator, left, right):
                sign = 1 if operator == "+" else -1
                pairs = [(one, other) for one in self.lines(left) for other in self.lines(right)]
                return [_Line(one.slope + sign * other.slope, ("math", operator, one.tree, other.tree)) for one, other in pairs]
            case ("math", "*", left, right):
                moving, factor = (left, right) if _moves(left) else (right, left)
                return self.scaled(moving, self.factor(factor), lambda inner: ("math", "*", inner, factor))
            case ("math", "/", left, right):
                return self.scaled(left, 1 / self.factor(right), lambda inner: ("math", "/", inner, right))
            case ("negative", inner):
                return self.scaled(inner, Fraction(-1), lambda line: ("negative", line))
            case ("call", "minutes" | "hours" | "days" as name, inner):
                return self.scaled(inner, Fraction(_SCALES[name]), lambda line: ("call", name, line))
            case _:
                return self.choices(tree)

    def choices(self, tree: Tree) -> list[_Line]:
        """The lines of a value that is one of several."""
        match tree:
            case ("call", "min" | "max", ("list", *items)) | ("call", "min" | "max", *items) if items and not _is_list(items):
                return [line for item in items for line in self.lines(item)]
            case ("call", "abs", inner):
                return [*self.lines(inner), *self.scaled(inner, Fraction(-1), lambda line: ("negative", line))]
            case ("if", condition, yes, no):
                self.test(condition)
                return [*self.lines(yes), *self.lines(no)]
            case ("and" | "or", *parts):
                for part in parts:
                    self.test(part)
                return [line for part in parts for line in self.lines(part)]
            case ("compare" | "not", *_):
                self.test(tree)
                return [_Line(Fraction(0), tree)]
        raise self.unknowable()

    def scaled(self, inner: Tree, factor: Fraction, tree: Callable[[Tree], Tree]) -> list[_Line]:
        """The lines of *inner*, each *factor* times as steep."""
        return [_Line(line.slope * factor, tree(line.tree)) for line in self.lines(inner)]

    def factor(self, tree: Tree) -> Fraction:
        """A number other than nought that stands in the text."""
        if tree[0] != "const" or isinstance(tree[1], bool) or not isinstance(tree[1], (int, float)) or not tree[1]:
            raise self.unknowable()
        return Fraction(tree[1])

    def unknowable(self) -> DefinitionError:
        """The error that says what may be done with ``now``."""
        return DefinitionError(
            f'"{self.text}": nobody can say when this changes; "now" may be added to, taken from, multiplied by a number and compared '
            "by < <= > >= == !=, such as customer.last_order <= now - days(90)"
        )

    def meeting(self, one: _Line, operator: str, other: _Line) -> Turns:
        """When the comparison of two lines may turn from true to false, or back."""
        left, right = compile_tree(one.tree, self.text, self.resolve), compile_tree(other.tree, self.text, self.resolve)
        slope = one.slope - other.slope
        sign = int(slope) if abs(slope) == 1 else 0
        first, last = _after_meeting(operator, rising=slope > 0)

        def turns(context: Context) -> int | None:
            try:
                apart = _apart(self.text, left(context), right(context))
            except ConditionError:
                return None  # what cannot be compared now cannot be compared later
            if apart is None:
                return None
            distance, doubt = apart
            if sign and type(distance) is int:  # the common case, without fractions
                at = context.now - distance * sign
                return _next(at + first - doubt, at + last + doubt, context.now)
            doubt = doubt if sign else ceil((doubt + 1) / abs(slope))
            meeting = context.now - distance / slope
            return _next(floor(meeting) + first - doubt, ceil(meeting) + last + doubt, context.now)

        return turns


def _after_meeting(operator: str, *, rising: bool) -> tuple[int, int]:
    """How many microseconds after the lines have met the comparison changes: from, to."""
    if operator in ("==", "!="):
        return 0, 1
    at_once = (operator in (">=", "<")) is rising
    return (0, 0) if at_once else (1, 1)


def _apart(text: str, left: Any, right: Any) -> tuple[int | Fraction, int] | None:
    """By how many microseconds *left* lies above *right*, and how many that may be wrong; None where one is missing."""
    if missing(left) or missing(right):
        return None
    if "moment" in (kind(left), kind(right)):
        apart = as_moment(text, left) - as_moment(text, right)
        return (apart.days * 86_400 + apart.seconds) * MICROSECONDS + apart.microseconds, 0
    if kind(left) != "number" or kind(right) != "number":
        return None
    if type(left) is int and type(right) is int:
        return (left - right) * MICROSECONDS, 0
    exact = (Fraction(left) - Fraction(right)) * MICROSECONDS
    whole = round(exact)
    size = max(abs(float(left)), abs(float(right))) * MICROSECONDS
    if size < _EXACT:
        return (whole, 0) if abs(exact - whole) < Fraction(3, 10) else (exact, 1)
    return exact, ceil(size / _EXACT)


def _next(first: int, last: int, now: int) -> int | None:
    """The next instant after *now* in a span of instants."""
    if now < first:
        return first
    return now + 1 if now < last else None


def _moves(tree: Tree) -> bool:
    return any(path == _NOW for path in paths(tree))


def _is_list(items: Iterable[Any]) -> bool:
    """Whether a function was given one thing, which is no list written out."""
    return len([*items]) == 1
