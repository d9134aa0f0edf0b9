"""
Whose entry has been let go of: `Engine.retain(history=True)` takes what happened before a horizon, and leaves enrollments where they are.

Where such an enrollment still stands somewhere, or moved on after the horizon, it has been there since before the record begins. When it
came, and by which ways, nobody knows any more: its first visit begins at a moment before all others, which lies in no period.
"""

from __future__ import annotations

from journeykit.insight.tables.lake import Lake
from journeykit.model.records import NEVER

BEFORE = -NEVER  #: the moment before all others

#: enrollments older than anything that is still known of their customer; *step* is where the first move that is still known led from
_EARLIER = """
    create table earlier as
    with old as (
        select e.* from enrollments e
        left join (select customer, min(decided_at) as first_at from history group by customer) as h on h.customer = e.customer
        where e.entered_at < coalesce(h.first_at, {never}){counted}),
    known as (
        select h.customer, h.journey, h.key, h.number, h.kind, h.source,
            row_number() over (partition by h.customer, h.journey, h.key, h.number order by h.seq, h.place) as turn
        from history h join old e on e.customer = h.customer and e.journey = h.journey and e.key = h.key and e.number = h.number
        where h.kind in ('entered', 'moved', 'completed', 'exited', 'merged') or (h.kind = 'migrated' and h.source <> h.target))
    select e.customer, e.journey, e.key, e.number, e.definition as version, e.entered_at, e.goal_at, coalesce(k.source, e.step) as step
    from old e
    left join known k on k.customer = e.customer and k.journey = e.journey and k.key = e.key and k.number = e.number and k.turn = 1
    where (k.kind is null and e.status = 'active') or (k.kind <> 'entered' and k.source is not null)"""

_COLUMNS = "customer, journey, key, number, kind, seq, place, decided_at, source, target, cause, reason"

#: history as it would be, had they entered before all that is known
_CONTINUED = f"""(
    select {_COLUMNS} from history
    union all select customer, journey, key, number, 'entered', 0, -1, {BEFORE}, null, step, '', version from earlier
    union all select customer, journey, key, number, 'goal', 0, -1, goal_at, null, null, '', null from earlier where goal_at is not null)"""  # noqa: S608


def look_back(lake: Lake, counted: str) -> str:
    """Make the table ``earlier`` in *lake*, of those who count, and return SQL for the history with what it lacks; the bare name where it lacks nothing."""
    lake.run(_EARLIER.format(never=NEVER, counted=counted.replace(" customer ", " e.customer ", 1)))
    return _CONTINUED if lake.query("select count(*) from earlier")[0][0] else "history"
