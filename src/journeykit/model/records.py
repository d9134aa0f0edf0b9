"""
What is decided and kept. Times are integer microseconds since 1970 UTC.

These are made by the thousand, so they are light: tuples, and slotted classes that nobody changes after they are made
(a test watches that).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple
from zlib import crc32

from attrs import Factory, define, field

from journeykit.model.joined import Joined
from journeykit.model.messages import Event
from journeykit.model.pauses import Hold

Status = Literal["pending", "active", "completed", "exited", "merged", "erased"]
NEVER = 2**62
ELSEWHERE = -1  #: the revision of an id that has become another: an alias
MAILBOX = 1_000  #: events of one mailbox that are loaded at once, the first to arrive

Share = tuple[int, int]  #: which part of all customers, of how many: (0, 1) is everybody
EVERYBODY: Share = (0, 1)


def in_share(customer_id: str, share: Share) -> bool:
    """Whether a customer belongs to *share*: the same answer in every process."""
    place, parts = share
    return parts == 1 or crc32(customer_id.encode("utf-8", "surrogatepass")) % parts == place


class Timer(NamedTuple):
    """A durable promise to look again at *due_at*; its rule stands in the definition under *index*."""

    index: int  # type: ignore[assignment]  # the word fits better than tuple's method of that name
    due_at: int | None  #: None while the moment it waits for is not known
    order: int  #: number of arming: earlier armed fires first
    zone: str | None = None  #: the zone the rule was read in, where it was civil


class Moment(NamedTuple):
    """A timer of the customer's own: the next look of a segment, the next occurrence of a schedule."""

    name: str
    due_at: int | None
    value: Any = None  #: what is remembered for it


class Waiting(NamedTuple):
    """An entry event that is held for an idle time before filter and re-entry are looked at."""

    due_at: int
    order: int
    entry: int  #: place among the journey's entries
    event: tuple[str, str, str, dict[str, Any], str]  #: name, id, occurred_at in ISO 8601, properties, source


@define(slots=True, weakref_slot=False)
class Enrollment:
    """
    One customer's place in one journey under one key.

    Attributes:
        number: counts the enrollments of this customer, journey and key from 1; 0 for one that never was let in.
        order: the place of its entry among all of the customer's.
        visit: the number of the step visit.
        scopes: for each open scope, the moment it was entered and the visit at that time.
        leaving: the reason of an exit that waits for the next action.
        performed: how many actions it has committed; performed_at is the moment of the last.
    """

    journey: str
    key: str
    number: int
    definition: str
    order: int
    status: Status
    step: str
    visit: int
    entered_at: int
    step_at: int
    data: dict[str, Any]
    timers: tuple[Timer, ...] = ()
    scopes: dict[str, tuple[int, int]] = Factory(dict)
    goal_at: int | None = None
    leaving: str | None = None
    performed: int = 0
    performed_at: int | None = None
    ended_at: int | None = None
    reason: str | None = None
    performing: int = 0  #: how many earlier enrollments under this key performed an action
    waiting: Waiting | None = None  #: an entry that waits to be let in (P16)
    held: Hold | None = None
    stood: tuple[tuple[int, int], ...] = ()  #: from when until when time stood still in a lane
    waits: tuple[tuple[str, str, int], ...] | None = field(default=None, eq=False)  #: (event, object, since) where a decision changes them
    joined: Joined | None = None  #: what a merge of two customers brought along

    def copy(self) -> Enrollment:
        """A copy that may be changed; the values in it are never changed in place. Spelt out, since every move makes one."""
        copy = object.__new__(Enrollment)
        copy.journey = self.journey
        copy.key = self.key
        copy.number = self.number
        copy.definition = self.definition
        copy.order = self.order
        copy.status = self.status
        copy.step = self.step
        copy.visit = self.visit
        copy.entered_at = self.entered_at
        copy.step_at = self.step_at
        copy.data = self.data
        copy.timers = self.timers
        copy.scopes = self.scopes
        copy.goal_at = self.goal_at
        copy.leaving = self.leaving
        copy.performed = self.performed
        copy.performed_at = self.performed_at
        copy.ended_at = self.ended_at
        copy.reason = self.reason
        copy.performing = self.performing
        copy.waiting = self.waiting
        copy.held = self.held
        copy.stood = self.stood
        copy.waits = None
        copy.joined = self.joined
        return copy

    @property
    def active(self) -> bool:
        """Whether it is still inside (or waiting to be let in)."""
        return self.ended_at is None

    @property
    def next_due(self) -> int | None:
        """The earliest moment at which one of its timers is due."""
        return self.due()

    def due(self) -> int | None:
        """The same as `next_due`, which costs more to ask for."""
        timers, waiting = self.timers, self.waiting
        if self.held is not None:
            return self._due_while_held()
        if waiting is None and len(timers) < 2:
            return timers[0][1] if timers else None
        dues = [timer[1] for timer in timers if timer[1] is not None]
        if waiting is not None:
            dues.append(waiting.due_at)
        return min(dues) if dues else None

    def _due_while_held(self) -> int | None:
        """An entry that waits goes on waiting. A pause whose end is not known is its number, counted from `NEVER`, until it ends."""
        _, _, pause, _, until = self.held or Hold(0, "")
        due = None if pause is None else NEVER + pause if until is None else until
        return due if self.waiting is None else min(self.waiting.due_at, NEVER if due is None else due)


