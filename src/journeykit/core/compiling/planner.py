"""What is known before any signal: timers, operations, and for each move from a certain step the plan of carrying it out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

from journeykit.core.compiling.plans import CompiledTimer, DoOperation, Operation, Plan, SetOperation, StartOperation, Value
from journeykit.core.compiling.quotas import Quota
from journeykit.core.definitions.extensions import Extensions
from journeykit.core.definitions.outline import Place, places, scopes, within
from journeykit.core.expressions.context import Declared, Getter, Resolver
from journeykit.core.expressions.expressions import compile_condition, compile_expression
from journeykit.core.expressions.parameters import compile_template
from journeykit.model.calls import read_call
from journeykit.model.conditions import Expression, template_expressions
from journeykit.model.customer import Catalog
from journeykit.model.grammar import show_path
from journeykit.model.journey import Do, Exit, Journey, On, Start, Transition
from journeykit.model.phrases import MICROSECONDS
from journeykit.model.quotas import Take
from journeykit.model.wait import Wait

DEFAULT_AGE = 3 * 86_400 * MICROSECONDS  #: of a message that names no expiry (P33)


class Planner:
    """
    Makes the plans of one journey.

    Attributes:
        places: every step where it stands.
        timers: every timer by its owner (``step left``) and the text of its rule.
    """

    def __init__(self, journey: Journey, catalog: Catalog, known: Declared, extensions: Extensions) -> None:
        self.journey = journey
        self.extensions = extensions
        self.catalog = catalog
        self.known = known
        self.places = {place.step.name: place for place in places(journey)}
        self.around = {name: tuple(scope.name for scope in place.scopes) for name, place in self.places.items()}
        self.timers: dict[tuple[str, str], CompiledTimer] = {}
        self.settled = {on.settled.rsplit(" ", 1)[0] for on in every_on(journey) if on.settled}
        self._collect_timers()

    # -- expressions -------------------------------------------------------------------------------------------------

    def resolver(self, place: Place | None) -> Resolver:
        """What finds the values that expressions at *place* read."""
        return Resolver(self.known, place.scopes[-1].name if place and place.scopes else None, self.journey.name)

    def condition(self, where: Expression | None, place: Place | None) -> Callable[[Any], bool] | None:
        """*where* as a function that answers yes or no, None where nothing is asked."""
        return compile_condition(where, self.resolver(place)) if where else None

    def guard(self, on: On, place: Place | None) -> Callable[[Any], bool] | None:
        """What has to hold for *on* besides its signal: that its trigger recognises the event, and its condition."""
        condition, call = self.condition(on.where, place), read_call(on.event or "")
        if call is None:
            return condition
        return both(self.extensions.recognises(call.name, compile_expression(call.arguments, self.resolver(place))), condition)

    def inside(self, on: On) -> Callable[[Any], bool] | None:
        """Whether the customer is where an entry by a segment lets in; None for every other."""
        if on.segment is None:
            return None
        holds, wanted = self.resolver(None)(("segment", on.segment.removeprefix("not "))), not on.segment.startswith("not ")
        return lambda context: bool(holds(context)) is wanted

    def looks_at(self, on: On, place: Place | None) -> tuple[tuple[str, Value], ...]:
        """What `guard` looks at, by name, for ``explain``."""
        call = read_call(on.event or "")
        asked = (Expression("signal.name"), call.arguments) if call else ()
        return (*(one for part in asked for one in self.reads(part, place)), *self.reads(on.where, place))

    def reads(self, where: Expression | None, place: Place | None) -> tuple[tuple[str, Value], ...]:
        """What *where* reads, by name, for ``explain``."""
        resolve = self.resolver(place)
        return tuple((show_path(path), resolve(path)) for path in sorted(where.paths, key=str)) if where else ()

    def key(self, text: str | None) -> Getter | None:
        """What computes a key from an event: a property's name, or an expression."""
        return None if text is None else compile_expression(_key(text), self.resolver(None))

    def quota(self, take: Take, place: Place) -> Quota:
        """*take* as it stands at *place*, with what finds whose number it is."""
        per = compile_expression(take.per, self.resolver(place)) if take.per else None
        return Quota(take, self.journey.zone or "UTC", per)

    def of_event(self, on: On) -> bool:
        """Whether what has to hold for *on*, and its key, read nothing but the event's properties."""
        keyed, where = on.key or self.journey.keyed, on.where
        paths = (_key(keyed).paths if keyed else frozenset()) | (where.paths if where else frozenset())
        return on.event is not None and read_call(on.event) is None and all(path[0] == "event" for path in paths)

    # -- timers ------------------------------------------------------------------------------------------------------

    def _collect_timers(self) -> None:
        for wait in [*_afters(self.journey.exits), *_afters(self.journey.when)]:
            self._timer("journey", self.journey.name, wait, None)
        for scope, _, _ in scopes(self.journey):
            for wait in [*([scope.wait] if scope.wait else []), *_afters(scope.exits), *_afters(scope.when)]:
                self._timer("scope", scope.name, wait, scope.name)
        for place in self.places.values():
            step = place.step
            for wait in [*([step.wait] if step.wait else []), *_afters(step.when)]:
                self._timer("step", step.name, wait, place.scopes[-1].name if place.scopes else None)

    def _timer(self, owner: Literal["step", "scope", "journey"], name: str, wait: Wait, scope: str | None) -> None:
        place = (f"{owner} {name}", wait.text)
        if place in self.timers:
            return
        moment = compile_expression(wait.moment, Resolver(self.known, scope, self.journey.name)) if wait.moment else None
        reads = wait.moment.paths if wait.moment else frozenset()
        plain = wait.seconds * MICROSECONDS if wait.kind == "elapsed" and moment is None else None
        rank = ("step", "scope", "journey").index(owner)
        reads = reads | {("customer", "zone")} if wait.civil else reads
        plugin = self.extensions.moment(wait.timer) if wait.timer else None
        self.timers[place] = CompiledTimer(len(self.timers), owner, name, wait, rank, moment, reads, plain, plugin)

    def _owned(self, owner: str, name: str) -> list[CompiledTimer]:
        return [timer for timer in self.timers.values() if (timer.owner, timer.name) == (owner, name)]

    # -- operations --------------------------------------------------------------------------------------------------

    def _do(self, actions: Iterable[Do | Start], place: Place | None) -> Iterator[Operation]:
        resolve = self.resolver(place)
        for action in actions:
            if isinstance(action, Start):
                yield self._start(action, resolve)
                continue
            template = compile_template(action.parameters, resolve)
            constant = action.parameters if not template_expressions(action.parameters) else None
            message = action.message or self.catalog.actions.get(action.action, "marketing")
            age, owner = _validity(action, message, place)
            listens = action.action in self.settled
            yield DoOperation(action.action, None if constant is not None else template, constant, message, age, owner, listens)

    def _start(self, start: Start, resolve: Resolver) -> StartOperation:
        customer = compile_expression(start.customer, resolve) if start.customer else None
        key = compile_expression(start.key, resolve) if start.key else None
        return StartOperation(start.journey, customer, key, tuple(self.settings(start.set, resolve)))

    def settings(self, settings: Mapping[str, Expression], resolve: Resolver) -> Iterator[SetOperation]:
        """Each setting as an operation."""
        for target, expression in settings.items():
            root, _, name = target.partition(".")
            yield SetOperation(root, name, compile_expression(expression, resolve))

    # -- plans -------------------------------------------------------------------------------------------------------

    def plan(
        self, source: str | None, target: str | None, move: Transition | None = None, stands: Place | None = None, *, entering: bool = False
    ) -> Plan:
        """The plan of going from *source* to *target* by *move*, which *stands* there; a target of None leads out behind the last step."""
        here, there = self.places.get(source or ""), self.places.get(target or "")
        inside, outside = self.around.get(source or "", ()), self.around.get(target or "", ())
        common = next((n for n, (a, b) in enumerate(zip(inside, outside, strict=False)) if a != b), min(len(inside), len(outside)))
        left, entered = tuple(reversed(inside[common:])), outside[common:]
        before = [*self._leaving(here, common), *self._own(move, stands)]
        after = [*self._entering(there, common)]
        return Plan(
            source=source,
            target=target,
            outcome=self._outcome(there, target),
            before=tuple(before),
            after=tuple(after),
            cancel=frozenset(t.index for name in left for t in self._owned("scope", name))
            | frozenset(t.index for t in self._owned("step", source or "")),
            left=left,
            entered=entered,
            arms=tuple(self._arms(target, entered, entering)) if there and there.step.end is None else (),
            acts=any(isinstance(o, DoOperation) for o in (*before, *after)),
            stage=there.stage if there else None,
        )

    def _outcome(self, there: Place | None, target: str | None) -> tuple[Literal["completed", "exited"], str | None] | None:
        if target is None:
            return "completed", None
        if there is None or there.step.end is None:
            return None
        return ("completed", None) if there.step.end == "completed" else ("exited", there.step.end)

    def _leaving(self, here: Place | None, common: int) -> Iterator[Operation]:
        if here is None:
            return
        yield from self._do(here.step.leaving, here)
        for scope in reversed(here.scopes[common:]):
            yield from self._do(scope.leaving, within(here, scope))

    def _own(self, move: Transition | None, here: Place | None) -> Iterator[Operation]:
        if move is not None:
            yield from self.settings(move.set, self.resolver(here))
            yield from self._do(move.do, here)

    def _entering(self, there: Place | None, common: int) -> Iterator[Operation]:
        if there is None:
            return
        for scope in there.scopes[common:]:
            yield from self._do(scope.do, within(there, scope))
        yield from self.settings(there.step.set, self.resolver(there))
        yield from self._do(there.step.do, there)

    def _arms(self, target: str | None, entered: tuple[str, ...], entering: bool) -> Iterator[CompiledTimer]:
        if entering:
            yield from self._owned("journey", self.journey.name)
        for scope in entered:
            yield from self._owned("scope", scope)
        yield from self._owned("step", target or "")

    def internal(self, place: Place, move: Transition) -> Plan:
        """The plan of a transition at *place* that moves nothing."""
        source, before = place.step.name, tuple(self._own(move, place))
        return Plan(source=source, target=source, before=before, acts=any(isinstance(o, DoOperation) for o in before), internal=True)

    def skips(self) -> Iterator[tuple[tuple[str, str], Plan]]:
        """For each step and each target that a moment may skip to, the plan of going there."""
        for timer in self.timers.values():
            for target in (timer.wait.missing_to, timer.wait.past_to):
                if target is not None:
                    yield from (((source, target), self.plan(source, target)) for source in self.places)


