"""Numbers that somebody has published, with where; on both engines."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from insight_told import LAKES, Told, at, figure, insight, period
from journeykit.insight.figures import Period, Slice
from journeykit.insight.settings.settings import Settings

ROOT = Path(__file__).parents[2]
SAMPLE = Path(os.environ.get("JOURNEYKIT_SHARED_DATA") or ROOT.parent / "shared" / "data") / "cdnow" / "CDNOW_sample.txt"
WEEK = 7 * 86_400
MARCH = period("2026-03-01", "2026-04-01")

each_engine = pytest.mark.parametrize("make", LAKES)


@each_engine
def test_the_net_promoter_score_of_an_insurer(make):
    """
    "If research shows that 30% of the responders is a promotor and 20% is a detractor, the NPS is +10."

    DELA, annual report 2018, https://annualreport2018.dela.nl/begrippenlijst/net-promotor-score
    """
    told = Told()
    for number, score in enumerate([10, 9, 9, 8, 8, 7, 7, 7, 6, 0]):
        told.event(f"customer {number}", "NPS Answered", "2026-03-02", score=score)

    assert figure(told.insight(make), "NPS", MARCH).value == 10


@each_engine
def test_the_cart_abandonment_of_a_thousand_carts(make):
    """
    "If 1,000 carts are created and 300 are completed, your abandonment rate is 70%."

    https://gleam.io/faq/rewards/data/how-to-calculate-cart-abandonment-rate
    """
    told = Told()
    for number in range(1_000):
        told.event(f"customer {number}", "Product Added", "2026-03-02")
        if number < 300:
            told.event(f"customer {number}", "Order Completed", "2026-03-03", total=1000)
    told.event("somebody", "Page Viewed", "2026-03-20")

    assert figure(told.insight(make), "cart abandonment rate", MARCH).value == 0.7


def sessions(told: Told) -> None:
    """Twenty sessions of 200 seconds in all; nineteen of them lasted none."""
    for number in range(20):
        told.event("ann", "Page Viewed", f"2026-03-02 {number:02}:00", session_id=f"s{number}")
    told.event("ann", "Page Viewed", "2026-03-02 00:03:20", session_id="s0")


def reopened(told: Told) -> None:
    """Created at 9:00, resolved at 9:30, reopened at 9:45, resolved at 10:15."""
    for name, hour in (("Opened", "09:00"), ("Resolved", "09:30"), ("Reopened", "09:45"), ("Resolved", "10:15")):
        told.event("ann", f"Ticket {name}", f"2026-03-02 {hour}", ticket_id="t1")


def some(count: int, name: str, of: int, all_name: str, day: str = "2026-03-02"):
    """Something that *of* customers did on one day, and *count* of them followed by something on the next."""

    def tell(told: Told) -> None:
        for number in range(of):
            told.event(f"customer {number}", all_name, day)
        for number in range(count):
            told.event(f"customer {number}", name, "2026-03-03")
        told.event("somebody", "Lamp Lit", "2026-03-30")

    return tell


def scored(*scores: int):
    """Answers of 1 to 5."""

    def tell(told: Told) -> None:
        for number, score in enumerate(scores):
            told.event(f"customer {number}", "CSAT Answered", "2026-03-02", score=score)

    return tell


#: a number, what happened, what was published, and where
EXAMPLES = [
    ("CSAT", scored(*[5] * 10, *[4] * 20, *[3] * 10, *[2] * 5, *[1] * 5), 0.6,
     "https://intercom.help/voc-metrics/en/articles/9647540-what-is-csat-and-how-is-csat-score-calculated"),
    ("time to resolution", reopened, 75 * 60, "https://docs.bird.com/connectivity-platform/inbox-reporting/inbox-reports-in-action"),
    ("session duration", sessions, 10, "https://blog.gmaven.com/dictionary/average-session-duration/"),
    ("checkout completion rate", some(250, "Order Completed", 400, "Checkout Started"), 0.625, "https://japio.com/metrics/checkout-conversion-rate"),
    ("repeat purchase rate", some(200, "Order Completed", 500, "Order Completed"), 0.4, "https://www.lifesight.io/glossary/repeat-purchases-rate"),
    ("unsubscribe rate", some(100, "Unsubscribed", 5_000, "Email Delivered"), 0.02, "https://www.mailgun.com/?p=5224"),
    ("social engagement rate", some(200, "Social Engaged", 2_500, "Social Post Seen"), 0.08, "https://costcalculator.calculator.city/engagement-rate-by-reach-calculator"),
    ("referral purchase rate", some(60, "Referral Bought", 300, "Referral Accepted"), 0.2, "https://www.keevee.com/referral-program-metrics"),
]  # fmt: skip


@each_engine
@pytest.mark.parametrize(("name", "tell", "published", "source"), EXAMPLES, ids=[name for name, *_ in EXAMPLES])
def test_a_worked_example(make, name, tell, published, source):
    """What others have worked out by hand comes out here."""
    told = Told()
    tell(told)

    assert figure(told.insight(make), name, MARCH).value == published, source


#: weeks of remission of 21 children who were given 6-MP; those with a plus were in remission when the study ended
REMISSION = [
    "6",
    "6",
    "6",
    "6+",
    "7",
    "9+",
    "10",
    "10+",
    "11+",
    "13",
    "16",
    "17+",
    "19+",
    "20+",
    "22",
    "23",
    "25+",
    "32+",
    "32+",
    "34+",
    "35+",
]


@each_engine
def test_the_textbook_example_of_kaplan_and_meier(make):
    """
    Remission under 6-mercaptopurine; half had relapsed within 23 weeks.

    Freireich and others (1963), Blood 21, 699-716; the table is that of Kleinbaum and Klein, Survival Analysis, chapter 2.
    """
    end = at("2026-12-01")
    history = []
    for number, weeks in enumerate(REMISSION):
        begun = end - int(weeks.rstrip("+")) * WEEK * 1_000_000 if weeks.endswith("+") else at("2026-01-01")
        over = begun + int(weeks.rstrip("+")) * WEEK * 1_000_000
        row = (f"child {number}", 1, 0, begun, "entered", "study", "", 1, None, "remission", "Remission", "v1")
        history += (
            [row]
            if weeks.endswith("+")
            else [row, (*row[:1], 2, 0, over, "exited", "study", "", 1, "remission", None, "Relapse", "relapse")]
        )
    history.append(("other", 1, 0, end, "entered", "other", "", 1, None, "somewhere", "Something", "v2"))

    numbers = insight(make, {"history": history, "customers": [(f"child {number}", None, None, "{}", "{}") for number in range(21)]})
    study = Slice(Period(at("2026-01-01"), end), journey="study")
    curve = numbers.survival(study, "remission")

    assert [(one.seconds / WEEK, one.at_risk, one.gone, round(one.share, 4)) for one in curve] == [
        (6, 21, 3, 0.8571),
        (7, 17, 1, 0.8067),
        (10, 15, 1, 0.7529),
        (13, 12, 1, 0.6902),
        (16, 11, 1, 0.6275),
        (22, 7, 1, 0.5378),
        (23, 6, 1, 0.4482),
    ]
    assert [step.median_seconds for step in numbers.flow(study).steps] == [23 * WEEK]


def purchases(lines: list[list[str]]) -> Told:
    """CDNOW's purchases, from lines of customer, day and dollars."""
    told = Told()
    for customer, day, dollars in lines:
        told.event(customer, "Order Completed", f"{day[:4]}-{day[4:6]}-{day[6:]}", total=round(float(dollars) * 100), currency="USD")
    return told


