"""The storage in memory keeps the contract, compactly."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from functools import partial

from journeykit.model.records import Commit, Enrollment, Facts, Settlement, Timer
from journeykit.storage.memory import MemoryStorage
from journeykit.testing import storage_samples as shop
from journeykit.testing.contracts import StorageContract


class TestMemoryStorage(StorageContract):
    def create_storage(self):
        return MemoryStorage()


def idle(number: int) -> Commit:
    """A customer with 5 traits, 2 channels, and 1 enrollment with 3 values and 1 timer."""
    traits = {"first_name": f"Ann {number}", "country": "DE", "language": "de", "plan": "free", "birthday": "1990-05-17"}
    facts = Facts("Europe/Berlin", "consideration", {"email": True, "sms": False}, traits)
    at = 1_700_000_000_000_000 + number
    data = {"cart_id": f"cart-{number}", "total": 4250, "items": 3}
    enrollment = Enrollment(
        "recover-cart", f"cart-{number}", 1, "0123456789abcdef", 0, "active", "waiting", 2, at, at, data, (Timer(0, at + 7_200_000_000, 1),)
    )  # fmt: skip
    return Commit(f"customer-{number}", 0, 2, at, facts, [enrollment])


def test_an_idle_customer_is_small():
    """An idle customer costs at most 1,024 bytes."""
    storage, count = MemoryStorage(), 5_000
    tracemalloc.start()
    try:
        for number in range(count):
            storage.commit_many([idle(number)])
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert used / count <= 1_024


def test_timers_armed_anew_leave_nothing_behind():
    """A customer whose timer moves with every event does not fill the memory with moments that are over."""
    storage = MemoryStorage()
    for base in range(5_000):
        storage.commit_many([Commit("ann", base, base + 1, 10, enrollments=[shop.enrollment(due=base)])])

    assert len(storage._due) < 2_000
    assert storage.claim_due(5_000, 9) == ["ann"]


def test_ten_thousand_waiting_events():
    """A long mailbox is accepted in no time."""
    storage = MemoryStorage()
    assert all(storage.accept([(shop.event(f"event {number}"), number) for number in range(10_000)]))
    assert storage.next_due() == 0


def calls(work: Callable[[], object]) -> int:
    """How many functions are called by *work*; the same on every machine."""
    count, before = 0, sys.getprofile()

    def watch(frame, event, argument) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def test_a_mail_a_day_costs_no_more_in_the_tenth_year() -> None:
    """Under a cap of a week the claim of a day looks at a week, of a customer and of who lives with them, not at all they ever had."""
    storage, day = MemoryStorage(), 86_400_000_000
    work, counted = [], []
    for today in range(1, 3_651):
        mail = [shop.message(name, at=today * day)._replace(seq=today, household="home") for name in ("ann", "ben")]
        storage.commit_many([shop.commit(one.customer_id, today - 1, outbox=[one]) for one in mail])
        claimed = []
        claim = partial(storage.claim_outbox, today * day, 9, day, "t", (today - 7) * day)
        work.append(calls(lambda claimed=claimed, claim=claim: claimed.extend(claim())))
        storage.settle([Settlement(one.id, "t", "performed", None, today * day) for one in claimed])
        counted.append([len(one.sent) for one in claimed])

    assert set(map(tuple, counted[6:])) == {(12, 12)}  # six days of each
    assert max(work[3_000:]) < max(work[10:100]) * 1.2
