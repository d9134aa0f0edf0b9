"""Writing the rows of a batch into SQLite, inside the transaction that has been begun for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from operator import itemgetter

from journeykit.storage import sqlite_objects as objects
from journeykit.storage import sqlite_statements as sql
from journeykit.storage.batch import COLUMNS, ENDED_AT, Batch, refuse_too_much
from journeykit.storage.rows import Row
from journeykit.storage.sqlite_customers import created, moved
from journeykit.storage.sqlite_rows import CUSTOMERS, EVENTS, HISTORY, ROWS, append, append_messages

_without_end = itemgetter(*range(ENDED_AT), *range(ENDED_AT + 1, COLUMNS))


class Stale(Exception):  # noqa: N818  a way out of a transaction, not an error
    """Somebody else was first; leaves the transaction so that it is rolled back before anybody asks who."""


def write(cursor: sqlite3.Cursor, batch: Batch) -> None:
    """Write *batch*; raise `Stale` where a customer has moved on, `QuotaError` where too much is taken."""
    _claim(cursor, batch)
    _keep(cursor, batch)
    for statement, rows in (
        (sql.DELETE_ENROLLMENT, batch.removed),
        (sql.INSERT_DEFINITION, batch.definitions),
        (sql.INSERT_MAIL, batch.mail),
    ):
        if rows:
            cursor.executemany(statement, rows)
    append(cursor, HISTORY, batch.history)
    append_messages(cursor, batch.outbox)
    if batch.waits:
        objects.wait(cursor, batch.waits)
    if batch.quotas:
        _take(cursor, batch)


def _claim(cursor: sqlite3.Cursor, batch: Batch) -> None:
    """Write what only one of several can: the customers' revisions and the events; raise `Stale` where somebody else has."""
    if batch.created and not append(cursor, CUSTOMERS, created(batch)):
        raise Stale
    for statement, rows in moved(batch):
        if rows and cursor.executemany(statement, rows).rowcount != len(rows):
            raise Stale
    if batch.started and any(cursor.execute(sql.IS_PENDING, place).fetchone() is None for place in batch.started):
        raise Stale  # whoever sent it has been erased meanwhile
    if batch.events and not _log(cursor, batch):
        raise Stale


def _log(cursor: sqlite3.Cursor, batch: Batch) -> bool:
    """Write the events; False where somebody else has decided one, or, of those that nobody knew, accepted it."""
    if batch.fresh and len(batch.events) >= ROWS:
        return append(cursor, EVENTS, batch.events)
    return cursor.executemany(sql.INSERT_EVENT, batch.events).rowcount == len(batch.events)


def _keep(cursor: sqlite3.Cursor, batch: Batch) -> None:
    """Write the enrollments; those which have moved on are most likely there."""
    rows = batch.enrollments
    if rows and _move(cursor, rows) != len(rows):
        cursor.executemany(sql.UPSERT_ENROLLMENT, rows)  # some of them came in and moved on at once
    if batch.entered:
        cursor.executemany(sql.UPSERT_ENROLLMENT, batch.entered)


def _move(cursor: sqlite3.Cursor, rows: Sequence[Row]) -> int:
    """Write enrollments that are there; return how many were."""
    inside = [row for row in rows if row[ENDED_AT] is None]
    written = cursor.executemany(sql.UPDATE_INSIDE, map(_without_end, inside)).rowcount if inside else 0
    if len(inside) < len(rows):
        written += cursor.executemany(sql.UPDATE_ENROLLMENT, [row for row in rows if row[ENDED_AT] is not None]).rowcount
    return written


def _take(cursor: sqlite3.Cursor, batch: Batch) -> None:
    """Under the lock that the writing has taken, so that nobody takes in between."""
    found = {name: cursor.execute(sql.SELECT_QUOTA, (name,)).fetchone() for name in batch.quotas}
    refuse_too_much(batch, {name: row[0] for name, row in found.items() if row is not None})
    cursor.executemany(sql.TAKE_QUOTA, [(name, count, limit) for name, (count, limit) in batch.quotas.items()])
