"""
Invented customers, events and moments for property tests of a host's own journeys, with hypothesis.

::

    @given(st.lists(events(load("journeys/"))))
    def test_nobody_is_written_to_twice(told):
        ...

What is drawn comes from the words of the definitions: the events that they listen to, the properties that their conditions, keys and
formulas read, with the values they compare with and those just beside; see `Vocabulary`. `machine` makes whole stories of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from journeykit.model.customer import Catalog
from journeykit.model.journey import Journey
from journeykit.model.messages import Event
from journeykit.testing.strategies import journeys
from journeykit.testing.vocabulary import Ahead, Vocabulary

__all__ = ["ZONES", "Person", "customers", "events", "journeys", "moments", "person", "properties", "resolved"]

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")  #: with and without summer time, and by half an hour
BEGIN = datetime(2026, 3, 28, 12, tzinfo=UTC)  #: the day before the clock changes in Europe
_LEFT_OUT = object()
_SHORT, _DAY = timedelta(seconds=1), timedelta(days=1)


class Person(NamedTuple):
    """A customer, and what is known about them; `Engine.identify` takes it."""

    id: str
    zone: str | None
    traits: dict[str, Any]
    consent: dict[str, bool]


def events(
    definitions: Iterable[Journey | Catalog],
    customers: Sequence[str] = ("ann", "bob"),
    *,
    at: SearchStrategy[datetime] | None = None,
    also: Sequence[str] = (),
) -> SearchStrategy[Event]:
    """
    Events that the journeys listen to.

    Args:
        definitions: journeys and catalogs.
        customers: whom they are about.
        at: when they occurred; around noon before the night in which clocks change in Europe where not said.
        also: names of further events.

    Returns:
        A strategy; now and then two of its events have one id, so that a fact is told twice.

    Raises:
        ValueError: the definitions listen to no event about a customer.
    """
    words = Vocabulary(definitions, also)
    if not words.events:
        raise ValueError("the journeys listen to no event about a customer; name some with also")
    moments = st.integers(0, 10 * 24 * 60).map(lambda minutes: BEGIN + timedelta(minutes=minutes)) if at is None else at

    def made(name: str) -> SearchStrategy[Event]:
        told = st.tuples(st.integers(0, 10_000), st.sampled_from(customers), moments, properties(words.properties(name)))
        return told.map(
            lambda one: Event(name, id=f"e{one[0]}", customer_id=one[1], occurred_at=one[2], properties=resolved(one[3], one[2]))
        )

    return st.one_of([made(name) for name in words.events])


def customers(
    definitions: Iterable[Journey | Catalog] = (), ids: Sequence[str] = ("ann", "bob"), zones: Sequence[str] = ZONES
) -> SearchStrategy[Person]:
    """
    Customers with what the journeys want to know of them.

    Args:
        definitions: journeys and catalogs.
        ids: their ids.
        zones: IANA time zones; now and then one has none.
    """
    words = Vocabulary(definitions)
    return (
        st.sampled_from(ids)
        .flatmap(lambda name: person(words, name, zones))
        .map(lambda one: one._replace(traits=resolved(one.traits, BEGIN)))
    )


def person(words: Vocabulary, name: str, zones: Sequence[str] = ZONES) -> SearchStrategy[Person]:
    """One customer, with moments among the traits that are still counted from the present."""
    zone = st.sampled_from((None, *zones))
    consent = st.fixed_dictionaries({channel: st.sampled_from((True, False, _LEFT_OUT)) for channel in words.channels}).map(_there)
    return st.builds(Person, st.just(name), zone, properties(words.traits()), consent)


def properties(choices: Mapping[str, Sequence[Any]]) -> SearchStrategy[dict[str, Any]]:
    """Most of these properties, each with one of its values."""
    return st.fixed_dictionaries({name: st.sampled_from((*values, *values, _LEFT_OUT)) for name, values in choices.items()}).map(_there)


def resolved(value: Any, now: datetime) -> Any:
    """*value* with moments where it is counted from the present."""
    if isinstance(value, Ahead):
        return (now + timedelta(seconds=value.seconds)).isoformat()
    if isinstance(value, dict):
        return {name: resolved(inner, now) for name, inner in value.items()}
    return [resolved(inner, now) for inner in value] if isinstance(value, list) else value


def moments(zone: str = "UTC", year: int = 2026) -> SearchStrategy[datetime]:
    """
    Instants at which clocks and calendars do something, and those around them.

    A day before and after, an hour, a second, and exactly at: where the clocks of *zone* are put on or back, the ends of its months, some
    of its midnights.

    Args:
        zone: an IANA time zone.
        year: a year.

    Returns:
        A strategy of datetimes in *zone*; both of the hour that is told twice.
    """
    here = ZoneInfo(zone)
    midnights = [datetime(year, 1, 1, tzinfo=here) + number * _DAY for number in range(367)]  # of the wall clock
    edges = [_edge(one, other) for one, other in pairwise(midnights) if one.utcoffset() != other.utcoffset()]
    edges += [day for day in midnights if day.day == 1] + midnights[::50]
    beside = (timedelta(0), -_SHORT, _SHORT, -timedelta(hours=1), timedelta(hours=1), -_DAY, _DAY)
    return st.tuples(st.sampled_from(edges), st.sampled_from(beside)).map(lambda one: (one[0].astimezone(UTC) + one[1]).astimezone(here))


def _edge(before: datetime, after: datetime) -> datetime:
    """The instant between two at which the offset changes, to the second."""
    low, high = before.astimezone(UTC), after.astimezone(UTC)
    while high - low > _SHORT:
        middle = low + (high - low) // _SHORT // 2 * _SHORT
        low, high = (middle, high) if middle.astimezone(before.tzinfo).utcoffset() == before.utcoffset() else (low, middle)
    return high


def _there(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not _LEFT_OUT}
