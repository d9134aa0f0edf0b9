"""Schedules, and dates of a customer that let them in: timers of the customer's own (P24)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta

from journeykit.core.expressions.calendar import civil, due, read_moment, wall
from journeykit.core.expressions.context import Context, Getter, Resolver
from journeykit.core.expressions.expressions import MISSING, compile_expression
from journeykit.core.facts.segments import SegmentTable
from journeykit.core.facts.watchers import Occurred, Watcher, mark
from journeykit.errors import ConditionError
from journeykit.model.conditions import Expression
from journeykit.model.journey import Journey, On
from journeykit.model.records import Moment
from journeykit.model.schedule import Schedule
from journeykit.model.wait import Wait

Day = tuple[int, int]  #: month and day
_NEVER = (1 << 63, Moment("", None))  #: what is known from a moment on that never comes


def signal_of(on: On, journey: Journey) -> str | None:
    """The signal of a schedule, or of a date that lets customers in; the zone of customers without one belongs to it."""
    rule = on.every or on.after
    if rule is None:
        return None
    return f"~{'every' if on.every else 'after'} {rule.text} ({rule.zone or journey.zone or 'UTC'})"


def watchers(current: Iterable[Journey], rules: Iterable[tuple[On, Journey]], table: SegmentTable) -> Iterator[Watcher]:
    """What watches the schedules of *rules*, and the schedules and dates of the entries of the *current* journeys."""
    entries = [(entry.on, journey) for journey in current for entry in journey.entry]
    for on, journey in [*entries, *((on, journey) for on, journey in rules if on.every is not None)]:
        signal, zone = signal_of(on, journey), journey.zone or "UTC"
        if on.every is not None:
            yield ScheduleWatcher(on.every, str(signal), zone, table)
        elif on.after is not None:
            yield DateWatcher(on.after, str(signal), zone, table)


def _reading(expression: Expression | None, table: SegmentTable) -> tuple[Getter | None, frozenset[str]]:
    """What gives the date that something is counted from, and what it reads of the customer."""
    if expression is None:
        return None, frozenset()
    return compile_expression(expression, Resolver(table.known)), table.reads(expression)


def _passed(context: Context) -> int:
    """The last instant that has passed: what is due in the instant of an event is not over yet (P4)."""
    return int(getattr(context, "passed", context.now))


class ScheduleWatcher:
    """Lets a schedule occur for a customer, again and again."""

    def __init__(self, schedule: Schedule, signal: str, zone: str, table: SegmentTable) -> None:
        self.name = f"{signal[1:]} {mark(signal)}"
        self.signal = signal
        self._schedule = schedule
        self._zone = zone
        self._moment, self.rests_on = _reading(schedule.moment, table)
        self.reads = self.rests_on if schedule.zone else self.rests_on | {"customer.zone"}
        self._ahead: dict[str | None, tuple[int, Moment]] = {}  #: for each zone the last first look, and from when on it is the same

    def first(self, context: Context) -> Moment:
        """Arm the next occurrence; where only the zone is read, all customers of a zone are given the same, until it has come."""
        if self._moment is not None:
            return self._first(context)
        passed, zone = _passed(context), context.facts.zone
        since, known = self._ahead.get(zone, _NEVER)
        if not (since <= passed and (known.due_at is None or passed < known.due_at)):
            known = self._first(context)
            self._ahead[zone] = passed, known
        return known

    def _first(self, context: Context) -> Moment:
        try:
            return Moment(self.name, self._next(context))
        except ConditionError:
            return Moment(self.name, None)

    def again(self, context: Context, moment: Moment, *, due: bool) -> tuple[Moment, Occurred | None]:
        """Occur where it is due; where the zone or the date has changed, follow."""
        due_at = self._next(context, None if due else moment.due_at)
        moment = moment if due_at == moment.due_at else Moment(self.name, due_at)
        return moment, Occurred(self.signal) if due else None

    def _next(self, context: Context, armed: int | None = None) -> int | None:
        """The next occurrence; one that is *armed* for this very instant and has not been yet may still be it."""
        passed = _passed(context)
        after = passed if armed is None else min(passed, armed - 1)
        schedule, zone = self._schedule, self._schedule.zone or context.facts.zone or self._zone
        if self._moment is None:
            return following(schedule, after, zone, None)
        value = self._moment(context)
        at = None if value is MISSING else read_moment(value, zone)
        return None if at is None else following(schedule, after, zone, wall(at, zone).date())


def following(schedule: Schedule, after: int, zone: str, anchor: date | None) -> int | None:
    """
    The first occurrence of *schedule* strictly after the moment *after*.

    Args:
        schedule: its rule.
        after: microseconds since 1970 UTC.
        zone: the IANA zone.
        anchor: the date whose day counts, and before which nothing occurs; None where the schedule names the day.

    Returns:
        Microseconds since 1970 UTC; None where the calendar ends.
    """
    here = wall(after, zone).date()
    clock = time(*schedule.clock)
    try:
        days = sorted(day for day in _days(schedule, here, anchor) if anchor is None or day >= anchor)
        instants = (civil(datetime.combine(day, clock), zone) for day in days)
        return next((at for at in instants if at > after), None)
    except (OverflowError, ValueError, ConditionError):
        return None


def _days(schedule: Schedule, here: date, anchor: date | None) -> Iterator[date]:
    """The days around *here*, among them the next, on which *schedule* occurs."""
    if schedule.unit == "day":
        days = (here + timedelta(number) for number in range(9))
        yield from (day for day in days if schedule.weekdays is None or day.weekday() in schedule.weekdays)
        return
    day = schedule.day or (anchor.day if anchor else 1)
    month = schedule.month or (anchor.month if anchor else 1)
    begin = max(here, anchor) if anchor else here
    for number in (-1, 0, 1, 2):
        if schedule.unit == "month":
            year, before = divmod(begin.year * 12 + begin.month - 1 + number, 12)
            yield _day(year, before + 1, day, rolling_over=schedule.rolling_over)
        elif 1 <= begin.year + number <= 9999:
            yield _day(begin.year + number, month, day, rolling_over=schedule.rolling_over)


def _day(year: int, month: int, day: int, *, rolling_over: bool) -> date:
    """The day of a month; where it lacks that day its last, or the first of the next."""
    last = monthrange(year, month)[1]
    found = date(year, month, min(day, last))
    return found + timedelta(1) if day > last and rolling_over else found


class DateWatcher:
    """Lets a date of a customer occur once; remembers which moment it has occurred for."""

    def __init__(self, wait: Wait, signal: str, zone: str, table: SegmentTable) -> None:
        self.name = f"{signal[1:]} {mark(signal)}"
        self.signal = signal
        self._wait = wait
        self._holidays = table.holidays
        self._zone = zone
        self._moment, self.rests_on = _reading(wait.moment, table)
        self.reads = self.rests_on | {"customer.zone"} if wait.civil and wait.zone is None else self.rests_on

    def first(self, context: Context) -> Moment:
        """Arm it; a moment that has passed is over."""
        try:
            at = self._due(context)
        except ConditionError:
            at = None
        over = at is not None and at <= _passed(context)
        return Moment(self.name, None if over else at, at if over else None)

    def again(self, context: Context, moment: Moment, *, due: bool) -> tuple[Moment, Occurred | None]:
        """Occur where it is due, or has passed and counts as now; where the date has moved, follow."""
        at = self._due(context)
        if at is None or at > _passed(context):
            return self._armed(moment, at, due=due), None
        occurs = at != moment.value and ((due and at == context.now) or self._wait.past == "now")
        return Moment(self.name, None, at), Occurred(self.signal) if occurs else None

    def _armed(self, moment: Moment, at: int | None, *, due: bool) -> Moment:
        """One that is armed too early is left as it is and looks again then, which spares writing it anew with every event."""
        early = not due and at is not None and moment.due_at is not None and moment.due_at <= at
        return moment if early or at == moment.due_at else Moment(self.name, at, moment.value)

    def _due(self, context: Context) -> int | None:
        zone = self._wait.zone or context.facts.zone or self._zone
        value = MISSING if self._moment is None else self._moment(context)
        at = None if value is MISSING else read_moment(value, zone)
        return None if at is None else due(self._wait, at, zone, self._holidays)
