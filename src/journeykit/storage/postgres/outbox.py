"""Claiming and settling messages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import itemgetter

from journeykit.model.records import Claimed, Settlement
from journeykit.storage.claimed import CUSTOMER, HOUSEHOLD, SentTo, values
from journeykit.storage.postgres import statements as sql
from journeykit.storage.postgres.arguments import number, texts
from journeykit.storage.postgres.connections import Connections, Cursor
from journeykit.storage.rows import Row, dumps, loads, mail_row, message


def claim(connections: Connections, now: int, limit: int, lease: int, token: str, since: int | None, but: Collection[str]) -> list[Claimed]:
    """Take up to *limit* open messages due at *now* or before, the longest due first, until now + *lease*."""
    leased = (token, number(now + lease), number(now))
    chosen = (*leased, number(limit), texts(but))
    if since is None:
        with connections.transaction(single=True) as cursor:
            return _claimed(_leased(cursor, sql.CLAIM, chosen), token, SentTo((), set()))
    with connections.transaction() as cursor:
        cursor.execute(sql.CLAIM_ALONE)
        rows = _leased(cursor, sql.CLAIM, chosen)
        if rows and not rows[0][0]:  # a message whose lease ran out comes alone
            rows += _leased(cursor, sql.CLAIM_HOUSEMATES, (*leased, texts(values(rows, HOUSEHOLD))))
            rows += _leased(cursor, sql.CLAIM_COMPANIONS, (*leased, texts(values(rows, CUSTOMER))))
        customers, households = values(rows, CUSTOMER), values(rows, HOUSEHOLD)
        others = _sent(cursor, sql.READ_SENT, customers, now, since) + _sent(cursor, sql.READ_SENT_TO_HOUSEHOLDS, households, now, since)
    return _claimed(rows, token, SentTo(others, {row[1] for row in rows}))


def _leased(cursor: Cursor, statement: str, arguments: Sequence[str | None]) -> list[Row]:
    """(whether its lease ran out, id, attempts, the message's fields, begun) in order."""
    return [row[1:] for row in sorted(cursor.execute(statement, arguments).fetchall(), key=itemgetter(0))]


def _claimed(rows: Sequence[Row], token: str, sent: SentTo) -> list[Claimed]:
    return [Claimed(row[1], message(row[3:]), row[2], token, sent.seen_by(row), row[-1] is not None) for row in rows]


def _sent(cursor: Cursor, statement: str, of: Sequence[str], now: int, since: int) -> list[Row]:
    """(customer, household, id, action, topic, when) of what a frequency cap counts."""
    if not of:
        return []
    found: list[Row] = []
    for customer_id, household, place, action, parameters, at in cursor.execute(statement, (texts(of), number(now), number(since))):
        topic = loads(parameters).get("topic")
        found.append((customer_id, household, place, action, topic if isinstance(topic, str) else None, at))
    return found


def settle(connections: Connections, settlements: Sequence[Settlement]) -> list[bool]:
    """Record how attempts ended, and their answers; False for each whose lease was taken over."""
    first: dict[Row, int] = {}  # only the first of the same message under the same token finds the lease
    for place, one in enumerate(settlements):
        first.setdefault((one.id, one.token), place)
    rows = [_row(settlements[place]) for _, place in sorted(first.items())]
    mails = {name: _mail(settlements[place]) for name, place in first.items() if settlements[place].mail}
    with connections.transaction(single=not mails) as cursor:
        written = set(sql.SETTLE.run(cursor, rows))
        send(cursor, [row for name, many in mails.items() if name in written for row in many], connections.hosts)
    return [first[one.id, one.token] == place and (one.id, one.token) in written for place, one in enumerate(settlements)]


def _mail(one: Settlement) -> list[Row]:
    return [mail_row(mail.event, mail.accepted_at) for mail in one.mail]


def _row(one: Settlement) -> Row:
    answered = None if one.answered is None else dumps(one.answered)
    return one.id, one.token, one.state, one.reason, one.due_at, not one.attempted, one.undone, answered


def send(cursor: Cursor, rows: Sequence[Row], surely: bool) -> set[int]:
    """
    Put the rows of `rows.mail_row` into their mailboxes, and wake who sleeps; *surely* also who does not yet.

    Returns:
        The places, counted from 1, of those that were not known.
    """
    if not rows:
        return set()
    mail = [row[:7] for row in rows]
    return {row[0] for row in (sql.ACCEPT_SURELY if surely else sql.ACCEPT).run(cursor, mail)}
