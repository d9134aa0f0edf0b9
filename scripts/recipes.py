"""
Write docs/recipes.md: every journey of examples/recipes, with the capabilities it needs and, where it is small, a drawing.

The words about a journey are those at the head of its file; publisher and tags come from the collection of published recipes, in the
folder ``shared`` beside the repository or where JOURNEYKIT_SHARED says.

Usage::

    python scripts/recipes.py            say whether the page is as it should be
    python scripts/recipes.py --write    write it anew
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from journeykit import DefinitionError, Journey, Scope, load, mermaid

ROOT = Path(__file__).resolve().parent.parent
JOURNEYS = ROOT / "examples" / "recipes"
PAGE = ROOT / "docs" / "recipes.md"
SMALL = 4  #: steps of a journey that is drawn

HEAD = """\
# Published journeys

Journeys that vendors and practitioners published, as definitions: one file each under [examples/recipes](../examples/recipes), with
one [catalog](../examples/recipes/catalog.yaml) for all of them. What each must do, event by event and mail by mail, is a test of its
own name (`tests/recipes`). The tags name the capabilities that a journey needs. This page is written by `scripts/recipes.py`.
"""


def published() -> list[dict[str, Any]]:
    """The collection of published recipes; nothing where it is not at hand."""
    for folder in (os.environ.get("JOURNEYKIT_SHARED"), ROOT.parent / "shared"):
        path = Path(folder or "") / "recipes" / "recipes.yaml"
        if folder and path.exists():
            recipes: list[dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))["recipes"]
            return recipes
    return []


def page(recipes: Iterable[dict[str, Any]]) -> str:
    """The whole page."""
    found = list(recipes)
    stages = dict.fromkeys(recipe["stage"] for recipe in found)
    parts = [HEAD]
    for stage in stages:
        parts.append(f"## {stage.capitalize()}\n")
        parts += [section(recipe) for recipe in found if recipe["stage"] == stage]
    return "\n".join(parts)


def section(recipe: dict[str, Any]) -> str:
    """One recipe."""
    path = JOURNEYS / f"{recipe['id']}.yaml"
    said = " ".join(line.removeprefix("# ") for line in leading(path.read_text("utf-8")))
    tags = " · ".join(recipe["features"])
    drawn = "".join(f"\n```mermaid\n{mermaid(journey)}```\n" for journey in small(path))
    return f"""\
### {recipe["id"]}

{said} [The file](../examples/recipes/{path.name}); published by {recipe["source"]["vendor"]}.

{tags}
{drawn}"""


def leading(text: str) -> Iterator[str]:
    """The comment at the head of a file."""
    for line in text.splitlines():
        if not line.startswith("# "):
            return
        yield line


def small(path: Path) -> list[Journey]:
    """The journey of a file that holds one, where it is small enough to be drawn."""
    try:
        journeys = [one for one in load(path) if isinstance(one, Journey)]
    except DefinitionError:
        return []  # it waits for a word that is not there yet
    return journeys if len(journeys) == 1 and 1 < size(journeys[0].steps) <= SMALL else []


def size(steps: Iterable[Any]) -> int:
    """How many steps there are, those of scopes included."""
    return sum(size(step.steps) if isinstance(step, Scope) else 1 for step in steps)


def main(arguments: list[str]) -> int:
    """Write the page, or compare it."""
    recipes = published()
    if not recipes:
        print("the published recipes are not at hand; set JOURNEYKIT_SHARED to the folder that holds them")
        return 0
    text = page(recipes)
    if "--write" in arguments:
        PAGE.write_text(text, "utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != text:
        print("docs/recipes.md is not what the journeys say; run python scripts/recipes.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
