"""``journeykit what-if``: a past through other definitions."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from journeykit.cli import console, world
from journeykit.cli.importing import moment_of, sources_of
from journeykit.histories import History, Rejects, collect
from journeykit.model.customer import Catalog
from journeykit.rehearsal.past import Events, Recorded
from journeykit.rehearsal.what_if import what_if

_ONE_CATALOG = (
    "a database keeps no catalog: both sides are decided with the one given, and a change of its policies or facts does not show; "
    "give OLD and NEW, each with its own, to see it"
)


def what_would_be(
    definitions: Annotated[
        list[str],
        typer.Argument(metavar="[OLD] NEW", help="Files or folders; OLD is needed where no database has recorded it.", show_default=False),
    ],
    events: Annotated[
        list[str] | None, typer.Option("--events", metavar="FILE", help="A file of events; may be given several times.", show_default=False)
    ] = None,
    maps: Annotated[
        list[str] | None, typer.Option("--map", metavar="MAP", help="What its rows mean: one mapping for all files, or one for each.")
    ] = None,
    db: Annotated[
        str | None,
        typer.Option("--db", envvar="JOURNEYKIT_DB", metavar="DATABASE", help="Take the events recorded there.", show_default=False),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="Let time go by until then; until the last event where not said.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer for machines.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """
    Send a past through other definitions, and tell who would have got what.

    Nothing is performed and nothing is written. How customers would have reacted is not known.
    """
    if len(definitions) > 2:
        raise console.Usage(f"{len(definitions)} definitions; give OLD and NEW, each a file or a folder that holds journeys and catalog")
    with _past(events or (), maps or (), db, quiet) as past:
        new = world.definitions(definitions[-1:])
        old = world.definitions(definitions[:1]) if len(definitions) == 2 else _recorded_there(past, new)
        with console.progress("deciding", "events", quiet) as bar:
            found = what_if(old, new, past, until=moment_of(until), progress=lambda share, done: bar.advance(done, share))
    if as_json:
        console.say_json(found.figures())
    else:
        console.say(str(found))


@contextmanager
def _past(events: Sequence[str], maps: Sequence[str], db: str | None, quiet: bool) -> Iterator[Events | Recorded]:
    """What happened, out of files, or out of a database where no files are given."""
    if not events and db is None:
        raise console.Usage("give the events: --events FILE, or --db DATABASE for those recorded there")
    past: AbstractContextManager[Events | Recorded] = _recorded(db) if db is not None and not events else _told(events, maps, quiet)
    with past as found:
        yield found


def _recorded_there(past: Events | Recorded, new: Sequence[world.Definition]) -> Sequence[world.Definition]:
    """The journeys of a database, with the catalog of the new ones: a database keeps none."""
    if not isinstance(past, Recorded):
        raise console.Usage("a file of events says nothing of the old definitions; give both, OLD and NEW")
    catalogs = [one for one in new if isinstance(one, Catalog)]
    if catalogs:
        console.note(console.wrapped(_ONE_CATALOG))
    return [*past.journeys(), *catalogs]


@contextmanager
def _recorded(db: str) -> Iterator[Recorded]:
    with world.database(db) as storage:
        yield Recorded(storage)


@contextmanager
def _told(events: Sequence[str], maps: Sequence[str], quiet: bool) -> Iterator[History]:
    with TemporaryDirectory() as folder, History() as history, Rejects(Path(folder) / "rejects") as rejects:
        with console.progress("reading ", "rows", quiet) as bar:
            collect(sources_of(events, maps), history, rejects, time.time_ns() // 1_000, lambda share, rows: bar.advance(rows, share))
        if rejects.first is not None:
            first = rejects.first
            lines = "1 line" if rejects.count == 1 else f"{rejects.count:,} lines"
            console.note(console.wrapped(f"{lines} could not be read; the first: {first.file}:{first.line}: {first.reason}"))
        yield history
