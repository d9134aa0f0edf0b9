"""The three subcommands, as a person at a terminal meets them; what they show is on docs/rehearsing.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from journeykit.cli import main
from rehearsal_shop import CART, PEOPLE, WIN_BACK

EVENTS = """who,when,what,cart
ann,2024-03-02T09:00,added,c1
ben,2024-03-02T09:30,added,c2
ben,2024-03-02T12:00,ordered,c2
"""
MAPPING = """
zone: UTC
customer: who
time: when
id: "{line}"
rows:
  - {event: Product Added, where: row.what == 'added', properties: {cart_id: cart}}
  - {event: Order Completed, where: row.what == 'ordered', properties: {cart_id: cart}}
"""


@pytest.fixture(name="call")
def _call(tmp_path, monkeypatch, capsys):
    """Calls the command in a folder that holds a shop, its past in a file and in a database, and people."""
    for name, text in {
        "cart.yaml": CART, "later.yaml": CART.replace("2 hours", "3 hours"), "back.yaml": WIN_BACK, "people.population.yaml": PEOPLE,
        "shop.csv": EVENTS, "shop.map.yaml": MAPPING,
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("JOURNEYKIT_DB", "JOURNEYKIT_JOURNEYS"):
        monkeypatch.delenv(name, raising=False)
    begin = "run cart.yaml --events shop.csv --map shop.map.yaml --db shop.db --until 2024-03-03 -q"
    assert main(begin.split()) == 0
    capsys.readouterr()

    def call(line):
        code = main(line.split())
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def test_replay_for_machines(call):
    """Everything as data, and the exit code says the same."""
    code, out, _ = call("replay cart.yaml --db shop.db --json -q")
    other, told, _ = call("replay later.yaml --db shop.db --json -q --as-given")

    assert (code, json.loads(out)) == (
        0, {"customers": 2, "identical": True, "left out": 0, "broken": [], "on other versions": [], "differences": []}
    )  # fmt: skip
    assert other == 1
    assert [one["customer"] for one in json.loads(told)["differences"]] == ["ann", "ben"]


def test_what_if_for_machines(call):
    """Messages by stage and action, journeys, and the whole ways of the examples."""
    code, out, _ = call("what-if cart.yaml later.yaml --events shop.csv --map shop.map.yaml --until 2024-03-03 --json -q")

    told = json.loads(out)
    assert code == 0
    assert told["messages"] == [{"stage": "consideration", "action": "email cart-reminder", "old": 2, "new": 1}]
    assert (told["changed"], [one["customer"] for one in told["examples"]]) == (2, ["ann", "ben"])
    assert told["examples"][1]["old"][1] == {"at": "2024-03-02T11:30:00+00:00", "text": "recover-cart c2: left to reminded"}
    assert told["not known"].startswith("How customers would have reacted is not known")


def test_what_if_on_a_database(call):
    """With one set of definitions the other is the one that was recorded; with both, both are as given."""
    _, alone, _ = call("what-if later.yaml --db shop.db --json -q --until 2024-03-03")
    _, both, _ = call("what-if cart.yaml later.yaml --db shop.db --json -q --until 2024-03-03")

    assert json.loads(alone) == json.loads(both)
    assert json.loads(alone)["messages"][0]["new"] == 1


def test_what_if_says_that_a_database_keeps_no_catalog(call, tmp_path):
    """A cap that is new holds on both sides, which nobody would know; with the old definitions given it shows."""
    shop = tmp_path / "capped"
    shop.mkdir()
    (shop / "cart.yaml").write_text(CART)
    (shop / "catalog.yaml").write_text("actions: {email: marketing}\npolicies: ['none while now > now - days(1) as nobody at all']\n")

    code, alone, said = call("what-if capped --db shop.db --json -q --until 2024-03-03")
    _, both, silent = call("what-if cart.yaml capped --db shop.db --json -q --until 2024-03-03")

    assert code == 0
    assert said == (
        "a database keeps no catalog: both sides are decided with the one given, and a\n"
        "  change of its policies or facts does not show; give OLD and NEW, each with its\n  own, to see it\n"
    )
    assert silent == ""
    assert [json.loads(one)["not sent"] for one in (alone, both)] == [{"old": 2, "new": 2}, {"old": 0, "new": 2}]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("what-if cart.yaml later.yaml", "journeykit: give the events: --events FILE, or --db DATABASE for those recorded\n  there\n"),
        (
            "what-if later.yaml --events shop.csv --map shop.map.yaml -q",
            "journeykit: a file of events says nothing of the old definitions; give both, OLD\n  and NEW\n",
        ),
        ("what-if a b c", "journeykit: 3 definitions; give OLD and NEW, each a file or a folder that holds\n  journeys and catalog\n"),
        ("simulate cart.yaml", "journeykit: journeys and --population are needed; simulate --fit --events FILE\n  writes a population\n"),
        (
            "simulate cart.yaml --population people.population.yaml --events shop.csv",
            "journeykit: --events and --map belong to --fit, which writes a population; a\n  simulation reads it with --population\n",
        ),
        ("simulate --fit", "journeykit: --fit needs the history: --events FILE, and --map MAP where its rows\n  have to be explained\n"),
    ],
)
def test_options_that_do_not_fit_together(call, line, problem):
    """What is missing is said, with the way out, and the exit code is that of a wrong call."""
    code, out, err = call(line)

    assert (code, out, err) == (2, "", problem)


def test_a_population_may_lie_beside_its_journeys(call):
    """A folder of journeys is read without it, like without a mapping."""
    for name in ("later.yaml", "people.population.yaml"):
        assert Path(name).exists()
    Path("later.yaml").unlink()

    assert call("check .")[:2] == (0, "2 journeys, no problem\n")
    assert call("simulate . --population people.population.yaml --customers 5 --days 10 -q")[0] == 0


def test_a_population_that_is_not_there(call):
    """The file is named."""
    code, _, err = call("simulate cart.yaml --population nobody.yaml")

    assert code == 1
    assert err == "journeykit: nobody.yaml: cannot be read: No such file or directory; give a\n  population file\n"


def test_simulate_for_machines_and_for_people(call):
    """The same seed gives the same figures, and a progress goes to standard error."""
    line = "simulate cart.yaml back.yaml --population people.population.yaml --customers 30 --days 40"
    code, out, err = call(f"{line} --json")
    again, text, quiet = call(f"{line} --quiet")

    assert (code, again, quiet) == (0, 0, "")
    assert json.loads(out)["customers"] == 30
    assert json.loads(out)["journeys"]["recover-cart"]["entered"] > 10
    assert "simulating 100%" in err
    assert text.startswith("30 customers, of whom 21 came, 40 days from 2026-01-01, seed 1\n")
    assert max(map(len, text.splitlines())) <= 80


def test_a_fitted_population_can_be_simulated(call):
    """What --fit writes --population reads; a line that cannot be read is told, and the exit code says so."""
    code, out, _ = call("simulate --fit --events shop.csv --map shop.map.yaml -q")
    Path("fitted.yaml").write_text(out)
    Path("shop.csv").write_text(f"{EVENTS}eve,yesterday,added,c3\n")
    bad, _, err = call("simulate --fit --events shop.csv --map shop.map.yaml -q")

    assert code == 0
    assert call("simulate cart.yaml --population fitted.yaml --customers 10 --days 5 -q")[0] == 0
    assert bad == 3
    assert err.startswith("1 line could not be read; the first: shop.csv:5: when: 'yesterday' is no moment;\n")


def test_of_many_lines_that_cannot_be_read_the_first_five_say_why(call):
    """Six lines are wrong, each in its way or another's; the good ones make the same population as without them."""
    _, out, _ = call("simulate --fit --events shop.csv --map shop.map.yaml -q")
    wrong = ["eve,yesterday,added,c3", ",2025-03-03T09:00:00Z,added,c3", *["zoe,2999-01-01T00:00:00Z,added,c4"] * 5]
    Path("shop.csv").write_text(EVENTS + "\n".join(wrong) + "\n")
    code, again, err = call("simulate --fit --events shop.csv --map shop.map.yaml -q")
    lines = err.replace("\n  ", " ").splitlines()

    assert (code, again) == (3, out)
    assert lines[0].startswith("7 lines could not be read; the first: shop.csv:5: when: 'yesterday' is no moment;")
    assert lines[1] == "shop.csv:6: customer: nothing stands there"
    assert [line.partition(": ")[0] for line in lines[2:5]] == ["shop.csv:7", "shop.csv:8", "shop.csv:9"]
    assert lines[5:] == ["and 2 more"]
