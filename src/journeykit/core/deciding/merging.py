"""
Two customers become one (P20): the pure part.

The signal ``$merge`` stands in the log of the survivor and holds the other as they were then, so a replay of the survivor needs
nobody else. Enrollments that stand in one journey under one key are settled here; what is known about both, in `joining`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import attrs

from journeykit.core.compiling.index import Compiled
from journeykit.core.deciding.joining import joined_facts
from journeykit.core.enrollments.decision import Deciding
from journeykit.core.expressions.context import Context
from journeykit.core.expressions.expressions import plain
from journeykit.core.facts.facts import Change
from journeykit.core.turns.moments import look, meet
from journeykit.core.turns.remains import RETURNED, shift
from journeykit.core.turns.state import own_timers
from journeykit.model.joined import Joined
from journeykit.model.messages import Event
from journeykit.model.pauses import Hold
from journeykit.model.records import Enrollment, Facts, Moment, Timer, Waiting

MERGE = "$merge"
UNSEEN = frozenset({"$identify", "$arm", MERGE, RETURNED})  #: what tells about somebody as they are, which is no change
SIGNALS = "signals"  #: of `MERGE`, how many signals the other had decided: which of the survivor's were theirs, for who reads the past
SPENT = "sent before two customers became one"  #: why a request is dropped

Place = tuple[str, str]  #: journey and key
Asked = Mapping[Place, Mapping[str, int]]  #: how many more of each request the other has had than the survivor


class Other(NamedTuple):
    """The customer who becomes another, as the signal holds them."""

    customer_id: str
    facts: Facts
    enrollments: dict[Place, Enrollment]
    moments: tuple[Moment, ...]
    sent: Asked


# -- the signal --------------------------------------------------------------------------------------------------------------


def carried(customer_id: str, facts: Facts, enrollments: Iterable[Enrollment], moments: Iterable[Any], sent: Asked) -> dict[str, Any]:
    """The properties of the signal: the other as plain values."""
    rows = [attrs.asdict(e, recurse=False, filter=attrs.filters.exclude("waits")) for e in enrollments]
    known = {name: getattr(facts, name) for name in ("zone", "stage", "consent", "traits", "values", "arms")}
    asked = [[*place, dict(several)] for place, several in sent.items() if several]
    whole = {"other": customer_id, "facts": known, "enrollments": rows, "moments": list(moments), "sent": asked}
    plain_values: dict[str, Any] = json.loads(json.dumps(whole))
    return plain_values


def read_other(properties: Mapping[str, Any]) -> Other:
    """The other customer out of the properties of the signal."""
    rows = {(row["journey"], row["key"]): _enrollment(row) for row in properties["enrollments"]}
    moments = tuple(Moment(*row[:3]) for row in properties["moments"])
    sent = {(journey, key): asked for journey, key, asked in properties["sent"]}
    return Other(properties["other"], Facts(**properties["facts"]), rows, moments, sent)


def _enrollment(row: Mapping[str, Any]) -> Enrollment:
    fields = {
        **row,
        "timers": tuple(Timer(*timer) for timer in row["timers"]),
        "scopes": {name: (since[0], since[1]) for name, since in row["scopes"].items()},
        "waiting": _waiting(row["waiting"]),
        "held": Hold(*row["held"]) if row["held"] else None,
        "stood": tuple((one[0], one[1]) for one in row["stood"]),
        "joined": Joined(*row["joined"]) if row["joined"] else None,
    }
    return Enrollment(**fields)


def _waiting(row: Sequence[Any] | None) -> Waiting | None:
    return Waiting(row[0], row[1], row[2], tuple(row[3])) if row else None


# -- one journey, one key ----------------------------------------------------------------------------------------------------


def stays(mine: Enrollment, theirs: Enrollment) -> bool:
    """Whether the survivor's enrollment stays: who is inside rather than who was, and of two the one who entered earlier."""
    if not (mine.number and theirs.number):
        return mine.number > 0 or not theirs.number
    inside = mine.status == "active", theirs.status == "active"
    if inside[0] is not inside[1]:
        return inside[0]
    return mine.entered_at <= theirs.entered_at if inside[0] else mine.entered_at >= theirs.entered_at


def overlapping(compiled: Compiled, mine: Enrollment, theirs: Enrollment) -> bool:
    """Whether both were in the journey together, or may be in it once only: then what one has had the other does not get again."""
    journey = compiled.journeys.get(mine.journey)
    kept, gone = (mine, theirs) if stays(mine, theirs) else (theirs, mine)
    if kept.status != "active" or not (mine.number and theirs.number):
        return False
    once = journey is not None and journey.journey.reentry.rule == "once"
    return once or gone.ended_at is None or gone.ended_at > kept.entered_at


def _one(mine: Enrollment, theirs: Enrollment, sent: Mapping[str, int]) -> Enrollment:
    """The enrollment that stays, with what the other counts for; *theirs* is numbered after all of the survivor's."""
    kept, gone = (mine.copy(), theirs) if stays(mine, theirs) else (theirs.copy(), mine)
    every = shift(theirs) if theirs.number else shift(mine)
    entered = [moment for one in (mine, theirs) if one.number for moment in (one.entered_at, *_joined_at(one))]
    asked = {**(kept.joined.sent if kept.joined else {}), **sent}
    kept.joined = Joined(every - kept.number, max(entered), asked) if mine.number and theirs.number else kept.joined or gone.joined
    kept.performing += gone.performing + (gone.performed > 0)
    kept.performed_at = _latest(mine.performed_at, theirs.performed_at)
    if kept.ended_at is not None and gone.number:
        kept.ended_at = _latest(mine.ended_at, theirs.ended_at)
    if gone.waiting is not None and (kept.waiting is None or kept.waiting.due_at < gone.waiting.due_at):
        kept.waiting = gone.waiting
    return kept


