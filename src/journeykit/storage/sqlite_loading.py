"""Reading many customers in a constant number of statements."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from journeykit.model.records import Enrollment, Facts, Loaded, LoggedEvent, Want
from journeykit.storage import sqlite_statements as sql
from journeykit.storage.rows import Row, dumps, enrollment, facts, logged_event

_UNSEEN: frozenset[str] = frozenset()


class _Places:
    """Places to look at, and the number of the want that each belongs to."""

    __slots__ = ("owners", "places")

    def __init__(self) -> None:
        self.places: list[Any] = []
        self.owners: list[int] = []

    def add(self, owner: int, place: Any) -> None:
        """Have a look at *place* for the want number *owner*."""
        self.places.append(place)
        self.owners.append(owner)


def load(cursor: sqlite3.Cursor, wants: Sequence[Want]) -> list[Loaded]:
    """Read what each of *wants* names, in the same order."""
    ids = dumps([want.customer_id for want in wants])
    customers = {row[0]: row for row in cursor.execute(sql.LOAD_CUSTOMERS, (ids,))}
    enrollments = _enrollments(cursor, ids, wants)
    pending = _pending(cursor, ids)
    seen = _seen(cursor, wants)
    loaded = []
    for number, want in enumerate(wants):
        _, revision, accepted_at, text = customers.get(number, (number, 0, 0, None))
        loaded.append(Loaded(
            want.customer_id, revision, accepted_at, Facts() if text is None else facts(text),
            _decoded(enrollments[number]), pending.get(number) or [], frozenset(seen[number]) if number in seen else _UNSEEN,
        ))  # fmt: skip
    return loaded


def _enrollments(cursor: sqlite3.Cursor, ids: str, wants: Sequence[Want]) -> list[dict[tuple[str, str], Row]]:
    """For each want its rows by (journey, key): what is found by several statements counts once."""
    found: list[dict[tuple[str, str], Row]] = [{} for _ in wants]
    for statement, asked in _asked(wants).items():
        owners = asked.owners
        if owners:
            for row in cursor.execute(statement, (dumps(asked.places),)):
                found[owners[row[0]]][row[1], row[2]] = row[1:]
    latest = max([want.until for want in wants])
    if latest > 0:
        for row in cursor.execute(sql.LOAD_DUE, (ids, latest)):
            if row[1] < wants[row[0]].until:
                found[row[0]][row[2], row[3]] = row[2:]
    return found


def _asked(wants: Sequence[Want]) -> dict[str, _Places]:
    every, active, journeys, keys = _Places(), _Places(), _Places(), _Places()
    for number, want in enumerate(wants):
        customer_id = want.customer_id
        if want.journeys is None:
            every.add(number, customer_id)
            continue
        for journey in want.journeys:
            active.add(number, (customer_id, journey))
        for journey, key in want.keys:
            if key is None:
                journeys.add(number, (customer_id, journey))
            else:
                keys.add(number, (customer_id, journey, key))
    return {sql.LOAD_ALL: every, sql.LOAD_ACTIVE: active, sql.LOAD_JOURNEY: journeys, sql.LOAD_KEY: keys}


def _decoded(rows: dict[tuple[str, str], Row]) -> list[Enrollment]:
    enrollments = [enrollment(row) for row in rows.values()]
    if len(enrollments) > 1:
        enrollments.sort(key=lambda e: (e.order, e.journey, e.key))
    return enrollments


def _pending(cursor: sqlite3.Cursor, ids: str) -> dict[int, list[LoggedEvent]]:
    pending: dict[int, list[LoggedEvent]] = {}
    for number, *row in cursor.execute(sql.LOAD_PENDING, (ids,)):
        pending.setdefault(number, []).append(logged_event(tuple(row)))
    for events in pending.values():
        events.sort(key=lambda logged: (logged.accepted_at, logged.arrival))
    return pending


def _seen(cursor: sqlite3.Cursor, wants: Sequence[Want]) -> dict[int, list[str]]:
    asked = _Places()
    for number, want in enumerate(wants):
        for event_id in want.events:
            asked.add(number, (want.customer_id, event_id))
    seen: dict[int, list[str]] = {}
    if asked.owners:
        for place, event_id in cursor.execute(sql.LOAD_SEEN, (dumps(asked.places),)):
            seen.setdefault(asked.owners[place], []).append(event_id)
    return seen
