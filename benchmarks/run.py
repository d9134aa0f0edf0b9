"""
Measure the library against floors and peers, side by side, and print one table.

Each round of each side is a process of its own, the sides of a row take turns, and the medians count. The engine is as shipped:
hooks, logging and garbage collection are on. ``results.json``, beside this file, holds the same as data.

``python run.py`` runs everything; ``--only`` chooses rows by a part of their name, ``--quick`` leaves out what takes minutes (what is
left out stays in the file as it was last measured), ``--cpu`` counts seconds of the processor for both sides where others are busy on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from statistics import median

from rows import ROWS, Row, Side

HERE = Path(__file__).parent


def call(side: Side, clock: str) -> float:
    """One round of one side, in a process of its own, its files removed after it."""
    with tempfile.TemporaryDirectory() as folder:
        asked = json.dumps([*side, clock])
        told = subprocess.run(
            [sys.executable, str(HERE / "run.py"), "--side", asked], check=True, capture_output=True, text=True, env={**os.environ, "TMPDIR": folder}
        )  # fmt: skip
    return float(told.stdout.splitlines()[-1])


def one_side(asked: str) -> None:
    """What the process of its own does: print the figure."""
    module, function, arguments, clock = json.loads(asked)
    seconds = time.process_time if clock == "cpu" else time.perf_counter
    print(getattr(import_module(module), function)(seconds, *arguments))


def measured(row: Row, rounds: int, clock: str) -> dict[str, object]:
    """The row's medians over *rounds* rounds, its sides taking turns."""
    sides = [side for side in (row.other, row.side, *(row.base or ())[::-1]) if side is not None]
    figures: dict[Side, list[float]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            figures[side].append(call(side, clock))
    middle = {side: median(many) for side, many in figures.items()}
    value, against = middle[row.side], middle[row.other] if row.other is not None else None
    if row.base is not None and against is not None:
        value, against = value / against, middle[row.base[0]] / middle[row.base[1]]
    ratio = None if against is None else value / against
    return {
        "name": row.name, "value": value, "unit": row.unit, "against": row.against, "against_value": against, "ratio": ratio,
        "goal": row.goal, "met": _met(row, value if ratio is None else ratio), "rounds": rounds,
    }  # fmt: skip


def _met(row: Row, reached: float) -> bool | None:
    if row.goal is None:
        return None
    return reached <= row.goal if row.most else reached >= row.goal


def line(row: Row, result: dict[str, object]) -> str:
    """The row as printed."""
    goal = "" if row.goal is None else f"{'at most' if row.most else 'at least'} {row.goal:,g}"
    met = {True: "yes", False: "NO", None: ""}[result["met"]]  # type: ignore[index]
    return f"{row.name:40} {_shown(result['value']):>10} {row.unit:12} {_shown(result['against_value']):>10} {row.against or '':42} {_shown(result['ratio']):>7} {goal:14} {met}"


def _shown(value: object) -> str:
    return "" if value is None else f"{value:,.0f}" if isinstance(value, float) and value >= 1_000 else f"{value:.3g}"


def surroundings(clock: str) -> str:
    """What the figures were measured on and with."""
    import floor_sqlite
    import library

    from journeykit import SQLiteStorage

    with tempfile.TemporaryDirectory() as folder:
        storage = SQLiteStorage(Path(folder, "library.db"))
        storage.migrate()
        ours = pragmas(library.connection(storage))
        storage.close()
        tempfile.tempdir = folder
        floor = floor_sqlite.database(1, 1, "normal", due=False)
        theirs = pragmas(floor)
        floor.close()
        tempfile.tempdir = None
    return (
        f"{os.cpu_count()} CPUs, {platform.machine()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {clock} time\n"
        f"library: {ours}\nfloor:   {theirs}\n"
    )


def pragmas(connection: sqlite3.Connection) -> str:
    """What decides how fast and how durable a database is."""
    names = ("journal_mode", "synchronous", "cache_size", "wal_autocheckpoint")
    return ", ".join(f"{name} = {connection.execute(f'pragma {name}').fetchone()[0]}" for name in names)


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--only", action="append", metavar="NAME", help="only rows whose name holds NAME")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds of each side (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="leave out what takes minutes")
    parser.add_argument("--cpu", action="store_true", help="processor time instead of time on the wall")
    parser.add_argument("--output", type=Path, default=HERE / "results.json", metavar="FILE", help="where the results go (%(default)s)")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.side:
        one_side(chosen.side)
        return 0
    clock = "cpu" if chosen.cpu else "wall"
    print(surroundings(clock), flush=True)
    results = []
    for row in ROWS:
        if (chosen.quick and row.slow) or (chosen.only and not any(part in row.name for part in chosen.only)):
            continue
        results.append(measured(row, min(chosen.rounds, row.rounds or chosen.rounds), clock))
        print(line(row, results[-1]), flush=True)
    chosen.output.write_text(json.dumps(beside(results, chosen.output), indent=2) + "\n")
    return 0


def beside(results: list[dict[str, object]], output: Path) -> list[dict[str, object]]:
    """*results* among those of other rows that stand in the file, in the order of the table."""
    before = json.loads(output.read_text()) if output.exists() else []
    known = {result["name"]: result for result in (*before, *results)}
    return [known[row.name] for row in ROWS if row.name in known]


if __name__ == "__main__":
    sys.exit(main())
