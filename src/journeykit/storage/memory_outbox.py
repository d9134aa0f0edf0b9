"""The outbox of `journeykit.storage.memory`: messages by number, and a heap of those that are due."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence

from journeykit.model.records import Claimed, Moved, OutboxRow, Sent, Settlement
from journeykit.storage.memory_rows import Message
from journeykit.storage.moving import moved_message
from journeykit.storage.rows import dumps, loads, message, message_row


class MemoryOutbox:
    """
    The messages of a storage, which holds its lock around each call.

    Args:
        of: gives the numbers of a customer's messages.
    """

    def __init__(self, of: Callable[[str], Sequence[int]]) -> None:
        self._of = of
        self._messages: dict[int, Message] = {}
        self._last = 0
        self._open: list[tuple[int, int]] = []  #: heap of (due_at, id); what no longer fits is skipped

    def add(self, outgoing: Message) -> int:
        """Keep a message and return its number."""
        number = self._last = self._last + 1
        self._messages[number] = outgoing
        if outgoing.state == "open":
            heapq.heappush(self._open, (outgoing.due_at, number))
        return number

    def next_due(self) -> int | None:
        """When the next message is due."""
        while self._open and not self._fits(*self._open[0]):
            heapq.heappop(self._open)
        return self._open[0][0] if self._open else None

    def _fits(self, ready: int, number: int) -> bool:
        row = self._messages.get(number)
        return row is not None and row.state == "open" and row.due_at == ready

    def claim(self, now: int, limit: int, lease: int, token: str, since: int | None) -> list[Claimed]:
        """Take up to *limit* open messages due at *now* or before, the longest due first, until now + *lease*."""
        numbers, lapsed = self._due_messages(now, limit)
        customers = [] if since is None else self._written_to(numbers)
        if not lapsed:
            numbers += [other for customer in customers for other in self._companions(customer, now, numbers)]
        taken = [self._lease(number, now + lease, token) for number in numbers]
        if since is None:
            return taken
        sent = {customer: self._sent(customer, since, now, numbers) for customer in customers}
        return [one._replace(sent=sent.get(one.message.customer_id, ())) for one in taken]

    def _due_messages(self, now: int, limit: int) -> tuple[list[int], bool]:
        """The numbers of what is due, taken off the heap, and whether it is one whose lease ran out."""
        numbers: list[int] = []
        while self._open and self._open[0][0] <= now and len(numbers) < limit:
            ready, number = self._open[0]
            fits = self._fits(ready, number)
            lapsed = fits and self._messages[number].token is not None
            if lapsed and numbers:
                break
            heapq.heappop(self._open)
            if fits:
                numbers.append(number)
            if lapsed:
                return numbers, True
        return numbers, False

    def _written_to(self, numbers: Sequence[int]) -> list[str]:
        """The customers with a marketing message among *numbers*."""
        found = [message(loads(self._messages[number].text)) for number in numbers]
        return list(dict.fromkeys(one.customer_id for one in found if one.message == "marketing"))

    def _companions(self, customer_id: str, now: int, but: Sequence[int]) -> list[int]:
        """The other marketing messages of a customer that are due and were never leased; on the heap they no longer fit."""
        rows = [(self._messages[number], number) for number in self._of(customer_id) if number not in but]
        due = sorted((row.due_at, number) for row, number in rows if row.state == "open" and row.token is None and row.due_at <= now)
        return [number for _, number in due if message(loads(self._messages[number].text)).message == "marketing"]

    def _sent(self, customer_id: str, since: int, now: int, but: Sequence[int]) -> tuple[Sent, ...]:
        """What a frequency cap counts of a customer."""
        others = [number for number in self._of(customer_id) if number not in but]
        return tuple([one for number in others if (one := self._messages[number].sent(number, since, now)) is not None])

    def _lease(self, number: int, until: int, token: str) -> Claimed:
        row = self._messages[number]
        row.token, row.due_at = token, until
        row.attempts += 1
        heapq.heappush(self._open, (until, number))
        return Claimed(number, message(loads(row.text)), row.attempts - 1, token, begun=row.begun)

    def begin(self, message_id: int, token: str, now: int) -> bool:
        """Write down that a claimed message is about to be performed; False where its lease is over or was taken over."""
        row = self._messages.get(message_id)
        if row is None or row.token != token or row.due_at <= now:
            return False
        row.begun = True
        return True

    def settle(self, settlement: Settlement) -> bool:
        """Record how an attempt ended; False where its lease was taken over."""
        row = self._messages.get(settlement.id)
        if row is None or row.token != settlement.token:
            return False
        row.state, row.reason, row.due_at = settlement.state, settlement.reason, settlement.due_at
        row.attempts -= not settlement.attempted
        row.token = None
        row.begun = row.begun and not settlement.undone
        if settlement.answered is not None:
            row.answered(settlement.answered)
        if row.state == "open":
            heapq.heappush(self._open, (row.due_at, settlement.id))
        return True

    def move(self, number: int, moved: Moved, by: int) -> None:
        """Make a message of an old id the survivor's."""
        row = self._messages[number]
        found = moved_message(message(loads(row.text)), moved, by)
        row.text = dumps(message_row(found, dumps(found.parameters), "")[:14])

    def spend(self, number: int, reason: str, at: int) -> None:
        """Drop an open message."""
        row = self._messages.get(number)
        if row is not None and row.state == "open":
            row.state, row.reason, row.due_at, row.token = "dropped", reason, at, None

    def remove(self, numbers: Iterable[int]) -> None:
        """Forget messages."""
        for number in numbers:
            del self._messages[number]

    def empty(self, numbers: Iterable[int], before: int) -> None:
        """Take the parameters out of messages settled before a moment."""
        for row in (self._messages[number] for number in numbers):
            if row.state in ("performed", "dropped", "imported") and row.due_at < before:
                row.text = dumps(message_row(message(loads(row.text)), "{}", "")[:14])

    def rows(self, state: str | None, numbers: Iterable[int] | None, limit: int) -> list[OutboxRow]:
        """Messages in order of id, only those in *state* or of *numbers* where given."""
        some = self._messages if numbers is None else numbers
        chosen = [number for number in some if state is None or self._messages[number].state == state]
        return [self._messages[number].row(number) for number in chosen[:limit]]

    def reopen(self, ids: Sequence[int], now: int, state: str) -> int:
        """Set dead messages to ``open`` or ``dropped``; return how many were dead."""
        dead = [number for number in dict.fromkeys(ids) if number in self._messages and self._messages[number].state == "dead"]
        for number in dead:
            row = self._messages[number]
            row.state, row.due_at = state, now
            if state == "open":
                row.attempts, row.reason = 0, None
                heapq.heappush(self._open, (now, number))
        return len(dead)
