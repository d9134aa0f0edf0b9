"""
Eighteen months of a real shop through one journey, killed half way, continued, and compared.

``python demo.py`` brings the purchases that `SOURCE.md` describes into an SQLite file, kills a second import half way with
``kill -9``, continues it, compares the two, and compares every figure with those of `independent.py`. At last it draws the map of
its customers and writes the review of the last month and quarter, with the targets of `insight.yaml`.
``python demo.py --db shop.db --out actions.jsonl`` does one import; started again, it goes on where it stopped.

Time comes from the purchases. They have a day and no time of day: all happen at 12:00 UTC, in the order of the file. Timers
fire as that time goes by, up to 1998-07-01 00:00 UTC. What the journey asks for goes into a JSON-lines file.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import independent
from summary import Summary, table

from journeykit import Engine, Event, SQLiteStorage, load
from journeykit.actions.file import FileAction
from journeykit.insight import Insight
from journeykit.insight.map.page import page
from journeykit.insight.map.view import view
from journeykit.insight.measures import MEASURES
from journeykit.insight.reports.report import text
from journeykit.insight.reports.review import reviews
from journeykit.insight.settings.reading import load_settings
from journeykit.ports import Storage
from journeykit.runtime.clock import ManualClock
from journeykit.runtime.definitions import Definitions

HERE = Path(__file__).parent
MASTER = HERE / "CDNOW_master.txt.gz"
BEGIN = datetime(1997, 1, 1, tzinfo=UTC)
END = datetime(1998, 7, 1, tzinfo=UTC)
BATCH = 1_000
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # where there is no kill -9, the other ends a process as abruptly
ACTIONS = ("welcome", "thanks", "club", "welcome_back", "miss_you", "voucher", "goodbye")

# An attempt is no decision: how often, by whom and when an action was tried is not the same after a crash.
ATTEMPT = {"journeykit_outbox": {"attempts", "token", "due_at"}}

Advance = Callable[[int], None]


# -- the import ---------------------------------------------------------------------------------------------------------


def purchases(every: int = 1) -> list[Event]:
    """
    Every purchase, in order of time. The id is file and line, so that two identical lines are two purchases.

    Args:
        every: take only customers whose number can be divided by it.
    """
    with gzip.open(MASTER, "rt") as file:
        events = [_purchase(number, line) for number, line in enumerate(file, 1) if number > 1]
    return sorted((event for event in events if int(event.customer_id) % every == 0), key=lambda event: event.at)


def _purchase(number: int, line: str) -> Event:
    customer, day, cds, dollars = line.split()
    return Event(
        "Order Completed",
        id=f"CDNOW_master.txt:{number}",
        customer_id=customer,
        occurred_at=datetime(int(day[:4]), int(day[4:6]), int(day[6:]), 12, tzinfo=UTC),
        properties={"cds": int(cds), "total": int(Decimal(dollars) * 100), "currency": "USD"},
    )


def bring_in(storage: Storage, out: Path, events: Sequence[Event], advance: Advance, batch: int = BATCH) -> None:
    """
    Bring *events* in, in order of time, fire what is due by then, and perform what is asked for.

    A run remembers nothing but what the storage holds. One that was killed begins again with the first purchase: what is known
    counts once, and the rest follows.
    """
    clock = ManualClock(BEGIN)
    engine = Engine(load(HERE), storage, dict.fromkeys(ACTIONS, FileAction(out)), clock=clock, history=True, perform=True)
    for start in range(0, len(events), batch):
        some = events[start : start + batch]
        engine.handle_many(some)
        clock.set(some[-1].occurred_at)
        engine.run_due()
        _perform(engine)
        advance(len(some))
    clock.set(END)
    engine.run_due()
    _perform(engine)
    if engine.outbox("open", limit=1):  # held by a run that was killed; its lease has run out by then
        clock.advance(timedelta(hours=1))
        _perform(engine)


def _perform(engine: Engine) -> None:
    while any(engine.dispatch()):
        pass


def one_import(db: Path, out: Path, every: int = 1, kill_after: int | None = None) -> None:
    """One run of the import, from the beginning or from where it stopped; with *kill_after* it dies in the midst of its work."""
    events = purchases(every)
    progress = Progress(len(events))

    def advance(more: int) -> None:
        if kill_after is not None and progress.done < kill_after <= progress.done + more:
            threading.Timer(0.05, os.kill, [os.getpid(), KILL]).start()
        progress.advance(more)

    storage = SQLiteStorage(db)
    storage.migrate()
    bring_in(storage, out, events, advance)
    storage.close()


class Progress:
    """A bar with rate and time left: drawn over itself on a terminal, a line for every tenth elsewhere."""

    def __init__(self, total: int) -> None:
        self.done = 0
        self._total = total
        self._shown = 0.0
        self._began = time.monotonic()
        self._live = sys.stderr.isatty()

    def advance(self, more: int) -> None:
        """Count *more* purchases."""
        self.done += more
        share = self.done / self._total
        if share - self._shown >= (0.002 if self._live else 0.1) or share == 1:
            self._shown = share
            self._show(share)

    def _show(self, share: float) -> None:
        elapsed = time.monotonic() - self._began
        left = round(elapsed / share - elapsed)
        bar = "#" * round(30 * share)
        text = f"[{bar:.<30}] {share:4.0%}  {self.done:,} purchases, {self.done / elapsed:,.0f}/s, {left // 60}:{left % 60:02} left"
        end = "" if self._live and share < 1 else "\n"
        print(f"\r{text} " if self._live else text, end=end, file=sys.stderr, flush=True)


# -- figures and comparison ---------------------------------------------------------------------------------------------


def figures(storage: Storage, events: Sequence[Event]) -> dict[str, Any]:
    """The figures of `independent.figures`, as the library recorded them."""
    (journey,) = Definitions(load(HERE), storage).compiled.journeys.values()
    summary = Summary(journey, deadline="at risk")
    for customer_id in dict.fromkeys(event.customer_id for event in events):
        summary.add(storage, customer_id)
    return summary.figures(storage, len(events))


def dump(db: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every table of a database, attempts apart, each sorted."""
    connection = sqlite3.connect(db)
    names = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table' order by name")]
    tables = {name: _rows(connection, name) for name in names}
    connection.close()
    return tables


