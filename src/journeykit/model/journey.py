"""
A journey as a value: what an author writes, in Python or in YAML, one to one.

Every class takes the short forms that YAML takes: ``entry="Product Added"``, ``when={"Product Added": "left"}``,
``wait="2 hours"``, ``do=Do("email", template="hello")``. What is stored is always the long form; nothing here is evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs
from attrs import field, frozen

from journeykit.errors import DefinitionError
from journeykit.model.conditions import Expression
from journeykit.model.given import mapping, several
from journeykit.model.phrases import Expiry, Reentry, Split
from journeykit.model.quotas import Take
from journeykit.model.schedule import Schedule
from journeykit.model.wait import Wait

Message = Literal["marketing", "transactional", "none"]  #: whether an action reaches a person, and as what

SIGNALS = ("event", "changed", "segment", "settled", "every", "after")  #: what a rule may wait for, one at a time

STAGES = ("awareness", "consideration", "purchase", "retention", "advocacy")


def _items(value: Any) -> tuple[Any, ...]:
    """Nothing, one, or many: as many."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _expression(value: Expression | str | None) -> Expression | None:
    return Expression(value) if isinstance(value, str) else value


def _wait(value: Wait | str | None) -> Wait | None:
    return Wait(value) if isinstance(value, str) else value


def _schedule(value: Schedule | str | None) -> Schedule | None:
    return Schedule(value) if isinstance(value, str) else value


def _expiry(value: Expiry | str | None) -> Expiry | None:
    return Expiry(value) if isinstance(value, str) else value


def _take(value: Take | str | None) -> Take | None:
    return Take(value) if isinstance(value, str) else value


def _reentry(value: Reentry | str) -> Reentry:
    return Reentry(value) if isinstance(value, str) else value


def _settings(value: Mapping[str, Expression | str | float | bool] | None) -> dict[str, Expression]:
    """``{"data.total": "event.total"}``: what is set, and the expression it is set to; a number or a flag stands for itself."""
    given = mapping({} if value is None else value, "set", '{"data.total": "event.total"}')
    return {name: v if isinstance(v, Expression) else Expression(v if isinstance(v, str) else repr(v)) for name, v in given.items()}


@frozen
class On:
    """
    What starts a transition, an entry, an exit or a goal: one signal and a condition, or a condition alone.

    Attributes:
        event: the name of an event; may be given as the only positional argument.
        changed: a customer value whose change is waited for, such as ``customer.plan`` or ``customer.stage``.
        segment: a segment that is entered, ``vip``, or left, ``not vip``.
        settled: the outcome of an action of this enrollment: ``email dead``, ``email dropped``, ``email performed``.
        every: a schedule: ``monday at 09:00``, ``year on customer.birthday at 09:00``.
        after: a timer owned by where this stands: ``30 days``, ``7 days before data.start``; in an entry, counted from a date of the
            customer: ``30 days before customer.renews_at at 09:00``.
        where: a condition over ``event``, ``customer``, ``data`` and ``now``.
        key: which property of the event must equal the enrollment's key (the journey's own by default), or ``any``.
        late: what becomes of an event that occurred before the enrollment entered its step: ``accept`` or ``drop``.
    """

    event: str | None = None
    changed: str | None = field(default=None, kw_only=True)
    segment: str | None = field(default=None, kw_only=True)
    settled: str | None = field(default=None, kw_only=True)
    every: Schedule | None = field(default=None, converter=_schedule, kw_only=True)
    after: Wait | None = field(default=None, converter=_wait, kw_only=True)
    where: Expression | None = field(default=None, converter=_expression, kw_only=True)
    key: str | None = field(default=None, kw_only=True)
    late: Literal["accept", "drop"] = field(default="accept", kw_only=True)

    def __attrs_post_init__(self) -> None:
        named = [name for name in SIGNALS if getattr(self, name) is not None]
        if len(named) > 1:
            raise DefinitionError(f"{' and '.join(named)} together; write one transition for each")
        if not named and self.where is None:
            raise DefinitionError("nothing to wait for; name an event, changed, segment, settled, every, after, or a where condition")
        if self.late not in ("accept", "drop"):
            raise DefinitionError(f'.late: "{self.late}" is not known; write "accept" or "drop"')
        if self.key is not None and self.event is None:
            raise DefinitionError(".key: only an event has a key; leave it out")

    @property
    def signal(self) -> tuple[str, Any] | None:
        """What it waits for: which of `SIGNALS`, and its value; None for a condition alone."""
        return next(((name, value) for name in SIGNALS if (value := getattr(self, name)) is not None), None)


