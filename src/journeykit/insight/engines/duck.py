"""The tables in DuckDB: the extra ``insight``, for millions of events."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from journeykit.errors import StorageError, UnknownError
from journeykit.insight.tables.lake import Row
from journeykit.insight.tables.raw import TABLES, Table

try:
    import duckdb
except ModuleNotFoundError as missing:
    raise UnknownError("large histories and Parquet need DuckDB; pip install 'journeykit[insight]'") from missing

_TYPES = {"text": "varchar", "whole": "bigint", "moment": "bigint", "json": "varchar"}
_FORMAT = 2  #: of Parquet files, which name it under _NAME; those of the first name none, and their moments are whole numbers
_NAME = "journeykit"
_ROWS = 500  #: rows in a line of a file that is read into a table
_LONGEST = 1 << 23  #: characters of such a line, where it is not a single row
PARQUET = f"format parquet, compression zstd, kv_metadata {{{_NAME}: '{_FORMAT}'}}"  #: how a file is written
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class DuckLake:
    """
    Tables in DuckDB. Nothing is downloaded: what DuckDB would fetch for itself it is forbidden to.

    Args:
        file: where they are kept; in memory where not said.
        threads: how many threads work; as many as there are processors where not said.
        memory: how much memory is used at most, ``4GiB``; what does not fit goes to *spill*.
        spill: the folder for what does not fit; that for temporary files where not said.
    """

    def __init__(
        self, file: str | os.PathLike[str] | None = None, *, threads: int | None = None, memory: str | None = None,
        spill: str | os.PathLike[str] | None = None,
    ) -> None:  # fmt: skip
        asked = {"threads": threads, "memory_limit": memory, "temp_directory": os.fspath(spill or tempfile.gettempdir())}
        config: dict[str, Any] = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        config |= {name: value for name, value in asked.items() if value is not None}
        self._connection = duckdb.connect(":memory:" if file is None else os.fspath(file), config=config)
        if file is None:  # a fifth of the memory, for a fifth more of the time
            self._connection.execute("attach ':memory:' as lake (compress)")
            self._connection.execute("use lake")
        self._connection.execute("set preserve_insertion_order = false")
        self._connection.execute("set nested_loop_join_threshold = 100")  # periods are few; it would sort all that happened to join them
        self._connection.execute("set default_null_order = 'nulls_first_on_asc_last_on_desc'")  # as in SQLite

    def fill(self, table: Table, rows: Iterable[Row]) -> None:
        """See `Lake.fill`. Rows go through a file, column by column: that costs a third of what row by row does, and one by one much more."""
        columns = ", ".join(f'"{column.name}" {_TYPES[column.kind]}' for column in table.columns)
        self.run(f"create table if not exists {table.name} ({columns})")
        with tempfile.TemporaryDirectory() as folder:
            lines = Path(folder) / "rows.ndjson"
            if write_lines(lines, table, rows):
                self.run(f"insert into {table.name} {read_lines(table, lines)}")

    def read(self, folder: str | os.PathLike[str]) -> None:
        """
        Take the raw tables from the Parquet files of *folder*, as `journeykit export` writes them; they are read where they lie.

        Raises:
            StorageError: a file is not there, not what it ought to be, or of a release that came later.
        """
        for table in TABLES:
            file = Path(folder) / f"{table.name}.parquet"
            try:
                self._view(table, file)
            except duckdb.Error as error:
                raise StorageError(f"{file} cannot be read: {str(error).splitlines()[0]}; write it with journeykit export") from error

    def _view(self, table: Table, file: Path) -> None:
        """A table out of a file of this release or of an earlier one."""
        path = literal(file)
        named = f"select max(value::varchar::int) from parquet_kv_metadata('{path}') where key::varchar = '{_NAME}'"  # noqa: S608
        (written,) = self.query(named)[0]
        if written is not None and written > _FORMAT:
            raise StorageError(f"{file} was written by a later release of journeykit, in format {written}; read it with that")
        kinds = {name: kind for name, kind, *_ in self.query(f"describe from read_parquet('{path}')")}
        columns = ", ".join(f'epoch_us("{n}") as "{n}"' if kinds.get(n, "").startswith("TIMESTAMP") else f'"{n}"' for n in table.names)
        self.run(f"create view {table.name} as select {columns} from read_parquet('{path}')")  # noqa: S608

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """See `Lake.run`."""
        self._connection.execute(statement, parameters)

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """See `Lake.query`."""
        return self._connection.execute(statement, parameters).fetchall()

    def property(self, column: str, *names: str) -> str:
        """See `Lake.property`."""
        if len(names) == 1:
            return f"json_extract_string({column}, {_path(names[0])})"
        return f"list_any_value(json_extract_string({column}, [{', '.join(map(_path, names))}]))"  # the text is parsed once

    def number(self, column: str, name: str) -> str:
        """See `Lake.number`."""
        found = f"json_extract_string({column}, {_path(name)})"
        text = f"json_type({column}, {_path(name)}) = 'VARCHAR'"
        return f"case when {text} and not regexp_full_match({found}, '-?[0-9]*[.]?[0-9]*') then null else try_cast({found} as double) end"

    def close(self) -> None:
        """See `Lake.close`."""
        self._connection.close()


def write_lines(file: Path, table: Table, rows: Iterable[Row]) -> int:
    """Write *rows* of *table* to *file*, some hundred in a line, as one JSON object with a list for each column; return how many there were."""
    number, every = 0, iter(rows)
    with file.open("w", encoding="utf-8") as lines:
        while batch := list(islice(every, _ROWS)):
            lines.writelines(_lines(table.names, batch))
            number += len(batch)
    return number


def _lines(names: Sequence[str], batch: list[Row]) -> Iterator[str]:
    """A line for *batch*; several where it would be too long to be read."""
    line = _encode(dict(zip(names, zip(*batch, strict=True), strict=True)))
    if len(line) < _LONGEST or len(batch) == 1:
        yield f"{line}\n"
    else:
        half = len(batch) // 2
        yield from (*_lines(names, batch[:half]), *_lines(names, batch[half:]))


def read_lines(table: Table, file: Path) -> str:
    """The query that reads what `write_lines` wrote, in the order of the table's columns."""
    columns = ", ".join(f"\"{column.name}\": '{_TYPES[column.kind]}[]'" for column in table.columns)
    names = ", ".join(f'unnest("{name}") as "{name}"' for name in table.names)
    options = f"format = 'newline_delimited', maximum_object_size = {4 * _LONGEST}, columns = {{{columns}}}"
    return f"select {names} from read_json('{literal(file)}', {options})"  # noqa: S608  names of our own


