"""Customers who become another, are erased, or whose past is let go of, in PostgreSQL; its SQL, and what is done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from journeykit.errors import ConflictError
from journeykit.model.leaving import Erased, Moved, Retained, Snapshot
from journeykit.model.records import ELSEWHERE, Commit
from journeykit.storage.batch import Batch
from journeykit.storage.moving import moved_event_id, moved_message, passed_on, starts_of
from journeykit.storage.postgres.arguments import Part, number, numbers, texts
from journeykit.storage.postgres.connections import Connections, Cursor, Refused
from journeykit.storage.postgres.outbox import tell
from journeykit.storage.postgres.purging import purge
from journeykit.storage.postgres.writing import Writing, put, reason
from journeykit.storage.rows import Row, dumps, enrollment_row, loads, message, snapshot, snapshot_text

#: Always in order of id, so that of two who lock the same customers one waits, and neither for ever.
LOCK_CUSTOMERS = "select id from journeykit_customers where id = any($1::text[]) order by id for update"
LEAVE_CUSTOMER = """update journeykit_customers set revision = $1, facts = '[1]', moments = null, next_due = null
    where id = $2 and revision = $3"""
LEAVE_UNKNOWN = "insert into journeykit_customers(id, revision, accepted_at, facts) values($2, $1, 0, '[1]') on conflict do nothing"
LOWEST = "select least(0, min(seq)) from journeykit_events where customer = $1"
TWICE = """select o.id from journeykit_events o where o.customer = $2
    and exists (select from journeykit_events s where s.customer = $1 and s.id = o.id)"""
#: To another partition: out of the one and into the other, all at once. Those of ids that are known go under new ones.
MOVE_EVENTS = """with gone as (delete from journeykit_events where customer = $2
        returning id, seq, accepted_at, occurred_at, name, properties, source, state, arrival),
    arrived as (select coalesce(max(arrival), 0) as last from journeykit_events where customer = $1 and state = 'pending'),
    moved as (insert into journeykit_events(customer, id, seq, accepted_at, occurred_at, name, properties, source, state, arrival)
        select $1, coalesce(n.new, g.id), g.seq + $3::int8, g.accepted_at, g.occurred_at, g.name, g.properties, g.source, g.state,
            g.arrival + a.last
        from gone g cross join arrived a left join unnest($4::text[], $5::text[]) n(id, new) on n.id = g.id
        on conflict do nothing returning 1)
    select (select count(*) from gone) = (select count(*) from moved)"""
#: The month of an entry stays, so it is moved within its partition.
MOVE_HISTORY = """update journeykit_history h set customer = $1, seq = h.seq + $3::int8,
    number = case when h.number > 0 then h.number + coalesce((
        select n.up from unnest($4::text[], $5::text[], $6::int8[]) n(journey, key, up) where n.journey = h.journey and n.key = h.key), 0)
        else h.number end
    where h.customer = $2"""
#: What a message says does not change with its customer, and is not read.
READ_MESSAGES = """select id, customer, journey, key, number, seq, place, action, '{}', at, message, expires_at, owner, listens, household, origin
    from journeykit_outbox where customer = $1 order by id for no key update"""
MOVE_MESSAGES = Part("id int8, customer text, number int8, seq int8, origin text", """update journeykit_outbox o
    set customer = v.customer, number = v.number, seq = v.seq, origin = v.origin from {v} where o.id = v.id""")  # fmt: skip
SPEND_MESSAGES = """update journeykit_outbox set state = 'dropped', reason = $2, due_at = $3, token = null
    where id = any($1::int8[]) and state = 'open'"""
#: They have waited since the old id did; what the enrollment that stayed does not wait for is gone.
MOVE_WAITING = """with gone as (delete from journeykit_waiting where customer = $2 returning event, object, entered_at, journey, key, since)
    insert into journeykit_waiting(event, object, entered_at, customer, journey, key, since)
    select event, object, entered_at, $1, journey, key, since from gone
    on conflict(event, object, entered_at, customer, journey, key) do update set since = excluded.since"""
DELETE_WAITING = """delete from journeykit_waiting w where w.customer = $1 and not exists (select from journeykit_enrollments e
    where e.customer = w.customer and e.journey = w.journey and e.key = w.key and e.entered_at = w.entered_at and e.status = 'active')"""
DELETE_ENROLLMENTS = "delete from journeykit_enrollments where customer = $1"
DELETE_SNAPSHOT = "delete from journeykit_snapshots where customer = $1"
FORWARD_ALIASES = "update journeykit_aliases set customer = $1 where customer = $2"
INSERT_ALIAS = "insert into journeykit_aliases(customer, id) values($1, $2)"
READ_IDENTITIES = """with root as (select coalesce((select customer from journeykit_aliases where id = $1), $1) as id)
    select id, 0 as part from root union all select a.id, 1 from journeykit_aliases a where a.customer = (select id from root)
    order by part, id"""

#: Mail that was on its way to an id while it became another: it is in the mailbox of nobody.
ANY_ALIAS = "select exists (select from journeykit_aliases where id = any($1::text[]))"
FIND_STRAYS = """select a.id, e.id, a.customer, exists (select from journeykit_events s where s.customer = a.customer and s.id = e.id)
    from journeykit_aliases a join journeykit_events e on e.customer = a.id and e.state = 'pending'
    where a.id = any($1::text[]) order by a.id, e.arrival, e.id for no key update of e skip locked"""
FORWARD_STRAYS = Part("customer text, id text, survivor text, other text", """with gone as (
        delete from journeykit_events e using {v} where e.customer = v.customer and e.id = v.id
        returning v.survivor, v.other, v.ord, e.accepted_at, e.occurred_at, e.name, e.properties, e.source)
    insert into journeykit_events(customer, id, accepted_at, occurred_at, name, properties, source, state, arrival)
    select g.survivor, g.other, g.accepted_at, g.occurred_at, g.name, g.properties, g.source, 'pending',
        row_number() over (partition by g.survivor order by g.ord) + coalesce((
            select max(e.arrival) from journeykit_events e where e.customer = g.survivor and e.state = 'pending'), 0)
    from gone g on conflict do nothing""")  # fmt: skip

ERASE = """with names as (select unnest($1::text[]) as id),
    c as (delete from journeykit_customers r using names n where r.id = n.id returning 1),
    e as (delete from journeykit_enrollments r using names n where r.customer = n.id returning 1),
    l as (delete from journeykit_events r using names n where r.customer = n.id returning 1),
    h as (delete from journeykit_history r using names n where r.customer = n.id returning 1),
    o as (delete from journeykit_outbox r using names n where r.customer = n.id returning 1),
    w as (delete from journeykit_waiting r using names n where r.customer = n.id returning 1),
    a as (delete from journeykit_aliases r using names n where r.id = n.id returning 1),
    s as (delete from journeykit_snapshots r using names n where r.customer = n.id returning 1)
    select exists (select from c) or exists (select from e) or exists (select from l) or exists (select from h) or exists (select from o)
        or exists (select from w) or exists (select from a) or exists (select from s)"""
KEEP_REMAINS = """insert into journeykit_erased(mark, remains) select distinct m, $2 from unnest($1::text[]) m
    on conflict(mark) do update set remains = excluded.remains"""
READ_REMAINS = "select mark, remains from journeykit_erased where mark = any($1::text[])"
READ_STARTS = """select customer, id, properties from journeykit_events
    where name = '$enter' and id >= $1 and id < $2 and customer <> all($3::text[])"""
RENAME_SENDERS = Part("customer text, id text, other text, properties text", """update journeykit_events e
    set id = v.other, properties = v.properties from {v} where e.customer = v.customer and e.id = v.id""")  # fmt: skip

AGED = """(select distinct customer from journeykit_events
    where customer > $1 and accepted_at < $2 and state = 'decided' and properties <> '{}' order by customer limit $3)
    union (select distinct customer from journeykit_enrollments
    where customer > $1 and ended_at < $2 and body::json ->> 2 <> '{}' order by customer limit $3) order by customer limit $3"""
LOCK_REVISION = "select revision from journeykit_customers where id = $1 for update"
EMPTY_EVENTS = """update journeykit_events set properties = '{}'
    where customer = $1 and state = 'decided' and seq <= $2 and accepted_at < $3 and properties <> '{}'"""
EMPTY_MESSAGES = """update journeykit_outbox set parameters = '{}'
    where customer = $1 and state in ('performed', 'dropped', 'imported') and due_at < $2"""
EMPTY_DATA = Part("customer text, journey text, key text, number int8, body text", """update journeykit_enrollments e set body = v.body
    from {v} where e.customer = v.customer and e.journey = v.journey and e.key = v.key and e.number = v.number""")  # fmt: skip
FORGET_HISTORY = "delete from journeykit_history where customer = $1 and seq <= $2 and at < $3"
KEEP_SNAPSHOT = """insert into journeykit_snapshots(customer, before, body) values($1, $2, $3)
    on conflict(customer) do update set before = excluded.before, body = excluded.body"""
READ_SNAPSHOT = "select body from journeykit_snapshots where customer = $1"
LIMITED = 'select name from journeykit_quotas where name > $1 and "limit" is not null order by name limit $2'
FORGET_TAKEN = "delete from journeykit_quotas where name = any($1::text[])"
PAGE = 1_000  #: numbers that are looked at in one transaction


def merge(connections: Connections, batch: Batch, moved: Moved) -> None:
    """
    Write *batch* and let a customer become another, in one transaction, or nothing.

    Raises:
        ConflictError: somebody else was first, or holds one of them.
        QuotaError: too much is taken.
    """
    writing = Writing(batch, connections.hosts)
    try:
        with connections.transaction() as cursor:
            lock(cursor, [*batch.bases, moved.customer_id])
            put(cursor, writing)
            become(cursor, moved)
            tell(cursor, connections.hosts)
    except Refused:
        raise reason(connections, batch) from None


def lock(cursor: Cursor, names: Sequence[str]) -> None:
    """Let nobody else decide for any of *names* until the transaction ends."""
    cursor.execute(LOCK_CUSTOMERS, (texts(names),))


def become(cursor: Cursor, moved: Moved) -> None:
    """Make what belongs to the old id the survivor's; raise `ConflictError` where its revision is another."""
    old, survivor = moved.customer_id, moved.survivor
    revision = (number(ELSEWHERE), old)
    left = cursor.execute(LEAVE_CUSTOMER, (*revision, number(moved.base))) if moved.base else cursor.execute(LEAVE_UNKNOWN, revision)
    if left.rowcount != 1:
        raise ConflictError([survivor, old])
    by = _one(cursor.execute(LOWEST, (survivor,))) - moved.base - 1
    _move_events(cursor, old, survivor, by)
    journeys, keys, ups = list(zip(*moved.numbers, strict=True)) or ((), (), ())
    cursor.execute(MOVE_HISTORY, (survivor, old, number(by), texts(journeys), texts(keys), numbers(ups)))
    _move_messages(cursor, moved, by)
    cursor.execute(MOVE_WAITING, (survivor, old))
    cursor.execute(DELETE_WAITING, (survivor,))
    cursor.execute(DELETE_ENROLLMENTS, (old,))
    cursor.execute(DELETE_SNAPSHOT, (old,))
    cursor.execute(FORWARD_ALIASES, (survivor, old))
    cursor.execute(INSERT_ALIAS, (survivor, old))


