"""Every table that a review stands on, for a spreadsheet: one CSV text each."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from attrs import astuple

from journeykit.insight.cells import safe
from journeykit.insight.figures import Slice
from journeykit.insight.insight import Insight
from journeykit.insight.reports.report_data import spreadsheet
from journeykit.insight.reports.review import Review, well
from journeykit.model.messages import moment

_WHEN = ("rhythm", "begin", "end", "journey")
_BECAME = ("there_before", "arrived", "customers", "moved", "left", "still", "median_seconds")
#: the tables beside that of the KPIs, and their columns: those of `StepFlow`, `LinkFlow`, `Touchpoint` and `Dropoff`
COLUMNS = {
    "stages": (*_WHEN, "stage", *_BECAME),
    "steps": (*_WHEN, "step", *_BECAME),
    "ways": (*_WHEN, "source", "target", "cause", "reason", "count", "customers"),
    "touchpoints": (*_WHEN, "name", "channel", "stage", "count", "reach", "frequency", "feeling", "said"),
    "dropoffs": (*_WHEN, "step", "reason", "last", "customers"),
}
_ALL = 10_000  #: more steps, reasons and last things than any journey has


def spreadsheets(insight: Insight, reviews: Sequence[Review]) -> dict[str, str]:
    """
    Write the KPIs of *reviews* and everything that is behind them as CSV, a text for each table; no cell is taken for a formula.

    Args:
        insight: the numbers that the reviews were made of.
        reviews: whose periods and journeys are told.

    Returns:
        ``kpis``, and the tables of `COLUMNS`: of each journey in its period the stages, steps and ways between them, the touchpoints, and
        where customers were lost.
    """
    found: dict[str, list[tuple[Any, ...]]] = {name: [] for name in COLUMNS}
    for review in reviews:
        for journey in (one.journey for one in review.journeys if one.known):
            cut = Slice(review.period, journey=journey)
            when = (review.rhythm, moment(cut.period.begin).isoformat(), moment(cut.period.end).isoformat(), journey)
            for name, row in _rows(insight, cut):
                found[name].append((*when, *row))
    return {"kpis": spreadsheet(reviews), **{name: _written(COLUMNS[name], rows) for name, rows in found.items()}}


def _rows(insight: Insight, cut: Slice) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The rows of all tables, each with the name of its table."""
    flow, happy = insight.flow(cut), well(insight, cut.journey or "")
    several: dict[str, Iterable[Any]] = {
        "stages": insight.funnel(cut),
        "steps": flow.steps,
        "ways": flow.links,
        "touchpoints": insight.touchpoints(cut),
        "dropoffs": [one for one in insight.dropoffs(cut, _ALL) if one.reason not in happy],
    }
    return ((name, astuple(one)) for name, values in several.items() for one in values)


def _written(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(columns)
    lines.writerows([safe(cell) for cell in row] for row in rows)
    return text.getvalue()