@each_engine
@pytest.mark.skipif(not SAMPLE.exists(), reason="CDNOW's sample of a tenth lies in ../shared/data/cdnow, which is not there")
def test_the_repeat_buyers_of_cdnow(make):
    """
    Of a tenth of CDNOW's customers, 2,357, within 39 weeks 1,411 never bought again.

    Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2), 275-284: 1411 with no repeat purchase, then
    439, 214, 100, 62, 38, 29, and 64 with seven or more. Purchases of one day are one.
    """
    lines = [line.split() for line in SAMPLE.read_text().splitlines()]
    numbers = purchases([[customer, day, dollars] for customer, _, day, _, dollars in lines]).insight(make)
    found = figure(numbers, "repeat purchase rate", period("1997-01-01", "1997-10-01"))
    often = numbers.lake.query(
        """select most - 1, count(*) from (select customer, max(purchase) as most from purchases where day < 10135 group by customer) as c
        group by most order by most"""
    )  # day 10135 is 1997-10-01

    assert (found.count, found.of) == (2_357 - 1_411, 2_357)
    assert [count for _, count in often[:7]] == [1_411, 439, 214, 100, 62, 38, 29]
    assert sum(count for _, count in often[7:]) == 64


@each_engine
def test_the_cohorts_of_cdnow(make):
    """
    23,570 customers bought for the first time in the first three months of 1997.

    Fader and Hardie (2001), Forecasting Repeat Sales at CDNOW, Interfaces 31(3), S94-S107, for the cohort; the table beside it is counted here.
    """
    with gzip.open(ROOT / "examples/cdnow/CDNOW_master.txt.gz", "rt") as lines:
        rows = [line.split() for line in lines][1:]
    numbers = purchases([[customer, day, dollars] for customer, day, _, dollars in rows]).insight(make, Settings(currency="USD"))
    days = {(customer, day) for customer, day, _, _ in rows}
    first = dict(sorted(days, reverse=True))
    table = {}
    for customer, day in days:
        label = f"{first[customer][:4]}-{first[customer][4:6]} +{(int(day[:4]) - 1997) * 12 + int(day[4:6]) - int(first[customer][4:6])}"
        table.setdefault(label, set()).add(customer)

    found = {one.by: (one.count, one.of) for one in numbers.figures("cohort retention", Slice(numbers.span))}
    assert {label: count for label, (count, _) in found.items()} == {label: len(customers) for label, customers in table.items()}
    assert [found[f"1997-0{month} +0"] for month in (1, 2, 3)] == [(7_846, 7_846), (8_476, 8_476), (7_248, 7_248)]
    assert 7_846 + 8_476 + 7_248 == 23_570

    spent = figure(numbers, "customer lifetime value", numbers.span)
    assert (spent.count, spent.of) == (sum(round(float(dollars) * 100) for *_, dollars in rows), 23_570)
