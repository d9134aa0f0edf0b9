"""What an engine is made of, and how its parts work together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from functools import partial
from inspect import signature
from typing import Any, Never, Self

from journeykit.errors import StorageError
from journeykit.model.customer import Catalog
from journeykit.model.given import flag, seconds, whole
from journeykit.model.journey import Journey
from journeykit.model.messages import Event, text
from journeykit.model.phrases import MICROSECONDS
from journeykit.model.records import Commit
from journeykit.ports import Action, Clock, Hook, Policy, Storage, Timer, Trigger
from journeykit.runtime import logs
from journeykit.runtime.arguments import backoff_of, clock_of, refuse_unknown
from journeykit.runtime.backoff import Backoff
from journeykit.runtime.clock import Moment, SystemClock, instant
from journeykit.runtime.deciding import Decider
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.dispatcher import Dispatcher
from journeykit.runtime.explain import Explainer
from journeykit.runtime.hooks import Hooks
from journeykit.runtime.letters import as_logged, own_event, refuse_foreign, refuse_unstorable
from journeykit.runtime.pausing import Pausing
from journeykit.runtime.plugins import Actions, extensions_of
from journeykit.runtime.policies import Policies
from journeykit.runtime.rates import Rates
from journeykit.runtime.release import Releaser
from journeykit.runtime.versions import Versions
from journeykit.runtime.work import Accepted, Outcome

logger = logging.getLogger("journeykit")

BATCH = 1_000  #: customers claimed at a time


AfterCommit = Callable[[Callable[[], None]], object]  #: is given what to call once the host has committed


def _at_once(call: Callable[[], None]) -> None:
    call()


class Shell:
    """The parts of `journeykit.Engine`, which describes the arguments."""

    def __init__(
        self,
        definitions: Iterable[Journey | Catalog] | Journey,
        storage: Storage,
        actions: Mapping[str, Action] | None = None,
        *,
        clock: Clock | None = None,
        hooks: Iterable[Hook] = (),
        catch_up_limit: int = 1_000,
        backoff: Backoff | None = None,
        lease: float = 300,
        history: bool = False,
        perform: bool = False,
        triggers: Mapping[str, Trigger] | None = None,
        timers: Mapping[str, Timer] | None = None,
        policies: Mapping[str, Policy] | None = None,
        rates: Mapping[str, str] | None = None,
        **unknown: Never,
    ) -> None:
        refuse_unknown(unknown, signature(type(self)).parameters)
        self.clock: Clock = SystemClock() if clock is None else clock_of(clock)
        self.actions = Actions(actions)
        self.hooks = Hooks(hooks)
        self._policies, performing = Policies(policies), actions is not None or policies is not None
        self.definitions = Definitions(
            definitions,
            storage,
            None if actions is None else self.actions.names(),
            extensions_of(triggers, timers),
            self._policies.names() if performing else None,
        )
        self._history = flag(history, "history")
        self._imported = history and not flag(perform, "perform")
        self._catch_up_limit = whole(catch_up_limit, "catch_up_limit", least=0)
        self._backoff = Backoff() if backoff is None else backoff_of(backoff)
        self._lease = int(seconds(lease, "lease", example=300) * MICROSECONDS)
        self._rates = Rates(storage, {} if rates is None else rates, None if actions is None else self.actions.names())
        self._wakers: list[Callable[[], None]] = []
        self._after_commit: AfterCommit = _at_once
        self._inside = False
        self._pausing = Pausing(storage, self.definitions, self.clock)
        self._work_on(storage)

    def _work_on(self, storage: Storage) -> None:
        """Make everything that reads and writes, on *storage*."""
        self.storage = storage
        self._pausing = self._pausing.on(storage)
        made = partial(Decider, imported=self._imported, written=self._written, watching=self._watching, pauses=self._pausing.known)
        self._decider = made(storage, self.definitions, self._catch_up_limit)
        self._worker = made(storage, self.definitions, BATCH)
        self._dispatcher = Dispatcher(
            storage,
            self.definitions,
            self.actions,
            self._policies,
            self.clock,
            self._backoff,
            self.hooks,
            self._lease,
            self._rates,
            self._settle_mail,
            self._pausing.known,
        )
        self._releaser = Releaser(storage, self.definitions)
        self._explainer = Explainer(storage, self.definitions)
        self.versions = Versions(storage, self.definitions, self.clock, self._written, self._pausing.known, imported=self._imported)

    def within(self, connection: object, after_commit: AfterCommit | None = None) -> Self:
        """
        Return this engine with all it writes inside the transaction that the host has open on its *connection*.

        An order and what follows from it are then one transaction: the host commits or rolls back both. What is refused undoes itself
        and leaves the host's own work. It is light, made for each transaction anew. Nothing is performed from inside: workers see
        what the host has committed.

        Args:
            connection: a connection to the database of this engine's storage: of `sqlite3`, or of psycopg for `journeykit.PostgresStorage`.
            after_commit: is given what is to be called once the host has committed, to tell hooks and to wake workers of this process;
                where not said, hooks are told while the transaction is still open.

        Raises:
            StorageError: the storage has no use for such a connection.
        """
        inside = copy(self)
        inside._join(self.storage.within(connection), after_commit or _at_once)  # noqa: SLF001  one of its own kind
        return inside

    def _join(self, storage: Storage, after_commit: AfterCommit) -> None:
        self._inside = True
        self._after_commit = after_commit
        self._work_on(storage)

    def on_work(self, waker: Callable[[], None]) -> Callable[[], None]:
        """Call *waker* whenever this engine has written something that a worker may have to do; return what ends that."""
        self._wakers.append(waker)
        return lambda: self._wakers.remove(waker)

    def _accepted(self, events: Sequence[Event]) -> list[Accepted]:
        refuse_foreign(events)
        if self._history:
            return [(event, event.at) for event in events]
        now = self.clock.now()
        return [(event, now) for event in events]

    def _decided(self, accepted: Sequence[Accepted]) -> list[Outcome]:
        try:
            return self._decider.decide([(as_logged(event), at) for event, at in accepted])
        except StorageError:
            refuse_unstorable(event for event, _ in accepted)
            raise

    def _own(self, name: str, id: str, customer_id: str, at: Moment | None, properties: dict[str, Any]) -> Outcome:
        now = self.clock.now()
        event = own_event(name, text(id, "id"), customer_id, now if at is None else instant(at, "at"), properties)
        return self._decided([(event, event.at if self._history else now)])[0]

    def _settle_mail(self, customers: Sequence[str]) -> None:
        """Decide the mail of *customers*, before their actions are performed."""
        self._worker.catch_up(customers, 0, set())

    def _watching(self) -> bool:
        return bool(self.hooks) or logger.isEnabledFor(logging.DEBUG)

    def _written(self, commits: Sequence[Commit]) -> None:
        if self._wakers or self._watching():
            self._after_commit(partial(self._tell, commits))

    def _tell(self, commits: Sequence[Commit]) -> None:
        """Tell whoever watches what stands written now."""
        if self.hooks:
            self.hooks.committed(commits)
        self._wake_all()
        if logger.isEnabledFor(logging.DEBUG):
            logs.committed(self.definitions.compiled, commits)

    def _wake(self) -> None:
        if self._wakers:
            self._after_commit(self._wake_all)

    def _refuse_inside(self) -> None:
        if self._inside:
            raise StorageError(
                "this engine works within the host's transaction, which may be rolled back; let the engine that it came from do this"
            )

    def _wake_all(self) -> None:
        for waker in tuple(self._wakers):
            waker()
