"""When a wait is over: the nights the clocks change, month ends, leap days, and what lies outside the calendar."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit.core.expressions.calendar import civil, due, known_zone, read_moment, show
from journeykit.core.expressions.calendar import local as shown_in
from journeykit.errors import ConditionError
from journeykit.model.wait import Wait

BERLIN, NEW_YORK, LORD_HOWE, KATHMANDU = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"
SAO_PAULO, CAIRO, TOKYO, APIA = "America/Sao_Paulo", "Africa/Cairo", "Asia/Tokyo", "Pacific/Apia"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(text: str) -> int:
    """The instant of ISO text that names its offset."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def told(at: int, zone: str) -> str:
    """What a clock in *zone* shows at *at*, with its offset."""
    return (EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")


def over(wait: str, anchor: str, zone: str) -> str:
    """When *wait* is over that began at *anchor*, as a clock in *zone* shows it."""
    return told(due(Wait(wait), micros(anchor), zone), zone)


@pytest.mark.parametrize(
    ("wait", "anchor", "expected"),
    [
        ("2 hours", "2026-03-29T00:30+01:00", "2026-03-29T03:30+02:00"),
        ("1 day", "2026-03-28T10:00+01:00", "2026-03-29T11:00+02:00"),
        ("1 day", "2026-10-24T10:00+02:00", "2026-10-25T09:00+01:00"),
        ("1 week", "2026-03-25T10:00+01:00", "2026-04-01T11:00+02:00"),
    ],
)
def test_elapsed_time_does_not_look_at_clocks(wait: str, anchor: str, expected: str) -> None:
    """A day is 24 hours, also in the night the clocks change."""
    assert over(wait, anchor, BERLIN) == expected


def test_elapsed_time_is_integer_arithmetic() -> None:
    """Not a microsecond is lost, and no zone is needed."""
    assert due(Wait("2 hours"), 1_774_263_600_000_001, "") == 1_774_263_600_000_001 + 7_200_000_000
    assert due(Wait("2 hours before data.start"), 1_774_263_600_000_001, "") == 1_774_263_600_000_001 - 7_200_000_000


@pytest.mark.parametrize(
    ("zone", "anchor", "wait", "expected"),
    [
        (BERLIN, "2026-03-28T12:00+01:00", "until 02:00", "2026-03-29T03:00+02:00"),
        (BERLIN, "2026-03-28T12:00+01:00", "until 02:30", "2026-03-29T03:00+02:00"),
        (BERLIN, "2026-03-28T12:00+01:00", "until 01:59", "2026-03-29T01:59+01:00"),
        (BERLIN, "2026-03-28T12:00+01:00", "until 03:00", "2026-03-29T03:00+02:00"),
        (NEW_YORK, "2026-03-07T12:00-05:00", "until 02:45", "2026-03-08T03:00-04:00"),
        (LORD_HOWE, "2026-10-03T12:00+10:30", "until 02:15", "2026-10-04T02:30+11:00"),
        (LORD_HOWE, "2026-10-03T12:00+10:30", "until 02:30", "2026-10-04T02:30+11:00"),
        (SAO_PAULO, "2018-11-03T12:00-03:00", "until 00:00", "2018-11-04T01:00-02:00"),
        (SAO_PAULO, "2018-11-03T12:00-03:00", "until sunday", "2018-11-04T01:00-02:00"),
        (CAIRO, "2024-04-25T12:00+02:00", "until 00:30", "2024-04-26T01:00+03:00"),
        (APIA, "2011-12-29T12:00-10:00", "until friday 09:00", "2011-12-31T00:00+14:00"),
        (KATHMANDU, "2026-03-28T12:00+05:45", "until 02:30", "2026-03-29T02:30+05:45"),
    ],
)
def test_a_time_that_does_not_exist(zone: str, anchor: str, wait: str, expected: str) -> None:
    """In the gap of a spring night, the first instant after it counts: an hour, half an hour, midnight, or a whole day long."""
    assert over(wait, anchor, zone) == expected


@pytest.mark.parametrize(
    ("zone", "anchor", "wait", "expected"),
    [
        (BERLIN, "2026-10-24T12:00+02:00", "until 02:30", "2026-10-25T02:30+02:00"),
        (BERLIN, "2026-10-25T02:29+02:00", "until 02:30", "2026-10-25T02:30+02:00"),
        (BERLIN, "2026-10-25T02:30+02:00", "until 02:30", "2026-10-26T02:30+01:00"),
        (BERLIN, "2026-10-25T02:15+01:00", "until 02:30", "2026-10-26T02:30+01:00"),
        (BERLIN, "2026-10-25T02:45+02:00", "until 03:00", "2026-10-25T03:00+01:00"),
        (NEW_YORK, "2026-10-31T12:00-04:00", "until 01:30", "2026-11-01T01:30-04:00"),
        (LORD_HOWE, "2026-04-04T12:00+11:00", "until 01:45", "2026-04-05T01:45+11:00"),
        (SAO_PAULO, "2018-02-17T12:00-02:00", "until 23:30", "2018-02-17T23:30-02:00"),
        (SAO_PAULO, "2018-02-17T23:15-03:00", "until 23:30", "2018-02-18T23:30-03:00"),
        (CAIRO, "2024-10-31T12:00+03:00", "until 00:00", "2024-11-01T00:00+02:00"),
    ],
)
def test_a_time_that_exists_twice(zone: str, anchor: str, wait: str, expected: str) -> None:
    """In the fold of an autumn night, the first of the two counts; in the second hour it is already over."""
    assert over(wait, anchor, zone) == expected


@pytest.mark.parametrize(
    ("anchor", "expected"),
    [
        ("2026-06-01T08:59+02:00", "2026-06-01T09:00+02:00"),
        ("2026-06-01T08:59:59.999999+02:00", "2026-06-01T09:00+02:00"),
        ("2026-06-01T09:00+02:00", "2026-06-02T09:00+02:00"),
        ("2026-06-01T09:00:00.000001+02:00", "2026-06-02T09:00+02:00"),
        ("2026-12-31T10:00+01:00", "2027-01-01T09:00+01:00"),
        ("2028-02-28T10:00+01:00", "2028-02-29T09:00+01:00"),
    ],
)
def test_next_is_strictly_later(anchor: str, expected: str) -> None:
    """Who comes at nine sharp waits until nine tomorrow."""
    assert over("until 09:00", anchor, BERLIN) == expected


@pytest.mark.parametrize(
    ("wait", "anchor", "expected"),
    [
        ("until tuesday 09:00", "2026-06-02T08:00+02:00", "2026-06-02T09:00+02:00"),
        ("until tuesday 09:00", "2026-06-02T09:00+02:00", "2026-06-09T09:00+02:00"),
        ("until tuesday", "2026-06-02T00:00+02:00", "2026-06-09T00:00+02:00"),
        ("until tuesday", "2026-06-01T23:59+02:00", "2026-06-02T00:00+02:00"),
        ("until monday or friday 09:00", "2026-06-01T10:00+02:00", "2026-06-05T09:00+02:00"),
        ("until weekday 09:00", "2026-06-05T10:00+02:00", "2026-06-08T09:00+02:00"),
        ("until weekend 10:00", "2026-06-01T10:00+02:00", "2026-06-06T10:00+02:00"),
        ("until sunday 02:30", "2026-03-23T12:00+01:00", "2026-03-29T03:00+02:00"),
        ("until monday 09:00", "2026-03-23T10:00+01:00", "2026-03-30T09:00+02:00"),
        ("until sunday 09:00", "2026-10-18T10:00+02:00", "2026-10-25T09:00+01:00"),
    ],
)
def test_the_next_weekday(wait: str, anchor: str, expected: str) -> None:
    """The wall time stands still through the week in which the clocks change."""
    assert over(wait, anchor, BERLIN) == expected


@pytest.mark.parametrize(
    ("zone", "anchor", "wait", "expected"),
    [
        (TOKYO, "2026-06-07T16:30+00:00", "until monday 08:00", "2026-06-08T08:00+09:00"),
        (TOKYO, "2026-06-07T14:30+00:00", "until monday 08:00", "2026-06-08T08:00+09:00"),
        (NEW_YORK, "2026-06-06T02:00+00:00", "until friday 23:00", "2026-06-05T23:00-04:00"),
        (NEW_YORK, "2026-06-06T03:30+00:00", "until friday 23:00", "2026-06-12T23:00-04:00"),
        (KATHMANDU, "2026-06-07T18:20+00:00", "until monday 00:10", "2026-06-08T00:10+05:45"),
    ],
)
def test_the_weekday_is_the_customers(zone: str, anchor: str, wait: str, expected: str) -> None:
    """Near midnight it is another day in UTC; what counts is the day where the customer lives."""
    assert over(wait, anchor, zone) == expected


def test_the_zone_of_the_wait_goes_first() -> None:
    """A wait that names a zone is read in it, wherever the customer lives."""
    nine_in_tokyo = due(Wait("until 09:00, in Asia/Tokyo"), micros("2026-06-01T12:00+02:00"), BERLIN)

    assert told(nine_in_tokyo, TOKYO) == "2026-06-02T09:00+09:00"


@pytest.mark.parametrize(
    ("wait", "anchor", "expected"),
    [
        ("1 month", "2026-01-31T10:00+01:00", "2026-02-28T10:00+01:00"),
        ("1 month", "2028-01-31T10:00+01:00", "2028-02-29T10:00+01:00"),
        ("2 months", "2026-01-31T10:00+01:00", "2026-03-31T10:00+02:00"),
        ("3 months", "2026-01-31T10:00+01:00", "2026-04-30T10:00+02:00"),
        ("1 month, rolling over", "2026-01-31T10:00+01:00", "2026-03-01T10:00+01:00"),
        ("1 month, rolling over", "2026-01-29T10:00+01:00", "2026-03-01T10:00+01:00"),
        ("1 month, rolling over", "2026-01-28T10:00+01:00", "2026-02-28T10:00+01:00"),
        ("3 months, rolling over", "2026-01-31T10:00+01:00", "2026-05-01T10:00+02:00"),
        ("1 month, rolling over", "2025-12-31T10:00+01:00", "2026-01-31T10:00+01:00"),
        ("1 month 1 calendar day", "2026-01-31T10:00+01:00", "2026-03-01T10:00+01:00"),
        ("1 year", "2028-02-29T10:00+01:00", "2029-02-28T10:00+01:00"),
        ("1 year, rolling over", "2028-02-29T10:00+01:00", "2029-03-01T10:00+01:00"),
        ("4 years", "2028-02-29T10:00+01:00", "2032-02-29T10:00+01:00"),
        ("11 months", "2026-01-15T10:00+01:00", "2026-12-15T10:00+01:00"),
        ("12 months", "2026-01-15T10:00+01:00", "2027-01-15T10:00+01:00"),
    ],
)
def test_months_and_years(wait: str, anchor: str, expected: str) -> None:
    """A day the month lacks is its last, or the first of the next where the wait says so."""
    assert over(wait, anchor, BERLIN) == expected


@pytest.mark.parametrize(
    ("wait", "anchor", "expected"),
    [
        ("1 calendar day", "2026-03-28T10:00+01:00", "2026-03-29T10:00+02:00"),
        ("1 calendar day", "2026-03-28T02:30+01:00", "2026-03-29T03:00+02:00"),
        ("1 calendar day", "2026-10-24T02:30+02:00", "2026-10-25T02:30+02:00"),
        ("1 calendar day", "2026-10-25T02:30+01:00", "2026-10-26T02:30+01:00"),
        ("3 calendar days at 09:00", "2026-06-01T22:30+02:00", "2026-06-04T09:00+02:00"),
        ("1 calendar day at 02:30", "2026-03-28T12:00+01:00", "2026-03-29T03:00+02:00"),
        ("1 month at 09:00", "2026-01-31T23:59:59+01:00", "2026-02-28T09:00+01:00"),
        ("1 calendar day", "2026-06-01T10:00:00.000007+02:00", "2026-06-02T10:00:00.000007+02:00"),
    ],
)
def test_calendar_days_keep_the_wall_time(wait: str, anchor: str, expected: str) -> None:
    """To the microsecond, unless another wall time is asked for or the clocks jump over it."""
    assert due(Wait(wait), micros(anchor), BERLIN) == micros(expected)


@pytest.mark.parametrize(
    ("wait", "expected"),
    [
        ("1 month before data.end", "2026-04-30T10:00+02:00"),
        ("2 months before data.end", "2026-03-31T10:00+02:00"),
        ("3 months before data.end", "2026-02-28T10:00+01:00"),
        ("3 months before data.end, rolling over", "2026-03-01T10:00+01:00"),
        ("4 months before data.end", "2026-01-31T10:00+01:00"),
        ("1 year 3 months before data.end", "2025-02-28T10:00+01:00"),
        ("3 calendar days before data.end at 09:00", "2026-05-28T09:00+02:00"),
        ("7 days before data.end", "2026-05-24T10:00+02:00"),
        ("until data.end", "2026-05-31T10:00+02:00"),
        ("until data.end at 09:00", "2026-05-31T09:00+02:00"),
    ],
)
def test_every_reminder_counts_from_the_anchor(wait: str, expected: str) -> None:
    """Four months before the end is the 31st again, although three months before was the 28th: nothing is chained."""
    assert over(wait, "2026-05-31T10:00+02:00", BERLIN) == expected


def test_the_day_of_a_moment_is_the_customers() -> None:
    """Half past eleven at night in UTC is the next day in Berlin, and so is its nine o'clock."""
    assert over("until data.start at 09:00", "2026-05-01T23:30+00:00", BERLIN) == "2026-05-02T09:00+02:00"


@pytest.mark.parametrize(
    ("years", "expected"),
    [(1, "2001-02-28T00:00+01:00"), (4, "2004-02-29T00:00+01:00"), (26, "2026-02-28T00:00+01:00"), (28, "2028-02-29T00:00+01:00")],
)
def test_a_birthday_on_a_leap_day(years: int, expected: str) -> None:
    """Who was born on 29 February is greeted on the 28th, and on the 29th when there is one."""
    birthday = read_moment("2000-02-29", BERLIN)
    assert birthday is not None

    wait = Wait(f"{years} year{'s' if years > 1 else ''} after customer.birthday")

    assert told(due(wait, birthday, BERLIN), BERLIN) == expected


def test_a_birthday_on_a_leap_day_may_roll_over() -> None:
    """Where the wait says so, it is greeted on the first of March instead."""
    wait = Wait("26 years after customer.birthday, rolling over")

    assert told(due(wait, micros("2000-02-29T00:00+01:00"), BERLIN), BERLIN) == "2026-03-01T00:00+01:00"


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("2026-11-28", BERLIN, "2026-11-28T00:00+01:00"),
        ("2026-11-28", KATHMANDU, "2026-11-28T00:00+05:45"),
        ("2018-11-04", SAO_PAULO, "2018-11-04T01:00-02:00"),
        ("2026-11-28 09:00", NEW_YORK, "2026-11-28T09:00-05:00"),
        ("2026-03-29T02:30", BERLIN, "2026-03-29T03:00+02:00"),
        ("2026-10-25T02:30", BERLIN, "2026-10-25T02:30+02:00"),
        ("2026-10-04T02:15", LORD_HOWE, "2026-10-04T02:30+11:00"),
        ("2026-11-28T09:00Z", BERLIN, "2026-11-28T10:00+01:00"),
        ("2026-10-25T02:30+01:00", BERLIN, "2026-10-25T02:30+01:00"),
        (" 2026-11-28 ", BERLIN, "2026-11-28T00:00+01:00"),
        (date(2026, 11, 28), BERLIN, "2026-11-28T00:00+01:00"),
        (datetime(2026, 11, 28, 9), BERLIN, "2026-11-28T09:00+01:00"),
        (datetime(2026, 10, 25, 2, 30, fold=1), BERLIN, "2026-10-25T02:30+02:00"),
        (datetime(2026, 11, 28, 9, tzinfo=timezone(timedelta(hours=-5))), BERLIN, "2026-11-28T15:00+01:00"),
    ],
)
def test_reading_a_moment(value: object, zone: str, expected: str) -> None:
    """With an offset it is what it is; without one it is civil time where the customer lives; a date is its midnight."""
    at = read_moment(value, zone)
    assert at is not None

    assert told(at, zone) == expected


