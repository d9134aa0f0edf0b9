"""
What every plugin must keep: for each kind a suite of tests to inherit from.

`StorageContract` stands here; `ActionContract`, `TriggerContract`, `TimerContract` and `PolicyContract` in modules of their own,
`HostTransactionContract` in `journeykit.testing.contract_host`.

::

    class TestMyStorage(StorageContract):
        def create_storage(self) -> Storage:
            return MyStorage()
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

try:
    import pytest
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError("the contracts need pytest and hypothesis; pip install 'journeykit[testing]'") from missing

from journeykit.ports import Storage
from journeykit.testing.contract_action import ActionContract
from journeykit.testing.contract_caps import CapContract
from journeykit.testing.contract_commits import CommitContract
from journeykit.testing.contract_leaving import LeavingContract
from journeykit.testing.contract_mailbox import MailboxContract
from journeykit.testing.contract_objects import ObjectContract
from journeykit.testing.contract_outbox import OutboxContract, RaceContract
from journeykit.testing.contract_pauses import PauseContract
from journeykit.testing.contract_policy import PolicyContract
from journeykit.testing.contract_quotas import QuotaContract
from journeykit.testing.contract_scanning import ScanContract
from journeykit.testing.contract_sleeping import SleepContract
from journeykit.testing.contract_timer import TimerContract
from journeykit.testing.contract_trigger import TriggerContract
from journeykit.testing.contract_versions import VersionContract
from journeykit.testing.contract_workers import WorkerContract

__all__ = ["ActionContract", "PolicyContract", "StorageContract", "TimerContract", "TriggerContract"]


class StorageContract(
    CommitContract, MailboxContract, ObjectContract, OutboxContract, CapContract, PauseContract, QuotaContract, VersionContract,
    LeavingContract, ScanContract, WorkerContract, RaceContract, SleepContract,
):  # fmt: skip
    """The promises of `journeykit.ports.Storage`, sentence by sentence. Name the subclass ``Test...``."""

    @abstractmethod
    def create_storage(self) -> Storage:
        """Make a new, empty storage; it is migrated and closed for you."""
        raise NotImplementedError("say in create_storage which storage is tested: return MyStorage()")

    @pytest.fixture(name="storage")
    def _storage(self) -> Iterator[Storage]:
        storage = self.create_storage()
        storage.migrate()
        yield storage
        storage.close()
