"""Why, and why not: the whole of a customer's story in words (P35)."""

from __future__ import annotations

import pytest

from journeykit import Do, Exit, Failed, Journey, On, Retry, Scope, Step, Transition, UnknownError
from journeykit.model.records import Want
from journeykit.runtime.backoff import Backoff
from journeykit.runtime.why import replay
from shop import Shop

CART = Journey(
    "cart",
    key="cart_id",
    zone="Europe/Berlin",
    entry=On("Product Added", where="event.total >= 1000"),
    exits="Order Completed",
    steps=[
        Step("left", stage="consideration", wait="2 hours", when={"Product Added": "left"}),
        Step("reminded", do=Do("email", template="reminder")),
    ],
)


def lines(shop: Shop, why_not: str | None = None, customer: str = "ann") -> list[str]:
    return shop.engine.explain(customer, why_not).text.splitlines()


def reasons(shop: Shop, why_not: str = "email", customer: str = "ann") -> list[str]:
    return [line.text for line in shop.engine.explain(customer, why_not).why_not]


def test_everything_that_happened_is_told_in_order() -> None:
    """Events, moves, timers with their names, and what became of each action, in the journey's zone."""
    shop = Shop(CART)
    shop.event("Product Added", cart_id="c1", total=1000)
    shop.wait("1 hour")
    shop.event("Product Added", cart_id="c1", total=1000)
    shop.clock.advance(3 * 3_600)
    shop.work()

    assert lines(shop) == [
        "2026-03-02 10:00 CET  Product Added cart_id='c1', total=1000",
        "2026-03-02 10:00 CET  cart c1: entered left on Product Added",
        '2026-03-02 10:00 CET  cart c1: timer "left: 2 hours" set for 2026-03-02 12:00 CET',
        "2026-03-02 11:00 CET  Product Added cart_id='c1', total=1000",
        "2026-03-02 11:00 CET  cart c1: left to left on Product Added",
        '2026-03-02 11:00 CET  cart c1: timer "left: 2 hours" cancelled',
        '2026-03-02 11:00 CET  cart c1: timer "left: 2 hours" set for 2026-03-02 13:00 CET',
        '2026-03-02 13:00 CET  cart c1: timer "left: 2 hours" is over',
        "2026-03-02 13:00 CET  cart c1: left to reminded after 2 hours",
        "2026-03-02 13:00 CET  cart c1: completed in reminded",
        "2026-03-02 13:00 CET  cart c1: email template='reminder'; performed 2026-03-02 14:00 CET",
    ]


def test_the_story_is_data_as_well() -> None:
    """Each line with its moment, kind, journey and key."""
    shop = Shop(CART)
    shop.event("Product Added", cart_id="c1", total=1000)
    explanation = shop.engine.explain("ann")

    assert [(line.kind, line.journey, line.key) for line in explanation.entries] == [
        ("event", "", ""),
        ("entered", "cart", "c1"),
        ("timer", "cart", "c1"),
    ]
    assert explanation.entries[0].when.isoformat() == "2026-03-02T09:00:00+00:00"
    assert str(explanation) == explanation.text


def test_the_customers_zone_stands_above_the_journeys() -> None:
    """Times are told as the customer's clock showed them."""
    shop = Shop(CART)
    shop.identify(zone="America/New_York", traits={"plan": "gold"})

    assert lines(shop) == [
        "2026-03-02 04:00 EST  identified traits={'plan': 'gold'}, zone='America/New_York'",
        "2026-03-02 04:00 EST  traits on customer.zone (unknown -> 'America/New_York')",
        "2026-03-02 04:00 EST  traits on customer.plan (unknown -> 'gold')",
    ]


def test_what_waits_and_what_came_late_is_told() -> None:
    """Mail that nobody has decided, an event that occurred long before it was told, an action that is tried again."""
    shop = Shop(CART, answers={"email": lambda _: Retry(reason="busy")}, backoff=Backoff(jitter=lambda: 0))
    shop.event("Product Added", cart_id="c1", total=1000, at="2026-03-01T20:00:00+00:00")
    shop.clock.advance(7201)
    shop.engine.run_due()
    shop.engine.dispatch()
    shop.engine.accept(shop.fact("Order Completed", cart_id="c1"))
    told = lines(shop)

    assert told[0] == "2026-03-02 10:00 CET  Product Added cart_id='c1', total=1000; occurred 2026-03-01 21:00 CET"
    assert told[-2] == "2026-03-02 12:00 CET  cart c1: email template='reminder'; waits to be performed: busy"
    assert told[-1] == "2026-03-02 12:00:01 CET  Order Completed cart_id='c1'; waits in the mailbox"


