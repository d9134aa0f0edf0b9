"""Who waits for which object, and how far facts about objects have got, in SQLite; its SQL, and what is done with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from journeykit.model.objects import ObjectFact, Release, Waiter
from journeykit.storage.rows import Row, dumps, loads

MIGRATION = (
    """create table journeykit_waiting(
        event text not null, object text not null, entered_at integer not null, customer text not null, journey text not null,
        key text not null, since integer not null, primary key(event, object, entered_at, customer, journey, key)
    ) without rowid""",
    "create index journeykit_waiting_place on journeykit_waiting(customer, journey, key)",
    """create table journeykit_objects(
        object text not null, id text not null, event text not null, accepted_at integer not null, occurred_at integer not null,
        properties text not null, source text not null, due_at integer, ends_at integer, after text, sent integer not null,
        primary key(object, id)
    ) without rowid""",
    "create table journeykit_kept(name text primary key, value text not null) without rowid",
    "create index journeykit_objects_open on journeykit_objects(object, event) where due_at is not null",
    "create index journeykit_objects_due on journeykit_objects(due_at) where due_at is not null",
)

KEEP = "insert into journeykit_kept values(?, ?) on conflict do nothing"
READ_KEPT = "select value from journeykit_kept where name = ?"
READ_WAITS = "select event, object, entered_at from journeykit_waiting where customer = ? and journey = ? and key = ?"
DELETE_WAIT = """delete from journeykit_waiting
    where event = ? and object = ? and entered_at = ? and customer = ? and journey = ? and key = ?"""
INSERT_WAIT = "insert into journeykit_waiting values(?, ?, ?, ?, ?, ?, ?) on conflict do nothing"
FIND_WAITING = """select entered_at, customer, journey, key from journeykit_waiting
    where event = ? and object = ? and (entered_at, customer, journey, key) > (?, ?, ?, ?) and entered_at <= ? and since <= ?
    order by entered_at, customer, journey, key limit ?"""
INSERT_FACT = "insert into journeykit_objects values(?, ?, ?, ?, ?, ?, ?, ?, null, null, 0) on conflict do nothing"
END_RELEASES = """update journeykit_objects indexed by journeykit_objects_open set ends_at = ?
    where object = ? and event = ? and id <> ? and due_at is not null and ends_at is null"""
FIND_RELEASES = """select event, object, id, accepted_at, occurred_at, properties, source, due_at, ends_at, after, sent
    from journeykit_objects where due_at <= ? order by due_at, object, id limit ?"""
MOVE_RELEASE = """update journeykit_objects set due_at = ?, after = ?, sent = ?
    where object = ? and id = ? and due_at = ? and after is ? and sent = ?"""
NEXT_RELEASE = "select min(due_at) from journeykit_objects where due_at is not null"


def wait(cursor: sqlite3.Cursor, rows: Iterable[Row]) -> None:
    """Replace what enrollments wait for: (customer, journey, key, entered_at, [(event, object, since)])."""
    for customer_id, journey, key, entered_at, waits in rows:
        place = (customer_id, journey, key)
        new = {(event, name, entered_at): since for event, name, since in waits}
        old = set(cursor.execute(READ_WAITS, place).fetchall())
        cursor.executemany(DELETE_WAIT, [(*row, *place) for row in old - new.keys()])
        cursor.executemany(INSERT_WAIT, [(*row, *place, since) for row, since in new.items() if row not in old])


def waiting_for(cursor: sqlite3.Cursor, event: str, name: str, until: int, after: Waiter | None, limit: int) -> list[Waiter]:
    """The next *limit* behind *after* who have waited since *until* or before."""
    return cursor.execute(FIND_WAITING, (event, name, *(after or (-(2**63), "", "", "")), until, until, limit)).fetchall()


def publish(cursor: sqlite3.Cursor, fact: ObjectFact, properties: str, ends: Iterable[str]) -> bool:
    """Keep a fact, unless it is known, and end the releases of *ends* about its object."""
    row = (fact.object, fact.id, fact.event, fact.accepted_at, fact.occurred_at, properties, fact.source)
    if cursor.execute(INSERT_FACT, (*row, fact.accepted_at)).rowcount != 1:
        return False
    cursor.executemany(END_RELEASES, [(fact.accepted_at, fact.object, event, fact.id) for event in ends])
    return True


def releases(cursor: sqlite3.Cursor, now: int, limit: int) -> list[Release]:
    """Up to *limit* releases due at *now* or before, the longest due first."""
    return [_release(row) for row in cursor.execute(FIND_RELEASES, (now, limit))]


def _release(row: Row) -> Release:
    event, name, fact_id, accepted_at, occurred_at, properties, source, due_at, ends_at, after, sent = row
    fact = ObjectFact(event, name, fact_id, accepted_at, occurred_at, loads(properties), source)
    return Release(fact, due_at, ends_at, tuple(loads(after)) if after else None, sent)


def move(cursor: sqlite3.Cursor, before: Release, after: Release | None) -> bool:
    """Go on from *before* to *after*; False where somebody else has."""
    new: Sequence[object] = (None, None, 0) if after is None else (after.due_at, _place(after), after.sent)
    values = (*new, before.fact.object, before.fact.id, before.due_at, _place(before), before.sent)
    return cursor.execute(MOVE_RELEASE, values).rowcount == 1


def _place(release: Release) -> str | None:
    return None if release.after is None else dumps(list(release.after))
