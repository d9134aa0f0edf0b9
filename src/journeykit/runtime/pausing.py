"""Pauses: beginning and ending them, and knowing of those that others have begun or ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Literal

from journeykit.core.definitions.outline import places, scopes
from journeykit.errors import UnknownError
from journeykit.model.pauses import Pause
from journeykit.model.phrases import suggestion
from journeykit.model.records import OutboxMessage
from journeykit.ports import Clock, Storage
from journeykit.runtime.definitions import Definitions

Clocks = Literal["stand still", "run on"]

FRESH = 1_000_000  #: microseconds for which what was read is trusted
LATELY = 60_000_000  #: microseconds after its end within which a pause may still have been heeded by who had not heard of that
DAY = 86_400_000_000  #: microseconds after which a paused message is looked at again; the end of its pause brings it up sooner


class Pausing:
    """What an engine knows of pauses, at most a second old."""

    def __init__(self, storage: Storage, definitions: Definitions, clock: Clock) -> None:
        self._storage = storage
        self._definitions = definitions
        self._clock = clock
        self._known: tuple[Pause, ...] = ()
        self._read_at: int | None = None
        self._settled: dict[int, int] = {}  #: when the end of each pause was last carried out here

    def on(self, storage: Storage) -> Pausing:
        """The same, on *storage*: that of a transaction of the host."""
        found = copy(self)
        found._storage = storage  # noqa: SLF001  one of its own kind
        return found

    def known(self) -> tuple[Pause, ...]:
        """All pauses there are or were, in order."""
        now = self._clock.now()
        if self._read_at is None or not 0 <= now - self._read_at < FRESH:
            self._read(now)
        return self._known

    def _read(self, now: int) -> None:
        self._known, self._read_at = tuple(self._storage.pauses()), now

    def settle(self) -> None:
        """Carry out the end of pauses once more, for who was held by a worker that had not heard of it."""
        for pause in self.known():
            if pause.ended_at is not None and self._settled.get(pause.number, 0) < min(self._clock.now() - FRESH, pause.ended_at + LATELY):
                self._settled[pause.number] = self._clock.now()
                self._storage.end_pause(pause.number, pause.ended_at)

    def begin(self, journey: str | None, step: str | None, action: str | None, clocks: Clocks) -> bool:
        """Begin a pause; False where there is such a one."""
        self._check(journey, step, action)
        if clocks not in ("stand still", "run on"):
            raise UnknownError(f'clocks: "{clocks}" is not known; write "stand still" or "run on"')
        now = self._clock.now()
        self._read(now)
        if any(self._open(journey, step, action)):
            return False
        self._storage.begin_pause(Pause(0, journey, step, action, clocks == "stand still", now))
        self._read(now)
        return True

    def end(self, journey: str | None, step: str | None, action: str | None) -> bool:
        """End a pause; False where there is none."""
        now = self._clock.now()
        self._read(now)
        ended = list(self._open(journey, step, action))
        for pause in ended:
            self._storage.end_pause(pause.number, now)
        self._read(now)
        return bool(ended)

    def _open(self, journey: str | None, step: str | None, action: str | None) -> Iterable[Pause]:
        return (one for one in self._known if one.ended_at is None and one[1:4] == (journey, step, action))

    def _check(self, journey: str | None, step: str | None, action: str | None) -> None:
        """What is to be paused is there."""
        if step is not None and (journey is None or action is not None):
            raise UnknownError(f'"{step}" is a step of a journey; name that journey, and no action')
        if journey is None and action is None:
            raise UnknownError("nothing is named; name a journey, a journey and a step, or an action")
        if journey is not None:
            _known("journey", journey, {one.name for one in self._definitions.compiled.definitions.values()})
        if step is not None and journey is not None:
            _known("step", step, self._steps(journey))
        if action is not None:
            _known("action", action, self._definitions.actions())

    def _steps(self, name: str) -> set[str]:
        """The steps and scopes of a journey, in whatever version."""
        journeys = [one.journey for one in self._definitions.compiled.definitions.values() if one.name == name]
        return {
            found
            for one in journeys
            for found in (*(place.step.name for place in places(one)), *(scope.name for scope, _, _ in scopes(one)))
        }


def _known(kind: str, name: str, known: set[str]) -> None:
    if name not in known:
        raise UnknownError(f'no {kind} "{name}"; there are {", ".join(sorted(known)) or "none"}{suggestion(name, known)}')


def pause_of(pauses: Sequence[Pause], message: OutboxMessage, now: int) -> tuple[Pause, int] | None:
    """The pause that keeps *message* from being performed, and when to look again, or when it expired; None where none does."""
    for one in pauses:
        ours = one.step is None and one.journey in (None, message.journey) and one.action in (None, message.action)
        if ours and one.ended_at is None and one.begun_at <= now:
            return one, now + DAY if message.expires_at is None else min(now + DAY, message.expires_at)
    return None
