"""Going on once time has stood still for an enrollment: its timers move, and a moment that has passed meanwhile is in the past (P6)."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.core.compiler import CompiledJourney
from journeykit.core.decision import Deciding
from journeykit.core.parking import park
from journeykit.core.plans import CompiledTimer
from journeykit.core.timing import Away, Stretch, due_after, joined, leads
from journeykit.core.turn import Turn
from journeykit.errors import ConditionError
from journeykit.model.records import Enrollment


def go_on(turn: Turn, journey: CompiledJourney, e: Enrollment, stretches: Sequence[Stretch], cause: str) -> None:
    """Let time go on for *e*, which was held: its timers move by what time stood still, and none is due before this moment."""
    again = e.copy()
    again.held = None
    marks, passed = _moved(turn, journey, again, joined(stretches))
    place = (e.journey, e.key)
    turn.changed[place] = again
    turn.note("resumed", again, cause, again.step, timers=marks.rstrip())
    if not passed:
        return
    mark, deciding = turn.mark(), Deciding(turn, journey, again)
    try:
        deciding.own().timers = tuple(timer for timer in again.timers if timer.index not in {rule.index for rule, _ in passed})
        deciding.lead(passed, again.visit)
        deciding.settle(moved=True)
    except ConditionError as error:
        turn.rewind(mark)
        park(turn, again, cause, error)
        return
    turn.changed[place] = deciding.e


def _moved(
    turn: Turn, journey: CompiledJourney, e: Enrollment, stretches: Sequence[Stretch]
) -> tuple[str, list[tuple[CompiledTimer, Away]]]:
    """Move the timers of *e*; return their marks for the history, and those whose moment has passed and leads away."""
    marks, passed, timers = "", [], []
    for timer in e.timers:
        rule = journey.timers[timer.index]
        at = due_after(turn, rule, e, timer, stretches)
        away = leads(turn, rule, at) if at is not None and rule.wait.kind == "moment" else None
        if away is not None:
            passed.append((rule, away))
        if at is not None:
            at = max(at, turn.now)
        if at != timer.due_at:
            marks += f"-{timer.index} +{timer.index}@{at} "
        timers.append(timer._replace(due_at=at))
    e.timers = tuple(timers)
    return marks, passed