def test_the_end_of_a_wait_reads_as_a_sentence() -> None:
    """Until when is no length: it is told as what was waited for. A parameter that nobody knew is told too."""
    steps = [Step("in", stage="purchase", wait="until 18:00"), Step("told", do=Do("email", dear="{'Dear ' + customer.first_name}"))]
    shop = Shop(Journey("evening", zone="UTC", entry="Joined", steps=steps))
    shop.event("Joined")
    shop.wait("1 day")

    assert [line for line in lines(shop) if "told" in line or "email" in line] == [
        "2026-03-02 18:00 UTC  evening: in to told after its wait until 18:00",
        "2026-03-02 18:00 UTC  evening: completed in told",
        "2026-03-02 18:00 UTC  evening: email dear is missing; performed 2026-03-02 18:00 UTC",
    ]


def test_nobody_is_a_short_story() -> None:
    """A customer never heard of has no entries, and the text says so."""
    assert Shop(CART).engine.explain("nobody").entries == ()
    assert Shop(CART).engine.explain("nobody").text == 'nothing is known of a customer "nobody"'
    assert Shop(CART).engine.explain("nobody", "email").text == "cart: never entered; it is entered on Product Added"


def test_a_dead_letter_tells_its_attempts_once() -> None:
    """The reason says already how often it was tried."""
    shop = Shop(CART, answers={"email": lambda _: Retry(reason="busy")}, backoff=Backoff(attempts=2, jitter=lambda: 0))
    shop.event("Product Added", cart_id="c1", total=1000)
    shop.clock.advance(3 * 3_600)
    shop.work()
    shop.clock.advance(30)
    shop.work()

    assert lines(shop)[-1].endswith("cart c1: email template='reminder'; dead 2026-03-02 13:00:30 CET: 2 attempts; the last: busy")


def test_a_moment_is_told_once() -> None:
    """An event that occurred in the second in which it was accepted did not occur at another time."""
    shop = Shop(CART)
    shop.clock.advance(0.6)
    shop.event("Signed Up", at="2026-03-02T09:00:00.200+00:00")

    assert lines(shop) == ["2026-03-02 10:00 CET  Signed Up"]


# -- why not -------------------------------------------------------------------------------------------------------------


def test_a_refusal_of_several_entries_is_told_once() -> None:
    """Ann comes back; both entries of the journey listen to her order, and either refuses her: that is one thing to read, for each order."""
    entries = [On("Order", where="event.total > 10"), On("Order")]
    shop = Shop(Journey("thanks", entry=entries, zone="UTC", steps=[Step("thanked", stage="retention", end="completed")]))
    for total in (20, 30, 5):
        shop.event("Order", total=total)

    assert [line.text for line in shop.engine.explain("ann").entries] == [
        "Order total=20",
        "thanks: entered thanked on Order",
        "thanks: completed in thanked on Order",
        "Order total=30",
        "thanks: refused on Order (once)",
        "Order total=5",
        "thanks: refused on Order (once)",
    ]


def test_a_scope_that_is_passed_in_an_instant_is_told_step_by_step() -> None:
    """The trial is over as soon as it begins: one line for the way in, one for the way out and why, and no step twice."""
    trial = Scope("trial", exits=On(where="customer.tried"), steps=[Step("tries", wait="2 days"), Step("decides", wait="1 day")])
    steps = [Step("new", stage="purchase", wait="1 hour"), trial, Step("pays", wait="1 day")]
    shop = Shop(Journey("plan", entry="Signed Up", zone="UTC", steps=steps))
    shop.identify(traits={"tried": True})
    shop.event("Signed Up")
    shop.wait("2 hours")

    assert [line.text for line in shop.engine.explain("ann").entries if line.kind in ("entered", "moved", "exited")] == [
        "plan: entered new on Signed Up",
        "plan: new to tries after 1 hour",
        "plan: tries to pays where customer.tried",
    ]


def test_a_condition_that_did_not_hold_is_told_with_its_values() -> None:
    """The cart was too small for this journey."""
    shop = Shop(CART)
    shop.event("Product Added", cart_id="c1", total=900)

    assert reasons(shop) == [
        "cart c1: Product Added came, but the entry lets in only where event.total >= 1000 (event.total = 900)",
        "cart: never entered; it is entered on Product Added",
    ]


def test_a_transition_whose_condition_did_not_hold() -> None:
    """The values are those of that moment, not of today."""
    big = Transition("thanked", on=On("Order Completed", where="event.total > customer.limit"))
    journey = Journey(
        "big",
        stage="purchase",
        entry="Begin",
        steps=[Step("in", wait="30 days", when=[big], then="end"), Step("thanked", do="email"), Step("end")],
    )
    shop = Shop(journey)
    shop.event("Begin")
    shop.identify(traits={"limit": 500})
    shop.event("Order Completed", total=400)
    shop.identify(traits={"limit": 100})

    assert reasons(shop) == [
        "big: in in, Order Completed came, but it did not hold that event.total > customer.limit (customer.limit = 500, event.total = 400)",
        "big: is in in until 2026-04-01 09:00 UTC",
    ]


