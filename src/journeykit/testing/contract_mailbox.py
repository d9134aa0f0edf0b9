"""The part of the storage contract about events: mailbox, log and seen mark, and what is due."""

from __future__ import annotations

import pytest

from journeykit.model.messages import Event
from journeykit.model.records import Loaded, LoggedEvent, Mail, Moment, Waiting, Want
from journeykit.ports import Storage
from journeykit.testing import storage_samples as shop


def decided(event: Event, seq: int) -> LoggedEvent:
    """The event as decided by signal *seq*."""
    return LoggedEvent(event, 10, seq, "decided")


def ids(events: list[LoggedEvent]) -> list[str]:
    """Their ids, in order."""
    return [logged.event.id for logged in events]


class MailboxContract:
    """Accepting, mail, the log, and who has something to do."""

    def test_accepted_events_wait_in_order(self, storage: Storage) -> None:
        """The mailbox is in order of acceptance, then of arrival; nothing else of the customer changes."""
        storage.commit_many([shop.commit("ann")])
        new = storage.accept([(shop.event("b"), 20), (shop.event("a"), 20), (shop.event("z", "bob"), 5), (shop.event("c"), 15)])
        storage.accept([(shop.event("0"), 20)])
        ann, bob = storage.load_many([Want("ann", frozenset(), (), ("a", "x", "c")), Want("bob", frozenset())])

        assert new == [True, True, True, True]
        assert ids(ann.pending) == ["c", "b", "a", "0"]
        assert [(logged.accepted_at, logged.state, logged.seq) for logged in ann.pending[:2]] == [
            (15, "pending", None),
            (20, "pending", None),
        ]
        assert (ann.revision, ann.seen) == (1, frozenset({"a", "c"}))
        assert (bob.revision, ids(bob.pending)) == (0, ["z"])

    def test_an_event_is_accepted_once(self, storage: Storage) -> None:
        """The id counts once for a customer, whether it waits or was decided, in one call or several."""
        first = shop.event("one", total=1)
        assert storage.accept([(first, 10), (shop.event("one", total=2), 11), (shop.event("one", "bob"), 12)]) == [True, False, True]
        assert storage.accept([(shop.event("one", total=3), 13)]) == [False]
        storage.commit_many([shop.commit("ann", events=[decided(first, 1)])])
        assert storage.accept([(shop.event("one", total=4), 14), (shop.event("two"), 14)]) == [False, True]

        assert [logged.event.properties for logged in storage.events("ann")] == [{"total": 1}, {}]

    def test_deciding_takes_an_event_out_of_the_mailbox(self, storage: Storage) -> None:
        """The decided row stands where the waiting one stood; the others go on waiting."""
        storage.accept([(shop.event("one"), 10), (shop.event("two"), 10)])
        storage.commit_many([shop.commit("ann", events=[decided(shop.event("one"), 1)])])
        loaded = shop.load(storage, "ann", "one", "two")

        assert ids(loaded.pending) == ["two"]
        assert loaded.seen == {"one", "two"}
        assert [(logged.event.id, logged.state, logged.seq) for logged in storage.events("ann")] == [
            ("one", "decided", 1),
            ("two", "pending", None),
        ]

    def test_mail_is_an_event_of_another_customer(self, storage: Storage) -> None:
        """Mail waits in its mailbox after what arrived before, whether the customer is known or not."""
        storage.accept([(shop.event("first", "bob"), 10)])
        mail = [Mail(shop.event("mail", "bob"), 10), Mail(shop.event("mail", "eve"), 10), Mail(shop.event("later"), 10)]
        storage.commit_many([shop.commit("ann", mail=mail)])

        assert ids(shop.load(storage, "bob").pending) == ["first", "mail"]
        assert ids(shop.load(storage, "eve", "mail").pending) == ["mail"]
        assert ids(shop.load(storage, "ann").pending) == ["later"]

    def test_known_mail_is_left_out(self, storage: Storage) -> None:
        """Mail that is known, waiting or decided, is no error and changes nothing."""
        storage.accept([(shop.event("one", "bob", total=1), 10)])
        again = [Mail(shop.event("one", "bob", total=2), 11), Mail(shop.event("two", "bob"), 11), Mail(shop.event("two", "bob"), 12)]
        storage.commit_many([shop.commit("ann", mail=again)])
        storage.commit_many([shop.commit("bob", events=[decided(shop.event("two", "bob"), 1)])])
        storage.commit_many([shop.commit("ann", 1, mail=again)])

        assert [(logged.event.id, logged.event.properties) for logged in storage.events("bob")] == [("two", {}), ("one", {"total": 1})]

    def test_the_log_is_read_in_order(self, storage: Storage) -> None:
        """Decided events by number, then the parked and waiting ones by arrival; from a number on; by name."""
        parked = LoggedEvent(shop.event("part", name="$parked"), 10, 3, "parked", 0)
        storage.accept([(shop.event("y", name="Visited"), 9), (shop.event("x"), 30)])
        storage.commit_many([
            shop.commit("ann", 0, events=[decided(shop.event("c"), 1)]), shop.commit("ann", 1, events=[decided(shop.event("b", name="Visited"), 2)]),
            shop.commit("ann", 2, events=[decided(shop.event("a"), 3), parked]),
        ])  # fmt: skip

        assert ids(storage.events("ann")) == ["c", "b", "a", "part", "y", "x"]
        assert ids(storage.events("ann", after=2)) == ["a", "part", "y", "x"]
        assert ids(storage.events("ann", names=["Visited"])) == ["b", "y"]
        assert ids(storage.events("ann", 3, iter(["$parked"]))) == ["part"]
        assert ids(storage.events("ann", names=[])) == []

    def test_a_parked_part_is_decided_later(self, storage: Storage) -> None:
        """A parked row is no mail; it is known, may be parked again, and once decided it stays so."""
        parked = LoggedEvent(shop.event("part", name="$parked", error="x"), 10, 1, "parked")
        storage.commit_many([shop.commit("ann", events=[decided(shop.event("one"), 1), parked])])
        assert (shop.load(storage, "ann", "part").pending, shop.load(storage, "ann", "part").seen) == ([], frozenset({"part"}))
        assert storage.claim_due(1_000, 10) == []
        assert storage.accept([(parked.event, 20)]) == [False]
        storage.commit_many([shop.commit("ann", 1, events=[parked._replace(seq=2)])])
        storage.commit_many([shop.commit("ann", 2, events=[parked._replace(seq=3, state="decided")])])

        assert [(logged.event.id, logged.state) for logged in storage.events("ann")] == [("one", "decided"), ("part", "decided")]

    def test_who_is_due(self, storage: Storage) -> None:
        """A timer is due once its instant has passed; those waiting longest come first, each customer once, up to the limit."""
        storage.commit_many([
            shop.commit("ann", enrollments=[shop.enrollment("a", due=30), shop.enrollment("b", due=20)]),
            shop.commit("bob", enrollments=[shop.enrollment(due=10)]), shop.commit("eve", enrollments=[shop.enrollment()]),
        ])  # fmt: skip

        assert (storage.next_due(), storage.claim_due(10, 10)) == (11, [])
        assert storage.claim_due(11, 10) == ["bob"]
        assert storage.claim_due(100, 10) == ["bob", "ann"]
        assert storage.claim_due(100, 1) == ["bob"]
        assert storage.claim_due(100, 10) == ["bob", "ann"]

    def test_timers_move_with_their_rows(self, storage: Storage) -> None:
        """A timer armed anew, an ended row and a removed one are due no more at the old moment."""
        storage.commit_many([shop.commit("ann", enrollments=[shop.enrollment(j, due=10) for j in ("moved", "ended", "removed")])])
        storage.commit_many([
            shop.commit("ann", 1, enrollments=[shop.enrollment("moved", due=50), shop.enrollment("ended", ended_at=20)], removed=[("removed", "")])
        ])  # fmt: skip

        assert (storage.next_due(), storage.claim_due(50, 10), storage.claim_due(51, 10)) == (51, [], ["ann"])
        storage.commit_many([shop.commit("ann", 2, enrollments=[shop.enrollment("moved", due=30)])])
        assert (storage.next_due(), storage.claim_due(31, 10)) == (31, ["ann"])
        storage.commit_many([shop.commit("ann", 3, enrollments=[shop.enrollment("moved")])])
        assert (storage.next_due(), storage.claim_due(1_000, 10)) == (None, [])

    def test_an_entry_that_waits_is_due(self, storage: Storage) -> None:
        """An entry with an idle time is due like a timer, and is loaded when due, also over an ended row."""
        waiting = shop.enrollment(ended_at=9)
        waiting.waiting = Waiting(40, 1, 0, ("Visited", "one", "2026-01-01T00:00:00+00:00", {"page": 1}, "web"))
        storage.commit_many([shop.commit("ann", enrollments=[waiting])])

        assert (storage.next_due(), storage.claim_due(40, 10), storage.claim_due(41, 10)) == (41, [], ["ann"])
        assert storage.load_many([Want("ann", frozenset(), (), (), 41)])[0].enrollments == [waiting]

    def test_mail_is_due_at_once(self, storage: Storage) -> None:
        """Somebody with mail has something to do from its acceptance on until it is decided."""
        storage.commit_many([shop.commit("ann", enrollments=[shop.enrollment(due=15)])])
        storage.accept([(shop.event("one", "bob"), 20), (shop.event("two", "bob"), 10), (shop.event("one", "eve"), 18)])

        assert storage.next_due() == 10
        assert storage.claim_due(20, 10) == ["bob", "ann", "eve"]
        storage.commit_many([shop.commit("bob", events=[decided(shop.event("two", "bob"), 1)])])
        assert storage.claim_due(20, 10) == ["ann", "eve", "bob"]
        storage.commit_many([shop.commit("bob", 1, events=[decided(shop.event("one", "bob"), 2)])])
        assert storage.claim_due(20, 10) == ["ann", "eve"]

    def test_moments_of_a_customer_are_due(self, storage: Storage) -> None:
        """A customer's own timers count, until they are replaced."""
        storage.commit_many([shop.commit("ann", moments=[Moment("a", None), Moment("b", 30), Moment("c", 20, True)])])
        assert (storage.next_due(), storage.claim_due(20, 9), storage.claim_due(21, 9)) == (21, [], ["ann"])
        storage.commit_many([shop.commit("ann", 1)])
        assert storage.claim_due(21, 9) == ["ann"]
        storage.commit_many([shop.commit("ann", 2, moments=[])])
        assert (storage.next_due(), storage.claim_due(1_000, 9)) == (None, [])

    @pytest.mark.parametrize("count", [1, 100])
    def test_many_are_due(self, storage: Storage, count: int) -> None:
        """Whoever is found is found again until a commit says otherwise; then the next ones are found."""
        names = [f"customer {number:03}" for number in range(count)]
        storage.commit_many([shop.commit(name, enrollments=[shop.enrollment(due=number)]) for number, name in enumerate(names, 10)])
        done: list[str] = []
        while found := storage.claim_due(200, 7):
            assert storage.claim_due(200, 7) == found
            storage.commit_many([shop.commit(name, 1, enrollments=[shop.enrollment(ended_at=200)]) for name in found])
            done += found

        assert done == names

    def test_a_mailbox_of_somebody_never_decided_for(self, storage: Storage) -> None:
        """Accepting makes no customer."""
        storage.accept([(shop.event("one"), 10)])
        loaded = shop.load(storage)

        assert loaded == Loaded("ann", 0, 0, loaded.facts, [], loaded.pending)
        storage.commit_many([shop.commit("ann", 0, events=[decided(shop.event("one"), 1)])])
        assert shop.load(storage).revision == 1

    def test_customers_come_in_pages(self, storage: Storage) -> None:
        """Everybody is listed in order, a page at a time, also who only has mail."""
        for name in ("cat", "ann", "Zoë", "eve"):
            storage.commit_many([shop.commit(name)])
        storage.accept([(shop.event("one", "bob"), 10), (shop.event("two", "ann"), 10)])

        assert storage.customers() == ["Zoë", "ann", "bob", "cat", "eve"]
        assert storage.customers("ann", 2) == ["bob", "cat"]
        assert storage.customers("eve") == []
