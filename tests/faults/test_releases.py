"""Two releases of the code at once on one database, as while a deployment rolls: nothing is lost, nothing is done under two keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

import postgres
from crash.again import differences
from crash.judge import judge, read
from crash.killer import DEFINITIONS
from faults.earlier import EARLIER, SCHEMA_BEFORE, package
from faults.house import lines
from journeykit import PostgresStorage, SQLiteStorage

HERE = Path(__file__).parent
TOLD = int(os.environ.get("JOURNEYKIT_FAULTS", "100"))  #: events told by each of the two

MIGRATE = """
import sys
from pathlib import Path
from faults.release import storage_of
storage = storage_of(Path(sys.argv[1]))
storage.migrate()
storage.close()
"""


def environment(source: Path) -> dict[str, str]:
    """What a process with the code in *source* needs to know."""
    ours = Path(sys.modules["journeykit"].__file__).parents[1]
    others = [path for path in sys.path if path and Path(path) != ours]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(source), *others, str(HERE.parent)])}


class Process:
    """A process of one of the two releases."""

    def __init__(self, folder: Path, source: Path, name: str, part: int) -> None:
        self.name = name
        command = [sys.executable, str(HERE / "release.py"), str(folder), name, str(part), "2"]
        self.process = subprocess.Popen(command, env=environment(source), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert Path(self.process.stdout.readline().strip()).is_relative_to(source)

    def say(self) -> None:
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def expect(self, word: str) -> None:
        assert self.process.stdout.readline() == f"{word}\n", f"the {self.name} release fell over"

    def end(self) -> int:
        """Let it end; how many events it has decided as they were told."""
        self.say()
        said, _ = self.process.communicate(timeout=300)
        assert self.process.returncode == 0
        return json.loads(said)["decided"]


def roll(folder: Path, storage, commit: str) -> tuple[list[int], Counter[str]]:
    """
    The earlier release makes the tables and tells; the present one migrates them meanwhile and tells as well; the earlier one ends,
    and the present one does what is left. What each decided at once, and how much of what came to the receiver came from which.
    """
    earlier = package(folder / "earlier", commit)
    present = Path(sys.modules["journeykit"].__file__).parents[1]
    told = lines(2 * TOLD)
    (folder / "input.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in told))
    (folder / "received.jsonl").touch()
    subprocess.run([sys.executable, "-c", MIGRATE, str(folder)], env=environment(earlier), check=True)
    old = Process(folder, earlier, "earlier", 0)
    old.say()
    storage.migrate()
    new = Process(folder, present, "present", 1)
    new.say()
    for process in (old, new):
        process.expect("told")
    decided = [old.end()]
    limit = time.monotonic() + 300
    while storage.next_due() is not None and time.monotonic() < limit:
        time.sleep(0.05)
    decided.append(new.end())
    return decided, Counter(line["by"] for line in read(folder / "received.jsonl"))


def database(folder: Path, kind: str):
    """A database without tables for the shop in *folder*."""
    if kind == "sqlite":
        return SQLiteStorage(folder / "shop.db", timeout=300)
    (folder / "conninfo").write_text(postgres.empty())
    return PostgresStorage((folder / "conninfo").read_text())


@pytest.mark.parametrize(
    ("kind", "commit"),
    [("sqlite", EARLIER), ("postgres", EARLIER), ("postgres", SCHEMA_BEFORE)],
    ids=["sqlite", "postgres", "postgres-schema-before"],
)
def test_two_releases_at_once_lose_nothing(tmp_path, kind, commit):
    """The same customers, the same journeys, both tell and both work; afterwards everything is as if there had been one."""
    storage = database(tmp_path, kind)
    decided, performed = roll(tmp_path, storage, commit)
    found = judge(tmp_path)
    again = list(differences(DEFINITIONS, storage))
    storage.close()

    assert found["problems"] == []
    assert again == []
    assert min(decided) > TOLD // 4
    assert min(performed["earlier"], performed["present"]) > TOLD // 8
    assert found["timers"] > TOLD // 4
