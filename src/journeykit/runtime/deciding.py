"""Load, decide, commit: the one loop that the engine's calls, the worker and the dispatcher all go through."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from journeykit.core.customer import Covered, Customer, Incomplete, advance
from journeykit.errors import ConflictError, JourneykitError, StorageError
from journeykit.model.messages import Event
from journeykit.model.records import Commit, HistoryEntry, LoggedEvent, Mail, OutboxMessage, Want
from journeykit.ports import Storage
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.hooks import log_failure

ATTEMPTS = 12  #: how often a batch is decided again that others overtake

Accepted = tuple[Event, int]  #: an event and the moment of its acceptance


class Outcome(NamedTuple):
    """
    What became of an event.

    Attributes:
        status: ``decided``; ``duplicate`` where its id was known and nothing was done; ``waiting`` where more timers are due before
            it than one call may fire, so that it stands in the mailbox and the worker decides it.
        history: what deciding it did, timers that were due before it included.
        actions: the actions that were asked for.
    """

    status: Literal["decided", "duplicate", "waiting"]
    history: tuple[HistoryEntry, ...] = ()
    actions: tuple[OutboxMessage, ...] = ()


DUPLICATE, WAITING = Outcome("duplicate"), Outcome("waiting")


class Held:
    """A customer in memory: as loaded, then moved on commit by commit."""

    __slots__ = ("commits", "customer", "left", "mail", "seen", "waits", "want")

    def __init__(self, customer: Customer, want: Want, seen: Iterable[str], left: int) -> None:
        self.customer = customer
        self.want = want
        self.seen = set(seen)
        self.left = left  #: how many more timers may fire
        self.waits = False  #: something stands in the mailbox that has to wait, so all later events wait behind it
        self.commits: list[Commit] = []
        self.mail: list[LoggedEvent] = []  #: from other customers of this batch

    @property
    def due(self) -> LoggedEvent | None:
        """The mail that has to be decided next."""
        return self.customer.pending[0] if self.customer.pending and not self.waits else None


class Work:
    """
    What one batch has loaded and decided, before it is written.

    Attributes:
        held: the customers of the batch.
        commits: what has been decided, in order.
        waiting: events that have to wait in the mailbox.
    """

    def __init__(self, storage: Storage, definitions: Definitions, limit: int) -> None:
        self._storage = storage
        self._definitions = definitions
        self._limit = limit
        self.held: dict[str, Held] = {}
        self.commits: list[Commit] = []
        self.waiting: list[Accepted] = []

    # -- loading -----------------------------------------------------------------------------------------------------

    def load(self, wants: Sequence[Want]) -> None:
        """Load the customers of *wants*, and once more those whose mailbox or clock needs further rows."""
        self._read(wants)
        further = [want for held in self.held.values() if (want := self._further(held)) is not None]
        if further:
            self._read(further)

    def _read(self, wants: Sequence[Want]) -> None:
        for want, loaded in zip(wants, self._storage.load_many(wants), strict=True):
            customer = Customer(loaded, None if want.journeys is None else Covered(want.journeys, frozenset(want.keys)))
            if loaded.enrollments:
                self._definitions.learn_all(loaded.enrollments)
            self.held[want.customer_id] = Held(customer, want, loaded.seen, self._limit)

    def _further(self, held: Held) -> Want | None:
        """The wider want of a customer with mail, or whose last signal is later than now; None where all is there."""
        customer, want = held.customer, held.want
        if not customer.pending and customer.accepted_at <= want.until:
            return None
        until = max(want.until, customer.accepted_at, *(mail.accepted_at for mail in customer.pending))
        wider = self._wider(want._replace(until=until), [mail.event for mail in customer.pending])
        return wider if wider != want else None

    def _wider(self, want: Want, events: Iterable[Event]) -> Want:
        journeys, keys = want.journeys or frozenset(), dict.fromkeys(want.keys)
        for event in events:
            more, more_keys = self._definitions.compiled.wants(event)
            journeys |= more
            keys.update(dict.fromkeys(more_keys))
        return want._replace(journeys=journeys, keys=tuple(keys))

    def _widen(self, held: Held, missing: Incomplete) -> Held:
        """Load a customer again with the rows that were *missing*, and move them on to where they were."""
        want = held.want
        wider = want._replace(
            journeys=(want.journeys or frozenset()) | missing.journeys, keys=tuple(dict.fromkeys((*want.keys, *missing.keys)))
        )
        if wider == want:
            raise missing
        self._read([wider])
        fresh = self.held[want.customer_id]
        if fresh.customer.revision != (held.commits[0].base if held.commits else held.customer.revision):
            raise ConflictError([want.customer_id])
        fresh.seen |= held.seen
        fresh.left, fresh.waits, fresh.commits, fresh.mail = held.left, held.waits, held.commits, held.mail
        fresh.customer.pending.extend(held.mail)
        for commit in held.commits:
            fresh.customer.apply(commit)
        return fresh

    # -- deciding ----------------------------------------------------------------------------------------------------

    def offer(self, event: Event, accepted_at: int) -> Outcome:
        """Decide *event* after the mail that stands before it."""
        held = self.held[event.customer_id]
        if event.id in held.seen and not any(mail.event.id == event.id for mail in held.customer.pending):
            return DUPLICATE
        held.seen.add(event.id)
        while (mail := held.due) is not None:
            outcome = self._decide(mail)
            held = self.held[event.customer_id]
            if mail.event.id == event.id:
                return outcome
        if held.waits:
            return self._wait(event, accepted_at)
        outcome = self._decide(LoggedEvent(event, max(accepted_at, held.customer.accepted_at)))
        return self._wait(event, accepted_at) if outcome is WAITING else outcome

    def _wait(self, event: Event, accepted_at: int) -> Outcome:
        held = self.held[event.customer_id]
        if not any(mail.event.id == event.id for mail in held.customer.pending):
            self.waiting.append((event, max(accepted_at, held.customer.accepted_at)))
        return WAITING

    def catch_up(self, customer_id: str, until: int) -> int:
        """Decide a customer's mail, then fire what is due before *until*; return how many signals were decided."""
        before = self.held[customer_id].customer.revision
        while (mail := self.held[customer_id].due) is not None:
            self._decide(mail)
        held = self.held[customer_id]
        if not held.waits:
            self._keep(held, self._advance(held, None, max(until, held.customer.accepted_at)))
        return self.held[customer_id].customer.revision - before

    def _decide(self, logged: LoggedEvent) -> Outcome:
        held = self.held[logged.event.customer_id]
        now = max(logged.accepted_at, held.customer.accepted_at)
        commit = self._advance(held, logged._replace(accepted_at=now), now)
        held = self._keep(self.held[logged.event.customer_id], commit)
        if not any(row.event.id == logged.event.id for row in commit.events):
            held.waits = True
            return WAITING
        return Outcome("decided", tuple(commit.history), tuple(commit.outbox))

    def _advance(self, held: Held, logged: LoggedEvent | None, now: int) -> Commit:
        while True:
            try:
                return advance(self._definitions.compiled, held.customer, logged, now, held.left)
            except Incomplete as missing:
                held = self._widen(held, missing)

    def _keep(self, held: Held, commit: Commit) -> Held:
        """Take *commit* into the batch, move the customer on, and deliver mail to customers of the same batch."""
        held = self.held[commit.customer_id]
        if commit.revision == commit.base and not commit.events:
            return held
        held.left -= commit.fired
        held.commits.append(commit)
        held.customer.apply(commit)
        self.commits.append(commit)
        for mail in commit.mail:
            self._deliver(mail)
        return held

    def _deliver(self, mail: Mail) -> None:
        held = self.held.get(mail.event.customer_id)
        if held is None or mail.event.id in held.seen:
            return
        held.seen.add(mail.event.id)
        logged = LoggedEvent(mail.event, mail.accepted_at)
        held.mail.append(logged)
        held.customer.pending.append(logged)


