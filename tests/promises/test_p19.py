"""P19: versions are pinned."""

from __future__ import annotations

from pathlib import Path

from journeykit import Do, Journey, SQLiteStorage, Step
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
