"""What a journey was designed to be, as its map needs it: steps in their stages, the ways between them, and how it can end."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Literal

from attrs import frozen

from journeykit.core.definitions.outline import Onward, Place, places
from journeykit.core.definitions.outline import scopes as scopes_of
from journeykit.insight.settings.outcomes import reached, reason
from journeykit.model.journey import Do, Exit, Journey, On, Scope, Start, Step, Transition
from journeykit.model.phrases import Split
from journeykit.model.wait import Wait


@frozen
class Note:
    """What stands on a step: a timer (``wait``), a message or another action (``do``)."""

    kind: Literal["wait", "do"]
    text: str


@frozen
class Spot:
    """
    A step on the map.

    Attributes:
        name: the step's name.
        stage: its stage; empty where it has none.
        scopes: the scopes around it, from the outside in.
        notes: its timers and actions.
        former: that only an older version of the journey has it.
    """

    name: str
    stage: str
    scopes: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    former: bool = False


@frozen
class Way:
    """
    A way that can be gone, or was.

    Attributes:
        source: the step left; None for those who enter.
        target: the step entered; None for those who end.
        end: of an end, how: ``completed``, or the reason of the exit.
        causes: what leads there, in words.
        designed: whether the definition has it.
    """

    source: str | None
    target: str | None
    end: str | None = None
    causes: tuple[str, ...] = ()
    designed: bool = True

    @property
    def place(self) -> tuple[str | None, str | None, str | None]:
        """What tells it apart from other ways."""
        return self.source, self.target, self.end


@frozen
class Design:
    """
    A journey as it was designed.

    Attributes:
        journey: its name.
        stages: the stages that its steps are in, in their order.
        steps: its steps, in the order of the definition.
        ways: the ways between single steps, entries and ends among them.
        anywhere: the ways that hold in many steps (rules of scopes and of the journey), one for each step.
        ends: how it can end from anywhere.
        goal: its mark of success, in words.
        reached: the reasons by which it ends well, `journeykit.insight.settings.outcomes`.
    """

    journey: str
    stages: tuple[str, ...]
    steps: tuple[Spot, ...]
    ways: tuple[Way, ...]
    anywhere: tuple[Way, ...] = ()
    ends: tuple[str, ...] = ()
    goal: str | None = None
    reached: frozenset[str] = frozenset()

    def well(self, way: Way) -> bool:
        """Whether *way* is an end that is no loss."""
        return way.target is None and (way.end == "completed" or way.end in self.reached)


def designed(journey: Journey, won: Container[str] = ()) -> Design:
    """
    Read *journey* as its map needs it; it need not compile.

    Args:
        journey: the definition.
        won: events by which nobody is lost to the shop; an exit that waits for one of them is reached and not left.
    """
    found = list(places(journey))
    steps = tuple(_spot(place) for place in found)
    used = {spot.stage for spot in steps}
    declared = [stage for stage in journey.stages if stage in used]
    stages = (*declared, *sorted(used - set(declared)))
    ways = [way for place in found for way in _of_step(place)]
    anywhere = [way for rule in _everywhere(journey, found) for way in rule]
    first = steps[0].name if steps else None
    entries = (
        [Way(None, first, causes=tuple(_said(entry.on) for entry in journey.entry) or ("the host or another journey",))] if first else []
    )
    return Design(
        journey.name,
        stages,
        steps,
        _together([*entries, *ways]),
        _together(anywhere),
        tuple(
            dict.fromkeys(
                [
                    *(rule.end or reason(rule.on) for rule in journey.exits),
                    *([journey.goal.end] if journey.goal and journey.goal.end else []),
                ]
            )
        ),
        _said(journey.goal.on) if journey.goal else None,
        reached(journey, won),
    )


def _together(ways: Iterable[Way]) -> tuple[Way, ...]:
    """One way for each place, with all that leads there."""
    found: dict[tuple[str | None, str | None, str | None], list[str]] = {}
    for way in ways:
        found.setdefault(way.place, []).extend(way.causes)
    return tuple(Way(*place, tuple(dict.fromkeys(causes))) for place, causes in found.items())


def _spot(place: Place) -> Spot:
    step = place.step
    waits = [Note("wait", step.wait.text)] if step.wait else []
    waits += [Note("wait", move.on.after.text) for move in step.when if move.on and move.on.after]
    does = [Note("do", text) for text in _does((*step.do, *step.leaving))]
    return Spot(step.name, place.stage or "", tuple(scope.name for scope in place.scopes), (*does, *waits))


def _does(actions: Sequence[Do | Start]) -> Iterator[str]:
    for action in actions:
        if isinstance(action, Start):
            yield f"starts {action.journey}"
        else:
            template = action.parameters.get("template")
            yield f"{action.action}: {template}" if isinstance(template, str) else action.action


# -- ways --------------------------------------------------------------------------------------------------------------


def _of_step(place: Place) -> Iterator[Way]:
    step = place.step
    if step.end is not None:
        yield Way(step.name, None, step.end)
        return
    yield from _moves(step.name, step.when)
    if step.wait is not None:
        yield from _onward(step.name, place.onward, _waited(step.wait))
        yield from _cases(step.name, step.wait)
    elif not step.when:
        yield from _onward(step.name, place.onward, "at once")


def _everywhere(journey: Journey, found: Sequence[Place]) -> Iterator[Iterator[Way]]:
    onward = {scope.name: after for scope, _, after in scopes_of(journey)}
    for place in found:
        if place.step.end is None:
            yield from (_of_scope(place.step, scope, onward[scope.name]) for scope in place.scopes)
            yield _moves(place.step.name, journey.when)


def _of_scope(step: Step, scope: Scope, onward: Onward) -> Iterator[Way]:
    yield from _moves(step.name, scope.when)
    for rule in scope.exits:
        yield from _leaves(step.name, rule, onward)
    if scope.wait is not None:
        yield from _onward(step.name, onward, f"{_waited(scope.wait)} in {scope.name}")
        yield from _cases(step.name, scope.wait)


def _leaves(source: str, rule: Exit, onward: Onward) -> Iterator[Way]:
    if rule.end is None:
        yield from _onward(source, onward, _said(rule.on))
    else:
        yield Way(source, None, rule.end, (_said(rule.on),))


def _moves(source: str, moves: Iterable[Transition]) -> Iterator[Way]:
    for move in moves:
        if move.to is not None:
            yield Way(source, move.to, causes=(_said(move.on),))


def _onward(source: str, onward: Onward, cause: str) -> Iterator[Way]:
    if onward is None:
        yield Way(source, None, "completed", (cause,))
    elif isinstance(onward, Split):
        yield from (Way(source, target, causes=(f"{cause}, {share}%",)) for target, share in onward.shares)
    else:
        for branch in onward:
            where = f" if {branch.on.where.text}" if branch.on is not None and branch.on.where else ""
            yield Way(source, branch.to, None if branch.to else "completed", (f"{cause}{where}",))


def _cases(source: str, wait: Wait) -> Iterator[Way]:
    """What becomes of a customer whose moment is missing or past, where it is not just waiting or going on."""
    for when, what, to in (("missing", wait.missing, wait.missing_to), ("past", wait.past, wait.past_to)):
        if what == "skip" and to is not None:
            yield Way(source, to, causes=(f"{wait.text}: {when}",))
        elif what == "exit":
            yield Way(source, None, when, (wait.text,))


# -- words -------------------------------------------------------------------------------------------------------------


def _said(on: On | None) -> str:
    if on is None:
        return ""
    where = f" if {on.where.text}" if on.where else ""
    if on.signal is None:
        return where.strip()
    name, value = on.signal
    text = getattr(value, "text", value)
    return f"{text if name in ('event', 'settled') else f'{name} {text}'}{where}"


def _waited(wait: Wait) -> str:
    return f"after {wait.text}" if wait.kind in ("elapsed", "civil") else wait.text
