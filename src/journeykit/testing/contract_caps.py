"""The part of the storage contract about frequency caps: what a claim tells of the customer's other messages."""

from __future__ import annotations

from functools import partial

from journeykit.model.records import OutboxMessage, Sent, Settlement
from journeykit.ports import Storage
from journeykit.testing import storage_samples as shop
from journeykit.testing.contract_outbox import race


class CapContract:
    """What a frequency cap has to know when messages are claimed."""

    def test_a_claim_tells_what_was_sent_before(self, storage: Storage) -> None:
        """Performed or imported after a moment, leased, or begun: each with its action, its topic, and when."""
        done, late, leased, tried, fresh = (shop.message(place=place, at=place) for place in range(5))
        topics = [done._replace(parameters={"topic": "news"}), late._replace(parameters={"topic": 5}), leased, tried]
        storage.commit_many([shop.commit("ann", outbox=topics)])
        storage.commit_many([shop.commit("ann", 1, outbox=[shop.message(at=45)._replace(seq=2)], imported=True)])
        first, second, third, fourth = storage.claim_outbox(40, 9, 100, "early")
        storage.settle([Settlement(first.id, "early", "performed", None, 41), Settlement(second.id, "early", "performed", None, 50)])
        assert storage.begin(fourth.id, "early", 42)
        storage.settle([Settlement(fourth.id, "early", "open", "timeout", 999)])
        storage.commit_many([shop.commit("ann", 2, outbox=[fresh._replace(seq=3)]), shop.commit("bob", outbox=[shop.message("bob")])])
        claimed = {one.message.customer_id: one.sent for one in storage.claim_outbox(60, 9, 100, "t", 41)}
        imported = storage.outbox("imported")[0].id

        assert claimed == {
            "ann": (
                Sent(second.id, "email", None, 50), Sent(third.id, "email", None, None), Sent(fourth.id, "email", None, None),
                Sent(imported, "email", None, 45),
            ),
            "bob": (),
        }  # fmt: skip
        assert [one.sent for one in storage.claim_outbox(160, 9, 100, "u")] == [()]

    def test_a_topic_is_told(self, storage: Storage) -> None:
        """A cap may be about one topic."""
        storage.commit_many([shop.commit("ann", outbox=[shop.message()._replace(parameters={"topic": "news"}), shop.message(place=1)])])
        (first,) = storage.claim_outbox(10, 1, 100, "t")
        (second,) = storage.claim_outbox(10, 9, 100, "u", 0)

        assert second.sent == (Sent(first.id, "email", "news", None),)

    def test_only_marketing_is_told(self, storage: Storage) -> None:
        """An invoice neither counts nor asks what else was sent."""
        invoice, ticket = shop.message()._replace(message="transactional"), shop.message(place=1)._replace(message="none")
        storage.commit_many([shop.commit("ann", outbox=[invoice, ticket, shop.message(place=2)])])
        storage.claim_outbox(10, 2, 100, "t")
        (letter,) = storage.claim_outbox(10, 9, 100, "u", 0)

        assert letter.sent == ()

    def test_what_is_due_to_a_customer_is_claimed_together(self, storage: Storage) -> None:
        """Beyond the limit, with its other marketing; nothing of other customers, nothing that is not due, nothing leased."""
        mine = [shop.message(place=place, at=at) for place, at in enumerate((1, 9, 5, 11))]
        storage.commit_many([shop.commit("ann", outbox=[*mine, shop.message(place=4, at=6)._replace(message="none")])])
        storage.commit_many([shop.commit("bob", outbox=[shop.message("bob", at=2)])])

        assert [(one.message.place, one.sent) for one in storage.claim_outbox(10, 1, 100, "t", 0)] == [(0, ()), (2, ()), (1, ())]
        assert [one.message.customer_id for one in storage.claim_outbox(10, 1, 100, "u", 0)] == ["bob"]
        assert [one.message.place for one in storage.claim_outbox(11, 9, 100, "v", 0)] == [4, 3]

    def test_a_lapsed_lease_is_alone_here_too(self, storage: Storage) -> None:
        """What hung comes back alone, and is under way for everybody else until then."""
        storage.commit_many([shop.commit("ann", outbox=[shop.message(at=1)])])
        (hung,) = storage.claim_outbox(1, 1, 5, "dies", 0)
        storage.commit_many(
            [shop.commit("ann", 1, outbox=[shop.message(at=3)._replace(seq=2), shop.message(place=1, at=9)._replace(seq=2)])]
        )
        (other,) = storage.claim_outbox(3, 9, 100, "t", 0)

        assert other.sent == (Sent(hung.id, "email", None, None),)
        assert [one.id for one in storage.claim_outbox(9, 9, 100, "u", 0)] == [hung.id]

    def test_what_has_begun_counts_whatever_becomes_of_it(self, storage: Storage) -> None:
        """A worker died: what it had begun may have been sent, also once it is given up; what it had only claimed was not."""
        storage.commit_many([shop.commit("ann", outbox=[shop.message(place=place, at=1) for place in range(2)])])
        begun, claimed = storage.claim_outbox(1, 9, 5, "dies", 0)
        assert (storage.begin(begun.id, "dies", 2), begun.begun) == (True, False)
        storage.commit_many([shop.commit("ann", 1, outbox=[shop.message(at=2, place=place)._replace(seq=2) for place in range(2)])])
        (other, last) = storage.claim_outbox(5, 9, 1, "t", 0)
        assert other.sent == last.sent == (Sent(begun.id, "email", None, None), Sent(claimed.id, "email", None, None))
        (again,) = storage.claim_outbox(6, 1, 100, "u", 0)

        assert (again.id, again.begun, again.sent) == (begun.id, True, ())
        storage.settle([Settlement(begun.id, "u", "dead", "8 attempts without an answer", 7)])
        assert [one.sent for one in storage.claim_outbox(7, 1, 100, "v", 6)] == [(Sent(begun.id, "email", None, 7),)]
        assert [one.sent for one in storage.claim_outbox(7, 1, 100, "w", 7)] == [(Sent(claimed.id, "email", None, None),)]

    def test_what_is_known_to_have_failed_does_not_count(self, storage: Storage) -> None:
        """The provider said no, and never will say yes."""
        storage.commit_many([shop.commit("ann", outbox=[shop.message(at=1)])])
        (mine,) = storage.claim_outbox(1, 9, 5, "t", 0)
        assert storage.begin(mine.id, "t", 1)
        storage.settle([Settlement(mine.id, "t", "dead", "no such address", 2, undone=True)])
        storage.commit_many([shop.commit("ann", 1, outbox=[shop.message(at=2)._replace(seq=2)])])

        assert [one.sent for one in storage.claim_outbox(3, 9, 5, "t", 0)] == [()]

    def test_only_who_holds_the_lease_may_begin(self, storage: Storage) -> None:
        """Too late, taken over, never claimed: then it is not performed."""
        storage.commit_many([shop.commit("ann", outbox=[shop.message()])])
        (mine,) = storage.claim_outbox(10, 1, 5, "mine", 0)

        assert [storage.begin(mine.id, "mine", now) for now in (14, 15)] == [True, False]
        storage.claim_outbox(15, 1, 5, "yours", 0)
        assert [storage.begin(mine.id, "mine", 16), storage.begin(mine.id, "yours", 16), storage.begin(99_999, "mine", 16)] == [
            False, True, False
        ]  # fmt: skip

    def test_of_two_claims_the_second_sees_the_first(self, storage: Storage) -> None:
        """Two workers that claim messages of one customer at once: either one gets both, or exactly one sees the other's."""
        for base in range(15):
            pair = [shop.message(at=100 * base + place, place=place)._replace(seq=base + 1) for place in range(2)]
            storage.commit_many([shop.commit("ann", base, outbox=pair)])
            now = 100 * base
            answers = race(*[partial(storage.claim_outbox, at, 1, 50, token, now - 1) for at, token in ((now, "t"), (now + 1, "u"))])
            seen = [[one.id for one in claimed.sent] for answer in answers for claimed in answer]
            claimed = [one for answer in answers for one in answer]

            assert len(claimed) == 2
            assert sorted(map(len, seen)) == ([0, 0] if len({one.token for one in claimed}) == 1 else [0, 1])
            storage.settle([Settlement(one.id, one.token, "dropped", "over", now + 50) for one in claimed])

    def test_a_claim_tells_what_was_sent_to_the_household(self, storage: Storage) -> None:
        """Marked as somebody else's; what is one's own stays one's own, and other households are nobody's business."""
        storage.commit_many(
            [shop.commit(name, outbox=[_at_home(name, house)]) for name, house in (("ann", "h1"), ("bob", "h1"), ("cem", "h2"))]
        )
        first = storage.claim_outbox(10, 9, 100, "t", 0)
        storage.settle([Settlement(one.id, "t", "performed", None, 20) for one in first])
        storage.commit_many([shop.commit(name, 1, outbox=[_at_home(name, "h1", 30)]) for name in ("ann", "cem")])
        told = {one.message.customer_id: one.sent for one in storage.claim_outbox(30, 9, 100, "t", 19)}
        ann, bob, cem = (one.id for one in first)

        assert told == {
            "ann": (Sent(ann, "email", None, 20), Sent(bob, "email", None, 20, other=True)),
            "cem": (Sent(cem, "email", None, 20), Sent(ann, "email", None, 20, other=True), Sent(bob, "email", None, 20, other=True)),
        }

    def test_what_is_due_to_a_household_is_claimed_together(self, storage: Storage) -> None:
        """Beyond the limit, with what else is due to its members; a ticket and a household of one are left."""
        storage.commit_many([shop.commit("ann", outbox=[_at_home("ann", "h1")])])
        storage.commit_many(
            [shop.commit("bob", outbox=[_at_home("bob", "h1"), shop.message("bob", place=1), _at_home("bob", "h1", place=2)])]
        )
        storage.commit_many([shop.commit("cem", outbox=[shop.message("cem"), _at_home("cem", "h1", place=1)._replace(message="none")])])
        claimed = [(one.message.customer_id, one.message.place) for one in storage.claim_outbox(10, 1, 100, "t", 0)]

        assert claimed == [("ann", 0), ("bob", 0), ("bob", 2), ("bob", 1)]
        assert [one.message.household for one in storage.claim_outbox(10, 9, 100, "u", 0)] == [None, "h1"]

    def test_of_two_claims_for_one_household_the_second_sees_the_first(self, storage: Storage) -> None:
        """Two workers claim messages to two who live together at once: either one gets both, or exactly one sees the other's."""
        for base in range(15):
            now, names = 100 * base, ("ann", "bob")
            pair = [_at_home(name, "h1", now + place)._replace(seq=base + 1) for place, name in enumerate(names)]
            storage.commit_many([shop.commit(name, base, outbox=[one]) for name, one in zip(names, pair, strict=True)])
            answers = race(*[partial(storage.claim_outbox, at, 1, 50, token, now - 1) for at, token in ((now, "t"), (now + 1, "u"))])
            claimed = [one for answer in answers for one in answer]

            assert len(claimed) == 2
            assert sorted(len(one.sent) for one in claimed) == ([0, 0] if len({one.token for one in claimed}) == 1 else [0, 1])
            storage.settle([Settlement(one.id, one.token, "dropped", "over", now + 50) for one in claimed])


def _at_home(name: str, household: str, at: int = 10, place: int = 0) -> OutboxMessage:
    """A message to somebody of a household."""
    return shop.message(name, at=at, place=place)._replace(household=household)
