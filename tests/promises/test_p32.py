"""P32: every storage gives the same answers."""

from __future__ import annotations

from pathlib import Path

from journeykit import Catalog, Do, Journey, MemoryStorage, PostgresStorage, SQLiteStorage, Step
from journeykit.ports import Storage
from shop import Shop

JOURNEYS = (
    Journey(
        "cart",
        key="cart_id",
        entry="Product Added",
        exits="Order Completed",
        reentry="always",
        steps=[
            Step("left", stage="consideration", wait="2 hours", when={"Product Added": "left"}),
            Step("sent", do=Do("email"), wait="1 day"),
        ],
    ),
    Journey(
        "thanks",
        entry="Order Completed",
        zone="UTC",
        steps=[Step("in", stage="purchase", wait="until 09:00"), Step("sent", do=Do("sms", n="{customer.orders}"))],
    ),
    Catalog(facts={"orders": "count of Order Completed"}),
)


def story(storage: Storage) -> list[object]:
    """A busy week of two customers; everything that can be asked about it afterwards."""
    shop = Shop(*JOURNEYS, storage=storage)
    for day in range(7):
        for customer in ("ann", "ben"):
            shop.event("Product Added", customer, cart_id=f"c{day // 2}")
            shop.wait("90 minutes")
            if day % 3:
                shop.event("Order Completed", customer, cart_id=f"c{day // 2}", id=f"order-{day // 2}")
        shop.wait("20 hours")
    asked = [(storage.history(customer), storage.events(customer), storage.outbox(None, customer)) for customer in ("ann", "ben")]
    return [shop.sent, asked, storage.outbox(), storage.definitions(), storage.next_due()]


def test_memory_and_sqlite_tell_the_same_story(tmp_path: Path) -> None:
    """History, log, outbox, definitions and the next moment to look: the same, to the last field."""
    sqlite = SQLiteStorage(tmp_path / "shop.db")
    sqlite.migrate()

    assert story(sqlite) == story(MemoryStorage())


def test_postgres_tells_the_same_story(postgres: str) -> None:
    """The same again, on a server."""
    storage = PostgresStorage(postgres)
    told = story(storage)
    storage.close()

    assert told == story(MemoryStorage())
