"""The engine: what a host application calls."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from journeykit.errors import StorageError, UnknownError
from journeykit.model.customer import Catalog
from journeykit.model.journey import Journey
from journeykit.model.messages import Event, text
from journeykit.model.phrases import MICROSECONDS, suggestion
from journeykit.model.records import Commit, OutboxRow
from journeykit.ports import Action, Clock, Hook, Policy, Storage, Timer, Trigger
from journeykit.runtime.backfill import backfill
from journeykit.runtime.backoff import Backoff
from journeykit.runtime.clock import Moment, SystemClock, instant
from journeykit.runtime.deciding import Decider
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.dispatcher import Dispatched, Dispatcher
from journeykit.runtime.explain import Explainer, Explanation
from journeykit.runtime.hooks import Hooks
from journeykit.runtime.letters import (
    ENTER,
    EXIT,
    IDENTIFY,
    RETRY,
    derived,
    identification,
    object_fact,
    own_event,
    refuse_foreign,
    refuse_unstorable,
)
from journeykit.runtime.plugins import Actions, extensions_of
from journeykit.runtime.policies import Policies
from journeykit.runtime.release import Releaser
from journeykit.runtime.work import Accepted, Outcome

logger = logging.getLogger("journeykit")

BATCH = 1_000  #: customers claimed at a time

STATES = ("open", "performed", "dead", "dropped", "imported")  #: of a request for an action


class Engine:
    """
    Runs journeys on a storage.

    Safe to use from several threads where its storage, clock and actions are. Any number of engines, in any number of processes,
    may work on one storage.

    Args:
        definitions: journeys and catalogs, for example ``load("journeys/")``; compiled here, once.
        storage: where everything is kept; its `migrate` has been called, once, before.
        actions: the implementations by name; installed packages may offer more (entry points ``journeykit.actions``). Where given,
            a journey that names another action does not compile. None in a process that only decides.
        clock: where the time comes from.
        hooks: callables that are told what happens, see `journeykit.ports.Hook`.
        catch_up_limit: how many timers of a customer one `handle` may fire before its event; the rest, and the event behind
            them, are left to the worker.
        backoff: when an action that did not work is tried again.
        lease: seconds for which a claim on actions holds: longer than the slowest of them takes. What a worker that died had
            claimed is tried again after that.
        history: history is being imported: an event counts as accepted when it occurred, and nothing is performed.
        perform: whether what imported history asks for is performed after all; without *history* everything is.
        triggers: triggers that definitions can name, besides those of installed packages (entry points ``journeykit.triggers``).
        timers: the same for waits (entry points ``journeykit.timers``).
        policies: the policies that sentences of the catalog name; installed packages may offer more (entry points
            ``journeykit.policies``).

    Raises:
        DefinitionError: with every problem found in the definitions; an action, a policy or a hook cannot be called.
    """

    def __init__(
        self,
        definitions: Iterable[Journey | Catalog] | Journey,
        storage: Storage,
        actions: Mapping[str, Action] | None = None,
        *,
        clock: Clock | None = None,
        hooks: Iterable[Hook] = (),
        catch_up_limit: int = 1_000,
        backoff: Backoff | None = None,
        lease: float = 300,
        history: bool = False,
        perform: bool = False,
        triggers: Mapping[str, Trigger] | None = None,
        timers: Mapping[str, Timer] | None = None,
        policies: Mapping[str, Policy] | None = None,
    ) -> None:
        self.storage = storage
        self.clock: Clock = clock or SystemClock()
        self.actions = Actions(actions)
        values = [definitions] if isinstance(definitions, Journey) else definitions
        named, performing = Policies(policies), actions is not None or policies is not None
        self.definitions = Definitions(
            values,
            storage,
            None if actions is None else self.actions.names(),
            extensions_of(triggers, timers),
            named.names() if performing else None,
        )
        self.hooks = Hooks(hooks)
        self._history = history
        self._wakers: list[Callable[[], None]] = []
        imported = history and not perform
        self._decider = Decider(storage, self.definitions, catch_up_limit, imported, self._written, self._watching)
        self._worker = Decider(storage, self.definitions, BATCH, imported, self._written, self._watching)
        waits, held = backoff or Backoff(), int(lease * MICROSECONDS)
        self._dispatcher = Dispatcher(
            storage, self.definitions, self.actions, named, self.clock, waits, self.hooks, held, self._settle_mail
        )
        self._releaser = Releaser(storage, self.definitions)
        self._explainer = Explainer(storage, self.definitions)

    # -- what happens ------------------------------------------------------------------------------------------------

    def accept(self, *events: Event) -> list[bool]:
        """
        Put events into their customers' mailboxes and decide nothing; a worker does.

        One row each, no lock on the customer, in the host's transaction where the storage is built on the host's connection.

        Returns:
            For each, False where it was known already.

        Raises:
            EventError: an event has a reserved name or cannot be stored; none is accepted.
        """
        accepted = self.storage.accept(self._accepted(events))
        self._wake()
        return accepted

    def handle(self, event: Event) -> Outcome:
        """
        Accept *event* and decide it at once, in one transaction.

        Raises:
            EventError: it has a reserved name or cannot be stored.
            ConflictError: others kept deciding for the customer first.
            LoopError: the journeys send this customer round in a circle; nothing was applied.
        """
        return self._decided(self._accepted((event,)))[0]

    def handle_many(self, events: Iterable[Event]) -> list[Outcome]:
        """Accept and decide *events* in order, all in one transaction (one each where others keep coming first); see `handle`."""
        accepted = self._accepted(tuple(events))
        return self._decided(accepted) if accepted else []

    def identify(
        self,
        customer_id: str,
        *,
        id: str,
        traits: Mapping[str, Any] | None = None,
        zone: str | None = None,
        consent: Mapping[str, bool] | None = None,
        at: Moment | None = None,
    ) -> Outcome:
        """
        Say what is known about a customer.

        Args:
            customer_id: the customer.
            id: the host's id of this fact; the same id of the same customer counts once.
            traits: attributes by name; None takes one away.
            zone: IANA time zone.
            consent: per channel, whether they agreed.
            at: when it became so; now where not said.

        Raises:
            EventError: a value that cannot be accepted.
        """
        return self._own(IDENTIFY, id, customer_id, at, identification(self.definitions.catalog, traits, zone, consent))

    def enroll(
        self, journey: str, customer_id: str, *, id: str, key: str = "", data: Mapping[str, Any] | None = None, at: Moment | None = None
    ) -> Outcome:
        """
        Let a customer into a journey, as far as its re-entry rule allows.

        Args:
            journey: its name.
            customer_id: the customer.
            id: the host's id of this call; the same id of the same customer counts once.
            key: the key, in a keyed journey.
            data: what the enrollment's data begins with.
            at: when; now where not said.

        Raises:
            UnknownError: there is no such journey.
        """
        self.definitions.check(journey)
        return self._own(ENTER, id, customer_id, at, {"journey": journey, "key": key, "data": dict(data or {})})

    def exit(self, journey: str, customer_id: str, *, id: str, reason: str, key: str = "", at: Moment | None = None) -> Outcome:
        """
        Take a customer out of a journey; nothing happens where they are not in it.

        Args:
            journey: its name.
            customer_id: the customer.
            id: the host's id of this call.
            reason: why, recorded with the enrollment.
            key: the key, in a keyed journey.
            at: when; now where not said.

        Raises:
            UnknownError: there is no such journey.
        """
        self.definitions.check(journey)
        return self._own(EXIT, id, customer_id, at, {"journey": journey, "key": key, "reason": reason})

    def publish(self, name: str, *, id: str, properties: Mapping[str, Any], at: Moment | None = None) -> bool:
        """
        Say what happened to an object; whoever waits for it now is told of it by the worker, at the rate that the catalog declares.

        Args:
            name: the event, one of those that the catalog declares about an object.
            id: the host's id of this fact; the same id of the same object counts once.
            properties: its properties, the object's id among them.
            at: when it occurred; now where not said.

        Returns:
            False where it was known already.

        Raises:
            EventError: it is about no object, or cannot be stored.
        """
        now = self.clock.now()
        occurred_at = now if at is None else instant(at, "at")
        fact = object_fact(self.definitions.compiled.subjects, name, text(id, "id"), properties, occurred_at)
        new = self._releaser.publish(fact._replace(accepted_at=occurred_at if self._history else now))
        self._wake()
        return new

    # -- what is due -------------------------------------------------------------------------------------------------

    def run_due(self, until: Moment | None = None, limit: int | None = None) -> int:
        """
        Decide what stands in mailboxes and fire the timers due before *until*; a timer due in that very instant stays.

        Args:
            until: now where not said.
            limit: stop after about that many; None for all there is.

        Returns:
            How many signals were decided: timers, and events from mailboxes.
        """
        end = self.clock.now() if until is None else instant(until, "until")
        decided, stuck = 0, set[str]()
        while limit is None or decided < limit:
            size = BATCH if limit is None else min(BATCH, limit - decided)
            claimed = [name for name in self.storage.claim_due(end, size + len(stuck)) if name not in stuck]
            if not claimed and self._releaser.release(end):
                continue
            if not claimed:
                break
            known = len(stuck)
            done = self._worker.catch_up(claimed, end, stuck)
            decided += done
            if not done and len(stuck) == known:
                break  # others are at it
        return decided

    def dispatch(self, limit: int = 1_000, *, stop: Callable[[], bool] | None = None) -> Dispatched:
        """
        Perform up to *limit* actions that are due.

        Args:
            limit: how many attempts at most; where there is a frequency cap, what is due to one customer comes together.
            stop: asked between two actions; once true, what is left is given back.

        Returns:
            How many were performed, put off for another attempt, given up and dropped.
        """
        return self._dispatcher.dispatch(limit, stop)

    def backfill(self, facts: Iterable[str] | None = None) -> int:
        """
        Fill in what was declared late, for every customer, from the recorded past; nothing follows from it.

        To be run once after a fact, a segment, a schedule or an entry by date has been declared or changed, with the new definitions, before
        workers go on. Facts are folded anew from the log; who is in a new segment is so from now on, which is no edge; schedules and
        dates begin from now on. Stopped half way, it may be run again: who has all of it already is left alone.

        Args:
            facts: the facts to fold anew; all that are declared where not said, none for an empty list.

        Returns:
            For how many customers something was missing.

        Raises:
            UnknownError: there is no such fact.
        """
        known = self.definitions.catalog.facts
        names = frozenset(known if facts is None else facts)
        for name in sorted(names - known.keys()):
            raise UnknownError(f'no fact "{name}"; there are {", ".join(known) or "none"}{suggestion(name, known)}')
        return backfill(self.storage, self.definitions, names, self.clock.now(), self._written)

    # -- asking, and putting right -----------------------------------------------------------------------------------

    def explain(self, customer_id: str, why_not: str | None = None) -> Explanation:
        """
        Tell everything that happened to a customer, with times and reasons.

        Args:
            customer_id: the customer.
            why_not: the name of an action: tell also why it was not asked for or not performed, found by replaying the customer.
        """
        return self._explainer.explain(customer_id, why_not)

    def retry(self, customer_id: str) -> list[Outcome]:
        """Offer the parts of signals that were parked with an error again, each for itself; return what came of them."""
        now = self.clock.now()
        parked = [row.event for row in self.storage.events(customer_id, after=1 << 62) if row.state == "parked"]
        attempt = len(self.storage.history(customer_id)) if parked else 0
        return [
            self._own(RETRY, derived(event.id, f"retry/{attempt}"), customer_id, now, {**event.properties, "parked": event.id})
            for event in parked
        ]

    def outbox(self, state: str | None = None, customer_id: str | None = None, limit: int = 1_000) -> list[OutboxRow]:
        """
        Show requests for actions in the order in which they were committed.

        Args:
            state: only those that are ``open``, ``performed``, ``dead``, ``dropped`` or ``imported``.
            customer_id: only those of a customer.
            limit: how many at most.

        Raises:
            UnknownError: there is no such state.
        """
        if state is not None and state not in STATES:
            raise UnknownError(f'no state "{state}"; there are {", ".join(STATES)}{suggestion(state, STATES)}')
        return self.storage.outbox(state, customer_id, limit)

    def retry_outbox(self, ids: Sequence[int]) -> int:
        """Try dead letters again, with all their attempts; return how many of *ids* were dead."""
        reopened = self.storage.reopen(ids, self.clock.now(), "open")
        self._wake()
        return reopened

    def drop_outbox(self, ids: Sequence[int]) -> int:
        """Drop dead letters for good; return how many of *ids* were dead."""
        return self.storage.reopen(ids, self.clock.now(), "dropped")

    def on_work(self, waker: Callable[[], None]) -> Callable[[], None]:
        """Call *waker* whenever this engine has written something that a worker may have to do; return what ends that."""
        self._wakers.append(waker)
        return lambda: self._wakers.remove(waker)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _accepted(self, events: Sequence[Event]) -> list[Accepted]:
        refuse_foreign(events)
        if self._history:
            return [(event, event.at) for event in events]
        now = self.clock.now()
        return [(event, now) for event in events]

    def _decided(self, accepted: Sequence[Accepted]) -> list[Outcome]:
        try:
            return self._decider.decide(accepted)
        except StorageError:
            refuse_unstorable(event for event, _ in accepted)
            raise

    def _own(self, name: str, id: str, customer_id: str, at: Moment | None, properties: dict[str, Any]) -> Outcome:
        now = self.clock.now()
        event = own_event(name, text(id, "id"), customer_id, now if at is None else instant(at, "at"), properties)
        return self._decided([(event, event.at if self._history else now)])[0]

    def _settle_mail(self, customers: Sequence[str]) -> None:
        """Decide the mail of *customers*, before their actions are performed."""
        self._worker.catch_up(customers, 0, set())

    def _watching(self) -> bool:
        return bool(self.hooks) or logger.isEnabledFor(logging.DEBUG)

    def _written(self, commits: Sequence[Commit]) -> None:
        if self.hooks:
            self.hooks.committed(commits)
        if self._wakers:
            self._wake()
        if logger.isEnabledFor(logging.DEBUG):
            for commit in commits:
                logger.debug("committed %s at revision %d: %d history, %d actions", commit.customer_id, commit.revision, len(commit.history), len(commit.outbox))  # fmt: skip

    def _wake(self) -> None:
        for waker in tuple(self._wakers):
            waker()
