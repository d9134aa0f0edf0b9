"""The page about what the library costs says what was measured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_the_page_is_what_was_measured() -> None:
    """`make docs` would change nothing."""
    told = subprocess.run([sys.executable, str(ROOT / "scripts" / "performance.py")], capture_output=True, text=True, check=False)

    assert told.stdout == ""
    assert told.returncode == 0
