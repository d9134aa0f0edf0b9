"""The part of the storage contract about pauses: they are kept, and their end brings up what stood still."""

from __future__ import annotations

from attrs import evolve

from journeykit.model.pauses import Hold, Pause
from journeykit.model.records import NEVER, Enrollment, Settlement, Timer, Want
from journeykit.ports import Storage
from journeykit.testing import storage_samples as shop


class PauseContract:
    """What stands still is due to nobody, and at the end of its pause to everybody."""

    def test_pauses_are_kept_in_order(self, storage: Storage) -> None:
        """Each under its number, with everything that was said, for every process."""
        first = storage.begin_pause(Pause(0, "welcome", None, None, True, 10))
        second = storage.begin_pause(Pause(0, "welcome", "first", None, False, 20))
        third = storage.begin_pause(Pause(0, None, None, "email", True, 20))
        storage.end_pause(2, 30)
        storage.end_pause(2, 40)

        assert [first.number, second.number, third.number] == [1, 2, 3]
        assert storage.pauses() == [first, second._replace(ended_at=30), third]

    def test_who_is_held_is_due_when_the_pause_ends(self, storage: Storage) -> None:
        """Not before; who is held by another pause, or by none, stays as they are."""
        for name, pause in (("ann", 1), ("bob", 2), ("cem", None)):
            storage.commit_many([shop.commit(name, enrollments=[_held(pause)])])
        for _ in range(2):
            storage.begin_pause(Pause(0, "welcome", None, None, True, 10))
        assert (storage.claim_due(999, 9), storage.next_due()) == ([], None)
        storage.end_pause(1, 50)

        assert (storage.claim_due(50, 9), storage.claim_due(51, 9), storage.next_due()) == ([], ["ann"], 51)
        (due,) = storage.load_many([Want("ann", frozenset(), until=51)])
        assert due.enrollments == [_held(1)]
        assert storage.load_many([Want("bob", frozenset(), until=NEVER)])[0].enrollments == []

    def test_its_end_may_be_carried_out_again(self, storage: Storage) -> None:
        """Somebody was held by a worker that had not heard of it; the end is the first."""
        storage.begin_pause(Pause(0, "welcome", None, None, True, 10))
        storage.end_pause(1, 50)
        storage.commit_many([shop.commit("ann", enrollments=[_held(1)])])
        storage.end_pause(1, 99)
        storage.end_pause(7, 99)

        assert storage.claim_due(51, 9) == ["ann"]

    def test_paused_messages_are_due_when_the_pause_ends(self, storage: Storage) -> None:
        """Those that it holds; not what waits for another reason, nor what somebody has under a lease."""
        pause = storage.begin_pause(Pause(0, None, None, "email", True, 10))
        storage.commit_many([shop.commit("ann", outbox=[shop.message(place=place) for place in range(4)])])
        held, other, leased, gone = storage.claim_outbox(10, 9, 100, "t")
        again = [Settlement(one.id, "t", "open", reason, 999, attempted=False) for one, reason in ((held, pause.words), (other, "timeout"))]
        storage.settle([*again, Settlement(gone.id, "t", "dropped", pause.words, 999)])
        storage.end_pause(pause.number, 50)

        assert storage.claim_outbox(49, 9, 100, "u") == []
        assert [one.id for one in storage.claim_outbox(50, 9, 100, "u")] == [held.id]
        assert [one.id for one in storage.claim_outbox(110, 9, 100, "v")] == [leased.id]


def _held(pause: int | None) -> Enrollment:
    """Somebody who stands still, with a timer that was due long ago."""
    return evolve(shop.enrollment(), timers=(Timer(0, 20, 1),), held=Hold(20, "a pause of welcome", pause))
