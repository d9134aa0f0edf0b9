"""A journey laid out for the checks: everything in it with the path at which it stands in the definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from attrs import frozen

from journeykit.core.definitions.outline import Place, places, scopes
from journeykit.errors import DefinitionError
from journeykit.model.conditions import Expression, template_expressions
from journeykit.model.journey import Do, Journey, On, Scope, Start, Step, Transition
from journeykit.model.phrases import Split, suggestion
from journeykit.model.wait import Wait


@frozen(eq=False)
class Owner:
    """What rules, timers and actions belong to: the journey (an empty path), a scope or a step; *scopes* hold it, itself included."""

    item: Journey | Scope | Step
    path: str
    scopes: tuple[Scope, ...]

    def at(self, name: str) -> str:
        """The path of one of its fields."""
        return f"{self.path}.{name}" if self.path else name


@frozen(eq=False)
class Rule:
    """One thing that waits for a signal."""

    kind: Literal["entry", "exit", "goal", "move"]
    path: str
    on: On
    owner: Owner
    limited: bool = False  #: it takes of a shared number, and may find none left


@frozen(eq=False)
class Move:
    """A transition of ``when`` (*on* a signal) or a branch of ``then``."""

    path: str
    move: Transition
    owner: Owner
    branch: bool


@frozen(eq=False)
class Act:
    """An action or a start that is asked for; *event* is the event whose properties it can read, where that is certain."""

    path: str
    do: Do | Start
    owner: Owner
    event: str | None


@frozen(eq=False)
class Setting:
    """What is set to what; *inside* somebody is, whose traits and consent may be set beside the data."""

    path: str
    target: str
    value: Expression
    owner: Owner
    event: str | None
    inside: bool


@frozen(eq=False)
class Reading:
    """An expression where it stands."""

    path: str
    expression: Expression
    owner: Owner
    event: str | None


class Survey:
    """Everything in one journey, in order."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self.places: tuple[Place, ...] = tuple(places(journey))
        self.scopes = tuple(scopes(journey))
        self.steps: dict[str, Place] = {}  #: by name; the first, where two share it
        for place in self.places:
            self.steps.setdefault(place.step.name, place)
        self.owners = tuple(_owners(journey))
        self._around = {place.path: _around(self.owners, place) for place in self.places}
        self._inside: dict[str, list[Place]] = {owner.path: [] for owner in self.owners}
        for place in self.places:
            for owner in self._around[place.path] if place.step.end is None else ():
                self._inside[owner.path].append(place)
        self.rules = tuple(_rules(self.owners))
        self.moves = tuple(move for owner in self.owners for move in _moves(owner))
        self.acts = tuple(_acts(self.owners, self.moves))
        self.settings = tuple(_settings(self))
        self.waits = tuple(_waits(self))

    def readings(self) -> Iterator[Reading]:
        """Every expression; templates that cannot be read are passed over, see `templates`."""
        for rule in self.rules:
            yield from _read(f"{rule.path}.where", rule.on.where, rule.owner, rule.on.event)
            yield from _read(f"{rule.path}.every", rule.on.every.moment if rule.on.every else None, rule.owner, None)
        for move in self.moves:
            if move.branch and move.move.on:
                yield from _read(f"{move.path}.where", move.move.on.where, move.owner, None)
        for move in self.moves:
            on, take = move.move.on, move.move.take
            yield from _read(f"{move.path}.take", take.per if take else None, move.owner, on.event if on else None)
        for setting in self.settings:
            yield Reading(setting.path, setting.value, setting.owner, setting.event)
        for path, wait, owner in self.waits:
            yield from _read(path, wait.moment, owner, None)
        for act in self.acts:
            yield from _of_act(act)

    def inside(self, owner: Owner) -> list[Place]:
        """The steps in which what *owner* declares holds; final steps wait for nothing."""
        return self._inside[owner.path]

    def around(self, place: Place) -> list[Owner]:
        """What holds in a step: itself, its scopes from the inside out, the journey."""
        return self._around[place.path]


def unknown(kind: str, word: str, known: Sequence[str]) -> str:
    """``no step "x"`` and the way out: the nearest, or those there are."""
    near = suggestion(word, known)
    if not near and known:
        near = f"; there {'is' if len(known) == 1 else 'are'} {', '.join(known[:8])}{' and more' if len(known) > 8 else ''}"
    return f'no {kind} "{word}"{near or "; there is none"}'


def leads_on(step: Step) -> bool:
    """Whether a customer can go on from *step* without being moved by ``when``."""
    return step.end is None and (step.wait is not None or not step.when)


def template_problem(value: object) -> DefinitionError | None:
    """What is wrong with a template, or None."""
    try:
        template_expressions(value)
    except DefinitionError as error:
        return error
    return None


