"""What an engine does for customers who become another, ask what is known of them, or leave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from journeykit.errors import UnknownError
from journeykit.model.given import flag, function
from journeykit.model.messages import text
from journeykit.runtime.clock import Moment, instant
from journeykit.runtime.erasing import erase
from journeykit.runtime.exporting import exported
from journeykit.runtime.merging import Merger
from journeykit.runtime.operator import Operator
from journeykit.runtime.retaining import forget_periods, retain
from journeykit.runtime.work import Outcome


class Customers(Operator):
    """The part of `journeykit.Engine` that is about who a customer is, and what is kept of them."""

    def merge(self, survivor: str, other: str, *, id: str, at: Moment | None = None) -> Outcome:
        """
        Let two customers be one: the anonymous visitor who signs in, two accounts of one person.

        What the other has is the survivor's from now on: events, data, consent, enrollments with their timers, what was asked for.
        The other's id goes on to stand for the survivor, also in events that come later. Doing it again is nothing.

        Args:
            survivor: whose id counts from now on, and whose data where both have some.
            other: who becomes the survivor; nobody need have heard of them.
            id: the host's id of this fact.
            at: when it became so; now where not said.

        Returns:
            What came of it; ``duplicate`` where they are one already.

        Raises:
            EventError: both are the same id, or the survivor has become the other before.
            ConflictError: others kept deciding for one of them first.
        """
        now = self.clock.now()
        occurred_at = now if at is None else instant(at, "at")
        merger = Merger(self.storage, self.definitions, self._worker)
        names = text(survivor, "survivor"), text(other, "other")
        return merger.merge(*names, text(id, "id"), occurred_at, occurred_at if self._history else now)

    def export(self, customer_id: str) -> dict[str, Any]:
        """
        Return all that is kept of a customer, as values that JSON can hold: what is known, enrollments, events, history, messages.

        Args:
            customer_id: the customer, by any id they have had.

        Raises:
            UnknownError: nothing is known of them.
        """
        found = exported(self.storage, self.definitions, text(customer_id, "customer_id"), self.clock.now())
        if not (found["events"] or found["enrollments"]):
            raise UnknownError(f'nothing is known of a customer "{customer_id}"; look at the id')
        return found

    def erase(self, customer_id: str) -> bool:
        """
        Take out all that is known of a customer: events, data, enrollments, timers, messages, history, and every id they have had.

        What stays names nobody: under a salted hash of the id, which journeys they were in and how often, so that rules of re-entry
        hold should they come back, and they are sent no marketing until they have agreed to it anew (`identify`). What customers
        share, quotas and tallies, stays as it is.

        Args:
            customer_id: the customer, by any id they have had.

        Returns:
            Whether anything was known of them.
        """
        return erase(self.storage, text(customer_id, "customer_id"), self.clock.now())

    def retain(self, *, before: Moment, history: bool = False, stop: Callable[[], bool] | None = None) -> int:
        """
        Let go of what is older than a shop keeps: the properties of older events, and the parameters of messages settled by then.

        Ids, names and times stay, so an event that is told again is still known, and facts stay what they are. A snapshot of each
        customer at that moment takes the place of what is gone, for `explain` to begin with. Stopped half way, it goes on when it is
        called again. What was taken of quotas in hours, days, weeks and months that were over by then goes as well, but for what
        something that is still to be decided may ask for.

        Args:
            before: the moment.
            history: whether the history of before goes, too.
            stop: asked between two customers; once true, no more is done.

        Returns:
            Of how many customers something went.
        """
        horizon = instant(before, "before")
        function(stop, "stop")
        flag(history, "history")
        forget_periods(self.storage, horizon, self.clock.now())
        return retain(self.storage, self.definitions, horizon, history, stop)
