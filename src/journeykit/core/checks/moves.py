"""Checks of what happens to a customer on the way: going round without waiting, rules that hide others, stages that go back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from attrs import frozen

from journeykit.core.checks.shape import leads_behind
from journeykit.core.definitions.outline import Onward, Place
from journeykit.core.definitions.survey import Owner, Rule, Survey, leads_on
from journeykit.model.conditions import Expression
from journeykit.model.journey import Journey, On, Scope, Step, Transition
from journeykit.model.phrases import Split

# going round


@frozen
class _Edge:
    """An automatic move: taken while *where* holds and none of *unless* does; *sets* says whether it changes data."""

    source: str
    target: str
    where: Expression | None
    unless: frozenset[str]
    sets: bool


def loops(survey: Survey) -> Iterator[str]:
    """Nobody goes round for ever within one instant (P11)."""
    if len(survey.steps) < len(survey.places):
        return  # two steps of one name: where they lead is not certain
    edges = [edge for place in survey.places if place.step.end is None for edge in _automatic(survey, place)]
    found: set[frozenset[str]] = set()
    conditions = dict.fromkeys(edge.where for edge in edges)
    for where in sorted(conditions, key=lambda one: (one is not None, one.text if one else "")):
        cycle = _cycle([edge for edge in edges if _taken(edge, where, survey.journey.lifecycle)])
        if cycle and frozenset(cycle) not in found:
            found.add(frozenset(cycle))
            named = f'while "{where.text}" ' if where else ""
            path = survey.steps[cycle[0]].path
            yield f"{path}: goes round {named}without waiting: {' -> '.join((*cycle, cycle[0]))}; add a wait, or an end to it"


def _taken(edge: _Edge, where: Expression | None, lifecycle: bool) -> bool:
    """Whether *edge* is taken every time round while *where* holds, and leaves everything as it was."""
    if where is None:
        return edge.where is None and not edge.unless
    passing = any(path[0] in ("step", "scope") or (lifecycle and path[:2] == ("customer", "stage")) for path in where.paths)
    return edge.where in (None, where) and where.text not in edge.unless and not edge.sets and not passing


def _automatic(survey: Survey, place: Place) -> Iterator[_Edge]:
    """What is taken from *place* without any signal, in order, as far as a branch that takes everybody."""
    unless: frozenset[str] = frozenset()
    for move, sets in _without_signal(survey, place):
        if move.take is not None:
            continue  # not for ever
        where = move.on.where if move.on else None
        target = place.step.name if move.to is None else move.to
        entered = survey.steps.get(target)
        changes = sets or bool(move.to is not None and entered and entered.step.set)
        if entered is not None and entered.step.end is None:
            yield _Edge(place.step.name, target, where, unless, changes)
        if where is None and not isinstance(place.onward, Split):
            return
        unless |= {where.text} if where else set()


def _without_signal(survey: Survey, place: Place) -> Iterator[tuple[Transition, bool]]:
    for owner in survey.around(place):
        yield from ((move, bool(move.set)) for move in owner.item.when if move.on is not None and _quiet(move.on))
    if leads_on(place.step) and place.step.wait is None:
        yield from ((move, bool(move.set)) for move in _onward(place.onward))


def _quiet(on: On) -> bool:
    return on.signal is None


def _onward(onward: Onward) -> Iterable[Transition]:
    if isinstance(onward, Split):
        return [Transition(target) for target, _ in onward.shares]
    return onward or ()


def _cycle(edges: Sequence[_Edge]) -> list[str]:
    """A way round along *edges*, or nothing."""
    following: dict[str, list[str]] = {}
    for edge in edges:
        following.setdefault(edge.source, []).append(edge.target)
    done: set[str] = set()
    for start in following:
        way: list[str] = []
        ahead = [iter([start])]
        while ahead:
            name = next(ahead[-1], None)
            if name is None:
                ahead.pop()
                if way:
                    done.add(way.pop())
            elif name in way:
                return way[way.index(name) :]
            elif name not in done:
                way.append(name)
                ahead.append(iter(following.get(name, ())))
    return []


# rules that hide others


def hidden(survey: Survey) -> Iterator[str]:
    """No rule stands behind one that always takes its signal first (P9)."""
    for number, rule in enumerate(survey.rules):
        if rule.kind == "entry":
            continue
        before = next((other for other in survey.rules if other is not rule and _first(survey, other, rule, number)), None)
        if before is not None and rule.kind == "goal":
            yield f"{rule.path}: never recorded, for {before.path} takes {trigger(rule.on)} before; leave it out and give the goal an end"
        elif before is not None:
            yield f"{rule.path}: never taken, for {before.path} takes {trigger(rule.on)} before; give that one a condition, or leave one out"
        elif rule.kind == "move" and _overridden(survey, rule):
            yield f"{rule.path}: never taken, for every step in it has its own for {trigger(rule.on)}; leave it out"


def trigger(on: On) -> str:
    """What is waited for, as people say it."""
    if on.event is not None:
        return f'"{on.event}"'
    if on.changed is not None:
        return f"a change of {on.changed}"
    if on.settled is not None:
        return f'the outcome "{on.settled}"'
    if on.segment is not None:
        return f"{'leaving' if on.segment.startswith('not ') else 'entering'} the segment {on.segment.removeprefix('not ')}"
    phrase = on.every or on.after or on.where
    return f'"{phrase.text if phrase else ""}"'


def _first(survey: Survey, other: Rule, rule: Rule, number: int) -> bool:
    """Whether *other* is looked at before *rule* wherever that holds, and always takes its signal."""
    if not _covers(survey.journey, other, rule):
        return False
    if other.owner is rule.owner and other.kind == rule.kind:
        return survey.rules.index(other) < number
    if other.kind == "goal":
        goal = survey.journey.goal
        return rule.kind == "move" and goal is not None and goal.end is not None
    if other.kind != "exit" or _later(other):
        return False
    return isinstance(other.owner.item, Journey) or (rule.kind != "goal" and _within(rule.owner, other.owner.item))


def _later(rule: Rule) -> bool:
    """Whether an exit waits for the next action."""
    item = rule.owner.item
    exits = item.exits if isinstance(item, (Journey, Scope)) else ()
    return any(one.on is rule.on and one.at == "next action" for one in exits)


def _within(owner: Owner, item: object) -> bool:
    return any(scope is item for scope in owner.scopes)


def _covers(journey: Journey, other: Rule, rule: Rule) -> bool:
    """Whether *other* takes every signal that *rule* would."""
    one, two = other.on, rule.on
    if other.limited:
        return False
    if one.signal != two.signal:
        return False
    if one.after is not None and other.owner is not rule.owner:
        return False
    if _quiet(one) and one.where != two.where:
        return False
    same_key = journey.keyed is None or one.key in (two.key, "any")
    return same_key and one.late in ("accept", two.late) and one.where in (None, two.where)


def _overridden(survey: Survey, rule: Rule) -> bool:
    """Whether every step in which *rule* holds, or a scope around it further in, takes the signal first."""
    inside = survey.inside(rule.owner)
    return bool(inside) and all(_overrides(survey, place, rule) for place in inside)


def _overrides(survey: Survey, place: Place, rule: Rule) -> bool:
    owners = survey.around(place)
    inner = owners[: owners.index(rule.owner)]
    return any(other.kind == "move" and other.owner in inner and _covers(survey.journey, other, rule) for other in survey.rules)


# the lifecycle


def backwards(survey: Survey) -> Iterator[str]:
    """In the lifecycle, an earlier stage is reached only where ``back`` says so."""
    if not survey.journey.lifecycle:
        return
    for owner in survey.owners:
        for number, move in enumerate(owner.item.when):
            yield from _back(survey, owner.at(f"when[{number}]"), survey.inside(owner), move)
    for path, sources, onward in _behind(survey):
        split = isinstance(onward, Split)
        moves = list(_onward(onward))
        for number, move in enumerate(moves):
            where = f"{path}[{number}]" if len(moves) > 1 and not split else path
            yield from _back(survey, where, sources, move, "lead there by a branch with" if split else "write")
    for path, wait, owner in survey.waits:
        for target in (wait.missing_to, wait.past_to):
            yield from _back(survey, path, survey.inside(owner), Transition(target), "skip to a step that leads there with")


def _behind(survey: Survey) -> Iterator[tuple[str, list[Place], Onward]]:
    """Where steps and scopes go on, with the steps that go there."""
    behind = {path: onward for _, path, onward in survey.scopes}
    for owner in survey.owners[1:]:
        inside = survey.inside(owner)
        if isinstance(owner.item, Scope):
            sources = inside if leads_behind(owner.item) else [place for place in inside if _falls_through(place, owner.item)]
            yield owner.at("then"), sources, behind[owner.path]
        elif isinstance(owner.item, Step) and leads_on(owner.item):
            ends = not owner.item.then and bool(owner.scopes) and owner.scopes[-1].steps[-1] is owner.item
            yield from ((owner.at("then"), inside, place.onward) for place in inside if not ends)


def _falls_through(place: Place, scope: Scope) -> bool:
    """Whether *place* is the last of *scope* and goes on behind it."""
    last = scope.steps[-1] if scope.steps else None
    if last is None:
        return False
    if isinstance(last, Step):
        return last is place.step and leads_on(last) and not last.then
    return not last.then and _falls_through(place, last)


def _back(survey: Survey, path: str, sources: Iterable[Place], move: Transition, way: str = "write") -> Iterator[str]:
    order = survey.journey.stages
    target = survey.steps.get(move.to or "")
    if target is None or target.stage not in order or move.back:
        return
    for place in sources:
        if place.stage in order and order.index(place.stage) > order.index(target.stage):
            yield f"{path}: leads from {place.stage} back to {target.stage}; {way} back: true, or choose another step"
            return


MOVES: tuple[Callable[[Survey], Iterator[str]], ...] = (loops, hidden, backwards)
