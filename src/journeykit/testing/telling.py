"""What a failed expectation says: what was expected beside what came, what happened, and why not. Eighty columns, no colour."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from difflib import get_close_matches
from itertools import zip_longest

from journeykit.core.expressions.calendar import show
from journeykit.errors import UnknownError
from journeykit.model.phrases import suggestion
from journeykit.runtime.engine import Engine
from journeykit.runtime.explain import Explanation, Line

WIDTH = 80
_LEFT = 36  #: characters of the column of what was expected
_RIGHT = WIDTH - _LEFT - 4
_MOST = 40  #: lines of a timeline
_PEOPLE = 3  #: customers whose timelines are told
_ALIKE = 0.8  #: of 1: names that only a slip of the pen may tell apart
_AROUND = 4  #: rows that were as expected, or come after the one that was not

Row = tuple[str, str]  #: what was expected, and what came


def page(verdict: str, columns: Sequence[str], hints: Iterable[str], people: Sequence[tuple[str, Callable[[str], list[str]]]]) -> list[str]:
    """
    All that is said of a failure, part by part.

    Args:
        verdict: what was expected, and what was instead.
        columns: the two columns, see `compared`.
        hints: more about the row that is wrong.
        people: whom it concerns, with what tells about each; of many the first few.
    """
    parts = [_paragraph(verdict), list(columns), [line for hint in hints for line in _paragraph(hint)]]
    parts += [tell(name) for name, tell in people[:_PEOPLE]]
    parts += [[f"and {len(people) - _PEOPLE} more customers: shop.explain()"]] if len(people) > _PEOPLE else []
    return [line for part in parts if part for line in ("", *part)][1:]


def misspelt(names: Iterable[str], heard: Collection[str]) -> Iterator[str]:
    """A line for each of *names* that nothing listens to, and that is nearly one of those *heard*."""
    for name in dict.fromkeys(names):
        near = [] if name in heard else get_close_matches(name, heard, 1, _ALIKE)
        if near:
            yield f'nothing listens to "{name}"; did you mean "{near[0]}"?'


def told(engine: Engine, now: str, known: Collection[str], action: str | None, name: str) -> list[str]:
    """
    What happened to a customer.

    Args:
        engine: where.
        now: the present moment, as people write it.
        known: everybody there is.
        action: the action that was expected and did not come: why not; None where that is not asked.
        name: the customer.
    """
    if name not in known:
        return _paragraph(f"nothing has happened to {name}{suggestion(name, known)}")
    return [*_why_not(engine, name, action), f"what happened to {name} until now, {now}", *_timeline(engine.explain(name))]


def _why_not(engine: Engine, name: str, action: str | None) -> list[str]:
    if action is None:
        return []
    try:
        explained = engine.explain(name, action)
    except UnknownError as error:
        return [*_paragraph(str(error)), ""]
    why = _dated(explained.why_not, explained.zone) or ["nothing is known that stood in the way"]
    return [f"why not {action} for {name}", *why, ""]


def compared(rows: Sequence[Row], wrong: int) -> list[str]:
    """
    *rows* as two columns.

    Args:
        rows: what was expected and what came, each a text that may be long.
        wrong: the number of the row that is not as expected; it is marked, and what is far from it is left out.
    """
    first, last = max(0, wrong - _AROUND), min(len(rows), wrong + _AROUND + 1)
    lines = [f"  {'expected':{_LEFT}}  came", f"  {'-' * _LEFT}  {'-' * _RIGHT}"]
    lines += [f"  ... {first} more, as expected"] if first else []
    for number in range(first, last):
        lines += _row("> " if number == wrong else "  ", *rows[number])
    return lines + ([f"  {'':{_LEFT}}  ... {len(rows) - last} more"] if last < len(rows) else [])


def _row(mark: str, expected: str, came: str) -> list[str]:
    pairs = zip_longest(_wrapped(expected, _LEFT), _wrapped(came, _RIGHT), fillvalue="")
    return [f"{mark if not number else '  '}{left:{_LEFT}}  {right}".rstrip() for number, (left, right) in enumerate(pairs)]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False) or [""]


def _timeline(explanation: Explanation) -> list[str]:
    """What happened to a customer, the last of it where it is long."""
    entries = explanation.entries
    left_out = max(0, len(entries) - _MOST)
    lines = [f"... {left_out} lines before: shop.explain({explanation.customer_id!r})"] if left_out else []
    return lines + _dated(entries[left_out:], explanation.zone)


def _dated(entries: Iterable[Line], zone: str) -> list[str]:
    """Lines of an explanation with their moments, the long ones continued under their own text."""
    lines: list[str] = []
    for line in entries:
        when = f"{show(line.at, zone)}  " if line.at else ""
        lines += textwrap.wrap(when + line.text, WIDTH, subsequent_indent=" " * len(when), break_on_hyphens=False)
    return lines


def _paragraph(text: str) -> list[str]:
    """A sentence, over as many lines as it needs."""
    return textwrap.wrap(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)
