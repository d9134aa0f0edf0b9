"""Every request ends exactly once: performed, dead, or dropped with a reason; what fails is tried again (P30, P33)."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from journeykit import (
    ActionRequest,
    Do,
    Done,
    Engine,
    Event,
    Exit,
    Failed,
    Journey,
    MemoryStorage,
    On,
    Retry,
    Scope,
    SQLiteStorage,
    Step,
    Transition,
)
from journeykit.model.records import Settlement
from journeykit.ports import Storage
from journeykit.runtime.backoff import Backoff
from journeykit.runtime.clock import ManualClock
from shop import Shop

CALM = Backoff(jitter=lambda: 0)
HELLO = Journey("hello", stage="awareness", entry="Signed Up", steps=[Step("greeted", do=Do("email", name="{event.first_name}"))])


@pytest.fixture(name="storage", params=["memory", "sqlite"])
def _storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    storage: Storage = MemoryStorage() if request.param == "memory" else SQLiteStorage(tmp_path / "shop.db")
    storage.migrate()
    yield storage
    storage.close()


def ends(shop: Shop, customer: str | None = None) -> list[tuple[str, str | None]]:
    return [(row.state, row.reason) for row in shop.engine.outbox(customer_id=customer)]


# -- performing ----------------------------------------------------------------------------------------------------------


def test_an_action_is_given_the_whole_request(storage: Storage) -> None:
    """Addressee, parameters, key, moment, deadline and attempt."""
    shop = Shop(HELLO, storage=storage)
    shop.event("Signed Up", first_name="Ann")
    counts = shop.engine.dispatch()
    (request,) = shop.requests

    assert counts == (1, 0, 0, 0)
    assert (request.action, request.customer_id, request.parameters, request.attempt) == ("email", "ann", {"name": "Ann"}, 1)
    assert (request.idempotency_key, request.journey) == ("ann/hello//1/1/0", "hello")
    assert request.requested_at.isoformat() == "2026-03-02T09:00:00+00:00"
    assert request.deadline is not None
    assert request.deadline.isoformat() == "2026-03-05T09:00:00+00:00"
    assert ends(shop) == [("performed", None)]
    assert shop.engine.dispatch() == (0, 0, 0, 0)


def test_what_is_answered_wrongly_is_tried_again_after_a_growing_while(storage: Storage) -> None:
    """30 seconds, a minute, two: the waits double; the key stays the same."""
    answers = iter([Retry(reason="busy"), Retry(), Done()])
    shop = Shop(HELLO, storage=storage, answers={"email": lambda _: next(answers)}, backoff=CALM)
    shop.event("Signed Up")

    assert shop.engine.dispatch() == (0, 1, 0, 0)
    assert ends(shop) == [("open", "busy")]
    shop.clock.advance(29)
    assert shop.engine.dispatch() == (0, 0, 0, 0)
    shop.clock.advance(1)
    assert shop.engine.dispatch() == (0, 1, 0, 0)
    shop.clock.advance(60)
    assert shop.engine.dispatch() == (1, 0, 0, 0)
    assert [(request.attempt, request.idempotency_key) for request in shop.requests] == [(n, "ann/hello//1/1/0") for n in (1, 2, 3)]


def test_an_action_says_itself_when_to_come_again() -> None:
    """``Retry(after=...)`` stands above the backoff."""
    answers = iter([Retry(after=5), Done()])
    shop = Shop(HELLO, answers={"email": lambda _: next(answers)}, backoff=CALM)
    shop.event("Signed Up")
    shop.engine.dispatch()
    shop.clock.advance(5)

    assert shop.engine.dispatch() == (1, 0, 0, 0)


def test_the_wait_has_an_upper_end_and_a_jitter() -> None:
    """No wait is longer than the longest, and up to half of it is taken away by chance."""
    assert [CALM.wait(attempt) for attempt in (1, 2, 3, 20)] == [30, 60, 120, 86_400]
    assert Backoff(jitter=lambda: 1).wait(2) == 30
    assert all(15 <= Backoff().wait(1) <= 30 for _ in range(100))


def test_a_request_dies_when_its_attempts_are_used_up(storage: Storage) -> None:
    """After the last attempt a person has to look at it, retry or drop it."""
    shop = Shop(HELLO, storage=storage, answers={"email": raises}, backoff=Backoff(attempts=2, jitter=lambda: 0))
    shop.event("Signed Up")
    shop.engine.dispatch()
    shop.clock.advance(30)

    assert shop.engine.dispatch() == (0, 0, 1, 0)
    (dead,) = shop.engine.outbox("dead")
    assert (dead.attempts, dead.reason) == (2, "2 attempts; the last: OSError: no route")
    assert shop.engine.retry_outbox([dead.id]) == 1
    assert shop.engine.dispatch() == (0, 1, 0, 0)
    shop.clock.advance(30)
    shop.engine.dispatch()
    assert shop.engine.drop_outbox([dead.id]) == 1
    assert [row.state for row in shop.engine.outbox()] == ["dropped"]


def raises(request: ActionRequest) -> Done:
    raise OSError("no route")


def test_failed_means_dead_at_once(storage: Storage) -> None:
    """What will never work is not tried again."""
    shop = Shop(HELLO, storage=storage, answers={"email": lambda _: Failed("no such address")})
    shop.event("Signed Up")

    assert shop.engine.dispatch() == (0, 0, 1, 0)
    assert ends(shop) == [("dead", "no such address")]


def test_an_action_that_a_worker_does_not_have_is_left_to_another() -> None:
    """A worker of the release before puts it off and says why; one that has the action performs it."""
    storage, clock = MemoryStorage(), ManualClock("2026-03-02T09:00:00+00:00")
    Shop(HELLO, storage=storage).event("Signed Up")
    worker = Engine([], storage, {"sms": raises, "call": raises}, clock=clock)

    assert worker.dispatch() == (0, 1, 0, 0)
    assert (worker.outbox()[0].state, worker.outbox()[0].reason) == ("open", 'no action named "email" here; there are call, sms')
    clock.advance(60)
    assert Engine([], storage, {"email": lambda _: None}, clock=clock).dispatch() == (1, 0, 0, 0)


def test_an_answer_of_another_kind_is_dead() -> None:
    """An action answers Done, Retry, Failed or nothing."""
    shop = Shop(HELLO, answers={"email": lambda _: "ok"})
    shop.event("Signed Up")
    shop.engine.dispatch()

    assert ends(shop) == [("dead", "answered 'ok'; an action answers Done, Retry or Failed")]


class Speechless(Exception):
    """An error that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


