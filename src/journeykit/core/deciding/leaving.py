"""Exit rules looked at once more, just before an action is performed (P17)."""

from __future__ import annotations

from collections.abc import Iterable

from journeykit.core.compiling.index import Compiled
from journeykit.core.compiling.plans import Row
from journeykit.core.deciding.customer import Customer
from journeykit.core.expressions.context import Context
from journeykit.core.expressions.expressions import Test
from journeykit.errors import ConditionError
from journeykit.model.messages import Event
from journeykit.model.records import Enrollment, LoggedEvent, OutboxMessage


def still_allowed(compiled: Compiled, customer: Customer, message: OutboxMessage, since: Iterable[LoggedEvent], now: int) -> str | None:
    """
    Why an action must not be performed because its customer leaves, or None where they do not.

    Args:
        compiled: all journeys.
        customer: the customer as they are now, with the row of the message's enrollment.
        message: the committed request.
        since: events decided after the enrollment had completed, which its exit rules have not been offered.
        now: the moment of the attempt, microseconds UTC.
    """
    enrollment = customer.enrollments.get((message.journey, message.key))
    if enrollment is None or enrollment.number != message.number or enrollment.definition not in compiled.definitions:
        return None
    if enrollment.leaving is not None:
        return enrollment.leaving
    rules = compiled.definitions[enrollment.definition].rules
    places = [enrollment.step] if enrollment.active or rules.rows.get(enrollment.step) else list(rules.rows)[:1]
    for event in [None, *(logged.event for logged in since)]:
        context = _context(customer, enrollment, event, now)
        if reason := next((reason for condition, reason in rules.deferred if event is None and _holds(condition, context)), None):
            return reason
        rows = rules.quiet[places[0]] if event is None else rules.rows[places[0]].get(event.name, ())
        if reason := next((row.reason or row.cause for row in rows if _exits(row) and _takes(row, context)), None):
            return reason
    return None


def _context(customer: Customer, enrollment: Enrollment, event: Event | None, now: int) -> Context:
    context = _Now(customer, now, event)
    context.enrollment, context.data = enrollment, enrollment.data
    return context


class _Now(Context):
    """What rules see of a customer as they are now."""

    __slots__ = ("_customer",)

    def __init__(self, customer: Customer, now: int, event: Event | None) -> None:
        super().__init__(customer.customer_id, customer.facts, now, event)
        self._customer = customer

    def inside(self, journey: str) -> list[str]:
        """The keys under which the customer is in *journey*."""
        return [e.key for e in self._customer.enrollments.values() if e.journey == journey and e.status == "active"]


def _exits(row: Row) -> bool:
    """Whether *row* is a rule of the journey that takes the customer out of it."""
    return row.kind == "exit" and row.plan is not None and row.plan.outcome is not None and row.plan.outcome[0] == "exited"


def _takes(row: Row, context: Context) -> bool:
    try:
        return row.admits(context) and (row.condition is None or row.condition(context))
    except ConditionError:
        return False


def _holds(condition: Test, context: Context) -> bool:
    try:
        return condition(context)
    except ConditionError:
        return False
