"""What the customers of any journeys may do: everything drawn from the words of the definitions themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from random import Random
from typing import Any

import attrs

from agreement.generators import BEGIN, HOUR, Happening
from journeykit import Catalog, Journey
from journeykit.model.conditions import Expression, template_parts
from journeykit.model.journey import Do, On
from journeykit.model.messages import Event, moment
from journeykit.model.phrases import Aggregate
from journeykit.runtime.definitions import merged

CUSTOMERS = ("ann", "bob")
KEYS = ("k1", "k2")
GAPS = (0, HOUR // 6, HOUR // 2, HOUR, 4 * HOUR, 24 * HOUR, 24 * HOUR, 3 * 24 * HOUR, 9 * 24 * HOUR, 31 * 24 * HOUR, 70 * 24 * HOUR)
NOW: frozenset[Any] = frozenset({"now"})  #: what is compared with the present is a moment
WORDS: tuple[Any, ...] = (1, 3, 60, "x", True, None)


class Vocabulary:
    """
    The events, properties and traits that definitions speak of, each with values that make a difference to them.

    Args:
        values: journeys and catalogs.
    """

    def __init__(self, values: Sequence[Journey | Catalog]) -> None:
        self.journeys = [value for value in values if isinstance(value, Journey)]
        self.catalog = merged(value for value in values if isinstance(value, Catalog))
        parts = [part for value in (*self.journeys, self.catalog) for part in every_part(value)]
        self.events = sorted({on.event for on in parts if isinstance(on, On) and on.event} | {one.event for one in self._facts()})
        self.known: dict[tuple[str, str], set[Any]] = {}
        self.moments: set[tuple[str, str]] = set()
        self.numbers: set[tuple[str, str]] = set()
        self.lists: dict[tuple[str, str], set[str]] = {}  #: lists of records, with the names in them
        for part in parts:
            self._learn(part)
        for part in parts:
            for name, value in (getattr(part, "set", None) or {}).items():
                if tuple(name.split(".")) in self.moments:
                    self.moments |= {path[:2] for path in value.paths if len(path) > 1}
        for journey in self.journeys:
            if journey.key and journey.key.isidentifier():
                self.known.setdefault(("event", journey.key), set()).update(KEYS)
        for one in self._facts():
            if one.of:
                self.numbers |= {("event", one.of)} if one.kind in ("sum", "min", "max", "mean") else set()
                self.known.setdefault(("event", one.of), set()).update({10, 90, 300} if one.kind != "last" else set())

    def _facts(self) -> Iterator[Aggregate]:
        yield from self.catalog.facts.values()

    def _learn(self, part: Any) -> None:
        """Take the words of an expression."""
        moment = getattr(part, "moment", None)  # of a wait, of a schedule
        if isinstance(moment, Expression):
            self.moments |= {path[:2] for path in moment.paths if len(path) > 1}
        if not isinstance(part, Expression):
            return
        for path, names in _looked_up(part.tree):
            self.lists.setdefault(path, set()).update(names)
        for path in part.paths:
            if path[0] in ("event", "customer", "consent") and len(path) > 1:
                self.known.setdefault(path[:2], set())  # type: ignore[arg-type]
        for paths, constants in _compared(part.tree):
            if constants is NOW:
                self.moments |= paths
                continue
            near = {other for one in constants if type(one) is int for other in (one - 1, one, one + 1)}
            for path in paths:
                self.known.setdefault(path, set()).update((constants | near) if constants else {40, 60})

    # -- drawing

    def happenings(self, random: Random, number: int) -> list[Happening]:
        """A story of so many happenings, told to two customers."""
        at = BEGIN
        found = [Happening(at, self._identified(random, at, f"hello {customer}", customer)) for customer in CUSTOMERS]
        for place in range(number):
            at += random.choice(GAPS)
            customer = random.choice((*CUSTOMERS, "ann"))
            event = self._event(random, at, f"e{place}", customer)
            found.append(Happening(at, None if random.random() < 0.1 else event))
        return [*found, Happening(at + 400 * 24 * HOUR, None)]

    def _event(self, random: Random, at: int, id: str, customer: str) -> Event:
        open_ones = [journey for journey in self.journeys if not journey.entry]
        if open_ones and random.random() < 0.3:
            journey = random.choice(open_ones)
            told = {"journey": journey.name, "key": random.choice(KEYS) if journey.key else "", "data": {}}
            return Event("$enter", id=id, customer_id=customer, occurred_at=moment(at), properties=told)
        if not self.events or random.random() < 0.2:
            return self._identified(random, at, id, customer)
        return Event(
            random.choice(self.events), id=id, customer_id=customer, occurred_at=moment(at), properties=self._told(random, at, "event")
        )

    def _identified(self, random: Random, at: int, id: str, customer: str) -> Event:
        consent = {name: random.random() < 0.7 for root, name in self.known if root == "consent"}
        told: dict[str, Any] = {"traits": self._told(random, at, "customer")} | ({"consent": consent} if consent else {})
        if random.random() < 0.3:
            told["zone"] = random.choice(("Europe/Berlin", "America/New_York"))
        return Event("$identify", id=id, customer_id=customer, occurred_at=moment(at), properties=told)

    def _told(self, random: Random, at: int, root: str) -> dict[str, Any]:
        own = {"id", "zone", "stage", *self.catalog.facts}
        names = [name for one, name in sorted(self.known) if one == root and not (root == "customer" and name in own)]
        return {name: self._value(random, at, (root, name)) for name in names if random.random() < (0.6 if root == "customer" else 0.95)}

    def _value(self, random: Random, at: int, path: tuple[str, str]) -> Any:
        if path in self.moments:
            return (moment(at) + timedelta(hours=random.choice((-30, 1, 20, 200, 900)))).isoformat()
        if path in self.lists:
            days = [(moment(at) + timedelta(days=random.choice((1, 2, 3, 30)))).date().isoformat() for _ in range(random.choice((0, 1, 2)))]
            return [dict.fromkeys(sorted(self.lists[path]), day) for day in days]
        choices = sorted(self.known[path], key=repr)
        if path in self.numbers:
            return random.choice([choice for choice in choices if type(choice) is int])
        return random.choice(choices) if choices and random.random() < 0.95 else random.choice(WORDS)


def every_part(value: Any) -> Iterator[Any]:
    """Everything that a definition is made of, expressions in texts among it."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from every_part(item)
    elif isinstance(value, str):
        if "{" in value:
            yield from (part for part in template_parts(value) if isinstance(part, Expression))
    elif attrs.has(type(value)):
        yield value
        for one in attrs.fields(type(value)):
            yield from every_part(getattr(value, one.name)) if not (isinstance(value, Do) and one.name == "action") else ()


