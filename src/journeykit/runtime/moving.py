"""A run over all who are on a version of a journey: batch by batch, each in a transaction of its own, each decided like everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from journeykit.core.compiling.quotas import Known, Shared
from journeykit.core.deciding.customer import Customer
from journeykit.errors import ConflictError, JourneykitError, QuotaError, StorageError
from journeykit.model.messages import Event
from journeykit.model.pauses import Pause
from journeykit.model.records import Commit, Enrollment, HistoryEntry, Want
from journeykit.ports import Clock, Storage
from journeykit.runtime.deciding import ATTEMPTS, pause, unless_final
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.migrations import Moved
from journeykit.runtime.work import Work

BATCH = 200  #: customers in one transaction
_FIRINGS = 10_000  #: timers of a customer that are fired before they are brought; who has more comes with the next pass


class Signal(Protocol):
    """
    What an enrollment is told.

    Attributes:
        on: how many were told nothing because they have moved on.
    """

    on: int

    def __call__(self, customer: Customer, e: Enrollment, now: int, told: Sequence[HistoryEntry]) -> Event | None:
        """The event for *e* at *now*; *told* is what this batch has decided for the customer. None where it is told nothing."""


def pages(storage: Storage, journey: str, definition: str) -> Iterator[list[str]]:
    """Those who are on a version, batch by batch."""
    after = ""
    while customers := storage.inside(journey, definition, after, BATCH):
        yield customers
        after = customers[-1]


class Run:
    """One run over all who are concerned, batch by batch."""

    def __init__(
        self, storage: Storage, definitions: Definitions, clock: Clock, written: Callable[[Sequence[Commit]], None],
        pauses: Callable[[], Sequence[Pause]], imported: bool, stop: Callable[[], bool] | None, progress: Callable[[int], None] | None,
    ) -> None:  # fmt: skip
        self._storage = storage
        self._definitions = definitions
        self._clock = clock
        self._written = written
        self._pauses = pauses
        self._imported = imported
        self._stop = stop or (lambda: False)
        self._progress = progress or (lambda moved: None)
        self._again = False  #: whether others were at some customers in this pass
        self._broken: dict[tuple[str, str], tuple[int, str]] = {}
        self.moved = 0
        self.stopped = False

    def all(self, journey: str, definition: str, signal: Signal) -> None:
        """Bring everybody who is on a version, until nobody is left who can be brought: others may let in more meanwhile."""
        before = -1
        while (self.moved > before or self._again) and not self.stopped:
            before, self._again = self.moved, False
            self.once(journey, definition, signal)

    def once(self, journey: str, definition: str, signal: Signal) -> None:
        """Look at everybody who is on a version once."""
        broken: list[str] = []
        for customers in pages(self._storage, journey, definition):
            self.stopped = self.stopped or self._stop()
            if self.stopped:
                break
            self.moved += self._batch(_Batch(journey, definition, customers, signal, broken))
            self._progress(self.moved)
        self._broken[journey, definition] = (len(broken), broken[0] if broken else "")

    def _batch(self, batch: _Batch) -> int:
        """Bring those of one batch, in one transaction; whoever others are at comes with the next pass."""
        left: dict[str, int] = {}
        on = batch.signal.on
        for attempt in range(ATTEMPTS):
            pause(attempt)
            work = Work(self._storage, self._definitions, _FIRINGS, Shared(Known(left, pauses=self._pauses())))
            broken, batch.signal.on = list[str](), on
            moved = batch.decide(work, self._clock.now(), broken)
            for commit in work.commits:
                commit.imported = self._imported
            try:
                if work.commits:
                    self._storage.commit_many(work.commits)
            except QuotaError as error:
                left |= error.left
            except ConflictError as error:
                self._again = True
                batch.without(unless_final(error).customers)
            else:
                batch.broken += broken
                self._again = self._again or (batch.behind and bool(work.commits))
                self._written(work.commits)
                return moved
        return 0

    def result(self, left: int, on: int = 0) -> Moved:
        """What became of all."""
        broken = sum(count for count, _ in self._broken.values())
        why = next((why for _, why in self._broken.values() if why), None)
        return Moved(self.moved, left, on, broken, why, self.stopped)


class _Batch:
    """The customers of one transaction, what each of their enrollments on the version is told, and what could not be."""

    def __init__(self, journey: str, definition: str, customers: Sequence[str], signal: Signal, broken: list[str]) -> None:
        self._journey = journey
        self._definition = definition
        self._customers = list(customers)
        self.signal = signal
        self.broken = broken
        self.behind = False  #: whether some have more that is due than is decided at a time

    def without(self, customers: Sequence[str]) -> None:
        """Leave those out whom somebody else decides for; the first where it is not known who they are."""
        others = set(customers) or set(self._customers[:1])
        self._customers = [name for name in self._customers if name not in others]

    def decide(self, work: Work, now: int, broken: list[str]) -> int:
        """Decide what is due, and then what is told; return how many enrollments were brought."""
        if not self._customers:
            return 0
        work.load([Want(name, frozenset({self._journey}), (), (), now) for name in self._customers])
        work.catch_up(now)
        return sum(self._one(work, name, now, broken) for name in self._customers)

    def _one(self, work: Work, name: str, now: int, broken: list[str]) -> int:
        moved = 0
        held = work.held[name]
        if held.waits or held.behind or held.customer.pending:
            self.behind = True  # more is due than one batch decides, or something there fails: what is before it comes first
            return 0
        mine = [e for e in held.customer.enrollments.values() if (e.journey, e.definition) == (self._journey, self._definition)]
        for e in sorted(mine, key=lambda e: e.order):
            told = [entry for commit in work.commits if commit.customer_id == name for entry in commit.history]
            customer = work.held[name].customer
            now_there = customer.enrollments[e.journey, e.key]
            try:
                event = self.signal(customer, now_there, now, told) if now_there.status == "active" else None
                if event is not None:
                    moved += any(one.kind == "migrated" for one in work.offer(event, now).history)
            except StorageError:
                raise
            except JourneykitError as error:
                broken.append(f"{name}: {error}")
        return moved
