"""What a marketer reads on Monday morning: one page, made of values written out here."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from pathlib import Path

import pytest

from journeykit import Journey, Step
from journeykit.insight import Insight
from journeykit.insight.cells import safe
from journeykit.insight.figures import Change, Conversion, Dropoff, Figure, Flow, LinkFlow, Period, Slice, StepFlow
from journeykit.insight.measures.measure import Measure
from journeykit.insight.reports.chance import apart
from journeykit.insight.reports.report import markdown, text
from journeykit.insight.reports.report_data import COLUMNS, plain, spreadsheet
from journeykit.insight.reports.report_tables import spreadsheets
from journeykit.insight.reports.review import JourneyReview, Loss, NewVersion, Review, Shift, Standing, Target, losses, reviews, shifts
from journeykit.insight.settings.kpis import Kpi, met
from journeykit.insight.settings.settings import Settings
from journeykit.insight.words import days, shown
from shop import Shop

WEEK = 7 * 86_400_000_000
MONDAY = int(datetime.fromisoformat("2026-11-16T00:00+01:00").timestamp()) * 1_000_000
TOLD = Path(__file__).with_name("approved")


def week(number):
    """The week reviewed, or one so many weeks from it."""
    return Period(MONDAY + number * WEEK, MONDAY + (number + 1) * WEEK)


def measure(name, unit, formula):
    return Measure(name=name, group="purchase", unit=unit, formula=formula, window="", source="", cases=(), sql="")


def share(count, of):
    return Figure("a share", count / of, "share", count, of)


def money(cents):
    return Figure("money", cents, "money", cents * 400, 400)


def target(kpi, defined, figures, standing, direction, run=1):
    """How a KPI stands whose numbers of the last weeks are *figures*."""
    trend = tuple((week(number - len(figures) + 1), figure) for number, figure in enumerate(figures))
    return Target(kpi, defined, figures[-1], figures[-2], standing, direction, run, trend)


CARTS = target(
    Kpi("cart abandonment rate", False, 0.6, "marketing", "weekly"),
    measure("cart abandonment rate", "share", "carts that no order followed / carts"),
    [share(count, 1_150) for count in (640, 650, 661, 655, 670, 690, 668, 708)],
    False,
    "chance",
)
ORDERS = target(
    Kpi("average order value", True, 3_500.0, "sales", "weekly"),
    measure("average order value", "money", "sum of what orders came to / number of orders"),
    [money(cents) for cents in (3_300, 3_200, 3_400, 3_550, 3_600)],
    True,
    "better",
    3,
)
TICKETS = target(
    Kpi("time to resolution", False, 86_400.0, "support", "weekly"),
    measure("time to resolution", "seconds", "mean time from the opening of a request to its last resolution"),
    [Figure("time", 90_000.0, "seconds", 4, 4), Figure("time", None, "seconds")],
    None,
    "unknown",
)
ENTERED = Change("entered", Figure("entered", 1_071, "number", 1_071), Figure("entered", 1_204, "number", 1_204), 133)
RECOVER = JourneyReview(
    "recover-cart",
    True,
    (CARTS, ORDERS, TICKETS),
    ENTERED,
    stages=(
        Standing(
            StepFlow("consideration", 0, 0, 0, 0, 0, 3_210, None), StepFlow("consideration", 3_210, 1_204, 4_000, 700, 402, 3_312, None)
        ),
    ),
    shifts=(Shift("reminded", None, share(320, 1_032), share(412, 1_080)),),
    versions=(
        NewVersion("4f038194a0625abb", MONDAY - WEEK, Conversion("4f", 803, 330, 330 / 803), Conversion("others", 401, 144, 144 / 401)),
    ),
    losses=(Loss("reminded", "silent", 312, (("Email Opened", 300), ("email in reminded", 12))), Loss("left", "Order Cancelled", 90, ())),
    lost=402,
)
NOBODY = JourneyReview("win-back", False, (TICKETS,), Change("entered", Figure("entered", 0, "number"), Figure("entered", 0, "number"), 0))
REVIEW = Review("weekly", week(0), week(-1), "Europe/Berlin", "EUR", week(0).end, (RECOVER, NOBODY))


@pytest.mark.parametrize(("write", "file"), [(text, "weekly.txt"), (markdown, "weekly.md")])
def test_a_review(write, file):
    """It says what is met and what is missed, what that was before, where customers stand, what changed, and where they are lost."""
    assert write(REVIEW) == (TOLD / file).read_text(encoding="utf-8")


def test_a_review_fits_a_terminal():
    """No line is wider than eighty columns, however long the names of steps and journeys."""
    long = "a step with a name that goes on and on and on, until everybody has forgotten how it began, " * 3
    journey = JourneyReview(
        long, True, (CARTS,), ENTERED, stages=(Standing(None, StepFlow(long, 1, 1, 1, 1, 1, 1_000_000, None)),),
        shifts=(Shift(long, long, share(1, 2), share(2, 2)),), losses=(Loss(long, long, 1_000_000, ((long, 3),)),), lost=1_000_000,
    )  # fmt: skip
    told = text(Review("weekly", week(0), week(-1), "Europe/Berlin", "EUR", week(0).end, (journey,)))

    assert max(map(len, told.splitlines())) <= 80


def test_names_move_no_cursor_and_mark_nothing_down():
    """What a customer or a shop calls something stays text: in a terminal, and in Markdown."""
    wicked = "x\x1b[2J\n# <script>alert(1)</script> | **a**"
    journey = JourneyReview(
        wicked,
        True,
        (CARTS,),
        ENTERED,
        losses=(Loss(wicked, wicked, 3, ((wicked, 3),)),),
        lost=3,
        shifts=(Shift(wicked, wicked, share(1, 2), share(2, 2)),),
    )
    review = Review("weekly", week(0), week(-1), "UTC", None, week(0).end, (journey,))

    assert "\x1b" not in text(review) + markdown(review)
    assert "<script>" not in markdown(review)
    assert [line for line in markdown(review).splitlines() if line.startswith("#")] == [
        "# Weekly review, 15 to 22 November 2026",
        r"## x \[2J \# \<script\>alert(1)\</script\> \| \*\*a\*\*",
    ]


def test_a_review_as_data():
    """Programs get what people read, with moments in UTC and numbers in their units."""
    found = plain(REVIEW)
    carts = found["journeys"][0]["targets"][0]

    assert json.loads(json.dumps(found)) == found
    assert found["period"]["begin"] == "2026-11-15T23:00:00+00:00"
    assert (carts["measure"], carts["owner"], carts["bound"], carts["target"], carts["standing"]) == (
        "cart abandonment rate", "marketing", "at most", 0.6, "missed",
    )  # fmt: skip
    assert carts["figure"] == {"value": 708 / 1_150, "count": 708, "of": 1_150}
    assert [one["figure"] for one in carts["trend"]][-2:] == [668 / 1_150, 708 / 1_150]
    assert found["journeys"][0]["losses"][0] == {
        "step": "reminded",
        "reason": "silent",
        "customers": 312,
        "last": [{"name": "Email Opened", "customers": 300}, {"name": "email in reminded", "customers": 12}],
    }
    assert found["journeys"][1]["known"] is False


def test_a_review_as_a_spreadsheet():
    """A row for each KPI; what a name begins with is never taken for a formula, and numbers stay numbers."""
    wicked = JourneyReview('=HYPERLINK("http://evil.example")', True, (CARTS,), ENTERED)
    rows = list(csv.reader(io.StringIO(spreadsheet([REVIEW, Review("weekly", week(0), week(-1), "UTC", None, 0, (wicked,))]))))

    assert rows[0] == list(COLUMNS)
    assert [row[3:6] for row in rows[1:]] == [
        ["recover-cart", "cart abandonment rate", "marketing"],
        ["recover-cart", "average order value", "sales"],
        ["recover-cart", "time to resolution", "support"],
        ["win-back", "time to resolution", "support"],
        ['\'=HYPERLINK("http://evil.example")', "cart abandonment rate", "marketing"],
    ]
    assert rows[2][6:] == ["3600", "money", "1440000", "400", "at least", "3500.0", "met", "3550", "better"]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\tx", "\r=1", "\n=1", "  =1", "\uff1d1", "\uff0d1"])
def test_no_cell_is_a_formula(cell):
    """A spreadsheet shows it as it is."""
    assert safe(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["a=1", "Müller", "", 5, -5, None, 0.5])
def test_other_cells_stay(cell):
    """What is no formula is left alone, numbers below nought among it."""
    assert safe(cell) == cell


def test_a_target_is_met_or_missed():
    """Exactly at the target it is met, in both directions; without a number nobody knows."""
    least, most = Kpi("a", True, 0.6, "sales", "weekly"), Kpi("a", False, 0.6, "sales", "weekly")

    assert [met(least, value) for value in (0.59, 0.6, 0.61, None)] == [False, True, True, None]
    assert [met(most, value) for value in (0.59, 0.6, 0.61, None)] == [True, True, False, None]


def test_chance_is_told_from_change():
    """One of five against two of five is chance, and so is 58.1 against 61.6 of 1,150; 31 against 38.1 per cent of a thousand is not."""
    assert not apart(share(1, 5), share(2, 5))
    assert not apart(share(668, 1_150), share(708, 1_150))  # z = 1.72
    assert apart(share(320, 1_032), share(412, 1_080))  # z = 3.46
    assert apart(share(0, 1_000), share(50, 1_000))
    assert not apart(share(3, 4), Figure("none", None, "share", 0, 0))


def test_only_what_is_no_chance_is_called_a_shift():
    """Of many steps the three that changed the most are told, whichever way they went."""

    def flow(*ended):
        links = []
        for number, left in enumerate(ended):
            links.append(LinkFlow(f"step {number}", None, "Order Completed", "exited", left, left))
            links.append(LinkFlow(f"step {number}", "next", "1 day", None, 1_000 - left, 1_000 - left))
        return Flow("a", Slice(week(0)), (), tuple(links))

    found = shifts(flow(100, 200, 300, 400, 500), flow(101, 300, 150, 480, 900))

    assert [(shift.step, shift.target, shift.after.count) for shift in found] == [
        ("step 4", "next", 100),
        ("step 2", None, 150),
        ("step 1", None, 300),
    ]


def test_losses_are_told_by_step_and_reason():
    """What happened last is told beside them; who left because they ordered is not lost."""
    told = losses(
        [
            Dropoff("left", "silent", "Product Added", 7),
            Dropoff("left", "Order Completed", "Cart Viewed", 50),
            Dropoff("reminded", "silent", None, 9),
            Dropoff("left", "silent", "Cart Viewed", 8),
        ],
        won={"Order Completed"},
    )

    assert told == [Loss("left", "silent", 15, (("Cart Viewed", 8), ("Product Added", 7))), Loss("reminded", "silent", 9, ())]


def test_a_way_that_nobody_goes_any_longer_is_told():
    """Where everybody went home from a step, and now nobody does, that is a change as well."""

    def flow(*links):
        return Flow("a", Slice(week(0)), (), tuple(LinkFlow("left", target, "x", None, count, count) for target, count in links))

    (gone,) = shifts(flow(("home", 100)), flow(("away", 100)))
    assert (gone.step, gone.target, gone.before.value, gone.after.value) == ("left", "home", 1.0, 0.0)
    assert shifts(flow(("home", 100)), flow()) == []


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (0.61565, "share", "61.6%"),
        (1.0, "share", "100%"),
        (1_204.0, "number", "1,204"),
        (3.25, "score", "3.25"),
        (-5.0, "score", "-5"),
        (120_450, "money", "1,204.50 EUR"),
        (3.2 * 86_400, "seconds", "3.2 days"),
        (26 * 3_600, "seconds", "26 hours"),
        (90, "seconds", "90 seconds"),
        (None, "share", "-"),
    ],
)
def test_numbers_as_people_read_them(value, unit, written):
    """Per cent, thousands apart, money with its currency, and times in the unit that fits."""
    assert shown(value, unit, "EUR") == written


def test_periods_by_their_days():
    """As short as it can be said, with the days of the shop's zone."""

    def told(first, behind, zone="Europe/Berlin"):
        begin, end = (int(datetime.fromisoformat(one).timestamp()) * 1_000_000 for one in (first, behind))
        return days(Period(begin, end), zone)

    assert told("2026-11-16T00:00+01:00", "2026-11-23T00:00+01:00") == "16 to 22 November 2026"
    assert told("2026-11-30T00:00+01:00", "2026-12-07T00:00+01:00") == "30 November to 6 December 2026"
    assert told("2026-12-28T00:00+01:00", "2027-01-04T00:00+01:00") == "28 December 2026 to 3 January 2027"
    assert told("2026-03-01T00:00+01:00", "2026-04-01T00:00+02:00") == "1 to 31 March 2026"
    assert told("2026-03-01T00:00+01:00", "2026-03-02T00:00+01:00") == "1 March 2026"


def test_tables_of_a_review_are_taken_for_no_formula():
    """Names of steps, events and reasons are the shop's own, or whoever's: a product that is called by a formula stays text."""
    evil = '=HYPERLINK("http://evil")'
    journey = Journey(
        "cart", stage="purchase", entry=evil, exits="@gone", steps=[Step("left", wait="1 hour"), Step("later", wait="9 days")]
    )
    shop = Shop(journey)
    shop.event(evil, "ann")
    shop.wait("2 hours")
    shop.event("@gone", "ann")
    insight = Insight.of(shop.storage, Settings(kpis={"cart": (Kpi("entries", True, 1, "sales", "weekly"),)}))
    tables = spreadsheets(insight, reviews(insight, shop.clock.now() + WEEK))

    cells = [cell for told in tables.values() for row in csv.reader(io.StringIO(told)) for cell in row]
    assert {f"'{evil}", "'@gone"} <= set(cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))]
    assert [row[4:] for row in csv.reader(io.StringIO(tables["dropoffs"]))][1:] == [["later", "'@gone", f"'{evil}", "1"]]