class Decider:
    """
    Decides batches and writes them, again where another worker was first.

    Args:
        limit: how many timers of a customer may fire in one batch.
        imported: history is being imported: what is asked for is not performed.
        written: called with the commits of each batch once they are written.
    """

    def __init__(
        self, storage: Storage, definitions: Definitions, limit: int, imported: bool, written: Callable[[Sequence[Commit]], None] | None
    ) -> None:
        self._storage = storage
        self._definitions = definitions
        self._limit = limit
        self._imported = imported
        self._written = written

    def decide(self, events: Sequence[Accepted]) -> list[Outcome]:
        """Decide *events* in order, in one transaction; one by one where others keep coming first."""
        for attempt in range(ATTEMPTS if len(events) == 1 else 3):
            _pause(attempt)
            try:
                return self._try(events)
            except ConflictError as error:
                conflict = error
        if len(events) == 1:
            raise conflict
        return [self.decide([one])[0] for one in events]

    def _try(self, events: Sequence[Accepted]) -> list[Outcome]:
        work = self._work()
        work.load(self._wants(events))
        outcomes = [work.offer(event, accepted_at) for event, accepted_at in events]
        self._write(work)
        if work.waiting:
            self._storage.accept(work.waiting)
        return outcomes

    def _wants(self, events: Sequence[Accepted]) -> list[Want]:
        compiled = self._definitions.compiled
        if len(events) == 1:
            event, accepted_at = events[0]
            journeys, keys = compiled.wants(event)
            return [Want(event.customer_id, journeys, keys, (event.id,), accepted_at)]
        wants: dict[str, Want] = {}
        for event, accepted_at in events:
            journeys, keys = compiled.wants(event)
            want = wants.get(event.customer_id)
            if want is None:
                wants[event.customer_id] = Want(event.customer_id, journeys, keys, (event.id,), accepted_at)
                continue
            both = want.keys if keys == want.keys else tuple(dict.fromkeys((*want.keys, *keys)))
            until = max(want.until, accepted_at)
            wants[event.customer_id] = Want(
                event.customer_id, (want.journeys or journeys) | journeys, both, (*want.events, event.id), until
            )
        return list(wants.values())

    def catch_up(self, customers: Sequence[str], until: int, stuck: set[str]) -> int:
        """
        Decide the mail of *customers* and fire what is due before *until*.

        Args:
            customers: their ids.
            until: microseconds since 1970 UTC.
            stuck: customers to leave alone; those are added who have nothing due, and those whose decision fails, which is logged
                and holds up nobody else.

        Returns:
            How many signals were decided.
        """
        for attempt in range(ATTEMPTS):
            _pause(attempt)
            customers = [customer_id for customer_id in customers if customer_id not in stuck]
            try:
                return self._catch_up(customers, until, stuck) if customers else 0
            except ConflictError as conflict:
                # Whoever was overtaken has just been looked after by somebody else; what is left is claimed again.
                overtaken = set(conflict.customers) or set(customers[1:])
                customers = [customer_id for customer_id in customers if customer_id not in overtaken]
        return 0

    def _catch_up(self, customers: Sequence[str], until: int, stuck: set[str]) -> int:
        work = self._work()
        work.load([Want(customer_id, frozenset(), (), (), until) for customer_id in customers])
        decided = 0
        for customer_id in customers:
            try:
                done = work.catch_up(customer_id, until)
            except StorageError:
                raise
            except JourneykitError as error:
                log_failure("a customer's decision failed%s: %s", "", error)
                done = 0
            if not done:
                stuck.add(customer_id)
            decided += done
        self._write(work)
        return decided

    def _work(self) -> Work:
        return Work(self._storage, self._definitions, self._limit)

    def _write(self, work: Work) -> None:
        if not work.commits:
            return
        if self._imported:
            for commit in work.commits:
                commit.imported = True
        self._storage.commit_many(work.commits)
        if self._written is not None:
            self._written(work.commits)


def _pause(attempt: int) -> None:
    """Give the others a moment, a random one so that two do not keep meeting."""
    if attempt > 1:
        time.sleep(random.random() * 0.002 * 2 ** min(attempt, 6))  # noqa: S311  no secret