def fail(error: Exception) -> Done:
    raise error


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        (lambda: Retry(after=float("nan")), "open", "ValueError: after: nan is no number of seconds; write for example 30"),
        (lambda: Retry(after=1e300), "open", "ValueError: after: 1e+300 is no number of seconds; write for example 30"),
        (lambda: Retry(after="1 hour"), "open", "ValueError: after: '1 hour' is no number of seconds; write for example 30"),  # type: ignore[arg-type]
        (lambda: Retry(reason=ValueError("busy")), "open", "busy"),
        (lambda: Failed(reason=5), "dead", "5"),  # type: ignore[arg-type]
        (lambda: Failed(reason="half \ud83d"), "dead", "half ?"),
        (lambda: fail(ValueError("half \ud83d")), "open", "ValueError: half ?"),
        (lambda: fail(Speechless()), "open", "Speechless: something of type Speechless that cannot be shown"),
        (Speechless, "dead", "answered something of type Speechless that cannot be shown; an action answers Done, Retry or Failed"),
        (lambda: Done(5), "performed", "its answer could not be kept: 'int' object has no attribute 'startswith'"),  # type: ignore[arg-type]
    ],
)
def test_a_nonsensical_answer_holds_up_nobody(storage: Storage, answer: Callable[[], object], state: str, reason: str) -> None:
    """Whatever an action answers or raises is written down, shown as well as it can be, and Ben is served."""
    shop = Shop(HELLO, storage=storage, answers={"email": lambda request: answer() if request.customer_id == "ann" else None})
    for who in ("ann", "ben"):
        shop.event("Signed Up", who)
    shop.engine.dispatch()

    assert ends(shop, "ann") == [(state, reason)]
    assert ends(shop, "ben") == [("performed", None)]


def test_one_failing_action_holds_up_nobody(storage: Storage) -> None:
    """Ann's mail cannot be sent; Ben's and Eve's are."""
    shop = Shop(HELLO, storage=storage, answers={"email": lambda request: raises(request) if request.customer_id == "ann" else None})
    for who in ("ann", "ben", "eve"):
        shop.event("Signed Up", who)

    assert shop.engine.dispatch() == (2, 1, 0, 0)


