"""The schema in PostgreSQL: steps that lock nobody out, a previous release that goes on, partitions, and plans that use indexes."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import psycopg
import pytest

import postgres
from journeykit import PostgresStorage
from journeykit.errors import SchemaError
from journeykit.model.records import Commit, Settlement, Want
from journeykit.storage.postgres import due, loading, migrations
from journeykit.storage.postgres import statements as sql
from journeykit.storage.postgres.months import following, month
from journeykit.testing import storage_samples as shop

JANUARY_2026 = 1_767_225_600_000_000
DAY = 86_400_000_000

#: What the release of schema version 1 wrote and read, as it was.
VERSION_1 = {
    "commit": """with created as (insert into journeykit_customers(id, revision, accepted_at, facts, moments, next_due)
            values('old', 1, 10, '[1]', null, null) on conflict do nothing returning 1),
        enrolled as (insert into journeykit_enrollments(customer, journey, key, number, definition, position, status, step, visit,
            entered_at, ended_at, next_due, body) values('old', 'welcome', '', 1, '0a1b', 0, 'active', 'first', 1, 10, null, 50, '[1,10]')),
        logged as (insert into journeykit_events(customer, id, seq, accepted_at, occurred_at, name, properties, source, state, arrival)
            values('old', 'one', 1, 10, 5, 'Signed Up', '{}', '', 'decided', 0)),
        history as (insert into journeykit_history(customer, seq, place, at, kind, journey, key, number, source, target, cause, reason, timers)
            values('old', 1, 0, 10, 'entered', 'welcome', '', 1, null, 'first', 'Signed Up', null, '')),
        messages as (insert into journeykit_outbox(customer, journey, key, number, seq, place, action, parameters, at, message, expires_at,
            owner, listens, state, due_at) values('old', 'welcome', '', 1, 1, 0, 'email', '{}', 10, 'marketing', null, null, 0, 'open', 10))
        select count(*) from created""",
    "claim": """update journeykit_outbox set token = 'old', due_at = 99, attempts = attempts + 1 where state = 'open' and due_at <= 10
        returning id, customer, journey, key, number, seq, place, action, parameters, at, message, expires_at, owner, listens""",
    "settle": "update journeykit_outbox set state = 'performed', reason = null, due_at = 11, token = null where token = 'old' returning 1",
    "accept": """insert into journeykit_events(customer, id, accepted_at, occurred_at, name, properties, source, state, arrival)
        values('old', 'two', 20, 5, 'Signed Up', '{}', '', 'pending', 1) on conflict do nothing returning 1""",
    "load": """select c.revision, e.step from journeykit_customers c join journeykit_enrollments e on e.customer = c.id where c.id = 'old'""",
}  # fmt: skip


@pytest.fixture(name="storage")
def _storage(postgres):
    storage = PostgresStorage(postgres)
    yield storage
    storage.close()


@pytest.fixture(name="earlier")
def _earlier(monkeypatch):
    """A database as the first release left it, with a customer in it."""
    conninfo = postgres.empty()
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:1])
        patched.setattr(migrations, "LATEST", 1)
        storage = PostgresStorage(conninfo)
        storage.migrate()
        storage.close()
    with psycopg.connect(conninfo) as connection:
        assert connection.execute(VERSION_1["commit"]).fetchone() == (1,)
    return conninfo


def test_an_earlier_database_is_brought_up_to_date(earlier):
    """What was there is there; what is new can be used."""
    storage = PostgresStorage(earlier)
    with pytest.raises(SchemaError, match=rf"schema version 1, this release needs {migrations.LATEST}; call storage.migrate\(\)"):
        storage.next_due()
    storage.migrate()
    (claimed,) = storage.claim_outbox(10, 1, 100, "t", 0)

    assert shop.load(storage, "old").enrollments[0].step == "first"
    assert storage.begin(claimed.id, "t", 11)
    assert storage.settle([Settlement(claimed.id, "t", "performed", None, 12)]) == [True]
    storage.close()


def test_the_previous_release_goes_on(earlier):
    """While a deployment rolls, its statements work on the new schema, side by side with this release's."""
    storage = PostgresStorage(earlier)
    storage.migrate()
    storage.commit_many([shop.everything("new")])
    with psycopg.connect(earlier, autocommit=True) as old:
        assert [row[1] for row in old.execute(VERSION_1["claim"]).fetchall()] == ["old", "new"]
        assert len(old.execute(VERSION_1["settle"]).fetchall()) == 2
        assert old.execute(VERSION_1["accept"]).fetchone() == (1,)
        assert old.execute(VERSION_1["load"]).fetchone() == (1, "first")

    assert [logged.event.id for logged in shop.load(storage, "old").pending] == ["two"]
    assert [row.state for row in storage.outbox()] == ["performed", "performed"]
    storage.close()


