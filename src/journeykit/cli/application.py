"""The subcommands of ``journeykit``."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer

from journeykit.cli import console, importing, pausing, versions, world
from journeykit.cli.customer import customer, retain
from journeykit.cli.exporting import export_tables
from journeykit.cli.map import draw_map
from journeykit.cli.outbox import Database, outbox
from journeykit.cli.replay import replay_past
from journeykit.cli.report import review_numbers
from journeykit.cli.serve import serve_page
from journeykit.cli.simulate import simulate_people
from journeykit.cli.what_if import what_would_be
from journeykit.codec import json_schema
from journeykit.errors import DefinitionError, JourneykitError, SchemaError, StorageError, UnknownError
from journeykit.insight.definitions.diagram import mermaid
from journeykit.insight.reports.summary import summarize, table
from journeykit.model.backlog import Backlog
from journeykit.model.journey import Journey
from journeykit.model.phrases import MICROSECONDS
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.engine import Engine
from journeykit.runtime.worker import Worker

app = typer.Typer(
    name="journeykit",
    help="Customer journeys: check and draw them, bring histories in, ask why, and work.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
app.add_typer(outbox, name="outbox")
app.add_typer(customer, name="customer")
for _command in (pausing.pause, pausing.resume, versions.versions, versions.diff, versions.migrate):
    app.command()(_command)

Journeys = Annotated[
    list[str],
    typer.Argument(
        metavar="JOURNEY...", envvar="JOURNEYKIT_JOURNEYS", help="Files or folders of journeys and catalogs.", show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer for machines.")]
Sink = Annotated[Path | None, typer.Option("--perform", metavar="SINK", help="Perform actions: append each to this file of JSON lines.")]


class Format(StrEnum):
    """How events are written."""

    csv = "csv"
    jsonl = "jsonl"
    segment = "segment"


def run(arguments: list[str], called: str = "journeykit", reworded: Callable[[str], str] = str) -> int:
    """Run the command with *arguments* and return its exit code; the rest is as of `journeykit.cli.main`."""
    try:
        app(args=arguments, prog_name=called)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else console.PROBLEMS
        if code == console.INTERRUPTED:
            console.note("journeykit: interrupted; start it again and it goes on")
        return code
    except (console.Usage, JourneykitError) as error:
        return _failed(error, reworded)
    except BrokenPipeError:  # whoever read the answer has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return console.OK
    return console.OK


def _failed(error: Exception, reworded: Callable[[str], str]) -> int:
    problems = error.problems if isinstance(error, DefinitionError) else (str(error),)
    for problem in problems:
        console.note(console.wrapped(f"journeykit: {reworded(problem)}"))
    if isinstance(error, console.Usage):
        return console.USAGE
    return console.STORAGE if isinstance(error, (StorageError, SchemaError)) else console.PROBLEMS


def _version(wanted: bool) -> None:
    if wanted:
        console.say(f"journeykit {metadata.version('journeykit')}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")] = False,
) -> None:
    pass


@app.command()
def check(journeys: Journeys, as_json: AsJson = False) -> None:
    """Check journeys and catalogs, and show every problem found."""
    problems: tuple[str, ...] = ()
    number = 0
    try:
        number = len(world.compiled(world.definitions(journeys)).compiled.journeys)
    except DefinitionError as error:
        problems = error.problems
    if as_json:
        console.say_json({"journeys": number, "problems": list(problems)})
    for problem in () if as_json else problems:
        console.say(console.wrapped(problem))
    if problems:
        if not as_json:
            console.note(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}")
        raise typer.Exit(console.PROBLEMS)
    if not as_json:
        console.say(f"{number} journey{'s' if number > 1 else ''}, no problem")


@app.command()
def draw(
    journeys: Journeys, only: Annotated[str | None, typer.Option("--only", metavar="NAME", help="Only the journey of this name.")] = None
) -> None:
    """Draw journeys as Mermaid flowcharts."""
    known = world.definitions(journeys)
    found = {value.name: value for value in known if isinstance(value, Journey)}
    if only is not None and only not in found:
        raise UnknownError(f'no journey "{only}"; there are {", ".join(found)}')
    for name, journey in found.items():
        if only in (None, name):
            console.say(mermaid(journey, known).rstrip("\n"))


@app.command()
def schema() -> None:
    """Show the JSON Schema of definition files, for editors."""
    console.say(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@app.command("run")
def run_history(
    journeys: Journeys,
    events: Annotated[
        list[str], typer.Option("--events", metavar="FILE", help="A file of events, - for standard input; may be given several times.")
    ],
    db: Database,
    maps: Annotated[
        list[str] | None, typer.Option("--map", metavar="MAP", help="What its rows mean: one mapping for all files, or one for each.")
    ] = None,
    kind: Annotated[
        Format | None, typer.Option("--format", help="How it is written; the mapping or the name of the file tells it else.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="Let time go by until then; until the last event where not said.")
    ] = None,
    perform: Sink = None,
    rejects: Annotated[Path | None, typer.Option(metavar="FILE", help="Where bad lines go; DB.rejects.jsonl where not said.")] = None,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """
    Bring a history in: decide what happened, in order of time.

    Nothing is performed unless --perform names a file for it. Killed and started again, it goes on where it stopped.
    """
    order = importing.Order(
        journeys=journeys, events=events, maps=maps or (), format=kind.value if kind else None, db=db, until=until, perform=perform,
        rejects=rejects or importing.rejects_of(db), quiet=quiet,
    )  # fmt: skip
    figures, code = importing.bring(order)
    if as_json:
        console.say_json(figures)
    else:
        console.say(importing.told(figures))
    raise typer.Exit(code)


@app.command()
def explain(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The id of a customer.")],
    db: Database,
    journeys: Annotated[
        list[str] | None,
        typer.Argument(metavar="[JOURNEY]...", envvar="JOURNEYKIT_JOURNEYS", help="Needed with --why-not.", show_default=False),
    ] = None,
    why_not: Annotated[
        str | None, typer.Option("--why-not", metavar="ACTION", help="Tell also why this action did not come about.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what happened to a customer, and why, or why not."""
    if why_not is not None:
        _need(journeys)
    with world.database(db) as storage:
        told = Engine(world.definitions(journeys) if journeys else [], storage).explain(customer, why_not)
    if not told.entries:
        raise UnknownError(f'nothing is known of a customer "{customer}"; look at the id')
    if as_json:
        console.say_json(
            {
                "customer": customer,
                "zone": told.zone,
                "entries": [_entry(line) for line in told.entries],
                "why not": [_entry(line) for line in told.why_not],
            }
        )
        return
    lines = told.text.splitlines()
    for number, line in enumerate(lines):
        if number == len(told.entries):
            console.say(f"\nwhy not {why_not}:")
        console.say(console.wrapped(line, 22))