def _one(cursor: Cursor) -> Any:
    row = cursor.fetchone()
    return None if row is None else row[0]


def _move_events(cursor: Cursor, old: str, survivor: str, by: int) -> None:
    twice = [event_id for (event_id,) in cursor.execute(TWICE, (survivor, old))]
    renamed = (texts(twice), texts(moved_event_id(old, event_id) for event_id in twice))
    if not _one(cursor.execute(MOVE_EVENTS, (survivor, old, number(by), *renamed))):
        raise ConflictError([survivor])  # an id has become known meanwhile


def _move_messages(cursor: Cursor, moved: Moved, by: int) -> None:
    rows: list[Row] = []
    for place, *row in cursor.execute(READ_MESSAGES, (moved.customer_id,)).fetchall():
        one = moved_message(message(tuple(row)), moved, by)
        rows.append((place, one.customer_id, one.number, one.seq, one.origin))
    if rows:
        MOVE_MESSAGES.run(cursor, rows)
    if moved.spent:
        cursor.execute(SPEND_MESSAGES, (numbers(sorted(moved.spent)), moved.reason, number(moved.at)))


def identities(cursor: Cursor, customer_id: str) -> list[str]:
    """The id that stands for a customer now, and those that have become it."""
    return [name for name, _ in cursor.execute(READ_IDENTITIES, (customer_id,))]


