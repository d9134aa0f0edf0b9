"""What the page is given to show: the same numbers that insight answers, for each period, segment and version."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from attrs import evolve

from journeykit import Catalog, Engine, Journey, MemoryStorage, On, Step, load
from journeykit.insight import Insight
from journeykit.insight.engines.duck import DuckLake
from journeykit.insight.engines.small import SmallLake
from journeykit.insight.figures import Period, Slice
from journeykit.insight.map.page import page
from journeykit.insight.map.view import Choice, view
from journeykit.insight.numbers.periods import watched
from journeykit.insight.reports.review import reviews
from journeykit.insight.settings.kpis import Kpi
from journeykit.insight.settings.settings import Settings
from journeykit.insight.tables.days import begin_of
from journeykit.insight.tables.reading import fill
from mapped import BITING, care, happened
from shop import Shop

KPI = Kpi("average order value", True, 2_300, "sales", "monthly")


def shop(lake=None, **lives):
    """The numbers of a shop whose customers have lived half a year, and its storage."""
    storage = MemoryStorage()
    happened(storage, **lives)
    settings = Settings(currency="EUR", kpis={"after-order": (KPI,)})
    if lake is None:
        return Insight.of(storage, settings), storage
    fill(lake, storage)
    return Insight(lake, settings), storage


def told(insight, storage, **choices):
    """The view, as a browser would read it."""
    engine = Engine([], storage)
    made = view(insight, at=insight.span.end, timeline=lambda who: engine.explain(who).entries, choice=Choice(**choices))
    return json.loads(json.dumps(made.data))


@pytest.fixture(scope="module", params=[None, DuckLake], ids=["sqlite", "duckdb"])
def half_a_year(request):
    """Half a year on either engine."""
    return shop(request.param and request.param())


def test_several_periods_at_once_are_one_after_the_other(half_a_year):
    """Flows and touchpoints of all time and of each month: one query gives what seven give."""
    insight, _ = half_a_year
    whole = Slice(insight.span, journey="after-order")
    periods = [insight.span, *insight.periods(insight.span, "month")]

    assert len(periods) == 7
    assert insight.flows(whole, periods) == [insight.flow(evolve(whole, period=period)) for period in periods]
    assert insight.touchpoints_of(whole, periods) == [insight.touchpoints(evolve(whole, period=period)) for period in periods]


def test_each_choice_has_the_numbers_of_its_slice(half_a_year):
    """Everybody and two versions, all time and six months: what is written on the map is what insight answers."""
    insight, storage = half_a_year
    (journey,) = told(insight, storage)["journeys"]

    assert [one["label"].split(" (")[0] for one in journey["filters"]] == [
        "everybody",
        "version since 17 May 2026",
        "version since 2 March 2026",
    ]
    assert [one["map"] for one in journey["filters"]] == [0, 1, 2]
    assert set(journey["slices"]) == {f"{f},{p}" for f in range(3) for p in range(7)}
    for f, version in enumerate([None, *[version for version, _ in insight.versions("after-order")][::-1]]):
        for p, period in enumerate([insight.span, *insight.periods(insight.span, "month")[::-1]]):
            flow = insight.flow(Slice(period, journey="after-order", version=version))
            shown = journey["slices"][f"{f},{p}"]
            steps = [step["name"] for step in journey["maps"][journey["filters"][f]["map"]]["steps"]]
            counted = {name: found for name, found in zip(steps, shown["steps"], strict=True) if found}
            assert {one.step: [one.there_before, one.arrived, one.customers, one.moved, one.left, one.still] for one in flow.steps} == {
                name: found[:6] for name, found in counted.items()
            }
            assert sum(shown["ways"]) == sum(link.count for link in flow.links)


def test_a_target_is_held_against_the_last_whole_period(half_a_year):
    """A monthly KPI of all time shows the last month that the history covers to its end; the trend ends there, too."""
    insight, storage = half_a_year
    (journey,) = told(insight, storage)["journeys"]
    july = next(period for period in insight.periods(insight.span, "month") if period.label == "2026-07")
    # customers 45 and 52 order again on days 130 and 144; july is days 121 to 151
    (figure,) = insight.figures("average order value", Slice(july, journey="after-order"))

    assert (figure.value, figure.of) == (3_000, 2)
    assert journey["slices"]["0,0"]["kpis"] == [[3_000, "30.00 EUR", True, "mean of 2", "2026-07", 6_000, 2]]
    assert journey["kpis"][0]["trend"][-1] == ["2026-07", 3_000, "30.00 EUR"]
    assert journey["kpis"][0]["target"] == "at least 23.00 EUR"


def test_the_page_and_the_review_speak_of_the_same_month():
    """Made on 1 September, both tell August, although nothing has happened on its last day."""
    insight, _ = shop()
    made_at = begin_of((date(2026, 9, 1) - date(1970, 1, 1)).days, "UTC")
    (journey,) = view(insight, at=made_at).data["journeys"]
    (review,) = reviews(insight, made_at)
    (target,) = review.journeys[0].targets
    (card,) = journey["slices"]["0,0"]["kpis"]

    assert insight.span.end < made_at
    assert card[4] == review.period.label == "2026-08"
    assert card[0] == target.figure.value
    assert card[2] is target.met
    assert [label for label, _, _ in journey["kpis"][0]["trend"]][-1] == "2026-08"


@pytest.mark.parametrize(
    ("ends", "looked_at", "told"),
    [
        (70, 80, "b"),  # while c runs b is told
        (95, 100, "c"),  # c is over, and something happened nearly to its end
        (75, 100, "c"),  # c is just over: nothing happened lately, which a shop should see
        (75, 129, "c"),
        (75, 133, "b"),  # a whole further period has gone: the record broke off in c
        (97, 999, "c"),
    ],
)
def test_of_a_record_that_ended_long_ago_the_last_whole_period_is_told(ends, looked_at, told):
    """Periods a, b and c, each 33 long, of a record that ends somewhere in the last."""
    several = [Period(0, 33, "a"), Period(33, 66, "b"), Period(66, 99, "c")]

    assert watched(several, looked_at, ends)[-1].label == told


def test_a_target_is_not_missed_before_its_month_is_over(half_a_year):
    """August is not over when the page is made: it has a figure, which says so, and no verdict; July has one."""
    insight, storage = half_a_year
    data = told(insight, storage)
    (journey,) = data["journeys"]
    august, july = (journey["slices"][f"0,{p}"]["kpis"][0] for p in (1, 2))

    assert [period["over"] for period in data["periods"][:3]] == [False, False, True]
    assert (august[2], august[4]) == (None, "2026-08 so far")
    assert (july[2], july[4]) == (True, "2026-07")


def test_who_is_there_and_who_was_lost_are_those_of_the_chosen_period_and_version(half_a_year):
    """
    In each month, of everybody and of each version: those who stood in a step when it ended, the eight who are there longest, and the ways in
    which some were lost during it; orders are no loss.
    """
    insight, storage = half_a_year
    (journey,) = told(insight, storage)["journeys"]
    steps = [step["name"] for step in journey["maps"][0]["steps"]]
    periods = [insight.span, *insight.periods(insight.span, "month")[::-1]]
    listed, lost = [0, 0, 0], [0, 0, 0]
    for f, chosen in enumerate(journey["filters"]):
        for p, period in enumerate(periods):
            cut = Slice(period, journey="after-order", version=chosen["version"])
            now = min(period.end, insight.span.end)
            for step in insight.flow(cut).steps:
                there = journey["there"][p].get(str(steps.index(step.step)), {"who": []})["who"]
                mine = [one for one in there if one[4] >> f & 1]
                assert len(mine) == min(step.still, 8)
                assert [(one[1], one[2]) for one in mine] == [
                    (round((now - one.since) / 1e6), one.last) for one in insight.there(cut, step.step, 8)
                ]
                listed[f] += p > 0 and len(mine)
            found = [[*journey["losses"][way], customers] for way, customers in journey["lost"].get(f"{f},{p}", [])]
            assert found == [[one.step, one.reason, one.last, one.customers] for one in insight.dropoffs(cut, 30)]
            lost[f] += p > 0 and sum(one[3] for one in found)

    assert min(listed) > 20
    assert lost[0] == lost[1] + lost[2] > 5
    assert min(lost[1:]) > 0


@pytest.mark.parametrize("make", [SmallLake, DuckLake])
def test_who_is_there_is_of_the_chosen_segment(make):
    """Twelve stand there, every third of whom has ordered twice: these four are listed, one of whom came too late to be among the first eight."""
    buyers = Catalog(facts={"orders": "count of Order Completed"}, segments={"regulars": "customer.orders >= 2"})
    club = Journey("club", entry=On(segment="regulars"), steps=[Step("member", stage="retention")])
    cart = Journey("cart", entry="Product Added", exits="Account Closed", steps=[Step("left", stage="purchase", wait="90 days")])
    shop, lake = Shop(club, cart, buyers), make()
    for number in range(12):
        for order in range(2 if number % 3 == 0 else 1):
            shop.event("Order Completed", f"c{number:02}", order_id=f"o{number}-{order}")
        shop.event("Product Added", f"c{number:02}")
        shop.wait("1 hour")
    fill(lake, shop.storage)

    data = view(Insight(lake), at=shop.clock.now(), choice=Choice(personal=True)).data
    chosen = next(one for one in data["journeys"] if one["name"] == "cart")
    there = chosen["there"][0]["0"]

    assert [one["label"] for one in chosen["filters"]] == ["everybody", "only regulars"]
    assert [chosen["slices"][f"{f},0"]["steps"][0][5] for f in (0, 1)] == [12, 4]
    assert [one[0] for one in there["who"] if one[4] & 1] == [f"c{number:02}" for number in range(8)]
    assert [one[0] for one in there["who"] if one[4] & 2] == ["c00", "c03", "c06", "c09"]
    assert len(there["who"]) == 9  # everybody once


def test_an_example_is_told_as_far_as_the_period_goes(half_a_year):
    """What a customer did in July is not told of who stood there in May; fewer timelines are told where fewer are asked for."""
    insight, storage = half_a_year
    (journey,) = told(insight, storage)["journeys"]
    cut = 0
    for p, period in enumerate([insight.span, *insight.periods(insight.span, "month")[::-1]]):
        for present in journey["there"][p].values():
            for place, number, lines in present["examples"]:
                assert place < len(present["who"])
                days = [datetime.strptime(line[0], "%d %B %Y").replace(tzinfo=UTC) for line in journey["timelines"][number][:lines]]
                assert p == 0 or all(day.timestamp() * 1e6 < period.end for day in days)
                cut += lines < len(journey["timelines"][number])

    assert cut > 5
    assert len(told(insight, storage, examples=2)["journeys"][0]["timelines"]) == 2


def test_of_each_version_that_somebody_stands_on_one_is_told_about(half_a_year):
    """Whoever chooses a version sees how one of those came here who are on it; the same customer is told about once."""
    insight, storage = half_a_year
    (journey,) = told(insight, storage, examples=100)["journeys"]
    wanted = 0
    for present in journey["there"][0].values():
        marks = [one[4] for one in present["who"]]
        shown = [marks[place] for place, _, _ in present["examples"]]
        for f in range(3):
            assert any(mark >> f & 1 for mark in shown) == any(mark >> f & 1 for mark in marks)
            wanted += any(mark >> f & 1 for mark in marks)

    assert wanted >= 4
    assert len({json.dumps(one) for one in journey["timelines"]}) > 3


def test_customers_are_numbered_and_what_they_said_is_left_out():
    """Names and properties come along only where the shop asks for them."""
    insight, storage = shop()
    numbered = json.dumps(told(insight, storage))
    named = json.dumps(told(insight, storage, personal=True))

    assert '"customer 1"' in numbered
    assert not any(f'"c{number:03}' in numbered for number in range(60))
    assert "order_id" not in numbered
    assert any(f'"c{number:03}"' in named for number in range(60))
    assert "order_id='o" in named


def test_no_name_ends_the_script_that_holds_it():
    """Customers, events and properties called ``</script><script>alert(1)</script>`` stand in the page as text: in JSON and in the drawing."""
    insight, storage = shop(said=BITING, biting=True)
    engine = Engine([], storage)
    made = view(insight, at=insight.span.end, timeline=lambda who: engine.explain(who).entries, choice=Choice(personal=True))
    text = page(made)

    assert BITING in json.dumps(made.data, ensure_ascii=False).replace('\\"', '"')
    assert "alert(1)" in text
    assert "<script>alert" not in text
    assert text.count("</script>") == 2


def test_a_journey_that_nobody_has_entered_is_shown_with_noughts():
    """A definition is enough; it stands beside a journey that customers are in."""
    insight, _ = shop(customers=3)
    idea = Journey("idea", steps=[Step("first", stage="awareness", wait="1 day"), Step("second")])
    made = view(insight, at=insight.span.end, journeys=[idea, care(called=False)])

    assert [one["name"] for one in made.data["journeys"]] == ["idea", "after-order"]
    assert made.data["journeys"][0]["slices"]["0,0"]["ways"] == [0, 0, 0]
    assert "idea" in page(made)


def test_less_can_be_chosen_from():
    """A shop with much history makes a smaller page."""
    insight, storage = shop()
    small, usual = told(insight, storage, periods=1, versions=0, touchpoints=2), told(insight, storage)

    assert [len(one["journeys"][0]["slices"]) for one in (small, usual)] == [2, 21]
    assert all(len(one["touch"]) <= 2 for one in small["journeys"][0]["slices"].values())


def test_many_journeys_stay_below_three_megabytes(request):
    """All published recipes on one page: each has its map, and the page says what it leaves out."""
    folder = request.config.rootpath / "examples" / "recipes"
    recipes = [one for one in load(folder) if isinstance(one, Journey)]
    insight, _ = shop(customers=3)

    made = view(insight, at=insight.span.end, journeys=[*recipes, care(called=False)], choice=Choice(journeys=60))

    assert len(recipes) > 60
    assert len(made.data["journeys"]) == 60
    assert made.data["left out"] == len(recipes) - 59
    assert len(page(made).encode()) < 1_500_000


def test_where_there_are_many_journeys_there_is_less_to_choose_from_for_each():
    """Versions go first, then segments, then periods."""
    usual = Choice(segments=4)

    assert usual.among(8) == usual
    assert (usual.among(9).versions, usual.among(9).segments, usual.among(9).periods) == (0, 2, 6)
    assert (usual.among(25).versions, usual.among(25).segments, usual.among(25).periods) == (0, 0, 3)
