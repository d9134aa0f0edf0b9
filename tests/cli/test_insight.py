"""`journeykit report`, `map` and `serve`, as they are typed; the last is asked by a browser's own means and stopped with Ctrl-C."""

from __future__ import annotations

import csv
import http.client
import io
import json
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from pathlib import Path

import pytest

from journeykit.cli import main

JOURNEY = """
journey: recover-cart
key: cart_id
entry: Product Added
exits: Order Completed
steps:
  - step: left
    stage: consideration
    wait: 2 hours
    when: {Product Added: left}
  - step: reminded
    do: {email: {template: cart-reminder, expires: never}}
    wait: 7 days
"""
SETTINGS = """
zone: Europe/Berlin
kpis:
  recover-cart:
    - cart abandonment rate at most 60%, marketing, weekly
    - conversion rate at least 10%, sales, weekly
    - conversion rate at least 20%, sales, monthly
  win-back:
    - reach at least 1, product, quarterly
"""
EVENTS = """customer,at,what,cart
ann,2025-03-03 09:00,added,c1
ben,2025-03-03 09:30,added,c2
ben,2025-03-03 10:00,ordered,c2
=cmd|'/c calc'!A1,2025-03-04 09:00,added,c3
<script>alert(1)</script>,2025-03-05 14:00,added,c9
<script>alert(1)</script>,2025-03-17 09:00,added,c4
"""
MAP = """
zone: Europe/Berlin
customer: customer
time: at
id: "{file}:{line}"
rows:
  - {event: Product Added, where: row.what == 'added', properties: {cart_id: cart}}
  - {event: Order Completed, where: row.what == 'ordered', properties: {cart_id: cart}}
"""


@pytest.fixture(name="shop", scope="module")
def _shop(tmp_path_factory):
    """A folder with a database of four customers, and what the shop wants to reach."""
    folder = tmp_path_factory.mktemp("shop")
    for name, text in {"cart.yaml": JOURNEY, "insight.yaml": SETTINGS, "shop.csv": EVENTS, "shop.map.yaml": MAP}.items():
        (folder / name).write_text(text)
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert main(["run", "cart.yaml", "--events", "shop.csv", "--map", "shop.map.yaml", "--db", "shop.db", "-q"]) == 0
    finally:
        os.chdir(before)
    return folder


