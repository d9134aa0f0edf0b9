"""``journeykit versions``, ``diff`` and ``migrate``, as a person at a terminal meets them; a run that is killed goes on."""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from journeykit import Engine, Event, SQLiteStorage, load
from journeykit.cli import main

OLD = """
journey: trial
entry: Trial Started
steps:
  - {step: welcome, stage: consideration, wait: 200 weeks}
  - {step: reminded, wait: 200 weeks}
"""
NEW = OLD.replace("reminded", "asked").replace(
    "welcome, stage: consideration, wait: 200 weeks", "welcome, stage: consideration, wait: 300 weeks"
)
CUSTOMERS = 3_000


class Told:
    """What a call came to."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err


@pytest.fixture(name="call")
def _call(tmp_path, monkeypatch, capsys):
    """Calls the command in a folder with two versions of a journey, and a database of three customers on the first."""
    (tmp_path / "trial.yaml").write_text(OLD)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "trial.yaml").write_text(NEW)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("JOURNEYKIT_DB", raising=False)
    fill(tmp_path / "shop.db", 3)

    def call(line: str) -> Told:
        code = main(line.split())
        return Told(code, *capsys.readouterr())

    return call


def fill(path: Path, customers: int) -> None:
    """A database of customers on the first version."""
    storage = SQLiteStorage(path, synchronous="off")
    storage.migrate()
    now = "2026-11-01T09:00:00+00:00"
    events = [Event("Trial Started", id="started", customer_id=f"customer {number:04}", occurred_at=now) for number in range(customers)]
    Engine(load(path.parent / "trial.yaml"), storage).handle_many(events)
    storage.close()


def test_versions_show_who_stands_where(call):
    """By journey, version and step; for machines too."""
    told = call("versions --db shop.db")
    (row,) = json.loads(call("versions --db shop.db --json").out)

    assert told.code == 0
    assert told.out.splitlines()[1].split() == ["trial", row["version"], "3", "welcome"]
    assert row == {"journey": "trial", "version": row["version"], "step": "welcome", "enrollments": 3}


def test_a_version_of_the_database_can_be_compared(call):
    """Its first digits will do; what is no file and no version is refused."""
    (row,) = json.loads(call("versions --db shop.db --json").out)
    told = call(f"diff {row['version'][:6]} new --db shop.db")

    assert told.out.splitlines()[1:] == [
        '  step 1 "welcome" waits 300 weeks instead of 200 weeks; 3 customers wait there now',
        '  step 2 "asked" seems to be what was "reminded"',
    ]
    assert call("diff abcdef new --db shop.db").err == "journeykit: abcdef: no file, and no version in the database\n"
    assert call("diff abcdef new").code == 1


def test_a_difference_for_machines(call):
    """Each change has its place, what it was and what it is."""
    (one,) = json.loads(call("diff trial.yaml new/trial.yaml --json").out)

    assert [(change["place"], change["old"], change["new"]) for change in one["changes"]] == [
        ("steps.welcome.wait", "200 weeks", "300 weeks"),
        ("steps.asked", "reminded", "asked"),
    ]


def test_journeys_that_came_or_went_and_catalogs_are_told(call):
    """A folder against a folder."""
    Path("new/other.yaml").write_text(OLD.replace("journey: trial", "journey: other"))
    Path("new/shop.yaml").write_text("actions: {email: none}")
    Path("old").mkdir()
    Path("old/shop.yaml").write_text("actions: {email: marketing}")
    Path("old/trial.yaml").write_text(OLD)
    Path("old/gone.yaml").write_text(OLD.replace("journey: trial", "journey: gone"))

    told = call("diff old new").out

    assert "other\n  the journey is new\n" in told
    assert "gone\n  the journey is gone\n" in told
    assert told.endswith("catalog\n  action email is none instead of marketing\n")


def test_a_migration_is_rehearsed_run_and_undone(call):
    """Drafted, refused where somebody has nowhere to go, rehearsed, run, run again, undone."""
    Path("new/trial.migration.yaml").write_text(call("diff trial.yaml new --migration").out)
    rehearsed = call("migrate new --db shop.db --rehearse")
    assert (rehearsed.code, rehearsed.out.splitlines()[-1]) == (0, "3 would move, 0 stay, 0 have nowhere to go")
    assert call("migrate new --db shop.db --quiet").out == "3 moved, 0 left on the old version\n"
    assert json.loads(call("migrate new --db shop.db --json").out)["moved"] == 0
    assert call("migrate new --db shop.db --undo --quiet").out == "3 put back, 0 have moved on since and were left\n"

    Path("new/trial.yaml").write_text(NEW.replace("welcome", "hello"))
    Path("new/trial.migration.yaml").write_text(call("diff trial.yaml new --migration").out.replace("welcome: hello, ", ""))
    refused = call("migrate new --db shop.db")
    assert (refused.code, refused.out) == (1, "")
    assert '3 in step "welcome": no step "welcome" in the new version; say under steps where they go' in " ".join(refused.err.split())
    rehearsed = call("migrate new --db shop.db --rehearse --json")
    assert (rehearsed.code, json.loads(rehearsed.out)["nowhere"]) == (1, 3)


def test_what_cannot_be_is_told(call):
    """No migration, a broken one, two options that do not fit, a moment that is none."""
    Path("new/bad.migration.yaml").write_text("journey: trial\nchange: {a: b}\n")

    assert call("migrate trial.yaml --db shop.db").err == "journeykit: no migration; name a file of them, for example cart.migration.yaml\n"
    wrong = " ".join(call("migrate new --db shop.db").err.split())
    assert 'bad.migration.yaml: unknown key "change"; did you mean "changed"?' in wrong
    assert 'bad.migration.yaml: "changed" is missing; write for example changed: {3f21ab07: 90cd41e2}' in wrong
    assert call("migrate trial.yaml --db shop.db --rehearse --undo").code == 2
    assert call("migrate trial.yaml --db shop.db --at noon").code == 2


def test_data_that_cannot_be_changed_is_told(call):
    """Those customers are left; the exit code says that something is left to do."""
    Path("new/trial.migration.yaml").write_text(call("diff trial.yaml new --migration").out + 'set: {data.cents: "data.euros * 100"}\n')
    rehearsed, run = call("migrate new --db shop.db --rehearse"), call("migrate new --db shop.db --quiet")

    assert (rehearsed.code, run.code) == (1, 1)
    assert "the data of 3 of them cannot be changed, and they would be left; the first: customer 0000:" in " ".join(rehearsed.out.split())
    assert run.out == "0 moved, 3 left on the old version\n"


def brought(path: Path) -> int:
    """How many a database holds by now who were brought."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return int(connection.execute("select count(*) from journeykit_history where kind = 'migrated'").fetchone()[0])
    return 0


