"""Who waits for which object, and how far facts about objects have got, in PostgreSQL; its SQL, and what is done with it."""

from __future__ import annotations

from collections.abc import Iterable

from journeykit.model.objects import ObjectFact, Release, Waiter
from journeykit.storage.postgres.arguments import number, statement, texts
from journeykit.storage.postgres.connections import Cursor
from journeykit.storage.rows import Row, dumps, loads

FIND_WAITING = """select entered_at, customer, journey, key from journeykit_waiting
    where event = %s and object = %s and (entered_at, customer, journey, key) > (%s, %s, %s, %s) and entered_at <= %s and since <= %s
    order by entered_at, customer, journey, key limit %s"""
INSERT_FACT = """insert into journeykit_objects(object, id, event, accepted_at, occurred_at, properties, source, due_at, sent)
    values(%s, %s, %s, %s, %s, %s, %s, %s, 0) on conflict do nothing"""
END_RELEASES = """update journeykit_objects set ends_at = %s
    where object = %s and event = any(%s::text[]) and id <> %s and due_at is not null and ends_at is null"""
FIND_RELEASES = """select event, object, id, accepted_at, occurred_at, properties, source, due_at, ends_at, after, sent
    from journeykit_objects where due_at <= %s order by due_at, object, id limit %s"""
MOVE_RELEASE = """update journeykit_objects set due_at = %s, after = %s, sent = %s
    where object = %s and id = %s and due_at = %s and after is not distinct from %s and sent = %s"""


def waiting_for(cursor: Cursor, event: str, name: str, until: int, after: Waiter | None, limit: int) -> list[Waiter]:
    """The next *limit* behind *after* who have waited since *until* or before."""
    first, *rest = after or (-(2**63), "", "", "")
    return cursor.execute(
        statement(FIND_WAITING), (event, name, number(first), *rest, number(until), number(until), number(limit))
    ).fetchall()


def publish(cursor: Cursor, fact: ObjectFact, properties: str, ends: Iterable[str]) -> bool:
    """Keep a fact, unless it is known, and end the releases of *ends* about its object."""
    accepted_at = number(fact.accepted_at)
    row = (fact.object, fact.id, fact.event, accepted_at, number(fact.occurred_at), properties, fact.source, accepted_at)
    if cursor.execute(statement(INSERT_FACT), row).rowcount != 1:
        return False
    cursor.execute(statement(END_RELEASES), (accepted_at, fact.object, texts(ends), fact.id))
    return True


def releases(cursor: Cursor, now: int, limit: int) -> list[Release]:
    """Up to *limit* releases due at *now* or before, the longest due first."""
    return [_release(row) for row in cursor.execute(statement(FIND_RELEASES), (number(now), number(limit)))]


def _release(row: Row) -> Release:
    event, name, fact_id, accepted_at, occurred_at, properties, source, due_at, ends_at, after, sent = row
    fact = ObjectFact(event, name, fact_id, accepted_at, occurred_at, loads(properties), source)
    return Release(fact, due_at, ends_at, tuple(loads(after)) if after else None, sent)


def move(cursor: Cursor, before: Release, after: Release | None) -> bool:
    """Go on from *before* to *after*; False where somebody else has."""
    new = (None, None, "0") if after is None else _standing(after)
    values = (*new, before.fact.object, before.fact.id, *_standing(before))
    return cursor.execute(statement(MOVE_RELEASE), values).rowcount == 1


def _standing(release: Release) -> tuple[str | None, str | None, str | None]:
    """Where a release stands: when it is due, behind whom, and how many were told then."""
    return number(release.due_at), None if release.after is None else dumps(list(release.after)), number(release.sent)
