"""Who waits for which object (P14): worked out of the step that an enrollment stands in, and written with it where it changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from journeykit.core.compiling.plans import as_key
from journeykit.core.definitions.objects import KEY
from journeykit.core.turns.turn import Turn
from journeykit.model.grammar import Path
from journeykit.model.records import Enrollment


def note_waits(turn: Turn) -> None:
    """Write on each changed enrollment what it waits for, where that has changed."""
    for place, e in turn.changed.items():
        steps = turn.compiled.definitions[e.definition].interests
        before = turn.enrollments.get(place)
        if not steps and (before is None or before.definition == e.definition):
            continue
        same = before is not None and before.number == e.number
        old = _waits(turn, before) if before is not None else frozenset()
        new = _waits(turn, e)
        if new != old or (new and not same):
            e.waits = tuple((event, name, turn.now) for event, name in sorted(new))


def _waits(turn: Turn, e: Enrollment) -> frozenset[tuple[str, str]]:
    """The events and objects that *e* waits for."""
    if e.status != "active":
        return frozenset()
    steps = turn.compiled.definitions[e.definition].interests
    return frozenset((one.event, name) for one in steps.get(e.step, ()) for path in one.paths for name in _ids(e, path))


def _ids(e: Enrollment, path: Path) -> Iterator[str]:
    if path == KEY:
        yield e.key
        return
    value: Any = e.data
    for part in path[1:]:
        value = value.get(part) if isinstance(value, dict) else None
    for one in value if isinstance(value, list) else [value]:
        key = as_key(one)
        if isinstance(key, str):
            yield key
