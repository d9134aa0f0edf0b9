"""
Lists (P25): each record of a list trait may hold an enrollment, keyed by the record's id.

It enters when the record appears; its data holds the record and follows it; it exits with the record. All of that follows from the
change of the trait alone, from the list before to the list after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from journeykit.core.compiling.compiler import CompiledJourney
from journeykit.core.compiling.plans import as_key
from journeykit.core.enrollments.decision import Deciding
from journeykit.core.enrollments.entry import enter
from journeykit.core.turns.parking import park
from journeykit.core.turns.turn import Raised
from journeykit.errors import ConditionError
from journeykit.model.records import Enrollment

Records = Mapping[str, dict[str, Any]]


def records(value: Any) -> dict[str, dict[str, Any]]:
    """
    The records of a list by their ids, the first of each id; what has no id is none.

    Raises:
        ConditionError: the value is no list.
    """
    if value is None:
        return {}
    if not isinstance(value, list):
        raise ConditionError(f"{value!r:.60} is no list of records; give [{{'id': ...}}, ...]")
    found: dict[str, dict[str, Any]] = {}
    for record in value:
        key = as_key(record.get("id")) if isinstance(record, dict) else None
        if isinstance(key, str):
            found.setdefault(key, record)
    return found


def changed(turn: Deciding, raised: Raised) -> tuple[Records, Records] | None:
    """The records before and after a change of a list; None, and parked, where it is none."""
    try:
        return records(raised.old if isinstance(raised.old, list) else None), records(raised.new)
    except ConditionError as error:
        park(turn, None, f"changed {raised.subject}", error)
        return None


def follow(turn: Deciding, path: str, old: Records, new: Records) -> None:
    """Let the enrollments of records follow them, and leave with them."""
    names = frozenset(one.name for one in turn.compiled.definitions.values() if one.journey.each == path)
    for enrollment in turn.active(names):
        journey, key = turn.compiled.definitions[enrollment.definition], enrollment.key
        if journey.journey.each == path and new.get(key) != old.get(key):
            _part(turn, enrollment, path, lambda e=enrollment, j=journey: _follow(turn, j, e, old, new))  # type: ignore[misc]


def _follow(turn: Deciding, journey: CompiledJourney, enrollment: Enrollment, old: Records, new: Records) -> None:
    turn.take_up(journey, enrollment)
    e, cause = turn.own(), f"changed {journey.journey.each}"
    record = new.get(e.key)
    if record is None:
        turn.end("exited", "removed", cause)
    else:
        followed = {*old.get(e.key, ()), *record}
        kept = {name: value for name, value in e.data.items() if name not in followed}
        e.data = turn.data = {**kept, **present(record)}
        turn.note("stayed", e, cause, e.step, e.step)
        turn.settle(moved=True)
    turn.changed[e.journey, e.key] = turn.e


def present(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says, without what it leaves open."""
    return {name: value for name, value in record.items() if value is not None}


def let_in(turn: Deciding, journeys: Iterable[CompiledJourney], path: str, old: Records, new: Records) -> None:
    """Open an enrollment for each record that has appeared; for one that has changed, as far as re-entry allows it."""
    for journey in journeys:
        again = journey.journey.reentry.rule != "once"
        for key, record in new.items():
            inside = turn.find(journey.name, key)
            if (inside is not None and inside.status == "active") or (key in old and not (again and old[key] != record)):
                continue
            turn.enrollment, turn.data = None, {}
            _part(turn, None, path, lambda j=journey, k=key, r=record: enter(turn, j, k, present(r), f"changed {path}"))  # type: ignore[misc]


def _part(turn: Deciding, enrollment: Enrollment | None, path: str, part: Callable[[], None]) -> None:
    """Do one enrollment's part, or park it where it fails (P15)."""
    mark = turn.mark()
    try:
        part()
    except ConditionError as error:
        turn.rewind(mark)
        park(turn, enrollment, f"changed {path}", error)
