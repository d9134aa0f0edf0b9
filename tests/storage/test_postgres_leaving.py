"""Customers who become others and leave, while others write to the same PostgreSQL."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from journeykit import ConflictError, PostgresStorage, StorageError
from journeykit.model.leaving import Moved
from journeykit.model.records import ELSEWHERE, Commit, LoggedEvent, Mail, Want
from journeykit.storage.moving import moved_event_id
from journeykit.testing import storage_samples as shop
from journeykit.testing.contract_leaving import EVER, erased, logged, moved, retained, signal

DAY = 86_400_000_000


@pytest.fixture(name="storage")
def _storage(postgres):
    storage = PostgresStorage(postgres)
    yield storage
    storage.close()


@pytest.fixture(name="host")
def _host(postgres):
    """The host's own connection, with a transaction open."""
    with psycopg.connect(postgres) as connection:
        connection.execute("select 1")
        yield connection
        connection.rollback()


def pending(storage, name="ann"):
    return [one.event.id for one in shop.load(storage, name).pending]


def test_mail_that_was_on_its_way_finds_the_survivor(host, storage):
    """A host accepted it for the old id, and commits when that has become another: whoever looks for what is due gives it on."""
    PostgresStorage(host).accept([(shop.event("late", "bob"), 20), (shop.event("own", "bob"), 21), (shop.event("last", "bob"), 22)])
    storage.commit_many([shop.commit("ann", events=[logged("own", 1)]), shop.everything("bob")])
    storage.accept([(shop.event("first", "ann"), 20)])
    storage.merge([signal(1)], moved(1))
    host.commit()

    assert pending(storage) == ["first"]
    assert storage.claim_due(100, 10) == ["ann"]
    assert pending(storage) == ["first", "late", moved_event_id("bob", "own"), "last"]
    assert (pending(storage, "bob"), shop.load(storage, "bob").revision) == ([], ELSEWHERE)
    assert storage.claim_due(100, 10) == ["ann"]


def test_an_event_for_an_old_id_that_is_decided_in_the_same_batch(storage):
    """A batch decides what it also sends to an id that has become the same customer: it is there once, decided."""
    storage.merge([signal()], moved(0))
    mail = [Mail(shop.event("both", "bob"), 20), Mail(shop.event("more", "bob"), 20)]
    storage.commit_many([Commit("ann", 1, 2, 20, events=[logged("both", 2)], mail=mail)])

    assert [(one.event.id, one.state) for one in storage.events("ann", EVER)] == [
        ("merge", "decided"), ("both", "decided"), ("more", "pending"),
    ]  # fmt: skip


def test_rows_of_many_partitions_move(storage):
    """Events by customer, history by month: all of two years becomes the survivor's, in order."""
    months = [number * 30 * DAY for number in range(24)]
    storage.commit_many(
        Commit("bob", number, number + 1, at, events=[logged(f"bob {number}", number + 1, "bob", at)],
               history=[shop.entry("bob", number + 1)._replace(at=at)], outbox=[shop.message("bob", place=number)])
        for number, at in enumerate(months)
    )  # fmt: skip
    storage.merge([signal()], moved(24, numbers=(("welcome", "", 2),)))

    assert [(one.event.id, one.seq) for one in storage.events("ann", EVER)] == [
        *[(f"bob {number}", number - 24) for number in range(24)], ("merge", 1),
    ]  # fmt: skip
    assert [(entry.seq, entry.at, entry.number) for entry in storage.history("ann")] == [
        (number - 24, at, 3) for number, at in enumerate(months)
    ]  # fmt: skip
    assert [row.message.place for row in storage.outbox(customer_id="ann")] == list(range(24))


def test_a_rollback_of_the_host_undoes_a_merge(host, storage):
    """It happens in the host's transaction: one that fails leaves two customers."""
    storage.commit_many([shop.everything("ann"), shop.everything("bob")])
    before = shop.traces(storage, "ann"), shop.traces(storage, "bob")
    inside = PostgresStorage(host)
    inside.merge([signal(1)], moved(1))
    assert inside.identities("bob") == ["ann", "bob"]
    host.rollback()

    assert (shop.traces(storage, "ann"), shop.traces(storage, "bob")) == before
    assert storage.identities("bob") == ["bob"]


def test_whoever_is_held_is_neither_merged_nor_erased(host, storage):
    """A host's transaction has decided for one of them: after a second that is a conflict, and nothing is written."""
    storage.commit_many([shop.everything("ann"), shop.everything("bob")])
    PostgresStorage(host).commit_many([shop.commit("bob", 1)])
    for leave in (lambda: storage.merge([signal(1)], moved(1)), lambda: storage.erase(erased("bob"))):
        with pytest.raises(ConflictError):
            leave()
    host.commit()

    assert [shop.load(storage, name).revision for name in ("ann", "bob")] == [1, 2]
    assert storage.remains(["hash of bob"]) == {}


