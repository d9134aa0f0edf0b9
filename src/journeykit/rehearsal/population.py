"""A population: who comes, what they do, and what they do when they are reached; declared in a small file, or fitted from a history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate
from os import PathLike
from pathlib import Path
from typing import Any

from attrs import field, frozen

from journeykit.codec.fields import Read, fields
from journeykit.codec.text import place, read, text_of
from journeykit.core.expressions.calendar import known_zone, near_zone
from journeykit.errors import DefinitionError
from journeykit.model.customer import RESERVED
from journeykit.model.messages import storable_text
from journeykit.model.phrases import MICROSECONDS
from journeykit.rehearsal.phrases import (
    NO_SHARES,
    Follow,
    Quantiles,
    Shares,
    Value,
    duration,
    each,
    follow,
    following,
    share,
    shares,
    span,
    values,
)

DAY = 86_400 * MICROSECONDS
_EVERYWHERE = Shares(("UTC",), (1.0,))


@frozen
class Arrival:
    """
    When customers begin.

    Attributes:
        over: microseconds until they arrive, as quantiles: 0 and 90 days are evenly in ninety days.
        hours: the share of each hour of the day, on the customer's clock; every hour alike where there is none.
    """

    over: Quantiles = (0.0, 90.0 * DAY)
    hours: Shares = NO_SHARES


@frozen(kw_only=True)
class Habit:
    """
    What is known of an event.

    Attributes:
        properties: what it carries.
        next: what follows it: one of these, or nothing. The first mapping is about a customer's first such event, the second about the
            second, the last about all later ones.
        also: what follows besides, each for itself.
    """

    properties: dict[str, Value] = field(factory=dict)
    next: tuple[dict[str, Follow], ...] = ()
    also: dict[str, Follow] = field(factory=dict)


@frozen(kw_only=True)
class Population:
    """
    Customers as they come and behave.

    Attributes:
        begin: the shares of the events that customers begin with.
        customers: how many, where nobody says otherwise.
        arrival: when they begin.
        zones: the shares of the time zones they live in.
        traits: what is known about them.
        consent: per channel, the share that agrees.
        events: what is known of each event.
        after: for an action, or an action and its template, what a reached customer does, each for itself.
    """

    begin: Shares
    customers: int = 10_000
    arrival: Arrival = Arrival()
    zones: Shares = _EVERYWHERE
    traits: dict[str, Value] = field(factory=dict)
    consent: dict[str, float] = field(factory=dict)
    events: dict[str, Habit] = field(factory=dict)
    after: dict[str, dict[str, Follow]] = field(factory=dict)

    def names(self) -> dict[str, str]:
        """Every event that can happen, and the place in the file where it is first named."""
        found = {name: f"begin{place(name)}" for name in self.begin.names}
        found |= {name: f"events{place(name)}" for name in self.events if name not in found}
        for name, habit in self.events.items():
            for several in (*habit.next, habit.also):
                found |= {one: f"events{place(name)}, what follows" for one in several if one not in found}
        for action, several in self.after.items():
            found |= {one: f"after{place(action)}" for one in several if one not in found}
        return found


def load_population(path: str | PathLike[str]) -> Population:
    """
    Read a population file, YAML or JSON.

    Raises:
        DefinitionError: with every problem found, each with its place.
    """
    if not isinstance(path, (str, PathLike)):
        raise DefinitionError(f"path: {path!r:.60} is no path of a file; give one, for example people.population.yaml")
    file = Path(path)
    return read_population(text_of(file, "a population file"), file.name)


def read_population(text: str, name: str = "population") -> Population:
    """
    Read the text of a population file.

    Raises:
        DefinitionError: with every problem found, each with its place.
    """
    if not isinstance(text, str):
        raise DefinitionError(f"{name}: {text!r:.60} is no text; give the text of a population file, or its path to load_population")
    try:
        found = read(text, json_only=name.endswith(".json"))
        if len(found) != 1 or not isinstance(found[0], dict):
            path = "; a path is for load_population" if text.strip().endswith((".yaml", ".yml", ".json")) else ""
            raise DefinitionError(f'no population; begin with "begin:", the events that customers begin with, and their shares{path}')
        return _usable(Population(**_whole(found[0])))
    except DefinitionError as error:
        raise DefinitionError([f"{name}: {problem.removeprefix('.')}" for problem in error.problems]) from None


# -- reading ---------------------------------------------------------------------------------------------------------------


def _whole(value: dict[str, Any]) -> dict[str, Any]:
    """All keys of the file, and the one that it cannot do without."""
    lacking = [] if "begin" in value else ['"begin" is missing; write the events that customers begin with: begin: {Product Added: 100%}']
    try:
        found = fields(value, _POPULATION)
    except DefinitionError as error:
        raise DefinitionError([*error.problems, *lacking]) from None
    if lacking:
        raise DefinitionError(lacking)
    return found


def _usable(population: Population) -> Population:
    """The population, where all its events can happen."""
    if problems := [f"{where}: {problem}" for name, where in population.names().items() for problem in _name(name)]:
        raise DefinitionError(problems)
    return population


def _name(name: str) -> Iterator[str]:
    if not storable_text(name):
        yield f"{name!r:.60} is no name of an event; give a text of 1 to 500 characters"
    elif name.startswith("$"):
        yield f'"{name}" is one of the library\'s own; names of your events do not begin with "$"'


def _customers(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise DefinitionError(f"{value!r:.40} is no number of customers; write for example 10000")
    return value


def _events(value: Any) -> Shares:
    return shares({value: "100%"} if isinstance(value, str) and value else value, "EVENT")


def _zones(value: Any) -> Shares:
    found = shares({value: "100%"} if isinstance(value, str) else value, "Europe/Berlin")
    unknown = [
        f'"{zone}" is no time zone; write an IANA name, for example "Europe/Berlin"{near_zone(zone)}'
        for zone in found.names
        if not known_zone(zone)
    ]
    if unknown:
        raise DefinitionError(unknown)
    return found


def _hours(value: Any) -> Shares:
    """``{8-12: 30%, 12-20: 70%}`` as the share of each hour of the day."""
    upto, problems = [0.0] * 24, []
    given = shares(value, "8-12")
    before = 0.0
    for name, reached in zip(given.names, given.upto, strict=True):
        hours = _hours_of(str(name))
        problems += [] if hours else [f'"{name}" is no hour of the day; write 9 or 8-12, of 0 to 24']
        for hour in hours:
            upto[hour] += (reached - before) / len(hours)
        before = reached
    if problems:
        raise DefinitionError(problems)
    return Shares(tuple(range(24)), (*(min(1.0, reached) for reached in accumulate(upto[:-1])), 1.0))


def _hours_of(name: str) -> range:
    first, dash, last = name.partition("-")
    if not first.strip().isdecimal() or (dash and not last.strip().isdecimal()):
        return range(0)
    begin = int(first)
    end = int(last) if dash else begin + 1
    return range(begin, end) if 0 <= begin < end <= 24 else range(0)


def _arrival(value: Any) -> Arrival:
    return Arrival(**fields(value, {"over": _over, "hours": _hours}))


def _over(value: Any) -> Quantiles:
    return span(value) if isinstance(value, list) else (0.0, duration(value))


def _traits(value: Any) -> dict[str, Value]:
    found = each(value, values, "{country: {DE: 70%, AT: 30%}}")
    taken = [f'"{name}" is not yours to set; call it something else' for name in found if name in RESERVED]
    if taken:
        raise DefinitionError(taken)
    return found


def _consent(value: Any) -> dict[str, float]:
    return each(value, share, "{email: 80%}")


def _next(value: Any) -> tuple[dict[str, Follow], ...]:
    if not isinstance(value, list):
        return (following(value),)
    found: list[dict[str, Follow]] = []
    problems: list[str] = []
    for number, one in enumerate(value):
        try:
            found.append(following(one) if one != {} else {})
        except DefinitionError as error:
            problems += error.at(f"[{number}]").problems
    if problems:
        raise DefinitionError(problems)
    return tuple(found)


def _also(value: Any) -> dict[str, Follow]:
    return each(value, follow, "{Email Opened: 30% within 4 hours}")


def _properties(value: Any) -> dict[str, Value]:
    return each(value, values, "{total: 1000 to 9000}")


def _habit(value: Any) -> Habit:
    return Habit(**fields(value, {"properties": _properties, "next": _next, "also": _also}))


def _habits(value: Any) -> dict[str, Habit]:
    return each(value, _habit, "{Order Completed: {next: {Order Completed: 30% around 60 days}}}")


def _after(value: Any) -> dict[str, dict[str, Follow]]:
    return each(value, _also, "{email: {Email Opened: 30% within 4 hours}}")


_POPULATION: Mapping[str, Read] = {
    "customers": _customers,
    "arrival": _arrival,
    "zones": _zones,
    "traits": _traits,
    "consent": _consent,
    "begin": _events,
    "events": _habits,
    "after": _after,
}