@pytest.fixture(name="run")
def _run(shop, monkeypatch, capsys):
    """Types a command in that folder, and gives its exit code and what it says."""
    monkeypatch.chdir(shop)

    def run(*words):
        code = main([*words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_the_review_of_a_week(run):
    """On Thursday one reads of the last week that is over; of four carts three were left."""
    code, told, _ = run("report", "weekly", "--db", "shop.db", "--settings", "insight.yaml", "--at", "2025-03-13")

    assert code == 0
    assert told.startswith(
        "Weekly review, 3 to 9 March 2025\nThe week before is 24 February to 2 March 2025. Days are those of Europe/Berlin.\n"
    )
    assert "MISSED  cart abandonment rate                  75%  at most 60%" in told
    assert "marketing; 3 of 4; no number the week before" in told
    assert "MET     conversion rate                        25%  at least 10%" in told
    assert "4 entries, 0 the week before" in told
    assert "win-back" not in told


def test_what_was_exported_tells_the_same(run, shop):
    """A shop with a million customers exports in the night, and looks at the folder; only timelines need the database."""
    asked = ["report", "weekly", "--settings", "insight.yaml", "--at", "2025-03-13", "--db"]
    assert run("export", "exported", "--db", "shop.db")[0] == 0

    assert run(*asked, "exported") == run(*asked, "shop.db")
    assert run("map", "--db", "exported", "-o", "exported.html")[0] == 0
    assert "recover-cart" in (shop / "exported.html").read_text()
    assert run("status", "--db", "exported")[0] == 1
    (shop / "empty").mkdir()
    assert "events.parquet cannot be read" in " ".join(run(*asked, "empty")[2].split())


def test_all_reviews_that_are_due(run):
    """Where nothing is said each rhythm that has KPIs is told; a journey that nobody has ever entered says so."""
    _, told, _ = run("report", "--db", "shop.db", "--settings", "insight.yaml", "--at", "2025-04-01", "--format", "markdown")

    assert re.findall("^# .*$", told, re.MULTILINE) == [
        "# Weekly review, 24 to 30 March 2025",
        "# Monthly review, 1 to 31 March 2025",
        "# Quarterly review, 1 January to 31 March 2025",
    ]
    assert "Nobody has ever entered a journey of this name." in told


def test_a_review_for_some_people(run):
    """Sales read what sales answer for."""
    _, told, _ = run(
        "report", "--db", "shop.db", "--settings", "insight.yaml", "--at", "2025-04-01", "--owner", "sales", "--format", "json"
    )

    assert [(review["rhythm"], [target["owner"] for target in review["journeys"][0]["targets"]]) for review in json.loads(told)] == [
        ("weekly", ["sales"]),
        ("monthly", ["sales"]),
    ]


def test_a_week_without_anything_says_so(run):
    """Who asks too late, or of a database that nobody fills any longer, is told when the last thing happened."""
    _, told, _ = run("report", "weekly", "--db", "shop.db", "--settings", "insight.yaml", "--at", "2025-06-02")

    assert "Nothing happened in this week; the last that did was on" in " ".join(told.split())


@pytest.mark.parametrize("duck", [True, False], ids=["duckdb", "sqlite"])
def test_of_an_old_history_it_says_from_when_there_is_something_to_see(run, monkeypatch, duck):
    """A year later the last week is empty: beside the review stands which ``--at`` tells of the last that is not, and that one does; so for CSV."""
    if not duck:
        monkeypatch.setattr("importlib.util.find_spec", lambda name, *_: None)
    asked = ["report", "--db", "shop.db", "--settings", "insight.yaml", "--format", "csv"]
    _, told, beside = run(*asked, "weekly", "--at", "2026-03-13")
    _, _, all_three = run(*asked)
    at = beside.split("--at ")[1].split()[0]
    _, then, nothing = run(*asked, "weekly", "--at", at)

    assert beside == "weekly: the last that happened was on 17 March 2025; --at 2025-03-24 tells of the last week in which something did\n"
    assert [line.split(":")[0] for line in all_three.splitlines()] == ["weekly", "monthly", "quarterly"]
    assert nothing == ""
    assert {row["begin"] for row in csv.DictReader(io.StringIO(then))} == {"2025-03-16T23:00:00+00:00"}
    assert told != then


def test_a_review_into_a_file(run, shop):
    """A file is written whole or not at all; a folder that is not there is told."""
    asked = ["report", "weekly", "--db", "shop.db", "--settings", "insight.yaml", "--at", "2025-03-10", "--format", "csv", "-o"]
    assert run(*asked, "review.csv")[0] == 0
    code, _, told = run(*asked, "nowhere/review.csv")

    assert (shop / "review.csv").read_text().splitlines()[1].startswith("weekly,2025-03-02T23:00:00+00:00,")
    assert code == 1
    assert "nowhere/review.csv: cannot be written: No such file or directory; name another file" in " ".join(told.split())
    assert not [path for path in shop.iterdir() if path.name.startswith(".review")]


def test_every_table_of_a_review_as_csv(run, shop):
    """Into a folder: the KPIs, and the stages, steps, ways, touchpoints and drop-offs of the week, a file each, as `Insight` tells them."""
    asked = ["report", "weekly", "--db", "shop.db", "--settings", "insight.yaml", "--at", "2025-03-10", "--format", "csv", "-o"]
    assert run(*asked, "review")[0] == 0
    tables = {path.stem: list(csv.reader(path.read_text().splitlines())) for path in (shop / "review").iterdir()}

    assert sorted(tables) == ["dropoffs", "kpis", "stages", "steps", "touchpoints", "ways"]
    week = ["weekly", "2025-03-02T23:00:00+00:00", "2025-03-09T23:00:00+00:00", "recover-cart"]
    assert all(row[:4] == week for name, rows in tables.items() if name != "kpis" for row in rows[1:])
    assert [row[4] for row in tables["kpis"][1:]] == ["cart abandonment rate", "conversion rate"]
    assert tables["stages"] == [
        ["rhythm", "begin", "end", "journey", "stage", "there_before", "arrived", "customers", "moved", "left", "still", "median_seconds"],
        [*week, "consideration", "0", "4", "4", "0", "1", "3", ""],
    ]
    assert [row[4:] for row in tables["steps"]] == [
        ["step", "there_before", "arrived", "customers", "moved", "left", "still", "median_seconds"],
        ["left", "0", "4", "4", "3", "1", "0", "7200.0"],
        ["reminded", "0", "3", "3", "0", "0", "3", ""],
    ]
    assert [row[4:] for row in tables["ways"]] == [
        ["source", "target", "cause", "reason", "count", "customers"],
        ["", "left", "Product Added", "", "4", "4"],
        ["left", "reminded", "after 2 hours", "", "3", "3"],
        ["left", "", "Order Completed", "Order Completed", "1", "1"],
    ]
    assert ["Product Added", "site", "consideration", "4", "4", "1.0", "", "0"] in [row[4:] for row in tables["touchpoints"]]
    assert tables["dropoffs"][1:] == []  # the one that ended had ordered, the others still stand there
    (shop / "file").write_text("mine")
    code, _, told = run(*asked, "file")
    assert (code, (shop / "file").read_text()) == (1, "mine")
    assert "file: cannot be made a folder: File exists; name another one" in " ".join(told.split())


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["report"], "a review tells KPIs, and none is declared; name a file that does with --settings insight.yaml"),
        (
            ["report", "--settings", "insight.yaml", "--journey", "recover-crat"],
            'no KPIs of a journey "recover-crat"; did you mean "recover-cart"?',
        ),
        (
            ["report", "quarterly", "--settings", "insight.yaml", "--owner", "support"],
            "there is no such KPI; insight.yaml declares them by journey",
        ),
        (["report", "--settings", "insight.yaml", "--at", "soon"], "--at: "),
        (["map", "-o", "map.png"], "map.png: a page is called .html, a picture .svg; name it so"),
        (["map", "-o", "map.html", "--period", "2025-03"], "--journey and --period choose what a picture shows"),
        (["map", "-o", "map.svg", "--period", "2025-W33"], '--period: nothing happened in "2025-W33"'),
    ],
)
def test_what_does_not_fit_is_told_with_the_way_out(run, words, problem):
    """Nobody has to guess what to write instead."""
    code, _, told = run(*words, "--db", "shop.db")

    assert (code, problem in " ".join(told.split())) == (2, True), told


