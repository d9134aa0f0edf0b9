"""What a simulation is counted by: customer after customer, out of history and outbox, so that parts can be added up."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from attrs import Factory, define, fields

from journeykit.core.expressions.calendar import wall
from journeykit.core.turns.tallies import told_apart
from journeykit.model.phrases import MICROSECONDS
from journeykit.model.records import Facts, HistoryEntry, OutboxRow, Want
from journeykit.ports import Storage

HOUR = 3_600 * MICROSECONDS
DAY = 24 * HOUR
WEEK = 7 * DAY

_Steps = Counter[tuple[str, str, int]]
_Pairs = Counter[tuple[str, str]]
_Hours = Counter[tuple[str, int]]
_ENDED = ("completed", "exited", "merged")
_CAUSES = ("entered", "moved", "migrated")


@define
class Counts:
    """
    Numbers over customers; those of two groups of customers can be added.

    Attributes:
        customers, events: how many there were, and how much happened.
        entered, left: by journey, step and week.
        came: how many enrollments each journey has had.
        ended: by journey and how it ended.
        goals: by journey.
        asked: how many messages, by action.
        marketing: those of them that are marketing.
        performed: by action and hour of the day, on the customer's clock.
        peaks: by action and hour of all hours since 1970.
        dropped, held: by policy and action.
        close: customers who got messages of two journeys within 24 hours of each other, by both.
        crowded: customers to whom that happened at all.
        waited: enrollments that a lane held, by journey and lane.
        refused: entries that were refused, by journey and reason.
        groups: customers, by experiment and arm.
        reached: those of them who reached a goal.
        parked: signals that were parked with an error.
    """

    customers: int = 0
    events: int = 0
    crowded: int = 0
    parked: int = 0
    entered: _Steps = Factory(Counter)
    left: _Steps = Factory(Counter)
    came: Counter[str] = Factory(Counter)
    ended: _Pairs = Factory(Counter)
    goals: Counter[str] = Factory(Counter)
    asked: Counter[str] = Factory(Counter)
    marketing: Counter[str] = Factory(Counter)
    performed: _Hours = Factory(Counter)
    peaks: _Hours = Factory(Counter)
    dropped: _Pairs = Factory(Counter)
    held: _Pairs = Factory(Counter)
    close: _Pairs = Factory(Counter)
    waited: _Pairs = Factory(Counter)
    refused: _Pairs = Factory(Counter)
    groups: _Pairs = Factory(Counter)
    reached: _Pairs = Factory(Counter)

    def add(self, other: Counts) -> None:
        """Count the customers of *other* as well."""
        for one in fields(Counts):
            mine, more = getattr(self, one.name), getattr(other, one.name)
            if isinstance(mine, int):
                setattr(self, one.name, mine + more)
            else:
                mine.update(more)


class Counting:
    """
    Counts customers.

    Args:
        counts: what is counted into.
        start: where the first week begins, microseconds since 1970 UTC.
    """

    def __init__(self, counts: Counts, start: int) -> None:
        self._counts = counts
        self._start = start

    def everybody(self, storage: Storage) -> None:
        """Count all customers of a storage."""
        last = ""
        while page := storage.customers(last):
            for loaded in storage.load_many([Want(customer_id, frozenset()) for customer_id in page]):
                self.customer(storage.history(loaded.customer_id), storage.outbox(None, loaded.customer_id, sys.maxsize), loaded.facts)
            last = page[-1]

    def customer(self, history: Sequence[HistoryEntry], outbox: Iterable[OutboxRow], facts: Facts) -> None:
        """Count one customer."""
        self._counts.customers += 1
        goals = {entry.journey for entry in history if entry.kind == "goal"}
        for entry in history:
            self._entry(entry)
        got = [(row.due_at, row.message.journey) for row in outbox if self._message(row, facts.zone or "UTC")]
        self._close(sorted(got))
        for experiment, arm in told_apart(facts.arms).items():
            journey = experiment.partition("/")[0]
            self._counts.groups[experiment, arm] += 1
            self._counts.reached[experiment, arm] += bool(goals if journey == "holdout" else journey in goals)

    def _entry(self, entry: HistoryEntry) -> None:
        counts, week = self._counts, (entry.at - self._start) // WEEK
        if entry.kind in _CAUSES:
            counts.entered[entry.journey, str(entry.target), week] += 1
        if (entry.kind in _CAUSES or entry.kind in _ENDED) and entry.source is not None:
            counts.left[entry.journey, entry.source, week] += 1
        match entry.kind:
            case "entered":
                counts.came[entry.journey] += 1
            case "completed" | "merged":
                counts.ended[entry.journey, entry.kind] += 1
            case "exited":
                counts.ended[entry.journey, entry.reason or entry.cause] += 1
            case "goal":
                counts.goals[entry.journey] += 1
            case "held":
                counts.waited[entry.journey, entry.cause] += 1
            case "refused":
                counts.refused[entry.journey, entry.reason or entry.cause] += 1
            case "parked":
                counts.parked += 1

    def _message(self, row: OutboxRow, zone: str) -> bool:
        """Count a message; return whether it reached the customer."""
        counts, message = self._counts, row.message
        action = message.action
        counts.asked[action] += 1
        counts.marketing[action] += message.message == "marketing"
        for policy in {answer.policy for answer in row.answers if answer.until is not None}:
            counts.held[policy, action] += 1
        if row.state == "dropped":
            counts.dropped[row.answers[-1].policy if row.answers else "dropped", action] += 1
        if row.state != "performed":
            return False
        counts.performed[action, wall(row.due_at, zone).hour] += 1
        counts.peaks[action, row.due_at // HOUR] += 1
        return message.message != "none"

    def _close(self, got: Sequence[tuple[int, str]]) -> None:
        """Whether messages of two journeys came within a day; *got* is in order of time."""
        pairs: set[tuple[str, str]] = set()
        for place, (at, journey) in enumerate(got):
            for other_at, other in got[place + 1 :]:
                if other_at - at >= DAY:
                    break
                if other != journey:
                    pairs.add((min(journey, other), max(journey, other)))
        self._counts.crowded += bool(pairs)
        self._counts.close.update(pairs)


def named(counter: Counter[Any], order: Iterable[Any] = ()) -> dict[str, Any]:
    """A counter by pairs as a mapping of mappings, in *order* first and then by name."""
    places = {name: place for place, name in enumerate(order)}
    found: dict[str, Any] = {}
    for (one, other), count in sorted(counter.items(), key=lambda pair: (places.get(pair[0][0], len(places)), pair[0])):
        if count:
            found.setdefault(one, {})[other] = count
    return found
