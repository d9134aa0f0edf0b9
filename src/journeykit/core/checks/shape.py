"""Checks of a journey's shape: names, stages, ends, where each step leads, and whether anybody gets there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from journeykit.core.definitions.outline import Place, first_step
from journeykit.core.definitions.survey import Survey, leads_on, unknown
from journeykit.model.journey import Journey, Scope, Step, Transition
from journeykit.model.phrases import Split

_NAME = re.compile(r"\w(?:[\w -]*[\w-])?")


def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def names(survey: Survey) -> Iterator[str]:
    """Names are plain, and no two steps or scopes share one."""
    journey = survey.journey.name
    if not _is_name(journey):
        yield f'journey: "{journey}" is no name; use letters, digits, blanks, - and _'
    seen: dict[str, str] = {}
    for owner in survey.owners[1:]:
        name, kind = owner.item.name, "step" if isinstance(owner.item, Step) else "scope"
        if not _is_name(name):
            yield f'{owner.path}: "{name}" is no name of a {kind}; use letters, digits, blanks, - and _'
        elif name in seen:
            yield f'{owner.path}: "{name}" is the name of {seen[name]} already; give the {kind} a name of its own'
        seen.setdefault(name, owner.path)


def emptiness(survey: Survey) -> Iterator[str]:
    """A journey and a scope have steps."""
    if not survey.journey.steps:
        yield "steps: there is none; write at least one"
    for scope, path, _ in survey.scopes:
        if not scope.steps:
            yield f'{path}.steps: the scope "{scope.name}" has none; write at least one, or leave the scope out'


def targets(survey: Survey) -> Iterator[str]:
    """Every step that is led to exists."""
    for move in survey.moves:
        plain = move.branch and move.move.on is None and not move.path.endswith("]")
        if move.move.to is not None:
            yield from _target(survey, move.path if plain else f"{move.path}.to", move.move.to)
        elif move.branch:
            yield f"{move.path}: a branch that leads nowhere; name a step"
    for owner in survey.owners[1:]:
        if isinstance(owner.item, (Step, Scope)) and isinstance(owner.item.then, Split):
            for target, _ in owner.item.then.shares:
                yield from _target(survey, owner.at("then"), target)
    for path, wait, _ in survey.waits:
        yield from (problem for to in (wait.missing_to, wait.past_to) if to is not None for problem in _target(survey, path, to))


_ENDS = frozenset({"completed", "complete", "done", "end", "exit", "exited", "finished", "stop"})  #: what somebody writes who wants an end


def _target(survey: Survey, path: str, target: str) -> Iterator[str]:
    if target in survey.steps:
        return
    scope = next((scope for scope, _, _ in survey.scopes if scope.name == target), None)
    if scope is None:
        end = '; where the journey is to end, write a step with "end: completed"' if target in _ENDS else ""
        yield f"{path}: {unknown('step', target, list(survey.steps))}{end}"
    elif (first := first_step(scope)) is not None:
        yield f'{path}: "{target}" is a scope; name one of its steps, such as "{first}"'


def ends(survey: Survey) -> Iterator[str]:
    """A final step has nothing to wait for, and nothing behind it."""
    for place in survey.places:
        for name in ("wait", "when", "then", "leaving"):
            if place.step.end is not None and getattr(place.step, name):
                yield f'{place.path}.{name}: "{place.step.name}" is final; leave {name} out, or end'


def reachable(survey: Survey) -> Iterator[str]:
    """Somebody can get to every step."""
    if len(survey.steps) < len(survey.places):
        return  # two steps of one name: where they lead is not certain
    seen: set[str] = set()
    waiting = [survey.places[0].step.name] if survey.places else []
    while waiting:
        name = waiting.pop()
        if name not in seen and name in survey.steps:
            seen.add(name)
            waiting.extend(ways(survey, survey.steps[name]))
    for place in survey.places:
        if place.step.name not in seen:
            yield f'{place.path}: nobody gets to "{place.step.name}"; lead there from another step, or leave it out'


def ways(survey: Survey, place: Place) -> Iterator[str]:
    """The steps to which a customer in *place* can go."""
    if place.step.end is not None:
        return
    for owner in survey.around(place):
        yield from (move.to for move in owner.item.when if move.to is not None)
        yield from (to for _, wait, at in survey.waits if at is owner for to in (wait.missing_to, wait.past_to) if to is not None)
    if leads_on(place.step):
        yield from _onward(place.onward)
    for scope, _, onward in survey.scopes:
        if any(scope is outer for outer in place.scopes) and leads_behind(scope):
            yield from _onward(onward)


def _onward(onward: Split | tuple[Transition, ...] | None) -> Iterator[str]:
    if isinstance(onward, Split):
        yield from (target for target, _ in onward.shares)
    elif onward is not None:
        yield from (branch.to for branch in onward if branch.to is not None)


def leads_behind(scope: Scope) -> bool:
    """Whether its time limit or one of its exits leads behind the scope."""
    return scope.wait is not None or any(rule.end is None for rule in scope.exits)


def ways_out(survey: Survey) -> Iterator[str]:
    """A step that only waits for events can be left by one of them."""
    if len(survey.steps) < len(survey.places):
        return  # two steps of one name: where they lead is not certain
    goal = survey.journey.goal
    if survey.journey.exits or (goal is not None and goal.end is not None):
        return
    for place in survey.places:
        if place.step.end is not None or leads_on(place.step):
            continue
        ending = any(scope.wait is not None or scope.exits for scope in place.scopes)
        if not ending and not any(True for _ in ways(survey, place)) and not _may_exit(survey, place):
            yield f'{place.path}: nothing leads out of "{place.step.name}"; give it a wait, a transition to another step, or an end'


def staying(survey: Survey) -> Iterator[str]:
    """What holds in several steps, and a goal, wait for signals: somebody has to stay in one of them until one comes."""
    for rule in survey.rules:
        over = isinstance(rule.owner.item, (Journey, Scope)) and rule.kind in ("move", "goal")
        if over and rule.on.signal is not None and not any(_stays(place.step) for place in survey.inside(rule.owner)):
            what = "recorded" if rule.kind == "goal" else "taken"
            yield f"{rule.path}: never {what}, for nobody stays in a step: each goes on at once; give a step a wait or a when of its own"


def _stays(step: Step) -> bool:
    return step.wait is not None or bool(step.when)


def _may_exit(survey: Survey, place: Place) -> bool:
    mine = survey.around(place)
    return any("exit" in (wait.missing, wait.past) for _, wait, owner in survey.waits if owner in mine)


def branches(survey: Survey) -> Iterator[str]:
    """The last branch of ``then`` takes everybody, those before it do not, and all of it can be reached."""
    for owner in survey.owners[1:]:
        item = owner.item
        if isinstance(item, Step) and item.then and item.end is None and not leads_on(item):
            yield f'{owner.at("then")}: never taken, for "{item.name}" has no wait; add one, or leave then out'
        if not isinstance(item, (Step, Scope)) or isinstance(item.then, Split) or not item.then:
            continue
        yield from _branches(owner.at("then"), item.then)


def _branches(path: str, then: tuple[Transition, ...]) -> Iterator[str]:
    for number, branch in enumerate(then):
        where = f"{path}[{number}]" if len(then) > 1 else path
        on, last, some = branch.on, number == len(then) - 1, branch.on is not None or branch.take is not None
        if on is not None and on.signal:
            yield f"{where}: a branch waits for nothing; leave only its where, or write it in when"
        elif not some and not last:
            yield f"{where}: takes everybody, so that nothing behind it is ever taken; give it a condition, or put it last"
        elif some and last:
            yield f"{where}: whoever does not fit this last condition goes nowhere; add a step without condition behind it"


def triggers(survey: Survey) -> Iterator[str]:
    """What stands in ``when`` names what starts it."""
    for move in survey.moves:
        if not move.branch and move.move.on is None:
            yield f"{move.path}: nothing starts it; name an event, changed, settled, after or where, or write it in then"


def exits(survey: Survey) -> Iterator[str]:
    """Only the journey's own exits can wait for the next action."""
    for scope, path, _ in survey.scopes:
        for number, rule in enumerate(scope.exits):
            if rule.at == "next action":
                yield f"{path}.exits[{number}].at: a scope is left at once; leave this out, or make it an exit of the journey"


