"""The package in ``examples/plugin``, built as a wheel, installed beside the library and tried out, without a network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import journeykit

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "examples" / "plugin"

pytest.importorskip("hatchling", reason="the package's build backend; make installs it")


def run(*command: object, path: Path | None = None) -> str:
    """What a command of this Python says; *path* is where it finds more packages."""
    places = [*([str(path)] if path else []), str(Path(journeykit.__file__).parent.parent)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places), "PIP_DISABLE_PIP_VERSION_CHECK": "1", "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command)], check=False, env=environment, cwd=PACKAGE, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(name="installed", scope="module")
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but the package in it, as pip leaves it."""
    made, folder = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("site")
    run("pip", "wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", made, PACKAGE)
    (wheel,) = made.glob("*.whl")
    run("pip", "install", "--no-index", "--no-deps", "--target", folder, wheel)
    return folder


def test_the_wheel_holds_the_package_and_its_entry_points(installed: Path) -> None:
    """Its modules, its entry points, and nothing of the library."""
    assert sorted(path.name for path in installed.iterdir()) == ["shop_extras", "shop_extras-1.0.dist-info"]
    points = (installed / "shop_extras-1.0.dist-info" / "entry_points.txt").read_text()
    assert [line for line in points.splitlines() if line.startswith("extras")] == [
        "extras.coupon = shop_extras.coupon:Coupon",
        "extras.manners = shop_extras.manners:manners",
        "extras.payday = shop_extras.payday:payday",
        "extras.campaign = shop_extras.campaign:Campaign",
    ]


def test_its_own_tests_pass(installed: Path) -> None:
    """The story knows the package only by its entry points; its four plugins keep the contracts of their kinds."""
    said = run("pytest", "-q", "-p", "no:cacheprovider", "-c", PACKAGE / "pyproject.toml", PACKAGE / "tests", path=installed)

    assert "42 passed" in said, said


def test_the_command_knows_what_it_brings(installed: Path) -> None:
    """Once it is installed, and not before."""
    assert run("journeykit.cli", "check", "journey.yaml", path=installed).strip() != ""
    with pytest.raises(AssertionError, match=r'no trigger "extras\.campaign"'):
        run("journeykit.cli", "check", "journey.yaml")
