"""The moments at which customers met the shop, and how they felt there."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.insight.figures import Period, Slice, Touchpoint
from journeykit.insight.numbers.slicing import periods_sql, tables_sql
from journeykit.insight.tables.lake import Lake
from journeykit.insight.tables.quoting import quoted

#: a thing belongs to the stage that its customer stood in before it moved them on; who enters a journey with it stands in the first
_TOUCHPOINTS = """
    select period, name, channel, {stage} as stage, sum(touch) as times, count(distinct case when touch = 1 then t.customer end) as reach,
        sum(felt), count(felt)
    from (
        select customer, mark, occurred_at, name, channel, 1 as touch, cast(null as double) as felt
        from {things} t where occurred_at >= {begin} and occurred_at < {end}
        union all
        select customer, mark, occurred_at, name, channel, 0 as touch, felt
        from {feelings} t where occurred_at >= {begin} and occurred_at < {end}) as t{join}
    join {periods} as p on t.occurred_at >= p.since and t.occurred_at < p.until
    group by period, name, channel, {stage} order by period, reach desc, times desc, name, coalesce(channel, ''), coalesce({stage}, '')"""

#: who has two carts at once stands in their stage once; what happens to one who stands in two stages belongs to both
_STAGES = """
    left join (
        select customer, stage, min(after_mark) as after_mark, max(last_mark) as last_mark
        from (
            select customer, stage, after_mark, last_mark,
                sum(apart) over (partition by customer, stage order by after_mark, last_mark rows unbounded preceding) as stretch
            from (
                select customer, stage, after_mark, last_mark,
                    case when after_mark <= max(last_mark) over (partition by customer, stage order by after_mark, last_mark
                        rows between unbounded preceding and 1 preceding) then 0 else 1 end as apart
                from stage_visits where journey = {journey}) as those) as stretches
        group by customer, stage, stretch) as v
        on v.customer = t.customer and t.mark > v.after_mark and t.mark <= v.last_mark"""


def touchpoints(lake: Lake, cut: Slice, journey: str | None, periods: Sequence[Period]) -> list[list[Touchpoint]]:
    """
    The moments in each of *periods*, all in one query; of *cut* everything counts but its own period.

    Their stage is that in *journey*: that of the slice, or the lifecycle; none where there is neither.
    """
    join = _STAGES.format(journey=quoted(journey)) if journey is not None else ""
    stage = "v.stage" if journey is not None else "cast(null as varchar)"
    begin, end = min(one.begin for one in periods), max(one.end for one in periods)
    words = {"begin": begin, "end": end, "stage": stage, "join": join, "periods": periods_sql(periods)}
    found: list[list[Touchpoint]] = [[] for _ in periods]
    tables = {name: sql for name, sql in tables_sql(cut).items() if name in ("things", "feelings")}
    for period, *row in lake.query(_TOUCHPOINTS.format(**words, **tables)):
        found[period].append(_touchpoint(*row))
    return found


def _touchpoint(name: str, channel: str | None, stage: str | None, times: int, reach: int, felt: float | None, said: int) -> Touchpoint:
    feeling = float(felt or 0) / said if said else None
    return Touchpoint(name, channel or "", stage, int(times), int(reach), times / reach if reach else 0.0, feeling, int(said))
