"""
Segments, schedules and dates once more (P22 to P24), for `tests/reference.py`; nothing here comes from core.

A segment is asked again at every moment at which anything it reads could have become old enough: every event's moment and every length
of time that stands in its text. A schedule tries day after day. What a window holds is counted from the whole log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from attrs import frozen

from journeykit.model.conditions import Expression
from journeykit.model.journey import On
from journeykit.model.phrases import Aggregate
from journeykit.model.schedule import Schedule
from journeykit.model.wait import Wait
from reference_values import MISSING, Cannot, add_months, due, local, plain, read_moment, value, wall

UNITS = {"minutes": 60, "hours": 3_600, "days": 86_400}


@frozen
class Watched:
    """A segment (a condition), a schedule or a date that somebody waits for; *zone* is that of customers without one."""

    path: str
    rule: Expression | Schedule | Wait | Aggregate
    zone: str = ""

    @property
    def moment(self) -> Expression | None:
        if isinstance(self.rule, Aggregate):
            return None
        return self.rule if isinstance(self.rule, Expression) else self.rule.moment


def path_of(on: On, zone: str | None) -> str:
    """The name of the signal that *on* waits for."""
    if on.segment:
        return f"segment {on.segment}"
    if on.every:
        return f"every {on.every.text} {on.every.zone or zone or 'UTC'}"
    return f"after {on.after.text} {on.after.zone or zone or 'UTC'}" if on.after else ""


def period(unit: str, at: int, zone: str) -> tuple[int, int]:
    """Begin and end of the day, week, month or year that holds *at*."""
    day = local(at, zone).date()
    first = {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1), "year": date(day.year, 1, 1)}[unit]
    after = first
    while period_name(unit, after) == period_name(unit, first):
        after += timedelta(days=1)
    return tuple(wall(datetime(one.year, one.month, one.day), zone) for one in (first, after))  # type: ignore[return-value]


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same: 1 is no truth."""
    return one == other and type(one) is type(other)


def period_name(unit: str, day: date) -> Any:
    return {"day": day, "week": day.isocalendar()[:2], "month": (day.year, day.month), "year": day.year}[unit]


def next_occurrence(schedule: Schedule, after: int, zone: str, anchor: date | None) -> int | None:
    """The first moment after *after*, by trying every day of some years."""
    day = local(after, zone).date() - timedelta(days=1)
    day = max(day, anchor) if anchor else day
    for number in range(366 * 5):
        if occurs(schedule, day + timedelta(days=number), anchor):
            one = day + timedelta(days=number)
            at = wall(datetime(one.year, one.month, one.day, *schedule.clock), zone)
            if at > after:
                return at
    return None


def occurs(schedule: Schedule, day: date, anchor: date | None) -> bool:
    """Whether *schedule* falls on that day."""
    if schedule.unit == "day":
        return schedule.weekdays is None or day.weekday() in schedule.weekdays
    wanted = schedule.day or (anchor.day if anchor else 1)
    month = schedule.month or (anchor.month if anchor else 1)
    if schedule.rolling_over:
        lacked = (day - timedelta(days=1)).day < wanted and day.day == 1
        before = (day - timedelta(days=1)).month
        return (
            (day.day == wanted and schedule.unit == "month")
            or (lacked and (schedule.unit == "month" or before == month))
            or (day.day == wanted and day.month == month)
        )
    last = add_months(date(2024 if day.year % 4 == 0 else 2023, day.month, 1), 1, rolling_over=False) - timedelta(days=1)
    return day.day == min(wanted, last.day) and (schedule.unit == "month" or day.month == month)


