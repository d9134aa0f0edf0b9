"""
Waits and schedules with the moments they come to, and facts over windows of time step by step, beside what was approved.

``approved/due.txt`` and ``approved/schedules.txt`` have a sentence alone on a line; ``--journeykit-approve`` fills in what stands under a new one.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest

from journeykit.core.compiling.index import compile_journeys
from journeykit.core.deciding.joining import joined_values
from journeykit.core.expressions.calendar import due, show
from journeykit.core.expressions.context import Context
from journeykit.core.expressions.expressions import plain
from journeykit.core.facts.facts import Fold
from journeykit.core.facts.schedules import following
from journeykit.core.facts.windows import Rolling, _unpacked
from journeykit.errors import ConditionError
from journeykit.model.customer import Catalog
from journeykit.model.messages import Event, microseconds, moment
from journeykit.model.phrases import Aggregate
from journeykit.model.records import Facts
from journeykit.model.schedule import Schedule
from journeykit.model.wait import Wait
from journeykit.testing.approvals import approve

APPROVED = Path(__file__).parent / "approved"
HOLIDAYS = frozenset({date(2026, 3, 30), date(2026, 4, 3), date(2026, 4, 6)})
#: A leap day, the nights in which Berlin's clocks change, the end of a year, a Friday at nine sharp.
ANCHORS = [
    microseconds(at, "moment")
    for at in ("2024-02-29T10:15:30Z", "2026-03-28T01:30:00Z", "2026-10-24T00:30:00Z", "2026-12-31T22:59:59Z", "2026-03-27T08:00:00Z")
]
ZONES = ("Europe/Berlin", "Asia/Kathmandu")
DAY = 86_400_000_000


def sentences(name: str) -> list[str]:
    """Those of a file."""
    return [line for line in (APPROVED / f"{name}.txt").read_text("utf-8").splitlines() if line and not line.startswith("    ")]


def kept(request: pytest.FixtureRequest, name: str, told: str) -> None:
    """Compare with the file, or write it."""
    approve(told, APPROVED / f"{name}.txt", write=request.config.getoption("journeykit_approve", default=False))


def over(text: str) -> str:
    """When a wait is over, counted from each anchor in each zone."""
    lines = [text]
    for zone in ZONES:
        for anchor in ANCHORS:
            try:
                found = show(due(Wait(text), anchor, zone, HOLIDAYS), zone)
            except ConditionError as error:
                found = str(error)
            lines.append(f"{show(anchor, zone)}: {found}")
    return "\n    ".join(lines)


def test_when_waits_are_over(request: pytest.FixtureRequest) -> None:
    """In Berlin and in Kathmandu, with three holidays around Easter."""
    waits = sentences("due")

    assert len(waits) > 50
    kept(request, "due", "\n".join(map(over, waits)))


def next_three(text: str) -> str:
    """The next three occurrences of a schedule after each anchor, counted from three dates where it names no day."""
    lines = [text]
    schedule = Schedule(text)
    dates = [None] if schedule.moment is None else [date(2000, 2, 29), date(2026, 3, 31), date(2026, 12, 30)]
    for zone in ZONES:
        for anchor in ANCHORS[:4]:
            for day in dates:
                found: list[str] = []
                after: int | None = anchor
                while len(found) < 3 and (after := following(schedule, after, zone, day)) is not None:
                    found.append(show(after, zone))
                lines.append(f"{show(anchor, zone)}{'' if day is None else f', from {day}'}: {', '.join(found)}")
    return "\n    ".join(lines)


def test_when_schedules_occur(request: pytest.FixtureRequest) -> None:
    """Strictly after a moment, never before the date they are counted from."""
    schedules = sentences("schedules")

    assert len(schedules) > 15
    kept(request, "schedules", "\n".join(map(next_three, schedules)))


def test_a_schedule_ends_with_the_calendar() -> None:
    """In the last minute of the year 9999 nothing is next."""
    last = microseconds(datetime(9999, 12, 31, 23, 59, tzinfo=UTC))

    assert [following(Schedule(text), last, "UTC", None) for text in ("day at 09:00", "month on 31 at 09:00", "year on 01-01")] == [
        None
    ] * 3
    eve = microseconds(datetime(9999, 12, 31, 9, tzinfo=UTC))
    yearly = Schedule("year on 12-31 at 09:00")
    assert [following(yearly, at, "UTC", None) for at in (eve - 1, eve - 86_400_000_000)] == [
        eve,
        eve,
    ]  # and before that, its last occurrence


KINDS = (
    *(f"{kind} of Order.total" for kind in ("sum", "min", "max", "mean", "first", "last", "distinct")), "count of Order", "last of Order"
)  # fmt: skip
WINDOWS = ("", " in 3 days", " in 30 days", " this day", " this week", " this month in Asia/Tokyo")


def test_facts_step_by_step(request: pytest.FixtureRequest) -> None:
    """
    Ninety orders in some weeks, one in eight of them told late: the value after each tenth, when it will change by itself, and a digest of
    what is kept; and what comes out where every third was somebody else's, who turns out to be the same.
    """
    lines = []
    for text in (f"{kind}{window}" for kind in KINDS for window in WINDOWS):
        compiled = compile_journeys([], Catalog(facts={"it": Aggregate(text)}))
        (fold,) = compiled.facts.by_event["Order"]
        lines.append(text)
        random, states, now = Random(7), [None, None, None], ANCHORS[1]
        for number in range(90):
            now += random.choice((1, 2, 8, 20)) * DAY // 24
            at = now - (random.randrange(5 * DAY) if number % 8 == 7 else 0)
            value = None if ".total" not in text else random.randrange(6)
            for place in (0, 1 + (number % 3 == 2)):
                states[place] = added(fold, states[place], value, at, now)
            if number % 10 == 9:
                joined = joined_values(compiled, {fold.key: states[1]}, {fold.key: states[2]}, now)[fold.key]
                lines.append(f"    {shown(fold, states[0], now)}; joined {shown(fold, joined, now)}")
    kept(request, "windows", "\n".join(lines))


def added(fold: Fold, state: Any, value: int | None, at: int, now: int) -> Any:
    """The state with one more order in it, as it comes back from a storage."""
    event = Event("Order", id="o", customer_id="ann", occurred_at=moment(at), properties={} if value is None else {"total": value})
    after = fold.after(state, Context("ann", Facts(), now, event), at, "Europe/Berlin")
    return json.loads(json.dumps(after))


def shown(fold: Fold, state: Any, now: int) -> str:
    """What the fact is, when it will be another, and a digest of what is kept."""
    facts = Facts(values={fold.key: state})
    turns = None if fold.window is None else fold.window.turns(state, now)
    later = "" if turns is None else f", until {show(turns, 'UTC')}"
    opened = state
    if isinstance(fold.window, Rolling) and state:  # the same entries may be packed into another text on another machine
        opened = [[[*chunk[:4], _unpacked(chunk[4])] for chunk in state[0]], *state[1:]]
    return f"{plain(fold.read(Context('ann', facts, now)))}{later} ({sha256(repr(opened).encode()).hexdigest()[:8]})"
