"""
The heart: one customer, one signal, what it changes.

`advance` first catches up on timers due before the signal, then decides it: facts, active enrollments in order of entry, entries
in order of definition, then what these raise (P3, P8, P9). Engine, import, replay and the test kit all call it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from journeykit.core.index import Compiled
from journeykit.core.moments import cause_of, forgo
from journeykit.core.parking import park, park_event, park_timer
from journeykit.core.pausing import ends, stands_still
from journeykit.core.quotas import UNKNOWN, Known, Shared, kept
from journeykit.core.signals import decide, end_pause, fire, fire_moment
from journeykit.core.standing import wake
from journeykit.core.turn import Covered, Incomplete, Trace, Turn, own_timers
from journeykit.core.waits import note_waits
from journeykit.errors import LoopError
from journeykit.model.messages import Event
from journeykit.model.pauses import Pause
from journeykit.model.records import Commit, Enrollment, Facts, Loaded, LoggedEvent

__all__ = ["Covered", "Customer", "Incomplete", "advance"]


OWN = -2  #: what stands for a timer where the customer's own moment is due
PAUSE = -3  #: ... where a pause has ended that held the enrollment


class Due(NamedTuple):
    """
    The next moment of a customer: a timer of an enrollment, or (timer -1) an entry that waits, or (timer -2) a moment of their own, or
    (timer -3) the end of a pause.
    """

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

    def due(self, compiled: Compiled, before: int, pauses: Sequence[Pause] = ()) -> Due | None:
        """The first timer due before *before*: by moment, step before scope before journey, earlier armed first; the end of a pause first."""
        if (self.next_due is None or self.next_due >= before) and not pauses:
            return None
        found: Due | None = None
        for place, e in self.enrollments.items():
            for timer in e.timers if e.held is None else ():
                if timer.due_at is not None and timer.due_at < before:
                    rank = compiled.definitions[e.definition].timers[timer.index].rank
                    found = _sooner(found, Due(timer.due_at, rank, timer.order, place, timer.index))
            if pauses and (ended := ends(pauses, e)) is not None and max(ended, self.accepted_at) < before:
                found = _sooner(found, Due(max(ended, self.accepted_at), -1, e.order, place, PAUSE))
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
    if event is None or (customer.next_due is not None and customer.next_due < now) or shared.pausing:
        customer = customer.fork()
        commits = _catch_up(compiled, customer, now, limit, trace, shared)
        if event is not None and customer.due(compiled, now, _pauses(customer, shared)) is None:
            rest = shared.after([taken for commit in commits for taken in commit.quotas])
            return _joined(customer, [*commits, _decided(compiled, customer, event, now, trace, rest)])
        return _joined(customer, commits)
    return _decided(compiled, customer, event, now, trace, shared)


def _pauses(customer: Customer, shared: Shared) -> Sequence[Pause]:
    """The pauses that are known when the customer's next signal is decided."""
    return shared.at(customer.revision + 1).pauses if shared.pausing else ()


def _decided(
    compiled: Compiled, customer: Customer, event: LoggedEvent, now: int, trace: list[Trace] | None, shared: Shared
) -> Commit:  # fmt: skip
    """Decide one event for a customer who has nothing due before it."""
    turn = Turn(
        compiled,
        customer.customer_id,
        customer.facts,
        customer.enrollments,
        customer.revision + 1,
        now,
        event.event,
        customer.covered,
        trace,
    )
    if shared is not UNKNOWN:
        turn.left, turn.told, _ = shared.at(turn.seq)
        turn.asking = shared.recorded is None
    turn.stored = customer.moments
    try:
        decide(turn, event)
    except LoopError as error:
        turn.be_sure(turn.quotas)
        failed, turn = turn, _turn(compiled, customer, now, event.event, None)
        turn.left, turn.short, turn.asked = failed.left, failed.short, failed.asked
        park_event(turn, event, error)
    return commit_of(customer, turn)


def commit_of(customer: Customer, turn: Turn) -> Commit:
    """What *turn* has decided."""
    if turn.changed and turn.compiled.listening:
        note_waits(turn)
    if turn.short or turn.asked:
        _keep_shared(turn, customer.revision + 1)
    now, before, facts = turn.passed + 1, customer.accepted_at, turn.facts  # whatever comes after a timer has missed its instant (P4)
    if turn.outbox and turn.compiled.chain.holdouts:
        facts = turn.compiled.chain.drawn(turn.customer_id, facts, turn.outbox)
    if turn.outbox and turn.compiled.chain.household is not None:
        turn.outbox = turn.compiled.chain.addressed(turn, turn.outbox)
    moments = (*turn.moments.values(),) if turn.moved else None
    return Commit(
        turn.customer_id, customer.revision, turn.seq, max(now, before), None if facts is customer.facts else facts,
        tuple(turn.changed.values()) if turn.changed else (), turn.removed, turn.history, turn.outbox, turn.events, turn.mail, turn.definitions,
        turn.quotas, moments,
    )  # fmt: skip


def _keep_shared(turn: Turn, seq: int) -> None:
    """Put what had to be known of shared numbers into the log; of some the definition alone says that there is none."""
    left = {key: turn.left[key] for key in turn.short if key in turn.left}
    if left or turn.asked:
        turn.events = (kept(turn.customer_id, Known(left, turn.asked), seq, turn.now), *turn.events)


def _turn(compiled: Compiled, customer: Customer, now: int, event: Event | None, trace: list[Trace] | None) -> Turn:
    turn = Turn(
        compiled, customer.customer_id, customer.facts, customer.enrollments, customer.revision + 1, now, event, customer.covered, trace
    )
    turn.stored = customer.moments
    return turn


def _catch_up(compiled: Compiled, customer: Customer, now: int, limit: int, trace: list[Trace] | None, shared: Shared) -> list[Commit]:
    """Fire what is due before *now* on the forked *customer*, at most *limit* timers; return what each did."""
    commits: list[Commit] = []
    while len(commits) < limit and (due := customer.due(compiled, now, _pauses(customer, shared))) is not None:
        turn = _turn(compiled, customer, due.due_at, None, trace)
        turn.left, turn.told, pauses = shared.at(turn.seq)
        turn.asking = shared is not UNKNOWN and shared.recorded is None
        try:
            _fire(turn, due, pauses)
        except LoopError as error:
            turn.be_sure(turn.quotas)
            failed, turn = turn, _turn(compiled, customer, due.due_at, None, trace)
            turn.left, turn.short, turn.asked = failed.left, failed.short, failed.asked
            _park_due(turn, due, error)
        commit = commit_of(customer, turn)
        commit.fired = 1
        customer.apply(commit)
        shared = shared.after(commit.quotas)
        commits.append(commit)
    return commits


def _fire(turn: Turn, due: Due, pauses: Sequence[Pause]) -> None:
    if due.timer == OWN:
        fire_moment(turn, due.place[1])
    elif due.timer == PAUSE:
        end_pause(turn, due.place, pauses)
    elif not pauses or due.timer < 0 or not stands_still(turn, due.place, due.timer, pauses):
        fire(turn, due.place, due.timer)


def _park_due(turn: Turn, due: Due, error: LoopError) -> None:
    if due.timer == OWN:
        forgo(turn, due.place[1])
        park(turn, None, cause_of(due.place[1]), error)
    elif due.timer == PAUSE:
        park(turn, wake(turn, turn.enrollments[due.place]), "end of a pause", error)
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