def test_a_moment_not_known_is_none() -> None:
    """Missing is not misuse."""
    assert read_moment(None, BERLIN) is None


@pytest.mark.parametrize("value", ["", "soon", "2026-02-30", "28.11.2026", 1_774_263_600, 3.5, True, [], {"at": 1}])
def test_what_is_no_moment(value: object) -> None:
    """Anything else is an error that shows the value and what to give."""
    with pytest.raises(ConditionError) as caught:
        read_moment(value, BERLIN)

    assert str(caught.value) == f"{value!r} is no moment; give an ISO date or time such as 2026-11-28 or 2026-11-28T09:00:00+01:00"


def test_an_instant_of_a_wall_time() -> None:
    """Whoever has a wall time and a zone gets the instant, by the same rules."""
    assert told(civil(datetime(2026, 3, 29, 2, 30), BERLIN), BERLIN) == "2026-03-29T03:00+02:00"
    assert told(civil(datetime(2026, 10, 25, 2, 30), BERLIN), BERLIN) == "2026-10-25T02:30+02:00"


@pytest.mark.parametrize(
    ("wait", "anchor", "zone", "message"),
    [
        (
            "until 09:00",
            "9999-12-31T10:00+00:00",
            "UTC",
            '"until 09:00" counted from 9999-12-31 10:00 UTC leaves the calendar (years 1 to 9999)',
        ),
        ("1 month", "9999-12-10T00:00+00:00", "UTC", '"1 month" counted from 9999-12-10 00:00 UTC leaves the calendar (years 1 to 9999)'),
        (
            "1000 years",
            "9000-01-01T00:00+00:00",
            "UTC",
            '"1000 years" counted from 9000-01-01 00:00 UTC leaves the calendar (years 1 to 9999)',
        ),
        (
            "1 calendar day",
            "9999-12-31T23:00+00:00",
            TOKYO,
            '"1 calendar day" counted from 9999-12-31 23:00 UTC leaves the calendar (years 1 to 9999)',
        ),
        (
            "until 22:00",
            "9999-12-31T23:00+00:00",
            NEW_YORK,
            '"until 22:00" counted from 9999-12-31 23:00 UTC leaves the calendar (years 1 to 9999)',
        ),
        ("until 09:00", "2026-06-01T10:00+00:00", "Mars/Base", '"Mars/Base" is no time zone; use an IANA name such as "Europe/Berlin"'),
    ],
)
def test_the_calendar_ends(wait: str, anchor: str, zone: str, message: str) -> None:
    """Behind the year 9999, or in a zone that is none, there is an error of its own and no endless search."""
    with pytest.raises(ConditionError) as caught:
        due(Wait(wait), micros(anchor), zone)

    assert str(caught.value) == message


