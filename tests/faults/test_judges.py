"""The judges are worth something: storages that break one promise each are found out, a sound one is not."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from faults.house import House, groups, lines
from journeykit import SQLiteStorage


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


class LostUpdate(SQLiteStorage):
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
        (LostUpdate, "and a replay comes to"),
    ],
)
def test_a_broken_storage_is_found_out(tmp_path, broken, found):
    """A lost update, a dropped timer, a double key, a commit without its outbox, a forgotten event, a doubled request."""
    assert any(found in problem for problem in judged(tmp_path, broken))
