"""
A shop that is killed again and again. `python killer.py FOLDER KILLS SEED PORT`.

Each life is a process of its own that tells events from the input file, some with `handle_many`, some with `accept`, while a
worker in a thread decides mailboxes, fires timers and performs actions by a call to the receiver. Each is killed with SIGKILL at
a random moment, all but the last. What a life has told it writes down only afterwards, so the next tells some of it again.
Prints how many lives were killed, and how many of those while a transaction or an action was under way.
"""

from __future__ import annotations

import json
import mmap
import os
import random
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from journeykit import ActionRequest, Do, Done, Engine, Event, Journey, Retry, SQLiteStorage, Start, Step, Worker
from journeykit.model.records import Claimed, Commit, Settlement
from journeykit.runtime.backoff import Backoff
from journeykit.runtime.definitions import Definition

DEFINITIONS: list[Definition] = [
    Journey(
        "welcome", stage="awareness", entry="Signed Up",
        steps=[
            Step("greeted", do=Do("call", what="welcome", of="{customer.id}", answer="Greeted"), wait="300 days", when={"Greeted": "known"}),
            Step("lost", end="lost"),
            Step("known", do=Do("call", what="known", of="{customer.id}")),
        ],
    ),
    Journey(
        "cart", stage="consideration", key="cart_id", entry="Product Added",
        steps=[
            Step("left", wait="1 second"),
            Step("reminded", do=Do("call", what="reminder", of="{customer.id} {journey.key}"), wait="2 seconds"),
            Step("again", do=Do("call", what="second reminder", of="{customer.id} {journey.key}")),
        ],
    ),
    Journey(
        "order", stage="purchase", key="order_id", entry="Order Completed",
        steps=[Step("thanked", do=[Do("call", what="order", of="{journey.key}"), Start("friend", customer="event.friend", key="journey.key")])],
    ),
    Journey("friend", stage="awareness", key="order_id", steps=[Step("invited", do=Do("call", what="invitation", of="{customer.id} {journey.key}"))]),
]  # fmt: skip

TELLER, WORKER, READY = 0, 1, 2  #: places in the memory that outlives a life


