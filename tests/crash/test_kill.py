"""
Killed at any point and started again: nothing is lost, and nothing is done under two keys (P27, P30, P31).

``JOURNEYKIT_KILLS`` says how often; 120 where it does not. `make proof` says 5,000, and tells at its end what they came to.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crash.again import differences
from crash.killer import DEFINITIONS
from journeykit import SQLiteStorage

HERE = Path(__file__).parent
KILLS = int(os.environ.get("JOURNEYKIT_KILLS", "120"))
SEED = int(os.environ.get("JOURNEYKIT_SEED", "1"))

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="lives are forked")


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=600 + 6 * KILLS)


def verdict(folder: Path) -> tuple[int, dict[str, Any]]:
    judge = run("judge.py", folder)
    assert judge.stdout, judge.stderr
    return judge.returncode, json.loads(judge.stdout)


def kill(folder: Path, kills: int, *database: str) -> dict[str, Any]:
    """Run a shop in *folder* and kill it *kills* times; return what is told of its lives."""
    receiver = subprocess.Popen(
        [sys.executable, str(HERE / "receiver.py"), str(folder / "received.jsonl")], stdout=subprocess.PIPE, text=True
    )
    assert receiver.stdout is not None
    try:
        killer = run("killer.py", folder, kills, SEED, int(receiver.stdout.readline()), *database)
    finally:
        receiver.kill()
        receiver.wait()
        receiver.stdout.close()
    assert killer.returncode == 0, killer.stderr
    lives: dict[str, Any] = json.loads(killer.stdout)
    return lives


def test_nothing_is_lost_and_nothing_is_done_under_two_keys(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """
    Killed in each phase: told, decided, writing, committed, claimed, performed.

    Every event is decided once, every timer fired once at its moment, every request performed under its one key, and deciding the log
    again comes to what is stored.
    """
    lives = kill(tmp_path, KILLS)
    code, found = verdict(tmp_path)
    record_property("lives", lives)
    record_property("judged", found)

    assert found["problems"] == []
    assert code == 0
    storage = SQLiteStorage(tmp_path / "shop.db")
    assert list(differences(DEFINITIONS, storage)) == []
    storage.close()
    # Each phase had its kills while it was under way, and requests were repeated, or all this would prove little.
    assert min(lives["phases"].values()) >= KILLS // 6
    assert found["repeated_under_the_same_key"] > KILLS // 12
    assert min(found["events"], found["timers"], found["actions"]) > KILLS


@pytest.fixture(name="killed", scope="module")
def _killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is left of a shop that was killed a few times."""
    folder = tmp_path_factory.mktemp("killed")
    kill(folder, 6)
    assert verdict(folder)[0] == 0
    return folder


def change(statement: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        with sqlite3.connect(folder / "shop.db") as database:
            assert database.execute(statement).rowcount == 1
        database.close()

    return apply


def forget_a_request(folder: Path) -> None:
    """Nothing of the last request that came reached the receiver."""
    lines = (folder / "received.jsonl").read_text().splitlines()
    key = json.loads(lines[-1])["key"]
    (folder / "received.jsonl").write_text("".join(f"{line}\n" for line in lines if json.loads(line)["key"] != key))


def repeat_a_request(folder: Path) -> None:
    """The last request came again, under another key."""
    one = json.loads((folder / "received.jsonl").read_text().splitlines()[-1])
    with (folder / "received.jsonl").open("a") as log:
        log.write(json.dumps({**one, "key": f"{one['key']}/again"}) + "\n")


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (change("delete from journeykit_events where id = (select min(id) from journeykit_events where id like 'e%')"), "is lost"),
        (change("update journeykit_events set state = 'pending' where id = (select max(id) from journeykit_events)"), "is pending"),
        (forget_a_request, "never came"),
        (repeat_a_request, "under 2 keys"),
        (change("update journeykit_outbox set state = 'open' where id = 1"), "is open"),
        (change("delete from journeykit_outbox where id = 1"), "which the outbox does not know"),
        (
            change(
                "update journeykit_history set timers = '' where (customer, seq, place) in "
                "(select customer, seq, place from journeykit_history where timers like '!%' limit 1)"
            ),
            "is lost",
        ),
    ],
)
def test_the_judge_sees_what_is_wrong(killed: Path, tmp_path: Path, harm: Callable[[Path], None], problem: str) -> None:
    """A judge that always finds everything in order would be no judge."""
    folder = tmp_path / "harmed"
    shutil.copytree(killed, folder)
    harm(folder)
    code, found = verdict(folder)

    assert code == 1
    assert any(problem in one for one in found["problems"])
