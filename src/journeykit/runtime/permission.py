"""Whether a committed request may still be performed: looked at again just before each attempt (P17, P33, P34)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from journeykit.core.compiling.policies import Case, Verdict
from journeykit.core.deciding.customer import Customer
from journeykit.core.deciding.leaving import still_allowed
from journeykit.core.deciding.merging import SPENT as SENT_BEFORE
from journeykit.core.enrollments.likeness import SPENT
from journeykit.errors import ConditionError, UnknownError
from journeykit.model.pauses import Pause
from journeykit.model.policies import Defer
from journeykit.model.records import Claimed, Enrollment, HistoryEntry, LoggedEvent, OutboxMessage, Sent, Want
from journeykit.ports import Storage
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.pausing import pause_of
from journeykit.runtime.policies import Policies


class Refusal(NamedTuple):
    """
    Why a request is not performed.

    Attributes:
        reason: for people to read.
        policy: whose word it is: ``exited``, ``moved on``, ``paused``, ``expired``, or the sentence of a policy.
        leaves: the reason with which an exit rule takes the customer out as well.
        until: where it is held, until when; else it is dropped.
    """

    reason: str
    policy: str
    leaves: str | None = None
    until: int | None = None


class View:
    """
    The customers of some claimed requests, as they are now; their mail is decided first.

    Args:
        decide_mail: decides the mail of the customers it is given.
    """

    def __init__(
        self, storage: Storage, definitions: Definitions, policies: Policies, claimed: Sequence[Claimed],
        decide_mail: Callable[[Sequence[str]], None], pauses: Sequence[Pause] = (),
    ) -> None:  # fmt: skip
        self._storage = storage
        self._definitions = definitions
        self._policies = policies
        self._pauses = pauses
        self._foreign: dict[str, str] = {}  #: customers on a version that this release does not know, and why
        wants = _wants(claimed, definitions)
        self._customers = self._load(wants)
        mailed = [want for want in wants if self._customers[want.customer_id].pending]
        if mailed:
            decide_mail([want.customer_id for want in mailed])
            self._customers.update(self._load(mailed))

    def _load(self, wants: Sequence[Want]) -> dict[str, Customer]:
        loaded = self._storage.load_many(wants)
        for one in loaded:
            try:
                self._definitions.learn_all(one.enrollments)
            except UnknownError as error:
                self._foreign[one.customer_id] = str(error)
        return {one.customer_id: Customer(one) for want, one in zip(wants, loaded, strict=True)}

    def elsewhere(self, message: OutboxMessage) -> bool:
        """Whether the customer has become another since *message* was claimed."""
        return self._customers[message.customer_id].revision < 0

    def refusal(self, message: OutboxMessage, now: int, sent: Sequence[Sent] = ()) -> Refusal | None:
        """
        Why *message* is not performed at *now*, where *sent* is what else its customer has been sent; None where it is performed.

        Raises:
            ConditionError: a policy cannot be evaluated, or the customer is on a version that this release does not know.
        """
        if message.customer_id in self._foreign:
            raise ConditionError(self._foreign[message.customer_id])
        customer = self._customers[message.customer_id]
        enrollment = customer.enrollments.get((message.journey, message.key))
        if message.owner == SPENT:
            return Refusal(SENT_BEFORE, "merged")
        reason = self._left(message, enrollment)
        if reason is not None:
            return Refusal(reason, "exited")
        if _moved_on(message, enrollment):
            return Refusal("moved on", "moved on")
        asking = self._of_who_stayed(message, enrollment)
        if enrollment is not None and enrollment.number == asking.number and (left := self._exit_rule(customer, enrollment, asking, now)):
            return left
        if self._pauses and (paused := pause_of(self._pauses, message, now)) is not None:
            return _paused(*paused, now)
        case = Case(message, customer.facts, now, self._zone(message, enrollment), sent)
        return _refusal(self._definitions.compiled.chain.verdict(case, self._policies.ask))

    def _zone(self, message: OutboxMessage, enrollment: Enrollment | None) -> str | None:
        """The zone of the journey that asks, for customers without one."""
        compiled = self._definitions.compiled
        journey = compiled.definitions.get(enrollment.definition) if enrollment is not None else None
        journey = journey or compiled.journeys.get(message.journey)
        return None if journey is None else journey.journey.zone

    def _left(self, message: OutboxMessage, enrollment: Enrollment | None) -> str | None:
        """Completing is not leaving, and what the very decision asked for that ended the enrollment is performed."""
        if enrollment is None:
            return "exited: gone"
        if enrollment.number == message.number and enrollment.status in ("active", "completed"):
            return None
        gone = (entry for entry in self._entries(message) if entry.kind in ("exited", "erased") and entry.seq != message.seq)
        return next((f"exited: {entry.reason or entry.kind}" for entry in gone), None)

    def _of_who_stayed(self, message: OutboxMessage, enrollment: Enrollment | None) -> OutboxMessage:
        """What an enrollment has asked for that ended as merged is looked at as if the one had asked that stayed."""
        if enrollment is None or enrollment.joined is None or enrollment.number == message.number or not enrollment.active:
            return message
        merged = any(entry.kind == "merged" for entry in self._entries(message))
        return message._replace(number=enrollment.number) if merged else message

    def _exit_rule(self, customer: Customer, enrollment: Enrollment, message: OutboxMessage, now: int) -> Refusal | None:
        since = self._since(enrollment, message)
        reason = still_allowed(self._definitions.compiled, customer, message, since, now)
        if reason is None:
            return None
        return Refusal(f"exited: {reason}", "exited", reason if enrollment.active else None)

    def _since(self, enrollment: Enrollment, message: OutboxMessage) -> list[LoggedEvent]:
        """What the exit rules of an enrollment that has ended have not been offered; an active one was offered everything."""
        if enrollment.active:
            return []
        names = self._definitions.compiled.definitions[enrollment.definition].exit_events
        events = self._storage.events(message.customer_id, message.seq, names) if names else []
        if not events:
            return []
        since = enrollment.ended_at or 0  # what was told of the other before, where two customers have become one
        ended = max((entry.seq for entry in self._entries(message) if entry.kind in ("completed", "exited")), default=message.seq)
        return [logged for logged in events if (logged.seq is None or logged.seq > ended) and logged.accepted_at >= since]

    def _entries(self, message: OutboxMessage) -> list[HistoryEntry]:
        """The history of the enrollment that asked for *message*."""
        place = (message.journey, message.key, message.number)
        return [entry for entry in self._storage.history(message.customer_id) if (entry.journey, entry.key, entry.number) == place]


def _paused(pause: Pause, until: int, now: int) -> Refusal:
    """Held while the pause lasts, until it expires."""
    return Refusal("expired", "expired") if until <= now else Refusal(pause.words, "paused", until=until)


def _refusal(verdict: Verdict | None) -> Refusal | None:
    """What a policy's answer means for the request."""
    if verdict is None:
        return None
    until = verdict.answer.at if isinstance(verdict.answer, Defer) else None
    return Refusal(verdict.answer.reason or verdict.policy, verdict.policy, until=until)


def _wants(claimed: Sequence[Claimed], definitions: Definitions) -> list[Want]:
    """The rows of the enrollments that ask, and of those that their rules ask about."""
    places: dict[str, dict[tuple[str, str | None], None]] = {}
    for one in claimed:
        places.setdefault(one.message.customer_id, {})[one.message.journey, one.message.key] = None
    asked = definitions.compiled.asked
    return [Want(customer_id, asked({journey for journey, _ in rows}), tuple(rows)) for customer_id, rows in places.items()]


def _moved_on(message: OutboxMessage, enrollment: Enrollment | None) -> bool:
    """Whether the visit is over that *message* is bound to; its owner reads ``step 5`` or ``scope cart 3``."""
    if message.owner is None or enrollment is None:
        return False
    if enrollment.number != message.number or not enrollment.active:
        return True
    kind, _, rest = message.owner.partition(" ")
    if kind == "step":
        return enrollment.visit != int(rest)
    name, _, visit = rest.rpartition(" ")
    return enrollment.scopes.get(name, (0, -1))[1] != int(visit)
