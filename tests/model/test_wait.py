"""How long or until when: what an author may write, what is made of it, and what the refusals say."""

from __future__ import annotations

import contextlib
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeykit.errors import DefinitionError
from journeykit.model.conditions import Expression
from journeykit.model.phrases import Reentry
from journeykit.model.wait import Wait

NOTHING = {
    "seconds": 0, "days": 0, "business": 0, "months": 0, "moment": None, "timer": None, "clock": None, "weekdays": None, "missing": None, "missing_to": None,
    "past": None, "past_to": None, "following": False, "zone": None, "rolling_over": False, "civil": False,
}  # fmt: skip
DAY = 86_400


def parts(text: str) -> dict[str, Any]:
    """Everything a wait was read into, but its text."""
    return {name: value for name, value in attrs.asdict(Wait(text), recurse=False).items() if name != "text"}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1 second", 1),
        ("30 seconds", 30),
        ("45 minutes", 2_700),
        ("2 hours", 7_200),
        ("3 days", 3 * DAY),
        ("2 weeks", 14 * DAY),
        ("1 day 12 hours", 129_600),
        ("1 hour and 30 minutes", 5_400),
        ("2   hours", 7_200),
    ],
)
def test_an_elapsed_duration_is_seconds(text: str, seconds: int) -> None:
    """Seconds, minutes, hours, days of 24 hours and weeks of seven of them need no zone."""
    assert parts(text) == NOTHING | {"kind": "elapsed", "seconds": seconds}


@pytest.mark.parametrize(
    ("text", "months", "days"),
    [
        ("3 calendar days", 0, 3),
        ("1 calendar week", 0, 7),
        ("2 months", 2, 0),
        ("2 calendar months", 2, 0),
        ("1 year", 12, 0),
        ("1 year 6 months", 18, 0),
        ("1 month 2 calendar days", 1, 2),
        ("1 year and 1 calendar week", 12, 7),
    ],
)
def test_a_civil_duration_is_months_and_days(text: str, months: int, days: int) -> None:
    """Calendar days, months and years are counted on the calendar, in a zone."""
    assert parts(text) == NOTHING | {"kind": "civil", "months": months, "days": days, "civil": True}


def test_a_civil_duration_may_end_at_a_time_of_day() -> None:
    """Three calendar days at nine is the wall time of that day."""
    assert parts("3 calendar days at 09:00") == NOTHING | {"kind": "civil", "days": 3, "clock": (9, 0), "civil": True}


@pytest.mark.parametrize(
    ("text", "clock", "weekdays"),
    [
        ("until 09:00", (9, 0), None),
        ("until 00:00", (0, 0), None),
        ("until 23:59", (23, 59), None),
        ("until tuesday 09:00", (9, 0), {1}),
        ("until Tuesday at 09:00", (9, 0), {1}),
        ("until monday or friday 09:00", (9, 0), {0, 4}),
        ("until weekday 09:00", (9, 0), {0, 1, 2, 3, 4}),
        ("until weekend 10:00", (10, 0), {5, 6}),
        ("until weekend or monday 10:00", (10, 0), {5, 6, 0}),
        ("until tuesday", (0, 0), {1}),
        ("until tuesday\n  at 09:00", (9, 0), {1}),
    ],
)
def test_until_a_time_of_day(text: str, clock: tuple[int, int], weekdays: set[int] | None) -> None:
    """A time of day, on some weekdays or on all; a weekday alone is its midnight."""
    assert parts(text) == NOTHING | {"kind": "clock", "clock": clock, "weekdays": weekdays, "civil": True}


