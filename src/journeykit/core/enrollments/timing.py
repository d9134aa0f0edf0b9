"""Timers of an enrollment: armed on entering their owner, cancelled on leaving it, moved when what they follow moves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from journeykit.core.compiling.compiler import CompiledJourney
from journeykit.core.compiling.plans import CompiledTimer
from journeykit.core.expressions.calendar import due, read_moment
from journeykit.core.expressions.expressions import MISSING
from journeykit.core.turns.turn import Raised, Turn
from journeykit.errors import ConditionError
from journeykit.model.journey import Journey
from journeykit.model.records import Enrollment, Timer

Stretch = tuple[int, int]  #: from when until when time stood still

_new = tuple.__new__  # makes a named tuple in half the time of its own constructor


class Away(NamedTuple):
    """A moment that is missing or past leads away: to *target*, or out of the journey."""

    target: str | None
    reason: str


def cancelled(e: Enrollment, indexes: frozenset[int] | None) -> str:
    """Take the timers of *indexes* (all of them for None) out of *e*; return their marks for the history."""
    marks: str = ""
    kept: tuple[Timer, ...] = ()
    for timer in e.timers:
        if indexes is None or timer.index in indexes:
            marks += f"-{timer.index} "
        else:
            kept += (timer,)
    e.timers = kept
    return marks


def arm_timers(
    turn: Turn, journey: Journey, e: Enrollment, timers: Iterable[CompiledTimer]
) -> tuple[str, list[tuple[CompiledTimer, Away]]]:
    """Arm *timers*, whose owners have just been entered; return their marks, and those whose moment leads away instead."""
    marks: str = ""
    leading: list[tuple[CompiledTimer, Away]] = []
    for timer in timers:
        if timer.seconds is not None:
            due_at: int | None = turn.now + timer.seconds
            zone = None
        else:
            due_at, zone = _due(turn, journey, timer, turn.now)
            away = leads(turn, timer, due_at)
            if away is not None:
                leading.append((timer, away))
                continue
        e.timers = (*e.timers, _armed(turn, e, timer, due_at, zone))
        marks += f"+{timer.index}@{'' if due_at is None else due_at} "
    return marks, leading


def _due(turn: Turn, journey: Journey, timer: CompiledTimer, anchor: int) -> tuple[int | None, str | None]:
    """When *timer* is due, None where its moment is not known, and the zone it was read in."""
    wait = timer.wait
    zone = wait.zone or turn.facts.zone or journey.zone or "UTC"
    if timer.moment is not None:
        value = timer.moment(turn)
        if timer.plugin is not None:
            value = timer.plugin(anchor, zone, value)
        at = None if value is MISSING else read_moment(value, zone)
        if at is None:
            return None, None
        anchor = at
    return due(wait, anchor, zone, turn.compiled.holidays), zone if wait.civil else None


def leads(turn: Turn, timer: CompiledTimer, due_at: int | None) -> Away | None:
    """Whether a moment that is missing or has passed leads away (P6)."""
    wait = timer.wait
    if due_at is None:
        return None if wait.missing == "wait" else Away(wait.missing_to, f"{wait.text}: missing")
    if due_at > turn.passed or wait.past not in ("exit", "skip"):
        return None
    return Away(wait.past_to, f"{wait.text}: past")


def _armed(turn: Turn, e: Enrollment, timer: CompiledTimer, due_at: int | None, zone: str | None) -> Timer:
    """A timer that waits; one whose moment has passed, and counts as now, fires within this decision."""
    armed = _new(Timer, (timer.index, due_at, turn.order(), zone))
    if due_at is not None and due_at <= turn.passed:
        turn.raised += (Raised("timer", (e.journey, e.key, e.number, armed.order)),)
    return armed


def anchor_of(e: Enrollment, timer: CompiledTimer) -> int:
    """The moment at which the owner of *timer* was entered."""
    if timer.owner == "step":
        return e.step_at
    return e.scopes[timer.name][0] if timer.owner == "scope" else e.entered_at


def follow(turn: Turn, journey: CompiledJourney, e: Enrollment) -> tuple[tuple[Timer, ...], str, Away | None]:
    """
    Arm following timers again whose due moment has changed, and those whose moment has become known (P7).

    Returns:
        The timers after it, their marks for the history, and where a moment leads away.
    """
    rules = {timer.index: timer for timer in journey.following}
    timers, marks = [], ""
    for timer in e.timers:
        rule = rules.get(timer.index)
        if rule is None or not (rule.wait.following or timer.due_at is None):
            timers.append(timer)
            continue
        due_at, zone = _due(turn, journey.journey, rule, anchor_of(e, rule))
        if e.stood:
            due_at = due_after(turn, rule, e, timer._replace(due_at=due_at, zone=zone), joined(e.stood))
        if due_at == timer.due_at:
            timers.append(timer)
            continue
        away = leads(turn, rule, due_at)
        if away is not None:
            return tuple(other for other in e.timers if other is not timer), "", away
        timers.append(_armed(turn, e, rule, due_at, zone))
        marks += f"-{timer.index} +{timer.index}@{'' if due_at is None else due_at} "
    return tuple(timers), marks, None


def renew(
    turn: Turn, journey: Journey, e: Enrollment, timers: Iterable[CompiledTimer], *, anchored: bool
) -> tuple[str, list[tuple[CompiledTimer, Away]]]:
    """
    Arm *timers* whose owners were entered before: counted from then where they are *anchored*, else from now.

    Returns:
        Their marks, and those whose moment leads away instead.
    """
    marks: str = ""
    leading: list[tuple[CompiledTimer, Away]] = []
    for timer in timers:
        due_at, zone = _due(turn, journey, timer, anchor_of(e, timer) if anchored else turn.now)
        if away := leads(turn, timer, due_at):
            leading.append((timer, away))
            continue
        e.timers = (*e.timers, _armed(turn, e, timer, due_at, zone))
        marks += f"+{timer.index}@{'' if due_at is None else due_at} "
    return marks, leading


def resume(turn: Turn, e: Enrollment) -> None:
    """Let timers that were put back as they were fire within this decision where their moment has passed meanwhile."""
    due = [timer for timer in e.timers if timer.due_at is not None and timer.due_at <= turn.passed]
    turn.raised += tuple(Raised("timer", (e.journey, e.key, e.number, timer.order)) for timer in due)


# -- time that stood still -----------------------------------------------------------------------------------------------


def joined(stretches: Sequence[Stretch]) -> list[Stretch]:
    """The same without overlaps, in order."""
    found: list[Stretch] = []
    for begin, end in sorted(stretches):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif begin < end:
            found.append((begin, end))
    return found


def due_after(turn: Turn, rule: CompiledTimer, e: Enrollment, timer: Timer, stretches: Sequence[Stretch]) -> int | None:
    """
    When *timer* of *e* is due where time stood still in *stretches*, which are `joined`.

    What is left of a duration stays as it is: its end is worked out from its beginning. A time of day and a moment do not move: of a
    time of day the first counts once time goes on.
    """
    at, wait = timer.due_at, rule.wait
    if at is None or wait.kind == "moment" or not stretches:
        return at
    zone, holidays, anchor = timer.zone or "UTC", turn.compiled.holidays, anchor_of(e, rule)
    try:
        if wait.kind == "clock":
            for begin, end in stretches:
                at = due(wait, end, zone, holidays) if begin <= at < end else at
            return at
        return _stretched(anchor, stretches, lambda since: due(wait, since, zone, holidays))
    except ConditionError:  # the calendar has an end
        return at


def _stretched(anchor: int, stretches: Sequence[Stretch], due_from: Callable[[int], int]) -> int:
    """The end of a duration counted from *anchor*: each time that it stands still before its end puts the end off."""
    stood = 0
    while True:
        at = due_from(anchor + stood)
        again = sum(end - max(begin, anchor) for begin, end in stretches if begin <= at and end > anchor)
        if again == stood:
            return at
        stood = again