def _compared(tree: Any) -> Iterator[tuple[set[tuple[str, str]], Any]]:
    """For each comparison the paths and the constants in it."""
    if not isinstance(tree, tuple):
        return
    if tree[:1] == ("compare",):
        leaves = list(_leaves(tree))
        constants = {leaf[1] for leaf in leaves if leaf[0] == "const" and leaf[1] is not None}
        if ("path", ("now",)) in leaves:
            constants = NOW
        yield {leaf[1][:2] for leaf in leaves if leaf[0] == "path" and leaf[1][0] in ("event", "customer")}, constants
    for part in tree:
        yield from _compared(part)


def _leaves(tree: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, tuple) and len(tree) == 2 and tree[0] in ("const", "path"):
        yield tree  # type: ignore[misc]
    elif isinstance(tree, tuple):
        for part in tree:
            yield from _leaves(part)


def _looked_up(tree: Any) -> Iterator[tuple[tuple[str, str], set[str]]]:
    """The lists that records are looked up in, and the names that are looked at."""
    if isinstance(tree, tuple):
        if tree[:2] in (("call", "those"), ("call", "top")) and tree[2][0] == "path":
            yield tree[2][1][:2], {leaf[1] for leaf in _leaves(tree[3:]) if leaf[0] == "const" and isinstance(leaf[1], str)}
        for part in tree:
            yield from _looked_up(part)