def _around(owners: Sequence[Owner], place: Place) -> list[Owner]:
    return [owner for owner in reversed(owners) if not owner.path or f"{place.path}.".startswith(f"{owner.path}.")]


def _owners(journey: Journey) -> Iterator[Owner]:
    yield Owner(journey, "", ())
    yield from _inner(journey.steps, "steps", ())


def _inner(items: Sequence[Step | Scope], path: str, around: tuple[Scope, ...]) -> Iterator[Owner]:
    for number, item in enumerate(items):
        where = f"{path}[{number}]"
        if isinstance(item, Step):
            yield Owner(item, where, around)
        else:
            yield Owner(item, where, (*around, item))
            yield from _inner(item.steps, f"{where}.steps", (*around, item))


def _rules(owners: Sequence[Owner]) -> Iterator[Rule]:
    for owner in owners:
        item = owner.item
        if isinstance(item, Journey):
            several = len(item.entry) > 1
            for number, entry in enumerate(item.entry):
                yield Rule("entry", f"entry[{number}]" if several else "entry", entry.on, owner)
        if not isinstance(item, Step):
            for number, rule in enumerate(item.exits):
                yield Rule("exit", owner.at(f"exits[{number}]"), rule.on, owner)
        if isinstance(item, Journey) and item.goal:
            yield Rule("goal", "goal", item.goal.on, owner)
        for number, move in enumerate(item.when):
            if move.on is not None:
                yield Rule("move", owner.at(f"when[{number}]"), move.on, owner, move.take is not None)


def _moves(owner: Owner) -> Iterator[Move]:
    item = owner.item
    for number, move in enumerate(item.when):
        yield Move(owner.at(f"when[{number}]"), move, owner, branch=False)
    if not isinstance(item, Journey) and not isinstance(item.then, Split):
        for number, move in enumerate(item.then):
            yield Move(owner.at(f"then[{number}]" if len(item.then) > 1 else "then"), move, owner, branch=True)


def _acts(owners: Sequence[Owner], moves: Sequence[Move]) -> Iterator[Act]:
    for owner in owners:
        if not isinstance(owner.item, Journey):
            yield from (Act(owner.at(f"do[{n}]"), do, owner, None) for n, do in enumerate(owner.item.do))
        for move in moves:
            if move.owner is owner:
                event = move.move.on.event if move.move.on else None
                yield from (Act(f"{move.path}.do[{n}]", do, owner, event) for n, do in enumerate(move.move.do))
        if not isinstance(owner.item, Journey):
            yield from (Act(owner.at(f"leaving[{n}]"), do, owner, None) for n, do in enumerate(owner.item.leaving))


def _settings(survey: Survey) -> Iterator[Setting]:
    journey = survey.owners[0]
    for entry, rule in zip(survey.journey.entry, (r for r in survey.rules if r.kind == "entry"), strict=True):
        yield from _set(f"{rule.path}.set", entry.set, journey, entry.on.event, inside=False)
    for owner in survey.owners:
        if isinstance(owner.item, Step):
            yield from _set(owner.at("set"), owner.item.set, owner, None, inside=True)
    for move in survey.moves:
        yield from _set(f"{move.path}.set", move.move.set, move.owner, move.move.on.event if move.move.on else None, inside=True)
    for act in survey.acts:
        if isinstance(act.do, Start):
            yield from _set(f"{act.path}.set", act.do.set, act.owner, act.event, inside=False)


def _set(path: str, settings: Mapping[str, Expression], owner: Owner, event: str | None, *, inside: bool) -> Iterator[Setting]:
    for target, value in settings.items():
        yield Setting(f"{path}.{target}", target, value, owner, event, inside)


def _waits(survey: Survey) -> Iterator[tuple[str, Wait, Owner]]:
    for rule in survey.rules:
        if rule.on.after is not None:
            yield f"{rule.path}.after", rule.on.after, rule.owner
    for owner in survey.owners:
        if not isinstance(owner.item, Journey) and owner.item.wait is not None:
            yield owner.at("wait"), owner.item.wait, owner


def _read(path: str, expression: Expression | None, owner: Owner, event: str | None) -> Iterator[Reading]:
    if expression is not None:
        yield Reading(path, expression, owner, event)


def _of_act(act: Act) -> Iterator[Reading]:
    if isinstance(act.do, Start):
        yield from _read(f"{act.path}.customer", act.do.customer, act.owner, act.event)
        yield from _read(f"{act.path}.key", act.do.key, act.owner, act.event)
        return
    for name, value in act.do.parameters.items():
        if template_problem(value) is None:
            yield from (Reading(f"{act.path}.{name}", expression, act.owner, act.event) for expression in template_expressions(value))
