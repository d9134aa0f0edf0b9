"""Timers that are taken away, and time that stood still."""

from __future__ import annotations

import pytest

from journeykit import Journey, Step
from journeykit.core.customer import Customer
from journeykit.core.index import compile_journeys
from journeykit.core.plans import CompiledTimer
from journeykit.core.timing import Away, cancelled, due_after, joined, leads
from journeykit.core.turn import Turn
from journeykit.model.records import Enrollment, Facts, Loaded, Timer

HOUR = 3_600_000_000


def waiting(wait: str, now: int = 0) -> tuple[Turn, CompiledTimer]:
    """A decision about Ann at *now*, and the timer of the one step of a journey."""
    journey = Journey("cart", stage="retention", entry="Came", zone="UTC", steps=[Step("drawn", wait=wait)])
    compiled = compile_journeys([("hash", "text", journey)])
    (timer,) = compiled.journeys["cart"].entry_plan.arms
    return Turn(compiled, Customer(Loaded("ann", 0, 0, Facts(), [], [])), now, None), timer


def inside(*timers: Timer) -> Enrollment:
    """Ann, who entered at 0, in a step since the second hour."""
    return Enrollment("cart", "", 1, "hash", 0, "active", "drawn", 0, 0, 2 * HOUR, {}, timers=timers)


def test_timers_that_are_cancelled_are_told_one_by_one() -> None:
    """The history has a mark for each; the others stay as they are, in their order."""
    first, second, third = Timer(0, 10, 1), Timer(1, 20, 2), Timer(2, None, 3)

    some, all_of_them, none = inside(first, second, third), inside(first, second, third), inside(first, second, third)
    assert (cancelled(some, frozenset({0, 2})), some.timers) == ("-0 -2 ", (second,))
    assert (cancelled(all_of_them, None), all_of_them.timers) == ("-0 -1 -2 ", ())
    assert (cancelled(none, frozenset()), none.timers) == ("", (first, second, third))


@pytest.mark.parametrize(
    ("stretches", "expected"),
    [
        ([], []),
        ([(5, 9)], [(5, 9)]),
        ([(5, 5)], []),
        ([(5, 9), (1, 3)], [(1, 3), (5, 9)]),
        ([(1, 5), (5, 9)], [(1, 9)]),
        ([(1, 5), (6, 9)], [(1, 5), (6, 9)]),
        ([(1, 9), (2, 3)], [(1, 9)]),
        ([(1, 3), (2, 9), (9, 12)], [(1, 12)]),
        ([(1, 3), (3, 3), (5, 7)], [(1, 3), (5, 7)]),
    ],
)
def test_stretches_are_joined(stretches: list[tuple[int, int]], expected: list[tuple[int, int]]) -> None:
    """Those that meet are one; an empty one is none."""
    assert joined(stretches) == expected


def due(wait: str, at: int | None, *stretches: tuple[int, int]) -> int | None:
    """When a timer of the step that was due *at* is due where time stood still, in hours."""
    turn, rule = waiting(wait)
    timer = Timer(0, None if at is None else at * HOUR, 1, "UTC")
    found = due_after(turn, rule, inside(timer), timer, [(begin * HOUR, end * HOUR) for begin, end in stretches])
    return None if found is None else found // HOUR


def test_what_is_left_of_a_duration_stays() -> None:
    """Ten hours from the second on: each stretch before the end puts it off, one that begins just then too; a later end may meet another."""
    assert due("10 hours", 12) == 12
    assert due("10 hours", 12, (3, 5)) == 14
    assert due("10 hours", 12, (3, 5), (13, 16)) == 17
    assert due("10 hours", 12, (3, 5), (15, 16)) == 14
    assert due("10 hours", 12, (12, 14)) == 14
    assert due("10 hours", 12, (13, 14)) == 12


def test_time_that_stood_still_before_the_step_was_entered_does_not_count() -> None:
    """Of a stretch from the first hour to the fifth, three."""
    assert due("10 hours", 12, (1, 5)) == 15
    assert due("10 hours", 12, (0, 2)) == 12
    assert due("10 hours", 12, (1, 3)) == 13


def test_calendar_days_are_counted_anew_from_where_time_goes_on() -> None:
    """A calendar day from the second hour on, of which four hours stood still."""
    assert due("1 calendar day", 26, (3, 7)) == 30


def test_a_time_of_day_is_the_first_once_time_goes_on() -> None:
    """It does not move unless it lies in a stretch; the begin of one belongs to it, its end does not."""
    assert due("until 09:00", 9, (3, 8)) == 9
    assert due("until 09:00", 9, (9, 11)) == 33
    assert due("until 09:00", 9, (8, 9)) == 9
    assert due("until 09:00", 9, (8, 30), (32, 40)) == 57


def test_a_moment_does_not_move() -> None:
    """Nor does what is not known, or what would leave the calendar."""
    assert due("until data.start, wait if missing, now if past", 9, (3, 30)) == 9
    assert due("10 hours", None, (3, 30)) is None
    assert due("1000 years", 5, (3, 9_000 * 365 * 24)) == 5


def test_a_moment_that_is_missing_or_past_leads_away() -> None:
    """In the words that the history has for it."""

    def away(wait: str, due_at: int | None, now: int = 0) -> Away | None:
        turn, timer = waiting(wait, now)
        return leads(turn, timer, due_at)

    missing, wait = "until data.start, exit if missing, exit if past", "until data.start, wait if missing, now if past"
    assert away(missing, None) == Away(None, f"{missing}: missing")
    assert away(wait, None) is None
    assert away(missing, 10, now=10) == Away(None, f"{missing}: past")
    assert away(missing, 11, now=10) is None
    assert away(wait, 10, now=10) is None
