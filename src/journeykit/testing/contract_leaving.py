"""The storage contract: customers who become another, are erased, or whose past is let go of."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from journeykit.errors import ConflictError
from journeykit.model.leaving import Erased, Moved, Retained, Snapshot
from journeykit.model.messages import Event
from journeykit.model.records import ELSEWHERE, Commit, LoggedEvent, Mail, Settlement, Want
from journeykit.ports import Storage
from journeykit.testing import storage_samples as shop
from journeykit.testing.contract_objects import STOCK, waiting, waits

EVER = -(2**62)


def logged(event_id: str, seq: int, customer_id: str = "ann", at: int = 10, **properties: Any) -> LoggedEvent:
    """An event as decided by signal *seq*."""
    return LoggedEvent(shop.event(event_id, customer_id, **properties), at, seq, "decided")


def moved(base: int, *, numbers: tuple[tuple[str, str, int], ...] = (), spent: tuple[int, ...] = (), old: str = "bob") -> Moved:
    """Bob becomes Ann."""
    return Moved(old, "ann", base, numbers, spent, "sent before", 90)


def signal(base: int = 0, **fields: object) -> Commit:
    """The commit of the signal by which Ann takes somebody in."""
    return shop.commit("ann", base, events=[logged("merge", base + 1)], **fields)


def erased(customer_id: str = "ann", **remains: object) -> Erased:
    """Ann is erased."""
    return Erased(customer_id, [f"hash of {customer_id}"], dict(remains), "erased-1")


def retained(base: int, upto: int, before: int, *, history: bool = True) -> Retained:
    """What Ann did before a moment goes."""
    state = evolve(shop.load_nobody("ann"), revision=upto, accepted_at=before - 1, enrollments=[shop.enrollment(due=50)])
    return Retained("ann", base, Snapshot(before, state, ("orders",)), history)


class LeavingContract:
    """Everything of one id under another, nothing of an id, and less of a past."""

    def test_everything_becomes_the_survivors(self, storage: Storage) -> None:
        """Mail, events, history and messages stand before all that the survivor has, in their order; enrollments and data are gone."""
        storage.commit_many(
            [shop.everything("bob"), shop.commit("bob", 1, events=[logged("two", 2, "bob")], outbox=[shop.message("bob", place=1)])]
        )
        storage.commit_many([shop.commit("ann", events=[logged("own", 1)], history=[shop.entry("ann")])])
        storage.accept([(shop.event("mail", "bob"), 20)])
        storage.merge([signal(1)], moved(2))

        assert [(one.event.id, one.seq) for one in storage.events("ann", EVER)] == [
            ("one", -2),
            ("two", -1),
            ("own", 1),
            ("merge", 2),
            ("mail", None),
        ]
        assert {one.event.customer_id for one in storage.events("ann", EVER)} == {"ann"}
        assert [(entry.seq, entry.customer_id) for entry in storage.history("ann")] == [(-2, "ann"), (1, "ann")]
        assert [(row.message.customer_id, row.message.seq, row.message.idempotency_key) for row in storage.outbox(customer_id="ann")] == [
            ("ann", -2, "bob/welcome//1/1/0"), ("ann", -2, "bob/welcome//1/1/1"),
        ]  # fmt: skip
        assert [one.event.id for one in shop.load(storage, "ann").pending] == ["mail"]
        assert (storage.customers(), storage.history("bob"), storage.events("bob", EVER), storage.outbox(customer_id="bob")) == (
            ["ann"],
            [],
            [],
            [],
        )
        gone = shop.load(storage, "bob")
        assert (gone.revision, gone.enrollments, gone.moments) == (ELSEWHERE, [], ())

    def test_the_commits_come_first(self, storage: Storage) -> None:
        """What both had still to decide is written before, and what the survivor's commit says of an enrollment counts."""
        storage.commit_many([shop.everything("bob")])
        mine = shop.enrollment(due=70)
        storage.merge([shop.commit("bob", 1, events=[logged("late", 2, "bob")]), signal(enrollments=[mine])], moved(2))

        assert shop.load(storage, "ann").enrollments == [mine]
        assert [(one.event.id, one.seq) for one in storage.events("ann", EVER)] == [("one", -2), ("late", -1), ("merge", 1)]
        assert storage.next_due() == 10  # a message that is open

    def test_an_old_id_stands_for_the_survivor(self, storage: Storage) -> None:
        """Whatever is written for it, or for an id that had become it before, is written for the survivor; somebody unknown may become one."""
        storage.merge([shop.commit("bob", events=[logged("merge", 1, "bob")])], Moved("cookie", "bob", 0, (), (), "", 5))
        storage.merge([signal()], moved(1))
        accepted = storage.accept([(shop.event("a", "cookie"), 20), (shop.event("a", "bob"), 21), (shop.event("b", "ann"), 22)])
        storage.commit_many([shop.commit("eve", mail=[Mail(shop.event("c", "bob"), 23)])])

        assert accepted == [True, False, True]
        assert [one.event.id for one in shop.load(storage, "ann").pending] == ["a", "b", "c"]
        assert [one.event.customer_id for one in shop.load(storage, "ann").pending] == ["ann"] * 3
        assert storage.identities("cookie") == storage.identities("ann") == ["ann", "bob", "cookie"]
        assert storage.identities("eve") == ["eve"]
        assert storage.claim_due(100, 10) == ["ann"]
        assert {one.revision for one in storage.load_many([Want("bob", None), Want("cookie", frozenset())])} == {ELSEWHERE}

    def test_a_known_id_is_kept_under_another(self, storage: Storage) -> None:
        """Both have an event of one id: both are kept, and the id is known."""
        storage.commit_many([shop.commit("ann", events=[logged("1", 1)]), shop.commit("bob", events=[logged("1", 1, "bob", total=5)])])
        storage.merge([signal(1)], moved(1))
        events = storage.events("ann", EVER)

        assert [one.seq for one in events] == [-1, 1, 2]
        assert events[0].event.properties == {"total": 5}
        assert len({one.event.id for one in events}) == 3
        assert storage.accept([(shop.event("1", "bob"), 20)]) == [False]

    def test_numbers_go_up_and_spent_messages_are_dropped(self, storage: Storage) -> None:
        """A message keeps its key whatever its number becomes; one that the other has had is dropped, unless it has been settled."""
        storage.commit_many([shop.commit("bob", outbox=[shop.message("bob"), shop.message("bob", place=1)], history=[shop.entry("bob")])])
        first, second = (row.id for row in storage.outbox())
        storage.merge([signal()], moved(1, numbers=(("welcome", "", 3),), spent=(first,)))
        rows = storage.outbox()

        assert [(row.state, row.reason, row.message.number) for row in rows] == [("dropped", "sent before", 4), ("open", None, 4)]
        assert [row.message.idempotency_key for row in rows] == ["bob/welcome//1/1/0", "bob/welcome//1/1/1"]
        assert [entry.number for entry in storage.history("ann")] == [4]
        (claimed,) = storage.claim_outbox(100, 10, 50, "me")
        assert (claimed.id, claimed.message.customer_id) == (second, "ann")

    def test_a_leased_message_is_settled_after_the_move(self, storage: Storage) -> None:
        """Who has claimed it for the old id settles it, and its answer reaches the survivor."""
        storage.commit_many([shop.commit("bob", outbox=[shop.message("bob")])])
        (claimed,) = storage.claim_outbox(10, 10, 50, "me")
        storage.merge([signal()], moved(1))

        assert storage.settle([Settlement(claimed.id, "me", "performed", None, 20, (Mail(shop.event("answer", "bob"), 20),))]) == [True]
        assert [one.event.id for one in shop.load(storage, "ann").pending] == ["answer"]

    def test_whoever_has_moved_on_is_not_merged(self, storage: Storage) -> None:
        """Neither revision may be another than expected; nothing is written, and nobody is an alias."""
        storage.commit_many([shop.everything("ann"), shop.everything("bob")])
        before = shop.traces(storage, "ann"), shop.traces(storage, "bob")
        for commits, move in (([signal(0)], moved(1)), ([signal(1)], moved(0)), ([signal(1)], moved(2))):
            with pytest.raises(ConflictError):
                storage.merge(commits, move)

        assert (shop.traces(storage, "ann"), shop.traces(storage, "bob")) == before
        assert storage.identities("bob") == ["bob"]

    def test_who_decides_for_an_old_id_is_refused(self, storage: Storage) -> None:
        """A decision that was made before the merge for who is gone is made again."""
        storage.commit_many([shop.everything("bob")])
        storage.merge([signal()], moved(1))
        with pytest.raises(ConflictError):
            storage.commit_many([shop.commit("bob", 1)])
        with pytest.raises(ConflictError):
            storage.commit_many([shop.commit("bob", 0)])

    def test_who_waits_goes_on_to_wait(self, storage: Storage) -> None:
        """For an object since the old id did, as long as the enrollment lasts that does."""
        storage.commit_many([waits("bob", (STOCK, "red", 10)), waits("eve", (STOCK, "red", 10), key="k")])
        mine = shop.enrollment()
        mine.waits = ((STOCK, "red", 60),)
        storage.merge([signal(enrollments=[mine])], moved(1))
        storage.merge([shop.commit("ann", 1, events=[logged("again", 2)])], moved(1, old="eve"))

        assert waiting(storage, 50) == ["ann"]
        assert [key for _, _, _, key in storage.waiting_for(STOCK, "red", 50, None, 10)] == [""]

    def test_nothing_is_left_of_the_erased(self, storage: Storage) -> None:
        """Of no id; what remains is found under the mark, and the id is nobody's."""
        storage.commit_many([shop.everything("bob"), shop.everything("ann"), waits("ann", (STOCK, "red", 10), base=1)])
        storage.merge([signal(2)], moved(1))
        storage.accept([(shop.event("mail", "bob"), 20)])
        assert storage.erase(erased("bob", rows=[1])) is True

        for name in ("ann", "bob"):
            assert shop.traces(storage, name)[1:] == ([], [], [])
            assert (shop.load(storage, name).revision, shop.load(storage, name).erasures) == (0, True)
        assert (storage.customers(), storage.next_due(), waiting(storage), storage.identities("bob")) == ([], None, [], ["bob"])
        assert storage.remains(["hash of bob", "hash of eve"]) == {"hash of bob": {"rows": [1]}}
        assert storage.erase(erased("bob", rows=[2])) is False
        assert storage.remains(["hash of bob"]) == {"hash of bob": {"rows": [2]}}

    def test_whom_the_erased_has_started_keeps_what_happened(self, storage: Storage) -> None:
        """A stranger has sent it, under an id that names nobody; what others have sent stays."""
        starts = [
            Event("$enter", id=f"start/{name}/cart/c1/1/1/0", customer_id="eve", occurred_at="2026-01-01T00:00:00+00:00", properties={"from": name, "key": "k"})
            for name in ("ann", "ann/x", "an")
        ]  # fmt: skip
        storage.accept([(one, 10) for one in starts])
        storage.commit_many([shop.commit("eve", events=[LoggedEvent(one, 10, 1, "decided") for one in starts[:2]])])
        storage.commit_many([shop.everything("ann")])
        storage.erase(erased())
        found = {one.event.properties["from"]: one for one in storage.events("eve")}

        assert set(found) == {"erased-1", "ann/x", "an"}
        assert "ann" not in found["erased-1"].event.id
        assert found["erased-1"].event.properties == {"from": "erased-1", "key": "k"}
        assert found["ann/x"].event.id == "start/ann/x/cart/c1/1/1/0"

    def test_who_has_read_the_mail_of_the_erased_reads_it_again(self, storage: Storage) -> None:
        """Eve's mailbox was read, then its sender is erased: what was decided on it is refused, and the mail waits under its other name."""
        start = Event(
            "$enter", id="start/ann/cart/c1/1/1/0", customer_id="eve", occurred_at="2026-01-01T00:00:00+00:00", properties={"from": "ann", "key": "k"}
        )  # fmt: skip
        storage.commit_many([shop.commit("eve"), shop.commit("ann", mail=[Mail(start, 20)])])
        (read,) = shop.load(storage, "eve").pending
        storage.erase(erased())
        with pytest.raises(ConflictError):
            storage.commit_many([shop.commit("eve", 1, events=[read._replace(seq=2, state="decided")], history=[shop.entry("eve", seq=2)])])
        (left,) = storage.events("eve")

        assert (left.state, left.event.properties["from"]) == ("pending", "erased-1")
        assert (shop.load(storage, "eve").revision, storage.history("eve")) == (1, [])
        storage.commit_many([shop.commit("eve", 1, events=[left._replace(seq=2, state="decided")])])
        assert [one.state for one in storage.events("eve")] == ["decided"]

    def test_what_is_sent_and_decided_at_once_was_in_no_mailbox(self, storage: Storage) -> None:
        """A batch holds the commit that sends and the one that decides it."""
        start = Event(
            "$enter", id="start/ann/cart/c1/1/1/0", customer_id="eve", occurred_at="2026-01-01T00:00:00+00:00", properties={"from": "ann", "key": "k"}
        )  # fmt: skip
        storage.commit_many([shop.commit("ann", mail=[Mail(start, 20)]), shop.commit("eve", events=[LoggedEvent(start, 20, 1, "decided")])])

        assert [one.state for one in storage.events("eve")] == ["decided"]

    def test_others_are_told_that_somebody_was_erased(self, storage: Storage) -> None:
        """Whoever is not known may be one of them; whoever is known is not asked about."""
        storage.commit_many([shop.everything("bob")])
        assert shop.load(storage, "new").erasures is False
        storage.erase(erased())

        assert [one.erasures for one in storage.load_many([Want("new", None), Want("bob", None)])] == [True, False]

    def test_an_older_past_is_let_go(self, storage: Storage) -> None:
        """Properties, parameters and history of before go, ids and what came later stay; a snapshot is in their place."""
        old, new = shop.entry(seq=1), shop.entry(seq=3)._replace(at=40)
        storage.commit_many([
            shop.commit("ann", events=[logged("a", 1, total=1)], history=[old], outbox=[shop.message(), shop.message(place=1)]),
            shop.commit("ann", 1, events=[logged("b", 2, total=2)]),
            shop.commit("ann", 2, events=[logged("c", 3, at=40, total=3)], history=[new]),
        ])  # fmt: skip
        (one, _) = storage.claim_outbox(10, 10, 50, "me")
        storage.settle([Settlement(one.id, "me", "performed", None, 12)])
        assert (storage.aged(30, "", 10), storage.aged(30, "ann", 10), storage.aged(10, "", 10), storage.snapshot("ann")) == (
            ["ann"],
            [],
            [],
            None,
        )
        assert storage.retain(retained(3, 2, 30)) is True

        assert [(row.event.id, row.event.properties) for row in storage.events("ann")] == [("a", {}), ("b", {}), ("c", {"total": 3})]
        assert storage.history("ann") == [new]
        assert [row.message.parameters for row in storage.outbox()] == [{}, {"template": "hello"}]
        assert storage.snapshot("ann") == retained(3, 2, 30).snapshot
        assert storage.aged(30, "", 10) == []
        assert storage.accept([(shop.event("a"), 50)]) == [False]

    def test_the_data_of_what_has_ended_goes(self, storage: Storage) -> None:
        """Whoever has data in an enrollment that had ended is found, without any event; what is given in its place is there, by its number."""
        gone = evolve(shop.enrollment("cart", ended_at=20), data={"street": "Elm"})
        later, inside = evolve(shop.enrollment("order", ended_at=40), data={"n": 1}), evolve(shop.enrollment("welcome"), data={"n": 2})
        storage.commit_many(
            [shop.commit("ann", enrollments=[gone, later, inside]), shop.commit("bob", enrollments=[shop.enrollment(ended_at=20)])]
        )
        found = (storage.aged(20, "", 10), storage.aged(21, "", 10), storage.aged(21, "ann", 10))
        assert found == ([], ["ann"], [])
        emptied = [evolve(gone, data={}), evolve(later, number=9, data={})]
        assert storage.retain(retained(1, 1, 30)._replace(emptied=emptied)) is True

        assert {e.journey: e.data for e in shop.load(storage, "ann").enrollments} == {"cart": {}, "order": {"n": 1}, "welcome": {"n": 2}}
        assert storage.aged(21, "", 10) == []

    def test_those_with_an_older_past_come_page_by_page(self, storage: Storage) -> None:
        """In order of their ids, whoever came first; behind the last one of a page, the next page leaves nobody out."""
        for name in ("eve", "ann", "zoe", "bob"):
            storage.commit_many([shop.commit(name, events=[logged("a", 1, name, total=1)])])

        assert [storage.aged(30, after, 2) for after in ("", "bob", "zoe")] == [["ann", "bob"], ["eve", "zoe"], []]

    def test_history_stays_where_wanted(self, storage: Storage) -> None:
        """Without being asked for, no line of it goes."""
        storage.commit_many([shop.everything("ann")])
        assert storage.retain(retained(1, 1, 30, history=False)) is True

        assert storage.history("ann") == [shop.entry()]

    def test_nothing_is_let_go_of_who_has_moved_on(self, storage: Storage) -> None:
        """A snapshot of another revision, or of nobody, is not kept."""
        storage.commit_many([shop.commit("ann", events=[logged("a", 1, total=1)])])

        assert storage.retain(retained(2, 1, 30)) is False
        assert (storage.snapshot("ann"), storage.events("ann")[0].event.properties) == (None, {"total": 1})
        storage.erase(erased())
        assert storage.retain(retained(1, 1, 30)) is False
        assert storage.snapshot("ann") is None

    def test_a_snapshot_goes_with_its_customer(self, storage: Storage) -> None:
        """Who becomes another, or is erased, leaves none."""
        for name, leave in (("bob", lambda: storage.merge([signal()], moved(1))), ("ann", lambda: storage.erase(erased()))):
            if name == "bob":
                storage.commit_many([shop.everything("bob")])
            (loaded,) = storage.load_many([Want(name, None)])
            storage.retain(Retained(name, loaded.revision, Snapshot(30, evolve(loaded, pending=[]), ()), history=False))
            assert storage.snapshot(name) is not None
            leave()
            assert storage.snapshot(name) is None
