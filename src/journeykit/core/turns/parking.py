"""Conditions cannot harm (P15): what failed to evaluate is parked with its error, and can be retried after a fix."""

from __future__ import annotations

from typing import Any

from journeykit.core.turns.turn import Turn
from journeykit.errors import JourneykitError
from journeykit.model.messages import Event, moment
from journeykit.model.records import Enrollment, LoggedEvent


def park(turn: Turn, enrollment: Enrollment | None, cause: str, error: JourneykitError, **more: Any) -> None:
    """Keep one part of the signal aside: *more* says which (timer, entry)."""
    event = turn.event
    journey, key, number = ("", "", 0) if enrollment is None else (enrollment.journey, enrollment.key, enrollment.number)
    original = None
    if event is not None:
        occurred_at = event.occurred_at.isoformat()
        original = {"name": event.name, "id": event.id, "occurred_at": occurred_at, "properties": event.properties, "source": event.source}
    properties = {"journey": journey, "key": key, "number": number, "error": str(error), "event": original, **more}
    events = turn.commit.events
    name = f"$parked/{turn.seq}/{len(events)}"
    row = Event("$parked", id=name, customer_id=turn.customer_id, occurred_at=moment(turn.now), properties=properties)
    turn.commit.events = (*events, LoggedEvent(row, turn.now, None, "parked"))
    turn.note("parked", enrollment, cause, None if enrollment is None else enrollment.step, reason=str(error))


def stub(journey: str, key: str, number: int = 0) -> Enrollment:
    """An enrollment that never was, to say where something did not happen; nothing but these three is looked at."""
    return Enrollment(journey, key, number, "", 0, "pending", "", 0, 0, 0, {})


def park_event(turn: Turn, event: LoggedEvent, error: JourneykitError) -> None:
    """Keep a whole event aside; nothing of it is applied."""
    park(turn, None, event.event.name, error)
    turn.commit.events = (*turn.commit.events, LoggedEvent(event.event, turn.now, turn.seq, "decided"))


def park_timer(turn: Turn, enrollment: Enrollment, index: int, error: JourneykitError) -> None:
    """Keep the firing of a timer aside; the timer itself is spent."""
    spent = enrollment.copy()
    if index < 0:
        spent.waiting = None
    spent.timers = tuple(timer for timer in enrollment.timers if timer.index != index)
    turn.changed[enrollment.journey, enrollment.key] = spent
    park(turn, enrollment, "timer", error, timer=index)