def _validity(action: Do, message: str, place: Place | None) -> tuple[int | None, str | None]:
    """How long an action may be performed after its decision (microseconds), and the visit it is bound to."""
    age = None if message == "none" else DEFAULT_AGE
    if action.expires is None:
        return age, None
    if action.expires.age is not None:
        age = action.expires.age * MICROSECONDS or None
    if action.expires.owner == "scope" and place is not None and place.scopes:
        return age, f"scope {place.scopes[-1].name}"
    return age, action.expires.owner


def _key(text: str) -> Expression:
    return Expression(text if "." in text or "[" in text or "(" in text else f"event[{text!r}]")


def both(one: Callable[[Any], bool] | None, other: Callable[[Any], bool] | None) -> Callable[[Any], bool] | None:
    """What holds where *one* and *other* hold; None where neither asks anything."""
    if one is None or other is None:
        return one or other
    return lambda context: one(context) and other(context)


def _afters(rules: Iterable[Exit | Transition]) -> Iterator[Wait]:
    return (rule.on.after for rule in rules if rule.on and rule.on.after)


def _owners(journey: Journey) -> Iterator[tuple[tuple[Exit, ...], tuple[Transition, ...]]]:
    yield journey.exits, journey.when
    for scope, _, _ in scopes(journey):
        yield scope.exits, scope.when
    for place in places(journey):
        yield (), place.step.when


def every_on(journey: Journey) -> Iterator[On]:
    """What every exit, transition and the goal of *journey* wait for."""
    for exits, when in _owners(journey):
        yield from (one.on for one in exits)
        yield from (one.on for one in when if one.on is not None)
    if journey.goal:
        yield journey.goal.on


def asked(on: On) -> str:
    """What has to hold besides the signal, in the author's words: what a trigger recognises, and the condition."""
    trigger = on.event if on.event is not None and read_call(on.event) else None
    return " and ".join(text for text in (trigger, on.where.text if on.where else None) if text)


def cause(on: On) -> str:
    """How history and people name what a rule waits for."""
    if on.signal is None:
        return f"where {on.where.text}" if on.where else ""
    name, value = on.signal
    return str(value) if name == "event" else f"{name} {getattr(value, 'text', value)}"