def test_a_later_release_says_who_may_stay(postgres):
    """A step that leaves this release's statements alone changes nothing for it; one that does not is refused."""
    storage = PostgresStorage(postgres)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("insert into journeykit_schema values(98, %s)", (migrations.LATEST,))
        assert storage.next_due() is None
        storage.migrate()
        connection.execute("insert into journeykit_schema values(99, 99)")
        later = PostgresStorage(postgres)
        for use in (later.migrate, later.next_due):
            with pytest.raises(SchemaError, match=f"version 99, this release knows {migrations.LATEST}; update journeykit"):
                use()
        connection.execute("delete from journeykit_schema where version > %s", (migrations.LATEST,))
    storage.close()
    later.close()


@contextmanager
def in_a_thread(run):
    failed: list[BaseException] = []

    def caught() -> None:
        try:
            run()
        except BaseException as error:  # noqa: BLE001  told to the test
            failed.append(error)

    thread = threading.Thread(target=caught)
    thread.start()
    yield thread
    thread.join(300)
    assert not thread.is_alive()
    assert failed == []


def test_nobody_queues_behind_a_migration(earlier):
    """A host's transaction has read the outbox and stays open: the migration waits, and others go on reading and writing."""
    storage = PostgresStorage(earlier)
    with psycopg.connect(earlier) as host, psycopg.connect(earlier, autocommit=True) as other:
        host.execute("select count(*) from journeykit_outbox")
        with in_a_thread(storage.migrate) as migrating:
            time.sleep(0.3)
            other.execute("set statement_timeout = '60s'")  # behind the migration they would wait until the host ends
            for _ in range(10):
                other.execute("update journeykit_outbox set attempts = attempts")
            assert migrating.is_alive()
            host.rollback()
    assert storage.next_due() == 10
    storage.close()


def test_two_migrate_at_once(earlier):
    """One after another, and an index that is made concurrently does not wait for whoever waits for it."""
    first, second = PostgresStorage(earlier), PostgresStorage(earlier)
    with in_a_thread(first.migrate), in_a_thread(second.migrate):
        pass
    assert first.next_due() == second.next_due() == 10
    first.close()
    second.close()


def test_an_index_that_was_left_half_done(earlier):
    """A migration that was killed in the middle of an index begins it again."""
    with psycopg.connect(earlier, autocommit=True) as connection:
        connection.execute("create index journeykit_outbox_ended on journeykit_outbox(state)")
        connection.execute("update pg_index set indisvalid = false where indexrelid = 'journeykit_outbox_ended'::regclass")
    storage = PostgresStorage(earlier)
    storage.migrate()
    with psycopg.connect(earlier) as connection:
        (text,) = connection.execute("select pg_get_indexdef('journeykit_outbox_ended'::regclass)").fetchone()

    assert "(state, id)" in text
    storage.close()


# the history's months


def tables(conninfo: str) -> list[str]:
    with psycopg.connect(conninfo) as connection:
        found = connection.execute("select distinct tableoid::regclass::text from journeykit_history").fetchall()
    return sorted(name for (name,) in found)


def entered(customer: str, at: int) -> Commit:
    return shop.commit(customer, history=[shop.entry(customer)._replace(at=at)])


def test_months():
    """They begin at midnight in UTC, also of a leap year; what lies far off has none."""
    assert month(JANUARY_2026) == ("journeykit_history_2026_01", JANUARY_2026, JANUARY_2026 + 31 * DAY)
    assert month(JANUARY_2026 - 1).table == "journeykit_history_2025_12"
    february = month(1_709_164_800_000_000)
    assert (february.table, february.end - february.begin) == ("journeykit_history_2024_02", 29 * DAY)
    assert [one.table[-7:] for one in following(JANUARY_2026, 3)] == ["2026_01", "2026_02", "2026_03"]
    assert [month(at) for at in (-1, 2**62)] == [None, None]


def test_history_lies_in_its_month(postgres, storage):
    """A month that has no partition gets one when it is first needed; a moment far off goes into the last one."""
    storage.commit_many([entered("ann", JANUARY_2026), entered("bob", JANUARY_2026 + 40 * DAY), entered("eve", -5)])

    assert tables(postgres) == ["journeykit_history_2026_01", "journeykit_history_2026_02", "journeykit_history_default"]
    assert [storage.history(name)[0].at for name in ("ann", "bob", "eve")] == [JANUARY_2026, JANUARY_2026 + 40 * DAY, -5]


def test_the_year_ahead_is_prepared(postgres):
    """A migration leaves this month and twelve more with partitions of their own."""
    with psycopg.connect(postgres) as connection:
        (now,) = connection.execute("select (extract(epoch from now()) * 1000000)::int8").fetchone()
        found = {name for (name,) in connection.execute("select inhrelid::regclass::text from pg_inherits")}

    assert {one.table for one in following(now, 13)} <= found


