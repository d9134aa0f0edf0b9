"""The storage in memory keeps the contract, compactly."""

from __future__ import annotations

import tracemalloc

from journeykit.model.records import Commit, Enrollment, Facts, Timer
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
