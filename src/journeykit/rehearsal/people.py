"""Invented customers: what each does and when, drawn from a population. What one does depends on nobody else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from heapq import heappop, heappush
from typing import Any, NamedTuple

from journeykit.core.expressions.calendar import civil, wall
from journeykit.errors import DefinitionError
from journeykit.model.messages import ActionRequest, Event, moment
from journeykit.rehearsal.chance import Chance
from journeykit.rehearsal.phrases import Follow, Shares, Value
from journeykit.rehearsal.population import DAY, Population
from journeykit.runtime.letters import IDENTIFY

MOST = 10_000  #: events of one customer; whoever has more has a population that grows without end


class Person:
    """One invented customer, as far as they have come."""

    __slots__ = ("customer_id", "events", "happened", "known", "zone")

    def __init__(self, customer_id: str, zone: str) -> None:
        self.customer_id = customer_id
        self.zone = zone
        self.events = 0
        self.happened: dict[str, int] = {}  #: how often each event has
        self.known: dict[str, Any] = {}  #: the properties as they were last


class Coming(NamedTuple):
    """Something that is going to happen; in order of time, then by whom and out of what it follows."""

    at: int
    customer: str
    origin: str
    name: str
    given: Mapping[str, Any]


class Crowd:
    """
    The events of some customers of a population, as they happen.

    Args:
        population: how they behave.
        numbers: which of its customers, counted from 0.
        start: when the first may come, microseconds since 1970 UTC.
        until: nothing happens from then on.
        seed: another one gives other customers.
    """

    def __init__(self, population: Population, numbers: Iterable[int], start: int, until: int, seed: int) -> None:
        self._population = population
        self._until = until
        self._seed = seed
        self._coming: list[Coming] = []
        self._people: dict[str, Person] = {}
        for number in numbers:
            self._arrive(f"customer-{number + 1}", start)

    def next_at(self) -> int | None:
        """When the next event happens."""
        return self._coming[0].at if self._coming else None

    def before(self, end: int) -> Iterator[tuple[int, Event]]:
        """The events before *end*; what they lead to may be among them."""
        while self._coming and self._coming[0].at < end:
            coming = heappop(self._coming)
            yield coming.at, self._happen(coming)

    def reached(self, request: ActionRequest, now: int) -> None:
        """A customer has got a message, and may do something about it."""
        after = self._population.after
        if not after:
            return
        template = request.parameters.get("template")
        habits = after.get(f"{request.action} {template}") or after.get(request.action)
        if habits:
            chance = self._chance(request.idempotency_key)
            self._besides(habits, chance, now, request.customer_id, request.idempotency_key, request.parameters)

    # -- inside ------------------------------------------------------------------------------------------------------------

    def _chance(self, name: str) -> Chance:
        return Chance(f"{self._seed}/{name}")

    def _arrive(self, customer_id: str, start: int) -> None:
        chance, population = self._chance(customer_id), self._population
        zone = _drawn(population.zones, chance)
        at = self._arrival(chance, start, zone)
        self._people[customer_id] = Person(customer_id, zone)
        begin = _drawn(population.begin, chance)
        if population.traits or population.consent or population.zones.names != ("UTC",):
            self._come(at, customer_id, "", IDENTIFY, self._identity(chance, self._people[customer_id]))
        self._come(at, customer_id, "begin", begin, {})

    def _arrival(self, chance: Chance, start: int, zone: str) -> int:
        arrival = self._population.arrival
        if not arrival.hours.names:
            return start + int(chance.between(arrival.over))
        day = wall(start + int(chance.between(arrival.over)) // DAY * DAY, "UTC").replace(hour=0, minute=0, second=0, microsecond=0)
        hour = arrival.hours.names[chance.one_of(arrival.hours.upto)]
        return max(start, civil(day + timedelta(hours=hour, seconds=int(chance.number() * 3_600)), zone))

    def _identity(self, chance: Chance, person: Person) -> dict[str, Any]:
        population = self._population
        told: dict[str, Any] = {"zone": person.zone}
        if population.traits:
            told["traits"] = {name: self._value(value, name, chance, person, {}) for name, value in population.traits.items()}
        if population.consent:
            told["consent"] = {channel: chance.number() < agrees for channel, agrees in population.consent.items()}
        return told

    def _come(self, at: int, customer: str, origin: str, name: str, given: Mapping[str, Any]) -> None:
        if at < self._until:
            heappush(self._coming, Coming(at, customer, origin, name, given))

    def _happen(self, coming: Coming) -> Event:
        """Make the event, and draw what follows it."""
        person = self._people[coming.customer]
        person.events += 1
        if person.events > MOST:
            raise DefinitionError(
                f'events: a customer has more than {MOST:,} events, the last "{coming.name}"; let fewer follow each event, or later'
            )
        event_id = f"{person.customer_id}/{person.events}"
        given = coming.given if coming.name == IDENTIFY else self._behave(coming, person, event_id)
        return Event(coming.name, id=event_id, customer_id=person.customer_id, occurred_at=moment(coming.at), properties=dict(given))

    def _behave(self, coming: Coming, person: Person, event_id: str) -> dict[str, Any]:
        habit = self._population.events.get(coming.name)
        count = person.happened[coming.name] = person.happened.get(coming.name, 0) + 1
        if habit is None:
            return {}
        chance = self._chance(event_id)
        properties = {name: self._value(value, name, chance, person, coming.given) for name, value in habit.properties.items()}
        person.known.update(properties)
        if habit.next:
            self._next(habit.next[min(count, len(habit.next)) - 1], chance, coming.at, person, event_id)
        self._besides(habit.also, chance, coming.at, person.customer_id, event_id, {})
        return properties

    def _next(self, several: Mapping[str, Follow], chance: Chance, at: int, person: Person, origin: str) -> None:
        """One of *several*, or nothing."""
        drawn = chance.number()
        for name, follow in several.items():
            drawn -= follow.share
            if drawn < 0:
                self._come(at + int(chance.between(follow.after)), person.customer_id, origin, name, {})
                return

    def _besides(
        self, several: Mapping[str, Follow], chance: Chance, at: int, customer: str, origin: str, given: Mapping[str, Any]
    ) -> None:  # fmt: skip
        """Any of *several*, each for itself."""
        for name, follow in several.items():
            if chance.number() < follow.share:
                self._come(at + int(chance.between(follow.after)), customer, f"{origin}/{name}", name, given)

    def _value(self, value: Value, name: str, chance: Chance, person: Person, given: Mapping[str, Any]) -> Any:
        """What a property is: the same as in the message that is answered, or else as the customer had it last; new where neither has it."""
        if value.kind == "one of":
            return _drawn(value.shares, chance)
        if value.kind == "between":
            number = chance.between(value.quantiles)
            return round(number) if value.digits is None else round(number, value.digits)
        if value.kind == "same":
            known = given.get(name, person.known.get(name))
            if known is not None:
                return known
        return f"{person.customer_id}-{name}-{person.events}"


def _drawn(shares: Shares, chance: Chance) -> Any:
    return shares.names[0] if len(shares.names) == 1 else shares.names[min(chance.one_of(shares.upto), len(shares.names) - 1)]
