"""Where tables stand while numbers are worked out of them; `journeykit.insight.engines` has two."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from journeykit.insight.tables.raw import Table

Row = tuple[Any, ...]


class Lake(Protocol):
    """
    An engine that holds tables and answers SQL: the part of it that SQLite and DuckDB have in common.

    That is: common table expressions, window functions, ``filter (where ...)``, ``||``, ``case``, ``cast``. Whole numbers are divided
    as ``1.0 * a / b``; ``at``, ``end`` and ``offset`` are no names; there is no median, no date function and no list type.
    """

    def fill(self, table: Table, rows: Iterable[Row]) -> None:
        """Make *table* where it is not there, and add *rows* to it, in the order of its columns."""

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Run one statement that answers nothing."""

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Answer one query; parameters stand as ``?``."""

    def property(self, column: str, *names: str) -> str:
        """SQL for the first of the properties *names* of the JSON in *column* that is neither missing nor null, as text; a flag is ``true`` or ``false``."""

    def number(self, column: str, name: str) -> str:
        """SQL for the property *name* of the JSON in *column*, as a real number; null where it is none, and text may be one: ``"4.5"``."""

    def close(self) -> None:
        """Let go of everything."""
