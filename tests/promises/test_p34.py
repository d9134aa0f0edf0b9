"""P34: policies."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from journeykit import Catalog, Do, Done, Engine, Journey, MemoryStorage, SQLiteStorage, Step
from journeykit.model.records import Want
from journeykit.ports import Storage
from journeykit.runtime.clock import ManualClock
from journeykit.runtime.why import replay
from shop import Shop

NIGHT = "2026-03-02T22:30:00+01:00"


def hello(*do: Do, zone: str = "Europe/Berlin") -> Journey:
    """Something for everybody who says hello, each time."""
    return Journey(
        "hello", zone=zone, entry="Hello", reentry="always", key="signal.id", steps=[Step("in", stage="awareness", do=do or "email")]
    )


def shop(*policies: str, do: tuple[Do, ...] = (), **options: Any) -> Shop:
    """A shop under these policies."""
    return Shop(hello(*do), Catalog(policies=policies), **options)


def became(story: Shop) -> list[str]:
    """What became of each request."""
    return [row.reason or row.state for row in story.engine.outbox()]


def test_no_marketing_without_consent() -> None:
    """Nobody asked Ann; what she gets is an invoice and no offer."""
    story = shop("consent", do=(Do("email"), Do("email", message="transactional")))
    story.event("Hello")
    story.work()

    assert became(story) == ["consent: never given for email", "performed"]


def test_a_holdout_is_kept() -> None:
    """Who is held out comes out of a hash once; another share moves nobody."""
    story = shop("hold out 50% as control")
    for number in range(20):
        story.event("Hello", f"customer {number}")
    story.work()
    before = became(story)
    later = Shop(hello(), Catalog(policies=["hold out 99% as control"]), storage=story.storage)
    for number in range(20):
        later.event("Hello", f"customer {number}", id=f"again {number}")
    later.work()

    assert set(before) == {"performed", "holdout: control"}
    assert became(later)[20:] == before


def test_who_is_held_out_is_known_to_a_replay() -> None:
    """The arm is drawn by the decision that asks, and is part of its commit."""
    story = shop("hold out 50% as control")
    story.event("Hello")
    (loaded,) = story.storage.load_many([Want("ann", None)])
    (again,) = replay(story.engine.definitions.compiled, loaded, story.storage.events("ann"))

    assert list(loaded.facts.arms) == ["holdout/control"]
    assert again.facts == loaded.facts


def test_an_open_ticket_stops_marketing() -> None:
    """Until it is resolved; the reason can be read."""
    story = shop("no marketing while customer.tickets > 0 as open ticket")
    story.identify(traits={"tickets": 1})
    story.event("Hello")
    story.work()
    story.identify(traits={"tickets": 0})
    story.event("Hello")
    story.work()

    assert became(story) == ["suppressed: open ticket", "performed"]


def test_quiet_hours_hold_to_their_end() -> None:
    """Asked for at half past ten in the evening, performed once eight has passed, under the same key and as the first attempt."""
    story = shop("quiet 22:00 to 08:00", at=NIGHT)
    story.event("Hello")
    story.wait("9 hours")
    assert [request.attempt for request in story.requests] == []
    story.wait("1 hour")

    assert [request.attempt for request in story.requests] == [1]


def test_a_window_does_not_hold_its_end() -> None:
    """At eight sharp it is over."""
    story = shop("quiet 22:00 to 08:00", at="2026-03-03T08:00:00+01:00")
    story.event("Hello")
    story.work()

    assert became(story) == ["performed"]


def test_a_held_message_is_released_once_its_instant_has_passed() -> None:
    """Who opens a ticket at eight sharp is in time."""
    story = shop("quiet 22:00 to 08:00", "none while customer.tickets > 0 as open ticket", at=NIGHT)
    story.event("Hello")
    story.work()
    story.clock.set("2026-03-03T08:00:00+01:00")
    story.work()
    story.identify(traits={"tickets": 1})
    story.wait("1 hour")

    assert became(story) == ["suppressed: open ticket"]


def test_the_weekday_is_that_of_the_evening() -> None:
    """Quiet on friday: two on Saturday morning is Friday's night, two on Friday morning is not."""
    for at, state in (("2026-03-07T02:00:00+01:00", "quiet hours: 22:00 to 08:00"), ("2026-03-06T02:00:00+01:00", "performed")):
        story = shop("quiet 22:00 to 08:00 on friday", at=at)
        story.event("Hello")
        story.work()

        assert became(story) == [state]


