"""The ways that customers really took, where they were lost, and who stands where."""

from __future__ import annotations

from journeykit.insight.figures import Conversion, Dropoff, Path, Presence, Slice
from journeykit.insight.numbers.slicing import tables_sql
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
    select step, reason, name, count(distinct customer) as customers from (
        select l.customer, l.step, l.reason, l.journey, l.key, l.number, min(t.name) as name
        from (
            select d.customer, d.step, d.reason, d.journey, d.key, d.number, max(t.mark) as mark
            from (
                select v.customer, v.step, case when v.how = 'exited' then v.reason else v.how end as reason, v.journey, v.key, v.number,
                    2 * v.next_seq as mark
                from {visits} v join stays s on s.customer = v.customer and s.journey = v.journey and s.key = v.key and s.number = v.number
                where v.until >= {begin} and v.until < {end} and v.how in ('exited', 'completed') and s.reached = 0
                union all
                select v.customer, v.step, 'silent', v.journey, v.key, v.number, {never}
                from {visits} v join active a on a.customer = v.customer and a.until >= {begin} and a.until < {end}
                left join active b on b.customer = v.customer and b.occurred_at < {end} and b.until >= {end}
                where v.occurred_at < {end} and v.until >= {end} and a.occurred_at < {end} and b.customer is null) as d
            left join things t on t.customer = d.customer and t.mark < d.mark and t.occurred_at < {end}
            group by d.customer, d.step, d.reason, d.journey, d.key, d.number) as l
        left join things t on t.customer = l.customer and t.mark = l.mark
        group by l.customer, l.step, l.reason, l.journey, l.key, l.number) as lost
    group by step, reason, name order by customers desc, step, coalesce(reason, ''), coalesce(name, '') limit {most}"""

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
    select customer, key, occurred_at from {visits} v
    where step = {step} and occurred_at < {end} and until >= {end} order by occurred_at, customer, key limit {most}"""

_LAST = """
    select customer, name, occurred_at from (
        select customer, name, occurred_at, row_number() over (partition by customer order by occurred_at desc, seq desc, id desc) as back
        from happenings where customer in ({customers}) and occurred_at < {end}) as did
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


def dropoffs(lake: Lake, cut: Slice, most: int, never: int) -> list[Dropoff]:
    """Where customers were lost, the most first."""
    words = {"begin": cut.period.begin, "end": cut.period.end, "most": most, "never": never}
    rows = lake.query(_DROPOFFS.format(visits=tables_sql(cut)["visits"], **words))
    return [Dropoff(step, reason or "", last, int(customers)) for step, reason, last, customers in rows]


def conversions(lake: Lake, cut: Slice, by: str) -> list[Conversion]:
    """Who reached the goal, for each *by*; who was in two segments counts in both."""
    column, order = _BY[by]
    join = _IN_SEGMENT if by == "segment" else ""
    words = {"begin": cut.period.begin, "end": cut.period.end}
    rows = lake.query(_CONVERSIONS.format(stays=tables_sql(cut)["stays"], by=column, order=order, join=join, **words))
    return [Conversion(label or "", int(entered), int(reached), int(reached) / int(entered)) for label, entered, reached, _ in rows]


def there(lake: Lake, cut: Slice, step: str, most: int) -> list[Presence]:
    """Who stands in *step* when *cut* ends, who is there longest first, with the last thing they did."""
    rows = lake.query(_THERE.format(visits=tables_sql(cut)["visits"], step=quoted(step), end=cut.period.end, most=most))
    customers = ", ".join(sorted({quoted(customer) for customer, _, _ in rows}))
    last = {one: (name, at) for one, name, at in lake.query(_LAST.format(customers=customers, end=cut.period.end))} if rows else {}
    return [Presence(customer, key, since, *last.get(customer, (None, None))) for customer, key, since in rows]
