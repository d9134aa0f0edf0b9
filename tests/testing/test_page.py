"""What docs/testing.md shows of pytest is what pytest says."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from journeykit import dumps

pytest_plugins = ["pytester"]

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")
PLUGIN = "journeykit.testing.pytest_plugin"
FILES = re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(name="names", scope="module")
def _names() -> dict[str, object]:
    """What the blocks of Python of the page have made, run one after the other; those that are files aside."""
    names: dict[str, object] = {"__name__": "page"}
    files = {text for _, text in FILES}
    for text in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        if text not in files:
            exec(compile(text, "docs/testing.md", "exec"), names)
    return names


def test_the_failure_that_the_page_shows(names: dict[str, object]) -> None:
    """Line by line."""
    (shown,) = re.findall(r"^```text\n(expected .*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

    assert str(names["failed"].value).splitlines() == shown.splitlines()


def test_the_files_of_the_page_are_tests_that_pass(names: dict[str, object], pytester: pytest.Pytester) -> None:
    """With the journeys of the page beside them: the stories, at every boundary, and the approved one."""
    for name, text in FILES:
        (pytester.path / name).write_text(text)
    folder = pytester.mkdir("journeys")
    for name in ("recover_cart", "manners"):
        (folder / f"{name}.yaml").write_text(dumps(names[name]))
    plugin = () if any(point.value == PLUGIN for point in entry_points(group="pytest11")) else ("-p", PLUGIN)
    pytester.runpytest_inprocess(*plugin, "-p", "no:cacheprovider", "--journeykit-approve").assert_outcomes(passed=2 * 14 + 2)
    pytester.runpytest_inprocess(*plugin, "-p", "no:cacheprovider").assert_outcomes(passed=2 * 14 + 2)

    (approved,) = (pytester.path / "approved").iterdir()
    (shown,) = re.findall(r"^```text\n([^`]*?the end\n)```$", PAGE, re.MULTILINE)
    assert (approved.name, approved.read_text()) == ("test_story.test_ann.txt", shown)
