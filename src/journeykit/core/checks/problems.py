"""Every problem of a definition at once, one line each: ``JOURNEY: PLACE: what; way out``. One small generator for each rule."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from journeykit.core.checks.facts import facts, outside
from journeykit.core.checks.moves import MOVES
from journeykit.core.checks.others import OTHERS
from journeykit.core.checks.policies import policies as catalog_policies
from journeykit.core.checks.policies import unanswered
from journeykit.core.checks.segments import segments
from journeykit.core.checks.sense import catalog_sense, sense
from journeykit.core.checks.shape import SHAPE
from journeykit.core.checks.words import WORDS
from journeykit.core.checks.world import World
from journeykit.core.definitions.extensions import Extensions
from journeykit.core.definitions.objects import Subject, objects_of, subjects
from journeykit.core.definitions.survey import Survey, unknown
from journeykit.model.customer import Catalog
from journeykit.model.journey import Journey
from journeykit.model.objects import ObjectKind


def problems(
    journeys: Sequence[Journey],
    catalog: Catalog,
    actions: Collection[str] | None = None,
    extensions: Extensions | None = None,
    policies: Collection[str] | None = None,
) -> Iterator[str]:
    """
    Find everything that is wrong with the journeys of an engine.

    Args:
        journeys: all of them, since they start each other and only one is the lifecycle.
        catalog: the shop's vocabulary; what it does not declare is not checked.
        actions: the names of the actions there are; None leaves them to the catalog.
        extensions: the triggers and timers that there are; none where not said.
        policies: the names of the host's policies; None leaves them unchecked.

    Yields:
        One line for each problem, the catalog's first, then each journey's in order of definition.
    """
    world = World(tuple(journeys), catalog, None if actions is None else tuple(actions), extensions or Extensions())
    shop = (
        *_objects(journeys, catalog),
        *facts(catalog),
        *segments(catalog),
        *catalog_sense(catalog),
        *catalog_policies(world, policies),
    )
    yield from (f"catalog: {problem}" for problem in shop)
    for number, journey in enumerate(journeys):
        yield from (f"{journey.name}: {problem}" for problem in _together(journeys[:number], journey))
        survey = Survey(journey)
        for rule in (*SHAPE, *MOVES):
            yield from (f"{journey.name}: {problem}" for problem in rule(survey))
        for word in (*WORDS, *OTHERS, outside, sense, unanswered):
            yield from (f"{journey.name}: {problem}" for problem in word(survey, world))


def _together(before: Sequence[Journey], journey: Journey) -> Iterator[str]:
    """What one journey may not be because of those before it."""
    if any(other.name == journey.name for other in before):
        yield "journey: another one has this name; give it a name of its own"
    lifecycle = next((other.name for other in before if other.lifecycle), None)
    if journey.lifecycle and lifecycle is not None:
        yield f'lifecycle: "{lifecycle}" is the lifecycle already; only one journey can be'


def _objects(journeys: Sequence[Journey], catalog: Catalog) -> Iterator[str]:
    """An event names one object, and what ends its release is there."""
    about = subjects(catalog)
    takes = [move.move.take.name for journey in journeys for move in Survey(journey).moves if move.move.take is not None]
    for event, subject in about.items():
        named = [name for name, kind in catalog.events[event].items() if isinstance(kind, ObjectKind)]
        if len(named) > 1:
            yield f"events.{event}: {' and '.join(named)} both name its object; leave one"
        known = [*about, *takes]
        for end in subject.kind.until:
            if end not in known:
                yield f"events.{event}.{subject.property}: {unknown('event about an object, and no quota,', end, known)}"
        for journey in journeys if subject.kind.until else ():
            yield from (f"events.{event}.{subject.property}: {problem}" for problem in _ends(Survey(journey), event, subject))


def _ends(survey: Survey, event: str, subject: Subject) -> Iterator[str]:
    """A quota that ends the release of one object is that object's own, where each has one."""
    name = subject.property
    objects = [objects_of(survey.journey, rule.on, name) for rule in survey.rules if rule.on.event == event]
    own = [("path", path) for path in (("event", name), *(path for paths in objects for path in paths))]
    for take in (move.move.take for move in survey.moves):
        if take is not None and take.name in subject.kind.until and take.per is not None and take.per.tree not in own:
            yield f'"{take.name}" in "{survey.journey.name}" has a number of its own per {take.per.text}, not per {name}; write per event.{name}, or name another end'
