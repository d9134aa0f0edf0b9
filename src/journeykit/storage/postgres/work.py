"""What workers share, in PostgreSQL: who is there, what waits, and how often an action may go."""

from __future__ import annotations

from journeykit.model.backlog import Backlog
from journeykit.model.records import Share
from journeykit.storage.batch import freed, slot
from journeykit.storage.postgres.arguments import number
from journeykit.storage.postgres.connections import Cursor
from journeykit.storage.postgres.due import LINES, TIMERS
from journeykit.storage.postgres.statements import DUE, WAITING

#: Whoever finds somebody else forgetting leaves it to them.
ENLIST = """with gone as (delete from journeykit_workers where token in (
        select token from journeykit_workers where until <= $2 and token <> $1 for update skip locked)),
    here as (insert into journeykit_workers values($1, $3) on conflict(token) do update set until = excluded.until)
    select token from journeykit_workers where until > $2 and token <> $1"""
LEAVE = "delete from journeykit_workers where token = $1"

BACKLOG = f"""{LINES} select events, oldest_event, customers, oldest_timer, messages, oldest_message, dead from
    (select count(*) as events, min(accepted_at) as oldest_event from journeykit_events where {WAITING} and accepted_at <= $1) m,
    (select count(*) as customers, min(due) as oldest_timer from (select min(next_due) as due from (
        select customer, next_due from {TIMERS.format(rest="")}
        union all select id, next_due from journeykit_customers where {DUE} and next_due < $1) d group by customer) t) t,
    (select count(*) as messages, min(due_at) as oldest_message from journeykit_outbox where state = 'open' and due_at <= $1) o,
    (select count(*) as dead from journeykit_outbox where state in ('dead', 'dropped', 'imported') and state = 'dead') x"""

GRANT_ALONE = "select pg_advisory_xact_lock(hashtextextended(current_schema() || ' journeykit rate ' || $1, 0))"
READ_GRANTS = """with gone as (delete from journeykit_grants where name = $1 and at <= $2)
    select at, number from journeykit_grants where name = $1 and at > $2 order by at"""
#: What goes in one part of a window, which begins at $4, is one row.
KEEP_GRANT = """with joined as (update journeykit_grants set at = $2, number = number + $3 where name = $1
        and at = (select max(at) from journeykit_grants where name = $1 and at between $4 and $2) returning 1)
    insert into journeykit_grants as g select $1, $2, $3 where not exists (select from joined)
    on conflict(name, at) do update set number = g.number + excluded.number"""


def enlist(cursor: Cursor, token: str, now: int, until: int) -> Share:
    """Keep the worker *token*, forget those who are gone, and say which share is its."""
    if until <= now:
        cursor.execute(LEAVE, (token,))
        return 0, 1
    others = [name for (name,) in cursor.execute(ENLIST, (token, number(now), number(until)))]
    return sorted([*others, token]).index(token), len(others) + 1


def backlog(cursor: Cursor, now: int) -> Backlog:
    """What waits at *now*."""
    return Backlog(*cursor.execute(BACKLOG, (number(now),)).fetchone() or (0, None, 0, None, 0, None, 0))


def grant(cursor: Cursor, name: str, now: int, window: int, most: int, wanted: int) -> tuple[int, int]:
    """Let as many of *wanted* go as the window leaves; and when the next may. One after another, under a lock of that name."""
    cursor.execute(GRANT_ALONE, (name,))
    gone = cursor.execute(READ_GRANTS, (name, number(now - window))).fetchall()
    granted = min(wanted, max(0, most - sum(many for _, many in gone)))
    if granted:
        cursor.execute(KEEP_GRANT, (name, number(now), number(granted), number(slot(now, window))))
        gone.append((now, granted))
    return granted, freed(gone, now, window, most)
