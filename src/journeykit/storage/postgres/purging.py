"""Writing the tables anew, so that nothing is left in them of what was deleted."""

from __future__ import annotations

from psycopg.pq import TransactionStatus

from journeykit.errors import StorageError
from journeykit.storage.postgres.connections import Connections
from journeykit.storage.postgres.migrations import run

#: Of a partitioned table the partitions; the smallest first.
TABLES = """select c.oid::regclass::text from pg_class c where c.relkind = 'r' and c.relname like 'journeykit\\_%'
    and c.relnamespace = current_schema()::regnamespace order by pg_relation_size(c.oid), c.relname"""
PARTITIONED = """select c.oid::regclass::text from pg_class c where c.relkind = 'p' and c.relname like 'journeykit\\_%'
    and c.relnamespace = current_schema()::regnamespace order by c.relname"""
#: A plain vacuum makes room and leaves there what stood in it. The planner's samples of values are taken anew as well.
REWRITE = "vacuum (full, analyze) {table}"
ANALYZE = "analyze {table}"
#: The old samples; where our role may not, the server says so in its log, and the host has to.
FORGET_SAMPLES = "vacuum full pg_statistic"


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
        for name in tables:
            run(cursor, REWRITE.format(table=name))
        for name in whole:
            run(cursor, ANALYZE.format(table=name))
        run(cursor, FORGET_SAMPLES)
