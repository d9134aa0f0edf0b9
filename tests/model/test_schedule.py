"""What recurs: what an author may write, what is made of it, when it occurs, and what the refusals say."""

from __future__ import annotations

from datetime import date

import pytest

from journeykit.core.expressions.calendar import show
from journeykit.core.facts.schedules import following
from journeykit.errors import DefinitionError
from journeykit.model.messages import microseconds
from journeykit.model.schedule import Schedule

BORN = date(1992, 2, 29)


@pytest.mark.parametrize(
    ("text", "occurs"),
    [
        ("day at 08:00", ["2027-02-27 08:00 CET", "2027-02-28 08:00 CET", "2027-03-01 08:00 CET"]),
        ("weekday", ["2027-03-01 00:00 CET", "2027-03-02 00:00 CET", "2027-03-03 00:00 CET"]),
        ("monday or friday at 12:30", ["2027-03-01 12:30 CET", "2027-03-05 12:30 CET", "2027-03-08 12:30 CET"]),
        ("month on 31 at 09:00", ["2027-02-28 09:00 CET", "2027-03-31 09:00 CEST", "2027-04-30 09:00 CEST"]),
        ("month on 31 at 09:00, rolling over", ["2027-03-01 09:00 CET", "2027-03-31 09:00 CEST", "2027-05-01 09:00 CEST"]),
        ("month on customer.born", ["2027-02-28 00:00 CET", "2027-03-29 00:00 CEST", "2027-04-29 00:00 CEST"]),
        ("year on 12-24 at 18:00", ["2027-12-24 18:00 CET", "2028-12-24 18:00 CET", "2029-12-24 18:00 CET"]),
        ("year on 02-29", ["2027-02-28 00:00 CET", "2028-02-29 00:00 CET", "2029-02-28 00:00 CET"]),
        ("year on customer.born, rolling over", ["2027-03-01 00:00 CET", "2028-02-29 00:00 CET", "2029-03-01 00:00 CET"]),
    ],
)
def test_it_occurs_strictly_later_each_time(text: str, occurs: list[str]) -> None:
    """The next three times after half past noon of a February day in Berlin."""
    schedule, at, found = Schedule(text), microseconds("2027-02-26T12:30:00+01:00"), []
    for _ in occurs:
        at = following(schedule, at, "Europe/Berlin", BORN if schedule.moment else None) or 0
        found.append(show(at, "Europe/Berlin"))

    assert found == occurs


def test_nothing_occurs_before_the_date_it_counts_from() -> None:
    """A wedding next year: its first anniversary is not this year."""
    wedding = date(2028, 6, 3)
    at = following(Schedule("year on customer.wedding"), microseconds("2027-01-01T00:00:00Z"), "UTC", wedding)

    assert at == microseconds("2028-06-03T00:00:00Z")
    assert following(Schedule("day"), microseconds("9999-12-31T12:00:00Z"), "UTC", None) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", '"" is no schedule; write for example "monday at 09:00"'),
        ("mondays at 09:00", 'did you mean "monday"?'),
        ("moth at 09:00", 'did you mean "month"?'),
        ("yeer at 09:00", 'did you mean "year"?'),
        ("day at 9:00", '"9:00" is no time of day'),
        ("month at 09:00", "say which day"),
        ("month on 32", '"32" is no day of a month'),
        ("year on 13-01", '"13-01" is no day of a year'),
        ("year on 02-30", '"02-30" is no day of a year'),
        ("day on 5", "only a month and a year have days to name"),
        ("day at 09:00, sometimes", '"sometimes" is no option of a schedule'),
        ("day at 09:00, rolling over", "only months and years can roll over"),
        ("year on born", '"born" is not known'),
    ],
)
def test_what_is_no_schedule_names_the_way_out(text: str, problem: str) -> None:
    """A slip of the pen, a day that does not exist, an option that does nothing."""
    with pytest.raises(DefinitionError) as caught:
        Schedule(text)
    assert problem in str(caught.value)