def test_another_key() -> None:
    """The order was for another cart."""
    journey = Journey(
        "cart", stage="purchase", key="cart_id", entry="Product Added",
        steps=[Step("in", wait="30 days", when={"Order Completed": "thanked"}, then="end"), Step("thanked", do="email"), Step("end")],
    )  # fmt: skip
    shop = Shop(journey)
    shop.event("Product Added", cart_id="c1")
    shop.event("Order Completed", cart_id="c2")
    shop.event("Order Completed")

    assert reasons(shop) == [
        "cart c1: in in, Order Completed came for another key",
        "cart c1: in in, Order Completed came, but it had no cart_id, by which the journey is keyed",
        "cart c1: is in in until 2026-04-01 09:00 UTC",
    ]


def test_reentry_and_leaving() -> None:
    """Ann bought before the reminder, and does not come in a second time."""
    shop = Shop(CART)
    shop.event("Product Added", cart_id="c1", total=1000)
    shop.event("Order Completed", cart_id="c1")
    shop.event("Product Added", cart_id="c1", total=1000)

    assert reasons(shop) == [
        "cart c1: Product Added came, but re-entry does not allow it: once",
        "cart c1: exited in left on Order Completed before it was asked for",
    ]


def test_an_event_that_came_too_late() -> None:
    """It occurred before the step was entered, and the transition drops such."""
    bought = Transition("thanked", on=On("Order Completed", late="drop"))
    journey = Journey("cart", stage="purchase", entry="Product Added", steps=[
        Step("in", wait="30 days", when=[bought], then="end"), Step("thanked", do="email"), Step("end"),
    ])  # fmt: skip
    shop = Shop(journey)
    shop.event("Product Added")
    shop.event("Order Completed", at="2026-03-01T09:00:00+00:00")

    assert "cart: in in, Order Completed came, but it had occurred before the step was entered" in reasons(shop)


def test_a_part_that_is_parked() -> None:
    """A condition failed on wrong data; the part waits for a fix."""
    big = Transition("thanked", on=On("Order Completed", where="event.total > 10"))
    journey = Journey("big", stage="purchase", entry="Begin", steps=[
        Step("in", wait="30 days", when=[big], then="end"), Step("thanked", do="email"), Step("end"),
    ])  # fmt: skip
    shop = Shop(journey)
    shop.event("Begin")
    shop.event("Order Completed", total="many")
    (parked,) = [line for line in reasons(shop) if "parked" in line]

    assert parked.startswith("big: parked with an error, to be tried again: ")
    assert "'many'" in parked


def test_what_stands_in_the_mailbox() -> None:
    """Nobody has decided the event yet."""
    shop = Shop(CART)
    shop.engine.accept(shop.fact("Product Added", cart_id="c1", total=1000))

    assert "Product Added waits in the mailbox; a worker has to decide it" in reasons(shop)


def test_what_was_asked_for_and_not_performed() -> None:
    """Dropped with its reason, or dead."""
    journey = Journey("two", stage="awareness", entry="Begin", exits=Exit("Stop", end="no more"), steps=[
        Step("in", do=[Do("email"), Do("sms")], wait="1 day"), Step("end"),
    ])  # fmt: skip
    shop = Shop(journey, answers={"sms": lambda _: Failed("no number")})
    shop.event("Begin", "ben")
    shop.work()
    shop.event("Begin")
    shop.event("Stop")
    shop.work()

    assert reasons(shop) == ["two: asked for, dropped: exited: no more"]
    assert reasons(shop, "sms", "ben") == ["two: asked for, dead: no number", "two: is in in until 2026-03-03 09:00 UTC"]


def test_what_was_performed_is_told_as_well() -> None:
    """Whoever asks why not may be wrong: it was sent."""
    shop = Shop(CART)
    shop.event("Product Added", cart_id="c1", total=1000)
    shop.wait("3 hours")

    assert reasons(shop) == ["cart c1: asked for, performed"]


def test_a_replay_decides_what_was_decided() -> None:
    """From the recorded signals alone comes the same history, timers that fired after the last event included."""
    shop = Shop(CART)
    for cart in ("c1", "c2", "c3"):
        shop.event("Product Added", cart_id=cart, total=1000)
        shop.wait("1 hour")
    shop.event("Order Completed", cart_id="c3")
    shop.engine.accept(shop.fact("Product Added", cart_id="c4", total=1000))
    (loaded,) = shop.storage.load_many([Want("ann", None)])
    commits = replay(shop.engine.definitions.compiled, loaded, shop.storage.events("ann"))

    assert [entry for commit in commits for entry in commit.history] == shop.storage.history("ann")


def test_an_action_that_no_journey_asks_for_is_an_error() -> None:
    """A typing error is told with the nearest name."""
    with pytest.raises(UnknownError, match='no journey asks for "emial"; there are email; did you mean "email"'):
        Shop(CART).engine.explain("ann", "emial")
