"""Every figure of CDNOW's reviews, compared with what a few lines of plain Python find in the file of purchases."""

from __future__ import annotations

import gzip
import importlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from journeykit import SQLiteStorage
from journeykit.cli import main

CDNOW = Path(__file__).parents[2] / "examples" / "cdnow"
END = datetime(1998, 7, 1, tzinfo=UTC)
FIGURES = {
    "average order value": "average_order_value",
    "churn rate": "churn_rate",
    "customer lifetime value": "customer_lifetime_value",
    "time between purchases": "time_between_purchases",
}


@pytest.fixture(name="every", scope="module", params=[10, pytest.param(1, marks=pytest.mark.slow)])
def _every(request):
    """Of how many customers one is taken: of ten, and once, where there is time, everybody."""
    return request.param


@pytest.fixture(name="shop", scope="module")
def _shop(by_hand, every):
    return by_hand.purchases(every)


@pytest.fixture(name="by_hand", scope="module")
def _by_hand():
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        yield importlib.import_module("cdnow_by_hand")
    finally:
        sys.path.remove(str(Path(__file__).parent))


@pytest.fixture(name="database", scope="module")
def _database(every, tmp_path_factory):
    """The cohort, brought in as the demo does it."""
    folder = tmp_path_factory.mktemp("cdnow")
    sys.path.insert(0, str(CDNOW))
    try:
        demo = importlib.import_module("demo")
    finally:
        sys.path.remove(str(CDNOW))
    storage = SQLiteStorage(folder / "shop.db", synchronous="off")
    storage.migrate()
    demo.bring_in(storage, folder / "actions.jsonl", demo.purchases(every), lambda more: None, 2_000)
    storage.close()
    return str(folder / "shop.db")


@pytest.fixture(name="reviews", scope="module")
def _reviews(database, tmp_path_factory):
    """What `journeykit report` says on the first of July 1998."""
    file = tmp_path_factory.mktemp("reviews") / "reviews.json"
    asked = [
        "report",
        "--db",
        database,
        "--settings",
        str(CDNOW / "insight.yaml"),
        "--at",
        "1998-07-01",
        "--format",
        "json",
        "-o",
        str(file),
    ]
    assert main(asked) == 0
    return {review["rhythm"]: review for review in json.loads(file.read_text())}


def moments(period):
    """Begin and end of a period, as Python has them."""
    return datetime.fromisoformat(period["begin"]), datetime.fromisoformat(period["end"])


@pytest.mark.parametrize(("rhythm", "begin", "names"), [
    ("monthly", datetime(1998, 6, 1, tzinfo=UTC), ["average order value", "churn rate"]),
    ("quarterly", datetime(1998, 4, 1, tzinfo=UTC), ["customer lifetime value", "time between purchases"]),
])  # fmt: skip
def test_every_target(reviews, by_hand, shop, rhythm, begin, names):
    """The figure, the one before, and every one of the trend are those that the purchases give, and so is whether the target is met."""
    review = reviews[rhythm]
    (journey,) = review["journeys"]

    assert moments(review["period"]) == (begin, END)
    assert [target["measure"] for target in journey["targets"]] == names
    for target in journey["targets"]:
        work_out = getattr(by_hand, FIGURES[target["measure"]])
        value, count, of = work_out(shop, *moments(review["period"]))
        assert target["figure"] == {"value": pytest.approx(value, rel=1e-12), "count": count, "of": of}
        assert target["before"]["value"] == pytest.approx(work_out(shop, *moments(review["before"]))[0], rel=1e-12)
        assert [one["figure"] for one in target["trend"]] == [
            pytest.approx(work_out(shop, *moments(one))[0], rel=1e-12) for one in target["trend"]
        ]
        assert len(target["trend"]) == {"monthly": 6, "quarterly": 4}[rhythm]
        assert target["standing"] == ("met" if (value >= target["target"]) is (target["bound"] == "at least") else "missed")


@pytest.mark.parametrize("rhythm", ["monthly", "quarterly"])
def test_where_customers_stand(reviews, by_hand, shop, rhythm):
    """Who stands in which stage, then and before, and who came in, follow from the purchases and the days of silence after them."""
    review = reviews[rhythm]
    (begin, end), (journey,) = moments(review["period"]), review["journeys"]

    assert {one["stage"]: one["still"] for one in journey["stages"]} == by_hand.standing(shop, end)
    assert {one["stage"]: one["before"] for one in journey["stages"]} == by_hand.standing(shop, begin)
    assert {one["stage"]: one["arrived"] for one in journey["stages"]} == by_hand.arrivals(shop, begin, end)
    assert sum(one["still"] for one in journey["stages"]) == len(shop)
    assert [one["left"] for one in journey["stages"]] == [0, 0, 0, 0]  # nobody ever ends: they may come back
    assert journey["entered"] == {"figure": 0, "before": 0}  # all came in the first quarter of 1997


@pytest.mark.parametrize("rhythm", ["monthly", "quarterly"])
def test_which_ways_changed(reviews, by_hand, shop, every, rhythm):
    """The steps from which customers went another way than before are told with the very counts that the purchases give."""
    review = reviews[rhythm]
    (journey,) = review["journeys"]
    assert len(journey["shifts"]) >= (2 if every == 1 else 0)
    for shift in journey["shifts"]:
        for told, period in (("went", review["period"]), ("before", review["before"])):
            gone = by_hand.moves(shop, *moments(period))[shift["step"]]
            assert (shift[told]["count"], shift[told]["of"]) == (gone[shift["target"]], sum(gone.values()))


@pytest.mark.parametrize("rhythm", ["monthly", "quarterly"])
def test_where_customers_are_lost(reviews, by_hand, shop, rhythm):
    """Lost in a period is whose ninetieth day of silence lies in it; they are told by the step in which they stand when it ends."""
    review = reviews[rhythm]
    (journey,) = review["journeys"]
    lost = by_hand.lost(shop, *moments(review["period"]))

    assert {one["step"]: one["customers"] for one in journey["losses"]} == dict(lost.most_common(3))
    assert {one["reason"] for one in journey["losses"]} == {"silent"}
    assert {last["name"] for one in journey["losses"] for last in one["last"]} == {"Order Completed"}
    assert journey["lost"] == sum(lost.values())


def test_published_figures(by_hand):
    """The file is the published one: 23,570 customers and 69,659 purchases (Fader and Hardie 2001, Interfaces 31(3) tell of this cohort)."""
    shop = by_hand.purchases()
    with gzip.open(CDNOW / "CDNOW_master.txt.gz", "rt") as file:
        lines = sum(1 for _ in file) - 1

    assert (len(shop), sum(map(len, shop.values())), lines) == (23_570, 69_659, 69_659)


def test_the_page(database, tmp_path):
    """The map of all its customers is one file of less than three megabytes that asks nobody for anything, and a picture."""
    page, picture = tmp_path / "map.html", tmp_path / "map.svg"
    assert main(["map", "--db", database, "--settings", str(CDNOW / "insight.yaml"), "-o", str(page)]) == 0
    assert main(["map", "--db", database, "-o", str(picture), "--period", "1998-06"]) == 0
    text = page.read_text(encoding="utf-8")

    assert len(text.encode()) < 3_000_000
    assert "default-src 'none'" in text
    assert "http://" not in text.replace("http://www.w3.org/", "")
    assert "https://" not in text
    assert "purchase-lifecycle" in text
    assert picture.read_text(encoding="utf-8").startswith("<svg")
