"""Several commits as the rows they write: encoded before any lock is taken, of each key only the last row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from journeykit.errors import ConflictError, QuotaError, StorageError
from journeykit.model.records import Commit, Enrollment, LoggedEvent
from journeykit.storage.rows import Row, dumps, enrollment_row, event_row, facts_text, loads, mail_row, message_row, moments_row

START = "$enter"  #: the name of an event by which somebody is let into a journey
VISIT, ENDED_AT, COLUMNS = 8, 10, 13  #: places in the row of an enrollment: the number of its visit, and when it ended; how many there are
SLOTS = 100  #: parts of a window of a rate: by so much of it somebody may wait for longer than need be
MANY = 64  #: enrollments that are gathered before they are made rows


class Batch:
    """
    The rows of several commits, which are taken one by one and let go.

    Attributes:
        bases: for each customer the revision that the first commit is based on.
        fresh: none of its events was in its customer's log when that was read.
        created: (id, revision, accepted_at, facts) of customers decided for the first time.
        moved: (revision, accepted_at, id, base) of the others; known: (facts, id) where they changed.
        moments: (moments, next_due, id) where they changed.
        enrollments: rows to write that have moved, and so most likely are there; entered: those still in their first visit.
        removed: keys (customer, journey, key) to delete.
        waits: what enrollments wait for, where it has changed: (customer, journey, key, entered_at, [(event, object, since)]).
        events, mail, history, outbox, definitions: rows to insert.
        started: (customer, id) of those events by which others have started a journey and which no commit of the batch has sent: they
            stand in the mailbox, or have been renamed since they were read, because their sender was erased.
        quotas: how many are taken from each shared number, and how many there are in all (None: any).

    Raises:
        ConflictError: a customer's commits do not follow each other.
        StorageError: something is no JSON value.
    """

    def __init__(self, commits: Iterable[Commit]) -> None:
        self.bases: dict[str, int] = {}
        self.fresh = True
        self.events: list[Row] = []
        self.mail: list[Row] = []
        self.outbox: list[Row] = []
        self.history: list[Row] = []
        self.definitions: list[Row] = []
        self.quotas: dict[str, tuple[int, int | None]] = {}
        self._waits: dict[tuple[str, str, str], Row] = {}
        self._last: dict[str, tuple[int, int]] = {}
        self._facts: dict[str, str] = {}
        self._moments: dict[str, Row] = {}
        self._gathered: dict[tuple[str, str, str], Enrollment | None] = {}
        self._rows: dict[tuple[str, str, str], Row | None] = {}
        self._texts: dict[int, str] = {}  # parameters without expressions are one object for all customers: encoded once
        self._kept: list[object] = []  # ... which must not go meanwhile, or another would get its number
        self._encoding = ""  # whose rows are being encoded, for the error
        try:
            for commit in commits:
                self._add(commit)
            self._encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise StorageError(f'customer "{self._encoding}": {error}; what is kept holds JSON values only') from error
        self._finish()

    def _add(self, commit: Commit) -> None:
        customer_id = self._encoding = commit.customer_id
        last = self._last.get(customer_id)
        if last is None:
            self.bases[customer_id] = commit.base
        elif last[0] != commit.base:
            raise ConflictError([customer_id])
        self._last[customer_id] = (commit.revision, commit.accepted_at)
        if commit.events:
            self._log(commit)
        if commit.facts is not None:
            self._facts[customer_id] = facts_text(commit.facts)
        if commit.moments is not None:
            self._moments[customer_id] = moments_row(commit.moments)
        if commit.enrollments or commit.removed:
            self._gather(commit)
        for entry in commit.history:
            self.history.append(entry[:])  # the garbage collector soon lets plain tuples of texts and numbers be
        if commit.outbox:
            self._ask(commit)
        if commit.mail or commit.definitions or commit.quotas:
            self._add_others(commit)

    def _log(self, commit: Commit) -> None:
        self.fresh = self.fresh and commit.fresh
        self.events += map(event_row, commit.events)

    def _gather(self, commit: Commit) -> None:
        customer_id = commit.customer_id
        for journey, key in commit.removed:
            self._gathered[customer_id, journey, key] = None
        for enrollment in commit.enrollments:
            place = (customer_id, enrollment.journey, enrollment.key)
            self._gathered[place] = enrollment
            if enrollment.waits is not None:
                self._waits[place] = (*place, enrollment.entered_at, enrollment.waits)
        if len(self._gathered) >= MANY:
            self._encode()

    def _encode(self) -> None:
        """Make rows of the enrollments gathered so far: the last of each key, and none lives longer than needed."""
        for place, final in self._gathered.items():
            self._encoding = place[0]
            self._rows[place] = None if final is None else enrollment_row(place[0], final)
        self._gathered.clear()

    def _ask(self, commit: Commit) -> None:
        state = "imported" if commit.imported else "open"
        for message in commit.outbox:
            text = self._texts.get(id(message.parameters))
            self.outbox.append(message_row(message, self._text(message.parameters) if text is None else text, state))

    def _add_others(self, commit: Commit) -> None:
        for mail in commit.mail:
            self.mail.append(mail_row(mail.event, mail.accepted_at))
        self.definitions += commit.definitions
        for name, count, limit in commit.quotas:
            self.quotas[name] = (self.quotas.get(name, (0, None))[0] + count, limit)

    def _text(self, parameters: dict[str, Any]) -> str:
        text = self._texts[id(parameters)] = dumps(parameters)
        self._kept.append(parameters)
        return text

    def last(self, customer_id: str, known: int) -> int:
        """The revision of a customer after the batch, who was at *known* before it."""
        return self._last[customer_id][0] if customer_id in self._last else known

    def _finish(self) -> None:
        self.created: list[Row] = []
        self.moved: list[Row] = []
        for customer_id, (revision, accepted_at) in self._last.items():
            base = self.bases[customer_id]
            if base == 0:
                self.created.append((customer_id, revision, accepted_at, self._facts.pop(customer_id, "[1]")))
            else:
                self.moved.append((revision, accepted_at, customer_id, base))
        self.known: list[Row] = [(text, customer_id) for customer_id, text in self._facts.items()]
        self.moments: list[Row] = [(*row, customer_id) for customer_id, row in self._moments.items()]
        self.waits: list[Row] = list(self._waits.values())
        self.started: list[tuple[str, str]] = []
        entered = [row for row in self.events if row[5] == START]
        if entered:
            sent = {row[1] for row in self.mail}  # by its id: who has become another is another by now
            self.started = [row[:2] for row in entered if row[1] not in sent and _sent(row)]
        self.enrollments: list[Row] = []
        self.entered: list[Row] = []
        self.removed: list[tuple[str, str, str]] = []
        for place, row in self._rows.items():
            if row is None:
                self.removed.append(place)
            else:
                (self.enrollments if row[VISIT] > 1 else self.entered).append(row)


def _sent(row: Row) -> bool:
    """Whether the event of a row has been sent by a customer and is decided."""
    return row[8] == "decided" and loads(row[6]).get("from") is not None


def refuse_too_much(batch: Batch, taken: Mapping[str, int]) -> None:
    """Raise `QuotaError` where *batch* takes more than is left, *taken* being what was before it."""
    left = {name: max(0, limit - taken.get(name, 0)) for name, (_, limit) in batch.quotas.items() if limit is not None}
    if any(name in left and count > left[name] for name, (count, _) in batch.quotas.items()):
        raise QuotaError(left)


def slot(now: int, window: int) -> int:
    """Where the part of a window begins in which *now* lies: what goes in one part counts as gone with the last of it, so that a window is few rows."""
    return now - now % max(1, window // SLOTS)


def freed(gone: Sequence[tuple[int, int]], now: int, window: int, most: int) -> int:
    """The moment from which one more than *gone* (at, how many; in order of time) may go, where *most* may in any window."""
    over = sum(number for _, number in gone) - most
    for at, number in gone:
        if over < 0:
            break
        over, now = over - number, at + window
    return now


def event_order(logged: LoggedEvent) -> tuple[bool, int, int, str]:
    """The place of an event among those of its customer: decided ones by number, then the others by arrival."""
    decided = logged.state == "decided"
    return (not decided, (logged.seq or 0) if decided else logged.arrival, logged.accepted_at, logged.event.id)
