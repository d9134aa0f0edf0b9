"""The library's side of each row. Each function does one round and returns its figure."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import workload
from journeys import CATALOG, FACTS, PROPERTIES, START, added, carts, customers, the_workload, unconcerned

from journeykit import Engine, Event, Journey, MemoryStorage, SQLiteStorage
from journeykit.codec import definition_hash, journey_text
from journeykit.core.compiling.index import Compiled, compile_journeys
from journeykit.core.deciding.customer import Customer, advance
from journeykit.model.records import Commit, Enrollment, Facts, Loaded, LoggedEvent, Timer
from journeykit.ports import Storage
from journeykit.runtime.clock import ManualClock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATE = START + 10**14  #: when the events of the floor are accepted
EXAMPLES = Path(__file__).parent.parent / "examples"

Clock = Callable[[], float]


def at(moment: int) -> datetime:
    """The datetime of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=moment)


def ignore(request: object) -> None:
    """An action that does nothing; none is performed while a row is measured."""


# -- the heart ----------------------------------------------------------------------------------------------------------


def decide_workload(clock: Clock, count: int = 200_000) -> float:
    """
    Events a second through `advance`, in processor time, as the peers are measured.

    Events are made 1,000 at a time, as they would come in, between the moments that count.
    """
    compiled, stream = compile_journeys([("workload", "", the_workload())]), workload.events(count)
    people = [_entered(compiled, str(number)) for number in range(10_000)]
    actions = entries = 0
    seconds = 0.0
    for start in range(0, count, 1_000):
        some = [(people[who], _logged(start + n, who, name, x)) for n, (who, name, x) in enumerate(stream[start : start + 1_000])]
        begin = time.process_time()
        for customer, event in some:
            commit = advance(compiled, customer, event, event.accepted_at)
            customer.apply(commit)
            actions += len(commit.outbox)
            entries += len(commit.history)
        seconds += time.process_time() - begin
    steps, expected = workload.expected(stream)
    moves = sum(customer.enrollments["workload", ""].visit - 1 for customer in people)
    assert ([customer.enrollments["workload", ""].step for customer in people], actions) == (steps, expected), "it arrived elsewhere"
    assert entries == moves > expected, "a move without a history entry"
    return count / seconds


def _logged(number: int, who: int, name: str, x: int) -> LoggedEvent:
    event = Event(name, id=str(number), customer_id=str(who), occurred_at=at(START), properties={"x": x})
    return LoggedEvent(event, START + number)


def _entered(compiled: Compiled, customer_id: str) -> Customer:
    customer = Customer(Loaded(customer_id, 0, 0, Facts(), [], []))
    given = {"journey": "workload", "key": "", "data": {}}
    event = Event("$enter", id="enter", customer_id=customer_id, occurred_at=at(START), properties=given)
    customer.apply(advance(compiled, customer, LoggedEvent(event, START), START))
    return customer


# -- on SQLite ----------------------------------------------------------------------------------------------------------


def prepare(storage: Storage, commits: Iterable[Commit]) -> None:
    """Write *commits*, many at a time."""
    rest = iter(commits)
    while some := list(islice(rest, 1_000)):
        storage.commit_many(some)


def database(count: int, k: int, folder: str, *, due: bool) -> tuple[SQLiteStorage, list[Journey]]:
    """A database of the floor's customers, everything in the file itself and nothing in its log."""
    storage, journeys = SQLiteStorage(os.path.join(folder, "library.db")), [carts(number) for number in range(k)]
    storage.migrate()
    prepare(storage, customers(count, journeys, due=due))
    connection(storage).execute("pragma wal_checkpoint(truncate)")
    return storage, journeys


def connection(storage: SQLiteStorage):
    """The connection that the storage uses in this thread: its pragmas are printed, its log is emptied."""
    return storage._connections._connection()  # type: ignore[attr-defined]  # noqa: SLF001


def durable_events(clock: Clock, batch: int, k: int, count: int = 100_000, people: int = 20_000, folder: str | None = None) -> float:
    """Events a second: those of the floor, made into `Event` and handled, *batch* in a transaction."""
    storage, journeys = database(people, k, folder or tempfile.mkdtemp(), due=False)
    seconds = tell(clock, storage, journeys, batch, k, count, people)
    assert connection(storage).execute("select count(*) from journeykit_events where state = 'decided'").fetchone()[0] == count
    storage.close()
    return count / seconds


