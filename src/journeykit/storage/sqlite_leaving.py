"""Customers who become another, are erased, or whose past is let go of, in SQLite; its SQL, and what is done with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from journeykit.errors import ConflictError
from journeykit.model.leaving import Erased, Moved, Retained, Snapshot
from journeykit.model.records import ELSEWHERE
from journeykit.storage.moving import moved_event_id, moved_message, passed_on, starts_of
from journeykit.storage.rows import dumps, enrollment_row, loads, message, snapshot, snapshot_text
from journeykit.storage.sqlite_connections import READ, WRITE, Connections

MIGRATION = (
    "create index journeykit_aliases_customer on journeykit_aliases(customer)",
    "create index journeykit_events_starts on journeykit_events(id) where name = '$enter'",
    "create table journeykit_erased(mark text primary key, remains text not null) without rowid",
    "create table journeykit_snapshots(customer text primary key, before integer not null, body text not null) without rowid",
    "alter table journeykit_outbox add column origin text",
)

LEAVE_CUSTOMER = """update journeykit_customers set revision = ?, facts = '[1]', moments = null, next_due = null
    where id = ? and revision = ?"""
LEAVE_UNKNOWN = "insert into journeykit_customers(id, revision, accepted_at, facts) values(?, ?, 0, '[1]') on conflict do nothing"
LOWEST = "select min(0, min(seq)) from journeykit_events where customer = ?"
TWICE = """select o.id from journeykit_events o join journeykit_events s on s.customer = ? and s.id = o.id where o.customer = ?"""
RENAME_EVENT = "update journeykit_events set id = ? where customer = ? and id = ?"
LAST_ARRIVAL = "select coalesce(max(arrival), 0) from journeykit_events where customer = ? and state = 'pending'"
MOVE_EVENTS = "update journeykit_events set customer = ?, seq = seq + ?, arrival = arrival + ? where customer = ?"
RENUMBER_HISTORY = "update journeykit_history set number = number + ? where customer = ? and journey = ? and key = ? and number > 0"
MOVE_HISTORY = "update journeykit_history set customer = ?, seq = seq + ? where customer = ?"
READ_MESSAGES = """select id, customer, journey, key, number, seq, place, action, parameters, at, message, expires_at, owner, listens, household, origin
    from journeykit_outbox indexed by journeykit_outbox_customer where customer = ?"""
MOVE_MESSAGE = "update journeykit_outbox set customer = ?, number = ?, seq = ?, origin = ? where id = ?"
SPEND_MESSAGE = "update journeykit_outbox set state = 'dropped', reason = ?, due_at = ?, token = null where id = ? and state = 'open'"
READ_WAITING = (
    "select event, object, entered_at, journey, key from journeykit_waiting indexed by journeykit_waiting_place where customer = ?"
)
DELETE_WAITING = """delete from journeykit_waiting
    where event = ? and object = ? and entered_at = ? and journey = ? and key = ? and customer = ?"""
MOVE_WAITING = """update journeykit_waiting set customer = ?
    where event = ? and object = ? and entered_at = ? and journey = ? and key = ? and customer = ?"""
WAITS_STILL = """select 1 from journeykit_enrollments
    where customer = ? and journey = ? and key = ? and entered_at = ? and status = 'active'"""
DELETE_ENROLLMENTS = "delete from journeykit_enrollments where customer = ?"
FORWARD_ALIASES = "update journeykit_aliases set customer = ? where customer = ?"
INSERT_ALIAS = "insert into journeykit_aliases values(?, ?)"
DELETE_SNAPSHOT = "delete from journeykit_snapshots where customer = ?"
READ_ALIAS = "select customer from journeykit_aliases where id = ?"
READ_ALIASES = "select id from journeykit_aliases where customer = ? order by id"

DELETE_ALL = (
    "delete from journeykit_customers where id = ?",
    "delete from journeykit_enrollments where customer = ?",
    "delete from journeykit_events where customer = ?",
    "delete from journeykit_history where customer = ?",
    "delete from journeykit_outbox where customer = ?",
    "delete from journeykit_waiting where customer = ?",
    "delete from journeykit_aliases where id = ?",
    DELETE_SNAPSHOT,
)
INSERT_REMAINS = "insert into journeykit_erased values(?, ?) on conflict(mark) do update set remains = excluded.remains"
READ_REMAINS = "select e.mark, e.remains from json_each(?) j cross join journeykit_erased e on e.mark = j.value"
ANY_ERASED = "select min(mark) from journeykit_erased"
READ_STARTS = """select customer, id, properties from journeykit_events indexed by journeykit_events_starts
    where name = '$enter' and id >= ? and id < ?"""
RENAME_SENDER = "update journeykit_events set id = ?, properties = ? where customer = ? and id = ?"

AGED = """select customer from journeykit_events
    where customer > ?1 and accepted_at < ?2 and state = 'decided' and properties <> '{}'
    union select customer from journeykit_enrollments
    where customer > ?1 and ended_at < ?2 and body ->> '$[2]' <> '{}' order by customer limit ?3"""
READ_REVISION = "select revision from journeykit_customers where id = ?"
EMPTY_EVENTS = """update journeykit_events set properties = '{}'
    where customer = ? and state = 'decided' and seq <= ? and accepted_at < ? and properties <> '{}'"""
EMPTY_MESSAGES = """update journeykit_outbox set parameters = '{}'
    where customer = ? and state in ('performed', 'dropped', 'imported') and due_at < ?"""
EMPTY_DATA = "update journeykit_enrollments set body = ? where customer = ? and journey = ? and key = ? and number = ?"
FORGET_HISTORY = "delete from journeykit_history where customer = ? and seq <= ? and at < ?"
KEEP_SNAPSHOT = """insert into journeykit_snapshots values(?, ?, ?)
    on conflict(customer) do update set before = excluded.before, body = excluded.body"""
READ_SNAPSHOT = "select body from journeykit_snapshots where customer = ?"
LIMITED = 'select name from journeykit_quotas where name > ? and "limit" is not null order by name limit ?'
FORGET_TAKEN = "delete from journeykit_quotas where name = ?"
PAGE = 1_000  #: numbers that are looked at in one transaction


def become(cursor: sqlite3.Cursor, moved: Moved) -> None:
    """Make what belongs to the old id the survivor's; raise `ConflictError` where its revision is another."""
    known, unknown = (ELSEWHERE, moved.customer_id, moved.base), (moved.customer_id, ELSEWHERE)
    if cursor.execute(*((LEAVE_CUSTOMER, known) if moved.base else (LEAVE_UNKNOWN, unknown))).rowcount != 1:
        raise ConflictError([moved.survivor, moved.customer_id])
    old, survivor = moved.customer_id, moved.survivor
    by = (cursor.execute(LOWEST, (survivor,)).fetchone()[0] or 0) - moved.base - 1
    twice = cursor.execute(TWICE, (survivor, old)).fetchall()
    cursor.executemany(RENAME_EVENT, [(moved_event_id(old, name), old, name) for (name,) in twice])
    arrived = cursor.execute(LAST_ARRIVAL, (survivor,)).fetchone()[0]
    cursor.execute(MOVE_EVENTS, (survivor, by, arrived, old))
    cursor.executemany(RENUMBER_HISTORY, [(up, old, journey, key) for journey, key, up in moved.numbers])
    cursor.execute(MOVE_HISTORY, (survivor, by, old))
    _move_messages(cursor, moved, by)
    _move_waiting(cursor, old, survivor)
    cursor.execute(DELETE_ENROLLMENTS, (old,))
    cursor.execute(DELETE_SNAPSHOT, (old,))
    cursor.execute(FORWARD_ALIASES, (survivor, old))
    cursor.execute(INSERT_ALIAS, (old, survivor))


