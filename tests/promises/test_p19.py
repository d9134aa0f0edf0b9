"""P19: versions are pinned."""

from __future__ import annotations

from pathlib import Path

from attrs import evolve

from journeykit import Catalog, Do, Journey, On, SQLiteStorage, Step, Transition
from shop import Shop


def reminder(wait: str, template: str) -> Journey:
    """The reminder, which the shop keeps changing."""
    return Journey(
        "reminder",
        entry="Product Added",
        steps=[Step("left", stage="consideration", wait=wait), Step("sent", do=Do("email", template=template))],
    )


def test_an_enrollment_stays_on_its_version_also_after_a_restart(tmp_path: Path) -> None:
    """Ann entered before the change and Ben after it; the process was started anew in between."""
    storage = SQLiteStorage(tmp_path / "shop.db")
    storage.migrate()
    Shop(reminder("2 hours", "old"), storage=storage).event("Product Added", "ann", id="a1")
    storage.close()
    shop = Shop(reminder("1 hour", "new"), storage=SQLiteStorage(tmp_path / "shop.db"))
    shop.event("Product Added", "ben", id="b1")
    shop.wait("3 hours")

    assert shop.sent == ["2026-03-02 10:00 ben email new", "2026-03-02 11:00 ann email old"]


def test_a_segment_that_is_declared_no_more_parks_those_who_read_it_and_nobody_else() -> None:
    """Ann is on a version that asks for a segment of last year; the shop opens without it, Ann's part waits, and Bob's journey goes on."""
    asks = Step("in", stage="retention", wait="1 day", when=Transition("out", on=On("Asked", where="segment.vip")))
    old = Journey("tells", entry="Joined", steps=[asks, Step("late", end="late"), Step("out", do=Do("email"))])
    before = Shop(old, Catalog(segments={"vip": "customer.plan == 'gold'"}))
    before.identify(traits={"plan": "gold"})
    before.event("Joined")
    new = Journey(
        "tells",
        entry="Joined",
        steps=[evolve(asks, when=Transition("out", on=On("Asked"))), Step("late", end="late"), Step("out", do=Do("email"))],
    )
    after = Shop(new, storage=before.storage)
    for customer in ("ann", "bob"):
        after.event("Joined", customer, id="joined")
        after.event("Asked", customer)
    after.work()

    assert after.sent == ["2026-03-02 09:00 bob email"]
    assert [row.event.properties["error"] for row in after.storage.events("ann") if row.state == "parked"] == [
        "segment.vip is declared no more; declare it again as long as customers are on versions that read it"
    ]
