"""The numbers of a simulation: as data for machines, and as text for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from textwrap import wrap
from typing import Any

from attrs import frozen

from journeykit.core.definitions.outline import places
from journeykit.model.journey import Journey
from journeykit.model.messages import moment
from journeykit.rehearsal.counting import DAY, HOUR, WEEK, Counts, named
from journeykit.rehearsal.power import smallest_difference

_COLUMN = 10
_NAME = 30


@frozen(kw_only=True)
class Simulated:
    """
    What a simulation came to.

    Attributes:
        customers: how many there were to be; those who would have come later than the last day are not counted.
        counts: everything counted.
        journeys: those that the customers went through.
        start: when it began, microseconds since 1970 UTC.
        days: how many it looked at.
        seed: what its customers were drawn by.
    """

    customers: int
    counts: Counts
    journeys: tuple[Journey, ...]
    start: int
    days: int
    seed: int

    @property
    def weeks(self) -> int:
        """How many weeks there are; the last may be short."""
        return -(-self.days * DAY // WEEK)

    def figures(self) -> dict[str, Any]:
        """Everything for machines: plain values that JSON can hold."""
        counts = self.counts
        return {
            "customers": self.customers,
            "came": counts.customers,
            "start": moment(self.start).isoformat(),
            "days": self.days,
            "seed": self.seed,
            "events": counts.events,
            "parked": counts.parked,
            "journeys": {journey.name: self._journey(journey) for journey in self.journeys},
            "messages": {action: self._messages(action) for action in sorted(counts.asked)},
            "policies": self._policies(),
            "conflicts": {
                "customers with messages of two journeys within 24 hours": counts.crowded,
                "of both": named(counts.close),
                "held": named(counts.waited),
                "refused": named(counts.refused),
            },
            "experiments": {name: self._experiment(name) for name in sorted({name for name, _ in counts.groups})},
        }

    def steps(self, journey: Journey) -> dict[str, dict[str, list[int]]]:
        """For each step of a journey, in its order, how many entered it and left it in each week, and how many were there at its end."""
        entered, left = (
            [self._weekly(counter, journey.name, step) for step in _steps(journey)] for counter in (self.counts.entered, self.counts.left)
        )
        return {
            step: {"entered": came, "left": went, "there": [*accumulate(one - other for one, other in zip(came, went, strict=True))]}
            for step, came, went in zip(_steps(journey), entered, left, strict=True)
        }

    def peak(self, action: str) -> tuple[int, int] | None:
        """The hour in which most messages of an action went: how many, and its beginning; the first of several."""
        hours = [(count, hour) for (name, hour), count in self.counts.peaks.items() if name == action]
        if not hours:
            return None
        count, hour = max(hours, key=lambda one: (one[0], -one[1]))
        return count, hour * HOUR

    def _weekly(self, counter: Counter[tuple[str, str, int]], journey: str, step: str) -> list[int]:
        return [counter[journey, step, week] for week in range(self.weeks)]

    def _journey(self, journey: Journey) -> dict[str, Any]:
        counts = self.counts
        return {
            "entered": counts.came[journey.name],
            "goals": counts.goals[journey.name],
            "ended": named(counts.ended).get(journey.name, {}),
            "steps": self.steps(journey),
        }

    def _messages(self, action: str) -> dict[str, Any]:
        counts, peak = self.counts, self.peak(action)
        hours = [counts.performed[action, hour] for hour in range(24)]
        return {
            "asked for": counts.asked[action],
            "performed": sum(hours),
            "dropped": sum(count for (_, name), count in counts.dropped.items() if name == action),
            "by hour of day": hours,
            "peak": None if peak is None else {"messages": peak[0], "hour": moment(peak[1]).isoformat()},
        }

    def _policies(self) -> dict[str, Any]:
        dropped, held = named(self.counts.dropped), named(self.counts.held)
        return {policy: {"dropped": dropped.get(policy, {}), "held": held.get(policy, {})} for policy in sorted({*dropped, *held})}

    def _experiment(self, name: str) -> dict[str, Any]:
        arms = sorted(arm for experiment, arm in self.counts.groups if experiment == name)
        sizes = [self.counts.groups[name, arm] for arm in arms]
        reached = [self.counts.reached[name, arm] for arm in arms]
        least = sorted(sizes)[:2]
        found = smallest_difference(sum(reached) / max(sum(sizes), 1), least[0], least[1]) if len(least) == 2 else None
        return {
            "arms": {arm: {"customers": size, "goals": goal} for arm, size, goal in zip(arms, sizes, reached, strict=True)},
            "smallest difference found": found,
        }

    # -- text ------------------------------------------------------------------------------------------------------------

    def __str__(self) -> str:
        """All of it within eighty columns."""
        parts = (self._told_head(), *(self._told_steps(journey) for journey in self.journeys), self._told_messages())
        more = (self._told_policies(), self._told_conflicts(), self._told_experiments())
        return "\n\n".join(text for part in (*parts, *more) if (text := "\n".join(part)))

    def _told_head(self) -> Iterator[str]:
        counts = self.counts
        came = "" if counts.customers == self.customers else f", of whom {counts.customers:,} came"
        yield f"{self.customers:,} customers{came}, {self.days} days from {_shown(self.start)}, seed {self.seed}"
        yield f"{counts.events:,} events, {counts.asked.total():,} messages asked for, {counts.performed.total():,} performed"
        if counts.parked:
            yield f"{counts.parked:,} signals could not be decided and were parked"

    def _told_steps(self, journey: Journey) -> Iterator[str]:
        weeks = sorted({max(1, self.weeks * part // 3) for part in (1, 2, 3)})
        yield f"{_row(journey.name, ('entered', 'left'))}{'there at the end of week':>{3 * _COLUMN}}"
        yield _row("", ("", "", *weeks))
        for step, numbers in self.steps(journey).items():
            there = (numbers["there"][week - 1] for week in weeks)
            yield _row(f"  {step}", (sum(numbers["entered"]), sum(numbers["left"]), *there))
        for how, count in named(self.counts.ended).get(journey.name, {}).items():
            yield _row(f"  ended: {how}", (count,))
        if self.counts.goals[journey.name]:
            yield _row("  reached the goal", (self.counts.goals[journey.name],))

    def _told_messages(self) -> Iterator[str]:
        for action in sorted(self.counts.asked):
            hours = [self.counts.performed[action, hour] for hour in range(24)]
            peak = self.peak(action)
            busiest = "" if peak is None else f"; the busiest hour, {_shown(peak[1])} UTC, has {peak[0]:,}"
            yield from wrap(
                f"{action}: {self.counts.asked[action]:,} asked for, {sum(hours):,} performed{busiest}", 80, subsequent_indent="  "
            )
            for begin in (0, 12) if peak is not None else ():
                yield "  at  " + "".join(f"{hour:>6}" for hour in range(begin, begin + 12)).removeprefix(" ")
                yield "      " + "".join(f"{_short(count):>6}" for count in hours[begin : begin + 12]).removeprefix(" ")

    def _told_policies(self) -> Iterator[str]:
        policies = self._policies()
        if policies:
            yield _row("policies", ("dropped", "held", "of all"), wide=48)
        asked = max(self.counts.asked.total(), 1)
        for policy, found in policies.items():
            dropped, held = (sum(found[what].values()) for what in ("dropped", "held"))
            yield _row(f"  {policy}", (dropped, held, f"{(dropped + held) / asked:.1%}"), wide=48)

    def _told_conflicts(self) -> Iterator[str]:
        counts = self.counts
        if counts.crowded or counts.waited or counts.refused:
            yield _row("conflicts", ())
        if counts.crowded:
            yield _row("  customers with messages of two journeys within 24 hours", (counts.crowded,), wide=68)
        for (one, other), count in sorted(counts.close.items()):
            yield _row(f"    {one} and {other}", (count,), wide=68)
        for (journey, lane), count in sorted(counts.waited.items()):
            yield _row(f"  {journey}, held by {lane}", (count,), wide=68)
        for (journey, reason), count in sorted(counts.refused.items()):
            yield _row(f"  {journey}, not let in: {reason}", (count,), wide=68)

    def _told_experiments(self) -> Iterator[str]:
        found = {name: self._experiment(name) for name in sorted({name for name, _ in self.counts.groups})}
        if found:
            yield _row("experiments", ("customers", "goals"), wide=48)
        for name, experiment in found.items():
            for arm, numbers in experiment["arms"].items():
                share = f"{numbers['goals'] / max(numbers['customers'], 1):.1%}"
                yield _row(f"  {name}: {arm}", (numbers["customers"], numbers["goals"], share), wide=48)
            least = experiment["smallest difference found"]
            if least is None:
                yield "    no difference can be found: nobody reaches a goal, or only one arm has customers"
            else:
                yield f"    finds a difference of {100 * least:.2f} points or more (80 % power, 5 % level)"


def _steps(journey: Journey) -> Sequence[str]:
    return [place.step.name for place in places(journey)]


def _shown(at: int) -> str:
    shown = moment(at).isoformat(sep=" ", timespec="minutes").removesuffix("+00:00")
    return shown.removesuffix(" 00:00")


def _short(count: int) -> str:
    """A number in at most five signs."""
    return f"{count}" if count < 100_000 else f"{count // 1_000}k" if count < 10_000_000 else f"{count // 1_000_000}M"


def _row(name: str, cells: Iterable[object], wide: int = _NAME) -> str:
    """A name and numbers at the right of it; a name that is too long is cut."""
    shown = name if len(name) <= wide else f"{name[: wide - 3]}..."
    numbers = "".join(f"{cell:>{_COLUMN},}" if isinstance(cell, int) else f"{cell!s:>{_COLUMN}}" for cell in cells)
    return f"{shown:<{wide}}{numbers}".rstrip()
