"""Checks of declared facts: what they are counted from, what they begin with, and where those of an enrollment can be read."""

from __future__ import annotations

from collections.abc import Iterator

from journeykit.core.checks.world import World
from journeykit.core.definitions.objects import vocabulary
from journeykit.core.definitions.survey import Survey, unknown
from journeykit.core.expressions.calendar import known_zone, near_zone
from journeykit.model.conditions import Expression
from journeykit.model.customer import RESERVED, Catalog
from journeykit.model.phrases import Aggregate

_SUMMED = ("number", "money", "any")
_INSIDE = ("data", "step", "scope", "journey", "arm")  #: what is known of an enrollment only


def facts(catalog: Catalog) -> Iterator[str]:
    """Facts over events, properties and traits that are not declared, or that cannot be counted."""
    for name, fact in catalog.facts.items():
        found = (*_event(fact, catalog), *_opening(fact, catalog), *_where(fact, catalog))
        yield from (f"facts.{name}: {problem}" for problem in found)


def _event(fact: Aggregate, catalog: Catalog) -> Iterator[str]:
    if fact.zone is not None and not known_zone(fact.zone):
        yield f'no time zone "{fact.zone}"; write an IANA name such as Europe/Berlin{near_zone(fact.zone)}'
    declared = catalog.events.get(fact.event)
    if (listed := vocabulary(catalog)) and declared is None:
        yield unknown("event", fact.event, listed)
    elif declared and fact.of is not None:
        if fact.of not in declared:
            yield unknown(f"property of {fact.event}", fact.of, list(declared))
        elif fact.kind in ("sum", "mean", "min", "max") and declared[fact.of] not in _SUMMED:
            yield f"{fact.event}.{fact.of} is declared as {declared[fact.of]}; a {fact.kind} needs a number or money"


def _opening(fact: Aggregate, catalog: Catalog) -> Iterator[str]:
    """What a fact begins with is a trait of a kind that it can begin with."""
    if fact.opening is None:
        return
    kind = catalog.traits.get(fact.opening)
    if fact.opening in catalog.facts or fact.opening in RESERVED:
        yield f"it cannot begin with customer.{fact.opening}, which is no trait; tell the balance as a trait of its own"
    elif catalog.traits and kind is None:
        yield unknown("trait", fact.opening, list(catalog.traits))
    elif fact.kind not in ("first", "last") and kind not in (None, *_SUMMED):
        yield f"customer.{fact.opening} is declared as {kind}; a {fact.kind} begins with a number or money"
    elif fact.kind in ("first", "last") and fact.of is None and kind not in (None, "moment", "any"):
        yield f"customer.{fact.opening} is declared as {kind}; the moment of an event begins with a moment"


def _where(fact: Aggregate, catalog: Catalog) -> Iterator[str]:
    """A condition reads the event, the customer and, where it is counted since an entry, the enrollment."""
    declared, where = catalog.events.get(fact.event), fact.where
    if where is None:
        return
    if declared:
        names = sorted({str(path[1]) for path in where.paths if path[0] == "event"} - declared.keys())
        yield from (unknown(f"property of {fact.event}", word, list(declared)) for word in names)
    if not fact.since_entry:
        for root in sorted({str(path[0]) for path in where.paths} & {*_INSIDE}):
            yield f'what is counted for a customer knows no {root}; read the event, or count it "since entry"'
        yield from since_entry(where, catalog, "it")


def since_entry(expression: Expression, catalog: Catalog, what: str) -> Iterator[str]:
    """*what* has no enrollment, and reads nothing that is counted since one was entered."""
    for path in sorted(expression.paths, key=str):
        fact = catalog.facts.get(str(path[1])) if path[0] == "customer" else None
        if fact is not None and fact.since_entry:
            yield f"customer.{path[1]} is counted since an entry, and {what} is asked outside; declare a fact over all time or over a window for it"


def outside(survey: Survey, world: World) -> Iterator[str]:
    """Entries and schedules are looked at for customers who are not inside; nothing is counted for those yet."""
    for reading in survey.readings():
        if reading.path.startswith("entry") or reading.path.endswith(".every"):
            what = "an entry" if reading.path.startswith("entry") else "a schedule"
            yield from (f"{reading.path}: {problem}" for problem in since_entry(reading.expression, world.catalog, what))
