"""The timer that knows when people are paid."""

from __future__ import annotations

from datetime import date, datetime, timedelta


def payday(anchor: datetime, /, day: int | None = 25) -> date | None:
    """
    The next pay day after *anchor*: a day of the month, or the Friday before where it falls on a weekend.

    A journey waits with ``wait: until extras.payday(customer.pay_day or 25) at 09:00, exit if missing, now if past``.

    Args:
        anchor: when the wait began, as the customer's clocks show it.
        day: the day of the month, from 1 to 28; None where nobody knows.
    """
    if day is None or not 1 <= day <= 28:
        return None
    month = anchor.date().replace(day=1)
    while (found := _friday_at_the_latest(month.replace(day=day))) <= anchor.date():
        month = (month + timedelta(days=31)).replace(day=1)
    return found


def _friday_at_the_latest(at: date) -> date:
    return at - timedelta(days=max(0, at.weekday() - 4))
