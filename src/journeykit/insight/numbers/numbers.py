"""Measures in periods and slices."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.errors import UnknownError
from journeykit.insight.figures import Change, Figure, Period, Slice
from journeykit.insight.measures import MEASURES
from journeykit.insight.measures.measure import Measure
from journeykit.insight.numbers.slicing import periods_sql, tables_sql
from journeykit.insight.tables.lake import Lake
from journeykit.model.phrases import suggestion

_NAMED = {measure.name: measure for measure in MEASURES}


def named(name: str) -> Measure:
    """
    The measure of that name.

    Raises:
        UnknownError: there is none.
    """
    if name not in _NAMED:
        raise UnknownError(f'no measure "{name}"{suggestion(name, _NAMED)}')
    return _NAMED[name]


def figures(lake: Lake, measure: Measure, cut: Slice, periods: Sequence[Period]) -> list[list[Figure]]:
    """*measure* in each of *periods*, all in one query; of *cut* everything counts but its own period."""
    if not periods:
        return []
    rows = lake.query(measure.sql.format(periods=periods_sql(periods), **tables_sql(cut)))
    found: list[list[Figure]] = [[] for _ in periods]
    for place, label, count, out_of in rows:
        found[place].append(_figure(measure, label, count, out_of))
    if measure.by is None:
        return [these or [_figure(measure, None, 0, None if measure.counts else 0)] for these in found]
    return [sorted(these, key=lambda one: (-one.count, one.by or "")) for these in found]


def together(measure: Measure, these: Sequence[Figure]) -> Figure:
    """The figures of one period as one."""
    if measure.by is None:
        return these[0]
    return _figure(measure, None, sum(one.count for one in these), sum(one.of or 0 for one in these))


def _figure(measure: Measure, label: str | None, count: float | None, out_of: float | None) -> Figure:
    count = _number(count)
    if measure.counts:
        return Figure(measure.name, count, measure.unit, count, None, label)
    of = _number(out_of)
    return Figure(measure.name, measure.scale * count / of if of else None, measure.unit, count, of, label)


def _number(value: float | None) -> float:
    """What an engine gives for a sum, as a whole number where it is one."""
    number = float(value or 0)
    return int(number) if number.is_integer() else number


def changes(before: Sequence[Figure], after: Sequence[Figure]) -> list[Change]:
    """The figures of two slices side by side, those of *after* first; what one of them does not have is nothing there."""
    old, new = ({one.by: one for one in these} for these in (before, after))
    return [
        _change(old.get(by) or _nothing(new[by]), new.get(by) or _nothing(old[by])) for by in [*new, *(by for by in old if by not in new)]
    ]


def _change(before: Figure, after: Figure) -> Change:
    difference = None if before.value is None or after.value is None else after.value - before.value
    return Change(after.name, before, after, difference)


def _nothing(like: Figure) -> Figure:
    """What a figure is where nothing of its kind happened."""
    return Figure(like.name, 0 if like.of is None else None, like.unit, 0, None if like.of is None else 0, like.by)


def set_aside(lake: Lake, period: Period) -> dict[str, int]:
    """How many orders of *period* are in no sum, by why they are not."""
    rows = lake.query(
        """select foreign_money, count(*) from orders
        where cancelled = 0 and amount is null and occurred_at >= ? and occurred_at < ? group by foreign_money order by foreign_money desc""",
        (period.begin, period.end),
    )
    return {"in another currency" if foreign else "without an amount": int(count) for foreign, count in rows}