def tell(clock: Clock, storage: Storage, journeys: Sequence[Journey], batch: int, k: int, count: int, people: int) -> float:
    """The seconds that it takes to make the floor's events and handle them on *storage*, *batch* in a transaction."""
    moments = ManualClock(at(LATE))
    engine, rnd = Engine([*journeys, CATALOG], storage, {"email": ignore}, clock=moments), random.Random(5)
    stream = [(str(rnd.randrange(people)), added(rnd.randrange(k))) for _ in range(count)]
    moment, names = at(LATE), iter(range(count))
    begin = clock()
    for start in range(0, count, batch):
        moments.set(LATE + start)
        some = [
            Event(name, id=f"event-{next(names)}", customer_id=who, occurred_at=moment, properties=PROPERTIES)
            for who, name in stream[start : start + batch]
        ]
        if batch == 1:
            engine.handle(some[0])
        else:
            engine.handle_many(some)
    return clock() - begin


def due_timers(clock: Clock, batch: int, k: int, people: int = 40_000, folder: str | None = None) -> float:
    """Timers a second: those of the floor, all due, *batch* in a transaction."""
    storage, journeys = database(people, k, folder or tempfile.mkdtemp(), due=True)
    seconds = fire(clock, storage, journeys, batch, people)
    storage.close()
    return people / seconds


def fire(clock: Clock, storage: Storage, journeys: Sequence[Journey], batch: int, people: int) -> float:
    """The seconds that it takes to fire a timer of each of *people* on *storage*."""
    assert batch == 1_000, "the engine takes 1,000 customers at a time"
    engine = Engine([*journeys, CATALOG], storage, {"email": ignore}, clock=ManualClock(at(START + 10**9)))
    begin = clock()
    fired = engine.run_due()
    seconds = clock() - begin
    assert fired == people
    return seconds


# -- in memory ----------------------------------------------------------------------------------------------------------


def idle_customer(clock: Clock, count: int = 100_000) -> float:
    """Resident bytes of one idle customer in `MemoryStorage`."""
    storage, journey = MemoryStorage(), carts(0)
    engine = Engine([journey, CATALOG], storage, {"email": ignore}, clock=ManualClock(at(START)))
    engine.run_due()
    before = _resident()
    prepare(storage, _idle(count, journey))
    return (_resident() - before) / count


def _idle(count: int, journey: Journey) -> Iterable[Commit]:
    digest = definition_hash(journey)
    definitions = ((digest, journey.name, journey_text(journey)),)
    for number in range(count):
        traits = {**FACTS.traits, "email": f"customer-{number}@example.org"}
        facts = Facts(zone=FACTS.zone, consent=FACTS.consent, traits=traits)
        data = {"cart_id": f"cart-{number}", "total": 4250, "items": 3}
        timers = (Timer(0, START + number * 1_000_000, 4_096),)
        inside = Enrollment(journey.name, f"cart-{number}", 1, digest, 4_096, "active", "waiting", 3, START, START, data, timers)
        yield Commit(f"customer-{number}", 0, 1, START, facts, [inside], definitions=definitions)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def event_among(clock: Clock, others: int, count: int = 30_000, people: int = 2_000) -> float:
    """Microseconds of processor time for an event that concerns one journey while *others* are registered that it does not concern."""
    storage, journey = MemoryStorage(), carts(0)
    prepare(storage, customers(people, [journey], due=False))
    moments, rnd = ManualClock(at(LATE)), random.Random(5)
    engine = Engine([journey, *unconcerned(others), CATALOG], storage, {"email": ignore}, clock=moments)
    events = [
        Event(added(0), id=f"event-{n}", customer_id=str(rnd.randrange(people)), occurred_at=at(LATE), properties=PROPERTIES)
        for n in range(count)
    ]
    engine.handle_many(events[:100])
    begin = time.process_time()
    for start in range(100, count, 100):
        engine.handle_many(events[start : start + 100])
    return (time.process_time() - begin) / (count - 100) * 1_000_000


# -- a whole import -----------------------------------------------------------------------------------------------------


def demo_import(clock: Clock, every: int = 1) -> float:
    """Purchases a second of the demo's import: file to database and performed actions, the start of Python included."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--db", f"{folder}/shop.db", "--out", f"{folder}/actions.jsonl", "--every", str(every)]
        begin = time.perf_counter()
        subprocess.run([sys.executable, str(EXAMPLES / "cdnow" / "demo.py"), *options], check=True, stderr=subprocess.DEVNULL)
        seconds = time.perf_counter() - begin
    return 69_659 / every / seconds
