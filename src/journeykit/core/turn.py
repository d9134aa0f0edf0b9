"""One signal being decided for one customer: what is read, and what has been decided so far. It ends as a `Commit`."""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

from journeykit.core.context import Context
from journeykit.core.facts import Change
from journeykit.core.index import Compiled
from journeykit.model.messages import Event
from journeykit.model.records import Enrollment, Facts, HistoryEntry, LoggedEvent, Mail, OutboxMessage

MOST = 100  #: automatic transitions, raised signals and timers due at once in one decision (P11)
_ARMS = 4_096  #: room for arming numbers within one signal


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


class Covered(NamedTuple):
    """Which rows of a customer have been loaded."""

    journeys: frozenset[str]
    keys: frozenset[tuple[str, str | None]]


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

    kind: str  #: changed, start, timer
    subject: Any
    old: Any = None
    new: Any = None


class Turn:
    """The working state of one signal and of what it raises. Lists only grow; `mark` and `rewind` take back one enrollment's part."""

    __slots__ = (
        "armed", "changed", "compiled", "context", "covered", "customer_id", "definitions", "enrollments", "events", "facts", "history", "mail", "now",
        "outbox", "raised", "removed", "seq", "taken", "touched", "trace",
    )  # fmt: skip

    def __init__(
        self,
        compiled: Compiled,
        customer_id: str,
        facts: Facts,
        enrollments: dict[tuple[str, str], Enrollment],
        seq: int,
        now: int,
        event: Event | None,
        covered: Covered | None = None,
        trace: list[Trace] | None = None,
    ) -> None:
        self.compiled = compiled
        self.covered = covered
        self.customer_id = customer_id
        self.facts = facts
        self.enrollments = enrollments
        self.seq = seq
        self.now = now
        self.context = Context(customer_id, facts, now, event)
        self.trace = trace
        self.changed: dict[tuple[str, str], Enrollment] = {}
        self.removed: list[tuple[str, str]] = []
        self.history: list[HistoryEntry] = []
        self.outbox: list[OutboxMessage] = []
        self.events: list[LoggedEvent] = []
        self.mail: list[Mail] = []
        self.definitions: list[tuple[str, str, str]] = []
        self.raised: deque[Raised] = deque()
        self.touched: set[tuple[str, str]] = set()
        self.taken = 0
        self.armed = 0

    def order(self) -> int:
        """The next arming number: later ones are greater, over all of the customer's signals."""
        self.armed += 1
        return self.seq * _ARMS + self.armed

    def enrollment(self, journey: str, key: str) -> Enrollment | None:
        """The enrollment as decided so far."""
        place = (journey, key)
        return self.changed.get(place) or self.enrollments.get(place)

    def active(self, journeys: frozenset[str]) -> list[Enrollment]:
        """The active enrollments of *journeys*, in order of entry."""
        rows = {**self.enrollments, **self.changed} if self.changed else self.enrollments
        found = [e for e in rows.values() if e.status == "active" and e.journey in journeys]
        if len(found) > 1:
            found.sort(key=_by_entry)
        return found

    def need(self, journeys: frozenset[str]) -> None:
        """Raise `Incomplete` where rows of *journeys* have not been loaded."""
        if self.covered is not None and not journeys <= self.covered.journeys:
            raise Incomplete(journeys)

    def need_key(self, journey: str, key: str | None) -> None:
        """Raise `Incomplete` where the row of *key*, active or ended, has not been loaded."""
        if self.covered is not None and not {(journey, key), (journey, None)} & self.covered.keys and (journey, key or "") not in self.changed:
            raise Incomplete(frozenset({journey}), ((journey, key),))

    def set_facts(self, facts: Facts) -> None:
        """Go on with *facts*."""
        self.facts = self.context.facts = facts

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
        self.history.append(
            HistoryEntry(self.customer_id, self.seq, len(self.history), self.now, kind, journey, key, number, source, target, cause, reason, timers)
        )

    def raise_changes(self, changes: list[Change]) -> None:
        """Let changed customer data follow as signals of their own, where anybody listens."""
        for path, old, new in changes:
            if self.compiled.readers(path):
                self.raised.append(Raised("changed", path, old, new))

    def mark(self) -> tuple[Any, ...]:
        """A place to rewind to."""
        return self.facts, len(self.history), len(self.outbox), len(self.mail), len(self.definitions), len(self.raised), len(self.events)

    def rewind(self, mark: tuple[Any, ...]) -> None:
        """Take back everything since *mark* but changed enrollments, which nobody has put in their place yet."""
        facts, history, outbox, mail, definitions, raised, events = mark
        self.set_facts(facts)
        del self.history[history:], self.outbox[outbox:], self.mail[mail:], self.definitions[definitions:], self.events[events:]
        while len(self.raised) > raised:
            self.raised.pop()


def _by_entry(e: Enrollment) -> int:
    return e.order
