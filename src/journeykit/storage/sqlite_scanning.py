"""
Whole tables of `journeykit.storage.sqlite`, page by page.

What only grows lies in the order in which it came, and is read in that order: along its key each row would be looked up by itself. A row
keeps its place in it when its customer becomes another, so nothing is read twice and nothing left out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, NamedTuple

from journeykit.storage.rows import Row
from journeykit.storage.scanning import scanned_customer, scanned_enrollment, unknown

SCAN_EVENTS = """select rowid, customer, id, seq, occurred_at, accepted_at, state, name, source, properties
    from journeykit_events where rowid > ? order by rowid limit ?"""
SCAN_HISTORY = """select rowid, customer, seq, place, at, kind, journey, key, number, source, target, cause, reason
    from journeykit_history where rowid > ? order by rowid limit ?"""
SCAN_ENROLLMENTS = """select customer, journey, key, number, definition, position, status, step, visit, entered_at, ended_at, body
    from journeykit_enrollments where (customer, journey, key) > (?, ?, ?) and status <> 'pending' order by customer, journey, key limit ?"""
SCAN_MESSAGES = """select id, customer, journey, key, number, seq, place, action, message, at, state, due_at, attempts, reason
    from journeykit_outbox where id > ? order by id limit ?"""
SCAN_CUSTOMERS = "select id, facts from journeykit_customers where id > ? and revision >= 0 order by id limit ?"
SCAN_DEFINITIONS = "select hash, journey, text from journeykit_definitions where hash > ? order by hash limit ?"


class _Scan(NamedTuple):
    statement: str
    first: Row  #: a place before every row
    place: Callable[[Row], Row]  #: the place of a row that was read
    row: Callable[[Row], Row]  #: what of it is told


_SCANS = {
    "events": _Scan(SCAN_EVENTS, (-(2**63),), lambda row: row[:1], lambda row: row[1:]),
    "history": _Scan(SCAN_HISTORY, (-(2**63),), lambda row: row[:1], lambda row: row[1:]),
    "enrollments": _Scan(SCAN_ENROLLMENTS, ("", "", ""), lambda row: row[:3], scanned_enrollment),
    "messages": _Scan(SCAN_MESSAGES, (-(2**63),), lambda row: row[:1], lambda row: row),
    "customers": _Scan(SCAN_CUSTOMERS, ("",), lambda row: row[:1], lambda row: scanned_customer(*row)),
    "definitions": _Scan(SCAN_DEFINITIONS, ("",), lambda row: row[:1], lambda row: row),
}


def scan(cursor: sqlite3.Cursor, table: str, after: Any, limit: int) -> tuple[list[Row], Any]:
    """
    Return up to *limit* rows behind the place *after*, and the place to go on from.

    Raises:
        StorageError: there is no such table.
    """
    if table not in _SCANS:
        raise unknown(table)
    one = _SCANS[table]
    rows = cursor.execute(one.statement, (*(after or one.first), limit)).fetchall()
    return [one.row(row) for row in rows], one.place(rows[-1]) if len(rows) == limit and rows else None