def _move_messages(cursor: sqlite3.Cursor, moved: Moved, by: int) -> None:
    rows = [(row[0], moved_message(message(row[1:]), moved, by)) for row in cursor.execute(READ_MESSAGES, (moved.customer_id,)).fetchall()]
    cursor.executemany(MOVE_MESSAGE, [(one.customer_id, one.number, one.seq, one.origin, number) for number, one in rows])
    cursor.executemany(SPEND_MESSAGE, [(moved.reason, moved.at, number) for number in moved.spent])


def _move_waiting(cursor: sqlite3.Cursor, old: str, survivor: str) -> None:
    """They have waited since the old id did; what the enrollment that stayed does not wait for is gone."""
    places = cursor.execute(READ_WAITING, (old,)).fetchall()
    cursor.executemany(DELETE_WAITING, [(*place, survivor) for place in places])
    cursor.executemany(MOVE_WAITING, [(survivor, *place, old) for place in places])
    for event, name, entered_at, journey, key in cursor.execute(READ_WAITING, (survivor,)).fetchall():
        if cursor.execute(WAITS_STILL, (survivor, journey, key, entered_at)).fetchone() is None:
            cursor.execute(DELETE_WAITING, (event, name, entered_at, journey, key, survivor))


def identities(cursor: sqlite3.Cursor, customer_id: str) -> list[str]:
    """The id that stands for a customer now, and those that have become it."""
    found = cursor.execute(READ_ALIAS, (customer_id,)).fetchone()
    root = customer_id if found is None else found[0]
    return [root, *(name for (name,) in cursor.execute(READ_ALIASES, (root,)))]


