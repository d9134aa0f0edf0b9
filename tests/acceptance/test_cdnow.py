"""Eighteen months of a real shop: 69,659 purchases of 23,570 customers, counted twice."""

from __future__ import annotations

import ast
import gzip
import hashlib
import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from journeykit import Journey, SQLiteStorage, load, mermaid

CDNOW = Path(__file__).parents[2] / "examples" / "cdnow"


@pytest.fixture(name="independent")
def _independent(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(CDNOW))
    return importlib.import_module("independent")


@pytest.fixture(name="demo")
def _demo(independent: ModuleType) -> ModuleType:
    return importlib.import_module("demo")


def bring_in(demo: ModuleType, name: Path, events: list, batch: int) -> SQLiteStorage:
    storage = SQLiteStorage(f"{name}.db", synchronous="off")
    storage.migrate()
    demo.bring_in(storage, Path(f"{name}.jsonl"), events, lambda more: None, batch)
    return storage


def test_the_script_is_independent() -> None:
    """The script that counts straight from the dates imports nothing but the standard library."""
    tree = ast.parse((CDNOW / "independent.py").read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert imported == {"__future__", "collections", "csv", "datetime", "gzip", "itertools", "json", "pathlib", "typing"}
    assert imported <= sys.stdlib_module_names


def test_the_purchases_are_those_of_the_source(demo: ModuleType) -> None:
    """The file is the published one; identical lines are purchases of their own."""
    lines = gzip.decompress((CDNOW / "CDNOW_master.txt.gz").read_bytes())

    assert hashlib.sha256(lines).hexdigest() == "eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef"
    assert len(lines.splitlines()) - len(set(lines.splitlines())) == 255
    assert len({event.id for event in demo.purchases()}) == 69_659


def test_the_whole_cohort(demo: ModuleType, independent: ModuleType, tmp_path: Path) -> None:
    """Through the library the cohort comes to the very figures that an independent script finds in the dates alone."""
    events = demo.purchases()
    storage = bring_in(demo, tmp_path / "cohort", events, batch=2_000)
    found, expected = demo.figures(storage, events), independent.figures()
    opened = storage.outbox("open", limit=1)
    storage.close()

    assert found == expected
    assert found["customers"] == 23_570
    assert found["purchases"] == 69_659
    assert found["customers with a gap of more than 90 days"] == 8_261
    assert found["gaps of exactly 90 days"] == 119
    assert len(demo.received(tmp_path / "cohort.jsonl")) == sum(found["actions"].values())
    assert opened == []


def test_how_many_at_a_time_makes_no_difference(demo: ModuleType, tmp_path: Path) -> None:
    """One purchase at a time, or all in one go: what is recorded is the same."""
    events = demo.purchases(every=300)
    for batch in (1, 7, len(events)):
        bring_in(demo, tmp_path / str(batch), events, batch).close()
    dumps = [unnumbered(demo.dump(tmp_path / f"{batch}.db")) for batch in (1, 7, len(events))]

    assert len(dumps[0]["journeykit_events"]) == len(events) > 200
    assert dumps[0] == dumps[1] == dumps[2]
    assert demo.received(tmp_path / "1.jsonl") == demo.received(tmp_path / f"{len(events)}.jsonl")


def unnumbered(tables: dict[str, list[tuple]]) -> dict[str, list[tuple]]:
    """The outbox counts through all customers; which of two customers comes first is no decision."""
    return tables | {"journeykit_outbox": sorted((row[1:] for row in tables["journeykit_outbox"]), key=repr)}


def test_killed_half_way_and_continued(demo: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """An import killed with kill -9 half way and started again ends as one that was never interrupted."""
    right = demo.demonstrate(tmp_path / "cdnow", every=15)
    said = capfd.readouterr()

    assert right, said.out
    assert "ok    the second import was killed" in said.out
    assert "ok    independent.py comes to the same figures" in said.out
    assert "100%" in said.err


def test_the_journey_can_be_drawn() -> None:
    """The declared lifecycle has the nine steps that a shop speaks of."""
    (journey,) = [definition for definition in load(CDNOW) if isinstance(definition, Journey)]
    drawing = mermaid(journey)

    for step in ("first purchase", "welcomed", "second purchase", "loyal", "at risk", "lapsed", "win-back", "regained", "lost"):
        assert step in drawing
