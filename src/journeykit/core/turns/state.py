"""One customer while decisions are made for them: what is known, and what is due next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from journeykit.core.compiling.index import Compiled
from journeykit.model.alike import Alike
from journeykit.model.pauses import Pause
from journeykit.model.records import Commit, Enrollment, Facts, Loaded, LoggedEvent, Moment

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


class Covered(NamedTuple):
    """Which rows of a customer have been loaded."""

    journeys: frozenset[str]
    keys: frozenset[tuple[str, str | None]]


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
        self.pending: Sequence[LoggedEvent] = loaded.pending or ()
        self.covered = covered
        self.moments: Sequence[Any] = loaded.moments
        self.moments_due = loaded.moments_due
        self.next_due: int | None = loaded.moments_due
        for e in loaded.enrollments:
            self.enrollments[e.journey, e.key] = e
            due = e.due()
            if due is not None and (self.next_due is None or due < self.next_due):
                self.next_due = due

    def _look_again(self, commit: Commit) -> None:
        """Take out what *commit* removes, and find what is due next."""
        for place in commit.removed:
            self.enrollments.pop(place, None)
        dues = [due for e in self.enrollments.values() if (due := e.due()) is not None]
        if self.moments_due is not None:
            dues.append(self.moments_due)
        self.next_due = min(dues) if dues else None

    def apply(self, commit: Commit) -> None:
        """Go on from *commit*, as if it had been written and read again."""
        self.revision, self.accepted_at = commit.revision, commit.accepted_at
        if commit.facts is not None:
            self.facts = commit.facts
        if commit.moments is not None:
            self.moments = commit.moments
            self.moments_due = _earliest(commit.moments)
        if commit.enrollments:
            for e in commit.enrollments:
                self.enrollments[e.journey, e.key] = e
            if commit.removed or len(self.enrollments) > 1:
                self._look_again(commit)
            else:  # as with most customers
                due, own = e.due(), self.moments_due
                self.next_due = own if due is None or (own is not None and own < due) else due
        elif commit.removed or commit.moments is not None:
            self._look_again(commit)
        if self.pending and commit.events:
            decided = {one.event.id for one in commit.events if one.state == "decided"}
            self.pending = [one for one in self.pending if one.event.id not in decided]

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


def _earliest(moments: Sequence[Moment]) -> int | None:
    """When the first of *moments* is due."""
    if type(moments) is Alike:
        return moments.due_at
    first = None
    for _, due_at, _ in moments:
        if due_at is not None and (first is None or due_at < first):
            first = due_at
    return first


def _sooner(one: Due | None, other: Due) -> Due:
    return other if one is None or other[:3] < one[:3] else one


def ends(pauses: Sequence[Pause], e: Enrollment) -> int | None:
    """When the pause that holds *e* has ended, as far as is known."""
    number = None if e.held is None else e.held.pause
    return None if number is None else next((one.ended_at for one in pauses if one.number == number), None)


def own_timers(stored: Sequence[Any]) -> dict[str, Moment]:
    """A customer's own timers by name."""
    return {moment[0]: Moment(*moment[:3]) for moment in stored}
