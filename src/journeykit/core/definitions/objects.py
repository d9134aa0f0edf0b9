"""
Events about objects (P14), and which of them each step of a journey waits for.

An enrollment waits for an event about an object where a rule of its step waits for that event: for the object that is its key, or
for those that its data names, as the rule's condition compares them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from journeykit.core.definitions.outline import Place
from journeykit.model.conditions import Expression
from journeykit.model.customer import Catalog
from journeykit.model.grammar import Path, Tree
from journeykit.model.journey import Journey, On
from journeykit.model.objects import ObjectKind

KEY: Path = ("journey", "key")


class Subject(NamedTuple):
    """Which property of an event names its object, and how those who wait are told."""

    property: str
    kind: ObjectKind


class Interest(NamedTuple):
    """What a step waits for: an event about one of the objects that stand under *paths*."""

    event: str
    paths: tuple[Path, ...]


def subjects(catalog: Catalog) -> dict[str, Subject]:
    """The events about objects."""
    kinds = ((event, name, kind) for event, properties in catalog.events.items() for name, kind in properties.items())
    return {event: Subject(name, kind) for event, name, kind in kinds if isinstance(kind, ObjectKind)}


def vocabulary(catalog: Catalog) -> list[str]:
    """The events there are, where the catalog lists any; none where it only says which are about objects, which lists nothing."""
    listed = any(not any(isinstance(kind, ObjectKind) for kind in properties.values()) for properties in catalog.events.values())
    return list(catalog.events) if listed else []


def interests(journey: Journey, places: Iterable[Place], about: Mapping[str, Subject]) -> dict[str, tuple[Interest, ...]]:
    """For each step what it waits for; steps that wait for no object are left out."""
    found: dict[str, tuple[Interest, ...]] = {}
    for place in places:
        rules = [(on.event or "", on) for on in _rules(journey, place)]
        waits = [Interest(event, objects_of(journey, on, about[event].property)) for event, on in rules if event in about]
        if waits and place.step.end is None:
            found[place.step.name] = tuple(dict.fromkeys(waits))
    return found


def _rules(journey: Journey, place: Place) -> Iterator[On]:
    exits = (journey.exits, *(scope.exits for scope in place.scopes))
    moves = (journey.when, *(scope.when for scope in place.scopes), place.step.when)
    yield from (rule.on for rules in exits for rule in rules)
    yield from (move.on for rules in moves for move in rules if move.on is not None)
    if journey.goal is not None:
        yield journey.goal.on


def objects_of(journey: Journey, on: On, name: str) -> tuple[Path, ...]:
    """Where an enrollment keeps the ids of the objects that *on* waits for; nothing where it does not say."""
    own = on.key or journey.keyed
    if own is not None and on.key != "any" and _names(own, name):
        return (KEY,)
    return tuple(dict.fromkeys(_compared(on.where.tree, ("event", name)))) if on.where else ()


def _names(key: str, name: str) -> bool:
    return key == name or (any(sign in key for sign in ".[(") and Expression(key).paths == {("event", name)})


def _compared(tree: Tree, subject: Path) -> Iterator[Path]:
    """The paths of an enrollment that *tree* compares with *subject*."""
    match tree:
        case ("compare", left, (("==" | "in"), right)) | ("call", "contains", right, left):
            sides = [side[1] for side in (left, right) if side[0] == "path"]
            if subject in sides:
                yield from (path for path in sides if path[0] == "data" or path == KEY)
        case ("and" | "or", *parts):
            for part in parts:
                yield from _compared(part, subject)
