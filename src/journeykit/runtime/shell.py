"""What an engine is made of, and how its parts work together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from journeykit.errors import StorageError
from journeykit.model.customer import Catalog
from journeykit.model.journey import Journey
from journeykit.model.messages import Event, text
from journeykit.model.phrases import MICROSECONDS
from journeykit.model.records import Commit
from journeykit.ports import Action, Clock, Hook, Policy, Storage, Timer, Trigger
from journeykit.runtime.backoff import Backoff
from journeykit.runtime.clock import Moment, SystemClock, instant
from journeykit.runtime.deciding import Decider
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.dispatcher import Dispatcher
from journeykit.runtime.explain import Explainer
from journeykit.runtime.hooks import Hooks
from journeykit.runtime.letters import own_event, refuse_foreign, refuse_unstorable
from journeykit.runtime.plugins import Actions, extensions_of
from journeykit.runtime.policies import Policies
from journeykit.runtime.release import Releaser
from journeykit.runtime.versions import Versions
from journeykit.runtime.work import Accepted, Outcome

logger = logging.getLogger("journeykit")

BATCH = 1_000  #: customers claimed at a time


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
    ) -> None:
        self.storage = storage
        self.clock: Clock = clock or SystemClock()
        self.actions = Actions(actions)
        values = [definitions] if isinstance(definitions, Journey) else definitions
        named, performing = Policies(policies), actions is not None or policies is not None
        self.definitions = Definitions(
            values,
            storage,
            None if actions is None else self.actions.names(),
            extensions_of(triggers, timers),
            named.names() if performing else None,
        )
        self.hooks = Hooks(hooks)
        self._history = history
        self._wakers: list[Callable[[], None]] = []
        imported = history and not perform
        self._decider = Decider(storage, self.definitions, catch_up_limit, imported, self._written, self._watching)
        self._worker = Decider(storage, self.definitions, BATCH, imported, self._written, self._watching)
        waits, held = backoff or Backoff(), int(lease * MICROSECONDS)
        self._dispatcher = Dispatcher(
            storage, self.definitions, self.actions, named, self.clock, waits, self.hooks, held, self._settle_mail
        )
        self._releaser = Releaser(storage, self.definitions)
        self._explainer = Explainer(storage, self.definitions)
        self.versions = Versions(storage, self.definitions, self.clock, self._written, imported=imported)

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
            return self._decider.decide(accepted)
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
        if self.hooks:
            self.hooks.committed(commits)
        if self._wakers:
            self._wake()
        if logger.isEnabledFor(logging.DEBUG):
            for commit in commits:
                logger.debug("committed %s at revision %d: %d history, %d actions", commit.customer_id, commit.revision, len(commit.history), len(commit.outbox))  # fmt: skip

    def _wake(self) -> None:
        for waker in tuple(self._wakers):
            waker()
