"""The storage in PostgreSQL keeps the contract, on connections of its own and inside a host's."""

from __future__ import annotations

import os
import resource
import threading
from concurrent.futures import ThreadPoolExecutor

import attrs
import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

import postgres
from journeykit import ConflictError, MemoryStorage, PostgresStorage, StorageError
from journeykit.errors import SchemaError
from journeykit.model.leaving import Erased
from journeykit.model.pauses import Hold, Pause
from journeykit.model.records import Commit, Facts, LoggedEvent, Mail, Timer
from journeykit.storage.postgres import connections
from journeykit.testing import storage_samples as shop
from journeykit.testing.contracts import StorageContract


class TestOwnConnections(StorageContract):
    @pytest.fixture(autouse=True)
    def _schema(self, postgres):
        self.conninfo = postgres

    def create_storage(self):
        return PostgresStorage(self.conninfo)


class TestHostConnection(StorageContract):
    """An autocommit connection; one that begins by itself is told in other tests."""

    @pytest.fixture(autouse=True)
    def _host(self, postgres):
        self.connection = psycopg.connect(postgres, autocommit=True, row_factory=dict_row)
        yield
        self.connection.close()

    def create_storage(self):
        return PostgresStorage(self.connection)


@pytest.fixture(name="storage")
def _storage(postgres):
    storage = PostgresStorage(postgres)
    yield storage
    storage.close()


@pytest.fixture(name="host")
def _host(postgres):
    """The host's own connection, with a table of its own."""
    with psycopg.connect(postgres) as connection:
        connection.execute("create table if not exists orders(id text)")
        connection.commit()
        yield connection
        connection.rollback()


def orders(connection):
    return [row[0] for row in connection.execute("select id from orders")]


def test_a_rollback_of_the_host_leaves_nothing(host):
    """What was accepted and committed inside the host's transaction goes with it."""
    storage = PostgresStorage(host)
    host.execute("insert into orders values('order-17')")
    storage.accept([(shop.event("one"), 10)])
    storage.commit_many([shop.everything("ann")])
    assert shop.load(storage).revision == 1
    host.rollback()

    assert orders(host) == []
    assert shop.load(storage) == shop.load(MemoryStorage())
    assert storage.history("ann") == storage.events("ann") == storage.outbox() == []


def test_a_commit_of_the_host_keeps_all(host, storage):
    """Others see it when the host commits, and not before."""
    inside = PostgresStorage(host)
    host.execute("insert into orders values('order-17')")
    inside.commit_many([shop.everything("ann")])
    assert shop.load(storage).revision == 0
    host.commit()

    assert shop.load(storage).revision == 1
    assert orders(host) == ["order-17"]


def test_a_conflict_leaves_the_hosts_own_work(host):
    """A refused commit undoes itself, not what the host wrote before, and the host's transaction goes on."""
    storage = PostgresStorage(host)
    host.execute("insert into orders values('order-17')")
    with pytest.raises(ConflictError) as caught:
        storage.commit_many([shop.everything("bob"), shop.commit("ann", 5)])
    host.commit()

    assert caught.value.customers == ("ann",)
    assert orders(host) == ["order-17"]
    assert shop.load(storage, "bob").revision == 0


def test_without_an_open_transaction_it_commits_its_own(postgres, storage):
    """With autocommit, a call outside the host's transactions is durable when it returns."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        inside = PostgresStorage(connection)
        inside.commit_many([shop.everything("ann")])
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        inside.close()
        connection.execute("select 1")

        assert shop.load(storage).revision == 1


def test_the_first_statement_may_be_ours(host, storage):
    """Without autocommit psycopg begins by itself: the transaction is the host's, though nothing of the host's is in it yet."""
    PostgresStorage(host).commit_many([shop.everything("ann")])
    assert shop.load(storage).revision == 0
    host.commit()

    assert shop.load(storage).revision == 1


def test_a_held_customer_is_brought_up_later(postgres, storage):
    """The end of a pause waits for nobody; carried out again, it finds whom a host's transaction held the first time."""
    still = attrs.evolve(shop.enrollment(), timers=(Timer(0, 20, 1),), held=Hold(20, "a pause of welcome", 1))
    storage.commit_many([shop.commit(name, enrollments=[still]) for name in ("ann", "bob")])
    storage.begin_pause(Pause(0, "welcome", None, None, True, 10))
    with hold(postgres, "select from journeykit_customers where id = 'ann' for update"):
        storage.end_pause(1, 50)
    assert storage.claim_due(60, 9) == ["bob"]
    storage.end_pause(1, 70)

    assert storage.claim_due(60, 9) == ["ann", "bob"]


