"""The public API as a type checker sees it; mypy reads this file, nothing runs it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any, assert_type

from journeykit import (
    ActionRequest,
    Aggregate,
    Catalog,
    ConflictError,
    Defer,
    DefinitionError,
    Do,
    Done,
    Drop,
    EmailAction,
    Engine,
    Entry,
    Event,
    Exit,
    Expiry,
    Expression,
    Failed,
    Goal,
    Journey,
    JourneykitError,
    MemoryStorage,
    On,
    Permit,
    Policy,
    Reentry,
    Retry,
    Scope,
    Split,
    SQLiteStorage,
    Start,
    Step,
    Transition,
    Wait,
    WebhookAction,
    Worker,
    check,
    dumps,
    load,
    loads,
    mermaid,
)
from journeykit.actions.templates import Template
from journeykit.model.policies import Question
from journeykit.model.records import HistoryEntry, OutboxRow
from journeykit.ports import Action, Clock, Hook, Storage, Timer, Trigger
from journeykit.runtime.dispatcher import Dispatched
from journeykit.runtime.explain import Explanation
from journeykit.runtime.work import Outcome
from journeykit.testing import (
    Attempt,
    Boundary,
    Performed,
    Recorder,
    Scenario,
    SMTPReceiver,
    WebhookReceiver,
    answers,
    boundaries,
)
from journeykit.testing.contracts import TriggerContract

# What an author writes, in the short forms and in the long ones.

short = Journey(
    "recover-cart",
    key="cart_id",
    entry="Product Added",
    exits="Order Completed",
    steps=[
        Step("left", stage="consideration", wait="2 hours", when={"Product Added": "left"}),
        Step("reminded", do=Do("email", template="cart-reminder", discount=10)),
    ],
)
long = Journey(
    "recover-cart",
    key="cart_id",
    entry=Entry(On("Product Added", where="event.price > 10"), wait="15 minutes", set={"data.price": "event.price"}),
    exits=[Exit(On("Order Completed"), end="bought", at="next action"), Exit("Cart Emptied")],
    goal=Goal(On("Order Completed", where=Expression("event.total > 100"))),
    reentry="after 30 days since end",
    steps=[
        Scope("thinking", stage="consideration", wait=Wait("3 days"), steps=[Step("left", then="50% mailed, 50% called")]),
        Step("mailed", do=["email", Do("sms", expires="2 days", message="transactional")], then=Split("100% called")),
        Step(
            "called",
            do=Start("support", set={"data.about": "'cart'"}),
            when=[Transition("mailed", on=On(settled="email dead"))],
            end="completed",
        ),
    ],
)

assert_type(short.name, str)
assert_type(short.key, str | None)
assert_type(short.exits, tuple[Exit, ...])
assert_type(short.goal, Goal | None)
assert_type(short.reentry, Reentry)
assert_type(short.steps, tuple[Step | Scope, ...])
assert_type(Step("left", wait="2 hours").wait, Wait | None)
assert_type(Do("email", expires="2 days").expires, Expiry | None)
assert_type(Catalog(facts={"orders": "count of Order Completed"}).facts, dict[str, Aggregate])
assert_type(Catalog(policies=["consent", Policy("at most 3 in 7 days")]).policies, tuple[Policy, ...])

# Text and pictures.

assert_type(load(Path("journeys")), list[Journey | Catalog])
assert_type(loads("journey: x"), Journey | Catalog)
assert_type(dumps(short), str)
assert_type(mermaid(short), str)

# What a host writes.


def send(request: ActionRequest) -> Done | Retry | Failed:
    """Send it."""
    assert_type(request.parameters, dict[str, Any])
    assert_type(request.idempotency_key, str)
    assert_type(request.deadline, datetime | None)
    return (
        Done("Email Sent", {"provider": "x"}) if request.attempt < 3 else Retry(after=30) if request.customer_id else Failed("no address")
    )


def manners(question: Question) -> Permit | Defer | Drop:
    """Who is away is not written to."""
    assert_type(question.now, datetime)
    if question.customer.get("away"):
        return Defer(question.now, "away") if question.message == "transactional" else Drop("away")
    return Permit()


def log(request: ActionRequest) -> None:
    """Nothing to answer."""


class Campaign:
    """Recognises a page view."""

    event = "Page Viewed"

    def __call__(self, event: Event, /, name: str, least: int = 0) -> bool:
        """Whether it is meant."""
        return name in event.properties


def payday(anchor: datetime, /, day: int = 25) -> date:
    """The day."""
    return anchor.date().replace(day=day)


trigger: Trigger = Campaign()
timer: Timer = payday
mailer: Action = EmailAction("localhost", sender="hello@shop.example", templates={"a": Template("Hi", "Hello")}, unsubscribe=lambda r: None)
poster: Action = WebhookAction(lambda request: "https://shop.example/", ["whsec_x"], allow=["10.0.0.0/8"])
action: Action = send
quiet: Action = log
memory: Storage = MemoryStorage()
sqlite: Storage = SQLiteStorage("shop.db", synchronous="full")


def watch(engine: Engine, clock: Clock, hook: Hook) -> None:
    """Everything that an engine answers."""
    event = Event("Order Completed", id="o1", customer_id="ann", occurred_at=datetime.now(UTC), properties={"total": 4250})
    assert_type(engine.accept(event, event), list[bool])
    assert_type(engine.handle(event), Outcome)
    assert_type(engine.handle_many([event]), list[Outcome])
    assert_type(engine.handle(event).history, tuple[HistoryEntry, ...])
    assert_type(engine.identify("ann", id="i1", traits={"name": "Ann"}, zone="Europe/Berlin", consent={"email": True}), Outcome)
    assert_type(engine.enroll("recover-cart", "ann", id="c1", key="c1", data={"by": "hand"}), Outcome)
    assert_type(engine.exit("recover-cart", "ann", id="c2", reason="asked to", key="c1"), Outcome)
    assert_type(engine.run_due(), int)
    assert_type(engine.dispatch(10), Dispatched)
    assert_type(engine.explain("ann", why_not="email"), Explanation)
    assert_type(engine.outbox("dead"), list[OutboxRow])
    assert_type(engine.retry_outbox([1, 2]), int)
    assert_type(Engine([short, Catalog()], memory, policies={"manners": manners}), Engine)
    assert_type(Engine([short, Catalog()], memory, {"email": send, "sms": log}, clock=clock, hooks=[hook]), Engine)
    assert_type(Engine(short, memory, triggers={"campaign": trigger}, timers={"payday": payday}), Engine)
    assert_type(check(short, ["email"], triggers={"campaign": Campaign()}, timers={"payday": timer}), tuple[str, ...])
    assert_type(Worker(engine, idle=0.5).run(), None)


# Tests of hosts.


def test_a_cart(scenario: Callable[..., Scenario], actions: Recorder) -> None:
    """What the test kit answers."""
    shop = Scenario(short, [Catalog()], at="2026-03-29 00:30", zone="Europe/Berlin", arms={"wording": "short"}, storage=memory)
    shop.arm("ann", "wording", "long")
    shop.answer("email", Retry(after=60), ConnectionError("no route"), Done(), customer="ann")
    assert_type(shop.event("Product Added", customer="ann", cart_id="c1"), Outcome)
    assert_type(shop.expect("email", template="cart-reminder", at="2026-03-29 03:30"), ActionRequest)
    assert_type(shop.expect_dropped("email", reason="open ticket"), OutboxRow)
    assert_type(shop.messages("ann"), list[Performed])
    assert_type(shop.messages()[0].when, datetime)
    assert_type(shop.attempts, list[Attempt])
    assert_type(shop.outcome("ann", "recover-cart"), str | None)
    assert_type(scenario(short), Scenario)
    assert_type(boundaries(2026, ["Europe/Berlin"]), list[Boundary])
    assert_type(Engine(short, memory, actions), Engine)
    slow: Action = answers(Retry(), Done())
    with SMTPReceiver() as post, WebhookReceiver(503, 200) as hook:
        assert_type(post.messages, list[EmailMessage])
        assert_type((post.host, hook.url), tuple[str, str])
    assert_type(Recorder("email", given={"sms": slow}).performed, list[Performed])


class TestCampaign(TriggerContract):
    """The suite takes the trigger and examples."""

    def create_trigger(self) -> Trigger:
        """One."""
        return Campaign()

    def recognised(self) -> list[tuple[dict[str, Any], tuple[Any, ...]]]:
        """An example."""
        return [({"url": "/?utm_campaign=spring"}, ("spring",))]

    def left(self) -> list[tuple[dict[str, Any], tuple[Any, ...]]]:
        """Another."""
        return [({}, ("spring",))]


# Errors.

error: JourneykitError = DefinitionError("x: y")
assert_type(DefinitionError(["x", "y"]).problems, tuple[str, ...])
assert_type(ConflictError(["ann"]).customers, tuple[str, ...])

# What a type checker must refuse.

Journey("x", stepz=[])  # type: ignore[call-arg]
Step("left", wiat="2 hours")  # type: ignore[call-arg]
Step("left", wait=2)  # type: ignore[arg-type]
On("Order Completed", late="maybe")  # type: ignore[arg-type]
Event("Order Completed", customer_id="ann", occurred_at=datetime.now(UTC))  # type: ignore[call-arg]
