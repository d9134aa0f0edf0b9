"""What a storage has, into the tables that numbers come from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from journeykit.insight.tables.lake import Lake, Row
from journeykit.insight.tables.raw import TABLES, Table
from journeykit.ports import Storage

#: NUL, as JSON writes it; behind an even number of backslashes, else it is text about one
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def fill(lake: Lake, storage: Storage) -> None:
    """
    Fill the raw tables of *lake* with everything in *storage*, page by page.

    A shop that goes on meanwhile is read as it stands at each page: what happens while it is read may be in one table and not yet in another.

    Raises:
        StorageError: the storage cannot be read.
    """
    for table in TABLES:
        lake.fill(table, rows(storage, table))


def rows(storage: Storage, table: Table) -> Iterator[Row]:
    """All rows of a raw table, in the order of its columns."""
    told = [place for place, column in enumerate(table.columns) if column.kind == "json"]
    page, after = storage.scan(table.name)
    yield from _clean(page, told)
    while after is not None:
        page, after = storage.scan(table.name, after)
        yield from _clean(page, told)


def _clean(page: list[Row], told: list[int]) -> Iterator[Row]:
    """Rows whose JSON every reader takes; those where nothing is to be done stay as they are."""
    for row in page:
        if any("\\u0000" in row[place] or "\\ud" in row[place] for place in told):
            yield tuple(plain(value) if place in told else value for place, value in enumerate(row))
        else:
            yield row


def plain(text: str) -> str:
    """The JSON *text* without halves of characters and without NUL: Python writes them, and others refuse the whole text because of them."""
    written = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    return _NUL.sub(r"\1\\ufffd", written.encode("utf-8", "replace").decode())
