"""What several subcommands need: definitions, the database, engines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from journeykit.actions.file import FileAction
from journeykit.codec import load
from journeykit.errors import DefinitionError, StorageError, UnknownError
from journeykit.histories import LEASE
from journeykit.model.customer import Catalog
from journeykit.model.journey import Journey
from journeykit.ports import Action, Clock, Storage
from journeykit.runtime.definitions import Definitions, asked
from journeykit.runtime.engine import Engine
from journeykit.runtime.plugins import Storages
from journeykit.storage.memory import MemoryStorage
from journeykit.storage.sqlite import SQLiteStorage

Definition = Journey | Catalog


def definitions(paths: Sequence[str]) -> list[Definition]:
    """
    Read every definition of *paths*, files or folders.

    Raises:
        DefinitionError: with every problem of every file; or there is no journey.
    """
    found: list[Definition] = []
    problems: list[str] = []
    for path in paths:
        try:
            found += load(path)
        except DefinitionError as error:
            problems += error.problems
    if not problems and not any(isinstance(value, Journey) for value in found):
        problems.append(f"{', '.join(paths)}: no journey here; a journey begins with journey: NAME")
    if problems:
        raise DefinitionError(problems)
    return found


def compiled(values: Sequence[Definition]) -> Definitions:
    """Check and compile definitions, without any database."""
    return Definitions(values, MemoryStorage())


def sink(values: Sequence[Definition], path: Path | None) -> dict[str, Action] | None:
    """All actions that the journeys ask for, writing into one file; None where nothing is performed."""
    if path is None:
        return None
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise UnknownError(f"{path}: cannot be written: {error.strerror}; name a file for --perform") from None
    names = {name for value in values if isinstance(value, Journey) for name in asked(value)}
    return dict.fromkeys(sorted(names), FileAction(path))


def worker_of(values: Sequence[Definition], storage: Storage, path: Path | None) -> Engine:
    """
    The engine of a worker, which performs what installed packages offer, or writes all of it into the file *path*.

    Raises:
        DefinitionError: the definitions are wrong, or nothing performs an action that they ask for.
    """
    try:
        return Engine(values, storage, sink(values, path) or {})
    except DefinitionError as error:
        way = "; an installed package may offer it, or --perform FILE writes all of them down"
        raise DefinitionError([one + way if ': no action "' in one else one for one in error.problems]) from None


def file_of(address: str) -> Path | None:
    """The file that a database is; None for one elsewhere, ``NAME://...``."""
    return None if "://" in address else Path(address)


@contextmanager
def database(address: str, new: bool = False) -> Iterator[Storage]:
    """
    Open a database.

    Args:
        address: a file of SQLite; or ``NAME://...``, which an installed package opens.
        new: that it is made where it is not there, and brought to this release where it is older.

    Raises:
        UnknownError: it is not there, or nothing installed opens it.
        StorageError: it is no database, or another release's.
    """
    path = file_of(address)
    storage = Storages({"postgresql": _postgres, "postgres": _postgres}).open(address) if path is None else _sqlite(path, new)
    try:
        if new:
            storage.migrate()
        yield storage
    finally:
        storage.close()


def _sqlite(path: Path, new: bool) -> SQLiteStorage:
    if not new and not path.is_file():
        raise UnknownError(f"{path}: there is no such database; journeykit run makes one, or name another with --db")
    if new and path.is_dir():
        raise StorageError(f"{path} is a folder; name a file")
    return SQLiteStorage(path)


def _postgres(url: str) -> Storage:
    try:
        from journeykit.storage.postgres.storage import PostgresStorage
    except ModuleNotFoundError as missing:
        raise UnknownError("PostgreSQL needs its driver; pip install 'journeykit[postgres]'") from missing
    return PostgresStorage(url)


def importer(values: Sequence[Definition], storage: Storage, clock: Clock, perform: Path | None) -> Engine:
    """An engine that brings a history in, and performs what it asks for only where it is said into which file."""
    return Engine(values, storage, sink(values, perform), clock=clock, lease=LEASE, history=True, perform=perform is not None)
