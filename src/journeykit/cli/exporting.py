"""``journeykit export``: everything that happened, as files for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from journeykit.cli import console, world
from journeykit.cli.outbox import Database
from journeykit.insight.engines.exporting import export_csv, export_parquet


def export_tables(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is not there yet, or is empty.", show_default=False)],
    db: Database,
    as_csv: Annotated[bool, typer.Option("--csv", help="Write CSV, which needs nothing installed, instead of Parquet.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer for machines.")] = False,
) -> None:
    """
    Write events, history, enrollments, messages, customers and definitions as files.

    The folder is there when everything is in it, or not at all.
    """
    with world.database(db) as storage:
        counts = export_csv(storage, folder) if as_csv else export_parquet(storage, folder)
    if as_json:
        console.say_json({"folder": str(folder), "rows": counts})
        return
    for name, number in counts.items():
        console.say(f"{name:<14}{number:>14,}")
