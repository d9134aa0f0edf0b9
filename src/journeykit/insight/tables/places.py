"""
Where customers stood, out of history: their stays in journeys, their visits of steps, and when they were in which segment.

Each table says ``occurred_at`` for the moment by which it belongs to a period. What has not ended has an end that never comes;
what began before all that is still known (`journeykit.insight.tables.horizon`) began before every moment.
"""

from __future__ import annotations

from journeykit.insight.settings.settings import Settings
from journeykit.insight.tables.horizon import look_back
from journeykit.insight.tables.lake import Lake
from journeykit.model.records import NEVER

# All windows of one query have one order: each other order sorts everything once more.

#: moves of an enrollment; a migration that changed no step moved nobody
_MOVES = "kind in ('entered', 'moved', 'completed', 'exited', 'merged') or (kind = 'migrated' and source <> target)"

_STAYS = """
    create table stays as
    select s.customer, s.journey, s.key, s.number, s.version, s.entry, s.seq, s.occurred_at, s.until, s.last_seq, s.how, s.reason, s.goal_at,
        case when s.goal_at is not null or (v.goal = 0 and s.how = 'completed') then 1 else 0 end as reached,
        case when h.occurred_at < s.occurred_at then h.occurred_at else s.occurred_at end as told_at, h.channel, h.source
    from (
        select customer, journey, key, number,
            max(case when kind = 'entered' then reason end) as version, max(case when kind = 'entered' then cause end) as entry,
            min(case when kind = 'entered' then seq end) as seq, min(case when kind = 'entered' then decided_at end) as occurred_at,
            coalesce(max(case when kind in ('completed', 'exited', 'merged') then decided_at end), {never}) as until,
            max(case when kind in ('completed', 'exited', 'merged') then seq end) as last_seq,
            max(case when kind in ('completed', 'exited', 'merged') then kind end) as how,
            max(case when kind = 'exited' then reason end) as reason,
            min(case when kind = 'goal' then decided_at end) as goal_at
        from {history} h where kind in ('entered', 'completed', 'exited', 'merged', 'goal') and number > 0{counted}
        group by customer, journey, key, number
        having min(case when kind = 'entered' then seq end) is not null) as s
    left join versions v on v.version = s.version
    left join happenings h on h.customer = s.customer and h.seq = s.seq"""

_VISITS = """
    create table visits as
    select v.customer, v.journey, v.key, v.number, v.version, v.entered_at, v.visit, v.came, v.cause, v.seq, v.occurred_at, v.step,
        coalesce(own.stage, latest.stage) as stage, v.until, v.next_seq, v.how, v.next, v.why, v.reason
    from (
        select customer, journey, key, number, kind as came, cause, seq, decided_at as occurred_at, target as step,
            first_value(case when kind = 'entered' then reason end) over way as version,
            first_value(decided_at) over way as entered_at,
            row_number() over way as visit,
            coalesce(lead(decided_at) over way, {never}) as until, lead(seq) over way as next_seq, lead(kind) over way as how,
            lead(target) over way as next, lead(cause) over way as why, lead(reason) over way as reason
        from {history} h where ({moves}) and number > 0{counted}
        window way as (partition by customer, journey, key, number order by seq, place)) as v
    left join steps own on own.version = v.version and own.step = v.step
    left join (
        select journey, step, max(stage) as stage from (
            select s.journey, s.step, s.stage, row_number() over (partition by s.journey, s.step order by f.first_at desc, s.version) as back
            from steps s join (select version, min(occurred_at) as first_at from stays group by version) as f on f.version = s.version) as known
        where back = 1 group by journey, step) as latest on latest.journey = v.journey and latest.step = v.step
    where v.came in ('entered', 'moved', 'migrated')"""

#: the same by stage: moves within a stage are none
_STAGE_VISITS = """
    create table stage_visits as
    select customer, journey, version, entered_at, stage, occurred_at, coalesce(lead(occurred_at) over way, ended_at) as until,
        coalesce(lead('moved') over way, ended) as how, lead(stage) over way as next,
        2 * seq - case when visit = 1 then 1 else 0 end as after_mark, coalesce(2 * lead(seq) over way, ended_mark, {never}) as last_mark
    from (
        select customer, journey, key, number, version, entered_at, visit, coalesce(stage, 'no stage') as stage, occurred_at, seq,
            lag(coalesce(stage, 'no stage')) over way as before,
            last_value(until) over whole as ended_at,
            last_value(case when how in ('completed', 'exited', 'merged') then how end) over whole as ended,
            last_value(case when how in ('completed', 'exited', 'merged') then 2 * next_seq end) over whole as ended_mark
        from visits
        window way as (partition by customer, journey, key, number order by visit),
            whole as (partition by customer, journey, key, number order by visit rows between unbounded preceding and unbounded following)) as v
    where before is null or before <> stage
    window way as (partition by customer, journey, key, number order by visit)"""

#: who was in which journey from when on, by the version they entered with last: versions share nobody at any moment
_ENTRANTS = """
    create table entrants as
    select customer, journey, version, told_at as since, coalesce(lead(told_at) over way, {never}) as until
    from (
        select customer, journey, version, told_at, occurred_at, seq, number, key, lag(version) over (
            partition by customer, journey order by occurred_at, seq, key, number) as before
        from stays) as s
    where before is null or before <> version
    window way as (partition by customer, journey order by occurred_at, seq, key, number)"""

_MEMBERS = """
    create table members as
    select customer, segment, case when reason = 'left' then 0 - {never} else since end as since, case when reason = 'left' then since else until end as until
    from (
        select customer, substr(cause, 9) as segment, reason, decided_at as since,
            coalesce(lead(decided_at) over way, {never}) as until, row_number() over way as turn
        from history where kind = 'segment'{counted}
        window way as (partition by customer, cause order by seq, place)) as edges
    where reason = 'entered' or turn = 1"""


def stand(lake: Lake, settings: Settings) -> None:
    """Make the tables ``stays``, ``visits``, ``stage_visits``, ``entrants`` and ``members`` in *lake*, of those who count."""
    counted = "" if settings.test is None else " and customer in (select customer from people)"
    history = look_back(lake, counted)
    for statement in (_STAYS, _VISITS, _STAGE_VISITS, _ENTRANTS, _MEMBERS):
        lake.run(statement.format(never=NEVER, counted=counted, moves=_MOVES, history=history))