def test_a_cap_counts_a_rolling_window() -> None:
    """Not the calendar's day: at ten and at two in the night is twice in four hours. A day later, to the moment, there is room."""
    story = shop("at most 1 in 24 hours", "at most 9 in 7 days", at="2026-03-02T22:00:00+01:00")
    story.event("Hello")
    story.work()
    story.wait("4 hours")
    story.event("Hello")
    story.work()
    story.clock.set("2026-03-03T22:00:00+01:00")
    story.event("Hello")
    story.work()

    assert became(story) == ["performed", "frequency cap: at most 1 in 24 hours", "performed"]


def test_transactional_messages_pass() -> None:
    """No consent, at night, above the cap."""
    story = shop("consent", "quiet 22:00 to 08:00", "at most 1 in 1 day", do=(Do("email", message="transactional"),) * 3, at=NIGHT)
    story.event("Hello")
    story.work()

    assert became(story) == ["performed"] * 3


def test_the_order_does_not_depend_on_how_it_is_written() -> None:
    """Who may not be written to at all is not held until the morning first."""
    story = shop("quiet 22:00 to 08:00", "consent", at=NIGHT)
    story.event("Hello")
    story.work()

    assert became(story) == ["consent: never given for email"]


def test_every_answer_is_kept() -> None:
    """Held by the night, then by the cap, then performed: both can be read."""
    story = shop("quiet 22:00 to 08:00", "at most 1 in 24 hours or defer up to 2 days", at=NIGHT)
    story.event("Hello")
    story.event("Hello")
    story.wait("3 days")
    told = [[(answer.policy, answer.answer) for answer in row.answers] for row in story.engine.outbox()]

    assert became(story) == ["performed"] * 2
    assert told == [
        [("quiet 22:00 to 08:00", "defer")],
        [("quiet 22:00 to 08:00", "defer"), ("at most 1 in 24 hours or defer up to 2 days", "defer")],
    ]


@pytest.fixture(name="opened", params=["memory", "sqlite"])
def _opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Storage]:
    """What opens one and the same storage for each worker."""
    if request.param == "memory":
        storage = MemoryStorage()
        return lambda: storage
    return lambda: SQLiteStorage(tmp_path / "shop.db", synchronous="off")


@pytest.mark.parametrize("together", [True, False], ids=["released together", "released one after the other"])
def test_two_workers_under_a_cap_of_one(opened: Callable[[], Storage], together: bool) -> None:
    """At eight two workers find two messages for each of ten customers; each customer gets exactly one."""
    definitions = [hello(), Catalog(policies=["quiet 22:00 to 08:00", "at most 1 in 24 hours"])]
    clock = ManualClock(NIGHT)
    sent: list[str] = []

    def engine() -> Engine:
        storage = opened()
        storage.migrate()
        return Engine(definitions, storage, {"email": lambda request: sent.append(request.customer_id) or Done()}, clock=clock)

    front = engine()
    teller = Shop(at=NIGHT)
    for number in range(20):
        front.handle(teller.fact("Hello", f"customer {number % 10}"))
    front.dispatch()
    assert sent == []
    clock.set("2026-03-03T08:00:00.000001+01:00")
    workers, barrier = [engine() for _ in range(2)], Barrier(2)

    def work(worker: Engine) -> None:
        barrier.wait()
        while sum(worker.dispatch(100 if together else 1)):
            pass

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, workers))
    rows = front.outbox()
    for worker in (front, *workers):
        worker.storage.close()

    assert sorted(sent) == [f"customer {number}" for number in range(10)]
    assert sorted(row.reason or row.state for row in rows) == ["frequency cap: at most 1 in 24 hours"] * 10 + ["performed"] * 10


