"""A customer's own moments: first looks, looking again when something has changed, and what is due (P3, P23, P24)."""

from __future__ import annotations

from collections.abc import Iterable

from journeykit.core.facts.watchers import Watcher
from journeykit.core.turns.turn import Raised, Turn
from journeykit.errors import ConditionError


def meet(turn: Turn) -> None:
    """Let every watcher have its first look that has had none, and forget those that are declared no more."""
    watch = turn.compiled.watch
    if watch is not None and not watch.knows(turn.moments):
        turn.moments = watch.first(turn, turn.moments)


def meet_again(turn: Turn, paths: Iterable[str]) -> None:
    """The first look of whatever reads one of *paths*, and of who has had none: what was filled in later is no edge."""
    watch = turn.compiled.watch
    if watch is None:
        return
    anew = {watcher.name for watcher in watch.reading(paths)}
    if anew or not watch.knows(turn.moments):
        turn.moments = watch.first(turn, {name: moment for name, moment in turn.moments.items() if name not in anew})


def look(turn: Turn, watchers: Iterable[Watcher], *, due: bool = False) -> None:
    """Let *watchers* look again; what they find follows as signals of their own."""
    watch = turn.compiled.watch
    if watch is None:
        return
    for watcher in watchers:
        held = watch.held(turn.moments, watcher.name)
        try:
            moment, occurred = watcher.again(turn, held, due=due)
        except ConditionError as error:
            turn.note("parked", None, cause_of(watcher.name), reason=str(error))
            moment, occurred = held._replace(due_at=None if due else held.due_at), None
        if moment is not held:
            turn.moments = watch.keeping(turn.moments, moment)
        if occurred is not None:
            if occurred.signal.startswith("~segment "):
                segment = occurred.signal.removeprefix("~segment ").removeprefix("not ")
                turn.note("segment", None, f"segment {segment}", reason="entered" if occurred.new else "left")
            turn.raised += (Raised("occurred", *occurred),)


def look_at_changes(turn: Turn) -> None:
    """Let those look again that read what has changed since they last did."""
    if not turn.stirred:
        return
    stirred, turn.stirred = turn.stirred, ()
    meet(turn)
    watch = turn.compiled.watch
    if watch is not None:
        look(turn, watch.reading(stirred))


def occur(turn: Turn, name: str) -> None:
    """The instant of a moment has come."""
    meet(turn)
    watch = turn.compiled.watch
    if watch is not None and name in watch.watchers:
        look(turn, (watch.watchers[name],), due=True)
    else:
        turn.moments = {other: moment for other, moment in turn.moments.items() if other != name}


def forgo(turn: Turn, name: str) -> None:
    """Let the instant of a moment pass without anything that would follow from it."""
    occur(turn, name)
    turn.raised = ()


def cause_of(name: str) -> str:
    """How people call what has a moment of that name; its mark is left out."""
    return name.rpartition(" ")[0]
