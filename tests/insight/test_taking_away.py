"""The figures of the page as CSV: what is shown, for what is chosen, and the same as the review says."""

from __future__ import annotations

import csv
import io
import re

import pytest

from journeykit import MemoryStorage
from journeykit.insight import Insight
from journeykit.insight.engines.duck import DuckLake
from journeykit.insight.engines.small import SmallLake
from journeykit.insight.figures import Slice
from journeykit.insight.map.page import page
from journeykit.insight.map.view import view
from journeykit.insight.reports.report_tables import spreadsheets
from journeykit.insight.reports.review import reviews
from journeykit.insight.settings.kpis import Kpi
from journeykit.insight.settings.settings import Settings
from journeykit.insight.tables.reading import fill
from mapped import happened

KPIS = (Kpi("average order value", True, 2_300, "sales", "monthly"), Kpi("repeat purchase rate", True, 0.3, "marketing", "monthly"))


def numbers(make=SmallLake, kpis=KPIS, **lives):
    """The numbers of a shop whose customers have lived half a year, on either engine."""
    storage, lake = MemoryStorage(), make()
    happened(storage, **lives)
    fill(lake, storage)
    return Insight(lake, Settings(currency="EUR", kpis={"after-order": kpis} if kpis else {}))


def shown_by(insight):
    """The page, made when the record ends."""
    return page(view(insight, at=insight.span.end))


def taken(shown, table):
    """A click on CSV: how the file is called, and its text."""
    with shown.expect_download() as coming:
        shown.click(f"[data-csv={table}]")
    return coming.value.suggested_filename, coming.value.path().read_bytes().decode("utf-8")


def rows(text, *left_out):
    """The rows of a CSV text, numbers as numbers."""
    return [
        {name: _value(cell) for name, cell in row.items() if name not in left_out} for row in csv.DictReader(io.StringIO(text, newline=""))
    ]


def _value(cell):
    return float(cell) if re.fullmatch(r"-?[0-9.]+(e-?[0-9]+)?", cell) else cell


@pytest.mark.parametrize("make", [SmallLake, DuckLake])
def test_what_is_taken_from_the_page_is_what_the_review_says(opened, make):
    """May is chosen: its steps, touchpoints, ways and KPIs are those that `report --format csv` writes of May."""
    insight = numbers(make)
    may = next(period for period in insight.periods(insight.span, "month") if period.label == "2026-05")
    told = spreadsheets(insight, reviews(insight, may.end))
    shown = opened(shown_by(insight))
    shown.select_option("[name=period]", label="2026-05")

    name, steps = taken(shown, "steps")
    assert name == "after-order-steps-2026-05.csv"
    assert rows(steps, "period", "segment", "version", "stage") == rows(told["steps"], "rhythm")
    assert sum(row["arrived"] for row in rows(steps)) > 40
    assert rows(taken(shown, "touchpoints")[1], "period", "segment", "version") == rows(told["touchpoints"], "rhythm")
    assert rows(taken(shown, "kpis")[1], "period", "segment", "version") == rows(told["kpis"], "before", "direction")

    ways, reviewed = {}, {}
    for row in rows(told["ways"]):
        way = row["source"], row["target"], row["reason"]
        reviewed[way] = reviewed.get(way, 0) + row["count"]
    for row in rows(taken(shown, "ways")[1]):
        ways[row["source"], row["target"], row["reason"]] = row["count"]
    assert {way: count for way, count in ways.items() if count} == reviewed
    assert len(reviewed) > 9


@pytest.mark.parametrize("make", [SmallLake, DuckLake])
def test_what_is_taken_is_of_the_chosen_version_and_both_periods(opened, make):
    """The first version, April beside May: rows of both, with the version's hash, and the figures that insight answers for it."""
    insight = numbers(make)
    shown = opened(shown_by(insight))
    shown.select_option("[name=filter]", index=2)
    shown.select_option("[name=period]", label="2026-05")
    shown.select_option("[name=other]", label="2026-04")
    name, text = taken(shown, "steps")
    version = insight.versions("after-order")[0][0]
    found = rows(text)

    assert name.startswith("after-order-steps-2026-05-2026-04-version-since-2-March-2026")
    assert [row["period"] for row in found] == ["2026-05"] * 7 + ["2026-04"] * 7
    assert {row["version"] for row in found} == {version}
    for label, mine in (("2026-05", found[:7]), ("2026-04", found[7:])):
        period = next(one for one in insight.periods(insight.span, "month") if one.label == label)
        flow = insight.flow(Slice(period, journey="after-order", version=version))
        assert [(row["step"], row["arrived"], row["still"]) for row in mine] == [(one.step, one.arrived, one.still) for one in flow.steps]
        assert sum(one.arrived for one in flow.steps) > 20


def test_of_all_time_a_kpi_is_taken_as_its_card_tells_it(opened):
    """The last month that is over, under its own name; the steps beside it are of all time."""
    shown = opened(shown_by(numbers()))

    (first, _), (step, *_) = rows(taken(shown, "kpis")[1]), rows(taken(shown, "steps")[1])
    assert (first["period"], first["end"], first["standing"]) == ("2026-07", "2026-08-01T00:00:00+00:00", "met")
    assert "purchase, 2026-07" in shown.locator(".kpi").first.inner_text()
    assert (step["period"], step["begin"]) == ("all time", "2026-03-02T09:00:00+00:00")


def test_a_file_is_as_rfc_4180_wants_it_and_no_cell_is_a_formula(opened):
    """An event called ``=1+1, "so"`` stands between quotes, its own doubled, behind an apostrophe; lines end with CR LF; letters are UTF-8."""
    evil = '=1+1, "so" ü'
    shown = opened(shown_by(numbers(said=evil, customers=20)))
    _, text = taken(shown, "touchpoints")

    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert '"\'=1+1, ""so"" ü"' in text
    assert f"'{evil}" in [row["name"] for row in rows(text)]
    assert len({len(row) for row in csv.reader(io.StringIO(text, newline=""), strict=True)}) == 1


def test_without_kpis_there_are_none_to_take(opened):
    """The four counts on the cards are in the other tables; a button for nothing is not shown, and none is on paper."""
    shown = opened(shown_by(numbers(kpis=(), customers=3)))

    assert shown.locator("[data-csv=kpis]").is_hidden()
    assert shown.locator("[data-csv=steps]").is_visible()
    shown.emulate_media(media="print")
    assert shown.locator("[data-csv]:visible").count() == 0
