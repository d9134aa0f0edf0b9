"""
Handing rows over to SQLite: many in one statement, and what is nothing, or alike in all of them, not row by row.

`sqlite3` binds a None, a True or a False at the price of several texts, since it looks for an adapter first. So these stand in the
statement itself. What many rows have in common, since one rule of one journey made them, is bound once for all of them.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from journeykit.storage import sqlite_statements as sql
from journeykit.storage.rows import Row

ROWS = 50  #: rows that one statement inserts; it begins and ends for all of them once. Older releases of SQLite take 999 values

_LACKING = (None, False, None, None)  #: no owner, nobody who listens, no household, no other origin
_literal = {None: "null", False: "0", True: "1"}.get  #: what stands in the statement itself


class Form(NamedTuple):
    """
    A statement that inserts `ROWS` rows of one kind.

    Attributes:
        statement: some values stand in it.
        once: places of which it takes the first row's value for all rows.
        own: places of which it takes each row's value.
    """

    statement: str
    once: Sequence[int]
    own: Sequence[int]


class Put:
    """
    An insert, in the forms in which it has been needed: few, since journeys do the same again and again.

    Args:
        statement: it has a parameter for each of a row's values, in order.
        seldom: places of a row in which mostly nothing stands, or a truth value.
        alike: places that have the same values in many rows; each group is handed over once where all of it is the same.
    """

    def __init__(self, statement: str, seldom: Sequence[int], alike: Sequence[Sequence[int]] = ()) -> None:
        self.statement = statement
        self._seldom = seldom
        self._alike = alike
        self._forms: dict[tuple[str | bool | None, ...], Form] = {}

    def form(self, columns: Sequence[Sequence[Any]]) -> Form:
        """The form for `ROWS` rows, of which these are the columns."""
        kind = (*[_throughout(columns[place]) for place in self._seldom], *[_common(columns, group) for group in self._alike])
        return self._forms.get(kind) or self._made(kind)

    def _made(self, kind: tuple[str | bool | None, ...]) -> Form:
        standing = {place: str(literal) for place, literal in zip(self._seldom, kind, strict=False) if literal is not None}
        groups = zip(self._alike, kind[len(self._seldom) :], strict=False)
        once = [place for group, common in groups if common for place in group if place not in standing]
        self._forms[kind] = form = _form(self.statement, standing, once)
        return form


CUSTOMERS = Put(sql.INSERT_CUSTOMER, (4, 5), ((1,), (3,)))
EVENTS = Put(sql.INSERT_FRESH_EVENT, (2,), ((5, 7, 8, 9),))
HISTORY = Put(sql.INSERT_HISTORY, (8, 9, 11), ((4, 5, 8, 9, 10),))
MESSAGES = Put(sql.INSERT_MESSAGE, (10, 11, 12, 13, 14), ((1, 5, 6, 9, 12, 15), (7,)))


def put_many(cursor: sqlite3.Cursor, put: Put, rows: Sequence[Row]) -> tuple[int, Sequence[Row]]:
    """Insert as many of *rows* as fill whole statements; return how many have been written, and the others, the last."""
    written, whole = 0, len(rows) - len(rows) % ROWS
    for start in range(0, whole, ROWS):
        columns = [*zip(*rows[start : start + ROWS], strict=True)]
        form = put.form(columns)
        values = [columns[place][0] for place in form.once]
        values += itertools.chain.from_iterable(zip(*[columns[place] for place in form.own], strict=True))
        written += cursor.execute(form.statement, values).rowcount
    return written, rows[whole:]


def append(cursor: sqlite3.Cursor, put: Put, rows: Sequence[Row]) -> bool:
    """Insert *rows* in order, many in one statement; return whether all of them have been written."""
    written, rest = put_many(cursor, put, rows) if len(rows) >= ROWS else (0, rows)
    if rest:
        written += cursor.executemany(put.statement, rest).rowcount
    return written == len(rows)


def append_messages(cursor: sqlite3.Cursor, rows: Sequence[Row]) -> None:
    """The same for rows of the outbox: most of them lack so much that it is worth looking at each."""
    for row in put_many(cursor, MESSAGES, rows)[1] if len(rows) >= ROWS else rows:
        if row[11:15] != _LACKING:
            cursor.execute(sql.INSERT_MESSAGE, row)
        elif row[10] is None:
            cursor.execute(sql.INSERT_LASTING_MESSAGE, (*row[:10], *row[15:]))
        else:
            cursor.execute(sql.INSERT_PLAIN_MESSAGE, (*row[:11], *row[15:]))


def _throughout(column: Sequence[Any]) -> str | None:
    """What stands in the statement for a column that is nothing, or the same truth value, throughout."""
    literal = _literal(column[0])
    return literal if literal is not None and column.count(column[0]) == len(column) else None


def _common(columns: Sequence[Sequence[Any]], group: Sequence[int]) -> bool:
    """Whether each column of *group* has one value throughout."""
    return all(columns[place].count(columns[place][0]) == len(columns[place]) for place in group)


def _form(statement: str, standing: Mapping[int, str], once: Sequence[int]) -> Form:
    """
    The same insert for `ROWS` rows.

    It fails in the middle where it fails, since the transaction is rolled back then: to be able to take back this statement alone
    SQLite would copy each page first, into a file. An insert that updates what is there already cannot be spared that.
    """
    head, values, rest = statement.replace("insert", "insert or fail", 1).partition("values")
    row, bracket, rest = rest.partition(")")
    places = range(row.count("?"))
    said = {**standing, **{place: f"?{number}" for number, place in enumerate(once, 1)}}
    numbers = itertools.count(len(once) + 1)
    several = ["(" + ", ".join([said.get(place) or f"?{next(numbers)}" for place in places]) + bracket for _ in range(ROWS)]
    return Form(f"{head}{values}{', '.join(several)}{rest}", once, [place for place in places if place not in said])
