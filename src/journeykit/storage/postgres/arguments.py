"""
Rows as the arguments of one statement: a column is one array, written out by hand.

psycopg adapts a list value by value, which costs more than the server takes for the rows; the text of an array is made in a
tenth of that time. Numbers go as text as well: psycopg would choose a type by the size of each, and every combination of types is
another prepared statement. Arguments are numbered here (``$1``), for psycopg parses a long statement anew each time it is run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from journeykit.storage.postgres.connections import Cursor
from journeykit.storage.rows import Row

Arguments = list[str | None]

_COPIED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _quoted(value: str | None) -> str:
    if value is None:
        return "NULL"
    if "\\" in value:
        value = value.replace("\\", "\\\\")
    return '"' + value.replace('"', '\\"') + '"'


def texts(values: Iterable[str | None]) -> str:
    """An array of texts, for a ``text[]``."""
    return "{" + ",".join([_quoted(value) for value in values]) + "}"


def numbers(values: Iterable[int | None]) -> str:
    """An array of integers, for an ``int8[]``."""
    return "{" + ",".join(["NULL" if value is None else str(int(value)) for value in values]) + "}"


def number(value: int | None) -> str | None:
    """One integer."""
    return None if value is None else str(int(value))


def copied(rows: Iterable[Row]) -> str:
    """Rows in the text form of COPY."""
    lines = [
        "\t".join(["\\N" if value is None else value.translate(_COPIED) if isinstance(value, str) else str(int(value)) for value in row])
        for row in rows
    ]
    return "".join([f"{line}\n" for line in lines])


class Part:
    """
    A statement, or a part of one, that reads rows under the name ``v``: columns as declared, and ``ord``, their place.

    A single row is a plain ``select``, so that the planner sees an index lookup and nothing to join. Where it stands in the text is
    ``{v}``; other arguments are ``%s``, and follow the rows.

    Args:
        columns: names and types, ``customer text, seq int8``; no other types.
        text: the SQL.

    Attributes:
        columns: the names, with commas between.
        kinds: the type of each.
    """

    def __init__(self, columns: str, text: str) -> None:
        pairs = [column.split() for column in columns.split(",")]
        self.kinds = [kind for _, kind in pairs]
        self.columns = names = ", ".join(name for name, _ in pairs)
        self._numeric = [kind == "int8" for kind in self.kinds]
        text = text.replace("{columns}", names)
        one = f"(select {', '.join(f'%s::{kind} as {name}' for name, kind in pairs)}, 1::int8 as ord) v"
        many = f"unnest({', '.join(f'%s::{kind}[]' for _, kind in pairs)}) with ordinality as v({names}, ord)"
        self._one, self._many = text.replace("{v}", one), text.replace("{v}", many)

    def text(self, rows: Sequence[Row]) -> str:
        """The SQL for so many rows."""
        return self._one if len(rows) == 1 else self._many

    def arguments(self, rows: Sequence[Row]) -> Arguments:
        """The arguments of *rows*."""
        if len(rows) == 1:
            return [value if value is None or isinstance(value, str) else str(int(value)) for value in rows[0]]
        columns = zip(*rows, strict=True)
        return [numbers(values) if numeric else texts(values) for values, numeric in zip(columns, self._numeric, strict=True)]

    def run(self, cursor: Cursor, rows: Sequence[Row]) -> Cursor:
        """Execute it as a whole statement."""
        return cursor.execute(statement(self.text(rows)), self.arguments(rows))


@cache
def statement(*texts: str, between: str = "") -> bytes:
    """Parts of a statement as one, its arguments numbered; there are few of them, as there are few kinds of commits."""
    first, *rest = between.join(texts).split("%s")
    return (first + "".join([f"${number}{text}" for number, text in enumerate(rest, 1)])).encode()
