"""
Definitions that are wrong, each with all that an author is told about it.

In ``approved/problems.txt`` a line of dashes begins a case: the catalog and the journeys as YAML, and under ``# problems`` what is found.
``--journeykit-approve`` fills in what stands there for a new one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from journeykit import Catalog, Journey
from journeykit.codec import loads
from journeykit.core.checks.problems import problems
from journeykit.testing.approvals import approve

FILE = Path(__file__).parent / "approved" / "problems.txt"
CASE, DEFINITION, FOUND = "-" * 40 + "\n", "# and\n", "# problems\n"


def told(case: str) -> str:
    """The case with what is found."""
    definitions = case.partition(FOUND)[0]
    read = [loads(text) for text in definitions.split(DEFINITION)]
    catalog = next((one for one in read if isinstance(one, Catalog)), Catalog())
    found = problems([one for one in read if isinstance(one, Journey)], catalog, ["email", "sms", "coupon"], None, ["night"])
    return definitions + FOUND + "".join(f"{problem}\n" for problem in found)


def test_an_author_is_told_everything_in_these_words(request: pytest.FixtureRequest) -> None:
    """Where it is, what is there, and the way out."""
    cases = FILE.read_text("utf-8").split(CASE)[1:]

    assert len(cases) > 100
    approve("".join(CASE + told(case) for case in cases), FILE, write=request.config.getoption("journeykit_approve", default=False))
