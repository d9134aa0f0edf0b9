"""
A shop that is killed again and again. `python killer.py FOLDER KILLS SEED PORT [CONNINFO]`.

Each life is a process of its own that tells events from the input file, some with `handle_many`, some with `accept`, while a
worker in a thread decides mailboxes, fires timers and performs actions by a call to the receiver. Each is killed with SIGKILL while
work of one phase is under way (`PHASES`), all but the last; it goes on until each phase has had its part of the kills. What a life
has told it writes down only afterwards, so the next tells some of it again. It works in SQLite, or in the PostgreSQL of CONNINFO.
Prints how many lives were killed, and how many in each phase.
"""

from __future__ import annotations

import json
import mmap
import os
import random
import signal
import socket
import sqlite3
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import count, islice
from pathlib import Path
from typing import Any

from journeykit import ActionRequest, Do, Done, Engine, Event, Journey, Retry, SQLiteStorage, Start, Step, Worker
from journeykit.model.records import Claimed, Commit, Loaded, Settlement, Want
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

TELLER, WORKER, WANTED = 0, 1, 2  #: places in the memory that outlives a life: the phase that each thread is in, and the one to die in
ACCEPTED, DECIDED, WRITING, COMMITTED, CLAIMED, PERFORMED = range(1, 7)
PHASES = {
    ACCEPTED: "accepted",  # an event stands in the mailbox and has been read, and is not decided
    DECIDED: "decided",  # nothing of the decision is written
    WRITING: "writing",  # the transaction has begun
    COMMITTED: "committed",  # nobody has been told
    CLAIMED: "claimed",  # a lease has been taken, nothing is performed
    PERFORMED: "performed",  # the receiver has it, and nobody has settled it
}
PATIENCE = 10.0  #: seconds that a life is given to come to the phase wanted
AGE = 0.1  #: seconds that a life is left alone at most before it is watched
BETWEEN = 0.0002  #: seconds between two looks at where a life is; looking all the time would take the processor from it
LEFT = 100  #: lines that a life finds at least: who has nothing to do dies in no phase
LIVES = 25  #: after so many, SQLite's log is emptied: each life begins with reading all of what the last one left in it


