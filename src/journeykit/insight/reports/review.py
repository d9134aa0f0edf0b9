"""The review of a rhythm: for each journey the few numbers it answers for, what changed, and where customers are lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable
from itertools import pairwise
from typing import Literal

from attrs import frozen

from journeykit.insight.figures import Change, Conversion, Dropoff, Figure, Flow, Period, Slice, StepFlow
from journeykit.insight.insight import Insight
from journeykit.insight.measures.measure import Measure
from journeykit.insight.numbers.periods import Rhythm, over
from journeykit.insight.reports.chance import apart
from journeykit.insight.settings.kpis import RHYTHMS, Kpi, met
from journeykit.insight.settings.outcomes import reached, won

UNITS: dict[str, Rhythm] = {"weekly": "week", "monthly": "month", "quarterly": "quarter"}
LOOKED_BACK = {"weekly": 8, "monthly": 6, "quarterly": 4}  #: periods of a trend, the one reviewed included
LOST, SHIFTS, LASTS = 3, 3, 3  #: how many are told at most
_ALL = 10_000  #: more steps, reasons and last things than any journey has
_LONGEST = {"week": 8, "month": 32, "quarter": 93}  #: days
_DAY = 86_400_000_000  #: microseconds

Direction = Literal["better", "worse", "same", "chance", "unknown"]


@frozen
class Target:
    """
    A KPI and how it stands.

    Attributes:
        kpi: what was declared.
        measure: its definition.
        figure: the number of the period reviewed.
        before: the number of the period before it.
        met: whether the target is met; None where there is no number.
        direction: how it came about: better or worse than the period before, the same, or apart by no more than chance.
        run: how many periods in a row it has gone that way, the reviewed one included.
        trend: the periods looked back on with their numbers, the reviewed one the last.
    """

    kpi: Kpi
    measure: Measure
    figure: Figure
    before: Figure
    met: bool | None
    direction: Direction
    run: int
    trend: tuple[tuple[Period, Figure], ...]


@frozen
class Shift:
    """
    A step from which customers went another way than in the period before, by more than chance.

    Attributes:
        step: the step.
        target: where more or fewer of them went; None: they ended there.
        before: how many went there, out of those who went on from it, in the period before.
        after: the same in the period reviewed.
    """

    step: str
    target: str | None
    before: Figure
    after: Figure


@frozen
class Standing:
    """
    A stage of a journey: who stood there when the period ended, and what became of the others.

    Attributes:
        before: the same of the period before; None where nobody can tell.
        after: of the period reviewed.
    """

    before: StepFlow | None
    after: StepFlow


@frozen
class Loss:
    """
    Where customers were lost, and why.

    Attributes:
        step: the step.
        reason: ``silent``, or why they ended.
        customers: how many.
        last: the last things that happened before, the commonest first, and to how many.
    """

    step: str
    reason: str
    customers: int
    last: tuple[tuple[str, int], ...]


@frozen
class NewVersion:
    """A version that came into use lately: since when, and how it does beside all others together, of enrollments that began in the period."""

    version: str
    since: int
    its: Conversion
    others: Conversion | None


@frozen
class JourneyReview:
    """
    What a journey's owners look at.

    Attributes:
        journey: its name.
        known: whether anybody has ever entered it.
        targets: its KPIs, in the order in which they were declared.
        entered: enrollments that began, now and before.
        stages: its stages, in order.
        shifts: steps from which they went another way than before.
        versions: those that came into use in this period or the one before.
        losses: where customers were lost, the commonest first; who ended because they ordered is not.
        lost: how many were lost in all.
    """

    journey: str
    known: bool
    targets: tuple[Target, ...]
    entered: Change
    stages: tuple[Standing, ...] = ()
    shifts: tuple[Shift, ...] = ()
    versions: tuple[NewVersion, ...] = ()
    losses: tuple[Loss, ...] = ()
    lost: int = 0


@frozen
class Review:
    """
    A review.

    Attributes:
        rhythm: weekly, monthly or quarterly.
        period: the last whole week, month or quarter.
        before: the one before it.
        zone: whose days they are.
        currency: of amounts.
        last: the last thing that happened at all (microseconds since 1970 UTC); 0 where nothing did.
        journeys: those that have KPIs of this rhythm.
    """

    rhythm: str
    period: Period
    before: Period
    zone: str
    currency: str | None
    last: int
    journeys: tuple[JourneyReview, ...]


def reviews(insight: Insight, at: int, *, rhythm: str | None = None, owner: str | None = None, journey: str | None = None) -> list[Review]:
    """
    Make the reviews that are due at *at*.

    Args:
        insight: the numbers; its settings declare the KPIs.
        at: when it is looked at; the last period that is over by then is reviewed (microseconds since 1970 UTC).
        rhythm: only weekly, monthly or quarterly.
        owner: only the KPIs of marketing, sales, support or product.
        journey: only the KPIs of this journey.

    Returns:
        A review for each rhythm of which there are KPIs, the shortest first.
    """
    declared = {
        name: tuple(kpi for kpi in kpis if owner in (None, kpi.owner))
        for name, kpis in insight.settings.kpis.items()
        if journey in (None, name)
    }
    found = []
    for one in RHYTHMS if rhythm is None else (rhythm,):
        chosen = {name: tuple(kpi for kpi in kpis if kpi.rhythm == one) for name, kpis in declared.items()}
        if any(chosen.values()):
            found.append(_Reviewing(insight, at, one).review({name: kpis for name, kpis in chosen.items() if kpis}))
    return found


class _Reviewing:
    """One rhythm of one history at one moment."""

    def __init__(self, insight: Insight, at: int, rhythm: str) -> None:
        self._insight = insight
        self._rhythm = rhythm
        unit = UNITS[rhythm]
        number = LOOKED_BACK[rhythm]
        reach = Period(at - (number + 2) * _LONGEST[unit] * _DAY, at)
        self._periods = over(insight.periods(reach, unit), at)[-number:]
        self._known = set(insight.journeys())
        self._measures = {measure.name: measure for measure in insight.measures()}

    def review(self, chosen: dict[str, tuple[Kpi, ...]]) -> Review:
        settings = self._insight.settings
        return Review(
            rhythm=self._rhythm,
            period=self._periods[-1],
            before=self._periods[-2],
            zone=settings.zone,
            currency=settings.currency,
            last=self._insight.span.end,
            journeys=tuple(self._journey(name, kpis) for name, kpis in chosen.items()),
        )

    def _journey(self, name: str, kpis: Iterable[Kpi]) -> JourneyReview:
        now, before = Slice(self._periods[-1], journey=name), Slice(self._periods[-2], journey=name)
        targets = tuple(self._target(kpi, name) for kpi in kpis)
        if name not in self._known:
            return JourneyReview(name, False, targets, _entered(None, None))
        flow, past = self._insight.flow(now), self._insight.flow(before)
        lost = losses(self._insight.dropoffs(now, _ALL), well(self._insight, name))
        return JourneyReview(
            name, True, targets, _entered(past, flow), self._stages(before, now), tuple(shifts(past, flow)), tuple(self._versions(now)),
            tuple(lost[:LOST]), sum(one.customers for one in lost),
        )  # fmt: skip

    def _target(self, kpi: Kpi, journey: str) -> Target:
        whole = Slice(Period(self._periods[0].begin, self._periods[-1].end), journey=journey)
        trend = tuple(self._insight.series(kpi.measure, whole, UNITS[self._rhythm]))
        figure, before = trend[-1][1], trend[-2][1]
        direction = _direction(kpi, before, figure)
        return Target(
            kpi, self._measures[kpi.measure], figure, before, met(kpi, figure.value), direction, _run(kpi, [one for _, one in trend]), trend,
        )  # fmt: skip

    def _stages(self, before: Slice, now: Slice) -> tuple[Standing, ...]:
        past = {stage.step: stage for stage in self._insight.funnel(before)}
        return tuple(Standing(past.get(stage.step), stage) for stage in self._insight.funnel(now))

    def _versions(self, now: Slice) -> Iterable[NewVersion]:
        """Versions first used in this period or the one before it, where there are others to compare them with."""
        known = self._insight.versions(now.journey or "")
        young = [(version, since) for version, since in known[1:] if self._periods[-2].begin <= since < now.period.end]
        if not young:
            return
        results = {one.by: one for one in self._insight.conversions(now, "version")}
        for version, since in young:
            if version in results:
                yield NewVersion(version, since, results[version], _together(one for by, one in results.items() if by != version))


def well(insight: Insight, journey: str) -> frozenset[str]:
    """The reasons by which some version of *journey* ends well: who ends so is not lost."""
    ordered = won(insight.settings)
    return ordered.union(*(reached(version, ordered) for version in insight.definitions(journey)))


def shifts(before: Flow, after: Flow) -> list[Shift]:
    """The steps from which customers went another way than before, by more than chance: of each the way that changed the most, the largest first."""
    past, now = _ways(before), _ways(after)
    found: dict[str, Shift] = {}
    for step in now:
        targets = {**now[step], **past.get(step, {})}
        several = [Shift(step, target, _share(past.get(step, {}), target), _share(now[step], target)) for target in targets]
        certain = sorted((one for one in several if apart(one.before, one.after)), key=_size)
        if certain:
            found[step] = certain[0]
    return sorted(found.values(), key=_size)[:SHIFTS]


def losses(dropoffs: Iterable[Dropoff], won: Container[str] = ()) -> list[Loss]:
    """Where customers were lost, one for each step and reason, the commonest first; reasons in *won* are no loss."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    customers: Counter[tuple[str, str]] = Counter()
    for one in dropoffs:
        if one.reason not in won:
            customers[one.step, one.reason] += one.customers
            lasts = found.setdefault((one.step, one.reason), {})
            if one.last is not None:
                lasts[one.last] = lasts.get(one.last, 0) + one.customers
    return [Loss(step, reason, number, _commonest(found[step, reason])) for (step, reason), number in customers.most_common()]


