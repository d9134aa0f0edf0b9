"""
A shop for faults: what it is told stands in ``input.jsonl``, what reaches the world in ``received.jsonl``, and afterwards everything
is judged by `crash.judge`, which reads the tables, and `crash.again`, which decides the log again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from crash import judge
from crash.again import differences
from crash.killer import DEFINITIONS, invent
from journeykit import ActionRequest, Done, Engine, Event, Retry, SQLiteStorage
from journeykit.model.messages import moment
from journeykit.runtime.backoff import Backoff
from journeykit.runtime.clock import ManualClock

MONDAY = 1_772_442_000_000_000  #: 2026-03-02 09:00 UTC
PATIENT = Backoff(first=0.2, most=0.2, attempts=1_000)

Line = dict[str, Any]


class House:
    """
    One engine and its world.

    Args:
        folder: where files are kept.
        storage: where everything else is; a file in *folder* where not said.
        clock: where the time comes from; hands that the test moves where not said.
        options: further arguments of the engine.
    """

    def __init__(
        self, folder: Path, storage: Any = None, clock: Any = None, definitions: Sequence[Any] = DEFINITIONS, **options: Any
    ) -> None:
        self.folder = folder
        self.storage = SQLiteStorage(folder / "shop.db", timeout=300) if storage is None else storage
        self.storage.migrate()
        self.clock = clock or ManualClock(MONDAY)
        self.unheard: set[str] = set()  #: keys whose answer gets lost on the way back, once
        self.meanwhile: Callable[[], object] | None = None  #: happens once, in the middle of an action
        given = {"backoff": PATIENT, "lease": 1.0, **options}
        self.engine = Engine(definitions, self.storage, {"call": self.call}, clock=self.clock, **given)
        for name in ("input.jsonl", "received.jsonl"):
            (folder / name).touch()

    def call(self, request: ActionRequest) -> Done | Retry:
        """The action: it is done, and now and then the answer is lost."""
        key = request.idempotency_key
        self.write("received.jsonl", {"key": key, "what": request.parameters["what"], "of": request.parameters["of"]})
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            happens()
        if hash_of(key) % 8 == 0 and key not in self.unheard:
            self.unheard.add(key)
            return Retry(reason="no answer")
        return Done(request.parameters.get("answer"))

    def write(self, name: str, line: Line) -> None:
        with (self.folder / name).open("a") as file:
            file.write(json.dumps(line) + "\n")

    def note(self, lines: Sequence[Line]) -> None:
        """Write down what is going to be told."""
        for line in lines:
            self.write("input.jsonl", line)

    def tell(self, lines: Sequence[Line], *, mailed: bool = False) -> None:
        """Tell some events in one call, to be decided at once or by the worker."""
        events = [event(line) for line in lines]
        if mailed:
            self.engine.accept(*events)
        else:
            self.engine.handle_many(events)

    def work(self) -> None:
        """Do all that is due now."""
        while self.engine.run_due() or sum(self.engine.dispatch()):
            pass

    def finish(self) -> None:
        """Work until nothing is left to do; the clock is set to whatever is next."""
        self.work()
        while (due := self.storage.next_due()) is not None:
            self.clock.set(max(due + 1, self.clock.now()))
            self.work()

    def problems(self) -> list[str]:
        """All that is wrong, by both judges."""
        return [*judge.judge(self.folder)["problems"], *differences(DEFINITIONS, self.storage), *self.disorder()]

    def disorder(self) -> Iterator[str]:
        """Customers whose events were decided in another order than they were told."""
        told: dict[str, dict[str, None]] = {}
        for line in judge.read(self.folder / "input.jsonl"):
            told.setdefault(line["customer"], {})[line["id"]] = None
        for customer, ids in told.items():
            decided = [logged.event.id for logged in self.storage.events(customer) if logged.event.id in ids]
            if decided != list(ids):
                yield f"{customer} was told {list(ids)} and decided {decided}"


def event(line: Line) -> Event:
    """The event of a line."""
    return Event(line["name"], id=line["id"], customer_id=line["customer"], occurred_at=moment(MONDAY), properties=line["properties"])


def lines(number: int, seed: int = 1) -> list[Line]:
    """So many events of some customers, some of them twice."""
    return list(invent(random.Random(seed), number))


def groups(told: Sequence[Line], size: int) -> list[list[Line]]:
    """*told* in groups of *size*."""
    return [list(told[start : start + size]) for start in range(0, len(told), size)]


def hash_of(text: str) -> int:
    """The same number for the same text in every process."""
    return sum(map(ord, text))
