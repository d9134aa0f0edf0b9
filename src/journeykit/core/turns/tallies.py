"""
The better arm of a split (P26): how many were drawn for each, how many of them did what is measured, and the first reading of it.

What is counted goes with the commits, as what is taken from shared numbers does. When the experiment began, and which arm was the
better when somebody first had to know, is kept once for all; a decision that needs it asks for it, and keeps the answer in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from journeykit.core.compiling.plans import CompiledSplit, Plan
from journeykit.core.compiling.quotas import KNOWN, Unread
from journeykit.core.compiling.splits import draw, set_arms
from journeykit.core.turns.turn import Turn


def drawn(experiment: str, arm: str) -> str:
    """The shared number of those who were drawn for *arm*."""
    return f"{experiment}/{arm}"


def reached(experiment: str, arm: str) -> str:
    """The shared number of those of *arm* who did what is measured."""
    return f"{experiment}/{arm}/reached"


def better(name: str, arms: Sequence[str], count: Callable[[str], int]) -> str:
    """Which of *arms*, asked for under *name*, had the greatest share of those who did what is measured; the first of equals."""
    experiment = name.rpartition(" ")[0]
    shares = {arm: count(reached(experiment, arm)) / max(1, count(drawn(experiment, arm))) for arm in arms}
    return max(arms, key=lambda arm: shares[arm])


def measured(turn: Turn, split: CompiledSplit) -> Plan:
    """The plan of the arm: the customer's own, a draw that is counted, or the better one once that is decided."""
    arms = {name: plan for _, name, plan in split.arms}
    kept = turn.facts.arms.get(split.experiment)
    if kept in arms and _given(split.experiment) not in turn.facts.arms:
        return arms[kept]
    began = int(_told(turn, f"{split.experiment} began", str(turn.now)))
    over = kept not in arms and split.after is not None and turn.now >= began + split.after
    decided = _told(turn, f"{split.experiment} better", tuple(arms)) if over else None
    if decided in arms:
        name = decided
    else:  # also where the better one was an arm of an earlier version, or of another split under this name
        name = kept if kept in arms else draw(split, turn.customer_id)[0]
        turn.commit.quotas = (*turn.commit.quotas, (drawn(split.experiment, name), 1, None))
    _keep(turn, split.experiment, name)
    return arms[name]


def give(turn: Turn, arms: Mapping[str, str]) -> None:
    """Put the customer into *arms*, by experiment, as a test says; where the better is looked for, they count once they come to it."""
    counted = {experiment for experiments in turn.compiled.measures.values() for experiment in experiments}
    turn.facts = set_arms(turn.facts, {**arms, **{_given(name): arm for name, arm in arms.items() if name in counted}})


def told_apart(arms: Mapping[str, str]) -> dict[str, str]:
    """The arms of a customer by experiment, without what is kept beside them so that nobody counts twice."""
    marks = {mark for name in arms for mark in (_given(name), _reached(name))}
    return {name: arm for name, arm in arms.items() if name not in marks}


def _given(experiment: str) -> str:
    """What is kept of a customer who was given an arm and has not been counted for it."""
    return f"{experiment} given"


def _reached(experiment: str) -> str:
    """What is kept of a customer who did what is measured."""
    return f"{experiment} reached"


def _told(turn: Turn, name: str, first: str | tuple[str, ...]) -> str:
    told = turn.known.told
    if name not in told:
        raise Unread(name, first)
    needed = turn.needed or KNOWN
    turn.needed = needed._replace(told={**needed.told, name: told[name]})
    return told[name]


def _keep(turn: Turn, name: str, value: str) -> None:
    turn.facts = turn.facts.copy()
    turn.facts.arms = {**turn.facts.arms, name: value}
    turn.facts.arms.pop(_given(name), None)


def tally(turn: Turn, event: str) -> None:
    """Count the customer for each arm that is measured by *event*, once."""
    for experiment in turn.compiled.measures.get(event, ()):
        arm, mark = turn.facts.arms.get(experiment), _reached(experiment)
        if arm is not None and mark not in turn.facts.arms:
            turn.commit.quotas = (*turn.commit.quotas, (reached(experiment, arm), 1, None))
            _keep(turn, mark, arm)
