"""The part of the storage contract about the outbox: leases, settling, and threads that race."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from journeykit.errors import ConflictError
from journeykit.model.records import Answered, Facts, Mail, Settlement
from journeykit.ports import Storage
from journeykit.testing import storage_samples as shop


def race(*runners: Callable[[], Any]) -> list[Any]:
    """Run all of them at once, each in a thread; return what they returned or raised."""
    barrier = Barrier(len(runners))

    def run(runner: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return runner()
        except ConflictError as error:
            return error

    with ThreadPoolExecutor(len(runners)) as pool:
        return list(pool.map(run, runners))


class OutboxContract:
    """Messages, leases, answers."""

    def test_messages_are_claimed_longest_due_first(self, storage: Storage) -> None:
        """Due now or before, in order of when they became due, up to the limit, each once."""
        messages = [shop.message(at=at, place=place) for place, at in enumerate((30, 10, 20, 10, 31))]
        storage.commit_many([shop.commit("ann", outbox=messages)])

        assert storage.next_due() == 10
        assert storage.claim_outbox(9, 10, 100, "t") == []
        assert [claimed.message.place for claimed in storage.claim_outbox(30, 3, 100, "t")] == [1, 3, 2]
        assert storage.next_due() == 30
        assert [claimed.message.place for claimed in storage.claim_outbox(30, 3, 100, "u")] == [0]
        assert storage.claim_outbox(30, 3, 100, "v") == []
        assert storage.next_due() == 31

    def test_a_claim_says_what_and_whose(self, storage: Storage) -> None:
        """What is claimed is the message as committed, with its token, and no attempt before it."""
        storage.commit_many([shop.commit("ann", outbox=[shop.message()])])
        claimed = storage.claim_outbox(10, 10, 100, "mine")

        assert [(one.message, one.attempts, one.token) for one in claimed] == [(shop.message(), 0, "mine")]
        assert claimed[0].id == storage.outbox()[0].id

    def test_a_lease_that_ran_out(self, storage: Storage) -> None:
        """Under a lease a message is given to nobody; after it to anybody; then the first holder comes too late."""
        storage.commit_many([shop.commit("ann", outbox=[shop.message()])])
        (first,) = storage.claim_outbox(10, 1, 100, "first")
        assert storage.claim_outbox(109, 1, 100, "second") == []
        assert storage.claim_outbox(109, 1, 100, "first") == []
        assert storage.next_due() == 110
        (second,) = storage.claim_outbox(110, 1, 100, "second")
        answer = (Mail(shop.event("answer"), 110),)

        assert (second.id, second.attempts) == (first.id, 1)
        assert storage.settle([Settlement(first.id, "first", "performed", None, 111, answer)]) == [False]
        assert (storage.outbox()[0].state, shop.load(storage).pending) == ("open", [])
        assert storage.settle([Settlement(first.id, "second", "performed", None, 111, answer)]) == [True]
        assert [logged.event.id for logged in shop.load(storage).pending] == ["answer"]

    def test_a_lease_that_ran_out_is_given_alone(self, storage: Storage) -> None:
        """An action that hangs or kills its worker takes no other request along, however often it is tried."""
        storage.commit_many([shop.commit("ann", outbox=[shop.message(place=place) for place in range(3)])])
        storage.claim_outbox(10, 2, 5, "first")

        assert [claimed.message.place for claimed in storage.claim_outbox(20, 9, 5, "second")] == [2]
        assert [claimed.message.place for claimed in storage.claim_outbox(20, 9, 5, "third")] == [0]
        assert [claimed.message.place for claimed in storage.claim_outbox(20, 9, 5, "fourth")] == [1]
        assert storage.claim_outbox(20, 9, 5, "fifth") == []

    def test_a_late_holder_nobody_took_over_from(self, storage: Storage) -> None:
        """A lease that ran out still settles while nobody else has claimed."""
        storage.commit_many([shop.commit("ann", outbox=[shop.message()])])
        (claimed,) = storage.claim_outbox(10, 1, 5, "t")

        assert storage.settle([Settlement(claimed.id, "t", "performed", None, 90)]) == [True]
        assert storage.claim_outbox(1_000, 1, 5, "u") == []

    def test_a_message_is_settled_once(self, storage: Storage) -> None:
        """Settled, it is nobody's; what was never claimed or does not exist is not settled."""
        storage.commit_many([shop.commit("ann", outbox=[shop.message(), shop.message(place=1)])])
        (claimed,) = storage.claim_outbox(10, 1, 100, "t")
        done = Settlement(claimed.id, "t", "performed", "250 OK", 20)
        other = next(row.id for row in storage.outbox() if row.id != claimed.id)

        assert storage.settle([done, done, done._replace(id=other), done._replace(id=99_999)]) == [True, False, False, False]
        assert [(row.state, row.reason, row.due_at, row.attempts) for row in storage.outbox(state="performed")] == [
            ("performed", "250 OK", 20, 1)
        ]

    def test_it_is_tried_again(self, storage: Storage) -> None:
        """An open settlement is due when it says; attempts are counted."""
        storage.commit_many([shop.commit("ann", outbox=[shop.message()])])
        (claimed,) = storage.claim_outbox(10, 1, 100, "t")
        storage.settle([Settlement(claimed.id, "t", "open", "timeout", 50)])

        assert storage.next_due() == 50
        assert storage.claim_outbox(49, 1, 100, "t") == []
        (again,) = storage.claim_outbox(50, 1, 100, "t")
        assert (again.id, again.attempts) == (claimed.id, 1)
        storage.settle([Settlement(claimed.id, "t", "dead", "gave up", 60)])
        assert storage.claim_outbox(1_000, 1, 100, "t") == []
        assert [(row.state, row.attempts, row.reason, row.due_at) for row in storage.outbox()] == [("dead", 2, "gave up", 60)]

    def test_answers_go_to_the_mailbox(self, storage: Storage) -> None:
        """Every event of a settlement is mail; a known one is left out."""
        storage.commit_many([shop.commit("ann", outbox=[shop.message(), shop.message(place=1)])])
        first, second = storage.claim_outbox(10, 2, 100, "t")
        mail = (Mail(shop.event("answer"), 20), Mail(shop.event("outcome"), 20))
        assert storage.settle(
            [Settlement(first.id, "t", "performed", None, 20, mail), Settlement(second.id, "t", "dead", "x", 20, mail)]
        ) == [True, True]

        assert [logged.event.id for logged in shop.load(storage).pending] == ["answer", "outcome"]
        assert storage.claim_due(20, 9) == ["ann"]

    def test_dead_messages_are_opened_or_dropped_by_hand(self, storage: Storage) -> None:
        """Only dead ones; opened they begin anew, dropped they stay."""
        storage.commit_many([shop.commit("ann", outbox=[shop.message(place=place) for place in range(4)])])
        numbers = [row.id for row in storage.outbox()]
        for claimed in storage.claim_outbox(10, 3, 100, "t"):
            storage.settle([Settlement(claimed.id, "t", "dead", "no such address", 20)])

        assert storage.reopen([numbers[0], numbers[0], numbers[3], 99_999], 30, "open") == 1
        assert storage.reopen([numbers[1]], 31, "dropped") == 1
        assert storage.reopen([], 31, "open") == 0
        assert [(row.state, row.attempts, row.due_at) for row in storage.outbox()] == [
            ("open", 0, 30), ("dropped", 1, 31), ("dead", 1, 20), ("open", 0, 10),
        ]  # fmt: skip
        assert [claimed.id for claimed in storage.claim_outbox(30, 9, 100, "t")] == [numbers[3], numbers[0]]

    def test_the_outbox_is_read_by_state_and_customer(self, storage: Storage) -> None:
        """In order of id; both filters together; no more than the limit."""
        storage.commit_many([shop.commit(name, outbox=[shop.message(name), shop.message(name, place=1)]) for name in ("ann", "bob")])
        (claimed,) = storage.claim_outbox(10, 1, 100, "t")
        storage.settle([Settlement(claimed.id, "t", "dropped", "consent", 20)])

        def read(*filters: Any) -> list[tuple[str, int]]:
            return [(row.message.customer_id, row.message.place) for row in storage.outbox(*filters)]

        assert read() == [("ann", 0), ("ann", 1), ("bob", 0), ("bob", 1)]
        assert read("open") == [("ann", 1), ("bob", 0), ("bob", 1)]
        assert read("dropped") == [("ann", 0)]
        assert read("performed") == []
        assert read(None, "bob") == [("bob", 0), ("bob", 1)]
        assert read("open", "ann") == [("ann", 1)]
        assert read(None, None, 3) == [("ann", 0), ("ann", 1), ("bob", 0)]

    def test_imported_history_performs_nothing(self, storage: Storage) -> None:
        """Messages of an imported commit are there to read and are never claimed."""
        storage.commit_many([shop.commit("ann", outbox=[shop.message()], imported=True)])

        assert storage.claim_outbox(1_000, 9, 100, "t") == []
        assert [(row.state, row.message) for row in storage.outbox("imported")] == [("imported", shop.message())]
        assert storage.next_due() is None

    def test_what_policies_answered_is_kept(self, storage: Storage) -> None:
        """Held twice and then performed: both answers can be read afterwards, in order; holding is no attempt."""
        storage.commit_many([shop.commit("ann", outbox=[shop.message()])])
        night = Answered(10, "quiet 22:00 to 08:00", "defer", 20, "quiet hours: 22:00 to 08:00")
        week = Answered(21, "at most 1 in 7 days", "defer", 30, 'frequency cap: "much" is 1')
        for answer, again in ((night, 21), (week, 31)):
            (claimed,) = storage.claim_outbox(answer.at, 1, 100, "t")
            held = Settlement(claimed.id, "t", "open", answer.reason, again, attempted=False, answered=answer)
            assert storage.settle([held, held]) == [True, False]
        assert [(row.state, row.attempts, row.due_at, row.reason) for row in storage.outbox()] == [("open", 0, 31, week.reason)]
        (claimed,) = storage.claim_outbox(31, 1, 100, "t")
        storage.settle([Settlement(claimed.id, "t", "performed", None, 31)])

        assert [row.answers for row in storage.outbox()] == [(night, week)]
        assert [row.answers for row in storage.outbox("performed", "ann")] == [(night, week)]


