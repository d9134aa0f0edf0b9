"""
What customers did with the shop, one row for each thing rather than for each event: orders, carts, mails, requests for help.

Each table says ``occurred_at`` for the moment by which it belongs to a period, and tells things as they stand when the record ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from journeykit.insight.settings.settings import Settings
from journeykit.insight.tables.days import DAY
from journeykit.insight.tables.lake import Lake
from journeykit.insight.tables.quoting import quoted
from journeykit.insight.tables.raw import Column, Table
from journeykit.model.records import NEVER

CART_DAYS = 7  #: how long after the last product an order still belongs to the cart
CHECKOUT_DAYS = 1  #: how long after its begin an order still belongs to the checkout

MONTHS = Table(
    "months",
    "The month of a day.",
    (
        Column("day", "whole", "whole days since 1970"),
        Column("month", "text", "``2026-03``"),
        Column("number", "whole", "months since the year 0"),
    ),
    key=("day",),
)

#: an order told twice is one; refunds never take off more than it came to
_ORDERS = """
    create table orders as
    select customer, order_key, occurred_at, day, seq, cart_id, cancelled, foreign_money,
        case when foreign_money = 0 then amount end as amount,
        case when foreign_money = 0 then case when whole = 1 or refunded >= amount then 0 else amount - refunded end end as net
    from (
        select customer, order_key,
            min(case when name = 'Order Completed' then occurred_at end) as occurred_at,
            min(case when name = 'Order Completed' then day end) as day,
            min(case when name = 'Order Completed' then seq end) as seq,
            min(case when name = 'Order Completed' then cart_id end) as cart_id,
            max(case when name = 'Order Cancelled' then 1 else 0 end) as cancelled,
            coalesce(sum(case when name = 'Order Refunded' then amount end), 0) as refunded,
            max(case when name = 'Order Refunded' and amount is null then 1 else 0 end) as whole,
            max(case when back = 1 and told = 1 then amount end) as amount,
            max(case when back = 1 and told = 1 and coalesce(currency, {currency}) <> {currency} then 1 else 0 end) as foreign_money
        from (
            select t.*, row_number() over (partition by customer, order_key order by told desc, occurred_at desc, seq desc, id desc) as back
            from (
                select customer, coalesce('order ' || order_id, 'event ' || id) as order_key, id, seq, occurred_at, day, name, cart_id, amount, currency,
                    case when name in ('Order Completed', 'Order Updated') and amount is not null then 1 else 0 end as told
                from happenings where name in ('Order Completed', 'Order Updated', 'Order Refunded', 'Order Cancelled')) as t) as lines
        group by customer, order_key
        having min(case when name = 'Order Completed' then occurred_at end) is not null) as o"""

#: days on which a customer ordered; cohorts are the months of first days
_PURCHASES = """
    create table purchases as
    select b.customer, b.occurred_at, b.day, b.purchase, b.day_before, m.month, m.number as month_number, f.month as cohort, f.number as cohort_number
    from (
        select customer, day, occurred_at, row_number() over way as purchase, lag(day) over way as day_before, min(day) over (partition by customer) as first_day
        from (select customer, day, min(occurred_at) as occurred_at from orders where cancelled = 0 group by customer, day) as d
        window way as (partition by customer order by day)) as b
    join months m on m.day = b.day
    join months f on f.day = b.first_day"""

#: something begun by one event, and begun anew after an order or a long silence; whether an order followed in time
_BEGUN = """
    create table {table} as
    select customer, occurred_at, case when ordered_at - last_at <= {window} then 1 else 0 end as bought
    from (
        select customer, thing, turn, min(case when what = 0 then occurred_at end) as occurred_at, max(case when what = 0 then occurred_at end) as last_at,
            min(case when what = 1 then occurred_at end) as ordered_at
        from (
            select c.*, sum(case when what = 0 and (what_before is null or what_before = 1 or occurred_at - before > {window}) then 1 else 0 end)
                over (partition by customer, thing order by occurred_at, seq, id rows between unbounded preceding and current row) as turn
            from (
                select t.*, lag(what) over way as what_before, lag(occurred_at) over way as before
                from (
                    select customer, {thing} as thing, id, seq, occurred_at, case when name = 'Order Completed' then 1 else 0 end as what
                    from happenings where name in ({begin}, 'Order Completed')) as t
                window way as (partition by customer, thing order by occurred_at, seq, id)) as c) as turns
        where turn > 0
        group by customer, thing, turn) as begun
    where ordered_at is not null or last_at + {window} < {last}"""

_SIGNUPS = """
    create table signups as
    select customer, min(occurred_at) as occurred_at from happenings where name = 'Newsletter Signed Up' group by customer"""

#: stretches in which a customer was never silent for longer than the settings say; they are active until that long after the last thing
_ACTIVE = """
    create table active as
    select customer, occurred_at, last_at as moment, last_at + {churn} as until
    from (
        select customer, turn, min(first_at) as occurred_at, max(last_at) as last_at
        from (
            select g.*, sum(case when before is null or first_at - before > {churn} then 1 else 0 end)
                over (partition by customer order by day rows between unbounded preceding and current row) as turn
            from (
                select d.*, lag(last_at) over (partition by customer order by day) as before
                from (
                    select customer, day, min(occurred_at) as first_at, max(occurred_at) as last_at
                    from happenings where name not in ({passive}) group by customer, day) as d) as g) as turns
        group by customer, turn) as stretches"""

#: what is done to customers rather than by them
PASSIVE = (
    "Email Delivered", "Email Bounced", "Social Post Seen", "Ticket Answered", "Ticket Resolved", "Order Refunded", "Order Cancelled", "Order Updated",
)  # fmt: skip

_SUBSCRIPTIONS = """
    create table subscriptions as
    select customer, case when what = 0 then 0 - {never} else since end as occurred_at, case when what = 0 then since else until end as until,
        case when what = 0 then since when until < {last} then until else {last} end as moment
    from (
        select customer, what, occurred_at as since, coalesce(lead(occurred_at) over way, {never}) as until, row_number() over way as turn
        from (
            select t.*, lag(what) over (partition by customer order by occurred_at, seq, id) as before
            from (
                select customer, id, seq, occurred_at, case when name = 'Subscription Started' then 1 else 0 end as what
                from happenings where name in ('Subscription Started', 'Subscription Cancelled')) as t) as changes
        where before is null or before <> what
        window way as (partition by customer order by occurred_at, seq, id)) as turns
    where what = 1 or turn = 1"""

_MAILS = """
    create table mails as
    select customer, mail, occurred_at, opened, clicked from (
        select customer, coalesce('mail ' || message, 'campaign ' || campaign, 'day ' || day) as mail,
            min(case when name = 'Email Delivered' then occurred_at end) as occurred_at,
            max(case when name in ('Email Opened', 'Email Link Clicked') then 1 else 0 end) as opened,
            max(case when name = 'Email Link Clicked' then 1 else 0 end) as clicked,
            max(case when name = 'Email Bounced' then 1 else 0 end) as bounced
        from happenings where name in ('Email Delivered', 'Email Opened', 'Email Link Clicked', 'Email Bounced')
        group by customer, coalesce('mail ' || message, 'campaign ' || campaign, 'day ' || day)) as m
    where occurred_at is not null and bounced = 0"""

_HELP = """
    create table help as
    select customer, coalesce('ticket ' || ticket, 'event ' || id) as ticket_key,
        min(case when name = 'Ticket Opened' then occurred_at end) as opened_at,
        max(case when name = 'Ticket Resolved' then occurred_at end) as resolved_at,
        max(case when name = 'Ticket Reopened' then occurred_at end) as reopened_at,
        sum(case when name = 'Ticket Answered' then 1 else 0 end) as answers,
        max(case when name = 'Ticket Reopened' then 1 else 0 end) as reopened
    from happenings where name in ('Ticket Opened', 'Ticket Answered', 'Ticket Resolved', 'Ticket Reopened')
    group by customer, coalesce('ticket ' || ticket, 'event ' || id)"""

_TICKETS = "create table tickets as select customer, opened_at as occurred_at from help where opened_at is not null"

_RESOLVED = """
    create table resolved as
    select customer, resolved_at as occurred_at, opened_at, answers, reopened
    from help where resolved_at is not null and (reopened_at is null or reopened_at <= resolved_at)"""

_SESSIONS = """
    create table sessions as
    select customer, session, min(occurred_at) as occurred_at, max(occurred_at) as until
    from happenings where session is not null group by customer, session"""


def deal(lake: Lake, settings: Settings) -> None:
    """Make the tables of this module in *lake*, which has ``happenings``."""
    last = lake.query("select coalesce(max(occurred_at), 0) from happenings")[0][0]
    lake.run(_ORDERS.format(currency=quoted(_currency(lake, settings))))
    lake.fill(MONTHS, [(day, *month(day)) for (day,) in lake.query("select distinct day from orders order by day")])
    lake.run(_PURCHASES)
    told = bool(lake.query("select 1 from happenings where name = 'Order Completed' and cart_id is not null limit 1"))
    words: Mapping[str, object] = {
        "churn": round(settings.churn * DAY),
        "never": NEVER,
        "last": last,
        "passive": ", ".join(map(quoted, PASSIVE)),
    }
    lake.run(
        _BEGUN.format(
            table="carts", thing="coalesce(cart_id, '')" if told else "''", begin="'Product Added'", window=CART_DAYS * DAY, last=last
        )
    )
    lake.run(_BEGUN.format(table="checkouts", thing="''", begin="'Checkout Started'", window=CHECKOUT_DAYS * DAY, last=last))
    for statement in (_SIGNUPS, _ACTIVE, _SUBSCRIPTIONS, _MAILS, _HELP, _TICKETS, _RESOLVED, _SESSIONS):
        lake.run(statement.format(**words))


def _currency(lake: Lake, settings: Settings) -> str:
    """The currency that amounts are counted in: that of the settings, else that of the first order that has one."""
    if settings.currency is not None:
        return settings.currency.upper()
    first = (
        "select currency from happenings where name = 'Order Completed' and currency is not null order by occurred_at, customer, id limit 1"
    )
    found = lake.query(first)
    return str(found[0][0]) if found else ""


def month(day: int) -> tuple[str, int]:
    """The month of a day (whole days since 1970): its name, ``2026-03``, and how many months after the year 0 it is."""
    found = date(1970, 1, 1) + timedelta(days=day)
    return f"{found.year:04}-{found.month:02}", found.year * 12 + found.month - 1