def _on(value: On | str | None) -> On | None:
    return On(value) if isinstance(value, str) else value


def _signal(value: On | str) -> On:
    return On(value) if isinstance(value, str) else value


@frozen(kw_only=True, init=False)
class Do:
    """
    Ask for an action: its name and its parameters.

    A parameter that is text may hold expressions in braces: ``"Hello {customer.first_name or 'friend'}"``; a text that is one
    expression and nothing else, ``"{event.total}"``, gives its value as it is.

    Attributes:
        action: the name under which the host gives the implementation to the engine.
        parameters: everything else given by name.
        expires: until when it may be performed, see `Expiry`.
        message: ``marketing`` or ``transactional`` for what reaches a person, ``none`` for what does not; the catalog's word where not said.
    """

    action: str
    parameters: dict[str, Any] = field(factory=dict)
    expires: Expiry | None = field(default=None, converter=_expiry)
    message: Message | None = None

    def __init__(self, action: str, /, *, expires: Expiry | str | None = None, message: Message | None = None, **parameters: Any) -> None:
        self.__attrs_init__(action=action, parameters=parameters, expires=expires, message=message)

    def __attrs_post_init__(self) -> None:
        if self.message not in (None, "marketing", "transactional", "none"):
            raise DefinitionError(f'.message: "{self.message}" is not known; write "marketing", "transactional" or "none"')


@frozen
class Start:
    """
    Start another journey for this customer, or for the one that *customer* names (a referrer, a friend).

    Attributes:
        journey: the journey's name.
        customer: an expression for the other customer's id; this customer where not said.
        key: an expression for the key of a keyed journey.
        set: what the new enrollment's data begins with, ``{"data.code": "event.code"}``, evaluated here.
    """

    journey: str
    customer: Expression | None = field(default=None, converter=_expression, kw_only=True)
    key: Expression | None = field(default=None, converter=_expression, kw_only=True)
    set: dict[str, Expression] = field(factory=dict, converter=_settings, kw_only=True)


def _do(value: Do | Start | str | Sequence[Do | Start | str] | None) -> tuple[Do | Start, ...]:
    return tuple(Do(item) if isinstance(item, str) else item for item in _items(value))


@frozen
class Transition:
    """
    A permitted move.

    Attributes:
        to: the step it leads to; None for an internal transition, which performs and sets but moves nothing.
        on: what starts it; None for an automatic transition (in ``then``).
        do: its own actions, performed between the leaving and the entry actions.
        set: data and traits that it sets: ``{"data.total": "event.total", "customer.tier": "'gold'"}``.
        take: what it takes of a number that all customers share, see `Take`; it is possible only while there is some left.
        back: in the lifecycle, that it may lead to an earlier stage.
    """

    to: str | None = None
    on: On | None = field(default=None, converter=_on, kw_only=True)
    do: tuple[Do | Start, ...] = field(default=(), converter=_do, kw_only=True)
    set: dict[str, Expression] = field(factory=dict, converter=_settings, kw_only=True)
    take: Take | None = field(default=None, converter=_take, kw_only=True)
    back: bool = field(default=False, kw_only=True)


def _when(value: Mapping[str, Transition | str | None] | Transition | Sequence[Transition] | None) -> tuple[Transition, ...]:
    if isinstance(value, Mapping):
        return tuple(_on_event(event, target) for event, target in value.items())
    return _items(value)


