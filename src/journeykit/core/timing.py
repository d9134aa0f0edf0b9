"""Timers of an enrollment: armed on entering their owner, cancelled on leaving it, moved when what they follow moves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from journeykit.core.calendar import due, read_moment
from journeykit.core.expressions import MISSING
from journeykit.core.compiler import CompiledJourney
from journeykit.core.plans import CompiledTimer
from journeykit.core.turn import Raised, Turn
from journeykit.model.journey import Journey
from journeykit.model.records import Enrollment, Timer


class Away(NamedTuple):
    """A moment that is missing or past leads away: to *target*, or out of the journey."""

    target: str | None
    reason: str


def cancelled(e: Enrollment, indexes: frozenset[int] | None) -> str:
    """Take the timers of *indexes* (all of them for None) out of *e*; return their marks for the history."""
    gone = [timer.index for timer in e.timers if indexes is None or timer.index in indexes]
    if gone:
        e.timers = tuple(timer for timer in e.timers if timer.index not in gone)
    return "".join([f"-{index} " for index in gone])


def arm_timers(turn: Turn, journey: Journey, e: Enrollment, timers: Iterable[CompiledTimer]) -> tuple[str, Away | None]:
    """Arm *timers*, whose owners have just been entered; return their marks, and where a moment leads away."""
    marks, away = "", None
    for timer in timers:
        if timer.seconds is not None:
            due_at: int | None = turn.now + timer.seconds
            zone = None
        else:
            due_at, zone, leads = _due(turn, journey, e, timer, turn.now)
            away = away or leads
            if leads is not None:
                continue
        e.timers = (*e.timers, Timer(timer.index, due_at, turn.order(), zone))
        marks += f"+{timer.index}@{'' if due_at is None else due_at} "
    return marks, away


def _due(
    turn: Turn, journey: Journey, e: Enrollment, timer: CompiledTimer, anchor: int
) -> tuple[int | None, str | None, Away | None]:
    """When *timer* is due, the zone it was read in, and whether it leads away instead (P6)."""
    wait = timer.wait
    zone = wait.zone or turn.facts.zone or journey.zone or "UTC"
    if timer.moment is not None:
        value = timer.moment(turn)
        at = None if value is MISSING else read_moment(value, zone)
        if at is None:
            return _missing(timer)
        anchor = at
    due_at = due(wait, anchor, zone)
    kept = zone if wait.civil else None
    if due_at >= turn.now:
        return due_at, kept, None
    if wait.past in (None, "now"):
        turn.raised += (Raised("timer", (e.journey, e.key, e.number, timer.index)),)
        return turn.now, kept, None
    return None, None, Away(wait.past_to, f"{wait.text}: past")


def _missing(timer: CompiledTimer) -> tuple[None, None, Away | None]:
    wait = timer.wait
    if wait.missing == "wait":
        return None, None, None
    return None, None, Away(wait.missing_to, f"{wait.text}: missing")


def _anchor(e: Enrollment, timer: CompiledTimer) -> int:
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
        due_at, zone, away = _due(turn, journey.journey, e, rule, _anchor(e, rule))
        if away is not None:
            return tuple(other for other in e.timers if other is not timer), "", away
        if due_at == timer.due_at or (timer.due_at is not None and timer.due_at <= turn.now == due_at):
            timers.append(timer)
            continue
        timers.append(Timer(timer.index, due_at, turn.order(), zone))
        marks += f"-{timer.index} +{timer.index}@{'' if due_at is None else due_at} "
    return tuple(timers), marks, None
