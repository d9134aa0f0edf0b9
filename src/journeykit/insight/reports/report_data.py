"""A review as data: JSON for programs, CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from journeykit.insight.cells import safe
from journeykit.insight.figures import Conversion, Figure, Period
from journeykit.insight.reports.report import STANDING
from journeykit.insight.reports.review import JourneyReview, Loss, NewVersion, Review, Shift, Standing, Target
from journeykit.insight.settings.kpis import bound
from journeykit.model.messages import moment

COLUMNS = (
    "rhythm", "begin", "end", "journey", "measure", "owner", "figure", "unit", "count", "of", "bound", "target", "standing", "before", "direction",
)  # fmt: skip


def plain(review: Review) -> dict[str, Any]:
    """The review as a plain value: moments are ISO 8601 in UTC, shares between 0 and 1, money minor units, times seconds."""
    return {
        "rhythm": review.rhythm,
        "period": _period(review.period),
        "before": _period(review.before),
        "zone": review.zone,
        "currency": review.currency,
        "journeys": [_journey(journey) for journey in review.journeys],
    }


def spreadsheet(reviews: Iterable[Review]) -> str:
    """The KPIs of several reviews as CSV, one a row; no cell is taken for a formula."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for review in reviews:
        for journey in review.journeys:
            rows.writerows([safe(cell) for cell in _row(review, journey, target)] for target in journey.targets)
    return written.getvalue()


def _row(review: Review, journey: JourneyReview, target: Target) -> Iterator[Any]:
    figure, kpi = target.figure, target.kpi
    yield from (review.rhythm, _moment(review.period.begin), _moment(review.period.end), journey.journey, kpi.measure, kpi.owner)
    yield from (figure.value, figure.unit, figure.count, figure.of)
    yield from (bound(target.kpi), kpi.target, STANDING[target.met], target.before.value, target.direction)


def _journey(journey: JourneyReview) -> dict[str, Any]:
    return {
        "journey": journey.journey,
        "known": journey.known,
        "targets": [_target(target) for target in journey.targets],
        "entered": {"figure": journey.entered.after.count, "before": journey.entered.before.count},
        "stages": [_stage(one) for one in journey.stages],
        "shifts": [_shift(one) for one in journey.shifts],
        "versions": [_version(one) for one in journey.versions],
        "lost": journey.lost,
        "losses": [_loss(one) for one in journey.losses],
    }


def _target(target: Target) -> dict[str, Any]:
    return {
        "measure": target.kpi.measure,
        "formula": target.measure.formula,
        "owner": target.kpi.owner,
        "unit": target.measure.unit,
        "figure": _figure(target.figure),
        "bound": bound(target.kpi),
        "target": target.kpi.target,
        "standing": STANDING[target.met],
        "before": _figure(target.before),
        "direction": target.direction,
        "run": target.run,
        "trend": [{**_period(period), "figure": figure.value} for period, figure in target.trend],
    }


def _loss(one: Loss) -> dict[str, Any]:
    last = [{"name": name, "customers": customers} for name, customers in one.last]
    return {"step": one.step, "reason": one.reason, "customers": one.customers, "last": last}


def _shift(one: Shift) -> dict[str, Any]:
    return {"step": one.step, "target": one.target, "went": _figure(one.after), "before": _figure(one.before)}


def _stage(one: Standing) -> dict[str, Any]:
    before = one.before.still if one.before else None
    after = one.after
    return {"stage": after.step, "still": after.still, "before": before, "arrived": after.arrived, "moved": after.moved, "left": after.left}


def _version(one: NewVersion) -> dict[str, Any]:
    return {"version": one.version, "since": _moment(one.since), "its": _conversion(one.its), "others": _conversion(one.others)}


def _conversion(one: Conversion | None) -> dict[str, Any] | None:
    return {"entered": one.entered, "converted": one.converted, "share": one.share} if one else None


def _figure(figure: Figure) -> dict[str, Any]:
    return {"value": figure.value, "count": figure.count, "of": figure.of}


def _period(period: Period) -> dict[str, Any]:
    return {"begin": _moment(period.begin), "end": _moment(period.end), "label": period.label}


def _moment(at: int) -> str:
    return moment(at).isoformat()
