"""The part of the storage contract about customers: what is committed is loaded, all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeykit.errors import ConflictError, StorageError
from journeykit.model.records import Commit, Enrollment, Facts, HistoryEntry, Loaded, LoggedEvent, Mail, Moment, OutboxMessage, Timer, Want
from journeykit.ports import Storage
from journeykit.testing import storage_samples as shop

_CALM = list(HealthCheck)  #: a storage that takes its time is no wrong one


class CommitContract:
    """Loading and committing."""

    def test_unknown_customer(self, storage: Storage) -> None:
        """Somebody never seen has revision 0, no facts, nothing else."""
        assert shop.load(storage) == Loaded("ann", 0, 0, Facts(), [], [], frozenset())
        assert storage.load_many([]) == []
        assert storage.history("ann") == []
        assert storage.events("ann") == []
        assert storage.outbox(customer_id="ann") == []

    def test_migrating_again_changes_nothing(self, storage: Storage) -> None:
        """What is stored is there after a second migration."""
        storage.commit_many([shop.everything("ann")])
        before = shop.traces(storage, "ann")
        storage.migrate()

        assert shop.traces(storage, "ann") == before

    def test_every_field_of_an_enrollment_and_of_facts_comes_back(self, storage: Storage) -> None:
        """Whatever an enrollment and a customer hold is loaded as it was committed."""
        customers = iter(range(10_000))

        @settings(max_examples=30, deadline=None, suppress_health_check=_CALM)
        @given(shop.enrollments(), shop.facts())
        def story(enrollment: Enrollment, facts: Facts) -> None:
            name = f"customer {next(customers)}"
            storage.commit_many([shop.commit(name, enrollments=[enrollment], facts=facts)])
            loaded = shop.load(storage, name)
            assert loaded == Loaded(name, 1, 10, facts, [enrollment], [])
            assert [type(value) for value in loaded.enrollments[0].timers] == [Timer] * len(enrollment.timers)

        story()

    def test_moments_of_the_customer_come_back(self, storage: Storage) -> None:
        """A customer's own timers are loaded as they were committed, whole, until a later commit brings others."""
        moments = [
            Moment("", None, "0a1b"),
            Moment("segment vip", 60, value=True),
            Moment("every day", 50),
            Moment("after a date", None, 7),
        ]
        storage.commit_many([shop.commit("ann", moments=moments), shop.commit("bob", moments=[])])
        storage.commit_many([shop.commit("ann", 1, facts=Facts(zone="UTC"))])

        assert [Moment(*moment) for moment in shop.load(storage).moments] == moments
        assert (shop.load(storage).moments_due, shop.load(storage, "bob").moments_due) == (50, None)
        assert [*shop.load(storage, "bob").moments] == []
        storage.commit_many([shop.commit("ann", 2, moments=moments[:2]), shop.commit("ann", 3)])
        assert [Moment(*moment) for moment in shop.load(storage).moments] == moments[:2]

    def test_moments_of_the_customer_are_due(self, storage: Storage) -> None:
        """The first of them is what a worker wakes for, beside the timers of enrollments, once its instant has passed."""
        storage.commit_many([
            shop.commit("ann", moments=[Moment("a", 60), Moment("b", 40), Moment("c", None)], enrollments=[shop.enrollment(due=50)]),
            shop.commit("bob", moments=[Moment("a", 30)]),
        ])  # fmt: skip

        assert storage.next_due() == 31
        assert storage.claim_due(30, 10) == []
        assert storage.claim_due(41, 10) == ["bob", "ann"]
        storage.commit_many([shop.commit("bob", 1, moments=[Moment("a", None)])])
        assert (storage.claim_due(99, 10), storage.next_due()) == (["ann"], 41)

    def test_commits_may_be_decided_while_they_are_taken(self, storage: Storage) -> None:
        """Deciding the second reads, and writes nothing; all of them are taken before the transaction begins."""

        def decided() -> Iterator[Commit]:
            yield shop.commit("ann", events=[LoggedEvent(shop.event("one", "ann"), 10, 1, "decided")])
            assert shop.load(storage, "ann").revision == 0
            yield shop.commit("bob")

        storage.commit_many(decided())

        assert (shop.load(storage, "ann").revision, shop.load(storage, "bob").revision) == (1, 1)

    def test_every_field_of_the_rest_comes_back(self, storage: Storage) -> None:
        """Whatever an event, a message and a line of history hold is read as it was committed."""
        customers = iter(range(10_000))

        @settings(max_examples=30, deadline=None, suppress_health_check=_CALM)
        @given(st.data())
        def story(data: st.DataObject) -> None:
            name = f"customer {next(customers)}"
            logged: LoggedEvent = data.draw(shop.logged_events(name))
            message: OutboxMessage = data.draw(shop.messages(name))
            entry: HistoryEntry = data.draw(shop.history_entries(name))
            storage.commit_many([shop.commit(name, events=[logged], outbox=[message], history=[entry])])
            assert storage.events(name) == [logged]
            assert [row.message for row in storage.outbox(customer_id=name)] == [message]
            assert storage.history(name) == [entry]

        story()

    @pytest.mark.parametrize("name", shop.ODD_IDS)
    def test_odd_ids(self, storage: Storage, name: str) -> None:
        """A customer, key and event may be called anything."""
        enrollment = shop.enrollment(name, name, due=5)
        logged = LoggedEvent(shop.event(name, name), 10, 1, "decided")
        storage.commit_many([shop.commit(name, enrollments=[enrollment], events=[logged], facts=Facts(traits={name: name}))])
        storage.commit_many([shop.commit("ann", enrollments=[shop.enrollment("welcome", name)])])

        wants = [
            Want(name, frozenset([name])),
            Want(name, frozenset(), ((name, name),), (name, "x")),
            Want(name, frozenset(), ((name, None),)),
        ]
        assert [loaded.enrollments for loaded in storage.load_many(wants)] == [[enrollment], [enrollment], [enrollment]]
        assert shop.load(storage, name, name).seen == {name}
        assert shop.load(storage, name).facts == Facts(traits={name: name})
        assert storage.claim_due(10, 5) == [name]
        assert storage.accept([(shop.event(name, name), 20)]) == [False]

    def test_wants_are_answered_in_order_and_one_by_one(self, storage: Storage) -> None:
        """The same customer may be asked for twice; each want gets its own answer."""
        storage.commit_many([shop.commit("ann", enrollments=[shop.enrollment("a"), shop.enrollment("b")]), shop.commit("bob")])
        loaded = storage.load_many([Want("ann", frozenset("b")), Want("bob", None), Want("eve", None), Want("ann", frozenset("a"))])

        assert [(one.customer_id, one.revision, [e.journey for e in one.enrollments]) for one in loaded] == [
            ("ann", 1, ["b"]), ("bob", 1, []), ("eve", 0, []), ("ann", 1, ["a"]),
        ]  # fmt: skip

    def test_only_wanted_rows_are_loaded(self, storage: Storage) -> None:
        """Active rows of the journeys; named keys and whole journeys also when ended; anything due; each row once, in order of entry."""
        storage.commit_many([shop.commit("ann", enrollments=[
            shop.enrollment("cart", "c1", order=4), shop.enrollment("cart", "c2", order=3, ended_at=9), shop.enrollment("order", "o1", order=2),
            shop.enrollment("order", "o2", order=1, ended_at=9), shop.enrollment("trial", due=50, order=0),
        ])])  # fmt: skip

        def keys(*want: object) -> list[str]:
            return [e.key or e.journey for e in storage.load_many([Want("ann", *want)])[0].enrollments]  # type: ignore[arg-type]

        assert keys(frozenset()) == []
        assert keys(frozenset(["cart"])) == ["c1"]
        assert keys(frozenset(["cart", "order"])) == ["o1", "c1"]
        assert keys(frozenset(["cart"]), (("cart", "c2"), ("order", "o2"), ("order", "none"))) == ["o2", "c2", "c1"]
        assert keys(frozenset(["order"]), (("order", None), ("order", "o1"))) == ["o2", "o1"]
        assert keys(frozenset(), (), (), 50) == []
        assert keys(frozenset(), (), (), 51) == ["trial"]
        assert keys(None) == ["trial", "o2", "o1", "c2", "c1"]

    def test_names_that_begin_alike(self, storage: Storage) -> None:
        """A journey and a key are compared whole."""
        storage.commit_many([shop.commit("ann", enrollments=[shop.enrollment(j, k) for j in ("a", "ab") for k in ("", "k", "k1")])])
        found = storage.load_many([Want("ann", frozenset(["a"])), Want("ann", frozenset(), (("ab", "k"),)), Want("an", None)])

        assert [[(e.journey, e.key) for e in one.enrollments] for one in found] == [[("a", ""), ("a", "k"), ("a", "k1")], [("ab", "k")], []]

    def test_commits_of_a_customer_follow_each_other(self, storage: Storage) -> None:
        """Several signals in one batch: the last row of each key counts, and facts stay where a commit says nothing of them."""
        first, second, third = (shop.enrollment(due=due) for due in (50, 60, 70))
        storage.commit_many([
            shop.commit("ann", 0, enrollments=[first, shop.enrollment("gone")], facts=Facts(zone="UTC"), history=[shop.entry(seq=1)]),
            shop.commit("ann", 1, enrollments=[second], accepted_at=11, history=[shop.entry(seq=2)]),
        ])  # fmt: skip
        storage.commit_many([shop.commit("ann", 2, enrollments=[third], removed=[("gone", "")], accepted_at=12)])

        assert shop.load(storage) == Loaded("ann", 3, 12, Facts(zone="UTC"), [third], [])
        assert [entry.seq for entry in storage.history("ann")] == [1, 2]

    def test_a_removed_row_may_come_again(self, storage: Storage) -> None:
        """Within a batch, what is written after a removal stays, and what is removed after a writing is gone."""
        storage.commit_many([
            shop.commit("ann", 0, enrollments=[shop.enrollment("a"), shop.enrollment("b")]),
            shop.commit("ann", 1, removed=[("a", ""), ("b", ""), ("c", "")]),
            shop.commit("ann", 2, enrollments=[shop.enrollment("b", due=7)]),
        ])  # fmt: skip

        assert shop.load(storage).enrollments == [shop.enrollment("b", due=7)]

    @pytest.mark.parametrize("base", [0, 2, 3])
    def test_a_customer_who_moved_on(self, storage: Storage, base: int) -> None:
        """A commit decided on another revision is refused and names the customer."""
        storage.commit_many([shop.commit("ann")])
        with pytest.raises(ConflictError) as caught:
            storage.commit_many([shop.commit("ann", base, facts=Facts(zone="UTC"))])

        assert caught.value.customers == ("ann",)
        assert shop.load(storage) == Loaded("ann", 1, 10, Facts(), [], [])

    def test_a_chain_with_a_gap(self, storage: Storage) -> None:
        """Commits of one customer that do not follow each other are refused."""
        for bases in ((0, 0), (0, 2), (1, 2)):
            with pytest.raises(ConflictError):
                storage.commit_many([shop.commit("ann", base) for base in bases])

        assert shop.load(storage).revision == 0

    @pytest.mark.parametrize("position", [0, 1, 2])
    def test_all_or_nothing(self, storage: Storage, position: int) -> None:
        """One customer who moved on, and nothing of the whole batch is there."""
        storage.commit_many([shop.commit("old")])
        before = [shop.traces(storage, name) for name in ("ann", "bob", "old", "mailed")]
        batch = [shop.everything("ann"), shop.everything("bob")]
        batch[0].mail = [Mail(shop.event("hello", "mailed"), 10)]
        batch.insert(position, shop.everything("old"))
        with pytest.raises(ConflictError) as caught:
            storage.commit_many(batch)

        assert caught.value.customers == ("old",)
        assert [shop.traces(storage, name) for name in ("ann", "bob", "old", "mailed")] == before
        assert storage.definitions() == []
        assert storage.claim_due(1_000, 10) == []
        assert storage.claim_outbox(1_000, 10, 10, "worker") == []
        assert storage.next_due() is None

    def test_what_cannot_be_written_writes_nothing(self, storage: Storage) -> None:
        """A value that is no JSON is refused with the customer's name, before anything is written."""
        wrong = shop.commit("bob", facts=Facts(traits={"born": object()}))
        with pytest.raises(StorageError, match="bob"):
            storage.commit_many([shop.everything("ann"), wrong])

        assert shop.load(storage, "ann").revision == 0

    def test_nothing_to_write(self, storage: Storage) -> None:
        """An empty batch is no error."""
        storage.commit_many([])
        assert storage.accept([]) == []
        assert storage.settle([]) == []

    def test_an_event_is_decided_once(self, storage: Storage) -> None:
        """Deciding an event that was decided before is refused, and nothing is written."""
        again: list[Commit] = [
            shop.commit(
                "ann", 1, events=[LoggedEvent(shop.event("one"), 20, 2, "decided")], facts=Facts(zone="UTC"), outbox=[shop.message()]
            )
        ]
        storage.commit_many([shop.commit("ann", events=[LoggedEvent(shop.event("one"), 10, 1, "decided")])])
        before = shop.traces(storage, "ann")
        with pytest.raises(ConflictError) as caught:
            storage.commit_many([shop.everything("bob"), *again])

        assert caught.value.customers == ("ann",)
        assert shop.traces(storage, "ann") == before
        assert shop.load(storage, "bob").revision == 0

    def test_an_event_is_decided_once_in_a_batch(self, storage: Storage) -> None:
        """Also when both decisions come in one batch; another customer's event may have the same id."""
        one = [LoggedEvent(shop.event("one"), 10, 1, "decided")]
        with pytest.raises(ConflictError):
            storage.commit_many([shop.commit("ann", 0, events=one), shop.commit("ann", 1, events=one)])
        other = [LoggedEvent(shop.event("one", "bob"), 10, 1, "decided")]
        storage.commit_many([shop.commit("ann", 0, events=one), shop.commit("bob", 0, events=other)])

        assert shop.load(storage, "ann", "one").seen == {"one"}
        assert shop.load(storage, "bob", "one").seen == {"one"}

    def test_nobody_can_change_what_is_stored(self, storage: Storage) -> None:
        """Objects given to or got from a storage are not the stored ones."""
        facts, enrollment = Facts(traits={"plan": "free"}), shop.enrollment()
        storage.commit_many([shop.commit("ann", facts=facts, enrollments=[enrollment])])
        facts.traits["plan"] = "gold"
        enrollment.data["x"] = 1
        got = shop.load(storage)
        got.facts.traits["plan"] = "silver"
        got.enrollments[0].data["x"] = 2
        got.enrollments[0].scopes["inner"] = (1, 1)

        assert shop.load(storage) == Loaded("ann", 1, 10, Facts(traits={"plan": "free"}), [shop.enrollment()], [])

    def test_definitions_are_kept_once(self, storage: Storage) -> None:
        """Each definition once, in whatever commit it comes first."""
        storage.commit_many([
            shop.commit("ann", definitions=[("bb", "welcome", "{}"), ("aa", "welcome", "[]")]), shop.commit("bob", definitions=[("aa", "welcome", "[]")])
        ])  # fmt: skip
        storage.commit_many([shop.commit("eve", definitions=[("aa", "welcome", "[]")])])

        assert sorted(storage.definitions()) == [("aa", "welcome", "[]"), ("bb", "welcome", "{}")]
