"""The events that the engine itself writes, and the ids it derives for them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import evolve

from journeykit.core.compiling.plans import as_key
from journeykit.core.definitions.objects import Subject
from journeykit.core.expressions.calendar import known_zone, near_zone
from journeykit.core.facts.balances import Balance
from journeykit.errors import EventError
from journeykit.model.customer import RESERVED, Catalog
from journeykit.model.given import mapping
from journeykit.model.messages import Event, moment, text
from journeykit.model.objects import ObjectFact
from journeykit.model.plain import is_plain, no_json

IDENTIFY, ENTER, EXIT, SETTLED, RETRY, OPEN, MIGRATE = "$identify", "$enter", "$exit", "$settled", "$retry", "$open", "$migrate"
ARM = "$arm"  #: which arm of an experiment somebody is in, by its name: what a test says that cannot wait for the right hash
_HOSTS_OWN = frozenset({IDENTIFY, ENTER, EXIT, ARM})

_LONGEST = 400


def derived(stem: str, tail: str) -> str:
    """An id made of another id: the same each time, and never longer than an id may be."""
    if len(stem) > _LONGEST:
        stem = f"sha256:{hashlib.sha256(stem.encode()).hexdigest()}"
    return f"{stem}/{tail}"


def own_event(name: str, event_id: str, customer_id: str, at: int, properties: dict[str, Any], source: str = "") -> Event:
    """An event of the library's own."""
    return Event(name, id=event_id, customer_id=customer_id, occurred_at=moment(at), properties=properties, source=source)


def refuse_foreign(events: Iterable[object]) -> None:
    """Raise `EventError` for the first that is no event of a host."""
    for event in events:
        if not isinstance(event, Event):
            raise EventError(f"{event!r:.60} is no event; give Event(...), and several one by one: accept(*events)")
        if event.name[0] == "$" and event.name not in _HOSTS_OWN:
            raise EventError(f'name: "{event.name}" is one of the library\'s own; names of your events do not begin with "$"')


def refuse_unstorable(events: Iterable[Event]) -> None:
    """Raise `EventError` for the first event whose properties are no JSON."""
    for event in events:
        try:
            json.dumps(event.properties, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise no_json(event.properties, event.id, error) from error


def key_of(key: str) -> str:
    """Return *key*, which may be empty; raise `EventError` where it is none."""
    return text(key, "key") if key != "" else ""


def data_of(data: Mapping[str, Any] | None) -> dict[str, Any]:
    """What an enrollment's data begins with; raise `EventError` where it is no mapping."""
    return {} if data is None else dict(mapping(data, "data", '{"code": "SPRING"}', EventError))


def as_logged(event: Event) -> Event:
    """
    *event* with the properties that its log will give back: a tuple is a list there, the key 1 is "1", and a member of an enumeration
    is its value. What is decided at once is decided on these, as it would be by a worker or a replay (P12).

    Raises:
        EventError: the properties are no JSON.
    """
    if is_plain(event.properties):
        return event
    refuse_unstorable((event,))
    return evolve(event, properties=json.loads(json.dumps(event.properties)))


def object_fact(subjects: Mapping[str, Subject], name: str, id: str, properties: Mapping[str, Any], at: int) -> ObjectFact:
    """
    A fact about the object that *properties* name.

    Raises:
        EventError: no such event is declared, it names no object, or it holds what is no JSON.
    """
    subject = subjects.get(name)
    if subject is None:
        known = ", ".join(subjects) or "none"
        raise EventError(f'name: "{name}" is not declared as an event about an object; there are {known}, and the catalog declares them')
    value = as_key(properties.get(subject.property))
    if not isinstance(value, str):
        raise EventError(f"properties: {subject.property}={properties.get(subject.property)!r:.60} names no object; give its id")
    try:
        json.dumps(properties, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise no_json(properties, id, error) from error
    return ObjectFact(name, value, id, at, at, dict(properties))


def ended_by(subjects: Mapping[str, Subject], name: str) -> list[str]:
    """The events whose release ends when *name* happens to the object: its own kind, and those that are told until then."""
    return [event for event, subject in subjects.items() if event == name or name in subject.kind.until]


def identification(
    catalog: Catalog,
    openings: Mapping[str, Balance],
    traits: Mapping[str, Any] | None,
    zone: str | None,
    consent: Mapping[str, bool] | None,
) -> dict[str, Any]:
    """
    The properties of ``$identify``.

    Raises:
        EventError: a trait, the zone or a consent cannot be accepted.
    """
    properties: dict[str, Any] = {}
    for name, given in {"traits": traits, "consent": consent}.items():
        if given is not None and not isinstance(given, Mapping):
            raise EventError(f"{name}: {given!r:.60} is no mapping; give each by its name")
    if traits:
        properties["traits"] = {name: _trait(catalog, openings, name, value) for name, value in traits.items()}
    if zone is not None:
        if not known_zone(zone):
            raise EventError(f'zone: "{zone}" is no time zone; write an IANA name, for example "Europe/Berlin"{near_zone(zone)}')
        properties["zone"] = zone
    if consent:
        properties["consent"] = {channel: _flag(channel, value) for channel, value in consent.items()}
    return properties


def _trait(catalog: Catalog, openings: Mapping[str, Balance], name: str, value: Any) -> Any:
    if name in RESERVED or name in catalog.facts:
        raise EventError(f'traits: "{name}" is not yours to set; it is the library\'s own or a declared fact')
    if catalog.traits and name not in catalog.traits:
        raise EventError(f'traits: "{name}" is not in the catalog; there are {", ".join(sorted(catalog.traits))}')
    for fact, opening in openings.items() if value is not None else ():
        if opening.trait == name and opening.given(value) is None:
            raise EventError(f'traits: {name}={value!r:.60} is nothing that the fact "{fact}" can begin with; give {opening.wanted}')
    return value


def _flag(channel: str, value: bool) -> bool:
    if not isinstance(value, bool):
        raise EventError(f"consent: {channel}={value!r}; write True or False")
    return value
