"""How many invented shops a property test meets."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="session")
def examples() -> int:
    """The number of examples: 200, or what the environment variable JOURNEYKIT_EXAMPLES says."""
    return int(os.environ.get("JOURNEYKIT_EXAMPLES", "200"))
