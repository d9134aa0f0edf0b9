"""A storage in one SQLite file, or inside the host's own connection and transaction."""

from __future__ import annotations

import itertools
import os
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal

from journeykit.errors import ConflictError, SchemaError, StorageError
from journeykit.model.backlog import Backlog
from journeykit.model.given import amount
from journeykit.model.leaving import Moved
from journeykit.model.messages import Event
from journeykit.model.objects import ObjectFact, Release, Waiter
from journeykit.model.pauses import Pause
from journeykit.model.records import (
    EVERYBODY,
    NEVER,
    Claimed,
    Commit,
    HistoryEntry,
    Loaded,
    LoggedEvent,
    Mail,
    OutboxRow,
    Settlement,
    Share,
    Want,
)
from journeykit.storage import sqlite_due as due
from journeykit.storage import sqlite_leaving as leaving
from journeykit.storage import sqlite_objects as objects
from journeykit.storage import sqlite_scanning as scanning
from journeykit.storage import sqlite_statements as sql
from journeykit.storage import sqlite_work as work
from journeykit.storage.batch import Batch, event_order
from journeykit.storage.claims import CUSTOMER, HOUSEHOLD, SentTo, lapsed_alone, together
from journeykit.storage.rows import Row, answers, dumps, logged_event, mail_row, message
from journeykit.storage.sleeping import LocalSleeper
from journeykit.storage.sqlite_connections import ALONE, READ, WRITE, Connections, HostConnection, OwnConnections, unmigrated
from journeykit.storage.sqlite_loading import alone, load, load_one
from journeykit.storage.sqlite_writing import Stale, write

MIGRATIONS = (*sql.MIGRATIONS, objects.MIGRATION, sql.LOGS, work.MIGRATION, sql.PAUSES, leaving.MIGRATION, due.MIGRATION)
LATEST = len(MIGRATIONS)