def _joined_at(e: Enrollment) -> tuple[int, ...]:
    return (e.joined.entered_at,) if e.joined else ()


def _latest(*moments: int | None) -> int | None:
    return max((moment for moment in moments if moment is not None), default=None)


# -- the decision ------------------------------------------------------------------------------------------------------------


def join(turn: Deciding, event: Event, offer: Callable[[Deciding, Enrollment, str], None]) -> None:
    """
    Make the other of the signal *event* the survivor.

    What both were in goes on under what is known about both, so the rules that wait for no signal look again: *offer* lets them.
    """
    other = read_other(event.properties)
    strange = turn.seq == 1  # nothing was ever decided for the survivor: what was so of the other goes on without a change
    if strange and other.moments:
        turn.moments = own_timers(other.moments)
    stage = _settle(turn, other)
    _order(turn)
    before = turn.facts
    turn.facts = joined_facts(turn.compiled, before, other.facts, stage, turn.now)
    if turn.compiled.watch is not None:
        meet(turn)
    if not strange:
        _tell(turn, before)
    turn.enrollment, turn.data = None, {}
    for enrollment in turn.active(frozenset(one.name for one in turn.compiled.definitions.values())):
        offer(turn, enrollment, event.name)


def _settle(turn: Deciding, other: Other) -> str | None:
    """Let the other's enrollments be the survivor's; return the stage of the customer after it."""
    stage = turn.facts.stage or other.facts.stage
    for place, row in other.enrollments.items():
        theirs, mine = row.copy(), turn.find(*place)
        theirs.number += shift(mine) if theirs.number else 0
        if mine is None:
            turn.changed[place] = theirs
            ours = True
            if theirs.status == "active":
                turn.entered_or_left(theirs.journey, entered=True)
        else:
            ours = not stays(mine, theirs)
            if mine.status == theirs.status == "active":
                _end(turn, mine if ours else theirs, other.customer_id)
            turn.changed[place] = _one(mine, theirs, other.sent.get(place, {}))
        if ours and theirs.status == "active" and _lifecycle(turn, theirs):
            stage = other.facts.stage
    return stage


def _lifecycle(turn: Deciding, e: Enrollment) -> bool:
    return e.definition in turn.compiled.definitions and turn.compiled.definitions[e.definition].lifecycle


def _end(turn: Deciding, later: Enrollment, other: str) -> None:
    """The later enrollment ends; nothing but its end is written."""
    turn.take_up(turn.compiled.definitions[later.definition], later.copy(), mine=True)
    turn.end("merged", f"with {other}", "merge")


def _order(turn: Deciding) -> None:
    """Who entered earlier is offered a signal earlier, whichever of the two it was."""
    rows = {**turn.enrollments, **turn.changed}
    inside = sorted((e for e in rows.values() if e.ended_at is None), key=lambda e: (e.entered_at, e.order, e.journey, e.key))
    if [e.order for e in inside] == sorted({e.order for e in inside}):
        return
    for e in inside:
        ordered = e if (e.journey, e.key) in turn.changed else e.copy()
        ordered.order = turn.order()
        ordered.timers = tuple(timer._replace(order=turn.order()) for timer in sorted(e.timers, key=lambda timer: timer.order))
        turn.changed[e.journey, e.key] = ordered


def _tell(turn: Deciding, before: Facts) -> None:
    """Let what has changed for the survivor follow as signals, edges of segments among them."""
    changes = [*_told(before, turn.facts), *_folded(turn, before)]
    for path, old, new in changes:
        if path.partition(".")[2] not in turn.compiled.facts.readers:
            turn.note("traits", None, path, reason=f"{_shown(old)} -> {_shown(new)}")
    turn.raise_changes(changes)
    turn.stirred = ()
    watch = turn.compiled.watch
    if watch is not None:
        table = turn.compiled.facts
        moved = [f"customer.{name}" for name, key in table.keys.items() if before.values.get(key) != turn.facts.values.get(key)]
        look(turn, watch.reading([*(path for path, _, _ in changes), *moved]))


def _told(before: Facts, after: Facts) -> list[Change]:
    pairs: list[Change] = [("customer.zone", before.zone, after.zone), ("customer.stage", before.stage, after.stage)]
    pairs += [(f"consent.{name}", before.consent.get(name), value) for name, value in after.consent.items()]
    pairs += [(f"customer.{name}", before.traits.get(name), value) for name, value in after.traits.items()]
    return [(path, old, new) for path, old, new in pairs if old != new or type(old) is not type(new)]


def _folded(turn: Deciding, before: Facts) -> list[Change]:
    """The facts that have another value now."""
    found: list[Change] = []
    for name, read in turn.compiled.facts.readers.items():
        old, new = (plain(read(Context(turn.customer_id, facts, turn.now))) for facts in (before, turn.facts))
        if old != new or type(old) is not type(new):
            found.append((f"customer.{name}", old, new))
    return found


def _shown(value: object) -> str:
    return "unknown" if value is None else repr(value)


__all__ = ["MERGE", "SPENT", "UNSEEN", "Asked", "Other", "Place", "carried", "join", "overlapping", "read_other", "shift", "stays"]
