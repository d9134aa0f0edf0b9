"""No statement of the hot path reads a whole table, however SQLite's statistics look."""

from __future__ import annotations

import re
import sqlite3

import pytest

from journeykit.model.records import Commit, Enrollment, LoggedEvent, Moment, Timer
from journeykit.storage import sqlite_due as due
from journeykit.storage import sqlite_leaving as leaving
from journeykit.storage import sqlite_objects as objects
from journeykit.storage import sqlite_scanning as scanning
from journeykit.storage import sqlite_statements as sql
from journeykit.storage import sqlite_work as work
from journeykit.storage.sqlite import SQLiteStorage
from journeykit.testing import storage_samples as shop

CUSTOMERS = 100_000
#: Read by people, or once for a process, or a table of few rows: allowed to walk a table.
SELDOM = {
    "READ_CUSTOMERS",
    "SCHEMA_TABLE",
    "SCHEMA_VERSION",
    "SCHEMA_STEP",
    "READ_OUTBOX",
    "READ_OUTBOX_STATE",
    "READ_DEFINITIONS",
    "READ_PAUSES",
    "BRING_UP_MESSAGES",
    "OCCUPIED",
    "READ_WORKERS",
    "FORGET_WORKERS",
    "COUNT_TIMERS",
}
STATEMENTS = {
    name: text
    for name, text in (vars(sql) | vars(objects) | vars(work) | vars(leaving) | vars(due) | vars(scanning)).items()
    if name.isupper() and isinstance(text, str) and not name.startswith("_")
}
HOT = sorted(STATEMENTS.keys() - SELDOM)


def commit(number: int) -> Commit:
    """A customer in two journeys, the second ended, with a decided event; every tenth has a timer due and a message open."""
    name, early = f"customer {number}", number % 10 == 0
    timers = (Timer(0, number if early else 10**15 + number, 1),)
    first = Enrollment("cart", f"cart {number}", 1, "0a1b", 0, "active", "left", 1, 10, 10, {}, timers)
    event = LoggedEvent(shop.event(f"event {number}", name), 10, 1, "decided")
    return Commit(
        name, 0, 1, 10, enrollments=[first, shop.enrollment("order", ended_at=9)], events=[event], history=[shop.entry(name)],
        outbox=[shop.message(name)] if early else [], moments=[Moment("segment vip", 50, True)] if early else None,
    )  # fmt: skip


@pytest.fixture(scope="module", name="connection", params=["without statistics", "analyzed"])
def _connection(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("plans") / "shop.db"
    storage = SQLiteStorage(path, synchronous="off")
    storage.migrate()
    for start in range(0, CUSTOMERS, 5_000):
        storage.commit_many([commit(number) for number in range(start, start + 5_000)])
    storage.accept([(shop.event("waiting", f"customer {number}"), number) for number in range(500)])
    storage.close()
    connection = sqlite3.connect(path)
    if request.param == "analyzed":
        connection.execute("analyze")
        connection.close()
        connection = sqlite3.connect(path)  # statistics are read when a database is opened
    yield connection
    connection.close()


def plan(connection: sqlite3.Connection, statement: str) -> list[str]:
    """SQLite's words for how it would run the statement."""
    numbered = [int(number) for number in re.findall(r"\?(\d+)", statement)]
    arguments = [None] * (max(numbered) if numbered else statement.count("?"))
    return [row[3] for row in connection.execute(f"explain query plan {statement}", arguments)]


@pytest.mark.slow
def test_no_hot_statement_scans(connection):
    """Every table is searched by an index; only the given array is walked, and nothing but one customer's or household's messages is sorted."""
    sound = re.compile(
        r"SCAN j VIRTUAL TABLE INDEX 1:|SCAN CONSTANT ROW|(CORRELATED )?SCALAR SUBQUERY \d+|COMPOUND QUERY|LEFT-MOST SUBQUERY|UNION ALL"
        r"|SEARCH .* USING .*(PRIMARY KEY|INDEX).*"
        r"|CO-ROUTINE lines|SETUP|RECURSIVE STEP|SCAN lines|SEARCH lines|LIST SUBQUERY \d+"  # the journeys, one step of an index each
        r"|MERGE \(UNION\)|LEFT|RIGHT"  # two indexes that come in the same order, side by side
    )
    wrong = [f"{name}: {line}" for name in HOT for line in plan(connection, STATEMENTS[name]) if not sound.fullmatch(line)]

    sorted_by = {"READ_OUTBOX_CUSTOMER_STATE", "READ_COMPANIONS", "READ_HOUSEMATES", "READ_SENT", "READ_SENT_TO_HOUSEHOLDS"}
    assert set(wrong) <= {f"{name}: USE TEMP B-TREE FOR {what}" for name in sorted_by for what in ("ORDER BY", "LAST TERM OF ORDER BY")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("LOAD_CUSTOMERS", "c USING PRIMARY KEY (id=?)"),
        ("LOAD_ACTIVE", "e USING PRIMARY KEY (customer=? AND journey=?)"),
        ("LOAD_ONE", "e USING PRIMARY KEY (customer=?) LEFT-JOIN"),
        ("LOAD_ONE", "e USING INDEX sqlite_autoindex_journeykit_events_1 (customer=? AND id=?)"),
        ("LOAD_KEY", "e USING PRIMARY KEY (customer=? AND journey=? AND key=?)"),
        ("LOAD_DUE", "e USING PRIMARY KEY (customer=?)"),
        ("LOAD_PENDING", "e USING INDEX journeykit_events_mailbox (customer=? AND arrival<?)"),
        ("LOAD_SEEN", "e USING COVERING INDEX sqlite_autoindex_journeykit_events_1 (customer=? AND id=?)"),
        ("DUE_AT_ALL", "e USING COVERING INDEX journeykit_enrollments_line (journey=? AND next_due<?)"),
        (
            "DUE_ENROLLMENTS",
            "journeykit_enrollments USING COVERING INDEX journeykit_enrollments_line (journey=? AND next_due>? AND next_due<?)",
        ),
        ("DUE_LINES", "journeykit_enrollments USING COVERING INDEX journeykit_enrollments_line (journey>?)"),
        ("NEXT_TIMER", "journeykit_enrollments USING COVERING INDEX journeykit_enrollments_line (journey=? AND next_due>?)"),
        ("DUE_CUSTOMERS", "journeykit_customers USING COVERING INDEX journeykit_customers_due (next_due<?)"),
        ("DUE_MAIL", "journeykit_events USING INDEX journeykit_events_waiting (accepted_at<?)"),
        ("INSIDE", "journeykit_enrollments USING PRIMARY KEY (customer>?)"),
        ("CLAIM_LINE", "journeykit_outbox USING INDEX journeykit_outbox_line (journey=? AND action=? AND due_at<?)"),
        ("NEXT_LINE", "journeykit_outbox USING INDEX journeykit_outbox_line ((journey,action)>(?,?))"),
        ("SCAN_EVENTS", "journeykit_events USING INTEGER PRIMARY KEY (rowid>?)"),
        ("SCAN_ENROLLMENTS", "journeykit_enrollments USING PRIMARY KEY ((customer,journey,key)>(?,?,?))"),
        ("READ_OUTBOX_CUSTOMER", "journeykit_outbox USING INDEX journeykit_outbox_customer (customer=?)"),
    ],
)
def test_the_right_index(connection, name, words):
    """The statements that every event needs go straight to their rows."""
    assert f"SEARCH {words}" in plan(connection, STATEMENTS[name])