def test_a_wall_time_outside_the_calendar() -> None:
    """Midnight of the first day of all is, in Tokyo, before the calendar begins."""
    with pytest.raises(ConditionError) as caught:
        read_moment("0001-01-01", TOKYO)

    assert str(caught.value) == "0001-01-01 00:00:00 in Asia/Tokyo leaves the calendar (years 1 to 9999)"


@pytest.mark.parametrize("name", [BERLIN, "UTC", "America/Argentina/Ushuaia", "Etc/GMT+5", KATHMANDU])
def test_zones_that_are_known(name: str) -> None:
    """IANA names are known."""
    assert known_zone(name)


@pytest.mark.parametrize(
    "name",
    ["", "Europe", "Mars/Base", "europe berlin", "../etc/passwd", "/etc/localtime", "localtime", "right/Europe/Berlin",
     "posix/UTC", "a\0b", "x" * 5_000, "+02:00", None, 5, ["UTC"]],
)  # fmt: skip
def test_zones_that_are_not_known(name: object) -> None:
    """Nor are folders, paths, offsets, and names that mean another zone on another machine."""
    assert not known_zone(name)


@pytest.mark.parametrize(
    ("at", "zone", "expected"),
    [
        ("2026-03-29T01:30+00:00", BERLIN, "2026-03-29 03:30 CEST"),
        ("2026-10-25T00:30+00:00", BERLIN, "2026-10-25 02:30 CEST"),
        ("2026-10-25T01:30+00:00", BERLIN, "2026-10-25 02:30 CET"),
        ("2026-03-29T01:30:07.900000+00:00", KATHMANDU, "2026-03-29 07:15:07 +0545"),
        ("1969-12-31T23:59:59.999999+00:00", "UTC", "1969-12-31 23:59:59 UTC"),
    ],
)
def test_showing_a_moment(at: str, zone: str, expected: str) -> None:
    """People see the wall time and which of the two hours it is."""
    assert show(micros(at), zone) == expected


