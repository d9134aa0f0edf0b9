"""Customers who become another, are erased, or whose past is let go of, in PostgreSQL; its SQL, and what is done with it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from journeykit.errors import ConflictError
from journeykit.model.leaving import Erased, Moved, Retained, Snapshot
from journeykit.model.records import ELSEWHERE
from journeykit.storage.moving import moved_event_id, moved_message, passed_on, starts_of
from journeykit.storage.postgres.arguments import number, statement, texts
from journeykit.storage.postgres.connections import Cursor
from journeykit.storage.rows import dumps, loads, message, snapshot, snapshot_text

LEAVE_CUSTOMER = """update journeykit_customers set revision = %s, facts = '[1]', moments = null, next_due = null
    where id = %s and revision = %s"""
LEAVE_UNKNOWN = "insert into journeykit_customers(id, revision, accepted_at, facts) values(%s, %s, 0, '[1]') on conflict do nothing"
LOWEST = "select least(0, min(seq)) from journeykit_events where customer = %s"
TWICE = "select o.id from journeykit_events o join journeykit_events s on s.customer = %s and s.id = o.id where o.customer = %s"
RENAME_EVENT = "update journeykit_events set id = %s where customer = %s and id = %s"
LAST_ARRIVAL = "select coalesce(max(arrival), 0) from journeykit_events where customer = %s and state = 'pending'"
MOVE_EVENTS = "update journeykit_events set customer = %s, seq = seq + %s, arrival = arrival + %s where customer = %s"
RENUMBER_HISTORY = "update journeykit_history set number = number + %s where customer = %s and journey = %s and key = %s and number > 0"
MOVE_HISTORY = "update journeykit_history set customer = %s, seq = seq + %s where customer = %s"
READ_MESSAGES = """select id, customer, journey, key, number, seq, place, action, parameters, at, message, expires_at, owner, listens, household, origin
    from journeykit_outbox where customer = %s order by id for no key update"""
MOVE_MESSAGE = "update journeykit_outbox set customer = %s, number = %s, seq = %s, origin = %s where id = %s"
SPEND_MESSAGE = "update journeykit_outbox set state = 'dropped', reason = %s, due_at = %s, token = null where id = %s and state = 'open'"
MOVE_WAITING = """with old as (delete from journeykit_waiting where customer = %s returning event, object, entered_at, journey, key, since)
    insert into journeykit_waiting(event, object, entered_at, customer, journey, key, since)
    select event, object, entered_at, %s, journey, key, since from old
    on conflict(event, object, entered_at, customer, journey, key) do update set since = excluded.since"""
FORGET_WAITING = """delete from journeykit_waiting w where w.customer = %s and not exists (select from journeykit_enrollments e
    where e.customer = w.customer and e.journey = w.journey and e.key = w.key and e.entered_at = w.entered_at and e.status = 'active')"""
DELETE_ENROLLMENTS = "delete from journeykit_enrollments where customer = %s"
DELETE_SNAPSHOT = "delete from journeykit_snapshots where customer = %s"
FORWARD_ALIASES = "update journeykit_aliases set customer = %s where customer = %s"
INSERT_ALIAS = "insert into journeykit_aliases values(%s, %s)"
READ_ALIAS = "select customer from journeykit_aliases where id = %s"
READ_ALIASES = "select id from journeykit_aliases where customer = %s order by id"

DELETE_ALL = (
    "delete from journeykit_customers where id = %s",
    DELETE_ENROLLMENTS,
    "delete from journeykit_events where customer = %s",
    "delete from journeykit_history where customer = %s",
    "delete from journeykit_outbox where customer = %s",
    "delete from journeykit_waiting where customer = %s",
    "delete from journeykit_aliases where id = %s",
    DELETE_SNAPSHOT,
)
INSERT_REMAINS = "insert into journeykit_erased values(%s, %s) on conflict(mark) do update set remains = excluded.remains"
READ_REMAINS = "select mark, remains from journeykit_erased where mark = any(%s::text[])"
READ_STARTS = "select customer, id, properties from journeykit_events where name = '$enter' and id >= %s and id < %s"
RENAME_SENDER = "update journeykit_events set id = %s, properties = %s where customer = %s and id = %s"

AGED = """select distinct customer from journeykit_events
    where customer > %s and accepted_at < %s and state = 'decided' and properties <> '{}' order by customer limit %s"""
READ_REVISION = "select revision from journeykit_customers where id = %s for no key update"
EMPTY_EVENTS = """update journeykit_events set properties = '{}'
    where customer = %s and state = 'decided' and seq <= %s and accepted_at < %s and properties <> '{}'"""
EMPTY_MESSAGES = """update journeykit_outbox set parameters = '{}'
    where customer = %s and state in ('performed', 'dropped', 'imported') and due_at < %s"""
FORGET_HISTORY = "delete from journeykit_history where customer = %s and seq <= %s and at < %s"
KEEP_SNAPSHOT = """insert into journeykit_snapshots values(%s, %s, %s)
    on conflict(customer) do update set before = excluded.before, body = excluded.body"""
READ_SNAPSHOT = "select body from journeykit_snapshots where customer = %s"
READ_TABLES = """select c.relname from pg_class c where c.relnamespace = current_schema()::regnamespace
    and c.relkind = 'r' and c.relname like 'journeykit_%' order by c.relname"""


def _run(cursor: Cursor, text: str, *values: str | int | None) -> Cursor:
    return cursor.execute(statement(text), [str(value) if isinstance(value, int) else value for value in values])


def become(cursor: Cursor, moved: Moved) -> None:
    """Make what belongs to the old id the survivor's; raise `ConflictError` where its revision is another."""
    old, survivor = moved.customer_id, moved.survivor
    left = _run(cursor, LEAVE_CUSTOMER, ELSEWHERE, old, moved.base) if moved.base else _run(cursor, LEAVE_UNKNOWN, old, ELSEWHERE)
    if left.rowcount != 1:
        raise ConflictError([survivor, old])
    by = _one(_run(cursor, LOWEST, survivor)) - moved.base - 1
    for (name,) in _run(cursor, TWICE, survivor, old).fetchall():
        _run(cursor, RENAME_EVENT, moved_event_id(old, name), old, name)
    _run(cursor, MOVE_EVENTS, survivor, by, _one(_run(cursor, LAST_ARRIVAL, survivor)), old)
    for journey, key, up in moved.numbers:
        _run(cursor, RENUMBER_HISTORY, up, old, journey, key)
    _run(cursor, MOVE_HISTORY, survivor, by, old)
    _move_messages(cursor, moved, by)
    _run(cursor, MOVE_WAITING, old, survivor)
    _run(cursor, FORGET_WAITING, survivor)
    for change in (DELETE_ENROLLMENTS, DELETE_SNAPSHOT):
        _run(cursor, change, old)
    _run(cursor, FORWARD_ALIASES, survivor, old)
    _run(cursor, INSERT_ALIAS, old, survivor)


