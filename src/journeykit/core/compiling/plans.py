"""The compiled form of a journey: rows to look up and plans to carry out. Made once, never changed, read on every signal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from attrs import Factory, define, field

from journeykit.core.definitions.extensions import Moment
from journeykit.core.expressions.context import Context
from journeykit.core.expressions.expressions import MISSING
from journeykit.model.messages import LONGEST, storable_text
from journeykit.model.wait import Wait

Condition = Callable[[Context], bool]
Value = Callable[[Context], Any]
Signal = str | int | None  #: an event's name, ``~changed customer.plan``, ``~settled email dead``, a timer's index, or no signal


@define(slots=True, eq=False)
class CompiledTimer:
    """A timer's rule: *owner* is ``step``, ``scope`` or ``journey``; *moment* gives what it counts from, where that is a value."""

    index: int
    owner: Literal["step", "scope", "journey"]
    name: str  #: of the owning step or scope
    wait: Wait
    rank: int  #: step 0, scope 1, journey 2: the order in which timers due in one instant fire
    moment: Value | None
    reads: frozenset[tuple[str | int, ...]]
    seconds: int | None  #: elapsed microseconds where the rule is nothing but a duration
    plugin: Moment | None = None  #: gives the moment from the anchor, the zone and the value of *moment*, where a timer is named

    @property
    def label(self) -> str:
        """How people read it: the owner and the rule."""
        return f"{self.name}: {self.wait.text}"


@define(slots=True, eq=False)
class SetOperation:
    """Set ``data.NAME`` or ``customer.NAME`` to a value."""

    root: str
    name: str
    value: Value


@define(slots=True, eq=False)
class DoOperation:
    """Ask for an action. *age* is microseconds until it expires, *owner* the visit it is bound to."""

    action: str
    parameters: Value | None
    constant: Any
    message: str
    age: int | None
    owner: str | None  #: ``step``, or ``scope NAME``
    listens: bool


@define(slots=True, eq=False)
class StartOperation:
    """Start a journey, for this customer or another."""

    journey: str
    customer: Value | None
    key: Value | None
    data: tuple[SetOperation, ...]


Operation = SetOperation | DoOperation | StartOperation


@define(slots=True, eq=False)
class Plan:
    """
    What a transition does from one certain step: everything that can be known before it is taken.

    Attributes:
        source, target: step names; a target of None is an internal transition, unless *outcome* ends the journey.
        outcome: status and reason where the transition ends the journey.
        before: leaving actions from the inside out, settings, its own actions.
        after: settings and entry actions, scopes from the outside in, then the step.
        cancel: timers of what is left.
        left, entered: scopes.
        arms: timers of what is entered: journey, scopes from the outside in, step.
        acts: that it would commit an action.
        stage: the stage of the target.
        internal: performs and sets, but leaves and enters nothing.
        kind: what the history calls it.
        reads: that it works out something which a context has to be looked at for.
        plain: it leads from step to step and to nothing else, see `core.enrollments.plain`.
    """

    source: str | None
    target: str | None
    outcome: tuple[Literal["completed", "exited"], str | None] | None = None
    before: tuple[Operation, ...] = ()
    after: tuple[Operation, ...] = ()
    cancel: frozenset[int] = frozenset()
    left: tuple[str, ...] = ()
    entered: tuple[str, ...] = ()
    arms: tuple[CompiledTimer, ...] = ()
    acts: bool = False
    stage: str | None = None
    internal: bool = False
    kind: Literal["entered", "moved"] = field(init=False)
    reads: bool = field(init=False)
    plain: bool = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.kind = "entered" if self.source is None else "moved"
        operations = (*self.before, *self.after)
        self.reads = any(not isinstance(one, DoOperation) or one.parameters is not None for one in operations)
        beyond = self.internal or self.target is None or self.outcome is not None or self.left or self.entered
        of_itself = all(isinstance(one, DoOperation) or (isinstance(one, SetOperation) and one.root == "data") for one in operations)
        self.plain = self.kind == "moved" and not beyond and of_itself and all(timer.seconds for timer in self.arms)


@define(slots=True, eq=False)
class CompiledSplit:
    """Stable shares: the plan of each arm, in order, with the sum of the shares up to it."""

    experiment: str
    per_customer: bool
    arms: tuple[tuple[int, str, Plan], ...]
    measured: bool = False  #: its draws are counted, for the better arm to be found
    after: int | None = None  #: microseconds from the first draw until the better arm is taken


