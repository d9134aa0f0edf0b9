"""What many customers have in common is one object for all of them."""

from __future__ import annotations

from collections.abc import Iterable

from journeykit.model.records import Moment


class Alike(tuple[Moment, ...]):  # noqa: SLOT001  one object for a whole zone, and a tuple of any length has no slots
    """
    The own timers that all newcomers of a zone are given.

    Attributes:
        due_at: when the first of them is due.
        row: what a storage writes of them, once one has worked it out.
    """

    row: tuple[str, int | None] | None = None

    def __init__(self, moments: Iterable[Moment] = ()) -> None:
        del moments  # they are there already
        self.due_at = min((moment.due_at for moment in self if moment.due_at is not None), default=None)
