"""Several commits as the rows they write: encoded before any lock is taken, of each key only the last row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from journeykit.errors import ConflictError, StorageError
from journeykit.model.records import Commit, Enrollment, Facts, HistoryEntry, LoggedEvent
from journeykit.storage.rows import Row, enrollment_row, event_row, facts_text, mail_row, message_row, moments_row


class Change:
    """What the commits of one customer come to."""

    __slots__ = ("accepted_at", "base", "facts", "moments", "revision")

    def __init__(self, commit: Commit) -> None:
        self.base = commit.base
        self.revision = commit.revision
        self.accepted_at = commit.accepted_at
        self.facts: Facts | None = commit.facts
        self.moments: list[Any] | None = commit.moments

    def follow(self, commit: Commit) -> None:
        """Go on with the customer's next commit."""
        if commit.base != self.revision:
            raise ConflictError([commit.customer_id])
        self.revision = commit.revision
        self.accepted_at = commit.accepted_at
        self.facts = self.facts if commit.facts is None else commit.facts
        self.moments = self.moments if commit.moments is None else commit.moments


class Batch:
    """
    The rows of several commits.

    Attributes:
        changes: customer id -> what changes of the customer's own row.
        created: (id, revision, accepted_at, facts) of customers decided for the first time.
        moved: (revision, accepted_at, facts or None, id, base) of the others.
        moments: (moments, next_due, id) where they changed.
        enrollments: rows to write; removed: keys (customer, journey, key) to delete.
        events, mail, history, outbox, definitions: rows to insert.
        quotas: how many are taken from each shared number.
    """

    def __init__(self, commits: Sequence[Commit]) -> None:
        self.changes: dict[str, Change] = {}
        self.history: list[HistoryEntry] = []
        self.events: list[Row] = []
        self.mail: list[Row] = []
        self.outbox: list[Row] = []
        self.definitions: list[Row] = []
        self.quotas: dict[str, int] = {}
        last: dict[tuple[str, str, str], Enrollment | None] = {}
        for commit in commits:
            try:
                self._add(commit, last)
            except (TypeError, ValueError, RecursionError) as error:
                raise _unwritable(commit.customer_id, error) from error
        self._rows(last)

    def _add(self, commit: Commit, last: dict[tuple[str, str, str], Enrollment | None]) -> None:
        customer_id = commit.customer_id
        change = self.changes.get(customer_id)
        if change is None:
            self.changes[customer_id] = Change(commit)
        else:
            change.follow(commit)
        for journey, key in commit.removed:
            last[customer_id, journey, key] = None
        for enrollment in commit.enrollments:
            last[customer_id, enrollment.journey, enrollment.key] = enrollment
        self.history += commit.history
        state = "imported" if commit.imported else "open"
        self.outbox += [message_row(message, state) for message in commit.outbox]
        self.events += [event_row(logged) for logged in commit.events]
        if commit.mail:
            self.mail += [mail_row(mail.event, mail.accepted_at) for mail in commit.mail]
        self.definitions += commit.definitions
        for name, count in commit.quotas:
            self.quotas[name] = self.quotas.get(name, 0) + count

    def _rows(self, last: dict[tuple[str, str, str], Enrollment | None]) -> None:
        self.enrollments: list[Row] = []
        self.removed: list[tuple[str, str, str]] = []
        for place, enrollment in last.items():
            if enrollment is None:
                self.removed.append(place)
                continue
            try:
                self.enrollments.append(enrollment_row(place[0], enrollment))
            except (TypeError, ValueError, RecursionError) as error:
                raise _unwritable(place[0], error) from error
        self.created: list[Row] = []
        self.moved: list[Row] = []
        self.moments: list[Row] = []
        for customer_id, change in self.changes.items():
            try:
                self._customer(customer_id, change)
            except (TypeError, ValueError, RecursionError) as error:
                raise _unwritable(customer_id, error) from error

    def _customer(self, customer_id: str, change: Change) -> None:
        text = None if change.facts is None else facts_text(change.facts)
        if change.base == 0:
            self.created.append((customer_id, change.revision, change.accepted_at, text or "[1]"))
        else:
            self.moved.append((change.revision, change.accepted_at, text, customer_id, change.base))
        if change.moments is not None:
            self.moments.append((*moments_row(change.moments), customer_id))


def _unwritable(customer_id: str, error: Exception) -> StorageError:
    return StorageError(f'customer "{customer_id}": {error}; traits, data, properties and parameters hold JSON values only')


def used_up(name: str, taken: int, limit: int) -> StorageError:
    """The error of a commit that takes more of a quota than is left."""
    return StorageError(f'quota "{name}" used up: {taken} of {limit} taken')


def event_order(logged: LoggedEvent) -> tuple[bool, int, int, str]:
    """The place of an event among those of its customer: decided ones by number, then the others by arrival."""
    decided = logged.state == "decided"
    return (not decided, (logged.seq or 0) if decided else logged.arrival, logged.accepted_at, logged.event.id)