def invent(random: random.Random, lines: int) -> Iterator[dict[str, Any]]:
    """Events of some customers; about one in ten is told twice."""
    customers = [f"c{number}" for number in range(max(5, lines // 20))]
    told: list[dict[str, Any]] = []
    for number in range(lines):
        if told and random.random() < 0.1:
            yield random.choice(told)
            continue
        customer = random.choice(customers)
        name, properties = random.choice([
            ("Signed Up", {}),
            ("Product Added", {"cart_id": f"cart-{random.randrange(3)}"}),
            ("Order Completed", {"order_id": f"order-{number}", "friend": random.choice(customers)}),
        ])  # fmt: skip
        told.append({"name": name, "id": f"e{number}", "customer": customer, "properties": properties})
        yield told[-1]


class Watched(SQLiteStorage):
    """Marks in shared memory that a transaction is under way."""

    marks: mmap.mmap

    @contextmanager
    def _marked(self) -> Iterator[None]:
        place = WORKER if threading.current_thread() is not threading.main_thread() else TELLER
        self.marks[place] = 1
        try:
            yield
        finally:
            self.marks[place] = 0

    def accept(self, events: Sequence[tuple[Event, int]]) -> list[bool]:
        with self._marked():
            return super().accept(events)

    def commit_many(self, commits: Iterable[Commit]) -> None:
        commits = list(commits)  # deciding is not yet writing
        with self._marked():
            super().commit_many(commits)

    def claim_outbox(self, *arguments: Any) -> list[Claimed]:
        claimed = super().claim_outbox(*arguments)
        self.marks[WORKER] = bool(claimed)  # until they are settled, an action is under way
        return claimed

    def settle(self, settlements: Sequence[Settlement]) -> list[bool]:
        with self._marked():
            return super().settle(settlements)


class Life:
    """One process, from its start to its death."""

    def __init__(self, folder: Path, port: int, marks: mmap.mmap, seed: int) -> None:
        self.folder = folder
        self.marks = marks
        self.random = random.Random(seed)
        self.receiver = socket.create_connection(("127.0.0.1", port))
        self.answers = self.receiver.makefile("r")
        storage = Watched(folder / "shop.db")
        storage.marks = marks
        backoff = Backoff(first=0.2, most=0.2, attempts=1_000)
        self.engine = Engine(DEFINITIONS, storage, {"call": self.call}, backoff=backoff, lease=1)

    def call(self, request: ActionRequest) -> Done | Retry:
        """The action: tell the receiver."""
        line = json.dumps({"key": request.idempotency_key, "what": request.parameters["what"], "of": request.parameters["of"]})
        self.receiver.sendall(line.encode() + b"\n")
        if self.answers.readline() != "ok\n":
            return Retry(reason="busy")
        return Done(request.parameters.get("answer"))

    def live(self, last: bool) -> None:
        """Work until death; the last life ends when there is nothing left to do."""
        worker = Worker(self.engine, idle=0.02)
        thread = threading.Thread(target=worker.run, daemon=True)
        thread.start()
        self.marks[READY] = 1
        self.tell(0 if last else 0.004)
        while not last or self.engine.storage.next_due() is not None:
            assert thread.is_alive(), "the worker fell over"
            time.sleep(0.02)
        worker.stop()
        thread.join()

    def tell(self, pause: float) -> None:
        """Tell the input file from where the lives before came to."""
        lines, place = (self.folder / "input.jsonl").read_text().splitlines(), self.folder / "told"
        told = int(place.read_text()) if place.exists() else 0
        while told < len(lines):
            batch = [self.event(line) for line in lines[told : told + self.random.randint(1, 8)]]
            (self.engine.handle_many if self.random.random() < 0.6 else self.accept)(batch)
            told += len(batch)
            (self.folder / "told.new").write_text(str(told))
            (self.folder / "told.new").replace(place)
            time.sleep(self.random.random() * pause)

    def accept(self, events: Sequence[Event]) -> None:
        self.engine.accept(*events)

    def event(self, line: str) -> Event:
        one = json.loads(line)
        return Event(
            one["name"], id=one["id"], customer_id=one["customer"], occurred_at="2026-03-02T09:00:00+00:00", properties=one["properties"]
        )


def live_and_die(folder: Path, port: int, marks: mmap.mmap, seed: int, last: bool) -> int:
    """Fork one life; kill it unless it is the last. Return 1 where the kill landed while work was under way."""
    marks[0:3] = b"\0\0\0"
    child = os.fork()
    if child == 0:
        status = 1
        try:
            Life(folder, port, marks, seed).live(last)
            status = 0
        finally:
            os._exit(status)
    if not last:
        while not marks[READY]:
            if os.waitpid(child, os.WNOHANG)[0]:
                raise SystemExit("a life ended by itself")
            time.sleep(0.001)
        time.sleep(random.Random(seed).uniform(0.005, 0.1))
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if status != (0 if last else signal.SIGKILL):
        raise SystemExit(f"a life ended with {status}")
    return int(not last and bool(marks[TELLER] or marks[WORKER]))


def main(folder: Path, kills: int, seed: int, port: int) -> None:
    """Make the input, live, die, and live to the end."""
    lines = [json.dumps(one) for one in invent(random.Random(seed), kills * 40)]
    (folder / "input.jsonl").write_text("".join(f"{line}\n" for line in lines))
    SQLiteStorage(folder / "shop.db").migrate()
    marks = mmap.mmap(-1, mmap.PAGESIZE)
    working = sum(live_and_die(folder, port, marks, seed + life, last=False) for life in range(kills))
    told = int((folder / "told").read_text())
    live_and_die(folder, port, marks, seed + kills, last=True)
    print(json.dumps({"kills": kills, "under_way": working, "told_before_the_last_life": told, "lines": len(lines)}))  # noqa: T201  the test reads it


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
