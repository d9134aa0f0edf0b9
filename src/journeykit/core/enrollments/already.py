"""
Who matches already when a journey opens: records that a list holds, customers who are in a segment (P16, P25).

Nobody is searched for while the shop goes on; `journeykit.runtime.backfill` goes through all customers once, and an event of their own
lets in whoever has never been inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from journeykit.core.compiling.compiler import CompiledJourney
from journeykit.core.compiling.index import key_of
from journeykit.core.compiling.plans import CompiledEntry
from journeykit.core.enrollments.decision import Deciding
from journeykit.core.enrollments.entry import enter, let_in
from journeykit.core.enrollments.lists import present, records
from journeykit.core.expressions.expressions import MISSING
from journeykit.core.turns.parking import park, stub
from journeykit.errors import ConditionError
from journeykit.model.messages import Event


def matches(turn: Deciding, journey: CompiledJourney) -> bool:
    """Whether *journey* has to be opened for the customer of *turn*, whose rows of that journey are all there."""
    if not journey.already or (journey.window is not None and not journey.window[0] <= turn.now < journey.window[1]):
        return False
    try:
        return bool(_records(turn, journey)) or any(True for _ in _entries(turn, journey))
    except ConditionError:
        return True  # what is wrong is parked, and seen, where it is decided


def opened(turn: Deciding, event: Event) -> None:
    """A journey has been opened: let in what is there already and has never been inside."""
    name = event.properties["journey"]
    journey = turn.compiled.journeys.get(name)
    if journey is None:
        turn.note("refused", None, "open", reason=f'no journey "{name}"')
        return
    turn.need(frozenset({name}))
    turn.need_key(name, None)
    try:
        found = [*((key, present(record)) for key, record in _records(turn, journey).items()), *_entries(turn, journey)]
    except ConditionError as error:
        park(turn, None, "open", error)
        return
    for key, what in found:
        if turn.find(name, key) is None:
            turn.enrollment, turn.data = None, {}
            _attempt(turn, journey, key, what)


def _records(turn: Deciding, journey: CompiledJourney) -> dict[str, dict[str, object]]:
    """The records of the journey's list that have never had an enrollment."""
    each = journey.journey.each
    if each is None:
        return {}
    known = records(turn.facts.traits.get(each.removeprefix("customer.")))
    return {key: record for key, record in known.items() if turn.find(journey.name, key) is None}


def _entries(turn: Deciding, journey: CompiledJourney) -> Iterator[tuple[str, CompiledEntry]]:
    """The entries by a segment that the customer is in, with the key that each would have."""
    for entry in journey.entries:
        if entry.inside is None or not entry.inside(turn):
            continue
        key = key_of(journey, entry, turn)
        if key is not MISSING and turn.find(journey.name, key) is None:
            yield key, entry


def _attempt(turn: Deciding, journey: CompiledJourney, key: str, what: Any) -> None:
    """Let one in, or park it where it fails (P15)."""
    mark = turn.mark()
    try:
        if isinstance(what, CompiledEntry):
            let_in(turn, journey, key, what)
        else:
            enter(turn, journey, key, what, "open")
    except ConditionError as error:
        turn.rewind(mark)
        park(turn, stub(journey.name, key), "open", error)
