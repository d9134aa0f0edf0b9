"""The plugin page: what a host or a third party may implement. Each docstring is a promise."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from journeykit.model.backlog import Backlog
from journeykit.model.leaving import Erased, Moved, Retained, Snapshot
from journeykit.model.messages import ActionRequest, Answer, Event
from journeykit.model.objects import ObjectFact, Release, Waiter
from journeykit.model.pauses import Pause
from journeykit.model.policies import PolicyAnswer, Question
from journeykit.model.records import EVERYBODY, Claimed, Commit, HistoryEntry, Loaded, LoggedEvent, Mail, OutboxRow, Settlement, Share, Want


class Clock(Protocol):
    """Where the engine learns the time; the only place that may."""

    def now(self) -> int:
        """Return microseconds since 1970 UTC; never earlier than an earlier answer."""


class Action(Protocol):
    """
    Performs one side effect. A plain function will do.

    It may be called again for the same request (at least once, under one idempotency key), from any thread. An exception
    counts as ``Retry``.
    """

    def __call__(self, request: ActionRequest, /) -> Answer | None:
        """Perform *request*; None means ``Done()``."""


class Trigger(Protocol):
    """
    Recognises an event as the start of an entry, a transition, an exit or a goal: ``when: {"shop.campaign('spring')": invited}``.

    Pure: the same answer to the same arguments, for ever, since decisions are replayed; it changes nothing that it is given. An
    exception parks the part of the signal that it was asked for. It may be called from any thread.

    Attributes:
        event: the name of the event that it wants to see. It is asked about no other.
    """

    event: str

    # Both stars together say that any further arguments will do; the definition gives them by their place.
    def __call__(self, event: Event, /, *arguments: Any, **unused: Any) -> bool:
        """Whether this *event* is meant, with the *arguments* of the definition, None where one is missing."""


class Timer(Protocol):
    """
    Knows a moment that a wait counts from: ``wait: until shop.payday(25) at 09:00, exit if missing, now if past``.

    Pure: the same answer to the same arguments, for ever, since decisions are replayed; it changes nothing that it is given. An
    exception parks the part of the signal that it was asked for. It may be called from any thread.
    """

    def __call__(self, anchor: datetime, /, *arguments: Any, **unused: Any) -> datetime | date | None:
        """
        The moment, None where there is none.

        Args:
            anchor: when the owner of the wait was entered, as the clocks of the customer's zone show it.
            arguments: those of the definition, None where one is missing.
            unused: never given.

        Returns:
            A datetime without a zone, or a date, is meant in the customer's zone.
        """


class Policy(Protocol):
    """
    Says whether a message may be performed now. A plain function will do.

    It is asked just before each attempt, and again after every deferral, from any thread; it performs nothing. An exception, or
    an answer that is none, keeps the message from being performed: it is tried again, and in the end a dead letter.
    """

    def __call__(self, question: Question, /) -> PolicyAnswer:
        """Answer ``Permit()``, ``Defer(until, reason)`` or ``Drop(reason)``."""


class Hook(Protocol):
    """Watches. A hook that fails is logged and changes nothing."""

    def __call__(self, what: str, details: Mapping[str, Any], /) -> None:
        """Be told that *what* (``committed``, ``fired``, ``performed``, ``retried``, ``deferred``, ``dead``, ``dropped``, ``parked``) happened."""


class Sleeper(Protocol):
    """
    What one worker sleeps on while there is nothing to do.

    Attributes:
        idle: for how many seconds a worker may sleep where nothing is known to be due.
    """

    idle: float

    def sleep(self, pause: Callable[[], float], /) -> None:
        """
        Sleep until somebody has written something that a worker may have to do, or for as many seconds as *pause* says.

        *pause* looks at the storage, from when on the worker would be woken, so that nothing falls between the two; it may be asked
        again. Where the storage fails, this sleeps all the same, and not for long. Called by one thread.
        """

    def wake(self) -> None:
        """End a sleep, or the next one; from any thread or signal handler."""

    def close(self) -> None:
        """Let go of what it holds; `wake` may be called still."""


class Storage(Protocol):
    """
    Keeps what was decided. A storage writes a `Commit`; it does not understand journeys.

    Safe to use from several threads. It never reads a clock: every moment is an argument (microseconds since 1970 UTC).
    """

    def migrate(self) -> None:
        """Bring the schema to this release's version; doing it again changes nothing."""

    def within(self, connection: Any) -> Storage:
        """
        Return the same storage inside whatever transaction the host has open on its *connection*.

        What is written there the host commits or rolls back. A call that is refused undoes itself and leaves the host's own work as it is.

        Raises:
            StorageError: it is no connection to what this storage keeps its rows in.
        """

    def accept(self, events: Sequence[tuple[Event, int]]) -> list[bool]:
        """
        Put (event, accepted_at) into their customers' mailboxes, in this order; nothing else is read, locked or decided.

        Returns:
            For each, False where an event of that id of that customer is already in the log or mailbox (nothing is written).
        """

    def load_many(self, wants: Sequence[Want]) -> list[Loaded]:
        """
        Read what each `Want` names, in the same order. A customer never seen has revision 0 and no facts.

        Of a mailbox at least the first `MAILBOX` events to arrive are read; a storage may leave out what is behind them.
        """

    def commit_many(self, commits: Iterable[Commit]) -> None:
        """
        Write all *commits* in one transaction, or nothing.

        They are decided while they are taken, which reads: take all of them before the transaction begins. Several commits of one customer follow each other, each based on the one before. An event of a commit replaces the
        mailbox row of the same id. Mail whose id is already known to its customer is left out without a word.

        Raises:
            ConflictError: a customer's revision is not the *base* of their first commit, or a decided event was decided before.
            QuotaError: more is taken of a shared number than is left, over all that was ever committed.
        """

    def claim_due(self, now: int, limit: int, share: Share = EVERYBODY) -> list[str]:
        """
        Return up to *limit* customers of a *share* who have a timer due before *now* or mail waiting, those waiting longest first.

        Where there are more, each journey has its turn with its timers, and so have the customers' own moments, and mail: one that has
        100,000 timers due holds up none of the others.
        """

    def enlist(self, token: str, now: int, until: int) -> Share:
        """
        Write down that the worker *token* is there until *until*, and forget those who were there until *now* or before.

        Returns:
            The share of the customers that falls to it: its place among all workers, in order of their tokens. One that is itself
            forgotten (*until* is not after *now*) gets everybody's.
        """

    def backlog(self, now: int) -> Backlog:
        """Return what waits at *now*; counted out of indexes."""

    def grant(self, name: str, now: int, window: int, most: int, wanted: int) -> tuple[int, int]:
        """
        Let as many of *wanted* go as leave no more than *most* under *name* in any (now - window, now], over all that were let go.

        What goes within a hundredth of a window may count as gone with the last of it, so that what has to be read is little.

        Returns:
            How many may go; and the moment from which one more may, where not all may.
        """

    def next_due(self) -> int | None:
        """Return the earliest moment at which `claim_due`, `claim_outbox` or `releases` would have something; None for never (`NEVER`, too)."""

    def taken(self, name: str) -> int:
        """Return how many have been taken of the shared number *name*, over all that was ever committed."""

    def forget_taken(self, over: Callable[[str], bool]) -> None:
        """Let nothing have been taken of shared numbers that have a limit, by the last commit that took of them, and whose name is *over*."""

    def keep(self, name: str, value: str) -> str:
        """Keep *value* under *name* once for all customers, where nothing is kept yet; return what is kept."""

    def begin_pause(self, pause: Pause) -> Pause:
        """Keep *pause* under the next number, counted from 1; return it with that number."""

    def end_pause(self, number: int, at: int) -> None:
        """
        End a pause at *at*, where it has not ended, and bring up what stood still because of it, in one transaction.

        Enrollments that it holds (their `next_due` is `NEVER` and its number) are due at its end, and so are open messages under nobody's
        lease whose reason is `Pause.words` of it. Called again it brings up what has come to stand still since.
        """

    def pauses(self) -> list[Pause]:
        """Return all pauses, ended ones too, in order of number."""

    def publish(self, fact: ObjectFact, ends: Iterable[str]) -> bool:
        """
        Keep a fact about an object once, due at the moment of its acceptance; releases of events *ends* about it end at that moment.

        Returns:
            False where a fact of that id about that object is known already (nothing is written).
        """

    def releases(self, now: int, limit: int) -> list[Release]:
        """Return up to *limit* releases due at *now* or before that are not over, the longest due first."""

    def waiting_for(self, event: str, name: str, until: int, after: Waiter | None, limit: int) -> list[Waiter]:
        """
        Return up to *limit* enrollments behind *after* that wait for *event* about the object *name*, since *until* or before.

        They come in order of (entered_at, customer, journey, key), out of an index: what they wait for is `Enrollment.waits`, written
        with their commit, and kept with its first moment until a commit says otherwise.
        """

    def release(self, before: Release, after: Release | None, mail: Sequence[Mail]) -> bool:
        """
        Put *mail* into its mailboxes and let a release go on from *before* to *after* (None: it is over), in one transaction.

        Returns:
            False where the release no longer stands at *before* (nothing is written).
        """

    def claim_outbox(
        self, now: int, limit: int, lease: int, token: str, since: int | None = None, but: Collection[str] = ()
    ) -> list[Claimed]:
        """
        Take up to *limit* open messages due at *now* or before, the longest due first, and lease them until now + *lease*.

        Where there are more, each journey has its turn: of *limit* messages none gets more while another has one due that is left.
        Those of the actions *but* are left.

        A message under another's lease that has not run out is never given. After that it is given again, alone: whatever hung or
        died on it does not take others along.

        Where *since* is given (there is a frequency cap), whoever has a marketing message among them gets their other marketing
        messages that are due as well, beyond the limit, and so do all to whom a message of the same household is due. Each says what
        else to that customer, and (marked as other) to the rest of its household, had been settled after *since* as performed, as
        imported, or as dropped or dead once it had begun, or was under way (under a lease, or begun) when this claim was made. Of two
        claims one is the first, and the second sees it, also where they are for two of one household.
        """

    def begin(self, message_id: int, token: str, now: int) -> bool:
        """
        Write down that a claimed message is about to be performed: whatever happens now, it may have been.

        Returns:
            False where the lease is over at *now* or was taken over (nothing is written).
        """

    def settle(self, settlements: Sequence[Settlement]) -> list[bool]:
        """
        Record how attempts ended, their answers, and what policies answered, in one transaction.

        Returns:
            For each, False where the lease was taken over by another token meanwhile (nothing is written for it).
        """

    def outbox(self, state: str | None = None, customer_id: str | None = None, limit: int = 1_000) -> list[OutboxRow]:
        """Return outbox messages in order of id, only those in *state* or of a customer where given."""

    def reopen(self, ids: Sequence[int], now: int, state: str) -> int:
        """Set dead messages to ``open`` (due at *now*, attempts from nought) or ``dropped``; return how many were dead."""

    def customers(self, after: str = "", limit: int = 1_000) -> list[str]:
        """Return up to *limit* ids of customers greater than *after*, in order; those who only have mail are among them."""

    def history(self, customer_id: str) -> list[HistoryEntry]:
        """Return a customer's history in order of (seq, place)."""

    def events(self, customer_id: str, after: int = 0, names: Iterable[str] | None = None) -> list[LoggedEvent]:
        """Return a customer's events: decided ones with seq > *after* in order of seq, then pending and parked ones in order of arrival."""

    def definitions(self) -> list[tuple[str, str, str]]:
        """Return (hash, journey name, text) of every definition that an enrollment has used."""

    def occupied(self) -> list[tuple[str, str, str, int]]:
        """Return (journey, definition, step, how many active enrollments stand there), in order; one statement, no customer is read."""

    def inside(self, journey: str, definition: str, after: str = "", limit: int = 1_000) -> list[str]:
        """Return up to *limit* ids of customers greater than *after* with an active enrollment on that version, in order, along the key."""

    def scan(self, table: str, after: Any = None, limit: int = 10_000) -> tuple[list[tuple[Any, ...]], Any]:
        """
        Return up to *limit* rows of a table, of all customers, and the place to go on from, which is None where nothing is left.

        *after* is a place that an earlier call has given, None to begin. A run to the end gives each row that was there all the time once,
        in whatever order costs least; no two pages are one view. Ids that have become one are one, and what was erased is not
        there. The tables and their columns, times in microseconds since 1970 UTC:

        - ``events``: customer, id, seq, occurred_at, accepted_at, state, name, source, properties (JSON text)
        - ``history``: customer, seq, place, at, kind, journey, key, number, source, target, cause, reason
        - ``enrollments``: customer, journey, key, number, definition, status, step, entered_at, step_at, goal_at, ended_at, reason; not
          those that wait to be let in
        - ``messages``: id, customer, journey, key, number, seq, place, action, message, at, state, due_at, attempts, reason
        - ``customers``: customer, zone, stage, consent, traits (both JSON text); who has been decided for
        - ``definitions``: hash, journey, text

        Raises:
            StorageError: there is no such table.
        """

    # customers who merge and leave

    def merge(self, commits: Sequence[Commit], moved: Moved) -> None:
        """
        Write *commits* and let a customer become another, in one transaction, or nothing.

        The commits come first: what both had still to decide, and the signal of the survivor that holds the other's state. Then the
        other's mail, events, history and messages become the survivor's: their numbers of signals come before all that the survivor
        has, in the order they were in; an event whose id the survivor knows gets another; a message keeps its idempotency key in
        `OutboxMessage.origin`. What it waited for is the survivor's since it waited for it, as far as the enrollment lasts. The
        other's enrollments and data are gone. From now on whatever is written for the old id, or for one that had become it
        before, is written for the survivor, and `load_many` answers the old id with revision `ELSEWHERE`.

        Raises:
            ConflictError: as `commit_many`; or the other's revision is not the one expected.
            QuotaError: as `commit_many`.
        """

    def identities(self, customer_id: str) -> list[str]:
        """Return the id that stands for a customer now, which is that id itself for most, and then the ids that have become it."""

    def erase(self, erased: Erased) -> bool:
        """
        Take out every row of a customer and of the ids that have become it, and keep what remains under each mark, in one transaction.

        In events of others that the customer has sent (``$enter``, with an id that begins ``start/ID/``) the id and the sender become
        the stranger.

        Returns:
            False where nothing was known; the remains are kept all the same.
        """

    def purge(self) -> None:
        """Leave no trace of what has been erased in files of its own, as far as that is in its hands; seldom, and it may take long."""

    def remains(self, marks: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return what remains under those of *marks* that are known."""

    def aged(self, before: int, after: str, limit: int) -> list[str]:
        """
        Return up to *limit* ids of customers greater than *after*, in order, of whom something older than *before* may go.

        That is whoever has decided events from before with properties, or an enrollment with data that had ended.
        """

    def retain(self, retained: Retained) -> bool:
        """
        Keep a snapshot and let go of what came before it, in one transaction.

        The properties of the customer's decided events up to it are emptied, the parameters of messages settled before its moment, and
        the data of the enrollments that are given; their ids stay.

        Returns:
            False where the customer's revision is another by now (nothing is written).
        """

    def snapshot(self, customer_id: str) -> Snapshot | None:
        """Return the snapshot of a customer, None where nothing of their past is gone."""

    def sleeper(self) -> Sleeper:
        """
        Make what one worker sleeps on: it is woken by what other processes write, where that can be done.

        `journeykit.storage.sleeping.LocalSleeper` will do for a storage that cannot: its worker looks again each second.
        """

    def close(self) -> None:
        """Let go of connections and files."""