def test_a_picture_of_a_journey_that_nobody_entered(run):
    """A name that is nearly right is put right."""
    code, _, told = run("map", "-o", "map.svg", "--journey", "recover-crat", "--db", "shop.db")

    assert (code, 'nobody has entered a journey "recover-crat"; did you mean "recover-cart"?' in " ".join(told.split())) == (1, True)


def test_a_settings_file_with_a_mistake(run, shop):
    """All its mistakes are told, each with its place."""
    (shop / "wrong.yaml").write_text("zone: Europe/Berln\nkpis: {a: ['conversoin rate at least 3%, sales, weekly']}\n")
    code, _, told = run("report", "--db", "shop.db", "--settings", "wrong.yaml")
    lines = " ".join(told.split())

    assert code == 1
    assert "wrong.yaml: zone: 'Europe/Berln' is no time zone" in lines
    assert 'wrong.yaml: kpis.a[0]: no measure "conversoin rate"; did you mean "conversion rate"?' in lines


def test_the_page_tells_nobody_who_somebody_is(run, shop):
    """Ids and what events said are masked unless they are asked for; asked for, nothing in them is taken for HTML."""
    assert run("map", "--db", "shop.db", "-o", "map.html")[0] == 0
    masked = (shop / "map.html").read_text(encoding="utf-8")
    assert run("map", "--db", "shop.db", "-o", "map.html", "--names")[0] == 0
    named = (shop / "map.html").read_text(encoding="utf-8")

    assert "alert(1)" not in masked
    assert "calc" not in masked
    assert "alert(1)" in named
    assert "<script>alert(1)" not in named