def _commonest(lasts: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(lasts.items(), key=lambda one: (-one[1], one[0])))[:LASTS]


def _size(shift: Shift) -> tuple[float, float]:
    """By how much it changed; of two ways that take from each other the rarer one tells more."""
    now, before = shift.after.value or 0, shift.before.value or 0
    return -round(abs(now - before), 9), now


def _ways(flow: Flow) -> dict[str, dict[str | None, int]]:
    """How many went where from each step."""
    found: dict[str, dict[str | None, int]] = {}
    for link in flow.links:
        if link.source is not None:
            targets = found.setdefault(link.source, {})
            targets[link.target] = targets.get(link.target, 0) + link.count
    return found


def _share(targets: dict[str | None, int], target: str | None) -> Figure:
    gone, count = sum(targets.values()), targets.get(target, 0)
    return Figure("went", count / gone if gone else None, "share", count, gone)


def _entered(before: Flow | None, after: Flow | None) -> Change:
    one, other = (_beginnings(flow) for flow in (before, after))
    return Change("entered", one, other, (other.value or 0) - (one.value or 0))


def _beginnings(flow: Flow | None) -> Figure:
    number = sum(link.count for link in flow.links if link.source is None) if flow else 0
    return Figure("entered", number, "number", number)


def _together(several: Iterable[Conversion]) -> Conversion | None:
    found = list(several)
    entered, converted = sum(one.entered for one in found), sum(one.converted for one in found)
    return Conversion("others", entered, converted, converted / entered) if entered else None


def _direction(kpi: Kpi, before: Figure, after: Figure) -> Direction:
    if before.value is None or after.value is None:
        return "unknown"
    if before.value == after.value:
        return "same"
    if after.unit == "share" and not apart(before, after):
        return "chance"
    return "better" if (after.value > before.value) is kpi.least else "worse"


def _run(kpi: Kpi, figures: list[Figure]) -> int:
    """How many times in a row the number has gone the way it went last."""
    ways = [_way(kpi, one, other) for one, other in pairwise(figures)]
    run = 0
    for way in reversed(ways):
        if way is None or way != ways[-1]:
            break
        run += 1
    return run


def _way(kpi: Kpi, before: Figure, after: Figure) -> bool | None:
    """Whether it became better; None where it stayed, or nobody knows."""
    if before.value is None or after.value is None or before.value == after.value:
        return None
    return (after.value > before.value) is kpi.least
