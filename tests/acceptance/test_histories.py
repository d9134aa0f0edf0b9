"""
Histories that others have published, through the mappings and journeys of ``examples/histories``.

They are not part of the repository. ``JOURNEYKIT_SHARED_DATA`` names the folder that holds them; where it names none, it is
``../shared/data`` beside the repository.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from journeykit import SQLiteStorage
from journeykit.cli import main
from journeykit.histories.segment import event_of

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "histories"
DATA = Path(os.environ.get("JOURNEYKIT_SHARED_DATA") or ROOT.parent / "shared" / "data")


@pytest.fixture(name="run")
def _run(tmp_path, capsys):
    """Brings a history in and gives the figures of the command."""

    def run(example, *files, code=0, **options):
        pairs = [
            part for name, mapping in files for part in ("--events", str(name), *(("--map", str(EXAMPLES / mapping)) if mapping else ()))
        ]
        more = [part for name, value in options.items() for part in (f"--{name}", value)]
        assert main(["run", str(EXAMPLES / example), *pairs, *more, "--db", str(tmp_path / "shop.db"), "--json", "-q"]) == code
        return json.loads(capsys.readouterr().out)

    return run


def read(file):
    """The rows of a CSV file, as the standard library reads them."""
    return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))


def there(name):
    """The folder of one history; the test is skipped where it is not there."""
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there; name the folder that holds it in JOURNEYKIT_SHARED_DATA")
    return folder


def test_online_retail(run, tmp_path):
    """Lines of invoices become orders and cancellations, in minor units; the figures are those of the file, counted by hand."""
    file = there("online_retail") / "sample_150_customers.csv"
    rows = read(file)
    invoices = {(row["CustomerID"], row["InvoiceNo"]) for row in rows}
    totals = defaultdict(Decimal)
    for row in rows:
        totals[row["InvoiceNo"]] += int(row["Quantity"]) * Decimal(row["UnitPrice"])

    figures = run("online_retail", (file, "online_retail/orders.map.yaml"))

    assert (figures["rows read"], figures["set aside"], figures["events decided"], figures["customers"]) == (10_389, 0, len(invoices), 150)
    assert len(invoices) == 573
    storage = SQLiteStorage(tmp_path / "shop.db")
    kept = {row.event.properties["order_id"]: row.event for customer in {name for name, _ in invoices} for row in storage.events(customer)}
    storage.close()
    assert {name: event.properties["total"] * (-1 if event.name == "Order Cancelled" else 1) for name, event in kept.items()} == {
        name: int(total * 100) for name, total in totals.items()
    }
    assert {name[0] == "C" for name, event in kept.items() if event.name == "Order Cancelled"} == {True}
    assert {event.properties["currency"] for event in kept.values()} == {"GBP"}


def test_online_retail_customers_missing_and_duplicates(run, tmp_path):
    """A line without customer is set aside; a file told twice, and an invoice in both samples, count once."""
    lines = (there("online_retail") / "sample_40_customers.csv").read_text(encoding="utf-8").splitlines()
    nobody = lines[1].split(",")
    nobody[6] = ""
    (tmp_path / "orders.csv").write_text("\n".join([*lines, ",".join(nobody)]) + "\n", encoding="utf-8")

    first = run("online_retail", (tmp_path / "orders.csv", "online_retail/orders.map.yaml"), code=3)
    again = run("online_retail", (there("online_retail") / "sample_40_customers.csv", "online_retail/orders.map.yaml"))

    assert first["set aside"] == 1
    assert first["events decided"] == again["events known before"] > 100
    assert again["events decided"] == 0
    assert again["journeys"] == first["journeys"]


def test_otto_sessions(run, tmp_path):
    """Carts that lie for two hours are recovered; who orders the product in time hears nothing."""
    file = there("otto_sessions") / "train_20_sessions.jsonl"
    events = [(session["session"], event) for session in map(json.loads, file.read_text().splitlines()) for event in session["events"]]

    figures = run("otto_sessions", (file, "otto_sessions/sessions.map.yaml"), perform=str(tmp_path / "sent.jsonl"), until="2022-09-10")

    assert Counter(event["type"] for _, event in events) == {"clicks": 800, "carts": 52, "orders": 10}
    assert (figures["rows read"], figures["events decided"], figures["customers"]) == (20, 862, 20)
    sent = [json.loads(line) for line in (tmp_path / "sent.jsonl").read_text().splitlines()]
    first = {(one["customer_id"], one["parameters"]["product"]) for one in sent if one["parameters"]["template"] == "cart-reminder"}
    assert first == {(str(who), str(product)) for who, product in abandoned(events)}
    assert len(first) > 30


def abandoned(events):
    """Counted by hand: products put into a cart, and neither put there again nor ordered within two hours."""
    carts = [(who, event) for who, event in events if event["type"] == "carts"]
    return {
        (who, cart["aid"])
        for who, cart in carts
        if not any(
            other is not cart
            and whose == who
            and other["aid"] == cart["aid"]
            and other["type"] != "clicks"
            and 0 <= other["ts"] - cart["ts"] <= 7_200_000
            for whose, other in events
        )
    }


@pytest.mark.parametrize("share", [pytest.param(1, marks=pytest.mark.slow), 10], ids=["every household's receipts", "every tenth one's"])
def test_complete_journey(share, run, tmp_path):
    """Contacts, redemptions, baskets and what is known of households, from four files, in one order of time."""
    data = there("complete_journey")
    names = {data / "demographics.csv": "households", data / "campaigns.csv": "contacts", data / "coupon_redemptions.csv": "redemptions"}
    receipts, number = some_receipts(data, tmp_path, share)

    files = [(name, f"complete_journey/{mapping}.map.yaml") for name, mapping in (names | {receipts: "baskets"}).items()]
    figures = run("complete_journey", *files, until="2018-01-02", code=3 if share == 1 else 0)

    counted = figures["journeys"]["campaign"]
    assert figures["rows read"] == 801 + 6_589 + 2_102 + number
    assert figures["set aside"] == (share == 1)  # a receipt of 0.0000000000000004 dollars
    assert counted["entered"] == {"contacted": 6_589}
    assert counted["goals"]["reached"] == counted["ended"]["completed"] == redeemed(data)
    letters = sum(number for name, number in counted["actions"].items() if name.startswith("letter"))
    assert letters == counted["transitions"]["watched > reminded"] + counted["goals"]["reached"]


def some_receipts(data, folder, share):
    """The lines of the receipts of every so manieth household, and how many they are."""
    with gzip.open(data / "transactions_sample.csv.gz", "rt") as file:
        head, *lines = file.read().splitlines()
    chosen = [line for line in lines if int(line.partition(",")[0]) % share == 0]
    (folder / "receipts.csv").write_text("\n".join([head, *chosen]) + "\n")
    return folder / "receipts.csv", len(chosen)


def redeemed(data):
    """Counted by hand: contacts that were redeemed before the campaign's last day began, by households that it contacted."""
    ends = {row["campaign_id"]: (row["start_date"], row["end_date"]) for row in read(data / "campaign_descriptions.csv")}
    contacted = {(row["household_id"], row["campaign_id"]) for row in read(data / "campaigns.csv")}
    return len(
        {
            pair
            for row in read(data / "coupon_redemptions.csv")
            if (pair := (row["household_id"], row["campaign_id"])) in contacted
            and ends[row["campaign_id"]][0] <= row["redemption_date"] <= ends[row["campaign_id"]][1]
        }
    )