def forwarded(connections: Connections, names: Sequence[str]) -> bool:
    """
    Whether anything stood in the mailboxes of those of *names* that have become others; these have it now.

    Mail is sent without a lock, so some may have been on its way while its customer became another.
    """
    with connections.transaction(single=True) as cursor:
        if not _one(cursor.execute(ANY_ALIAS, (texts(names),))):
            return False
    strays: list[Row] = []
    with connections.transaction() as cursor:
        for old, event_id, survivor, known in cursor.execute(FIND_STRAYS, (texts(names),)):
            strays.append((old, event_id, survivor, moved_event_id(old, event_id) if known else event_id))
        if strays:
            FORWARD_STRAYS.run(cursor, strays)
    return bool(strays)


def erase(cursor: Cursor, erased: Erased) -> bool:
    """Take out every row of a customer; False where there was none."""
    names = _locked(cursor, erased.customer_id)
    for name in names:
        _pass_on(cursor, name, names, erased.stranger)
    gone = bool(_one(cursor.execute(ERASE, (texts(names),))))
    cursor.execute(KEEP_REMAINS, (texts(erased.marks), dumps(erased.remains)))
    return gone


def _locked(cursor: Cursor, customer_id: str) -> list[str]:
    """Every id of a customer, under a lock; another may have become theirs before it was to be had."""
    known: list[str] = []
    while (names := identities(cursor, customer_id)) != known:
        lock(cursor, names)
        known = names
    return names


