"""What is counted for each enrollment since it was entered (P22): kept in its data, under a name of the library's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from journeykit.core.expressions.context import NOTHING, SINCE
from journeykit.core.facts.facts import Fold
from journeykit.core.turns.state import Customer
from journeykit.core.turns.turn import Turn, signal_number
from journeykit.errors import ConditionError
from journeykit.model.records import Enrollment, Loaded, LoggedEvent


def count(turn: Turn, folds: Sequence[Fold], journeys: frozenset[str]) -> None:
    """
    Fold the event into what the active enrollments of *journeys* have counted since they were entered.

    It is done before the event is offered to anybody; who is let in by it, or comes in later, does not count it.
    """
    for enrollment in turn.active(journeys):
        counted = _counted(turn, folds, enrollment)
        if counted is not None:
            turn.changed[enrollment.journey, enrollment.key] = counted
    turn.enrollment, turn.data = None, NOTHING


def _counted(turn: Turn, folds: Iterable[Fold], enrollment: Enrollment) -> Enrollment | None:
    """The enrollment with the event counted; None where it changes nothing."""
    event, names = turn.event, turn.compiled.definitions[enrollment.definition].since
    at = turn.now if event is None else min(event.at, turn.now)
    if at < enrollment.entered_at:
        return None
    turn.enrollment, turn.data = enrollment, enrollment.data
    before: Mapping[str, Any] = enrollment.data.get(SINCE, NOTHING)
    after = {}
    for one in folds:
        if one.name not in names:
            continue
        try:
            after[one.key] = one.after(before.get(one.key), turn, at)
        except ConditionError as error:
            turn.note("parked", enrollment, event.name if event else "", enrollment.step, reason=f"fact {one.name}: {error}")
    if all(state is before.get(key) for key, state in after.items()):
        return None
    return _with(enrollment, {**before, **after})


def _with(enrollment: Enrollment, counted: Mapping[str, Any]) -> Enrollment:
    copy = enrollment.copy()
    copy.data = {**enrollment.data, SINCE: dict(counted)}
    return copy


def count_anew(turn: Turn, folds: Mapping[str, Sequence[Fold]], enrollments: Iterable[Enrollment], past: Sequence[LoggedEvent]) -> None:
    """
    Fold the recorded past into *enrollments* whose facts were declared after they were entered.

    Args:
        turn: where those that change are noted; its moment and history stay as they are.
        folds: the facts to fold anew, by event.
        enrollments: active ones of journeys that read such facts.
        past: the customer's decided events in order.
    """
    keys = {one.key for several in folds.values() for one in several}
    for enrollment in enrollments:
        bare = _with(enrollment, {key: state for key, state in enrollment.data.get(SINCE, NOTHING).items() if key not in keys})
        again = Turn(turn.compiled, Customer(Loaded(turn.customer_id, 0, 0, turn.facts, [], [])), turn.now, None)
        for logged in past:
            if (logged.seq or 0) > signal_number(enrollment.order) and logged.event.name in folds:
                again.look(logged.event)
                again.now = logged.accepted_at
                bare = _counted(again, folds[logged.event.name], bare) or bare
        if bare.data[SINCE] != enrollment.data.get(SINCE, NOTHING):
            turn.changed[enrollment.journey, enrollment.key] = bare
