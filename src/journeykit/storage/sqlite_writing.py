"""Writing the rows of a batch into SQLite, inside the transaction that has been begun for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import cache
from itertools import chain

from journeykit.storage import sqlite_objects as objects
from journeykit.storage import sqlite_statements as sql
from journeykit.storage.batch import Batch, refuse_too_much
from journeykit.storage.rows import Row

ROWS = 50  #: rows that one statement inserts; it begins and ends for all of them once. Older releases of SQLite take 999 values


class Stale(Exception):  # noqa: N818  a way out of a transaction, not an error
    """Somebody else was first; leaves the transaction so that it is rolled back before anybody asks who."""


def write(cursor: sqlite3.Cursor, batch: Batch) -> None:
    """Write *batch*; raise `Stale` where a customer has moved on, `QuotaError` where too much is taken."""
    _claim(cursor, batch)
    for statement, rows in ((sql.UPDATE_FACTS, batch.known), (sql.UPDATE_MOMENTS, batch.moments), (sql.DELETE_ENROLLMENT, batch.removed)):
        if rows:
            cursor.executemany(statement, rows)
    _enroll(cursor, batch)
    _insert(cursor, sql.INSERT_HISTORY, batch.history)
    _insert(cursor, sql.INSERT_MESSAGE, batch.outbox)
    _insert(cursor, sql.INSERT_DEFINITION, batch.definitions)
    if batch.mail:
        cursor.executemany(sql.INSERT_MAIL, batch.mail)
    if batch.waits:
        objects.wait(cursor, batch.waits)
    if batch.quotas:
        _take(cursor, batch)


def _claim(cursor: sqlite3.Cursor, batch: Batch) -> None:
    """Write what only one of several can: the customers' revisions and the events; raise `Stale` where somebody else has."""
    if batch.created and _insert(cursor, sql.INSERT_CUSTOMER, batch.created) != len(batch.created):
        raise Stale
    if batch.moved and cursor.executemany(sql.UPDATE_CUSTOMER, batch.moved).rowcount != len(batch.moved):
        raise Stale
    if batch.started and any(cursor.execute(sql.IS_PENDING, place).fetchone() is None for place in batch.started):
        raise Stale  # whoever sent it has been erased meanwhile
    if batch.events and _insert(cursor, sql.INSERT_EVENT, batch.events) != len(batch.events):
        raise Stale


def _enroll(cursor: sqlite3.Cursor, batch: Batch) -> None:
    """Write the enrollments: a few that have moved are looked for where they stand, many are put there, which is one statement."""
    moved, rows = batch.enrollments, batch.entered
    few = 0 < len(moved) < ROWS
    if not few or cursor.executemany(sql.UPDATE_ENROLLMENT, moved).rowcount != len(moved):  # some came in and moved on at once
        rows = moved + rows if moved else rows
    if rows:
        _insert(cursor, sql.UPSERT_ENROLLMENT, rows)


def _insert(cursor: sqlite3.Cursor, statement: str, rows: Sequence[Row]) -> int:
    """Insert *rows*, many in one statement; return how many were written."""
    if not rows:
        return 0
    count, whole = 0, len(rows) - len(rows) % ROWS
    if whole:
        text = _of_many(statement)
        for start in range(0, whole, ROWS):
            count += cursor.execute(text, list(chain.from_iterable(rows[start : start + ROWS]))).rowcount
        rows = rows[whole:]
    # Named tuples are taken slower than plain ones.
    return count + cursor.executemany(statement, map(tuple, rows)).rowcount if rows else count


@cache
def _of_many(statement: str) -> str:
    """The same insert for `ROWS` rows."""
    head, values, rest = statement.partition("values")
    row, bracket, rest = rest.partition(")")
    return f"{head}{values}{', '.join([row + bracket] * ROWS)}{rest}"


def _take(cursor: sqlite3.Cursor, batch: Batch) -> None:
    """Under the lock that the writing has taken, so that nobody takes in between."""
    found = {name: cursor.execute(sql.SELECT_QUOTA, (name,)).fetchone() for name in batch.quotas}
    refuse_too_much(batch, {name: row[0] for name, row in found.items() if row is not None})
    cursor.executemany(sql.TAKE_QUOTA, [(name, count, limit) for name, (count, limit) in batch.quotas.items()])
