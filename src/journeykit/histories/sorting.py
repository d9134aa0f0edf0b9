"""
Events in order of time, however the files are sorted.

They are kept in a temporary SQLite file that nobody else sees: memory stays small, and what limits a history is the room on the
disk for temporary files, about the size of the events. Events of one instant stay in the order in which they were read.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any, Self

from journeykit.errors import HistoryError
from journeykit.histories.making import Made
from journeykit.model.messages import Event, moment

TOGETHER = 1_000  #: events written at a time

_TABLES = (
    "create table events(at integer, number integer primary key, name text, id text, customer text, properties text, source text)",
    """create table summed(customer text, id text, at integer, number integer, name text, properties text, source text,
        primary key(customer, id)) without rowid""",
)
_INSERT = "insert into events values(?, ?, ?, ?, ?, ?, ?)"
_MERGE = """insert into summed values(?, ?, ?, ?, ?, ?, ?) on conflict(customer, id)
    do update set at = min(at, excluded.at), properties = excluded.properties"""
_READ = """select at, number, name, id, customer, properties, source from events
    union all select at, number, name, id, customer, properties, source from summed order by at, number"""

_dumps = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class History:
    """
    A history: events that were read, in order of time.

    Use it in a ``with`` statement; its temporary file is gone afterwards.
    """

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None)
        self._rows: list[tuple[Any, ...]] = []
        self._number = 0
        self._open = False
        for statement in ("pragma journal_mode=off", "pragma synchronous=off", "pragma cache_size=-65536", *_TABLES):
            self._connection.execute(statement)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def add(self, made: Made) -> None:
        """
        Take an event in.

        Raises:
            HistoryError: there is no room for temporary files.
        """
        self._number += 1
        event = made.event
        try:
            if made.sums:
                self._sum(made)
                return
            self._rows.append((event.at, self._number, event.name, event.id, event.customer_id, _dumps(event.properties), event.source))
            if len(self._rows) >= TOGETHER:
                self._write()
        except sqlite3.Error as error:
            raise _no_room(error) from None

    def __len__(self) -> int:
        self._write()
        count: int = self._connection.execute("select (select count(*) from events) + (select count(*) from summed)").fetchone()[0]
        return count

    def __iter__(self) -> Iterator[Event]:
        """Every event in order of time."""
        self._write()
        try:
            for at, _, name, event_id, customer, properties, source in self._connection.execute(_READ):
                yield Event(
                    name, id=event_id, customer_id=customer, occurred_at=moment(at), properties=json.loads(properties), source=source
                )
        except sqlite3.Error as error:
            raise _no_room(error) from None

    @property
    def last(self) -> int | None:
        """The moment of the last event, in microseconds since 1970 UTC."""
        self._write()
        moments = self._connection.execute("select (select max(at) from events), (select max(at) from summed)").fetchone()
        return max((at for at in moments if at is not None), default=None)

    def customers(self) -> Iterator[str]:
        """Every customer, in order of their ids."""
        self._write()
        for (customer,) in self._connection.execute("select customer from events union select customer from summed"):
            yield customer

    def _write(self) -> None:
        if not self._open:
            self._connection.execute("begin")
            self._open = True
        if self._rows:
            self._connection.executemany(_INSERT, self._rows)
            self._rows = []

    def _sum(self, made: Made) -> None:
        self._write()
        event = made.event
        place = (event.customer_id, event.id)
        known = self._connection.execute("select properties from summed where customer = ? and id = ?", place).fetchone()
        properties = event.properties
        if known is not None:
            first = json.loads(known[0])
            properties = first | {name: first.get(name, 0) + properties[name] for name in made.sums}
        values = (*place, event.at, self._number, event.name, _dumps(properties), event.source)
        self._connection.execute(_MERGE, values)


def _no_room(error: sqlite3.Error) -> HistoryError:
    return HistoryError(
        f"the events cannot be put in order: {error}; make room for temporary files, or name another folder in SQLITE_TMPDIR"
    )
