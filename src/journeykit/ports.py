"""The plugin page: what a host or a third party may implement. Each docstring is a promise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from journeykit.model.messages import ActionRequest, Answer, Event
from journeykit.model.objects import ObjectFact, Release, Waiter
from journeykit.model.policies import PolicyAnswer, Question
from journeykit.model.records import Claimed, Commit, HistoryEntry, Loaded, LoggedEvent, Mail, OutboxRow, Settlement, Want


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

    def accept(self, events: Sequence[tuple[Event, int]]) -> list[bool]:
        """
        Put (event, accepted_at) into their customers' mailboxes, in this order; nothing else is read, locked or decided.

        Returns:
            For each, False where an event of that id of that customer is already in the log or mailbox (nothing is written).
        """

    def load_many(self, wants: Sequence[Want]) -> list[Loaded]:
        """Read what each `Want` names, in the same order. A customer never seen has revision 0 and no facts."""

    def commit_many(self, commits: Iterable[Commit]) -> None:
        """
        Write all *commits* in one transaction, or nothing.

        They are decided while they are taken, which reads: take all of them before the transaction begins. Several commits of one customer follow each other, each based on the one before. An event of a commit replaces the
        mailbox row of the same id. Mail whose id is already known to its customer is left out without a word.

        Raises:
            ConflictError: a customer's revision is not the *base* of their first commit, or a decided event was decided before.
            QuotaError: more is taken of a shared number than is left, over all that was ever committed.
        """

    def claim_due(self, now: int, limit: int) -> list[str]:
        """Return up to *limit* customers who have a timer due before *now* or mail waiting, those waiting longest first."""

    def next_due(self) -> int | None:
        """Return the earliest moment at which `claim_due`, `claim_outbox` or `releases` would have something; None for never."""

    def taken(self, name: str) -> int:
        """Return how many have been taken of the shared number *name*, over all that was ever committed."""

    def keep(self, name: str, value: str) -> str:
        """Keep *value* under *name* once for all customers, where nothing is kept yet; return what is kept."""

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

    def claim_outbox(self, now: int, limit: int, lease: int, token: str, since: int | None = None) -> list[Claimed]:
        """
        Take up to *limit* open messages due at *now* or before, the longest due first, and lease them until now + *lease*.

        A message under another's lease that has not run out is never given. After that it is given again, alone: whatever hung or
        died on it does not take others along.

        Where *since* is given (there is a frequency cap), whoever has a marketing message among them gets their other marketing
        messages that are due as well, beyond the limit, and each says what else of that customer's had been settled after *since*
        as performed, as imported, or as dropped or dead once it had begun, or was under way (under a lease, or begun) when this claim was
        made. Of two claims one is the first, and the second sees it.
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

    def sleeper(self) -> Sleeper:
        """
        Make what one worker sleeps on: it is woken by what other processes write, where that can be done.

        `journeykit.storage.sleeping.LocalSleeper` will do for a storage that cannot: its worker looks again each second.
        """

    def close(self) -> None:
        """Let go of connections and files."""
