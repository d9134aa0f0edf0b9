"""The way that one customer went, read off history and outbox, and what is counted of it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from journeykit.core.definitions.outline import places
from journeykit.model.journey import Journey
from journeykit.model.records import HistoryEntry, OutboxRow
from journeykit.ports import Storage
from journeykit.rehearsal.words import called, place

_WAY = ("entered", "moved", "goal", "completed", "exited", "merged")

Stages = Mapping[tuple[str, str], str]  #: by journey and step


class Line(NamedTuple):
    """Something that happened to a customer, in words."""

    at: int
    text: str


class Path(NamedTuple):
    """
    The way that a customer went.

    Attributes:
        lines: everything in order of time.
        messages: what they were sent, by stage and action.
        unsent: how much was asked for and not performed.
        marks: by journey what became of them there: ``entered``, ``reached the goal``, ``completed``, ``exited: reason``.
        zone: whose clock they live by.
    """

    lines: tuple[Line, ...]
    messages: Counter[tuple[str, str]]
    unsent: int
    marks: Counter[tuple[str, str]]
    zone: str


def stages(definitions: Iterable[Any]) -> Stages:
    """The stage of every step of some journeys; empty where a step has none."""
    journeys = [one for one in definitions if isinstance(one, Journey)]
    return {(journey.name, found.step.name): found.stage or "" for journey in journeys for found in places(journey)}


def path(storage: Storage, customer_id: str, zone: str, known: Stages) -> Path:
    """Read the way of one customer off a storage."""
    history = storage.history(customer_id)
    way = [entry for entry in history if entry.kind in _WAY]
    rows = storage.outbox(None, customer_id, sys.maxsize)
    sent = [row for row in rows if row.state == "performed"]
    lines = [*(((entry.at, entry.seq, 0, entry.place), _told(entry)) for entry in way), *_asked(rows)]
    standing = _Standing(way)
    return Path(
        tuple(Line(key[0], text) for key, text in sorted(lines, key=lambda one: one[0])),
        Counter((known.get((row.message.journey, standing.step(row)), ""), called(row.message)) for row in sent),
        len(rows) - len(sent),
        Counter((entry.journey, _mark(entry)) for entry in way if entry.kind != "moved"),
        zone,
    )


def _asked(rows: Sequence[OutboxRow]) -> Iterator[tuple[tuple[int, int, int, int], str]]:
    for row in rows:
        message = row.message
        ended = "" if row.state == "performed" else f", {row.state}: {row.reason}" if row.reason else f", {row.state}"
        yield (settled_at(row), message.seq, 1, message.place), f"{place(message)}: {called(message)}{ended}"


class _Standing:
    """Where a customer stood when something was asked for."""

    def __init__(self, way: Sequence[HistoryEntry]) -> None:
        self._way = way

    def step(self, row: OutboxRow) -> str:
        """The last step entered by then."""
        asked = row.message
        mine = (asked.journey, asked.key, asked.number)
        steps = [e.target for e in self._way if (e.journey, e.key, e.number) == mine and e.seq <= asked.seq and e.target is not None]
        return steps[-1] if steps else ""


def _told(entry: HistoryEntry) -> str:
    match entry.kind:
        case "entered":
            what = f"entered {entry.target}"
        case "moved":
            what = f"{entry.source} to {entry.target}"
        case _:
            what = _mark(entry)
    return f"{place(entry)}: {what}"


def _mark(entry: HistoryEntry) -> str:
    if entry.kind == "exited":
        return f"exited: {entry.reason or entry.cause}"
    return "reached the goal" if entry.kind == "goal" else entry.kind


def settled_at(row: OutboxRow) -> int:
    """When a message went, to the minute: when it was asked for, or when what held it last was over."""
    return max([row.message.at, *(answer.until for answer in row.answers if answer.until is not None)])
