"""Two releases side by side: a wheel and a checkout are found, and what is printed is measured in both."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "releases.py"

if not SCRIPT.is_file():
    pytest.skip("the benchmarks are not part of this installation", allow_module_level=True)


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *map(str, arguments)], check=False, capture_output=True, text=True, timeout=900)


def test_a_wheel_and_a_checkout_are_compared(tmp_path: Path) -> None:
    """One row, one round: three figures and two ratios, the second with all recipes registered."""
    wheel = tmp_path / "journeykit-0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as made:
        for file in (ROOT / "src").rglob("*.py"):
            made.write(file, file.relative_to(ROOT / "src"))
    told = run("--old", wheel, "--short", "--rounds", 1, "--only", "idle customer")
    head, row = told.stdout.splitlines()

    assert told.returncode in (0, 1), told.stderr
    assert head.split() == ["old", "new", "with", "recipes", "new", "/", "old", "with", "recipes", "/", "old"]
    assert len([word for word in row.split() if word[0].isdigit()]) == 5, row


def test_a_folder_without_the_package_is_refused(tmp_path: Path) -> None:
    """And what is missing is said."""
    told = run("--old", tmp_path, "--short")

    assert told.returncode == 1
    assert "no folder with the package journeykit in it" in told.stderr
