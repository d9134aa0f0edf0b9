"""The schema for editors takes every definition there is, and refuses what is plainly wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from journeykit.codec import json_schema, yaml_keys
from journeykit.codec.text import read
from journeykit.codec.writing import plain
from journeykit.testing.strategies import catalogs, journeys

ROOT = Path(__file__).parents[2]
VALIDATOR = Draft202012Validator(json_schema())
BLOCK = re.compile(r"^( *)```yaml\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def pages():
    """Every YAML block of the README and the docs that is a definition; a migration is none."""
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for indent, block in BLOCK.findall(page.read_text(encoding="utf-8")):
            text = re.sub(rf"^{indent}", "", block, flags=re.MULTILINE)
            if re.match(r"(journey|events|traits|facts|actions):", text) and "\nchanged:" not in text:
                yield pytest.param(text, id=f"{page.name}: {text.splitlines()[0]}")


def test_the_schema_is_a_schema():
    """It follows draft 2020-12 and is plain JSON."""
    Draft202012Validator.check_schema(json_schema())
    assert json.loads(json.dumps(json_schema())) == json_schema()


def test_the_schema_says_what_the_classes_say():
    """An editor shows the words of the docstrings."""
    step = json_schema()["$defs"]["Step"]
    assert step["description"] == "One state of the machine."
    assert step["properties"]["wait"] == {
        "$ref": "#/$defs/Wait",
        "description": "how long, or until when, a customer stays who is not moved by ``when``.",
    }
    undescribed = [f"{name}.{key}" for name, schema in json_schema()["$defs"].items() for key, part in schema.get("properties", {}).items()
                   if "description" not in part and key not in ("start", "to")]  # fmt: skip
    assert undescribed == []


@pytest.mark.parametrize("text", list(pages()))
def test_the_definitions_of_the_docs_follow_it(text):
    """What readers copy from the docs shows no error in their editor."""
    for value in read(text):
        assert [error.message for error in VALIDATOR.iter_errors(value)] == []


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(journeys() | catalogs())
def test_every_invented_definition_follows_it(definition):
    """Whatever is written follows the schema."""
    assert [error.message for error in VALIDATOR.iter_errors(plain(definition))] == []


@pytest.mark.parametrize(
    "text",
    [
        "journey: 5",
        "journey: a\nzoen: b",
        "traits: {plan: string}",
        "jurney: a",
        "journey: a\nsteps: {step: b}",
        "journey: a\nsteps: [b]",
        "journey: a\nsteps: [{stage: b}]",
        "journey: a\nsteps: [{step: b, scope: c}]",
        "journey: a\nsteps: [{step: b, wiat: 2 hours}]",
        "journey: a\nsteps: [{step: b, wait: 2}]",
        "journey: a\nsteps: [{step: b, when: {A: {after: 1 hour, to: b}}}]",
        "journey: a\nsteps: [{step: b, when: {event: A, to: b}}]",
        "journey: a\nsteps: [{step: b, when: [{event: A, on: b}]}]",
        "journey: a\nsteps: [{step: b, do: {email: hello}}]",
        "journey: a\nsteps: [{step: b, do: {email: {message: loud}}}]",
        "journey: a\nsteps: [{step: b, do: {start: {key: a}}}]",
        "journey: a\nsteps: [{scope: b, exits: {event: A, at: now}}]",
        "journey: a\nentry: {event: A, late: maybe}",
        "- journey: a",
    ],
)
def test_what_is_plainly_wrong_does_not(text):
    """The editor underlines it before anything is run."""
    assert list(VALIDATOR.iter_errors(read(text)[0])) != []


def test_the_keys_stay_within_their_budget():
    """At most 45 keys to learn; a new one needs one to go."""
    assert " ".join(sorted(yaml_keys())) == (
        "actions after at back changed customer do each end entry event events every exits expires facts goal holidays journey key late "
        "leaving lifecycle message open policies reentry scope segment segments set settled stage stages start step steps take then to traits "
        "wait when where zone"
    )
    assert len(yaml_keys()) == 45
    assert "on" not in yaml_keys()
