"""P29: lost update never."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from journeykit import Catalog, ConflictError, Journey, MemoryStorage, On, PostgresStorage, SQLiteStorage, Step, Transition
from journeykit.model.records import Commit, Loaded, Want
from journeykit.ports import Storage
from shop import Shop

COUNT = Transition(on=On("Clicked"), set={"customer.clicks": "(customer.clicks or 0) + 1"})
CLICKS = Journey("clicks", entry="Signed Up", steps=[Step("in", stage="awareness", wait="9 days", when=[COUNT])])


@pytest.fixture(name="storage", params=["memory", "sqlite", "postgres"])
def _storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    storage: Storage
    if request.param == "postgres":
        storage = PostgresStorage(request.getfixturevalue("postgres"))
    else:
        storage = MemoryStorage() if request.param == "memory" else SQLiteStorage(tmp_path / "shop.db")
    storage.migrate()
    storage.migrate()
    yield storage
    storage.close()


def traits(storage: Storage) -> dict[str, Any]:
    """What is known about Ann."""
    return storage.load_many([Want("ann", None)])[0].facts.traits


def test_a_decision_on_an_old_state_is_refused(storage: Storage) -> None:
    """Two read the same state and both decide; the one that writes second is told so, and nothing of it is written."""
    shop = Shop(CLICKS, Catalog(), storage=storage)
    shop.event("Signed Up")
    (base,) = storage.load_many([Want("ann", None)])
    shop.event("Clicked")
    late = Commit("ann", base.revision, base.revision + 1, base.accepted_at, facts=base.facts)

    with pytest.raises(ConflictError):
        storage.commit_many([late])
    assert traits(storage) == {"clicks": 1}


def test_who_comes_second_decides_again_on_the_new_state(storage: Storage) -> None:
    """Between the reading and the writing of one click, another click is written; in the end there are two."""
    other = Shop(CLICKS, Catalog(), storage=storage)
    overtaken = Overtaken(storage, lambda: other.event("Clicked", id="second"))
    shop = Shop(CLICKS, Catalog(), storage=overtaken)
    other.event("Signed Up")
    overtaken.armed = True
    shop.event("Clicked", id="first")

    assert traits(storage) == {"clicks": 2}


def test_two_threads_that_click_at_once_lose_nothing(storage: Storage) -> None:
    """Fifty clicks from each of two threads are a hundred."""
    Shop(CLICKS, Catalog(), storage=storage).event("Signed Up")

    def click(who: str) -> None:
        shop = Shop(CLICKS, Catalog(), storage=storage)
        for number in range(50):
            shop.event("Clicked", id=f"{who}-{number}")

    threads = [threading.Thread(target=click, args=(who,)) for who in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert traits(storage) == {"clicks": 100}


class Overtaken:
    """A storage in whose hands somebody else is always faster, once."""

    def __init__(self, storage: Storage, overtake: Any) -> None:
        self._storage = storage
        self._overtake = overtake
        self.armed = False

    def load_many(self, wants: Sequence[Want]) -> list[Loaded]:
        """Read, and let the other come in between."""
        loaded = self._storage.load_many(wants)
        if self.armed:
            self.armed = False
            self._overtake()
        return loaded

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)
