"""Facts over a window of time against counting everything anew."""

from __future__ import annotations

import json
from base64 import b85decode
from datetime import datetime
from random import Random
from typing import Any
from zlib import decompress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit.core.expressions.calendar import civil, period
from journeykit.core.facts.facts import FactTable
from journeykit.core.facts.windows import CHUNK, Period, Rolling
from journeykit.model.customer import Catalog
from journeykit.model.phrases import Aggregate

DAY = 86_400_000_000
KINDS = ("count", "sum", "min", "max", "mean", "first", "last", "distinct")


def window(text: str) -> Any:
    """What keeps the fact that *text* declares."""
    return FactTable(Catalog(facts={"it": Aggregate(text)})).windows["it"]


def anew(kind: str, entries: list[tuple[int, int]]) -> Any:
    """The fact over *entries* in order of time, those of one moment in order of arrival."""
    values = [value for _, value in sorted(entries, key=lambda entry: entry[0])]
    if kind in ("count", "sum"):
        return len(values) if kind == "count" else sum(values)
    if kind == "distinct":
        return len(set(values))
    if not values:
        return "missing"
    return {"min": min, "max": max, "mean": lambda v: sum(v) / len(v), "first": lambda v: v[0], "last": lambda v: v[-1]}[kind](values)


@settings(max_examples=40)
@given(kind=st.sampled_from(KINDS), random=st.randoms(use_true_random=False), number=st.integers(0, 4 * CHUNK))
def test_a_rolling_window_is_what_lies_in_it(kind: str, random: Random, number: int) -> None:
    """Whatever comes late, at once or long after: the fact is that of the last ten days, the tenth excluded, at every moment."""
    kept, state, now = window(f"{kind} of Order.total in 10 days"), None, 100 * DAY
    told: list[tuple[int, int]] = []
    for step in range(number):
        now += random.choice((0, 1, 2, 3)) * DAY // 16
        at = now - (random.randrange(12 * DAY) if random.random() < 0.1 else 0)
        state = json.loads(json.dumps(kept.add(state, value := random.randrange(5), at, now, "UTC")))
        told.append((at, value))
        for later in (0, 5 * DAY, 10 * DAY - 1, 10 * DAY) if step % 5 == 0 else (0,):
            inside = [entry for entry in told if now + later - 10 * DAY < entry[0] <= now + later]
            found = kept.read(state, now + later)
            assert repr(found) == "missing" if not inside and kind not in ("count", "sum", "distinct") else found == anew(kind, inside)
            turns = kept.turns(state, now + later)
            assert turns == (min(at for at, _ in inside) + 10 * DAY if inside else None)


