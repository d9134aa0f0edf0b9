"""Many workers: each with its share, nobody held up by what others wait for, rates that hold over all of them."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from journeykit import DefinitionError, Do, Engine, Event, Journey, ManualClock, MemoryStorage, SQLiteStorage, Step, Worker
from journeykit.model.messages import moment
from journeykit.model.records import MAILBOX, Claimed

GREET = Journey("greet", stage="awareness", entry="Signed Up", steps=[Step("greeted", do="email", wait="1 day")])
NOTE = Journey("note", stage="retention", key="order", entry="Order Completed", steps=[Step("noted", do=Do("crm", order="{journey.key}"))])
SECOND = 1_000_000
PATIENCE = 120.0  #: seconds after which a test gives up


def happened(name: str, customer: str, number: int = 0) -> Event:
    return Event(name, id=f"{name} {number}", customer_id=customer, occurred_at=moment(0), properties={"order": str(number)})


def until(done) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.005)


@pytest.fixture(name="storage", params=["memory", "sqlite"])
def _storage(request, tmp_path: Path):
    storage = MemoryStorage() if request.param == "memory" else SQLiteStorage(tmp_path / "shop.db")
    storage.migrate()
    yield storage
    storage.close()


# -- a crowded mailbox -------------------------------------------------------------------------------------------------


def test_one_customer_with_a_crowded_mailbox_holds_up_nobody(storage) -> None:
    """The first batch decides a thousand of ann's events, and all of bob's; in the end each of ann's has been decided, in order."""
    engine = Engine([GREET, NOTE], storage, clock=ManualClock(0))
    count = 2 * MAILBOX + 500
    engine.accept(*(happened("Order Completed", "ann", number) for number in range(count)))
    engine.accept(happened("Signed Up", "bob"))
    first = engine.run_due(limit=2)
    assert first == MAILBOX + 1
    assert [entry.kind for entry in storage.history("bob")] == ["entered"]

    assert engine.run_due() == count - MAILBOX
    assert [row.event.id for row in storage.events("ann")] == [f"Order Completed {number}" for number in range(count)]
    assert {entry.seq for entry in storage.history("ann")} == set(range(1, count + 1))


def test_an_event_behind_a_crowded_mailbox_waits_its_turn(storage) -> None:
    """`handle` decides what stands before it up to a thousand; then the worker goes on, and the event comes last."""
    engine = Engine([GREET, NOTE], storage, clock=ManualClock(0))
    engine.accept(*(happened("Order Completed", "ann", number) for number in range(MAILBOX + 1)))
    assert engine.handle(happened("Signed Up", "ann")).status == "waiting"
    assert engine.run_due() == 2

    assert [row.event.name for row in storage.events("ann")][-2:] == ["Order Completed", "Signed Up"]


def test_timers_behind_a_crowded_mailbox_fire_after_it(storage) -> None:
    """Ann's timer is due before the last of her mail, which a late worker finds in two parts: the order is that of time."""
    clock = ManualClock(0)
    engine = Engine([GREET, NOTE], storage, clock=clock)
    engine.handle(happened("Signed Up", "ann"))
    engine.accept(*(happened("Order Completed", "ann", number) for number in range(MAILBOX)))
    clock.set(2 * 86_400 * SECOND)
    engine.accept(happened("Order Completed", "ann", MAILBOX))
    engine.run_due()

    kinds = [(entry.kind, entry.cause) for entry in storage.history("ann") if entry.journey == "greet" or entry.at > 0]
    assert kinds == [("entered", "Signed Up"), ("completed", "after 1 day"), ("entered", "Order Completed"), ("completed", "then")]


# -- rates ---------------------------------------------------------------------------------------------------------------


