"""Filling in what is declared late: facts are folded anew from the recorded past, segments have their first look; nothing follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from journeykit.core.context import Context
from journeykit.core.customer import Customer
from journeykit.core.facts import fold, identify
from journeykit.core.index import Compiled
from journeykit.core.moments import meet_again
from journeykit.core.turn import Turn
from journeykit.errors import ConditionError
from journeykit.model.records import Commit, Facts, LoggedEvent


def events_of(compiled: Compiled, names: Iterable[str]) -> frozenset[str]:
    """The names of the events that the facts of *names* are folded from, and of those that say what was known then."""
    wanted = frozenset(names)
    fed = {event for event, folds in compiled.facts.by_event.items() if any(one.name in wanted for one in folds)}
    return frozenset({*fed, "$identify"})


def fill(compiled: Compiled, customer: Customer, past: Iterable[LoggedEvent], names: frozenset[str], now: int) -> Commit | None:
    """
    Fold the facts of *names* anew for one customer.

    Args:
        compiled: all journeys.
        customer: the customer as they are.
        past: their decided events in order, see `events_of`.
        names: the facts.
        now: the moment of the first look of segments, schedules and dates that are new, microseconds UTC.

    Returns:
        What changes, based on the customer's revision; None where all is there already.
    """
    turn = Turn(compiled, customer, now, None)
    turn.enrollments = {}
    before = turn.moments
    values = _filled(compiled, customer.facts.values, _folded(compiled, customer.customer_id, past, names), names)
    changed = [name for name in compiled.facts.keys if _of(compiled, name, values) != _of(compiled, name, customer.facts.values)]
    if values != customer.facts.values:
        turn.facts = customer.facts.copy()
        turn.facts.values = values
    meet_again(turn, [f"customer.{name}" for name in changed])
    if turn.facts is customer.facts and turn.moments == before:
        return None
    turn.note("filled", None, "backfill", reason=", ".join(changed) or None)
    moments = None if turn.moments is before else (*turn.moments.values(),)
    facts = None if turn.facts is customer.facts else turn.facts
    return Commit(
        customer.customer_id, customer.revision, turn.seq, customer.accepted_at, facts, history=turn.commit.history, moments=moments
    )  # fmt: skip


def _of(compiled: Compiled, name: str, values: Mapping[str, Any]) -> Any:
    return values.get(compiled.facts.keys[name])


def _folded(compiled: Compiled, customer_id: str, past: Iterable[LoggedEvent], names: frozenset[str]) -> Mapping[str, Any]:
    """The states of the facts of *names*, folded from the past; each event under what was told of the customer by then."""
    facts = Facts()
    for logged in past:
        event = logged.event
        if event.name == "$identify":
            facts = _told(facts, event.properties)
            continue
        folds = [one for one in compiled.facts.by_event.get(event.name, ()) if one.name in names]
        facts, _, _ = fold(folds, facts, Context(customer_id, facts, logged.accepted_at, event), lambda path: False)
    return facts.values


def _told(facts: Facts, properties: Mapping[str, Any]) -> Facts:
    try:
        return identify(facts, properties)[0]
    except ConditionError:
        return facts


def _filled(compiled: Compiled, before: Mapping[str, Any], folded: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """What is kept: facts that are declared still, those of *names* as folded anew."""
    declared = {compiled.facts.keys[name] for name in compiled.facts.keys if name not in names}
    return {key: value for key, value in before.items() if key in declared} | dict(folded)
