"""Reading many customers in one statement."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.model.records import Enrollment, Facts, Loaded, Want
from journeykit.storage.postgres import plain
from journeykit.storage.postgres import statements as sql
from journeykit.storage.postgres.arguments import Arguments, Part, statement
from journeykit.storage.postgres.connections import Cursor
from journeykit.storage.rows import Row, enrollment, facts, logged_event, read_moments

CUSTOMER, ENROLLMENT, PENDING, SEEN, ERASED = range(5)  #: which part of the statement a row is of


def load(cursor: Cursor, wants: Sequence[Want]) -> list[Loaded]:
    """Read what each of *wants* names, in the same order."""
    if len(wants) == 1 and plain.plain(wants[0]) and (one := plain.load(cursor, wants[0])) is not None:
        return [one]
    texts: list[str] = []
    arguments: Arguments = []
    for part, rows in _parts(wants):
        if rows:
            texts.append(part.text(rows))
            arguments += part.arguments(rows)
    loaded = [Loaded(want[0], 0, 0, Facts(), [], []) for want in wants]
    erasures = False
    for row in cursor.execute(statement(*texts, sql.LOAD_ERASED, between=" union all "), arguments).fetchall():
        if row[0] == ERASED:
            erasures = True
        else:
            _take(loaded[row[1] - 1], row)
    for one in loaded:
        one.erasures = erasures and one.revision == 0
        if len(one.enrollments) > 1:
            one.enrollments = _ordered(one.enrollments)
        if len(one.pending) > 1:
            one.pending.sort(key=lambda logged: (logged.accepted_at, logged.arrival, logged.event.id))
    return loaded


def _parts(wants: Sequence[Want]) -> list[tuple[Part, list[Row]]]:
    """For each part of the statement what it looks for; the place of a want counts from 1."""
    every: list[Row] = []
    active: list[Row] = []
    journeys: list[Row] = []
    keys: list[Row] = []
    due: list[Row] = []
    events: list[Row] = []
    for place, (customer_id, named, rows, seen, until) in enumerate(wants, 1):
        if named is None:
            every.append((place, customer_id))
        else:
            active += [(place, customer_id, journey) for journey in named]
            for journey, key in rows:
                if key is None:
                    journeys.append((place, customer_id, journey))
                else:
                    keys.append((place, customer_id, journey, key))
            if until > 0:
                due.append((place, customer_id, until))
        if seen:
            events += [(place, customer_id, event_id) for event_id in seen]
    people: list[Row] = [(want[0],) for want in wants]
    return [
        (sql.LOAD_CUSTOMERS, people), (sql.LOAD_ALL, every), (sql.LOAD_ACTIVE, active), (sql.LOAD_JOURNEY, journeys),
        (sql.LOAD_KEY, keys), (sql.LOAD_DUE, due), (sql.LOAD_PENDING, people), (sql.LOAD_SEEN, events),
    ]  # fmt: skip


def _take(one: Loaded, row: Row) -> None:
    part, _, n1, n2, n3, n4, n5, t1, t2, t3, t4, t5, t6 = row
    if part == ENROLLMENT:
        one.enrollments.append(enrollment((None, t1, t2, n1, t3, n2, t4, t5, n3, n4, n5, t6)))
    elif part == CUSTOMER:
        one.revision, one.accepted_at, one.facts = n1, n2, facts(t1)
        one.moments, one.moments_due = read_moments(t2), n3
    elif part == PENDING:
        one.pending.append(logged_event((one.customer_id, t1, n1, n2, n3, t2, t3, t4, t5, n4)))
    else:
        one.seen |= {t1}


def _ordered(enrollments: list[Enrollment]) -> list[Enrollment]:
    """What was found by two parts counts once."""
    unique = {(e.journey, e.key): e for e in enrollments}
    return sorted(unique.values(), key=lambda e: (e.order, e.journey, e.key))
