"""
Sentences, and what each is read as: a dictionary of the language, in ``approved/``.

A sentence stands alone on its line, what it is read as or why it is refused is written under it. ``--journeykit-approve`` fills in what stands
under a new one, and shows in the pull request what an old one means now.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from journeykit.errors import DefinitionError
from journeykit.model.conditions import Expression
from journeykit.model.phrases import Aggregate, Reentry, Split
from journeykit.model.policies import Policy
from journeykit.model.quotas import Take
from journeykit.model.schedule import Schedule
from journeykit.model.wait import Wait
from journeykit.testing.approvals import approve

APPROVED = Path(__file__).parent / "approved"


def shown(value: Any) -> str:
    """A value in one way only: sets in order, expressions by their text."""
    if isinstance(value, Expression):
        return f"<{value.text}>"
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(repr, value)))}}}"
    return repr(value)


def parts(kind: Callable[[str], Any]) -> Callable[[str], list[str]]:
    """Everything that a sentence is read into, but its text and what is as in every other."""

    def read(text: str) -> list[str]:
        found = kind(text)
        fields = {field.name: field.default for field in attrs.fields(type(found)) if field.name != "text"}
        values = {name: getattr(found, name) for name in fields}
        return [f"{name} = {shown(value)}" for name, value in values.items() if value not in (None, fields[name])]

    return read


def tree(text: str) -> list[str]:
    """The tree of an expression, and the paths that it reads."""
    found = Expression(text)
    return [repr(found.tree), *sorted(map(repr, found.paths))]


READERS: dict[str, Callable[[str], list[str]]] = {
    "expressions": tree,
    "waits": parts(Wait),
    "schedules": parts(Schedule),
    "policies": parts(Policy),
    "facts": parts(Aggregate),
    "reentries": parts(Reentry),
    "splits": parts(Split),
    "takes": parts(Take),
}


def reading(read: Callable[[str], list[str]], sentence: str) -> str:
    """The sentence with what it is read as, or why it is refused."""
    try:
        lines = read(sentence)
    except DefinitionError as error:
        lines = [f"refused: {problem}" for problem in error.problems]
    return "\n    ".join([json.dumps(sentence, ensure_ascii=False)[1:-1], *(line.replace("\n", "\\n") for line in lines)])


@pytest.mark.parametrize("name", READERS)
def test_a_sentence_means_what_it_has_always_meant(name: str, request: pytest.FixtureRequest) -> None:
    """Nobody's journey changes its meaning with a new version, and no refusal its words."""
    file = APPROVED / f"{name}.txt"
    sentences = [json.loads(f'"{line}"') for line in file.read_text("utf-8").splitlines() if line and not line.startswith("    ")]

    assert len(sentences) == len(set(sentences)) > 5
    write = request.config.getoption("journeykit_approve", default=False)
    approve("\n".join(reading(READERS[name], sentence) for sentence in sentences), file, write=write)
