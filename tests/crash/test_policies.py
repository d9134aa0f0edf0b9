"""
Killed with SIGKILL between performing and settling, with four threads that dispatch: no cap is passed and no night disturbed (P34),
and whatever was held comes out once or is dropped with a reason (P30).

``JOURNEYKIT_KILLS`` says how many lives there are; 200 where it does not, of which this test takes half.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

HERE = Path(__file__).parent
LIVES = int(os.environ.get("JOURNEYKIT_KILLS", "200")) // 2
SEED = int(os.environ.get("JOURNEYKIT_SEED", "1"))
DAY = 24 * 3_600 * 1_000_000

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="lives are forked")


def hour(at: int) -> int:
    """The hour that clocks in Berlin show."""
    return (datetime.fromisoformat("1970-01-01T00:00:00+00:00") + timedelta(microseconds=at)).astimezone(ZoneInfo("Europe/Berlin")).hour


def crowded(arrived: list[dict[str, Any]]) -> list[str]:
    """Customers to whom more than two different messages came within one day (t - day, t]."""
    first: dict[str, dict[str, Any]] = {}
    for one in arrived:
        first.setdefault(one["key"], one)
    times: dict[str, list[int]] = {}
    for one in first.values():
        times.setdefault(one["customer"], []).append(one["at"])
    return [name for name, ats in times.items() if any(sum(at - DAY < other <= at for other in ats) > 2 for at in ats)]


def test_caps_and_nights_hold_when_killed_between_performing_and_settling(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Mail for eight customers in Berlin, two a day and none at night, in processes that die in the middle of it."""
    run = subprocess.run(
        [sys.executable, str(HERE / "capped.py"), str(tmp_path), str(LIVES), str(SEED)],
        check=False, capture_output=True, text=True, timeout=600 + 3 * LIVES,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    lives = json.loads(run.stdout)
    arrived = [json.loads(line) for line in (tmp_path / "arrived.jsonl").read_text().splitlines() if line.endswith("}")]
    mail = [one for one in arrived if one["what"] == "email"]
    database = sqlite3.connect(tmp_path / "shop.db")
    rows = database.execute("select state, reason, answers from journeykit_outbox").fetchall()
    database.close()
    answers = [json.loads(row[2] or "[]") for row in rows]
    held = [row for row, given in zip(rows, answers, strict=True) if any("defer" in answer for answer in given)]

    assert [one for one in mail if not 8 <= hour(one["at"]) < 22] == []
    assert crowded(mail) == []
    assert Counter(row[0] for row in rows).keys() <= {"performed", "dropped"}
    assert [row for row in rows if row[0] == "dropped" and not row[1]] == []
    assert {row[0] for row in held} == {"performed", "dropped"}  # each held one came out, or was dropped

    # It was killed where it hurts, again and again; the cap and the night had something to hold.
    record_property("lives", {**lives, **Counter(row[0] for row in rows), "held": len(held)})
    assert lives["kills"] > LIVES // 4
    assert lives["between"] > LIVES // 8
    assert len(arrived) - len({one["key"] for one in arrived}) >= LIVES // 10  # performed again under the same key
    assert sum((row[1] or "").startswith("frequency cap") for row in rows) >= LIVES // 20
    assert len(held) >= LIVES // 5
    assert any(not 8 <= hour(one["at"]) < 22 for one in arrived if one["what"] == "invoice")
