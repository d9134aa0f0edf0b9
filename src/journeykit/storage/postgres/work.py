"""What workers share, in PostgreSQL: who is there, what waits, how often an action may go, and what stands still."""

from __future__ import annotations

from contextlib import AbstractContextManager

from journeykit.model.backlog import Backlog
from journeykit.model.pauses import Pause
from journeykit.model.records import EVERYBODY, NEVER, Share, in_share
from journeykit.storage.batch import freed
from journeykit.storage.postgres import statements as sql
from journeykit.storage.postgres.arguments import number
from journeykit.storage.postgres.connections import Connections, Cursor
from journeykit.storage.rows import Row


class Workers:
    """The part of `journeykit.PostgresStorage` that is about workers and pauses."""

    _connections: Connections

    def _transaction(self, *, single: bool = False) -> AbstractContextManager[Cursor]:
        raise NotImplementedError

    def claim_due(self, now: int, limit: int, share: Share = EVERYBODY) -> list[str]:
        """
        Return up to *limit* customers of a *share* with something to do, those waiting longest first.

        Nobody is among them whom another transaction holds.
        """
        rows = limit * share[1]
        while True:
            with self._transaction(single=True) as cursor:
                found = [name for (name,) in cursor.execute(sql.FIND_DUE, (number(now), number(rows))) if in_share(name, share)]
            if len(found) >= limit or not self._more(now, rows):
                return found[:limit]
            rows *= 4  # a few customers have most of what is due, or are held

    def _more(self, now: int, rows: int) -> bool:
        """Whether there is more due than so many rows."""
        with self._transaction(single=True) as cursor:
            found = cursor.execute(sql.ARE_THERE_MORE, (number(now), number(rows))).fetchone()
        return found is not None and bool(found[0])

    def next_due(self) -> int | None:
        """Return the earliest moment at which `claim_due`, `claim_outbox` or `releases` would have something."""
        with self._transaction(single=True) as cursor:
            row = cursor.execute(sql.NEXT_DUE).fetchone()
        return None if row is None or row[0] is None or row[0] >= NEVER else int(row[0])

    def enlist(self, token: str, now: int, until: int) -> Share:
        """Write down that the worker *token* is there until *until*; return the share of the customers that falls to it."""
        with self._transaction() as cursor:
            cursor.execute(sql.KEEP_WORKER, (token, number(until)))
            cursor.execute(sql.FORGET_WORKERS, (number(now),))
            there = [name for (name,) in cursor.execute(sql.READ_WORKERS)]
        return (there.index(token), len(there)) if token in there else EVERYBODY

    def backlog(self, now: int) -> Backlog:
        """Return what waits at *now*."""
        counted: list[int | None] = []
        with self._transaction() as cursor:
            for statement in (sql.COUNT_MAIL, sql.COUNT_TIMERS, sql.COUNT_MESSAGES):
                counted += cursor.execute(statement, (number(now),)).fetchone() or ()
            counted += cursor.execute(sql.COUNT_DEAD).fetchone() or ()
        return Backlog(*counted)  # type: ignore[arg-type]  # in the order of its fields

    def grant(self, name: str, now: int, window: int, most: int, wanted: int) -> tuple[int, int]:
        """Let as many of *wanted* go as leave no more than *most* in any window; return how many, and when one more may."""
        with self._transaction() as cursor:
            cursor.execute(sql.GRANT_ALONE, (name,))
            cursor.execute(sql.FORGET_GRANTS, (name, number(now - window)))
            gone = cursor.execute(sql.READ_GRANTS, (name, number(now - window))).fetchall()
            granted = min(wanted, max(0, most - sum(count for _, count in gone)))
            if granted:
                cursor.execute(sql.KEEP_GRANT, (name, number(now), number(granted)))
                gone.append((now, granted))
        return granted, freed(gone, now, window, most)

    def begin_pause(self, pause: Pause) -> Pause:
        """Keep *pause* under the next number; return it with that number."""
        _, journey, step, action, still, begun_at, ended_at = pause
        with self._transaction() as cursor:
            cursor.execute(sql.PAUSE_ALONE)
            values = (journey, step, action, number(still), number(begun_at), number(ended_at))
            row = cursor.execute(sql.INSERT_PAUSE, values).fetchone()
        return pause._replace(number=0 if row is None else row[0])

    def end_pause(self, number: int, at: int) -> None:
        """End a pause at *at*, where it has not ended, and bring up what stood still because of it."""
        with self._transaction() as cursor:
            cursor.execute(sql.END_PAUSE, (str(at), str(number)))
            row = cursor.execute(sql.READ_PAUSE, (str(number),)).fetchone()
            if row is None:
                return
            ended = _pause(row)
            cursor.execute(sql.BRING_UP_ENROLLMENTS, (str(ended.ended_at), str(NEVER + number)))
            cursor.execute(sql.BRING_UP_MESSAGES, (str(ended.ended_at), ended.words))
            sql.tell(cursor, self._connections.hosts)

    def pauses(self) -> list[Pause]:
        """Return all pauses, ended ones too, in order of number."""
        with self._transaction(single=True) as cursor:
            return [_pause(row) for row in cursor.execute(sql.READ_PAUSES)]


def _pause(row: Row) -> Pause:
    number, journey, step, action, still, begun_at, ended_at = row
    return Pause(number, journey, step, action, bool(still), begun_at, ended_at)