def test_a_segment_that_no_journey_waits_for_can_be_chosen(run, shop):
    """Whoever names the shop's definitions can choose its segments; the page says that they are those of now."""
    (shop / "catalog.yaml").write_text("facts: {orders: count of Order Completed}\nsegments: {buyers: customer.orders > 0}\n")
    told = ["cart.yaml", "catalog.yaml", "--events", "shop.csv", "--map", "shop.map.yaml", "--db", "segments.db", "-q"]
    assert run("run", *told)[0] == 0
    assert run("map", "--db", "segments.db", "-o", "without.html")[0] == 0
    assert run("map", "cart.yaml", "catalog.yaml", "--db", "segments.db", "-o", "with.html")[0] == 0
    pages = [(shop / name).read_text(encoding="utf-8") for name in ("without.html", "with.html")]

    assert ['"only buyers, as it is now"' in page for page in pages] == [False, True]


def test_a_picture_is_a_file_of_its_own(run, shop):
    """It is SVG that any program can read, and asks for nothing else."""
    assert run("map", "--db", "shop.db", "-o", "map.svg", "--period", "2025-03")[0] == 0
    root = ET.fromstring((shop / "map.svg").read_text(encoding="utf-8"))

    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "href" not in (shop / "map.svg").read_text(encoding="utf-8")


def test_small_and_large_engine_say_the_same(run, monkeypatch):
    """Where DuckDB is not installed, SQLite works out the same review."""
    pytest.importorskip("duckdb")
    asked = ["report", "--db", "shop.db", "--settings", "insight.yaml", "--at", "2025-04-01", "--format", "json"]
    large = run(*asked)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    assert run(*asked) == large


@contextmanager
def served(shop, *words):
    """`journeykit serve` in a process of its own, and where it is."""
    asked = [sys.executable, "-m", "journeykit.cli", "serve", "--db", "shop.db", "--settings", "insight.yaml", "--port", "0", *words]
    process = subprocess.Popen(asked, cwd=shop, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        told = process.stderr.readline()
        where = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/  \(Ctrl-C ends\)\n", told)
        assert where, told + process.stderr.read()
        yield process, int(where[1])
    finally:
        process.kill()
        process.communicate()


def asked(port, path="/", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_page_is_served_until_it_is_stopped(shop, stop):
    """A browser on this machine gets the page and the picture; a page elsewhere nothing; Ctrl-C ends it without a word too many."""
    with served(shop) as (process, port):
        status, page = asked(port)
        assert status == 200
        assert "recover-cart" in page
        assert asked(port, "/map.svg")[1].startswith("<svg")
        assert asked(port, Host=f"evil.example:{port}") == (421, "this is only for those who ask this machine by its own address\n")
        process.send_signal(stop)
        out, err = process.communicate(timeout=600)

    assert (process.returncode, out, err) == (0, "", "stopped\n")


def test_a_port_that_is_taken(shop):
    """Whoever starts it twice is told how to start it beside the other."""
    with served(shop) as (_, port):
        twice = [sys.executable, "-m", "journeykit.cli", "serve", "--db", "shop.db", "--port", str(port)]
        done = subprocess.run(twice, cwd=shop, capture_output=True, text=True, timeout=600, check=False)

    assert done.returncode == 2
    assert f"journeykit: port {port}: Address already in use; name another with --port, 0 for any that is free" in " ".join(
        done.stderr.split()
    )


def test_no_database_is_told_at_once(run):
    """Not only to the first who asks."""
    code, _, told = run("serve", "--db", "nowhere.db", "--port", "0")

    assert (code, "nowhere.db: there is no such database" in told) == (1, True)
