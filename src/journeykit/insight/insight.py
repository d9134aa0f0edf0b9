"""What happened, in numbers: of each stage, of each step, of each way that customers took."""

from __future__ import annotations

from typing import Literal

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
from journeykit.insight.lake import Lake
from journeykit.insight.measure import Measure
from journeykit.insight.measures import MEASURES
from journeykit.insight.settings import Settings
from journeykit.model.journey import Journey
from journeykit.ports import Storage

Rhythm = Literal["week", "month", "quarter"]


class Insight:
    """
    Numbers of one history. Everything is worked out of the tables in *lake*; nothing is changed in the storage they came from.

    Periods are ``[begin, end)``; days, weeks, months and quarters are those of `Settings.zone`. Test customers are in no number.

    Args:
        lake: an engine that the raw tables (`journeykit.insight.tables`) have been filled into.
        settings: what the shop says about its numbers.
    """

    def __init__(self, lake: Lake, settings: Settings | None = None) -> None:
        self.lake = lake
        self.settings = settings or Settings()

    @classmethod
    def of(cls, storage: Storage, settings: Settings | None = None) -> Insight:
        """The numbers of a small history in *storage*, by the standard library's SQLite, in memory."""
        raise NotImplementedError

    # -- what there is -----------------------------------------------------------------------------------------------

    @property
    def span(self) -> Period:
        """From the first thing that happened to just behind the last; empty at 0 where nothing did."""
        raise NotImplementedError

    def journeys(self) -> list[str]:
        """The names of the journeys that customers entered, in alphabetical order."""
        raise NotImplementedError

    def versions(self, journey: str) -> list[tuple[str, int]]:
        """The versions of *journey* that customers entered, by hash, with the moment of the first entry; the oldest first."""
        raise NotImplementedError

    def segments(self) -> list[str]:
        """The names of the segments that customers entered or left, in alphabetical order."""
        raise NotImplementedError

    def definition(self, journey: str, version: str | None = None) -> Journey:
        """A version of *journey* as a value, the newest where *version* is not said; `UnknownError` where there is none."""
        raise NotImplementedError

    def measures(self) -> tuple[Measure, ...]:
        """All numbers that are defined."""
        return MEASURES

    # -- numbers -----------------------------------------------------------------------------------------------------

    def figures(self, name: str, slice: Slice) -> list[Figure]:
        """The measure *name* in *slice*: one figure, or, where it has `Measure.by`, one for each, the largest count first."""
        raise NotImplementedError

    def series(self, name: str, slice: Slice, rhythm: Rhythm) -> list[tuple[Period, Figure]]:
        """The measure *name* for each week, month or quarter that touches *slice*, in order; whole ones, labelled ``2026-03``, ``2026-W07``, ``2026-Q1``."""
        raise NotImplementedError

    def periods(self, within: Period, rhythm: Rhythm) -> list[Period]:
        """The weeks (monday to sunday), months or quarters of `Settings.zone` that touch *within*, in order."""
        raise NotImplementedError

    def changed(self, name: str, before: Slice, after: Slice) -> list[Change]:
        """The measure *name* in two slices side by side: one change, or one for each `Figure.by` that either has."""
        raise NotImplementedError

    # -- ways --------------------------------------------------------------------------------------------------------

    def flow(self, slice: Slice) -> Flow:
        """The steps of ``slice.journey`` and the ways between them; steps in the order of the journey, those that nobody was in included."""
        raise NotImplementedError

    def funnel(self, slice: Slice) -> list[StepFlow]:
        """The same by stage, in the order of the stages; a move within a stage is none. Of all journeys where the slice names none."""
        raise NotImplementedError

    def paths(self, slice: Slice, most: int = 20) -> list[Path]:
        """The ways that enrollments which began in *slice* really took, the commonest first."""
        raise NotImplementedError

    def dropoffs(self, slice: Slice, most: int = 20) -> list[Dropoff]:
        """Where customers were lost in *slice*, and the last thing that happened before, the commonest first."""
        raise NotImplementedError

    def conversions(self, slice: Slice, by: Literal["segment", "channel", "entry", "version"]) -> list[Conversion]:
        """How many of the enrollments that began in *slice* reached the goal, for each segment, channel, entry event or version."""
        raise NotImplementedError

    def survival(self, slice: Slice, step: str) -> list[Survival]:
        """How long visits of *step* that began in *slice* last (Kaplan-Meier): a row for each time at which somebody went on."""
        raise NotImplementedError

    def there(self, slice: Slice, step: str, most: int = 20) -> list[Presence]:
        """Who stands in *step* of ``slice.journey`` when the slice ends, those who are there longest first."""
        raise NotImplementedError

    # -- moments -----------------------------------------------------------------------------------------------------

    def touchpoints(self, slice: Slice) -> list[Touchpoint]:
        """Every moment at which customers met the shop, by channel and stage, with how they felt there; the widest reach first."""
        raise NotImplementedError