def test_five_hundred_entries_are_kept_as_a_few_texts() -> None:
    """An event adds to a short tail; what has been closed is passed on as it is."""
    kept, state = window("sum of Order.total in 365 days"), None
    for number in range(500):
        before, state = state, kept.add(state, number, 100 * DAY + number, 100 * DAY + number, "UTC")

    assert len(state[0]) == len(before[0]) == 15
    assert all(one is other for one, other in zip(state[0], before[0], strict=True))
    assert len(state[1]) == 20
    assert kept.read(state, 101 * DAY) == sum(range(500))
    assert kept.read(state, 465 * DAY + 250) == sum(range(251, 500))


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("count", 100, 101),
        ("sum", 4_950, 5_950),
        ("min", 0, 0),
        ("max", 99, 1_000),
        ("mean", 49.5, 5_950 / 101),
        ("first", 0, 0),
        ("last", 99, 99),
        ("distinct", 100, 101),
    ],
)
def test_what_belongs_among_closed_entries_finds_its_place(kind: str, before: float, after: float) -> None:
    """Of a hundred orders, one an hour, one is told days late: it lies behind the one of its own hour, and before the next."""
    kept, state, hour = window(f"{kind} of Order.total in 10 days"), None, DAY // 24
    for number in range(100):
        state = kept.add(state, number, 100 * DAY + number * hour, 100 * DAY + number * hour, "UTC")
    now = 100 * DAY + 99 * hour
    assert (kept.read(state, now), [chunk[2] for chunk in state[0]]) == (before, [32, 32])
    state = kept.add(state, 1_000, 100 * DAY + 40 * hour, now, "UTC")

    assert (kept.read(state, now), [chunk[2] for chunk in state[0]], len(state[1])) == (after, [32, 32, 32], 5)
    entries = [entry for chunk in state[0] for entry in zip(*told(chunk), strict=True)] if kind != "count" else []
    hours = [(number, number) for number in range(96)]
    assert [((at - 100 * DAY) // hour, value) for at, value in entries] == ([*hours[:41], (40, 1_000), *hours[41:95]] if entries else [])
    assert kept.read(state, 100 * DAY + 39 * hour + 10 * DAY) == {"first": 40, "min": 40, "count": 61, "distinct": 61}.get(
        kind, kept.read(state, 100 * DAY + 39 * hour + 10 * DAY)
    )


def told(chunk: list[Any]) -> tuple[list[int], list[Any]]:
    """The moments and values of closed entries: JSON without a blank, packed."""
    text = decompress(b85decode(chunk[4])).decode()
    steps, values = json.loads(text)
    assert text == json.dumps([steps, values]).replace(" ", "")
    assert (chunk[0], chunk[1]) == (chunk[0] + steps[0], chunk[0] + steps[-1])
    return [chunk[0] + step for step in steps], values


def test_what_has_left_the_window_is_not_kept() -> None:
    """A customer of ten years is as light as one of ten days."""
    kept, state = window("count of Seen in 10 days"), None
    for number in range(3_650):
        state = kept.add(state, None, number * DAY, number * DAY, "UTC")

    assert kept.read(state, 3_649 * DAY) == 10
    assert len(json.dumps(state)) < 2_000


def test_a_period_of_the_calendar_begins_anew() -> None:
    """The month of a customer in Berlin ends an hour before that of UTC, and what is told late belongs where it occurred."""
    kept = window("sum of Order.total this month")
    assert isinstance(kept, Period)
    march, april = period("month", civil_in_march := _at(2026, 3, 15), "Europe/Berlin")
    state = kept.add(None, 100, civil_in_march, civil_in_march, "Europe/Berlin")

    assert (march, april) == (_at(2026, 3, 1), _at(2026, 4, 1))
    assert [kept.read(state, now) for now in (april - 1, april)] == [100, 0]
    assert kept.turns(state, civil_in_march) == april
    state = kept.add(state, 7, april, april, "Europe/Berlin")
    late = kept.add(state, 50, april - 1, april + 5, "Europe/Berlin")
    assert (kept.read(late, april), late) == (7, state)


def test_periods_begin_where_the_calendar_says() -> None:
    """A day of 23 hours, a week from Monday, a year."""
    noon = civil(_wall(2026, 3, 29), "Europe/Berlin")
    begin, end = period("day", noon, "Europe/Berlin")

    assert (end - begin) // 3_600_000_000 == 23
    assert period("week", noon, "Europe/Berlin") == (_at(2026, 3, 23), _at(2026, 3, 30))
    assert period("year", noon, "Europe/Berlin") == (_at(2026, 1, 1), _at(2027, 1, 1))
    assert period("month", _at(2026, 12, 31), "Europe/Berlin") == (_at(2026, 12, 1), _at(2027, 1, 1))


def test_who_moves_takes_the_zone_along_from_the_next_period_on() -> None:
    """From Berlin to New York in the night of the month's end: nothing is counted twice, and nothing is lost."""
    kept = window("count of Order this month")
    end = _at(2026, 4, 1)
    state = kept.add(None, None, end - 1, end - 1, "Europe/Berlin")
    state = kept.add(state, None, end + 1, end + 1, "America/New_York")

    assert kept.read(state, end + 1) == 1
    assert kept.turns(state, end + 1) == civil(_wall(2026, 4, 1, 0), "America/New_York")


def test_other_windows_are_rolling() -> None:
    """``in`` needs a length; an event may have the word in its name."""
    assert isinstance(window("count of Logged in in 30 days where event.app == 'ios'"), Rolling)
    assert Aggregate("count of Logged in").event == "Logged in"
    assert Aggregate("max of Order.total this week in Europe/Berlin").zone == "Europe/Berlin"


def _wall(year: int, month: int, day: int, hour: int = 12) -> Any:
    return datetime(year, month, day, hour)


def _at(year: int, month: int, day: int) -> int:
    return civil(_wall(year, month, day, 0), "Europe/Berlin")


def test_a_period_holds_its_first_instant_and_not_its_last() -> None:
    """Of two states the later period counts, of one period both."""
    kept = window("sum of Order.total this day")
    second = kept.add(None, 5, 2 * DAY + 7, 2 * DAY + 7, "UTC")
    assert second == [2 * DAY, 3 * DAY, 5]
    assert [kept.add(second, 1, at, 3 * DAY, "UTC") for at in (2 * DAY - 1, 2 * DAY, 3 * DAY - 1, 3 * DAY)] == [
        second,
        [2 * DAY, 3 * DAY, 6],
        [2 * DAY, 3 * DAY, 6],
        [3 * DAY, 4 * DAY, 1],
    ]
    assert [repr(kept.read(second, at)) for at in (2 * DAY - 1, 2 * DAY, 3 * DAY - 1, 3 * DAY)] == ["0", "5", "5", "0"]
    assert [kept.turns(second, at) for at in (2 * DAY, 3 * DAY - 1, 3 * DAY)] == [3 * DAY, 3 * DAY, None]
    third, both = [3 * DAY, 4 * DAY, 1], int.__add__
    assert kept.joined(second, third, both) == kept.joined(third, second, both) == third
    assert (
        kept.joined(second, [2 * DAY + 3, 3 * DAY, 4], both)
        == kept.joined([2 * DAY + 3, 3 * DAY, 4], second, both)
        == [2 * DAY + 3, 3 * DAY, 9]
    )
    assert kept.add(second, 1, 3 * DAY, 3 * DAY, "America/New_York") == [3 * DAY, 3 * DAY + 5 * DAY // 24, 1]
