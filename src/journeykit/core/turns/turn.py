"""One signal being decided for one customer: what is read, and what has been decided so far. It ends as a `Commit`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from journeykit.core.compiling.index import Compiled
from journeykit.core.compiling.plans import as_key
from journeykit.core.compiling.quotas import KNOWN, Known, Quota, Unread, quota_key, told
from journeykit.core.expressions.context import NOTHING, Context
from journeykit.core.expressions.expressions import MISSING
from journeykit.core.facts.facts import Change
from journeykit.core.turns.state import Customer, own_timers
from journeykit.model.messages import Event
from journeykit.model.records import Commit, Enrollment, Facts, HistoryEntry, LoggedEvent, Mail, Moment, OutboxMessage

MOST = 100  #: automatic transitions, raised signals and timers due at once in one decision (P11)
ARMS = 4_096  #: room for arming numbers within one signal

Mark = tuple[
    Facts, tuple["Raised", ...], Sequence[HistoryEntry], Sequence[OutboxMessage], Sequence[LoggedEvent], Sequence[Mail],
    Sequence[tuple[str, str, str]], Sequence[tuple[str, int, int | None]],
]  # fmt: skip


class Incomplete(Exception):  # noqa: N818  a request for more rows, not an error
    """
    A decision needs rows that were not loaded; load them too and call again.

    Attributes:
        journeys: all active rows of these are needed.
        keys: (journey, key) rows needed whether active or ended; a key of None means all of that journey.
    """

    def __init__(self, journeys: frozenset[str], keys: tuple[tuple[str, str | None], ...] = ()) -> None:
        self.journeys = journeys
        self.keys = keys
        super().__init__(", ".join(sorted(journeys)))


class Trace(NamedTuple):
    """Why something did not happen, noted while a customer is replayed for ``explain``."""

    at: int
    kind: str  #: condition, key, late, reentry, filter, closed, missing key, duplicate
    journey: str
    key: str
    step: str
    cause: str
    detail: str
    actions: tuple[str, ...] = ()  #: actions that the rule would have asked for


class Raised(NamedTuple):
    """A signal that a decision raised, decided after it at the same now."""

    kind: str  #: changed, start, timer, occurred, lane, moved
    subject: Any
    old: Any = None
    new: Any = None


class Turn(Context):
    """
    The working state of one signal and of what it raises, which is also what its expressions see.

    What is decided is put into ``commit`` and only grows; `mark` and `rewind` take back one enrollment's part. A turn is made for every
    event, so it holds little besides.
    """

    __slots__ = (
        "armed", "asking", "changed", "commit", "compiled", "covered", "enrollments", "kept", "known", "needed", "raised", "seq", "stirred",
        "stored", "taken", "touched", "trace",
    )  # fmt: skip

    def __init__(self, compiled: Compiled, customer: Customer, now: int, event: Event | None, trace: list[Trace] | None = None) -> None:
        self.customer_id = customer.customer_id
        self.facts = customer.facts
        self.enrollments = customer.enrollments
        self.covered = customer.covered
        self.stored: Sequence[Any] = customer.moments  #: the customer's own timers, as they were loaded
        self.seq = seq = customer.revision + 1
        self.compiled = compiled
        self.now = now
        self.event = event
        if event is None:  # a timer fires once its instant has passed, so that what comes after it has missed that (P4)
            self.properties = NOTHING
            self.commit = Commit(customer.customer_id, customer.revision, seq, now + 1)
        else:
            self.properties = event.properties
            self.commit = Commit(customer.customer_id, customer.revision, seq, now)
        self.data = NOTHING
        self.enrollment = self.old = self.new = None
        self.trace = trace
        self.changed: dict[tuple[str, str], Enrollment] = {}
        self.raised: tuple[Raised, ...] = ()
        self.touched: tuple[tuple[str, str], ...] = ()  #: enrollments that took the signal
        self.known = KNOWN  #: what is known of what customers share
        self.asking = False  #: whether somebody can be asked for what is not known
        self.needed: Known | None = None  #: what of it had to be known: numbers of which nothing was left, and what was told
        self.kept: dict[str, Moment] | None = None  #: the same by name, once somebody has looked at them
        self.stirred: tuple[str, ...] = ()  #: what has changed that no watcher has looked at yet
        self.taken = 0
        self.armed = 0

    @property
    def passed(self) -> int:
        """The last instant that has passed, microseconds UTC."""
        return self.commit.accepted_at - 1

    @property
    def moments(self) -> dict[str, Moment]:
        """The customer's own timers, by name; never changed in place."""
        if self.kept is None:
            self.kept = own_timers(self.stored)
        return self.kept

    @moments.setter
    def moments(self, moments: dict[str, Moment]) -> None:
        self.kept, self.commit.moments = moments, ()  # that they change; they are filled in at the end

    def order(self) -> int:
        """The next arming number: later ones are greater, over all of the customer's signals."""
        self.armed += 1
        return self.seq * ARMS + self.armed

    def find(self, journey: str, key: str) -> Enrollment | None:
        """The enrollment as decided so far."""
        place = (journey, key)
        return self.changed.get(place) or self.enrollments.get(place)

    def active(self, journeys: frozenset[str]) -> list[Enrollment]:
        """The active enrollments of *journeys*, in order of entry."""
        rows = {**self.enrollments, **self.changed} if self.changed else self.enrollments
        found = [e for e in rows.values() if e.status == "active" and e.journey in journeys]
        if len(found) > 1:
            found.sort(key=by_entry)
        return found

    def grant(self, quota: Quota, cause: str) -> bool:
        """Take one of a shared number, as far as is known; where none is left, record it."""
        take, of = quota.take, None if quota.per is None else as_key(quota.per(self))
        if of is MISSING:
            return False  # there is nothing of which one could be left
        key = quota_key(take, quota.zone, self.now, of)
        left, needed = self.known.left.get(key, take.limit), self.needed or KNOWN
        if sum(number for name, number, _ in self.commit.quotas if name == key) < left:
            self.commit.quotas = (*self.commit.quotas, (key, 1, take.limit))
            return True
        if key not in needed.left:
            self.needed = needed._replace(left={**needed.left, key: left})
            self.note("used up", self.enrollment, cause, self.enrollment.step if self.enrollment else None, reason=told(take, of))
        return False

    def be_sure(self, taken: Iterable[tuple[str, int, int | None]]) -> None:
        """Raise `Unread` where one of *taken*, which nobody will look at any more, was taken without knowing what is left."""
        for key, _, limit in taken:
            if self.asking and limit is not None and key not in self.known.left:
                raise Unread(key, limit)

    def inside(self, journey: str) -> list[str]:
        """The keys under which the customer is in *journey*, as decided so far."""
        self.need(frozenset({journey}))
        return [e.key for e in self.active(frozenset({journey}))]

    def entered_or_left(self, journey: str, *, entered: bool) -> None:
        """Let rules look again that read whether the customer is in *journey*."""
        compiled = self.compiled
        if f"active.{journey}" in compiled.watched:
            self.raised += (Raised("changed", f"active.{journey}", not entered, entered),)
        if compiled.lanes and journey in compiled.lanes:
            self.raised += (Raised("lane", compiled.lanes[journey].name),)

    def need(self, journeys: frozenset[str]) -> None:
        """Raise `Incomplete` where rows of *journeys* have not been loaded."""
        if self.covered is not None and not journeys <= self.covered.journeys:
            raise Incomplete(journeys)

    def need_key(self, journey: str, key: str | None) -> None:
        """Raise `Incomplete` where the row of *key*, active or ended, has not been loaded."""
        if (
            self.covered is not None
            and not {(journey, key), (journey, None)} & self.covered.keys
            and (journey, key or "") not in self.changed
        ):
            raise Incomplete(frozenset({journey}), ((journey, key),))

    def note(
        self,
        kind: str,
        enrollment: Enrollment | None,
        cause: str,
        source: str | None = None,
        target: str | None = None,
        reason: str | None = None,
        timers: str = "",
    ) -> None:
        """Add a line to the history."""
        journey, key, number = ("", "", 0) if enrollment is None else (enrollment.journey, enrollment.key, enrollment.number)
        history = self.commit.history
        self.commit.history = (
            *history,
            HistoryEntry(
                self.customer_id, self.seq, len(history), self.now, kind, journey, key, number, source, target, cause, reason, timers
            ),
        )

    def raise_changes(self, changes: list[Change]) -> None:
        """Let changed customer data follow as signals of their own, where anybody listens."""
        if self.compiled.facts.openings:
            changes = self.compiled.facts.opened(changes, self.facts)
        for path, old, new in changes:
            concern = self.compiled.concern(f"~changed {path}")
            if concern.needs:
                self.raised += (Raised("changed", path, old, new),)
            if concern.watchers:
                self.stirred += (path,)

    def mark(self) -> Mark:
        """A place to rewind to."""
        commit = self.commit
        return self.facts, self.raised, commit.history, commit.outbox, commit.events, commit.mail, commit.definitions, commit.quotas

    def rewind(self, mark: Mark) -> None:
        """
        Take back everything since *mark* but changed enrollments, which nobody has put in their place yet.

        What shared numbers were short stays: a replay has to know it, to fail in the same place.

        Raises:
            Unread: it took of a shared number of which there may be none left, and then it would not have come to this.
        """
        commit = self.commit
        self.be_sure(commit.quotas[len(mark[7]) :])
        self.facts, self.raised, commit.history, commit.outbox, commit.events, commit.mail, commit.definitions, commit.quotas = mark


def signal_number(order: int) -> int:
    """The number of the signal in which *order* was given, see `Turn.order`."""
    return order // ARMS


def by_entry(e: Enrollment) -> int:
    """What enrollments are sorted by that are offered a signal."""
    return e.order
