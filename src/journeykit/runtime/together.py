"""Many customers caught up side by side in the order of time, so that what one sends another arrives when it was sent."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from attrs import evolve

from journeykit.core.compiling.quotas import UNKNOWN, Shared
from journeykit.errors import JourneykitError, StorageError
from journeykit.model.records import Mail, Want
from journeykit.ports import Storage
from journeykit.runtime.aliases import Elsewhere
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.logs import log_failure
from journeykit.runtime.work import Held, Work


class Together(Work):
    """
    A batch whose customers are moved on one signal at a time, always the one with the earliest.

    Needed only where one customer's decision concerns others. A worker that comes late would else decide all timers of somebody who
    is started before the start, and give what all share to whom it looks at first, not to who was due first. Who is sent something
    joins the batch.
    """

    def __init__(self, storage: Storage, definitions: Definitions, limit: int, shared: Shared = UNKNOWN, *, apart: bool = False) -> None:
        super().__init__(storage, definitions, limit, shared, apart=apart)
        self._until = 0
        self._moments: list[tuple[int, str]] = []

    def catch_up(self, until: int) -> dict[str, int]:
        """Decide what is due before *until*; return for each customer how many signals were decided."""
        self._until = until
        began = {customer_id: held.customer.revision for customer_id, held in self.held.items()}
        self._moments = [(at, customer_id) for customer_id, held in self.held.items() if (at := self._next(held)) is not None]
        heapify(self._moments)
        while self._moments:
            at, customer_id = heappop(self._moments)
            if self._next(self.held[customer_id]) == at:  # else it has been moved on, and stands here again
                self._move_on(customer_id, at)
                self._queue(customer_id)
        return {customer_id: held.customer.revision - began.get(customer_id, 0) for customer_id, held in self.held.items()}

    def _next(self, held: Held) -> int | None:
        """The moment of a customer's next signal."""
        if held.waits or (held.behind and held.due is None):
            return None
        due = held.customer.next_due
        if self._shared.pausing:
            first = held.customer.due(self._definitions.compiled, self._until, self._shared.known.pauses)
            due = None if first is None else first.due_at
        moments = [] if due is None or due >= self._until else [due]
        if held.due is not None:
            moments.append(held.due.accepted_at)
        return min(moments, default=None)

    def _queue(self, customer_id: str) -> None:
        at = self._next(self.held[customer_id])
        if at is not None:
            heappush(self._moments, (at, customer_id))

    def _move_on(self, customer_id: str, at: int) -> None:
        """Decide the mail of that moment, or fire the timers due in it; a failure holds up this customer only."""
        held = self.held[customer_id]
        revision, mail = held.customer.revision, held.due
        try:
            if mail is not None and mail.accepted_at == at:
                self._decide(mail)
            else:
                self._keep(self._advance(held, None, at + 1))
        except StorageError:
            raise
        except JourneykitError as error:
            log_failure("a customer's decision failed%s: %s", "", error, {"customer": customer_id})
        held = self.held[customer_id]
        if held.customer.revision == revision:
            held.waits = True

    def _deliver(self, mail: Mail) -> None:
        customer_id = mail.event.customer_id
        if customer_id not in self.held:
            journeys, keys = self._definitions.compiled.wants(mail.event)
            try:
                self.load([Want(customer_id, journeys, keys, (mail.event.id,), self._until)])
            except Elsewhere:
                name = self._storage.identities(customer_id)[0]
                self._deliver(mail._replace(event=evolve(mail.event, customer_id=name)))
                return
        super()._deliver(mail)
        self._queue(customer_id)
