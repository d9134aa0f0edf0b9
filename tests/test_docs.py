"""README and docs say only what runs: their Python is executed, their YAML loaded, checked and written back."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import NamedTuple

import pytest

from journeykit import Catalog, Journey, dumps, loads, mermaid
from journeykit.core.checks import problems

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

#: Snippets marked ``<!-- no-run -->``: there are as few of them as this.
SKIPPED = 3

_FENCE = re.compile(r"(?P<mark><!-- no-run -->\n+)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


class Snippet(NamedTuple):
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str
    runs: bool

    @property
    def place(self) -> str:
        """Where it stands, for people and for tracebacks."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def snippets(page: Path) -> list[Snippet]:
    """Every fenced block of a page, in order."""
    text = page.read_text("utf-8")
    return [
        Snippet(page, text.count("\n", 0, match.start("text")) + 1, match["language"], match["text"], match["mark"] is None)
        for match in _FENCE.finditer(text)
    ]


ALL = [snippet for page in PAGES for snippet in snippets(page)]
DEFINITIONS = [
    s for s in ALL if s.language == "yaml" and s.runs and re.search(r"^(journey|events|traits|facts|actions):", s.text, re.MULTILINE)
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who pastes the blocks of a page one after the other meets no error."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    for snippet in snippets(page):
        if snippet.language == "python" and snippet.runs:
            exec(compile("\n" * (snippet.line - 1) + snippet.text, str(page.relative_to(ROOT)), "exec"), names)
    for value in names.values():
        if isinstance(value, sqlite3.Connection):
            value.close()


@pytest.mark.parametrize("snippet", DEFINITIONS, ids=lambda snippet: snippet.place)
def test_a_definition_is_right(snippet: Snippet) -> None:
    """It is read, it has no problem, and writing it gives the text of the page."""
    found = loads(snippet.text)
    if isinstance(found, Journey):
        assert list(problems([found], Catalog())) == []

    assert dumps(found) == snippet.text


def test_few_snippets_are_left_out() -> None:
    """Each block that does not run is one that may be wrong."""
    left_out = [snippet.place for snippet in ALL if not snippet.runs]

    assert len(left_out) <= SKIPPED, left_out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to another file of the repository finds it."""
    assert [link for link in _LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()] == []


def test_the_picture_in_the_readme_is_that_of_its_journey() -> None:
    """The Mermaid block is what the library draws for the YAML above it."""
    first = {snippet.language: snippet.text for snippet in reversed(snippets(ROOT / "README.md"))}

    assert mermaid(loads(first["yaml"])) == first["mermaid"]


def test_python_and_yaml_in_the_readme_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journey written in Python is the value read from the YAML."""
    monkeypatch.chdir(tmp_path)
    first = {snippet.language: snippet.text for snippet in reversed(snippets(ROOT / "README.md"))}
    names: dict[str, object] = {}
    exec(compile(first["python"], "README.md", "exec"), names)

    assert names["recover_cart"] == loads(first["yaml"])
