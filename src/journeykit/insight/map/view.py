"""Everything that the page shows, as one value that JSON can hold: journeys, periods, segments, versions, and their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from attrs import evolve, field, frozen

from journeykit.insight.figures import Figure, Flow, Period, Slice, StepFlow, Touchpoint
from journeykit.insight.insight import Insight
from journeykit.insight.map.designed import Design, Way, designed
from journeykit.insight.map.drawing import draw, scale
from journeykit.insight.map.layout import layout
from journeykit.insight.map.parts import Layout
from journeykit.insight.map.people import People, Timeline
from journeykit.insight.map.taken import Atlas, atlas, counts
from journeykit.insight.numbers.numbers import figures, named, together
from journeykit.insight.numbers.periods import watched
from journeykit.insight.settings.kpis import Kpi, bound, met
from journeykit.insight.settings.outcomes import won
from journeykit.insight.settings.targets import target_text
from journeykit.insight.words import counted, days, shown
from journeykit.model.journey import Journey
from journeykit.model.messages import moment

_RHYTHMS: dict[str, Literal["week", "month", "quarter"]] = {"weekly": "week", "monthly": "month", "quarterly": "quarter"}
_DAY = 86_400_000_000
_FEW, _SEVERAL = 8, 24  #: journeys
_VERSIONS = 12  #: of so many versions the steps are known that the newest no longer has


@frozen(kw_only=True)
class Choice:
    """
    How much the page offers to choose from, at most; each period is worked out for everybody, each segment and each version.

    Where there are many journeys there is less for each, so that the page stays below 3 MB and is made in reasonable time: from the ninth on
    no versions, half the segments and twelve timelines, from the twenty-fifth on no segments, three periods and six timelines.

    Attributes:
        journeys: how many journeys, in alphabetical order; the page says how many are left out.
        periods: how many of the last weeks, months or quarters, beside all time.
        segments: how many segments at most.
        versions: how many of the newest versions at most.
        present: how many of those who stand in a step are listed.
        touchpoints: how many touchpoints at most.
        examples: how many timelines of example customers at most for each journey.
        personal: whether customers are called by their ids, and timelines show what they said; else they are numbered.
    """

    journeys: int = 100
    periods: int = 6
    segments: int = 12
    versions: int = 3
    present: int = 8
    touchpoints: int = 24
    examples: int = 40
    personal: bool = False

    def among(self, journeys: int) -> Choice:
        """What is left of it where there are so many *journeys*."""
        if journeys <= _FEW:
            return self
        if journeys <= _SEVERAL:
            return evolve(self, versions=0, segments=self.segments // 2, examples=min(self.examples, 12))
        return evolve(
            self,
            versions=0,
            segments=0,
            periods=min(self.periods, 3),
            touchpoints=min(self.touchpoints, 12),
            examples=min(self.examples, 6),
        )


@frozen
class View:
    """
    What the page shows.

    Attributes:
        data: everything, as JSON holds it.
        maps: for each journey its maps as SVG, one for each version that is drawn.
    """

    data: dict[str, Any]
    maps: tuple[tuple[str, ...], ...]


def view(
    insight: Insight,
    *,
    at: int,
    journeys: Sequence[Journey] = (),
    timeline: Timeline | None = None,
    choice: Choice | None = None,
) -> View:
    """
    Work out what the page shows.

    Args:
        insight: the numbers.
        at: when the page is made (microseconds since 1970 UTC).
        journeys: only these, as they are drawn; also those that nobody has entered yet. All of the history where none is said.
        timeline: gives the timeline of an example customer of each step; none is shown without it.
        choice: how much there is to choose from.
    """
    wanted = choice or Choice()
    names = [journey.name for journey in journeys] or sorted(insight.journeys())
    shown = tuple(names[: wanted.journeys])
    return _Viewing(insight, at, {one.name: one for one in journeys}, timeline, wanted.among(len(shown))).view(shown, len(names))


@frozen
class _Filter:
    """Whose numbers: everybody's, a segment's, or those of a version."""

    label: str
    segment: str | None = None
    version: str | None = None


@frozen
class _Sheet:
    """A version that is drawn, None for the newest with what became of everybody; *first* is what it shows at first."""

    version: str | None
    chart: Atlas
    placed: Layout
    first: Flow


_Cut = tuple[int, int]  #: the number of a filter, and that of a period


@frozen
class _Viewing:
    insight: Insight
    at: int
    given: Mapping[str, Journey]
    timeline: Timeline | None
    choice: Choice
    known: frozenset[str] = field(init=False)
    periods: tuple[Period, ...] = field(init=False)
    won: frozenset[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "known", frozenset(self.insight.journeys()))
        object.__setattr__(self, "won", won(self.insight.settings))
        object.__setattr__(self, "periods", tuple(self._periods()))

    @property
    def zone(self) -> str:
        return self.insight.settings.zone

    def view(self, names: Sequence[str], of: int) -> View:
        made = [self._journey(name, self.given.get(name)) for name in names]
        data = {
            "at": days(Period(self.at, self.at), self.zone),
            "zone": self.zone,
            "personal": self.choice.personal,
            "periods": [self._period(number, period) for number, period in enumerate(self.periods)],
            "journeys": [one for one, _ in made],
            "left out": of - len(names),
            "as of now": sorted(self.insight.as_of_now),
        }
        return View(data, tuple(maps for _, maps in made))

    def _period(self, number: int, period: Period) -> dict[str, Any]:
        return {"days": days(period, self.zone), "over": number > 0 and period.end <= self.at, **_moments(period)}

    def _periods(self) -> Iterator[Period]:
        """All time, and the last weeks, months or quarters: as many as there are days for."""
        span = self.insight.span
        yield evolve(span if span.end else Period(self.at, self.at), label="all time")
        if span.end > span.begin:
            length = (span.end - span.begin) / _DAY
            rhythm: Literal["week", "month", "quarter"] = "week" if length < 70 else "month" if length < 800 else "quarter"
            yield from reversed(self.insight.periods(span, rhythm)[-self.choice.periods :])

    # -- a journey -----------------------------------------------------------------------------------------------------

    def _journey(self, name: str, given: Journey | None) -> tuple[dict[str, Any], tuple[str, ...]]:
        versions = self.insight.versions(name)[::-1][:_VERSIONS] if name in self.known else []
        designs = [designed(self.insight.definition(name, version), self.won) for version, _ in versions]
        newest = designed(given, self.won) if given is not None else designs[0]
        filters = tuple(self._filters(name, versions[: self.choice.versions] if len(versions) > 1 else []))
        flows = {(f, p): flow for f, one in enumerate(filters) for p, flow in enumerate(self._flows(name, one))}
        sheets = _sheets(newest, dict(zip([version for version, _ in versions], designs, strict=True)), filters, flows)
        kpis = self.insight.settings.kpis.get(name, ())
        described = {
            "name": name,
            "goal": newest.goal,
            "maps": [_map(sheet.chart) for sheet in sheets],
            "filters": [
                {"label": one.label, "segment": one.segment, "version": one.version, "map": _drawn(sheets, one)} for one in filters
            ],
            "kpis": [self._declared(kpi, name) for kpi in kpis],
            **self._slices(name, filters, flows, sheets, kpis),
            **self._people(name, filters, sheets[0].chart, designs),
        }
        return described, tuple(draw(sheet.chart, sheet.placed, counts(sheet.chart, sheet.first)) for sheet in sheets)

    def _filters(self, name: str, versions: Sequence[tuple[str, int]]) -> Iterator[_Filter]:
        yield _Filter("everybody")
        if name in self.known:
            yield from (_Filter(self._called(segment), segment=segment) for segment in self.insight.segments()[: self.choice.segments])
        for version, since in versions:
            yield _Filter(f"version since {days(Period(since, since), self.zone)} ({version[:6]})", version=version)

    def _called(self, segment: str) -> str:
        return f"only {segment}, as it is now" if segment in self.insight.as_of_now else f"only {segment}"

    def _slices(
        self, name: str, filters: Sequence[_Filter], flows: Mapping[_Cut, Flow], sheets: Sequence[_Sheet], kpis: Sequence[Kpi]
    ) -> dict[str, Any]:
        touchpoints: dict[tuple[str, str, str | None], int] = {}
        figures = [[self._figures(kpi, self._slice(name, one, self.periods[0])) for kpi in kpis] for one in filters]
        slices = {}
        touched = [self._touched(self._slice(name, one, self.periods[0])) for one in filters]
        for (f, p), flow in flows.items():
            sheet = sheets[_drawn(sheets, filters[f])]
            slices[f"{f},{p}"] = {
                **_numbers(sheet.chart, sheet.placed, flow),
                "kpis": [self._kpi(kpi, *figure[p]) for kpi, figure in zip(kpis, figures[f], strict=True)],
                "touch": [_touchpoint(one, touchpoints) for one in touched[f][p][: self.choice.touchpoints]],
            }
        return {"slices": slices, "touchpoints": [list(key) for key in touchpoints]}

    def _slice(self, name: str, one: _Filter, period: Period) -> Slice:
        return Slice(period, journey=name, version=one.version, segment=one.segment)

    def _flows(self, name: str, one: _Filter) -> list[Flow]:
        whole = self._slice(name, one, self.periods[0])
        if name in self.known:
            return self.insight.flows(whole, self.periods)
        return [Flow(name, evolve(whole, period=period), (), ()) for period in self.periods]

    # -- numbers -------------------------------------------------------------------------------------------------------

    def _declared(self, kpi: Kpi, journey: str) -> dict[str, Any]:
        measure = next(one for one in self.insight.measures() if one.name == kpi.measure)
        whole = Slice(self.periods[0], journey=journey)
        series = self.insight.series(kpi.measure, whole, _RHYTHMS[kpi.rhythm]) if journey in self.known else []
        series = series[: len(watched([period for period, _ in series], self.at, whole.period.end))][-8:]
        return {
            "name": kpi.measure,
            "group": measure.group,
            "formula": measure.formula,
            "target": target_text(kpi, measure.unit, self.insight.settings.currency),
            "value": kpi.target,
            "bound": bound(kpi),
            "unit": measure.unit,
            "owner": kpi.owner,
            "rhythm": kpi.rhythm,
            "over": _moments(self._over(kpi)),
            "trend": [[period.label, figure.value, self._said(figure)] for period, figure in series],
        }

    def _figures(self, kpi: Kpi, slice: Slice) -> list[tuple[Period, Figure]]:
        """A KPI in each of the periods, worked out at once; for all time in the last that is over, which is what a review tells and its target is about."""
        periods = [self._over(kpi), *self.periods[1:]]
        measure = named(kpi.measure)
        if slice.journey not in self.known:
            return [(period, Figure(kpi.measure, None, measure.unit)) for period in periods]
        found = figures(self.insight.lake, measure, slice, periods)
        return [(period, together(measure, these)) for period, these in zip(periods, found, strict=True)]

    def _over(self, kpi: Kpi) -> Period:
        """The last period of its rhythm that is over and that the record tells of as a whole; all time where there is none."""
        whole = watched(self.insight.periods(self.periods[0], _RHYTHMS[kpi.rhythm]), self.at, self.periods[0].end)
        return whole[-1] if whole else self.periods[0]

    def _kpi(self, kpi: Kpi, period: Period, figure: Figure) -> list[Any]:
        """A figure and whether it reaches its target, which nobody can say of a period that is not over."""
        over = period.end <= self.at
        label = period.label if over else f"{period.label} so far"
        return [figure.value, self._said(figure), met(kpi, figure.value) if over else None, counted(figure), label, figure.count, figure.of]

    def _said(self, figure: Figure) -> str:
        return shown(figure.value, figure.unit, self.insight.settings.currency)

    def _people(self, name: str, filters: Sequence[_Filter], chart: Atlas, designs: Iterable[Design]) -> dict[str, Any]:
        """Who is there and who was lost, in each of the periods; of those who are there the marks say to which filters they belong."""
        people = People(
            insight=self.insight,
            timeline=self.timeline,
            present=self.choice.present,
            examples=self.choice.examples,
            personal=self.choice.personal,
        )
        if name not in self.known:
            return {"there": [], "lost": {}, "losses": [], "timelines": []}
        steps = {spot.name: number for number, spot in enumerate(chart.design.steps)}
        cuts = [self._slice(name, one, self.periods[0]) for one in filters]
        well = self.won.union(*(design.reached for design in designs))
        losses: dict[tuple[str, str, str | None], int] = {}
        return {
            "there": people.there(cuts, self.periods, steps),
            "lost": {
                f"{f},{p}": [[losses.setdefault((one.step, one.reason, one.last), len(losses)), one.customers] for one in lost]
                for f, cut in enumerate(cuts)
                for p, lost in enumerate(people.lost(cut, self.periods, well))
                if lost
            },
            "losses": [list(key) for key in losses],
            "timelines": people.timelines(),
        }

    def _touched(self, slice: Slice) -> list[list[Touchpoint]]:
        """The touchpoints in each of the periods."""
        return self.insight.touchpoints_of(slice, self.periods) if slice.journey in self.known else [[] for _ in self.periods]


def _sheets(newest: Design, designs: Mapping[str, Design], filters: Sequence[_Filter], flows: Mapping[_Cut, Flow]) -> tuple[_Sheet, ...]:
    """The maps that are drawn: of everybody on the newest version, and of each version that can be chosen."""
    found = []
    drawn = [(None, newest), *((one.version, designs[one.version]) for one in filters if one.version is not None)]
    for version, design in drawn:
        mine = [number for number, one in enumerate(filters) if one.version == version]
        chart = atlas(design, [flow for (f, _), flow in flows.items() if f in mine], tuple(designs.values()))
        found.append(_Sheet(version, chart, layout(chart.design, chart.ways, chart.weights), flows[mine[0], 0]))
    return tuple(found)


def _drawn(sheets: Sequence[_Sheet], one: _Filter) -> int:
    """On which map a filter is shown."""
    return next(number for number, sheet in enumerate(sheets) if sheet.version == one.version)


def _numbers(chart: Atlas, placed: Layout, flow: Flow) -> dict[str, Any]:
    found = counts(chart, flow)
    return {
        "scale": float(f"{scale(placed, found, chart.ways):.4g}"),
        "ways": list(found.ways),
        "steps": [_step(step) for step in found.steps],
    }


def _step(step: StepFlow | None) -> list[float | None] | None:
    if step is None:
        return None
    return [step.there_before, step.arrived, step.customers, step.moved, step.left, step.still, step.median_seconds]


def _touchpoint(one: Touchpoint, known: dict[tuple[str, str, str | None], int]) -> list[Any]:
    number = known.setdefault((one.name, one.channel, one.stage), len(known))
    return [number, one.count, one.reach, one.feeling, one.said]


def _moments(period: Period) -> dict[str, str]:
    """A period as tables to take away name it: its label, and its moments as ISO 8601 in UTC."""
    return {"label": period.label, "begin": moment(period.begin).isoformat(), "end": moment(period.end).isoformat()}


def _map(chart: Atlas) -> dict[str, Any]:
    return {
        "stages": list(chart.design.stages),
        "steps": [
            {
                "name": spot.name,
                "stage": spot.stage,
                "scopes": list(spot.scopes),
                "former": spot.former,
                "notes": [[n.kind, n.text] for n in spot.notes],
            }
            for spot in chart.design.steps
        ],
        "ways": [_way(way, causes, chart.design) for way, causes in zip(chart.ways, chart.causes, strict=True)],
        "unused": [f"{way.source} to {way.target or way.end}: {'; '.join(way.causes)}" for way in chart.unused][:30],
        "ends": list(chart.design.ends),
    }


def _way(way: Way, causes: Iterable[tuple[str, int]], design: Design) -> dict[str, Any]:
    said = [cause for cause, _ in causes if cause] or [cause for cause in way.causes if cause]
    return {"from": way.source, "to": way.target, "end": way.end, "well": design.well(way), "designed": way.designed, "causes": said}
