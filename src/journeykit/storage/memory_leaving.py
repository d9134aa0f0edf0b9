"""Customers who become another, are erased, or whose past is let go of, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from journeykit.errors import ConflictError
from journeykit.model.leaving import Erased, Moved, Retained, Snapshot
from journeykit.model.records import ELSEWHERE, Commit
from journeykit.storage.batch import Batch
from journeykit.storage.memory_objects import MemoryObjects
from journeykit.storage.memory_outbox import MemoryOutbox
from journeykit.storage.memory_rows import Customer, enrollment_text, line_of, read_enrollment
from journeykit.storage.moving import moved_event_id, passed_on
from journeykit.storage.rows import dumps, enrollment_row, loads, snapshot, snapshot_text


class MemoryLeaving:
    """The rows of `journeykit.storage.memory` about who has become whom and who has left; the storage holds its lock around each call."""

    def __init__(self, customers: dict[str, Customer], outbox: MemoryOutbox, objects: MemoryObjects) -> None:
        self._customers = customers
        self._outbox = outbox
        self._objects = objects
        self._aliases: dict[str, str] = {}
        self._erased: dict[str, str] = {}
        self._snapshots: dict[str, str] = {}

    @property
    def erasures(self) -> bool:
        """Whether anybody has been erased."""
        return bool(self._erased)

    def name(self, customer_id: str) -> str:
        """The id that stands for a customer now."""
        return self._aliases.get(customer_id, customer_id)

    def identities(self, customer_id: str) -> list[str]:
        """The id that stands for a customer now, and those that have become it."""
        root = self.name(customer_id)
        return [root, *sorted(old for old, name in self._aliases.items() if name == root)]

    # becoming another

    def move(self, moved: Moved) -> None:
        """Make what belongs to the old id the survivor's."""
        old, survivor = self._customers.get(moved.customer_id, Customer()), self._customers[moved.survivor]
        lowest = min([0, *(seq for text in (survivor.events or {}).values() if (seq := loads(text)[0]) is not None)])
        by = lowest - moved.base - 1
        self._move_events(moved.customer_id, old, survivor, by)
        self._move_history(moved, old, survivor, by)
        for number in old.messages:
            self._outbox.move(number, moved, by)
        for number in moved.spent:
            self._outbox.spend(number, moved.reason, moved.at)
        survivor.messages = tuple(sorted((*survivor.messages, *old.messages)))
        lasting = {(e.journey, e.key, e.entered_at) for e in map(read_enrollment, survivor.enrollments) if e.status == "active"}
        self._objects.move(moved.customer_id, moved.survivor, lasting)
        self._snapshots.pop(moved.customer_id, None)
        self._aliases |= {name: moved.survivor for name, known in self._aliases.items() if known == moved.customer_id}
        self._aliases[moved.customer_id] = moved.survivor
        gone = self._customers[moved.customer_id] = Customer()
        gone.revision, gone.accepted_at = ELSEWHERE, old.accepted_at

    def _move_events(self, name: str, old: Customer, survivor: Customer, by: int) -> None:
        arrived = max((loads(text)[-1] for text in (survivor.pending or {}).values()), default=0)
        events: dict[str, str] = {}
        pending: dict[str, str] = {}
        for rows, moved in ((old.events or {}, events), (old.pending or {}, pending)):
            for event_id, text in rows.items():
                seq, *rest, arrival = loads(text)
                known = moved_event_id(name, event_id) if survivor.knows(event_id) else event_id
                moved[known] = dumps([None if seq is None else seq + by, *rest, arrival + arrived])
        survivor.events = {**(survivor.events or {}), **events} or None
        survivor.pending = {**(survivor.pending or {}), **pending} or None

    def _move_history(self, moved: Moved, old: Customer, survivor: Customer, by: int) -> None:
        ups = {(journey, key): up for journey, key, up in moved.numbers}
        for text in old.history or ():
            seq, place, at, kind, journey, key, number, *rest = loads(text)
            number += ups.get((journey, key), 0) if number else 0
            survivor.history = [*(survivor.history or ()), dumps([seq + by, place, at, kind, journey, key, number, *rest])]

    # leaving

    def erase(self, erased: Erased) -> bool:
        """Take out every row of a customer; False where there was none."""
        names = self.identities(erased.customer_id)
        for customer_id, customer in self._customers.items():
            if customer_id not in names:
                for name in names:
                    self._pass_on(customer, name, erased.stranger)
        gone = [self._customers.pop(name) for name in names if name in self._customers]
        for customer in gone:
            self._outbox.remove(customer.messages)
        for name in names:
            self._objects.forget(name)
            self._aliases.pop(name, None)
            self._snapshots.pop(name, None)
        self._erased |= dict.fromkeys(erased.marks, dumps(erased.remains))
        return bool(gone)

    def _pass_on(self, customer: Customer, sender: str, stranger: str) -> None:
        for rows in (customer.events, customer.pending):
            for event_id, text in list((rows or {}).items()):
                row = loads(text)
                given = passed_on(sender, event_id, loads(row[4]), stranger) if row[3] == "$enter" else None
                if rows is not None and given is not None:
                    del rows[event_id]
                    rows[given[0]] = dumps([*row[:4], dumps(given[1]), *row[5:]])

    def remains(self, marks: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What remains under those of *marks* that are known."""
        return {mark: loads(self._erased[mark]) for mark in marks if mark in self._erased}

    # keeping for so long only

    def aged(self, before: int, after: str, limit: int) -> list[str]:
        """Customers behind *after* with decided events older than *before* that have properties."""
        found = sorted(name for name, customer in self._customers.items() if name > after and _aged(customer, before))
        return found[:limit]

    def retain(self, retained: Retained) -> bool:
        """Keep a snapshot and let go of what came before it; False where the customer has moved on."""
        name, (before, state, _) = retained.customer_id, retained.snapshot
        customer = self._customers.get(name)
        if customer is None or customer.revision != retained.base:
            return False
        for event_id, text in (customer.events or {}).items():
            row = loads(text)
            if customer.events is not None and row[6] == "decided" and row[0] <= state.revision and row[1] < before:
                customer.events[event_id] = dumps([*row[:4], "{}", *row[5:]])
        self._outbox.empty(customer.messages, before)
        for e in retained.emptied:
            row = enrollment_row(name, e)
            prefix, new = line_of(row[1], row[2], row[3]), enrollment_text(row)
            customer.enrollments = tuple([new if text.startswith(prefix) else text for text in customer.enrollments])
        if retained.history:
            entries = [(loads(text), text) for text in customer.history or ()]
            customer.history = [text for entry, text in entries if entry[0] > state.revision or entry[2] >= before]
        self._snapshots[name] = snapshot_text(name, retained.snapshot)
        return True

    def snapshot(self, customer_id: str) -> Snapshot | None:
        """The snapshot of a customer."""
        text = self._snapshots.get(customer_id)
        return None if text is None else snapshot(customer_id, text)


def _aged(customer: Customer, before: int) -> bool:
    rows = map(loads, (customer.events or {}).values())
    if any(row[6] == "decided" and row[1] < before and row[4] != "{}" for row in rows):
        return True
    return any(e.data and e.ended_at is not None and e.ended_at < before for e in map(read_enrollment, customer.enrollments))


class Leavers:
    """The part of `journeykit.MemoryStorage` that is about customers who have become others or leave."""

    _lock: Lock
    _leaving: MemoryLeaving
    _customers: dict[str, Customer]
    _quotas: dict[str, int]
    _limited: set[str]

    def _commit(self, batch: Batch, moved: Moved | None) -> None:
        raise NotImplementedError

    def _check_moved(self, batch: Batch, moved: Moved) -> None:
        """The old id is at the revision that the batch leaves it at."""
        known = self._customers.get(moved.customer_id)
        if batch.last(moved.customer_id, known.revision if known else 0) != moved.base:
            raise ConflictError([moved.customer_id])

    def merge(self, commits: Sequence[Commit], moved: Moved) -> None:
        """Write *commits* and let a customer become another, or nothing."""
        self._commit(Batch(commits), moved)

    def identities(self, customer_id: str) -> list[str]:
        """The id that stands for a customer now, and then those that have become it."""
        with self._lock:
            return self._leaving.identities(customer_id)

    def erase(self, erased: Erased) -> bool:
        """Take out every row of a customer, and keep what remains under each mark; False where nothing was known."""
        with self._lock:
            return self._leaving.erase(erased)

    def remains(self, marks: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What remains under those of *marks* that are known."""
        with self._lock:
            return self._leaving.remains(marks)

    def aged(self, before: int, after: str, limit: int) -> list[str]:
        """Up to *limit* customers behind *after* with decided events older than *before* that have properties."""
        with self._lock:
            return self._leaving.aged(before, after, limit)

    def retain(self, retained: Retained) -> bool:
        """Keep a snapshot and let go of what came before it; False where the customer has moved on."""
        with self._lock:
            return self._leaving.retain(retained)

    def snapshot(self, customer_id: str) -> Snapshot | None:
        """The snapshot of a customer, None where nothing of their past is gone."""
        with self._lock:
            return self._leaving.snapshot(customer_id)

    def forget_taken(self, over: Callable[[str], bool]) -> None:
        """Forget what was taken of the limited numbers whose names are *over*."""
        with self._lock:
            gone = {name for name in self._limited if over(name)}
            self._limited -= gone
            for name in gone:
                del self._quotas[name]

    def purge(self) -> None:
        """There is no file in which anything could be left."""
