"""`journeykit export`: what happened, as files that other tools read; whole or not there."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from journeykit import Do, Engine, Event, Journey, SQLiteStorage, Step
from journeykit.cli import main
from journeykit.errors import StorageError
from journeykit.insight import Insight
from journeykit.insight.engines.duck import DuckLake
from journeykit.insight.engines.exporting import export_csv, export_parquet
from journeykit.insight.figures import Slice
from journeykit.insight.tables.raw import TABLES
from journeykit.runtime.clock import ManualClock
from journeykit.testing.contract_scanning import whole

#: of a column of Parquet, as DuckDB names it
KINDS = {"whole": "BIGINT", "moment": "TIMESTAMP WITH TIME ZONE", "text": "VARCHAR", "json": "VARCHAR"}
MONDAY = "2026-03-02T09:00:00+00:00"
WELCOME = Journey(
    "welcome", entry="Signed Up", steps=[Step("new", stage="awareness", wait="1 day"), Step("greeted", do=Do("email", template="hello"))]
)


@pytest.fixture(name="storage")
def _storage(tmp_path):
    """Ann has signed up and been greeted; Bob's name and properties are made to hurt spreadsheets and JSON readers."""
    storage = SQLiteStorage(tmp_path / "shop.db")
    storage.migrate()
    clock = ManualClock(MONDAY)
    engine = Engine([WELCOME], storage, {"email": lambda request: None}, clock=clock)
    engine.handle(Event("Signed Up", id="e1", customer_id="ann", occurred_at=MONDAY, properties={"plan": "gold"}))
    engine.handle(
        Event('=HYPERLINK("http://evil")', id="-1+1", customer_id="@bob", occurred_at=MONDAY, properties={"a": "\ud800", "b": "x\x00y"})
    )
    clock.advance(timedelta(days=2))
    engine.run_due()
    engine.dispatch()
    yield storage
    storage.close()


def test_parquet_holds_what_the_storage_has(storage, tmp_path):
    """Each table as a file with the documented columns; every row, in the order of its key, as the storage tells it."""
    counts = export_parquet(storage, tmp_path / "out")

    assert counts == {"events": 2, "history": 3, "enrollments": 1, "messages": 1, "customers": 2, "definitions": 1}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(f"{table.name}.parquet" for table in TABLES)
    lake = DuckLake()
    lake.read(tmp_path / "out")
    for table in TABLES:
        kinds = {name: kind for name, kind, *_ in lake.query(f"describe select * from '{tmp_path / 'out' / table.name}.parquet'")}
        assert kinds == {column.name: KINDS[column.kind] for column in table.columns}
        assert list(kinds) == list(table.names)
        if table.name != "events":
            assert sorted(lake.query(f"select * from {table.name}"), key=repr) == whole(storage, table.name)
    monday = 1_772_442_000_000_000
    assert lake.query("select * from events") == [
        ("@bob", "-1+1", 1, monday, monday, "decided", '=HYPERLINK("http://evil")', "", '{"a":"?","b":"x\\ufffdy"}'),
        ("ann", "e1", 1, monday, monday, "decided", "Signed Up", "", '{"plan":"gold"}'),
    ]
    told = f"select occurred_at at time zone 'UTC', properties ->> 'plan' from '{tmp_path / 'out' / 'events.parquet'}' where id = 'e1'"
    assert lake.query(told) == [(datetime(2026, 3, 2, 9), "gold")]
    assert lake.query("select customer, decided_at - 1772442000000000, kind, source, target from history order by seq, place") == [
        ("ann", 0, "entered", None, "new"), ("ann", 86_400_000_000, "moved", "new", "greeted"), ("ann", 86_400_000_000, "completed", "greeted", None),
    ]  # fmt: skip


def test_a_moment_is_a_timestamp_of_utc_in_microseconds(storage, tmp_path):
    """The schema of the files says so, which every reader of Parquet goes by; one that is not there yet stays missing."""
    export_parquet(storage, tmp_path / "out")
    lake, file = DuckLake(), tmp_path / "out" / "enrollments.parquet"

    kinds = dict(lake.query(f"select name, logical_type from parquet_schema('{file}') where name like '%\\_at' escape '\\'"))
    assert sorted(kinds) == ["ended_at", "entered_at", "goal_at", "step_at"]
    assert {re.sub(r"<.*?>", "", kind).replace(" ", "") for kind in kinds.values()} == {
        "TimestampType(isAdjustedToUTC=1,unit=TimeUnit(MILLIS=,MICROS=MicroSeconds(),NANOS=))"
    }
    assert lake.query(f"select epoch_us(entered_at), epoch_us(ended_at), goal_at from '{file}'") == [
        (1_772_442_000_000_000, 1_772_528_400_000_000, None)
    ]


@pytest.mark.parametrize("first", [True, False], ids=["format 1", "format 2"])
def test_files_of_earlier_releases_are_read(storage, tmp_path, first):
    """The first format had whole numbers where moments are timestamps now: of either come the figures that the storage itself comes to."""
    out = tmp_path / "out"
    export_parquet(storage, out)
    if first:
        for table in TABLES:
            whole_numbers = ", ".join(f"epoch_us({c.name}) as {c.name}" if c.kind == "moment" else c.name for c in table.columns)
            duckdb.sql(f"select {whole_numbers} from '{out / table.name}.parquet'").to_parquet(str(tmp_path / "old.parquet"))
            (tmp_path / "old.parquet").replace(out / f"{table.name}.parquet")
    lake = DuckLake()
    lake.read(out)
    exported, itself = Insight(lake), Insight.of(storage)
    cut = Slice(itself.span, journey="welcome")

    assert [type(at) for at in lake.query("select occurred_at from events")[0]] == [int]
    assert exported.span == itself.span
    assert exported.flow(cut) == itself.flow(cut)
    assert [one.arrived for one in itself.flow(cut).steps] == [1, 1]


