"""
A story that breaks a property, without all that it can do without.

hypothesis shortens what it has drawn, and stops where what it tries next draws something else: calls that make no difference may be left. Here
the story itself is told again without one of its calls, and then without another, until each of them is needed.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from typing import NamedTuple

from journeykit.testing.told import Call


class Broken(NamedTuple):
    """A story, as far as it was told, and what it ended with."""

    calls: list[Call]
    error: Exception


Tell = Callable[[Sequence[Call]], Broken | None]


def shortest(broken: Broken, tell: Tell) -> Broken:
    """
    Leave out of a story whatever makes no difference to how it ends.

    Args:
        broken: the story.
        tell: tells a story from the beginning; None where nothing is broken by it.

    Returns:
        The story that is left, with its own error, of the same kind and from the same place.
    """
    fewer = _without_some(broken, tell)
    while len(fewer.calls) < len(broken.calls):  # what comes later may have needed what came before
        broken, fewer = fewer, _without_some(fewer, tell)
    return broken


def _without_some(broken: Broken, tell: Tell) -> Broken:
    """Try to do without each call, the last one first."""
    for number in reversed(range(len(broken.calls))):
        again = tell([*broken.calls[:number], *broken.calls[number + 1 :]])
        if again is not None and _place(again.error) == _place(broken.error):
            broken = again
    return broken


def _place(error: Exception) -> tuple[type, str, int | None]:
    """What kind of error it is, and where it was raised; its words name moments, which may be others."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return type(error), last.filename, last.lineno
