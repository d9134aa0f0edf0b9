"""P27: all or nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import psycopg
import pytest

from journeykit import Do, Journey, PostgresStorage, SQLiteStorage, Step, StorageError
from journeykit.model.records import Want
from shop import Shop

GREET = Journey(
    "greet", entry="Signed Up", steps=[Step("greeted", stage="awareness", do=Do("email"), set={"customer.greeted": "True"}, wait="1 day")]
)


def tables(path: Path) -> list[str]:
    """The tables of the library that a decision writes."""
    with sqlite3.connect(path) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'journeykit%'")]
    connection.close()
    return sorted(names)


def run(path: Path, statement: str) -> None:
    """Change the database behind the library's back."""
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_whatever_table_fails_nothing_of_the_decision_is_there(tmp_path: Path) -> None:
    """One table after the other refuses its row; each time there is no trace of the event, and afterwards it is decided in whole."""
    path = tmp_path / "shop.db"
    storage = SQLiteStorage(path)
    storage.migrate()
    shop = Shop(GREET, storage=storage)
    failed = 0
    for table in tables(path):
        run(path, f"CREATE TRIGGER broken BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
        try:
            shop.event("Signed Up", f"ann of {table}", id="e1")
        except StorageError:
            failed += 1
            (loaded,) = storage.load_many([Want(f"ann of {table}", None, (), ("e1",))])
            assert (loaded.revision, loaded.enrollments, loaded.seen, storage.outbox(None, f"ann of {table}")) == (0, [], frozenset(), [])
            assert storage.history(f"ann of {table}") == []
        run(path, "DROP TRIGGER broken")
        shop.event("Signed Up", f"ann of {table}", id="e1")
        assert shop.inside("greet", customer=f"ann of {table}").step == "greeted"

    assert failed >= 4
    assert len(storage.outbox()) == len(tables(path))


def test_a_rollback_of_the_host_leaves_nothing(tmp_path: Path) -> None:
    """The order could not be booked after all: neither it nor the event about it is there, and both can be tried again."""
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.execute("CREATE TABLE orders (id TEXT PRIMARY KEY)")
    storage = SQLiteStorage(connection)
    storage.migrate()
    shop = Shop(GREET, storage=storage)

    def book(*, works: bool) -> None:
        with connection:
            connection.execute("INSERT INTO orders VALUES ('o1')")
            shop.event("Signed Up", id="e1")
            if not works:
                raise ConnectionError

    with pytest.raises(ConnectionError):
        book(works=False)
    assert connection.execute("SELECT count(*) FROM orders").fetchone() == (0,)
    assert shop.told() == []

    book(works=True)

    assert shop.inside("greet").step == "greeted"
    connection.close()


def test_the_hosts_transaction_is_the_hosts(tmp_path: Path) -> None:
    """The library does not commit what the host has open."""
    connection = sqlite3.connect(tmp_path / "shop.db")
    storage = SQLiteStorage(connection)
    storage.migrate()
    connection.execute("CREATE TABLE orders (id TEXT PRIMARY KEY)")
    connection.commit()
    shop = Shop(GREET, storage=storage)
    connection.execute("INSERT INTO orders VALUES ('o1')")
    shop.engine.accept(shop.fact("Signed Up"))

    assert connection.in_transaction

    connection.rollback()

    assert shop.engine.run_due() == 0
    connection.close()


BROKEN = "create or replace function broken() returns trigger language plpgsql as $$ begin raise exception 'the disk is full'; end $$"


def test_the_same_on_postgres(postgres: str) -> None:
    """One table after the other refuses its row, in the one statement that writes a decision and in the batch that is copied in."""
    storage = PostgresStorage(postgres)
    names = ("customers", "enrollments", "events", "history", "outbox", "definitions")
    failed = 0
    with psycopg.connect(postgres, autocommit=True) as behind:
        behind.execute(BROKEN)
        for table, people in [(table, people) for table in names for people in (1, 40)]:
            events = [Shop(GREET).fact("Signed Up", f"{number} of {people}, {table}", id="e1") for number in range(people)]
            behind.execute(f"create trigger broken before insert on journeykit_{table} for each row execute function broken()")
            shop = Shop(GREET, storage=storage)
            try:
                shop.engine.handle_many(events)
            except StorageError:
                failed += 1
                assert storage.load_many([Want(events[-1].customer_id, None, (), ("e1",))])[0].revision == 0
                assert [storage.events(event.customer_id) for event in events] == [[]] * people
                assert storage.outbox(None, events[0].customer_id) == storage.history(events[0].customer_id) == []
            behind.execute(f"drop trigger broken on journeykit_{table}")
            shop.engine.handle_many(events)
            assert shop.inside("greet", customer=events[-1].customer_id).step == "greeted"
        behind.execute("drop function broken")
    assert failed >= 10
    assert len(storage.outbox()) == len(names) * 41
    storage.close()
