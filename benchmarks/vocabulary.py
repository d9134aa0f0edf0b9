"""The library's side of the rows about facts over windows of time, and about facts that many customers wait for."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Callable

from journeys import START
from library import at, ignore

from journeykit import Catalog, Do, Engine, Event, Journey, SQLiteStorage, Step
from journeykit.runtime.clock import ManualClock

Clock = Callable[[], float]

MINUTE = 60_000_000


def _engine(catalog: Catalog, journey: Journey) -> tuple[Engine, ManualClock]:
    storage, moments = SQLiteStorage(os.path.join(tempfile.mkdtemp(), "library.db")), ManualClock(at(START))
    storage.migrate()
    return Engine([journey, catalog], storage, {"email": ignore}, clock=moments), moments


def window_event(clock: Clock, fact: str, entries: int = 500, people: int = 20, more: int = 100) -> float:
    """Microseconds of processor time for an event that is folded into *fact*, for customers with so many entries, 100 in a transaction."""
    journey = Journey("vip", entry="Order Completed", stage="retention", steps=[Step("in", wait="1000 days")])
    engine, moments = _engine(Catalog(facts={"spent": fact}, traits={}), journey)
    seconds = 0.0
    for number in range(entries + more):
        moments.set(START + number * MINUTE)
        orders = [
            Event("Order Completed", id=f"order-{number}", customer_id=str(who), occurred_at=at(START + number * MINUTE), properties={"total": 4250})
            for who in range(people)
        ]  # fmt: skip
        begin = time.process_time()
        engine.handle_many(orders)
        seconds += time.process_time() - begin if number >= entries else 0
    return seconds / (people * more) * 1_000_000


def fan_out(clock: Clock, people: int = 100_000) -> float:
    """Customers a second who are told of one fact that they all wait for, their decisions included."""
    return _told(clock, people)[0]


def fan_out_memory(clock: Clock, people: int = 100_000) -> float:
    """By how many megabytes the process grew while they were told."""
    return _told(clock, people)[1]


def _told(clock: Clock, people: int) -> tuple[float, float]:
    catalog = Catalog(events={"Alert Asked": {"sku": "text"}, "Back In Stock": {"sku": "object"}})
    steps = [Step("waits", stage="consideration", wait="90 days", when={"Back In Stock": "told"}), Step("told", do=Do("email"))]
    engine, moments = _engine(catalog, Journey("back in stock", key="sku", entry="Alert Asked", steps=steps))
    for start in range(0, people, 1_000):
        engine.handle_many(
            Event("Alert Asked", id="alert", customer_id=str(who), occurred_at=at(START), properties={"sku": "red"})
            for who in range(start, min(start + 1_000, people))
        )
    moments.set(START + MINUTE)
    engine.publish("Back In Stock", id="stock-1", properties={"sku": "red"})
    before, begin = _peak(), clock()
    while engine.run_due():
        moments.set(moments.now() + MINUTE)
    seconds = clock() - begin
    told = sum(1 for name in _customers(engine) for entry in engine.storage.history(name) if entry.target == "told")
    assert told == people, f"{told} of {people} were told"
    return people / seconds, _peak() - before


def _customers(engine: Engine) -> list[str]:
    found: list[str] = []
    while some := engine.storage.customers(found[-1] if found else "", 1_000):
        found += some
    return found


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
