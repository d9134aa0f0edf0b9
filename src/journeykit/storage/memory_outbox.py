"""The outbox of `journeykit.storage.memory`: messages by number, and heaps of those that are due."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Collection, Iterable, Sequence

from journeykit.model.leaving import Moved
from journeykit.model.records import Claimed, OutboxMessage, OutboxRow, Sent, Settlement
from journeykit.storage.memory_recent import Recent
from journeykit.storage.memory_rows import Message
from journeykit.storage.moving import moved_message
from journeykit.storage.rows import dumps, loads, message, message_row


class MemoryOutbox:
    """The messages of a storage, which holds its lock around each call."""

    def __init__(self) -> None:
        self._messages: dict[int, Message] = {}
        self._last = 0
        self._customers = Recent(self._messages)  #: the marketing messages of each
        self._households = Recent(self._messages)  #: the marketing messages to each
        self._lines: dict[
            tuple[str, str], list[tuple[int, int]]
        ] = {}  #: by journey and action a heap of (due_at, id); what no longer fits is skipped

    def add(self, outgoing: Message, capped: tuple[str, str | None] | None) -> int:
        """Keep a message and return its number; *capped* are the customer and household of one that a frequency cap counts."""
        number = self._last = self._last + 1
        self._messages[number] = outgoing
        if capped is not None:
            self._count(number, *capped)
        if outgoing.state == "open":
            self._queue(outgoing, number)
        return number

    def _count(self, number: int, customer_id: str, household: str | None) -> None:
        self._customers.add(customer_id, number)
        if household is not None:
            self._households.add(household, number)

    def _queue(self, row: Message, number: int) -> None:
        heapq.heappush(self._lines.setdefault(row.line, []), (row.due_at, number))

    def next_due(self) -> int | None:
        """When the next message is due."""
        return min((line[0][0] for line in self._waiting()), default=None)

    def backlog(self, now: int) -> tuple[int, int | None, int]:
        """How many are due, since when the first of them is, and how many are dead."""
        rows = self._messages.values()
        due = [row.due_at for row in rows if row.state == "open" and row.due_at <= now]
        return len(due), min(due, default=None), sum(row.state == "dead" for row in rows)

    def _waiting(self, but: Collection[str] = ()) -> list[list[tuple[int, int]]]:
        """Every line, in order, that has an open message, which stands first."""
        for line in self._lines.values():
            while line and not self._fits(*line[0]):
                heapq.heappop(line)
        return [line for (_, action), line in sorted(self._lines.items()) if line and action not in but]

    def _fits(self, ready: int, number: int) -> bool:
        row = self._messages.get(number)
        return row is not None and row.state == "open" and row.due_at == ready

    def claim(self, now: int, limit: int, lease: int, token: str, since: int | None, but: Collection[str]) -> list[Claimed]:
        """Take up to *limit* open messages due at *now* or before, the longest due first, until now + *lease*."""
        numbers, lapsed = self._due_messages(now, limit, but)
        if since is not None and not lapsed:
            for household in dict.fromkeys(one.household for one in self._marketing(numbers) if one.household is not None):
                numbers += self._companions(self._households.open(household), now, numbers)
            for customer in dict.fromkeys(one.customer_id for one in self._marketing(numbers)):
                numbers += self._companions(self._customers.open(customer), now, numbers)
        taken = [self._lease(number, now + lease, token) for number in numbers]
        return taken if since is None else [one._replace(sent=self._sent(one.message, since, now, numbers)) for one in taken]

    def _due_messages(self, now: int, limit: int, but: Collection[str]) -> tuple[list[int], bool]:
        """The numbers of what is due, each line in its turn, and whether it is one whose lease ran out."""
        queues = [self._due_of(line, now, limit) for line in self._waiting(but)]
        turns = itertools.chain.from_iterable(itertools.zip_longest(*queues))
        chosen = sorted(itertools.islice((one for one in turns if one is not None), limit))
        lapsed = [place for place, (_, number) in enumerate(chosen) if self._messages[number].token is not None]
        first = lapsed[0] if lapsed else len(chosen)
        return [number for _, number in chosen[: max(1, first)]], first == 0 and bool(lapsed)

    def _due_of(self, line: list[tuple[int, int]], now: int, limit: int) -> list[tuple[int, int]]:
        """The first of a line that are due; they stay in it, and fit no more once they are leased."""
        taken: list[tuple[int, int]] = []
        while line and line[0][0] <= now and len(taken) < limit:
            one = heapq.heappop(line)
            if self._fits(*one) and one not in taken[-1:]:
                taken.append(one)
        for one in taken:
            heapq.heappush(line, one)
        return taken

    def _marketing(self, numbers: Sequence[int]) -> list[OutboxMessage]:
        """The marketing messages among *numbers*."""
        found = [message(loads(self._messages[number].text)) for number in numbers]
        return [one for one in found if one.message == "marketing"]

    def _companions(self, of: Collection[int], now: int, but: Sequence[int]) -> list[int]:
        """Those others among *of* that are due and were never leased; on the heap they no longer fit."""
        taken = set(but)
        rows = [(self._messages[number], number) for number in of if number not in taken]
        return [number for _, number in sorted((row.due_at, number) for row, number in rows if row.token is None and row.due_at <= now)]

    def _sent(self, of: OutboxMessage, since: int, now: int, but: Sequence[int]) -> tuple[Sent, ...]:
        """What a frequency cap counts of a customer and their household."""
        if of.message != "marketing":
            return ()
        own = self._customers.since(of.customer_id, since)
        house = [number for number in self._households.since(of.household or "", since) if number not in own]
        found = [(number, self._messages[number].sent(number, since, now)) for number in (*own, *house) if number not in but]
        return tuple([sent._replace(other=number in house) for number, sent in found if sent is not None])

    def _lease(self, number: int, until: int, token: str) -> Claimed:
        row = self._messages[number]
        row.token, row.due_at = token, until
        row.attempts += 1
        self._queue(row, number)
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
            self._queue(row, settlement.id)
        return True

    def move(self, number: int, moved: Moved, by: int) -> None:
        """Make a message of an old id the survivor's."""
        row = self._messages[number]
        found = moved_message(message(loads(row.text)), moved, by)
        self._customers.take_out(moved.customer_id)
        if found.message == "marketing":
            self._customers.add(moved.survivor, number)
        row.text = dumps(message_row(found, dumps(found.parameters), "")[:15])

    def spend(self, number: int, reason: str, at: int) -> None:
        """Drop an open message."""
        row = self._messages.get(number)
        if row is not None and row.state == "open":
            row.state, row.reason, row.due_at, row.token = "dropped", reason, at, None

    def remove(self, numbers: Iterable[int]) -> None:
        """Forget messages."""
        gone = set(numbers)
        self._customers.forget(gone)
        self._households.forget(gone)
        for number in gone:
            del self._messages[number]

    def empty(self, numbers: Iterable[int], before: int) -> None:
        """Take the parameters out of messages settled before a moment."""
        for row in (self._messages[number] for number in numbers):
            if row.state in ("performed", "dropped", "imported") and row.due_at < before:
                row.text = dumps(message_row(message(loads(row.text)), "{}", "")[:15])

    def bring_up(self, reason: str, at: int) -> None:
        """Let what a pause holds, for that *reason*, be due at *at*."""
        for number, row in self._messages.items():
            if row.state == "open" and row.token is None and row.reason == reason and row.due_at > at:
                row.due_at = at
                self._queue(row, number)

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
            one = message(loads(row.text))
            if one.message == "marketing":
                self._count(number, one.customer_id, one.household)
            if state == "open":
                row.attempts, row.reason = 0, None
                self._queue(row, number)
        return len(dead)
