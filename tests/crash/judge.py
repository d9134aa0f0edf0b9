"""
Decides whether anything was lost or done under two keys. `python judge.py FOLDER` reads the input file, the database and the
receiver's log, knows nothing of journeykit, and prints what it found; it ends with 1 where a promise is broken. The database is
SQLite in the file ``shop.db``, or PostgreSQL where a file ``conninfo`` says how to reach it. That enrollments are what a replay of the
events comes to is asked in `again.py`, which has to know.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

Logical = tuple[str, str]  #: what reaches the world, and of whom or what


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def expected(told: list[dict[str, Any]]) -> set[Logical]:
    """What has to reach the receiver, each once, worked out from what was told."""
    due: set[Logical] = set()
    for one in told:
        customer, given = one["customer"], one["properties"]
        if one["name"] == "Signed Up":
            due |= {("welcome", customer), ("known", customer)}
        elif one["name"] == "Product Added":
            cart = f"{customer} {given['cart_id']}"
            due |= {("reminder", cart), ("second reminder", cart)}
        else:
            due |= {("order", given["order_id"]), ("invitation", f"{given['friend']} {given['order_id']}")}
    return due


def judge_events(told: list[dict[str, Any]], database: Any) -> Iterator[str]:
    """Every event told stands in the log once, decided; the signals of each customer are numbered without a gap."""
    found = database.execute("select customer, id, state, seq from journeykit_events")
    rows = {(customer, event): (state, seq) for customer, event, state, seq in found}
    for place in {(one["customer"], one["id"]) for one in told}:
        if rows.get(place, ("lost", None))[0] != "decided":
            yield f"event {place} is {rows.get(place, ('lost',))[0]}"
    yield from (f"event {place} is {state}" for place, (state, _) in rows.items() if state != "decided")
    numbers: dict[str, list[int]] = defaultdict(list)
    for (customer, _), (_, seq) in rows.items():
        numbers[customer].append(seq)
    timers: dict[str, set[int]] = defaultdict(set)
    for customer, seq in database.execute("select customer, seq from journeykit_history"):
        timers[customer].add(seq)
    for customer, revision in database.execute("select id, revision from journeykit_customers"):
        seqs = numbers[customer]
        if len(set(seqs)) != len(seqs) or {*seqs, *timers[customer]} != set(range(1, revision + 1)):
            yield f"customer {customer}: signals {sorted(seqs)} of {revision}"


def judge_timers(database: Any) -> Iterator[str]:
    """Every timer armed was cancelled or fired, once, at its own moment; none is open at the end."""
    for (place,) in database.execute(
        "select customer || ' ' || journey || ' ' || key from journeykit_enrollments where next_due is not null"
    ):
        yield f"timer of {place} is still open"
    armed: dict[tuple[Any, ...], int] = {}
    rows = database.execute("select customer, journey, key, number, at, timers from journeykit_history order by customer, seq, place")
    for customer, journey, key, number, at, timers in rows:
        for mark in timers.split():
            index, _, due = mark[1:].partition("@")
            place = (customer, journey, key, number, index)
            if mark[0] == "+":
                armed[place] = int(due)
                continue
            was_due = armed.pop(place, None)
            if was_due is None:
                yield f"timer {place} ended twice"
            elif mark[0] == "!" and was_due != at:
                yield f"timer {place} was due at {was_due} and fired at {at}"
    yield from (f"timer {place} is lost" for place in armed)


def judge_actions(told: list[dict[str, Any]], received: list[dict[str, Any]], database: Any) -> Iterator[str]:
    """Requests, keys and what had to reach the world are one to one, in both directions."""
    requests: dict[str, tuple[Logical, str]] = {}
    rows = database.execute("select customer, journey, key, number, seq, place, parameters, state, reason from journeykit_outbox")
    for customer, journey, key, number, seq, place, parameters, state, reason in rows:
        given = json.loads(parameters)
        idempotency_key = f"{customer}/{journey}/{key}/{number}/{seq}/{place}"
        if idempotency_key in requests:
            yield f"request {idempotency_key} stands twice in the outbox"
        requests[idempotency_key] = ((given["what"], given["of"]), state)
        if state != "performed":
            yield f"request {idempotency_key} is {state}: {reason}"
    keys: dict[Logical, set[str]] = defaultdict(set)
    for one in received:
        logical = (one["what"], one["of"])
        keys[logical].add(one["key"])
        if requests.get(one["key"], (None,))[0] != logical:
            yield f"the receiver was asked for {logical} under {one['key']}, which the outbox does not know"
    due = expected(told)
    yield from (f"{logical} came under {len(found)} keys" for logical, found in keys.items() if len(found) > 1)
    yield from (f"{logical} never came" for logical in due - keys.keys())
    yield from (f"{logical} came and nobody asked for it" for logical in keys.keys() - due)
    wanted = Counter(logical for logical, _ in requests.values())
    yield from (f"{logical} was asked for {count} times" for logical, count in wanted.items() if count > 1)
    yield from (f"{logical} was never asked for" for logical in due - wanted.keys())


def connect(folder: Path) -> Any:
    """The database of the shop in *folder*, read as plain tables."""
    if not (folder / "conninfo").exists():
        return sqlite3.connect(folder / "shop.db")
    import psycopg

    return psycopg.connect((folder / "conninfo").read_text())


def judge(folder: Path) -> dict[str, Any]:
    """The verdict: how much there was to judge, and every problem."""
    told, received = read(folder / "input.jsonl"), read(folder / "received.jsonl")
    with closing(connect(folder)) as database:
        sound = database.execute("pragma integrity_check").fetchone()[0] if isinstance(database, sqlite3.Connection) else "ok"
        problems = [] if sound == "ok" else [sound]
        problems += [*judge_events(told, database), *judge_timers(database), *judge_actions(told, received, database)]
        fired = database.execute("select count(*) from journeykit_history where timers like '%!%'").fetchone()[0]
    repeated = len(received) - len({one["key"] for one in received})
    found = {"events": len({(one["customer"], one["id"]) for one in told}), "timers": fired, "actions": len(received) - repeated}
    return {**found, "repeated_under_the_same_key": repeated, "problems": problems}


def main(folder: Path) -> int:
    """Print the verdict."""
    found = judge(folder)
    found["problems"] = found["problems"][:20]
    print(json.dumps(found))  # noqa: T201  the test reads it
    return 1 if found["problems"] else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