def test_a_second_worker_sees_what_the_first_has_claimed(opened: Callable[[], Storage]) -> None:
    """While the first mail is on its way, the second is not sent; the worker that sends the first does not see the second."""
    definitions = [hello(), Catalog(policies=["at most 1 in 24 hours"])]
    clock = ManualClock(NIGHT)
    sent: list[str] = []
    teller = Shop(at=NIGHT)

    def slow(request: Any) -> Done:
        sent.append(request.idempotency_key)
        if len(sent) == 1:  # while it is being sent, a second is asked for, and another worker is at once there
            other.handle(teller.fact("Hello"))
            other.dispatch()
        return Done()

    storages = [opened(), opened()]
    for storage in storages:
        storage.migrate()
    first, other = (Engine(definitions, storage, {"email": slow}, clock=clock) for storage in storages)
    first.handle(teller.fact("Hello"))
    first.dispatch()
    rows = first.outbox()
    for storage in storages:
        storage.close()

    assert len(sent) == 1
    assert [row.reason or row.state for row in rows] == ["performed", "frequency cap: at most 1 in 24 hours"]


HOUSEHOLD = "at most 1 letter in 7 days per customer.household"


def family(opened: Callable[[], Storage]) -> tuple[Callable[[], Engine], Shop, list[str]]:
    """Engines on one storage under a cap of a household, somebody to tell them what happens, and what was sent to whom."""
    sent: list[str] = []
    clock = ManualClock(NIGHT)
    letters = {"letter": lambda request: sent.append(request.customer_id) or Done()}

    def engine() -> Engine:
        storage = opened()
        storage.migrate()
        return Engine([hello(Do("letter")), Catalog(policies=[HOUSEHOLD])], storage, letters, clock=clock)

    return engine, Shop(at=NIGHT), sent


def test_a_household_gets_one_letter(opened: Callable[[], Storage]) -> None:
    """Ann and Bob live together, Cem lives alone, of Dora nothing is known; a week later there is room again."""
    engine, teller, sent = family(opened)
    front = engine()
    for name, household in (("ann", "oak 7"), ("bob", "oak 7"), ("cem", "elm 1")):
        front.identify(name, id=f"lives {name}", traits={"household": household})
    for days in (0, 6, 1):
        front.clock.advance(days * 86_400)  # type: ignore[attr-defined]
        for name in ("ann", "bob", "cem", "dora"):
            front.handle(teller.fact("Hello", name))
        front.dispatch()
        sent.append("then")
    reasons = [row.reason for row in front.outbox("dropped")]
    front.storage.close()

    assert sent == ["ann", "cem", "dora", "then", "then", "ann", "cem", "dora", "then"]
    assert set(reasons) == {f"frequency cap: {HOUSEHOLD}"}


def test_two_workers_and_two_of_one_household(opened: Callable[[], Storage]) -> None:
    """Twenty couples, both with a letter, two workers that take one at a time: one letter for each couple."""
    engine, teller, sent = family(opened)
    front = engine()
    for number in range(40):
        front.identify(f"c{number}", id=f"lives {number}", traits={"household": number % 20})
        front.handle(teller.fact("Hello", f"c{number}"))
    workers, barrier = [engine() for _ in range(2)], Barrier(2)

    def work(worker: Engine) -> None:
        barrier.wait()
        while sum(worker.dispatch(1)):
            pass

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, workers))
    for worker in (front, *workers):
        worker.storage.close()

    assert sorted(int(name[1:]) % 20 for name in sent) == list(range(20))


def test_a_letter_on_its_way_to_one_holds_back_that_to_the_other(opened: Callable[[], Storage]) -> None:
    """While Ann's letter is being printed, a second worker comes to Bob's."""
    engine, teller, sent = family(opened)
    first, other = engine(), engine()
    for name in ("ann", "bob"):
        first.identify(name, id=f"lives {name}", traits={"household": "oak 7"})

    def slow(request: Any) -> Done:
        sent.append(request.customer_id)
        if request.customer_id == "ann":
            other.handle(teller.fact("Hello", "bob"))
            other.dispatch()
        return Done()

    first.handle(teller.fact("Hello", "ann"))
    printer = Engine([hello(Do("letter")), Catalog(policies=[HOUSEHOLD])], first.storage, {"letter": slow}, clock=first.clock)
    printer.dispatch()
    rows = [row.reason or row.state for row in first.outbox()]
    for storage in (first.storage, other.storage):
        storage.close()

    assert (sent, rows) == (["ann"], ["performed", f"frequency cap: {HOUSEHOLD}"])