def test_showing_what_no_calendar_shows() -> None:
    """Never lies after the year 9999."""
    assert show(2**62, BERLIN) == "after the year 9999"
    assert show(-(2**62), BERLIN) == "before the year 1"

    with pytest.raises(ConditionError):
        show(0, "Mars/Base")
    with pytest.raises(ConditionError, match=r"^4611686018427387904 microseconds from 1970 leave the calendar \(years 1 to 9999\)$"):
        shown_in(2**62, BERLIN)
    assert shown_in(0, BERLIN).isoformat() == "1970-01-01T01:00:00+01:00"


# What has gone wrong in other systems.


@pytest.mark.parametrize(
    ("zone", "anchor", "wait", "expected"),
    [
        (NEW_YORK, "2026-06-04T12:00-04:00", "until friday 20:00", "2026-06-05T20:00-04:00"),
        (TOKYO, "2026-06-07T12:00+09:00", "until monday 08:00", "2026-06-08T08:00+09:00"),
        (BERLIN, "2026-03-28T10:00+01:00", "until 09:00", "2026-03-29T09:00+02:00"),
        (BERLIN, "2026-10-24T10:00+02:00", "until 09:00", "2026-10-25T09:00+01:00"),
        (BERLIN, "2026-06-01T23:00+02:00", "until 22:00", "2026-06-02T22:00+02:00"),
        (BERLIN, "2026-01-15T10:00+01:00", "until 09:00", "2026-01-16T09:00+01:00"),
        (BERLIN, "2026-07-15T10:00+02:00", "until 09:00", "2026-07-16T09:00+02:00"),
    ],
)
def test_neither_a_frozen_offset_nor_the_servers_day(zone: str, anchor: str, wait: str, expected: str) -> None:
    """Not the weekday in UTC, not the offset of now, not 24 hours for a day, not one offset for summer and winter."""
    assert over(wait, anchor, zone) == expected


