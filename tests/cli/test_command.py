"""The command, as a person at a terminal meets it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import jsonschema
import pytest
from psycopg.conninfo import conninfo_to_dict

from journeykit import DefinitionError, Engine, Event, Failed, SQLiteStorage, codec, load
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

EVENTS = """who,when,what,cart
ann,2024-03-02T09:00,added,c1
ben,2024-03-02T09:30,added,c2
ben,2024-03-02T10:00,ordered,c2
eve,2024-03-02T10:30,looked,
ann,2024-03-02T14:00,added,c9
"""


class Told:
    """What a call came to."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err


@pytest.fixture(name="call")
def _call(tmp_path, monkeypatch, capsys):
    """Calls the command in a folder that holds a journey, a mapping and events."""
    (tmp_path / "cart.yaml").write_text(JOURNEY)
    (tmp_path / "shop.map.yaml").write_text(MAPPING)
    (tmp_path / "shop.csv").write_text(EVENTS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("JOURNEYKIT_DB", "JOURNEYKIT_JOURNEYS"):
        monkeypatch.delenv(name, raising=False)

    def call(line: str) -> Told:
        code = main(line.split())
        return Told(code, *capsys.readouterr())

    return call


RUN = "run cart.yaml --events shop.csv --map shop.map.yaml --db shop.db"


# -- check, draw, schema ---------------------------------------------------------------------------------------------------


def test_check_finds_nothing_wrong(call):
    """All is well, in one line."""
    told = call("check cart.yaml")

    assert (told.code, told.out, told.err) == (0, "1 journey, no problem\n", "")


def test_check_shows_every_problem(call):
    """Problems are the answer: they stand on standard output, and the exit code is 1."""
    Path("cart.yaml").write_text(JOURNEY.replace("2 hours", "2 hour s").replace("exits", "exit"))

    told = call("check cart.yaml")

    assert told.code == 1
    assert (
        told.out
        == (
            'cart.yaml: unknown key "exit"; did you mean "exits"?\n'
            'cart.yaml: steps[0].wait: "2 hour s": "s" is left over; write for example "2 hours" or "2\n  calendar days"\n'
        )
        or 'unknown key "exit"; did you mean "exits"?' in told.out
    )
    assert told.err == "2 problems\n"


def test_check_for_machines(call):
    """The same as JSON."""
    Path("cart.yaml").write_text(JOURNEY.replace("exits", "exit"))

    told = call("check cart.yaml --json")

    assert told.code == 1
    assert json.loads(told.out) == {"journeys": 0, "problems": ['cart.yaml: unknown key "exit"; did you mean "exits"?']}


def test_a_folder_may_hold_mappings_beside_its_journeys(call):
    """Files whose names end in .map.yaml are no definitions."""
    assert call("check .").out == "1 journey, no problem\n"


def test_a_folder_without_journeys_is_told(call):
    """A catalog alone cannot run."""
    Path("cart.yaml").write_text("traits: {plan: text}")

    told = call("check cart.yaml")

    assert (told.code, told.out) == (1, "cart.yaml: no journey here; a journey begins with journey: NAME\n")


def test_draw(call):
    """The picture is the one that the library draws."""
    told = call("draw cart.yaml")

    assert told.code == 0
    assert told.out.startswith('flowchart TD\n    start(["recover-cart<br/>one per cart_id"])\n')


def test_draw_knows_the_names(call):
    """Another name is told together with those there are."""
    told = call("draw cart.yaml --only recover")

    assert (told.code, told.err) == (1, 'journeykit: no journey "recover"; there are recover-cart\n')


def test_schema(call):
    """It is the JSON Schema that editors need."""
    schema = json.loads(call("schema").out)

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema == codec.json_schema()


# -- run -------------------------------------------------------------------------------------------------------------------

SUMMARY = """\
rows read                                                              5
rows no rule wants                                                     1
set aside                                                              0
events decided                                                         4
events known before                                                    0
customers                                                              2
parked                                                                 0

recover-cart
  entered
    left                                                               3
  stages
    consideration                                                      1
  steps
    left                                                               1
  ended
    completed                                                          1
    exited: Order Completed                                            1
  transitions
    left > reminded                                                    1
  timers fired
    left: 2 hours                                                      1
  timers cancelled
    left: 2 hours                                                      1
  timers running
    left: 2 hours                                                      1
  actions
    email, imported                                                    1
"""


def test_run_brings_a_history_in(call):
    """The summary says who stands where, which way they went, and what would have been asked for."""
    told = call(RUN)

    assert told.code == 0
    assert told.out == SUMMARY
    assert told.err.splitlines()[-1].startswith("deciding 100%  4 events")


def test_run_again_changes_nothing(call):
    """What is known counts once."""
    call(RUN)

    told = call(RUN + " -q")

    assert told.out == SUMMARY.replace(
        "decided                                                         4",
        "decided                                                         0",
    ).replace("before                                                    0", "before                                                    4")
    assert told.err == ""


def test_run_for_machines(call):
    """The same figures as JSON, and nothing else on standard output."""
    figures = json.loads(call(RUN + " --json --until 2024-03-03").out)

    assert figures["events decided"] == 4
    assert figures["rejects"] is None
    assert figures["journeys"]["recover-cart"]["ended"] == {"completed": 2, "exited: Order Completed": 1}


def test_run_performs_into_a_file(call):
    """Asked to perform, it appends each request to the file."""
    told = call(RUN + " --perform sent.jsonl --until 2024-03-03")

    assert told.code == 0
    assert "email, performed" in told.out
    sent = [json.loads(line) for line in Path("sent.jsonl").read_text().splitlines()]
    assert [(one["customer_id"], one["requested_at"], one["parameters"]) for one in sent] == [
        ("ann", "2024-03-02T11:00:00+00:00", {"template": "cart-reminder"}),
        ("ann", "2024-03-02T16:00:00+00:00", {"template": "cart-reminder"}),
    ]


def test_run_sets_bad_lines_aside(call):
    """The exit code tells it, and the end of the summary where they are."""
    Path("shop.csv").write_text(EVENTS + "fay,yesterday,added,c7\n")

    told = call(RUN)

    assert told.code == 3
    assert told.out.endswith("\nwhat was set aside stands in shop.rejects.jsonl, with file, line and reason\n")
    assert json.loads(Path("shop.rejects.jsonl").read_text())["line"] == 7


def test_rejects_of_an_earlier_run_do_not_stay(call):
    """The file is that of the last run; without bad lines there is none."""
    Path("shop.rejects.jsonl").write_text("{}\n")

    assert call(RUN).code == 0
    assert not Path("shop.rejects.jsonl").exists()


def test_run_reads_standard_input(call, monkeypatch):
    """A history may come out of another command."""
    lines = io.TextIOWrapper(io.BytesIO(EVENTS.encode()))
    monkeypatch.setattr("sys.stdin", lines)

    told = call(RUN.replace("shop.csv", "-") + " --format csv -q")

    assert told.out == SUMMARY


def test_run_understands_segment(call):
    """Messages need no mapping."""
    message = {
        "type": "track",
        "event": "Product Added",
        "messageId": "m1",
        "userId": "ann",
        "timestamp": "2024-03-02T09:00:00Z",
        "properties": {"cart_id": "c1"},
    }
    Path("messages.jsonl").write_text(json.dumps(message) + "\n")

    told = call("run cart.yaml --events messages.jsonl --format segment --db shop.db --json")

    assert json.loads(told.out)["journeys"]["recover-cart"]["entered"] == {"left": 1}


@pytest.mark.parametrize(
    ("line", "code", "error"),
    [
        ("run cart.yaml --events none.csv --map shop.map.yaml --db shop.db", 1,
         "journeykit: none.csv: cannot be read: No such file or directory; give a file of\n  events, or - for standard input\n"),
        ("run cart.yaml --events shop.csv --db shop.db", 1,
         "journeykit: shop.csv: what its rows mean is not said; give a mapping with --map,\n  or --format segment\n"),
        ("run none.yaml --events shop.csv --map shop.map.yaml --db shop.db", 1,
         "journeykit: none.yaml: cannot be read: No such file or directory; give a file or\n  a folder of definitions\n"),
        (f"{RUN} --until soon", 2, "journeykit: --until: 'soon' is no moment; give an ISO date or time such as\n  2026-11-28 or 2026-11-28T09:00:00+01:00\n"),
        (f"{RUN} --until 2024-03-01", 2, "journeykit: --until lies before the last event, 2024-03-02 14:00 UTC; name a\n  later moment\n"),
        (f"{RUN} --map shop.map.yaml --map shop.map.yaml", 2,
         "journeykit: 3 mappings for 1 file; give one for all, or one for each in the same\n  order\n"),
        (f"{RUN} --events - --events -", 2, "journeykit: standard input can be read once only; give - once\n"),
        (f"{RUN} --rejects shop.csv", 2, "journeykit: shop.csv would be written over; name another file\n"),
        (f"{RUN} --perform shop.db", 2, "journeykit: shop.db would be written over; name another file\n"),
        (f"{RUN} --perform no/where.jsonl", 1, "journeykit: no/where.jsonl: cannot be written: No such file or directory; name a\n  file for --perform\n"),
        ("run cart.yaml --events shop.csv --map shop.map.yaml --db .", 4, "journeykit: . is a folder; name a file\n"),
        ("run cart.yaml --events shop.csv --map shop.map.yaml --db cart.yaml", 2, "journeykit: cart.yaml would be written over; name another file\n"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_told(call, line, code, error):
    """A readable line on standard error, and an exit code that says whose fault it is."""
    told = call(line + " -q")

    assert (told.code, told.out, told.err) == (code, "", error)
    assert Path("shop.csv").read_text() == EVENTS


def test_a_file_that_is_no_database_is_told(call):
    """It is not touched."""
    Path("shop.db").write_text("hello, I am a letter, and a rather long one at that")

    told = call(RUN + " -q")

    assert told.code == 4
    assert told.err == 'journeykit: SQLite cannot open "shop.db": file is not a database\n'


# -- explain, status -------------------------------------------------------------------------------------------------------


def test_explain(call):
    """The timeline in the customer's zone, each line within eighty columns."""
    call(RUN)

    told = call("explain ben --db shop.db")

    assert told.code == 0
    assert told.out == (
        "2024-03-02 09:30 UTC  Product Added cart_id='c2'\n"
        "2024-03-02 09:30 UTC  recover-cart c2: entered left on Product Added\n"
        '2024-03-02 09:30 UTC  recover-cart c2: timer "left: 2 hours" set for 2024-03-02\n'
        "                      11:30 UTC\n"
        "2024-03-02 10:00 UTC  Order Completed cart_id='c2'\n"
        "2024-03-02 10:00 UTC  recover-cart c2: exited in left on Order Completed\n"
        '2024-03-02 10:00 UTC  recover-cart c2: timer "left: 2 hours" cancelled\n'
    )


def test_explain_why_not(call):
    """What stood in the way of an action is told below the timeline."""
    call(RUN)

    told = call("explain ben cart.yaml --db shop.db --why-not email")

    assert told.code == 0
    assert told.out.endswith(
        "\nwhy not email:\n"
        "2024-03-02 10:00 UTC  recover-cart c2: exited in left on Order Completed before\n"
        "                      it was asked for\n"
    )


def test_explain_for_machines(call):
    """Every line as an object with its moment and kind."""
    call(RUN)

    told = json.loads(call("explain ben --db shop.db --json").out)

    assert told["customer"] == "ben"
    assert told["entries"][0] == {
        "at": "2024-03-02T09:30:00+00:00",
        "kind": "event",
        "journey": "",
        "key": "",
        "text": "Product Added cart_id='c2'",
    }


@pytest.mark.parametrize(
    ("line", "code", "error"),
    [
        ("explain ben --db none.db", 1, "journeykit: none.db: there is no such database; journeykit run makes one, or\n  name another with --db\n"),
        ("explain bob --db shop.db", 1, 'journeykit: nothing is known of a customer "bob"; look at the id\n'),
        ("explain ben --db shop.db --why-not email", 2,
         "journeykit: --why-not decides again, and needs the journeys for it; name their\n  files\n"),
        ("explain ben cart.yaml --db shop.db --why-not mail", 1,
         'journeykit: no journey asks for "mail"; there are email; did you mean "email"?\n'),
    ],
)  # fmt: skip
def test_what_cannot_be_explained_is_told(call, line, code, error):
    """A readable line, and the way out."""
    call(RUN)

    told = call(line)

    assert (told.code, told.out, told.err) == (code, "", error)


def test_status(call):
    """Who is where, what waits, and what was asked for."""
    call(RUN)

    told = call("status --db shop.db")

    assert told.code == 0
    waiting, _, figures = told.out.partition("dead letters" + " " * 59 + "0\n")
    assert [line.split()[:-1] for line in waiting.splitlines()] == [
        ["events", "in", "mailboxes"], ["customers", "with", "a", "timer", "due"],
        ["customers", "with", "a", "timer", "due,", "seconds"], ["actions", "due"],
    ]  # fmt: skip
    assert figures == SUMMARY.partition("before" + " " * 52 + "0\n")[2]
    assert json.loads(call("status --db shop.db --json").out)["waiting"]["customers with a timer due"] == 1


# -- outbox, worker --------------------------------------------------------------------------------------------------------


@pytest.fixture(name="dead")
def _dead(call):
    """A database with two dead letters."""
    storage = SQLiteStorage("shop.db")
    storage.migrate()
    engine = Engine(load("cart.yaml"), storage, {"email": lambda request: Failed("no such address")}, history=True, perform=True)
    for name in ("ann", "ben"):
        engine.handle(Event("Product Added", id="1", customer_id=name, occurred_at="2024-03-02T09:00:00Z", properties={"cart_id": "c1"}))
    engine.run_due(2_000_000_000_000_000)
    engine.dispatch()
    storage.close()
    return call


def test_outbox_shows_dead_letters(dead):
    """The ids are what retry and drop take."""
    told = dead("outbox list --db shop.db")

    head, *rows = told.out.splitlines()
    assert head == "id  asked for at          state  tries  action  customer and reason"
    assert [(row.split()[0], row.split("  ")[-1].strip()) for row in rows] == [("1", "ann: no such address"), ("2", "ben: no such address")]


def test_dead_letters_are_tried_again(dead):
    """A worker performs them."""
    assert dead("outbox retry 2 --db shop.db").out == "1 open again\n"

    assert dead("worker cart.yaml --db shop.db --perform sent.jsonl --once").out == "0 decided, 1 performed\n"
    assert json.loads(Path("sent.jsonl").read_text())["customer_id"] == "ben"
    assert json.loads(dead("outbox list --db shop.db --json").out)["customer"] == "ann"


def test_dead_letters_are_dropped(dead):
    """They are gone from the list, and stay in the record."""
    assert dead("outbox drop --all --db shop.db").out == "2 dropped\n"
    assert dead("outbox list --db shop.db").out == "none is dead\n"
    assert len(dead("outbox list --state dropped --db shop.db").out.splitlines()) == 3


@pytest.mark.parametrize(
    ("line", "code", "error"),
    [
        ("outbox retry --db shop.db", 2, "journeykit: say which dead letters: their ids, or --all\n"),
        ("outbox drop 7 --db shop.db", 1, "no dead letters: 1 of the ids; journeykit outbox list shows them\n"),
    ],
)
def test_what_is_no_dead_letter_is_told(dead, line, code, error):
    """Nothing else is touched."""
    told = dead(line)

    assert (told.code, told.err) == (code, error)


def test_a_worker_needs_actions(call):
    """Without a sink, and without installed packages that offer them, it does not start."""
    told = call("worker cart.yaml --db shop.db --once")

    assert told.code == 1
    assert 'no action "email"; there is none; an installed package may offer it, or --perform FILE writes all of them down' in " ".join(
        told.err.split()
    )


def test_a_worker_decides_what_waits(call):
    """What a host has accepted is decided, and timers that are due fire."""
    storage = SQLiteStorage("shop.db")
    storage.migrate()
    engine = Engine(load("cart.yaml"), storage)
    engine.accept(Event("Product Added", id="1", customer_id="ann", occurred_at="2024-03-02T09:00:00Z", properties={"cart_id": "c1"}))
    storage.close()

    assert call("worker cart.yaml --db shop.db --perform sent.jsonl --once").out == "1 decided, 0 performed\n"


# -- the command itself ----------------------------------------------------------------------------------------------------


def test_names_may_stand_in_the_environment(call, monkeypatch):
    """Who works with one database says it once."""
    monkeypatch.setenv("JOURNEYKIT_DB", "shop.db")
    monkeypatch.setenv("JOURNEYKIT_JOURNEYS", "cart.yaml")

    assert call("run --events shop.csv --map shop.map.yaml -q").out == SUMMARY
    assert call("explain ben --why-not email").code == 0


@pytest.mark.parametrize(
    "line", ["bogus", "run", "run cart.yaml --db shop.db", "explain", "outbox list", "draw --colour", "outbox list --state alive --db x"]
)
def test_wrong_usage_is_told(call, line):
    """The exit code is 2, and the way to help is shown."""
    told = call(line)

    assert told.code == 2
    assert told.out == ""
    assert "Usage: journeykit" in told.err
    assert "-h" in told.err


def test_help_fits_into_eighty_columns(call):
    """No line is longer, and none holds an escape sequence."""
    for line in (
        "-h",
        *(
            f"{name} -h"
            for name in (
                "check",
                "draw",
                "schema",
                "run",
                "explain",
                "status",
                "worker",
                "backfill",
                "outbox",
                "outbox list",
                "outbox retry",
            )
        ),
    ):
        told = call(line)

        assert told.code == 0
        assert max(len(row) for row in told.out.splitlines()) <= 80
        assert "\x1b" not in told.out


def test_version(call):
    """It says which release it is."""
    from journeykit import __version__

    assert call("--version").out == f"journeykit {__version__}\n"


def test_without_its_extra_the_command_says_how_to_get_it(call, monkeypatch):
    """A plain installation has no typer; the command that is installed all the same tells it."""
    monkeypatch.setitem(sys.modules, "typer", None)

    told = call("check cart.yaml")

    assert (told.code, told.err) == (
        2,
        "journeykit: the command needs typer and rich, which are not installed; pip install 'journeykit[cli]'\n",
    )


def test_a_reader_who_has_seen_enough_breaks_nothing(call):
    """``journeykit schema | head -1`` ends quietly."""
    shell = f"'{sys.executable}' -m journeykit.cli schema | head -1"

    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("{\n", "")


def test_definitions_are_the_same_for_the_command_and_the_library(call):
    """What check refuses, load refuses."""
    Path("cart.yaml").write_text(JOURNEY.replace("exits", "exit"))
    with pytest.raises(DefinitionError) as error:
        load("cart.yaml")

    assert call("check cart.yaml").out == f"{error.value}\n"


def test_a_journey_is_paused_and_resumed(call, tmp_path):
    """By name, listed, and ended by the same name; what is not paused cannot be resumed."""
    SQLiteStorage(tmp_path / "shop.db").migrate()

    assert call("pause --db shop.db").out == "nothing is paused\n"
    assert call("pause --db shop.db --journey recover-cart").err.startswith('journeykit: no journey "recover-cart"')
    assert (
        call("pause --db shop.db cart.yaml --journey recover-cart --step left").out
        == "pause of step left of recover-cart, clocks stand still\n"
    )
    again = call("resume --db shop.db --journey recover-cart")
    assert (again.code, again.err) == (1, "there is no such pause; these last:\n")
    assert call("resume --db shop.db --journey recover-cart --step left").out == "nothing is paused\n"


def test_a_postgres_database(call, postgres):
    """The same commands with a URL: a history comes in, is explained and summed up; a server that is not there is told."""
    url = f"postgresql://?{'&'.join(f'{name}={quote(value)}' for name, value in conninfo_to_dict(postgres).items())}"
    ran = call(f"run cart.yaml --events shop.csv --map shop.map.yaml --db {url} --quiet")
    assert (ran.code, "events decided" in ran.out) == (0, True), ran.err
    assert "reminded" in call(f"explain ann --db {url}").out
    assert call(f"status --db {url}").code == 0
    assert call(f"outbox list --state any --db {url}").out.count("email") == 1

    gone = call("status --db postgresql:///shop?host=/nowhere")
    assert (gone.code, gone.err.startswith("journeykit: PostgreSQL: connection")) == (4, True)
