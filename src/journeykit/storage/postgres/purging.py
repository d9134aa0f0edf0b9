"""Writing the tables anew, so that nothing is left in them of what was deleted."""

from __future__ import annotations

from psycopg import errors
from psycopg.pq import TransactionStatus

from journeykit.errors import StorageError
from journeykit.storage.postgres.connections import Connections, Cursor
from journeykit.storage.postgres.migrations import run

#: Of a partitioned table the partitions; the smallest first.
TABLES = """select c.oid::regclass::text from pg_class c where c.relkind = 'r' and c.relname like 'journeykit\\_%'
    and c.relnamespace = current_schema()::regnamespace order by pg_relation_size(c.oid), c.relname"""
PARTITIONED = """select c.oid::regclass::text from pg_class c where c.relkind = 'p' and c.relname like 'journeykit\\_%'
    and c.relnamespace = current_schema()::regnamespace order by c.relname"""
#: A plain vacuum makes room and leaves there what stood in it.
REWRITE = "vacuum (full, analyze) {table}"
ANALYZE = "analyze {table}"
#: The planner's samples of values; of a table that has become empty they would stay as they were.
FORGET_SAMPLES = """delete from pg_statistic where starelid in (select c.oid from pg_class c
    where c.relname like 'journeykit\\_%' and c.relnamespace = current_schema()::regnamespace)"""
REWRITE_SAMPLES = "vacuum full pg_statistic"


def purge(connections: Connections) -> None:
    """
    Write our tables anew, one after the other.

    Raises:
        StorageError: it is inside a transaction, or a table was not to be had for a minute.
    """
    with connections.alone() as cursor:
        if not cursor.connection.autocommit or cursor.connection.info.transaction_status != TransactionStatus.IDLE:
            raise StorageError("purge cannot be part of a transaction; call it on a storage of its own, PostgresStorage(url)")
        tables = [name for (name,) in cursor.execute(TABLES).fetchall()]
        whole = [name for (name,) in cursor.execute(PARTITIONED).fetchall()]
        forgotten = _forget_samples(cursor)
        for name in tables:
            run(cursor, REWRITE.format(table=name))
        for name in whole:
            run(cursor, ANALYZE.format(table=name))
        if forgotten:
            run(cursor, REWRITE_SAMPLES)


def _forget_samples(cursor: Cursor) -> bool:
    """Whether our role is allowed to; where it is not, the host has to (docs/postgres.md)."""
    try:
        run(cursor, FORGET_SAMPLES)
    except errors.InsufficientPrivilege:
        return False
    return True
