"""
Facts over a window of time: what is kept of each event, and what the fact is at a moment (P22).

A rolling window keeps every entry that may still lie in it, oldest first: a short tail as plain values, and before it chunks of
closed entries, each as one short text beside what it amounts to. An event so adds to the tail alone, and a chunk is opened only while the
edge of the window runs through it. What is kept is JSON and never changed in place; reading is a function of it and of the moment.
"""

from __future__ import annotations

from base64 import b85decode, b85encode
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from json import dumps, loads
from typing import Any, NamedTuple
from zlib import compress, decompress

from journeykit.core.expressions.calendar import period
from journeykit.core.expressions.expressions import MISSING
from journeykit.model.messages import moment
from journeykit.model.phrases import Aggregate

CHUNK = 32  #: entries that are closed together

State = Any  #: [chunks, moments, values], each chunk [first, last, number, amount, text]; or [begin, end, state] of a period


class Part(NamedTuple):
    """Some entries that lie in the window, and what they amount to."""

    number: int
    amount: Any
    ats: list[int]
    values: list[Any]


#: what some values amount to, and what some amounts do; kinds that are not listed keep none
_AMOUNTS: dict[str, Callable[[list[Any]], Any]] = {"sum": sum, "mean": sum, "min": min, "max": max}


def _packed(entries: Any) -> str:
    """*entries* as a short text: a customer's facts are written with every event that changes one of them."""
    return b85encode(compress(dumps(entries, separators=(",", ":")).encode())).decode()


def _unpacked(text: str) -> Any:
    return loads(decompress(b85decode(text)))


def _different(values: Iterable[Any]) -> int:
    seen: list[Any] = []
    for value in values:
        if value not in seen:
            seen.append(value)
    return len(seen)