def _need(journeys: list[str] | None) -> None:
    if not journeys:
        raise console.Usage("--why-not decides again, and needs the journeys for it; name their files")


def _entry(line: Any) -> dict[str, Any]:
    return {"at": line.when.isoformat(), "kind": line.kind, "journey": line.journey, "key": line.key, "text": line.text}


@app.command()
def status(db: Database, as_json: AsJson = False) -> None:
    """Show who is where, what waits and what was asked for."""
    with world.database(db) as storage:
        known = Definitions([], storage).compiled.definitions.values()
        now = time.time_ns() // 1_000
        figures = {"waiting": waiting(storage.backlog(now), now)} | summarize({one.name: one for one in known}, storage)
    if as_json:
        console.say_json(figures)
    else:
        console.say(table({**figures.pop("waiting"), **figures}, console.width()))


def waiting(backlog: Backlog, now: int) -> dict[str, int]:
    """What waits to be done, and for how many seconds the first of it has."""
    numbers = {
        "events in mailboxes": (backlog.events, backlog.oldest_event),
        "customers with a timer due": (backlog.customers, backlog.oldest_timer),
        "actions due": (backlog.messages, backlog.oldest_message),
    }
    told = {}
    for what, (number, oldest) in numbers.items():
        told[what] = number
        if oldest is not None:
            told[f"{what}, seconds"] = (now - oldest) // MICROSECONDS
    return {**told, "dead letters": backlog.dead}


@app.command()
def backfill(
    journeys: Journeys,
    db: Database,
    facts: Annotated[
        list[str] | None, typer.Option("--fact", metavar="NAME", help="Count only this fact anew; may be given several times.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Fill in what was declared late, for every customer.

    Facts are counted anew from the recorded past, segments, schedules and dates begin from now on, journeys let in who is there already
    where they say so. Nothing else follows from it.
    """
    with world.database(db) as storage:
        filled = Engine(world.definitions(journeys), storage).backfill(facts or None)
    if as_json:
        console.say_json({"customers": filled})
    else:
        console.say(f"{filled} customer{'' if filled == 1 else 's'} filled in")


@app.command()
def worker(
    journeys: Journeys,
    db: Database,
    perform: Sink = None,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, and end.")] = False,
) -> None:
    """Decide, fire timers and perform actions until told to stop."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    values = world.definitions(journeys)
    with world.database(db, new=True) as storage:
        engine = world.worker_of(values, storage, perform)
        if not once:
            Worker(engine).run()
            return
        decided = performed = 0
        while (now := engine.run_due()) or sum(done := engine.dispatch()):
            decided += now
            performed += 0 if now else done.performed
        console.say(f"{decided} decided, {performed} performed")


app.command()(retain)
app.command("report")(review_numbers)
app.command("map")(draw_map)
app.command("serve")(serve_page)
app.command("export")(export_tables)
app.command("replay")(replay_past)
app.command("simulate")(simulate_people)
app.command("what-if")(what_would_be)
