"""A disk that is full, and a database that somebody else holds for long: an error that says so, nothing half, and on it goes."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from faults.house import House, event, groups, lines
from journeykit import SQLiteStorage, StorageError, Worker
from journeykit.runtime.clock import SystemClock
from journeykit.storage.sqlite_connections import READ, OwnConnections


class Disk(OwnConnections):
    """A disk with so many pages for the database, and no more."""

    pages = 1_000_000

    def transaction(self, begin):
        self._connection().execute(f"pragma max_page_count = {self.pages}")
        return super().transaction(begin)


def size(disk: Disk) -> int:
    with disk.transaction(READ) as cursor:
        return cursor.execute("pragma page_count").fetchone()[0]


def persist(house: House, disk: Disk, act) -> int:
    """Do *act* until it is done, with a little more room each time that the disk was full; how often it was."""
    full = 0
    while True:
        try:
            act()
        except StorageError as error:
            if "full" not in str(error):
                raise
            full += 1
            disk.pages = max(disk.pages, size(disk)) + 4
        else:
            return full


def test_a_full_disk_is_an_error_and_loses_nothing(tmp_path):
    """The disk is full again and again: while events are told, while timers fire, while actions are settled."""
    disk = Disk(str(tmp_path / "shop.db"), "normal", 5)
    house = House(tmp_path, SQLiteStorage(disk))
    told = lines(300)
    house.note(told)
    disk.pages = size(disk)
    full = 0
    for number, group in enumerate(groups(told, 5)):
        full += persist(house, disk, lambda group=group, number=number: house.tell(group, mailed=number % 3 == 0))
        house.clock.advance(0.1)
        if number % 4 == 0:
            full += persist(house, disk, house.work)
    full += persist(house, disk, house.finish)

    assert house.problems() == []
    assert full > 8


def test_a_full_disk_in_the_hosts_transaction_leaves_the_host_its_word(tmp_path):
    """SQLite itself ends a transaction that finds no room: the host is told, and nothing of either is left."""
    path = tmp_path / "shop.db"
    SQLiteStorage(path).migrate()
    host = sqlite3.connect(path, isolation_level=None)
    host.execute("create table orders(id text)")
    house = House(tmp_path)
    host.execute(f"pragma max_page_count = {host.execute('pragma page_count').fetchone()[0]}")
    many = lines(200)
    host.execute("begin immediate")
    host.execute("insert into orders values('o1')")
    with pytest.raises(StorageError, match="full"):
        house.engine.within(host).handle_many([event(line) for line in many])
    if host.in_transaction:
        host.execute("rollback")
    left = [host.execute(f"select count(*) from {table}").fetchone()[0] for table in ("orders", "journeykit_events")]
    host.close()

    assert left == [0, 0]


LIMITED = """
import json, resource, signal, sys
from pathlib import Path
from faults.house import House, groups
from journeykit import StorageError
folder = Path(sys.argv[1])
told = json.loads((folder / "told.json").read_text())
house = House(folder)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
most = max(path.stat().st_size for path in folder.glob("shop.db*")) + 150_000
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
for number, group in enumerate(groups(told, 5)):
    try:
        house.tell(group)
    except StorageError as error:
        print(number, error)
        break
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="files cannot be limited")
def test_a_file_that_may_not_grow_is_an_error_and_loses_nothing(tmp_path):
    """The system refuses to write in the middle of it; another process with room goes on from there."""
    told = lines(1_500)
    house = House(tmp_path)
    house.note(told)
    (tmp_path / "told.json").write_text(json.dumps(told))
    child = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)], check=False, capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    refused, _, words = child.stdout.partition(" ")
    assert words.startswith("SQLite: "), child.stderr
    assert int(refused) > 0
    for group in groups(told, 50):
        house.tell(group)
    house.finish()

    assert house.problems() == []


def test_a_database_that_somebody_holds_for_long_is_waited_for(tmp_path: Path):
    """Somebody holds the database for longer than the storage waits, three times: who tells is told, the worker tries again."""
    house = House(tmp_path, SQLiteStorage(tmp_path / "shop.db", timeout=0.05), SystemClock())
    told = lines(60)
    house.note(told)
    worker = Worker(house.engine, idle=0.01)
    thread = threading.Thread(target=worker.run)
    thread.start()
    holder = sqlite3.connect(tmp_path / "shop.db", isolation_level=None, timeout=300)
    refused = 0
    for number, group in enumerate(groups(told, 5)):
        if number % 4 == 0:
            holder.execute("begin immediate")
            with pytest.raises(StorageError, match="locked"):
                house.tell(group)
            refused += 1
            holder.execute("rollback")
        while True:
            try:
                house.tell(group, mailed=number % 2 == 0)
                break
            except StorageError:  # the worker was at it
                refused += 1
    holder.close()
    end = time.monotonic() + 300
    while house.storage.next_due() is not None and time.monotonic() < end:
        worker.wake()  # after an outage it looks again later and later
        time.sleep(0.02)
    alive = thread.is_alive()
    worker.stop()
    thread.join()

    assert alive
    assert house.problems() == []
    assert refused >= 3