def _one(cursor: Cursor) -> int:
    row = cursor.fetchone()
    return 0 if row is None else int(row[0])


def _move_messages(cursor: Cursor, moved: Moved, by: int) -> None:
    for place, *row in _run(cursor, READ_MESSAGES, moved.customer_id).fetchall():
        one = moved_message(message(tuple(row)), moved, by)
        _run(cursor, MOVE_MESSAGE, one.customer_id, one.number, one.seq, one.origin, place)
    for place in moved.spent:
        _run(cursor, SPEND_MESSAGE, moved.reason, moved.at, place)


def identities(cursor: Cursor, customer_id: str) -> list[str]:
    """The id that stands for a customer now, and those that have become it."""
    found = _run(cursor, READ_ALIAS, customer_id).fetchone()
    root = customer_id if found is None else found[0]
    return [root, *(name for (name,) in _run(cursor, READ_ALIASES, root))]


def erase(cursor: Cursor, erased: Erased) -> bool:
    """Take out every row of a customer; False where there was none."""
    names = identities(cursor, erased.customer_id)
    for name in names:
        for customer_id, event_id, text in _run(cursor, READ_STARTS, *starts_of(name)).fetchall():
            given = passed_on(name, event_id, loads(text), erased.stranger)
            if given is not None and customer_id not in names:
                _run(cursor, RENAME_SENDER, given[0], dumps(given[1]), customer_id, event_id)
    gone = sum(_run(cursor, change, name).rowcount for name in names for change in DELETE_ALL)
    for mark in erased.marks:
        _run(cursor, INSERT_REMAINS, mark, dumps(erased.remains))
    return gone > 0


def retain(cursor: Cursor, retained: Retained) -> bool:
    """Keep a snapshot and let go of what came before it; False where the customer has moved on."""
    name, (before, state, _) = retained.customer_id, retained.snapshot
    if _run(cursor, READ_REVISION, name).fetchone() != (retained.base,):
        return False
    _run(cursor, EMPTY_EVENTS, name, state.revision, before)
    _run(cursor, EMPTY_MESSAGES, name, before)
    if retained.history:
        _run(cursor, FORGET_HISTORY, name, state.revision, before)
    _run(cursor, KEEP_SNAPSHOT, name, before, snapshot_text(name, retained.snapshot))
    return True


class Leavers:
    """The part of `journeykit.PostgresStorage` that is about customers who have become others or leave."""

    def _transaction(self, *, single: bool = False) -> AbstractContextManager[Cursor]:
        raise NotImplementedError

    def identities(self, customer_id: str) -> list[str]:
        """The id that stands for a customer now, and then those that have become it."""
        with self._transaction() as cursor:
            return identities(cursor, customer_id)

    def erase(self, erased: Erased) -> bool:
        """Take out every row of a customer, and keep what remains under each mark; False where nothing was known."""
        with self._transaction() as cursor:
            return erase(cursor, erased)

    def remains(self, marks: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What remains under those of *marks* that are known."""
        with self._transaction(single=True) as cursor:
            return {mark: loads(text) for mark, text in cursor.execute(statement(READ_REMAINS), [texts(marks)])}

    def aged(self, before: int, after: str, limit: int) -> list[str]:
        """Up to *limit* customers behind *after* with decided events older than *before* that have properties."""
        with self._transaction(single=True) as cursor:
            return [name for (name,) in cursor.execute(statement(AGED), [after, number(before), number(limit)])]

    def retain(self, retained: Retained) -> bool:
        """Keep a snapshot and let go of what came before it; False where the customer has moved on."""
        with self._transaction() as cursor:
            return retain(cursor, retained)

    def snapshot(self, customer_id: str) -> Snapshot | None:
        """The snapshot of a customer, None where nothing of their past is gone."""
        with self._transaction(single=True) as cursor:
            found = _run(cursor, READ_SNAPSHOT, customer_id).fetchone()
        return None if found is None else snapshot(customer_id, found[0])
