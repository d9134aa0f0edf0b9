"""What an operator asks an engine, and puts right with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from journeykit.errors import UnknownError
from journeykit.model.backlog import Backlog
from journeykit.model.pauses import Pause
from journeykit.model.phrases import suggestion
from journeykit.model.records import OutboxRow
from journeykit.runtime.backfill import backfill
from journeykit.runtime.explain import Explanation
from journeykit.runtime.letters import RETRY, derived
from journeykit.runtime.pausing import Clocks
from journeykit.runtime.shell import Shell
from journeykit.runtime.work import Outcome

STATES = ("open", "performed", "dead", "dropped", "imported")  #: of a request for an action


class Operator(Shell):
    """The part of `journeykit.Engine` that a person calls for, not the shop's traffic."""

    def backfill(self, facts: Iterable[str] | None = None) -> int:
        """
        Fill in what was declared late, for every customer, from the recorded past; nothing follows from it, but that journeys let in who is
        there already where they say so (``open: with those already there``).

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

    def explain(self, customer_id: str, why_not: str | None = None) -> Explanation:
        """
        Tell everything that happened to a customer, with times and reasons.

        Args:
            customer_id: the customer.
            why_not: the name of an action: tell also why it was not asked for or not performed, found by replaying the customer.
        """
        return self._explainer.explain(customer_id, why_not)

    def backlog(self) -> Backlog:
        """Tell what waits to be done: events in mailboxes, timers that are due, actions that are due, and since when."""
        return self.storage.backlog(self.clock.now())

    def retry(self, customer_id: str) -> list[Outcome]:
        """Offer the parts of signals that were parked with an error again, each for itself; return what came of them."""
        now, customer_id = self.clock.now(), self.storage.identities(customer_id)[0]
        parked = [row.event for row in self.storage.events(customer_id, after=1 << 62) if row.state == "parked"]
        attempt = len(self.storage.history(customer_id)) if parked else 0
        return [
            self._own(RETRY, derived(event.id, f"retry/{attempt}"), customer_id, now, {**event.properties, "parked": event.id})
            for event in parked
        ]

    def pause(
        self, journey: str | None = None, *, step: str | None = None, action: str | None = None, clocks: Clocks = "stand still"
    ) -> bool:
        """
        Pause a journey, a step of it, or an action, in all processes within a second or two, until `resume`.

        Of a paused journey no timer fires and no action is performed; of a step, no timer fires for who is in it; a paused action is not
        performed, whoever asks (or that journey, where one is named as well). What customers do is looked at as always: they come in, leave
        and reach the goal. Requests stay in the outbox, and expire as declared.

        Args:
            journey: its name.
            step: a step or a scope of it.
            action: the name of an action.
            clocks: ``stand still``, what is left of a wait is the same after the pause; ``run on``, what came due in the pause happens at its
                end, and is as old then as it is.

        Returns:
            False where there is such a pause already.

        Raises:
            UnknownError: there is no such journey, step or action, or none is named.
        """
        return self._pausing.begin(journey, step, action, clocks)

    def resume(self, journey: str | None = None, *, step: str | None = None, action: str | None = None) -> bool:
        """End a pause, named as it was begun; return False where there is none."""
        ended = self._pausing.end(journey, step, action)
        self._wake()
        return ended

    def pauses(self) -> list[Pause]:
        """Return the pauses that last, in the order in which they were begun."""
        return [pause for pause in self.storage.pauses() if pause.ended_at is None]

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
        return self.storage.outbox(state, None if customer_id is None else self.storage.identities(customer_id)[0], limit)

    def retry_outbox(self, ids: Sequence[int]) -> int:
        """Try dead letters again, with all their attempts; return how many of *ids* were dead."""
        reopened = self.storage.reopen(ids, self.clock.now(), "open")
        self._wake()
        return reopened

    def drop_outbox(self, ids: Sequence[int]) -> int:
        """Drop dead letters for good; return how many of *ids* were dead."""
        return self.storage.reopen(ids, self.clock.now(), "dropped")