def write_parquet(folder: Path, table: Table, rows: Iterable[Row]) -> int:
    """Write the rows of *table* as ``NAME.parquet`` into *folder*, in the order of their keys, moments as timestamps; return how many there were."""
    lines, file = folder / f"{table.name}.ndjson", folder / f"{table.name}.parquet"
    number = write_lines(lines, table, rows)
    lake = DuckLake(spill=folder / "spill")
    try:
        order = ", ".join(f'"{name}"' for name in table.key)
        lake.run(f"copy (select {timestamps(table)} from ({read_lines(table, lines)}) order by {order}) to '{literal(file)}' ({PARQUET})")  # noqa: S608
        return number
    finally:
        lake.close()
        lines.unlink()
        shutil.rmtree(folder / "spill", ignore_errors=True)


def timestamps(table: Table) -> str:
    """The columns of *table* as Parquet holds them: moments as timestamps of UTC, in microseconds."""
    return ", ".join(f'make_timestamptz("{c.name}") as "{c.name}"' if c.kind == "moment" else f'"{c.name}"' for c in table.columns)


def literal(file: os.PathLike[str]) -> str:
    """The path of *file* as it stands between quotes in SQL."""
    return os.fspath(file).replace("'", "''")


def _path(name: str) -> str:
    quoted = name.replace('"', "").replace("'", "''")
    return f"'$.\"{quoted}\"'"
