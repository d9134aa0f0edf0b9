"""The moments at which customers met the shop, and how they felt there."""

from __future__ import annotations

from journeykit.insight.figures import Slice, Touchpoint
from journeykit.insight.lake import Lake
from journeykit.insight.quoting import quoted
from journeykit.insight.slicing import tables_sql

#: a thing belongs to the stage that its customer stood in before it moved them on; who enters a journey with it stands in the first
_TOUCHPOINTS = """
    select name, channel, {stage} as stage, sum(touch) as times, count(distinct case when touch = 1 then t.customer end) as reach, sum(felt), count(felt)
    from (
        select customer, mark, name, channel, 1 as touch, cast(null as double) as felt
        from {things} t where occurred_at >= {begin} and occurred_at < {end}
        union all
        select customer, mark, name, channel, 0 as touch, felt from {feelings} t where occurred_at >= {begin} and occurred_at < {end}) as t{join}
    group by name, channel, {stage} order by reach desc, times desc, name, coalesce(channel, ''), coalesce({stage}, '')"""

_STAGES = """
    left join (select * from stage_visits where journey = {journey}) as v
        on v.customer = t.customer and t.mark > v.after_mark and t.mark <= v.last_mark"""


def touchpoints(lake: Lake, cut: Slice, journey: str | None) -> list[Touchpoint]:
    """The moments in *cut*, with their stage in *journey*: that of the slice, or the lifecycle; none where there is neither."""
    join = _STAGES.format(journey=quoted(journey)) if journey is not None else ""
    stage = "v.stage" if journey is not None else "cast(null as varchar)"
    words = {"begin": cut.period.begin, "end": cut.period.end, "stage": stage, "join": join}
    rows = lake.query(
        _TOUCHPOINTS.format(**words, **{name: sql for name, sql in tables_sql(cut).items() if name in ("things", "feelings")})
    )
    return [_touchpoint(*row) for row in rows]


def _touchpoint(name: str, channel: str | None, stage: str | None, times: int, reach: int, felt: float | None, said: int) -> Touchpoint:
    feeling = float(felt or 0) / said if said else None
    return Touchpoint(name, channel or "", stage, int(times), int(reach), times / reach if reach else 0.0, feeling, int(said))
