"""What the contract of storages invents to be kept, and how it asks for it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given, settings

from journeykit import MemoryStorage
from journeykit.model.messages import Event
from journeykit.model.records import Commit, Facts, LoggedEvent
from journeykit.testing import storage_samples as shop
from journeykit.testing.contracts import StorageContract


@settings(max_examples=500)
@given(shop.logged_events("ann"), shop.facts())
def test_a_storage_is_asked_to_keep_only_what_is_json(logged: LoggedEvent, facts: Facts) -> None:
    """An endless number is refused by a storage that is right, which must not fail for it once in a while."""
    assert isinstance(logged.event, Event)
    json.dumps([logged.event.properties, facts.traits], allow_nan=False)


class Pausing(MemoryStorage):
    """A right storage of a machine that was busy once: it looks for half a second."""

    commits = 0

    def commit_many(self, commits: Iterable[Commit]) -> None:
        """Take longer for the third."""
        self.commits += 1
        if self.commits == 3:
            time.sleep(0.5)
        super().commit_many(commits)


class PausingContract(StorageContract):
    """The suite, as its author would write it."""

    def create_storage(self) -> Pausing:
        """A new one."""
        return Pausing()


@pytest.fixture(name="untouched")
def _untouched() -> Iterator[None]:
    """With the deadline that Hypothesis has where nobody says otherwise: an example may take a fifth of a second."""
    before = settings.get_current_profile_name()
    settings.register_profile("untouched", settings.get_profile("default"), deadline=200, derandomize=True, database=None)
    settings.load_profile("untouched")
    yield
    settings.load_profile(before)


@pytest.mark.usefixtures("untouched")
def test_a_storage_that_takes_its_time_is_no_wrong_one() -> None:
    """Nobody promises how fast it is."""
    for said in (
        PausingContract.test_every_field_of_the_rest_comes_back,
        PausingContract.test_every_field_of_an_enrollment_and_of_facts_comes_back,
    ):
        storage = Pausing()
        said(PausingContract(), storage)
        assert storage.commits >= 3