class Rolling:
    """An aggregate over the time (now - span, now]."""

    def __init__(self, aggregate: Aggregate) -> None:
        self.kind = aggregate.kind
        self.span = aggregate.rolling or 0
        self._keeps = aggregate.of is not None and aggregate.kind != "count"  #: whether values are needed beside moments
        self._amounts = _AMOUNTS.get(aggregate.kind)
        self._opened = aggregate.kind in ("first", "last", "distinct")  #: whether entries are needed, not what they amount to

    # -- keeping -----------------------------------------------------------------------------------------------------

    def add(self, state: State, value: Any, at: int, now: int, zone: str) -> State:
        """Return *state* with one more entry, without what has left the window for good."""
        del zone
        since = now - self.span
        if at <= since:
            return state
        chunks, ats, values = state or ([], [], [])
        if chunks and at < chunks[-1][1]:
            return self._late(state, value, at, since)
        if chunks and chunks[0][1] <= since:
            chunks = [chunk for chunk in chunks if chunk[1] > since]
        if ats and ats[0] <= since:
            gone = bisect_right(ats, since)
            ats, values = ats[gone:], values[gone:]
        place = len(ats) if not ats or at >= ats[-1] else bisect_right(ats, at)
        ats = [*ats[:place], at, *ats[place:]]
        values = [*values[:place], value, *values[place:]] if self._keeps else values
        if len(ats) < CHUNK * 3 // 2:
            return [chunks, ats, values]
        return [[*chunks, self._closed(ats[:CHUNK], values[:CHUNK])], ats[CHUNK:], values[CHUNK:]]

    def _late(self, state: State, value: Any, at: int, since: int) -> State:
        """An entry that belongs among closed ones: all of them are laid out anew, which is seldom."""
        entries = [entry for part in self._parts(state, since) for entry in self._entries(part)]
        place = bisect_right([entry[0] for entry in entries], at)
        entries.insert(place, (at, value))
        return self._laid_out(entries)

    def joined(self, one: State, other: State, now: int) -> State:
        """The state of the events of both, without what has left the window by *now*."""
        parts = (part for state in (one, other) for part in self._parts(state, now - self.span))
        return self._laid_out(sorted((entry for part in parts for entry in self._entries(part)), key=lambda entry: entry[0]))

    def _laid_out(self, entries: list[tuple[int, Any]]) -> State:
        ats, values = [entry[0] for entry in entries], [entry[1] for entry in entries] if self._keeps else []
        closed = range(0, len(ats) - CHUNK, CHUNK)
        chunks = [self._closed(ats[start : start + CHUNK], values[start : start + CHUNK]) for start in closed]
        return [chunks, ats[CHUNK * len(chunks) :], values[CHUNK * len(chunks) :]]

    def _closed(self, ats: list[int], values: list[Any]) -> list[Any]:
        first = ats[0]
        return [first, ats[-1], len(ats), self._amount(values), _packed([[at - first for at in ats], values])]

    def _amount(self, values: list[Any]) -> Any:
        return self._amounts(values) if self._amounts is not None and values else None

    # -- looking -----------------------------------------------------------------------------------------------------

    def _parts(self, state: State, since: int) -> Iterator[Part]:
        """The entries that lie after *since*, oldest first."""
        chunks, ats, values = state or ([], [], [])
        for first, last, _, _, text in chunks:
            if last > since:
                steps, told = _unpacked(text)
                yield self._after([first + step for step in steps], told, since)
        if ats and ats[-1] > since:
            yield self._after(ats, values, since)

    def _after(self, ats: list[int], values: list[Any], since: int) -> Part:
        place = bisect_right(ats, since)
        ats, values = (ats[place:], values[place:]) if place else (ats, values)
        return Part(len(ats), self._amount(values), ats, values)

    def _entries(self, part: Part) -> Iterator[tuple[int, Any]]:
        return zip(part.ats, part.values or [None] * part.number, strict=True)

    def read(self, state: State, now: int) -> Any:
        """The value at *now*; `MISSING` where a kind has none for an empty window."""
        since = now - self.span
        if self._opened:
            return self._read_entries(list(self._parts(state, since)))
        number, amounts = self._amounts_after(state, since)
        if self.kind == "count" or not number:
            return number if self.kind in ("count", "sum") else MISSING
        total = self._amount(amounts)
        return total / number if self.kind == "mean" else total

    def _amounts_after(self, state: State, since: int) -> tuple[int, list[Any]]:
        """How many entries lie after *since*, and the amounts of them; chunks that lie there whole stay closed."""
        chunks = state[0] if state else ()
        whole = [chunk for chunk in chunks if chunk[0] > since]
        number, amounts = sum([chunk[2] for chunk in whole]), [chunk[3] for chunk in whole]
        edge = next((chunk for chunk in chunks if chunk[0] <= since < chunk[1]), None)
        for part in self._parts([[edge] if edge else [], *state[1:]] if state else None, since):
            number += part.number
            amounts.append(part.amount)
        return number, amounts

    def _read_entries(self, parts: list[Part]) -> Any:
        if self.kind == "distinct":
            return _different(value for part in parts for value in part.values)
        if not parts:
            return MISSING
        part, place = (parts[0], 0) if self.kind == "first" else (parts[-1], -1)
        return part.values[place] if self._keeps else moment(part.ats[place])

    def turns(self, state: State, now: int) -> int | None:
        """The next instant at which an entry leaves the window; None where it is empty."""
        since = now - self.span
        chunks, ats, _ = state or ([], [], [])
        for first, last, _, _, text in chunks:
            if first > since:
                return int(first) + self.span
            if last > since:
                return next(int(first + step) + self.span for step in _unpacked(text)[0] if first + step > since)
        return next((int(at) + self.span for at in ats if at > since), None)


class Period:
    """
    An aggregate over the day, week, month or year of the calendar that holds now.

    A customer who moves takes the new zone along from the next period on.

    Args:
        aggregate: what is declared.
        step: how one value is folded into the state of the period.
        value: how that state is read.
    """

    def __init__(self, aggregate: Aggregate, step: Callable[[Any, Any, int], Any], value: Callable[[Any], Any]) -> None:
        self._unit = aggregate.period or "day"
        self._zone = aggregate.zone
        self._step = step
        self._value = value

    def add(self, state: State, value: Any, at: int, now: int, zone: str) -> State:
        """Return *state* with one more entry; one of an earlier period counts no more."""
        del now
        if state and at < state[1]:
            return [state[0], state[1], self._step(state[2], value, at)] if at >= state[0] else state
        begin, end = period(self._unit, at, self._zone or zone)
        return [max(begin, state[1]) if state else begin, end, self._step(None, value, at)]

    def joined(self, one: State, other: State, step: Callable[[Any, Any], Any]) -> State:
        """The state of the events of both: those of the same period together by *step*, else those of the later one."""
        if one[1] != other[1]:
            return max(one, other, key=lambda state: state[1])
        return [max(one[0], other[0]), one[1], step(one[2], other[2])]

    def read(self, state: State, now: int) -> Any:
        """The value at *now*."""
        return self._value(state[2] if state and state[0] <= now < state[1] else None)

    def turns(self, state: State, now: int) -> int | None:
        """The end of the period, where anything was counted in it."""
        return int(state[1]) if state and now < state[1] else None
