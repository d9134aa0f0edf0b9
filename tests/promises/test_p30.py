"""P30: every action request ends exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from journeykit import ActionRequest, Do, Done, Failed, Journey, MemoryStorage, On, Retry, SQLiteStorage, Step, Transition
from journeykit.ports import Storage
from journeykit.runtime.backoff import Backoff
from shop import Shop

GREET = Journey("greet", entry="Signed Up", steps=[Step("greeted", stage="awareness", do=Do("email", name="{customer.name}"))])
STEADY = Backoff(first=60, attempts=3, jitter=lambda: 0)


def answering(*answers: Any) -> Any:
    """An action that gives these answers one after the other; an exception is raised."""
    left: Iterator[Any] = iter(answers)

    def answer(_: ActionRequest) -> Any:
        given = next(left)
        if isinstance(given, Exception):
            raise given
        return given

    return answer


@pytest.fixture(name="storage", params=["memory", "sqlite"])
def _storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    storage: Storage = MemoryStorage() if request.param == "memory" else SQLiteStorage(tmp_path / "shop.db")
    storage.migrate()
    storage.migrate()
    yield storage
    storage.close()


def test_it_is_attempted_until_it_is_performed_under_one_key(storage: Storage) -> None:
    """The provider is down twice; the third attempt gets through, with the key and the words of the first."""
    shop = Shop(GREET, storage=storage, answers={"email": answering(Retry(), ValueError("no answer"), Done())}, backoff=STEADY)
    shop.identify(traits={"name": "Ann"})
    shop.event("Signed Up")
    shop.work()
    shop.identify(traits={"name": "Anna"})
    shop.wait("1 hour")

    assert [(request.attempt, request.parameters) for request in shop.requests] == [
        (1, {"name": "Ann"}),
        (2, {"name": "Ann"}),
        (3, {"name": "Ann"}),
    ]
    assert {request.idempotency_key for request in shop.requests} == {"ann/greet//1/2/0"}
    assert [(row.state, row.attempts) for row in shop.engine.outbox()] == [("performed", 3)]


def test_attempts_back_off(storage: Storage) -> None:
    """A minute after the first attempt the second, two minutes after that the third."""
    times: list[int] = []
    shop = Shop(GREET, storage=storage, answers={"email": lambda _: times.append(shop.clock.now()) or Retry()}, backoff=STEADY)
    shop.event("Signed Up")
    begun = shop.clock.now()
    shop.wait("1 day")

    assert [(at - begun) // 1_000_000 for at in times] == [0, 60, 180]


def test_used_up_it_is_a_dead_letter_that_can_be_tried_again(storage: Storage) -> None:
    """Three attempts, then nobody tries until a person says so; then Ann gets her mail."""
    shop = Shop(GREET, storage=storage, answers={"email": answering(Retry(), Retry(), Retry(), Done())}, backoff=STEADY)
    shop.event("Signed Up")
    shop.wait("1 day")
    (dead,) = shop.engine.outbox("dead")

    assert (dead.attempts, len(shop.sent)) == (3, 3)
    assert shop.engine.retry_outbox([dead.id]) == 1

    shop.work()

    assert [row.state for row in shop.engine.outbox()] == ["performed"]


def test_failed_is_final_at_once(storage: Storage) -> None:
    """An address that does not exist is not tried again, and can be dropped."""
    shop = Shop(GREET, storage=storage, answers={"email": answering(Failed("no such address"))})
    shop.event("Signed Up")
    shop.wait("1 day")
    (dead,) = shop.engine.outbox("dead")

    assert (dead.reason, len(shop.sent)) == ("no such address", 1)
    assert shop.engine.drop_outbox([dead.id]) == 1
    assert [row.state for row in shop.engine.outbox()] == ["dropped"]


def test_one_failing_action_holds_up_nobody_else(storage: Storage) -> None:
    """Ann's provider refuses for ever; Ben gets his mail all the same."""
    shop = Shop(GREET, storage=storage, answers={"email": lambda request: Retry() if request.customer_id == "ann" else Done()})
    for customer in ("ann", "ben"):
        shop.event("Signed Up", customer)
    shop.work()

    assert [(row.message.customer_id, row.state) for row in shop.engine.outbox()] == [("ann", "open"), ("ben", "performed")]


def test_two_workers_never_hold_one_request_at_once(storage: Storage) -> None:
    """While one performs it, the other finds nothing to do; once its lease has run out, it may."""
    shop = Shop(GREET, storage=storage)
    shop.event("Signed Up")
    now = shop.clock.now()
    first = storage.claim_outbox(now, 10, 60, "first")

    assert len(first) == 1
    assert storage.claim_outbox(now + 59, 10, 60, "second") == []
    assert [claimed.message.idempotency_key for claimed in storage.claim_outbox(now + 60, 10, 60, "second")] == ["ann/greet//1/1/0"]


def test_a_crash_in_the_middle_of_an_action_repeats_it_under_its_key(storage: Storage) -> None:
    """The process dies while the mail is sent; the next one sends it again, and the provider knows the key."""
    shop = Shop(GREET, storage=storage, answers={"email": answering(Done())})
    shop.event("Signed Up")
    (claimed,) = storage.claim_outbox(shop.clock.now(), 1, 60_000_000, "the one that dies")
    shop.wait("1 hour")

    assert [request.idempotency_key for request in shop.requests] == [claimed.message.idempotency_key]
    assert [row.state for row in shop.engine.outbox()] == ["performed"]


def test_the_answer_and_the_outcome_are_signals(storage: Storage) -> None:
    """The coupon comes back with a code, which the mail carries; a mail that cannot be delivered opens a ticket."""
    steps = [
        Step("asked", stage="retention", do=Do("coupon"), wait="1 day", when={"Coupon Made": "mailed"}),
        Step("nothing", end="no coupon"),
        Step(
            "mailed",
            set={"data.code": "event.code"},
            do=Do("email", code="{data.code}"),
            wait="1 day",
            when=[Transition("called", on=On(settled="email dead"))],
        ),
        Step("done", end="completed"),
        Step("called", do=Do("ticket")),
    ]
    answers = {"coupon": lambda _: Done("Coupon Made", {"code": "X7"}), "email": lambda _: Failed("no such address")}
    shop = Shop(Journey("gift", entry="Signed Up", steps=steps), storage=storage, answers=answers)
    shop.event("Signed Up")
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann coupon", "2026-03-02 09:00 ann email X7", "2026-03-02 09:00 ann ticket"]