def test_who_ends_the_process_is_not_stopped(storage: Storage) -> None:
    """``KeyboardInterrupt`` passes; what was performed before it is recorded, what was under way comes again."""
    shop = Shop(HELLO, storage=storage, answers={"email": lambda request: interrupt() if request.customer_id == "ben" else None})
    for who in ("ann", "ben"):
        shop.event("Signed Up", who)

    with pytest.raises(KeyboardInterrupt):
        shop.engine.dispatch()
    assert [row.state for row in shop.engine.outbox()] == ["performed", "open"]
    shop.clock.advance(301)
    with pytest.raises(KeyboardInterrupt):
        shop.engine.dispatch()
    assert [(request.customer_id, request.attempt) for request in shop.requests] == [("ann", 1), ("ben", 1), ("ben", 2)]


def interrupt() -> None:
    raise KeyboardInterrupt


def test_an_action_that_ends_itself_ends_nobody_else(storage: Storage, caplog: pytest.LogCaptureFixture) -> None:
    """A library that gives up with ``sys.exit`` failed, like one that raises; the worker goes on, and the log says whose it was."""
    shop = Shop(HELLO, storage=storage, answers={"email": lambda request: sys.exit(3) if request.customer_id == "ann" else None})
    for who in ("ann", "ben"):
        shop.event("Signed Up", who)

    with caplog.at_level(logging.WARNING, "journeykit"):
        assert shop.engine.dispatch() == (1, 1, 0, 0)
    (record,) = caplog.records
    assert ends(shop, "ann") == [("open", "SystemExit: 3")]
    assert record.getMessage() == "action email of journey hello, attempt 1, failed: SystemExit"
    assert [getattr(record, name) for name in ("customer", "journey", "key", "action")] == ["ann", "hello", "", "email"]


class Ending:
    """A host's own way to end on a signal."""

    def __call__(self, number: int, frame: object) -> None:
        sys.exit(number)

    def end(self, number: int, frame: object) -> None:
        sys.exit(number)


@pytest.mark.parametrize("handler", [lambda number, frame: sys.exit(number), Ending(), Ending().end])
def test_a_signal_ends_the_process_in_the_middle_of_an_action(handler: Any) -> None:
    """The host's handler raises ``SystemExit`` wherever the process is, also inside an action; that passes."""
    shop = Shop(HELLO, answers={"email": lambda request: signal.raise_signal(signal.SIGUSR1)})
    shop.event("Signed Up")
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with pytest.raises(SystemExit):
            shop.engine.dispatch()
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert [row.state for row in shop.engine.outbox()] == ["open"]


def test_a_dead_letter_says_whose_it_was(caplog: pytest.LogCaptureFixture) -> None:
    """The words of the record name no customer; the record knows them."""
    shop = Shop(HELLO, answers={"email": lambda request: Failed("no such address")})
    shop.event("Signed Up")
    shop.engine.dispatch()
    (record,) = caplog.records

    assert record.getMessage() == "action email of journey hello is a dead letter at attempt 1"
    assert [getattr(record, name) for name in ("customer", "journey", "key", "action")] == ["ann", "hello", "", "email"]


def test_what_is_left_is_given_back(storage: Storage) -> None:
    """A dispatcher that is told to stop finishes the action it is at and lets others have the rest at once."""
    shop = Shop(HELLO, storage=storage)
    for who in ("ann", "ben", "eve"):
        shop.event("Signed Up", who)

    assert shop.engine.dispatch(stop=lambda: bool(shop.requests)) == (1, 0, 0, 0)
    assert shop.engine.dispatch() == (2, 0, 0, 0)
    assert [request.customer_id for request in shop.requests] == ["ann", "ben", "eve"]


def test_what_is_given_back_was_no_attempt(storage: Storage) -> None:
    """However often a worker is stopped before it came to it, a request keeps its attempts."""
    shop = Shop(HELLO, storage=storage, backoff=Backoff(attempts=2, jitter=lambda: 0))
    shop.event("Signed Up")
    for _ in range(5):
        told = iter([False, True, True])
        assert shop.engine.dispatch(stop=partial(next, told)) == (0, 0, 0, 0)

    assert shop.engine.dispatch() == (1, 0, 0, 0)
    assert [request.attempt for request in shop.requests] == [1]