class RaceContract:
    """Threads that want the same."""

    def test_one_of_two_commits_wins(self, storage: Storage) -> None:
        """Two threads that decide for one customer at once: exactly one is written, whole."""
        for base in range(15):
            commits = [shop.commit("ann", base, facts=Facts(zone=zone), history=[shop.entry(seq=base + 1)]) for zone in ("A", "B")]
            answers = race(*[lambda c=c: storage.commit_many([c]) for c in commits])
            won = [commit for commit, answer in zip(commits, answers, strict=True) if answer is None]

            assert len(won) == 1
            assert (shop.load(storage).revision, shop.load(storage).facts) == (base + 1, won[0].facts)
        assert len(storage.history("ann")) == 15

    def test_one_of_two_accepts_wins(self, storage: Storage) -> None:
        """Two threads that accept the same event: it is new to exactly one."""
        for number in range(15):
            answers = race(*[lambda: storage.accept([(shop.event(f"event {number}"), 10)])] * 2)  # noqa: B023
            assert sorted(answers) == [[False], [True]]
        assert len(shop.load(storage).pending) == 15

    def test_a_message_goes_to_one_of_two_workers(self, storage: Storage) -> None:
        """Two threads that claim share the messages, none twice."""
        storage.commit_many([shop.commit("ann", outbox=[shop.message(place=place) for place in range(20)])])
        answers = race(*[lambda token=token: storage.claim_outbox(10, 15, 100, token) for token in ("t", "u")])

        assert sorted(claimed.message.place for answer in answers for claimed in answer) == list(range(20))
