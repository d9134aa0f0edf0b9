"""
For hosts on SQLAlchemy: an order and what follows from it in one transaction of a session.

::

    with Session(bind) as session, session.begin():
        session.add(Order(id="order-17"))
        within(engine, session).handle(Event("Order Completed", id="order-17", ...))

In an async session, where the same code runs in `AsyncSession.run_sync`::

    outcome = await session.run_sync(lambda inner: within(engine, inner).handle(event))
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from sqlalchemy import event
from sqlalchemy.orm import Session
from sqlalchemy.util import await_only

from journeykit.runtime.engine import Engine

__all__ = ["within"]


def within(engine: Engine, session: Session) -> Engine:
    """
    Return *engine* with all it writes inside the transaction of *session*.

    What the session has not flushed yet is flushed first. Hooks are told, and workers of this process woken, once the session has
    committed.

    Args:
        engine: the engine, made once for the process, with a storage of its own on the same database.
        session: the session; of an async one what `AsyncSession.run_sync` hands over.

    Raises:
        StorageError: the session's database is not that of the engine's storage, or its driver is another than sqlite3 and psycopg.
    """
    session.flush()
    return engine.within(_driver(session), _after_commit(session))


def _driver(session: Session) -> object:
    """The driver's own connection; of an async driver what SQLAlchemy makes of it, which awaits by itself."""
    connection = session.connection()
    pooled = connection.connection
    driver = pooled.driver_connection
    if connection.dialect.is_async:
        return _awaiting(driver) if connection.dialect.name == "postgresql" else pooled.dbapi_connection
    if isinstance(driver, sqlite3.Connection) and not driver.in_transaction:
        driver.execute("begin immediate")  # sqlite3 would begin with the first row that the host writes, and ours may come before
    return driver


def _awaiting(driver: object) -> object:
    from journeykit.storage.postgres.awaiting import AwaitingConnection

    return AwaitingConnection(driver, await_only)


def _after_commit(session: Session) -> Callable[[Callable[[], None]], None]:
    """What calls once *session* has committed, and forgets where it rolls back; a session is listened to once."""
    calls: list[Callable[[], None]] | None = session.info.get(__name__)
    if calls is None:
        calls = session.info[__name__] = []
        event.listen(session, "after_commit", _committed)
        event.listen(session, "after_rollback", _rolled_back)
    return calls.append


def _committed(session: Session) -> None:
    if session.in_nested_transaction():
        return
    calls = session.info[__name__]
    waiting = calls.copy()
    calls.clear()
    for call in waiting:
        call()


def _rolled_back(session: Session) -> None:
    session.info[__name__].clear()