@define(slots=True, weakref_slot=False)
class Facts:
    """
    What is known about a customer.

    Attributes:
        zone: IANA time zone, where known.
        stage: the stage the lifecycle journey has them in.
        consent: per channel, whether they agreed.
        traits: attributes by name.
        values: the running state of each declared aggregate.
        arms: the arm drawn for each experiment.
    """

    zone: str | None = None
    stage: str | None = None
    consent: dict[str, bool] = Factory(dict)
    traits: dict[str, Any] = Factory(dict)
    values: dict[str, Any] = Factory(dict)
    arms: dict[str, str] = Factory(dict)

    def lack(self, names: frozenset[str]) -> bool:
        """Whether it is seen at once that nothing of *names* is known; a storage may hand out some that are text until they are looked at."""
        return False

    def copy(self) -> Facts:
        """A copy that may be changed; the values in it are never changed in place."""
        return Facts(self.zone, self.stage, self.consent, self.traits, self.values, self.arms)


class HistoryEntry(NamedTuple):
    """One thing that a decision did, with its reason; append-only."""

    customer_id: str
    seq: int  #: number of the customer's signal
    place: int  #: place within that signal
    at: int  #: the signal's now
    kind: str  #: entered, moved, stayed, completed, exited, goal, refused, spent, late, parked, traits, segment, filled, held, resumed, migrated
    journey: str
    key: str
    number: int
    source: str | None  #: the step left
    target: str | None  #: the step entered
    cause: str  #: the event's name, or ``after 2 hours``, ``changed customer.plan``, ``then``
    reason: str | None = None  #: of ``entered`` the version, of ``migrated`` the old one and the new one
    timers: str = ""  #: ``+index@due`` armed, ``-index`` cancelled, ``!index`` fired, ``~index@due`` taken over, separated by blanks


class OutboxMessage(NamedTuple):
    """A committed request to perform an action."""

    customer_id: str
    journey: str
    key: str
    number: int
    seq: int
    place: int
    action: str
    parameters: dict[str, Any]
    at: int  #: the now of its decision
    message: str  #: marketing, transactional or none
    expires_at: int | None = None
    owner: str | None = None  #: ``step 5`` or ``scope cart 3``: valid only while that visit lasts
    listens: bool = False  #: the journey listens for its outcome
    household: str | None = None  #: with whom its addressee shares a frequency cap
    origin: str | None = None  #: its idempotency key, where it was asked for under an id that has become another since

    @property
    def idempotency_key(self) -> str:
        """The same whatever crashes: enrollment, number of the decision, place in it."""
        if self.origin is not None:
            return self.origin
        parts = (self.customer_id, self.journey, self.key)
        safe = "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)
        return f"{safe}/{self.number}/{self.seq}/{self.place}"


class LoggedEvent(NamedTuple):
    """An event as the mailbox keeps it; the same row is the log and the seen mark."""

    event: Event
    accepted_at: int
    seq: int | None = None  #: the signal's number once decided
    state: Literal["pending", "decided", "parked"] = "pending"
    arrival: int = 0


class Mail(NamedTuple):
    """An event for another customer's mailbox, written in the same commit under a derived id."""

    event: Event
    accepted_at: int


