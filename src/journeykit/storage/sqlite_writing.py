"""Writing the rows of a batch into SQLite, inside the transaction that has been begun for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain

from journeykit.storage import sqlite_objects as objects
from journeykit.storage import sqlite_statements as sql
from journeykit.storage.batch import Batch, refuse_too_much
from journeykit.storage.rows import Row

ROWS = 50  #: rows that one statement inserts; it begins and ends for all of them once. Older releases of SQLite take 999 values
_UPDATES = {
    (False, False): sql.UPDATE_CUSTOMER,
    (True, False): sql.UPDATE_FACTS,
    (False, True): sql.UPDATE_MOMENTS,
    (True, True): sql.UPDATE_BOTH,
}  #: by whether the facts change, and the moments


class Stale(Exception):  # noqa: N818  a way out of a transaction, not an error
    """Somebody else was first; leaves the transaction so that it is rolled back before anybody asks who."""


def write(cursor: sqlite3.Cursor, batch: Batch) -> None:
    """Write *batch*; raise `Stale` where a customer has moved on, `QuotaError` where too much is taken."""
    _claim(cursor, batch)
    if batch.enrollments and cursor.executemany(sql.UPDATE_ENROLLMENT, batch.enrollments).rowcount != len(batch.enrollments):
        cursor.executemany(sql.UPSERT_ENROLLMENT, batch.enrollments)  # some of them came in and moved on at once
    for statement, rows in (
        (sql.DELETE_ENROLLMENT, batch.removed),
        (sql.UPSERT_ENROLLMENT, batch.entered),
        (sql.INSERT_DEFINITION, batch.definitions),
        (sql.INSERT_MAIL, batch.mail),
    ):
        if rows:
            cursor.executemany(statement, rows)
    _append(cursor, sql.INSERT_HISTORY, batch.history)
    _append(cursor, sql.INSERT_MESSAGE, batch.outbox)
    if batch.waits:
        objects.wait(cursor, batch.waits)
    if batch.quotas:
        _take(cursor, batch)


def _claim(cursor: sqlite3.Cursor, batch: Batch) -> None:
    """Write what only one of several can: the customers' revisions and the events; raise `Stale` where somebody else has."""
    for statement, rows in _customers(batch):
        if rows and cursor.executemany(statement, rows).rowcount != len(rows):
            raise Stale
    if batch.started and any(cursor.execute(sql.IS_PENDING, place).fetchone() is None for place in batch.started):
        raise Stale  # whoever sent it has been erased meanwhile
    if batch.events and cursor.executemany(sql.INSERT_EVENT, batch.events).rowcount != len(batch.events):
        raise Stale


def _customers(batch: Batch) -> Iterable[tuple[str, Sequence[Row]]]:
    """The customers' own rows, each written once, and only what has changed of it."""
    if not batch.known and not batch.moments:  # as with most events
        own = [(*row, None, None) for row in batch.created] if batch.created else ()
        return (sql.INSERT_CUSTOMER, own), (sql.UPDATE_CUSTOMER, batch.moved)
    facts: dict[str, Row] = {row[1]: row[:1] for row in batch.known}
    moments: dict[str, Row] = {row[2]: row[:2] for row in batch.moments}
    rows: dict[str, list[Row]] = {}
    for revision, accepted_at, customer_id, base in batch.moved:
        statement = _UPDATES[customer_id in facts, customer_id in moments]
        more = (*facts.get(customer_id, ()), *moments.get(customer_id, ()))
        rows.setdefault(statement, []).append((revision, accepted_at, *more, customer_id, base))
    created = [(*row, *moments.get(row[0], (None, None))) for row in batch.created]
    return (sql.INSERT_CUSTOMER, created), *rows.items()


def _append(cursor: sqlite3.Cursor, statement: str, rows: Sequence[Row]) -> None:
    """Insert *rows*, many in one statement."""
    whole = len(rows) - len(rows) % ROWS
    if whole:
        text = _of_many(statement)
        for start in range(0, whole, ROWS):
            cursor.execute(text, list(chain.from_iterable(rows[start : start + ROWS])))
        rows = rows[whole:]
    if rows:
        cursor.executemany(statement, map(tuple, rows))  # sqlite3 takes plain tuples faster than named ones


@cache
def _of_many(statement: str) -> str:
    """
    The same insert for `ROWS` rows.

    It fails in the middle where it fails, since the transaction is rolled back then: to be able to take back this statement alone
    SQLite would copy each page first.
    """
    head, values, rest = statement.replace("insert", "insert or fail", 1).partition("values")
    row, bracket, rest = rest.partition(")")
    return f"{head}{values}{', '.join([row + bracket] * ROWS)}{rest}"


def _take(cursor: sqlite3.Cursor, batch: Batch) -> None:
    """Under the lock that the writing has taken, so that nobody takes in between."""
    found = {name: cursor.execute(sql.SELECT_QUOTA, (name,)).fetchone() for name in batch.quotas}
    refuse_too_much(batch, {name: row[0] for name, row in found.items() if row is not None})
    cursor.executemany(sql.TAKE_QUOTA, [(name, count, limit) for name, (count, limit) in batch.quotas.items()])