def _rows(connection: sqlite3.Connection, name: str) -> list[tuple[Any, ...]]:
    columns = [row[1] for row in connection.execute(f"pragma table_info({name})")]
    chosen = ", ".join(f'"{column}"' for column in columns if column not in ATTEMPT.get(name, ()))
    return sorted(connection.execute(f"select {chosen} from {name}"), key=repr)  # noqa: S608 (names of our own tables)


def received(out: Path) -> dict[str, dict[str, Any]]:
    """What a receiver has that takes each idempotency key once; which attempt it was is left out, and half a line, which kill -9 may leave."""
    lines = (json.loads(line) for line in out.read_text().splitlines() if line.endswith("}}"))
    return {line.pop("idempotency_key"): {name: value for name, value in line.items() if name != "attempt"} for line in lines}


# -- the demonstration --------------------------------------------------------------------------------------------------


def demonstrate(folder: Path, every: int = 1) -> bool:
    """Import, kill, continue, compare; return whether everything is as it should be."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    events = purchases(every)
    print(f"{len(events):,} purchases, without interruption:", flush=True)
    child(folder / "whole", every)
    print(f"\nThe same, killed with kill -9 soon after {len(events) // 2:,} purchases:", flush=True)
    died = child(folder / "killed", every, len(events) // 2)
    print("\nContinued:", flush=True)
    child(folder / "killed", every)
    storage = SQLiteStorage(folder / "whole.db")
    found = figures(storage, events)
    print(table(found), "\n")
    right = verdict(folder, died, found, independent.figures(every))
    look(storage, folder)
    storage.close()
    return right


def look(storage: Storage, folder: Path) -> None:
    """Draw the map of the customers, write the review of June and of the second quarter of 1998, and say where they lie."""
    at = int(END.timestamp()) * 1_000_000
    insight = Insight.of(storage, load_settings(HERE / "insight.yaml", MEASURES))
    engine = Engine([], storage)
    drawn = page(view(insight, at=at, timeline=lambda customer: engine.explain(customer).entries))
    (folder / "map.html").write_text(drawn, encoding="utf-8")
    (folder / "review.txt").write_text("\n\n".join(map(text, reviews(insight, at))), encoding="utf-8")
    print(f"\nThe map of its customers, for any browser:   {folder / 'map.html'}")
    print(f"The review of the last month and quarter:    {folder / 'review.txt'}")


def child(name: Path, every: int, kill_after: int | None = None) -> int:
    """Run one import as a process of its own; return how it ended."""
    options = ["--db", f"{name}.db", "--out", f"{name}.jsonl", "--every", str(every)]
    options += [] if kill_after is None else ["--kill-after", str(kill_after)]
    return subprocess.run([sys.executable, __file__, *options], check=kill_after is None).returncode  # noqa: S603 (this script)


def verdict(folder: Path, died: int, found: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Say what holds, line by line."""
    whole, killed = dump(folder / "whole.db"), dump(folder / "killed.db")
    once, twice = received(folder / "whole.jsonl"), received(folder / "killed.jsonl")
    repeated = len((folder / "killed.jsonl").read_text().splitlines()) - len(twice)
    checks = {
        "the second import was killed": died in (-KILL, KILL),
        **{f"{name} is the same in both, {len(rows):,} rows": rows == killed.get(name) for name, rows in whole.items()},
        f"the receiver has the same {len(once):,} requests ({repeated} came twice)": once == twice,
        "independent.py comes to the same figures": expected == found,
    }
    for what, holds in checks.items():
        print("ok   " if holds else "WRONG", what)
    return all(checks.values())


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--db", type=Path, help="do one import into this SQLite file, or continue it")
    parser.add_argument("--out", type=Path, default=Path("actions.jsonl"), help="where its actions are written (%(default)s)")
    parser.add_argument("--kill-after", type=int, metavar="N", help="kill -9 that import soon after N purchases")
    parser.add_argument("--folder", type=Path, default=Path("build/cdnow"), help="where the whole demonstration works (%(default)s)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only customers whose number can be divided by N")
    chosen = parser.parse_args()
    if chosen.db is None:
        return 0 if demonstrate(chosen.folder, chosen.every) else 1
    one_import(chosen.db, chosen.out, chosen.every, chosen.kill_after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
