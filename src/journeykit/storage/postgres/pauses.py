"""Pauses in PostgreSQL: they are kept, and their end brings up what stood still."""

from __future__ import annotations

from journeykit.model.pauses import Pause
from journeykit.model.records import NEVER
from journeykit.storage.postgres.arguments import number
from journeykit.storage.postgres.connections import Cursor
from journeykit.storage.postgres.due import LINES
from journeykit.storage.postgres.statements import DUE

#: So that their numbers follow each other.
BEGIN_ALONE = "select pg_advisory_xact_lock(hashtextextended(current_schema() || ' journeykit pauses', 0))"
INSERT_PAUSE = """insert into journeykit_pauses(number, journey, step, action, still, begun_at, ended_at)
    select coalesce(max(number), 0) + 1, $1, $2, $3, $4, $5, $6 from journeykit_pauses returning number"""
_PAUSE = "number, journey, step, action, still, begun_at, ended_at"
END_PAUSE = f"update journeykit_pauses set ended_at = coalesce(ended_at, $2) where number = $1 returning {_PAUSE}"
READ_PAUSES = f"select {_PAUSE} from journeykit_pauses order by number"
#: Their customers first, in order, as whoever decides for them does. Whom another transaction holds is brought up when it is carried out
#: again, as all pauses are for a while.
BRING_UP_ENROLLMENTS = f"""{LINES}, held as (
        select id from journeykit_customers where id in (
            select t.customer from lines l cross join lateral (
                select customer from journeykit_enrollments where {DUE} and journey = l.journey and next_due = $1) t)
        order by id for no key update skip locked)
    update journeykit_enrollments e set next_due = $2 from held h where e.customer = h.id and e.next_due = $1"""
BRING_UP_MESSAGES = """update journeykit_outbox set due_at = $1 where id in (
    select id from journeykit_outbox where state = 'open' and due_at > $1 and token is null and reason = $2 order by id for no key update)"""


def begin(cursor: Cursor, pause: Pause) -> Pause:
    """Keep *pause* under the next number."""
    cursor.execute(BEGIN_ALONE)
    row = (pause.journey, pause.step, pause.action, number(pause.still), number(pause.begun_at), number(pause.ended_at))
    return pause._replace(number=cursor.execute(INSERT_PAUSE, row).fetchone()[0])  # type: ignore[index]


def end(cursor: Cursor, place: int, at: int) -> bool:
    """End the pause of that number at *at*, where it has not ended, and bring up what stood still; False where there is none."""
    row = cursor.execute(END_PAUSE, (number(place), number(at))).fetchone()
    if row is None:
        return False
    ended, held = _pause(row), number(NEVER + place)
    cursor.execute(BRING_UP_ENROLLMENTS, (held, number(ended.ended_at)))
    cursor.execute(BRING_UP_MESSAGES, (number(ended.ended_at), ended.words))
    return True


def read(cursor: Cursor) -> list[Pause]:
    """All pauses, in order of number."""
    return [_pause(row) for row in cursor.execute(READ_PAUSES)]


def _pause(row: tuple[int, str | None, str | None, str | None, int, int, int | None]) -> Pause:
    place, journey, step, action, still, begun_at, ended_at = row
    return Pause(place, journey, step, action, bool(still), begun_at, ended_at)