def _on_event(event: str, target: Transition | str | None) -> Transition:
    if not isinstance(target, Transition):
        return Transition(target, on=On(event))
    return attrs.evolve(target, on=On(event) if target.on is None else attrs.evolve(target.on, event=event))


def _then(value: Split | Transition | str | Sequence[Transition | str] | None) -> Split | tuple[Transition, ...]:
    if isinstance(value, Split):
        return value
    if isinstance(value, str) and "%" in value:
        return Split(value)
    return tuple(Transition(item) if isinstance(item, str) else item for item in _items(value))


@frozen
class Step:
    """
    One state of the machine.

    A step whose wait is over, or that waits for nothing, goes on to the next in the list; ``then`` says otherwise.

    Attributes:
        name: its identity, unique in the journey.
        stage: the stage it belongs to; that of the step before where not said.
        set: data and traits set on entering, before its actions.
        do: actions performed on entering.
        wait: how long, or until when, a customer stays who is not moved by ``when``.
        when: transitions; a mapping of event name to step, or a list.
        then: where to go on: a step, a list of branches of which the first that holds is taken, or a split.
        leaving: actions performed on leaving.
        end: makes the step final: ``completed``, or the reason of the exit.
    """

    name: str
    stage: str | None = field(default=None, kw_only=True)
    set: dict[str, Expression] = field(factory=dict, converter=_settings, kw_only=True)
    do: tuple[Do | Start, ...] = field(default=(), converter=_do, kw_only=True)
    wait: Wait | None = field(default=None, converter=_wait, kw_only=True)
    when: tuple[Transition, ...] = field(default=(), converter=_when, kw_only=True)
    then: Split | tuple[Transition, ...] = field(default=(), converter=_then, kw_only=True)
    leaving: tuple[Do | Start, ...] = field(default=(), converter=_do, kw_only=True)
    end: str | None = field(default=None, kw_only=True)


@frozen
class Entry:
    """
    What lets a customer in.

    Attributes:
        on: the signal and the filter.
        wait: an idle time to let pass first, restarted by the same event; filter and re-entry are looked at when it is over.
        set: what the enrollment's data begins with.
    """

    on: On = field(converter=_signal)
    wait: Wait | None = field(default=None, converter=_wait, kw_only=True)
    set: dict[str, Expression] = field(factory=dict, converter=_settings, kw_only=True)


