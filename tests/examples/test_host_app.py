"""The shop in ``examples/host_app`` and the library, both as wheels in a folder of their own: its tests use the kit that was built."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SHOP = ROOT / "examples" / "host_app"

pytest.importorskip("hatchling", reason="the build backend; make installs it")


def run(*command: object, path: Path | None = None) -> str:
    """What a command of this Python says, which finds packages in *path* first and never beside itself."""
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **({"PYTHONPATH": str(path)} if path else {})}
    done = subprocess.run(
        [sys.executable, "-P", *map(str, command)], check=False, env=environment, cwd=SHOP, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(name="installed", scope="module")
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the library and the shop in it, as pip leaves them."""
    made, folder = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("site")
    for package in (ROOT, SHOP):
        run("-m", "pip", "wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", made, package)
    run("-m", "pip", "install", "--no-index", "--no-deps", "--target", folder, *made.glob("*.whl"))
    return folder


def test_the_shops_tests_pass_with_the_built_wheel(installed: Path) -> None:
    """All of them, on the library that was built and not on the one beside this test."""
    where = run("-c", "import journeykit, corner_shop; print(journeykit.__file__); print(corner_shop.__file__)", path=installed)
    assert [Path(line).parent.parent for line in where.splitlines()] == [installed, installed]

    assert " passed" in run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "pyproject.toml", "tests", path=installed)