class Watching:
    """What a customer under the reference is watched by."""

    def watch_for(self) -> list[Watched]:
        """Facts over a window, then segments in the order of the catalog, then schedules and dates of entries, then schedules of rules."""
        awaited = {on.changed for chart in self.charts.values() for on in self.all_on(chart)}
        windows = {f"customer.{name}": fold for name, fold in self.facts.items() if fold.rolling or fold.period}
        watched = [Watched(path, fold) for path, fold in windows.items() if path in awaited]
        heard = {on.segment.removeprefix("not ") for chart in self.charts.values() for on in self.all_on(chart) if on.segment}
        heard |= {path.removeprefix("segment.") for chart in self.charts.values() for path in chart.reads()}
        found = [*watched, *(Watched(f"segment {name}", condition) for name, condition in self.segments.items() if name in heard)]
        entries = [(entry.on, chart.journey.zone) for chart in self.charts.values() for entry in chart.journey.entry]
        rules = [(on, chart.journey.zone) for chart in self.charts.values() for on in chart.rules() if not on.after]
        for on, zone in [*entries, *rules]:
            rule = on.every or on.after
            if rule and path_of(on, zone) not in [one.path for one in found]:
                found.append(Watched(path_of(on, zone), rule, rule.zone or zone or "UTC"))
        return found

    def all_on(self, chart: Any) -> Iterator[On]:
        yield from chart.rules()
        yield from (entry.on for entry in chart.journey.entry)

    # -- what somebody reads

    def built_on(self, expression: Expression) -> set[str]:
        """What an expression reads, the segments in it taken apart."""
        paths = {".".join(str(part) for part in path[:2]) for path in expression.paths}
        for name in [path.removeprefix("segment.") for path in paths if path.startswith("segment.")]:
            paths |= self.built_on(self.segments[name])
        return paths

    def reading(self, one: Watched, changed: set[str]) -> bool:
        if isinstance(one.rule, Aggregate):
            return one.path in changed
        paths = self.built_on(one.moment) if one.moment else set()
        own_zone = not isinstance(one.rule, Expression) and not one.rule.zone and (isinstance(one.rule, Schedule) or one.rule.civil)
        return not changed.isdisjoint(paths | ({"customer.zone"} if own_zone else set()))

    # -- looking

    def meet(self) -> None:
        """The first look, from which nothing follows."""
        if self.state.met:
            return
        self.state.met = True
        for one in self.watched:
            if isinstance(one.rule, Expression):
                self.state.watched[one.path] = self.true(one, self.now, otherwise=False)
            elif isinstance(one.rule, Aggregate):
                self.state.watched[one.path] = self.value_at(one.rule, self.now)
            else:
                at = self.moment_of(one, self.passed)
                over = isinstance(one.rule, Wait) and at is not None and at <= self.passed
                self.state.watched[one.path] = (None, at) if over else (at, None)

    def watch(self, changed: set[str]) -> None:
        """Those that read what has changed look again."""
        for one in self.watched:
            if self.reading(one, changed):
                self.see(one)

    def see(self, one: Watched) -> None:
        known = self.state.watched[one.path]
        if isinstance(one.rule, Aggregate):
            new = self.state.watched[one.path] = self.value_at(one.rule, self.now)
            if not same(known, new):
                self.state.notes["window changed"] += 1
                self.state.queue.append(self.change_of(one.path, known, new))
            return
        if isinstance(one.rule, Expression):
            inside = self.true(one, self.now, otherwise=known)
            if inside is not known:
                self.state.watched[one.path] = inside
                self.occurs(one.path if inside else one.path.replace("segment ", "segment not "), known, inside)
            return
        armed, fired = known
        if isinstance(one.rule, Schedule):
            after = self.passed if armed is None else min(self.passed, armed - 1)
            self.state.watched[one.path] = (self.moment_of(one, after), None)
            return
        at = self.moment_of(one, self.passed)
        past = at is not None and at <= self.passed
        self.state.watched[one.path] = (None, at) if past else (at, fired)
        if past and at != fired and one.rule.past == "now":
            self.occurs(one.path)

    def occurs(self, path: str, old: Any = None, new: Any = None) -> None:
        self.state.notes[path.split(maxsplit=1)[0] + (" left" if path.startswith("segment not ") else "")] += 1
        self.state.queue.append(self.signal_of(path, old, new))

    def value_at(self, fold: Aggregate, at: int) -> Any:
        """What a fact is at a moment."""
        before, self.now = self.now, at
        try:
            return plain(self.fact(fold))
        finally:
            self.now = before

    def true(self, one: Watched, at: int, *, otherwise: bool) -> bool:
        """Whether a condition holds at a moment."""
        before, self.now = self.now, at
        try:
            return bool(value(one.rule.tree, lambda path: self.look(None, path)))  # type: ignore[union-attr]
        except Cannot:
            return otherwise
        finally:
            self.now = before

    def moment_of(self, one: Watched, after: int) -> int | None:
        """When a schedule occurs next, or when a date is, whether past or not."""
        zone = one.rule.zone or self.state.zone or one.zone  # type: ignore[union-attr]
        known = self.worth(None, one.moment) if one.moment else None
        if known is MISSING:
            return None
        if isinstance(one.rule, Wait):
            return due(one.rule, read_moment(known, zone), zone, self.holidays)
        assert isinstance(one.rule, Schedule)
        return next_occurrence(one.rule, after, zone, local(read_moment(known, zone), zone).date() if one.moment else None)

    # -- time passes

    def coming(self, until: int) -> list[tuple[int, int, int, str]]:
        """The next moment of everything that is watched, where it comes before *until*."""
        found = []
        for order, one in enumerate(self.watched if self.state.met else ()):
            known = self.state.watched[one.path]
            if isinstance(one.rule, Aggregate):
                fold, ats = one.rule, {min(event.at, accepted) for event, accepted in self.state.log}
                moments = sorted({at + fold.rolling for at in ats} if fold.rolling else {span[1] for span in self.spans(fold)})
                at = next((at for at in moments if self.now <= at < until and not same(self.value_at(fold, at), known)), None)
            elif isinstance(one.rule, Expression):
                moments = sorted(at for at in self.turning(one) if self.now <= at < until)
                at = next((at for at in moments if self.true(one, at, otherwise=known) is not known), None)
            else:
                at = known[0]
            if at is not None and at < until:
                found.append((at, 3, order, one.path))
        return found

    def come(self, path: str) -> None:
        """The moment of something that is watched has come."""
        one = next(one for one in self.watched if one.path == path)
        if isinstance(one.rule, (Expression, Aggregate)):
            self.see(one)
        elif isinstance(one.rule, Schedule):
            self.state.watched[path] = (self.moment_of(one, self.now), None)
            self.occurs(path)
        else:
            self.state.watched[path] = (None, self.now)
            self.occurs(path)

    def turning(self, one: Watched) -> set[int]:
        """Every moment at which a segment could change by itself."""
        paths = self.built_on(one.rule)  # type: ignore[arg-type]
        texts = " ".join([one.rule.text, *(self.segments[path[8:]].text for path in paths if path.startswith("segment."))])
        folds = [self.facts[path[9:]] for path in paths if path[9:] in self.facts]
        lengths = {int(number) * UNITS[unit] * 1_000_000 for unit, number in re.findall(r"(minutes|hours|days)\((\d+)\)", texts)}
        lengths |= {fold.rolling for fold in folds if fold.rolling}
        ats = {min(event.at, accepted) for event, accepted in self.state.log}
        ends = {span[1] for fold in folds if fold.period for span in self.spans(fold)}
        return {at + length + more for at in ats for length in lengths for more in (0, 1)} | ends

    # -- windows

    def spans(self, fold: Aggregate) -> list[tuple[int, int]]:
        """For each event of the log the period that was under way for *fold* once it was counted."""
        found: list[tuple[int, int]] = []
        for place in range(len(self.state.log)):
            at = self.folded(fold, place)
            if at is None:
                found += found[-1:]
            elif not found or at >= found[-1][1]:
                begin, end = period(fold.period or "", at, fold.zone or self.state.zones[place] or "UTC")
                found.append((max(begin, found[-1][1]) if found else begin, end))
            else:
                found += found[-1:]
        return found

    def in_window(self, fold: Aggregate, at: int) -> bool:
        """Whether a moment lies in the window of *fold* now."""
        if fold.rolling:
            return self.now - fold.rolling < at <= self.now
        if not fold.period:
            return True
        spans = self.spans(fold)
        return bool(spans) and spans[-1][0] <= at < spans[-1][1] and self.now < spans[-1][1]
