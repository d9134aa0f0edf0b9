"""What whoever runs the shop did in a recorded past: customers merged, journeys paused and resumed; read off a storage, to be done again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from attrs import evolve

from journeykit.core.deciding.merging import MERGE, SIGNALS
from journeykit.errors import UnknownError
from journeykit.model.messages import Event
from journeykit.model.pauses import Pause
from journeykit.model.records import LoggedEvent
from journeykit.ports import Storage
from journeykit.runtime.engine import Engine


class Merged(NamedTuple):
    """Two customers became one."""

    survivor: str
    other: str
    id: str

    def do(self, engine: Engine) -> None:
        """Let them be one there as well."""
        engine.merge(self.survivor, self.other, id=self.id)


class Paused(NamedTuple):
    """A pause began, or ended."""

    pause: Pause
    ends: bool

    def do(self, engine: Engine) -> None:
        """The same there, as far as there is what was paused."""
        one = self.pause
        try:
            if self.ends:
                engine.resume(one.journey, step=one.step, action=one.action)
            else:
                engine.pause(one.journey, step=one.step, action=one.action, clocks="stand still" if one.still else "run on")
        except UnknownError:
            return  # the journey, the step or the action is not there with these definitions


Upkeep = Merged | Paused


def told(name: str, logged: Sequence[LoggedEvent]) -> Iterator[tuple[LoggedEvent, Event | Merged]]:
    """
    The log of a customer as it was told: what came from those who have become this one, under the ids they had.

    Args:
        name: the id that stands for all of them.
        logged: the log, in order of numbers; what came from another has been numbered before all that was there then.
    """
    names: dict[int, str] = {}
    _name(name, 0, max(map(_number, logged), default=0), logged, names)
    for row in logged:
        whose = names.get(_number(row), name)
        if row.event.name == MERGE:
            yield row, Merged(whose, row.event.properties["other"], row.event.id)
        else:
            yield row, row.event if whose == name else evolve(row.event, customer_id=whose)


def _name(name: str, by: int, number: int, logged: Sequence[LoggedEvent], names: dict[int, str]) -> int | None:
    """
    Say which signals were of *name*: *number* of them, behind *by*; below stand those of whoever became them.

    Returns:
        The lowest number there is, None where there is none. A merge that does not say how many signals the other had decided (those of
        earlier releases) leaves them with who survived.
    """
    mine = [row for row in logged if by < _number(row) <= by + number]
    names.update((_number(row), name) for row in mine)
    numbers = [_number(row) for row in mine[:1]]
    for event in (row.event for row in mine if row.event.name == MERGE):
        signals = event.properties.get(SIGNALS, 0)
        lowest = _name(event.properties["other"], min([by, *numbers]) - signals - 1, signals, logged, names)
        numbers += [] if lowest is None else [lowest]
    return min(numbers, default=None)


def _number(row: LoggedEvent) -> int:
    """The number of its signal; 0, which none has, where it has not been decided."""
    return row.seq or 0


def pauses(storage: Storage) -> Iterator[tuple[int, Paused]]:
    """When each pause began and ended."""
    for one in storage.pauses():
        yield one.begun_at, Paused(one, ends=False)
        if one.ended_at is not None:
            yield one.ended_at, Paused(one, ends=True)