def test_every_event_of_a_receipt_is_summed(run, tmp_path):
    """The lines of one basket are one purchase, whose total is that of its lines."""
    data = there("complete_journey")
    receipts, _ = some_receipts(data, tmp_path, 2261)
    rows = [row for row in read(receipts) if row["household_id"] == "2261"]

    run("complete_journey", (receipts, "complete_journey/baskets.map.yaml"))

    storage = SQLiteStorage(tmp_path / "shop.db")
    totals = {row.event.id: row.event.properties["total"] for row in storage.events("2261")}
    storage.close()
    expected = Counter()
    for row in rows:
        expected[row["basket_id"]] += int(Decimal(row["sales_value"]) * 100)
    assert totals == expected


def test_segment(run, tmp_path):
    """Every example of the spec, given the id and the time that most of them leave out, is understood."""
    examples = json.loads((there("segment_spec") / "segment_spec_examples.json").read_text())
    known = {"type": "track", "messageId": "", "userId": "ann", "timestamp": ""}
    messages = [
        {
            **known,
            "messageId": f"m{number}",
            "timestamp": f"2024-01-01T00:{number // 60:02}:{number % 60:02}Z",
            **{name: value for name, value in one["event"].items() if value},
        }
        for number, one in enumerate(examples)
    ]
    for message in messages:
        if message["type"] in ("alias", "group"):
            message.setdefault("previousId", "cookie")
    (tmp_path / "messages.jsonl").write_text("".join(json.dumps(message) + "\n" for message in messages))

    figures = run("segment", (tmp_path / "messages.jsonl", None), format="segment", code=3)

    names = Counter(event_of(message).name for message in messages if message["type"] != "track" or "event" in message)
    assert (figures["rows read"], figures["set aside"], figures["events decided"]) == (133, 1, 127)  # one is no message at all
    assert figures["events known before"] == 5  # the documents repeat a messageId
    assert names["$identify"] == sum(message["type"] == "identify" for message in messages)
    assert {
        "Order Completed",
        "Product Added",
        "Email Opened",
        "Page Viewed",
        "Screen Viewed",
        "Group Joined",
        "Identity Aliased",
    } <= names.keys()


def test_segment_examples_as_they_are_published(run, tmp_path):
    """Most examples of the spec lack id or time: they are set aside with their reason, and the complete ones count."""
    examples = json.loads((there("segment_spec") / "segment_spec_examples.json").read_text())
    (tmp_path / "messages.jsonl").write_text("".join(json.dumps(one["event"]) + "\n" for one in examples))

    figures = run("segment", (tmp_path / "messages.jsonl", None), format="segment", code=3)

    reasons = Counter(json.loads(line)["reason"] for line in (tmp_path / "shop.rejects.jsonl").read_text().splitlines())
    assert (figures["rows read"], figures["events decided"]) == (133, 3)
    assert figures["events known before"] == 5  # the documents repeat a messageId
    assert reasons["messageId: missing; every message needs an id that tells it apart"] > 50
