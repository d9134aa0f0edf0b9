"""P19: versions are pinned."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from journeykit import Catalog, DefinitionError, Do, Journey, On, SQLiteStorage, Step, Transition
from journeykit.codec import definition_hash
from journeykit.model.records import Want
from journeykit.runtime.past import Past
from journeykit.runtime.why import replay
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


OLD = reminder("2 hours", "old")
NEW = Journey(
    "reminder", entry="Product Added",
    steps=[Step("waiting", stage="consideration", wait="5 hours"), Step("sent", do=Do("email", template="new"))],
)  # fmt: skip


def migration(**more: Any) -> dict[str, Any]:
    """From the old version to the new one, as it would stand in a file."""
    return {"journey": "reminder", "changed": {definition_hash(OLD): definition_hash(NEW)}, **more}


def released(shop: Shop, *journeys: Journey) -> Shop:
    """The same shop after a release."""
    after = Shop(*journeys, storage=shop.storage)
    after.clock.set(shop.clock.now())
    return after


def inside(shop: Shop) -> list[tuple[str, int]]:
    """How many stand in each step of each version: old or new."""
    names = {definition_hash(OLD): "old", definition_hash(NEW): "new"}
    return [(f"{names[digest]} {step}", number) for _, digest, step, number in shop.engine.versions.occupied()]


def test_it_is_refused_while_somebody_has_nowhere_to_go_and_a_rehearsal_changes_nothing() -> None:
    """The step is called otherwise now, and nobody has said so: Ann and Ben stay where they are, as a rehearsal had told."""
    shop = Shop(OLD)
    shop.event("Product Added", "ann", id="a1")
    shop.event("Product Added", "ben", id="b1")
    shop = released(shop, NEW)

    assert [shop.engine.versions.rehearse(migration()).count(what) for what in ("moves", "stays", "nowhere")] == [0, 0, 2]
    with pytest.raises(DefinitionError, match='2 in step "left": no step "left" in the new version'):
        shop.engine.versions.migrate(migration())
    told = migration(steps={"left": "waiting"})
    assert [shop.engine.versions.rehearse(told).count(what) for what in ("moves", "stays", "nowhere")] == [2, 0, 0]
    assert inside(shop) == [("old left", 2)]
    assert shop.engine.versions.migrate(told).moved == 2
    assert inside(shop) == [("new waiting", 2)]


def test_a_timer_that_is_kept_is_over_when_it_would_have_been() -> None:
    """Ann came at nine and waits two hours, of which one is left; the five hours of the new version are for those who come to it."""
    shop = Shop(OLD)
    shop.event("Product Added", "ann", id="a1")
    shop.wait("1 hour")
    shop = released(shop, NEW)
    shop.engine.versions.migrate(migration(steps={"left": "waiting"}))
    shop.event("Product Added", "ben", id="b1")
    shop.wait("6 hours")

    assert shop.sent == ["2026-03-02 11:00 ann email new", "2026-03-02 15:00 ben email new"]


def test_stopped_and_continued_it_moves_nobody_twice(tmp_path: Path) -> None:
    """Three hundred customers; stopped after the first batch, then started again: each is told of it once."""
    shop = Shop(OLD, storage=SQLiteStorage(tmp_path / "shop.db", synchronous="off"))
    names = [f"customer {number:03}" for number in range(300)]
    shop.engine.handle_many([shop.fact("Product Added", name) for name in names])
    shop = released(shop, NEW)
    told, asked = migration(steps={"left": "waiting"}), count()
    first = shop.engine.versions.migrate(told, stop=lambda: next(asked) > 0)
    second = shop.engine.versions.migrate(told)

    assert (first.moved, first.left, first.stopped) == (200, 100, True)
    assert (second.moved, second.left, second.stopped) == (100, 0, False)
    assert inside(shop) == [("new waiting", 300)]
    assert {tuple(entry.kind for entry in shop.storage.history(name)) for name in names} == {("entered", "migrated")}


def test_undone_it_leaves_alone_who_has_moved_on_since() -> None:
    """Ann's cart is back on the old version with the hour that it had left; Ben was written to by the new one and stays there."""
    slow = Journey("reminder", entry="Product Added", steps=[*NEW.steps, Step("after", wait="9 days")])
    told = {"journey": "reminder", "changed": {definition_hash(OLD): definition_hash(slow)}, "steps": {"left": "waiting"}}
    shop = Shop(OLD)
    shop.event("Product Added", "ben", id="b1")
    shop.wait("1 hour 30 minutes")
    shop.event("Product Added", "ann", id="a1")
    shop = released(shop, slow)
    before = shop.inside("reminder")
    shop.engine.versions.migrate(told)
    shop.wait("1 hour")
    undone = shop.engine.versions.undo(told)

    assert (undone.moved, undone.on) == (1, 1)
    assert shop.inside("reminder") == before
    assert shop.inside("reminder", customer="ben").step == "after"
    shop.wait("2 hours")
    assert shop.sent == ["2026-03-02 11:00 ben email new", "2026-03-02 12:30 ann email old"]


def test_a_replay_of_one_who_was_brought_to_another_version_comes_to_the_same() -> None:
    """Ann's log, decided again with the versions of then, gives her history to the letter."""
    shop = Shop(OLD)
    shop.event("Product Added", id="a1")
    shop.wait("1 hour")
    shop = released(shop, NEW)
    shop.engine.versions.migrate(migration(steps={"left": "waiting"}, wait="rearm"))
    shop.wait("6 hours")
    (loaded,) = shop.storage.load_many([Want("ann", None)])
    first, changes = Past(shop.engine.definitions, shop.storage.history("ann"), loaded.enrollments).in_force()
    again = [entry for commit in replay(first, loaded, shop.storage.events("ann"), None, changes) for entry in commit.history]

    assert again == shop.storage.history("ann")
    assert shop.told() == [
        "03-02 09:00 entered left",
        f"03-02 10:00 migrated {definition_hash(OLD)} to {definition_hash(NEW)}",
        "03-02 14:00 moved sent",
        "03-02 14:00 completed",
    ]
