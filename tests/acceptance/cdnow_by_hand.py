"""The numbers of CDNOW's reviews, worked out of the file of purchases with nothing of journeykit: plain Python, one function a number."""

from __future__ import annotations

import gzip
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

MASTER = Path(__file__).parents[2] / "examples" / "cdnow" / "CDNOW_master.txt.gz"
NOON = time(12, tzinfo=UTC)
LOST_AFTER = timedelta(days=90)
STAGES = ("purchase", "retention", "slipping", "gone")
SILENCES = (("at risk", 90, "slipping"), ("lapsed", 150, "slipping"), ("win-back", 180, "slipping"), ("lost", 270, "gone"))


def purchases(every=1):
    """Each customer's purchases, (moment, cents), in the order of days; of those whose number can be divided by *every*."""
    found = defaultdict(list)
    with gzip.open(MASTER, "rt") as lines:
        next(lines)
        for line in lines:
            customer, day, _, dollars = line.split()
            at = datetime.combine(datetime.strptime(day, "%Y%m%d").date(), NOON)
            found[customer].append((at, round(float(dollars) * 100)))
    return {customer: sorted(bought, key=lambda one: one[0]) for customer, bought in found.items() if int(customer) % every == 0}


def months(first, last):
    """The months from *first* to *last*, ``(begin, end)`` each, end not included."""
    begins = [date(number // 12, number % 12 + 1, 1) for number in range(first[0] * 12 + first[1] - 1, last[0] * 12 + last[1] + 1)]
    return [tuple(datetime.combine(day, time(0, tzinfo=UTC)) for day in pair) for pair in pairwise(begins)]


def quarters(first, last):
    """Three months each; *first* and *last* are the first months of the first and of the last one."""
    begins = months(first, (last[0], last[1] + 2))
    return [(begins[place][0], begins[place + 2][1]) for place in range(0, len(begins), 3)]


def average_order_value(shop, begin, end):
    """Cents of all orders of the period, divided by their number; both as well."""
    orders = [cents for bought in shop.values() for at, cents in bought if begin <= at < end]
    return sum(orders) / len(orders), sum(orders), len(orders)


def customer_lifetime_value(shop, begin, end):
    """Cents of all orders until the end, divided by the customers who made them."""
    spent = [sum(cents for at, cents in bought if at < end) for bought in shop.values() if bought[0][0] < end]
    return sum(spent) / len(spent), sum(spent), len(spent)


def time_between_purchases(shop, begin, end):
    """Seconds between two days with an order, of the days in the period that are not the customer's first."""
    gaps = []
    for bought in shop.values():
        days = sorted({at.date() for at, _ in bought})
        gaps += [(day - before).days for before, day in pairwise(days) if begin.date() <= day < end.date()]
    return sum(gaps) * 86_400 / len(gaps), sum(gaps) * 86_400, len(gaps)


def churn_rate(shop, begin, end):
    """Of those who had ordered in the ninety days before the period those who had not in the ninety days before its end."""

    def active(bought, moment):
        return any(at < moment <= at + LOST_AFTER for at, _ in bought)

    there = [bought for bought in shop.values() if active(bought, begin)]
    lost = sum(not active(bought, end) for bought in there)
    return lost / len(there), lost, len(there)


def stays(bought, until):
    """The stages that a customer is in, ``(stage, since, ended step or None)``, up to *until*: what orders and silences make of them."""
    found = []
    for number, (at, _) in enumerate(bought):
        before = bought[number - 1][0] if number else at
        behind = bought[number + 1][0] if number + 1 < len(bought) else until
        regained = at - before > LOST_AFTER
        found.append(("purchase" if not number else "retention", at))
        assert not regained or number
        found += [(stage, at + timedelta(days=days)) for _, days, stage in SILENCES if behind - at > timedelta(days=days)]
    return found


def standing(shop, moment):
    """How many stand in each stage at *moment*; who moves in that very moment has not yet."""
    found = Counter()
    for bought in shop.values():
        been = [stage for stage, since in stays(bought, datetime(1998, 7, 1, tzinfo=UTC)) if since < moment]
        if been:
            found[been[-1]] += 1
    return {stage: found[stage] for stage in STAGES}


def arrivals(shop, begin, end):
    """How often somebody came into each stage from another, or into the journey, in the period."""
    found = Counter()
    for bought in shop.values():
        before = None
        for stage, since in stays(bought, datetime(1998, 7, 1, tzinfo=UTC)):
            if stage != before and begin <= since < end:
                found[stage] += 1
            before = stage
    return {stage: found[stage] for stage in STAGES}


def steps(bought, until):
    """The steps that a customer is in, ``(step, since)``, up to *until*."""
    found = []
    for number, (at, _) in enumerate(bought):
        before = bought[number - 1][0] if number else at
        behind = bought[number + 1][0] if number + 1 < len(bought) else until
        bought_as = (
            "first purchase" if not number else "regained" if at - before > LOST_AFTER else "second purchase" if number == 1 else "loyal"
        )
        found.append((bought_as, at))
        if not number and behind - at > timedelta(days=1):
            found.append(("welcomed", at + timedelta(days=1)))
        found += [(step, at + timedelta(days=days)) for step, days, _ in SILENCES if behind - at > timedelta(days=days)]
    return found


def moves(shop, begin, end):
    """From which step how many went where in the period."""
    found = defaultdict(Counter)
    for bought in shop.values():
        been = steps(bought, datetime(1998, 7, 1, tzinfo=UTC))
        for (source, _), (target, at) in pairwise(been):
            if begin <= at < end:
                found[source][target] += 1
    return found


def lost(shop, begin, end):
    """Those who fell silent in the period, by the step in which they stood at its end."""
    found = Counter()
    for bought in shop.values():
        last = max((at for at, _ in bought if at < end), default=None)
        if last is not None and begin <= last + LOST_AFTER < end:
            found[[step for step, since in steps(bought, datetime(1998, 7, 1, tzinfo=UTC)) if since < end][-1]] += 1
    return found
