"""P31: no timer outlives its owner, none is lost."""

from __future__ import annotations

from pathlib import Path

from journeykit import Do, Journey, SQLiteStorage, Step
from shop import Shop

REMINDER = Journey(
    "reminder",
    key="cart_id",
    entry="Product Added",
    exits="Order Completed",
    steps=[Step("left", stage="consideration", wait="2 hours"), Step("reminded", do=Do("email", cart="{journey.key}"))],
)


def test_open_timers_are_in_the_storage_after_a_restart_and_fire(tmp_path: Path) -> None:
    """Ten carts are left, the process ends, a new one knows nothing but the database, and reminds of all ten."""
    storage = SQLiteStorage(tmp_path / "shop.db")
    storage.migrate()
    before = Shop(REMINDER, storage=storage)
    for number in range(10):
        before.event("Product Added", cart_id=f"c{number}")
    storage.close()
    after = Shop(REMINDER, storage=SQLiteStorage(tmp_path / "shop.db"))
    after.wait("3 hours")

    assert sorted(request.parameters["cart"] for request in after.requests) == [f"c{number}" for number in range(10)]
    assert {line[:16] for line in after.sent} == {"2026-03-02 11:00"}


def test_who_has_left_has_no_timers() -> None:
    """An order takes the timer of its cart along, and only that."""
    shop = Shop(REMINDER)
    for cart in ("c1", "c2"):
        shop.event("Product Added", cart_id=cart)
    shop.event("Order Completed", cart_id="c1")

    assert (len(shop.inside("reminder", "c1").timers), len(shop.inside("reminder", "c2").timers)) == (0, 1)


def test_a_storage_knows_when_to_look_next() -> None:
    """The earliest open timer wakes the worker; once all are gone there is nothing to wake up for."""
    shop = Shop(REMINDER)
    shop.event("Product Added", cart_id="c1")
    shop.clock.advance(60)
    shop.event("Product Added", cart_id="c2")
    for cart in ("c1", "c2"):
        due = shop.storage.next_due()
        assert due is not None
        assert shop.storage.claim_due(due, 10) == ["ann"]
        assert shop.storage.claim_due(due - 1, 10) == []
        shop.event("Order Completed", cart_id=cart)

    assert shop.storage.next_due() is None
