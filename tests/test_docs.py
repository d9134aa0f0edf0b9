"""README and docs say only what runs: Python is executed, YAML loaded, checked and written back, the command called and its answer compared."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from journeykit import Catalog, Journey, dumps, loads, mermaid
from journeykit.codec import load_migrations, migration_text
from journeykit.core.checks.problems import problems
from journeykit.insight.measures import MEASURES
from journeykit.insight.settings.reading import read_settings
from journeykit.rehearsal import read_population

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

#: Snippets marked ``<!-- no-run -->``: there are as few of them as this.
SKIPPED = 7

_FENCE = re.compile(r"(?:<!-- (?P<mark>no-run|file: \S+) -->\n+)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


class Snippet(NamedTuple):
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str
    mark: str

    @property
    def runs(self) -> bool:
        """Whether it is tried."""
        return self.mark != "no-run"

    @property
    def file(self) -> str:
        """The file that it is, for the commands below it; empty where it is none."""
        return self.mark.removeprefix("file: ") if self.runs else ""

    @property
    def place(self) -> str:
        """Where it stands, for people and for tracebacks."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def snippets(page: Path) -> list[Snippet]:
    """Every fenced block of a page, in order."""
    text = page.read_text("utf-8")
    return [
        Snippet(page, text.count("\n", 0, match.start("text")) + 1, match["language"], match["text"], match["mark"] or "")
        for match in _FENCE.finditer(text)
    ]


def commands(snippet: Snippet) -> Iterator[tuple[str, str]]:
    """Every command of a console block, and what the page shows below it."""
    for part in re.split(r"^\$ ", snippet.text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def terminal(folder: Path) -> dict[str, str]:
    """The environment of a terminal in *folder* that knows the command, eighty columns wide and without colours."""
    programs = folder / ".bin"
    programs.mkdir()
    (programs / "journeykit").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m journeykit.cli "$@"\n')
    (programs / "journeykit").chmod(0o755)
    known = {name: value for name, value in os.environ.items() if not name.startswith("JOURNEYKIT_")}
    return known | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "80", "LC_ALL": "C.UTF-8"}


ALL = [snippet for page in PAGES for snippet in snippets(page)]
DEFINITIONS = [
    s
    for s in ALL
    if s.language == "yaml" and s.runs and re.search(r"^(journey|events|traits|facts|actions|policies):", s.text, re.MULTILINE)
]
MIGRATIONS = [s for s in DEFINITIONS if re.search(r"^changed:", s.text, re.MULTILINE)]
POPULATIONS = [s for s in DEFINITIONS if re.search(r"^begin:", s.text, re.MULTILINE)]
SETTINGS = [
    s for s in ALL if s.language == "yaml" and s.runs and (s.file.endswith("insight.yaml") or re.search(r"^kpis:", s.text, re.MULTILINE))
]
DEFINITIONS = [s for s in DEFINITIONS if s not in MIGRATIONS and s not in POPULATIONS and s not in SETTINGS]


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


@pytest.mark.parametrize("page", [page for page in PAGES if "$ journeykit" in page.read_text("utf-8")], ids=lambda page: page.name)
def test_the_command_answers_as_a_page_shows(page: Path, tmp_path: Path) -> None:
    """A reader who makes the files of a page and types its commands one after the other sees what the page shows."""
    environment = terminal(tmp_path)
    code = 0
    for snippet in snippets(page):
        if snippet.file:
            (tmp_path / snippet.file).parent.mkdir(exist_ok=True)
            (tmp_path / snippet.file).write_text(snippet.text)
        if snippet.language != "console" or not snippet.runs or "$ journeykit" not in snippet.text:
            continue
        for command, shown in commands(snippet):
            if command == "echo $?":
                assert f"{code}\n" == shown, snippet.place
                continue
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=tmp_path,
                env=environment,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
            code = done.returncode
            assert done.stdout == shown, f"{snippet.place}: {command}"


@pytest.mark.parametrize("snippet", DEFINITIONS, ids=lambda snippet: snippet.place)
def test_a_definition_is_right(snippet: Snippet) -> None:
    """It is read, it has no problem beside the segments of the page, and writing it gives the text of the page."""
    found = loads(snippet.text)
    if isinstance(found, Journey):
        beside = [other for one in DEFINITIONS if one.page == snippet.page and isinstance(other := loads(one.text), Catalog)]
        facts = {name: fact for catalog in beside for name, fact in catalog.facts.items()}
        segments = {name: segment for catalog in beside for name, segment in catalog.segments.items()}
        assert list(problems([found], Catalog(facts=facts, segments=segments))) == []

    assert dumps(found) == snippet.text


@pytest.mark.parametrize("snippet", MIGRATIONS, ids=lambda snippet: snippet.place)
def test_a_migration_is_right(snippet: Snippet, tmp_path: Path) -> None:
    """It is read, and writing it gives the text of the page."""
    file = tmp_path / "page.migration.yaml"
    file.write_text(snippet.text)
    (found,) = load_migrations(file)

    assert migration_text(found) == snippet.text


@pytest.mark.parametrize("snippet", POPULATIONS, ids=lambda snippet: snippet.place)
def test_a_population_is_right(snippet: Snippet) -> None:
    """It is read without a problem."""
    assert read_population(snippet.text, snippet.place).begin.names


@pytest.mark.parametrize("snippet", SETTINGS, ids=lambda snippet: snippet.place)
def test_settings_are_right(snippet: Snippet) -> None:
    """They are read without a problem, every KPI among them."""
    assert read_settings(snippet.text, MEASURES, snippet.place).kpis


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    """What docs/insight.md says of numbers, names and tables is written out of the code."""
    told = subprocess.run([sys.executable, str(ROOT / "scripts" / "insight.py")], capture_output=True, text=True, check=False)

    assert (told.returncode, told.stdout) == (0, "")


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
