"""The tables in the memory of the standard library's SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from journeykit.insight.lake import Row
from journeykit.insight.tables import Column, Table


class SmallLake:
    """Tables in the memory of the standard library's SQLite: for up to some hundred thousand events."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)

    def fill(self, table: Table, rows: Iterable[Row]) -> None:
        """See `Lake.fill`."""
        columns = ", ".join(_declared(column) for column in table.columns)
        self._connection.execute(f"create table if not exists {table.name} ({columns})")
        marks = ", ".join("?" * len(table.columns))
        self._connection.execute("begin")
        self._connection.executemany(f"insert into {table.name} values ({marks})", rows)  # noqa: S608  names of our own
        self._connection.execute("commit")

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """See `Lake.run`."""
        self._connection.execute(statement, parameters)

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """See `Lake.query`."""
        return self._connection.execute(statement, parameters).fetchall()

    def property(self, column: str, name: str) -> str:
        """See `Lake.property`."""
        quoted = name.replace('"', "").replace("'", "''")
        return f"cast(json_extract({column}, '$.\"{quoted}\"') as text)"

    def close(self) -> None:
        """See `Lake.close`."""
        self._connection.close()


def _declared(column: Column) -> str:
    return f'"{column.name}" {"integer" if column.kind == "whole" else "text"}'
