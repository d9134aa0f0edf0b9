"""The benchmark measures the same work on both sides: floor and library write the same rows, and every row of the table runs."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"

if not BENCHMARKS.is_dir():
    pytest.skip("the benchmarks are not part of this installation", allow_module_level=True)


@pytest.fixture(name="bench")
def _bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Imports a module of ``benchmarks/``; what it puts into temporary folders lands in the test's own."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(sys.modules)

    def load(name: str) -> ModuleType:
        return importlib.import_module(name)

    yield load
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(BENCHMARKS)):
            del sys.modules[name]


def rows(database: Path, statement: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(database)
    found = sorted(connection.execute(statement).fetchall())
    connection.close()
    return found


def floor(folder: Path) -> Path:
    return next(folder.glob("*/floor.db"))


CUSTOMERS = ("select cast(id as integer), revision, accepted_at from journeykit_customers", "select pk, revision, accepted from customers")
HISTORY = (
    "select cast(customer as integer), seq, at, journey, source, target from journeykit_history",
    "select customer, seq, at, journey, source, target from history",
)
OUTBOX = (  # the floor's keys of enrollments are its own
    """select cast(customer as integer), customer || ':' || journey || ':' || seq || ':' || place, action, parameters, due_at, state = 'open'
    from journeykit_outbox""",
    "select customer, replace(idempotency_key, ':k' || (customer % 97) || ':', ':'), action, parameters, due, state = 0 from outbox",
)


def test_events_write_the_same_rows_as_the_floor(bench: Any, tmp_path: Path) -> None:
    """Each event: revision, moved enrollment with its timer, log, history and outbox request, the same on both sides."""
    (tmp_path / "ours").mkdir()
    bench("library").durable_events(time.perf_counter, 1, 3, 300, 40, str(tmp_path / "ours"))
    bench("others").floor_events(time.perf_counter, 1, 3, 300, 40)
    ours, theirs = tmp_path / "ours" / "library.db", floor(tmp_path)
    enrollments = (
        """select cast(customer as integer), journey, step, visit, iif(step = 'sent', next_due, 0), json_extract(body, '$[2]'),
        iif(step = 'sent', json_extract(body, '$[3][0][1]'), 0) from journeykit_enrollments""",
        """select customer, journey, step, visit, iif(step = 'sent', next_due, 0), json_extract(body, '$[1]'),
        iif(step = 'sent', json_extract(body, '$[2][0][1]'), 0) from enrollments""",
    )
    events = (
        "select cast(customer as integer), id, seq, accepted_at, properties from journeykit_events where state = 'decided'",
        "select customer, id, seq, at, properties from events",
    )

    for mine, floors in (CUSTOMERS, enrollments, events, HISTORY, OUTBOX):
        assert len(rows(ours, mine)) in (40, 120, 300)
        assert rows(ours, mine) == rows(theirs, floors)


def test_timers_write_the_same_rows_as_the_floor(bench: Any, tmp_path: Path) -> None:
    """Each due timer: revision, moved enrollment with its next timer, history and outbox request, the same on both sides."""
    (tmp_path / "ours").mkdir()
    bench("library").due_timers(time.perf_counter, 1_000, 3, 40, str(tmp_path / "ours"))
    bench("others").floor_timers(time.perf_counter, 1_000, 3, 40)
    ours, theirs = tmp_path / "ours" / "library.db", floor(tmp_path)
    enrollments = (
        "select cast(customer as integer), journey, step, visit, iif(step = 'sent', json_extract(body, '$[3][0][1]'), 0) from journeykit_enrollments",
        "select customer, journey, step, visit, iif(step = 'sent', json_extract(body, '$[2][0][1]'), 0) from enrollments",
    )

    for mine, floors in (enrollments, HISTORY, OUTBOX):
        assert len(rows(ours, mine)) in (40, 120)
        assert rows(ours, mine) == rows(theirs, floors)
    assert [row[:2] for row in rows(ours, CUSTOMERS[0])] == [row[:2] for row in rows(theirs, CUSTOMERS[1])]


def test_the_workload_arrives_where_the_table_does(bench: Any) -> None:
    """`advance` takes every customer of the workload to the step that the plain table gives; the row asserts it itself."""
    assert bench("library").decide_workload(time.perf_counter, 5_000) > 0


def test_what_is_measured_against_is_not_edited(bench: Any) -> None:
    """Floors and peers are used as they were given."""
    digests = {
        name: hashlib.sha256((BENCHMARKS / name).read_bytes()).hexdigest()[:16] for name in ("workload.py", "peers.py", "floor_sqlite.py")
    }

    assert digests == DIGESTS


def test_the_table_is_written_as_data(bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The results hold what was measured, against what, the goal, and whether it was met."""
    run, table = bench("run"), bench("rows")
    row = table.Row("events", "events/s", table.Side("library", "f"), "floor", table.Side("others", "g"), 0.6)
    figures = {"f": iter((70.0, 10.0, 80.0)), "g": iter((100.0, 100.0, 1_000.0))}
    monkeypatch.setattr(run, "call", lambda side, clock: next(figures[side.function]))

    assert json.loads(json.dumps(run.measured(row, 3, "wall"))) == {
        "name": "events", "value": 70.0, "unit": "events/s", "against": "floor", "against_value": 100.0, "ratio": 0.7, "goal": 0.6,
        "met": True, "rounds": 3,
    }  # fmt: skip


