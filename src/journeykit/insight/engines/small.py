"""The tables in the memory of the standard library's SQLite."""

from __future__ import annotations

import math
import re
import sqlite3
import weakref
from collections.abc import Iterable, Sequence
from typing import Any

from journeykit.insight.tables.lake import Row
from journeykit.insight.tables.raw import Column, Table

_MADE = re.compile(r"\s*create table (\w+) as\b")


class SmallLake:
    """Tables in the memory of the standard library's SQLite: for up to some hundred thousand events."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._connection.close)  # from Python 3.13 on one that goes unclosed is warned of
        for name, function in (("ln", math.log), ("exp", math.exp)):  # not every SQLite is built with them
            self._connection.create_function(name, 1, function, deterministic=True)

    def fill(self, table: Table, rows: Iterable[Row]) -> None:
        """See `Lake.fill`."""
        columns = ", ".join(_declared(column) for column in table.columns)
        self._connection.execute(f"create table if not exists {table.name} ({columns})")
        marks = ", ".join("?" * len(table.columns))
        self._connection.execute("begin")
        self._connection.executemany(f"insert into {table.name} values ({marks})", rows)  # noqa: S608  names of our own
        self._connection.execute("commit")

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """See `Lake.run`. A table that is made gets an index on its customers: SQLite joins row by row."""
        self._connection.execute(statement, parameters)
        if (made := _MADE.match(statement)) is not None and "customer" in self._columns(made[1]):
            self._connection.execute(f"create index {made[1]}_customer on {made[1]} (customer)")

    def _columns(self, table: str) -> list[str]:
        return [name for _, name, *_ in self._connection.execute(f"pragma table_info({table})")]

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """See `Lake.query`."""
        return self._connection.execute(statement, parameters).fetchall()

    def property(self, column: str, *names: str) -> str:
        """See `Lake.property`."""
        flags = "when 'true' then 'true' when 'false' then 'false'"
        found = [
            f"case json_type({column}, {path}) {flags} else cast(json_extract({column}, {path}) as text) end" for path in map(_path, names)
        ]
        return found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"

    def number(self, column: str, name: str) -> str:
        """See `Lake.number`."""
        path = _path(name)
        found = f"json_extract({column}, {path})"
        read = f"case when {' or '.join(f'{found} {no}' for no in _NO_NUMBER)} then null else cast({found} as real) end"
        return f"case json_type({column}, {path}) when 'integer' then cast({found} as real) when 'real' then {found} when 'text' then {read} end"

    def close(self) -> None:
        """See `Lake.close`."""
        self._connection.close()


#: how text looks that is no number: other characters, no digit, two points, a minus sign within
_NO_NUMBER = ("glob '*[^0-9.-]*'", "not glob '*[0-9]*'", "glob '*.*.*'", "glob '?*-*'")


def _path(name: str) -> str:
    quoted = name.replace('"', "").replace("'", "''")
    return f"'$.\"{quoted}\"'"


def _declared(column: Column) -> str:
    return f'"{column.name}" {"integer" if column.kind in ("whole", "moment") else "text"}'
