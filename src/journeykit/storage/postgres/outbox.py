"""Claiming and settling messages."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from journeykit.model.records import Claimed, Sent, Settlement
from journeykit.storage.postgres import statements as sql
from journeykit.storage.postgres.arguments import number, numbers, texts
from journeykit.storage.postgres.connections import Connections, Cursor
from journeykit.storage.postgres.writing import unique_mail
from journeykit.storage.rows import Row, dumps, loads, mail_row, message

NOBODY = texts(())


def claim(connections: Connections, now: int, limit: int, lease: int, token: str, since: int | None) -> list[Claimed]:
    """Take up to *limit* open messages due at *now* or before, the longest due first, until now + *lease*."""
    lease_until = (token, number(now + lease), number(now))
    if since is None:
        with connections.transaction(single=True) as cursor:
            return _claimed(_leased(cursor, sql.CLAIM, (*lease_until, number(limit))), token, {})
    with connections.transaction() as cursor:
        cursor.execute(sql.CLAIM_ALONE)
        rows = _leased(cursor, sql.CLAIM, (*lease_until, number(limit)))
        customers = texts(dict.fromkeys(row[4] for row in rows if row[13] == "marketing"))
        if customers == NOBODY:
            return _claimed(rows, token, {})
        if not rows[0][1]:  # a message whose lease ran out comes alone
            rows += _leased(cursor, sql.CLAIM_COMPANIONS, (*lease_until, customers))
        return _claimed(rows, token, _sent(cursor, customers, rows, now, since))


def _leased(cursor: Cursor, statement: str, arguments: Sequence[str | None]) -> list[Row]:
    """(place, whether its lease ran out, id, attempts, the message's fields, begun) in order."""
    return sorted(cursor.execute(statement, arguments).fetchall(), key=itemgetter(0))


def _claimed(rows: Sequence[Row], token: str, sent: dict[str, tuple[Sent, ...]]) -> list[Claimed]:
    return [Claimed(row[2], message(row[4:]), row[3], token, sent.get(row[4], ()), row[-1] is not None) for row in rows]


def _sent(cursor: Cursor, customers: str, rows: Sequence[Row], now: int, since: int) -> dict[str, tuple[Sent, ...]]:
    """What a frequency cap counts, by customer."""
    found: dict[str, tuple[Sent, ...]] = {}
    mine = numbers(row[2] for row in rows)
    for customer_id, place, action, parameters, at in cursor.execute(sql.READ_SENT, (customers, mine, number(now), number(since))):
        topic = loads(parameters).get("topic")
        found[customer_id] = (*found.get(customer_id, ()), Sent(place, action, topic if isinstance(topic, str) else None, at))
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
