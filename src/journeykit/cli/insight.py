"""What report, map and serve have in common: the numbers of a database, worked out by the engine that is there."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from journeykit.cli import world
from journeykit.cli.importing import moment_at
from journeykit.errors import UnknownError
from journeykit.insight.insight import Insight
from journeykit.insight.measures import MEASURES
from journeykit.insight.settings.reading import load_settings
from journeykit.insight.settings.settings import Settings
from journeykit.insight.tables.lake import Lake
from journeykit.insight.tables.reading import fill
from journeykit.insight.tables.standing import standing
from journeykit.model.customer import Catalog
from journeykit.model.phrases import suggestion
from journeykit.ports import Storage
from journeykit.runtime.definitions import merged

SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        envvar="JOURNEYKIT_INSIGHT",
        metavar="FILE",
        help="What the shop says about its numbers: insight.yaml.",
        show_default=False,
    ),
]
At = Annotated[
    str | None, typer.Option("--at", metavar="MOMENT", help="Look from this moment; from now where not said.", show_default=False)
]
Only = Annotated[str | None, typer.Option("--journey", metavar="NAME", help="Only this journey.", show_default=False)]


def settings_of(path: Path | None) -> Settings:
    """What the shop says about its numbers; what goes without saying where there is no file."""
    return Settings() if path is None else load_settings(path, MEASURES)


Told = Annotated[
    str,
    typer.Option(
        "--db",
        envvar="JOURNEYKIT_DB",
        metavar="DATABASE",
        help="A file of SQLite, NAME://... of an installed storage, or a folder that journeykit export has written.",
        show_default=False,
    ),
]

Journeys = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[JOURNEY]...",
        envvar="JOURNEYKIT_JOURNEYS",
        help="Files or folders of journeys and catalogs: with them segments can be chosen that no journey waits for.",
        show_default=False,
    ),
]


def catalog_of(journeys: list[str] | None) -> Catalog | None:
    """What the shop declares about its customers, where its journeys are given."""
    return merged(value for value in world.definitions(journeys) if isinstance(value, Catalog)) if journeys else None


@contextmanager
def opened(db: str, settings: Settings, catalog: Catalog | None = None) -> Iterator[tuple[Insight, Storage | None]]:
    """
    The numbers of a database as it is now, and the database; of an exported folder the numbers alone.

    With a *catalog* each customer of a database is asked in which segments they are now, also in those that no journey waits for.
    """
    folder = world.file_of(db)
    if folder is not None and folder.is_dir():
        with closing(_exported(folder)) as lake:
            yield Insight(lake, settings), None
        return
    with world.database(db) as storage, closing(_lake()) as lake:
        fill(lake, storage)
        now = None if catalog is None else standing(storage, catalog, time.time_ns() // 1_000)
        yield Insight(lake, settings, now), storage


def _exported(folder: Path) -> Lake:
    from journeykit.insight.engines.duck import DuckLake

    lake = DuckLake()
    lake.read(folder)
    return lake


def _lake() -> Lake:
    """DuckDB where it is installed, else the SQLite that Python brings along; both come to the same numbers."""
    if importlib.util.find_spec("duckdb") is None:
        from journeykit.insight.engines.small import SmallLake

        return SmallLake()
    from journeykit.insight.engines.duck import DuckLake

    return DuckLake()


def moment_or_now(given: str | None, zone: str) -> int:
    """The moment that ``--at`` says, civil time of *zone* where it has no offset; now where nothing is said."""
    return time.time_ns() // 1_000 if given is None else moment_at("--at", given, zone)


def known_journey(insight: Insight, name: str | None) -> str:
    """
    The journey of that name, or the first there is.

    Raises:
        UnknownError: nobody has entered a journey of that name, or any.
    """
    known = insight.journeys()
    if not known:
        raise UnknownError("nobody has entered a journey yet; there is nothing to draw")
    if name is not None and name not in known:
        raise UnknownError(f'nobody has entered a journey "{name}"{suggestion(name, known) or "; there are " + ", ".join(known)}')
    return name or known[0]
