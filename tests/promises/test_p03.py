"""P3: catch-up."""

from __future__ import annotations

from journeykit import Do, Journey, Step
from shop import Shop

CARE = Journey(
    "care",
    entry="Product Added",
    exits="Order Completed",
    steps=[
        Step("left", stage="consideration", wait="2 hours"),
        Step("reminded", do=Do("email", number=1), wait="1 day"),
        Step("pressed", do=Do("email", number=2)),
    ],
)


def test_timers_due_before_an_event_are_decided_before_it() -> None:
    """No worker ran all day; when Ann orders, the reminder of eleven o'clock has been decided for eleven o'clock."""
    shop = Shop(CARE)
    shop.event("Product Added")
    shop.clock.advance(5 * 3600)
    shop.event("Order Completed")

    assert shop.told() == ["03-02 09:00 entered left", "03-02 11:00 moved reminded", "03-02 14:00 exited Order Completed"]


def test_a_chain_of_timers_counts_from_logical_time() -> None:
    """A worker that comes after a week decides each mail for its own moment, the second a day after the first."""
    shop = Shop(CARE)
    shop.event("Product Added")
    shop.clock.advance(7 * 86_400)
    shop.engine.run_due()

    assert shop.told() == ["03-02 09:00 entered left", "03-02 11:00 moved reminded", "03-03 11:00 moved pressed", "03-03 11:00 completed"]


def test_a_busy_worker_and_a_lazy_one_decide_the_same() -> None:
    """Looking every minute or once a week leaves the same history."""
    busy, lazy = Shop(CARE), Shop(CARE)
    for shop in (busy, lazy):
        shop.event("Product Added")
    for _ in range(7 * 24 * 4):
        busy.wait("15 minutes")
    lazy.clock.advance(7 * 86_400)
    lazy.work()

    assert busy.told() == lazy.told()
    assert busy.sent == ["2026-03-02 11:00 ann email 1", "2026-03-03 11:00 ann email 2"]