def test_an_unmigrated_database():
    """Used before migrate, the error says what to do."""
    storage = PostgresStorage(postgres.empty())
    with pytest.raises(SchemaError, match=r"call storage.migrate\(\)"):
        storage.claim_due(0, 1)
    storage.migrate()
    assert storage.claim_due(0, 1) == []
    storage.close()


def test_a_migration_rolled_back_by_the_host():
    """All of it happens in the host's transaction; tables that the host took back are missed in words."""
    with psycopg.connect(postgres.empty()) as connection:
        storage = PostgresStorage(connection)
        connection.execute("select 1")
        storage.migrate()
        assert storage.next_due() is None
        connection.rollback()
        with pytest.raises(SchemaError, match=r"call storage.migrate\(\)"):
            storage.next_due()


def test_a_schema_of_its_own(postgres, storage):
    """Tables lie in the schema that is named; two of them in one database do not see each other."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("drop schema if exists second cascade")
        connection.execute("create schema second")
    second = PostgresStorage(postgres, schema="second")
    second.migrate()
    second.commit_many([shop.everything("ann")])

    assert (shop.load(storage).revision, shop.load(second).revision) == (0, 1)
    second.close()


@pytest.mark.parametrize("database", ["nonsense", 5, "postgresql://[", b"postgresql://localhost"])
def test_what_is_no_database(database):
    """What to give instead stands in the error."""
    with pytest.raises(StorageError, match="give a URL"):
        PostgresStorage(database)


def test_a_server_that_is_not_there(tmp_path):
    """The driver's own errors come as ours."""
    with pytest.raises(StorageError, match="PostgreSQL: connection"):
        PostgresStorage(f"postgresql:///shop?host={tmp_path}").migrate()


@pytest.mark.parametrize("text", ["nul \x00", "surrogate \ud800"])
def test_a_text_that_cannot_be_kept(storage, text):
    """A reason with a NUL or half a character is refused in words, and the storage goes on."""
    with pytest.raises(StorageError, match="cannot be stored"):
        storage.commit_many([shop.commit("ann", history=[shop.entry()._replace(reason=text)])])
    storage.commit_many([shop.commit("ann", facts=Facts(traits={text: text}))])

    assert shop.load(storage).facts.traits == {text: text}


def test_connections_are_lent(postgres, monkeypatch):
    """More threads than connections wait for one; a connection that the server has ended is replaced before it is used."""
    name = f"journeykit lent {os.getpid()}"  # others may use the same server
    storage = PostgresStorage(make_conninfo(postgres, application_name=name), connections=2)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda number: storage.accept([(shop.event(f"event {number}"), 10)]), range(40))) == [[True]] * 40
    with psycopg.connect(postgres, autocommit=True) as other:
        other.execute("select pg_terminate_backend(pid, 60000) from pg_stat_activity where application_name = %s", (name,))
    monkeypatch.setattr(connections, "_FRESH", 0.0)  # as if a second had passed

    assert len(shop.load(storage).pending) == 40
    assert len(storage._connections._idle) <= 2
    storage.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is nothing to fork")
@pytest.mark.filterwarnings("ignore:This process")
def test_after_a_fork(storage):
    """A child opens connections of its own, and what it closes is its own too."""
    storage.commit_many([shop.everything("ann")])
    child = os.fork()
    if child == 0:
        try:
            storage.commit_many([shop.commit("ann", 1)])
            storage.close()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0

    assert shop.load(storage).revision == 2


def hold(conninfo, statement, *arguments):
    """A host's transaction that holds a row, until the connection is closed."""
    connection = psycopg.connect(conninfo)
    connection.execute(statement, arguments)
    return connection


def test_a_batch_does_not_wait_for_one_customer(postgres, storage):
    """Somebody is held by a host's transaction: others are found and written, and the conflict names the one."""
    people = [f"customer {number:03}" for number in range(200)]
    storage.commit_many([shop.commit(name, enrollments=[shop.enrollment(due=5)]) for name in people])
    with hold(postgres, "select from journeykit_customers where id = %s for update", people[7]):
        found = storage.claim_due(10, 1_000)
        with pytest.raises(ConflictError) as caught:
            storage.commit_many([shop.commit(name, 1) for name in people])
        storage.commit_many([shop.commit(name, 1) for name in found])

    assert found == [*people[:7], *people[8:]]
    assert caught.value.customers == (people[7],)
    assert storage.claim_due(10, 1_000) == people


