"""Who stands in each step when a period ends, who was lost in it, and how one of those who are there came to be."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any, Protocol

from attrs import field, frozen

from journeykit.insight.figures import Period, Presence, Slice
from journeykit.insight.insight import Insight
from journeykit.insight.words import days

_LOST = 30  #: in how many ways customers were lost, at most
_LINES = 40  #: of a timeline, the last ones


class Told(Protocol):
    """A line of a customer's timeline, such as `journeykit.Engine.explain` gives."""

    @property
    def at(self) -> int:
        """When, microseconds since 1970 UTC."""

    @property
    def kind(self) -> str:
        """What it is: ``event``, ``moved``, ``action``, ..."""

    @property
    def text(self) -> str:
        """What people read."""

    @property
    def bare(self) -> str:
        """The same without what is anybody's own."""


Timeline = Callable[[str], Iterable[Told]]  #: a customer's id in, their timeline out


@frozen(kw_only=True)
class People:
    """
    The people of one journey.

    Attributes:
        insight: the numbers.
        timeline: gives the timeline of a customer; none is shown without it.
        present: how many of those who stand in a step are listed.
        examples: how many timelines are told at most.
        personal: whether customers are called by their ids, and timelines show what they said; else they are numbered.
    """

    insight: Insight
    timeline: Timeline | None
    present: int
    examples: int
    personal: bool
    _told: dict[str, tuple[int, list[Told]]] = field(init=False, factory=dict)

    def there(self, slice: Slice, periods: Sequence[Period], steps: Mapping[str, int]) -> list[dict[str, Any]]:
        """For each of *periods*, by the numbers of *steps*: who was there when it ended, and who of them is told about how far."""
        found = self.insight.present(slice, periods, self.present)
        return [
            {str(steps[step]): self._step(people, period, number) for step, people in sorted(present.items()) if step in steps}
            for number, (period, present) in enumerate(zip(periods, found, strict=True))
        ]

    def lost(self, slice: Slice, periods: Sequence[Period], won: Container[str]) -> list[list[list[Any]]]:
        """For each of *periods* where customers were lost, and the last thing that happened before; reasons in *won* are no loss."""
        found = self.insight.dropoffs_of(slice, periods, _LOST)
        return [[[one.step, one.reason, one.last, one.customers] for one in ways if one.reason not in won] for ways in found]

    def timelines(self) -> list[list[list[str]]]:
        """What has been told of, in the order of its numbers: of each line the day, its kind and what it says."""
        return [[self._line(line) for line in lines] for _, lines in self._told.values()]

    def _step(self, people: Sequence[Presence], period: Period, number: int) -> dict[str, Any]:
        now = min(period.end, self.insight.span.end)
        return {
            "who": [self._who(one, place, now) for place, one in enumerate(people, 1)],
            "example": self._example(people, period.end, number),
        }

    def _who(self, one: Presence, place: int, now: int) -> list[Any]:
        since = None if one.since is None else round((now - one.since) / 1e6)
        ago = None if one.last_at is None else round((now - one.last_at) / 1e6)
        return [one.customer if self.personal else f"customer {place}", since, one.last, ago]

    def _example(self, people: Sequence[Presence], end: int, number: int) -> list[int] | None:
        """Who of *people* is told about, the number of their timeline, and how many lines of it lie before *end*."""
        known = [place for place, one in enumerate(people) if one.customer in self._told]
        place = known[0] if known and number else 0
        told = self._timeline(people[place].customer)
        if told is None:
            return None
        lines = told[1] if number == 0 else list(takewhile(lambda line: line.at < end, told[1]))
        return [place, told[0], len(lines)] if lines else None

    def _timeline(self, customer: str) -> tuple[int, list[Told]] | None:
        if customer not in self._told and self.timeline is not None and len(self._told) < self.examples:
            self._told[customer] = len(self._told), list(self.timeline(customer))[-_LINES:]
        return self._told.get(customer)

    def _line(self, line: Told) -> list[str]:
        when = days(Period(line.at, line.at), self.insight.settings.zone) if line.at else ""
        return [when, line.kind, line.text if self.personal else line.bare]
