"""P28: an event counts once."""

from __future__ import annotations

from pathlib import Path

import pytest

from journeykit import Catalog, Do, Journey, On, SQLiteStorage, Step, Transition
from shop import Shop

COUNTING = Journey(
    "counting",
    entry="Signed Up",
    steps=[
        Step(
            "in",
            stage="awareness",
            wait="900 days",
            when=[Transition(do=Do("email", orders="{customer.orders}"), on=On("Order Completed"))],
        )
    ],
)
FACTS = Catalog(facts={"orders": "count of Order Completed"})


def test_the_same_id_again_changes_nothing() -> None:
    """The order told three times, at once, a day later and a year later, is one order and one mail."""
    shop = Shop(COUNTING, FACTS)
    shop.event("Signed Up")
    for wait in ("1 minute", "1 day", "365 days"):
        shop.event("Order Completed", id="order-1")
        shop.wait(wait)

    assert shop.sent == ["2026-03-02 09:00 ann email 1"]


def test_the_same_id_accepted_and_handled_counts_once() -> None:
    """It stands in the mailbox already when it is handled."""
    shop = Shop(COUNTING, FACTS)
    shop.event("Signed Up")

    assert shop.engine.accept(shop.fact("Order Completed", id="order-1")) == [True]
    assert shop.engine.accept(shop.fact("Order Completed", id="order-1")) == [False]

    shop.event("Order Completed", id="order-1")
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email 1"]


def test_the_same_id_of_another_customer_is_another_event() -> None:
    """Order 1 of Ann is not order 1 of Ben."""
    shop = Shop(COUNTING, FACTS)
    for customer in ("ann", "ben"):
        shop.event("Signed Up", customer)
        shop.event("Order Completed", customer, id="order-1")
    shop.work()

    assert sorted(shop.sent) == ["2026-03-02 09:00 ann email 1", "2026-03-02 09:00 ben email 1"]


def test_the_same_id_from_another_process_changes_nothing(tmp_path: Path) -> None:
    """A second connection, opened after a restart, knows the event."""
    first = SQLiteStorage(tmp_path / "shop.db")
    first.migrate()
    shop = Shop(COUNTING, FACTS, storage=first)
    shop.event("Signed Up", id="signed-up")
    shop.event("Order Completed", id="order-1")
    shop.work()
    first.close()
    again = Shop(COUNTING, FACTS, storage=SQLiteStorage(tmp_path / "shop.db"))

    assert again.event("Order Completed", id="order-1").status == "duplicate"

    again.work()

    assert again.sent == []


def test_there_is_no_default_for_the_id() -> None:
    """An id that the library invents would make every repetition a new event."""
    from journeykit import Event

    with pytest.raises(TypeError, match="id"):
        Event("Order Completed", customer_id="ann", occurred_at="2026-03-02T09:00:00+00:00")  # type: ignore[call-arg]
