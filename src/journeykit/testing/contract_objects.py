"""The storage contract: who waits for an object, and facts about objects that reach them in order."""

from __future__ import annotations

from attrs import evolve

from journeykit.model.objects import ObjectFact, Release, Waiter
from journeykit.model.records import Commit, Mail
from journeykit.ports import Storage
from journeykit.testing import storage_samples as shop

STOCK = "Back In Stock"


def fact(fact_id: str = "erp-1", *, event: str = STOCK, about: str = "red", at: int = 50) -> ObjectFact:
    """A fact about the red shoes."""
    return ObjectFact(event, about, fact_id, at, at - 5, {"sku": about, "price": 4900}, "erp")


def waits(customer_id: str, *waited: tuple[str, str, int], base: int = 0, entered_at: int = 10, key: str = "") -> Commit:
    """A commit whose enrollment waits for so much."""
    enrollment = evolve(shop.enrollment(key=key), entered_at=entered_at)
    enrollment.waits = waited
    return shop.commit(customer_id, base, enrollments=[enrollment])


def waiting(storage: Storage, until: int = 100, after: Waiter | None = None, limit: int = 10) -> list[str]:
    """The customers who wait for the red shoes, in order."""
    return [customer_id for _, customer_id, _, _ in storage.waiting_for(STOCK, "red", until, after, limit)]


class ObjectContract:
    """An index of who waits for what, and releases that stand at one place."""

    def test_the_oldest_entry_comes_first(self, storage: Storage) -> None:
        """Then the customer's id, then journey and key; those who wait for something else do not come."""
        red = (STOCK, "red", 10)
        storage.commit_many([waits("eve", red, entered_at=5), waits("bob", red), waits("ann", red), waits("zoe", (STOCK, "blue", 10))])

        assert storage.waiting_for(STOCK, "red", 100, None, 10) == [
            (5, "eve", "welcome", ""), (10, "ann", "welcome", ""), (10, "bob", "welcome", "")
        ]  # fmt: skip

    def test_a_page_after_another(self, storage: Storage) -> None:
        """A place in the order is all that is needed to go on, also where it is somebody's who no longer waits."""
        storage.commit_many([waits(name, (STOCK, "red", 10)) for name in ("ann", "bob", "eve", "zoe")])
        storage.commit_many([waits("bob", base=1)])

        assert waiting(storage, limit=2) == ["ann", "eve"]
        assert waiting(storage, after=(10, "bob", "welcome", "")) == ["eve", "zoe"]
        assert waiting(storage, after=(10, "zoe", "welcome", "")) == []

    def test_only_those_who_waited_then(self, storage: Storage) -> None:
        """Who came later, or began later to wait for it, is not there; waiting on does not begin anew."""
        storage.commit_many([
            waits("ann", (STOCK, "red", 20)), waits("bob", (STOCK, "red", 60)), waits("eve", (STOCK, "red", 70), entered_at=70)
        ])  # fmt: skip
        storage.commit_many([waits("ann", (STOCK, "red", 90), (STOCK, "blue", 90), base=1)])

        assert waiting(storage, 50) == ["ann"]
        assert waiting(storage, 60) == ["ann", "bob"]
        assert waiting(storage, 70) == ["ann", "bob", "eve"]

    def test_what_a_commit_does_not_mention_stays(self, storage: Storage) -> None:
        """An enrollment written without a word about it waits on; the last word of a batch counts; an empty one ends it."""
        storage.commit_many([waits("ann", (STOCK, "red", 10)), waits("bob", (STOCK, "red", 10))])
        storage.commit_many([
            shop.commit("ann", 1, enrollments=[evolve(shop.enrollment(), step="second")]),
            waits("bob", base=1), shop.commit("bob", 2, enrollments=[shop.enrollment()]),
        ])  # fmt: skip

        assert waiting(storage) == ["ann"]

    def test_two_keys_are_two_who_wait(self, storage: Storage) -> None:
        """One customer in two enrollments."""
        storage.commit_many([waits("ann", (STOCK, "red", 10), key="a"), waits("ann", (STOCK, "red", 10), base=1, key="b")])

        assert waiting(storage) == ["ann", "ann"]

    def test_a_fact_counts_once(self, storage: Storage) -> None:
        """The same id about the same object is known, for good; about another object it is another."""
        assert storage.publish(fact(), [STOCK])
        assert not storage.publish(fact(), [STOCK])
        assert storage.publish(fact(about="blue"), [STOCK])
        assert storage.release(Release(fact(), 50), None, ())
        assert not storage.publish(fact(), [STOCK])

    def test_a_release_is_due_at_once_and_then_when_it_says(self, storage: Storage) -> None:
        """It comes with the whole fact, stands where it was put, and is found by the moment."""
        storage.publish(fact(), [STOCK])
        assert storage.releases(49, 10) == []
        assert storage.releases(50, 10) == [Release(fact(), 50)]
        assert storage.next_due() == 50
        moved = Release(fact(), 80, None, (10, "ann", "welcome", ""), 3)

        assert storage.release(Release(fact(), 50), moved, ())
        assert storage.releases(79, 10) == []
        assert storage.releases(80, 10) == [moved]
        assert storage.next_due() == 80
        assert storage.release(moved, None, ())
        assert storage.releases(1_000, 10) == []
        assert storage.next_due() is None

    def test_a_step_is_taken_once(self, storage: Storage) -> None:
        """Whoever comes second writes nothing, and neither does whoever stands elsewhere."""
        storage.publish(fact(), [STOCK])
        first = Release(fact(), 50)
        moved = first._replace(after=(10, "ann", "welcome", ""), sent=1)
        mail = [Mail(shop.event("release/red/erp-1", name=STOCK), 50)]

        assert storage.release(first, moved, mail)
        assert not storage.release(first, moved, [Mail(shop.event("other"), 50)])
        assert [one.event.id for one in storage.events("ann")] == ["release/red/erp-1"]
        assert storage.releases(50, 10) == [moved]

    def test_a_later_fact_ends_those_it_names(self, storage: Storage) -> None:
        """Of the same object, from that moment on; a second one does not move the end."""
        for about in ("red", "blue"):
            storage.publish(fact(about=about), [STOCK])
        storage.publish(fact("erp-2", event="Sold Out", at=60), [STOCK, "Sold Out"])
        storage.publish(fact("erp-3", event="Sold Out", at=70), [STOCK, "Sold Out"])

        assert {(one.fact.event, one.fact.object, one.fact.id): one.ends_at for one in storage.releases(100, 10)} == {
            (STOCK, "red", "erp-1"): 60, (STOCK, "blue", "erp-1"): None, ("Sold Out", "red", "erp-2"): 70, ("Sold Out", "red", "erp-3"): None
        }  # fmt: skip

    def test_the_longest_due_comes_first(self, storage: Storage) -> None:
        """As many as are asked for."""
        for number, at in enumerate((70, 50, 60)):
            storage.publish(fact(about=f"shoe {number}", at=at), [STOCK])

        assert [one.due_at for one in storage.releases(100, 2)] == [50, 60]