def invent(random: random.Random, lines: int) -> Iterator[dict[str, Any]]:
    """So many events of some customers."""
    return islice(happenings(random, max(5, lines // 20)), lines)


def happenings(random: random.Random, some: int) -> Iterator[dict[str, Any]]:
    """Events of *some* customers without end; about one in ten is told twice."""
    customers = [f"c{number}" for number in range(some)]
    told: list[dict[str, Any]] = []
    for number in count():
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


_Any: Any = object  #: any storage: what stands before it in a class has its methods first


class Watched(_Any):
    """Marks in shared memory which phase each thread is in, and stays a little in the one that is wanted."""

    marks: mmap.mmap

    @property
    def place(self) -> int:
        return TELLER if threading.current_thread() is threading.main_thread() else WORKER

    def at(self, phase: int) -> None:
        self.marks[self.place] = phase
        if phase == self.marks[WANTED]:
            time.sleep(random.random() * 0.004)

    def load_many(self, wants: Sequence[Want]) -> list[Loaded]:
        self.marks[self.place] = 0
        loaded: list[Loaded] = super().load_many(wants)
        if any(one.pending for one in loaded):
            self.at(ACCEPTED)
        return loaded

    def commit_many(self, commits: Iterable[Commit]) -> None:
        commits = list(commits)
        self.at(DECIDED)
        self.marks[self.place] = WRITING
        super().commit_many(commits)
        self.at(COMMITTED)
        self.marks[self.place] = 0

    def claim_outbox(self, *arguments: Any) -> list[Claimed]:
        self.marks[self.place] = 0
        claimed: list[Claimed] = super().claim_outbox(*arguments)
        if claimed:
            self.at(CLAIMED)
        return claimed

    def settle(self, settlements: Sequence[Settlement]) -> list[bool]:
        settled: list[bool] = super().settle(settlements)
        self.marks[self.place] = 0
        return settled


class WatchedSQLite(Watched, SQLiteStorage):
    """Kept in a file."""


def storage_of(folder: Path, conninfo: str | None) -> Any:
    """What the shop keeps everything in."""
    if conninfo is None:
        return WatchedSQLite(folder / "shop.db")
    from journeykit import PostgresStorage

    return type("WatchedPostgres", (Watched, PostgresStorage), {})(conninfo)


class Life:
    """
    One process, from its start to its death.

    What each of them would read and compile anew is there before it is forked: the input, and an engine on a storage that nobody has
    used. Everything else, connections among it, is a life's own.
    """

    def __init__(self, folder: Path, port: int, marks: mmap.mmap, conninfo: str | None) -> None:
        self.folder, self.port = folder, port
        self.lines: list[str] = []  #: of the input file
        self.storage = storage_of(folder, conninfo)
        self.storage.marks = marks
        backoff = Backoff(first=0.2, most=0.2, attempts=1_000)
        self.engine = Engine(DEFINITIONS, self.storage, {"call": self.call}, backoff=backoff, lease=1)

    def begin(self, seed: int) -> None:
        """What a process does when it has been born."""
        self.random, self.killer = random.Random(seed), os.getppid()
        self.receiver = socket.create_connection(("127.0.0.1", self.port))
        self.answers = self.receiver.makefile("r")

    def call(self, request: ActionRequest) -> Done | Retry:
        """The action: tell the receiver."""
        line = json.dumps({"key": request.idempotency_key, "what": request.parameters["what"], "of": request.parameters["of"]})
        self.receiver.sendall(line.encode() + b"\n")
        if self.answers.readline() != "ok\n":
            return Retry(reason="busy")
        self.storage.at(PERFORMED)
        return Done(request.parameters.get("answer"))

    def live(self, last: bool) -> None:
        """Work until death; the last life ends when there is nothing left to do."""
        worker = Worker(self.engine, idle=0.02)
        thread = threading.Thread(target=worker.run, daemon=True)
        thread.start()
        self.tell(0 if last else 0.004)
        while not last or self.engine.storage.next_due() is not None:
            assert thread.is_alive(), "the worker fell over"
            assert os.getppid() == self.killer, "nobody is left to kill it"
            time.sleep(0.02)
        worker.stop()
        thread.join()

    def tell(self, pause: float) -> None:
        """Tell the input file from where the lives before came to."""
        lines, place, told = self.lines, self.folder / "told", self.told()
        while told < len(lines) and os.getppid() == self.killer:
            batch = [self.event(line) for line in lines[told : told + self.random.randint(1, 8)]]
            (self.engine.handle_many if self.random.random() < 0.6 else self.accept)(batch)
            told += len(batch)
            (self.folder / "told.new").write_text(str(told))
            (self.folder / "told.new").replace(place)
            time.sleep(self.random.random() * pause)

    def told(self) -> int:
        """How many lines the lives before have told."""
        place = self.folder / "told"
        return int(place.read_text()) if place.exists() else 0

    def accept(self, events: Sequence[Event]) -> None:
        self.engine.accept(*events)

    def event(self, line: str) -> Event:
        one = json.loads(line)
        return Event(
            one["name"], id=one["id"], customer_id=one["customer"], occurred_at="2026-03-02T09:00:00+00:00", properties=one["properties"]
        )


class Killer:
    """Lets the shop live and die, each time in another phase."""

    def __init__(self, folder: Path, kills: int, seed: int, port: int, conninfo: str | None) -> None:
        self.marks = mmap.mmap(-1, mmap.PAGESIZE)
        self.life = Life(folder, port, self.marks, conninfo)
        self.input, self.happenings = folder / "input.jsonl", happenings(random.Random(seed), 15 + kills)
        self.supply(300 + kills * 20)
        self.log = None if conninfo else folder / "shop.db"
        self.random = random.Random(seed)
        self.killed = dict.fromkeys(PHASES, 0)
        self.lives = 0

    def until_each_phase_has(self, kills: int) -> None:
        """Kill until so many have died in each phase; give up where that does not come about."""
        while min(self.killed.values()) < kills and self.lives < 4 * kills * len(PHASES):
            self.kill(min(self.killed, key=lambda phase: self.killed[phase]))

    def kill(self, phase: int) -> None:
        """One life, which is killed as soon as it is in *phase*; it counts where it died there."""
        child = self.born(phase, last=False)
        time.sleep(self.random.random() * AGE)
        end = time.monotonic() + PATIENCE
        while phase not in self.marks[:WANTED] and time.monotonic() < end:
            if os.waitpid(child, os.WNOHANG)[0]:
                raise SystemExit("a life ended by itself")
            time.sleep(BETWEEN)
        time.sleep(self.random.random() * 0.001)
        os.kill(child, signal.SIGKILL)
        if os.waitpid(child, 0)[1] != signal.SIGKILL:
            raise SystemExit("a life did not die as it was told")
        self.killed[phase] += phase in self.marks[:WANTED]

    def supply(self, number: int) -> None:
        """Put so many more lines into the input."""
        more = [json.dumps(one) for one in islice(self.happenings, number)]
        with self.input.open("a") as file:
            file.writelines(f"{line}\n" for line in more)
        self.life.lines += more

    def live(self) -> None:
        """The last life, which ends by itself."""
        status = os.waitpid(self.born(0, last=True), 0)[1]
        if status:
            raise SystemExit(f"the last life ended with {status}")

    def born(self, phase: int, *, last: bool) -> int:
        """Fork a life; return its process."""
        self.lives += 1
        if len(self.life.lines) - self.life.told() < LEFT and not last:
            self.supply(4 * LEFT)
        if self.log is not None and self.lives % LIVES == 0:
            with closing(sqlite3.connect(self.log)) as database:
                database.execute("pragma wal_checkpoint(truncate)")
        self.marks[: WANTED + 1] = bytes((0, 0, phase))
        seed = self.random.randrange(1 << 30)
        child = os.fork()
        if child:
            return child
        status = 1
        try:
            random.seed(seed)
            self.life.begin(seed)
            self.life.live(last)
            status = 0
        except BaseException:  # noqa: BLE001  told, whatever it is
            traceback.print_exc()
        finally:
            os._exit(status)


def main(folder: Path, kills: int, seed: int, port: int, conninfo: str | None = None) -> None:
    """Make the input, live, die, and live to the end."""
    storage = storage_of(folder, conninfo)
    storage.migrate()
    storage.close()
    if conninfo is not None:
        (folder / "conninfo").write_text(conninfo)
    killer = Killer(folder, kills, seed, port, conninfo)
    killer.until_each_phase_has(max(1, kills // len(PHASES)))
    killed, told = killer.lives, killer.life.told()
    killer.live()
    phases = {PHASES[phase]: number for phase, number in killer.killed.items()}
    print(json.dumps({"kills": killed, "phases": phases, "told_before_the_last_life": told, "lines": len(killer.life.lines)}))  # noqa: T201  the test reads it


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:])
