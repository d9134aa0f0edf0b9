"""The arithmetic of policies, beside a simpler one: windows of quiet hours, and rolling windows of caps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from journeykit.core.compiling.policies import about, clock, free_at, quiet_until
from journeykit.model.messages import microseconds, moment
from journeykit.model.policies import Policy
from journeykit.model.records import Sent

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Asia/Kathmandu", "Pacific/Auckland", "America/Havana", "UTC")
MINUTES = st.integers(0, 24 * 60 - 1)
#: Weeks of 2026 in which no clock of these zones changes.
CALM = st.datetimes(datetime(2026, 5, 4), datetime(2026, 9, 20), timezones=st.just(UTC))


@given(MINUTES, MINUTES, st.sets(st.sampled_from(range(7))), st.sampled_from(ZONES), CALM)
def test_a_window_is_what_the_clock_on_the_wall_shows(begin: int, end: int, days: set[int], zone: str, now: datetime) -> None:
    """Inside: the wall shows a time in the window, on a day named, or in the morning after one. It lasts to the end."""
    if begin == end:
        return
    on = f" on {' and '.join(DAYS[day] for day in sorted(days))}" if days else ""
    policy = Policy(f"quiet {clock(begin)} to {clock(end)}{on}")
    wall = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    minute, allowed = wall.hour * 60 + wall.minute, days or set(range(7))
    if begin < end:
        inside, ends = begin <= minute < end and wall.weekday() in allowed, wall
    elif minute >= begin:
        inside, ends = wall.weekday() in allowed, wall + timedelta(1)
    else:
        inside, ends = minute < end and (wall.weekday() - 1) % 7 in allowed, wall
    until = quiet_until(policy, microseconds(now), zone)

    assert (until is not None) is inside
    if until is not None:
        assert moment(until).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == datetime(ends.year, ends.month, ends.day, *divmod(end, 60))


@given(MINUTES, MINUTES, st.sampled_from(ZONES), st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)))
def test_a_window_ends(begin: int, end: int, zone: str, now: datetime) -> None:
    """Also when clocks change: the end is later than now, within a day and an hour or so, and no longer quiet."""
    if begin == end:
        return
    policy = Policy(f"quiet {clock(begin)} to {clock(end)}")
    at = microseconds(now)
    until = quiet_until(policy, at, zone)
    if until is not None:
        assert at < until <= at + 26 * 3_600_000_000
        assert quiet_until(policy, until, zone) is None


@given(st.integers(1, 4), st.lists(st.integers(-200, 0) | st.none(), max_size=8))
def test_a_cap_says_when_there_is_room(number: int, times: list[int | None]) -> None:
    """At that moment, and not before it, fewer than the limit lie in the window, the present included and its begin not."""
    policy = Policy(f"at most {number} in 1 minute")
    window = 60_000_000
    sent = [Sent(place, "email", None, None if at is None else at * 1_000_000) for place, at in enumerate(times)]
    known = [0 if one.at is None else one.at for one in sent]

    def room(now: int) -> bool:
        return sum(now - window < at <= now for at in known) < number

    free = free_at(policy, sent, 0)
    assert (free is None) is room(0)
    if free is not None:
        assert room(free)
        assert not room(free - 1)


def test_whom_a_policy_is_about() -> None:
    """Its channels and its topic, where it names them."""
    policy = Policy("at most 1 email about news in 1 day")

    assert [about(policy, *message) for message in (("email", "news"), ("email", None), ("sms", "news"))] == [True, False, False]
    assert about(Policy("consent"), "sms", "news")
