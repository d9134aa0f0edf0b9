"""``kill -9`` in the middle of ``journeykit run``; started again, it comes to the same database."""

from __future__ import annotations

import contextlib
import gzip
import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

CDNOW = Path(__file__).parents[2] / "examples" / "cdnow"
EVENTS = 4_000
MAPPING = """
format: csv
delimiter: whitespace
columns: {date: moment %Y%m%d, number_of_cds: whole, dollar_value: money USD}
zone: UTC
customer: customer_id
time: date
id: "{file}:{line}"
rows:
  - {event: Order Completed, properties: {cds: number_of_cds, total: dollar_value}}
"""

#: an attempt is no decision: which worker tried an action, how often and when is not the same after a crash
ATTEMPT = {"journeykit_outbox": {"attempts", "token", "due_at"}}


@pytest.fixture(name="folder")
def _folder(tmp_path):
    lines = gzip.decompress((CDNOW / "CDNOW_master.txt.gz").read_bytes()).splitlines()[: EVENTS + 1]
    (tmp_path / "cdnow.txt").write_bytes(b"\n".join(lines) + b"\n")
    (tmp_path / "cdnow.map.yaml").write_text(MAPPING)
    return tmp_path


def command(folder, name, *more):
    """The command that imports into the database *name*."""
    files = ["--events", "cdnow.txt", "--map", "cdnow.map.yaml", "--db", f"{name}.db", "--until", "1998-07-01", "--json"]
    return subprocess.Popen(
        [sys.executable, "-m", "journeykit.cli", "run", str(CDNOW), *files, *more],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def stopped_half_way(folder, name, number, *more):
    """Start the command and send it signal *number* in the middle; anew where it was too fast for us. What it said last, and its exit code."""
    for _ in range(20):
        run = command(folder, name, *more)
        while run.poll() is None and decided(folder / f"{name}.db") < EVENTS // 4:
            time.sleep(0.005)
        run.send_signal(number)
        said = run.communicate()[1].decode()
        if run.returncode and 0 < decided(folder / f"{name}.db") < EVENTS:
            return said, run.returncode
        for file in (*folder.glob(f"{name}.db*"), *folder.glob("sent.jsonl")):
            file.unlink()
    pytest.fail("it always ended before it was told to")


def decided(database):
    """How many events a database holds by now."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute("select count(*) from journeykit_events").fetchone()[0]
    return 0


def dump(database):
    """Every table, sorted, attempts apart."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        names = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        return {name: rows(connection, name) for name in names}


def rows(connection, name):
    """The rows of one table."""
    cursor = connection.execute(f"select * from {name}")
    kept = [place for place, column in enumerate(cursor.description) if column[0] not in ATTEMPT.get(name, ())]
    return sorted(repr([row[place] for place in kept]) for row in cursor)


@pytest.mark.parametrize("perform", [(), ("--perform", "sent.jsonl")], ids=["nothing is performed", "into a file"])
def test_killed_and_started_again_it_is_the_same(perform, folder):
    """Whoever restarts it has lost nothing and doubled nothing."""
    whole = command(folder, "whole", *[part.replace("sent", "whole") for part in perform])
    figures = json.loads(whole.communicate()[0])
    assert whole.returncode == 0

    _, code = stopped_half_way(folder, "killed", signal.SIGKILL, *perform)
    assert code == -signal.SIGKILL

    again = command(folder, "killed", *perform)
    told = json.loads(again.communicate()[0])

    assert again.returncode == 0
    assert told["events known before"] > 0
    assert told["journeys"] == figures["journeys"]
    assert dump(folder / "killed.db") == dump(folder / "whole.db")
    if perform:
        sent = [
            {json.loads(line)["idempotency_key"] for line in (folder / name).read_text().splitlines() if line.endswith("}}")}
            for name in ("whole.jsonl", "sent.jsonl")
        ]
        assert sent[0] == sent[1]


def test_interrupted_by_hand_it_says_how_to_go_on(folder):
    """Ctrl-C ends it with one line and the exit code of an interrupt."""
    said, code = stopped_half_way(folder, "shop", signal.SIGINT)

    assert code == 130
    assert said.splitlines()[-1] == "journeykit: interrupted; start it again and it goes on"
