"""Making two customers one (P20): what is read, decided and written, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from journeykit.core.compiling.quotas import Shared
from journeykit.core.deciding.customer import Customer
from journeykit.core.deciding.merging import MERGE, SIGNALS, SPENT, Place, carried, overlapping, shift, stays
from journeykit.core.enrollments.likeness import likeness
from journeykit.errors import ConflictError, EventError
from journeykit.model.leaving import Moved
from journeykit.model.records import Enrollment, OutboxRow, Want
from journeykit.ports import Storage
from journeykit.runtime.aliases import Elsewhere
from journeykit.runtime.deciding import Decider
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.letters import own_event
from journeykit.runtime.work import DUPLICATE, Outcome

ALL = 1 << 40  #: messages of one customer


class Merger:
    """
    Lets a customer become another.

    Args:
        decider: what loads, decides and writes.
    """

    def __init__(self, storage: Storage, definitions: Definitions, decider: Decider) -> None:
        self._storage = storage
        self._definitions = definitions
        self._decider = decider

    def merge(self, survivor: str, other: str, event_id: str, occurred_at: int, now: int) -> Outcome:
        """
        Let *other* become *survivor*.

        Raises:
            EventError: they are the same, or *survivor* has become *other* before.
        """
        if survivor == other:
            raise EventError(f'merge: "{survivor}" cannot become itself; name two ids')
        while self._decider.catch_up([*dict.fromkeys(self._storage.identities(name)[0] for name in (survivor, other))], now, set()):
            pass
        return self._decider.again(lambda shared: self._try(shared, survivor, other, event_id, occurred_at, now))

    def _try(self, shared: Shared, survivor: str, other: str, event_id: str, occurred_at: int, now: int) -> Outcome:
        (root, *_), (old, *_) = self._storage.identities(survivor), self._storage.identities(other)
        if root == old:
            if other == old:
                raise EventError(f'merge: "{survivor}" has become "{other}" before; merge("{other}", "{survivor}") says the same')
            return DUPLICATE
        work = self._decider.work(shared)
        try:
            work.load([Want(root, None, (), (event_id,)), Want(old, None)])
        except Elsewhere as elsewhere:
            raise ConflictError(elsewhere.customers) from None
        now = max(now, *(held.customer.accepted_at for held in work.held.values()))
        work.catch_up(now)
        mine, theirs = work.held[root].customer, work.held[old].customer
        sent, spent = self._sent(mine, theirs)
        known = carried(old, theirs.facts, _rows(theirs), theirs.moments, sent) | {SIGNALS: theirs.revision}
        moved = _moved(mine, theirs, spent, now)
        outcome = work.offer(own_event(MERGE, event_id, root, occurred_at, known), max(now, theirs.accepted_at, mine.accepted_at))
        if outcome.status == "decided":
            self._decider.merge(work.commits, moved)
        return outcome

    def _sent(self, mine: Customer, theirs: Customer) -> tuple[Mapping[Place, Mapping[str, int]], list[int]]:
        """What the one that stays has still to come and the other has had, and the open messages that would come twice."""
        sent: dict[Place, Mapping[str, int]] = {}
        spent: list[int] = []
        both = [place for place in theirs.enrollments if place in mine.enrollments]
        both = [place for place in both if overlapping(self._definitions.compiled, mine.enrollments[place], theirs.enrollments[place])]
        if not both:
            return sent, spent
        rows = {one.customer_id: self._storage.outbox(None, one.customer_id, ALL) for one in (mine, theirs)}
        for place in both:
            one, other = mine.enrollments[place], theirs.enrollments[place]
            kept, gone = ((one, mine), (other, theirs)) if stays(one, other) else ((other, theirs), (one, mine))
            had, more = self._asked(rows[kept[1].customer_id], kept[0]), self._asked(rows[gone[1].customer_id], gone[0])
            sent[place] = {mark: len(some) - len(had.get(mark, ())) for mark, some in more.items() if len(some) > len(had.get(mark, ()))}
            for mark, some in more.items():
                spent += [row.id for row in some[: len(had.get(mark, ()))] if row.state == "open"]
        return sent, spent

    def _asked(self, rows: Iterable[OutboxRow], e: Enrollment) -> dict[str, list[OutboxRow]]:
        """What an enrollment has asked for that was or will be performed, by what it has in common with other requests, in order."""
        found: dict[str, list[OutboxRow]] = {}
        current = self._definitions.compiled.definitions.get(e.definition)
        for row in rows:
            message = row.message
            if current is None or row.state in ("dead", "dropped"):
                continue
            if (message.journey, message.key, message.number) == (e.journey, e.key, e.number):
                found.setdefault(likeness(current.journey, message.action, message.parameters), []).append(row)
        return found


def _rows(customer: Customer) -> list[Enrollment]:
    return sorted(customer.enrollments.values(), key=lambda e: (e.order, e.journey, e.key))


def _moved(mine: Customer, theirs: Customer, spent: Sequence[int], now: int) -> Moved:
    shared = [(place, e) for place, e in mine.enrollments.items() if place in theirs.enrollments]
    numbers = [(*place, by) for place, e in shared if (by := shift(e))]
    return Moved(theirs.customer_id, mine.customer_id, theirs.revision, numbers, spent, SPENT, now)
