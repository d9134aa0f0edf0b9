"""The page of guarantees says what is there: its tests exist, its defects still fit the sources."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(name="script", scope="module")
def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("defects", ROOT / "scripts" / "defects.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["defects"] = module
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(script: ModuleType) -> None:
    """`make docs` would change nothing."""
    assert (ROOT / "docs" / "guarantees.md").read_text("utf-8") == script.guarantees()


def test_all_35_promises_are_on_it() -> None:
    """Every promise has its place, also one that is not reached yet and says so; what is promised besides follows in numbers of its own."""
    promises = tomllib.loads((ROOT / "tests" / "promises" / "promises.toml").read_text("utf-8"))

    assert list(promises) == [f"P{number}" for number in range(1, max(len(promises), 35) + 1)]


def test_every_promise_is_held_or_says_what_is_missing(script: ModuleType) -> None:
    """A promise without a test and without a word about it would be a claim."""
    promises = tomllib.loads((ROOT / "tests" / "promises" / "promises.toml").read_text("utf-8"))

    assert [number for number, promise in promises.items() if not script.held_by(number, promise) and "missing" not in promise] == []


def test_every_promise_that_is_kept_is_proved(script: ModuleType) -> None:
    """What has tests has a defect, too; a test that never failed may not be able to."""
    promises = tomllib.loads((ROOT / "tests" / "promises" / "promises.toml").read_text("utf-8"))
    proved = {defect.promise for defect in script.defects()}

    assert [number for number, promise in promises.items() if script.held_by(number, promise) and number not in proved] == []


def test_every_test_named_exists(script: ModuleType) -> None:
    """A test that was renamed is renamed here, too."""
    promises = tomllib.loads((ROOT / "tests" / "promises" / "promises.toml").read_text("utf-8"))
    named = {test for number, promise in promises.items() for test in script.held_by(number, promise)}
    named |= {defect.test for defect in script.defects()}

    assert [test for test in sorted(named) if not script.names_test(test)] == []


def test_every_defect_fits_the_sources(script: ModuleType) -> None:
    """A patch that no longer applies proves nothing; whoever changes the line renews the patch."""
    unfit = []
    for defect in script.defects():
        try:
            script.changed(defect, ROOT)
        except (script.PatchError, FileNotFoundError) as error:
            unfit.append(str(error))

    assert unfit == []
