"""
The heart: one customer, one signal, what it changes.

`advance` first catches up on timers due before the signal, then decides it: facts, active enrollments in order of entry, entries
in order of definition, then what these raise (P3, P8, P9). What is plain is decided in one go (`core.enrollments.plain`), to the same end. Engine, import,
replay and the test kit all call it.
"""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.core.compiling.index import Compiled
from journeykit.core.compiling.quotas import UNKNOWN, Known, Shared, kept
from journeykit.core.deciding.signals import decide, end_pause, fire, fire_moment
from journeykit.core.enrollments.decision import Deciding
from journeykit.core.enrollments.pausing import stands_still
from journeykit.core.enrollments.plain import decide_plainly, fire_plainly
from journeykit.core.enrollments.standing import wake
from journeykit.core.turns.moments import cause_of, forgo
from journeykit.core.turns.parking import park, park_event, park_timer
from journeykit.core.turns.state import OWN, PAUSE, Covered, Customer, Due
from journeykit.core.turns.turn import Incomplete, Trace, Turn
from journeykit.core.turns.waits import note_waits
from journeykit.errors import LoopError
from journeykit.model.pauses import Pause
from journeykit.model.records import Commit, LoggedEvent

__all__ = ["Covered", "Customer", "Incomplete", "advance"]


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
        if event is None and trace is None and limit and not shared.pausing and (commit := fire_plainly(compiled, customer, now)):
            return commit
        customer = customer.fork()
        commits = _catch_up(compiled, customer, now, limit, trace, shared)
        if event is not None and customer.due(compiled, now, _pauses(customer, shared)) is None:
            rest = shared.after([taken for commit in commits for taken in commit.quotas])
            return _joined(customer, [*commits, _decided(compiled, customer, event, now, trace, rest)])
        return _joined(customer, commits)
    commit = decide_plainly(compiled, customer, event, now) if trace is None else None
    return commit or _decided(compiled, customer, event, now, trace, shared)


def _pauses(customer: Customer, shared: Shared) -> Sequence[Pause]:
    """The pauses that are known when the customer's next signal is decided."""
    return shared.at(customer.revision + 1).pauses if shared.pausing else ()


def _decided(
    compiled: Compiled, customer: Customer, event: LoggedEvent, now: int, trace: list[Trace] | None, shared: Shared
) -> Commit:  # fmt: skip
    """Decide one event for a customer who has nothing due before it."""
    turn = Deciding(compiled, customer, now, event.event, trace)
    if shared is not UNKNOWN:
        turn.known = shared.at(turn.seq)
        turn.asking = shared.recorded is None
    try:
        decide(turn, event)
    except LoopError as error:
        turn.be_sure(turn.commit.quotas)
        failed, turn = turn, Deciding(compiled, customer, now, event.event)
        turn.known, turn.needed = failed.known, failed.needed
        park_event(turn, event, error)
    return commit_of(customer, turn)


def commit_of(customer: Customer, turn: Turn) -> Commit:
    """What *turn* has decided, whole."""
    commit, compiled = turn.commit, turn.compiled
    if turn.changed:
        if compiled.listening:
            note_waits(turn)
        commit.enrollments = (*turn.changed.values(),)
    if turn.needed is not None:
        _keep_shared(turn, turn.needed)
    if commit.outbox and compiled.chain.holdouts:
        turn.facts = compiled.chain.drawn(turn.customer_id, turn.facts, commit.outbox)
    if commit.outbox and compiled.chain.household is not None:
        commit.outbox = compiled.chain.addressed(turn, commit.outbox)
    if turn.facts is not customer.facts:
        commit.facts = turn.facts
    if commit.moments is not None:
        commit.moments = (*turn.moments.values(),)
    if commit.accepted_at < customer.accepted_at:  # noqa: PLR1730  a call costs more, and this is asked of every event
        commit.accepted_at = customer.accepted_at
    return commit


def _keep_shared(turn: Turn, needed: Known) -> None:
    """Put what had to be known of shared numbers into the log; of some the definition alone says that there is none."""
    left = {key: number for key, number in needed.left.items() if key in turn.known.left}
    if left or needed.told:
        commit = turn.commit
        commit.events = (kept(turn.customer_id, Known(left, needed.told), commit.base + 1, turn.now), *commit.events)


def _catch_up(compiled: Compiled, customer: Customer, now: int, limit: int, trace: list[Trace] | None, shared: Shared) -> list[Commit]:
    """Fire what is due before *now* on the forked *customer*, at most *limit* timers; return what each did."""
    commits: list[Commit] = []
    while len(commits) < limit and (due := customer.due(compiled, now, _pauses(customer, shared))) is not None:
        turn = Deciding(compiled, customer, due.due_at, None, trace)
        turn.known = shared.at(turn.seq)
        turn.asking = shared is not UNKNOWN and shared.recorded is None
        try:
            _fire(turn, due, turn.known.pauses)
        except LoopError as error:
            turn.be_sure(turn.commit.quotas)
            failed, turn = turn, Deciding(compiled, customer, due.due_at, None, trace)
            turn.known, turn.needed = failed.known, failed.needed
            _park_due(turn, due, error)
        commit = commit_of(customer, turn)
        commit.fired = 1
        customer.apply(commit)
        shared = shared.after(commit.quotas)
        commits.append(commit)
    return commits


def _fire(turn: Deciding, due: Due, pauses: Sequence[Pause]) -> None:
    if due.timer == OWN:
        fire_moment(turn, due.place[1])
    elif due.timer == PAUSE:
        end_pause(turn, due.place, pauses)
    elif not pauses or due.timer < 0 or not stands_still(turn, due.place, due.timer, pauses):
        fire(turn, due.place, due.timer)


def _park_due(turn: Deciding, due: Due, error: LoopError) -> None:
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
