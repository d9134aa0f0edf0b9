"""What was designed, as tables: the versions of journeys with their steps in order, and which step asks for which action."""

from __future__ import annotations

from collections.abc import Iterator

from journeykit.codec import journey_from_text
from journeykit.core.definitions.outline import places
from journeykit.errors import JourneykitError
from journeykit.insight.tables.lake import Lake, Row
from journeykit.insight.tables.raw import Column, Table
from journeykit.model.journey import Do, Journey


def _text(name: str, what: str) -> Column:
    return Column(name, "text", what)


def _whole(name: str, what: str) -> Column:
    return Column(name, "whole", what)


VERSIONS = Table(
    "versions",
    "A version of a journey.",
    (_text("journey", "the journey"), _text("version", "its hash"), _whole("goal", "1 where it has a goal")),
    key=("version",),
)

STEPS = Table(
    "steps",
    "A step of a version.",
    (
        _text("journey", "the journey"),
        _text("version", "its hash"),
        _text("step", "the step's name"),
        Column("stage", "text", "its stage", null=True),
        _whole("place", "its place in the journey, from 0"),
        _whole("final", "1 where it ends the journey"),
    ),
    key=("version", "step"),
)

DOES = Table(
    "does",
    "An action that a step asks for when it is entered.",
    (
        _text("version", "hash of the version"),
        _text("step", "the step's name"),
        _text("action", "the action"),
        _whole("place", "its place among those of the step"),
    ),
    key=("version", "step", "place"),
)


def read(lake: Lake) -> dict[str, Journey]:
    """
    Every version by its hash, out of the raw table ``definitions``.

    A version that this release cannot read, because a newer one has written it, is left out: its steps have no stage then.
    """
    found: dict[str, Journey] = {}
    for version, text in lake.query('select "hash", "text" from definitions order by "hash"'):
        try:
            found[version] = journey_from_text(text)
        except JourneykitError:
            continue
    return found


def lay_out(lake: Lake, journeys: dict[str, Journey]) -> None:
    """Fill the tables ``versions``, ``steps`` and ``does``."""
    lake.fill(VERSIONS, [(journey.name, version, int(journey.goal is not None)) for version, journey in journeys.items()])
    lake.fill(STEPS, [row for version, journey in journeys.items() for row in _steps(version, journey)])
    lake.fill(DOES, [row for version, journey in journeys.items() for row in _does(version, journey)])


def _steps(version: str, journey: Journey) -> Iterator[Row]:
    for number, place in enumerate(places(journey)):
        yield journey.name, version, place.step.name, place.stage, number, int(place.step.end is not None)


def _does(version: str, journey: Journey) -> Iterator[Row]:
    for place in places(journey):
        asked = [one.action for one in place.step.do if isinstance(one, Do)]
        yield from ((version, place.step.name, action, number) for number, action in enumerate(asked))
