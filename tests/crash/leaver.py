"""
Customers who merge and leave while the shop is killed. `python leaver.py FOLDER KILLS SEED`.

Each life merges pairs of customers and erases some of them, from the first on; it is killed with SIGKILL at a random moment, all but
the last. After each death the database is looked at without journeykit: each pair is two, one, or gone, and nothing in between.
Prints how many lives were killed, how many of them in the middle of a merge or an erasure, and what was wrong.
"""

from __future__ import annotations

import json
import mmap
import os
import random
import signal
import sqlite3
import sys
import time
from pathlib import Path

from journeykit import Do, Engine, Event, Journey, SQLiteStorage, Step

PAIRS = 40
LEFT = 4  #: pairs that are left for the last life, so that whoever looks finds some that are still two
WELCOME = Journey(
    "welcome", stage="awareness", entry="Signed Up", steps=[Step("greeted", do=Do("email", template="hello"), wait="9 days"), Step("told")]
)
CART = Journey(
    "cart", stage="consideration", key="cart", entry="Added", steps=[Step("left", wait="9 days"), Step("reminded", do=Do("email"))]
)
TABLES = {"customers": "id", "enrollments": "customer", "events": "customer", "history": "customer", "outbox": "customer"}


def shop(folder: Path) -> Engine:
    """The engine of a life."""
    return Engine([WELCOME, CART], SQLiteStorage(folder / "shop.db"), {"email": lambda request: None})


def begin(folder: Path) -> None:
    """Every customer signs up and leaves two carts."""
    SQLiteStorage(folder / "shop.db").migrate()
    names = [f"{who}{pair}" for pair in range(PAIRS) for who in ("ann", "bob")]
    told = [("Signed Up", "-"), ("Added", "c1"), ("Added", "c2")]
    shop(folder).handle_many(
        Event(name, id=f"{name}-{cart}", customer_id=who, occurred_at="2026-03-02T09:00:00+00:00", properties={"cart": cart, "by": who})
        for who in names
        for name, cart in told
    )


def live(folder: Path, mark: mmap.mmap, pairs: int) -> None:
    """Merge so many pairs, and erase every third; doing it again changes nothing."""
    engine = shop(folder)
    mark[1] = 1
    for pair in range(pairs):
        mark[0] = 1
        if pair % 3 == 0:
            engine.erase(f"bob{pair}")
        if pair % 3 != 0 or not engine.storage.events(f"ann{pair}"):
            engine.merge(f"ann{pair}", f"bob{pair}", id=f"merge {pair}")
        mark[0] = 0


def state(rows: dict[str, list[tuple[object, ...]]], pair: int) -> str:
    """What a pair is: two, one, half gone, or a problem."""
    ann, bob = f"ann{pair}", f"bob{pair}"
    count = {(table, who): sum(row[0] == who for row in rows[table]) for table in TABLES for who in (ann, bob)}
    mine, theirs = (tuple(count[table, who] for table in TABLES) for who in (ann, bob))
    alias = (bob, ann) in rows["aliases"]
    if mine == theirs == (1, 3, 3, 3, 1) and not alias:
        return "two"
    if mine == (1, 3, 7, 9, 2) and theirs == (1, 0, 0, 0, 0) and alias:
        return "one"
    if mine == (1, 3, 3, 3, 1) and theirs == (0, 0, 0, 0, 0) and not alias and pair % 3 == 0:
        return "erased"
    return f"pair {pair}: {mine} {theirs} {alias}"


def look(folder: Path) -> list[str]:
    """The state of every pair."""
    database = sqlite3.connect(folder / "shop.db")
    rows = {table: database.execute(f"select {name} from journeykit_{table}").fetchall() for table, name in TABLES.items()}
    rows["aliases"] = database.execute("select id, customer from journeykit_aliases").fetchall()
    database.close()
    return [state(rows, pair) for pair in range(PAIRS)]


def main(folder: Path, kills: int, seed: int) -> None:
    """Live, die, and look."""
    begin(folder)
    chance, mark = random.Random(seed), mmap.mmap(-1, mmap.PAGESIZE)
    under_way, problems, seen = 0, set[str](), set[str]()
    for life in range(kills + 1):
        mark[0:2] = b"\0\0"
        child = os.fork()
        if child == 0:
            status = 1
            try:
                live(folder, mark, PAIRS - LEFT if life < kills else PAIRS)
                status = 0
            finally:
                os._exit(status)
        if life < kills:
            while not mark[1]:
                if os.waitpid(child, os.WNOHANG)[0]:
                    raise SystemExit("a life ended before it began")
                time.sleep(0.0005)
            time.sleep(chance.uniform(0, 0.03 + 0.002 * life))
            under_way += mark[0]
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if life == kills and status:
            problems.add(f"the last life ended with {status}")
        found = look(folder)
        seen.update(one for one in found if not one.startswith("pair"))
        problems.update(one for one in found if one.startswith("pair"))
    ends = [one for pair, one in enumerate(look(folder)) if one != ("erased" if pair % 3 == 0 else "one")]
    print(json.dumps({"under_way": under_way, "problems": sorted(problems), "seen": sorted(seen), "unfinished": ends}))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
