"""Several commits as the rows they write: encoded before any lock is taken, of each key only the last row."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.errors import ConflictError, StorageError
from journeykit.model.records import Commit, Enrollment, Facts, HistoryEntry, LoggedEvent, Moment
from journeykit.storage.rows import Row, dumps, enrollment_row, event_row, facts_text, mail_row, message_row, moments_row


class Batch:
    """
    The rows of several commits.

    Attributes:
        bases: for each customer the revision that the first commit is based on.
        created: (id, revision, accepted_at, facts) of customers decided for the first time.
        moved: (revision, accepted_at, facts or None, id, base) of the others.
        moments: (moments, next_due, id) where they changed.
        enrollments: rows to write; removed: keys (customer, journey, key) to delete.
        events, mail, history, outbox, definitions: rows to insert.
        quotas: how many are taken from each shared number.

    Raises:
        ConflictError: a customer's commits do not follow each other.
        StorageError: something is no JSON value.
    """

    def __init__(self, commits: Sequence[Commit]) -> None:
        self._encoding = ""  # whose rows are being encoded, for the error
        try:
            self._add_customers(commits)
            self._add_enrollments(commits)
            self._add_rows(commits)
        except (TypeError, ValueError, RecursionError) as error:
            raise StorageError(f'customer "{self._encoding}": {error}; what is kept holds JSON values only') from error
        self.history: list[HistoryEntry] = [entry for commit in commits for entry in commit.history]
        self.definitions: list[Row] = [definition for commit in commits for definition in commit.definitions]
        self.quotas: dict[str, int] = {}
        for commit in commits:
            for name, count in commit.quotas:
                self.quotas[name] = self.quotas.get(name, 0) + count

    def _add_customers(self, commits: Sequence[Commit]) -> None:
        self.bases: dict[str, int] = {}
        last: dict[str, Commit] = {}
        known: dict[str, Facts] = {}
        moments: dict[str, Sequence[Moment]] = {}
        for commit in commits:
            customer_id = commit.customer_id
            if customer_id not in last:
                self.bases[customer_id] = commit.base
            elif last[customer_id].revision != commit.base:
                raise ConflictError([customer_id])
            last[customer_id] = commit
            if commit.facts is not None:
                known[customer_id] = commit.facts
            if commit.moments is not None:
                moments[customer_id] = commit.moments
        self._encode_customers(last, known)
        self.moments: list[Row] = [(*moments_row(whole), customer_id) for customer_id, whole in moments.items()]

    def _encode_customers(self, last: dict[str, Commit], known: dict[str, Facts]) -> None:
        self.created: list[Row] = []
        self.moved: list[Row] = []
        for customer_id, commit in last.items():
            self._encoding = customer_id
            text = facts_text(known[customer_id]) if customer_id in known else None
            base = self.bases[customer_id]
            if base == 0:
                self.created.append((customer_id, commit.revision, commit.accepted_at, text or "[1]"))
            else:
                self.moved.append((commit.revision, commit.accepted_at, text, customer_id, base))

    def _add_enrollments(self, commits: Sequence[Commit]) -> None:
        last: dict[tuple[str, str, str], Enrollment | None] = {}
        for commit in commits:
            customer_id = commit.customer_id
            for journey, key in commit.removed:
                last[customer_id, journey, key] = None
            for enrollment in commit.enrollments:
                last[customer_id, enrollment.journey, enrollment.key] = enrollment
        self.enrollments: list[Row] = []
        self.removed: list[tuple[str, str, str]] = []
        for place, final in last.items():
            self._encoding = place[0]
            if final is None:
                self.removed.append(place)
            else:
                self.enrollments.append(enrollment_row(place[0], final))

    def _add_rows(self, commits: Sequence[Commit]) -> None:
        self.events: list[Row] = []
        self.mail: list[Row] = []
        self.outbox: list[Row] = []
        texts: dict[int, str] = {}  # parameters without expressions are one object for all customers: encoded once
        for commit in commits:
            self._encoding = commit.customer_id
            for logged in commit.events:
                self.events.append(event_row(logged))
            for message in commit.outbox:
                text = texts.get(id(message.parameters))
                if text is None:
                    text = texts[id(message.parameters)] = dumps(message.parameters)
                self.outbox.append(message_row(message, text, "imported" if commit.imported else "open"))
            for mail in commit.mail:
                self.mail.append(mail_row(mail.event, mail.accepted_at))


def used_up(name: str, taken: int, limit: int) -> StorageError:
    """The error of a commit that takes more of a quota than is left."""
    return StorageError(f'quota "{name}" used up: {taken} of {limit} taken')


def event_order(logged: LoggedEvent) -> tuple[bool, int, int, str]:
    """The place of an event among those of its customer: decided ones by number, then the others by arrival."""
    decided = logged.state == "decided"
    return (not decided, (logged.seq or 0) if decided else logged.arrival, logged.accepted_at, logged.event.id)
