"""
The figures of the demo, computed straight from the purchase dates, with nothing of journeykit.

The rules, in prose. A purchase has a date and no time of day; it is taken to happen at 12:00 UTC. Several purchases of one
customer on one day happen in the order of the file. Nothing is looked at after 1998-07-01 00:00 UTC.

What a purchase makes of a customer depends on its number and on the silence before it alone:

- the first purchase makes a newcomer ("first purchase");
- a purchase after a silence of more than 90 days makes "regained", whichever number it has;
- any other second purchase makes "second purchase", any other later one "loyal".

What a silence makes of a customer, counted from their last purchase, once it is longer than:

- 1 day, after the first purchase only: "welcomed"; 90 days: "at risk"; 150: "lapsed"; 180: "win-back"; 270: "lost".

Longer means longer: a purchase exactly 90 days after the last one is in time. So a customer's life is a chain of steps.
Each step but "lost" has one timer that leads to the next silence; a purchase before it is over cancels it (unless lost).

Messages: "welcome" on becoming welcomed, "thanks" on a second purchase, "club" on becoming loyal for the first time,
"welcome_back" on regained, "miss_you" on at risk, "voucher" on win-back (20 percent for who has spent 100 dollars or more so
far, 10 for others), "goodbye" on lost.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

MASTER = Path(__file__).with_name("CDNOW_master.txt.gz")
END = datetime(1998, 7, 1, tzinfo=UTC)
SILENCES = {"welcomed": 1, "at risk": 90, "lapsed": 150, "win-back": 180, "lost": 270}
TIMER = {
    "first purchase": "1 day",
    "welcomed": "89 days",
    "second purchase": "90 days",
    "loyal": "90 days",
    "regained": "90 days",
    "at risk": "60 days",
    "lapsed": "30 days",
    "win-back": "90 days",
}
STAGE = {
    "first purchase": "purchase",
    "welcomed": "purchase",
    "second purchase": "retention",
    "loyal": "retention",
    "regained": "retention",
    "at risk": "slipping",
    "lapsed": "slipping",
    "win-back": "slipping",
    "lost": "gone",
}
COUNTED = ("stages", "steps", "transitions", "timers fired", "timers cancelled", "timers running", "actions", "vouchers by percent")
MESSAGE = {
    "welcomed": "welcome",
    "second purchase": "thanks",
    "regained": "welcome_back",
    "at risk": "miss_you",
    "win-back": "voucher",
    "lost": "goodbye",
}


def purchases() -> dict[str, list[tuple[datetime, int]]]:
    """Return each customer's purchases, (moment, cents), in order of day and file."""
    found: defaultdict[str, list[tuple[datetime, int]]] = defaultdict(list)
    with gzip.open(MASTER, "rt", newline="") as file:
        rows = csv.reader(file, delimiter=" ", skipinitialspace=True)
        next(rows)
        for customer, day, _, dollars in rows:
            found[customer].append((datetime.strptime(day + " 12 +0000", "%Y%m%d %H %z"), round(float(dollars) * 100)))
    return {customer: sorted(bought, key=lambda purchase: purchase[0]) for customer, bought in found.items()}


def bought_as(number: int, silence: timedelta) -> str:
    """What the purchase of this *number* (from 0) after this *silence* makes of a customer."""
    if number == 0:
        return "first purchase"
    if silence > timedelta(days=90):
        return "regained"
    return "second purchase" if number == 1 else "loyal"


def silences(number: int, length: timedelta) -> list[str]:
    """What a silence of this *length* after the purchase of this *number* makes of a customer, in order."""
    return [step for step, days in SILENCES.items() if length > timedelta(days=days) and (step != "welcomed" or number == 0)]


def life(moments: list[datetime]) -> list[list[str]]:
    """For each purchase, the step that it makes and those that the silence after it makes."""
    befores = [moments[0], *moments[:-1]]
    afters = [*moments[1:], END]
    return [
        [bought_as(number, now - before), *silences(number, after - now)]
        for number, (before, now, after) in enumerate(zip(befores, moments, afters, strict=True))
    ]


def count(bought: list[tuple[datetime, int]], counts: dict[str, Counter[str]]) -> None:
    """Add the life of one customer to *counts*."""
    chains = life([moment for moment, _ in bought])
    chain = [step for part in chains for step in part]
    counts["steps"][chain[-1]] += 1
    counts["stages"][STAGE[chain[-1]]] += 1
    counts["transitions"].update(f"{source} > {target}" for source, target in pairwise(chain))
    counts["timers fired"].update(f"{step}: {TIMER[step]}" for part in chains for step in part[:-1])
    counts["timers cancelled"].update(f"{part[-1]}: {TIMER[part[-1]]}" for part in chains[:-1] if part[-1] in TIMER)
    counts["timers running"].update(f"{step}: {TIMER[step]}" for step in chain[-1:] if step in TIMER)
    counts["actions"].update(MESSAGE[step] for step in chain if step in MESSAGE)
    counts["actions"]["club"] += "loyal" in chain
    spent = accumulate(cents for _, cents in bought)
    vouchers = (total for part, total in zip(chains, spent, strict=True) if "win-back" in part)
    counts["vouchers by percent"].update("20" if total >= 10_000 else "10" for total in vouchers)


def figures(every: int = 1) -> dict[str, Any]:
    """Return every figure of the demo's summary, over the customers whose number can be divided by *every*."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in COUNTED}
    customers = {customer: bought for customer, bought in purchases().items() if int(customer) % every == 0}
    for bought in customers.values():
        count(bought, counts)
    gaps = [[later - earlier for (earlier, _), (later, _) in pairwise(bought)] for bought in customers.values()]
    limit = timedelta(days=90)
    return {
        "customers": len(customers),
        "purchases": sum(map(len, customers.values())),
        **{name: dict(sorted(counter.items())) for name, counter in counts.items()},
        "customers with a gap of more than 90 days": sum(any(gap > limit for gap in some) for some in gaps),
        "gaps of exactly 90 days": sum(gap == limit for some in gaps for gap in some),
    }


if __name__ == "__main__":
    print(json.dumps(figures(), indent=2))
