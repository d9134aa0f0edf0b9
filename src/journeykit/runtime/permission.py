"""Whether a committed request may still be performed: looked at again just before each attempt (P17, P33)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from journeykit.core.customer import Customer
from journeykit.core.leaving import still_allowed
from journeykit.model.records import Claimed, Enrollment, HistoryEntry, LoggedEvent, OutboxMessage, Want
from journeykit.ports import Storage
from journeykit.runtime.definitions import Definitions


class Refusal(NamedTuple):
    """Why a request is not performed; *leaves* where that is an exit rule which takes the customer out as well."""

    reason: str
    leaves: str | None = None


class View:
    """
    The customers of some claimed requests, as they are now; their mail is decided first.

    Args:
        decide_mail: decides the mail of the customers it is given.
    """

    def __init__(
        self, storage: Storage, definitions: Definitions, claimed: Sequence[Claimed], decide_mail: Callable[[Sequence[str]], None]
    ) -> None:
        self._storage = storage
        self._definitions = definitions
        wants = _wants(claimed, definitions)
        self._customers = self._load(wants)
        mailed = [want for want in wants if self._customers[want.customer_id].pending]
        if mailed:
            decide_mail([want.customer_id for want in mailed])
            self._customers.update(self._load(mailed))

    def _load(self, wants: Sequence[Want]) -> dict[str, Customer]:
        loaded = self._storage.load_many(wants)
        for one in loaded:
            self._definitions.learn_all(one.enrollments)
        return {one.customer_id: Customer(one) for want, one in zip(wants, loaded, strict=True)}

    def refusal(self, message: OutboxMessage, now: int) -> Refusal | None:
        """Why *message* is not performed at *now*; None where it is."""
        customer = self._customers[message.customer_id]
        enrollment = customer.enrollments.get((message.journey, message.key))
        reason = self._left(message, enrollment) or _moved_on(message, enrollment)
        if reason is not None:
            return Refusal(reason)
        if enrollment is not None and enrollment.number == message.number and (left := self._exit_rule(customer, enrollment, message, now)):
            return left
        if message.expires_at is not None and message.expires_at <= now:
            return Refusal("expired")
        return None

    def _left(self, message: OutboxMessage, enrollment: Enrollment | None) -> str | None:
        """Completing is not leaving, and what the very decision asked for that ended the enrollment is performed."""
        if enrollment is None:
            return "exited: gone"
        if enrollment.number == message.number and enrollment.status in ("active", "completed"):
            return None
        gone = (entry for entry in self._entries(message) if entry.kind in ("exited", "merged", "erased") and entry.seq != message.seq)
        return next((f"exited: {entry.reason or entry.kind}" for entry in gone), None)

    def _exit_rule(self, customer: Customer, enrollment: Enrollment, message: OutboxMessage, now: int) -> Refusal | None:
        since = self._since(enrollment, message)
        reason = still_allowed(self._definitions.compiled, customer, message, since, now)
        if reason is None:
            return None
        return Refusal(f"exited: {reason}", reason if enrollment.active else None)

    def _since(self, enrollment: Enrollment, message: OutboxMessage) -> list[LoggedEvent]:
        """What the exit rules of an enrollment that has ended have not been offered; an active one was offered everything."""
        if enrollment.active:
            return []
        exits = self._definitions.compiled.definitions[enrollment.definition].journey.exits
        names = {rule.on.event for rule in exits if rule.on.event is not None}
        events = self._storage.events(message.customer_id, message.seq, names) if names else []
        if not events:
            return []
        ended = max((entry.seq for entry in self._entries(message) if entry.kind in ("completed", "exited")), default=message.seq)
        return [logged for logged in events if logged.seq is None or logged.seq > ended]

    def _entries(self, message: OutboxMessage) -> list[HistoryEntry]:
        """The history of the enrollment that asked for *message*."""
        place = (message.journey, message.key, message.number)
        return [entry for entry in self._storage.history(message.customer_id) if (entry.journey, entry.key, entry.number) == place]


def _wants(claimed: Sequence[Claimed], definitions: Definitions) -> list[Want]:
    """The rows of the enrollments that ask, and of those that their rules ask about."""
    places: dict[str, dict[tuple[str, str | None], None]] = {}
    for one in claimed:
        places.setdefault(one.message.customer_id, {})[one.message.journey, one.message.key] = None
    asked = definitions.compiled.asked
    return [Want(customer_id, asked({journey for journey, _ in rows}), tuple(rows)) for customer_id, rows in places.items()]


def _moved_on(message: OutboxMessage, enrollment: Enrollment | None) -> str | None:
    """Whether the visit is over that *message* is bound to; its owner reads ``step 5`` or ``scope cart 3``."""
    if message.owner is None or enrollment is None:
        return None
    if enrollment.number != message.number or not enrollment.active:
        return "moved on"
    kind, _, rest = message.owner.partition(" ")
    if kind == "step":
        return None if enrollment.visit == int(rest) else "moved on"
    name, _, visit = rest.rpartition(" ")
    return None if enrollment.scopes.get(name, (0, -1))[1] == int(visit) else "moved on"
