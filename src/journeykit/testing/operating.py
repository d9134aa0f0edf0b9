"""What whoever runs the shop does in a story: customers are merged and erased, journeys paused, and new versions deployed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from attrs import evolve

from journeykit.codec import definition_hash
from journeykit.errors import UnknownError
from journeykit.model.customer import Catalog
from journeykit.model.journey import Journey
from journeykit.model.migrations import Migration
from journeykit.model.pauses import Pause
from journeykit.model.phrases import MICROSECONDS
from journeykit.ports import Storage
from journeykit.runtime.clock import ManualClock
from journeykit.runtime.engine import Engine
from journeykit.runtime.migrations import Given, Moved, read
from journeykit.runtime.pausing import FRESH, Clocks
from journeykit.runtime.versions import Function
from journeykit.runtime.work import Outcome
from journeykit.testing.told import said

Definition = Journey | Catalog


class Operating:
    """The part of a `Scenario` that is done by whoever runs the shop."""

    engine: Engine
    storage: Storage
    clock: ManualClock
    _customers: set[str]
    _versions: dict[str, str]  #: by the hash of a journey as it was given, that of the journey in the scenario's zone
    _looks_at: int | None  #: when a worker looks once more for what it held in the instant in which a pause ended
    _tell: Callable[..., None]
    _fresh: Callable[[str], str]
    _meet: Callable[[str], None]
    _surviving: Callable[[Callable[[], Any]], Any]
    _catch_up: Callable[[], object]
    _release: Callable[[Iterable[Definition | Iterable[Definition]]], None]

    def merge(self, survivor: str, other: str) -> Outcome:
        """Two customers turn out to be one: *other* becomes *survivor*; see `Engine.merge`."""
        self._tell("merge", survivor, other)
        self._meet(survivor)
        event_id = self._fresh("merge")
        outcome: Outcome = self._surviving(lambda: self.engine.merge(survivor, other, id=event_id))
        self._catch_up()
        return outcome

    def erase(self, customer: str) -> bool:
        """All that is known of a customer is taken out, under each id they have had; see `Engine.erase`."""
        self._tell("erase", customer)
        self._customers.difference_update(self.storage.identities(customer))  # whoever comes under one of them is new
        known: bool = self._surviving(lambda: self.engine.erase(customer))
        return known

    def pause(
        self,
        journey: str | None = None,
        *,
        step: str | None = None,
        action: str | None = None,
        clocks: Clocks = "stand still",
    ) -> bool:
        """A journey, a step of it or an action is paused until `resume`; see `Engine.pause`."""
        self._tell("pause", *_given(journey), **said(step=step, action=action, clocks=None if clocks == "stand still" else clocks))
        return self.engine.pause(journey, step=step, action=action, clocks=clocks)

    def resume(self, journey: str | None = None, *, step: str | None = None, action: str | None = None) -> bool:
        """
        A pause ends, named as it was begun; see `Engine.resume`.

        Raises:
            UnknownError: that is not paused.
        """
        named = (journey, step, action)
        paused = [_named(one.journey, one.step, one.action) for one in self.engine.pauses()]
        if _named(*named) not in paused:
            raise UnknownError(f"{_named(*named) or 'nothing'} is not paused; what is paused: {', '.join(paused) or 'nothing'}")
        self._tell("resume", *_given(journey), **said(step=step, action=action))
        ended = self.engine.resume(journey, step=step, action=action)
        self._looks_at = self.clock.now() + FRESH + 1
        self._catch_up()
        return ended

    def deploy(self, *definitions: Definition | Iterable[Definition]) -> None:
        """
        Another release takes over: a new engine with these definitions, on the same storage.

        Whoever is inside a journey stays on the version they are on, until `migrate` says otherwise.

        Args:
            definitions: journeys and catalogs, or lists of them, all that there are from now on.
        """
        self._tell("deploy", *definitions)
        self._release(definitions)
        self._catch_up()

    def migrate(self, *migrations: Given, functions: Mapping[str, Function] | None = None) -> Moved:
        """
        Those who are inside come to another version; see `Engine.versions`.

        Args:
            migrations: files, folders, or plain values as they would stand in a file.
            functions: those that ``set`` names.
        """
        self._tell("migrate", *(str(one) if isinstance(one, Path) else one for one in migrations), **said(functions=functions))
        named = [self._here_named(one) for one in read(migrations)]
        moved: Moved = self._surviving(lambda: self.engine.versions.migrate(*named, functions=functions))
        self._catch_up()
        return moved

    def _here_named(self, one: Migration) -> Migration:
        """With the versions of this scenario, where journeys that name no zone are in its own."""
        origin, target = (self._whole(digits) for digits in (one.origin, one.target))
        return evolve(one, origin=origin, target=target)

    def _whole(self, digits: str) -> str:
        return next((here for given, here in self._versions.items() if given.startswith(digits)), digits)

    def _remember(self, given: Definition, here: Definition) -> None:
        if isinstance(given, Journey) and isinstance(here, Journey) and given is not here:
            self._versions[definition_hash(given)] = definition_hash(here)


def _named(journey: str | None, step: str | None, action: str | None) -> str:
    """What is paused, as people write it: ``recover-cart, step left``."""
    parts = {"": journey, "step ": step, "action ": action}
    return ", ".join(f"{kind}{name}" for kind, name in parts.items() if name is not None)


def paused(pauses: Iterable[Pause], since: int, now: int) -> int:
    """For how many seconds at least one thing was paused after *since*, each pause counted for itself."""
    spans = [min(now, now if one.ended_at is None else one.ended_at) - max(since, one.begun_at) for one in pauses]
    return -(-sum(max(0, span) for span in spans) // MICROSECONDS)


def _given(journey: str | None) -> tuple[str, ...]:
    return () if journey is None else (journey,)
