"""
From a journey to the tables that decisions look things up in.

The rules of every step are put, in the order of P9, into one ``transitions`` machine, which is then asked for the moves of each
step and signal: the machine is the authority, the tables are its answers. The machine stays at hand for diagrams and as an oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

import transitions
from attrs import define, field

from journeykit.core.compiling.planner import Planner, asked, both, cause, every_on
from journeykit.core.compiling.plans import CompiledEntry, CompiledSplit, CompiledTimer, PlainTable, Plan, Row, Rules, Signal, Value
from journeykit.core.compiling.quotas import taking
from journeykit.core.definitions.extensions import Extensions
from journeykit.core.definitions.objects import Interest, interests, subjects
from journeykit.core.definitions.opening import lets_in_those_already_there, window
from journeykit.core.definitions.outline import Onward, Place, behind, first_step, places, scopes, within
from journeykit.core.definitions.survey import Survey
from journeykit.core.expressions.context import Context, Declared
from journeykit.core.facts.balances import with_openings
from journeykit.core.facts.schedules import signal_of
from journeykit.model.conditions import Expression
from journeykit.model.customer import Catalog
from journeykit.model.journey import Exit, Journey, On, Transition
from journeykit.model.phrases import MICROSECONDS, Split
from journeykit.model.quotas import Take

Machine = transitions.Machine

COMPLETED, EXITED = "(completed)", "(exited)"
AUTOMATIC = "(automatic)"


@define(slots=True, eq=False)
class CompiledJourney:
    """One version of one journey, compiled."""

    journey: Journey
    hash: str
    text: str
    rules: Rules
    timers: tuple[CompiledTimer, ...]
    entries: tuple[CompiledEntry, ...]
    entry_plan: Plan
    key: Value | None
    stages: dict[str, str | None]
    following: tuple[CompiledTimer, ...]
    signals: frozenset[str]  #: names of events and other signals that some rule waits for
    reads: frozenset[str]  #: ``customer.plan``, ``consent.email``: what rules without a signal and following timers read
    asks: frozenset[str]  #: other journeys of which an expression asks whether the customer is in them
    since: frozenset[str]  #: the facts that it reads, and that an enrollment counts since its entry
    interests: dict[str, tuple[Interest, ...]]  #: for each step, the events about objects that it waits for
    restless: bool  #: a rule without a signal reads the event or the time: every signal concerns it
    measured: dict[str, str]  #: the experiments of which the better arm is looked for, and the event that makes it the better one
    window: tuple[int, int] | None  #: from and until when customers may enter
    already: bool  #: who matches when it opens comes in
    exit_events: frozenset[str]  #: events that the journey's own exit rules wait for
    name: str = field(init=False)
    lifecycle: bool = field(init=False)
    places: dict[str, Place] = field(init=False)  #: every step by its name
    plain: PlainTable = field(init=False)  #: that of the rules, where what is done in this journey concerns nothing else

    def __attrs_post_init__(self) -> None:
        self.name, self.lifecycle = self.journey.name, self.journey.lifecycle
        self.places = {place.step.name: place for place in places(self.journey)}
        self.plain = dict.fromkeys(self.places) if self.lifecycle or self.interests or self.asks else self.rules.plain


_WATCHED = ("customer", "consent", "segment", "active")


def compile_journey(journey: Journey, digest: str, text: str, catalog: Catalog, known: Declared, extensions: Extensions) -> CompiledJourney:
    """
    Compile one journey that has been checked.

    Args:
        journey: the journey.
        digest: its content hash.
        text: its canonical text, stored with the first enrollment.
        catalog: the shop's vocabulary, for what each action is.
        known: how the declared facts and segments are read.
        extensions: the triggers and timers that there are.
    """
    return _Compiler(Planner(journey, catalog, known, extensions)).compile(digest, text)


def machine_of(journey: Journey, catalog: Catalog, known: Declared, extensions: Extensions) -> Machine:
    """The machine that the tables of *journey* are read off; it is not kept, being many times as large as they are."""
    return _Compiler(Planner(journey, catalog, known, extensions)).machine()


class _Compiler:
    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        self.journey = planner.journey
        self.onward = {id(scope): onward for scope, _, onward in scopes(planner.journey)}
        ways = (*(place.onward for place in planner.places.values()), *self.onward.values())
        splits = [onward for onward in ways if isinstance(onward, Split)]
        self.measured = {f"{self.journey.name}/{split.experiment}": split.measure for split in splits if split.measure}

    def machine(self) -> Machine:
        return self._machine(*self._all_rows())

    def _all_rows(self) -> tuple[dict[str, list[Row]], dict[str, tuple[Row, ...]]]:
        rows = {name: list(self._rows(place)) for name, place in self.planner.places.items()}
        return rows, {name: tuple(self._automatic(place)) for name, place in self.planner.places.items()}

    def compile(self, digest: str, text: str) -> CompiledJourney:
        rows, automatic = self._all_rows()
        silent = {name: tuple(row for row in mine if row.signal is None and row.kind == "exit") for name, mine in rows.items()}
        machine = self._machine(rows, automatic)
        timers = tuple(self.planner.timers.values())
        following = tuple(timer for timer in timers if timer.wait.following or timer.wait.missing == "wait")
        quiet = [on.where for on in every_on(self.journey) if on.where and self._signal(on, "") is None]
        read = {path for expression in quiet for path in expression.paths} | {path for timer in following for path in timer.reads}
        looked_at = {path for reading in Survey(self.journey).readings() for path in reading.expression.paths}
        facts = self.planner.catalog.facts
        return CompiledJourney(
            journey=self.journey,
            hash=digest,
            text=text,
            rules=Rules(
                rows={name: _tabulate(machine, name, mine) for name, mine in rows.items()},
                quiet=silent,
                automatic=automatic,
                deferred=tuple(self._deferred()),
                skips=dict(self.planner.skips()),
                busy=frozenset(name for name in rows if following or silent[name] or automatic[name]),
            ),
            timers=timers,
            entries=tuple(self._entries()),
            entry_plan=self.planner.plan(None, first_step(self.journey.steps[0]), entering=True),
            key=self.planner.key(self.journey.keyed),
            stages={name: place.stage for name, place in self.planner.places.items()},
            following=following,
            signals=frozenset(s for s in self._signals() if isinstance(s, str)),
            reads=with_openings((f"{path[0]}.{path[1]}" for path in read if path[0] in _WATCHED and len(path) > 1), facts),
            asks=frozenset(str(path[1]) for path in looked_at if path[0] == "active"),
            since=frozenset(name for name, one in facts.items() if one.since_entry and ("customer", name) in looked_at),
            interests=interests(self.journey, self.planner.places.values(), subjects(self.planner.catalog)),
            restless=any(path[0] in ("event", "signal", "now") or self._passing(path) for expression in quiet for path in expression.paths),
            window=window(self.journey),
            already=lets_in_those_already_there(self.journey),
            exit_events=frozenset(self.planner.extensions.event(rule.on.event) for rule in self.journey.exits if rule.on.event is not None),
            measured=self.measured,
        )

    def _passing(self, path: tuple[str | int, ...]) -> bool:
        """Whether it is a fact over a window of time, which changes with now."""
        fact = self.planner.catalog.facts.get(str(path[-1])) if path[0] == "customer" and len(path) == 2 else None
        return fact is not None and (fact.rolling or fact.period) is not None

    def _signals(self) -> Iterator[Signal]:
        yield from (self._signal(on, "") for on in every_on(self.journey) if on.after is None)
        yield from (self._entry_signal(entry.on) for entry in self.journey.entry)

    def _entry_signal(self, on: On) -> Signal:
        return self._signal(on, "") if on.after is None else signal_of(on, self.journey)

    # -- rows --------------------------------------------------------------------------------------------------------

    def _rows(self, place: Place) -> Iterator[Row]:
        """Every rule that holds in a step, in the order of P9."""
        step = place.step
        if step.end is not None:
            return
        for rule in self.journey.exits:
            yield from self._exit(rule, place, f"journey {self.journey.name}")
        for scope in place.scopes:
            onward = self.onward[id(scope)]
            for rule in scope.exits:
                yield from self._scope_exit(rule, within(place, scope), scope.name, onward)
        yield from self._goal(place)
        yield from self._moves(place, step.when, f"step {step.name}")
        if step.wait:
            yield from self._onward(
                place, place.onward, self.planner.timers[f"step {step.name}", step.wait.text].index, f"after {step.wait.text}"
            )
        for scope in reversed(place.scopes):
            onward, here = self.onward[id(scope)], within(place, scope)
            if scope.wait:
                index = self.planner.timers[f"scope {scope.name}", scope.wait.text].index
                yield from self._onward(here, onward, index, f"after {scope.wait.text} in {scope.name}")
            yield from self._moves(here, scope.when, f"scope {scope.name}")
        yield from self._moves(place, self.journey.when, f"journey {self.journey.name}")

    def _row(self, kind: Literal["exit", "goal", "move"], on: On, place: Place | None, owner: str, plan: Plan | None, **more: Any) -> Row:
        return Row(
            kind=kind,
            signal=self._signal(on, owner),
            plan=plan,
            condition=self.planner.guard(on, place),
            key=self._row_key(on),
            named=on.key or self.journey.keyed or "",
            drop_late=on.late == "drop",
            cause=cause(on),
            where=asked(on),
            reads=self.planner.looks_at(on, place),
            of_event=self.planner.of_event(on),
            **more,
        )

    def _row_key(self, on: On) -> Value | None:
        if self.journey.keyed is None or on.event is None or on.key == "any":
            return None
        return self.planner.key(on.key or self.journey.keyed)

    def _signal(self, on: On, owner: str) -> Signal:
        if on.event is not None:
            return self.planner.extensions.event(on.event)
        if on.changed is not None:
            return f"~changed {on.changed}"
        if on.settled is not None:
            return f"~settled {on.settled}"
        if on.segment is not None:
            return f"~segment {on.segment}"
        if on.every is not None:
            return signal_of(on, self.journey)
        if on.after is not None:
            timer = self.planner.timers.get((owner, on.after.text))
            return timer.index if timer else -1
        return None

    def _exit(self, rule: Exit, place: Place, owner: str) -> Iterator[Row]:
        defer = rule.at == "next action"
        if defer and self._signal(rule.on, owner) is None:
            return  # looked at before an action, see _deferred
        reason = rule.end or cause(rule.on)
        plan = Plan(place.step.name, None, ("completed", None) if rule.end == "completed" else ("exited", reason))
        yield self._row("exit", rule.on, place, owner, plan, defer=defer, reason=reason)

    def _deferred(self) -> Iterator[tuple[Callable[[Any], bool], str]]:
        for rule in self.journey.exits:
            condition = self.planner.condition(rule.on.where, None)
            if rule.at == "next action" and self._signal(rule.on, "") is None and condition:
                yield condition, rule.end or cause(rule.on)

    def _scope_exit(self, rule: Exit, place: Place, scope: str, onward: Onward) -> Iterator[Row]:
        if rule.end is not None:
            yield from self._exit(rule, place, f"scope {scope}")
            return
        row = self._row("exit", rule.on, place, f"scope {scope}", None)
        yield from self._branches(place, onward, row)

    def _goal(self, place: Place) -> Iterator[Row]:
        goal = self.journey.goal
        if goal is None:
            return
        ends = (
            None
            if goal.end is None
            else Plan(place.step.name, None, ("completed", None) if goal.end == "completed" else ("exited", goal.end))
        )
        yield self._row("goal", goal.on, place, f"journey {self.journey.name}", ends, reason=goal.end)

    def _moves(self, place: Place, when: Iterable[Transition], owner: str) -> Iterator[Row]:
        for move in when:
            on = move.on
            if on is not None:
                name = place.step.name
                plan = self.planner.internal(place, move) if move.to is None else self.planner.plan(name, move.to, move, place)
                yield self._taking(self._row("move", on, place, owner, plan), move.take, place)

    def _onward(self, place: Place, onward: Onward, signal: Signal, cause: str) -> Iterator[Row]:
        yield from self._branches(place, onward, Row("move", signal, None, cause=cause))

    def _branches(self, place: Place, onward: Onward, like: Row) -> Iterator[Row]:
        """Rows like *like* that lead on to *onward*: one, one for each branch, or a split."""
        name, place = place.step.name, behind(place, onward)

        def row(plan: Plan | None, where: Expression | None = None, split: CompiledSplit | None = None) -> Row:
            condition, reads, text = like.condition, like.reads, like.where
            if where is not None:
                condition = both(condition, self.planner.condition(where, place))
                reads, text = (*reads, *self.planner.reads(where, place)), where.text
            return Row(like.kind, like.signal, plan, condition, like.key, like.drop_late, False, split, like.cause, None, text, reads)

        if isinstance(onward, Split):
            yield row(None, split=self._split(name, onward))
        elif onward is None:
            yield row(self.planner.plan(name, None))
        else:
            for branch in onward:
                one = row(self.planner.plan(name, branch.to, branch, place), branch.on.where if branch.on else None)
                yield self._taking(one, branch.take, place)

    def _taking(self, row: Row, take: Take | None, place: Place) -> Row:
        """*row*, which holds only while there is some left of what it takes."""
        if take is None:
            return row
        acts, deferred = row.plan is not None and row.plan.acts, [condition for condition, _ in self._deferred()]

        def leaves(context: Context) -> bool:
            marked = context.enrollment is not None and context.enrollment.leaving is not None
            return acts and (marked or any(condition(context) for condition in deferred))

        row.condition = taking(row.condition, self.planner.quota(take, place), row.cause, leaves)
        row.reads = (*row.reads, *self.planner.reads(take.per, place))
        row.takes = True
        row.where = f"{row.where} and some of {take.text} is left" if row.where else f"some of {take.text} is left"
        return row

    def _split(self, source: str, split: Split) -> CompiledSplit:
        total, arms = 0, []
        for target, share in split.shares:
            total += share
            arms.append((total, target, self.planner.plan(source, target)))
        experiment = f"{self.journey.name}/{split.experiment or source}"
        return CompiledSplit(experiment, split.per == "customer", tuple(arms), experiment in self.measured, split.after)

    def _automatic(self, place: Place) -> Iterator[Row]:
        step = place.step
        if step.end is not None:
            return
        owners = [(place, step.when, f"step {step.name}"), *((within(place, s), s.when, f"scope {s.name}") for s in reversed(place.scopes))]
        for here, when, owner in [*owners, (place, self.journey.when, f"journey {self.journey.name}")]:
            yield from (row for row in self._moves(here, when, owner) if row.signal is None)
        if step.wait is None and not step.when:
            yield from self._onward(place, place.onward, None, "then")

    def _entries(self) -> Iterator[CompiledEntry]:
        for number, entry in enumerate(self.journey.entry):
            data = tuple(self.planner.settings(entry.set, self.planner.resolver(None)))
            idle = entry.wait.seconds * MICROSECONDS if entry.wait else None
            on = entry.on
            yield CompiledEntry(
                number,
                self._entry_signal(on),
                self.planner.guard(on, None),
                data,
                idle,
                cause(on),
                asked(on),
                self.planner.looks_at(on, None),
                self.planner.key(on.key),
                self.planner.inside(on),
            )

    # -- the machine -------------------------------------------------------------------------------------------------

    def _machine(self, rows: Mapping[str, Iterable[Row]], automatic: Mapping[str, Iterable[Row]]) -> Machine:
        states = [*self.planner.places, COMPLETED, EXITED]
        first = first_step(self.journey.steps[0])
        machine = Machine(model=None, states=states, initial=first, auto_transitions=False, send_event=True, ignore_invalid_triggers=True)
        for name in self.planner.places:
            for row in [*(row for row in rows[name] if row.signal is not None or row.kind == "exit"), *automatic[name]]:
                _add(machine, name, row)
        return machine


def _add(machine: Machine, source: str, row: Row) -> None:
    if row.kind == "goal" or row.defer:
        return
    for plan in [arm[2] for arm in row.split.arms] if row.split else [row.plan]:
        machine.add_transition(_trigger(row.signal), source, _destination(plan), conditions=[row.holds])


def _tabulate(machine: Machine, name: str, rows: list[Row]) -> dict[Signal, tuple[Row, ...]]:
    """
    The table of one step: for each signal the moves that the machine answers with, in its order.

    What is no move of its own stands where P9 puts it: goal, exits that wait for the next action, exits without a signal.
    """
    table: dict[Signal, tuple[Row, ...]] = {}
    for signal in dict.fromkeys(row.signal for row in rows if row.signal is not None):
        event = machine.events.get(_trigger(signal))
        moves = {id(_row_of(move)) for move in event.transitions.get(name, ())} if event else set()
        aside = [
            row
            for row in rows
            if (row.signal == signal and (row.kind == "goal" or row.defer)) or (row.signal is None and row.kind == "exit")
        ]
        table[signal] = tuple(row for row in rows if id(row) in moves or row in aside)
    return table


def _row_of(move: Any) -> Any:
    """The row whose bound method is the condition of a move."""
    return move.conditions[0].func.__self__


def _destination(plan: Plan | None) -> str | None:
    if plan is None:
        return None
    if plan.target is None:
        return COMPLETED if plan.outcome and plan.outcome[0] == "completed" else EXITED
    return None if plan.internal else plan.target


def _trigger(signal: Signal) -> str:
    if signal is None:
        return AUTOMATIC
    return f"(timer {signal})" if isinstance(signal, int) else signal
