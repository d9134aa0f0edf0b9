"""Reading many customers in a constant number of statements."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from journeykit.model.records import Enrollment, Facts, Loaded, LoggedEvent, Want
from journeykit.storage import sqlite_statements as sql
from journeykit.storage.rows import Row, dumps, enrollment, facts, logged_event

_UNSEEN: frozenset[str] = frozenset()


def load(cursor: sqlite3.Cursor, wants: Sequence[Want]) -> list[Loaded]:
    """Read what each of *wants* names, in the same order."""
    ids = dumps([want[0] for want in wants])
    customers = {row[0]: row for row in cursor.execute(sql.LOAD_CUSTOMERS, (ids,))}
    enrollments = _enrollments(cursor, ids, wants)
    pending = _pending(cursor, ids)
    seen = _seen(cursor, wants)
    loaded = []
    for number, want in enumerate(wants):
        rows = enrollments.get(number, ())
        row = customers.get(number)
        loaded.append(Loaded(
            want[0],
            0 if row is None else row[1],
            0 if row is None else row[2],
            Facts() if row is None else facts(row[3]),
            [enrollment(rows[0])] if len(rows) == 1 else _several(rows),
            pending.get(number) or [],
            seen.get(number, _UNSEEN),
        ))  # fmt: skip
    return loaded


def _enrollments(cursor: sqlite3.Cursor, ids: str, wants: Sequence[Want]) -> dict[int, list[Row]]:
    """The rows found for each want that found any; one may be found twice."""
    found: dict[int, list[Row]] = {}
    for statement, places, owners in _places(wants):
        if places:
            for row in cursor.execute(statement, (dumps(places),)):
                found.setdefault(owners[row[0]], []).append(row)
    latest = max([want.until for want in wants])
    if latest > 0:
        for row in cursor.execute(sql.LOAD_DUE, (ids, latest)):
            if row[12] < wants[row[0]].until:
                found.setdefault(row[0], []).append(row[:12])
    return found


def _places(wants: Sequence[Want]) -> list[tuple[str, list[Any], list[int]]]:
    """For each statement what it looks for, and the number of the want to which each of these belongs."""
    every, every_of = [], []
    active, active_of = [], []
    journeys, journeys_of = [], []
    keys, keys_of = [], []
    for number, (customer_id, named, rows, _, _) in enumerate(wants):
        if named is None:
            every.append(customer_id)
            every_of.append(number)
            continue
        for journey in named:
            active.append((customer_id, journey))
            active_of.append(number)
        for journey, key in rows:
            if key is None:
                journeys.append((customer_id, journey))
                journeys_of.append(number)
            else:
                keys.append((customer_id, journey, key))
                keys_of.append(number)
    return [
        (sql.LOAD_ALL, every, every_of), (sql.LOAD_ACTIVE, active, active_of),
        (sql.LOAD_JOURNEY, journeys, journeys_of), (sql.LOAD_KEY, keys, keys_of),
    ]  # fmt: skip


def _several(rows: Iterable[Row]) -> list[Enrollment]:
    unique = {(row[1], row[2]): row for row in rows}
    return sorted([enrollment(row) for row in unique.values()], key=lambda e: (e.order, e.journey, e.key))


def _pending(cursor: sqlite3.Cursor, ids: str) -> dict[int, list[LoggedEvent]]:
    pending: dict[int, list[LoggedEvent]] = {}
    for row in cursor.execute(sql.LOAD_PENDING, (ids,)):
        pending.setdefault(row[0], []).append(logged_event(row[1:]))
    for events in pending.values():
        events.sort(key=lambda logged: (logged.accepted_at, logged.arrival))
    return pending


def _seen(cursor: sqlite3.Cursor, wants: Sequence[Want]) -> dict[int, frozenset[str]]:
    places, owners = [], []
    for number, want in enumerate(wants):
        for event_id in want[3]:
            places.append((want[0], event_id))
            owners.append(number)
    found: dict[int, list[str]] = {}
    if places:
        for place, event_id in cursor.execute(sql.LOAD_SEEN, (dumps(places),)):
            found.setdefault(owners[place], []).append(event_id)
    return {number: frozenset(ids) for number, ids in found.items()}
