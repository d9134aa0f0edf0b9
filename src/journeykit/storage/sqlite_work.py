"""What workers share, in SQLite: who is there, what waits, whose turn it is, and how often an action may go."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Collection, Iterable, Iterator

from journeykit.model.backlog import Backlog
from journeykit.model.records import Share
from journeykit.storage.batch import freed, slot
from journeykit.storage.claims import addressed
from journeykit.storage.rows import Row, dumps
from journeykit.storage.sqlite_due import COUNT_TIMERS
from journeykit.storage.sqlite_statements import CLAIM_LINE, COUNT_LINE, FIRST_OF_LINE, NEXT_LINE

MIGRATION = (
    "create table journeykit_workers(token text primary key, until integer not null) without rowid",
    "create table journeykit_grants(name text not null, at integer not null, number integer not null, primary key(name, at)) without rowid",
    "drop index journeykit_outbox_due",
    "create index journeykit_outbox_line on journeykit_outbox(journey, action, due_at) where state = 'open'",
)

FORGET_WORKERS = "delete from journeykit_workers where until <= ?"
KEEP_WORKER = "insert into journeykit_workers values(?, ?) on conflict(token) do update set until = excluded.until"
READ_WORKERS = "select token from journeykit_workers order by token"

COUNT_MAIL = "select count(*), min(accepted_at) from journeykit_events where state = 'pending' and accepted_at <= ?"
COUNT_DEAD = (
    "select count(*) from journeykit_outbox indexed by journeykit_outbox_ended where state <> 'open' and state <> 'performed' and state = ?"
)

READ_GRANTS = "select at, number from journeykit_grants where name = ? and at > ? order by at"
FORGET_GRANTS = "delete from journeykit_grants where name = ? and at <= ?"
#: What goes in one part of a window is one row.
JOIN_GRANT = """update journeykit_grants set at = ?1, number = number + ?2 where name = ?3
    and at = (select max(at) from journeykit_grants where name = ?3 and at between ?4 and ?1)"""
KEEP_GRANT = """insert into journeykit_grants values(?, ?, ?)
    on conflict(name, at) do update set number = number + excluded.number"""


def enlist(cursor: sqlite3.Cursor, token: str, now: int, until: int) -> Share:
    """Keep the worker *token*, forget those who are gone, and say which share is its."""
    cursor.execute(KEEP_WORKER, (token, until))
    cursor.execute(FORGET_WORKERS, (now,))
    there = [name for (name,) in cursor.execute(READ_WORKERS)]
    return (there.index(token), len(there)) if token in there else (0, 1)


def _lines(cursor: sqlite3.Cursor) -> Iterator[tuple[str, str]]:
    """Each journey and action with an open message."""
    line = ("", "")
    while (line := cursor.execute(NEXT_LINE, line).fetchone()) is not None:
        yield line


def next_message(cursor: sqlite3.Cursor) -> int | None:
    """When the first open message is due."""
    return min((cursor.execute(FIRST_OF_LINE, line).fetchone()[0] for line in _lines(cursor)), default=None)


def due_messages(cursor: sqlite3.Cursor, now: int, limit: int, but: Collection[str]) -> list[Row]:
    """Up to *limit* messages that are due, the longest due first; of more, each journey and action has its turn."""
    lines = [line for line in _lines(cursor) if line[1] not in but]
    queues = [cursor.execute(CLAIM_LINE, (*line, now, limit)).fetchall() for line in lines]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*queues))
    chosen = itertools.islice((row for row in turns if row is not None), limit)
    return [row[1:] for row in sorted(chosen, key=lambda row: (row[0], row[2]))]


def backlog(cursor: sqlite3.Cursor, now: int) -> Backlog:
    """What waits at *now*."""
    counted = [cursor.execute(COUNT_LINE, (*line, now)).fetchone() for line in _lines(cursor)]
    events, oldest_event = cursor.execute(COUNT_MAIL, (now,)).fetchone()
    customers, oldest_timer = cursor.execute(COUNT_TIMERS, (now,)).fetchone()
    oldest_message = min((oldest for _, oldest in counted if oldest is not None), default=None)
    messages, dead = sum(number for number, _ in counted), cursor.execute(COUNT_DEAD, ("dead",)).fetchone()[0]
    return Backlog(events, oldest_event, customers, oldest_timer, messages, oldest_message, dead)


def grant(cursor: sqlite3.Cursor, name: str, now: int, window: int, most: int, wanted: int) -> tuple[int, int]:
    """Let as many of *wanted* go as the window leaves; and when the next may."""
    cursor.execute(FORGET_GRANTS, (name, now - window))
    gone = cursor.execute(READ_GRANTS, (name, now - window)).fetchall()
    granted = min(wanted, max(0, most - sum(number for _, number in gone)))
    if granted:
        if not cursor.execute(JOIN_GRANT, (now, granted, name, slot(now, window))).rowcount:
            cursor.execute(KEEP_GRANT, (name, now, granted))
        gone.append((now, granted))
    return granted, freed(gone, now, window, most)


def values(rows: Iterable[Row], place: int) -> str:
    """What stands in that place of the marketing messages among claimed *rows*, for a statement."""
    return dumps(addressed(rows, place))
