"""
The heart: one customer, one signal, what it changes.

`advance` first catches up on timers due before the signal, then decides it: facts, active enrollments in order of entry, entries
in order of definition, then what these raise (P3, P8, P9). Engine, import, replay and the test kit all call it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from journeykit.core.decision import Deciding
from journeykit.core.index import Compiled
from journeykit.core.moments import cause_of, forgo
from journeykit.core.parking import park, park_event, park_timer
from journeykit.core.quotas import UNKNOWN, Known, Shared, kept
from journeykit.core.signals import decide, fire, fire_moment
from journeykit.core.turn import Covered, Incomplete, Trace, Turn, own_timers
from journeykit.core.waits import note_waits
from journeykit.errors import LoopError
from journeykit.model.messages import Event
from journeykit.model.records import Commit, Enrollment, Facts, Loaded, LoggedEvent

__all__ = ["Covered", "Customer", "Incomplete", "advance"]


OWN = -2  #: what stands for a timer where the customer's own moment is due


class Due(NamedTuple):
    """The next moment of a customer: a timer of an enrollment, or (timer -1) an entry that waits, or (timer -2) a moment of their own."""

    due_at: int
    rank: int
    order: int
    place: tuple[str, str]
    timer: int


class Customer:
    """
    One customer's state while decisions are made, before it is written.

    Args:
        loaded: what the storage knows.
        covered: which rows were asked for; None where all of them are there.
    """

    __slots__ = (
        "accepted_at",
        "covered",
        "customer_id",
        "enrollments",
        "facts",
        "moments",
        "moments_due",
        "next_due",
        "pending",
        "revision",
    )

    def __init__(self, loaded: Loaded, covered: Covered | None = None) -> None:
        self.customer_id = loaded.customer_id
        self.revision = loaded.revision
        self.accepted_at = loaded.accepted_at
        self.facts: Facts = loaded.facts
        self.enrollments: dict[tuple[str, str], Enrollment] = {}
        self.pending: list[LoggedEvent] = loaded.pending
        self.covered = covered
        self.moments: Sequence[Any] = loaded.moments
        self.moments_due = loaded.moments_due
        self.next_due: int | None = loaded.moments_due
        for e in loaded.enrollments:
            self.enrollments[e.journey, e.key] = e
            due = e.next_due
            if due is not None and (self.next_due is None or due < self.next_due):
                self.next_due = due

    def _earliest(self) -> int | None:
        dues = [due for e in self.enrollments.values() if (due := e.next_due) is not None]
        if self.moments_due is not None:
            dues.append(self.moments_due)
        return min(dues) if dues else None

    def apply(self, commit: Commit) -> None:
        """Go on from *commit*, as if it had been written and read again."""
        self.revision, self.accepted_at = commit.revision, commit.accepted_at
        if commit.facts is not None:
            self.facts = commit.facts
        if commit.moments is not None:
            self.moments = commit.moments
            self.moments_due = min((moment.due_at for moment in commit.moments if moment.due_at is not None), default=None)
        if commit.enrollments or commit.removed or commit.moments is not None:
            self._replace(commit)
        if self.pending and commit.events:
            decided = {one.event.id for one in commit.events if one.state == "decided"}
            self.pending = [one for one in self.pending if one.event.id not in decided]

    def _replace(self, commit: Commit) -> None:
        enrollments, changed = self.enrollments, commit.enrollments
        for e in changed:
            enrollments[e.journey, e.key] = e
        for place in commit.removed:
            enrollments.pop(place, None)
        self.next_due = changed[-1].next_due if len(enrollments) == 1 and changed and self.moments_due is None else self._earliest()

    def fork(self) -> Customer:
        """The same state, to work on without touching this one."""
        fork = object.__new__(Customer)
        fork.customer_id, fork.revision, fork.accepted_at = self.customer_id, self.revision, self.accepted_at
        fork.facts, fork.pending = self.facts, self.pending
        fork.covered, fork.next_due = self.covered, self.next_due
        fork.enrollments = dict(self.enrollments)
        fork.moments, fork.moments_due = self.moments, self.moments_due
        return fork

    def due(self, compiled: Compiled, before: int) -> Due | None:
        """The first timer due before *before*: by moment, step before scope before journey, earlier armed first."""
        if self.next_due is None or self.next_due >= before:
            return None
        found: Due | None = None
        for place, e in self.enrollments.items():
            for timer in e.timers:
                if timer.due_at is not None and timer.due_at < before:
                    rank = compiled.definitions[e.definition].timers[timer.index].rank
                    found = _sooner(found, Due(timer.due_at, rank, timer.order, place, timer.index))
            if e.waiting is not None and e.waiting.due_at < before:
                found = _sooner(found, Due(e.waiting.due_at, 2, e.waiting.order, place, -1))
        ranks = compiled.watch.ranks if compiled.watch is not None else {}
        if self.moments_due is None or self.moments_due >= before:
            return found
        for moment in own_timers(self.moments).values():
            if moment.due_at is not None and moment.due_at < before:
                found = _sooner(found, Due(moment.due_at, 3, ranks.get(moment.name, -1), ("", moment.name), OWN))
        return found


def _sooner(one: Due | None, other: Due) -> Due:
    return other if one is None or other[:3] < one[:3] else one


def advance(
    compiled: Compiled, customer: Customer, event: LoggedEvent | None, now: int, limit: int = 1_000, trace: list[Trace] | None = None,
    shared: Shared = UNKNOWN,
) -> Commit:  # fmt: skip
    """
    Decide one event, or only what is due, for one customer. Pure: *customer* is not changed.

    Args:
        compiled: all journeys.
        customer: the customer's state, with the rows that the event concerns.
        event: the event; None to fire timers only.
        now: when it was accepted, microseconds UTC; everything due before it is decided first, each at its own moment.
        limit: the most timers to fire; where it is reached the event is left undecided and ``commit.events`` is empty.
        trace: a list to note in why something did not happen.
        shared: what is left of shared numbers, as far as it is known.

    Raises:
        Incomplete: rows of further journeys are needed.
    """
    if event is None or (customer.next_due is not None and customer.next_due < now):
        customer = customer.fork()
        commits = _catch_up(compiled, customer, now, limit, trace, shared)
        if event is not None and customer.due(compiled, now) is None:
            rest = shared.after([taken for commit in commits for taken in commit.quotas])
            return _joined(customer, [*commits, advance(compiled, customer, event, now, limit, trace, rest)])
        return _joined(customer, commits)
    turn = _turn(compiled, customer, now, event.event, trace)
    if shared is not UNKNOWN:
        turn.known = shared.at(turn.seq)
    try:
        decide(turn, event)
    except LoopError as error:
        failed, turn = turn, _turn(compiled, customer, now, event.event, None)
        turn.known, turn.short, turn.asked = failed.known, failed.short, failed.asked
        park_event(turn, event, error)
    return _commit(customer, turn)


def _commit(customer: Customer, turn: Turn) -> Commit:
    """What *turn* has decided, whole."""
    commit, compiled = turn.commit, turn.compiled
    if turn.changed:
        if compiled.listening:
            note_waits(turn)
        commit.enrollments = (*turn.changed.values(),)
    if turn.short or turn.asked:
        _keep_shared(turn)
    if commit.outbox and compiled.chain.holdouts:
        turn.facts = compiled.chain.drawn(turn.customer_id, turn.facts, commit.outbox)
    if turn.facts is not customer.facts:
        commit.facts = turn.facts
    if commit.moments is not None:
        commit.moments = (*turn.moments.values(),)
    if commit.accepted_at < customer.accepted_at:  # which is after the last timer: whatever comes after one has missed its instant (P4)
        commit.accepted_at = customer.accepted_at
    return commit


def _keep_shared(turn: Turn) -> None:
    """Put what had to be known of shared numbers into the log; of some the definition alone says that there is none."""
    left = {key: turn.known.left[key] for key in turn.short if key in turn.known.left}
    if left or turn.asked:
        commit = turn.commit
        commit.events = (kept(turn.customer_id, Known(left, turn.asked), commit.base + 1, turn.now), *commit.events)


def _turn(compiled: Compiled, customer: Customer, now: int, event: Event | None, trace: list[Trace] | None) -> Deciding:
    turn = Deciding(
        compiled, customer.customer_id, customer.facts, customer.enrollments, customer.revision + 1, now, event, customer.covered, trace
    )
    turn.stored = customer.moments
    return turn


def _catch_up(compiled: Compiled, customer: Customer, now: int, limit: int, trace: list[Trace] | None, shared: Shared) -> list[Commit]:
    """Fire what is due before *now* on the forked *customer*, at most *limit* timers; return what each did."""
    commits: list[Commit] = []
    while len(commits) < limit and (due := customer.due(compiled, now)) is not None:
        turn = _turn(compiled, customer, due.due_at, None, trace)
        turn.known = shared.at(turn.seq)
        try:
            _fire(turn, due)
        except LoopError as error:
            failed, turn = turn, _turn(compiled, customer, due.due_at, None, trace)
            turn.known, turn.short, turn.asked = failed.known, failed.short, failed.asked
            _park_due(turn, due, error)
        commit = _commit(customer, turn)
        commit.fired = 1
        customer.apply(commit)
        shared = shared.after(commit.quotas)
        commits.append(commit)
    return commits


def _fire(turn: Deciding, due: Due) -> None:
    if due.timer == OWN:
        fire_moment(turn, due.place[1])
    else:
        fire(turn, due.place, due.timer)


def _park_due(turn: Turn, due: Due, error: LoopError) -> None:
    if due.timer == OWN:
        forgo(turn, due.place[1])
        park(turn, None, cause_of(due.place[1]), error)
    else:
        park_timer(turn, turn.enrollments[due.place], due.timer, error)


def _joined(customer: Customer, commits: list[Commit]) -> Commit:
    """All of *commits* as one."""
    if not commits:
        return Commit(customer.customer_id, customer.revision, customer.revision, customer.accepted_at)
    first, *others = commits
    for more in others:
        _add(first, more)
    return first


def _add(commit: Commit, more: Commit) -> None:
    """Let *commit* hold what was decided after it as well."""
    commit.revision, commit.accepted_at = more.revision, more.accepted_at
    commit.facts = more.facts or commit.facts
    commit.moments = commit.moments if more.moments is None else more.moments
    back = {(e.journey, e.key) for e in more.enrollments}
    commit.enrollments = [*commit.enrollments, *more.enrollments]
    commit.removed = (*(place for place in commit.removed if place not in back), *more.removed)
    commit.history = [*commit.history, *more.history]
    commit.outbox = [*commit.outbox, *more.outbox]
    commit.events = [*commit.events, *more.events]
    commit.mail = (*commit.mail, *more.mail)
    commit.definitions = (*commit.definitions, *more.definitions)
    commit.quotas = (*commit.quotas, *more.quotas)
    commit.fired += more.fired
