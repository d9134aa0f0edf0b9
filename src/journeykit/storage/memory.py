"""
A storage in memory: for tests, rehearsals and shops that can lose everything.

It keeps encoded rows through the same codec as a database, never live objects, so nobody can change what is stored, and an
idle customer costs a few hundred bytes.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Collection, Iterable, Sequence
from threading import Lock
from typing import Any, cast

from journeykit.errors import ConflictError, StorageError
from journeykit.model.backlog import Backlog
from journeykit.model.leaving import Moved
from journeykit.model.messages import Event
from journeykit.model.objects import Release
from journeykit.model.pauses import Pause
from journeykit.model.records import (
    EVERYBODY,
    MAILBOX,
    Claimed,
    Commit,
    Facts,
    HistoryEntry,
    Loaded,
    LoggedEvent,
    Mail,
    OutboxRow,
    Settlement,
    Share,
    Want,
)
from journeykit.storage import memory_rows
from journeykit.storage.batch import Batch, event_order, refuse_too_much
from journeykit.storage.memory_due import MemoryDue
from journeykit.storage.memory_leaving import Leavers, MemoryLeaving
from journeykit.storage.memory_objects import AboutObjects, MemoryObjects
from journeykit.storage.memory_outbox import MemoryOutbox
from journeykit.storage.memory_rows import (
    Customer,
    Message,
    asked,
    enrollment_text,
    is_decided,
    line_of,
    read_enrollment,
    read_event,
    wanted,
)
from journeykit.storage.memory_scanning import MemoryScans
from journeykit.storage.memory_work import MemoryWork
from journeykit.storage.rows import Row, dumps, facts, loads, mail_row, read_moments
from journeykit.storage.sleeping import LocalSleeper


class MemoryStorage(Leavers, AboutObjects):
    """Keeps everything in this process; see `journeykit.ports.Storage`."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._customers: dict[str, Customer] = {}
        self._due = MemoryDue(self._customers)
        self._outbox = MemoryOutbox()
        self._definitions: dict[str, tuple[str, str, str]] = {}
        self._quotas: dict[str, int] = {}  #: how many are taken of each shared number
        self._limited: set[str] = set()  #: those that have a limit
        self._kept: dict[str, str] = {}  #: what holds once for all customers
        self._objects = MemoryObjects()
        self._leaving = MemoryLeaving(self._customers, self._outbox, self._objects)
        self._pauses: list[Pause] = []
        self._work = MemoryWork()

    def within(self, connection: object) -> MemoryStorage:
        """There is no database whose transaction it could join."""
        raise StorageError("what is kept in memory joins no transaction of a database; use the storage of the host's database")

    def migrate(self) -> None:
        """There is nothing to bring up to date."""

    def close(self) -> None:
        """There is nothing to let go of."""

    def sleeper(self) -> LocalSleeper:
        """Make what one worker sleeps on."""
        return LocalSleeper()

    # writing

    def accept(self, events: Sequence[tuple[Event, int]]) -> list[bool]:
        """Put (event, accepted_at) into their customers' mailboxes; False for each that is already known."""
        rows = [mail_row(event, accepted_at) for event, accepted_at in events]
        with self._lock:
            return [self._receive(row) for row in rows]

    def commit_many(self, commits: Iterable[Commit]) -> None:
        """Write all *commits*, or nothing."""
        self._commit(Batch(commits), None)

    def _commit(self, batch: Batch, moved: Moved | None) -> None:
        enrollments = [(row[0], line_of(row[1], row[2]), enrollment_text(row)) for row in (*batch.entered, *batch.enrollments)]
        messages = [
            (row[0], (row[0], row[13]) if row[9] == "marketing" else None, Message(dumps(row[:15]), (row[1], row[6]), row[8], row[15]))
            for row in batch.outbox
        ]
        with self._lock:
            self._check(batch)
            if moved is not None:
                self._check_moved(batch, moved)
            self._write_customers(batch)
            for customer_id, prefix, text in enrollments:
                self._put(customer_id, prefix, text)
            for entry in batch.history:
                self._note(entry)
            for customer_id, capped, outgoing in messages:
                self._customers[customer_id].messages += (self._outbox.add(outgoing, capped),)
            for row in batch.waits:
                self._objects.wait(row)
            for customer_id in batch.bases:
                self._schedule(customer_id, self._customers[customer_id])
            for row in batch.mail:
                self._receive(row)
            if moved is not None:
                self._leaving.move(moved)
                self._schedule(moved.survivor, self._customers[moved.survivor])

    def _customer(self, customer_id: str) -> Customer:
        customer = self._customers.get(customer_id)
        if customer is None:
            customer = self._customers[customer_id] = Customer()
        return customer

    def _receive(self, row: Row) -> bool:
        customer_id, event_id, *rest, _ = row
        customer_id = self._leaving.name(customer_id)
        customer = self._customer(customer_id)
        if customer.knows(event_id):
            return False
        customer.pending = customer.pending or {}
        arrival = loads(customer.pending[next(reversed(customer.pending))])[-1] if customer.pending else 0
        customer.pending[event_id] = dumps([None, *rest, "pending", arrival + 1])
        if customer.ready is None or rest[0] < customer.ready:
            customer.ready = rest[0]
            self._wake(customer_id)
        return True

    def _check(self, batch: Batch) -> None:
        stale = [name for name, base in batch.bases.items() if base != (self._customers[name].revision if name in self._customers else 0)]
        if stale:
            raise ConflictError(stale)
        for customer_id, event_id in batch.started:
            if customer_id not in self._customers or event_id not in (self._customers[customer_id].pending or ()):
                raise ConflictError([customer_id])
        decided: set[tuple[str, str]] = set()
        for row in batch.events:
            customer = self._customers.get(row[0])
            known = customer.events.get(row[1]) if customer is not None and customer.events else None
            if (row[0], row[1]) in decided or (known is not None and is_decided(known)):
                raise ConflictError([row[0]])
            if row[8] == "decided":
                decided.add((row[0], row[1]))
        refuse_too_much(batch, self._quotas)

    def _write_customers(self, batch: Batch) -> None:
        for customer_id, revision, accepted_at, text in batch.created:
            customer = self._customer(customer_id)
            customer.revision, customer.accepted_at, customer.facts = revision, accepted_at, text
        for revision, accepted_at, customer_id, _ in batch.moved:
            customer = self._customers[customer_id]
            customer.revision, customer.accepted_at = revision, accepted_at
        for text, customer_id in batch.known:
            self._customers[customer_id].facts = text
        for text, due, customer_id in batch.moments:
            self._customers[customer_id].moments = (text, due)
        for customer_id, journey, key in batch.removed:
            self._put(customer_id, line_of(journey, key))
        for row in batch.events:
            self._log(row)
        for row in batch.definitions:
            self._definitions.setdefault(row[0], cast("tuple[str, str, str]", row))
        for name, (count, _) in batch.quotas.items():
            self._quotas[name] = self._quotas.get(name, 0) + count
        self._limited.update(name for name, (_, most) in batch.quotas.items() if most is not None)

    def _put(self, customer_id: str, prefix: str, *texts: str) -> None:
        customer = self._customers[customer_id]
        customer.enrollments = (*[text for text in customer.enrollments if not text.startswith(prefix)], *texts)

    def _log(self, row: Row) -> None:
        customer = self._customers[row[0]]
        if customer.pending and customer.pending.pop(row[1], None) and not customer.pending:
            customer.pending = None
        customer.events = {} if customer.events is None else customer.events
        customer.events[row[1]] = dumps(row[2:])

    def _note(self, entry: Row) -> None:
        customer = self._customers[entry[0]]
        if customer.history is None:
            customer.history = []
        customer.history.append(dumps(entry[1:]))

    # reading

    def load_many(self, wants: Sequence[Want]) -> list[Loaded]:
        """Read what each `Want` names, in the same order."""
        with self._lock:
            return [self._load(want) for want in wants]

    def _load(self, want: Want) -> Loaded:
        customer = self._customers.get(want.customer_id)
        if customer is None:
            return Loaded(want.customer_id, 0, 0, Facts(), [], [], erasures=self._leaving.erasures)
        enrollments = [read_enrollment(text) for text in wanted(customer, want)]
        if len(enrollments) > 1:
            enrollments.sort(key=lambda e: (e.order, e.journey, e.key))
        pending = [read_event(want.customer_id, name, text) for name, text in itertools.islice((customer.pending or {}).items(), MAILBOX)]
        pending.sort(key=lambda logged: logged.accepted_at)
        seen = frozenset([name for name in want.events if customer.knows(name)])
        moments, due = customer.moments or (None, None)
        known = facts(customer.facts)
        revision, accepted_at = customer.revision, customer.accepted_at
        wary = not revision and self._leaving.erasures
        return Loaded(want.customer_id, revision, accepted_at, known, enrollments, pending, seen, read_moments(moments), due, wary)

    def customers(self, after: str = "", limit: int = 1_000) -> list[str]:
        """Return up to *limit* ids of customers greater than *after*, in order."""
        with self._lock:
            return heapq.nsmallest(limit, (name for name, one in self._customers.items() if name > after and one.revision >= 0))

    def history(self, customer_id: str) -> list[HistoryEntry]:
        """Return a customer's history in order of (seq, place)."""
        with self._lock:
            customer = self._customers.get(customer_id)
            texts = list(customer.history or ()) if customer else []
        return sorted((HistoryEntry(customer_id, *loads(text)) for text in texts), key=lambda entry: (entry.seq, entry.place))

    def events(self, customer_id: str, after: int = 0, names: Iterable[str] | None = None) -> list[LoggedEvent]:
        """Return decided events with seq > *after* in order of seq, then pending and parked ones in order of arrival."""
        with self._lock:
            customer = self._customers.get(customer_id)
            texts = {**(customer.events or {}), **(customer.pending or {})} if customer else {}
        logged = [read_event(customer_id, name, text) for name, text in texts.items()]
        chosen = None if names is None else frozenset(names)
        return sorted((e for e in logged if asked(e, after, chosen)), key=event_order)

    def definitions(self) -> list[tuple[str, str, str]]:
        """Return (hash, journey name, text) of every definition that an enrollment has used."""
        with self._lock:
            return sorted(self._definitions.values())

    def occupied(self) -> list[tuple[str, str, str, int]]:
        """Return (journey, definition, step, how many active enrollments stand there), in order."""
        with self._lock:
            return memory_rows.occupied(self._customers.values())

    def inside(self, journey: str, definition: str, after: str = "", limit: int = 1_000) -> list[str]:
        """Return up to *limit* customers greater than *after* with an active enrollment on that version, in order."""
        with self._lock:
            return heapq.nsmallest(limit, memory_rows.on_version(self._customers.items(), journey, definition, after))

    def scan(self, table: str, after: Any = None, limit: int = 10_000) -> tuple[list[Row], Any]:
        """Return up to *limit* rows of a table behind the place *after*, and the place to go on from."""
        with self._lock:
            return MemoryScans(self._customers, self._outbox, self._definitions).scan(table, after, limit)

    # what is due

    def _schedule(self, customer_id: str, customer: Customer) -> None:
        ready = customer.next_ready()
        if ready != customer.ready:
            customer.ready = ready
            if ready is not None:
                self._wake(customer_id)

    def _wake(self, customer_id: str) -> None:
        self._due.wake(customer_id)

    def claim_due(self, now: int, limit: int, share: Share = EVERYBODY) -> list[str]:
        """Return up to *limit* customers of a *share* with something to do, those waiting longest first."""
        with self._lock:
            return self._due.claim(now, limit, share)

    def next_due(self) -> int | None:
        """Return the earliest moment at which `claim_due` or `claim_outbox` would have something."""
        with self._lock:
            moments = [self._due.next(), self._outbox.next_due(), self._objects.next_due()]
            return min([moment for moment in moments if moment is not None], default=None)

    # workers

    def enlist(self, token: str, now: int, until: int) -> Share:
        """Write down that the worker *token* is there until *until*; return the share of the customers that falls to it."""
        with self._lock:
            return self._work.enlist(token, now, until)

    def backlog(self, now: int) -> Backlog:
        """Return what waits at *now*."""
        with self._lock:
            mail = [loads(text)[1] for one in self._customers.values() for text in (one.pending or {}).values()]
            timers = [due for one in self._customers.values() if (due := one.next_timer()) is not None and due < now]
            waiting = [at for at in mail if at <= now]
            return Backlog(len(waiting), min(waiting, default=None), len(timers), min(timers, default=None), *self._outbox.backlog(now))

    def grant(self, name: str, now: int, window: int, most: int, wanted: int) -> tuple[int, int]:
        """Let as many of *wanted* go as leave no more than *most* in any window; return how many, and when one more may."""
        with self._lock:
            return self._work.grant(name, now, window, most, wanted)

    # objects and shared numbers

    def taken(self, name: str) -> int:
        """How many have been taken of the shared number *name*."""
        with self._lock:
            return self._quotas.get(name, 0)

    def keep(self, name: str, value: str) -> str:
        """Keep *value* under *name*, where nothing is kept yet; return what is kept."""
        with self._lock:
            return self._kept.setdefault(name, value)

    def begin_pause(self, pause: Pause) -> Pause:
        """Keep *pause* under the next number; return it with that number."""
        with self._lock:
            self._pauses.append(pause._replace(number=len(self._pauses) + 1))
            return self._pauses[-1]

    def end_pause(self, number: int, at: int) -> None:
        """End a pause at *at*, where it has not ended, and bring up what stood still because of it."""
        with self._lock:
            if not 0 < number <= len(self._pauses):
                return
            pause = self._pauses[number - 1]
            at = at if pause.ended_at is None else pause.ended_at
            self._pauses[number - 1] = pause._replace(ended_at=at)
            for customer_id, customer in self._customers.items():
                if customer.bring_up(number, at):
                    self._schedule(customer_id, customer)
            self._outbox.bring_up(pause.words, at)

    def pauses(self) -> list[Pause]:
        """Return all pauses, ended ones too, in order of number."""
        with self._lock:
            return list(self._pauses)

    def release(self, before: Release, after: Release | None, mail: Sequence[Mail]) -> bool:
        """Deliver *mail* and go on from *before* to *after*; False where somebody else has."""
        rows = [mail_row(one.event, one.accepted_at) for one in mail]
        with self._lock:
            if not self._objects.release(before, after):
                return False
            for row in rows:
                self._receive(row)
            return True

    # the outbox

    def _messages_of(self, customer_id: str) -> Sequence[int]:
        customer = self._customers.get(customer_id)
        return () if customer is None else customer.messages

    def claim_outbox(
        self, now: int, limit: int, lease: int, token: str, since: int | None = None, but: Collection[str] = ()
    ) -> list[Claimed]:
        """Take up to *limit* open messages due at *now* or before, the longest due first, until now + *lease*."""
        with self._lock:
            return self._outbox.claim(now, limit, lease, token, since, but)

    def begin(self, message_id: int, token: str, now: int) -> bool:
        """Write down that a claimed message is about to be performed; False where its lease is over or was taken over."""
        with self._lock:
            return self._outbox.begin(message_id, token, now)

    def settle(self, settlements: Sequence[Settlement]) -> list[bool]:
        """Record how attempts ended, and their answers; False for each whose lease was taken over."""
        answers = [[mail_row(mail.event, mail.accepted_at) for mail in settlement.mail] for settlement in settlements]
        with self._lock:
            return [self._settle(settlement, rows) for settlement, rows in zip(settlements, answers, strict=True)]

    def _settle(self, settlement: Settlement, answers: Sequence[Row]) -> bool:
        written = self._outbox.settle(settlement)
        for answer in answers if written else ():
            self._receive(answer)
        return written

    def outbox(self, state: str | None = None, customer_id: str | None = None, limit: int = 1_000) -> list[OutboxRow]:
        """Return outbox messages in order of id, only those in *state* or of a customer where given."""
        with self._lock:
            return self._outbox.rows(state, None if customer_id is None else self._messages_of(customer_id), limit)

    def reopen(self, ids: Sequence[int], now: int, state: str) -> int:
        """Set dead messages to ``open`` or ``dropped``; return how many were dead."""
        with self._lock:
            return self._outbox.reopen(ids, now, state)