class SQLiteStorage(leaving.Leavers):
    """
    Keeps everything in SQLite; see `journeykit.ports.Storage`.

    Given a path, each thread has a connection of its own, in WAL mode, and each call is one transaction. Given the host's
    connection, a call works inside the transaction that the host has open (in a savepoint): the host commits it, and a rollback
    of the host leaves nothing of it. Where the host has none open, the call begins and commits its own.

    Args:
        database: the path of the database file, the host's open connection, or what gives transactions on connections of the host
            (`journeykit.storage.sqlite_connections.Connections`).
        synchronous: SQLite's durability, for a path. With ``normal`` nothing is lost when a process is killed, and a power cut
            may take the last commits; with ``full`` it takes none.
        timeout: for how many seconds to wait for another writer, for a path.

    Raises:
        StorageError: the database cannot be opened, or is in memory only.
    """

    def __init__(
        self, database: str | os.PathLike[str] | sqlite3.Connection | Connections, *,
        synchronous: Literal["off", "normal", "full", "extra"] = "normal", timeout: float = 30,
    ) -> None:  # fmt: skip
        if synchronous not in ("off", "normal", "full", "extra"):
            raise StorageError(f'synchronous: "{synchronous}" is not known; write "normal" or "full"')
        seconds = amount(timeout, "timeout", example=30, error=StorageError)
        self._connections: Connections
        if isinstance(database, sqlite3.Connection):
            self._connections = HostConnection(database)
        elif isinstance(database, Connections):
            self._connections = database
        elif not isinstance(database, (str, os.PathLike)):
            raise StorageError(f'database: {database!r:.60} is no path and no connection; give for example SQLiteStorage("shop.db")')
        elif os.fspath(database) in ("", ":memory:"):
            raise StorageError(f'"{database}" would be another database in each thread; give a path, or use MemoryStorage')
        else:
            self._connections = OwnConnections(os.fspath(database), synchronous, seconds)
        self._ready = False

    def within(self, connection: object) -> SQLiteStorage:
        """Return the same storage inside whatever transaction the host has open on its *connection* to the same file."""
        if not isinstance(connection, (sqlite3.Connection, Connections)):
            raise StorageError(f"{type(connection).__name__} is no connection of sqlite3; give the one that the host writes with")
        inside = SQLiteStorage(connection)
        inside._ready = self._ready
        return inside

    def migrate(self) -> None:
        """Make or update the tables (``journeykit_...``); doing it again changes nothing."""
        self._connections.durable()
        with self._connections.transaction(WRITE) as cursor:
            cursor.execute(sql.SCHEMA_TABLE)
            version = cursor.execute(sql.SCHEMA_VERSION).fetchone()[0] or 0
            _refuse_newer(version)
            for number in range(version, LATEST):
                for statement in MIGRATIONS[number]:
                    cursor.execute(statement)
                cursor.execute(sql.SCHEMA_STEP, (number + 1,))

    def close(self) -> None:
        """Close what was opened here; a host's connection is left as it is."""
        self._connections.close()

    def _transaction(self, begin: str) -> AbstractContextManager[sqlite3.Cursor]:
        if not self._ready:
            with self._connections.transaction(READ) as cursor:
                version = cursor.execute(sql.SCHEMA_VERSION).fetchone()[0] or 0
                _refuse_newer(version)
                if version < LATEST:
                    raise unmigrated(f"the database has schema version {version}, this release needs {LATEST}")
            self._ready = True
        return self._connections.transaction(begin)

    def sleeper(self) -> LocalSleeper:
        """Make what one worker sleeps on; what other processes write it finds by looking again."""
        return LocalSleeper()

    # writing

    def accept(self, events: Sequence[tuple[Event, int]]) -> list[bool]:
        """Put (event, accepted_at) into their customers' mailboxes; False for each that is already known."""
        rows = [mail_row(event, accepted_at) for event, accepted_at in events]
        with self._transaction(WRITE) as cursor:
            return [cursor.execute(sql.INSERT_MAIL, row).rowcount == 1 for row in rows]

    def commit_many(self, commits: Iterable[Commit]) -> None:
        """Write all *commits* in one transaction, or nothing."""
        batch = Batch(commits)
        try:
            with self._transaction(WRITE) as cursor:
                write(cursor, batch)
        except Stale:
            raise ConflictError(self._culprits(batch)) from None

    def _culprits(self, batch: Batch) -> list[str]:
        """Which customers were decided for by somebody else; none where that has become unclear."""
        wants = [Want(customer_id, frozenset()) for customer_id in batch.bases]
        with self._transaction(READ) as cursor:
            revisions = {loaded.customer_id: loaded.revision for loaded in load(cursor, wants)}
            asked = [row[:2] for row in batch.events]
            decided = {asked[place][0] for place, _ in cursor.execute(sql.FIND_DECIDED, (dumps(asked),))}
        return [name for name, base in batch.bases.items() if base != revisions[name] or name in decided]

    # reading

    def load_many(self, wants: Sequence[Want]) -> list[Loaded]:
        """Read what each `Want` names, in the same order."""
        if alone(wants):
            with self._transaction(ALONE) as cursor:
                return [load_one(cursor, wants[0])]
        if not wants:
            return []
        with self._transaction(READ) as cursor:
            return load(cursor, wants)

    def customers(self, after: str = "", limit: int = 1_000) -> list[str]:
        """Return up to *limit* ids of customers greater than *after*, in order; those who only have mail are among them."""
        with self._transaction(READ) as cursor:
            return [name for (name,) in cursor.execute(sql.READ_CUSTOMERS, (after, after, limit))]

    def history(self, customer_id: str) -> list[HistoryEntry]:
        """Return a customer's history in order of (seq, place)."""
        with self._transaction(READ) as cursor:
            return [HistoryEntry(*row) for row in cursor.execute(sql.READ_HISTORY, (customer_id,))]

    def events(self, customer_id: str, after: int = 0, names: Iterable[str] | None = None) -> list[LoggedEvent]:
        """Return decided events with seq > *after* in order of seq, then pending and parked ones in order of arrival."""
        chosen = None if names is None else frozenset(names)
        with self._transaction(READ) as cursor:
            rows = cursor.execute(sql.READ_EVENTS, (customer_id, after)).fetchall()
        return sorted([logged_event(row) for row in rows if chosen is None or row[5] in chosen], key=event_order)

    def definitions(self) -> list[tuple[str, str, str]]:
        """Return (hash, journey name, text) of every definition that an enrollment has used."""
        with self._transaction(READ) as cursor:
            return cursor.execute(sql.READ_DEFINITIONS).fetchall()

    def occupied(self) -> list[tuple[str, str, str, int]]:
        """Return (journey, definition, step, how many active enrollments stand there), in order."""
        with self._transaction(READ) as cursor:
            return cursor.execute(sql.OCCUPIED).fetchall()

    def inside(self, journey: str, definition: str, after: str = "", limit: int = 1_000) -> list[str]:
        """Return up to *limit* customers greater than *after* with an active enrollment on that version, in order."""
        with self._transaction(READ) as cursor:
            return [name for (name,) in cursor.execute(sql.INSIDE, (after, journey, definition, limit))]

    def scan(self, table: str, after: Any = None, limit: int = 10_000) -> tuple[list[Row], Any]:
        """Return up to *limit* rows of a table behind the place *after*, and the place to go on from."""
        with self._transaction(READ) as cursor:
            return scanning.scan(cursor, table, after, limit)

    # what is due

    def claim_due(self, now: int, limit: int, share: Share = EVERYBODY) -> list[str]:
        """Return up to *limit* customers of a *share* with something to do, those waiting longest first."""
        with self._transaction(READ) as cursor:
            return due.claim_due(cursor.connection, now, limit, share)

    def next_due(self) -> int | None:
        """Return the earliest moment at which `claim_due` or `claim_outbox` would have something."""
        with self._transaction(READ) as cursor:
            rows = (cursor.execute(statement).fetchone() for statement in (sql.NEXT_DUE, objects.NEXT_RELEASE))
            moments = (*itertools.chain.from_iterable(rows), due.next_timer(cursor), work.next_message(cursor))
        return min((moment for moment in moments if moment is not None and moment < NEVER), default=None)

    # workers

    def enlist(self, token: str, now: int, until: int) -> Share:
        """Write down that the worker *token* is there until *until*; return the share of the customers that falls to it."""
        with self._transaction(WRITE) as cursor:
            return work.enlist(cursor, token, now, until)

    def backlog(self, now: int) -> Backlog:
        """Return what waits at *now*."""
        with self._transaction(READ) as cursor:
            return work.backlog(cursor, now)

    def grant(self, name: str, now: int, window: int, most: int, wanted: int) -> tuple[int, int]:
        """Let as many of *wanted* go as leave no more than *most* in any window; return how many, and when one more may."""
        with self._transaction(WRITE) as cursor:
            return work.grant(cursor, name, now, window, most, wanted)

    # objects and shared numbers

    def taken(self, name: str) -> int:
        """How many have been taken of the shared number *name*."""
        with self._transaction(READ) as cursor:
            row = cursor.execute(sql.SELECT_QUOTA, (name,)).fetchone()
        return 0 if row is None else int(row[0])

    def keep(self, name: str, value: str) -> str:
        """Keep *value* under *name*, where nothing is kept yet; return what is kept."""
        with self._transaction(WRITE) as cursor:
            cursor.execute(objects.KEEP, (name, value))
            return str(cursor.execute(objects.READ_KEPT, (name,)).fetchone()[0])

    def begin_pause(self, pause: Pause) -> Pause:
        """Keep *pause* under the next number; return it with that number."""
        with self._transaction(WRITE) as cursor:
            return pause._replace(number=cursor.execute(sql.INSERT_PAUSE, pause[1:]).lastrowid or 0)

    def end_pause(self, number: int, at: int) -> None:
        """End a pause at *at*, where it has not ended, and bring up what stood still because of it."""
        with self._transaction(WRITE) as cursor:
            cursor.execute(sql.END_PAUSE, (at, number))
            row = cursor.execute(sql.READ_PAUSE, (number,)).fetchone()
            if row is not None:
                ended = _pause(row)
                cursor.execute(due.BRING_UP, (ended.ended_at, NEVER + number))
                cursor.execute(sql.BRING_UP_MESSAGES, (ended.ended_at, ended.ended_at, ended.words))

    def pauses(self) -> list[Pause]:
        """Return all pauses, ended ones too, in order of number."""
        with self._transaction(READ) as cursor:
            return [_pause(row) for row in cursor.execute(sql.READ_PAUSES)]

    def publish(self, fact: ObjectFact, ends: Iterable[str]) -> bool:
        """Keep a fact about an object, and end the releases of *ends* about it; False where it is known."""
        properties = dumps(fact.properties)
        with self._transaction(WRITE) as cursor:
            return objects.publish(cursor, fact, properties, ends)

    def releases(self, now: int, limit: int) -> list[Release]:
        """Return up to *limit* releases due at *now* or before, the longest due first."""
        with self._transaction(READ) as cursor:
            return objects.releases(cursor, now, limit)

    def waiting_for(self, event: str, name: str, until: int, after: Waiter | None, limit: int) -> list[Waiter]:
        """Return up to *limit* of those who have waited for an event about an object since *until* or before."""
        with self._transaction(READ) as cursor:
            return objects.waiting_for(cursor, event, name, until, after, limit)

    def release(self, before: Release, after: Release | None, mail: Sequence[Mail]) -> bool:
        """Deliver *mail* and go on from *before* to *after*; False where somebody else has."""
        rows = [mail_row(one.event, one.accepted_at) for one in mail]
        with self._transaction(WRITE) as cursor:
            if not objects.move(cursor, before, after):
                return False
            cursor.executemany(sql.INSERT_MAIL, rows)
        return True

    # the outbox

    def claim_outbox(
        self, now: int, limit: int, lease: int, token: str, since: int | None = None, but: Collection[str] = ()
    ) -> list[Claimed]:
        """Take up to *limit* open messages due at *now* or before, the longest due first, until now + *lease*."""
        others: list[Row] = []
        with self._transaction(WRITE) as cursor:
            rows = lapsed_alone(work.due_messages(cursor, now, limit, but))
            if since is not None and rows:
                if not rows[0][0]:
                    rows = together(rows, cursor.execute(sql.READ_HOUSEMATES, (work.values(rows, HOUSEHOLD), now)))
                    rows = together(rows, cursor.execute(sql.READ_COMPANIONS, (work.values(rows, CUSTOMER), now)))
                others = cursor.execute(sql.READ_SENT, (work.values(rows, CUSTOMER), now, since)).fetchall()
                others += cursor.execute(sql.READ_SENT_TO_HOUSEHOLDS, (work.values(rows, HOUSEHOLD), now, since)).fetchall()
            cursor.executemany(sql.LEASE_MESSAGE, [(token, now + lease, row[1]) for row in rows])
        sent = SentTo(others, {row[1] for row in rows})
        return [Claimed(row[1], message(row[3:]), row[2], token, sent.seen_by(row), row[-1] is not None) for row in rows]

    def begin(self, message_id: int, token: str, now: int) -> bool:
        """Write down that a claimed message is about to be performed; False where its lease is over or was taken over."""
        with self._transaction(WRITE) as cursor:
            return cursor.execute(sql.BEGIN_MESSAGE, (now, message_id, token, now)).rowcount == 1

    def settle(self, settlements: Sequence[Settlement]) -> list[bool]:
        """Record how attempts ended, and their answers; False for each whose lease was taken over."""
        mails = [[mail_row(mail.event, mail.accepted_at) for mail in settlement.mail] for settlement in settlements]
        with self._transaction(WRITE) as cursor:
            return [_settle(cursor, settlement, rows) for settlement, rows in zip(settlements, mails, strict=True)]

    def outbox(self, state: str | None = None, customer_id: str | None = None, limit: int = 1_000) -> list[OutboxRow]:
        """Return outbox messages in order of id, only those in *state* or of a customer where given."""
        arguments = [value for value in (customer_id, state) if value is not None]
        if customer_id is not None:
            statement = sql.READ_OUTBOX_CUSTOMER if state is None else sql.READ_OUTBOX_CUSTOMER_STATE
        elif state in ("dead", "dropped", "imported"):
            statement = sql.READ_OUTBOX_ENDED
        else:
            statement = sql.READ_OUTBOX if state is None else sql.READ_OUTBOX_STATE
        with self._transaction(READ) as cursor:
            rows = cursor.execute(statement, (*arguments, limit)).fetchall()
        return [OutboxRow(row[0], message(row[6:]), row[1], row[2], row[3], row[4], answers(row[5])) for row in rows]

    def reopen(self, ids: Sequence[int], now: int, state: str) -> int:
        """Set dead messages to ``open`` or ``dropped``; return how many were dead."""
        statement = sql.REOPEN_MESSAGE if state == "open" else sql.DROP_MESSAGE
        with self._transaction(WRITE) as cursor:
            return cursor.executemany(statement, [(now, number) for number in ids]).rowcount if ids else 0

    def merge(self, commits: Sequence[Commit], moved: Moved) -> None:
        """Write *commits* and let a customer become another, in one transaction, or nothing."""
        batch = Batch(commits)
        try:
            with self._transaction(WRITE) as cursor:
                write(cursor, batch)
                leaving.become(cursor, moved)
        except Stale:
            raise ConflictError([moved.survivor]) from None


def _pause(row: Row) -> Pause:
    number, journey, step, action, still, begun_at, ended_at = row
    return Pause(number, journey, step, action, bool(still), begun_at, ended_at)


def _refuse_newer(version: int) -> None:
    if version > LATEST:
        raise SchemaError(f"the database has schema version {version}, this release knows {LATEST}; update journeykit")


def _settle(cursor: sqlite3.Cursor, settlement: Settlement, mail: Sequence[Row]) -> bool:
    state, undone = (settlement.state, settlement.reason, settlement.due_at, not settlement.attempted), settlement.undone
    if cursor.execute(sql.SETTLE_MESSAGE, (*state, undone, settlement.id, settlement.token)).rowcount != 1:
        return False
    if settlement.answered is not None:
        cursor.execute(sql.KEEP_ANSWER, (dumps(settlement.answered), settlement.id))
    if mail:
        cursor.executemany(sql.INSERT_MAIL, mail)
    return True
