"""Load, decide, commit: the one loop that the engine's calls, the worker and the dispatcher all go through."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import TypeVar

from journeykit.core.compiling.quotas import Known, Shared
from journeykit.errors import ConflictError, QuotaError
from journeykit.model.leaving import Moved
from journeykit.model.pauses import Pause
from journeykit.model.records import Commit, Want
from journeykit.ports import Storage
from journeykit.runtime import logs
from journeykit.runtime.aliases import Aliases, Elsewhere
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.together import Together
from journeykit.runtime.work import WAITING, Accepted, Concerned, Outcome, Work

_Answer = TypeVar("_Answer")
_new = tuple.__new__  # makes a named tuple in half the time of its own constructor
_NOTHING = frozenset[str]()  # one object: what all who are looked after for the clock have read is one as well
_KNOWN = 1_000  #: used up numbers that are remembered

ATTEMPTS = 12  #: how often a batch is decided again that others overtake
SLICE = 64  #: signals that are decided together before the next are loaded, so that what lives at once fits into a processor's cache


class Decider:
    """
    Decides batches and writes them, again where another worker was first.

    Args:
        limit: how many timers of a customer may fire in one batch.
        imported: history is being imported: what is asked for is not performed.
        written: called with the commits of each batch once they are written; without them where nobody is *watching*.
        watching: whether anybody wants to see the commits.
        pauses: what is known of pauses at that moment.
    """

    def __init__(
        self, storage: Storage, definitions: Definitions, limit: int, imported: bool,
        written: Callable[[Sequence[Commit]], None], watching: Callable[[], bool], pauses: Callable[[], Sequence[Pause]],
    ) -> None:  # fmt: skip
        self._storage = storage
        self._definitions = definitions
        self._limit = limit
        self._imported = imported
        self._written = written
        self._watching = watching
        self._aliases = Aliases(storage)
        self._pauses = pauses
        self._apart = True  #: the last batch concerned nobody besides its own customers, and most likely the next does not
        self._used_up: set[str] = set()  #: shared numbers of which nothing is left; nobody gives anything back

    def decide(self, events: Sequence[Accepted]) -> list[Outcome]:
        """Decide *events* in order, in one transaction; one by one where others keep coming first."""
        events = self._aliases.renamed(events)
        for attempt in range(ATTEMPTS if len(events) == 1 else 3):
            pause(attempt)
            try:
                return self._knowing(lambda shared: self._try(events, shared))
            except ConflictError as error:
                conflict = unless_final(error)
            except Elsewhere as elsewhere:
                self._aliases.learn(elsewhere.customers)
                return self.decide(events)
        if len(events) == 1:
            raise conflict
        return [self.decide([one])[0] for one in events]

    def again(self, attempt: Callable[[Shared], _Answer]) -> _Answer:
        """Let *attempt* decide and write, again where others were first or less was left of shared numbers than it supposed."""
        for number in range(ATTEMPTS):
            pause(number)
            try:
                return self._knowing(attempt)
            except ConflictError as error:
                conflict = unless_final(error)
        raise conflict

    def work(self, shared: Shared) -> Work:
        """A batch without a limit of timers."""
        return Work(self._storage, self._definitions, 1 << 31, shared)

    def merge(self, commits: Sequence[Commit], moved: Moved) -> None:
        """Write what makes two customers one."""
        commits = [_imported(commit) for commit in commits] if self._imported else commits
        self._storage.merge(commits, moved)
        self._written(commits)

    def _knowing(self, attempt: Callable[[Shared], _Answer]) -> _Answer:
        """Decide, and again as often as less is left of shared numbers than was supposed."""
        left = dict.fromkeys(self._used_up, 0)
        while True:
            try:
                return attempt(Shared(Known(left, pauses=self._pauses())))
            except QuotaError as error:
                left |= error.left
                self._used_up.update(name for name, number in error.left.items() if not number)
                if len(self._used_up) > _KNOWN:
                    self._used_up.clear()

    def _apart_or_together(self, attempt: Callable[[bool], _Answer]) -> _Answer:
        """
        Let *attempt* decide each slice apart, as long as that concerns nobody else, which comes to the same; else all together.

        What journeys could do to other customers they seldom do: whether they have is seen when it is decided.
        """
        if not self._definitions.together:
            return attempt(True)
        if self._apart:
            try:
                return attempt(True)
            except Concerned:
                pass
        self._apart = True  # unless it turns out otherwise
        return attempt(False)

    def _work(self, kind: type[Work], shared: Shared, *, apart: bool) -> Work:
        return kind(self._storage, self._definitions, self._limit, shared, apart=apart and self._definitions.together)

    def _try(self, events: Sequence[Accepted], shared: Shared) -> list[Outcome]:
        if len(events) == 1:
            return self._attempt(events, shared, apart=False)
        return self._apart_or_together(lambda apart: self._attempt(events, shared, apart=apart))

    def _attempt(self, events: Sequence[Accepted], shared: Shared, *, apart: bool) -> list[Outcome]:
        outcomes: list[Outcome] = [WAITING] * len(events)
        waiting: list[Accepted] = []
        self._write(self._decided(events, shared, outcomes, waiting, apart))
        if waiting:
            self._storage.accept(waiting)
        return outcomes

    def _decided(
        self, events: Sequence[Accepted], shared: Shared, outcomes: list[Outcome], waiting: list[Accepted], apart: bool
    ) -> Iterator[Commit]:  # fmt: skip
        """Decide *events* slice by slice, as their commits are asked for, or all of them together."""
        for places in self._slices(events) if apart else (range(len(events)),):
            work = self._work(Work, shared, apart=apart)
            work.load(self._wants([events[place] for place in places]))
            for place in places:
                event, accepted_at = events[place]
                outcomes[place] = work.offer(event, accepted_at)
            waiting += work.waiting
            self._apart = self._apart and not work.concerns
            yield from work.commits

    def _slices(self, events: Sequence[Accepted]) -> Iterator[Sequence[int]]:
        """The places of *events* in parts, all of a customer in one."""
        if len(events) <= SLICE:
            yield range(len(events))
            return
        of: dict[str, list[int]] = {}
        for place, (event, _) in enumerate(events):
            of.setdefault(event.customer_id, []).append(place)
        part: list[int] = []
        for places in of.values():
            part += places
            if len(part) >= SLICE:
                yield part
                part = []
        if part:
            yield part

    def _wants(self, events: Sequence[Accepted]) -> list[Want]:
        compiled = self._definitions.compiled
        if len(events) == 1:
            event, accepted_at = events[0]
            journeys, keys = compiled.wants(event)
            return [_new(Want, (event.customer_id, journeys, keys, (event.id,), accepted_at))]
        wants: dict[str, Want] = {}
        for event, accepted_at in events:
            journeys, keys = compiled.wants(event)
            want = wants.get(event.customer_id)
            if want is None:
                wants[event.customer_id] = _new(Want, (event.customer_id, journeys, keys, (event.id,), accepted_at))
                continue
            both = want.keys if keys == want.keys else tuple(dict.fromkeys((*want.keys, *keys)))
            until = max(want.until, accepted_at)
            wants[event.customer_id] = Want(
                event.customer_id, (want.journeys or journeys) | journeys, both, (*want.events, event.id), until
            )
        return list(wants.values())

    def catch_up(self, customers: Sequence[str], until: int, stuck: set[str]) -> int:
        """
        Decide the mail of *customers* and fire what is due before *until*.

        Args:
            customers: their ids.
            until: microseconds since 1970 UTC.
            stuck: customers to leave alone; those are added who have nothing due, and those whose decision fails, which is logged
                and holds up nobody else.

        Returns:
            How many signals were decided.
        """
        for attempt in range(ATTEMPTS):
            pause(attempt)
            customers = [customer_id for customer_id in customers if customer_id not in stuck]
            try:
                return self._knowing(partial(self._catch_up, customers, until, stuck)) if customers else 0
            except ConflictError as conflict:
                # Whoever was overtaken has just been looked after by somebody else; what is left is claimed again.
                overtaken = set(unless_final(conflict).customers) or set(customers[1:])
                customers = [customer_id for customer_id in customers if customer_id not in overtaken]
            except Elsewhere as elsewhere:
                stuck.update(elsewhere.customers)
        return 0

    def _catch_up(self, customers: Sequence[str], until: int, stuck: set[str], shared: Shared) -> int:
        done = self._apart_or_together(lambda apart: self._written_up(customers, until, shared, apart=apart))
        stuck.update(customer_id for customer_id in customers if not done[customer_id])
        return sum(done.values())

    def _written_up(self, customers: Sequence[str], until: int, shared: Shared, *, apart: bool) -> dict[str, int]:
        done: dict[str, int] = {}
        self._write(self._caught_up(customers, until, shared, done, apart))
        return done

    def _caught_up(self, customers: Sequence[str], until: int, shared: Shared, done: dict[str, int], apart: bool) -> Iterator[Commit]:
        """Decide what is due slice by slice, as the commits are asked for; side by side where it concerns others."""
        kind, size = (Work, SLICE) if apart else (Together, len(customers))
        for start in range(0, len(customers), size):
            work = self._work(kind, shared, apart=apart)
            work.load([_new(Want, (customer_id, _NOTHING, (), (), until)) for customer_id in customers[start : start + size]])
            done.update(work.catch_up(until))
            self._apart = self._apart and not work.concerns
            yield from work.commits

    def _write(self, commits: Iterator[Commit]) -> None:
        """Write what is decided in one transaction; none where nothing is."""
        first = next(commits, None)
        if first is None:
            return
        parked: list[Commit] = []
        commits = logs.noticing(chain((first,), commits), parked)
        if self._imported:
            commits = map(_imported, commits)
        seen = list(commits) if self._watching() else ()
        self._storage.commit_many(seen or commits)
        self._written(seen)
        logs.parked(parked)


def _imported(commit: Commit) -> Commit:
    commit.imported = True
    return commit


def unless_final(conflict: ConflictError) -> ConflictError:
    """Return *conflict* where deciding again may help; else raise it, for the host alone can end its transaction."""
    if conflict.final:
        raise conflict
    return conflict


def pause(attempt: int) -> None:
    """Give the others a moment, a random one so that two do not keep meeting."""
    if attempt > 1:
        time.sleep(random.random() * 0.002 * 2 ** min(attempt, 6))  # noqa: S311  no secret
