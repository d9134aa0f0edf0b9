"""The customers' own rows in SQLite: revision, facts and moments of each, written by one statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from journeykit.storage import sqlite_statements as sql
from journeykit.storage.batch import Batch
from journeykit.storage.rows import Row

_UPDATES = {
    (False, False): sql.UPDATE_CUSTOMER,
    (True, False): sql.UPDATE_FACTS,
    (False, True): sql.UPDATE_MOMENTS,
    (True, True): sql.UPDATE_BOTH,
}  #: by whether the facts change, and the moments


def created(batch: Batch) -> Sequence[Row]:
    """The rows of customers who are new."""
    moments = {row[2]: row[:2] for row in batch.moments}
    return [(*row, *moments.get(row[0], (None, None))) for row in batch.created]


def moved(batch: Batch) -> Iterable[tuple[str, Sequence[Row]]]:
    """Statements and their rows, which write those who were known: each once, and only what has changed of it."""
    if not batch.known and not batch.moments:  # as with most events
        return ((sql.UPDATE_CUSTOMER, batch.moved),)
    if len(batch.bases) == 1:  # an event by itself, and all that has changed is theirs
        return [
            _update(row, batch.known[0][:1] if batch.known else (), batch.moments[0][:2] if batch.moments else ()) for row in batch.moved
        ]
    facts: dict[str, Row] = {row[1]: row[:1] for row in batch.known}
    moments: dict[str, Row] = {row[2]: row[:2] for row in batch.moments}
    updates: dict[str, list[Row]] = {}
    for row in batch.moved:
        statement, rows = _update(row, facts.get(row[2], ()), moments.get(row[2], ()))
        updates.setdefault(statement, []).extend(rows)
    return updates.items()


def _update(row: Row, facts: Row, moments: Row) -> tuple[str, Sequence[Row]]:
    """The statement that writes one customer, and its row; *facts* and *moments* are empty where they stay as they are."""
    revision, accepted_at, customer_id, base = row
    return _UPDATES[bool(facts), bool(moments)], ((revision, accepted_at, *facts, *moments, customer_id, base),)
