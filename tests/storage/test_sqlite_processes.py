"""Several processes, one file: nobody's decision is lost."""

from __future__ import annotations

import subprocess
import sys

from journeykit.model.records import Want
from journeykit.storage.sqlite import SQLiteStorage

WRITER = """
import sys
from journeykit.errors import ConflictError
from journeykit.model.messages import Event
from journeykit.model.records import Commit, Facts, LoggedEvent, Want
from journeykit.storage.sqlite import SQLiteStorage

path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
storage, conflicts = SQLiteStorage(path, timeout=300), 0
storage.migrate()
for number in range(count):
    customer = f"customer {number % 3}"
    shared = Event("Shared", id=f"shared {number}", customer_id=customer, occurred_at="2026-01-01T00:00:00+00:00")
    storage.accept([(shared, 10)])
    own = Event("Own", id=f"{name} {number}", customer_id=customer, occurred_at="2026-01-01T00:00:00+00:00")
    while True:
        loaded = storage.load_many([Want(customer, None)])[0]
        seq = loaded.revision + 1
        facts = Facts(values={"count": loaded.facts.values.get("count", 0) + 1})
        try:
            storage.commit_many([Commit(customer, seq - 1, seq, 10, facts, events=[LoggedEvent(own, 10, seq, "decided")])])
            break
        except ConflictError:
            conflicts += 1
print(conflicts)
"""


def test_processes_at_once(tmp_path):
    """Three processes count 60 events each for the same three customers: every one counts, shared ones are known once."""
    path, count, names = tmp_path / "shop.db", 60, ("a", "b", "c")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name, str(count)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for name in names
    ]
    answers = [(*writer.communicate(timeout=600), writer.returncode) for writer in writers]
    storage = SQLiteStorage(path)
    loaded = storage.load_many([Want(f"customer {number}", None) for number in range(3)])
    logs = [storage.events(one.customer_id) for one in loaded]
    storage.close()

    assert [(errors, code) for _, errors, code in answers] == [("", 0)] * 3
    assert [(one.revision, one.facts.values) for one in loaded] == [(60, {"count": 60})] * 3
    assert [[logged.seq for logged in log if logged.state == "decided"] for log in logs] == [list(range(1, 61))] * 3
    assert [sorted(logged.event.id for logged in one.pending) for one in loaded] == [
        sorted(f"shared {number}" for number in range(count) if number % 3 == customer) for customer in range(3)
    ]
