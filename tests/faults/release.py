"""
One process of a shop while a deployment rolls. `python release.py FOLDER NAME PART OF`, with whichever code stands in the path.

It says where its code stands, waits for a line, and tells those lines of ``input.jsonl`` whose number falls to it, some with `handle_many`
and some with `accept`, while a worker decides, fires timers and performs. It says ``told``, works on until the next line, and says how
many events it has decided as they were told. What reaches the world carries the NAME. Only what every release has is used.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

import journeykit
from crash.killer import DEFINITIONS
from journeykit import ActionRequest, ConflictError, Done, Engine, Event, Retry, SQLiteStorage, Worker
from journeykit.runtime.backoff import Backoff

GROUP = 4  #: lines told in one call


def storage_of(folder: Path) -> Any:
    """What the shop keeps everything in."""
    if not (folder / "conninfo").exists():
        return SQLiteStorage(folder / "shop.db", timeout=300)
    from journeykit import PostgresStorage

    return PostgresStorage((folder / "conninfo").read_text())


class Process:
    """One engine of the shop."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name, self.calls = folder, name, 0
        backoff = Backoff(first=0.2, most=0.2, attempts=1_000)
        self.engine = Engine(DEFINITIONS, storage_of(folder), {"call": self.call}, backoff=backoff, lease=2)

    def call(self, request: ActionRequest) -> Done | Retry:
        """The action: it is done, and every eighth answer is lost."""
        line = {"key": request.idempotency_key, "what": request.parameters["what"], "of": request.parameters["of"], "by": self.name}
        with (self.folder / "received.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        self.calls += 1
        return Retry(reason="no answer") if self.calls % 8 == 0 else Done(request.parameters.get("answer"))

    def tell(self, lines: list[Any]) -> int:
        """Tell all lines, group by group; how many events were decided at once."""
        decided = 0
        for number, start in enumerate(range(0, len(lines), GROUP)):
            events = [
                Event(
                    line["name"], id=line["id"], customer_id=line["customer"], occurred_at="2026-03-02T09:00:00+00:00",
                    properties=line["properties"],
                )
                for line in lines[start : start + GROUP]
            ]  # fmt: skip
            if number % 3 == 0:
                self.engine.accept(*events)
            else:
                decided += self.told(events)
        return decided

    def told(self, events: list[Event]) -> int:
        while True:
            try:
                return sum(outcome.status == "decided" for outcome in self.engine.handle_many(events))
            except ConflictError:
                pass  # the other release was first, again and again


def say(words: str) -> None:
    """Tell the test."""
    print(words, flush=True)  # noqa: T201  the test reads it


def main(folder: Path, name: str, part: int, of: int) -> None:
    """Tell, work, and say so."""
    process = Process(folder, name)
    lines = [json.loads(line) for line in (folder / "input.jsonl").read_text().splitlines()]
    worker = Worker(process.engine, idle=0.02)
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    say(journeykit.__file__)
    sys.stdin.readline()
    decided = process.tell(lines[part::of])
    say("told")
    sys.stdin.readline()
    assert thread.is_alive(), "the worker fell over"
    worker.stop()
    thread.join()
    say(json.dumps({"decided": decided}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
