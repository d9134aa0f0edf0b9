"""The part of the storage contract about versions side by side: who stands where, and walking those who do."""

from __future__ import annotations

import attrs

from journeykit.model.records import Enrollment
from journeykit.ports import Storage
from journeykit.testing import storage_samples as shop


def _inside(definition: str, step: str, journey: str = "welcome", key: str = "") -> Enrollment:
    """An active enrollment on a version."""
    return attrs.evolve(shop.enrollment(journey, key, due=50), definition=definition, step=step)


class VersionContract:
    """Counting and walking enrollments by version."""

    def test_nobody_stands_anywhere(self, storage: Storage) -> None:
        """An empty storage counts nothing and walks nobody."""
        assert storage.occupied() == []
        assert storage.inside("welcome", "v1") == []

    def test_those_who_stand_in_each_step_are_counted(self, storage: Storage) -> None:
        """By journey, version and step; who has ended, or waits to be let in, stands nowhere."""
        storage.commit_many([
            shop.commit("ann", enrollments=[_inside("v1", "first"), _inside("v1", "first", "cart", "c1"), _inside("v2", "next", "cart", "c2")]),
            shop.commit("bob", enrollments=[_inside("v1", "first"), attrs.evolve(_inside("v1", "first", "cart", "c1"), status="pending")]),
            shop.commit("eve", enrollments=[attrs.evolve(shop.enrollment(ended_at=9), definition="v1"), _inside("v1", "second", "cart", "c1")]),
        ])  # fmt: skip

        assert storage.occupied() == [
            ("cart", "v1", "first", 1), ("cart", "v1", "second", 1), ("cart", "v2", "next", 1), ("welcome", "v1", "first", 2),
        ]  # fmt: skip

    def test_who_moves_is_counted_where_they_are(self, storage: Storage) -> None:
        """A commit that changes step or version, or ends the enrollment, changes what is counted."""
        storage.commit_many(
            [shop.commit("ann", enrollments=[_inside("v1", "first")]), shop.commit("bob", enrollments=[_inside("v1", "first")])]
        )
        moved = attrs.evolve(_inside("v2", "second"), visit=2)
        storage.commit_many([shop.commit("ann", 1, enrollments=[moved])])
        storage.commit_many([shop.commit("bob", 1, enrollments=[attrs.evolve(shop.enrollment(ended_at=20), visit=2)])])

        assert storage.occupied() == [("welcome", "v2", "second", 1)]
        assert (storage.inside("welcome", "v1"), storage.inside("welcome", "v2")) == ([], ["ann"])

    def test_customers_of_a_version_are_walked_in_order(self, storage: Storage) -> None:
        """Each once, whatever number of enrollments they have there, after a customer, no more than asked for."""
        names = ["zoe", "ann", "Zoë 漢字", "bob"]
        several = [_inside("v1", "first", "cart", key) for key in ("c1", "c2")]
        storage.commit_many([shop.commit(name, enrollments=several) for name in names])
        storage.commit_many([shop.commit("carl", enrollments=[_inside("v2", "first", "cart", "c1"), _inside("v1", "first")])])

        assert storage.inside("cart", "v1") == sorted(names)
        assert storage.inside("cart", "v1", "", 2) == sorted(names)[:2]
        assert storage.inside("cart", "v1", "ann", 2) == ["bob", "zoe"]
        assert storage.inside("cart", "v1", "zoe") == []
        assert storage.inside("cart", "v2") == ["carl"]
        assert storage.inside("welcome", "v1") == ["carl"]
