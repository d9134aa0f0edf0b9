"""
Pauses of journeys and steps: time stands still for whoever is there.

Nobody is touched when a pause begins. It is heeded where a timer comes due: in it, the enrollment is held until it ends; after it, the timer
moves by what time stood still. So a pause costs nothing for who has nothing due, holds for a late worker as for a punctual one, and what a
decision heeded stands in the log, so that a replay needs no list of pauses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from journeykit.core.compiling.quotas import PAUSED
from journeykit.core.enrollments.decision import Deciding
from journeykit.core.enrollments.standing import go_on
from journeykit.core.enrollments.timing import Stretch, due_after, joined
from journeykit.model.messages import Event, moment
from journeykit.model.pauses import Hold, Pause
from journeykit.model.records import Enrollment, LoggedEvent, OutboxMessage


def stands_still(turn: Deciding, place: tuple[str, str], index: int, pauses: Sequence[Pause]) -> bool:
    """Whether the due timer *index* does not fire because of *pauses*: the enrollment is held, or the timer moved."""
    e = turn.enrollments[place]
    about = [one for one in pauses if _since(one, e) is not None]
    if not about:
        return False
    open_now = next((one for one in about if _covers(one, turn.now)), None)
    if open_now is not None:
        _hold(turn, e, open_now)
    elif not _moved(turn, e, index, about):
        return False
    _keep(turn, about)
    return True


def end(turn: Deciding, place: tuple[str, str], pauses: Sequence[Pause]) -> None:
    """The pause that held an enrollment has ended: it goes on, or another one holds it."""
    e = turn.enrollments[place]
    assert e.held is not None
    about = [one for one in pauses if one.number == e.held.pause or _since(one, e) is not None]
    _keep(turn, about)
    other = next((one for one in about if _since(one, e) is not None and _covers(one, turn.now)), None)
    if other is not None:
        _hold(turn, e, other)
        return
    go_on(turn, turn.compiled.definitions[e.definition], e, (*e.stood, *_stretches(about, e)), e.held.by, at_once=True)


def aged(message: OutboxMessage, late: int) -> OutboxMessage:
    """A message that is asked for late is as old as if it had been asked for in time (P33)."""
    return message if message.expires_at is None else message._replace(expires_at=message.expires_at - late)


def moved_on(turn: Deciding, place: tuple[str, str]) -> None:
    """An enrollment has moved while a step or scope was paused: where it has left that, time goes on for it."""
    e = turn.find(*place)
    held = None if e is None else e.held
    if e is not None and held is not None and held.step is not None and held.step != e.step and held.step not in e.scopes:
        go_on(turn, turn.compiled.definitions[e.definition], e, e.stood, held.by)


def _since(pause: Pause, e: Enrollment) -> int | None:
    """Since when *e* has been where *pause* is; None where it is not there. A pause of an action is none of a journey."""
    if pause.action is not None or pause.journey != e.journey:
        return None
    if pause.step is None:
        return e.entered_at
    return e.step_at if pause.step == e.step else e.scopes.get(pause.step, (None, 0))[0]


def _covers(pause: Pause, at: int) -> bool:
    return pause.begun_at <= at and (pause.ended_at is None or at < pause.ended_at)


def _stretches(pauses: Sequence[Pause], e: Enrollment) -> Iterator[Stretch]:
    """When time stood still for *e* in pauses that have ended."""
    for one in pauses:
        since = _since(one, e)
        if one.still and one.ended_at is not None and since is not None and since < one.ended_at:
            yield max(one.begun_at, since), one.ended_at


def _hold(turn: Deciding, e: Enrollment, pause: Pause) -> None:
    held = e.copy()
    held.held = Hold(turn.now if e.held is None else e.held.since, f"a {pause.words}", pause.number, pause.step, pause.ended_at)
    turn.changed[e.journey, e.key] = held
    turn.note("held", held, held.held.by, held.step)


def _moved(turn: Deciding, e: Enrollment, index: int, about: Sequence[Pause]) -> bool:
    """Move a due timer by what time has stood still since its wait began; whether there was anything left of it."""
    timer = next(timer for timer in e.timers if timer.index == index)
    stretches = joined((*e.stood, *_stretches(about, e)))
    at = due_after(turn, turn.compiled.definitions[e.definition].timers[index], e, timer, stretches)
    if at is None or at <= turn.now:
        return False
    moved = e.copy()
    moved.timers = tuple(timer._replace(due_at=at) if timer.index == index else timer for timer in e.timers)
    turn.changed[e.journey, e.key] = moved
    turn.note("held", moved, f"a {about[-1].words}", moved.step, reason="time stood still meanwhile", timers=f"-{index} +{index}@{at}")
    return True


def _keep(turn: Deciding, about: Sequence[Pause]) -> None:
    """Put what was heeded into the customer's log, for a replay."""
    given = {"pauses": [list(one) for one in about]}
    event = Event(PAUSED, id=f"{PAUSED}/{turn.seq}", customer_id=turn.customer_id, occurred_at=moment(turn.now), properties=given)
    turn.commit.events = (*turn.commit.events, LoggedEvent(event, turn.now, turn.seq, "decided"))