@pytest.mark.parametrize(
    ("text", "moment", "rest"),
    [
        ("until data.start", "data.start", {}),
        ("data.start", "data.start", {}),
        ("until data.start at 09:00", "data.start", {"clock": (9, 0)}),
        ("7 days before data.start", "data.start", {"seconds": -7 * DAY}),
        ("2 hours after event.pickup", "event.pickup", {"seconds": 7_200}),
        ("2 months before customer.wedding", "customer.wedding", {"months": -2}),
        ("1 year 3 calendar days before customer.birthday", "customer.birthday", {"months": -12, "days": -3}),
        ("3 calendar days after data.delivered at 09:00", "data.delivered", {"days": 3, "clock": (9, 0)}),
        ("until event['start, or so']", "event['start, or so']", {}),
        ("until min(data.start, data.end)", "min(data.start, data.end)", {}),
        ("until '2026-11-28 09:00'", "'2026-11-28 09:00'", {}),
        ("1 month after '2026-01-31'", "'2026-01-31'", {"months": 1}),
    ],
)
def test_a_moment_and_the_way_from_it(text: str, moment: str, rest: dict[str, Any]) -> None:
    """A moment is any expression or a fixed date in quotes; before it, the parts are negative."""
    assert parts(text) == NOTHING | {"kind": "moment", "moment": Expression(moment), "civil": True} | rest


@pytest.mark.parametrize("text", ["2 hours after journey.entered_at", "until scope.entered_at", "until '2026-11-28T09:00+01:00'"])
def test_an_exact_moment_needs_no_zone(text: str) -> None:
    """Where the moment itself is sure to carry its offset, nobody has to be asked for a zone."""
    assert not Wait(text).civil


@pytest.mark.parametrize(
    ("option", "read"),
    [
        ("wait if missing", {"missing": "wait"}),
        ("exit if missing", {"missing": "exit"}),
        ("skip to say thanks if missing", {"missing": "skip", "missing_to": "say thanks"}),
        ("now if past", {"past": "now"}),
        ("exit if past", {"past": "exit"}),
        ("skip to what if missing if past", {"past": "skip", "past_to": "what if missing"}),
        ("following", {"following": True}),
        ("in Europe/Berlin", {"zone": "Europe/Berlin"}),
        ("in Etc/GMT+5", {"zone": "Etc/GMT+5"}),
    ],
)
def test_an_option_after_a_comma(option: str, read: dict[str, Any]) -> None:
    """Each option says one thing more."""
    expected = NOTHING | {"kind": "moment", "moment": Expression("data.start"), "civil": True}

    assert parts(f"until data.start, {option}") == expected | read


def test_all_options_together() -> None:
    """The order of options does not matter, and blanks around commas do not either."""
    assert parts("2 months before data.end , rolling over,exit if missing,  now if past, following, in Asia/Kathmandu") == NOTHING | {
        "kind": "moment", "months": -2, "moment": Expression("data.end"), "civil": True, "rolling_over": True,
        "missing": "exit", "past": "now", "following": True, "zone": "Asia/Kathmandu",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "open_cases"),
    [
        ("2 hours", ()),
        ("until 09:00", ()),
        ("2 months", ()),
        ("until data.start", ("missing", "past")),
        ("until data.start, wait if missing", ("past",)),
        ("until data.start, now if past", ("missing",)),
        ("until data.start, exit if missing, exit if past", ()),
        ("until '2026-11-28'", ("past",)),
        ("30 days after journey.entered_at", ("past",)),
        ("30 days after step.entered_at", ()),
        ("until step.entered_at at 09:00", ("past",)),
    ],
)
def test_what_a_moment_leaves_open(text: str, open_cases: tuple[str, ...]) -> None:
    """A moment that can be missing or over, without a word on what follows, is told so."""
    assert Wait(text).undeclared == open_cases