def test_an_action_that_takes_the_process_with_it_is_given_up(storage: Storage) -> None:
    """A request that every worker died of is a dead letter, not an endless loop."""
    shop = Shop(HELLO, storage=storage, backoff=Backoff(attempts=3), lease=60)
    shop.event("Signed Up")
    for _ in range(3):
        assert len(storage.claim_outbox(shop.clock.now(), 10, 60_000_000, "dies")) == 1
        shop.clock.advance(60)

    assert shop.engine.dispatch() == (0, 0, 1, 0)
    assert ends(shop) == [("dead", "3 attempts without an answer")]


def test_a_limit_is_kept() -> None:
    """No more attempts than asked for."""
    shop = Shop(HELLO)
    for number in range(50):
        shop.event("Signed Up", f"c{number}")

    assert [sum(shop.engine.dispatch(40)), sum(shop.engine.dispatch(40))] == [40, 10]


def test_a_request_whose_lease_was_taken_over_is_not_settled_twice(storage: Storage) -> None:
    """A slow worker comes back after another has done its work: the other's word stands."""
    shop = Shop(HELLO, storage=storage)
    shop.event("Signed Up")
    (slow,) = storage.claim_outbox(shop.clock.now(), 10, 1_000_000, "slow")
    shop.clock.advance(2)

    assert shop.engine.dispatch() == (1, 0, 0, 0)
    assert storage.settle([Settlement(slow.id, "slow", "dead", "too late", shop.clock.now())]) == [False]
    assert ends(shop) == [("performed", None)]


def test_slow_actions_are_recorded_one_by_one() -> None:
    """After a fifth of a second what was performed is recorded, also in the middle of a group."""
    shop = Shop(HELLO)

    def slowly(request: ActionRequest) -> None:
        states.append([row.state for row in shop.engine.outbox()])
        shop.clock.advance(0.3)

    states: list[list[str]] = []
    shop._answers["email"] = slowly
    for who in ("ann", "ben", "eve"):
        shop.event("Signed Up", who)
    shop.engine.dispatch()

    assert states == [["open", "open", "open"], ["performed", "open", "open"], ["performed", "performed", "open"]]


# -- dropping ------------------------------------------------------------------------------------------------------------


def test_a_message_that_is_too_old_is_dropped(storage: Storage) -> None:
    """After three days, or what is declared, a message is dropped; what reaches nobody is performed, however old."""
    journey = Journey(
        "old", stage="awareness", entry="Signed Up",
        steps=[Step("in", do=[Do("email"), Do("sms", expires="never"), Do("coupon", expires="1 hour"), Do("ticket", message="none")])],
    )  # fmt: skip
    shop = Shop(journey, storage=storage)
    shop.event("Signed Up")
    shop.clock.advance(3 * 86_400)

    assert shop.engine.dispatch() == (2, 0, 0, 2)
    assert [(row.message.action, row.state, row.reason) for row in shop.engine.outbox()] == [
        ("email", "dropped", "expired"), ("sms", "performed", None), ("coupon", "dropped", "expired"), ("ticket", "performed", None),
    ]  # fmt: skip
    assert [request.deadline for request in shop.requests] == [None, None]


def test_who_has_left_hears_nothing_more(storage: Storage) -> None:
    """The order comes after the reminder was decided and before it was sent."""
    journey = Journey(
        "cart",
        stage="purchase",
        entry="Product Added",
        exits="Order Completed",
        steps=[Step("reminded", do="email", wait="1 day"), Step("end")],
    )
    shop = Shop(journey, storage=storage)
    shop.event("Product Added")
    shop.event("Order Completed")

    assert shop.engine.dispatch() == (0, 0, 0, 1)
    assert ends(shop) == [("dropped", "exited: Order Completed")]


def test_mail_is_decided_before_anything_is_performed(storage: Storage) -> None:
    """The order stands in the mailbox, accepted and not decided: it counts."""
    journey = Journey(
        "cart",
        stage="purchase",
        entry="Product Added",
        exits="Order Completed",
        steps=[Step("reminded", do="email", wait="1 day"), Step("end")],
    )
    shop = Shop(journey, storage=storage)
    shop.event("Product Added")
    shop.engine.accept(shop.fact("Order Completed"))

    assert shop.engine.dispatch() == (0, 0, 0, 1)


def test_completing_is_not_leaving(storage: Storage) -> None:
    """What the last decision asked for is performed, though the journey is over, by completion or by an end with a reason."""
    completed = Journey("one", stage="awareness", entry="Signed Up", steps=[Step("in", do=Do("email", text="one"))])
    ended = Journey("two", stage="awareness", entry="Signed Up", steps=[Step("in", do=Do("email", text="two"), end="no interest")])
    shop = Shop(completed, ended, storage=storage)
    shop.event("Signed Up")

    assert shop.engine.dispatch() == (2, 0, 0, 0)


