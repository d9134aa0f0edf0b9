"""The judges are worth something: storages that break one promise each are found out, a sound one is not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from crash.again import differences
from crash.judge import judge
from crash.killer import DEFINITIONS
from faults.house import House, Line, groups, lines
from journeykit import SQLiteStorage
from journeykit.model.records import Commit, Want


class DroppedTimer(SQLiteStorage):
    """Forgets that carts are due."""

    def commit_many(self, commits):
        super().commit_many(commits)
        with self._transaction("begin immediate") as cursor:
            cursor.execute("update journeykit_enrollments set next_due = null where key = 'cart-1'")


class DoubleKey(SQLiteStorage):
    """A second attempt goes by another name."""

    def claim_outbox(self, *arguments):
        claimed = super().claim_outbox(*arguments)
        return [
            one._replace(message=one.message._replace(number=one.message.number + 100)) if one.attempts else one
            for one in claimed
        ]  # fmt: skip


class CommitWithoutOutbox(SQLiteStorage):
    """Writes what was decided, and not what is to be done."""

    calls = 0

    def commit_many(self, commits):
        self.calls += 1
        super().commit_many([attrs.evolve(commit, outbox=[]) if self.calls == 4 else commit for commit in commits])


class ForgottenEvent(SQLiteStorage):
    """Does not keep which events were decided."""

    calls = 0

    def commit_many(self, commits):
        self.calls += 1
        super().commit_many([attrs.evolve(commit, events=[]) if self.calls == 4 else commit for commit in commits])


class PerformedTwiceOver(SQLiteStorage):
    """A request stands in the outbox twice."""

    calls = 0

    def commit_many(self, commits):
        self.calls += 1
        twice = self.calls == 4
        super().commit_many([attrs.evolve(commit, outbox=[*commit.outbox, *commit.outbox]) if twice else commit for commit in commits])


class HalfWritten(SQLiteStorage):
    """Writes the log of a decision, and what it made of the enrollment is lost."""

    calls = 0

    def commit_many(self, commits):
        self.calls += 1
        super().commit_many([attrs.evolve(commit, enrollments=()) if self.calls == 4 else commit for commit in commits])


def judged(folder, create: Callable[..., SQLiteStorage]) -> list[str]:
    """What the judges say of a shop on such a storage."""
    house = House(folder, create(folder / "shop.db"))
    told = lines(60)
    house.note(told)
    for group in groups(told, 7):
        house.tell(group)
        house.clock.advance(0.3)
        house.work()
    house.finish()
    return house.problems()


def test_a_sound_storage_is_found_in_order(tmp_path):
    """Sixty events, waits of seconds, answers that get lost: nothing is wrong."""
    assert judged(tmp_path, SQLiteStorage) == []


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        (DroppedTimer, "is lost"),
        (DoubleKey, "under 2 keys"),
        (CommitWithoutOutbox, "was never asked for"),
        (ForgottenEvent, "is lost"),
        (PerformedTwiceOver, "stands twice in the outbox"),
        (HalfWritten, "and a replay comes to"),
    ],
)
def test_a_broken_storage_is_found_out(tmp_path, broken, found):
    """A dropped timer, a double key, a commit without its outbox, a forgotten event, a doubled request, half a decision."""
    assert any(found in problem for problem in judged(tmp_path, broken))


class Meeting(SQLiteStorage):
    """Lets two who decide for one customer both read before either writes, as often as they are at it at once."""

    def __init__(self, path) -> None:
        super().__init__(path, timeout=300)
        self.met = 0
        self._both = threading.Barrier(2)

    def load_many(self, wants):
        loaded = super().load_many(wants)
        if threading.current_thread() is not threading.main_thread():
            try:
                self._both.wait(0.05)
                self.met += 1
            except threading.BrokenBarrierError:  # the other is not reading just now
                self._both.reset()
        return loaded


class LostUpdate(Meeting):
    """Compares no revisions: whoever is last writes what they decided on what they had read, under the numbers that come next."""

    def __init__(self, path) -> None:
        super().__init__(path)
        self.lost = 0
        self._alone = threading.Lock()

    def commit_many(self, commits):
        commits, further = list(commits), {}
        with self._alone:
            for commit in commits:
                if commit.customer_id not in further:
                    (now,) = self.load_many_alone(commit.customer_id)
                    further[commit.customer_id] = max(0, now.revision - commit.base)
            self.lost += sum(by > 0 for by in further.values())
            super().commit_many([later(commit, further[commit.customer_id]) for commit in commits])

    def load_many_alone(self, customer: str):
        return SQLiteStorage.load_many(self, [Want(customer, frozenset())])


def later(commit: Commit, by: int) -> Commit:
    """A commit as if so many other signals had come before it."""
    return attrs.evolve(
        commit,
        base=commit.base + by,
        revision=commit.revision + by,
        events=[one._replace(seq=one.seq and one.seq + by) for one in commit.events],
        history=[one._replace(seq=one.seq + by) for one in commit.history],
        outbox=[one._replace(seq=one.seq + by) for one in commit.outbox],
    )


def judged_of_two(folder: Path, storage: Meeting) -> list[str]:
    """What the judges say where two decide at once for the same customers, all along."""
    house, told, failed = House(folder, storage), lines(120), []
    house.note(told)

    def tell(part: list[Line]) -> None:
        try:
            for line in part:
                house.tell([line])
        except BaseException as error:  # noqa: BLE001  told to the test
            failed.append(error)

    threads = [threading.Thread(target=tell, args=(told[start::2],)) for start in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    house.finish()

    assert failed == []
    return [*judge(folder)["problems"], *differences(DEFINITIONS, storage)]


def test_two_who_decide_at_once_are_found_in_order_where_revisions_are_compared(tmp_path):
    """Two threads, the same six customers: again and again both have read before either writes, and nothing is wrong."""
    storage = Meeting(tmp_path / "shop.db")

    assert judged_of_two(tmp_path, storage) == []
    assert storage.met > 20


def test_an_update_that_is_lost_between_two_who_decide_at_once_is_found_out(tmp_path):
    """The same two on a storage that lets the later one write what it has decided on an old state."""
    storage = LostUpdate(tmp_path / "shop.db")

    assert any("and a replay comes to" in problem for problem in judged_of_two(tmp_path, storage))
    assert storage.lost > 0
