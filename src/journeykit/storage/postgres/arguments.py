"""
Rows as the arguments of one statement: a column is one array, written out by hand.

psycopg adapts a list value by value, which costs more than the server takes for the rows; the text of an array is made in a
tenth of that time. Numbers go as text as well: psycopg would choose a type by the size of each, and every combination of types is
another prepared statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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


class Source:
    """
    What a statement reads its rows from, under the name ``v``: columns as declared, and ``ord``, their place.

    A single row is a plain ``select``, so that the planner sees an index lookup and nothing to join.

    Args:
        columns: names and types, ``customer text, seq int8``; no other types.
    """

    def __init__(self, columns: str) -> None:
        pairs = [column.split() for column in columns.split(",")]
        self._numeric = [kind == "int8" for _, kind in pairs]
        self.names = ", ".join(name for name, _ in pairs)
        self._one = f"(select {', '.join(f'%s::{kind} as {name}' for name, kind in pairs)}, 1::int8 as ord) v"
        self._many = f"unnest({', '.join(f'%s::{kind}[]' for _, kind in pairs)}) with ordinality as v({self.names}, ord)"

    def text(self, rows: Sequence[Row]) -> str:
        """What stands behind ``from``."""
        return self._one if len(rows) == 1 else self._many

    def arguments(self, rows: Sequence[Row]) -> Arguments:
        """The arguments of *rows*."""
        if len(rows) == 1:
            return [number(value) if numeric else value for value, numeric in zip(rows[0], self._numeric, strict=True)]
        columns = zip(*rows, strict=True)
        return [numbers(values) if numeric else texts(values) for values, numeric in zip(columns, self._numeric, strict=True)]
