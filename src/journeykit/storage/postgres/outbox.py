"""Claiming and settling messages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import itemgetter

from journeykit.model.records import Claimed, Settlement
from journeykit.storage.claims import CUSTOMER, HOUSEHOLD, SentTo, addressed
from journeykit.storage.postgres import statements as sql
from journeykit.storage.postgres.arguments import number, texts
from journeykit.storage.postgres.connections import Connections, Cursor
from journeykit.storage.postgres.writing import unique_mail
from journeykit.storage.rows import Row, dumps, loads, mail_row, message


def claim(connections: Connections, now: int, limit: int, lease: int, token: str, since: int | None, but: Collection[str]) -> list[Claimed]:
    """Take up to *limit* open messages due at *now* or before, the longest due first, until now + *lease*."""
    until = (token, number(now + lease), number(now))
    others: list[Row] = []
    with connections.transaction(single=since is None) as cursor:
        if since is not None:
            cursor.execute(sql.CLAIM_ALONE)
        rows = _leased(cursor, sql.CLAIM, (*until, number(limit), texts(but)))
        if since is not None and rows:
            if not rows[0][0]:  # a message whose lease ran out comes alone
                rows += _companions(cursor, sql.CLAIM_HOUSEMATES, until, addressed(rows, HOUSEHOLD))
                rows += _companions(cursor, sql.CLAIM_COMPANIONS, until, addressed(rows, CUSTOMER))
            others = _others(cursor, sql.READ_SENT, addressed(rows, CUSTOMER), now, since)
            others += _others(cursor, sql.READ_SENT_TO_HOUSEHOLDS, addressed(rows, HOUSEHOLD), now, since)
    sent = SentTo(others, {row[1] for row in rows})
    return [Claimed(row[1], message(row[3:]), row[2], token, sent.seen_by(row), row[-1] is not None) for row in rows]


def _leased(cursor: Cursor, statement: str, arguments: Sequence[str | None]) -> list[Row]:
    """(whether its lease ran out, id, attempts, the message's fields, begun) in order."""
    return [row[1:] for row in sorted(cursor.execute(statement, arguments).fetchall(), key=itemgetter(0))]


def _companions(cursor: Cursor, statement: str, until: Sequence[str | None], names: Sequence[str]) -> list[Row]:
    """What else is due to customers or households of these *names*."""
    return _leased(cursor, statement, (*until, texts(names))) if names else []


def _others(cursor: Cursor, statement: str, names: Sequence[str], now: int, since: int) -> list[Row]:
    """What a frequency cap counts of customers or households: customer, household, and the fields of a `Sent`."""
    found = cursor.execute(statement, (texts(names), number(now), number(since))).fetchall() if names else []
    return [(*row[:4], _topic(row[4]), row[5]) for row in sorted(found, key=itemgetter(2))]


def _topic(parameters: str) -> str | None:
    topic = loads(parameters).get("topic")
    return topic if isinstance(topic, str) else None


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


def tell(cursor: Cursor, surely: bool) -> None:
    """Wake who sleeps; *surely* also who does not yet."""
    cursor.execute(f"select {sql.NOTIFY_SURELY if surely else sql.NOTIFY}")


def send(cursor: Cursor, rows: Sequence[Row], surely: bool) -> set[Row]:
    """
    Put the rows of `rows.mail_row` into their mailboxes, and wake who sleeps; *surely* also who does not yet.

    Returns:
        Customer and id of those that were not known.
    """
    mail = unique_mail(rows)
    if not mail:
        return set()
    one, many = (sql.ACCEPT_ONE_SURELY, sql.ACCEPT_SURELY) if surely else (sql.ACCEPT_ONE, sql.ACCEPT)
    return {mail[place - 1][:2] for place, _ in (one if len(mail) == 1 else many).run(cursor, mail)}
