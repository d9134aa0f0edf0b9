"""
A journey as a value: what an author writes, in Python or in YAML, one to one.

Every class takes the short forms that YAML takes: ``entry="Product Added"``, ``when={"Product Added": "left"}``,
``wait="2 hours"``, ``do=Do("email", template="hello")``. What is stored is always the long form; nothing here is evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import attrs
from attrs import field, frozen

from journeykit.errors import DefinitionError
from journeykit.model.conditions import Expression
from journeykit.model.phrases import Expiry, Reentry, Split
from journeykit.model.wait import Wait

STAGES = ("awareness", "consideration", "purchase", "retention", "advocacy")


def _items(value: object) -> Iterable[Any]:
    """Nothing, one, or many: as many."""
    if value is None:
        return ()
    return value if isinstance(value, (list, tuple)) else (value,)


def _expression(value: Expression | str | None) -> Expression | None:
    return Expression(value) if isinstance(value, str) else value


def _wait(value: Wait | str | None) -> Wait | None:
    return Wait(value) if isinstance(value, str) else value


def _settings(value: Mapping[str, Any] | None) -> dict[str, Expression]:
    """``{"data.total": "event.total"}``: what is set, and the expression it is set to; a number or a flag stands for itself."""
    return {name: v if isinstance(v, Expression) else Expression(v if isinstance(v, str) else repr(v)) for name, v in (value or {}).items()}


@frozen(kw_only=True)
class On:
    """
    What starts a transition, an entry, an exit or a goal: one signal and a condition, or a condition alone.

    Attributes:
        event: the name of an event; may be given as the only positional argument.
        changed: a customer value whose change is waited for, such as ``customer.plan`` or ``customer.stage``.
        settled: the outcome of an action of this enrollment: ``email dead``, ``email dropped``, ``email performed``.
        after: a timer owned by where this stands: ``30 days``, ``7 days before data.start``.
        where: a condition over ``event``, ``customer``, ``data`` and ``now``.
        key: which property of the event must equal the enrollment's key (the journey's own by default), or ``any``.
        late: what becomes of an event that occurred before the enrollment entered its step: ``accept`` or ``drop``.
    """

    event: str | None = None
    changed: str | None = None
    settled: str | None = None
    after: Wait | None = field(default=None, converter=_wait)
    where: Expression | None = field(default=None, converter=_expression)
    key: str | None = None
    late: Literal["accept", "drop"] = field(default="accept")

    def __init__(self, event: str | None = None, /, **fields: Any) -> None:
        if event is not None:
            fields["event"] = event
        self.__attrs_init__(**fields)  # type: ignore[attr-defined]

    def __attrs_post_init__(self) -> None:
        named = [n for n in ("event", "changed", "settled", "after") if getattr(self, n) is not None]
        if len(named) > 1:
            raise DefinitionError(f"{' and '.join(named)} together; write one transition for each")
        if not named and self.where is None:
            raise DefinitionError("nothing to wait for; name an event, changed, settled, after, or a where condition")
        if self.late not in ("accept", "drop"):
            raise DefinitionError(f'.late: "{self.late}" is not known; write "accept" or "drop"')
        if self.key is not None and self.event is None:
            raise DefinitionError(".key: only an event has a key; leave it out")


def _on(value: On | str | None) -> On | None:
    return On(value) if isinstance(value, str) else value


@frozen(kw_only=True)
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
    expires: Expiry | None = field(default=None, converter=lambda v: Expiry(v) if isinstance(v, str) else v)
    message: Literal["marketing", "transactional", "none"] | None = None

    def __init__(
        self, action: str, /, *, expires: Expiry | str | None = None, message: str | None = None, **parameters: Any
    ) -> None:
        self.__attrs_init__(action=action, parameters=parameters, expires=expires, message=message)  # type: ignore[attr-defined]

    def __attrs_post_init__(self) -> None:
        if self.message not in (None, "marketing", "transactional", "none"):
            raise DefinitionError(f'.message: "{self.message}" is not known; write "marketing", "transactional" or "none"')


@frozen(kw_only=True)
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
    customer: Expression | None = field(default=None, converter=_expression)
    key: Expression | None = field(default=None, converter=_expression)
    set: dict[str, Expression] = field(factory=dict, converter=_settings)

    def __init__(self, journey: str, **fields: Any) -> None:
        self.__attrs_init__(journey=journey, **fields)  # type: ignore[attr-defined]


def _do(value: object) -> tuple[Do | Start, ...]:
    return tuple(Do(item) if isinstance(item, str) else item for item in _items(value))


@frozen(kw_only=True)
class Transition:
    """
    A permitted move.

    Attributes:
        to: the step it leads to; None for an internal transition, which performs and sets but moves nothing.
        on: what starts it; None for an automatic transition (in ``then``).
        do: its own actions, performed between the leaving and the entry actions.
        set: data and traits that it sets: ``{"data.total": "event.total", "customer.tier": "'gold'"}``.
        back: in the lifecycle, that it may lead to an earlier stage.
    """

    to: str | None = None
    on: On | None = field(default=None, converter=_on)
    do: tuple[Do | Start, ...] = field(default=(), converter=_do)
    set: dict[str, Expression] = field(factory=dict, converter=_settings)
    back: bool = False

    def __init__(self, to: str | None = None, **fields: Any) -> None:
        self.__attrs_init__(to=to, **fields)  # type: ignore[attr-defined]


def _when(value: object) -> tuple[Transition, ...]:
    if isinstance(value, Mapping):
        return tuple(
            attrs.evolve(target, on=On(event)) if isinstance(target, Transition) and target.on is None
            else Transition(target, on=On(event))
            for event, target in value.items()
        )  # fmt: skip
    return tuple(_items(value))


def _then(value: object) -> Split | tuple[Transition, ...]:
    if isinstance(value, Split):
        return value
    if isinstance(value, str) and "%" in value:
        return Split(value)
    return tuple(Transition(item) if isinstance(item, str) else item for item in _items(value))


@frozen(kw_only=True)
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
    stage: str | None = None
    set: dict[str, Expression] = field(factory=dict, converter=_settings)
    do: tuple[Do | Start, ...] = field(default=(), converter=_do)
    wait: Wait | None = field(default=None, converter=_wait)
    when: tuple[Transition, ...] = field(default=(), converter=_when)
    then: Split | tuple[Transition, ...] = field(default=(), converter=_then)
    leaving: tuple[Do | Start, ...] = field(default=(), converter=_do)
    end: str | None = None

    def __init__(self, name: str, **fields: Any) -> None:
        self.__attrs_init__(name=name, **fields)  # type: ignore[attr-defined]


@frozen(kw_only=True)
class Entry:
    """
    What lets a customer in.

    Attributes:
        on: the signal and the filter.
        wait: an idle time to let pass first, restarted by the same event; filter and re-entry are looked at when it is over.
        set: what the enrollment's data begins with.
    """

    on: On = field(converter=_on)
    wait: Wait | None = field(default=None, converter=_wait)
    set: dict[str, Expression] = field(factory=dict, converter=_settings)

    def __init__(self, on: On | str, **fields: Any) -> None:
        self.__attrs_init__(on=on, **fields)  # type: ignore[attr-defined]


@frozen(kw_only=True)
class Exit:
    """
    A rule that takes a customer out.

    Attributes:
        on: a signal, a condition, or both.
        end: the reason recorded; what the rule waits for where not said. In a scope: None leads on behind the scope.
        at: ``once`` (at the signal that makes it true) or ``next action`` (in the decision that would commit one).
    """

    on: On = field(converter=_on)
    end: str | None = None
    at: Literal["once", "next action"] = "once"

    def __init__(self, on: On | str, **fields: Any) -> None:
        self.__attrs_init__(on=on, **fields)  # type: ignore[attr-defined]

    def __attrs_post_init__(self) -> None:
        if self.at not in ("once", "next action"):
            raise DefinitionError(f'.at: "{self.at}" is not known; write "once" or "next action"')


def _exits(value: object) -> tuple[Exit, ...]:
    return tuple(Exit(item) if isinstance(item, (str, On)) else item for item in _items(value))


@frozen(kw_only=True)
class Goal:
    """
    A conversion mark, recorded once per enrollment.

    Attributes:
        on: the signal and the condition.
        end: makes it end the journey too: ``completed``, or the reason of the exit.
    """

    on: On = field(converter=_on)
    end: str | None = None

    def __init__(self, on: On | str, **fields: Any) -> None:
        self.__attrs_init__(on=on, **fields)  # type: ignore[attr-defined]


@frozen(kw_only=True)
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
    steps: tuple[Step | Scope, ...] = field(default=(), converter=lambda v: tuple(_items(v)))
    stage: str | None = None
    do: tuple[Do | Start, ...] = field(default=(), converter=_do)
    wait: Wait | None = field(default=None, converter=_wait)
    when: tuple[Transition, ...] = field(default=(), converter=_when)
    exits: tuple[Exit, ...] = field(default=(), converter=_exits)
    then: Split | tuple[Transition, ...] = field(default=(), converter=_then)
    leaving: tuple[Do | Start, ...] = field(default=(), converter=_do)

    def __init__(self, name: str, **fields: Any) -> None:
        self.__attrs_init__(name=name, **fields)  # type: ignore[attr-defined]


@frozen(kw_only=True)
class Journey:
    """
    A named definition that customers move through.

    Attributes:
        name: its identity.
        steps: steps and scopes in the order in which a customer passes them; the first is where they begin.
        key: what tells two enrollments of one customer apart: an event property, or an expression such as ``signal.id``.
        entry: what lets a customer in; none where only the host or another journey starts it.
        exits: rules that take a customer out, looked at before anything else.
        goal: the conversion mark.
        reentry: see `Reentry`; ``once`` by default.
        when: transitions that hold in every step.
        stage: the stage of steps that name none.
        stages: its ordered stages; the five of the customer lifecycle by default.
        lifecycle: that this journey's stage is the customer's stage; at most one journey of an engine.
        zone: the IANA time zone for customers without one.
        open: from and until when customers may enter, ``2026-11-01 to 2026-12-24``, in *zone*.
    """

    name: str
    steps: tuple[Step | Scope, ...] = field(default=(), converter=lambda v: tuple(_items(v)))
    key: str | None = None
    entry: tuple[Entry, ...] = field(default=(), converter=lambda v: tuple(i if isinstance(i, Entry) else Entry(i) for i in _items(v)))
    exits: tuple[Exit, ...] = field(default=(), converter=_exits)
    goal: Goal | None = field(default=None, converter=lambda v: Goal(v) if isinstance(v, (str, On)) else v)
    reentry: Reentry = field(factory=Reentry, converter=lambda v: Reentry(v) if isinstance(v, str) else v)
    when: tuple[Transition, ...] = field(default=(), converter=_when)
    stage: str | None = None
    stages: tuple[str, ...] = field(default=STAGES, converter=tuple)
    lifecycle: bool = False
    zone: str | None = None
    open: str | None = None

    def __init__(self, name: str, **fields: Any) -> None:
        self.__attrs_init__(name=name, **fields)  # type: ignore[attr-defined]
