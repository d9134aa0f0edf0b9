"""Checks of segments: what they read can be known of a customer who is nowhere, and none is built on itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from journeykit.core.checks.facts import since_entry
from journeykit.core.definitions.survey import unknown
from journeykit.core.facts.facts import FactTable
from journeykit.core.facts.segments import SegmentTable, built_on
from journeykit.errors import DefinitionError
from journeykit.model.conditions import Expression
from journeykit.model.customer import RESERVED, Catalog
from journeykit.model.phrases import suggestion

_ROOTS = ("customer", "consent", "segment", "now")


def segments(catalog: Catalog) -> Iterator[str]:
    """Everything that is wrong with the segments of *catalog*, one line each."""
    found = [problem for name in catalog.segments for problem in _problems(catalog, name)]
    circle = next((circle for name in catalog.segments if (circle := _circle(catalog.segments, name))), ())
    if circle:
        found.append(f"segments.{circle[0]}: goes round in a circle: {' reads '.join(circle)}; take one of them apart")
    yield from found
    if found:
        return
    try:
        SegmentTable(catalog, FactTable(catalog))
    except DefinitionError as error:
        yield f"segments: {error}"


def _problems(catalog: Catalog, name: str) -> Iterator[str]:
    """What a segment reads that it cannot know."""
    yield from (f"segments.{name}: {problem}" for problem in since_entry(catalog.segments[name], catalog, "a segment"))
    for path in sorted(catalog.segments[name].paths, key=str):
        if path[0] not in _ROOTS:
            yield f"segments.{name}: a segment knows no {path[0]}; it reads {', '.join(_ROOTS)}"
        elif path[0] == "segment" and path[1] not in catalog.segments:
            yield f'segments.{name}: no segment "{path[1]}"{suggestion(str(path[1]), catalog.segments)}'
        elif path[0] == "customer" and catalog.traits and path[1] not in (known := [*catalog.traits, *catalog.facts, *sorted(RESERVED)]):
            yield f"segments.{name}: {unknown('trait or fact', str(path[1]), known)}"


def _circle(segments: Mapping[str, Expression], name: str) -> tuple[str, ...]:
    """The way from *name* back to it."""
    ways: list[tuple[str, ...]] = [(name,)]
    seen = {name}
    for way in ways:
        for inner in sorted(built_on(segments.get(way[-1]))):
            if inner == name:
                return (*way, name)
            if inner not in seen:
                seen.add(inner)
                ways.append((*way, inner))
    return ()
