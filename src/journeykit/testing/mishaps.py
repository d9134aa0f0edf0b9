"""What goes wrong in a story: a worker that stands still, and an engine that is killed and made anew on the same storage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from journeykit.model.leaving import Erased, Moved
from journeykit.model.records import Claimed, Commit, Settlement
from journeykit.ports import Storage
from journeykit.runtime.engine import Engine

T = TypeVar("T")

DECIDED, COMMITTED, CLAIMED, PERFORMED = POINTS = ("decided", "committed", "claimed", "performed")


class Killed(BaseException):
    """The process has come to its end here; nothing of it goes on, so nothing may catch this but the scenario."""


class Fragile:
    """
    A storage at which the engine is killed once it comes to a point.

    Args:
        storage: what everything is kept in.
        point: one of `POINTS`.
    """

    def __init__(self, storage: Storage, point: str) -> None:
        self._storage = storage
        self._point = point

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def commit_many(self, commits: Iterable[Commit]) -> None:
        """Write what was decided, or be killed before it, or after it."""
        taken = list(commits)
        self._come_to(DECIDED, taken)
        self._storage.commit_many(taken)
        self._come_to(COMMITTED, taken)

    def merge(self, commits: Sequence[Commit], moved: Moved) -> None:
        """Let two customers be one, or be killed before it, or after it."""
        self._come_to(DECIDED, [moved])
        self._storage.merge(commits, moved)
        self._come_to(COMMITTED, [moved])

    def erase(self, erased: Erased) -> bool:
        """Take a customer out, or be killed before it, or after it."""
        self._come_to(DECIDED, [erased])
        known = self._storage.erase(erased)
        self._come_to(COMMITTED, [erased])
        return known

    def claim_outbox(self, *arguments: Any) -> list[Claimed]:
        """Take what is due; whoever is killed then has a lease on it."""
        claimed = self._storage.claim_outbox(*arguments)
        self._come_to(CLAIMED, claimed)
        return claimed

    def settle(self, settlements: Sequence[Settlement]) -> list[bool]:
        """Record how attempts ended, or be killed before it."""
        self._come_to(PERFORMED, [one for one in settlements if one.attempted])
        return self._storage.settle(settlements)

    def _come_to(self, point: str, what: Sequence[object]) -> None:
        if what and point == self._point:
            raise Killed(point)


class Mishaps:
    """
    The part of a `Scenario` in which something goes wrong.

    Attributes:
        engine: the engine, another one after it was killed.
        storage: what it works on.
        working: whether the worker is there.
    """

    engine: Engine
    storage: Storage
    working: bool = True
    _made: Callable[[Storage], Engine]
    _tell: Callable[..., None]
    _catch_up: Callable[[], object]

    def stop_worker(self) -> None:
        """From now on no timer fires by itself and nothing is performed, until `start_worker`; events are decided all the same."""
        self._tell("stop_worker")
        self.working = False

    def start_worker(self) -> None:
        """The worker is back, and does what was due meanwhile."""
        self._tell("start_worker")
        self.working = True
        self._catch_up()

    def kill(self, at: str) -> None:
        """
        Kill the engine when it next comes to a point, and go on with a new one on the same storage.

        Whoever was telling it something tells it again, under the same id. An action that was claimed is tried again once its lease
        is over.

        Args:
            at: ``decided`` (nothing of the decision is written), ``committed`` (it is written, and nobody has been told), ``claimed``
                (an action is about to be performed) or ``performed`` (it has been, and that is not yet recorded).

        Raises:
            ValueError: *at* is none of these.
        """
        if at not in POINTS:
            raise ValueError(f'no point "{at}"; there are {", ".join(POINTS)}')
        self._tell("kill", at)
        self.engine = self._made(Fragile(self.storage, at))

    def _surviving(self, call: Callable[[], T]) -> T:
        """What *call* returns, which is made once more where the engine is killed in it."""
        try:
            return call()
        except Killed:
            self.engine = self._made(self.storage)
            return call()

    def _working(self, call: Callable[[], object]) -> bool:
        """Whether *call* did anything; an engine that is killed in it did, and there is another one for the rest."""
        try:
            return bool(call())
        except Killed:
            self.engine = self._made(self.storage)
            return True
