"""One batch: what has been loaded and decided, before it is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from journeykit.core.compiling.quotas import UNKNOWN, Shared, Unread
from journeykit.core.deciding.customer import Covered, Customer, Incomplete, advance
from journeykit.core.turns.tallies import better
from journeykit.errors import ConflictError, JourneykitError, StorageError, UnknownError
from journeykit.model.messages import Event
from journeykit.model.records import MAILBOX, Commit, Enrollment, HistoryEntry, LoggedEvent, Mail, OutboxMessage, Want
from journeykit.ports import Storage
from journeykit.runtime.aliases import Elsewhere, returning
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.logs import log_failure

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


_new = tuple.__new__  # makes a named tuple in half the time of its own constructor

DUPLICATE, WAITING = Outcome("duplicate"), Outcome("waiting")


class Concerned(Exception):  # noqa: N818  a request for the whole batch, not an error
    """What was decided for one customer concerns others, who are not decided side by side."""


class Held:
    """A customer in memory: as loaded, then moved on commit by commit. Light, since a batch holds a thousand."""

    __slots__ = ("base", "behind", "customer", "foreign", "left", "mail", "waits", "want")

    def __init__(self, customer: Customer, want: Want, left: int) -> None:
        self.customer = customer
        self.want = want
        self.base = customer.revision  #: the revision as loaded
        self.left = left  #: how many more timers may fire
        self.behind = len(customer.pending) >= MAILBOX  #: more may stand in the mailbox than was read
        self.waits = False  #: something stands in the mailbox that has to wait, so all later events wait behind it
        self.mail: tuple[LoggedEvent, ...] = ()  #: from other customers of this batch
        self.foreign: UnknownError | None = None  #: why nothing can be decided here: they are on a version that this release does not know

    @property
    def due(self) -> LoggedEvent | None:
        """The mail that has to be decided next."""
        return self.customer.pending[0] if self.customer.pending and not self.waits else None


class Work:
    """
    What one batch has loaded and decided, before it is written.

    Args:
        apart: it is only a part of what is decided together, so that nothing may concern others: `Concerned` is raised where it does.

    Attributes:
        held: the customers of the batch.
        commits: what has been decided, in order.
        waiting: events that have to wait in the mailbox.
        concerns: something that was decided concerns others: mail to them, or what they share.
    """

    def __init__(self, storage: Storage, definitions: Definitions, limit: int, shared: Shared = UNKNOWN, *, apart: bool = False) -> None:
        self.concerns = False
        self._apart = apart
        self._shared = shared  #: what is left of shared numbers, as far as it is known
        self._storage = storage
        self._definitions = definitions
        self._limit = limit
        self.held: dict[str, Held] = {}
        self.commits: list[Commit] = []
        self.waiting: list[Accepted] = []
        self._seen: set[tuple[str, str]] = set()  #: customer and event id of what is known already

    # -- loading -----------------------------------------------------------------------------------------------------

    def load(self, wants: Sequence[Want]) -> None:
        """Load the customers of *wants*, and once more those whose mailbox or clock needs further rows."""
        self._read(wants)
        further = []
        for want in wants:
            held = self.held[want.customer_id]
            customer = held.customer
            if (customer.pending or customer.accepted_at > held.want.until) and (more := self._further(held)) is not None:
                further.append(more)
        if further:
            self._read(further)

    def _read(self, wants: Sequence[Want]) -> None:
        covered: Covered | None = None  # most customers of a batch are asked for the same: one object says so
        found = self._storage.load_many(wants)
        known = self._definitions.compiled.definitions
        elsewhere = [one.customer_id for one in found if one.revision < 0]
        if elsewhere:
            raise Elsewhere(elsewhere)
        for want, loaded in zip(wants, found, strict=True):
            customer_id, journeys, keys, _, _ = want
            if journeys is None:
                covered = None
            elif covered is None or covered.journeys is not journeys or keys or covered.keys:
                covered = Covered(journeys, frozenset(keys))
            self.held[customer_id] = held = Held(Customer(loaded, covered), want, self._limit)
            for e in loaded.enrollments:
                if e.definition not in known:
                    held.foreign = self._learn(loaded.enrollments)
                    break
            for event_id in loaded.seen:
                self._seen.add((customer_id, event_id))
        if [one for one in found if one.erasures]:
            for customer_id, back in returning(self._storage, found).items():
                customer = self.held[customer_id].customer
                customer.pending = (back, *customer.pending)

    def _learn(self, enrollments: Iterable[Enrollment]) -> UnknownError | None:
        """Learn the versions that a customer is on; why not, where one cannot be had, which holds up nobody else."""
        try:
            self._definitions.learn_all(enrollments)
        except UnknownError as error:
            return error
        return None

    def _further(self, held: Held) -> Want | None:
        """The wider want of a customer who has mail, or whose last signal is later than now; None where all is there."""
        customer, want = held.customer, held.want
        if want.journeys is None:
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
        return self._again(held, wider)

    def _reach(self, held: Held, now: int) -> Held:
        """Load a customer again with all that is due before *now*: another's mail may come from a later moment than the batch."""
        return held if held.want.journeys is None else self._again(held, held.want._replace(until=now))

    def _again(self, held: Held, want: Want) -> Held:
        self._read([want])
        fresh = self.held[want.customer_id]
        if fresh.base != held.base:
            raise ConflictError([want.customer_id])
        fresh.left, fresh.waits, fresh.mail = held.left, held.waits, held.mail
        fresh.customer.pending = _in_order((*fresh.customer.pending, *held.mail))
        for commit in self.commits:
            if commit.customer_id == want.customer_id:
                fresh.customer.apply(commit)
        return fresh

    # -- deciding ----------------------------------------------------------------------------------------------------

    def offer(self, event: Event, accepted_at: int) -> Outcome:
        """Decide *event* after the mail that stands before it."""
        held, known = self.held[event.customer_id], (event.customer_id, event.id)
        if known in self._seen and not any(mail.event.id == event.id for mail in held.customer.pending):
            return DUPLICATE
        self._seen.add(known)
        while (mail := held.due) is not None:
            outcome = self._decide(mail)
            held = self.held[event.customer_id]
            if mail.event.id == event.id:
                return outcome
        if held.waits or held.behind:
            return self._wait(event, accepted_at)
        outcome = self._decide(_new(LoggedEvent, (event, accepted_at, None, "pending", 0)), fresh=True)
        return self._wait(event, accepted_at) if outcome is WAITING else outcome

    def _wait(self, event: Event, accepted_at: int) -> Outcome:
        held = self.held[event.customer_id]
        if not any(mail.event.id == event.id for mail in held.customer.pending):
            self.waiting.append((event, max(accepted_at, held.customer.accepted_at)))
        return WAITING

    def catch_up(self, until: int) -> dict[str, int]:
        """
        Decide the mail of all customers of the batch, and fire what is due before *until*.

        A decision that fails is logged and holds up nobody else.

        Returns:
            For each customer how many signals were decided.
        """
        return {customer_id: self._catch_up(customer_id, until) for customer_id in self.held}

    def _catch_up(self, customer_id: str, until: int) -> int:
        held = self.held[customer_id]
        before = held.customer.revision
        try:
            if held.customer.pending:
                while (mail := self.held[customer_id].due) is not None:
                    self._decide(mail)
                held = self.held[customer_id]
            if not held.waits and not held.behind:
                self._keep(self._advance(held, None, until))
        except StorageError:
            raise
        except JourneykitError as error:
            log_failure("a customer's decision failed%s: %s", "", error, {"customer": customer_id})
        return self.held[customer_id].customer.revision - before

    def _decide(self, logged: LoggedEvent, *, fresh: bool = False) -> Outcome:
        event, now = logged.event, logged.accepted_at
        held = self.held[event.customer_id]
        if now < held.customer.accepted_at:
            now = held.customer.accepted_at
            logged = logged._replace(accepted_at=now)
        if now > held.want.until:
            held = self._reach(held, now)
        commit = self._advance(held, logged, now)
        commit.fresh = fresh
        held = self._keep(commit)
        rows = commit.events
        if not rows or (rows[-1].event.id != event.id and not any(row.event.id == event.id for row in rows)):
            held.waits = True
            return WAITING
        return _new(Outcome, ("decided", tuple(commit.history), tuple(commit.outbox)))

    def _advance(self, held: Held, logged: LoggedEvent | None, now: int) -> Commit:
        if held.foreign is not None:
            raise held.foreign
        while True:
            try:
                return advance(self._definitions.compiled, held.customer, logged, now, held.left, None, self._shared)
            except Incomplete as missing:
                held = self._widen(held, missing)
            except Unread as unread:
                self._concern()
                self._shared = self._told(unread)

    def _concern(self) -> None:
        """Remember that others are concerned."""
        self.concerns = True
        if self._apart:
            raise Concerned

    def _told(self, unread: Unread) -> Shared:
        """What is shared, with what a decision could not do without."""
        name, first = unread.name, unread.first
        if isinstance(first, int):
            return self._shared.knowing(name, first - self._count(name))
        return self._shared.telling(name, self._storage.keep(name, first if isinstance(first, str) else better(name, first, self._count)))

    def _count(self, name: str) -> int:
        """How many have been taken of a shared number; this batch counts as well."""
        mine = sum(number for commit in self.commits for key, number, _ in commit.quotas if key == name)
        return mine + self._storage.taken(name)

    def _keep(self, commit: Commit) -> Held:
        """Take *commit* into the batch, move the customer on, and deliver mail to customers of the same batch."""
        held = self.held[commit.customer_id]
        if commit.revision == commit.base and not commit.events:
            return held
        held.left -= commit.fired
        if commit.mail or commit.quotas:
            self._concern()
        if commit.quotas:
            self._shared = self._shared.after(commit.quotas)
        held.customer.apply(commit)
        self.commits.append(commit)
        for mail in commit.mail:
            self._deliver(mail)
        return held

    def _deliver(self, mail: Mail) -> None:
        held = self.held.get(mail.event.customer_id)
        known = (mail.event.customer_id, mail.event.id)
        if held is None or held.behind or known in self._seen:
            return
        self._seen.add(known)
        logged = LoggedEvent(mail.event, mail.accepted_at)
        held.mail += (logged,)
        held.customer.pending = _in_order((*held.customer.pending, logged))


def _in_order(mailbox: Sequence[LoggedEvent]) -> list[LoggedEvent]:
    """*mailbox* as a storage would give it: what was accepted first is decided first, of one moment what arrived first."""
    return sorted(mailbox, key=lambda logged: logged.accepted_at)
