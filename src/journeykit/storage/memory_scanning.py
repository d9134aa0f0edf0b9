"""Whole tables of `journeykit.storage.memory`, page by page along their keys."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from journeykit.storage.memory_outbox import MemoryOutbox
from journeykit.storage.memory_rows import Customer
from journeykit.storage.rows import Row, loads
from journeykit.storage.scanning import scanned_customer, scanned_enrollment, unknown

Definition = tuple[str, str, str]
_Found = tuple[tuple[Any, ...], Callable[[], Row]]  #: the place of a row, and what reads it


class MemoryScans:
    """What there is to scan; the storage holds its lock around each call."""

    def __init__(self, customers: Mapping[str, Customer], outbox: MemoryOutbox, definitions: Mapping[str, Definition]) -> None:
        self._customers = customers
        self._outbox = outbox
        self._definitions = definitions

    def scan(self, table: str, after: Any, limit: int) -> tuple[list[Row], Any]:
        """
        Return up to *limit* rows behind the place *after*, and the place to go on from.

        Raises:
            StorageError: there is no such table.
        """
        found = list(islice((one for one in self._rows(table, after) if after is None or one[0] > after), limit))
        return [read() for _, read in found], found[-1][0] if len(found) == limit and found else None

    def _rows(self, table: str, after: Any) -> Iterable[_Found]:
        """The rows of a table in order of their places, none left out behind *after*."""
        if table in ("definitions", "messages"):
            return self._of_definitions() if table == "definitions" else self._of_messages()
        if table not in _OF_CUSTOMER:
            raise unknown(table)
        names = sorted(name for name in self._customers if after is None or name >= after[0])
        return (found for name in names for found in sorted(_OF_CUSTOMER[table](name, self._customers[name]), key=lambda one: one[0]))

    def _of_definitions(self) -> Iterator[_Found]:
        for row in sorted(self._definitions.values()):
            yield row[:1], lambda row=row: row  # type: ignore[misc]

    def _of_messages(self) -> Iterator[_Found]:
        for row in self._outbox.rows(None, None, sys.maxsize):
            told = row.message
            values = (row.id, *told[:7], told.message, told.at, row.state, row.due_at, row.attempts, row.reason)
            yield (row.id,), lambda values=values: values  # type: ignore[misc]


def _events(name: str, customer: Customer) -> Iterator[_Found]:
    for event_id, text in {**(customer.events or {}), **(customer.pending or {})}.items():
        yield (name, event_id), lambda event_id=event_id, text=text: _event(name, event_id, *loads(text))  # type: ignore[misc]


def _event(
    name: str, event_id: str, seq: int | None, accepted_at: int, occurred_at: int, called: str, properties: str, source: str, state: str, *_: Any
) -> Row:  # fmt: skip
    return name, event_id, seq, occurred_at, accepted_at, state, called, source, properties


def _history(name: str, customer: Customer) -> Iterator[_Found]:
    for text in customer.history or ():
        row = loads(text)
        yield (name, row[0], row[1]), lambda row=row: (name, *row[:-1])  # type: ignore[misc]


def _enrollments(name: str, customer: Customer) -> Iterator[_Found]:
    for text in customer.enrollments:
        columns, body, _ = text.split("\n")
        row = (name, *loads(columns), body)
        if row[6] != "pending":
            yield row[:3], lambda row=row: scanned_enrollment(row)  # type: ignore[misc]


def _known(name: str, customer: Customer) -> Iterator[_Found]:
    if customer.revision > 0:
        yield (name,), lambda: scanned_customer(name, customer.facts)


_OF_CUSTOMER: dict[str, Callable[[str, Customer], Iterator[_Found]]] = {
    "events": _events,
    "history": _history,
    "enrollments": _enrollments,
    "customers": _known,
}
