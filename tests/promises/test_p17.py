"""P17: leaving."""

from __future__ import annotations

from journeykit import Do, Exit, Journey, On, Scope, Step, Transition
from shop import Shop


def test_an_exit_rule_takes_effect_in_the_middle_of_a_wait() -> None:
    """Ann buys while the shop waits; she is out at once, with the reason, and nothing is sent."""
    steps = [Step("left", stage="consideration", wait="2 hours"), Step("mailed", do=Do("email"))]
    shop = Shop(Journey("cart", entry="Product Added", exits=Exit("Order Completed", end="bought"), steps=steps))
    shop.event("Product Added")
    shop.wait("1 hour")
    shop.event("Order Completed")
    shop.wait("1 day")

    assert shop.sent == []
    assert shop.told()[-1] == "03-02 10:00 exited bought"


def test_a_condition_takes_out_when_it_comes_true() -> None:
    """Unsubscribing is no event of the journey, but its exit rule reads the trait."""
    steps = [Step("left", stage="consideration", wait="2 hours"), Step("mailed", do=Do("email"))]
    shop = Shop(Journey("cart", entry="Product Added", exits=On(where="customer.blocked"), steps=steps))
    shop.event("Product Added")
    shop.identify(traits={"blocked": True})

    assert shop.inside("cart").status == "exited"


def test_at_the_next_action_where_that_is_declared() -> None:
    """The order changes nothing until the mail would be sent; then Ann leaves instead."""
    steps = [Step("left", stage="consideration", wait="2 hours"), Step("mailed", do=Do("email"), wait="1 day")]
    shop = Shop(Journey("cart", entry="Product Added", exits=Exit("Order Completed", end="bought", at="next action"), steps=steps))
    shop.event("Product Added")
    shop.event("Order Completed")

    assert shop.inside("cart").status == "active"

    shop.wait("3 hours")

    assert shop.sent == []
    assert shop.told()[-1] == "03-02 11:00 exited bought"


def test_an_action_is_dropped_if_the_customer_has_left_before_it_is_performed() -> None:
    """The mail was asked for at eleven; before the worker comes to it, Ann orders."""
    steps = [Step("left", stage="consideration", wait="2 hours"), Step("mailed", do=Do("email"), wait="1 day")]
    shop = Shop(Journey("cart", entry="Product Added", exits="Order Completed", steps=steps))
    shop.event("Product Added")
    shop.clock.advance(3 * 3600)
    shop.engine.run_due()
    shop.event("Order Completed")
    shop.work()

    assert shop.sent == []
    assert [row.state for row in shop.engine.outbox()] == ["dropped"]


def test_completing_is_not_leaving() -> None:
    """What the last step asked for is performed, although the journey is over by then."""
    shop = Shop(Journey("thanks", entry="Order Completed", exits="Refunded", steps=[Step("thanked", stage="retention", do=Do("email"))]))
    shop.event("Order Completed")

    assert shop.inside("thanks").status == "completed"

    shop.wait("1 hour")

    assert shop.sent == ["2026-03-02 09:00 ann email"]


def test_exit_rules_watch_until_the_last_action_has_settled() -> None:
    """Completed at nine, refunded before the worker comes: the thanks are not sent."""
    shop = Shop(Journey("thanks", entry="Order Completed", exits="Refunded", steps=[Step("thanked", stage="retention", do=Do("email"))]))
    shop.event("Order Completed")
    shop.event("Refunded")
    shop.work()

    assert shop.sent == []
    assert [row.state for row in shop.engine.outbox()] == ["dropped"]


def test_an_action_may_be_valid_only_while_its_step_lasts() -> None:
    """The help with paying is not sent to somebody who has moved on."""
    steps = [
        Step("paying", stage="purchase", do=Do("email", expires="with step"), wait="1 day", when={"Paid": "paid"}),
        Step("paid", wait="1 day"),
    ]
    shop = Shop(Journey("pay", entry="Checkout Started", steps=steps))
    shop.event("Checkout Started")
    shop.event("Paid")
    shop.work()

    assert shop.sent == []
    assert [(row.state, row.reason) for row in shop.engine.outbox()] == [("dropped", "moved on")]


def test_an_action_may_be_valid_only_while_its_scope_lasts() -> None:
    """The outer scope's offer stands while the customer moves from the inner scope on, and falls with the outer one."""
    steps = [
        Scope(
            "offer",
            do=Do("email", expires="with scope"),
            when=[Transition(on=On("Asked"), do=Do("sms", expires="with scope", since="{scope.entered_at}"))],
            steps=[Scope("look", steps=[Step("looking", stage="purchase", wait="1 day", when={"Seen": "thinking"})]), Step("thinking", wait="1 day")],
        ),
        Step("over", wait="1 day"),
    ]  # fmt: skip
    shop = Shop(Journey("pay", entry="Checkout Started", steps=steps))
    shop.event("Checkout Started")
    shop.clock.set("2026-03-02T10:00:00+00:00")
    shop.event("Asked")
    shop.event("Seen")
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email", "2026-03-02 10:00 ann sms 2026-03-02T09:00:00+00:00"]

    late = Shop(Journey("pay", entry="Checkout Started", steps=[Scope("offer", do=Do("email", expires="with scope"), wait="1 hour", steps=[
        Scope("look", steps=[Step("looking", stage="purchase", wait="1 day")])]), Step("over", wait="1 day")]))  # fmt: skip
    late.event("Checkout Started")
    late.clock.set("2026-03-02T11:00:00+00:00")
    late.engine.run_due()
    late.work()

    assert [(row.state, row.reason) for row in late.engine.outbox()] == [("dropped", "moved on")]
