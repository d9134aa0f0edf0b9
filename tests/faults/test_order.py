"""What reaches a customer from another while a batch is decided waits for the customer's own timers (P3)."""

from __future__ import annotations

from crash.again import differences
from journeykit import Do, Journey, Start, Step
from shop import Shop

HOUR = 3_600_000_000  #: microseconds

JOURNEYS = (
    Journey(
        "cart", stage="consideration", key="cart_id", entry="Product Added",
        steps=[Step("left", wait="2 hours"), Step("reminded", do=Do("email", template="your cart"))],
    ),
    Journey(
        "order", stage="purchase", key="order_id", entry="Order Completed",
        steps=[Step("thanked", do=Start("friend", customer="event.friend", key="journey.key"))],
    ),
    Journey("friend", stage="awareness", key="order_id", steps=[Step("invited", do=Do("email", template="join {customer.id}"))]),
)  # fmt: skip


def test_a_start_from_a_later_moment_overtakes_no_timer() -> None:
    """
    Ann's cart is due at eleven. A worker that looks for what was due until ten meets Bob's order of noon, told meanwhile, which invites
    Ann, who has mail of her own: she is reminded first and invited then, as a replay of her log has it.
    """
    shop = Shop(*JOURNEYS)
    shop.event("Product Added", cart_id="a")  # at nine
    ten = shop.clock.now() + HOUR
    shop.clock.set(ten - HOUR // 2)
    shop.engine.accept(shop.fact("Page Viewed", "bob"))
    shop.clock.set(ten - 1)
    shop.engine.accept(shop.fact("Page Viewed", "ann"))
    shop.clock.set(ten + 2 * HOUR)
    shop.engine.accept(shop.fact("Order Completed", "bob", order_id="o", friend="ann"))
    shop.engine.run_due(ten)
    shop.work()

    assert shop.told() == [
        "03-02 09:00 entered left",
        "03-02 11:00 moved reminded",
        "03-02 11:00 completed",
        "03-02 12:00 entered invited",
        "03-02 12:00 completed",
    ]
    assert list(differences(JOURNEYS, shop.storage)) == []


INVITED = (
    Journey(
        "invite", stage="advocacy", entry="Friend Named",
        steps=[Step("thinks", wait="1 hour"), Step("asks", do=Start("welcome", customer="'ann'"))],
    ),
    Journey("welcome", stage="awareness", exits="Order Completed", steps=[Step("greeted", wait="1 day")]),
)  # fmt: skip


def test_a_start_goes_before_what_was_accepted_after_it() -> None:
    """
    Bob's hour is over at ten, and Ann orders at noon. A worker that comes at one finds both, and has Ann welcomed before her order ends
    that, just as one that came in time.
    """
    late, punctual = Shop(*INVITED), Shop(*INVITED)
    for shop in (late, punctual):
        shop.event("Friend Named", "bob")  # at nine
    punctual.wait("3 hours")
    late.clock.advance(3 * 3_600)
    for shop in (late, punctual):
        shop.engine.accept(shop.fact("Order Completed"))
        shop.clock.advance(3_600)
        shop.work()

    assert late.told() == punctual.told() == ["03-02 10:00 entered greeted", "03-02 12:00 exited Order Completed"]
    assert list(differences(INVITED, late.storage)) == []