def test_some_are_found_however_many_are_held(postgres, storage):
    """The first hundred are all held; those behind them are due as well."""
    people = [f"customer {number:03}" for number in range(110)]
    storage.commit_many([shop.commit(name, enrollments=[shop.enrollment(due=5)]) for name in people])
    with hold(postgres, "select from journeykit_customers where id < %s for update", people[100]):
        assert storage.claim_due(10, 5) == people[100:105]


def test_accepting_waits_for_nobody(postgres, storage):
    """A host's transaction holds the customer; their mailbox is open."""
    storage.commit_many([shop.commit("ann")])
    with hold(postgres, "select from journeykit_customers where id = 'ann' for update"):
        assert storage.accept([(shop.event("one"), 10)]) == [True]


def test_a_definition_first_used_by_two(host, storage):
    """A host's transaction that has not ended does not hold up whoever uses the same definition; it is told once."""
    definitions = [("0a1b", "welcome", "{}")]
    PostgresStorage(host).commit_many([shop.commit("ann", definitions=definitions)])
    storage.commit_many([shop.commit("bob", definitions=definitions)])
    host.commit()

    assert storage.definitions() == definitions


def test_eight_threads_over_the_same_customers(postgres):
    """Batches of overlapping customers, mail among them, shared numbers and claims at once: no deadlock, and every commit counts."""
    storage = PostgresStorage(postgres)
    people = [f"customer {number}" for number in range(12)]
    counted: list[str] = []
    barrier = threading.Barrier(8)

    def work(seed: int) -> None:
        barrier.wait()
        for turn in range(12):
            chosen = [people[(seed * 5 + turn * step) % 12] for step in (1, 5, 7)]
            commit_once(storage, list(dict.fromkeys(chosen)), f"{seed}.{turn}", counted)
            storage.accept([(shop.event(f"shared {turn}", name), 10) for name in chosen])
            for claimed in storage.claim_outbox(100, 3, 1_000, f"{seed}.{turn}", 0 if turn % 2 else None):
                assert storage.begin(claimed.id, claimed.token, 100)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    revisions = {name: shop.load(storage, name).revision for name in people}
    storage.close()

    assert revisions == {name: counted.count(name) for name in people}
    assert len(counted) >= 8 * 12 * 2


def commit_once(storage: PostgresStorage, names: list[str], mark: str, counted: list[str]) -> None:
    """Commit something for each of *names* in one batch, again as often as others were first."""
    while True:
        commits = []
        for name in names:
            base = shop.load(storage, name).revision
            event = LoggedEvent(shop.event(f"{mark} {name}", name), 10, base + 1, "decided")
            message = shop.message(name, at=50)._replace(seq=base + 1)
            mail = [Mail(shop.event(f"mail {mark}", other), 10) for other in reversed(names)]
            commits.append(Commit(name, base, base + 1, 10, events=[event], outbox=[message], mail=mail, quotas=[("shared", 1, None)]))
        try:
            storage.commit_many(commits)
        except ConflictError:
            continue
        counted.extend(names)
        return


def test_a_purge_leaves_no_bytes(postgres, storage):
    """After erasing and purging, no page of the tables holds what the customer sent."""
    storage.commit_many([shop.commit("ann", events=[LoggedEvent(shop.event("one", "ann", word="unmistakable"), 10, 1, "decided")])])
    storage.erase(Erased("ann", ["mark"], {}, "stranger"))
    storage.purge()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("checkpoint")
        names = connection.execute(
            "select pg_relation_filepath(c.oid) from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'"
        ).fetchall()
        pages = [connection.execute("select pg_read_binary_file(%s)", names_of).fetchone()[0] for names_of in names]

    assert len(pages) > 20
    assert not any(b"unmistakable" in bytes(page) for page in pages)
    assert shop.load(storage).erasures


def test_a_worker_sleeps_in_a_process_with_many_open_files(storage):
    """A web server with a thousand visitors, and the worker in it: its connection's number is beyond what ``select.select`` takes."""
    least, (soft, hard) = 1_200, resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < least:
        pytest.skip("this machine lets nobody open so many files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, least), hard))
    visitors = [os.open(os.devnull, os.O_RDONLY) for _ in range(1_030)]
    sleeper, asked = storage.sleeper(), []
    try:
        sleeper.sleep(lambda: asked.append("how long?") or 0.01)
    finally:
        sleeper.close()
        for visitor in visitors:
            os.close(visitor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert asked == ["how long?"]
