"""What many customers have in common is one object for all of them."""

from __future__ import annotations

from journeykit.model.records import Moment


class Alike(tuple[Moment, ...]):  # noqa: SLOT001  one object for a whole zone, and a tuple of any length has no slots
    """
    The own timers that all newcomers of a zone are given.

    Attributes:
        row: what a storage writes of them, once one has worked it out.
    """

    row: tuple[str, int | None] | None = None
