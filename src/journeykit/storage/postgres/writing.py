"""A batch as one statement; of a great one the history and the outbox are copied in, which is faster still."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from journeykit.errors import ConflictError, QuotaError, StorageError
from journeykit.storage.batch import Batch
from journeykit.storage.postgres import plain
from journeykit.storage.postgres import statements as sql
from journeykit.storage.postgres.arguments import Arguments, Part, copied, numbers, statement, texts
from journeykit.storage.postgres.connections import Connections, Cursor, Refused, run
from journeykit.storage.rows import Row

MANY = 50  #: rows from which on COPY pays
SOON = 60_000_000  #: microseconds: nobody who sleeps is woken for what is due later, they look by themselves


class Writing:
    """
    What one statement writes, and what has to come of it.

    Args:
        batch: what is to be written.
        hosts: it may be in a host's transaction.

    Attributes:
        batch: what is to be written.
        events: the rows of its events.
        copies: whether its history and outbox are copied in.

    Raises:
        ConflictError: an event is decided twice in it.
    """

    def __init__(self, batch: Batch, hosts: bool) -> None:
        self.batch = batch
        self._notify = sql.NOTIFY_SURELY if hosts else sql.NOTIFY
        self._parts: list[str] = []
        self._counts: list[str] = []
        self._arguments: Arguments = []
        self._expected: Arguments = []
        self.events = _once(batch.events)
        self.copies = len(batch.history) + len(batch.outbox) >= MANY
        self._customers()
        self._enrollments()
        self._log()
        if not self.copies:
            self._add(sql.WRITE_HISTORY, batch.history)
            self._add(sql.WRITE_MESSAGES, batch.outbox)
        self._add(sql.WRITE_DEFINITIONS, _first(batch.definitions, 1))
        self._quotas()
        self._waits()

    @property
    def statement(self) -> bytes:
        """The statement."""
        notify = f", {self._notify}" if _due_soon(self.batch) else ""
        return _statement(tuple(self._parts), tuple(self._counts), notify)

    @property
    def arguments(self) -> Arguments:
        """The arguments of the statement."""
        return self._arguments + self._expected

    def _add(self, part: Part, rows: Sequence[Row]) -> None:
        if rows:
            self._parts.append(part.text(rows))
            self._arguments += part.arguments(rows)

    def _demand(self, part: str, count: int) -> None:
        """*count* rows have to be written by *part*."""
        if count:
            self._counts.append(part)
            self._expected.append(str(count))

    def _customers(self) -> None:
        batch, known = self.batch, {customer_id: text for text, customer_id in self.batch.known}
        moments = {customer_id: (text, due) for text, due, customer_id in batch.moments}
        nothing = (None, None)
        created = [(name, 0, revision, at, text, *moments.get(name, nothing)) for name, revision, at, text in batch.created]
        moved = [(name, base, revision, at, known.get(name), *moments.get(name, nothing)) for revision, at, name, base in batch.moved]
        self._add(sql.CREATE_CUSTOMERS, created)
        self._add(sql.MOVE_CUSTOMER if len(moved) == 1 else sql.MOVE_CUSTOMERS, moved)
        self._demand("created", len(created))
        self._demand("moved", len(moved))

    def _enrollments(self) -> None:
        self._add(sql.WRITE_ENROLLMENTS, [*self.batch.enrollments, *self.batch.entered])
        self._add(sql.DELETE_ENROLLMENTS, self.batch.removed)

    def _log(self) -> None:
        mailed = set(self.batch.started)
        started = [row for row in self.events if row[:2] in mailed] if mailed else []
        others = [row for row in self.events if row[:2] not in mailed] if mailed else self.events
        self._add(sql.WRITE_EVENTS, others)
        self._add(sql.WRITE_STARTED, started)
        self._demand("logged", len(others))
        self._demand("started", len(started))
        logged = {row[:2] for row in self.events}
        mail = [row for row in unique_mail(self.batch.mail) if row[:2] not in logged]
        if mail and logged:
            self._arguments += [texts(values) for values in zip(*sorted(logged), strict=True)]
        self._add(sql.SEND_MAIL_BUT if logged else sql.SEND_MAIL, mail)

    def _quotas(self) -> None:
        taken = [(name, count, most) for name, (count, most) in self.batch.quotas.items()]
        self._add(sql.TAKE_QUOTAS, taken)
        self._demand("taken", len(taken))

    def _waits(self) -> None:
        """What an enrollment waited for and does so no more goes, what it waits for already stays as it was."""
        waits = self.batch.waits
        if not waits:
            return
        new = [
            (event, name, entered_at, customer_id, journey, key, since)
            for customer_id, journey, key, entered_at, waited in waits
            for event, name, since in waited
        ]
        self._add(sql.FORGET_WAITS, [row[:3] for row in waits])
        columns = list(zip(*new, strict=True)) or [()] * 7
        self._arguments += [numbers(values) if place == 2 else texts(values) for place, values in enumerate(columns[:6])]
        self._add(sql.WRITE_WAITS, new)


@cache
def _statement(parts: tuple[str, ...], counts: tuple[str, ...], notify: str) -> bytes:
    demand = sql.DEMAND.format(counts=" and ".join([sql.COUNT.format(part=part) for part in counts]))
    return statement(f"with {', '.join(parts)} {demand}{notify}")


def write(connections: Connections, batch: Batch) -> None:
    """
    Write *batch* in one transaction, or nothing.

    Raises:
        ConflictError: somebody else was first, or holds one of several customers.
        QuotaError: too much is taken.
    """
    if not batch.bases:
        return
    notify = (sql.NOTIFY_SURELY if connections.hosts else sql.NOTIFY) if _due_soon(batch) else ""
    short = plain.writing(batch, notify)
    if short is not None:
        _write_plain(connections, batch, short)
        return
    writing = Writing(batch, connections.hosts)
    try:
        with connections.transaction(single=not writing.copies and len(batch.bases) == 1) as cursor:
            put(cursor, writing)
    except Refused:
        raise reason(connections, batch) from None


def _write_plain(connections: Connections, batch: Batch, short: plain.Written) -> None:
    try:
        with connections.transaction(single=True) as cursor:
            run(cursor, *short)
    except Refused:
        raise reason(connections, batch) from None


def put(cursor: Cursor, writing: Writing) -> None:
    """
    Write it in the transaction that is open.

    Raises:
        Refused: a count is not as it must be; the transaction is over, and `reason` says why.
    """
    cursor.execute(writing.statement, writing.arguments)
    if writing.copies:
        _copy(cursor, sql.COPY_HISTORY, writing.batch.history)
        _copy(cursor, sql.COPY_MESSAGES, writing.batch.outbox)


def unique_mail(rows: Iterable[Row]) -> list[Row]:
    """The rows of `rows.mail_row`, as a statement takes them: of each id the first."""
    return [row[:7] for row in _first(rows, 2)]


def _first(rows: Iterable[Row], length: int) -> list[Row]:
    """Of the rows with the same first *length* columns the first one."""
    first: dict[Row, Row] = {}
    for row in rows:
        first.setdefault(row[:length], row)
    return list(first.values())


def _copy(cursor: Cursor, statement: str, rows: Sequence[Row]) -> None:
    if rows:
        with cursor.copy(statement) as copy:
            copy.write(copied(rows))


def _once(rows: Sequence[Row]) -> list[Row]:
    """The last row of each event: one that was parked may be decided in the same batch, but nothing follows a decision."""
    last: dict[Row, Row] = {}
    for row in rows:
        known = last.get(row[:2])
        if known is not None and known[8] == "decided":
            raise ConflictError([row[0]])
        last[row[:2]] = row
    return list(last.values())


def _due_soon(batch: Batch) -> bool:
    """Whether there is something to do for a worker that sleeps."""
    if batch.outbox or batch.mail or batch.waits:
        return True
    soon = max([row[2] for row in batch.created] + [row[1] for row in batch.moved]) + SOON
    dues = [row[11] for rows in (batch.entered, batch.enrollments) for row in rows] + [due for _, due, _ in batch.moments]
    return any(due is not None and due < soon for due in dues)


def reason(connections: Connections, batch: Batch) -> StorageError:
    """Why a batch was not written: who was decided for by somebody else or is held, none where that has become unclear; or a quota."""
    asked = [(name,) for name in batch.bases]
    events = [row[:2] for row in batch.events]
    with connections.transaction() as cursor:
        revisions = dict(sql.REVISIONS.run(cursor, asked).fetchall())
        decided = set(sql.FIND_DECIDED.run(cursor, events)) if events else set()
        taken = dict(cursor.execute(sql.SELECT_QUOTAS, (texts(batch.quotas),)).fetchall()) if batch.quotas else {}
    culprits = [name for name, base in batch.bases.items() if base != revisions.get(name, 0) or (name,) in decided]
    left = {name: max(0, most - taken.get(name, 0)) for name, (_, most) in batch.quotas.items() if most is not None}
    if not culprits and any(name in left and count > left[name] for name, (count, _) in batch.quotas.items()):
        return QuotaError(left)
    return ConflictError(culprits)