def test_until_a_date_does_wait_for_the_date() -> None:
    """A date fixed in the definition is read, and it is civil time where the customer lives."""
    wait = Wait("until '2026-11-28 09:00', now if past")
    assert wait.moment is not None

    for zone, expected in [(BERLIN, "2026-11-28T09:00+01:00"), (NEW_YORK, "2026-11-28T09:00-05:00")]:
        at = read_moment(wait.moment.text.strip("'"), zone)
        assert at is not None
        assert told(due(wait, at, zone), zone) == expected


# What holds always. The nights in which clocks change are drawn on purpose, and counted.

TURNS = {
    BERLIN: ["2026-03-29T01:00+00:00", "2026-10-25T01:00+00:00"],
    NEW_YORK: ["2026-03-08T07:00+00:00", "2026-11-01T06:00+00:00"],
    LORD_HOWE: ["2026-10-03T15:30+00:00", "2026-04-04T15:00+00:00"],
    SAO_PAULO: ["2018-11-04T03:00+00:00", "2018-02-18T02:00+00:00"],
    CAIRO: ["2024-04-25T22:00+00:00", "2024-10-31T21:00+00:00"],
    KATHMANDU: ["2026-03-29T01:00+00:00"],
}
QUARTER = timedelta(minutes=15)
NEAR_A_TURN = st.sampled_from([(zone, datetime.fromisoformat(turn)) for zone, turns in TURNS.items() for turn in turns])
QUARTERS = st.integers(-4, 6)
DAYS = ["", "monday ", "friday ", "saturday ", "sunday ", "weekday ", "weekend ", "saturday or sunday or thursday "]
THE_DAY_BEFORE = st.tuples(st.integers(-20 * 60, -2 * 60), st.just(""))
ANY_DAY = st.tuples(st.integers(-8 * 24 * 60, 3 * 60), st.sampled_from(DAYS))