DIGESTS = {
    "workload.py": "225875d6c6c84212",
    "peers.py": "639208b9f505224d",
    "floor_sqlite.py": "627aa2bd8a33ee87",
}


def test_everybody_who_waits_is_told(bench: Any) -> None:
    """The row of the fan-out asserts itself that nobody was left out; the row of the window folds what it says."""
    assert bench("vocabulary").fan_out(time.perf_counter, 300) > 0
    assert bench("vocabulary").window_event(time.perf_counter, "sum of Order Completed.total in 365 days", 3, 2, 2) > 0


def test_everybody_who_is_invented_is_simulated(bench: Any) -> None:
    """The rows of the simulation assert themselves that everybody came and that messages went out."""
    assert bench("rehearsals").simulated(time.perf_counter, 20) > 0
    assert bench("rehearsals").simulated_memory(time.perf_counter, 20) >= 0


def test_histories_of_any_size_come_to_numbers_and_a_page(bench: Any) -> None:
    """From the same seed the same customers; those who live through it and those who are like them; the page is small, and asserts itself."""
    insights = bench("insights")
    lake = insights._tables(insights._history(2_000)).lake

    assert lake.query("select count(distinct customer), count(*) from happenings") == [(2_000, 20_370)]
    assert lake.query("select count(*), count(distinct id) from messages where customer like '%-1'")[0][0] > 500
    assert lake.query("select count(*) from enrollments where status = 'active'") == [(0,)]
    assert 0 < insights.size(time.perf_counter, 300) < 3
    assert insights.warm(time.perf_counter, 300) > 0


def test_each_row_has_a_name_and_two_sides(bench: Any) -> None:
    """No two rows share a name, under which their results are kept, and every side is a function that is there."""
    rows = bench("rows").ROWS
    sides = [side for row in rows for side in (row.side, row.other, *(row.base or ())) if side is not None]

    assert len({row.name for row in rows}) == len(rows) > 30
    for side in sides:
        assert callable(getattr(bench(side.module), side.function)), side


def test_rows_that_are_left_out_stay_as_they_were_measured(bench: Any, tmp_path: Path) -> None:
    """`--only` changes the rows it measures and no other; a row that is no longer in the table goes."""
    run, one, other = bench("run"), *(row.name for row in bench("rows").ROWS[:2])
    output = tmp_path / "results.json"
    output.write_text(json.dumps([{"name": other, "value": 1}, {"name": "of old", "value": 1}, {"name": one, "value": 1}]))

    assert run.beside([{"name": other, "value": 2}], output) == [{"name": one, "value": 1}, {"name": other, "value": 2}]


@pytest.mark.parametrize(
    ("module", "function", "arguments"),
    [
        ("jobs", "journeykit", [1_000]),
        ("workers", "decided", [2, 300, 100, 1]),
        ("workers", "handled", [2, 300, 100]),
        ("sizes", "handle", [100, 99, 200]),
        ("sizes", "floor_handle", [100, 99, 200]),
        ("sizes", "postgres_disk", ["event", 100, 1_000]),
        ("sizes", "floor_postgres_disk", ["event", 100, 1_000]),
        ("sizes", "sqlite_disk", ["customer", 1_000, 0]),
        ("sizes", "floor_sqlite_disk", ["event", 100, 1_000]),
    ],
)
def test_rows_on_postgres_come_to_a_figure(tmp_path: Path, module: str, function: str, arguments: list[Any]) -> None:
    """Each side, in a process of its own as the table runs it; they assert themselves that all the work was done."""
    import postgres

    asked = json.dumps([module, function, arguments, "wall"])
    environment = {**os.environ, "TMPDIR": str(tmp_path), "JOURNEYKIT_TEST_POSTGRES": postgres.server()}
    command = [sys.executable, str(BENCHMARKS / "run.py"), "--side", asked]
    told = subprocess.run(command, check=False, capture_output=True, text=True, timeout=900, env=environment)

    assert told.returncode == 0, told.stderr
    assert float(told.stdout) > 0
