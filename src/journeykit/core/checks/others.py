"""Checks of keys, and of what journeys share with others: starts, lists, shared numbers, measures and objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from journeykit.core.checks.sense import KINDS, kind_of
from journeykit.core.checks.world import World
from journeykit.core.definitions.objects import objects_of, subjects, vocabulary
from journeykit.core.definitions.outline import scopes
from journeykit.core.definitions.survey import Rule, Survey, unknown
from journeykit.errors import DefinitionError
from journeykit.model.conditions import Expression
from journeykit.model.customer import RESERVED
from journeykit.model.journey import On, Start
from journeykit.model.phrases import Split
from journeykit.model.quotas import Take


def keys(survey: Survey, world: World) -> Iterator[str]:
    """Keys can be read, stand only in keyed journeys, and are properties that the event has."""
    journey = survey.journey
    if journey.key is not None:
        yield from _readable("key", journey.key)
    for rule in survey.rules:
        own = rule.on.key
        if own is not None and journey.keyed is None:
            yield f"{rule.path}.key: the journey has no key; give it one, or leave this out"
        elif own is not None and own != "any":
            yield from _readable(f"{rule.path}.key", own)
        if journey.keyed is not None and rule.on.event is not None and own != "any":
            yield from _key_property(world, rule, own or journey.keyed)


def records(survey: Survey, world: World) -> Iterator[str]:
    """``each`` names a list trait, and lets in by itself (P25)."""
    journey, each = survey.journey, survey.journey.each
    if each is None:
        return
    root, _, name = each.partition(".")
    declared = world.catalog.traits.get(name)
    if root != "customer" or not name.isidentifier() or name in RESERVED or name in world.catalog.facts:
        yield f'each: "{each}" is no trait; write for example customer.cards'
    elif world.catalog.traits and declared is None:
        yield f"each: {unknown('trait', name, list(world.catalog.traits))}"
    elif declared not in (None, "list", "any"):
        yield f"each: {each} is declared as {declared}; a list of records is needed"
    if journey.key is not None:
        yield "key: each record's id is the key already; leave one of key and each out"
    if journey.entry:
        yield "entry: each record lets in by itself; leave entry or each out"


def _readable(path: str, key: str) -> Iterator[str]:
    try:
        key_expression(key)
    except DefinitionError as error:
        yield f"{path}: {error}"


def key_expression(key: str) -> Expression:
    """The expression that a key stands for: a property's name, or an expression as it is."""
    return Expression(key if any(sign in key for sign in ".[(") else f"event[{key!r}]")


def _key_property(world: World, rule: Rule, key: str) -> Iterator[str]:
    declared = world.catalog.events.get(rule.on.event or "")
    if declared and not any(sign in key for sign in ".[(") and key not in declared:
        way = "name another property" if rule.kind == "entry" else "name its property with key, or write key: any"
        yield f'{rule.path}.key: "{rule.on.event}" has no property "{key}"; {way}'


def starts(survey: Survey, world: World) -> Iterator[str]:
    """A journey that is started exists, and gets a key where it has one."""
    known = {journey.name: journey for journey in world.journeys}
    for act in survey.acts:
        if not isinstance(act.do, Start):
            continue
        other = known.get(act.do.journey)
        if other is None:
            yield f"{act.path}: {unknown('journey', act.do.journey, list(known))}"
        elif other.keyed is not None and act.do.key is None:
            yield f'{act.path}: "{other.name}" is keyed by {other.key or other.each}; give the start a key'
        elif other.keyed is None and act.do.key is not None:
            yield f'{act.path}.key: "{other.name}" has no key; leave it out'


def takes(survey: Survey, world: World) -> Iterator[str]:
    """A quota is the same wherever it is taken from; one by the calendar has a zone (P5)."""
    if not any(move.move.take for move in survey.moves):
        return  # as with most: the others are not gone through for each of them
    known: dict[str, tuple[str, str | None, str]] = {}
    for journey in world.journeys:
        for move in Survey(journey).moves:
            if move.move.take is not None:
                known.setdefault(move.move.take.name, (move.move.take.text, journey.zone, journey.name))
    for move in survey.moves:
        take = move.move.take
        if take is None:
            continue
        text, zone, other = known[take.name]
        if text != take.text or (take.period and zone != survey.journey.zone):
            yield f'{move.path}.take: "{take.name}" is "{text}" in {zone or "no zone"} in "{other}"; say the same here, or name another'
        elif take.period and survey.journey.zone is None:
            yield f'{move.path}.take: "{take.text}" needs a time zone; give the journey one'
        yield from _counted(f"{move.path}.take", take, move.move.on, world)


def _counted(path: str, take: Take, on: On | None, world: World) -> Iterator[str]:
    """What a quota is counted by is a text or a whole number, as a key is."""
    kind = kind_of(take.per, world.catalog, on.event if on else None) if take.per else None
    if take.per and kind in ("moment", "flag", "list"):
        yield f"{path}: {take.per.text} is {KINDS[kind]}; what has a number of its own is named by a text or a whole number, such as event.product"


def measures(survey: Survey, world: World) -> Iterator[str]:
    """The event that makes an arm the better one is declared, and one experiment has one measure."""
    known: dict[str, tuple[str | None, int | None]] = {}
    ways = [(path, onward) for _, path, onward in scopes(survey.journey)]  # the last step of a scope has the same way on
    ways += [(place.path, place.onward) for place in survey.places if all(place.onward is not onward for _, onward in ways)]
    for path, split in ways:
        if not isinstance(split, Split) or split.measure is None:
            continue
        if (listed := vocabulary(world.catalog)) and split.measure not in listed:
            yield f"{path}.then: {unknown('event', split.measure, listed)}"
        first = known.setdefault(split.experiment or "", (split.measure, split.after))
        if first != (split.measure, split.after):
            yield f'{path}.then: the better arm of "{split.experiment}" is found otherwise elsewhere; say the same, or give it another name'


def objects(survey: Survey, world: World) -> Iterator[str]:
    """What waits for an event about an object says for which (P14)."""
    about = subjects(world.catalog)
    for rule in survey.rules:
        event = rule.on.event or ""
        if rule.kind != "entry" and event in about and not objects_of(survey.journey, rule.on, about[event].property):
            name = about[event].property
            yield f'{rule.path}: "{event}" is about one {name}; say which: key: {name} in a journey keyed by it, or where: event.{name} == data.{name}'


OTHERS: tuple[Callable[[Survey, World], Iterator[str]], ...] = (keys, records, starts, takes, measures, objects)
