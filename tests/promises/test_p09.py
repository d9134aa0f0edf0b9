"""P9: first match wins."""

from __future__ import annotations

from journeykit import Do, Exit, Journey, On, Scope, Step, Transition
from shop import Shop


def test_an_exit_goes_before_the_goal_and_before_every_transition() -> None:
    """The order that takes Ann out is neither recorded as the goal nor answered by the step."""
    steps = [Step("left", stage="consideration", wait="1 day", when={"Order Completed": "thanked"}), Step("thanked", do=Do("email"))]
    shop = Shop(
        Journey("cart", entry="Product Added", exits=On("Order Completed", where="event.total > 100"), goal="Order Completed", steps=steps)
    )
    shop.event("Product Added")
    shop.event("Order Completed", total=101)
    shop.work()

    assert shop.sent == []
    assert shop.inside("cart").status == "exited"
    assert shop.inside("cart").goal_at is None


def test_a_goal_is_recorded_and_the_journey_goes_on() -> None:
    """Where the exit does not hold, the goal is recorded, and the step still answers the same order."""
    steps = [Step("left", stage="consideration", wait="1 day", when={"Order Completed": "thanked"}), Step("thanked", do=Do("email"))]
    shop = Shop(
        Journey("cart", entry="Product Added", exits=On("Order Completed", where="event.total > 100"), goal="Order Completed", steps=steps)
    )
    shop.event("Product Added")
    shop.event("Order Completed", total=99)
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email"]
    assert shop.inside("cart").goal_at is not None


def test_the_first_transition_that_holds_is_taken_and_no_other() -> None:
    """Two transitions hold for a large order; the one written first is taken, and only that one."""
    large = Transition("large", on=On("Order Completed", where="event.total > 50"))
    every = Transition("small", on=On("Order Completed"))
    steps = [
        Step("left", stage="consideration", wait="1 day", when=[large, every]),
        Step("nothing", end="no order"),
        Step("large", do=Do("email", gift="wine"), end="completed"),
        Step("small", do=Do("email", gift="card"), end="completed"),
    ]
    shop = Shop(Journey("cart", entry="Product Added", steps=steps))
    for customer, total in {"ann": 60, "ben": 40}.items():
        shop.event("Product Added", customer)
        shop.event("Order Completed", customer, total=total)
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email wine", "2026-03-02 09:00 ben email card"]


def test_the_step_goes_before_its_scope_and_the_scope_before_the_journey() -> None:
    """Each answers a question in its own way; the innermost that answers is heard."""
    inner = Step("inner", wait="1 day", when=[Transition(do=Do("sms", says="step"), on=On("Asked", where="event.of == 'step'"))])
    scope = Scope(
        "scope", stage="purchase", steps=[inner], when=[Transition(do=Do("sms", says="scope"), on=On("Asked", where="event.of != 'shop'"))]
    )
    shop = Shop(Journey("ask", entry="Signed Up", steps=[scope], when=[Transition(do=Do("sms", says="journey"), on=On("Asked"))]))
    shop.event("Signed Up")
    for of in ("step", "scope", "shop"):
        shop.event("Asked", of=of)
    shop.work()

    assert [request.parameters["says"] for request in shop.requests] == ["step", "scope", "journey"]


def test_the_journeys_exits_go_before_those_of_a_scope() -> None:
    """Cancelled for good ends the journey, although the scope would only lead on; cancelled at first leads on."""
    scope = Scope("trial", stage="purchase", exits="Cancelled", steps=[Step("trying", wait="14 days")], then="asking")
    over = Exit(On("Cancelled", where="event.final"), end="cancelled")
    shop = Shop(Journey("contract", entry="Signed Up", exits=over, steps=[scope, Step("asking", stage="retention", wait="30 days")]))
    for customer, final in {"ann": True, "ben": False}.items():
        shop.event("Signed Up", customer)
        shop.event("Cancelled", customer, final=final)

    assert (shop.inside("contract").status, shop.inside("contract").reason) == ("exited", "cancelled")
    assert shop.inside("contract", customer="ben").step == "asking"
