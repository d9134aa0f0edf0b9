"""One huge journey, all of it due at once, holds up neither the timer of another journey nor the event of another customer."""

from __future__ import annotations

import pytest

from journeykit import Do, Engine, Event, Journey, ManualClock, MemoryStorage, PostgresStorage, SQLiteStorage, Step
from journeykit.model.messages import moment

SECOND = 1_000_000
SALE = Journey("sale", stage="purchase", entry="Sale Opened", steps=[Step("told", wait="1 hour"), Step("reminded", wait="9 days")])
CART = Journey("cart", stage="purchase", entry="Cart Left", steps=[Step("left", wait="1 hour"), Step("reminded", do=Do("email"))])
BATCH = 100  #: signals that a worker decides before it looks again


@pytest.fixture(name="storage", params=["memory", "sqlite", "postgres"])
def _storage(request, tmp_path):
    if request.param == "postgres":
        storage = PostgresStorage(request.getfixturevalue("postgres"))
    else:
        storage = MemoryStorage() if request.param == "memory" else SQLiteStorage(tmp_path / "shop.db", synchronous="off")
    storage.migrate()
    yield storage
    storage.close()


def happened(name: str, customer: str) -> Event:
    return Event(name, id=name, customer_id=customer, occurred_at=moment(0), properties={})


def test_a_huge_journey_holds_up_nobody(storage):
    """Three thousand are due in one instant, and a worker takes a hundred at a time."""
    hold_up_nobody(storage, 3_000)


@pytest.mark.slow
def test_a_hundred_thousand_hold_up_nobody(storage):
    """The same of 100,000."""
    hold_up_nobody(storage, 100_000)


def hold_up_nobody(storage, crowd):
    """
    A sale reminds a crowd in one instant. Ann's cart is due in that instant as well, Bob's a minute later, and then Eve signs up: all
    three are looked after in the worker's first batch, while nearly all of the crowd still waits; in the end everybody was.
    """
    clock = ManualClock(0)
    engine = Engine([SALE, CART], storage, {"email": lambda _: None}, clock=clock)
    for start in range(0, crowd, 10_000):
        engine.handle_many([happened("Sale Opened", f"crowd {number}") for number in range(start, min(start + 10_000, crowd))])
    engine.handle(happened("Cart Left", "ann"))
    clock.set(60 * SECOND)
    engine.handle(happened("Cart Left", "bob"))
    clock.set(3_660 * SECOND + 1)
    engine.accept(happened("Cart Left", "eve"))
    decided = engine.run_due(limit=BATCH)
    early = {name: [entry.kind for entry in storage.history(name)] for name in ("ann", "bob", "eve")}
    engine.run_due(limit=BATCH)
    waiting = storage.backlog(clock.now()).customers
    rest = engine.run_due()

    assert early == {"ann": ["entered", "moved", "completed"], "bob": ["entered", "moved", "completed"], "eve": ["entered"]}
    assert decided == BATCH
    assert waiting == crowd - 2 * BATCH + 3
    assert decided + BATCH + rest == crowd + 3
