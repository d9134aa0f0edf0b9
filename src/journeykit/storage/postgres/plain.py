"""
One customer and one signal, as each event by itself needs it: a statement to read, and one to write.

The server takes longer to begin a statement than to carry it out, in proportion to the parts it has and their columns. These have as
few as will do: no lists, nothing that this signal does not need. What they cannot say goes the way of a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import NamedTuple

from journeykit.model.records import Facts, Loaded, Want
from journeykit.storage.batch import Batch
from journeykit.storage.postgres import statements as sql
from journeykit.storage.postgres.arguments import Part, statement
from journeykit.storage.postgres.connections import Cursor, run
from journeykit.storage.postgres.direct import Value
from journeykit.storage.rows import Row, enrollment, facts, read_moments

FEW = 4  #: rows of each kind up to which they are written one by one; each number of them is a statement of its own

#: Whether anything is in the mailbox is all that is asked: mostly there is nothing, and else a batch's way reads it.
LOAD = """select c.revision, c.accepted_at, c.facts, c.moments, c.next_due,
    e.journey, e.key, e.number, e.definition, e.position, e.status, e.step, e.visit, e.entered_at, e.ended_at, e.body,
    exists(select from journeykit_events where customer = $1::text and id = $2::text)::int,
    exists(select from journeykit_events where customer = $1::text and state = 'pending')::int,
    (c.id is null and exists(select from journeykit_erased))::int
    from (select 1) here left join journeykit_customers c on c.id = $1::text
    left join journeykit_enrollments e on e.customer = $1::text and (
        (e.journey = $3::text and (e.ended_at is null or e.next_due is not null or e.key = $4::text or $5::int8 = 1))
        or e.next_due < $6::int8)"""
_LOAD, _LOADED = statement(LOAD), (1, 1, 1, 1, 0, 0)

_MOVE = "moved as (update journeykit_customers set {columns} where id = %s::text and revision = %s::int8 returning 1)"
_CREATE = """moved as (insert into journeykit_customers(id, revision, accepted_at, facts{more})
    values (%s::text, %s::int8, %s::int8, %s::text{values}) on conflict do nothing returning 1)"""
#: What is new to the log: where it stands there all the same, nothing is written, and it is decided again.
_LOG = "logged as (insert into journeykit_events({columns}) select {values} from moved on conflict do nothing returning 1)"


def load(cursor: Cursor, want: Want) -> Loaded | None:
    """Read what a `plain` `Want` names; None where their mailbox has to be read as well."""
    customer_id, journeys, keys, events, until = want
    (journey,), (key,) = journeys or (None,), keys or ((None, ""),)
    every = 1 if keys and key[1] is None else 0
    rows = run(cursor, _LOAD, _LOADED, (customer_id, (events or (None,))[0], journey, key[1] or "", every, until))
    revision, accepted_at, text, moments, due = rows[0][:5]
    seen, pending, erasures = rows[0][16:]
    if int(pending):
        return None
    one = Loaded(customer_id, 0, 0, Facts(), [], [], erasures=erasures in (1, "1"))
    if revision is not None:
        one.revision, one.accepted_at, one.facts = int(revision), int(accepted_at), facts(text)
        one.moments, one.moments_due = read_moments(moments), _number(due)
    if int(seen):
        one.seen = frozenset(events)
    one.enrollments = [enrollment(_typed(row)) for row in rows if row[5] is not None]
    if len(rows) > 1:
        one.enrollments.sort(key=lambda e: (e.order, e.journey, e.key))
    return one


def plain(want: Want) -> bool:
    """Whether it names at most one journey, one key of it and one event."""
    journeys, keys = want.journeys, want.keys
    if journeys is None or len(journeys) > 1 or len(want.events) > 1 or len(keys) > 1:
        return False
    return not keys or keys[0][0] in journeys


def _number(value: Value) -> int | None:
    return None if value is None else int(value)


def _typed(row: Row) -> Row:
    """The row of `rows.enrollment`, where numbers may have come as text."""
    journey, key, number, definition, order, status, step, visit, entered_at, ended_at, body = row[5:16]
    return None, journey, key, int(number), definition, int(order), status, step, int(visit), int(entered_at), _number(ended_at), body


class Shape(NamedTuple):
    """What a statement writes: whether a customer is new, what changes of them, and how many rows of each kind there are."""

    created: bool
    facts: bool
    moments: bool
    events: int
    enrollments: int
    history: int
    messages: int
    notify: str


class Written(NamedTuple):
    """The statement that writes a batch, and its arguments; see `Direct.run`."""

    statement: bytes
    formats: Sequence[int]
    arguments: Sequence[Value]


def writing(batch: Batch, notify: str) -> Written | None:
    """The statement for *batch*, with *notify* at its end; None where it has more than one signal of a customer does mostly."""
    if len(batch.bases) != 1 or not batch.fresh or len(batch.events) > 1:
        return None
    if batch.started or batch.removed or batch.mail or batch.definitions or batch.quotas or batch.waits:
        return None
    enrollments = batch.enrollments + batch.entered if batch.entered else batch.enrollments
    if max(len(enrollments), len(batch.history), len(batch.outbox)) > FEW:
        return None
    shape = Shape(
        bool(batch.created), bool(batch.known), bool(batch.moments), len(batch.events), len(enrollments), len(batch.history),
        len(batch.outbox), notify,
    )  # fmt: skip
    text, formats = _written(shape)
    rows = chain(_customer(batch), batch.events, enrollments, batch.history, batch.outbox)
    return Written(text, formats, list(chain.from_iterable(rows)))


def _customer(batch: Batch) -> list[Row]:
    """The arguments of the customer's own row, in the order of the statement."""
    moments = [row[:2] for row in batch.moments]
    if batch.created:
        return [*batch.created, *moments]
    ((revision, accepted_at, customer_id, base),) = batch.moved
    return [(revision, accepted_at), *[row[:1] for row in batch.known], *moments, (customer_id, base)]


