"""The worker: goes on until it is told to stop, and leaves nothing half done."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from journeykit import Do, Engine, Event, Journey, MemoryStorage, SQLiteStorage, Start, Step, StorageError, Worker
from journeykit.model.messages import moment
from journeykit.model.records import EVERYBODY, Share
from journeykit.runtime.clock import SystemClock

HELLO = Journey(
    "hello",
    stage="awareness",
    entry="Signed Up",
    steps=[Step("in", do="email", wait="1 second"), Step("on", do=[Do("sms"), Start("greeting", customer="event.friend or 'ben'")])],
)
GREETING = Journey("greeting", stage="awareness", steps=[Step("in", do="email")])
PATIENCE = 120.0  #: seconds after which a test gives up; nothing here takes one


def signed_up(customer: str) -> Event:
    return Event("Signed Up", id="e1", customer_id=customer, occurred_at=moment(SystemClock().now()))


def until(done: Callable[[], bool]) -> None:
    """Wait for what happens in another thread."""
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.005)


@contextmanager
def running(worker: Worker) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield thread
    finally:
        worker.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_worker_does_what_is_due(tmp_path: Path) -> None:
    """Mailboxes, timers, mail to others and actions, in a thread of the host's."""
    sent: list[tuple[str, str]] = []
    note = lambda request: sent.append((request.customer_id, request.action))  # noqa: E731
    storage = SQLiteStorage(tmp_path / "shop.db")
    storage.migrate()
    engine = Engine([HELLO, GREETING], storage, {"email": note, "sms": note})
    with running(Worker(engine)):
        engine.accept(signed_up("ann"))
        until(lambda: len(sent) == 3)
    engine.storage.close()

    assert sent == [("ann", "email"), ("ann", "sms"), ("ben", "email")]


def test_a_worker_says_when_it_comes_and_goes(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever reads the log sees that there is one."""
    with caplog.at_level(logging.INFO, "journeykit"), running(Worker(Engine([HELLO, GREETING], MemoryStorage()))):
        until(lambda: caplog.messages == ["worker started"])

    assert caplog.messages == ["worker started", "worker stopped"]


def test_a_sleeping_worker_is_woken_by_its_own_engine() -> None:
    """Though it would sleep for minutes, it sees at once what this process writes."""
    sent: list[str] = []
    engine = Engine([HELLO, GREETING], MemoryStorage(), {"email": lambda request: sent.append("email"), "sms": print})
    with running(Worker(engine, idle=600)):
        time.sleep(0.05)  # it sleeps by now, and were it not, it would see all the same
        engine.handle(signed_up("ann"))
        until(lambda: sent == ["email"])


def test_two_workers_share_the_work(tmp_path: Path) -> None:
    """Each request is performed by one of them."""
    sent: list[str] = []
    storage = SQLiteStorage(tmp_path / "shop.db")
    storage.migrate()
    engines = [
        Engine([HELLO, GREETING], storage, {"email": lambda request: sent.append(request.idempotency_key), "sms": lambda _: None})
        for _ in range(2)
    ]
    engines[0].accept(*(signed_up(f"c{number}") for number in range(60)))
    with running(Worker(engines[0], batch=7)), running(Worker(engines[1], batch=7)):
        until(lambda: len(sent) >= 60)
    storage.close()

    assert sorted(sent) == sorted(f"c{number}/hello//1/1/0" for number in range(60))


def test_stopping_finishes_the_action_under_way_and_gives_back_the_rest() -> None:
    """Nothing is half done: what was begun is recorded, what was not is open."""
    began, go_on = threading.Event(), threading.Event()

    def slow(request: Any) -> None:
        began.set()
        go_on.wait(PATIENCE)

    engine = Engine([HELLO, GREETING], MemoryStorage(), {"email": slow, "sms": print})
    engine.handle_many([signed_up("ann"), signed_up("ben")])
    worker = Worker(engine)
    with running(worker) as thread:
        began.wait(PATIENCE)
        worker.stop()
        go_on.set()
        thread.join(PATIENCE)

    assert [row.state for row in engine.outbox()] == ["performed", "open"]
    assert engine.dispatch() == (1, 0, 0, 0)


def test_a_worker_that_was_stopped_before_it_ran_does_not_run() -> None:
    """A stop is never lost."""
    worker = Worker(Engine([HELLO, GREETING], MemoryStorage()))
    worker.stop()
    worker.run()


def test_a_storage_that_fails_for_a_while_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """The worker survives its database being away, and says when it is back."""
    caplog.set_level(logging.INFO, "journeykit")

    class Away(MemoryStorage):
        times = 2

        def claim_due(self, now: int, limit: int, share: Share = EVERYBODY) -> list[str]:
            self.times -= 1
            if self.times >= 0:
                raise StorageError("the database is away, password=secret")
            return super().claim_due(now, limit, share)

    sent: list[str] = []
    engine = Engine([HELLO, GREETING], Away(), {"email": lambda request: sent.append("email"), "sms": print})
    engine.handle(signed_up("ann"))
    with running(Worker(engine, idle=0.01)):
        until(lambda: sent == ["email"])

    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "the storage failed 1 times in a row: StorageError", "the storage failed 2 times in a row: StorageError",
    ]  # fmt: skip
    assert "the storage works again, after it failed 2 times in a row" in caplog.messages


PROGRAM = """
import sys
from journeykit import Engine, Journey, SQLiteStorage, Step, Worker

def slow(request):
    print("began", flush=True)
    sys.stdin.readline()
    print("done", flush=True)

class Telling(SQLiteStorage):
    def next_due(self):  # what a worker asks last before it sleeps
        print("asleep", flush=True)
        return super().next_due()

journey = Journey("hello", stage="awareness", entry="Signed Up", steps=[Step("in", do="email")])
storage = Telling(sys.argv[1])
storage.migrate()
engine = Engine(journey, storage, {"email": slow})
Worker(engine, idle=600).run()
print("stopped", flush=True)
"""


def program(path: Path) -> subprocess.Popen[str]:
    """A worker in a process of its own, whose action ends when it is told a line."""
    return subprocess.Popen([sys.executable, "-c", PROGRAM, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_a_worker_in_its_own_process(tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM in the middle of an action: the action is finished and recorded, then the process ends in peace."""
    path = tmp_path / "shop.db"
    journey = Journey("hello", stage="awareness", entry="Signed Up", steps=[Step("in", do="email")])
    storage = SQLiteStorage(path)
    storage.migrate()
    engine = Engine(journey, storage)
    engine.handle_many([signed_up("ann"), signed_up("ben")])
    worker = program(path)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "began\n"
    worker.send_signal(number)
    rest, _ = worker.communicate("go on\n", timeout=PATIENCE)
    states = [row.state for row in engine.outbox()]
    engine.storage.close()

    assert (rest, worker.returncode) == ("done\nstopped\n", 0)
    assert states == ["performed", "open"]


def test_a_signal_wakes_a_sleeping_worker(tmp_path: Path) -> None:
    """An idle worker ends at once, and not after the ten minutes that it would sleep."""
    worker = program(tmp_path / "shop.db")
    assert worker.stdout is not None
    assert worker.stdout.readline() == "asleep\n"
    worker.send_signal(signal.SIGTERM)
    rest, _ = worker.communicate(timeout=PATIENCE)

    assert (rest, worker.returncode) == ("stopped\n", 0)