def test_a_rate_holds_over_all_workers(storage) -> None:
    """Two a minute: two engines on one storage perform two in the first minute, two in the next; nothing is lost or late for good."""
    clock = ManualClock(0)
    sent: list[tuple[int, str]] = []
    engines = [
        Engine([GREET], storage, {"email": lambda request: sent.append((clock.now() // SECOND, request.customer_id))}, clock=clock, rates={"email": "2 per minute"})
        for _ in range(2)
    ]  # fmt: skip
    engines[0].handle_many([happened("Signed Up", name) for name in ("ann", "bob", "eve", "joe", "zoe")])
    for second in (0, 30, 59, 60, 61, 119, 120):
        clock.set(second * SECOND)
        for engine in engines:
            engine.dispatch()

    assert sent == [(0, "ann"), (0, "bob"), (60, "eve"), (60, "joe"), (120, "zoe")]
    assert [row.attempts for row in storage.outbox()] == [1] * 5


def test_what_has_to_wait_keeps_its_place(storage) -> None:
    """Forty messages that are due since long, one a minute: they go in the order in which they were asked for, and count as no attempt."""
    clock, sent, told = ManualClock(0), [], []
    engine = Engine(
        [NOTE], storage, {"crm": lambda request: sent.append(request.parameters["order"])}, clock=clock, rates={"crm": "1 per minute"},
        hooks=[lambda what, _: told.append(what)],
    )  # fmt: skip
    for number in range(40):
        clock.set(number)
        engine.handle(happened("Order Completed", "ann", number))
    told.clear()
    for minute in range(1, 4):
        clock.set(minute * 60 * SECOND)
        assert engine.dispatch() == (1, 0, 0, 0)

    assert sent == ["0", "1", "2"]
    assert told == ["performed"] * 3


def test_an_action_that_has_to_wait_holds_up_no_other(storage) -> None:
    """The texts go on while e-mail waits for its next minute."""
    clock, sent = ManualClock(0), []
    both = Journey("both", stage="awareness", entry="Signed Up", steps=[Step("told", do=[Do("email"), Do("sms")])])
    note = lambda request: sent.append(request.action)  # noqa: E731
    engine = Engine([both], storage, {"email": note, "sms": note}, clock=clock, rates={"email": "1 per hour"})
    engine.handle_many([happened("Signed Up", f"customer {number}") for number in range(100)])
    engine.dispatch()

    assert (sent.count("email"), sent.count("sms")) == (1, 100)


def test_a_rate_of_an_action_there_is_not() -> None:
    """A misspelt action would have no rate at all."""
    with pytest.raises(DefinitionError, match=r'rates\["emial"\]: no action "emial"; did you mean "email"\?'):
        Engine([], MemoryStorage(), {"email": lambda _: None}, rates={"emial": "100 per minute"})


@pytest.mark.parametrize("rate", ["often", "0 per minute", "5 per blue moon", "5 per", "5"])
def test_a_rate_that_cannot_be_read(rate: str) -> None:
    """The error names the action and what was written."""
    with pytest.raises(DefinitionError, match=rf'rates\["email"\]: "{rate}" is no rate; write for example "100 per minute"'):
        Engine([GREET], MemoryStorage(), rates={"email": rate})


# -- workers -------------------------------------------------------------------------------------------------------------


def test_an_action_that_hangs_holds_up_neither_timers_nor_others(tmp_path: Path) -> None:
    """With two threads for actions, one hangs in a call; meanwhile events are decided and others are written to."""
    free, sent = threading.Event(), []

    def send(request) -> None:
        if request.customer_id == "ann":
            free.wait(PATIENCE)
        sent.append(request.customer_id)

    storage = SQLiteStorage(tmp_path / "shop.db")
    storage.migrate()
    engine = Engine([GREET], storage, {"email": send})
    worker = Worker(engine, threads=2)
    thread = threading.Thread(target=worker.run)
    thread.start()
    engine.accept(happened("Signed Up", "ann"))
    until(lambda: any(row.attempts for row in storage.outbox()))
    engine.accept(happened("Signed Up", "bob"))
    until(lambda: sent == ["bob"])
    free.set()
    until(lambda: sent == ["bob", "ann"])
    worker.stop()
    thread.join(PATIENCE)
    storage.close()

    assert not thread.is_alive()


def test_a_thread_that_fails_ends_the_worker() -> None:
    """What nobody expects is raised where the worker was started, instead of one thread missing from then on."""

    class Broken(MemoryStorage):
        def claim_outbox(self, *arguments: object) -> list[Claimed]:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Worker(Engine([GREET], Broken(), {"email": print}), threads=2).run()


def test_two_workers_share_the_customers(storage) -> None:
    """Each step of each decides for its own share; when one goes, the other has everybody."""
    clock = ManualClock(0)
    engine = Engine([GREET], storage, {"email": lambda _: None}, clock=clock)
    one, two = Worker(engine), Worker(engine)
    one._step()
    two._step()
    clock.set(4 * SECOND)  # time to say again that they are there, and to hear of the other
    one._step()
    two._step()
    engine.accept(*(happened("Signed Up", f"customer {number}") for number in range(40)))
    one._step()
    half = len([name for name in storage.customers(limit=100) if storage.history(name)])
    assert 0 < half < 40
    two._step()

    assert all(storage.history(name) for name in storage.customers(limit=100))
    engine.accept(*(happened("Signed Up", f"late {number}") for number in range(40)))
    one._step()
    assert not all(storage.history(name) for name in storage.customers(limit=100))
    clock.set(7 * SECOND)  # some have waited for seconds, and two may be gone
    one._step()
    assert all(storage.history(name) for name in storage.customers(limit=100))


def test_a_single_step_is_for_everybody(storage) -> None:
    """Who asks for one round of what is due, in a test or a job, gets all of it, however many did before."""
    engine = Engine([GREET], storage, {"email": lambda _: None}, clock=ManualClock(0))
    Worker(engine)._step()  # one that runs, and has died
    for number in range(20):
        engine.accept(happened("Signed Up", f"customer {number}"))
        Worker(engine).step()
        assert storage.history(f"customer {number}")


def test_the_backlog_can_be_read(storage) -> None:
    """How much waits, and since when."""
    clock = ManualClock(5 * SECOND)
    engine = Engine([GREET], storage, {"email": lambda _: None}, clock=clock)
    engine.handle(happened("Signed Up", "ann"))
    engine.accept(happened("Signed Up", "bob"))
    clock.set(2 * 86_400 * SECOND)
    waits = engine.backlog()

    assert (waits.events, waits.oldest_event) == (1, 5 * SECOND)
    assert (waits.customers, waits.oldest_timer) == (1, (86_400 + 5) * SECOND)
    assert (waits.messages, waits.oldest_message, waits.dead) == (1, 5 * SECOND, 0)
