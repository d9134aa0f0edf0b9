"""
Everything that happened as files: one Parquet or CSV file for each table of `journeykit.insight.tables.raw`.

A folder comes into being whole: it is written beside its place under another name, and renamed once everything is in it.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from journeykit.errors import StorageError
from journeykit.insight.cells import safe
from journeykit.insight.tables.lake import Row
from journeykit.insight.tables.raw import TABLES, Table
from journeykit.insight.tables.reading import rows
from journeykit.ports import Storage

#: writes the rows of a table into a file of a folder, and says how many there were
Write = Callable[[Path, Table, Iterable[Row]], int]


def export_parquet(storage: Storage, folder: Path) -> dict[str, int]:
    """
    Write every table of *storage* as ``NAME.parquet`` into *folder*, rows in the order of their keys.

    Args:
        storage: what is read; a shop may go on meanwhile.
        folder: a new or empty folder.

    Returns:
        For each table how many rows it has.

    Raises:
        StorageError: *folder* holds something, or cannot be written; or the storage cannot be read.
        UnknownError: DuckDB is not installed.
    """
    from journeykit.insight.engines.duck import write_parquet

    return _exported(storage, folder, write_parquet)


def export_csv(storage: Storage, folder: Path) -> dict[str, int]:
    """
    Write every table of *storage* as ``NAME.csv`` into *folder*: a line of names, then a line for each row; what is missing is empty.

    Text that a spreadsheet would take for a formula gets an apostrophe before it. Arguments, result and errors are those of
    `export_parquet`; nothing has to be installed.
    """
    return _exported(storage, folder, write_csv)


def write_csv(folder: Path, table: Table, found: Iterable[Row]) -> int:
    """Write the rows of *table* as ``NAME.csv`` into *folder*, and return how many there were."""
    number = 0
    with (folder / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(table.names)
        for number, row in enumerate(found, 1):  # noqa: B007  the last number is the answer
            lines.writerow([safe(cell) for cell in row])
    return number


def _exported(storage: Storage, folder: Path, write: Write) -> dict[str, int]:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StorageError(f"{folder} is not empty; name a folder that is not there yet")
    part = folder.resolve().parent / f".{folder.resolve().name}.part"
    try:
        shutil.rmtree(part, ignore_errors=True)  # of an export that was killed
        part.mkdir(parents=True)
        counts = {table.name: write(part, table, rows(storage, table)) for table in TABLES}
        if folder.exists():
            folder.rmdir()
        part.rename(folder)
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror or error}; name another folder") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return counts
