"""A storage on Django's own connections: one a thread, inside whatever transaction Django has open there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from journeykit.contrib.django.words import reworded
from journeykit.errors import SchemaError, StorageError
from journeykit.ports import Storage
from journeykit.storage.sqlite import SQLiteStorage
from journeykit.storage.sqlite_connections import HostConnection


class SQLiteConnections:
    """
    Gives transactions on Django's connection of the calling thread.

    Args:
        alias: the database's name in ``settings.DATABASES``.
    """

    def __init__(self, alias: str) -> None:
        self._alias = alias

    @contextmanager
    def transaction(self, begin: str) -> Iterator[sqlite3.Cursor]:
        """Run what is inside in a savepoint of Django's transaction, or in a transaction of its own."""
        with _usable(self._alias) as connection, HostConnection(connection).transaction(begin) as cursor:
            yield cursor

    @contextmanager
    def secure(self) -> Iterator[None]:
        """Overwrite what is deleted inside."""
        with _usable(self._alias) as connection, HostConnection(connection).secure():
            yield

    def purge(self) -> None:
        """Write the file anew, without what was deleted."""
        with _usable(self._alias) as connection:
            HostConnection(connection).purge()

    def durable(self) -> None:
        """How durable the database is, the project says."""

    def close(self) -> None:
        """Django closes what it has opened."""


class PostgresConnections:
    """
    Gives transactions on Django's connection of the calling thread, on PostgreSQL.

    Args:
        alias: the database's name in ``settings.DATABASES``.
    """

    hosts = True

    def __init__(self, alias: str) -> None:
        self._alias = alias

    @contextmanager
    def transaction(self, *, single: bool = False) -> Iterator[Any]:
        """Run what is inside in a savepoint of Django's transaction, or in a transaction of its own."""
        with _usable(self._alias) as connection, _hosts(connection).transaction(single=single) as cursor:
            yield cursor

    @contextmanager
    def alone(self) -> Iterator[Any]:
        """Run statements each for itself, or in Django's transaction where that is open."""
        with _usable(self._alias) as connection, _hosts(connection).alone() as cursor:
            yield cursor

    @property
    def open(self) -> Callable[[], Any] | None:
        """Opens a connection that a worker listens on; None where a pooler in transaction mode stands between, as Django's setting says."""
        from journeykit.storage.postgres.connections import OwnConnections

        if connections[self._alias].settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
            return None
        return OwnConnections(address_of(self._alias), None, 1, pooler=False).open

    def close(self) -> None:
        """Django closes what it has opened."""


def _hosts(connection: Any) -> Any:
    from journeykit.storage.postgres.connections import HostConnection

    return HostConnection(connection)


@contextmanager
def _usable(alias: str) -> Iterator[Any]:
    """The driver's connection; one that has failed is opened anew, as Django does between two requests."""
    wrapper = connections[alias]
    if not wrapper.in_atomic_block:
        wrapper.close_if_unusable_or_obsolete()
    wrapper.ensure_connection()
    try:
        yield wrapper.connection
    except SchemaError as error:
        wrapper.errors_occurred = True
        raise SchemaError(reworded(str(error))) from error
    except StorageError:
        wrapper.errors_occurred = True
        raise


def connections_on(alias: str) -> SQLiteConnections | PostgresConnections:
    """
    Return what gives transactions on the database *alias* of ``settings.DATABASES``.

    Raises:
        ImproperlyConfigured: there is no such database, or no storage for databases of its kind.
    """
    if alias not in connections:
        raise ImproperlyConfigured(f'settings.JOURNEYKIT: DATABASE: there is no database "{alias}" in settings.DATABASES')
    vendor = connections[alias].vendor
    if vendor == "sqlite":
        return SQLiteConnections(alias)
    if vendor == "postgresql":
        if connections[alias].Database.__name__ != "psycopg":
            raise ImproperlyConfigured(
                f'settings.JOURNEYKIT: DATABASE: "{alias}" is used with psycopg2; pip install "journeykit[postgres]"'
            )
        return PostgresConnections(alias)
    raise ImproperlyConfigured(
        f'settings.JOURNEYKIT: DATABASE: "{alias}" is {vendor}; journeykit keeps its tables in sqlite and postgresql'
    )


def storage_on(alias: str) -> Storage:
    """Return the storage in the database *alias*; it raises what `connections_on` raises."""
    on = connections_on(alias)
    if isinstance(on, SQLiteConnections):
        return SQLiteStorage(on)
    from journeykit.storage.postgres.storage import PostgresStorage

    return PostgresStorage(on)


def address_of(alias: str) -> str:
    """Return how the command finds the database *alias*: the path of its file, or a URL."""
    wrapper = connections[alias]
    if wrapper.vendor == "sqlite":
        return str(wrapper.settings_dict["NAME"])
    given = wrapper.get_connection_params()
    plain = {key: value for key, value in given.items() if isinstance(value, (str, int)) and key not in ("dbname", "prepare_threshold")}
    return f"postgresql:///{quote(str(given.get('dbname', '')))}?{urlencode(plain, quote_via=quote)}"