def test_exit_rules_watch_over_a_completed_journey(storage: Storage) -> None:
    """The cart was bought after the journey had completed, and before its last reminder was sent."""
    journey = Journey("cart", stage="purchase", entry="Product Added", exits="Order Completed", steps=[Step("reminded", do="email")])
    shop = Shop(journey, storage=storage)
    shop.event("Product Added")
    shop.event("Order Completed")

    assert shop.engine.dispatch() == (0, 0, 0, 1)
    assert ends(shop) == [("dropped", "exited: Order Completed")]


def test_an_exit_rule_that_holds_now_takes_the_customer_out(storage: Storage) -> None:
    """Consent is withdrawn between decision and sending: the message is dropped, and the customer leaves."""
    rule = Exit(On(where="not consent.email"), end="no consent", at="next action")
    journey = Journey(
        "care", stage="retention", entry="Delivered", exits=rule, steps=[Step("cared", do="email", wait="9 days"), Step("end")]
    )
    shop = Shop(journey, storage=storage)
    shop.identify(consent={"email": True})
    shop.event("Delivered")
    shop.identify(consent={"email": False})

    assert shop.engine.dispatch() == (0, 0, 0, 1)
    assert ends(shop) == [("dropped", "exited: no consent")]
    shop.work()
    assert (shop.inside("care").status, shop.inside("care").reason) == ("exited", "no consent")


def test_the_earlier_of_two_enrollments_is_judged_by_its_own_end(storage: Storage) -> None:
    """Ann left the first time and is inside again: what the first asked for is dropped, what the second asked for is sent."""
    journey = Journey(
        "cart", stage="purchase", entry="Product Added", exits="Order Completed", reentry="always",
        steps=[Step("reminded", do="email", wait="1 day"), Step("end")],
    )  # fmt: skip
    shop = Shop(journey, storage=storage)
    shop.event("Product Added")
    shop.event("Order Completed")
    shop.event("Product Added")

    assert shop.engine.dispatch() == (1, 0, 0, 1)
    assert [row.state for row in shop.engine.outbox()] == ["dropped", "performed"]


def test_what_is_bound_to_a_visit_is_dropped_when_the_customer_has_moved_on(storage: Storage) -> None:
    """A hint for a step, or for a scope, is of no use behind it; nor on the next visit to it."""
    journey = Journey(
        "setup", stage="retention", entry="Bought",
        steps=[
            Scope("first steps", steps=[
                Step("unpacked", do=[Do("email", expires="with step"), Do("sms", expires="with scope")], wait="9 days", when={"Next": "clean"}),
                Step("clean", wait="9 days", when={"Back": "unpacked", "Done": "away"}),
            ]),
            Step("away", wait="9 days"),
            Step("end"),
        ],
    )  # fmt: skip
    shop = Shop(journey, storage=storage)
    shop.event("Bought")
    shop.event("Next")
    assert shop.engine.dispatch() == (1, 0, 0, 1)
    assert [(row.message.action, row.reason) for row in shop.engine.outbox("dropped")] == [("email", "moved on")]

    shop.event("Back")
    shop.event("Next")
    shop.event("Back")
    shop.event("Next")
    shop.event("Done")
    assert shop.engine.dispatch() == (0, 0, 0, 4)


# -- answering -----------------------------------------------------------------------------------------------------------


COUPON = Journey(
    "coupon", stage="purchase", key="cart_id", entry="Product Added",
    steps=[
        Step("asked", do=Do("coupon", percent=10, message="none"), wait="1 day", when=[Transition("have", on="Coupon Made", set={"data.code": "event.code"})]),
        Step("none", end="no coupon"),
        Step("have", do=Do("email", code="{data.code}")),
    ],
)  # fmt: skip


