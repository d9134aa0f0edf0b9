"""
How long visits last where some are not over yet: the estimate of Kaplan and Meier.

Kaplan and Meier (1958), Nonparametric estimation from incomplete observations, Journal of the American Statistical Association 53, 457-481.
At each time at which somebody goes on, the share that is left is multiplied by (1 - gone / at risk); those whose visit has not ended are
at risk for as long as they were watched, that moment included. Where two customers became one, the visit that ended is one of these. Times are
whole seconds.
"""

from __future__ import annotations

from journeykit.insight.figures import Survival
from journeykit.insight.tables.lake import Lake

_POINTS = 500  #: a curve changes by at least a part of this between two rows

#: visits that began from begin on and before end; 1e-9 stands for what adding logarithms leaves of a product that is one half
_CURVES = """
    select place, time, gone, at_risk, exp(sum(case when gone >= at_risk then -1000 else ln(1 - cast(gone as double) / cast(at_risk as double)) end)
        over (partition by place order by time rows between unbounded preceding and current row)) as share
    from (
        select place, time, gone, sum(several) over (partition by place order by time desc rows between unbounded preceding and current row) as at_risk
        from (
            select place, time, sum(gone) as gone, count(*) as several
            from (
                select place, gone, length - length % 1000000 as time
                from (
                    select {place} as place, case when until < {end} and how <> 'merged' then 1 else 0 end as gone,
                        case when until < {end} then until else {end} end - occurred_at as length
                    from {table} v where occurred_at >= {begin} and occurred_at < {end}) as lengths) as seconds
            group by place, time) as times) as risks
    where gone > 0"""

_MEDIANS = "select place, min(time) from ({curves}) as c where share <= 0.5 + 1e-9 group by place"

_CURVE = """
    select time, share, at_risk, gone from (
        select c.*, lag(share) over (order by time) as before, lead(time) over (order by time) as after from ({curves}) as c where place = ?) as curve
    where after is null or before is null or cast(before * {points} as bigint) <> cast(share * {points} as bigint)
    order by time"""


def medians(lake: Lake, table: str, place: str, begin: int, end: int) -> dict[str, float]:
    """After how many seconds half had gone on, for each step or stage where it was half of them; *table* is SQL for their visits."""
    curves = _CURVES.format(table=table, place=place, begin=begin, end=end)
    return {name: time / 1_000_000 for name, time in lake.query(_MEDIANS.format(curves=curves))}


def curve(lake: Lake, table: str, place: str, name: str, begin: int, end: int) -> list[Survival]:
    """The curve of one step or stage, thinned where it has more points than anybody sees."""
    curves = _CURVES.format(table=table, place=place, begin=begin, end=end)
    rows = lake.query(_CURVE.format(curves=curves, points=_POINTS), (name,))
    return [Survival(time / 1_000_000, share, int(at_risk), int(gone)) for time, share, at_risk, gone in rows]
