"""Reading customers in a constant number of statements, and one customer, as each event by itself needs it, in one."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from journeykit.model.records import MAILBOX, Enrollment, Facts, Loaded, LoggedEvent, Want
from journeykit.storage import sqlite_statements as sql
from journeykit.storage.rows import dumps, enrollment, facts, logged_event, read_moments
from journeykit.storage.sqlite_due import DUE_AT_ALL
from journeykit.storage.sqlite_leaving import ANY_ERASED

_NONE = (None,)
FEW = 8  #: customers who are looked at without asking first whether there is anything to be found at all


def load(cursor: sqlite3.Cursor, wants: Sequence[Want]) -> list[Loaded]:
    """Read what each of *wants* names, in the same order; rows are decoded as they come, so that few objects live at once."""
    ids = dumps([want[0] for want in wants])
    loaded, unknown = _by_clock(cursor, wants, ids) if _clocked(wants) else _customers(cursor, wants, ids)
    if unknown and cursor.execute(ANY_ERASED).fetchone()[0] is not None:
        for one in loaded:
            one.erasures = one.revision == 0
    _pending(cursor, ids, loaded)
    _seen(cursor, wants, loaded)
    return loaded


def _customers(cursor: sqlite3.Cursor, wants: Sequence[Want], ids: str) -> tuple[list[Loaded], bool]:
    """All of them with the enrollments that they want, and whether one is not known."""
    found: dict[int, Loaded] = {}
    for number, revision, accepted_at, text, moments, due in cursor.execute(sql.LOAD_CUSTOMERS, (ids,)):
        found[number] = Loaded(wants[number][0], revision, accepted_at, facts(text), [], [], moments=read_moments(moments), moments_due=due)
    loaded = _complete(wants, found)
    _enrollments(cursor, wants, loaded)
    return loaded, len(found) < len(wants)


def _complete(wants: Sequence[Want], found: dict[int, Loaded]) -> list[Loaded]:
    """Those who were found, and of the others that nothing is known."""
    return [found.get(number) or Loaded(want[0], 0, 0, Facts(), [], []) for number, want in enumerate(wants)]


def _clocked(wants: Sequence[Want]) -> bool:
    """Whether all that is wanted is what is due before one moment."""
    until = wants[0].until
    if until <= 0:
        return False
    others = [1 for _, named, keys, events, end in wants if named is None or named or keys or events or end != until]
    return not others


def _by_clock(cursor: sqlite3.Cursor, wants: Sequence[Want], ids: str) -> tuple[list[Loaded], bool]:
    """The same for customers who are looked after for the clock alone, in one statement."""
    found: dict[int, Loaded] = {}
    for row in cursor.execute(sql.LOAD_CLOCK, (ids, wants[0].until)):
        number, journey = row[0], row[6]
        due = [] if journey is None else [enrollment(row[5:])]
        if number not in found:
            found[number] = Loaded(wants[number][0], row[1], row[2], facts(row[3]), due, [], frozenset(), read_moments(row[4]), row[5])
        else:
            found[number].enrollments = sorted((*found[number].enrollments, *due), key=_order)
    return _complete(wants, found), len(found) < len(wants)


def alone(wants: Sequence[Want]) -> bool:
    """Whether there is one, which names one journey or none, no keys, and one event or none."""
    if len(wants) != 1:
        return False
    want = wants[0]
    return want.journeys is not None and len(want.journeys) < 2 and len(want.events) < 2 and not want.keys


def load_one(cursor: sqlite3.Cursor, want: Want) -> Loaded:
    """Read what an `alone` want names, in one statement; in a second one who is not known, whether somebody has been erased."""
    customer_id, journeys, _, events, until = want
    loaded = None
    mail: list[LoggedEvent] = []
    seen: frozenset[str] = frozenset()
    for row in cursor.execute(sql.LOAD_ONE, (customer_id, *(journeys or _NONE), until, *(events or _NONE), MAILBOX)).fetchall():
        if row[0] == 1:
            mail.append(logged_event(row[1:11]))
        elif row[0] == 2:
            seen = frozenset(events)
        else:
            if loaded is None:
                loaded = Loaded(customer_id, row[1], row[2], facts(row[3]), [], mail, moments=read_moments(row[4]), moments_due=row[5])
            if row[6] is not None:
                loaded.enrollments.append(enrollment(row[5:]))
    if loaded is None:
        loaded = Loaded(customer_id, 0, 0, Facts(), [], mail)
        loaded.erasures = cursor.execute(ANY_ERASED).fetchone()[0] is not None
    if seen:
        loaded.seen = seen
    if len(loaded.enrollments) > 1:
        loaded.enrollments.sort(key=_order)
    if len(mail) > 1:
        mail.sort(key=_arrived)
    return loaded


def _enrollments(cursor: sqlite3.Cursor, wants: Sequence[Want], loaded: list[Loaded]) -> None:
    for statement, places, owners in _places(wants):
        if places:
            for row in cursor.execute(statement, (dumps(places),)):
                loaded[owners[row[0]]].enrollments.append(enrollment(row))
    _due(cursor, wants, loaded)
    for one in loaded:
        if len(one.enrollments) > 1:
            one.enrollments = _ordered(one.enrollments)


def _due(cursor: sqlite3.Cursor, wants: Sequence[Want], loaded: list[Loaded]) -> None:
    """Read what is due; where that is little altogether, only of those who have it."""
    latest, owners = max([want.until for want in wants]), list(range(len(wants)))
    if latest <= 0:
        return
    if len(wants) > FEW and any(want.journeys for want in wants):  # who is looked after for the clock alone has something due
        due = cursor.execute(DUE_AT_ALL, (latest, len(wants))).fetchall()
        if len(due) < len(wants):
            customers = {row[0] for row in due}
            owners = [number for number in owners if wants[number][0] in customers]
    if owners:
        for row in cursor.execute(sql.LOAD_DUE, (dumps([wants[number][0] for number in owners]), latest)):
            number = owners[row[0]]
            if row[12] < wants[number].until:
                loaded[number].enrollments.append(enrollment(row[:12]))


def _ordered(enrollments: list[Enrollment]) -> list[Enrollment]:
    """What was found by two statements counts once."""
    return sorted({(e.journey, e.key): e for e in enrollments}.values(), key=_order)


def _order(e: Enrollment) -> tuple[int, str, str]:
    return e.order, e.journey, e.key


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


def _pending(cursor: sqlite3.Cursor, ids: str, loaded: list[Loaded]) -> None:
    if len(loaded) > FEW and cursor.execute(sql.ANY_PENDING).fetchone() is None:
        return
    for row in cursor.execute(sql.LOAD_PENDING, (ids, MAILBOX)):
        loaded[row[0]].pending.append(logged_event(row[1:]))
    for one in loaded:
        if len(one.pending) > 1:
            one.pending.sort(key=_arrived)


def _arrived(logged: LoggedEvent) -> tuple[int, int]:
    return logged.accepted_at, logged.arrival


def _seen(cursor: sqlite3.Cursor, wants: Sequence[Want], loaded: list[Loaded]) -> None:
    places, owners = [], []
    for number, want in enumerate(wants):
        for event_id in want[3]:
            places.append((want[0], event_id))
            owners.append(number)
    if places:
        for place, event_id in cursor.execute(sql.LOAD_SEEN, (dumps(places),)):
            loaded[owners[place]].seen |= {event_id}