def test_an_answer_comes_back_as_an_event(storage: Storage) -> None:
    """The code that an action made leads on the enrollment that asked for it: the key is added to the answer."""
    answers: dict[str, Any] = {"coupon": lambda request: Done("Coupon Made", {"code": f"TEN-{request.attempt}"})}
    shop = Shop(COUPON, storage=storage, answers=answers)
    shop.event("Product Added", cart_id="c1")
    shop.event("Product Added", cart_id="c2")
    shop.work()

    assert [request.parameters for request in shop.requests][2:] == [{"code": "TEN-1"}, {"code": "TEN-1"}]
    answer = next(row.event for row in storage.events("ann") if row.event.name == "Coupon Made")
    assert (answer.id, answer.source) == ("ann/coupon/c1/1/1/0/answer", "ann/coupon/c1/1/1/0")
    assert answer.properties == {"cart_id": "c1", "code": "TEN-1"}


@pytest.mark.parametrize("answer", [Done("$exit"), Done("x", {"code": {1, 2}}), Done("")])
def test_an_answer_that_cannot_be_kept_does_not_undo_the_action(answer: Done) -> None:
    """The action was performed; that its answer was unusable is told in the reason."""
    shop = Shop(COUPON, answers={"coupon": lambda _: answer})
    shop.event("Product Added", cart_id="c1")

    assert shop.engine.dispatch() == (1, 0, 0, 0)
    assert "its answer could not be kept" in (shop.engine.outbox()[0].reason or "")


def test_a_very_long_key_still_makes_ids() -> None:
    """Ids that are derived from long ones stay within what an id may be."""
    shop = Shop(COUPON, answers={"coupon": lambda _: Done("Coupon Made", {"code": "X"})})
    shop.event("Product Added", "a" * 500, cart_id="c" * 500)
    shop.work()

    assert [request.action for request in shop.requests] == ["coupon", "email"]


@pytest.mark.parametrize(("answer", "step"), [(Done(), "sent"), (Failed("no address"), "bounced")])
def test_the_outcome_of_an_action_is_a_signal_where_it_is_listened_for(storage: Storage, answer: object, step: str) -> None:
    """Performed leads on, dead leads elsewhere."""
    journey = Journey("mail", stage="awareness", entry="Signed Up", steps=[
        Step("sending", do="email", wait="1 day", when=[
            Transition("sent", on=On(settled="email performed")), Transition("bounced", on=On(settled="email dead")),
        ]),
        Step("unknown", end="unknown"), Step("sent", end="sent"), Step("bounced", end="bounced"),
    ])  # fmt: skip
    shop = Shop(journey, storage=storage, answers={"email": lambda _: answer})
    shop.event("Signed Up")
    shop.work()

    assert shop.inside("mail").reason == step


def test_a_drop_is_a_signal_where_it_is_listened_for(storage: Storage) -> None:
    """A message that came up too late leads to a call."""
    journey = Journey("mail", stage="awareness", entry="Signed Up", steps=[
        Step("sending", do=Do("email", expires="1 hour"), wait="9 days", when=[Transition("called", on=On(settled="email dropped"))]),
        Step("end", end="end"), Step("called", do=Do("ticket", message="none"), end="called"),
    ])  # fmt: skip
    shop = Shop(journey, storage=storage)
    shop.event("Signed Up")
    shop.clock.advance(7200)
    shop.work()

    assert [request.action for request in shop.requests] == ["ticket"]


class Counting(MemoryStorage):
    """Takes down how many requests were taken together."""

    def __init__(self) -> None:
        super().__init__()
        self.groups: list[int] = []

    def claim_outbox(self, *arguments: Any) -> list[Any]:
        claimed = super().claim_outbox(*arguments)
        self.groups.append(len(claimed))
        return claimed


@pytest.mark.parametrize(
    ("milliseconds", "groups"),
    [
        (0, [32, 64, 128, 76, 0]),
        (1, [32, 64, 32, 64, 32, 64, 12, 0]),  # 64 of them take longer than a twentieth of a second
        (5, [*[32] * 9, 12, 0]),
    ],
)
def test_the_quicker_an_action_the_more_are_taken_together(milliseconds: int, groups: list[int]) -> None:
    """300 letters: what one thread has taken the others cannot perform, so it takes many only where that does not matter."""
    storage, clock = Counting(), ManualClock("2026-03-02T09:00:00+00:00")
    engine = Engine([HELLO], storage, {"email": lambda request: clock.set(clock.now() + milliseconds * 1_000)}, clock=clock)
    engine.handle_many(
        Event("Signed Up", id="e", customer_id=f"c{who}", occurred_at="2026-03-02T09:00:00+00:00", properties={"first_name": "Ann"})
        for who in range(300)
    )

    assert engine.dispatch(1_000).performed == 300
    assert storage.groups == groups