def test_files_of_a_later_release_are_refused(storage, tmp_path):
    """What they hold nobody knows yet: the message says who does."""
    out = tmp_path / "out"
    export_parquet(storage, out)
    duckdb.sql(f"copy (from '{out / 'events.parquet'}') to '{tmp_path / 'new.parquet'}' (format parquet, kv_metadata {{journeykit: '3'}})")
    (tmp_path / "new.parquet").replace(out / "events.parquet")

    with pytest.raises(StorageError, match=r"events\.parquet was written by a later release of journeykit, in format 3; read it with that"):
        DuckLake().read(out)


def test_csv_is_taken_for_no_formula(storage, tmp_path):
    """No cell of text begins as a formula does; numbers stay numbers, and what is missing is empty."""
    assert export_csv(storage, tmp_path / "out")["events"] == 2

    with (tmp_path / "out" / "events.csv").open(newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert sorted(rows) == ["'-1+1", "e1"]
    assert rows["'-1+1"]["customer"] == "'@bob"
    assert rows["'-1+1"]["name"] == '\'=HYPERLINK("http://evil")'
    assert rows["e1"]["seq"] == "1"
    with (tmp_path / "out" / "history.csv").open(newline="") as file:
        assert [row["source"] for row in csv.DictReader(file)] == ["", "new", "greeted"]


@pytest.mark.parametrize("export", [export_parquet, export_csv])
def test_a_folder_with_something_in_it_is_left_alone(storage, tmp_path, export):
    """An earlier export is never mixed with a new one; an empty folder is as good as none."""
    (tmp_path / "empty").mkdir()
    assert export(storage, tmp_path / "empty")["customers"] == 2
    with pytest.raises(StorageError, match="empty is not empty; name a folder that is not there yet"):
        export(storage, tmp_path / "empty")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StorageError, match="file is not empty"):
        export(storage, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


KILLED = """
import sys, time
from pathlib import Path
from journeykit import SQLiteStorage
from journeykit.insight.engines.exporting import export_csv, export_parquet

class Slow(SQLiteStorage):
    def scan(self, table, after=None, limit=10_000):
        if table == "messages":
            print("half way", flush=True)
            time.sleep(600)
        return super().scan(table, after, limit)

{export}(Slow(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.parametrize("export", [export_parquet, export_csv])
def test_killed_half_way_leaves_nothing_under_its_name(storage, tmp_path, export):
    """With three tables written the process is killed: the folder is not there, and the next export is whole and clears up."""
    out = tmp_path / "out"
    code = KILLED.format(export=export.__name__)
    with subprocess.Popen([sys.executable, "-c", code, tmp_path / "shop.db", out], stdout=subprocess.PIPE, env=os.environ) as process:
        assert process.stdout.readline() == b"half way\n"
        process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        process.wait()

    assert not out.exists()
    assert [path.name for path in tmp_path.glob(".out*")] == [".out.part"]
    assert export(storage, out)["messages"] == 1
    assert list(tmp_path.glob(".out*")) == []


def test_what_cannot_be_read_is_named(tmp_path):
    """A folder that is no export says which file is missing and what writes it."""
    with pytest.raises(StorageError, match=r"events\.parquet cannot be read: .*; write it with journeykit export"):
        DuckLake().read(tmp_path)


def test_nothing_is_downloaded(tmp_path):
    """What DuckDB has not on board it does not fetch: no extension is installed or loaded for a query that would need one."""
    lake = DuckLake(tmp_path / "lake.db")
    settings = "select name, value from duckdb_settings() where name in ('autoinstall_known_extensions', 'autoload_known_extensions')"
    assert sorted(lake.query(settings)) == [("autoinstall_known_extensions", "false"), ("autoload_known_extensions", "false")]
    before = lake.query("select extension_name from duckdb_extensions() where loaded order by 1")
    with pytest.raises(Exception, match=r"(?i)extension|httpfs"):
        lake.query("select * from read_parquet('https://127.0.0.1:9/events.parquet')")
    assert lake.query("select extension_name from duckdb_extensions() where loaded order by 1") == before


def test_the_command(storage, tmp_path, capsys):
    """It says what it wrote, and ends with the code for a storage where it could not."""
    arguments = ["export", str(tmp_path / "out"), "--db", str(tmp_path / "shop.db")]
    assert main(arguments) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()][:2] == [["events", "2"], ["history", "3"]]
    assert main(arguments) == 4
    assert "out is not empty" in " ".join(capsys.readouterr().err.split())
    assert main(["export", str(tmp_path / "csv"), "--db", str(tmp_path / "shop.db"), "--csv", "--json"]) == 0
    assert '"definitions": 1' in capsys.readouterr().out
    assert Path(tmp_path / "csv" / "events.csv").is_file()