def local(at: datetime, zone: str) -> datetime:
    """The wall time at *at*, without a zone."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def around(turn: tuple[str, datetime], quarters: int) -> datetime:
    """A wall time some quarters of an hour from the turn, as a clock would show that does not turn."""
    return local(turn[1] - QUARTER, turn[0]) + QUARTER * (quarters + 1)


def kind(wall: datetime, zone: str) -> str:
    """Whether *wall* exists in *zone* once, twice, or falls into a gap."""
    first, second = (wall.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() for fold in (0, 1))
    assert first is not None
    assert second is not None
    return "once" if first == second else "fold" if first > second else "gap"


def first_match(anchor: datetime, zone: str, wait: Wait) -> tuple[datetime, str]:
    """Walk through time by quarters of an hour, watching a clock, until it first shows or jumps over what *wait* asks for."""
    before = anchor - (anchor - datetime.min.replace(tzinfo=UTC)) % QUARTER
    seen: set[datetime] = {local(before - QUARTER * quarter, zone) for quarter in range(100)}
    for _ in range(10 * 96):
        wall, now = local(before, zone) + QUARTER, before + QUARTER
        while wall <= local(now, zone):
            right_day = wait.weekdays is None or wall.weekday() in wait.weekdays
            if (wall.hour, wall.minute) == wait.clock and right_day and wall not in seen and now > anchor:
                return now, kind(wall, zone)
            seen.add(wall)
            wall += QUARTER
        seen.add(local(now, zone))
        before = now
    raise AssertionError


def test_a_time_of_day_is_the_first_that_a_watched_clock_shows() -> None:
    """
    The next time of day is strictly later, shows what was asked for unless the clocks jump over it, and none lies between:
    it is the one that somebody finds who sits and watches the clock.
    """
    met: Counter[str] = Counter()

    @settings(max_examples=3 * settings().max_examples)
    @given(NEAR_A_TURN, THE_DAY_BEFORE | ANY_DAY, QUARTERS)
    def holds(turn: tuple[str, datetime], begin: tuple[int, str], quarters: int) -> None:
        zone, anchor = turn[0], turn[1] + timedelta(minutes=begin[0])
        asked = around(turn, quarters)
        wait = Wait(f"until {begin[1]}{asked:%H:%M}")

        at = due(wait, micros(anchor.isoformat()), zone)

        expected, how = first_match(anchor, zone, wait)
        met[how] += 1
        assert told(at, zone) == told(micros(expected.isoformat()), zone)
        assert at > micros(anchor.isoformat())

    holds()
    assert met["gap"] >= 10
    assert met["fold"] >= 10


def test_months_keep_the_wall_time() -> None:
    """Any number of months later or earlier a clock shows the same, unless the month lacks the day or the night the hour."""
    met: Counter[str] = Counter()

    @settings(max_examples=3 * settings().max_examples)
    @given(NEAR_A_TURN, st.integers(-30, 30).filter(bool), QUARTERS)
    def holds(turn: tuple[str, datetime], months: int, quarters: int) -> None:
        zone = turn[0]
        wall = around(turn, quarters)
        index = wall.year * 12 + wall.month - 1 - months
        anchor = civil(wall.replace(year=index // 12, month=index % 12 + 1, day=min(wall.day, 28)), zone)
        side, number = ("before", -months) if months < 0 else ("after", months)

        at = due(Wait(f"{number} month{'s' if number > 1 else ''} {side} data.start"), anchor, zone)

        start = local(EPOCH + timedelta(microseconds=anchor), zone)
        asked = wall.replace(day=start.day, hour=start.hour, minute=start.minute)
        met[how := kind(asked, zone)] += 1
        shown = (EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(zone))
        assert shown.fold == 0
        assert shown.replace(tzinfo=None) == asked if how != "gap" else shown.replace(tzinfo=None) > asked

    holds()
    assert met["gap"] >= 10
    assert met["fold"] >= 10


WAITS = ["2 hours", "until 09:00", "until sunday", "until monday 02:30", "2 months", "1000 years", "900 years before data.x",
         "365000 calendar days", "1 year before data.x at 23:59, rolling over", "1 month, rolling over"]  # fmt: skip


@given(
    st.sampled_from(WAITS),
    st.one_of(st.integers(-(2**62), 2**62), st.datetimes().map(lambda wall: micros(f"{wall.isoformat()}+00:00"))),
    st.sampled_from([*TURNS, APIA, "UTC", "Mars/Base"]),
)
def test_a_wait_always_comes_to_an_answer(text: str, anchor: int, zone: str) -> None:
    """From the beginning of the calendar to its end and far outside, there is an instant or a condition error."""
    wait = Wait(text)
    try:
        at = due(wait, anchor, zone)
    except ConditionError:
        return
    assert isinstance(at, int)
    assert at > anchor or wait.kind == "moment"