def at_once(number, work):
    """*work* by so many threads that begin together; how many of them were not refused."""
    barrier = threading.Barrier(number)

    def run(place):
        barrier.wait()
        try:
            work(place)
        except ConflictError:
            return 0
        return 1

    with ThreadPoolExecutor(number) as pool:
        return sum(pool.map(run, range(number)))


def test_of_many_merges_one_is_the_first(storage):
    """Ann and Bob become one, one way or the other, and somebody new becomes one of them; nobody waits for ever."""
    for turn in range(8):
        names = (f"ann {turn}", f"bob {turn}")
        storage.commit_many([shop.everything(name) for name in names])

        def merge(place, names=names):
            survivor, old = names if place % 2 else names[::-1]
            own = [shop.commit(survivor, 1, events=[logged(f"merge {place}", 2, survivor)])]
            storage.merge(own, Moved(old, survivor, 1, (), (), "", 90))

        assert at_once(6, merge) == 1
        assert sorted(shop.load(storage, name).revision for name in names) == [ELSEWHERE, 2]
        survivor, old = storage.identities(names[0])
        assert [one.seq for one in storage.events(survivor, EVER)] == [-1, 1, 2]
        assert storage.events(old, EVER) == storage.history(old) == []


def test_nothing_is_lost_while_customers_become_one(storage):
    """Four threads decide for two customers and send them mail while these become one: all that was accepted is the survivor's."""
    sent = []

    def decide(place):
        for turn in range(12):
            name = "ann" if (place + turn) % 2 else "bob"
            event_id = f"{place}.{turn}"
            storage.accept([(shop.event(f"mail {event_id}", name), 10)])
            sent.append(f"mail {event_id}")
            state = shop.load(storage, name)
            if state.revision < 0:
                continue
            event = LoggedEvent(shop.event(event_id, name), 10, state.revision + 1, "decided")
            try:
                storage.commit_many([Commit(name, state.revision, state.revision + 1, 10, events=[event])])
            except ConflictError:
                continue
            sent.append(event_id)

    def become():
        while True:
            ann, bob = storage.load_many([Want("ann", None), Want("bob", None)])
            own = Commit("ann", ann.revision, ann.revision + 1, 10, events=[logged("merge", ann.revision + 1)])
            try:
                return storage.merge([own], moved(bob.revision))
            except ConflictError:
                continue

    at_once(5, lambda place: become() if place == 4 else decide(place))
    storage.claim_due(100, 10)
    events = storage.events("ann", EVER)
    decided = [one.seq for one in events if one.state == "decided"]

    assert storage.identities("bob") == ["ann", "bob"]
    assert sorted(one.event.id for one in events) == sorted([*sent, "merge"])
    assert decided == [number for number in range(decided[0], decided[-1] + 1) if number]
    assert storage.events("bob", EVER) == []


def test_who_is_erased_while_they_become_another_is_erased(storage):
    """Whichever is first: in the end there is neither an alias that stands for nobody, nor a row of who was erased."""
    for turn in range(8):
        storage.commit_many([shop.everything("ann"), shop.everything("bob")])
        done = at_once(2, lambda place: storage.erase(erased("bob")) if place else storage.merge([signal(1)], moved(1)))
        assert done in (1, 2)

        assert storage.identities("bob") in (["bob"], ["ann", "bob"])
        if storage.identities("bob") == ["bob"]:
            assert shop.traces(storage, "bob")[1:] == ([], [], [])
        storage.erase(erased("ann"))
        storage.erase(erased("bob"))
        assert (storage.customers(), storage.outbox()) == ([], []), turn


def test_who_moves_on_while_their_past_is_let_go(host, storage):
    """A snapshot and a decision do not overtake each other: one of them waits, and the snapshot is refused."""
    storage.commit_many([shop.everything("ann")])
    PostgresStorage(host).commit_many([shop.commit("ann", 1)])
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(storage.retain, retained(1, 1, 30))
        host.commit()

        assert answer.result() is False
    assert storage.snapshot("ann") is None


def test_purge_is_no_part_of_a_transaction(host, storage):
    """Inside a host's transaction it is refused in words; by itself it changes nothing that can be read."""
    with pytest.raises(StorageError, match="cannot be part of a transaction"):
        PostgresStorage(host).purge()
    host.rollback()
    storage.commit_many([shop.everything("ann"), shop.everything("bob")])
    storage.erase(erased("bob"))
    before = shop.traces(storage, "ann")
    storage.purge()

    assert shop.traces(storage, "ann") == before
