"""What goes wrong in a story: the worker stands still, the engine is killed, and what was promised holds all the same."""

from __future__ import annotations

import pytest

from journeykit import Do, Journey, Step
from journeykit.testing import Scenario

CART = Journey(
    "recover-cart",
    key="cart_id",
    entry="Product Added",
    exits="Order Completed",
    steps=[
        Step("left", stage="consideration", wait="2 hours", when={"Product Added": "left"}),
        Step("reminded", do=Do("email", template="cart-reminder")),
    ],
)


@pytest.fixture(name="shop")
def _shop() -> Scenario:
    return Scenario(CART, at="2026-03-02 09:00")


def test_a_worker_that_stands_still_performs_nothing_until_it_is_back(shop: Scenario) -> None:
    """Timers and actions wait for it; then they come at once."""
    shop.event("Product Added", cart_id="c1")
    shop.stop_worker()
    shop.wait("5 hours")
    shop.expect_nothing_else()
    shop.start_worker()

    shop.expect("email", at="2026-03-02 14:00")
    shop.expect_nothing_else()
    assert "2026-03-02 11:00 UTC  recover-cart c1: left to reminded after 2 hours" in shop.explain()


def test_without_a_worker_events_are_decided_all_the_same(shop: Scenario) -> None:
    """Who has bought when the worker is back is not written to, whether or not the reminder was due before."""
    for customer in ("ann", "bob", "cid"):
        shop.event("Product Added", customer=customer, cart_id="c1")
    shop.stop_worker()
    shop.wait("1 hour")
    shop.event("Order Completed", cart_id="c1")
    shop.wait("2 hours")
    shop.event("Order Completed", customer="bob", cart_id="c1")
    assert shop.explain("ann").count("exited in left on Order Completed") == 1
    assert shop.explain("bob").count("left to reminded after 2 hours") == 1
    shop.start_worker()

    shop.expect("email", customer="cid")
    shop.expect_nothing_else()


def test_killed_again_while_only_a_lease_runs_out(shop: Scenario) -> None:
    """Nothing else is due when it dies the second time: time passes to the end of that lease, and not beyond it."""
    shop.event("Product Added", cart_id="c1")
    shop.kill("claimed")
    shop.wait("2 hours 1 minute")
    shop.kill("claimed")
    shop.wait("10 days")

    shop.expect("email", at="2026-03-02 11:10")
    shop.expect_nothing_else()


@pytest.mark.parametrize(
    ("point", "performed"),
    [("decided", ["11:00"]), ("committed", ["11:00"]), ("claimed", ["11:05"]), ("performed", ["11:00", "11:05"])],
)
def test_killed_at_a_point_the_story_goes_on(shop: Scenario, point: str, performed: list[str]) -> None:
    """What had been claimed is tried again once its lease is over: performed, perhaps, twice, under one key."""
    first = shop.engine
    shop.event("Product Added", cart_id="c1")
    shop.wait("1 hour")
    shop.kill(point)
    shop.wait("2 hours")

    keys = {shop.expect("email", at=f"2026-03-02 {at}").idempotency_key for at in performed}
    assert len(keys) == 1
    assert shop.engine is not first
    shop.expect_nothing_else()
    assert shop.step() is None


@pytest.mark.parametrize("point", ["decided", "committed"])
def test_killed_in_an_event_it_is_told_again(shop: Scenario, point: str) -> None:
    """Whoever tells it does so until somebody has heard it; it counts once."""
    shop.kill(point)
    outcome = shop.event("Product Added", cart_id="c1")

    assert outcome.status == {"decided": "decided", "committed": "duplicate"}[point]
    assert shop.step() == "left"
    assert shop.explain().count("entered left") == 1


def test_a_point_that_there_is_not(shop: Scenario) -> None:
    """The error says which there are."""
    with pytest.raises(ValueError, match='no point "lunch"; there are decided, committed, claimed, performed'):
        shop.kill("lunch")


def test_mishaps_are_a_part_of_the_story(shop: Scenario) -> None:
    """They are told like everything else, and what was heard stands between them."""
    shop.event("Product Added", cart_id="c1")
    shop.stop_worker()
    shop.kill("performed")
    shop.wait("3 hours")
    shop.start_worker()
    shop.wait("1 hour")

    names = [getattr(one, "method", "heard") for one in shop.story]
    assert names == ["Scenario", "event", "stop_worker", "kill", "wait", "start_worker", "heard", "wait", "heard"]
