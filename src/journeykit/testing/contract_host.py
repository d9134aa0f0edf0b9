"""What a storage must keep that works inside a transaction of the host: a suite of tests to inherit from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import pytest

from journeykit.errors import ConflictError, EventError, StorageError
from journeykit.model.journey import Journey, Step
from journeykit.model.messages import Event, moment
from journeykit.ports import Storage
from journeykit.runtime.clock import ManualClock
from journeykit.runtime.engine import Engine
from journeykit.testing import storage_samples as shop

CARE = Journey(
    "care",
    stage="retention",
    entry="Order Completed",
    reentry="always",
    steps=[Step("bought", do="mail", wait="2 days"), Step("asked", do="mail")],
)


class Host(Protocol):
    """A host with a transaction open, and a table of orders of its own."""

    connection: Any  #: what `Engine.within` takes

    def order(self, name: str) -> None:
        """Write a row of the host's own in its transaction."""

    def orders(self) -> Sequence[str]:
        """Read the host's own rows, in its transaction."""


class RefusedError(Exception):
    """Raised inside a transaction of the host, so that the host rolls it back."""


class HostTransactionContract:
    """
    The promises of `journeykit.ports.Storage.within`: P27 with the host's own connection. Name the subclass ``Test...``.

    Attributes:
        concurrent: whether others can write to the database while the host's transaction is open.
    """

    concurrent = True

    @abstractmethod
    def create_storage(self) -> Storage:
        """Make a new, empty storage with connections of its own, to the database of the host; it is migrated and closed for you."""
        raise NotImplementedError("say in create_storage which storage is tested: return MyStorage(...)")

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Host]:
        """Open a transaction of the host, on a connection of its own; committed at the end, rolled back where an error passes."""
        raise NotImplementedError("say in transaction how the host works")

    @pytest.fixture(name="storage")
    def _storage(self) -> Iterator[Storage]:
        storage = self.create_storage()
        storage.migrate()
        yield storage
        storage.close()

    @pytest.fixture(name="sent")
    def _sent(self) -> list[str]:
        return []

    @pytest.fixture(name="engine")
    def _engine(self, storage: Storage, sent: list[str]) -> Engine:
        return Engine(CARE, storage, {"mail": lambda request: sent.append(request.idempotency_key)}, clock=ManualClock(moment(1_000)))

    # -- together or not at all ---------------------------------------------------------------------------------------

    def test_an_order_and_what_follows_are_one_transaction(self, engine: Engine, storage: Storage) -> None:
        """Others see both when the host has committed, and neither before."""
        with self.transaction() as host:
            host.order("order-1")
            outcome = engine.within(host.connection).handle(_bought("ann"))
            assert [entry.kind for entry in outcome.history] == ["entered"]
            assert shop.load(storage).revision == 0
            assert storage.outbox() == []

        assert shop.load(storage).revision == 1
        assert [row.message.action for row in storage.outbox()] == ["mail"]
        with self.transaction() as host:
            assert list(host.orders()) == ["order-1"]

    def test_a_rollback_leaves_nothing_of_ours(self, engine: Engine, storage: Storage) -> None:
        """Nothing decided, nothing in a mailbox, no trait; and the same ids are new again afterwards."""

        def order_and_fail() -> None:
            with self.transaction() as host:
                host.order("order-1")
                inside = engine.within(host.connection)
                inside.handle(_bought("ann"))
                inside.accept(_bought("bob"))
                inside.identify("eve", id="crm-1", traits={"city": "Rome"})
                raise RefusedError

        with pytest.raises(RefusedError):
            order_and_fail()

        assert storage.customers() == []
        assert (storage.outbox(), storage.history("ann"), storage.events("ann"), storage.events("bob")) == ([], [], [], [])
        assert storage.next_due() is None
        with self.transaction() as host:
            assert list(host.orders()) == []
            assert engine.within(host.connection).handle(_bought("ann")).status == "decided"
        assert shop.load(storage).revision == 1

    def test_what_is_accepted_waits_for_the_commit(self, engine: Engine, storage: Storage) -> None:
        """`accept` puts a row into the mailbox; the worker decides it once the host has committed."""
        with self.transaction() as host:
            assert engine.within(host.connection).accept(_bought("ann"), _bought("bob")) == [True, True]
            assert storage.claim_due(10**9, 10) == []

        assert storage.claim_due(10**9, 10) == ["ann", "bob"]
        assert engine.run_due() == 2
        assert shop.load(storage).revision == 1

    def test_the_hosts_own_reading_sees_what_was_decided(self, engine: Engine) -> None:
        """Two events of one transaction follow each other, and a duplicate is one."""
        with self.transaction() as host:
            inside = engine.within(host.connection)
            first, again, second = (inside.handle(_bought("ann", order)) for order in ("order-1", "order-1", "order-2"))
            assert [outcome.status for outcome in (first, again, second)] == ["decided", "duplicate", "decided"]
            assert inside.storage.history("ann")[0].kind == "entered"

    # -- what fails costs the host nothing -----------------------------------------------------------------------------

    def test_what_is_refused_leaves_the_hosts_work(self, storage: Storage) -> None:
        """A conflict undoes the whole batch, in a savepoint: the host goes on and commits."""
        with self.transaction() as host:
            host.order("order-1")
            with pytest.raises(ConflictError):
                storage.within(host.connection).commit_many([shop.everything("bob"), shop.commit("ann", 5)])
            host.order("order-2")

        with self.transaction() as host:
            assert sorted(host.orders()) == ["order-1", "order-2"]
        assert shop.load(storage, "bob").revision == 0

    def test_what_cannot_be_stored_leaves_the_hosts_work(self, engine: Engine, storage: Storage) -> None:
        """An event that no database keeps is refused, and the next one is decided in the same transaction."""
        with self.transaction() as host:
            host.order("order-1")
            inside = engine.within(host.connection)
            with pytest.raises((EventError, StorageError)):
                inside.handle(_bought("ann", gift=object()))
            assert inside.handle(_bought("ann")).status == "decided"

        assert shop.load(storage).revision == 1

    # -- nothing is performed from inside -------------------------------------------------------------------------------

    def test_actions_start_after_the_commit(self, engine: Engine, sent: list[str]) -> None:
        """A worker beside the open transaction finds nothing; after it, one message."""
        with self.transaction() as host:
            engine.within(host.connection).handle(_bought("ann"))
            if self.concurrent:
                engine.dispatch()
            assert sent == []
        engine.dispatch()

        assert sent == ["ann/care//1/1/0"]

    def test_nothing_is_dispatched_from_inside(self, engine: Engine, sent: list[str]) -> None:
        """Whoever tries is told why."""
        with self.transaction() as host:
            inside = engine.within(host.connection)
            inside.handle(_bought("ann"))
            for attempt in (inside.dispatch, inside.run_due):
                with pytest.raises(StorageError, match="within the host's transaction"):
                    attempt()

        assert sent == []

    def test_who_watches_is_told_after_the_commit(self, storage: Storage) -> None:
        """Where the host says how, hooks and workers hear nothing of what is rolled back."""
        told: list[str] = []
        later: list[Any] = []
        engine = Engine(CARE, storage, clock=ManualClock(moment(1_000)), hooks=[lambda what, _: told.append(what)])
        engine.on_work(lambda: told.append("woken"))
        with self.transaction() as host:
            engine.within(host.connection, later.append).handle(_bought("ann"))
            assert told == []
        for call in later:
            call()

        assert told == ["committed", "woken"]

    # -- nobody waits ---------------------------------------------------------------------------------------------------

    def test_accepting_locks_no_customer(self, engine: Engine, storage: Storage) -> None:
        """While the host's transaction is open, others decide for the same customer."""
        if not self.concurrent:
            pytest.skip("this database has one writer at a time")
        with self.transaction() as host:
            engine.within(host.connection).accept(_bought("ann", "order-2"))
            assert engine.handle(_bought("ann", "order-1")).status == "decided"
        engine.run_due()

        assert [row.event.id for row in storage.events("ann")] == ["order-1", "order-2"]

    def test_whom_the_host_holds_holds_up_nobody_else(self, engine: Engine, storage: Storage) -> None:
        """A customer decided for in the host's open transaction costs a batch of others nothing."""
        if not self.concurrent:
            pytest.skip("this database has one writer at a time")
        engine.handle_many([_bought(name) for name in ("ann", "bob", "eve")])
        engine.clock.set(moment(10**12))  # type: ignore[attr-defined]  # it is a ManualClock
        with self.transaction() as host:
            engine.within(host.connection).handle(_bought("ann", "order-2"))
            assert engine.run_due() == 2
            assert [storage.history(name)[-1].kind for name in ("ann", "bob", "eve")] == ["entered", "completed", "completed"]
            assert len(storage.history("ann")) == 1

        assert [entry.kind for entry in storage.history("ann")] == ["entered", "moved", "completed", "entered"]


def _bought(customer_id: str, order: str = "order-1", **properties: Any) -> Event:
    return Event("Order Completed", id=order, customer_id=customer_id, occurred_at=moment(1_000), properties=properties)