def test_two_waits_are_equal_when_their_texts_are() -> None:
    """The text is the value; blanks around it do not count, other words for the same time do."""
    assert Wait(" 2 hours ") == Wait("2 hours")
    assert hash(Wait("2 hours")) == hash(Wait("2 hours"))
    assert Wait("120 minutes") != Wait("2 hours")
    assert repr(Wait("2 hours")) == "Wait(text='2 hours')"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2 hour s", '"2 hour s" is no duration; write "2 hours"'),
        ("2 huors", '"2 huors" is no duration; write "2 hours"'),
        ("2h 10 min", '"2h 10 min" is no duration; write "2 hours 10 minutes"'),
        ("1 dya", '"1 dya" is no duration; write "1 day"'),
        ("3 calender days", '"3 calender days" is no duration; write "3 calendar days"'),
        ("3 calendar hours", '"3 calendar hours" is no duration; write "3 hours"'),
        ("3 m", '"3 m" is no duration; write for example "2 hours", "90 minutes" or "3 calendar days"'),
        ("1.5 hours", '"1.5 hours" is no duration; write for example "2 hours", "90 minutes" or "3 calendar days"'),
        ("0 hours", '"0 hours" is no time at all; write for example "1 hour"'),
        ("0 calendar days", '"0 calendar days" is no time at all; write for example "1 calendar day"'),
        ("9" * 30 + " hours", f'"{"9" * 30} hours" is longer than 1000 years; write a shorter wait, or none'),
        ("366001 days", '"366001 days" is longer than 1000 years; write a shorter wait, or none'),
        ("1001 years", '"1001 years" is longer than 1000 years; write a shorter wait, or none'),
        ("1 month 2 days", '"1 month 2 days" mixes elapsed and calendar time; write "1 month 2 calendar days"'),
        (
            "until 14 calendar days before data.ends",
            '"until 14 calendar days before data.ends": "until" names a moment, and this is how long; leave "until" out',
        ),
        ("1 month 2 hours", '"1 month 2 hours" mixes elapsed and calendar time; write two steps, one wait each'),
        ("3 days at 09:00", '"3 days at 09:00": an elapsed duration has no wall time; write "3 calendar days at 09:00"'),
        (
            "2 hours at 09:00",
            '"2 hours at 09:00": an elapsed duration has no wall time; write "until 09:00" for a time of day, or calendar days before "at"',
        ),
        (
            "1 week before data.start at 09:00",
            '"1 week before data.start at 09:00": an elapsed duration has no wall time; write "1 calendar week before data.start at 09:00"',
        ),
        ("", '"" is no wait; write for example "2 hours", "until 09:00" or "until data.start"'),
        ("two hours", '"two hours" is no wait; write for example "2 hours", "until 09:00" or "until data.start"'),
        ("-2 hours", '"-2 hours" is no wait; write for example "2 hours", "until 09:00" or "until data.start"'),
        (
            "until 9:00",
            '"until 9:00": no time of day, no weekday and no moment; write "until 09:00", "until tuesday 09:00" or "until data.start"',
        ),
        (
            "until teusday 09:00",
            (
                '"until teusday 09:00": no time of day, no weekday and no moment; '
                'write "until 09:00", "until tuesday 09:00" or "until data.start"; did you mean "tuesday"?'
            ),
        ),
        ("until 24:00", '"24:00" is no time of day; write hours and minutes from 00:00 to 23:59, for example "09:00"'),
        ("3 calendar days at 9", '"9" is no time of day; write hours and minutes from 00:00 to 23:59, for example "09:00"'),
        (
            "until '2026-02-30'",
            "'2026-02-30' is no date (day is out of range for month); write for example '2026-11-28' or '2026-11-28 09:00'",
        ),
        ("until 2.5", "\"2.5\" is no moment; write for example data.start, customer.birthday or '2026-11-28 09:00' in quotes"),
        (
            "until data.start, folowing",
            (
                '"folowing" is no option of a wait; known are "... if missing", "... if past", "following", "rolling over" and "in ZONE"; '
                'did you mean "following"?'
            ),
        ),
        (
            "until data.start, now if missing",
            '"now if missing" has no meaning; write "wait if missing", "exit if missing" or "skip to STEP if missing"',
        ),
        (
            "until data.start, wait if past",
            '"wait if past" has no meaning; write "now if past", "exit if past" or "skip to STEP if past"',
        ),
        ("0000000000001 hours", '"0000000000001 hours" is longer than 1000 years; write a shorter wait, or none'),
        ("until data.start, now if past, exit if past", '"past" is said twice; keep one'),
        ("until 09:00, in Central Europe", '"Central Europe" is no time zone; write an IANA name, for example "in Europe/Berlin"'),
        ("2 hours, now if past", '"2 hours, now if past": only a moment can be past; leave "if past" out'),
        (
            "2 hours, in Europe/Berlin",
            '"2 hours, in Europe/Berlin": an elapsed duration is the same everywhere and always; leave "in ..." out',
        ),
        ("2 hours, following", '"2 hours, following": an elapsed duration is the same everywhere and always; leave "following" out'),
        ("until 09:00, rolling over", '"until 09:00, rolling over": only months and years can roll over; leave "rolling over" out'),
    ],
)
def test_what_is_refused_and_what_to_write_instead(text: str, message: str) -> None:
    """A wait that cannot be meant is refused with the way out."""
    with pytest.raises(DefinitionError) as caught:
        Wait(text)

    assert str(caught.value) == message


