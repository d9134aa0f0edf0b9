"""The storage contract: shared numbers, of which no batch takes more than is left."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from journeykit.errors import QuotaError
from journeykit.ports import Storage
from journeykit.testing import storage_samples as shop


class QuotaContract:
    """What is taken from a shared number is part of the commit."""

    def test_taking_too_much_fails_the_whole_batch(self, storage: Storage) -> None:
        """Nothing of the batch is written, and the error says what is left of every number in it."""
        storage.commit_many([shop.commit("ann", quotas=[("gifts", 1, 3), ("gifts", 1, 3), ("free", 100, None)])])
        with pytest.raises(QuotaError) as caught:
            storage.commit_many([shop.everything("bob"), shop.commit("eve", quotas=[("gifts", 2, 3), ("seats", 1, 9), ("free", 1, None)])])

        assert caught.value.left == {"gifts": 1, "seats": 9}
        assert shop.load(storage, "bob").revision == 0
        storage.commit_many([shop.commit("eve", quotas=[("gifts", 1, 3)])])
        with pytest.raises(QuotaError):
            storage.commit_many([shop.commit("bob", quotas=[("gifts", 1, 3)])])

    def test_what_all_of_a_batch_take_counts_together(self, storage: Storage) -> None:
        """Two customers who each take one of one."""
        with pytest.raises(QuotaError):
            storage.commit_many([shop.commit(name, quotas=[("gifts", 1, 1)]) for name in ("ann", "bob")])

        assert shop.load(storage, "ann").revision == 0

    def test_a_greater_limit_leaves_more(self, storage: Storage) -> None:
        """The limit is the definition's; what was taken before stays taken."""
        storage.commit_many([shop.commit("ann", quotas=[("gifts", 1, 1)])])
        storage.commit_many([shop.commit("bob", quotas=[("gifts", 1, 2)])])
        with pytest.raises(QuotaError):
            storage.commit_many([shop.commit("eve", quotas=[("gifts", 1, 2)])])

    def test_what_is_kept_first_is_kept(self, storage: Storage) -> None:
        """Whoever comes second is told what the first has kept, under each name its own."""
        assert storage.keep("better", "short") == "short"
        assert storage.keep("better", "long") == "short"
        assert storage.keep("other", "long") == "long"

    def test_what_is_taken_can_be_read(self, storage: Storage) -> None:
        """Over all that was committed; nothing is nought."""
        storage.commit_many([shop.commit("ann", quotas=[("drawn", 2, None)]), shop.commit("bob", quotas=[("drawn", 1, None)])])

        assert (storage.taken("drawn"), storage.taken("nothing")) == (3, 0)

    def test_what_is_over_can_be_forgotten(self, storage: Storage) -> None:
        """Of the numbers with a limit those whose name says so, however many they are; tallies, which have none, are not asked about."""
        names = [f"gifts/{number:04}" for number in range(2_100)]
        storage.commit_many([shop.commit("ann", quotas=[*[(name, 1, 3) for name in names], ("drawn/0001", 1, None), ("seats", 2, 9)])])
        asked: list[str] = []

        def over(name: str) -> bool:
            asked.append(name)
            return name.startswith("gifts/") and name != "gifts/1000"

        storage.forget_taken(over)

        assert sorted(asked) == [*names, "seats"]
        assert [name for name in (*names, "drawn/0001", "seats") if storage.taken(name)] == ["gifts/1000", "drawn/0001", "seats"]
        storage.commit_many([shop.commit("bob", quotas=[("gifts/0001", 3, 3)])])

    def test_many_at_once_take_what_there_is(self, storage: Storage) -> None:
        """Of twenty threads that take one of seven, seven get it."""

        def take(number: int) -> bool:
            try:
                storage.commit_many([shop.commit(f"customer {number}", quotas=[("gifts", 1, 7)])])
            except QuotaError:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(take, range(20))) == 7
