"""``journeykit report``: the review of a week, a month or a quarter."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from journeykit.cli import console
from journeykit.cli.insight import At, Only, SettingsFile, Told, moment_or_now, opened, settings_of
from journeykit.cli.writing import written, written_in
from journeykit.insight.figures import Period
from journeykit.insight.insight import Insight
from journeykit.insight.reports.report import markdown, text
from journeykit.insight.reports.report_data import plain, spreadsheet
from journeykit.insight.reports.report_tables import spreadsheets
from journeykit.insight.reports.review import UNITS, Review, reviews
from journeykit.insight.settings.settings import Settings
from journeykit.insight.words import day
from journeykit.model.messages import moment
from journeykit.model.phrases import suggestion


class Rhythm(StrEnum):
    """How often numbers are reviewed."""

    weekly = "weekly"
    monthly = "monthly"
    quarterly = "quarterly"


class Owner(StrEnum):
    """Who answers for a number."""

    marketing = "marketing"
    sales = "sales"
    support = "support"
    product = "product"


class Form(StrEnum):
    """How a review is written."""

    text = "text"
    markdown = "markdown"
    json = "json"
    csv = "csv"


Which = Annotated[
    Rhythm | None,
    typer.Argument(
        metavar="[RHYTHM]",
        help="Which review, weekly, monthly or quarterly; all of which there are KPIs where not said.",
        show_default=False,
    ),
]

Of = Annotated[Owner | None, typer.Option(help="Only the KPIs of these people.", show_default=False)]

Written = Annotated[Form, typer.Option("--format", help="How it is written.")]

Where = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Where it is written; shown where not said. Of CSV a name without an ending is a folder, for the tables behind the KPIs too.",
        show_default=False,
    ),
]


def review_numbers(
    db: Told,
    settings: SettingsFile = None,
    rhythm: Which = None,
    journey: Only = None,
    owner: Of = None,
    at: At = None,
    form: Written = Form.text,
    output: Where = None,
) -> None:
    """
    Write the review of the last whole week, month or quarter.

    Tells the few KPIs that each journey declares in insight.yaml: how they stand, against their targets and against the period before,
    what changed, and where customers are lost.
    """
    said = settings_of(settings)
    _check(said, journey)
    with opened(db, said) as (insight, _):
        found = reviews(insight, moment_or_now(at, said.zone), rhythm=rhythm, owner=owner, journey=journey)
        if not found:
            raise console.Usage("there is no such KPI; insight.yaml declares them by journey, with owner and rhythm")
        _say_where_something_is(insight, found)
        if form is Form.csv and output is not None and not output.suffix:
            written_in(output, {f"{name}.csv": table for name, table in spreadsheets(insight, found).items()})
            return
    told = _told(found, form)
    if output is None:
        console.say(told.rstrip("\r\n"))
    else:
        written(output, told)


def _check(settings: Settings, journey: str | None) -> None:
    if not any(settings.kpis.values()):
        raise console.Usage("a review tells KPIs, and none is declared; name a file that does with --settings insight.yaml")
    if journey is not None and journey not in settings.kpis:
        known = settings.kpis
        raise console.Usage(f'no KPIs of a journey "{journey}"{suggestion(journey, known) or "; there are those of " + ", ".join(known)}')


def _say_where_something_is(insight: Insight, found: list[Review]) -> None:
    """Of an old history the last period is empty: say of each review in which nothing happened from when one would see the last that has something."""
    for review in found:
        if 0 < review.last <= review.period.begin:
            (full,) = insight.periods(Period(review.last - 1, review.last), UNITS[review.rhythm])
            begin = moment(full.end).astimezone(ZoneInfo(review.zone)).date()
            unit, newest = UNITS[review.rhythm], day(review.last - 1, review.zone)
            console.note(
                f"{review.rhythm}: the last that happened was on {newest}; --at {begin} tells of the last {unit} in which something did"
            )


def _told(found: list[Review], form: Form) -> str:
    if form is Form.json:
        return console.json_text([plain(review) for review in found])
    if form is Form.csv:
        return spreadsheet(found)
    return "\n\n".join((text if form is Form.text else markdown)(review) for review in found)
