"""The storage in SQLite keeps the contract, on a file and inside a host's connection."""

from __future__ import annotations

import gc
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from journeykit.errors import ConflictError, SchemaError, StorageError
from journeykit.model.records import Commit, Enrollment, LoggedEvent, OutboxMessage, Timer
from journeykit.storage import sqlite_statements as sql
from journeykit.storage.memory import MemoryStorage
from journeykit.storage.sqlite import MIGRATIONS, SQLiteStorage
from journeykit.testing import storage_samples as shop
from journeykit.testing.contracts import StorageContract


class TestSQLiteFile(StorageContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path

    def create_storage(self):
        return SQLiteStorage(self.folder / "shop.db", synchronous="off")


class TestHostConnection(StorageContract):
    connection = None

    def create_storage(self):
        self.connection = sqlite3.connect(":memory:", check_same_thread=False)
        return SQLiteStorage(self.connection)

    @pytest.fixture(autouse=True)
    def _closed_by_the_host(self):
        yield
        if self.connection is not None:
            self.connection.close()


@pytest.fixture(name="path")
def _path(tmp_path):
    return tmp_path / "shop.db"


@pytest.fixture(name="host")
def _host(path):
    """The host's own connection, with a table of its own and an open journeykit."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("create table orders(id text)")
    SQLiteStorage(connection).migrate()
    yield connection
    connection.close()


def orders(connection):
    return [row[0] for row in connection.execute("select id from orders")]


def test_a_rollback_of_the_host_leaves_nothing(host):
    """What was accepted and committed inside the host's transaction goes with it."""
    storage = SQLiteStorage(host)
    host.execute("begin")
    host.execute("insert into orders values('order-17')")
    storage.accept([(shop.event("one"), 10)])
    storage.commit_many([shop.everything("ann")])
    assert shop.load(storage).revision == 1
    host.execute("rollback")

    assert orders(host) == []
    assert shop.load(storage) == shop.load(MemoryStorage())
    assert storage.history("ann") == storage.events("ann") == storage.outbox() == []


def test_a_commit_of_the_host_keeps_all(host, path):
    """Others see it when the host commits, and not before."""
    storage, other = SQLiteStorage(host), SQLiteStorage(path)
    host.execute("begin")
    host.execute("insert into orders values('order-17')")
    storage.commit_many([shop.everything("ann")])
    assert host.in_transaction
    assert shop.load(other).revision == 0
    host.execute("commit")

    assert shop.load(other).revision == 1
    assert orders(host) == ["order-17"]
    other.close()


def test_a_conflict_leaves_the_hosts_own_work(host):
    """A refused commit undoes itself, not what the host wrote before."""
    storage = SQLiteStorage(host)
    host.execute("begin")
    host.execute("insert into orders values('order-17')")
    with pytest.raises(ConflictError):
        storage.commit_many([shop.everything("bob"), shop.commit("ann", 5)])
    host.execute("commit")

    assert orders(host) == ["order-17"]
    assert shop.load(storage, "bob").revision == 0


@pytest.mark.parametrize("level", [None, "", "IMMEDIATE"])
def test_without_an_open_transaction_it_commits_its_own(path, level):
    """However the host's connection is set up, a call outside its transactions is durable when it returns."""
    connection = sqlite3.connect(path, isolation_level=level)
    connection.row_factory = sqlite3.Row
    storage = SQLiteStorage(connection)
    storage.migrate()
    storage.commit_many([shop.everything("ann")])
    assert not connection.in_transaction
    assert shop.load(storage).revision == 1
    storage.close()
    connection.execute("select 1")
    connection.close()
    other = SQLiteStorage(path)

    assert shop.load(other).revision == 1
    other.close()


def sent(number: int, **fields) -> OutboxMessage:
    """A message of which some fields are there that most lack."""
    kinds = [{}, {"owner": "step 3"}, {"expires_at": 99}, {"listens": True}, {"household": "home"}, {"origin": "bob/welcome//1/1/0"}]
    return shop.message(f"customer {number}")._replace(**kinds[number % len(kinds)], **fields)


def visit(number: int, visits: int, *, odd: bool) -> Commit:
    """A signal of one of many customers; with *odd* each differs from the one before it."""
    name, step = f"customer {number}", f"step {number % 7}" if odd else "first"
    ended_at = 50 if odd and number % 3 == 0 else None
    status = "active" if ended_at is None else "completed"
    inside = Enrollment("welcome", "", 1, "0a1b", 0, status, step, visits, 10, 10, {"n": number}, (Timer(0, 90, 1),), ended_at=ended_at)
    entry = shop.entry(name, visits)._replace(
        source=None if odd and number % 2 else "before", reason="why" if odd and number % 5 == 0 else None
    )
    state = "parked" if odd and number % 4 == 0 else "decided"
    event = LoggedEvent(shop.event(f"event {visits}", name), 10, None if state == "parked" else visits, state)
    message = sent(number, seq=visits) if odd else shop.message(name)._replace(seq=visits)
    return shop.commit(name, visits - 1, enrollments=[inside], history=[entry], outbox=[message], events=[event], fresh=not odd)


@pytest.mark.parametrize("odd", [False, True])
def test_what_is_written_together_is_what_is_written_one_by_one(tmp_path, odd):
    """Of 130 customers in one transaction each row is what it would have been by itself, whether they are alike or not."""
    together, alone = SQLiteStorage(tmp_path / "together.db"), SQLiteStorage(tmp_path / "alone.db")
    for storage in (together, alone):
        storage.migrate()
    for visits in (1, 2):
        commits = [visit(number, visits, odd=odd and number > 60) for number in range(130)]
        together.commit_many(commits)
        for one in commits:
            alone.commit_many([one])

    written = [rows_of(tmp_path / f"{name}.db") for name in ("together", "alone")]
    assert written[0] == written[1]
    assert {table: len(found) for table, found in written[0].items()} == {
        "customers": 130, "enrollments": 130, "events": 260, "history": 260, "outbox": 260,
    }  # fmt: skip


def rows_of(path) -> dict[str, list[tuple]]:
    """All that stands in the tables, with the types of all values."""
    connection = sqlite3.connect(path)
    found = {}
    for table in ("customers", "enrollments", "events", "history", "outbox"):
        columns = [row[1] for row in connection.execute(f"pragma table_info(journeykit_{table})")]
        typed = ", ".join(f'"{name}", typeof("{name}")' for name in columns)
        found[table] = connection.execute(f"select {typed} from journeykit_{table} order by 1, 3, 5").fetchall()
    connection.close()
    return found


def test_of_many_together_one_came_too_late(tmp_path):
    """Where somebody else has decided one of 130 events, nothing is written, and the storage says whose it was."""
    storage = SQLiteStorage(tmp_path / "shop.db")
    storage.migrate()
    storage.commit_many([visit(number, 1, odd=False) for number in range(130)])
    late = [visit(number, 2, odd=False) for number in range(130)]
    known = LoggedEvent(shop.event("event 1", "customer 77"), 10, 2, "decided")
    late[77] = shop.commit("customer 77", 1, events=[known], fresh=True)
    before = rows_of(tmp_path / "shop.db")

    with pytest.raises(ConflictError) as raised:
        storage.commit_many(late)
    assert raised.value.customers == ("customer 77",)
    assert rows_of(tmp_path / "shop.db") == before


def test_a_database_whose_log_was_ordered_by_customer(path):
    """The third version kept log and history by customer: nothing of them is lost, and what had been seen stays seen."""
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute(sql.SCHEMA_TABLE)
        for number, statements in enumerate(MIGRATIONS[:3], 1):
            for statement in statements:
                connection.execute(statement)
            connection.execute(sql.SCHEMA_STEP, (number,))
        connection.executemany(sql.INSERT_CUSTOMER, [("ann", 2, 20, "[1]", None, None), ("bob", 1, 10, "[1]", None, None)])
        decided = [
            ("ann", "one", 1, 10, 10, "Visited", "{}", "", "decided", 0),
            ("bob", "one", 1, 10, 10, "Visited", "{}", "", "decided", 0),
        ]
        connection.executemany(sql.INSERT_EVENT, [*decided, ("ann", "two", None, 20, 20, "Ordered", '{"total":7}', "till", "pending", 1)])
        connection.executemany(sql.INSERT_HISTORY, [shop.entry("ann", 2), shop.entry("ann", 1), shop.entry("bob", 1)])
    connection.close()
    storage = SQLiteStorage(path)
    with pytest.raises(SchemaError, match="schema version 3"):
        storage.claim_due(20, 9)
    storage.migrate()

    assert [(row.event.id, row.seq, row.state) for row in storage.events("ann")] == [("one", 1, "decided"), ("two", None, "pending")]
    assert storage.history("ann") == [shop.entry("ann", 1), shop.entry("ann", 2)]
    assert storage.claim_due(20, 9) == ["ann"]
    assert [mail.event.properties for mail in shop.load(storage).pending] == [{"total": 7}]
    assert storage.accept([(shop.event("two"), 30), (shop.event("one", "bob"), 30), (shop.event("three", "bob"), 30)]) == [
        False,
        False,
        True,
    ]
    assert [shop.load(storage, "ann", "one", "three").seen, shop.load(storage, "bob", "one", "three").seen] == [{"one"}, {"one", "three"}]
    storage.close()


def test_an_unmigrated_database(path):
    """Used before migrate, the error says what to do."""
    storage = SQLiteStorage(path)
    with pytest.raises(SchemaError, match=r"call storage.migrate\(\)"):
        storage.claim_due(0, 1)
    storage.migrate()
    assert storage.claim_due(0, 1) == []
    storage.close()


def test_a_database_of_a_later_release(path):
    """A newer schema is neither used nor changed."""
    storage = SQLiteStorage(path)
    storage.migrate()
    with sqlite3.connect(path) as connection:
        connection.execute("insert into journeykit_schema values(99)")
    connection.close()
    later = SQLiteStorage(path)
    for use in (later.migrate, later.next_due):
        with pytest.raises(SchemaError, match=r"version 99, this release knows \d+; update journeykit"):
            use()
    storage.close()
    later.close()


def test_a_migration_rolled_back_by_the_host(path):
    """Tables that the host took back are missed in words."""
    connection = sqlite3.connect(path, isolation_level=None)
    storage = SQLiteStorage(connection)
    connection.execute("begin")
    storage.migrate()
    assert storage.next_due() is None
    connection.execute("rollback")
    with pytest.raises(SchemaError, match=r"call storage.migrate\(\)"):
        storage.next_due()
    connection.close()


@pytest.mark.parametrize("path", [":memory:", ""])
def test_a_database_in_memory(path):
    """Each thread would see another one, so it is refused."""
    with pytest.raises(StorageError, match="use MemoryStorage"):
        SQLiteStorage(path)


def test_words_that_are_not_known(path):
    """Durability is one of SQLite's own words."""
    with pytest.raises(StorageError, match='synchronous: "safe" is not known'):
        SQLiteStorage(path, synchronous="safe")


def test_a_folder_that_is_not_there(tmp_path):
    """SQLite's own errors come as ours, with the path."""
    with pytest.raises(StorageError, match="cannot open"):
        SQLiteStorage(tmp_path / "none" / "shop.db").migrate()


def test_a_writer_that_does_not_end(path):
    """Waiting for another writer has an end."""
    storage = SQLiteStorage(path, timeout=0.05)
    storage.migrate()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(StorageError, match="raise timeout"):
        storage.accept([(shop.event("one"), 10)])
    other.close()
    storage.close()


def test_durability_is_set(path):
    """A file is in WAL mode; synchronous is what was asked for, in every thread."""
    storage = SQLiteStorage(path, synchronous="full")
    storage.migrate()
    with ThreadPoolExecutor(1) as pool:
        for ask in (lambda run: run(), lambda run: pool.submit(run).result()):
            assert ask(lambda: storage._connections._connection().execute("pragma synchronous").fetchone()) == (2,)
    assert storage._connections._connection().execute("pragma journal_mode").fetchone() == ("wal",)
    storage.close()


def test_a_thread_takes_its_connection_along(path):
    """Threads that come and go leave no open files behind."""
    storage = SQLiteStorage(path)
    storage.migrate()
    for _ in range(5):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(storage.next_due).result()
    gc.collect()

    assert len(storage._connections._opened) == 1
    storage.close()


def test_a_window_of_a_rate_is_few_rows(tmp_path):
    """Of a hundred thousand a day, ten thousand have gone: a hundred rows say so, and no more are read to let one go."""
    storage = SQLiteStorage(tmp_path / "shop.db", synchronous="off")
    storage.migrate()
    day = 86_400_000_000
    for number in range(10_000):
        assert storage.grant("email", number * day // 10_000, day, 100_000, 1) == (1, number * day // 10_000)
    with sqlite3.connect(tmp_path / "shop.db") as database:
        (rows, gone) = database.execute("select count(*), sum(number) from journeykit_grants").fetchone()
    database.close()
    storage.close()

    assert (rows, gone) == (100, 10_000)
