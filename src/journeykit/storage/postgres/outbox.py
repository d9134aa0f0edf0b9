"""Claiming and settling messages."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.model.records import Claimed, Sent, Settlement
from journeykit.storage.postgres import statements as sql
from journeykit.storage.postgres.arguments import numbers, texts
from journeykit.storage.postgres.connections import Connections, Cursor
from journeykit.storage.postgres.writing import unique_mail
from journeykit.storage.rows import Row, dumps, loads, mail_row, message


def claim(connections: Connections, now: int, limit: int, lease: int, token: str, since: int | None) -> list[Claimed]:
    """Take up to *limit* open messages due at *now* or before, the longest due first, until now + *lease*."""
    given = {"now": now, "limit": limit, "until": now + lease, "token": token}
    if since is None:
        with connections.transaction(single=True) as cursor:
            return [_claimed(row, token, {}) for row in sorted(cursor.execute(sql.CLAIM, given).fetchall(), key=_due)]
    with connections.transaction() as cursor:
        cursor.execute(sql.CLAIM_ALONE)
        rows = sorted(cursor.execute(sql.CLAIM, given).fetchall(), key=_due)
        customers = list(dict.fromkeys(row[4] for row in rows if row[13] == "marketing"))
        if not customers:
            return [_claimed(row, token, {}) for row in rows]
        given["customers"] = texts(customers)
        if not rows[0][0]:
            rows += sorted(cursor.execute(sql.CLAIM_COMPANIONS, given).fetchall(), key=lambda row: row[:3])
        sent = _sent(cursor, {**given, "since": since}, rows)
        return [_claimed(row, token, sent) for row in rows]


def _due(row: Row) -> Row:
    return row[1:3]


def _claimed(row: Row, token: str, sent: dict[str, tuple[Sent, ...]]) -> Claimed:
    """The claim of (anything, due, id, attempts, the message's fields, begun)."""
    return Claimed(row[2], message(row[4:]), row[3], token, sent.get(row[4], ()), row[-1] is not None)


def _sent(cursor: Cursor, given: dict[str, object], rows: Sequence[Row]) -> dict[str, tuple[Sent, ...]]:
    """What a frequency cap counts, by customer."""
    given["but"] = numbers(row[2] for row in rows)
    found: dict[str, tuple[Sent, ...]] = {}
    for customer_id, number, action, parameters, at in cursor.execute(sql.READ_SENT, given):
        topic = loads(parameters).get("topic")
        found[customer_id] = (*found.get(customer_id, ()), Sent(number, action, topic if isinstance(topic, str) else None, at))
    return found


def settle(connections: Connections, settlements: Sequence[Settlement]) -> list[bool]:
    """Record how attempts ended, and their answers; False for each whose lease was taken over."""
    first: dict[Row, int] = {}  # only the first of the same message under the same token finds the lease
    for place, one in enumerate(settlements):
        first.setdefault((one.id, one.token), place)
    rows = [_row(settlements[place]) for _, place in sorted(first.items())]
    mails = {name: _mail(settlements[place]) for name, place in first.items() if settlements[place].mail}
    with connections.transaction(single=not mails) as cursor:
        written = set(cursor.execute(sql.SETTLE.replace("{v}", sql.SETTLED.text(rows)), sql.SETTLED.arguments(rows)).fetchall())
        send(cursor, [row for name, many in mails.items() if name in written for row in many])
    return [first[one.id, one.token] == place and (one.id, one.token) in written for place, one in enumerate(settlements)]


def _mail(one: Settlement) -> list[Row]:
    return [mail_row(mail.event, mail.accepted_at) for mail in one.mail]


def _row(one: Settlement) -> Row:
    answered = None if one.answered is None else dumps(one.answered)
    return one.id, one.token, one.state, one.reason, one.due_at, not one.attempted, one.undone, answered


def send(cursor: Cursor, rows: Sequence[Row]) -> set[Row]:
    """Put the rows of `rows.mail_row` into their mailboxes; return customer and id of those that were not known."""
    mail = unique_mail(rows)
    if not mail:
        return set()
    statement = sql.ACCEPT_ONE if len(mail) == 1 else sql.ACCEPT
    found = cursor.execute(statement.replace("{v}", sql.MAIL.text(mail)), sql.MAIL.arguments(mail))
    return {row[:2] for row in found}
