"""A past as something to happen again: events of a history, or what a storage has recorded."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Protocol

from journeykit.codec import journey_from_text
from journeykit.errors import EventError
from journeykit.model.journey import Journey
from journeykit.model.messages import ActionRequest, Event
from journeykit.model.records import Share, in_share
from journeykit.ports import Storage
from journeykit.rehearsal.upkeep import Paused, Upkeep, pauses, told
from journeykit.runtime.letters import ARM, ENTER, EXIT, IDENTIFY, derived
from journeykit.runtime.why import EVER

Happened = tuple[int, Event | Upkeep]  #: when an event was accepted and the event; or when something was done that is none
_TOLD = (IDENTIFY, ENTER, EXIT, ARM)  #: what hosts say themselves; whatever else is the library's own follows again


class Events(Protocol):
    """Events in order of time, to be read more than once."""

    def __iter__(self) -> Iterator[Event]:
        """From the first to the last."""


class Recorded:
    """
    What a storage has recorded: every event that was decided, when it was accepted.

    What journeys did themselves (starts of others, outcomes of actions) is left out, since it follows again. Answers of actions and
    what objects were told are there as they were then. Customers who were merged are two until they were, and pauses last as they did.

    Args:
        storage: where the past is.

    Attributes:
        until: the moment of the last thing that was decided, microseconds since 1970 UTC.
    """

    def __init__(self, storage: Storage) -> None:
        self._events: list[Happened] = list(pauses(storage))
        self._roots: dict[str, str] = {}
        self._forgotten = self._migrated = 0
        self._versions: dict[str, tuple[int, str]] = {}
        self._texts = {digest: text for digest, _, text in storage.definitions()}
        self.until = 0
        for customer_id in _everybody(storage):
            if storage.snapshot(customer_id) is None:
                self._read(storage, customer_id)
            else:
                self._forgotten += 1
        self._events.sort(key=lambda one: one[0])

    def __iter__(self) -> Iterator[Happened]:
        return iter(self._events)

    def root(self, customer_id: str) -> str:
        """Who a customer is at the end."""
        return self._roots.get(customer_id, customer_id)

    def left_out(self) -> Iterator[str]:
        """What has been and does not happen again, in sentences."""
        if self._forgotten:
            yield f"{_customers(self._forgotten)} left out whose past has been let go of (retain)."
        if self._migrated:
            yield f"{_times(self._migrated)} an enrollment came to another version; here everybody is on one from the beginning."

    def journeys(self) -> list[Journey]:
        """The journeys that customers were in, each in the version that was entered last."""
        return [journey_from_text(self._texts[digest]) for _, digest in self._versions.values() if digest in self._texts]

    def _read(self, storage: Storage, customer_id: str) -> None:
        self._roots.update((name, customer_id) for name in storage.identities(customer_id))
        messages = [row.message for row in storage.outbox(None, customer_id, sys.maxsize)]
        exits = {derived(message.origin or message.idempotency_key, "exit") for message in messages}
        for logged, event in told(customer_id, storage.events(customer_id, EVER)):
            if logged.state == "decided" and (not isinstance(event, Event) or (event.id not in exits and _told(event))):
                self._events.append((logged.accepted_at, event))
                self.until = max(self.until, logged.accepted_at)
        for entry in storage.history(customer_id):
            self.until = max(self.until, entry.at)
            self._migrated += entry.kind == "migrated"
            if entry.kind == "entered" and entry.reason:
                self._versions[entry.journey] = max(self._versions.get(entry.journey, (0, "")), (entry.at, entry.reason))


def _told(event: Event) -> bool:
    """Whether a host has said it; who was started by another customer is told whose journey that was."""
    return event.name[0] != "$" or (event.name in _TOLD and "from" not in event.properties)


def _customers(number: int) -> str:
    return "1 customer is" if number == 1 else f"{number:,} customers are"


def _times(number: int) -> str:
    return "Once" if number == 1 else f"{number:,} times"


def _everybody(storage: Storage) -> Iterator[str]:
    last = ""
    while page := storage.customers(last):
        yield from page
        last = page[-1]


class Repeated:
    """
    The events of some customers, to happen again.

    Args:
        events: all of them, in order of time.
        share: which of the customers; those who become one belong together.
    """

    def __init__(self, events: Iterable[Event] | Recorded, share: Share) -> None:
        self._root = events.root if isinstance(events, Recorded) else str
        self._flow = (one for one in map(happened, events) if self._concerns(one[1], share))
        self._next = next(self._flow, None)

    def _concerns(self, one: Event | Upkeep, share: Share) -> bool:
        """Whether it is about these customers; what is paused is so for everybody."""
        if isinstance(one, Paused):
            return True
        return in_share(self._root(one.customer_id if isinstance(one, Event) else one.other), share)

    def next_at(self) -> int | None:
        """When the next event happens."""
        return None if self._next is None else self._next[0]

    def before(self, end: int) -> Iterator[Happened]:
        """The events before *end*."""
        while self._next is not None and self._next[0] < end:
            yield self._next
            self._next = next(self._flow, None)

    def reached(self, request: ActionRequest, now: int) -> None:
        """Nobody does anything but what they did then."""


def happened(one: Event | Happened) -> Happened:
    """When an event was accepted, which is when it occurred where nothing else is recorded."""
    if not isinstance(one, (Event, tuple)):
        raise EventError(f"{one!r:.60} is no event; give Event(...)")
    return (one.at, one) if isinstance(one, Event) else one
