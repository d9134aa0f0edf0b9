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
from pathlib import Path

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
MESSAGE = {
    "welcomed": "welcome",
    "second purchase": "thanks",
    "regained": "welcome_back",
    "at risk": "miss_you",
    "win-back": "voucher",
    "lost": "goodbye",
}


def purchases(path: Path = MASTER) -> dict[str, list[tuple[datetime, int]]]:
    """Return each customer's purchases, (moment, cents), in order of day and file."""
    found: defaultdict[str, list[tuple[datetime, int]]] = defaultdict(list)
    with gzip.open(path, "rt", newline="") as file:
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


def figures(path: Path = MASTER) -> dict[str, object]:
    """Return every figure of the demo's summary."""
    steps: Counter[str] = Counter()
    transitions: Counter[str] = Counter()
    fired: Counter[str] = Counter()
    cancelled: Counter[str] = Counter()
    running: Counter[str] = Counter()
    actions: Counter[str] = Counter()
    vouchers: Counter[str] = Counter()
    long_gap = on_the_day = 0
    customers = purchases(path)
    for bought in customers.values():
        moments = [moment for moment, _ in bought]
        gaps = [later - earlier for earlier, later in zip(moments, moments[1:], strict=False)]
        long_gap += any(gap > timedelta(days=90) for gap in gaps)
        on_the_day += sum(gap == timedelta(days=90) for gap in gaps)
        chains = life(moments)
        chain = [step for part in chains for step in part]
        steps[chain[-1]] += 1
        transitions.update(f"{source} > {target}" for source, target in zip(chain, chain[1:], strict=False))
        fired.update(f"{step}: {TIMER[step]}" for part in chains for step in part[:-1])
        cancelled.update(f"{part[-1]}: {TIMER[part[-1]]}" for part in chains[:-1] if part[-1] in TIMER)
        running.update(f"{chain[-1]}: {TIMER[chain[-1]]}" for _ in range(chain[-1] in TIMER))
        actions.update(MESSAGE[step] for step in chain if step in MESSAGE)
        actions["club"] += "loyal" in chain
        for number, part in enumerate(chains):
            if "win-back" in part:
                spent = sum(cents for _, cents in bought[: number + 1])
                vouchers["20" if spent >= 10_000 else "10"] += 1
    stages: Counter[str] = Counter()
    for step, count in steps.items():
        stages[STAGE[step]] += count
    return {
        "customers": len(customers),
        "purchases": sum(map(len, customers.values())),
        "stages": dict(sorted(stages.items())),
        "steps": dict(sorted(steps.items())),
        "transitions": dict(sorted(transitions.items())),
        "timers fired": dict(sorted(fired.items())),
        "timers cancelled": dict(sorted(cancelled.items())),
        "timers running": dict(sorted(running.items())),
        "actions": dict(sorted(actions.items())),
        "vouchers by percent": dict(sorted(vouchers.items())),
        "customers with a gap of more than 90 days": long_gap,
        "gaps of exactly 90 days": on_the_day,
    }


if __name__ == "__main__":
    print(json.dumps(figures(), indent=2))
