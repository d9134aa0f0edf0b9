"""``journeykit simulate``: invented customers through journeys, and a population fitted from a history."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from journeykit.cli import console, world
from journeykit.cli.importing import sources_of
from journeykit.histories import History, Rejects, collect
from journeykit.rehearsal import Population, fit, load_population, population_text, simulate

TOLD = 5  #: lines that were set aside of which it is said why

Maps = Annotated[
    list[str] | None, typer.Option("--map", metavar="MAP", help="What its rows mean: one mapping for all files, or one for each.")
]
Events = Annotated[
    list[str] | None, typer.Option("--events", metavar="FILE", help="A file of events; may be given several times.", show_default=False)
]


def simulate_people(
    journeys: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[JOURNEY]...", envvar="JOURNEYKIT_JOURNEYS", help="Files or folders of journeys and catalogs.", show_default=False
        ),
    ] = None,
    population: Annotated[Path | None, typer.Option(metavar="FILE", help="How customers come and behave.", show_default=False)] = None,
    customers: Annotated[
        int | None, typer.Option(min=1, help="How many; as the population says where not said.", show_default=False)
    ] = None,
    start: Annotated[str, typer.Option(metavar="DAY", help="When the first may come.")] = "2026-01-01",
    days: Annotated[int, typer.Option(min=1, help="How many are looked at.")] = 365,
    seed: Annotated[int, typer.Option(help="The same seed gives the same numbers.")] = 1,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Work on so many parts at a time; as many as there are processors.", show_default=False)
    ] = None,
    fitted: Annotated[bool, typer.Option("--fit", help="Write a population like that of a history instead; needs --events.")] = False,
    events: Events = None,
    maps: Maps = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer for machines.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """
    Send invented customers through journeys.

    Tells how many are in which step by when, what reaches them, what policies hold and drop, and which journeys get in each other's way.
    With --fit it writes a population file instead, of customers who behave like those of a history. Nobody is written to.
    """
    if fitted:
        _fit(events or [], maps or [], quiet)
        return
    if events or maps:
        raise console.Usage("--events and --map belong to --fit, which writes a population; a simulation reads it with --population")
    values, people = _given(journeys, population)
    with console.progress("simulating", "customers", quiet) as bar:
        found = simulate(
            values, people, customers=customers, start=start, days=days, seed=seed, processes=processes or os.cpu_count() or 1,
            progress=lambda share, done: bar.advance(done, share),
        )  # fmt: skip
    if as_json:
        console.say_json(found.figures())
    else:
        console.say(str(found))


def _given(journeys: Sequence[str] | None, population: Path | None) -> tuple[Sequence[world.Definition], Population]:
    """Who goes where; neither can be left out."""
    if not journeys or population is None:
        raise console.Usage("journeys and --population are needed; simulate --fit --events FILE writes a population")
    return world.definitions(journeys), load_population(population)


def _fit(events: Sequence[str], maps: Sequence[str], quiet: bool) -> None:
    """Write the population of a history; what could not be read is told, and does not count."""
    if not events:
        raise console.Usage("--fit needs the history: --events FILE, and --map MAP where its rows have to be explained")
    with TemporaryDirectory() as folder, History() as history, Rejects(Path(folder) / "rejects") as rejects:
        with console.progress("reading", "rows", quiet) as bar:
            collect(sources_of(events, maps), history, rejects, time.time_ns() // 1_000, lambda share, rows: bar.advance(rows, share))
        console.say(population_text(fit(history)).rstrip("\n"))
        if rejects.count:
            _tell(rejects)
            raise typer.Exit(console.SET_ASIDE)


def _tell(rejects: Rejects) -> None:
    """Say what was set aside, and of the first few why; the file of all of them goes with its folder."""
    with rejects.path.open(encoding="utf-8") as file:
        several = [json.loads(line) for line in islice(file, TOLD)]
    lines = "1 line" if rejects.count == 1 else f"{rejects.count:,} lines"
    for number, one in enumerate(several):
        begin = "" if number else f"{lines} could not be read; the first: "
        console.note(console.wrapped(f"{begin}{one['file']}:{one['line']}: {one['reason']}"))
    if rejects.count > TOLD:
        console.note(f"and {rejects.count - TOLD:,} more")
