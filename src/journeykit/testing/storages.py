"""Storages for tests, by their address: fresh, migrated, and gone afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from journeykit.errors import UnknownError
from journeykit.model.phrases import suggestion
from journeykit.ports import Storage
from journeykit.runtime.plugins import Storages
from journeykit.storage.memory import MemoryStorage
from journeykit.storage.sqlite import SQLiteStorage

_BETWEEN = re.compile(r",(?=\s*(?:\w+\s*(?:,|$)|\w+://))")  # the commas in an address of PostgreSQL stay
_HERE = ("memory", "sqlite")


def addresses(text: str) -> list[str]:
    """
    Read a list of storages: ``memory,sqlite,postgresql://localhost/test``.

    Raises:
        UnknownError: one of them is none.
    """
    found = [part.strip() for part in _BETWEEN.split(text)]
    for address in found:
        if address not in _HERE and "://" not in address:
            known = (*_HERE, "postgresql://HOST/DATABASE")
            raise UnknownError(f'no storage "{address}"; write {", ".join(known)}, or NAME://... of a package{suggestion(address, known)}')
    return found


def name_of(address: str) -> str:
    """What a storage is called where its whole address, with a password in it, has no place."""
    return address.partition("://")[0]


@contextmanager
def fresh(address: str, folder: Path) -> Iterator[Storage]:
    """
    Open a storage with nothing in it, migrated; it is closed at the end, and what was made for it in a database is dropped.

    Args:
        address: ``memory``; ``sqlite``, a new file; ``postgresql://...``, a new schema in that database; or the address of a package
            that offers ``journeykit.storages``, which has to see to it that there is nothing in it.
        folder: where files are made.

    Raises:
        UnknownError: nothing opens it.
        StorageError: it cannot be opened.
    """
    if name_of(address) in ("postgresql", "postgres"):
        with _in_a_schema(address) as storage:
            yield storage
        return
    storage = _opened(address, folder)
    try:
        storage.migrate()
        yield storage
    finally:
        storage.close()


def _opened(address: str, folder: Path) -> Storage:
    if address == "memory":
        return MemoryStorage()
    if address == "sqlite":
        return SQLiteStorage(folder / f"journeykit-{token_hex(4)}.db")
    return Storages().open(address)


@contextmanager
def _in_a_schema(url: str) -> Iterator[Storage]:
    try:
        import psycopg
    except ModuleNotFoundError as missing:
        raise UnknownError("PostgreSQL needs its driver; pip install 'journeykit[postgres]'") from missing
    from journeykit.storage.postgres.storage import PostgresStorage

    name = psycopg.sql.Identifier(f"journeykit_test_{token_hex(8)}")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("create schema {}").format(name))
        storage = PostgresStorage(url, schema=name.as_string().strip('"'))
        try:
            storage.migrate()
            yield storage
        finally:
            storage.close()
            connection.execute(psycopg.sql.SQL("drop schema {} cascade").format(name))
