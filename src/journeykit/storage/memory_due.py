"""Who has something to do, in memory: those waiting longest first, and where there are many, each kind of thing and each journey in turn."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping

from journeykit.model.records import Share, in_share
from journeykit.storage.memory_rows import Customer, due_of

Place = tuple[int, str]  #: from when on there is something to do, and the customer


class MemoryDue:
    """A heap of places for each line; what no longer fits its customer is skipped."""

    def __init__(self, customers: Mapping[str, Customer]) -> None:
        self._customers = customers
        self._lines: dict[str, list[Place]] = {}
        self._count = 0

    def __len__(self) -> int:
        """How many places are kept, also such as no longer fit."""
        return sum(map(len, self._lines.values()))

    def wake(self, customer_id: str) -> None:
        """Take a customer in, who has something to do from another moment on."""
        self._count += 1
        if self._count > 2 * len(self._customers) + 1_000:  # mostly places that no longer fit
            waiting = [name for name, one in self._customers.items() if one.ready is not None]
            self._lines, self._count = {}, len(waiting)
            for name in waiting:
                self._push(name)
        else:
            self._push(customer_id)

    def _push(self, customer_id: str) -> None:
        customer = self._customers[customer_id]
        if customer.ready is not None:
            heapq.heappush(self._lines.setdefault(_line(customer, customer.ready), []), (customer.ready, customer_id))

    def claim(self, now: int, limit: int, share: Share) -> list[str]:
        """Up to *limit* customers of *share* who have something to do by *now*."""
        taken: list[tuple[str, Place]] = []
        found: dict[str, int] = {}
        for line, place in self._turns(now):
            taken.append((line, place))
            if in_share(place[1], share):
                found[place[1]] = place[0]
                if len(found) == limit:
                    break
        for line, place in taken:
            heapq.heappush(self._lines[line], place)
        return sorted(found, key=lambda name: (found[name], name))

    def _turns(self, now: int) -> Iterator[tuple[str, Place]]:
        """Take out of the lines what is due, one of each in turn; in each round, who waits longest comes first."""
        lines = list(self._lines)
        while lines:
            firsts = [(first, line) for line in lines if (first := self._first(line)) is not None and first[0] <= now]
            lines = [line for _, line in sorted(firsts)]
            for line in lines:
                yield line, heapq.heappop(self._lines[line])

    def _first(self, line: str) -> Place | None:
        """What waits longest in a line."""
        heap = self._lines[line]
        while heap and not self._fits(*heap[0]):
            heapq.heappop(heap)
            self._count -= 1
        return heap[0] if heap else None

    def _fits(self, ready: int, customer_id: str) -> bool:
        customer = self._customers.get(customer_id)
        return customer is not None and customer.ready == ready

    def next(self) -> int | None:
        """When the first has something to do."""
        firsts = {line: self._first(line) for line in self._lines}
        for line in [line for line, first in firsts.items() if first is None]:
            del self._lines[line]
        return min((first[0] for first in firsts.values() if first is not None), default=None)


def _line(customer: Customer, ready: int) -> str:
    """Where a customer stands: in that of the journey whose timer is due then, in that of the customers' own moments, or in the mail's."""
    for text in customer.enrollments:
        if due_of(text) == ready - 1:
            return text[: text.index(",")]  # its columns begin with the journey
    return "moments" if customer.moments is not None and customer.moments[1] == ready - 1 else "mail"
