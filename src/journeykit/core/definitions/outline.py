"""The shape of a journey: its steps in order, the scopes around each, its stage, and what follows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import evolve, frozen

from journeykit.model.journey import Journey, Scope, Step, Transition
from journeykit.model.phrases import Split

Onward = Split | tuple[Transition, ...] | None  #: where a step goes on; None behind the last one


@frozen
class Place:
    """A step where it stands: *scopes* from the outside in, its *stage*, its *path* in the definition and what follows it."""

    step: Step
    scopes: tuple[Scope, ...]
    stage: str | None
    path: str
    onward: Onward


def within(place: Place, scope: Scope) -> Place:
    """*place* as what stands in *scope* sees it, with no scope further in."""
    return evolve(place, scopes=place.scopes[: place.scopes.index(scope) + 1])


def behind(place: Place, onward: Onward) -> Place:
    """*place* as *onward* sees it, which may be what a scope around it says of where to go on."""
    scope = next((scope for scope in place.scopes if scope.then and scope.then is onward), None)
    return place if scope is None else within(place, scope)


def first_step(item: Step | Scope) -> str | None:
    """The name of the step where *item* begins; None for a scope without steps."""
    if isinstance(item, Step):
        return item.name
    return next((name for inner in item.steps if (name := first_step(inner))), None)


def follows(items: Sequence[Step | Scope], number: int, behind: Onward) -> Onward:
    """Where a customer goes on who is through with ``items[number]``; *behind* is where they go behind the last one."""
    then = items[number].then
    if then:
        return _named(then, items[number].name) if isinstance(then, Split) else then
    following = next((name for item in items[number + 1 :] if (name := first_step(item))), None)
    return (Transition(following),) if following else behind


def _named(split: Split, name: str) -> Split:
    """*split* as an experiment of its own, called *name* where it has no name: it is one draw, whichever step leads to it."""
    named = Split(split.text)
    object.__setattr__(named, "experiment", split.experiment or name)
    return named


def places(journey: Journey) -> Iterator[Place]:
    """Every step of *journey* in order."""
    yield from _inside(journey.steps, (), "steps", None, journey.stage)


def _inside(items: Sequence[Step | Scope], scopes: tuple[Scope, ...], path: str, behind: Onward, stage: str | None) -> Iterator[Place]:
    for number, item in enumerate(items):
        onward, where = follows(items, number, behind), f"{path}[{number}]"
        stage = item.stage or stage
        if isinstance(item, Step):
            yield Place(item, scopes, stage, where, onward)
        else:
            for place in _inside(item.steps, (*scopes, item), f"{where}.steps", onward, stage):
                stage = place.stage
                yield place


def scopes(journey: Journey) -> Iterator[tuple[Scope, str, Onward]]:
    """Every scope of *journey* with its path and what follows it, the outer before the inner."""
    yield from _scopes(journey.steps, "steps", None)


def _scopes(items: Sequence[Step | Scope], path: str, behind: Onward) -> Iterator[tuple[Scope, str, Onward]]:
    for number, item in enumerate(items):
        if isinstance(item, Scope):
            onward, where = follows(items, number, behind), f"{path}[{number}]"
            yield item, where, onward
            yield from _scopes(item.steps, f"{where}.steps", onward)
