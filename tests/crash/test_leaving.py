"""Killed in the middle of a merge or an erasure: a pair of customers is two, one or gone, and nothing in between (P20, P21, P27)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
KILLS = int(os.environ.get("JOURNEYKIT_KILLS", "200")) // 10

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="lives are forked")


def test_who_is_killed_in_a_merge_has_merged_or_not(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """After every death each pair is whole, and the last life finishes what the others have begun."""
    command = [sys.executable, str(HERE / "leaver.py"), str(tmp_path), str(KILLS), os.environ.get("JOURNEYKIT_SEED", "1")]
    run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600 + 5 * KILLS)
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    record_property("lives", {"kills": KILLS, "under_way": told["under_way"]})

    assert told["problems"] == []
    assert told["unfinished"] == []
    assert set(told["seen"]) == {"two", "one", "erased"}
    assert told["under_way"] > KILLS // 10
