"""The contract suite is worth something: five storages, each broken in one place, do not pass it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import attrs
import pytest

from journeykit.model.records import Want
from journeykit.ports import Storage
from journeykit.storage.memory import MemoryStorage
from journeykit.testing.contracts import StorageContract


class LostUpdate(MemoryStorage):
    """Takes whatever comes last, whoever was first."""

    def commit_many(self, commits):
        commits = list(commits)
        bases = {name: self.load_many([Want(name, None)])[0].revision for name in {commit.customer_id for commit in commits}}
        rebased = []
        for commit in commits:
            rebased.append(attrs.evolve(commit, base=bases[commit.customer_id]))
            bases[commit.customer_id] = commit.revision
        super().commit_many(rebased)


class DroppedTimer(MemoryStorage):
    """Notes the first timer of a customer and forgets that it was armed anew."""

    def __init__(self):
        super().__init__()
        self._noted = set()

    def _wake(self, customer_id):
        if customer_id not in self._noted:
            self._noted.add(customer_id)
            super()._wake(customer_id)


class SplitCommit(MemoryStorage):
    """Writes the commits of a batch one by one."""

    def commit_many(self, commits):
        for commit in commits:
            super().commit_many([commit])


class ForgottenMark(MemoryStorage):
    """Does not keep that an event was decided."""

    def commit_many(self, commits):
        super().commit_many([attrs.evolve(commit, events=[]) for commit in commits])


class LostPage(MemoryStorage):
    """Says after the first page of a table that it was the last."""

    def scan(self, table, after=None, limit=10_000):
        return super().scan(table, after, limit)[0], None


def runs(test: Callable[..., None]) -> Iterator[dict[str, object]]:
    """The arguments of each run of a test: one for each of its parameters."""
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    for values in product(*[mark.args[1] for mark in marks]):
        yield {mark.args[0]: value for mark, value in zip(marks, values, strict=True)}


def failed(create: Callable[[], Storage]) -> set[str]:
    """The names of the contract's tests that the storage does not pass."""
    names = [name for name in dir(StorageContract) if name.startswith("test_") and "comes_back" not in name]  # hypothesis shrinks for long
    return {name for name in names for arguments in runs(getattr(StorageContract, name)) if not passes(create, name, arguments)}


def passes(create: Callable[[], Storage], name: str, arguments: dict[str, object]) -> bool:
    """Whether the storage passes one test."""
    suite = type("Suite", (StorageContract,), {"create_storage": lambda self: create()})()
    try:
        getattr(suite, name)(create(), **arguments)
    except (Exception, pytest.fail.Exception):  # noqa: BLE001  whatever a test fails with
        return False
    return True


def test_a_sound_storage_passes():
    """Run by hand like this, the suite finds nothing wrong with a sound storage."""
    assert failed(MemoryStorage) == set()


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        (LostUpdate, {"test_a_customer_who_moved_on", "test_one_of_two_commits_wins", "test_all_or_nothing"}),
        (DroppedTimer, {"test_timers_move_with_their_rows", "test_mail_is_due_at_once"}),
        (SplitCommit, {"test_all_or_nothing", "test_an_event_is_decided_once"}),
        (
            ForgottenMark,
            {"test_deciding_takes_an_event_out_of_the_mailbox", "test_an_event_is_decided_once", "test_known_mail_is_left_out"},
        ),
        (LostPage, {"test_each_row_comes_once_in_pages"}),
    ],
)
def test_a_broken_storage_does_not(broken, found):
    """A lost update, a dropped timer, a split commit, a forgotten mark, a lost page: each is found by the tests that speak of it."""
    assert found <= failed(broken)