def killed_half_way(command: list[str], database: Path) -> bool:
    """Run *command* until it has brought somebody, and kill it; whether that was in the middle."""
    before = brought(database)
    run = subprocess.Popen(command, cwd=database.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while run.poll() is None and brought(database) == before:
        time.sleep(0.002)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    return run.returncode == -signal.SIGKILL and before < brought(database) < CUSTOMERS


def test_killed_it_goes_on_and_moves_nobody_twice(tmp_path):
    """``kill -9`` three times in the middle of three thousand; in the end each customer was brought once, in one signal of their own."""
    (tmp_path / "trial.yaml").write_text(OLD)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "trial.yaml").write_text(NEW)
    database = tmp_path / "shop.db"
    fill(database, CUSTOMERS)
    draft = subprocess.run(
        [sys.executable, "-m", "journeykit.cli", "diff", "trial.yaml", "new", "--migration"], cwd=tmp_path, capture_output=True, check=True
    )
    (tmp_path / "new" / "trial.migration.yaml").write_bytes(draft.stdout)
    command = [sys.executable, "-m", "journeykit.cli", "migrate", "new", "--db", "shop.db", "--quiet", "--json"]
    filled, killed = database.read_bytes(), [False]
    for _ in range(20):  # anew, where each was too fast for us
        for file in tmp_path.glob("shop.db*"):
            file.unlink()
        database.write_bytes(filled)
        killed = [killed_half_way(command, database) for _ in range(3)]
        if any(killed):
            break
    last = json.loads(subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout)

    assert any(killed)
    assert (last["left"], brought(database)) == (0, CUSTOMERS)
    with contextlib.closing(sqlite3.connect(database)) as connection:
        twice = connection.execute(
            "select customer from journeykit_history where kind = 'migrated' group by customer having count(*) > 1"
        ).fetchall()
        steps = connection.execute("select distinct definition, step, count(*) from journeykit_enrollments group by 1, 2").fetchall()
        revisions = connection.execute("select distinct revision from journeykit_customers").fetchall()
    assert twice == []
    assert [(step, number) for _, step, number in steps] == [("welcome", CUSTOMERS)]
    assert revisions == [(2,)]
