"""
Who has something to do, in PostgreSQL: those waiting longest first, and where there are many, each kind of thing and each journey in turn.

The index of what is due begins with the journey, so that however much is due in one, the first of another is one step away.
"""

from __future__ import annotations

from journeykit.model.records import NEVER, Share
from journeykit.storage.postgres.arguments import number
from journeykit.storage.postgres.connections import Cursor
from journeykit.storage.postgres.statements import DUE, WAITING

#: Each journey in which a timer is pending, found by one step of the index each.
LINES = f"""with recursive lines as (
        (select journey from journeykit_enrollments where {DUE} order by journey limit 1)
        union all
        select n.journey from lines l cross join lateral (
            select journey from journeykit_enrollments where {DUE} and journey > l.journey order by journey limit 1) n)"""
#: The timers of each journey that are due before $1.
TIMERS = f"""lines l cross join lateral (
    select customer, next_due from journeykit_enrollments where {DUE} and journey = l.journey and next_due < $1 {{rest}}) t"""

FEW = 2  #: lines of which as many rows are read each as are wanted in all; of more, each gives a part

_MINE = "($4 = 1 or abs(hashtextextended({customer}, 0) % $4) = $3)"
_TIMERS = TIMERS.format(rest=f"and {_MINE.format(customer='customer')} order by next_due limit (select most from part)")
_TURN = "select ready, customer, row_number() over (order by ready) as turn from (select {moment} as ready, {customer} as customer from {what} limit (select most from part)) q"
_OWN = _TURN.format(
    moment="next_due + 1", customer="id",
    what=f"journeykit_customers where {DUE} and next_due < $1 and {_MINE.format(customer='id')} order by next_due",
)  # fmt: skip
_MAIL = _TURN.format(
    moment="accepted_at", customer="customer",
    what=f"journeykit_events where {WAITING} and accepted_at <= $1 and {_MINE.format(customer='customer')} order by accepted_at",
)  # fmt: skip
#: Nobody whom another transaction holds is given: a batch waits for nobody. Whether more may be found is told with each.
FIND_DUE = f"""{LINES},
    part as materialized (select greatest(1, $2 / greatest(1, count(*) / {FEW})) as most from lines),
    waiting as (
        select t.next_due + 1 as ready, t.customer, row_number() over (partition by l.journey order by t.next_due) as turn from {_TIMERS}
        union all ({_OWN}) union all ({_MAIL})),
    chosen as (select customer, min(ready) as ready, min(turn) as turn from waiting group by customer
        order by min(turn), min(ready), customer limit $2),
    free as (select c.id from chosen f join journeykit_customers c on c.id = f.customer for no key update of c skip locked)
    select f.ready, f.customer,
        f.customer in (select id from free) or not exists (select from journeykit_customers c where c.id = f.customer),
        (select max(turn) from waiting) >= (select most from part) or count(*) over () >= $2
    from chosen f order by f.turn, f.ready, f.customer"""
#: What stands still has no moment.
NEXT_DUE = f"""{LINES} select least(
    (select min(t.next_due) + 1 from {TIMERS.format(rest="order by next_due limit 1").replace("$1", str(NEVER))}),
    (select min(next_due) + 1 from journeykit_customers where {DUE}),
    (select min(accepted_at) from journeykit_events where {WAITING}),
    (select min(due_at) from journeykit_outbox where state = 'open'),
    (select min(due_at) from journeykit_objects where due_at is not null))"""


def claim_due(cursor: Cursor, now: int, limit: int, share: Share) -> list[str]:
    """Up to *limit* customers of *share* with something to do, those waiting longest first; nobody whom another transaction holds."""
    place, parts = share
    rows = limit
    while True:
        found = cursor.execute(FIND_DUE, (number(now), number(rows), number(place), number(parts))).fetchall()
        free = [(ready, customer_id) for ready, customer_id, is_free, _ in found if is_free][:limit]
        if len(free) == limit or not found or not found[0][3]:
            return [customer_id for _, customer_id in sorted(free)]
        rows *= 4  # a few customers have most of what is due, or are held


def next_due(cursor: Cursor) -> int | None:
    """The first moment at which there is something to do; what stands still has none."""
    row = cursor.execute(NEXT_DUE).fetchone()
    return None if row is None or row[0] is None or row[0] >= NEVER else int(row[0])