@define(slots=True, weakref_slot=False)
class Commit:
    """
    Everything that deciding one signal changes, written in one transaction.

    Attributes:
        base: the customer's revision it was decided on; the commit is refused when the customer has moved on.
        revision: the customer's revision after it, the number of the last signal decided.
        accepted_at: no later signal is earlier: the moment of the last event, or the first after that of the last timer.
        facts: the new customer data, or None where unchanged.
        enrollments: those that changed, whole, in the order in which they changed; the last of each key counts.
        removed: keys of pending enrollments that came to nothing.
        events: the decided event, and parts parked.
        mail: events for other customers' mailboxes.
        definitions: (hash, journey name, text) of definitions first used here.
        quotas: what is taken from shared numbers (name, how many, of how many); taking too much fails the commit.
        moments: the customer's own timers (segment edges, schedules), whole, or None where unchanged.
        fired: how many timers fired.
        imported: history is being imported and performs nothing: the outbox messages are written as ``imported``.
        fresh: none of *events* was in the customer's log when that was read. A storage may rely on it and refuse the commit as a
            conflict where one of them stands there all the same.
    """

    customer_id: str
    base: int
    revision: int
    accepted_at: int
    facts: Facts | None = None
    enrollments: Sequence[Enrollment] = ()
    removed: Sequence[tuple[str, str]] = ()
    history: Sequence[HistoryEntry] = ()
    outbox: Sequence[OutboxMessage] = ()
    events: Sequence[LoggedEvent] = ()
    mail: Sequence[Mail] = ()
    definitions: Sequence[tuple[str, str, str]] = ()
    quotas: Sequence[tuple[str, int, int | None]] = ()
    moments: Sequence[Moment] | None = None
    fired: int = 0
    imported: bool = False
    fresh: bool = False


class Want(NamedTuple):
    """
    What a decision needs of a customer.

    Attributes:
        journeys: journeys whose active enrollments are needed; None for all of the customer's.
        keys: (journey, key) rows needed whether active or ended; a key of None means all keys of that journey.
        events: ids of events about to be decided, to learn which were already seen.
        until: rows with a timer due before this moment are needed too.
    """

    customer_id: str
    journeys: frozenset[str] | None
    keys: tuple[tuple[str, str | None], ...] = ()
    events: tuple[str, ...] = ()
    until: int = 0


@define(slots=True, weakref_slot=False)
class Loaded:
    """
    What a storage answers to a `Want`.

    Attributes:
        revision: 0 for a customer never decided for; `ELSEWHERE` for an id that has become another.
        facts: empty for a customer never decided for.
        enrollments: the rows asked for.
        pending: the mailbox, in order of (accepted_at, arrival).
        seen: those of the asked event ids that are in the log, the mailbox included.
        moments: the customer's own timers, as the last commit that changed them wrote them.
        moments_due: when the first of them is due.
        erasures: the customer is not known, and somebody has been erased here: they may be the same.
    """

    customer_id: str
    revision: int
    accepted_at: int
    facts: Facts
    enrollments: list[Enrollment]
    pending: list[LoggedEvent]
    seen: frozenset[str] = frozenset()
    moments: Sequence[Any] = ()
    moments_due: int | None = None
    erasures: bool = False


class Sent(NamedTuple):
    """A marketing message that has been performed or may have been, as far as a frequency cap asks."""

    id: int
    action: str
    topic: str | None  #: its parameter of that name, where it is text
    at: int | None  #: when that was settled; None while it is under way: leased, or begun and not settled
    other: bool = False  #: it went to somebody else of the household


class Claimed(NamedTuple):
    """An outbox message taken for one attempt, under a lease."""

    id: int
    message: OutboxMessage
    attempts: int  #: attempts made before this one
    token: str
    sent: tuple[Sent, ...] = ()  #: where asked for, what else to the customer or household was performed or under way when it was claimed
    begun: bool = False  #: it may have been performed before: see `Storage.begin`


class Answered(NamedTuple):
    """What a policy answered that did not let a message be performed."""

    at: int
    policy: str
    answer: Literal["defer", "drop"]
    until: int | None  #: where it is held, until when
    reason: str


class Settlement(NamedTuple):
    """How an attempt ended, or that it is tried again."""

    id: int
    token: str
    state: Literal["open", "performed", "dead", "dropped"]
    reason: str | None
    due_at: int  #: when it is tried again (open), or when it was settled
    mail: tuple[Mail, ...] = ()  #: events for the customer's mailbox (answer, outcome), written in the same transaction
    attempted: bool = True  #: False gives it back untried, which is no attempt
    answered: Answered | None = None  #: the policy that held or dropped it; kept with the message
    undone: bool = False  #: it is known that it was not performed: what `Storage.begin` wrote is taken back


class OutboxRow(NamedTuple):
    """An outbox message with what became of it, for reading."""

    id: int
    message: OutboxMessage
    state: Literal["open", "performed", "dead", "dropped", "imported"]
    attempts: int
    due_at: int
    reason: str | None
    answers: tuple[Answered, ...] = ()  #: of the policies that held it, and of the one that dropped it, in order
