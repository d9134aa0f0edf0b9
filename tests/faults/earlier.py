"""
The code of an earlier release, taken out of the repository's own history: what a deployment that rolls has beside the present code.

``JOURNEYKIT_EARLIER`` names another commit or tag.
"""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EARLIER = os.environ.get("JOURNEYKIT_EARLIER", "96b7cc27de44")  #: with the present schema, and other code on it
SCHEMA_BEFORE = "90d9832ebabe"  #: with the schema before the present one on PostgreSQL


def package(folder: Path, commit: str) -> Path:
    """Put the package as it was at *commit* into *folder* and return where it can be imported from; skip the test where there is no history."""
    told = subprocess.run(["git", "-C", str(ROOT), "archive", commit, "src"], check=False, capture_output=True)
    if told.returncode or not (ROOT / ".git").exists():
        pytest.skip(f"no commit {commit} here: an archive or a shallow clone; JOURNEYKIT_EARLIER names another one")
    with tarfile.open(fileobj=io.BytesIO(told.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "src"