@frozen
class Exit:
    """
    A rule that takes a customer out.

    Attributes:
        on: a signal, a condition, or both.
        end: the reason recorded; what the rule waits for where not said. In a scope: None leads on behind the scope.
        at: ``once`` (at the signal that makes it true) or ``next action`` (in the decision that would commit one).
    """

    on: On = field(converter=_signal)
    end: str | None = field(default=None, kw_only=True)
    at: Literal["once", "next action"] = field(default="once", kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.at not in ("once", "next action"):
            raise DefinitionError(f'.at: "{self.at}" is not known; write "once" or "next action"')


def _exits(value: Exit | On | str | Sequence[Exit | On | str] | None) -> tuple[Exit, ...]:
    return tuple(Exit(item) if isinstance(item, (str, On)) else item for item in _items(value))


@frozen
class Goal:
    """
    A conversion mark, recorded once per enrollment.

    Attributes:
        on: the signal and the condition.
        end: makes it end the journey too: ``completed``, or the reason of the exit.
    """

    on: On = field(converter=_signal)
    end: str | None = field(default=None, kw_only=True)


def _goal(value: Goal | On | str | None) -> Goal | None:
    return Goal(value) if isinstance(value, (str, On)) else value


def _entries(value: Entry | On | str | Sequence[Entry | On | str] | None) -> tuple[Entry, ...]:
    return tuple(item if isinstance(item, Entry) else Entry(item) for item in _items(value))


def _names(value: Sequence[str]) -> tuple[str, ...]:
    return tuple(several(value, "stages", '["trial", "customer"]'))


def _steps(value: Step | Scope | Sequence[Step | Scope]) -> tuple[Step | Scope, ...]:
    steps: tuple[object, ...] = _items(value)
    if other := [f"steps: {step!r:.60} is no step; write Step(...) or Scope(...)" for step in steps if not isinstance(step, (Step, Scope))]:
        raise DefinitionError(other)
    return _items(value)


@frozen
class Scope:
    """
    A named group of steps with exits, transitions and a time limit of its own; scopes nest and lie within one stage.

    Attributes:
        name: its identity, unique among steps and scopes.
        steps: its steps and inner scopes.
        stage: the stage of its steps.
        do: actions performed on entering it, before those of the step.
        wait: its time limit, counted from entering it; then the customer goes on behind the scope.
        when: transitions that hold in every step of it.
        exits: rules that lead out of it, before anything inside is looked at.
        then: where to go on behind it; the next in the list where not said.
        leaving: actions performed on leaving it.
    """

    name: str
    steps: tuple[Step | Scope, ...] = field(default=(), converter=_steps, kw_only=True)
    stage: str | None = field(default=None, kw_only=True)
    do: tuple[Do | Start, ...] = field(default=(), converter=_do, kw_only=True)
    wait: Wait | None = field(default=None, converter=_wait, kw_only=True)
    when: tuple[Transition, ...] = field(default=(), converter=_when, kw_only=True)
    exits: tuple[Exit, ...] = field(default=(), converter=_exits, kw_only=True)
    then: Split | tuple[Transition, ...] = field(default=(), converter=_then, kw_only=True)
    leaving: tuple[Do | Start, ...] = field(default=(), converter=_do, kw_only=True)


@frozen
class Journey:
    """
    A named definition that customers move through.

    Attributes:
        name: its identity.
        steps: steps and scopes in the order in which a customer passes them; the first is where they begin.
        key: what tells two enrollments of one customer apart: an event property, or an expression such as ``signal.id``.
        each: instead of a key: the list trait of which each record holds an enrollment, keyed by its ``id``: ``customer.cards``.
        entry: what lets a customer in; none where only the host or another journey starts it.
        exits: rules that take a customer out, looked at before anything else.
        goal: the conversion mark.
        reentry: see `Reentry`; ``once`` by default.
        when: transitions that hold in every step.
        stage: the stage of steps that name none.
        stages: its ordered stages; the five of the customer lifecycle by default.
        lifecycle: that this journey's stage is the customer's stage; at most one journey of an engine.
        zone: the IANA time zone for customers without one.
        open: from and until when customers may enter, ``2026-11-01 to 2026-12-24``, in *zone*; ``with those already there`` lets in
            who matches when it opens, see `journeykit.Engine.backfill`.
    """

    name: str
    steps: tuple[Step | Scope, ...] = field(default=(), converter=_steps, kw_only=True)
    key: str | None = field(default=None, kw_only=True)
    each: str | None = field(default=None, kw_only=True)
    entry: tuple[Entry, ...] = field(default=(), converter=_entries, kw_only=True)
    exits: tuple[Exit, ...] = field(default=(), converter=_exits, kw_only=True)
    goal: Goal | None = field(default=None, converter=_goal, kw_only=True)
    reentry: Reentry = field(factory=Reentry, converter=_reentry, kw_only=True)
    when: tuple[Transition, ...] = field(default=(), converter=_when, kw_only=True)
    stage: str | None = field(default=None, kw_only=True)
    stages: tuple[str, ...] = field(default=STAGES, converter=_names, kw_only=True)
    lifecycle: bool = field(default=False, kw_only=True)
    zone: str | None = field(default=None, kw_only=True)
    open: str | None = field(default=None, kw_only=True)

    @property
    def keyed(self) -> str | None:
        """What gives the key of an event: the journey's own, for records ``id``; None in a journey without keys."""
        return self.key or (None if self.each is None else "id")
