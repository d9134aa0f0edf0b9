"""
Deciding for one enrollment: which rule takes a signal, and what its transition does.

An enrollment is copied before the first change and put in its place at the end, so a condition that fails leaves it as it was.
"""

from __future__ import annotations

from collections.abc import Iterable

from journeykit.core.compiling.compiler import CompiledJourney
from journeykit.core.compiling.plans import CompiledSplit, CompiledTimer, Plan, Row, Signal, as_key, without_key
from journeykit.core.compiling.splits import arm
from journeykit.core.enrollments.operations import operate
from journeykit.core.enrollments.timing import Away, arm_timers, cancelled, follow
from journeykit.core.expressions.context import Context
from journeykit.core.expressions.expressions import MISSING
from journeykit.core.turns.tallies import measured
from journeykit.core.turns.turn import MOST, Raised, Trace, Turn
from journeykit.errors import LoopError
from journeykit.model.records import Enrollment, HistoryEntry, Status

_new = tuple.__new__  # makes a named tuple in half the time of its own constructor


class Deciding(Turn):
    """
    A signal while it is decided for one enrollment after the other.

    Attributes:
        journey: the version of the journey that the enrollment is in.
        e: the enrollment taken up last.
        mine: whether it is a copy of our own already.
        fired: the mark of the timer that fired, for the history of the transition it starts.
    """

    __slots__ = ("e", "fired", "journey", "mine")

    journey: CompiledJourney
    e: Enrollment
    mine: bool
    fired: str

    def take_up(self, journey: CompiledJourney, enrollment: Enrollment, *, mine: bool = False) -> None:
        """Go on to *enrollment*, which is *mine* where nobody else has it yet."""
        self.journey = journey
        self.e = self.enrollment = enrollment
        self.data = enrollment.data
        self.mine = mine
        self.fired = ""

    # -- a signal ----------------------------------------------------------------------------------------------------

    def offer(self, signal: Signal) -> bool:
        """Offer *signal* to the enrollment; return whether a rule took it."""
        rules, step = self.journey.rules, self.e.step
        return self.choose(rules.rows[step].get(signal, rules.quiet[step]))

    def choose(self, rows: Iterable[Row]) -> bool:
        """Take the first of *rows* that matches and holds, and no other (P9); return whether one did."""
        taken = False
        for row in rows:
            if row.strict and not self._admits(row):
                continue
            condition, plan = row.condition, row.simple
            if condition is not None and not condition(self):
                if self.trace is not None:
                    self._trace("condition", row)
            elif plan is not None:
                self.take(plan, row.cause)
                taken = True
                break
            elif self._take_row(row):
                taken = True
                break
        if self.e.step in self.journey.rules.busy:
            self.settle(moved=taken)
        return taken

    def fire(self, index: int) -> None:
        """Fire a timer: it is spent, whether a rule takes it or not."""
        e = self.own()
        e.timers = tuple(timer for timer in e.timers if timer.index != index)
        self.fired = f"!{index} "
        if not self.offer(index) and self.fired:
            self.note("spent", self.e, f"after {self.journey.timers[index].wait.text}", self.e.step, timers=self.fired.strip())

    def own(self) -> Enrollment:
        """The enrollment as something that may be changed."""
        if not self.mine:
            self.e = self.enrollment = self.e.copy()
            self.mine = True
        return self.e

    def _matches(self, row: Row) -> bool:
        """Whether a rule without a signal holds."""
        if row.condition is None or row.condition(self):
            return True
        self._trace("condition", row)
        return False

    def _admits(self, row: Row) -> bool:
        """Whether key and lateness let the event through."""
        event = self.event
        if event is None:
            return True
        if row.key is not None and (key := as_key(row.key(self))) != self.e.key:
            self._trace("missing key" if key is MISSING else "key", row)
            return False
        if row.drop_late and event.at < self.e.step_at:
            self.note("late", self.e, row.cause, self.e.step, reason="occurred before the step was entered")
            self._trace("late", row)
            return False
        return True

    def _trace(self, kind: str, row: Row) -> None:
        if self.trace is None:
            return
        values = ", ".join(f"{name} = {_shown(get(self))}" for name, get in row.reads)
        detail = f"{row.where} ({values})" if kind == "condition" else ""
        if kind == "missing key":
            detail = without_key(row.named, self.journey.journey.keyed or "", self.properties)
        actions = actions_of(row)
        e = self.e
        self.trace.append(Trace(self.now, kind, e.journey, e.key, e.step, row.cause, detail, actions))

    def _take_row(self, row: Row) -> bool:
        if row.kind == "goal":
            return self._goal(row)
        if row.defer:
            if self.e.leaving is None:
                self.own().leaving = row.reason
            return False
        plan = row.plan
        if row.split is not None:
            plan = self._drawn(row.split)
        if plan is None:
            return False
        self.take(plan, row.cause)
        return True

    def _goal(self, row: Row) -> bool:
        """Record the goal, once; it takes the signal only where it ends the journey."""
        if self.e.goal_at is not None:
            return False
        self.own().goal_at = self.now
        self.note("goal", self.e, row.cause, self.e.step)
        if row.plan is None or row.plan.outcome is None:
            return False
        self.end(row.plan.outcome[0], row.plan.outcome[1], row.cause)
        return True

    def _drawn(self, split: CompiledSplit) -> Plan:
        e = self.e
        if split.measured:
            return measured(self, split)
        drawn, facts = arm(split, self.customer_id, e, self.facts)
        if facts is not self.facts:
            self.facts = facts
        return drawn

    # -- a transition ------------------------------------------------------------------------------------------------

    def take(self, plan: Plan, cause: str) -> None:
        """Carry out *plan*, in the order of P10."""
        if plan.acts and (self.e.leaving is not None or self.journey.rules.deferred) and (reason := self._leaves()) is not None:
            completed = reason == "completed"
            self.end("completed" if completed else "exited", None if completed else reason, cause)
            return
        e = self.e
        if not self.mine:
            self.e = self.enrollment = e = e.copy()
            self.mine = True
        timers, self.fired = self.fired, ""
        if plan.before:
            operate(self, e, plan.before)
        if plan.internal:
            self.note("stayed", e, cause, plan.source, plan.source, timers=timers.rstrip())
            return
        if plan.cancel and e.timers:
            timers += cancelled(e, plan.cancel)
        if plan.left:
            e.scopes = {name: since for name, since in e.scopes.items() if name not in plan.left}
        if plan.target is None:
            self._finish(plan, cause, timers)
        else:
            self._enter(plan, plan.target, cause, timers)

    def _leaves(self) -> str | None:
        """The reason of an exit that waited for this action (P17)."""
        if self.e.leaving is not None:
            return self.e.leaving
        return next((reason for condition, reason in self.journey.rules.deferred if condition(self)), None)

    def _enter(self, plan: Plan, target: str, cause: str, timers: str) -> None:
        e, commit = self.e, self.commit
        e.step, e.step_at = target, self.now
        e.visit += 1
        if plan.entered:
            e.scopes = {**e.scopes, **dict.fromkeys(plan.entered, (self.now, e.visit))}
        if self.journey.lifecycle and plan.stage != self.facts.stage:
            self.stage(plan.stage)
        if plan.after:
            operate(self, e, plan.after)
        leading = None
        if plan.arms:
            armed, leading = arm_timers(self, self.journey.journey, e, plan.arms)
            timers += armed
        history = commit.history
        entry = _new(HistoryEntry, (
            self.customer_id, self.seq, len(history), self.now, plan.kind, e.journey, e.key, e.number, plan.source, target, cause,
            e.definition if plan.kind == "entered" else None, timers and timers.rstrip(),
        ))  # fmt: skip
        commit.history = (*history, entry) if history else (entry,)
        if plan.outcome is not None:
            self.end(plan.outcome[0], plan.outcome[1], cause)
        elif leading:
            self.lead(leading, e.visit)
        if e.held is not None and e.held.step is not None:
            self.raised += (Raised("moved", (e.journey, e.key)),)

    def lead(self, leading: list[tuple[CompiledTimer, Away]], visit: int) -> None:
        """Follow the first moment that leads away; then what is left of the others, whose owners may have lasted."""
        self._away(leading[0][1])
        for timer, _ in leading[1:]:
            if self._lasts(timer, visit):
                marks, again = arm_timers(self, self.journey.journey, self.e, (timer,))
                if again:
                    self._away(again[0][1])
                else:
                    self.note("stayed", self.e, "following", self.e.step, self.e.step, timers=marks.rstrip())

    def _lasts(self, timer: CompiledTimer, visit: int) -> bool:
        """Whether the owner of *timer*, entered at *visit*, has not been left since."""
        e = self.e
        if e.ended_at is not None or timer.owner == "journey":
            return e.ended_at is None
        return e.visit == visit if timer.owner == "step" else e.scopes.get(timer.name, (0, 0))[1] == visit

    def _finish(self, plan: Plan, cause: str, timers: str) -> None:
        self.fired = timers
        status, reason = plan.outcome or ("completed", None)
        self.end(status, reason, cause)

    def _away(self, away: Away) -> None:
        """Skip or exit because a moment is missing or past (P6)."""
        self._count()
        if away.target is None:
            self.end("exited", away.reason, away.reason)
        else:
            self.take(self.journey.rules.skips[self.e.step, away.target], away.reason)

    def end(self, status: Status, reason: str | None, cause: str) -> None:
        """End the enrollment; its open timers go with it."""
        e = self.own()
        timers = self.fired + cancelled(e, None)
        self.fired = ""
        e.held, e.stood = None, ()
        e.status, e.reason, e.ended_at = status, reason, self.now
        e.timers, e.scopes, e.leaving = (), {}, None
        self.entered_or_left(e.journey, entered=False)
        self.note(status, e, cause, e.step, reason=reason, timers=timers.rstrip())

    def stage(self, stage: str | None) -> None:
        """The lifecycle's stage is the customer's."""
        before = self.facts.stage
        self.facts = self.facts.copy()
        self.facts.stage = stage
        self.raise_changes([("customer.stage", before, stage)])

    # -- what follows by itself --------------------------------------------------------------------------------------

    def settle(self, *, moved: bool) -> None:
        """Automatic transitions until none holds (P11), exits without a signal before each, then timers that follow (P7)."""
        while self.e.ended_at is None:
            row = (self._first(self.journey.rules.quiet[self.e.step]) if moved else None) or self._first(
                self.journey.rules.automatic[self.e.step]
            )
            if row is None:
                away = self._follow()
                if away is None:
                    return
                self._away(away)
            else:
                self._count()
                self._take_row(row)
            moved = True

    def _count(self) -> None:
        """One more of what follows by itself in this decision; too many are a circle. What a signal moves is none, however many."""
        self.taken += 1
        if self.taken > MOST:
            raise LoopError(f"{self.journey.name}: more than {MOST} automatic transitions in one decision, the last from {self.e.step}")

    def _first(self, rows: Iterable[Row]) -> Row | None:
        return next((row for row in rows if self._matches(row)), None)

    def _follow(self) -> Away | None:
        if not self.journey.following or not self.e.timers:
            return None
        timers, marks, away = follow(self, self.journey, self.e)
        if timers != self.e.timers:
            self.own().timers = timers
        if marks:
            self.note("stayed", self.e, "following", self.e.step, self.e.step, timers=marks.rstrip())
        return away


def actions_of(row: Row) -> tuple[str, ...]:
    """The actions that a rule would ask for."""
    return asked_by([arm[2] for arm in row.split.arms] if row.split else [row.plan])


def asked_by(plans: Iterable[Plan | None]) -> tuple[str, ...]:
    """The actions that *plans* ask for."""
    return tuple(o.action for plan in plans if plan for o in (*plan.before, *plan.after) if hasattr(o, "action"))


def _shown(value: object) -> str:
    return "missing" if value is MISSING else repr(value)


def signal_of(context: Context) -> Signal:
    """The name under which rules wait for the event of *context*."""
    event = context.event
    if event is None:
        return None
    if event.name == "$settled":
        return f"~settled {event.properties.get('action')} {event.properties.get('outcome')}"
    return event.name
