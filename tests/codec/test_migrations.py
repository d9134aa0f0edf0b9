"""Migrations as text: read with every problem told, and written in the shortest form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from journeykit import DefinitionError, Expression, load
from journeykit.codec import load_migrations, migration, migration_text
from journeykit.model.migrations import Migration, chains

GOOD: dict[str, Any] = {"journey": "cart", "changed": {"0a1b2c3d": "4e5f6a7b"}}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """Every key, in YAML and as values."""
    full = GOOD | {
        "steps": {"left": "waiting", "gone": None},
        "wait": {"left": "rearm", "cart": "drop"},
        "set": {"data.cents": "data.euros * 100"},
    }
    read = migration(full)
    (tmp_path / "cart.migration.yaml").write_text(migration_text(read))

    assert read == Migration(
        journey="cart", origin="0a1b2c3d", target="4e5f6a7b", steps={"left": "waiting", "gone": None}, wait={"left": "rearm", "cart": "drop"},
        set=({"data.cents": Expression("data.euros * 100")},),
    )  # fmt: skip
    assert load_migrations(tmp_path) == load_migrations(tmp_path / "cart.migration.yaml") == [read]
    assert (
        migration_text(migration(GOOD | {"wait": "drop", "set": "cents"}))
        == "journey: cart\nchanged: {0a1b2c3d: 4e5f6a7b}\nwait: drop\nset: cents\n"
    )


def test_a_folder_of_journeys_may_hold_migrations(tmp_path: Path) -> None:
    """They lie beside the journeys, and each finds its own."""
    (tmp_path / "cart.yaml").write_text("journey: cart\nsteps:\n  - {step: left, stage: consideration}\n")
    (tmp_path / "cart.migration.yaml").write_text(
        "journey: cart\nchanged: {0a1b2c3d: 4e5f6a7b}\n---\njourney: cart\nchanged: {4e5f6a7b: 8c9d0e1f}\n"
    )

    assert [one.name for one in load(tmp_path)] == ["cart"]
    assert [one.target for one in load_migrations(tmp_path)] == ["4e5f6a7b", "8c9d0e1f"]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ([], r"\[\] is no migration; begin with journey: NAME"),
        ({"journey": "cart"}, '"changed" is missing; write for example changed: {3f21ab07: 90cd41e2}'),
        (GOOD | {"step": {}}, 'unknown key "step"; did you mean "steps"?'),
        (GOOD | {"changed": {}}, "changed: {} does not say from which version to which"),
        (GOOD | {"changed": {"0a1b2c3d": 12345678}}, "changed: 12345678 is no text; put the version in quotes"),
        (GOOD | {"changed": {"0a1": "4e5f6a7b"}}, "changed: '0a1' is no version; write its first 4 digits or more"),
        (GOOD | {"changed": {"0a1b2c3d": "the new one"}}, "changed: 'the new one' is no version"),
        (GOOD | {"changed": {"0a1b2c3d": "0a1b2c3d"}}, "changed: 0a1b2c3d leads to itself; name two versions"),
        (GOOD | {"steps": ["left"]}, r"steps: \['left'\] is no mapping; write steps: {OLD: NEW}"),
        (GOOD | {"steps": {"left": 1}}, "steps.left: 1 is no name; write text"),
        (GOOD | {"wait": "restart"}, "wait: 'restart' is not known; write keep, rearm, drop"),
        (GOOD | {"wait": {"left": True}}, "wait.left: True is not known; write keep, rearm, drop"),
        (GOOD | {"set": 1}, "set: 1 is no mapping; write set:"),
        (GOOD | {"set": {"customer.plan": "1"}}, 'set: "customer.plan" is no data of the enrollment; write data.NAME'),
        (GOOD | {"set": {"data.x": "1 +"}}, "set.data.x: "),
        (GOOD | {"journey": 1}, "journey: 1 is no name; write text"),
    ],
)
def test_what_is_wrong_is_told(value: Any, problem: str) -> None:
    """Place, value and way out."""
    with pytest.raises(DefinitionError, match=problem):
        migration(value)


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    """With the name of the file."""
    (tmp_path / "bad.migration.yaml").write_bytes(b"\xff\xfe")

    with pytest.raises(DefinitionError, match=r"bad\.migration\.yaml: not in UTF-8"):
        load_migrations(tmp_path)
    with pytest.raises(DefinitionError, match="cannot be read"):
        load_migrations(tmp_path / "none.migration.yaml")


def step(origin: str, target: str, **more: Any) -> Migration:
    """A migration between two versions."""
    return Migration(journey="cart", origin=origin, target=target, **more)


def test_migrations_are_put_one_behind_the_other() -> None:
    """Names are followed, what stays stays, the last word about a timer counts, data changes one after the other."""
    first = step("0001", "0002", steps={"a": "b", "gone": None, "x": "y"}, wait={"a": "rearm", "x": "drop"}, set=("one",))
    second = step("0002", "0003", steps={"b": "c", "y": None}, wait={"b": "keep", "z": "rearm"}, waits="drop", set=("two",))
    found = chains([second, first])

    assert found["cart", "0002"] == second
    both = found["cart", "0001"]
    assert (both.origin, both.target, both.set) == ("0001", "0003", ("one", "two"))
    assert [both.step(name) for name in ("a", "b", "gone", "x", "other")] == ["c", "c", None, None, "other"]
    assert [both.running(name) for name in ("a", "x", "z", "other")] == ["rearm", "drop", "rearm", "drop"]
