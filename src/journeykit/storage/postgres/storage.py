"""A storage in PostgreSQL, on connections of its own or inside the host's connection and transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import psycopg

from journeykit.errors import StorageError
from journeykit.model.backlog import Backlog
from journeykit.model.given import flag, whole
from journeykit.model.messages import Event
from journeykit.model.objects import ObjectFact, Release, Waiter
from journeykit.model.pauses import Pause
from journeykit.model.records import (
    EVERYBODY,
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
from journeykit.storage.batch import Batch, event_order
from journeykit.storage.postgres import due, migrations, objects, outbox, pauses, scanning, work
from journeykit.storage.postgres import statements as sql
from journeykit.storage.postgres.arguments import number, numbers, statement
from journeykit.storage.postgres.connections import Connections, Cursor, HostConnection, OwnConnections
from journeykit.storage.postgres.leaving import Leavers, forwarded
from journeykit.storage.postgres.loading import load
from journeykit.storage.postgres.months import Months, make
from journeykit.storage.postgres.sleeping import ListeningSleeper
from journeykit.storage.postgres.writing import write
from journeykit.storage.rows import Row, answers, dumps, logged_event, mail_row, message
from journeykit.storage.sleeping import LocalSleeper


class PostgresStorage(Leavers):
    """
    Keeps everything in PostgreSQL 13 or newer; see `journeykit.ports.Storage`.

    Given a URL, it opens connections of its own, and each call is one transaction. Given the host's psycopg connection, a call
    works inside the transaction that the host has open (in a savepoint): the host commits it, and a rollback of the host leaves
    nothing of it. A connection that is not in autocommit always has one open, for psycopg begins it with the first statement. With
    autocommit and none open, the call begins and commits its own. Durability is the server's ``synchronous_commit``, which a URL may set: ``postgresql://shop?options=-csynchronous_commit%3Doff``.

    Args:
        database: a URL or another connection string of libpq's, the host's open connection, or what gives transactions on connections
            of the host (`journeykit.storage.postgres.connections.Connections`).
        schema: the schema of the tables, for a URL; the first of the search path where not said. It must exist.
        connections: how many connections are opened at most, for a URL; a thread that finds none free waits for one.
        pooler: a pooler in transaction mode (PgBouncer) stands between, for a URL: nothing is set on or prepared in a session,
            and a worker looks again each second, for it cannot be woken.

    Raises:
        StorageError: what is given is neither a connection string nor a connection.
    """

    def __init__(
        self, database: str | psycopg.Connection[Any] | Connections, *, schema: str | None = None, connections: int = 8, pooler: bool = False
    ) -> None:  # fmt: skip
        if isinstance(database, psycopg.Connection):
            self._connections: Connections = HostConnection(database)
        elif isinstance(database, Connections):
            self._connections = database
        else:
            if schema is not None and not isinstance(schema, str):
                raise StorageError(f"schema: {schema!r:.60} is no name of a schema; give a text, or leave it out")
            limit = whole(connections, "connections", least=1, error=StorageError)
            self._connections = OwnConnections(_conninfo(database), schema, limit, flag(pooler, "pooler", StorageError))
        self._months = Months()
        self._ready = False

    def within(self, connection: object) -> PostgresStorage:
        """Return the same storage inside whatever transaction the host has open on its *connection* to the same database."""
        if not isinstance(connection, (psycopg.Connection, Connections)):
            raise StorageError(f"{type(connection).__name__} is no connection of psycopg; give the one that the host writes with")
        inside = PostgresStorage(connection)
        inside._ready = self._ready
        return inside

    def migrate(self) -> None:
        """
        Make or update the tables (``journeykit_...``), and the partitions of the coming year; doing it again changes little.

        No table that is in use is locked for long. Inside a transaction of the host all of it happens there.

        Raises:
            SchemaError: the database belongs to a release that this one cannot work beside.
            StorageError: a lock was not to be had for a minute.
        """
        migrations.migrate(self._connections)

    def close(self) -> None:
        """Close what was opened here; a host's connection is left as it is."""
        self._connections.close()

    def _transaction(self, *, single: bool = False) -> AbstractContextManager[Cursor]:
        return self._prepared().transaction(single=single)

    def _prepared(self) -> Connections:
        if not self._ready:
            with self._connections.transaction(single=True) as cursor:
                migrations.check(cursor)
            self._ready = True
        return self._connections

    def sleeper(self) -> LocalSleeper | ListeningSleeper:
        """Make what one worker sleeps on: a connection of its own that listens, where there may be one."""
        connect = self._connections.open
        return LocalSleeper() if connect is None else ListeningSleeper(connect)

    # writing

    def accept(self, events: Sequence[tuple[Event, int]]) -> list[bool]:
        """Put (event, accepted_at) into their customers' mailboxes; False for each that is already known."""
        rows = [mail_row(event, accepted_at) for event, accepted_at in events]
        if not rows:
            return []
        with self._transaction(single=True) as cursor:
            new = outbox.send(cursor, rows, self._connections.hosts)
        return [row[:2] in new and not new.discard(row[:2]) for row in rows]  # type: ignore[func-returns-value]

    def commit_many(self, commits: Iterable[Commit]) -> None:
        """Write all *commits* in one transaction, or nothing."""
        batch = Batch(commits)
        write(self._ready_for(batch), batch)

    def _ready_for(self, batch: Batch) -> Connections:
        """Connections to write *batch*, which find a partition for each month of its history."""
        connections = self._prepared()
        missing = self._months.missing(batch.history)
        if missing and not connections.hosts:
            with connections.alone() as cursor:
                make(cursor, missing)
        return connections

    # reading

    def load_many(self, wants: Sequence[Want]) -> list[Loaded]:
        """Read what each `Want` names, in the same order."""
        if not wants:
            return []
        with self._transaction(single=True) as cursor:
            return load(cursor, wants)

    def customers(self, after: str = "", limit: int = 1_000) -> list[str]:
        """Return up to *limit* ids of customers greater than *after*, in order; those who only have mail are among them."""
        with self._transaction(single=True) as cursor:
            return [name for (name,) in cursor.execute(sql.READ_CUSTOMERS, (after, number(limit)))]

    def history(self, customer_id: str) -> list[HistoryEntry]:
        """Return a customer's history in order of (seq, place)."""
        with self._transaction(single=True) as cursor:
            return [HistoryEntry(*row) for row in cursor.execute(sql.READ_HISTORY, (customer_id,))]

    def events(self, customer_id: str, after: int = 0, names: Iterable[str] | None = None) -> list[LoggedEvent]:
        """Return decided events with seq > *after* in order of seq, then pending and parked ones in order of arrival."""
        chosen = None if names is None else frozenset(names)
        with self._transaction(single=True) as cursor:
            rows = cursor.execute(sql.READ_EVENTS, (customer_id, number(after))).fetchall()
        return sorted([logged_event(row) for row in rows if chosen is None or row[5] in chosen], key=event_order)

    def definitions(self) -> list[tuple[str, str, str]]:
        """Return (hash, journey name, text) of every definition that an enrollment has used."""
        with self._transaction(single=True) as cursor:
            return cursor.execute(sql.READ_DEFINITIONS).fetchall()

    def occupied(self) -> list[tuple[str, str, str, int]]:
        """Return (journey, definition, step, how many active enrollments stand there), in order."""
        with self._transaction(single=True) as cursor:
            return cursor.execute(sql.OCCUPIED).fetchall()

    def inside(self, journey: str, definition: str, after: str = "", limit: int = 1_000) -> list[str]:
        """Return up to *limit* customers greater than *after* with an active enrollment on that version, in order."""
        with self._transaction(single=True) as cursor:
            return [name for (name,) in cursor.execute(sql.INSIDE, (after, journey, definition, number(limit)))]

    def scan(self, table: str, after: Any = None, limit: int = 10_000) -> tuple[list[Row], Any]:
        """Return up to *limit* rows of a table behind the place *after*, and the place to go on from."""
        with self._transaction(single=True) as cursor:
            return scanning.scan(cursor, table, after, limit)

    # what is due

    def claim_due(self, now: int, limit: int, share: Share = EVERYBODY) -> list[str]:
        """Return up to *limit* customers of a *share* with something to do, those waiting longest first; nobody whom a transaction holds."""
        found = self._find_due(now, limit, share)
        return self._find_due(now, limit, share) if found and forwarded(self._prepared(), found) else found

    def _find_due(self, now: int, limit: int, share: Share) -> list[str]:
        with self._transaction(single=True) as cursor:
            return due.claim_due(cursor, now, limit, share)

    def next_due(self) -> int | None:
        """Return the earliest moment at which `claim_due`, `claim_outbox` or `releases` would have something."""
        with self._transaction(single=True) as cursor:
            return due.next_due(cursor)

    # workers

    def enlist(self, token: str, now: int, until: int) -> Share:
        """Write down that the worker *token* is there until *until*; return the share of the customers that falls to it."""
        with self._transaction(single=True) as cursor:
            return work.enlist(cursor, token, now, until)

    def backlog(self, now: int) -> Backlog:
        """Return what waits at *now*."""
        with self._transaction(single=True) as cursor:
            return work.backlog(cursor, now)

    def grant(self, name: str, now: int, window: int, most: int, wanted: int) -> tuple[int, int]:
        """Let as many of *wanted* go as leave no more than *most* in any window; return how many, and when one more may."""
        with self._transaction() as cursor:
            return work.grant(cursor, name, now, window, most, wanted)

    # pauses

    def begin_pause(self, pause: Pause) -> Pause:
        """Keep *pause* under the next number; return it with that number."""
        with self._transaction() as cursor:
            return pauses.begin(cursor, pause)

    def end_pause(self, number: int, at: int) -> None:
        """End a pause at *at*, where it has not ended, and bring up what stood still because of it."""
        with self._transaction() as cursor:
            if pauses.end(cursor, number, at):
                outbox.tell(cursor, self._connections.hosts)

    def pauses(self) -> list[Pause]:
        """Return all pauses, ended ones too, in order of number."""
        with self._transaction(single=True) as cursor:
            return pauses.read(cursor)

    # objects and shared numbers

    def taken(self, name: str) -> int:
        """How many have been taken of the shared number *name*."""
        with self._transaction(single=True) as cursor:
            row = cursor.execute(sql.SELECT_QUOTA, (name,)).fetchone()
        return 0 if row is None else int(row[0])

    def keep(self, name: str, value: str) -> str:
        """Keep *value* under *name*, where nothing is kept yet; return what is kept."""
        with self._transaction() as cursor:
            cursor.execute(sql.KEEP, (name, value))
            row = cursor.execute(sql.READ_KEPT, (name,)).fetchone()
        return value if row is None else str(row[0])

    def publish(self, fact: ObjectFact, ends: Iterable[str]) -> bool:
        """Keep a fact about an object, and end the releases of *ends* about it; False where it is known."""
        properties = dumps(fact.properties)
        with self._transaction() as cursor:
            if not objects.publish(cursor, fact, properties, ends):
                return False
            outbox.tell(cursor, self._connections.hosts)
        return True

    def releases(self, now: int, limit: int) -> list[Release]:
        """Return up to *limit* releases due at *now* or before, the longest due first."""
        with self._transaction(single=True) as cursor:
            return objects.releases(cursor, now, limit)

    def waiting_for(self, event: str, name: str, until: int, after: Waiter | None, limit: int) -> list[Waiter]:
        """Return up to *limit* of those who have waited for an event about an object since *until* or before."""
        with self._transaction(single=True) as cursor:
            return objects.waiting_for(cursor, event, name, until, after, limit)

    def release(self, before: Release, after: Release | None, mail: Sequence[Mail]) -> bool:
        """Deliver *mail* and go on from *before* to *after*; False where somebody else has."""
        rows = [mail_row(one.event, one.accepted_at) for one in mail]
        with self._transaction() as cursor:
            if not objects.move(cursor, before, after):
                return False
            outbox.send(cursor, rows, self._connections.hosts)
        return True

    # the outbox

    def claim_outbox(
        self, now: int, limit: int, lease: int, token: str, since: int | None = None, but: Collection[str] = ()
    ) -> list[Claimed]:
        """Take up to *limit* open messages due at *now* or before, the longest due first, until now + *lease*."""
        return outbox.claim(self._prepared(), now, limit, lease, token, since, but)

    def begin(self, message_id: int, token: str, now: int) -> bool:
        """Write down that a claimed message is about to be performed; False where its lease is over or was taken over."""
        with self._transaction(single=True) as cursor:
            return cursor.execute(sql.BEGIN_MESSAGE, (number(message_id), token, number(now))).rowcount == 1

    def settle(self, settlements: Sequence[Settlement]) -> list[bool]:
        """Record how attempts ended, and their answers; False for each whose lease was taken over."""
        return outbox.settle(self._prepared(), settlements) if settlements else []

    def outbox(self, state: str | None = None, customer_id: str | None = None, limit: int = 1_000) -> list[OutboxRow]:
        """Return outbox messages in order of id, only those in *state* or of a customer where given."""
        filters = {name: value for name, value in (("state", state), ("customer", customer_id)) if value is not None}
        text = sql.READ_OUTBOX.replace("{where}", "".join(f" and {name} = %s" for name in filters))
        with self._transaction(single=True) as cursor:
            rows = cursor.execute(statement(text), [*filters.values(), number(limit)]).fetchall()
        return [OutboxRow(row[0], message(row[6:]), row[1], row[2], row[3], row[4], answers(row[5])) for row in rows]

    def reopen(self, ids: Sequence[int], now: int, state: str) -> int:
        """Set dead messages to ``open`` or ``dropped``; return how many were dead."""
        change = sql.REOPEN_MESSAGES if state == "open" else sql.DROP_MESSAGES
        with self._transaction() as cursor:
            dead = cursor.execute(change, (numbers(ids), number(now))).rowcount
            if dead:
                outbox.tell(cursor, self._connections.hosts)
        return dead


def _conninfo(database: object) -> str:
    if not isinstance(database, str):
        raise StorageError(f"{database!r:.60} is no PostgreSQL database; give a URL, postgresql://user@host/name, or a psycopg connection")
    try:
        psycopg.conninfo.conninfo_to_dict(database)
    except psycopg.Error as error:
        raise StorageError(f"{error}; give a URL, postgresql://user@host/name") from error
    return database
