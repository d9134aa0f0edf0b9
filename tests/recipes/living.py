"""What the customers of any journeys may do: everything drawn from the words of the definitions themselves, which the test kit knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from agreement.generators import BEGIN, HOUR, Happening
from journeykit.model.messages import Event, moment
from journeykit.testing.stories import resolved
from journeykit.testing.vocabulary import KEYS, Vocabulary

CUSTOMERS = ("ann", "bob")
GAPS = (0, HOUR // 6, HOUR // 2, HOUR, 4 * HOUR, 24 * HOUR, 24 * HOUR, 3 * 24 * HOUR, 9 * 24 * HOUR, 31 * 24 * HOUR, 70 * 24 * HOUR)
ODD: tuple[Any, ...] = (1, 3, 60, "x", True, None)


def happenings(words: Vocabulary, random: Random, number: int) -> list[Happening]:
    """A story of so many happenings, told to two customers."""
    at = BEGIN
    found = [Happening(at, _identified(words, random, at, f"hello {customer}", customer)) for customer in CUSTOMERS]
    for place in range(number):
        at += random.choice(GAPS)
        customer = random.choice((*CUSTOMERS, "ann"))
        event = _event(words, random, at, f"e{place}", customer)
        found.append(Happening(at, None if random.random() < 0.1 else event))
    return [*found, Happening(at + 400 * 24 * HOUR, None)]


def _event(words: Vocabulary, random: Random, at: int, id: str, customer: str) -> Event:
    if words.doors and random.random() < 0.3:
        journey = random.choice(words.doors)
        told = {"journey": journey.name, "key": random.choice(KEYS) if journey.keyed else "", "data": {}}
        return Event("$enter", id=id, customer_id=customer, occurred_at=moment(at), properties=told)
    if not words.events or random.random() < 0.2:
        return _identified(words, random, at, id, customer)
    name = random.choice(words.events)
    properties = _told(words.properties(name), random, at, 0.95)
    return Event(name, id=id, customer_id=customer, occurred_at=moment(at), properties=properties)


def _identified(words: Vocabulary, random: Random, at: int, id: str, customer: str) -> Event:
    told: dict[str, Any] = {"traits": _told(words.traits(), random, at, 0.6)}
    told |= {"consent": {name: random.random() < 0.7 for name in words.channels}} if words.channels else {}
    told |= {"zone": random.choice(("Europe/Berlin", "America/New_York"))} if random.random() < 0.3 else {}
    return Event("$identify", id=id, customer_id=customer, occurred_at=moment(at), properties=told)


def _told(choices: Mapping[str, Sequence[Any]], random: Random, at: int, often: float) -> dict[str, Any]:
    """Most of these properties, now and then with a value that nobody thought of where text was meant."""
    return {name: resolved(_value(values, random), moment(at)) for name, values in choices.items() if random.random() < often}


def _value(values: Sequence[Any], random: Random) -> Any:
    return random.choice(values if random.random() < 0.95 or not isinstance(values[0], str) else ODD)
