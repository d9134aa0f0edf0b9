"""Every check of every published recipe, on the journeys of ``examples/recipes``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from recipes.telling import JOURNEYS, Check, published

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


@pytest.mark.skipif(not RECIPES, reason="the published recipes are not at hand; set JOURNEYKIT_SHARED to the folder that holds them")
def test_every_recipe_has_a_file() -> None:
    missing = [recipe["id"] for recipe in RECIPES if not (JOURNEYS / f"{recipe['id']}.yaml").exists()]
    assert missing == []


@pytest.mark.skipif(not RECIPES, reason="the published recipes are not at hand; set JOURNEYKIT_SHARED to the folder that holds them")
@pytest.mark.parametrize(("recipe", "check"), CHECKS)
def test_check(recipe: dict[str, Any], check: dict[str, Any]) -> None:
    Check(recipe, check).tell()
