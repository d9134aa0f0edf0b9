"""Filling in what is declared late: facts are folded anew from the recorded past, segments have their first look; nothing follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from journeykit.core.compiling.index import Compiled
from journeykit.core.deciding.customer import Customer, commit_of
from journeykit.core.deciding.joining import joined_values
from journeykit.core.deciding.merging import MERGE
from journeykit.core.deciding.signals import reorder_all
from journeykit.core.enrollments.already import matches
from journeykit.core.enrollments.decision import Deciding
from journeykit.core.expressions.context import Context
from journeykit.core.facts.facts import Fold, fold, identify
from journeykit.core.turns.moments import meet_again
from journeykit.core.turns.since import count_anew
from journeykit.errors import ConditionError
from journeykit.model.leaving import Snapshot
from journeykit.model.records import Commit, Facts, LoggedEvent


def events_of(compiled: Compiled, names: Iterable[str]) -> frozenset[str]:
    """The names of the events that the facts of *names* are folded from, and of those that say what was known then."""
    wanted = frozenset(names)
    tables = (compiled.facts.by_event, compiled.facts.since)
    fed = {event for table in tables for event, folds in table.items() if any(one.name in wanted for one in folds)}
    return frozenset({*fed, "$identify", MERGE})


def fill(
    compiled: Compiled, customer: Customer, past: Iterable[LoggedEvent], names: frozenset[str], now: int, snapshot: Snapshot | None = None
) -> Commit | None:
    """
    Fold the facts of *names* anew for one customer.

    Args:
        compiled: all journeys.
        customer: the customer as they are, with the active enrollments of journeys that count one of the facts since their entry.
        past: their decided events in order, see `events_of`.
        names: the facts.
        now: the moment of the first look of segments, schedules and dates that are new, microseconds UTC.
        snapshot: what there is instead of an older past; facts that were not declared then cannot be folded, and stay as they are.

    Returns:
        What changes, based on the customer's revision; None where all is there already.
    """
    turn = _turn(compiled, customer, now)
    before, past = turn.moments, list(past)
    names = frozenset(name for name in names if snapshot is None or compiled.facts.keys.get(name) in (None, *snapshot.facts))
    values = _filled(compiled, customer.facts.values, _folded(compiled, customer, past, names, snapshot), names)
    changed = [name for name in compiled.facts.keys if _of(compiled, name, values) != _of(compiled, name, customer.facts.values)]
    if values != customer.facts.values:
        turn.facts = customer.facts.copy()
        turn.facts.values = values
    meet_again(turn, [f"customer.{name}" for name in changed])
    if since := _since(compiled, names):
        count_anew(turn, since, [e for e in customer.enrollments.values() if e.active], past)
    if turn.facts is customer.facts and turn.moments == before and not turn.changed:
        return None
    turn.note("filled", None, "backfill", reason=", ".join(changed) or None)
    moments = None if turn.moments is before else (*turn.moments.values(),)
    facts = None if turn.facts is customer.facts else turn.facts
    return Commit(
        customer.customer_id, customer.revision, turn.seq, customer.accepted_at, facts, tuple(turn.changed.values()),
        history=turn.commit.history, moments=moments,
    )  # fmt: skip


def opened(compiled: Compiled, customer: Customer, now: int) -> list[str]:
    """
    The journeys that have to be opened for a customer who matches already and has never been inside.

    Args:
        compiled: all journeys.
        customer: the customer as they are once `fill` is written, with all rows of the journeys that say so.
        now: the moment, microseconds UTC.
    """
    turn = _turn(compiled, customer, now)
    return [journey.name for journey in compiled.journeys.values() if matches(turn, journey)]


def _turn(compiled: Compiled, customer: Customer, now: int) -> Deciding:
    return Deciding(compiled, customer, now, None)


def _since(compiled: Compiled, names: frozenset[str]) -> dict[str, list[Fold]]:
    """The facts of *names* that enrollments count since their entry, by event."""
    found = {event: [one for one in folds if one.name in names] for event, folds in compiled.facts.since.items()}
    return {event: folds for event, folds in found.items() if folds}


def order_lanes(compiled: Compiled, customer: Customer, now: int) -> Commit | None:
    """Hold and let go on as the lanes say that are declared now; None where that is how it stands already."""
    turn = _turn(compiled, customer, now)
    reorder_all(turn)
    return commit_of(customer, turn) if turn.commit.history else None


def _of(compiled: Compiled, name: str, values: Mapping[str, Any]) -> Any:
    return values.get(compiled.facts.keys[name])


def _folded(
    compiled: Compiled, customer: Customer, past: Iterable[LoggedEvent], names: frozenset[str], snapshot: Snapshot | None
) -> Mapping[str, Any]:
    """The states of the facts of *names*, folded from the past, that of others who have become this customer included."""
    events, now = list(past), customer.accepted_at
    if snapshot is None:
        own, moved = ([one for one in events if ((one.seq or 0) < 0) is theirs] for theirs in (False, True))
        values = _fold(compiled, customer.customer_id, own, names, Facts())
        return joined_values(compiled, values, _fold(compiled, customer.customer_id, moved, names, Facts()), now) if moved else values
    since = [one for one in events if (one.seq or 0) > snapshot.loaded.revision]
    known = {compiled.facts.keys[name] for name in names if name in compiled.facts.keys}
    facts = snapshot.loaded.facts.copy()
    facts.values = {key: value for key, value in facts.values.items() if key in known}
    values = _fold(compiled, customer.customer_id, since, names, facts)
    for one in since:
        if one.event.name == MERGE:
            theirs = one.event.properties["facts"]["values"]
            values = joined_values(compiled, values, {key: value for key, value in theirs.items() if key in known}, now)
    return values


def _fold(compiled: Compiled, customer_id: str, past: Iterable[LoggedEvent], names: frozenset[str], facts: Facts) -> Mapping[str, Any]:
    """The states after the past; each event under what was told of the customer by then."""
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
