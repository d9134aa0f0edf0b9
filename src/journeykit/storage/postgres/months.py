"""The history's partitions: one for each month in UTC, made ahead or when first needed, and a last one for whatever has none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import NamedTuple

from psycopg import errors
from psycopg.pq import TransactionStatus

from journeykit.storage.postgres.connections import Cursor
from journeykit.storage.rows import Row

_DAY = 86_400_000_000
_EPOCH = date(1970, 1, 1)
_FIRST, _LAST = date(1970, 1, 1), date(2200, 1, 1)  #: outside of it nobody has a history worth a table

KNOWN = """select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = to_regclass('journeykit_history') and c.relname <> 'journeykit_history_default'"""
COPY = "create table if not exists {name} (like journeykit_history including all)"
#: Attached, where `create table ... partition of` would lock readers and writers out.
ATTACH = "alter table journeykit_history attach partition {name} for values from ({begin}) to ({end})"


class Month(NamedTuple):
    """A month: the table that keeps it, and its moments in microseconds since 1970, the last one not in it."""

    table: str
    begin: int
    end: int


def month(at: int) -> Month | None:
    """The month of a moment; None where it lies too far off."""
    days = at // _DAY
    if not 0 <= days < (_LAST - _FIRST).days:
        return None
    first = (_EPOCH + timedelta(days)).replace(day=1)
    after = (first + timedelta(31)).replace(day=1)
    return Month(f"journeykit_history_{first:%Y_%m}", (first - _EPOCH).days * _DAY, (after - _EPOCH).days * _DAY)


def following(at: int, count: int) -> list[Month]:
    """The month of a moment and those after it, *count* in all."""
    found: list[Month] = []
    while len(found) < count and (one := month(at)) is not None:
        found.append(one)
        at = one.end
    return found


def make(cursor: Cursor, wanted: Sequence[Month]) -> None:
    """
    Make the partitions of months, where they are not there.

    One stays away whose lock is not to be had, or whose rows stand in the last partition already: they stay readable there.
    """
    known = {name for (name,) in cursor.execute(KNOWN)}
    new = [one for one in wanted if one.table not in known]
    if not new:
        return
    alone = cursor.connection.autocommit and cursor.connection.info.transaction_status == TransactionStatus.IDLE
    cursor.execute("set lock_timeout = 200" if alone else "set local lock_timeout = 200")
    for one in new:
        with suppress(errors.Error), cursor.connection.transaction():
            cursor.execute(COPY.format(name=one.table))
            cursor.execute(ATTACH.format(name=one.table, begin=one.begin, end=one.end))
    cursor.execute("reset lock_timeout" if alone else "set local lock_timeout = default")


class Months:
    """Which months have a partition, as far as one storage knows."""

    def __init__(self) -> None:
        self._begin = self._end = 0  #: the last month asked for; most rows are of this one
        self._known: set[Month] = set()

    def missing(self, history: Sequence[Row]) -> list[Month]:
        """The months of *history* that have not been seen before; from now on they have."""
        begin, end = self._begin, self._end
        if all(begin <= entry[3] < end for entry in history):
            return []
        wanted = self._months(entry[3] for entry in history)
        new = sorted(wanted - self._known)
        self._known |= wanted
        if wanted:
            last = max(wanted)
            self._begin, self._end = last.begin, last.end
        return new

    def _months(self, moments: Iterable[int]) -> set[Month]:
        found = {month(at) for at in {at - at % _DAY for at in moments}}
        return {one for one in found if one is not None}
