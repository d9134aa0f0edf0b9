"""Who stands in each step when a period ends, who was lost in it, and how one of those who are there came to be."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import reduce
from itertools import takewhile
from operator import or_
from typing import Any, Protocol

from attrs import field, frozen

from journeykit.insight.figures import Dropoff, Period, Presence, Slice
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

    def there(self, cuts: Sequence[Slice], periods: Sequence[Period], steps: Mapping[str, int]) -> list[dict[str, Any]]:
        """
        For each of *periods*, by the numbers of *steps*: who was there when it ended, and who of them is told about how far.

        Everybody is listed once, with a mark for each of *cuts* that they are in, the first of which holds all others: as many of each cut as
        `present` says, those who are there longest.
        """
        found = [self.insight.present(cut, periods, self.present) for cut in cuts]
        listed = [_marked(present[number] for present in found) for number in range(len(periods))]
        for number, present in enumerate(listed):  # of each step somebody, before there is one of each cut
            for step in sorted(steps.keys() & present):
                self._tell(present[step], periods[number].end, number, 1)
        return [
            {str(steps[step]): self._step(present[step], period, number) for step in sorted(steps.keys() & present)}
            for number, (period, present) in enumerate(zip(periods, listed, strict=True))
        ]

    def lost(self, cut: Slice, periods: Sequence[Period], won: Container[str]) -> list[list[Dropoff]]:
        """For each of *periods* where customers of *cut* were lost, and the last thing that happened before; reasons in *won* are no loss."""
        found = self.insight.dropoffs_of(cut, periods, _LOST)
        return [[one for one in ways if one.reason not in won] for ways in found]

    def timelines(self) -> list[list[list[str]]]:
        """What has been told of, in the order of its numbers: of each line the day, its kind and what it says."""
        return [[self._line(line) for line in lines] for _, lines in self._told.values()]

    def _step(self, people: Mapping[Presence, int], period: Period, number: int) -> dict[str, Any]:
        now = min(period.end, self.insight.span.end)
        return {
            "who": [self._who(one, marks, place, now) for place, (one, marks) in enumerate(people.items(), 1)],
            "examples": self._tell(people, period.end, number, reduce(or_, people.values(), 0)),
        }

    def _who(self, one: Presence, marks: int, place: int, now: int) -> list[Any]:
        since = None if one.since is None else round((now - one.since) / 1e6)
        ago = None if one.last_at is None else round((now - one.last_at) / 1e6)
        return [one.customer if self.personal else f"customer {place}", since, one.last, ago, marks]

    def _tell(self, people: Mapping[Presence, int], end: int, number: int, wanted: int) -> list[list[int]]:
        """Of each of the *wanted* cuts one of *people*: their place, the number of their timeline, and how many lines of it lie before *end*."""
        found = []
        places = sorted(enumerate(people), key=lambda one: one[1].customer not in self._told)
        for place, one in places:
            if people[one] & wanted and (example := self._example(one.customer, end, number)) is not None:
                found.append([place, *example])
                wanted &= ~people[one]
        return found

    def _example(self, customer: str, end: int, number: int) -> tuple[int, int] | None:
        """The number of the customer's timeline, and how many lines of it lie before *end*."""
        told = self._timeline(customer)
        if told is None:
            return None
        lines = told[1] if number == 0 else list(takewhile(lambda line: line.at < end, told[1]))
        return (told[0], len(lines)) if lines else None

    def _timeline(self, customer: str) -> tuple[int, list[Told]] | None:
        if customer not in self._told and self.timeline is not None and len(self._told) < self.examples:
            self._told[customer] = len(self._told), list(self.timeline(customer))[-_LINES:]
        return self._told.get(customer)

    def _line(self, line: Told) -> list[str]:
        when = days(Period(line.at, line.at), self.insight.settings.zone) if line.at else ""
        return [when, line.kind, line.text if self.personal else line.bare]


def _marked(several: Iterable[Mapping[str, Sequence[Presence]]]) -> dict[str, dict[Presence, int]]:
    """By step everybody who is listed in *several*, with a mark, a power of two, for each in which they are; those who are there longest first."""
    found: dict[str, dict[Presence, int]] = {}
    for number, present in enumerate(several):
        for step, people in present.items():
            marks = found.setdefault(step, {})
            marks |= {one: marks.get(one, 0) | 1 << number for one in people}
    return {step: dict(sorted(marks.items(), key=lambda one: _longest(one[0]))) for step, marks in found.items()}


def _longest(one: Presence) -> tuple[bool, int, str, str]:
    return one.since is not None, one.since or 0, one.customer, one.key
