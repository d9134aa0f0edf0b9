"""
A shop with a cap and quiet hours that dies while it sends. `python capped.py FOLDER LIVES SEED`.

Each life is a process of its own with four threads that dispatch. Its clock begins where this script says and goes on as fast as any
other; between two lives hours may pass. An action writes into a file that stands for the world, and then, now and then, the process
kills itself with SIGKILL: what has left the house is not written down as performed. Others are killed from outside at a random moment.
Prints how many lives were killed, and in how many of them a thread then stood between performing and settling.
"""

from __future__ import annotations

import json
import mmap
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from journeykit import ActionRequest, Catalog, Do, Done, Engine, Event, Journey, SQLiteStorage, Step
from journeykit.model.messages import microseconds, moment
from journeykit.model.records import Settlement

BERLIN = "Europe/Berlin"
BEGIN = "2026-03-27T06:00:00+01:00"  #: two days before the clocks change
CAP = "at most 2 in 24 hours or defer up to 2 days"
QUIET = "quiet 22:00 to 08:00"
HELLO = Journey(
    "hello", zone=BERLIN, entry="Hello", reentry="always", key="signal.id",
    steps=[Step("in", stage="awareness", do=[Do("email"), Do("invoice")])],
)  # fmt: skip
SHOP = Catalog(policies=[CAP, QUIET], actions={"email": "marketing", "invoice": "transactional"})
CUSTOMERS = [f"customer {number}" for number in range(8)]
THREADS = 4
LEASE = 600  #: seconds
SECOND = 1_000_000
READY = THREADS  #: the place in the memory that outlives a life where it says that it has begun; before it, one for each thread


class OwnClock:
    """Shows *began* when it is made, and goes on from there."""

    def __init__(self, began: int) -> None:
        self._began, self._real = began, time.monotonic_ns()

    def now(self) -> int:
        """Microseconds since 1970 UTC."""
        return self._began + (time.monotonic_ns() - self._real) // 1_000


class Watched(SQLiteStorage):
    """Marks in shared memory which thread has performed something and not yet written it down."""

    marks: mmap.mmap

    def settle(self, settlements: Sequence[Settlement]) -> list[bool]:
        settled = super().settle(settlements)
        self.marks[place()] = 0
        return settled


def place() -> int:
    """The number of this thread."""
    return int(threading.current_thread().name)


class Life:
    """One process, from its start to its death."""

    def __init__(self, folder: Path, marks: mmap.mmap, began: int, seed: int, deadly: float) -> None:
        self.marks, self.random, self.deadly = marks, random.Random(seed), deadly
        self.world = os.open(folder / "arrived.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.clock = OwnClock(began)
        storage = Watched(folder / "shop.db", synchronous="off")  # a killed process loses nothing that it has written
        storage.marks = marks
        self.engines = [
            Engine([HELLO, SHOP], storage, {"email": self.send, "invoice": self.send}, clock=self.clock, lease=LEASE)
            for _ in range(THREADS)
        ]

    def send(self, request: ActionRequest) -> Done:
        """The action: it reaches the world, and perhaps nobody lives to tell."""
        line = {"key": request.idempotency_key, "customer": request.customer_id, "what": request.action, "at": self.clock.now()}
        os.write(self.world, b"\n" + json.dumps(line).encode() + b"\n")  # whoever died while writing has left half a line
        self.marks[place()] = 1
        if self.random.random() < self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return Done()

    def live(self, told: Sequence[str]) -> None:
        """Tell what has happened, and dispatch until there is nothing left."""
        for number, customer in enumerate(told):
            name = f"{self.clock.now()}-{number}"
            self.engines[0].handle(Event("Hello", id=name, customer_id=customer, occurred_at=moment(self.clock.now())))
        threads = [threading.Thread(target=self.work, args=(engine,), name=str(number)) for number, engine in enumerate(self.engines)]
        for thread in threads:
            thread.start()
        self.marks[READY] = 1
        for thread in threads:
            thread.join()

    def work(self, engine: Engine) -> None:
        """What one thread does."""
        while sum(engine.dispatch(self.random.choice((1, 3, 100)))):
            pass


def live_and_die(folder: Path, marks: mmap.mmap, began: int, dice: random.Random, deadly: bool) -> tuple[bool, bool]:
    """Fork one life. Return whether it was killed, and whether a thread of it had then performed what was not written down."""
    marks[0 : READY + 1] = bytes(READY + 1)
    told = (
        [customer for customer in dice.sample(CUSTOMERS, dice.choice((0, 1, 3, 6))) for _ in range(dice.choice((1, 2)))] if deadly else []
    )
    by_itself, seed = dice.choice((0.0, 0.1, 0.4)), dice.getrandbits(32)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            Life(folder, marks, began, seed, by_itself if deadly else 0.0).live(told)
            status = 0
        finally:
            os._exit(status)
    ended, status = 0, 0
    if deadly and dice.random() < 0.5:
        while not ended and not marks[READY]:
            ended, status = os.waitpid(child, os.WNOHANG)
            time.sleep(0.001)
        if not ended:
            time.sleep(dice.uniform(0, 0.02))
            os.kill(child, signal.SIGKILL)
    if not ended:
        _, status = os.waitpid(child, 0)
    if status not in (0, signal.SIGKILL):
        raise SystemExit(f"a life ended with {status}")
    return status == signal.SIGKILL, status == signal.SIGKILL and any(marks[:THREADS])


def later(at: int, dice: random.Random) -> int:
    """When the next life begins, and not so shortly before the night that it would live into it."""
    at += dice.choice((1, 1, 599 * SECOND, 601 * SECOND, 601 * SECOND, 1_800 * SECOND, 3_600 * SECOND, 5 * 3_600 * SECOND))
    here = moment(at).astimezone(ZoneInfo(BERLIN))
    night = here.replace(hour=22, minute=0, second=0, microsecond=0)
    return microseconds(night) + 1 if night.timestamp() - 600 < here.timestamp() < night.timestamp() else at


def main(folder: Path, lives: int, seed: int) -> None:
    """Live, die, and live to the end."""
    dice, at = random.Random(seed), microseconds(datetime.fromisoformat(BEGIN))
    SQLiteStorage(folder / "shop.db").migrate()
    marks = mmap.mmap(-1, mmap.PAGESIZE)
    kills = between = 0
    for _ in range(lives):
        killed, performing = live_and_die(folder, marks, at, dice, deadly=True)
        kills, between = kills + killed, between + performing
        at = later(at, dice)
    for _ in range(12):  # three days and more: what is held comes out, or is dropped
        live_and_die(folder, marks, at, dice, deadly=False)
        at = later(at + 7 * 3_600 * SECOND, dice)
    print(json.dumps({"lives": lives, "kills": kills, "between": between}))  # noqa: T201  the test reads it


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
