"""One at a time (P13): of the journeys in a lane only the most important in which a customer is goes on by time; the others are held."""

from __future__ import annotations

from journeykit.core.enrollments.decision import Deciding
from journeykit.core.enrollments.standing import go_on
from journeykit.model.pauses import Hold
from journeykit.model.records import Enrollment


def reorder(turn: Deciding, name: str) -> None:
    """Somebody has entered or left a journey of a lane: hold what has to wait now, and let go on what comes first."""
    lane = next((lane for lane in turn.compiled.lanes.values() if lane.name == name), None)
    if lane is None:
        return
    turn.need(lane.members)
    inside = turn.active(lane.members)
    first = next((journey for journey in lane.journeys if any(e.journey == journey for e in inside)), None)
    for e in inside:
        if e.journey != first:
            _hold(turn, e, lane.name, f"{first} goes first")
        elif _held_in_a_lane(e):
            release(turn, e, still=lane.still)


def let_out(turn: Deciding) -> None:
    """Let go on who is held in a lane that their journey is no longer in."""
    for e in list(turn.enrollments.values()):
        if e.active and _held_in_a_lane(e) and e.journey not in turn.compiled.lanes:
            release(turn, e, still=True)


def _held_in_a_lane(e: Enrollment) -> bool:
    return e.held is not None and e.held.pause is None


def _hold(turn: Deciding, e: Enrollment, lane: str, reason: str) -> None:
    if _held_in_a_lane(e):
        return
    held = e.copy()
    held.held = Hold(turn.now, f"lane {lane}")
    turn.changed[e.journey, e.key] = held
    turn.note("held", held, held.held.by, held.step, reason=reason)


def release(turn: Deciding, e: Enrollment, *, still: bool) -> None:
    """Let an enrollment go on that a lane held."""
    assert e.held is not None
    cause = e.held.by
    if still:
        e = e.copy()
        assert e.held is not None
        e.stood = (*e.stood, (e.held.since, turn.now))
    go_on(turn, turn.compiled.definitions[e.definition], e, e.stood, cause)
