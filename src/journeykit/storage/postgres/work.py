"""What workers share, in PostgreSQL: who is there, whose customers are whose, what waits, and how often an action may go."""

from __future__ import annotations

from journeykit.model.backlog import Backlog
from journeykit.model.records import NEVER, Share
from journeykit.storage.batch import freed
from journeykit.storage.postgres.arguments import number
from journeykit.storage.postgres.connections import Cursor
from journeykit.storage.postgres.statements import DUE, WAITING

#: Whoever finds somebody else forgetting leaves it to them.
ENLIST = """with gone as (delete from journeykit_workers where token in (
        select token from journeykit_workers where until <= $2 and token <> $1 for update skip locked)),
    here as (insert into journeykit_workers values($1, $3) on conflict(token) do update set until = excluded.until)
    select token from journeykit_workers where until > $2 and token <> $1"""
LEAVE = "delete from journeykit_workers where token = $1"

_DUE = "select {moment} as ready, {customer} as customer from {table} where {due} and {mine} order by {moment}, {customer} limit $2"
_MINE = "($4 = 1 or abs(hashtextextended({customer}, 0) % $4) = $3)"


def _due(table: str, moment: str, customer: str, due: str) -> str:
    return _DUE.format(table=table, moment=moment, customer=customer, due=due, mine=_MINE.format(customer=customer))


#: Nobody whom another transaction holds is given: a batch waits for nobody.
FIND_DUE = f"""with found as (select customer, min(ready) as ready from (
        (select ready + 1 as ready, customer from ({_due("journeykit_enrollments", "next_due", "customer", f"{DUE} and next_due < $1")}) e)
        union all
        (select ready + 1, customer from ({_due("journeykit_customers", "next_due", "id", f"{DUE} and next_due < $1")}) c)
        union all
        ({_due("journeykit_events", "accepted_at", "customer", f"{WAITING} and accepted_at <= $1")})) due
    group by customer),
    free as (select c.id from found f join journeykit_customers c on c.id = f.customer for no key update of c skip locked)
    select f.customer from found f
    where f.customer in (select id from free) or not exists (select from journeykit_customers c where c.id = f.customer)
    order by f.ready, f.customer"""
ARE_THERE_MORE = f"""select
    (select count(*) from ({_due("journeykit_enrollments", "next_due", "customer", f"{DUE} and next_due < $1")}) e) = $2 or
    (select count(*) from ({_due("journeykit_customers", "next_due", "id", f"{DUE} and next_due < $1")}) c) = $2 or
    (select count(*) from ({_due("journeykit_events", "accepted_at", "customer", f"{WAITING} and accepted_at <= $1")}) m) = $2"""
NEXT_DUE = f"""select least(
    (select min(next_due) + 1 from journeykit_enrollments where {DUE}),
    (select min(next_due) + 1 from journeykit_customers where {DUE}),
    (select min(accepted_at) from journeykit_events where {WAITING}),
    (select min(due_at) from journeykit_outbox where state = 'open'),
    (select min(due_at) from journeykit_objects where due_at is not null))"""
BACKLOG = f"""select events, oldest_event, customers, oldest_timer, messages, oldest_message, dead from
    (select count(*) as events, min(accepted_at) as oldest_event from journeykit_events where {WAITING} and accepted_at <= $1) m,
    (select count(*) as customers, min(due) as oldest_timer from (select min(next_due) as due from (
        select customer, next_due from journeykit_enrollments where {DUE} and next_due < $1
        union all select id, next_due from journeykit_customers where {DUE} and next_due < $1) d group by customer) t) t,
    (select count(*) as messages, min(due_at) as oldest_message from journeykit_outbox where state = 'open' and due_at <= $1) o,
    (select count(*) as dead from journeykit_outbox where state in ('dead', 'dropped', 'imported') and state = 'dead') x"""

GRANT_ALONE = "select pg_advisory_xact_lock(hashtextextended(current_schema() || ' journeykit rate ' || $1, 0))"
READ_GRANTS = """with gone as (delete from journeykit_grants where name = $1 and at <= $2)
    select at, number from journeykit_grants where name = $1 and at > $2 order by at"""
KEEP_GRANT = """insert into journeykit_grants as g values($1, $2, $3)
    on conflict(name, at) do update set number = g.number + excluded.number"""


def enlist(cursor: Cursor, token: str, now: int, until: int) -> Share:
    """Keep the worker *token*, forget those who are gone, and say which share is its."""
    if until <= now:
        cursor.execute(LEAVE, (token,))
        return 0, 1
    others = [name for (name,) in cursor.execute(ENLIST, (token, number(now), number(until)))]
    return sorted([*others, token]).index(token), len(others) + 1


def claim_due(cursor: Cursor, now: int, limit: int, share: Share) -> list[str]:
    """Up to *limit* customers of *share* with something to do, those waiting longest first; nobody whom another transaction holds."""
    place, parts = share
    rows = limit
    while True:
        given = (number(now), number(rows), number(place), number(parts))
        found = [name for (name,) in cursor.execute(FIND_DUE, given)]
        if len(found) >= limit or not cursor.execute(ARE_THERE_MORE, given).fetchone()[0]:  # type: ignore[index]
            return found[:limit]
        rows *= 4  # a few customers have most of what is due, or are held


def next_due(cursor: Cursor) -> int | None:
    """The first moment at which there is something to do; what stands still has none."""
    row = cursor.execute(NEXT_DUE).fetchone()
    return None if row is None or row[0] is None or row[0] >= NEVER else int(row[0])


def backlog(cursor: Cursor, now: int) -> Backlog:
    """What waits at *now*."""
    return Backlog(*cursor.execute(BACKLOG, (number(now),)).fetchone() or (0, None, 0, None, 0, None, 0))


def grant(cursor: Cursor, name: str, now: int, window: int, most: int, wanted: int) -> tuple[int, int]:
    """Let as many of *wanted* go as the window leaves; and when the next may. One after another, under a lock of that name."""
    cursor.execute(GRANT_ALONE, (name,))
    gone = cursor.execute(READ_GRANTS, (name, number(now - window))).fetchall()
    granted = min(wanted, max(0, most - sum(many for _, many in gone)))
    if granted:
        cursor.execute(KEEP_GRANT, (name, number(now), number(granted)))
        gone.append((now, granted))
    return granted, freed(gone, now, window, most)