@cache
def _written(shape: Shape) -> tuple[bytes, Sequence[int]]:
    """The text of a statement, and the formats of its arguments; there are few, as there are few shapes of what an event does."""
    parts = [_create(shape) if shape.created else _move(shape)]
    if shape.events:
        parts.append(_LOG.format(columns=sql.WRITE_EVENTS.columns, values=_places(sql.WRITE_EVENTS)))
    parts += [
        f"{name} as ({_insert(table, part, rows)})"
        for name, table, part, rows in (
            ("enrolled", "enrollments", sql.WRITE_ENROLLMENTS, shape.enrollments),
            ("history", "history", sql.WRITE_HISTORY, shape.history),
            ("messages", "outbox", sql.WRITE_MESSAGES, shape.messages),
        )
        if rows
    ]
    notify = f", {shape.notify}" if shape.notify else ""
    text = f"with {', '.join(parts)} select 1 / count(*){notify} from {'logged' if shape.events else 'moved'}"
    return statement(text), _kinds(text)


def _kinds(text: str) -> tuple[int, ...]:
    """For each argument of a statement whether it is text."""
    return tuple([int(rest.startswith("::text")) for rest in text.split("%s")[1:]])


def _move(shape: Shape) -> str:
    columns = ["revision = %s::int8", "accepted_at = %s::int8"]
    columns += ["facts = %s::text"] * shape.facts + ["moments = %s::text", "next_due = %s::int8"] * shape.moments
    return _MOVE.format(columns=", ".join(columns))


def _create(shape: Shape) -> str:
    more, values = (", moments, next_due", ", %s::text, %s::int8") if shape.moments else ("", "")
    return _CREATE.format(more=more, values=values)


def _insert(table: str, part: Part, rows: int) -> str:
    values = ", ".join([f"({_places(part)})"] * rows)
    conflict = f" {sql.ENROLLED}" if table == "enrollments" else ""
    return f"insert into journeykit_{table}({part.columns}) values {values}{conflict}"


def _places(part: Part) -> str:
    return ", ".join([f"%s::{kind}" for kind in part.kinds])
