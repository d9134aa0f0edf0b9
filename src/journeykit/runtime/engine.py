"""The engine: what a host application calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from journeykit.errors import EventError
from journeykit.model.given import function, several, whole
from journeykit.model.messages import Event, text
from journeykit.model.records import EVERYBODY, Share
from journeykit.runtime.clock import Moment, instant
from journeykit.runtime.customers import Customers
from journeykit.runtime.dispatcher import Dispatched
from journeykit.runtime.letters import ENTER, EXIT, IDENTIFY, data_of, identification, key_of, object_fact
from journeykit.runtime.shell import BATCH
from journeykit.runtime.work import Outcome


class Engine(Customers):
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
        rates: by action, how often it may be performed over all workers: ``{"email": "100 per minute"}``, in no minute more.

    Attributes:
        versions: who stands on which version of a journey, and bringing them to another, see `Versions`.

    Raises:
        DefinitionError: with every problem found in the definitions; an action, a policy or a hook cannot be called.
    """

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
            ConflictError: others kept deciding for the customer first, or the host's own transaction cannot go on (it is ``final`` then).
            LoopError: the journeys send this customer round in a circle; nothing was applied.
        """
        return self._decided(self._accepted((event,)))[0]

    def handle_many(self, events: Iterable[Event]) -> list[Outcome]:
        """Accept and decide *events* in order, all in one transaction (one each where others keep coming first); see `handle`."""
        accepted = self._accepted(tuple(several(events, "events", "handle_many([Event(...)])", EventError)))
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
        definitions = self.definitions
        told = identification(definitions.catalog, definitions.compiled.facts.openings, traits, zone, consent)
        return self._own(IDENTIFY, id, customer_id, at, told)

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
        return self._own(ENTER, id, customer_id, at, {"journey": journey, "key": key_of(key), "data": data_of(data)})

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
        return self._own(EXIT, id, customer_id, at, {"journey": journey, "key": key_of(key), "reason": text(reason, "reason")})

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
        fact = object_fact(self.definitions.compiled.subjects, text(name, "name"), text(id, "id"), properties, occurred_at)
        new = self._releaser.publish(fact._replace(accepted_at=occurred_at if self._history else now))
        self._wake()
        return new

    # -- what is due -------------------------------------------------------------------------------------------------

    def run_due(self, until: Moment | None = None, limit: int | None = None, *, share: Share = EVERYBODY) -> int:
        """
        Decide what stands in mailboxes and fire the timers due before *until*; a timer due in that very instant stays.

        Args:
            until: now where not said.
            limit: stop after about that many; None for all there is.
            share: which part of the customers, of how many; a `Worker` takes the part that falls to it.

        Returns:
            How many signals were decided: timers, and events from mailboxes.

        Raises:
            StorageError: this engine works `within` the host's transaction.
        """
        self._refuse_inside()
        if limit is not None:
            whole(limit, "limit", least=0)
        end = self.clock.now() if until is None else instant(until, "until")
        decided, stuck = 0, set[str]()
        self._pausing.settle()
        while limit is None or decided < limit:
            size = BATCH if limit is None else min(BATCH, limit - decided)
            claimed = [name for name in self.storage.claim_due(end, size + len(stuck), share) if name not in stuck]
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

        Raises:
            StorageError: this engine works `within` the host's transaction, from which nothing is performed.
        """
        self._refuse_inside()
        function(stop, "stop")
        return self._dispatcher.dispatch(whole(limit, "limit", least=0), stop)
