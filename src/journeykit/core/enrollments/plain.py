"""
The plain decision: one signal, one enrollment that it concerns, one move from step to step.

Most signals of most customers come to no more, and the working state of a `Turn` costs more than deciding them. Where there is more
to a signal the answer here is None: nothing has changed, and `signals` looks at it whole. What both can decide they decide alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from journeykit.core.compiling.index import Compiled
from journeykit.core.compiling.plans import DoOperation, Operation, Plan, Row, SetOperation, as_key
from journeykit.core.enrollments.operations import changed_data, request
from journeykit.core.enrollments.timing import cancelled
from journeykit.core.expressions.context import Context
from journeykit.core.expressions.expressions import plain
from journeykit.core.turns.state import Customer
from journeykit.core.turns.turn import ARMS
from journeykit.errors import ConditionError
from journeykit.model.messages import Event
from journeykit.model.records import Commit, Enrollment, HistoryEntry, LoggedEvent, Timer

_new = tuple.__new__  # makes a named tuple in half the time of its own constructor


def decide_plainly(compiled: Compiled, customer: Customer, logged: LoggedEvent, now: int) -> Commit | None:
    """Decide an event for a customer who has nothing due before it; None where it is not plain."""
    event = logged.event
    concern, covered = compiled.concerns.get(event.name), customer.covered
    if concern is None or not concern.plain or (covered is not None and not concern.needs <= covered.journeys):
        return None
    offers, e = concern.offers, None
    for one in customer.enrollments.values():
        if one.status == "active" and one.journey in offers:
            if e is not None:
                return None
            e = one
    revision, accepted_at = customer.revision, customer.accepted_at
    seq = revision + 1
    if accepted_at < now:  # noqa: PLR1730  a call costs more, and this is asked of every event
        accepted_at = now
    events = (_new(LoggedEvent, (event, now, seq, "decided", 0)),)
    commit = Commit(customer.customer_id, revision, seq, accepted_at, None, (), (), (), (), events)
    if compiled.watch is not None and not customer.moments:
        commit.moments = compiled.watch.stranger(customer.customer_id, customer.facts, now)
    if e is None:
        return commit
    table = compiled.definitions[e.definition].plain[e.step]
    rows = None if table is None else table.get(event.name, ())
    if rows is None:
        return None
    try:
        row = _first(rows, customer, e, event, now)
        return commit if row is None else _taken(row, compiled, commit, customer, e, event, now)
    except ConditionError:  # whose part is parked is for others to say
        return None


def fire_plainly(compiled: Compiled, customer: Customer, now: int) -> Commit | None:
    """Fire the one timer of a customer that is due before *now*; None where that is not plain, or something else is due as well."""
    if len(customer.enrollments) != 1 or (customer.moments_due is not None and customer.moments_due < now):
        return None
    (e,) = customer.enrollments.values()
    at, index = now, -1
    for timer in e.timers:
        due_at = timer[1]
        if due_at is not None and due_at < now:
            if index >= 0:
                return None
            at, index = due_at, timer[0]
    if index < 0 or e.waiting is not None:
        return None
    table = compiled.definitions[e.definition].plain[e.step]
    revision, accepted_at = customer.revision, customer.accepted_at
    commit = Commit(customer.customer_id, revision, revision + 1, at + 1 if at >= accepted_at else accepted_at)
    commit.fired = 1
    try:
        row = _first((table and table.get(index)) or (), customer, e, None, at)
        fired = None if row is None else _taken(row, compiled, commit, customer, e, None, at, index)
    except ConditionError:
        return None
    again = None if fired is None else fired.enrollments[0].due()
    return fired if again is None or again >= now else None


def _first(rows: Iterable[Row], customer: Customer, e: Enrollment, event: Event | None, now: int) -> Row | None:
    """The first of *rows* that matches and holds (P9)."""
    context: Any = None
    for row in rows:
        if not row.asks:
            return row
        if not row.of_event and context is None:
            context = _seen(customer, e, event, now)
        seen: Any = event if row.of_event else context
        if (row.key is None or as_key(row.key(seen)) == e.key) and (row.condition is None or row.condition(seen)):
            return row
    return None


def _seen(customer: Customer, e: Enrollment, event: Event | None, now: int) -> Context:
    """What expressions can see of *e*."""
    context = Context(customer.customer_id, customer.facts, now, event)
    context.enrollment, context.data = e, e.data
    return context


def _taken(
    row: Row, compiled: Compiled, commit: Commit, customer: Customer, e: Enrollment, event: Event | None, now: int, fired: int | None = None
) -> Commit | None:  # fmt: skip
    """*commit* with what *row* does, in the order of P10; *fired* is the timer that it takes. None where that is not plain."""
    plan = row.plain
    if plan is None or e.held is not None or e.leaving is not None or e.joined is not None or (plan.acts and compiled.stamped):
        return None
    e, timers = e.copy(), ""
    context = _seen(customer, e, event, now) if plan.reads else None
    if fired is not None:
        e.timers, timers = () if len(e.timers) == 1 else tuple([timer for timer in e.timers if timer.index != fired]), f"!{fired} "
    if plan.before:
        _operate(commit, e, plan.before, context, now)
    if plan.cancel and e.timers:
        timers += cancelled(e, plan.cancel)
    e.step, e.step_at = plan.target, now  # type: ignore[assignment]  # a plain one leads somewhere
    e.visit += 1
    if plan.after:
        _operate(commit, e, plan.after, context, now)
    if plan.arms:
        timers += _armed(e, plan, commit.revision, now)
    commit.enrollments = (e,)
    commit.history = (_new(HistoryEntry, (
        commit.customer_id, commit.revision, 0, now, "moved", e.journey, e.key, e.number, plan.source, e.step, row.cause,
        None, timers and timers.rstrip(),
    )),)  # fmt: skip
    return commit


def _operate(commit: Commit, e: Enrollment, operations: Iterable[Operation], context: Any, now: int) -> None:
    for operation in operations:
        if type(operation) is DoOperation:
            parameters = operation.constant if operation.parameters is None else operation.parameters(context)
            request(commit, e, operation, parameters, operation.owner, now)
        elif type(operation) is SetOperation:
            e.data = context.data = changed_data(e.data, operation.name, plain(operation.value(context)))


def _armed(e: Enrollment, plan: Plan, seq: int, now: int) -> str:
    """Arm the timers of *plan*, which are durations; return their marks for the history."""
    marks: str = ""
    for place, timer in enumerate(plan.arms, 1):
        due_at = now + (timer.seconds or 0)
        e.timers = (*e.timers, _new(Timer, (timer.index, due_at, seq * ARMS + place, None)))
        marks += f"+{timer.index}@{due_at} "
    return marks
