"""Going on once time has stood still for an enrollment: its timers move, and a moment that has passed meanwhile is in the past (P6)."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.core.compiling.compiler import CompiledJourney
from journeykit.core.compiling.plans import CompiledTimer
from journeykit.core.enrollments.decision import Deciding
from journeykit.core.enrollments.timing import Away, Stretch, due_after, joined, leads
from journeykit.core.turns.parking import park
from journeykit.core.turns.turn import Raised
from journeykit.errors import ConditionError
from journeykit.model.records import Enrollment


def go_on(
    turn: Deciding, journey: CompiledJourney, e: Enrollment, stretches: Sequence[Stretch], cause: str, *, at_once: bool = False
) -> None:  # fmt: skip
    """
    Let time go on for *e*, which was held.

    Its timers move by what time stood still (*stretches*). One that is over all the same is due now; where *at_once*, it fires in this
    decision, and what it asks for is as old as if it had fired in time (P33).
    """
    again = e.copy()
    again.held = None
    marks, passed, late = _moved(turn, journey, again, joined(stretches))
    turn.changed[e.journey, e.key] = again
    turn.note("resumed", again, cause, again.step, timers=marks.rstrip())
    for due_at, _, order in sorted(late) if at_once else ():
        turn.raised += (Raised("timer", (e.journey, e.key, e.number, order, turn.now - due_at)),)
    if passed:
        _lead(turn, journey, again, passed, cause)


def _lead(turn: Deciding, journey: CompiledJourney, e: Enrollment, passed: list[tuple[CompiledTimer, Away]], cause: str) -> None:
    """Skip or exit as the first of the moments says that have *passed*; where that fails, it is parked."""
    mark = turn.mark()
    turn.take_up(journey, e)
    try:
        gone = {rule.index for rule, _ in passed}
        turn.own().timers = tuple(timer for timer in e.timers if timer.index not in gone)
        turn.lead(passed, e.visit)
        turn.settle(moved=True)
    except ConditionError as error:
        turn.rewind(mark)
        park(turn, e, cause, error)
    else:
        turn.changed[e.journey, e.key] = turn.e


def wake(turn: Deciding, e: Enrollment) -> Enrollment:
    """Let time go on for *e* and nothing else: its timers are due as they were, and none before this moment."""
    again = e.copy()
    again.held = None
    again.timers = tuple(timer if timer.due_at is None else timer._replace(due_at=max(timer.due_at, turn.now)) for timer in e.timers)
    turn.changed[e.journey, e.key] = again
    return again


def _moved(
    turn: Deciding, journey: CompiledJourney, e: Enrollment, stretches: Sequence[Stretch]
) -> tuple[str, list[tuple[CompiledTimer, Away]], list[tuple[int, int, int]]]:
    """
    Move the timers of *e*.

    Returns:
        Their marks for the history, those whose moment has passed and leads away, and (due, rank, order) of the others that are over.
    """
    marks, passed, late, timers = "", [], [], []
    for timer in e.timers:
        rule = journey.timers[timer.index]
        at = due_after(turn, rule, e, timer, stretches)
        away = leads(turn, rule, at) if at is not None and rule.wait.kind == "moment" else None
        if away is not None:
            passed.append((rule, away))
        elif at is not None and at < turn.now:
            late.append((at, rule.rank, timer.order))
        if at is not None:
            at = max(at, turn.now)
        if at != timer.due_at:
            marks += f"-{timer.index} +{timer.index}@{at} "
        timers.append(timer._replace(due_at=at))
    e.timers = tuple(timers)
    return marks, passed, late
