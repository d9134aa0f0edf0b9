"""Whole tables of `journeykit.storage.postgres`, page by page along their keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from journeykit.storage.postgres.arguments import number
from journeykit.storage.postgres.connections import Cursor
from journeykit.storage.postgres.statements import EARLIEST
from journeykit.storage.rows import Row
from journeykit.storage.scanning import scanned_customer, scanned_enrollment, unknown

SCAN_EVENTS = """select customer, id, seq, occurred_at, accepted_at, state, name, source, properties
    from journeykit_events where (customer, id) > ($1, $2) order by customer, id limit $3"""
SCAN_HISTORY = """select customer, seq, place, at, kind, journey, key, number, source, target, cause, reason
    from journeykit_history where (customer, seq, place, at) > ($1, $2, $3, $4) order by customer, seq, place, at limit $5"""
SCAN_ENROLLMENTS = """select customer, journey, key, number, definition, position, status, step, visit, entered_at, ended_at, body
    from journeykit_enrollments where (customer, journey, key) > ($1, $2, $3) and status <> 'pending' order by customer, journey, key limit $4"""
SCAN_MESSAGES = """select id, customer, journey, key, number, seq, place, action, message, at, state, due_at, attempts, reason
    from journeykit_outbox where id > $1 order by id limit $2"""
SCAN_CUSTOMERS = "select id, facts from journeykit_customers where id > $1 and revision >= 0 order by id limit $2"
SCAN_DEFINITIONS = """select distinct on (hash) hash, journey, text from journeykit_definitions where hash > $1 order by hash limit $2"""

_LOWEST = str(EARLIEST)


class _Scan(NamedTuple):
    statement: str
    first: tuple[str, ...]  #: a place before every row
    place: tuple[int, ...]  #: which columns are the place of a row
    row: Callable[[Row], Row]  #: what of a row is told


_SCANS = {
    "events": _Scan(SCAN_EVENTS, ("", ""), (0, 1), lambda row: row),
    "history": _Scan(SCAN_HISTORY, ("", _LOWEST, _LOWEST, _LOWEST), (0, 1, 2, 3), lambda row: row),
    "enrollments": _Scan(SCAN_ENROLLMENTS, ("", "", ""), (0, 1, 2), scanned_enrollment),
    "messages": _Scan(SCAN_MESSAGES, (_LOWEST,), (0,), lambda row: row),
    "customers": _Scan(SCAN_CUSTOMERS, ("",), (0,), lambda row: scanned_customer(*row)),
    "definitions": _Scan(SCAN_DEFINITIONS, ("",), (0,), lambda row: row),
}


def scan(cursor: Cursor, table: str, after: Any, limit: int) -> tuple[list[Row], Any]:
    """
    Return up to *limit* rows behind the place *after*, and the place to go on from.

    Raises:
        StorageError: there is no such table.
    """
    if table not in _SCANS:
        raise unknown(table)
    one = _SCANS[table]
    rows = cursor.execute(one.statement, (*(after or one.first), number(limit))).fetchall()
    going_on = tuple(str(rows[-1][column]) for column in one.place) if len(rows) == limit and rows else None
    return [one.row(row) for row in rows], going_on
