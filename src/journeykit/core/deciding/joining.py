"""What is known about two customers as what is known about one (P20): folded facts exactly, data and consent by plain rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from journeykit.core.compiling.index import Compiled
from journeykit.core.enrollments.lists import records
from journeykit.core.facts.facts import Fold
from journeykit.core.facts.windows import Rolling
from journeykit.errors import ConditionError
from journeykit.model.records import Facts

#: The state of a fact over the events of both, from the states over those of each; of equal moments the survivor's counts.
_JOINS: dict[str, Callable[[Any, Any], Any]] = {
    "count": lambda mine, theirs: mine + theirs,
    "sum": lambda mine, theirs: mine + theirs,
    "min": min,
    "max": max,
    "mean": lambda mine, theirs: [mine[0] + theirs[0], mine[1] + theirs[1]],
    "first": lambda mine, theirs: theirs if theirs[0] < mine[0] else mine,
    "last": lambda mine, theirs: theirs if theirs[0] > mine[0] else mine,
    "distinct": lambda mine, theirs: [*mine, *(value for value in theirs if value not in mine)],
}


def joined_values(compiled: Compiled, mine: Mapping[str, Any], theirs: Mapping[str, Any], now: int) -> dict[str, Any]:
    """
    The running states of facts over the events of both customers, each placed where it occurred.

    Args:
        compiled: knows the declared facts; states of others are the survivor's, where there is one.
        mine: the states of the survivor.
        theirs: those of the other.
        now: the moment of the merge; what has left a window by then is left out.
    """
    folds = {fold.key: fold for several in compiled.facts.by_event.values() for fold in several}
    values = {**theirs, **mine}
    for key in mine.keys() & theirs.keys() & folds.keys():
        if mine[key] is not None and theirs[key] is not None:
            values[key] = _joined(folds[key], mine[key], theirs[key], now)
    return values


def _joined(fold: Fold, mine: Any, theirs: Any, now: int) -> Any:
    if fold.window is None:
        return _JOINS[fold.aggregate.kind](mine, theirs)
    if isinstance(fold.window, Rolling):
        return fold.window.joined(mine, theirs, now)
    return fold.window.joined(mine, theirs, _JOINS[fold.aggregate.kind])


def joined_facts(compiled: Compiled, mine: Facts, theirs: Facts, stage: str | None, now: int) -> Facts:
    """
    What is known about both.

    The survivor's zone, traits and arms count, and the other's where the survivor has none; of a list whose records hold enrollments
    the records of both. Consent that either refused is refused. *stage* is that of the enrollment of the lifecycle that stays.
    """
    agreed = {name: _agreed(mine.consent.get(name), theirs.consent.get(name)) for name in {**mine.consent, **theirs.consent}}
    traits = {**theirs.traits, **mine.traits}
    listed = {journey.journey.each.removeprefix("customer.") for journey in compiled.definitions.values() if journey.journey.each}
    for name in listed & mine.traits.keys() & theirs.traits.keys():
        traits[name] = _joined_list(mine.traits[name], theirs.traits[name])
    values = joined_values(compiled, mine.values, theirs.values, now)
    return Facts(mine.zone or theirs.zone, stage, agreed, traits, values, {**theirs.arms, **mine.arms})


def _agreed(*said: bool | None) -> bool:
    return False not in said


def _joined_list(mine: Any, theirs: Any) -> Any:
    """The survivor's records, and the other's whose ids are not among them; the survivor's value where one of them is no list."""
    try:
        known, more = records(mine), records(theirs)
    except ConditionError:
        return mine
    return [*mine, *(record for key, record in more.items() if key not in known)]