@define(slots=True, eq=False)
class Row:
    """
    One rule as it stands in the table of a step.

    Attributes:
        kind: ``exit``, ``goal`` or ``move``.
        signal: what it waits for.
        plan: what it does; of a goal that ends nothing, None; of a split, chosen among its arms.
        condition: None where it always holds.
        key: gives the event's key where it must equal the enrollment's; *named* is what it is called in the definition.
        drop_late: it does not take events that occurred before the step was entered.
        defer: an exit that waits for the next action.
        cause: how history and people name it.
        where, reads: the text of the condition and getters of what it reads, for ``explain``.
        of_event: key and condition read nothing but the event's properties.
        takes: it holds only while there is some left of what it takes.
    """

    kind: Literal["exit", "goal", "move"]
    signal: Signal
    plan: Plan | None
    condition: Condition | None = None
    key: Value | None = None
    drop_late: bool = False
    defer: bool = False
    split: CompiledSplit | None = None
    cause: str = ""
    reason: str | None = None
    where: str = ""
    reads: tuple[tuple[str, Value], ...] = ()
    of_event: bool = False
    takes: bool = False
    named: str = ""
    simple: Plan | None = field(init=False)  #: the plan of a move that is no split, which is all there is to taking it
    strict: bool = field(init=False)  #: whether it looks at the event's key or lateness
    asks: bool = field(init=False)  #: whether it looks at anything at all
    plain: Plan | None = field(init=False, default=None)  #: the plan where taking it is plain, see `core.enrollments.plain`

    def __attrs_post_init__(self) -> None:
        self.strict = self.key is not None or self.drop_late
        self.asks = self.strict or self.condition is not None
        self.simple = self.plan if self.kind == "move" and self.split is None else None

    def holds(self, event_data: Any) -> bool:
        """The same rule as a condition of a ``transitions`` machine, whose trigger is given ``context=``."""
        context: Context = event_data.kwargs["context"]
        if not self.admits(context):
            return False
        return self.condition is None or self.condition(context)

    def admits(self, context: Context) -> bool:
        """Whether key and lateness let the event through."""
        enrollment = context.enrollment
        if enrollment is None or context.event is None:
            return True
        if self.key is not None and as_key(self.key(context)) != enrollment.key:
            return False
        return not (self.drop_late and context.event.at < enrollment.step_at)


@define(slots=True, eq=False)
class CompiledEntry:
    """What lets a customer in."""

    number: int
    signal: Signal
    condition: Condition | None
    data: tuple[SetOperation, ...]
    idle: int | None  #: microseconds of its own wait
    cause: str
    where: str = ""
    reads: tuple[tuple[str, Value], ...] = ()
    key: Value | None = None  #: gives the key, where it is not the journey's own that does
    inside: Condition | None = None  #: of an entry by a segment: whether the customer is in it


Table = dict[str, dict[Signal, tuple[Row, ...]]]
PlainTable = dict[str, dict[Signal, tuple[Row, ...] | None] | None]


@define(slots=True, eq=False)
class Rules:
    """
    The tables of one journey.

    Attributes:
        rows: for each step and signal, the rows in the order of P9.
        quiet: for each step, the rows looked at on a signal that it has no row for (exit rules without a signal).
        automatic: for each step, transitions without a signal, what it goes on to included.
        deferred: conditions of exits that wait for the next action, with their reasons.
        skips: for each step and target, the plan of skipping there.
        busy: steps in which something may follow by itself after a signal.
        plain: for each step the same as *rows*, None for a signal with rows that only a `Turn` can answer; None for a step in which
            something may follow by itself.
    """

    rows: Table = Factory(dict)
    quiet: dict[str, tuple[Row, ...]] = Factory(dict)
    automatic: dict[str, tuple[Row, ...]] = Factory(dict)
    deferred: tuple[tuple[Condition, str], ...] = ()
    skips: dict[tuple[str, str], Plan] = Factory(dict)
    busy: frozenset[str] = frozenset()
    plain: PlainTable = field(init=False)

    def __attrs_post_init__(self) -> None:
        still = {} if self.deferred else {step: table for step, table in self.rows.items() if step not in self.busy}
        plain = {step: {signal: _answerable(rows) for signal, rows in table.items()} for step, table in still.items()}
        self.plain = {step: plain.get(step) for step in self.rows}
        for row in (row for table in still.values() for rows in table.values() for row in rows):
            if row.simple is not None and row.simple.plain and row.simple.target in still:
                row.plain = row.simple


def _answerable(rows: tuple[Row, ...]) -> tuple[Row, ...] | None:
    """*rows*, where asking them changes nothing."""
    return None if any(row.takes or row.drop_late for row in rows) else rows


def as_key(value: Any) -> Any:
    """The key that a value stands for: usable text as it is, whole numbers as text, everything else none."""
    if isinstance(value, str):
        return value if (value.isprintable() and 0 < len(value) <= LONGEST) or storable_text(value) else MISSING
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return MISSING


def without_key(named: str, keyed: str, properties: Mapping[str, Any]) -> str:
    """Why an event names no key, for people: what is *named*, by a rule or as the journey is *keyed*, it does not have, or it is none."""
    value = properties.get(named)
    what = "by which the journey is keyed" if named == keyed else "which is to equal the key"
    return (
        f"it had no {named}, {what}"
        if value is None
        else f"its {named} was {value!r:.60}, which is no key; a key is a text or a whole number"
    )
