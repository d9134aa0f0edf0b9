"""The storage contract: what several workers share."""

from __future__ import annotations

from bisect import bisect_right
from concurrent.futures import ThreadPoolExecutor

from journeykit.model.backlog import Backlog
from journeykit.model.records import EVERYBODY, MAILBOX, Commit, Moment
from journeykit.ports import Storage
from journeykit.testing import storage_samples as shop


class WorkerContract:
    """Shares of the customers, turns in the outbox, rates, and what waits."""

    # -- shares -------------------------------------------------------------------------------------------------------

    def test_each_worker_has_its_share(self, storage: Storage) -> None:
        """One alone has everybody; of two, each has a place, in order of their tokens; whoever is silent is forgotten."""
        assert storage.enlist("b", 10, 20) == (0, 1)
        assert storage.enlist("a", 11, 40) == (0, 2)
        assert storage.enlist("b", 12, 30) == (1, 2)
        assert storage.enlist("a", 30, 50) == (0, 1)

    def test_a_worker_that_goes(self, storage: Storage) -> None:
        """It says so, and the others have its share at once."""
        storage.enlist("a", 10, 40)
        storage.enlist("b", 10, 40)
        assert storage.enlist("a", 11, 11) == EVERYBODY
        assert storage.enlist("b", 12, 40) == (0, 1)

    def test_the_shares_are_everybody(self, storage: Storage) -> None:
        """Each customer who has something due is found in one share, and in the same order."""
        names = [f"customer {number}" for number in range(40)]
        storage.commit_many([shop.commit(name, enrollments=[shop.enrollment(due=10 + place)]) for place, name in enumerate(names)])
        shares = [storage.claim_due(100, 100, (place, 3)) for place in range(3)]

        assert sorted(name for share in shares for name in share) == sorted(names)
        assert all(share == [name for name in names if name in share] for share in shares)
        assert all(share for share in shares)
        assert storage.claim_due(100, 4, (1, 3)) == shares[1][:4]

    # -- a long mailbox ------------------------------------------------------------------------------------------------

    def test_of_a_long_mailbox_the_first_are_loaded(self, storage: Storage) -> None:
        """At least the first thousand, in order; after them come the next."""
        count = MAILBOX + 50
        storage.accept([(shop.event(f"event {number}"), 10 + number) for number in range(count)])
        first = shop.load(storage).pending
        assert MAILBOX <= len(first) <= count
        assert [logged.event.id for logged in first] == [f"event {number}" for number in range(len(first))]

        decided = [logged._replace(seq=place + 1, state="decided") for place, logged in enumerate(first)]
        storage.commit_many([Commit("ann", 0, len(first), 10, events=decided)])
        assert [logged.event.id for logged in shop.load(storage).pending] == [f"event {number}" for number in range(len(first), count)]

    # -- turns of what is due -----------------------------------------------------------------------------------------

    def test_each_journey_has_its_turn_with_its_timers(self, storage: Storage) -> None:
        """Behind a hundred timers of one journey no other journey waits, nor an event, nor a customer's own moment, however late they came."""
        crowd = [shop.commit(f"crowd {number:02}", enrollments=[shop.enrollment("sale", due=10 + number)]) for number in range(100)]
        few = [shop.commit(name, enrollments=[shop.enrollment("cart", due=500)]) for name in ("ann", "bob")]
        own = shop.commit("eve", moments=[Moment("segment vip", 600, True)])
        storage.commit_many([*crowd, *few, own])
        storage.accept([(shop.event("one", "kim"), 700)])

        assert storage.claim_due(1_000, 10) == [
            "crowd 00",
            "crowd 01",
            "crowd 02",
            "crowd 03",
            "crowd 04",
            "crowd 05",
            "ann",
            "bob",
            "eve",
            "kim",
        ]
        assert storage.claim_due(505, 4) == ["crowd 00", "crowd 01", "ann", "bob"]
        assert len(storage.claim_due(1_000, 200)) == 104

    # -- turns in the outbox -------------------------------------------------------------------------------------------

    def test_each_journey_has_its_turn(self, storage: Storage) -> None:
        """Behind a hundred of one journey the two of another do not wait, nor does another action of the same."""
        crowd = [shop.message(at=1, place=place)._replace(journey="sale") for place in range(100)]
        few = [shop.message(at=50 + place, place=place) for place in range(2)]
        other = [shop.message(at=60, place=200)._replace(journey="sale", action="sms")]
        storage.commit_many([shop.commit("ann", outbox=[*crowd, *few, *other])])
        claimed = storage.claim_outbox(100, 10, 100, "t")

        assert [(one.message.journey, one.message.action) for one in claimed] == [("sale", "email")] * 7 + [("welcome", "email")] * 2 + [
            ("sale", "sms")
        ]

    def test_an_action_that_is_left_out(self, storage: Storage) -> None:
        """What may not go now is left in its place."""
        messages = [shop.message(at=1, place=0), shop.message(at=2, place=1)._replace(action="sms")]
        storage.commit_many([shop.commit("ann", outbox=messages)])

        assert [one.message.action for one in storage.claim_outbox(100, 10, 100, "t", None, {"email"})] == ["sms"]
        assert [one.message.action for one in storage.claim_outbox(100, 10, 100, "t")] == ["email"]

    # -- rates ---------------------------------------------------------------------------------------------------------

    def test_no_window_holds_more_than_is_allowed(self, storage: Storage) -> None:
        """Three in any ten microseconds; the far edge of the window is outside it, each name for itself."""
        assert storage.grant("email", 100, 10, 3, 2) == (2, 100)
        assert storage.grant("email", 104, 10, 3, 2) == (1, 110)
        assert storage.grant("email", 109, 10, 3, 1) == (0, 110)
        assert storage.grant("email", 110, 10, 3, 5) == (2, 114)
        assert storage.grant("sms", 110, 10, 3, 1) == (1, 110)

    def test_a_great_rate_is_kept_to_a_hundredth(self, storage: Storage) -> None:
        """A thousand in any second, asked for every half millisecond: never more, and nobody waits for longer than a hundredth of it in vain."""
        window, most = 1_000_000, 1_000
        gone = [at for at in range(0, 3 * window, 500) if storage.grant("email", at, window, most, 1)[0]]

        assert max(bisect_right(gone, at) - bisect_right(gone, at - window) for at in gone) == most
        assert len(gone) >= 3 * most - most // 50
        assert storage.grant("email", 3 * window, window, most, most)[1] <= 4 * window + window // 100

    def test_many_at_once_get_no_more(self, storage: Storage) -> None:
        """Of twenty threads seven may go."""
        with ThreadPoolExecutor(4) as pool:
            granted = pool.map(lambda _: storage.grant("email", 100, 10, 7, 1)[0], range(20))
        assert sum(granted) == 7

    # -- what waits ----------------------------------------------------------------------------------------------------

    def test_what_waits_is_told(self, storage: Storage) -> None:
        """Events, timers and messages that are due, each since when; what is not due yet does not count."""
        assert storage.backlog(100) == Backlog(0, None, 0, None, 0, None, 0)
        storage.accept([(shop.event("one"), 30), (shop.event("two"), 20), (shop.event("three"), 101)])
        storage.commit_many(
            [
                shop.commit("bob", enrollments=[shop.enrollment(due=40)], outbox=[shop.message("bob", at=50), shop.message("bob", at=200, place=1)]),
                shop.commit("eve", enrollments=[shop.enrollment(due=100)], moments=[Moment("segment vip", 35, True)]),
            ]
        )  # fmt: skip

        assert storage.backlog(100) == Backlog(2, 20, 2, 35, 1, 50, 0)