def test_a_month_that_cannot_be_made(postgres, storage):
    """Its rows stand in the last partition already: they are read there, and so is what follows."""
    with psycopg.connect(postgres) as host:  # inside a host's transaction nothing is made
        PostgresStorage(host).commit_many([entered("ann", JANUARY_2026 + 9_000 * DAY)])
        host.commit()
    storage.commit_many([entered("bob", JANUARY_2026 + 9_001 * DAY)])

    assert tables(postgres) == ["journeykit_history_default"]
    assert [storage.history(name)[0].at for name in ("ann", "bob")] == [JANUARY_2026 + 9_000 * DAY, JANUARY_2026 + 9_001 * DAY]


def test_events_are_spread(postgres, storage):
    """By the customer: all of one customer's lie together."""
    storage.accept([(shop.event(f"event {number}", f"customer {number % 100}"), 10) for number in range(400)])
    with psycopg.connect(postgres) as connection:
        parts = connection.execute("select count(distinct tableoid) from journeykit_events group by customer").fetchall()
        (used,) = connection.execute("select count(distinct tableoid) from journeykit_events").fetchone()

    assert parts == [(1,)] * 100
    assert used == migrations.PARTS


# plans


def explained(cursor, statement: bytes, arguments) -> str:
    """The plan that is kept for a prepared statement, whatever its arguments."""
    cursor.execute(b"prepare plan as " + statement)
    nulls = f"({', '.join(['null'] * len(arguments))})" if arguments else ""
    text = "\n".join(row[0] for row in cursor.execute(f"explain (costs off) execute plan{nulls}").fetchall())
    cursor.execute("deallocate plan")
    return text


@pytest.mark.parametrize("analyzed", [False, True])
@pytest.mark.parametrize("count", [1, 100])
def test_loading_goes_by_index(storage, analyzed, count):
    """By the customer's key, in every part, however many are asked for; also when the tables were last seen empty."""
    with storage._connections.alone() as cursor:
        if analyzed:
            cursor.execute("analyze")
    asked: list[tuple[bytes, list[str | None]]] = []

    class Recorder:
        def execute(self, statement, arguments=()):
            asked.append((statement if isinstance(statement, bytes) else statement.encode(), arguments))
            return self

        def fetchone(self):
            return None

        def fetchall(self):
            return []

    names = [f"customer {number}" for number in range(count)]
    loading.load(Recorder(), [Want(name, frozenset(["a"]), (("a", None), ("a", "k")), ("one",), 50) for name in names])
    loading.load(Recorder(), [Want(name, None) for name in names])
    with storage._connections.alone() as cursor:
        plans = [explained(cursor, *one) for one in asked]

    assert [("Seq Scan" in plan, "Hash" in plan) for plan in plans] == [(False, False)] * 2
    for line in [line for plan in plans for line in plan.splitlines() if "Scan using" in line or "Bitmap Index Scan" in line]:
        assert "_pkey" in line or "customer_arrival" in line, line
    assert plans[0].count("on journeykit_enrollments_pkey") + plans[0].count("using journeykit_enrollments_pkey") == 4


def test_what_is_due_goes_by_index(storage):
    """An idle worker's questions read the ends of indexes, however much is waiting for later."""
    with storage._connections.alone() as cursor:
        next_due = explained(cursor, due.NEXT_DUE.encode(), ())
        claim = explained(cursor, sql.CLAIM.encode(), "12345")

    assert next_due.count("Index Only Scan using") + next_due.count("Index Scan using") >= 4 + migrations.PARTS
    assert "Seq Scan" not in next_due + claim
    assert "journeykit_outbox_line" in claim


def test_a_host_s_worker_claims_by_index_however_much_is_due(postgres):
    """On the host's connection nothing is set: the planner joins as it likes, and must not read the whole outbox for each claim."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(
            """insert into journeykit_outbox(customer, journey, key, number, seq, place, action, parameters, at, message, listens, state, due_at)
            select 'customer ' || n, 'welcome', '', 1, 1, 0, 'email', '{}', 10, 'marketing', 0, 'open', 10 from generate_series(1, 20000) n"""
        )
        connection.execute("analyze journeykit_outbox")
        claim = sql.CLAIM
        for number, value in enumerate(("'token'", "99", "20", "64", "'{}'"), 1):
            claim = claim.replace(f"${number}", value)
        plan = "\n".join(row[0] for row in connection.execute(f"explain (costs off) {claim}").fetchall())

    assert "journeykit_outbox_line" in plan
    assert "Seq Scan on journeykit_outbox" not in plan
