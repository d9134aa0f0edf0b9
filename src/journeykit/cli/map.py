"""``journeykit map``: the journey map as a page or a picture."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from journeykit.cli import console
from journeykit.cli.insight import Journeys, Only, SettingsFile, Told, catalog_of, known_journey, opened, settings_of
from journeykit.cli.writing import written
from journeykit.insight.figures import Period, Slice
from journeykit.insight.insight import Insight
from journeykit.insight.map.designed import designed
from journeykit.insight.map.drawing import svg
from journeykit.insight.map.page import page
from journeykit.insight.map.taken import atlas
from journeykit.insight.map.view import Choice, view
from journeykit.insight.numbers.periods import Rhythm
from journeykit.insight.settings.outcomes import won
from journeykit.model.phrases import suggestion
from journeykit.ports import Storage
from journeykit.runtime.engine import Engine

Names = Annotated[bool, typer.Option("--names", help="Show ids of customers and what their events said; masked where not said.")]


def draw_map(
    db: Told,
    journeys: Journeys = None,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="map.html, or map.svg for slides.", show_default=False)],
    settings: SettingsFile = None,
    journey: Only = None,
    period: Annotated[
        str | None,
        typer.Option(metavar="PERIOD", help="Of a picture: 2026-03, 2026-W07 or 2026-Q1; all time where not said.", show_default=False),
    ] = None,
    names: Names = False,
) -> None:
    """
    Draw what customers did, beside what was designed.

    One file that opens without a network: every journey, step and way with its customers, the KPIs of each stage, touchpoints, and where
    customers are lost. A picture shows one journey.
    """
    picture = _is_picture(output)
    if not picture and (journey or period):
        raise console.Usage("--journey and --period choose what a picture shows, -o map.svg; on a page one chooses while looking at it")
    with opened(db, settings_of(settings), catalog_of(journeys)) as (insight, storage):
        told = picture_of(insight, journey, period) if picture else page_of(insight, storage, names)
    written(output, told)
    console.say(str(output))


def page_of(insight: Insight, storage: Storage | None, names: bool) -> str:
    """The page as of now, with timelines of customers out of *storage*, where there is one."""
    engine = None if storage is None else Engine([], storage)
    now = time.time_ns() // 1_000
    timeline = None if engine is None else lambda customer: engine.explain(customer).entries
    return page(view(insight, at=now, timeline=timeline, choice=Choice(personal=names)))


def picture_of(insight: Insight, journey: str | None = None, period: str | None = None) -> str:
    """The picture of one journey."""
    name = known_journey(insight, journey)
    flow = insight.flow(Slice(_period(insight, period), journey=name))
    return svg(atlas(designed(insight.definition(name), won(insight.settings)), [flow]), flow)


def _is_picture(output: Path) -> bool:
    if output.suffix not in (".html", ".svg"):
        raise console.Usage(f"{output}: a page is called .html, a picture .svg; name it so")
    return output.suffix == ".svg"


def _period(insight: Insight, label: str | None) -> Period:
    if label is None:
        return insight.span
    rhythm: Rhythm = "week" if "W" in label else "quarter" if "Q" in label else "month"
    known = {period.label: period for period in insight.periods(insight.span, rhythm)}
    if label not in known:
        names = list(known)
        some = f"{names[0]} to {names[-1]}" if names else "none"
        raise console.Usage(f'--period: nothing happened in "{label}"{suggestion(label, known) or f"; there are {some}"}')
    return known[label]
