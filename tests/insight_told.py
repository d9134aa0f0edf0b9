"""A history told event by event, and the numbers of it on either engine."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from journeykit.insight import Insight
from journeykit.insight.engines.duck import DuckLake
from journeykit.insight.engines.small import SmallLake
from journeykit.insight.figures import Figure, Period, Slice
from journeykit.insight.settings.settings import Settings
from journeykit.insight.tables.raw import TABLES
from reference_numbers import Fact

LAKES = (SmallLake, DuckLake)


def at(text: str) -> int:
    """A moment, ``2026-03-02`` or ``2026-03-02 09:30``, in UTC."""
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def period(begin: str, end: str) -> Period:
    """From *begin* on, before *end*."""
    return Period(at(begin), at(end))


class Told:
    """
    What a shop was told, in that order.

    Attributes:
        facts: the events.
        traits: what is known about customers.
    """

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.traits: dict[str, dict[str, Any]] = {}
        self.history: list[tuple[Any, ...]] = []
        self._numbers: Counter[str] = Counter()

    def event(self, customer: str, name: str, moment: str | int, /, **properties: Any) -> None:
        """Something happens; ``id`` may be said."""
        self._numbers[customer] += 1
        number = self._numbers[customer]
        when = moment if isinstance(moment, int) else at(moment)
        self.facts.append(Fact(customer, properties.pop("id", f"{customer}-{number}"), number, when, name, properties))

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """The raw tables."""
        events = [
            (one.customer, one.id, one.seq, one.at, one.at, "decided", one.name, "shop", json.dumps(one.properties)) for one in self.facts
        ]
        customers = sorted({one.customer for one in self.facts} | set(self.traits))
        known = [(customer, None, None, "{}", json.dumps(self.traits.get(customer, {}))) for customer in customers]
        return {"events": events, "customers": known, "history": self.history}

    def insight(self, make: Any, settings: Settings | None = None, rows: dict[str, list[tuple[Any, ...]]] | None = None) -> Insight:
        """The numbers, on an engine that *make* makes."""
        return insight(make, rows or self.rows(), settings)


def insight(make: Any, rows: dict[str, Iterable[tuple[Any, ...]]], settings: Settings | None = None) -> Insight:
    """The numbers of raw tables; those that are not given are empty."""
    lake = make()
    for table in TABLES:
        lake.fill(table, rows.get(table.name, ()))
    return Insight(lake, settings)


def figure(insight: Insight, name: str, when: Period, **sliced: Any) -> Figure:
    """The one figure of a measure."""
    (found,) = insight.figures(name, Slice(when, **sliced))
    return found
