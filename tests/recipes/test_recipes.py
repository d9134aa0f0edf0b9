"""Every check of every published recipe, on the journeys of ``examples/recipes``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from recipes.telling import JOURNEYS, ROOT, Check, published

RECIPES = published()

#: recipes whose journeys wait for a capability, and checks that are held to be wrong, each with the reason
OPEN: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "open.yaml").read_text("utf-8"))


def _marks(recipe: str, check: str) -> list[pytest.MarkDecorator]:
    name = f"{recipe}: {check}"
    waits = OPEN["pending"].get(recipe) or OPEN["pending"].get(name) or OPEN["held_wrong"].get(name)
    return [pytest.mark.xfail(reason=waits, strict=True)] if waits else []


CHECKS = [
    pytest.param(recipe, check, id=f"{recipe['id']}: {check['name']}", marks=_marks(recipe["id"], check["name"]))
    for recipe in RECIPES
    for check in recipe["checks"]
]


def test_the_published_recipes_are_at_hand() -> None:
    """They are not ours to carry; where they are missing, nothing below says anything."""
    if not RECIPES:
        pytest.skip("the published recipes are not at hand; set JOURNEYKIT_SHARED to the folder that holds them")
    assert (len(RECIPES), len(CHECKS)) == (74, 197)


@pytest.mark.parametrize("recipe", [recipe["id"] for recipe in RECIPES])
def test_a_recipe_has_a_file_of_its_own(recipe: str) -> None:
    """One file for each, under its name, with words about it at its head."""
    assert (JOURNEYS / f"{recipe}.yaml").read_text("utf-8").startswith("# ")


@pytest.mark.parametrize(("recipe", "check"), CHECKS)
def test_check(recipe: dict[str, Any], check: dict[str, Any]) -> None:
    """What is given leads to these actions at these times, to no others, and to these ends."""
    Check(recipe, check).tell()


@pytest.mark.skipif(not RECIPES, reason="the published recipes are not at hand")
def test_what_is_open_is_about_recipes_that_there_are() -> None:
    """A recipe that waits, or a check held to be wrong, is named as it is called."""
    names = {recipe["id"] for recipe in RECIPES} | {str(check.id) for check in CHECKS}
    assert [name for part in OPEN.values() for name in part if name not in names] == []


def test_the_page_of_recipes_says_what_the_files_say() -> None:
    """The page is written by a script; where the recipes are not at hand it is left as it is."""
    done = subprocess.run([sys.executable, ROOT / "scripts" / "recipes.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_one_table_reads_all_recipes() -> None:
    """No recipe is named in the harness, and none of the checks' journeys knows of a recipe but its own."""
    table = (Path(__file__).parent / "telling.py").read_text("utf-8")
    assert [path.stem for path in JOURNEYS.glob("*.yaml") if path.stem != "catalog" and path.stem in table] == []
