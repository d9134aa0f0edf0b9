"""
What definitions speak of: events with the properties that anything reads of them, traits, consents, arms, lengths of time.

Each property comes with values that make a difference: those it is compared with, and their neighbours, also where what is compared is
data, a trait or a fact that was made of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from journeykit.core.compiling.policies import HELD_OUT, TREATED, experiment
from journeykit.core.definitions.survey import Reading, Survey
from journeykit.model.calls import read_call
from journeykit.model.conditions import Expression
from journeykit.model.customer import RESERVED, Catalog
from journeykit.model.grammar import Path
from journeykit.model.journey import Journey, On
from journeykit.model.objects import ObjectKind
from journeykit.model.phrases import MICROSECONDS, Aggregate, Expiry, Reentry, Split
from journeykit.model.policies import Policy
from journeykit.model.schedule import Schedule
from journeykit.model.wait import Wait
from journeykit.runtime.definitions import asked, merged
from journeykit.testing.arms import splits
from journeykit.testing.strategies import parts

KEYS = ("k1", "k2")  #: what tells two enrollments of one customer apart, where nothing else is said
DAY, MONTH = 86_400, 30 * 86_400
_COUNTED = frozenset({"hours", "minutes", "days", "abs", "round", "min", "max"})  #: functions of numbers
_LENGTHS = {"minutes": 60, "hours": 3_600, "days": DAY}
_USUAL: Mapping[str, tuple[Any, ...]] = {
    "text": ("x", "y"), "number": (1, 100), "money": (100, 5_000), "flag": (True, False), "list": ([], ["x"]), "any": ("x", 1)
}  # fmt: skip

Place = tuple[str, ...]  #: ("event", its name or "", property), ("customer", trait) or ("data", name)


class Ahead(NamedTuple):
    """A moment so many seconds after the present; before it, where negative."""

    seconds: int


class Vocabulary:
    """
    The words of definitions, with what makes a difference to them.

    Args:
        definitions: journeys and catalogs.
        also: names of further events, which others than the journeys look at.

    Attributes:
        events: the names of events about customers.
        entries: those of them that let somebody in.
        subjects: events about objects, and the property that names the object.
        channels: the consents that anything asks for.
        actions: the actions that are asked for.
        doors: journeys that only the host lets somebody into.
        arms: for each experiment and holdout, by its whole name, its arms.
        seconds: the lengths of time that anything depends on, in seconds, shortest first.
        civil: whether anything depends on the zone that a customer is in.
    """

    def __init__(self, definitions: Iterable[Journey | Catalog], also: Sequence[str] = ()) -> None:
        values = list(definitions)
        self.journeys = [value for value in values if isinstance(value, Journey)]
        self.catalog = merged(value for value in values if isinstance(value, Catalog))
        self._surveys = [Survey(journey) for journey in self.journeys]
        self._parts = list(parts([self.journeys, self.catalog]))
        self.subjects = {
            event: name for event, kinds in self.catalog.events.items() for name, kind in kinds.items() if isinstance(kind, ObjectKind)
        }
        self.events = tuple(name for name in dict.fromkeys((*self._named(), *also)) if name not in self.subjects)
        opening = {entry.on.event for journey in self.journeys for entry in journey.entry}
        self.entries = tuple(name for name in self.events if name in opening)
        self.actions = tuple(sorted({name for journey in self.journeys for name in asked(journey)}))
        started = {getattr(act.do, "journey", None) for survey in self._surveys for act in survey.acts}
        self.doors = tuple(one for one in self.journeys if not one.entry and one.each is None and one.name not in started)
        self.arms = {name: tuple(arm for arm, _ in one.shares) for name, one in self._splits() if one.measure is None}
        self.arms |= {experiment(one.name): (HELD_OUT, TREATED) for one in self.catalog.policies if one.kind == "holdout"}
        self._known: dict[Place, set[Any]] = defaultdict(set)
        self._numbers: set[Place] = set()
        self._moments: set[Place] = set()
        self._lists: dict[Place, tuple[Any, ...]] = {}
        self._learn()
        self.channels = tuple(sorted(self._channels()))
        self.civil = any(_civil(part) for part in self._parts)
        self.seconds = tuple(sorted({length for part in self._parts for length in _lengths(part) if length > 0}))

    # -- what is asked -----------------------------------------------------------------------------------------------

    def properties(self, event: str) -> dict[str, tuple[Any, ...]]:
        """The properties of an event that make a difference, each with the values to choose from."""
        declared = self.catalog.events.get(event)
        names = {place[2] for place in self._known if place[0] == "event" and place[1] in ("", event)}
        names = names if declared is None else names & declared.keys()
        return {name: self._choices(event, name) for name in sorted(names)}

    def traits(self) -> dict[str, tuple[Any, ...]]:
        """The traits of a customer that make a difference, each with the values to choose from."""
        own = RESERVED | self.catalog.facts.keys()
        names = sorted({place[1] for place in self._known if place[0] == "customer"} - own)
        return {name: self._records(name) or self._of([("customer", name)], self.catalog.traits.get(name)) for name in names}

    def _choices(self, event: str, name: str) -> tuple[Any, ...]:
        kind = self.catalog.events.get(event, {}).get(name)
        return self._of([("event", event, name), ("event", "", name)], kind)

    def _of(self, where: Sequence[Place], kind: object) -> tuple[Any, ...]:
        if kind == "moment" or any(place in self._moments for place in where):
            return tuple(map(Ahead, dict.fromkeys((DAY, *self.seconds, 3_600, -3_600, 10 * DAY))))
        if listed := [self._lists[place] for place in where if place in self._lists]:
            return listed[0]
        found = _sorted({value for place in where for value in self._known.get(place, ())})
        if any(place in self._numbers for place in where):
            return tuple(value for value in found if type(value) in (int, float)) or (1, 100)
        return found or _USUAL.get(str(kind), ("x", "y"))

    def _records(self, trait: str) -> tuple[Any, ...]:
        """The lists of a trait of which each record holds an enrollment."""
        read = {
            path[1]
            for survey in self._surveys
            if survey.journey.each == f"customer.{trait}"
            for one in survey.readings()
            for path in one.expression.paths
            if path[0] == "data" and len(path) > 1
        }
        if not any(journey.each == f"customer.{trait}" for journey in self.journeys):
            return ()
        told = {str(name): self._of([("data", str(name))], None)[0] for name in sorted(map(str, read - {"id"}))}
        records = [{"id": key, **told} for key in KEYS]
        return ([], records[:1], records)

    # -- what is learnt ----------------------------------------------------------------------------------------------

    def _named(self) -> Iterator[str]:
        """Names of events, those of entries first."""
        entries = [entry.on for journey in self.journeys for entry in journey.entry]
        for on in (*entries, *(part for part in self._parts if isinstance(part, On))):
            if on.event is not None and read_call(on.event) is None:
                yield on.event
        yield from (fact.event for fact in self.catalog.facts.values())
        yield from (one.measure for _, one in self._splits() if one.measure)

    def _splits(self) -> Iterator[tuple[str, Split]]:
        for journey in self.journeys:
            yield from splits(journey)

    def _channels(self) -> Iterator[str]:
        yield from (place[1] for place in self._known if place[0] == "consent")
        for policy in self.catalog.policies:
            if policy.kind == "consent":
                yield from policy.channels or self.actions

    def _learn(self) -> None:
        for survey in self._surveys:
            for one in survey.readings():
                self._read(one)
            for _, wait, _ in survey.waits:
                self._moment(wait.moment if wait.timer is None else None, "")
            for rule in survey.rules:
                self._rule(rule.on, survey.journey)
            if survey.journey.each:
                self._known["customer", survey.journey.each.removeprefix("customer.")]
        for expression in (*self.catalog.segments.values(), *(policy.where for policy in self.catalog.policies)):
            self._condition(expression, "")
        for name, fact in self.catalog.facts.items():
            self._fact(name, fact)
        self._flow()

    def _rule(self, on: On, journey: Journey) -> None:
        key = on.key if on.key not in (None, "any") else journey.keyed
        if on.event is not None and on.key != "any" and key and key.isidentifier():
            self._known["event", on.event, key].update(KEYS)
        elif on.event is not None and on.key != "any" and key:
            self._expression(Expression(key), on.event)
        if on.every is not None:
            self._moment(on.every.moment, "")
        if on.changed is not None and on.changed.startswith("customer."):
            told = (
                {value for paths, values in _compared(on.where.tree) if ("signal", "new") in paths for value in values or ()}
                if on.where
                else set()
            )
            self._known["customer", on.changed.removeprefix("customer.")] |= told

    def _fact(self, name: str, fact: Aggregate) -> None:
        self._condition(fact.where, fact.event)
        if fact.opening is not None:
            self._numbers.add(("customer", fact.opening))
        if fact.of is not None:
            self._known["event", fact.event, fact.of] |= self._known.get(("customer", name), set())
            self._numbers |= {("event", fact.event, fact.of)} if fact.kind in ("sum", "min", "max", "mean") else set()

    def _read(self, one: Reading) -> None:
        (self._condition if one.path.endswith(".where") else self._expression)(one.expression, one.event or "")

    def _condition(self, expression: Expression | None, event: str) -> None:
        """What stands alone in a condition is true or false."""
        self._expression(expression, event)
        for place in _places(_alone(expression.tree) if expression is not None else (), event):
            self._known[place] |= {True, False}

    def _moment(self, expression: Expression | None, event: str) -> None:
        self._moments.update(_places(expression.paths if expression is not None else (), event))

    def _expression(self, expression: Expression | None, event: str) -> None:
        if expression is None:
            return
        for place in _places(expression.paths, event):
            self._known[place] |= set()
        for paths, values in _compared(expression.tree):
            for place in _places(paths, event):
                self._moments |= {place} if values is None else set()
                self._known[place] |= (values or {40, 60}) if values is not None else set()
        self._numbers.update(_places(_counted(expression.tree), event))
        for path, records in _looked_up(expression.tree):
            self._lists.update({place: ([], records[:1], records) for place in _places([path], event)})

    def _flow(self) -> None:
        """What is compared with data makes a difference to what that data was made of."""
        for setting in (setting for survey in self._surveys for setting in survey.settings):
            target = tuple(setting.target.split(".", 1))
            for place in _places(setting.value.paths, setting.event or ""):
                self._known[place] |= self._known.get(target, set())
                self._moments |= {place} if target in self._moments else set()
                self._numbers |= {place} if target in self._numbers else set()


# -- inside expressions ----------------------------------------------------------------------------------------------------


def _places(paths: Iterable[Path], event: str) -> Iterator[Place]:
    """What these paths read, in an expression that has to do with an event, or with any."""
    for path in paths:
        if len(path) > 1 and path[0] == "event":
            yield ("event", event, str(path[1]))
        elif len(path) > 1 and path[0] in ("customer", "data", "consent"):
            yield (str(path[0]), str(path[1]))


def _compared(tree: Any) -> Iterator[tuple[list[Path], set[Any] | None]]:
    """The paths of each comparison, with the values that make a difference to them; None where they are moments."""
    if not isinstance(tree, tuple):
        return
    if tree[:1] == ("compare",) or tree[:2] == ("call", "contains"):
        leaves = list(_leaves(tree))
        values = {value for kind, one in leaves if kind == "const" for value in _near(one)}
        yield [one for kind, one in leaves if kind == "path"], None if ("path", ("now",)) in leaves else values
    for part in tree:
        yield from _compared(part)


def _counted(tree: Any) -> Iterator[Path]:
    """The paths that are reckoned with."""
    if isinstance(tree, tuple):
        if tree[:1] in (("math",), ("negative",)) or (tree[:1] == ("call",) and tree[1] in _COUNTED):
            yield from (one for kind, one in _leaves(tree) if kind == "path")
        for part in tree:
            yield from _counted(part)


def _alone(tree: Any) -> Iterator[Path]:
    """The paths that are conditions by themselves."""
    if tree[0] in ("and", "or", "not"):
        for part in tree[1:]:
            yield from _alone(part)
    elif tree[0] == "path":
        yield tree[1]


def _looked_up(tree: Any) -> Iterator[tuple[Path, list[dict[str, Any]]]]:
    """The lists that records are looked up in, each with records of which one is found."""
    if not isinstance(tree, tuple):
        return
    if tree[:1] == ("call",) and tree[1] in ("top", "those") and tree[2][0] == "path":
        by, *rest = [str(value) for kind, value in _leaves(tree[3:]) if kind == "const"]
        taken, values = (rest[0], (20, 10)) if tree[1] == "top" else (rest[1], (rest[0], "other"))
        yield tree[2][1], [{by: value, taken: key} for value, key in zip(values, KEYS, strict=True)]
    for part in tree:
        yield from _looked_up(part)


def _leaves(tree: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, tuple) and len(tree) == 2 and tree[0] in ("const", "path"):
        yield tree[0], tree[1]
    elif isinstance(tree, tuple):
        for part in tree:
            yield from _leaves(part)


def _near(constant: Any) -> tuple[Any, ...]:
    """A constant and its neighbours."""
    if type(constant) is bool:
        return (True, False)
    if type(constant) in (int, float):
        return (constant, constant - 1, constant + 1)
    return () if constant is None else (constant, "other")


def _sorted(values: set[Any]) -> tuple[Any, ...]:
    """In an order that is the same in every process: "other" behind what was meant, the rest by kind and value."""
    return tuple(sorted(values, key=lambda value: (value == "other", type(value).__name__, value)))


def _lengths(part: Any) -> Iterator[int]:
    """The lengths of time in one part of a definition, in seconds."""
    if isinstance(part, Wait):
        yield abs(part.seconds + (part.days + part.business) * DAY + part.months * MONTH)
    elif isinstance(part, Reentry):
        yield part.number // MICROSECONDS if part.rule == "after" else 0
    elif isinstance(part, Expiry):
        yield part.age or 0
    elif isinstance(part, Aggregate):
        yield (part.rolling or 0) // MICROSECONDS
    elif isinstance(part, Split):
        yield (part.after or 0) // MICROSECONDS
    elif isinstance(part, Policy):
        yield from (part.window // MICROSECONDS, (part.defer or 0) // MICROSECONDS)
    elif isinstance(part, Expression):
        yield from _said(part.tree)


def _civil(part: Any) -> bool:
    """Whether one part of a definition is read in the customer's zone."""
    if isinstance(part, Wait):
        return part.civil and part.zone is None
    return isinstance(part, Schedule) or (isinstance(part, Policy) and part.kind == "quiet")


def _said(tree: Any) -> Iterator[int]:
    """The lengths that an expression says: ``days(30)``."""
    if isinstance(tree, tuple):
        if tree[:1] == ("call",) and tree[1] in _LENGTHS and tree[2][0] == "const":
            yield int(tree[2][1] * _LENGTHS[tree[1]])
        for part in tree:
            yield from _said(part)
