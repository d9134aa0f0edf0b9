"""
Reviews and maps of histories that others have published, compared with what a few lines of plain Python find in their files.

They are not part of the repository. ``JOURNEYKIT_SHARED_DATA`` names the folder that holds them; where it names none, it is
``../shared/data`` beside the repository.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from journeykit import SQLiteStorage
from journeykit.cli import main
from journeykit.insight import Insight
from journeykit.insight.figures import Slice

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "histories"
DATA = Path(os.environ.get("JOURNEYKIT_SHARED_DATA") or ROOT.parent / "shared" / "data")


def there(name):
    """The folder of one history; the test is skipped where it is not there."""
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there; name the folder that holds it in JOURNEYKIT_SHARED_DATA")
    return folder


@pytest.fixture(name="reviewed")
def _reviewed(tmp_path, capsys):
    """Brings a history in, draws its map and gives its reviews, by rhythm."""

    def reviewed(example, *files, at, **options):
        pairs = [
            part for name, mapping in files for part in ("--events", str(name), *(("--map", str(EXAMPLES / mapping)) if mapping else ()))
        ]
        more = [part for name, value in options.items() for part in (f"--{name}", value)]
        db, settings = str(tmp_path / "shop.db"), str(EXAMPLES / example / "insight.yaml")
        assert main(["run", str(EXAMPLES / example), *pairs, *more, "--db", db, "--json", "-q"]) in (0, 3)
        assert main(["map", "--db", db, "--settings", settings, "-o", str(tmp_path / "map.html")]) == 0
        text = (tmp_path / "map.html").read_text(encoding="utf-8")
        assert len(text.encode()) < 3_000_000
        assert "default-src 'none'" in text
        capsys.readouterr()
        assert main(["report", "--db", db, "--settings", settings, "--at", at]) == 0
        assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
        assert main(["report", "--db", db, "--settings", settings, "--at", at, "--format", "json"]) == 0
        return {review["rhythm"]: review["journeys"][0] for review in json.loads(capsys.readouterr().out)}

    return reviewed


def figure(journey, measure):
    """Count and of of a number in a review."""
    (found,) = (target["figure"] for target in journey["targets"] if target["measure"] == measure)
    return found["count"], found["of"]


def test_online_retail(reviewed):
    """Orders of a month, who came back, and who fell silent in a quarter: counted from the lines of the invoices."""
    file = there("online_retail") / "sample_150_customers.csv"
    orders = defaultdict(Decimal)
    for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines()):
        if not row["InvoiceNo"].startswith("C"):
            day = datetime.fromisoformat(row["InvoiceDate"])
            orders[row["CustomerID"], row["InvoiceNo"], day] += int(row["Quantity"]) * Decimal(row["UnitPrice"])
    november = {key: total for key, total in orders.items() if (key[2].year, key[2].month) == (2011, 11)}
    buyers = {customer for customer, _, _ in november}
    again = {customer for customer, _, at in november if any(who == customer and before.date() < at.date() for who, _, before in orders)}

    july, october = datetime(2011, 7, 1), datetime(2011, 10, 1)  # of the shop's own clock, as the file is
    active = {who for who, _, at in orders if at < july <= at + timedelta(days=120)}
    still = {who for who, _, at in orders if at < october <= at + timedelta(days=120)}

    found = reviewed("online_retail", (file, "online_retail/orders.map.yaml"), at="2011-12-01")

    assert figure(found["monthly"], "average order value") == (int(sum(november.values()) * 100), len(november))
    assert figure(found["monthly"], "repeat purchase rate") == (len(again), len(buyers))
    assert (
        figure(found["quarterly"], "churn rate") == (len(active - still), len(active)) == (28, 72)
    )  # goods that come back are no sign of life
    assert len(november) > 60
    assert found["monthly"]["stages"][0]["stage"] == "purchase"


def test_otto_sessions(reviewed, tmp_path):
    """Looks, visitors who order, and carts that nobody orders within seven days: counted from the sessions."""
    file = there("otto_sessions") / "train_20_sessions.jsonl"
    week = [datetime(2022, 8, day, tzinfo=ZoneInfo("Europe/Berlin")).timestamp() * 1_000 for day in (22, 29)]
    events = [
        (session["session"], event["type"], event["ts"])
        for session in map(json.loads, file.read_text().splitlines())
        for event in session["events"]
    ]
    entered = first_carts(events)
    during = [(who, kind, at) for who, kind, at in events if week[0] <= at < week[1] and at >= entered.get(who, at + 1)]
    looks = [one for one in during if one[1] == "clicks"]
    came, ordered = {who for who, _, _ in during}, {who for who, kind, _ in during if kind == "orders"}

    found = reviewed("otto_sessions", (file, "otto_sessions/sessions.map.yaml"), at="2022-08-29", until="2022-09-10")["weekly"]

    assert figure(found, "product page views")[0] == len(looks) > 20
    assert figure(found, "conversion rate") == (len(ordered), len(came))
    assert figure(found, "cart abandonment rate") == carts(events, week)
    storage = SQLiteStorage(tmp_path / "shop.db")
    insight = Insight.of(storage)
    met = Counter()
    for point in insight.touchpoints(Slice(insight.span, journey="recover-cart")):
        met[point.name] += point.count
    storage.close()
    kinds = {"clicks": "Product Viewed", "carts": "Product Added", "orders": "Order Completed"}
    once = Counter(kinds[kind] for who, kind, at in events if at >= entered.get(who, at + 1))
    assert {name: met[name] for name in kinds.values()} == once  # also of those who have thirty carts at once


def first_carts(events):
    """When each visitor first put something into a cart, and with it came into the journey."""
    found = {}
    for who, kind, at in events:
        if kind == "carts":
            found[who] = min(at, found.get(who, at))
    return found


def carts(events, week):
    """A visitor has one cart at a time, which an order closes, or seven days without a product more: how many that began in *week* were left."""
    patience = timedelta(days=7).total_seconds() * 1_000
    end = max(at for _, _, at in events)
    left = counted = 0
    for who in {who for who, _, _ in events}:
        open_since = last = None
        for kind, at in [
            *sorted(((kind, at) for whose, kind, at in events if whose == who and kind != "clicks"), key=lambda one: one[1]),
            ("end", end),
        ]:
            late = open_since is not None and at - last >= patience
            if open_since is not None and (late or kind == "orders"):
                counted += week[0] <= open_since < week[1]
                left += late and week[0] <= open_since < week[1]
                open_since = None
            if kind == "carts":
                open_since, last = (at if open_since is None else open_since), at
    return left, counted


def test_complete_journey(reviewed, tmp_path):
    """Of contacts those that were redeemed, and what receipts come to, of every tenth household: counted from four files."""
    data = there("complete_journey")
    chosen = [row for row in lines(data / "transactions_sample.csv.gz") if int(row["household_id"]) % 10 == 0]
    with (tmp_path / "receipts.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(chosen[0]))
        writer.writeheader()
        writer.writerows(chosen)
    york = ZoneInfo("America/New_York")
    started = {
        row["campaign_id"]: datetime.fromisoformat(row["start_date"]).replace(tzinfo=york)
        for row in lines(data / "campaign_descriptions.csv")
    }
    since = {}
    for row in lines(data / "campaigns.csv"):
        since[row["household_id"]] = min(started[row["campaign_id"]], since.get(row["household_id"], started[row["campaign_id"]]))
    baskets = defaultdict(lambda: [Decimal(), None])
    for row in chosen:
        at = datetime.fromisoformat(row["transaction_timestamp"])
        if row["household_id"] in since and since[row["household_id"]] <= at:
            baskets[row["basket_id"]][0] += Decimal(row["sales_value"])
            baskets[row["basket_id"]][1] = at.astimezone(york)
    june = [total for total, at in baskets.values() if (at.year, at.month) == (2017, 6)]

    files = [
        (data / "demographics.csv", "households"),
        (data / "campaigns.csv", "contacts"),
        (data / "coupon_redemptions.csv", "redemptions"),
        (tmp_path / "receipts.csv", "baskets"),
    ]
    found = reviewed(
        "complete_journey",
        *((file, f"complete_journey/{mapping}.map.yaml") for file, mapping in files),
        at="2017-07-01",
        until="2018-01-02",
    )

    assert figure(found["monthly"], "average order value") == (int(sum(june) * 100), len(june))
    assert figure(found["monthly"], "goal rate") == redeemed(data, "2017-06")
    assert len(june) > 20


def lines(file):
    """The rows of a CSV file, packed or not, as the standard library reads them."""
    with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as rows:
        return list(csv.DictReader(rows))


def redeemed(data, month):
    """Of the contacts of campaigns that began in *month* those that were redeemed before the campaign's last day began."""
    ends = {row["campaign_id"]: (row["start_date"], row["end_date"]) for row in lines(data / "campaign_descriptions.csv")}
    contacted = {
        (row["household_id"], row["campaign_id"]) for row in lines(data / "campaigns.csv") if ends[row["campaign_id"]][0].startswith(month)
    }
    used = {
        (row["household_id"], row["campaign_id"])
        for row in lines(data / "coupon_redemptions.csv")
        if ends[row["campaign_id"]][0] <= row["redemption_date"] <= ends[row["campaign_id"]][1]
    }
    return len(contacted & used), len(contacted)


def test_the_messages_of_the_segment_spec(reviewed, tmp_path):
    """Messages that shops already send need no mapping; what they come to is a page and a review like any other."""
    examples = json.loads((there("segment_spec") / "segment_spec_examples.json").read_text())
    messages = [
        {"type": "track", "userId": "ann"}
        | {name: value for name, value in one["event"].items() if value}
        | {"messageId": f"m{number}", "timestamp": f"2025-11-01T00:{number // 60:02}:{number % 60:02}Z"}
        for number, one in enumerate(examples)
    ]
    (tmp_path / "messages.jsonl").write_text("".join(json.dumps(message) + "\n" for message in messages))

    found = reviewed("segment", (tmp_path / "messages.jsonl", None), at="2026-01-01", format="segment")

    assert [target["measure"] for target in found["quarterly"]["targets"]] == ["conversion rate"]
    assert found["quarterly"]["entered"]["figure"] > 0
