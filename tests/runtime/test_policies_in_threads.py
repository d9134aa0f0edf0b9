"""Caps and quiet hours with four workers that die between performing and settling, on SQLite."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from journeykit import Catalog, Done, Engine, Event, Journey, SQLiteStorage, Step
from journeykit.model.messages import moment
from journeykit.model.phrases import seconds
from journeykit.runtime.clock import ManualClock

BERLIN = "Europe/Berlin"
HELLO = Journey("hello", zone=BERLIN, entry="Hello", reentry="always", key="signal.id", steps=[Step("in", stage="awareness", do="email")])
CUSTOMERS = [f"customer {number}" for number in range(12)]
SECOND = 1_000_000
DAY = seconds("1 day") * SECOND


class Killed(BaseException):
    """The process died after the mail had left the house, and before that was written down."""


class Mailbox:
    """What a receiver that honours the key has seen: each key once, at its first arrival."""

    def __init__(self, clock: ManualClock, dice: random.Random) -> None:
        self.first: dict[str, tuple[str, int]] = {}
        self.kills = self.again = 0
        self.deadly = True
        self._clock = clock
        self._dice = dice
        self._lock = Lock()

    def __call__(self, request: Any) -> Done:
        with self._lock:
            self.again += request.idempotency_key in self.first
            self.first.setdefault(request.idempotency_key, (request.customer_id, self._clock.now()))
            killed = self.deadly and self._dice.random() < 0.5
            self.kills += killed
        if killed:
            raise Killed
        return Done()


def worked(engine: Engine, dice: int) -> None:
    """What a worker does until it is done or dies."""
    try:
        while sum(engine.dispatch(dice)):
            pass
    except Killed:
        return


def crowded(mailbox: Mailbox, limit: int, window: int) -> list[str]:
    """Customers who got more than *limit* in some window (t - window, t]."""
    found = []
    for customer in CUSTOMERS:
        times = [at for name, at in mailbox.first.values() if name == customer]
        if any(sum(at - window < other <= at for other in times) > limit for at in times):
            found.append(customer)
    return found


@pytest.mark.parametrize("cap", ["at most 1 in 24 hours", "at most 2 in 24 hours or defer up to 2 days"])
def test_caps_and_quiet_hours_hold_whoever_dies(tmp_path: Path, cap: str) -> None:
    """Five days of mail with four workers, every second of whose mails kills it: nobody gets too many, and nobody at night."""
    dice, clock, ids = random.Random(7), ManualClock("2026-03-02T06:00:00+01:00"), count()
    mailbox = Mailbox(clock, dice)
    storage = SQLiteStorage(tmp_path / "shop.db", synchronous="off")
    storage.migrate()
    catalog = Catalog(policies=[cap, "quiet 22:00 to 08:00"])
    workers = [Engine([HELLO, catalog], storage, {"email": mailbox}, clock=clock, lease=600) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for hour in range(24 * 5 * 2):
            for customer in dice.sample(CUSTOMERS, dice.choice((0, 0, 1, 3))):
                for _ in range(dice.choice((1, 2))):
                    workers[0].handle(Event("Hello", id=f"{next(ids)}", customer_id=customer, occurred_at=moment(clock.now())))
            list(pool.map(worked, workers, [dice.choice((1, 2, 100)) for _ in workers]))
            clock.set(clock.now() + dice.choice((1, 599 * SECOND, 601 * SECOND, 1_800 * SECOND, 3_600 * SECOND)))
            mailbox.deadly = hour < 200
        clock.set(clock.now() + 5 * DAY)
        for _ in range(10):
            clock.set(clock.now() + DAY // 2 + 601 * SECOND)
            list(pool.map(worked, workers, [100] * 4))
    rows = workers[0].outbox(limit=10_000)
    storage.close()
    states = Counter(row.reason or row.state for row in rows)
    nights = [at for _, at in mailbox.first.values() if not 8 <= moment(at).astimezone(ZoneInfo(BERLIN)).hour < 22]

    assert nights == []
    assert crowded(mailbox, 1 if "1 in" in cap else 2, DAY) == []
    assert [row for row in rows if row.state == "open"] == []
    assert min(mailbox.kills, mailbox.again, states["performed"], len(mailbox.first)) >= 10, (mailbox.kills, mailbox.again, states)
    assert sum(number for reason, number in states.items() if reason.startswith("frequency cap")) >= 10, states
    assert sum(any(answer.answer == "defer" for answer in row.answers) for row in rows) >= 10