def _pass_on(cursor: Cursor, name: str, names: Sequence[str], stranger: str) -> None:
    """What *name* has sent others, but for its own *names*, a stranger has sent."""
    rows: list[Row] = []
    for customer_id, event_id, text in cursor.execute(READ_STARTS, (*starts_of(name), texts(names))).fetchall():
        given = passed_on(name, event_id, loads(text), stranger)
        if given is not None:
            rows.append((customer_id, event_id, given[0], dumps(given[1])))
    if rows:
        RENAME_SENDERS.run(cursor, sorted(rows))


def retain(cursor: Cursor, retained: Retained) -> bool:
    """Keep a snapshot and let go of what came before it; False where the customer has moved on."""
    name, (before, state, _) = retained.customer_id, retained.snapshot
    if _one(cursor.execute(LOCK_REVISION, (name,))) != retained.base:
        return False
    upto = (name, number(state.revision), number(before))
    cursor.execute(EMPTY_EVENTS, upto)
    cursor.execute(EMPTY_MESSAGES, (name, number(before)))
    if retained.emptied:
        EMPTY_DATA.run(cursor, [(*row[:4], row[-1]) for row in (enrollment_row(name, e) for e in retained.emptied)])
    if retained.history:
        cursor.execute(FORGET_HISTORY, upto)
    cursor.execute(KEEP_SNAPSHOT, (name, number(before), snapshot_text(name, retained.snapshot)))
    return True


class Leavers:
    """The part of `journeykit.PostgresStorage` that is about customers who have become others or leave."""

    def _prepared(self) -> Connections:
        raise NotImplementedError

    def _ready_for(self, batch: Batch) -> Connections:
        raise NotImplementedError

    def _reading(self) -> AbstractContextManager[Cursor]:
        return self._prepared().transaction(single=True)

    def merge(self, commits: Sequence[Commit], moved: Moved) -> None:
        """Write *commits* and let a customer become another, in one transaction, or nothing."""
        batch = Batch(commits)
        merge(self._ready_for(batch), batch, moved)

    def identities(self, customer_id: str) -> list[str]:
        """The id that stands for a customer now, and then those that have become it."""
        with self._reading() as cursor:
            return identities(cursor, customer_id)

    def erase(self, erased: Erased) -> bool:
        """
        Take out every row of a customer, and keep what remains under each mark; False where nothing was known.

        The rows stay in the files, where nobody finds them, until `purge`.

        Raises:
            ConflictError: another transaction holds the customer.
        """
        with self._prepared().transaction() as cursor:
            return erase(cursor, erased)

    def purge(self) -> None:
        """
        Write our tables anew, without anything that was ever deleted or changed in them, one partition after the other.

        To be run after customers have been erased. It takes as long as copying the tables, needs as much room again on the disk as
        the greatest of them, and each of them can neither be read nor written meanwhile. What is in the write-ahead log and in
        backups is the server's; docs/postgres.md says what the host does about it. On the host's connection it may not be inside a transaction.

        Raises:
            StorageError: it is inside a transaction, or a table was in use by long transactions for a minute; it may be run again.
        """
        purge(self._prepared())

    def remains(self, marks: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What remains under those of *marks* that are known."""
        with self._reading() as cursor:
            return {mark: loads(text) for mark, text in cursor.execute(READ_REMAINS, (texts(marks),))}

    def aged(self, before: int, after: str, limit: int) -> list[str]:
        """Up to *limit* customers behind *after* with decided events older than *before* that have properties."""
        with self._reading() as cursor:
            return [name for (name,) in cursor.execute(AGED, (after, number(before), number(limit)))]

    def retain(self, retained: Retained) -> bool:
        """Keep a snapshot and let go of what came before it; False where the customer has moved on."""
        with self._prepared().transaction() as cursor:
            return retain(cursor, retained)

    def snapshot(self, customer_id: str) -> Snapshot | None:
        """The snapshot of a customer, None where nothing of their past is gone."""
        with self._reading() as cursor:
            text = _one(cursor.execute(READ_SNAPSHOT, (customer_id,)))
        return None if text is None else snapshot(customer_id, text)

    def forget_taken(self, over: Callable[[str], bool]) -> None:
        """Forget what was taken of the limited numbers whose names are *over*, some in each transaction."""
        after: str | None = ""
        while after is not None:
            with self._prepared().transaction() as cursor:
                names = [name for (name,) in cursor.execute(LIMITED, (after, number(PAGE)))]
                cursor.execute(FORGET_TAKEN, (texts([name for name in names if over(name)]),))
            after = names[-1] if len(names) == PAGE else None