def erase(cursor: sqlite3.Cursor, erased: Erased) -> bool:
    """Take out every row of a customer; False where there was none."""
    names = identities(cursor, erased.customer_id)
    for name in names:
        for customer_id, event_id, text in cursor.execute(READ_STARTS, starts_of(name)).fetchall():
            given = passed_on(name, event_id, loads(text), erased.stranger)
            if given is not None and customer_id not in names:
                cursor.execute(RENAME_SENDER, (given[0], dumps(given[1]), customer_id, event_id))
    gone = sum(cursor.execute(statement, (name,)).rowcount for name in names for statement in DELETE_ALL)
    cursor.executemany(INSERT_REMAINS, [(mark, dumps(erased.remains)) for mark in erased.marks])
    return gone > 0


def remains(cursor: sqlite3.Cursor, marks: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What remains under those of *marks* that are known."""
    return {mark: loads(text) for mark, text in cursor.execute(READ_REMAINS, (dumps(list(marks)),))}


def retain(cursor: sqlite3.Cursor, retained: Retained) -> bool:
    """Keep a snapshot and let go of what came before it; False where the customer has moved on."""
    name, (before, state, _) = retained.customer_id, retained.snapshot
    if cursor.execute(READ_REVISION, (name,)).fetchone() != (retained.base,):
        return False
    cursor.execute(EMPTY_EVENTS, (name, state.revision, before))
    cursor.execute(EMPTY_MESSAGES, (name, before))
    cursor.executemany(EMPTY_DATA, [(row[-1], *row[:4]) for row in (enrollment_row(name, e) for e in retained.emptied)])
    if retained.history:
        cursor.execute(FORGET_HISTORY, (name, state.revision, before))
    cursor.execute(KEEP_SNAPSHOT, (name, before, snapshot_text(name, retained.snapshot)))
    return True


def read_snapshot(cursor: sqlite3.Cursor, customer_id: str) -> Snapshot | None:
    """The snapshot of a customer."""
    found = cursor.execute(READ_SNAPSHOT, (customer_id,)).fetchone()
    return None if found is None else snapshot(customer_id, found[0])


class Leavers:
    """The part of `journeykit.SQLiteStorage` that is about customers who have become others or leave."""

    _connections: Connections

    def _transaction(self, begin: str) -> AbstractContextManager[sqlite3.Cursor]:
        raise NotImplementedError

    def identities(self, customer_id: str) -> list[str]:
        """The id that stands for a customer now, and then those that have become it."""
        with self._transaction(READ) as cursor:
            return identities(cursor, customer_id)

    def erase(self, erased: Erased) -> bool:
        """
        Take out every row of a customer, and keep what remains under each mark; False where nothing was known.

        What is deleted is overwritten with zeros, and on a connection of its own the write-ahead log is emptied, unless somebody is
        reading at this moment. What stood in earlier versions of a row may be left in free space until `purge`.
        """
        with self._connections.secure(), self._transaction(WRITE) as cursor:
            return erase(cursor, erased)

    def purge(self) -> None:
        """
        Write the database file anew, without anything that was ever deleted or changed in it, and empty the write-ahead log.

        To be run after customers have been erased. It takes as long as copying the file, needs as much room again on the disk, and
        keeps writers waiting meanwhile. On the host's connection it may not be inside a transaction.

        Raises:
            StorageError: somebody else is working on the database; nothing is lost, and it may be run again.
        """
        self._connections.purge()

    def remains(self, marks: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What remains under those of *marks* that are known."""
        with self._transaction(READ) as cursor:
            return remains(cursor, marks)

    def aged(self, before: int, after: str, limit: int) -> list[str]:
        """Up to *limit* customers behind *after* with decided events older than *before* that have properties."""
        with self._transaction(READ) as cursor:
            return [name for (name,) in cursor.execute(AGED, (after, before, limit))]

    def retain(self, retained: Retained) -> bool:
        """Keep a snapshot and let go of what came before it; False where the customer has moved on."""
        with self._connections.secure(), self._transaction(WRITE) as cursor:
            return retain(cursor, retained)

    def snapshot(self, customer_id: str) -> Snapshot | None:
        """The snapshot of a customer, None where nothing of their past is gone."""
        with self._transaction(READ) as cursor:
            return read_snapshot(cursor, customer_id)

    def forget_taken(self, over: Callable[[str], bool]) -> None:
        """Forget what was taken of the limited numbers whose names are *over*, some in each transaction."""
        after: str | None = ""
        while after is not None:
            with self._transaction(WRITE) as cursor:
                names = [name for (name,) in cursor.execute(LIMITED, (after, PAGE))]
                cursor.executemany(FORGET_TAKEN, [(name,) for name in names if over(name)])
            after = names[-1] if len(names) == PAGE else None
