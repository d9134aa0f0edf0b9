"""
Who has something to do, in SQLite: those waiting longest first, and where there are many, each kind of thing and each journey in turn.

The index of what is due begins with the journey, so that however much is due in one, the first of another is one step away.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator, Sequence

from journeykit.model.records import EVERYBODY, NEVER, Share, in_share
from journeykit.storage.rows import Row

MIGRATION = (
    "drop index journeykit_enrollments_due",
    "create index journeykit_enrollments_line on journeykit_enrollments(journey, next_due) where next_due is not null",
)

FEW = 2  #: lines of which as many rows are read each as are wanted in all; of more, each gives a part

_FROM = "from journeykit_enrollments indexed by journeykit_enrollments_line where next_due is not null"
#: Each journey in which a timer is pending, found by one step of the index each.
_LINES = f"""with recursive lines(journey) as (
        select min(journey) {_FROM}
        union all select (select min(journey) {_FROM} and journey > lines.journey) from lines where lines.journey is not null),
    firsts as (select journey, (select min(next_due) {_FROM} and journey = lines.journey) as due from lines where journey is not null)"""
DUE_LINES = f"{_LINES} select journey from firsts where due < ?"
NEXT_TIMER = f"{_LINES} select min(due) from firsts where due < {NEVER}"
#: Whether few are due altogether: who, of up to so many.
DUE_AT_ALL = f"""{_LINES} select e.customer from firsts cross join journeykit_enrollments e indexed by journeykit_enrollments_line
    on e.journey = firsts.journey and e.next_due < ?1 where firsts.due < ?1 limit ?2"""
#: What stood still because of a pause is due when it ends.
BRING_UP = f"""{_LINES} update journeykit_enrollments indexed by journeykit_enrollments_line set next_due = ?
    where journey in (select journey from firsts) and next_due = ?"""
COUNT_TIMERS = f"""{_LINES} select count(*), min(due) from (select customer, min(due) as due from (
    select e.customer, e.next_due as due from firsts cross join journeykit_enrollments e indexed by journeykit_enrollments_line
        on e.journey = firsts.journey and e.next_due < ?1 where firsts.due < ?1
    union all select id, next_due from journeykit_customers where next_due < ?1) group by customer)"""

DUE_ENROLLMENTS = f"select next_due + 1, customer {_FROM} and journey = ?1 and next_due < ?2 order by next_due, customer"
DUE_CUSTOMERS = "select next_due + 1, id from journeykit_customers where next_due < ? order by next_due, id"
DUE_MAIL = "select accepted_at, customer from journeykit_events where state = 'pending' and accepted_at <= ? order by accepted_at, customer"


def claim_due(connection: sqlite3.Connection, now: int, limit: int, share: Share) -> list[str]:
    """Up to *limit* customers of *share* who have something due, those waiting longest first."""
    lines: list[tuple[str, Row]] = [(DUE_ENROLLMENTS, (journey, now)) for (journey,) in connection.execute(DUE_LINES, (now,)).fetchall()]
    lines += [(DUE_CUSTOMERS, (now,)), (DUE_MAIL, (now,))]
    everybody = share == EVERYBODY
    rows = max(1, limit // max(1, len(lines) // FEW))
    while True:
        queues = [connection.execute(f"{statement} limit ?", (*given, rows)).fetchall() for statement, given in lines]
        found: dict[str, int] = {}
        filled = [queue for queue in queues if queue]
        for ready, customer_id in filled[0] if len(filled) == 1 else _turns(filled):
            if (everybody or in_share(customer_id, share)) and (customer_id not in found or ready < found[customer_id]):
                found[customer_id] = ready
                if len(found) == limit:
                    break
        if len(found) == limit or all(len(queue) < rows for queue in queues):
            return [*found] if len(filled) == 1 else sorted(found, key=lambda name: (found[name], name))
        rows *= 4  # one line has most of what is due, a few customers have it, or they are another share's


def _turns(queues: Sequence[Sequence[Row]]) -> Iterator[Row]:
    """One row of each line in turn; in each round, who waits longest comes first."""
    for turn in itertools.zip_longest(*queues):
        yield from sorted(row for row in turn if row is not None)


def next_timer(cursor: sqlite3.Cursor) -> int | None:
    """The first moment after that of a timer of an enrollment; what stands still has none."""
    first = cursor.execute(NEXT_TIMER).fetchone()[0]
    return None if first is None else int(first) + 1
