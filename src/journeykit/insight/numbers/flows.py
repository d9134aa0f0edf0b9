"""How customers went through a journey in a period: who was where, who came, moved on, left, and by which ways."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import evolve

from journeykit.insight.figures import Flow, LinkFlow, Period, Slice, StepFlow
from journeykit.insight.numbers.slicing import periods_sql, tables_sql
from journeykit.insight.numbers.survival import medians
from journeykit.insight.tables.lake import Lake

#: who stood somewhere between begin and end; a move in the very moment in which the period begins belongs to it
_THERE = """
    select {place}, sum(case when occurred_at < {begin} then 1 else 0 end), sum(case when occurred_at >= {begin} then 1 else 0 end),
        count(distinct customer), sum(case when until < {end} and how = 'moved' then 1 when until < {end} and how = 'migrated' then 1 else 0 end),
        sum(case when until < {end} and how not in ('moved', 'migrated') then 1 else 0 end), sum(case when until >= {end} then 1 else 0 end)
    from {table} v where occurred_at < {end} and until >= {begin} group by {place}"""

_WAYS = """
    select period, null as source, step as target, cause, null as reason, count(*) as times, count(distinct customer)
    from {visits} v join {periods} p on occurred_at >= p.since and occurred_at < p.until
    where visit = 1 group by period, step, cause
    union all
    select period, step, next, why, null, count(*), count(distinct customer)
    from {visits} v join {periods} p on v.until >= p.since and v.until < p.until
    where how in ('moved', 'migrated') group by period, step, next, why
    union all
    select period, step, null, why, case when how = 'exited' then reason else how end, count(*), count(distinct customer)
    from {visits} v join {periods} p on v.until >= p.since and v.until < p.until
    where how in ('completed', 'exited', 'merged') group by period, step, why, case when how = 'exited' then reason else how end"""


def flows(lake: Lake, cut: Slice, steps: Sequence[str], watched: int, periods: Sequence[Period]) -> list[Flow]:
    """
    The journey of *cut* in each of *periods*; of *cut* everything counts but its own period.

    Args:
        lake: where the tables stand.
        cut: the journey, its version, the segment.
        steps: the steps that were designed, in order; steps of other versions that somebody was in follow.
        watched: until when it is known who went on: the end of the record.
        periods: when; each has a flow of its own.
    """
    links = _links(lake, cut, periods)
    cuts = [evolve(cut, period=period) for period in periods]
    return [
        Flow(cut.journey or "", one, tuple(_there(lake, one, "visits", "step", steps, watched)), tuple(ways))
        for one, ways in zip(cuts, links, strict=True)
    ]


def funnel(lake: Lake, cut: Slice, stages: Sequence[str], watched: int) -> list[StepFlow]:
    """The same by stage; *stages* in order, others that somebody was in behind them."""
    return _there(lake, cut, "stage_visits", "stage", stages, watched)


def _there(lake: Lake, cut: Slice, table: str, place: str, order: Sequence[str], watched: int) -> list[StepFlow]:
    sliced = tables_sql(cut)[table]
    rows = {row[0]: row[1:] for row in lake.query(_THERE.format(table=sliced, place=place, begin=cut.period.begin, end=cut.period.end))}
    half = medians(lake, sliced, place, cut.period.begin, min(cut.period.end, watched))
    return [_step(name, rows.get(name, (0,) * 6), half.get(name)) for name in _ordered(order, rows)]


def _ordered(known: Sequence[str], found: Iterable[str]) -> list[str]:
    return [*known, *sorted(name for name in found if name not in known)]


def _step(name: str, row: Sequence[int], median: float | None) -> StepFlow:
    before, arrived, customers, moved, left, still = map(int, row)
    return StepFlow(name, before, arrived, customers, moved, left, still, median)


def _links(lake: Lake, cut: Slice, periods: Sequence[Period]) -> list[list[LinkFlow]]:
    """The ways in each of *periods*, all in one query."""
    found: list[list[LinkFlow]] = [[] for _ in periods]
    for period, source, target, cause, reason, count, customers in lake.query(
        _WAYS.format(visits=tables_sql(cut)["visits"], periods=periods_sql(periods))
    ):
        found[period].append(LinkFlow(source, target, cause, reason, int(count), int(customers)))
    return [sorted(ways, key=lambda one: (-one.count, one.source or "", one.target or "", one.cause, one.reason or "")) for ways in found]