def timers(survey: Survey) -> Iterator[str]:
    """A wait and a transition after the same time would share one timer, and one of them would never come."""
    for owner in survey.owners:
        if isinstance(owner.item, Journey) or owner.item.wait is None:
            continue
        for number, move in enumerate(owner.item.when):
            if move.on is not None and move.on.after == owner.item.wait and move.on.where is None:
                yield f'{owner.at("when")}[{number}].after: "{owner.item.wait.text}" is its wait already; keep one of them'


def stages(survey: Survey) -> Iterator[str]:
    """Every step has one of the declared stages, and a scope lies within one."""
    journey = survey.journey
    for number, stage in enumerate(journey.stages):
        if stage in journey.stages[:number]:
            yield f'stages: "{stage}" stands there twice; keep one'
    for owner in survey.owners:
        if owner.item.stage is not None and owner.item.stage not in journey.stages:
            yield f"{owner.at('stage')}: {unknown('stage', owner.item.stage, journey.stages)}"
    without = next((place for place in survey.places if place.stage is None), None)
    if without is not None:
        yield f'{without.path}: "{without.step.name}" has no stage; name one, or give the journey one: {", ".join(journey.stages)}'


def spans(survey: Survey) -> Iterator[str]:
    """A scope lies within one stage."""
    for scope, path, _ in survey.scopes:
        found = list(dict.fromkeys(p.stage for p in survey.places if p.stage and any(scope is outer for outer in p.scopes)))
        if len(found) > 1:
            yield f'{path}: the scope "{scope.name}" spans the stages {" and ".join(found)}; make one scope for each'


SHAPE: tuple[Callable[[Survey], Iterator[str]], ...] = (
    names,
    emptiness,
    targets,
    ends,
    reachable,
    ways_out,
    staying,
    branches,
    triggers,
    exits,
    timers,
    stages,
    spans,
)
