"""What happened, in numbers: of each stage, of each step, of each way that customers took."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Literal

from journeykit.core.definitions.outline import places
from journeykit.errors import UnknownError
from journeykit.insight.engines.small import SmallLake
from journeykit.insight.figures import (
    Change,
    Conversion,
    Dropoff,
    Figure,
    Flow,
    Path,
    Period,
    Presence,
    Slice,
    StepFlow,
    Survival,
    Touchpoint,
)
from journeykit.insight.measures import MEASURES
from journeykit.insight.measures.measure import Measure
from journeykit.insight.numbers import flows, numbers, periods, survival, touchpoints, ways
from journeykit.insight.numbers.periods import Rhythm
from journeykit.insight.numbers.slicing import tables_sql
from journeykit.insight.settings.settings import Settings
from journeykit.insight.tables.building import build
from journeykit.insight.tables.horizon import BEFORE
from journeykit.insight.tables.lake import Lake
from journeykit.insight.tables.reading import fill
from journeykit.insight.tables.standing import Standing, join
from journeykit.model.journey import STAGES, Journey
from journeykit.model.phrases import suggestion
from journeykit.model.records import NEVER
from journeykit.ports import Storage


class Insight:
    """
    Numbers of one history. Everything is worked out of the tables in *lake*; nothing is changed in the storage they came from.

    Periods are ``[begin, end)``; days, weeks, months and quarters are those of `Settings.zone`. Test customers are in no number.

    Args:
        lake: an engine that the raw tables (`journeykit.insight.tables.raw`) have been filled into.
        settings: what the shop says about its numbers.
        now: who is in which segment now, `journeykit.insight.tables.standing`; without it only segments are known that a journey waits for.

    Attributes:
        as_of_now: the segments that are known as they are now, and no otherwise: whoever is in one counts as having been in it all the time.
    """

    def __init__(self, lake: Lake, settings: Settings | None = None, now: Standing | None = None) -> None:
        self.lake = lake
        self.settings = settings or Settings()
        self._definitions = build(lake, self.settings)
        self._declared = () if now is None else now.segments
        self.as_of_now: frozenset[str] = frozenset() if now is None else join(lake, now)

    @classmethod
    def of(cls, storage: Storage, settings: Settings | None = None, now: Standing | None = None) -> Insight:
        """The numbers of a small history in *storage*, by the standard library's SQLite, in memory."""
        lake = SmallLake()
        fill(lake, storage)
        return cls(lake, settings, now)

    # -- what there is -----------------------------------------------------------------------------------------------

    @cached_property
    def span(self) -> Period:
        """From the first thing that happened to just behind the last; empty at 0 where nothing did."""
        first, last = self.lake.query(
            """select min(first_at), max(last_at) from (
                select min(occurred_at) as first_at, max(occurred_at) as last_at from happenings
                union all select min(occurred_at), max(occurred_at) from visits where occurred_at > ?
                union all select null, max(until) from visits where until < ?) as ends""",
            (BEFORE, NEVER),
        )[0]
        return Period(0, 0) if first is None else Period(int(first), int(last) + 1)

    def journeys(self) -> list[str]:
        """The names of the journeys that customers entered, in alphabetical order."""
        return [name for (name,) in self.lake.query("select distinct journey from stays order by journey")]

    def versions(self, journey: str) -> list[tuple[str, int]]:
        """The versions of *journey* that customers entered, by hash, with the moment of the first entry; the oldest first."""
        rows = self.lake.query(
            """select version, min(occurred_at) as first_at from (
                select journey, version, occurred_at from stays where occurred_at > ?
                union all select journey, version, entered_at from earlier) as used
            where journey = ? group by version order by first_at, version""",
            (BEFORE, journey),
        )
        return [(version, int(first)) for version, first in rows]

    def segments(self) -> list[str]:
        """
        The names of the segments that customers entered or left, and of those that are known as of now, in alphabetical order.

        Only what a journey waits for is looked at when it changes (P23): a segment that none waits for leaves no trace in the history.
        """
        return sorted({name for (name,) in self.lake.query("select distinct segment from members")}.union(self._declared))

    def definition(self, journey: str, version: str | None = None) -> Journey:
        """A version of *journey* as a value, the newest where *version* is not said; `UnknownError` where there is none."""
        known = [name for name, _ in reversed(self.versions(journey)) if name in self._definitions]
        found = next((name for name in known if version in (None, name)), None)
        if found is None:
            wanted = f'"{journey}"' if version is None else f'version {version} of "{journey}"'
            raise UnknownError(f"nobody has entered {wanted}{suggestion(journey, self.journeys())}")
        return self._definitions[found]

    def definitions(self, journey: str) -> list[Journey]:
        """The versions of *journey* that customers entered and this release can read, as values; the oldest first."""
        return [self._definitions[version] for version, _ in self.versions(journey) if version in self._definitions]

    def measures(self) -> tuple[Measure, ...]:
        """All numbers that are defined."""
        return MEASURES

    # -- numbers -----------------------------------------------------------------------------------------------------

    def figures(self, name: str, slice: Slice) -> list[Figure]:
        """The measure *name* in *slice*: one figure, or, where it has `Measure.by`, one for each, the largest count first."""
        return numbers.figures(self.lake, numbers.named(name), slice, [slice.period])[0]

    def series(self, name: str, slice: Slice, rhythm: Rhythm) -> list[tuple[Period, Figure]]:
        """
        The measure *name* for each week, month or quarter that touches *slice*, in order; where it has `Measure.by`, all of them together.

        They are whole ones, labelled ``2026-W07``, ``2026-03`` or ``2026-Q1``.
        """
        several, measure = self.periods(slice.period, rhythm), numbers.named(name)
        found = numbers.figures(self.lake, measure, slice, several)
        return [(period, numbers.together(measure, these)) for period, these in zip(several, found, strict=True)]

    def periods(self, within: Period, rhythm: Rhythm) -> list[Period]:
        """The weeks (monday to sunday), months or quarters of `Settings.zone` that touch *within*, in order."""
        return periods.periods(within, rhythm, self.settings.zone)

    def set_aside(self, period: Period) -> dict[str, int]:
        """How many orders of *period* are in no sum of money: those in another currency, and those without an amount."""
        return numbers.set_aside(self.lake, period)

    def changed(self, name: str, before: Slice, after: Slice) -> list[Change]:
        """The measure *name* in two slices side by side: one change, or one for each `Figure.by` that either has."""
        return numbers.changes(self.figures(name, before), self.figures(name, after))

    # -- ways --------------------------------------------------------------------------------------------------------

    def flow(self, slice: Slice) -> Flow:
        """The steps of ``slice.journey`` and the ways between them; steps in the order of the journey, those that nobody was in included."""
        return self.flows(slice, [slice.period])[0]

    def flows(self, slice: Slice, periods: Sequence[Period]) -> list[Flow]:
        """The same in each of *periods*, at less cost than one after the other; of *slice* everything counts but its own period."""
        return flows.flows(self.lake, slice, self._steps(slice), self.span.end, periods)

    def funnel(self, slice: Slice) -> list[StepFlow]:
        """The same by stage, in the order of the stages; a move within a stage is none. Of all journeys where the slice names none."""
        return flows.funnel(self.lake, slice, self._stages(slice), self.span.end)

    def paths(self, slice: Slice, most: int = 20) -> list[Path]:
        """The ways that enrollments which began in *slice* really took, the commonest first."""
        return ways.paths(self.lake, slice, most)

    def dropoffs(self, slice: Slice, most: int = 20) -> list[Dropoff]:
        """Where customers were lost in *slice*, and the last thing that happened before, the commonest first."""
        return self.dropoffs_of(slice, [slice.period], most)[0]

    def dropoffs_of(self, slice: Slice, periods: Sequence[Period], most: int = 20) -> list[list[Dropoff]]:
        """The same in each of *periods*, in one query; of *slice* everything counts but its own period."""
        return ways.dropoffs(self.lake, slice, periods, most, NEVER)

    def conversions(self, slice: Slice, by: Literal["segment", "channel", "entry", "version"]) -> list[Conversion]:
        """How many of the enrollments that began in *slice* reached the goal, for each segment, channel, entry event or version."""
        return ways.conversions(self.lake, slice, by)

    def survival(self, slice: Slice, step: str) -> list[Survival]:
        """How long visits of *step* that began in *slice* last (Kaplan-Meier): a row for each time at which somebody went on."""
        visits = tables_sql(slice)["visits"]
        return survival.curve(self.lake, visits, "step", step, slice.period.begin, min(slice.period.end, self.span.end))

    def there(self, slice: Slice, step: str, most: int = 20) -> list[Presence]:
        """Who stands in *step* of ``slice.journey`` when the slice ends, those who are there longest first."""
        return ways.there(self.lake, slice, [slice.period], most, step)[0].get(step, [])

    def present(self, slice: Slice, periods: Sequence[Period], most: int = 20) -> list[dict[str, list[Presence]]]:
        """The same for each step that somebody stands in when each of *periods* ends; of *slice* everything counts but its own period."""
        return ways.there(self.lake, slice, periods, most)

    # -- moments -----------------------------------------------------------------------------------------------------

    def touchpoints(self, slice: Slice) -> list[Touchpoint]:
        """Every moment at which customers met the shop, by channel and stage, with how they felt there; the widest reach first."""
        return self.touchpoints_of(slice, [slice.period])[0]

    def touchpoints_of(self, slice: Slice, periods: Sequence[Period]) -> list[list[Touchpoint]]:
        """The same in each of *periods*, in one query; of *slice* everything counts but its own period."""
        return touchpoints.touchpoints(self.lake, slice, slice.journey or self._lifecycle(), periods)

    # -- order -------------------------------------------------------------------------------------------------------

    def _newest(self, cut: Slice) -> list[Journey]:
        """The journey of *cut* as it was designed, or all journeys, each in its newest version."""
        names = self.journeys() if cut.journey is None else [cut.journey]
        found: list[Journey] = []
        for name in names:
            known = [version for version, _ in self.versions(name) if version in self._definitions and cut.version in (None, version)]
            found += [self._definitions[version] for version in known[-1:]]
        return found

    def _steps(self, cut: Slice) -> list[str]:
        return [place.step.name for journey in self._newest(cut) for place in places(journey)]

    def _stages(self, cut: Slice) -> list[str]:
        """Of one journey its stages that have steps, in order; of all the usual five first."""
        journeys = self._newest(cut)
        order = [*(STAGES if cut.journey is None else ()), *(stage for journey in journeys for stage in journey.stages)]
        used = {place.stage for journey in journeys for place in places(journey)}
        return [stage for stage in dict.fromkeys(order) if stage in used]

    def _lifecycle(self) -> str | None:
        """The journey whose stage is the customer's."""
        everything = Slice(self.span)
        return next((journey.name for journey in self._newest(everything) if journey.lifecycle), None)
