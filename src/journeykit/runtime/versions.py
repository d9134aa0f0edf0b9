"""
Versions of journeys side by side: who stands on which, and bringing them from one to another (P19).

A run goes in batches, each a transaction of its own: due timers and mail first, then for each enrollment one signal of the customer's
own, which is decided and kept like every other. Whoever has been brought is on the other version and not found again, so that a run
that was stopped goes on where it was, and moves nobody twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from journeykit.core.deciding.customer import Customer
from journeykit.core.deciding.migrating import Passage, settled
from journeykit.core.expressions.context import Context
from journeykit.core.facts.facts import FactTable
from journeykit.core.facts.segments import SegmentTable
from journeykit.errors import ConditionError, DefinitionError, JourneykitError
from journeykit.model.messages import Event, derived_id, words
from journeykit.model.migrations import Migration
from journeykit.model.pauses import Pause
from journeykit.model.records import Commit, Enrollment, HistoryEntry, Want
from journeykit.ports import Clock, Storage
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.letters import MIGRATE, own_event
from journeykit.runtime.migrations import Given, Moved, Plan, Rehearsal
from journeykit.runtime.moving import Run, pages
from journeykit.runtime.plugins import Plugins

Function = Callable[[dict[str, Any]], Mapping[str, Any]]  #: from the data of an enrollment to its data in the new version

GROUP = "journeykit.migrations"

#: What says nothing of an enrollment having moved on: it was looked at, and nothing came of it.
_LOOKS = ("late", "refused")


class Versions:
    """
    The versions of an engine's journeys; `journeykit.Engine.versions`.

    Args:
        storage: where enrollments are.
        definitions: the journeys, and the older versions in the storage.
        clock: where the time comes from.
        written: called with the commits of each batch.
        pauses: what is known of pauses at that moment.
        imported: history is being imported: what is asked for on the way is not performed.
    """

    def __init__(
        self, storage: Storage, definitions: Definitions, clock: Clock, written: Callable[[Sequence[Commit]], None],
        pauses: Callable[[], Sequence[Pause]], *, imported: bool = False,
    ) -> None:  # fmt: skip
        self._storage = storage
        self._definitions = definitions
        self._clock = clock
        self._written = written
        self._pauses = pauses
        self._imported = imported

    def occupied(self) -> list[tuple[str, str, str, int]]:
        """Return (journey, version, step, how many stand there), in order; nobody's past is read for it."""
        return self._storage.occupied()

    def rehearse(self, *migrations: Given, functions: Mapping[str, Function] | None = None) -> Rehearsal:
        """
        Say what a migration would do, and change nothing.

        Where data changes, every enrollment concerned is read, and tried.

        Args:
            migrations: files, folders, or plain values as they would stand in a file.
            functions: those that ``set`` names; installed packages may offer more (entry points ``journeykit.migrations``).

        Raises:
            DefinitionError: with every problem of them.
            UnknownError: a version that nobody knows.
        """
        plan, data = self._plan(migrations, functions)
        fates = tuple(plan.fates(self.occupied()))
        broken, why = 0, None
        for way in plan.ways.values():
            for problem in self._tried(way, data) if way.set else ():
                broken, why = broken + 1, why or problem
        return Rehearsal(fates, broken, why)

    def migrate(
        self, *migrations: Given, functions: Mapping[str, Function] | None = None, stop: Callable[[], bool] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Moved:  # fmt: skip
        """
        Bring everybody to the last version that *migrations* lead to, one batch after the other.

        Stopped at any point, it may be run again and goes on. Customers whose data cannot be changed are left and counted; those
        whom others let into an old version meanwhile are brought as well.

        Args:
            migrations: files, folders, or plain values as they would stand in a file.
            functions: those that ``set`` names, see `rehearse`.
            stop: asked between two batches; once true, it ends.
            progress: told how many were brought, after each batch.

        Raises:
            DefinitionError: with every problem of them; or somebody stands in a step from which they could go nowhere.
            UnknownError: a version that nobody knows.
        """
        plan, data = self._plan(migrations, functions)
        fates = list(plan.fates(self.occupied()))
        if refused := Rehearsal(tuple(fates)).refusals:
            raise DefinitionError(refused)
        run = Run(self._storage, self._definitions, self._clock, self._written, self._pauses, self._imported, stop, progress)
        known = self._definitions.compiled.definitions
        for (journey, origin), way in plan.ways.items():
            if origin in known:  # nobody was ever on one that is not
                run.all(journey, origin, _Forth(plan.passage(journey, origin), way, data))
        return run.result(sum(fate.number for fate in plan.fates(self.occupied()) if (fate.journey, fate.definition) in plan.ways))

    def undo(
        self, *migrations: Given, stop: Callable[[], bool] | None = None, progress: Callable[[int], None] | None = None
    ) -> Moved:  # fmt: skip
        """
        Put those back whom *migrations* brought to another version, with the data and the timers that they had.

        Whoever has moved on since is left, and counted. Leaving is for good: who has left the journey since, or by the migration itself,
        stays away and is not counted.

        Args:
            migrations: the same that were given to `migrate`.
            stop: asked between two batches; once true, it ends.
            progress: told how many were put back, after each batch.

        Raises:
            DefinitionError: with every problem of them.
            UnknownError: a version that nobody knows.
        """
        self._learn()
        plan = Plan(self._definitions, migrations)
        run = Run(self._storage, self._definitions, self._clock, self._written, self._pauses, self._imported, stop, progress)
        on = 0
        for (journey, origin), way in plan.ways.items():
            back = _Back(self._storage, origin, way.target)
            run.once(journey, way.target, back)
            on += back.on
        return run.result(0, on)

    def _plan(self, migrations: Sequence[Given], functions: Mapping[str, Function] | None) -> tuple[Plan, _Data]:
        known = Plugins(functions, GROUP, "migrations")
        self._learn()
        return Plan(self._definitions, migrations, known), _Data(self._definitions, known)

    def _learn(self) -> None:
        """Learn the versions that other processes have let somebody in on."""
        self._definitions.learn_these(digest for _, digest, _, _ in self.occupied())

    def _tried(self, way: Migration, data: _Data) -> Iterator[str]:
        """Why data of those who are concerned cannot be changed, customer by customer."""
        now = self._clock.now()
        for customers in pages(self._storage, way.journey, way.origin):
            for loaded in self._storage.load_many([Want(name, frozenset({way.journey})) for name in customers]):
                for e in loaded.enrollments:
                    if e.active and e.definition == way.origin and way.step(e.step) is not None:
                        try:
                            data.after(way, Customer(loaded), e, now)
                        except ConditionError as error:
                            yield f"{loaded.customer_id}: {error}"


class _Data:
    """What the data of an enrollment becomes."""

    def __init__(self, definitions: Definitions, functions: Mapping[str, Function]) -> None:
        self._functions = functions
        compiled = definitions.compiled
        self._known = SegmentTable(definitions.catalog, FactTable(definitions.catalog)).known
        self._compiled = compiled

    def after(self, way: Migration, customer: Customer, e: Enrollment, now: int) -> dict[str, Any]:
        """
        The data of *e* behind *way*.

        Raises:
            ConditionError: it cannot be changed.
        """
        data = dict(e.data)
        for setting in way.set:
            if isinstance(setting, str):
                data = self._called(setting, data)
                continue
            context = Context(customer.customer_id, customer.facts, now, None)
            context.enrollment, context.data = e, data
            data = settled(setting, self._known, context, way.journey)
        return data

    def _called(self, name: str, data: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = dict(self._functions[name](dict(data)))
            kept: dict[str, Any] = json.loads(json.dumps(answer, allow_nan=False))
        except JourneykitError:
            raise
        except Exception as error:
            raise ConditionError(f"{name} failed: {type(error).__name__}: {words(error)}") from error
        return kept


class _Forth:
    """The signal that brings an enrollment to another version."""

    def __init__(self, passage: Passage, way: Migration, data: _Data) -> None:
        self._passage = passage
        self._way = way
        self._data = data
        self._goes: dict[str, bool] = {}  #: whether those who stand in a step can go
        self.on = 0

    def __call__(self, customer: Customer, e: Enrollment, now: int, told: Sequence[HistoryEntry]) -> Event | None:
        """None where it stays, or where it has got meanwhile it could go nowhere."""
        way = self._way
        if e.step not in self._goes:
            self._goes[e.step] = way.step(e.step) is not None and next(self._passage.stranded(e.step), None) is None
        if not self._goes[e.step]:
            return None
        before: dict[str, Any] = {
            "step": e.step,
            "timers": [list(t) for t in e.timers],
            "scopes": {n: list(at) for n, at in e.scopes.items()},
        }
        if e.leaving is not None:
            before["leaving"] = e.leaving
        if e.held is not None:
            before["held"] = list(e.held)
        given: dict[str, Any] = {"journey": e.journey, "key": e.key, "number": e.number, "from": way.origin, "to": way.target}
        names = dict.fromkeys((e.step, *e.scopes, e.journey))
        given["steps"] = {name: to for name in names if (to := way.step(name)) != name}
        given["wait"] = {name: word for name in names if (word := way.running(name)) != "keep"}
        if way.set:
            given["data"], before["data"] = self._data.after(way, customer, e, now), e.data
        return _signal(customer, e, given | {"before": before}, now)


class _Back:
    """The signal that puts an enrollment back to where a migration took it from."""

    def __init__(self, storage: Storage, origin: str, target: str) -> None:
        self._storage = storage
        self._versions = (origin, target)
        self.on = 0  #: how many have moved on since

    def __call__(self, customer: Customer, e: Enrollment, now: int, told: Sequence[HistoryEntry]) -> Event | None:
        """None where another way led it here, or where it has moved on since."""
        mine = [one for one in self._storage.events(customer.customer_id, 0, (MIGRATE,)) if _about(one.event.properties, e)]
        given = mine[-1].event.properties if mine else {}
        if (given.get("from"), given.get("to")) != self._versions or "before" not in given:
            return None
        before = given["before"]
        if before.get("leaving") != e.leaving or _moved_on([*self._storage.history(customer.customer_id), *told], e):
            self.on += 1
            return None
        origin, target = self._versions
        back = {"journey": e.journey, "key": e.key, "number": e.number, "from": target, "to": origin, "back": before}
        return _signal(customer, e, back, now)


def _about(given: Mapping[str, Any], e: Enrollment) -> bool:
    return (given.get("journey"), given.get("key"), given.get("number")) == (e.journey, e.key, e.number)


def _moved_on(history: Sequence[HistoryEntry], e: Enrollment) -> bool:
    """Whether anything has become of *e* since it was brought to its version."""
    mine = [one.kind for one in history if (one.journey, one.key, one.number) == (e.journey, e.key, e.number) and one.kind not in _LOOKS]
    return not mine or mine[-1] != "migrated"


def _signal(customer: Customer, e: Enrollment, told: dict[str, Any], now: int) -> Event:
    name = derived_id(MIGRATE, e.journey, e.key, e.number, customer.revision + 1)
    return own_event(MIGRATE, name, customer.customer_id, now, told)