def test_a_number_is_no_wait() -> None:
    """YAML reads ``wait: 2`` as a number; it is told to be text."""
    with pytest.raises(DefinitionError) as caught:
        Wait(2)

    assert str(caught.value) == '2 is no wait; write it as text, for example "2 hours"'


def test_an_unknown_root_is_the_expressions_error() -> None:
    """What is wrong inside a moment is said by the expression, not by the wait."""
    with pytest.raises(DefinitionError, match="dta"):
        Wait("until dta.start")


WORDS = st.sampled_from(
    ["2", "0", "hours", "days", "calendar", "months", "until", "09:00", "at", "tuesday", "or", "before", "after", "data.start",
     "'2026-01-31'", "'", "(", ",", "following", "rolling over", "in", "Europe/Berlin", "if past", "now", "skip to", "٣", "²", "\n"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=30), st.lists(WORDS, max_size=8).map(" ".join)))
def test_any_text_is_a_wait_or_a_definition_error(text: str) -> None:
    """Nothing that can be typed makes the reading fail in another way."""
    with contextlib.suppress(DefinitionError):
        assert Wait(text).text == text.strip()


@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from(["second", "minute", "hour", "day", "week"])), min_size=1, max_size=4))
def test_elapsed_amounts_add_up(amounts: list[tuple[int, str]]) -> None:
    """However a duration is put together, it is the sum of its parts."""
    lengths = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
    text = " ".join(f"{number} {unit}{'s' if number > 1 else ''}" for number, unit in amounts)

    assert Wait(text).seconds == sum(number * lengths[unit] for number, unit in amounts)


def test_a_timer_of_somebody_elses_stands_where_a_moment_stands() -> None:
    """Its name, its arguments as a list, and all that can be said of a moment; it knows a moment or none, past or not."""
    until = parts("until shop.payday(customer.pay_day or 25) at 09:00, exit if missing, now if past, following")
    before = parts("3 calendar days before payday(), skip to late if missing, now if past")

    assert until == NOTHING | {
        "kind": "moment", "timer": "shop.payday", "moment": Expression("[customer.pay_day or 25]"), "clock": (9, 0),
        "missing": "exit", "past": "now", "following": True, "civil": True,
    }  # fmt: skip
    assert (before["timer"], before["moment"], before["days"], before["missing_to"]) == ("payday", Expression("[]"), -3, "late")
    assert Wait("until payday()").undeclared == ("missing", "past")
    assert parts("until max(data.a, data.b), wait if missing, now if past")["timer"] is None


def test_a_cooldown_has_a_length() -> None:
    """A year has none that is always the same, and the error says what to write."""
    with pytest.raises(DefinitionError) as caught:
        Reentry("after 1 year since end")

    assert (
        str(caught.value)
        == '"1 year" is no duration; write for example "2 hours" or "3 days"; months and years differ in length, say how many days'
    )


def test_options_need_no_blanks_between_them() -> None:
    """A comma is enough."""
    wait = Wait("until data.start,following,skip to late if past,wait if missing")

    assert (wait.following, wait.past, wait.past_to, wait.missing) == (True, "skip", "late", "wait")
