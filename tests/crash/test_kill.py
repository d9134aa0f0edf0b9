"""
Killed at any point and started again: nothing is lost, and nothing is done under two keys (P27, P30, P31).

``JOURNEYKIT_KILLS`` says how often; 200 where it does not.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
KILLS = int(os.environ.get("JOURNEYKIT_KILLS", "200"))
SEED = int(os.environ.get("JOURNEYKIT_SEED", "1"))

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="lives are forked")


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60 + 2 * KILLS)


def verdict(folder: Path) -> tuple[int, dict[str, Any]]:
    judge = run("judge.py", folder)
    assert judge.stdout, judge.stderr
    return judge.returncode, json.loads(judge.stdout)


@pytest.fixture(name="killed", scope="module")
def _killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Any]]]:
    """What is left of a shop that was killed all the time."""
    folder = tmp_path_factory.mktemp("killed")
    receiver = subprocess.Popen([sys.executable, str(HERE / "receiver.py"), str(folder / "received.jsonl")], stdout=subprocess.PIPE, text=True)
    try:
        assert receiver.stdout is not None
        killer = run("killer.py", folder, KILLS, SEED, int(receiver.stdout.readline()))
    finally:
        receiver.kill()
        receiver.wait()
        if receiver.stdout:
            receiver.stdout.close()
    assert killer.returncode == 0, killer.stderr
    yield folder, json.loads(killer.stdout)


def test_nothing_is_lost_and_nothing_is_done_under_two_keys(killed: tuple[Path, dict[str, Any]]) -> None:
    """Every event decided once, every timer fired once at its moment, every request performed under its one key."""
    folder, lives = killed
    code, found = verdict(folder)
    print(f"{lives} {found}")

    assert found["problems"] == []
    assert code == 0


def test_the_kills_landed_in_the_middle_of_work(killed: tuple[Path, dict[str, Any]]) -> None:
    """Most kills hit a transaction or an action under way, and requests were repeated, or the test would prove little."""
    folder, lives = killed
    _, found = verdict(folder)

    assert lives["kills"] == KILLS
    assert lives["under_way"] > KILLS * 0.3
    assert found["repeated_under_the_same_key"] > 0
    assert min(found["events"], found["timers"], found["actions"]) > KILLS


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
        (change("delete from journeykit_events where id = (select min(id) from journeykit_events)"), "is lost"),
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
def test_the_judge_sees_what_is_wrong(killed: tuple[Path, dict[str, Any]], tmp_path: Path, harm: Callable[[Path], None], problem: str) -> None:
    """A judge that always finds everything in order would be no judge."""
    folder = tmp_path / "harmed"
    shutil.copytree(killed[0], folder)
    harm(folder)
    code, found = verdict(folder)

    assert code == 1
    assert any(problem in one for one in found["problems"])
