"""The ways that customers really took, where they were lost, and who stands where."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.insight.figures import Conversion, Dropoff, Path, Period, Presence, Slice
from journeykit.insight.numbers.slicing import periods_sql, tables_sql
from journeykit.insight.tables.horizon import BEFORE
from journeykit.insight.tables.lake import Lake
from journeykit.insight.tables.quoting import quoted

LONGEST = 20  #: steps of a path that are told; what comes after is not
_BETWEEN = "\x1f"  #: between the steps of a path in SQL: nobody calls a step so

_PATHS = """
    select way, how, count(*) as enrollments, count(distinct customer) from (
        select customer, {way} as way, how from (
            select customer, journey, key, number, {steps}, max(case when until < {end} then ending end) as how
            from (
                select v.*, case when how in ('completed', 'merged') then how when how = 'exited' then reason end as ending
                from {visits} v where entered_at >= {begin} and entered_at < {end} and occurred_at < {end}) as v
            group by customer, journey, key, number) as taken) as ways
    group by way, how order by enrollments desc, way, coalesce(how, '') limit {most}"""

#: ended without the goal, or fell silent; then the last thing that came before
_DROPOFFS = """
    select period, step, reason, name, customers from (
        select period, step, reason, name, customers,
            row_number() over (partition by period order by customers desc, step, coalesce(reason, ''), coalesce(name, '')) as turn
        from (
            select period, step, reason, name, count(distinct customer) as customers from (
                select l.period, l.customer, l.step, l.reason, l.journey, l.key, l.number, min(t.name) as name
                from (
                    select d.period, d.customer, d.step, d.reason, d.journey, d.key, d.number, max(t.mark) as mark
                    from (
                        select p.period, p.until as over, v.customer, v.step, case when v.how = 'exited' then v.reason else v.how end as reason,
                            v.journey, v.key, v.number, 2 * v.next_seq as mark
                        from {visits} v join stays s on s.customer = v.customer and s.journey = v.journey and s.key = v.key and s.number = v.number
                        join {periods} p on v.until >= p.since and v.until < p.until
                        where v.how in ('exited', 'completed') and s.reached = 0
                        union all
                        select p.period, p.until, v.customer, v.step, 'silent', v.journey, v.key, v.number, {never}
                        from {visits} v join {periods} p on v.occurred_at < p.until and v.until >= p.until
                        join active a on a.customer = v.customer and a.until >= p.since and a.until < p.until and a.occurred_at < p.until
                        left join active b on b.customer = v.customer and b.occurred_at < p.until and b.until >= p.until
                        where b.customer is null) as d
                    left join things t on t.customer = d.customer and t.mark < d.mark and t.occurred_at < d.over
                    group by d.period, d.customer, d.step, d.reason, d.journey, d.key, d.number) as l
                left join things t on t.customer = l.customer and t.mark = l.mark
                group by l.period, l.customer, l.step, l.reason, l.journey, l.key, l.number) as lost
            group by period, step, reason, name) as counted) as ranked
    where turn <= {most} order by period, turn"""

_CONVERSIONS = """
    select {by} as label, count(*) as entered, sum(reached), min(s.occurred_at) as first_at from {stays} s{join}
    where s.occurred_at >= {begin} and s.occurred_at < {end} and (s.how is null or s.how <> 'merged')
    group by {by} order by {order}"""

_BY = {
    "segment": ("coalesce(m.segment, '(none)')", "entered desc, label"),
    "channel": ("coalesce(s.channel, '(none)')", "entered desc, label"),
    "entry": ("s.entry", "entered desc, label"),
    "version": ("s.version", "first_at, label"),
}
_IN_SEGMENT = " left join members m on m.customer = s.customer and m.since <= s.occurred_at and s.occurred_at < m.until"

_THERE = """
    select period, step, customer, key, occurred_at from (
        select p.period, v.step, v.customer, v.key, v.occurred_at,
            row_number() over (partition by p.period, v.step order by v.occurred_at, v.customer, v.key) as turn
        from {visits} v join {periods} p on v.occurred_at < p.until and v.until >= p.until{where}) as present
    where turn <= {most} order by period, step, turn"""

_LAST = """
    select period, customer, name, occurred_at from (
        select p.period, h.customer, h.name, h.occurred_at,
            row_number() over (partition by p.period, h.customer order by h.occurred_at desc, h.seq desc, h.id desc) as back
        from happenings h join {periods} p on h.occurred_at < p.until where h.customer in ({customers})) as did
    where back = 1"""


def paths(lake: Lake, cut: Slice, most: int) -> list[Path]:
    """The commonest ways of enrollments that began in *cut*, as far as they had come when it ended."""
    steps = ", ".join(f"max(case when visit = {number} then step end) as s{number}" for number in range(1, LONGEST + 1))
    way = "s1" + "".join(f" || coalesce('{_BETWEEN}' || s{number}, '')" for number in range(2, LONGEST + 1))
    words = {"begin": cut.period.begin, "end": cut.period.end, "most": most}
    rows = lake.query(_PATHS.format(visits=tables_sql(cut)["visits"], steps=steps, way=way, **words))
    return [_path(tuple(taken.split(_BETWEEN)), how, int(count), int(customers)) for taken, how, count, customers in rows]


def _path(steps: tuple[str, ...], end: str | None, enrollments: int, customers: int) -> Path:
    return Path(steps, end, enrollments, customers, len(set(steps)) < len(steps))


def dropoffs(lake: Lake, cut: Slice, periods: Sequence[Period], most: int, never: int) -> list[list[Dropoff]]:
    """Where customers were lost in each of *periods*, the most first; of *cut* everything counts but its own period."""
    found: list[list[Dropoff]] = [[] for _ in periods]
    words = {"visits": tables_sql(cut)["visits"], "periods": periods_sql(periods), "most": most, "never": never}
    for period, step, reason, last, customers in lake.query(_DROPOFFS.format(**words)):
        found[period].append(Dropoff(step, reason or "", last, int(customers)))
    return found


def conversions(lake: Lake, cut: Slice, by: str) -> list[Conversion]:
    """Who reached the goal, for each *by*; who was in two segments counts in both."""
    column, order = _BY[by]
    join = _IN_SEGMENT if by == "segment" else ""
    words = {"begin": cut.period.begin, "end": cut.period.end}
    rows = lake.query(_CONVERSIONS.format(stays=tables_sql(cut)["stays"], by=column, order=order, join=join, **words))
    return [Conversion(label or "", int(entered), int(reached), int(reached) / int(entered)) for label, entered, reached, _ in rows]


def there(lake: Lake, cut: Slice, periods: Sequence[Period], most: int, step: str | None = None) -> list[dict[str, list[Presence]]]:
    """Who stands in each step, or in *step*, when each of *periods* ends: who is there longest first, with the last thing they did."""
    found: list[dict[str, list[Presence]]] = [{} for _ in periods]
    ends = periods_sql(periods)
    where = "" if step is None else f" where v.step = {quoted(step)}"
    rows = lake.query(_THERE.format(visits=tables_sql(cut)["visits"], periods=ends, where=where, most=most))
    customers = ", ".join(sorted({quoted(customer) for _, _, customer, _, _ in rows}))
    did = lake.query(_LAST.format(customers=customers, periods=ends)) if rows else []
    last = {(period, customer): (name, at) for period, customer, name, at in did}
    for period, place, customer, key, since in rows:
        found[period].setdefault(place, []).append(
            Presence(customer, key, since if since > BEFORE else None, *last.get((period, customer), (None, None)))
        )
    return found
