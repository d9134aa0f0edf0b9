"""What customers hear, told as stories; nobody waits a day for it."""

from __future__ import annotations

import pytest


@pytest.fixture(name="shop")
def _shop(scenario):
    """The shop on a Monday morning, and Ann, who may be written to."""
    shop = scenario(at="2026-03-02 09:00", zone="Europe/Berlin")
    shop.identify("ann", traits={"email": "ann@mail.example", "first_name": "Ann"}, consent={"email": True})
    return shop


def test_a_cart_left_for_two_hours(shop):
    """Ann is reminded, and tempted a day later."""
    shop.event("Product Added", customer="ann", cart_id="c1")
    shop.wait("2 days")

    shop.expect("email", template="cart-reminder", to="ann@mail.example", at="2026-03-02 11:00")
    shop.expect("email", template="cart-discount", discount=10, at="2026-03-03 11:00")
    shop.expect_nothing_else()


def test_who_buys_in_time_hears_thanks_only(shop):
    """The cart is forgotten, the review is asked for in a week."""
    shop.event("Product Added", customer="ann", cart_id="c1")
    shop.wait("1 hour")
    shop.event("Order Completed", customer="ann", cart_id="c1", order_id="7")
    shop.wait("8 days")

    shop.expect("email", template="thanks", at="2026-03-02 10:00")
    shop.expect("email", template="review", at="2026-03-09 10:00")
    shop.expect_nothing_else()
    shop.expect_left("recover-cart", "exited: Order Completed", key="c1")


def test_who_complains_is_not_asked_for_a_review(shop):
    """Nor reminded of a cart while the ticket is open."""
    shop.event("Order Completed", customer="ann", cart_id="c1", order_id="7")
    shop.expect("email", template="thanks")
    shop.event("Ticket Opened", customer="ann")
    shop.event("Product Added", customer="ann", cart_id="c2")
    shop.wait("2 hours")
    shop.expect_dropped("email", reason="open ticket", customer="ann")
    shop.event("Ticket Resolved", customer="ann")
    shop.wait("10 days")

    shop.expect("email", template="cart-discount")
    shop.expect_nothing_else()


def test_who_has_not_agreed_hears_of_orders_only(scenario):
    """Bob has only ever ordered."""
    shop = scenario(at="2026-03-02 09:00", zone="Europe/Berlin")
    shop.event("Order Completed", customer="bob", cart_id="c1", order_id="8")
    shop.wait("8 days")

    shop.expect("email", customer="bob", template="thanks")
    shop.expect_dropped("email", reason="consent", customer="bob")
    shop.expect_nothing_else()


@pytest.mark.every_boundary(zones=["Europe/Berlin"], year=2026)
def test_nobody_is_woken(scenario, boundary):
    """Whatever the clocks do, a cart left at any hour is answered by day."""
    shop = scenario()
    shop.identify("ann", zone=boundary.zone, consent={"email": True})
    for hour in range(48):
        shop.event("Product Added", customer="ann", cart_id=f"c{hour}")
        shop.wait("1 hour")
    shop.wait("3 days")

    assert len(shop.messages("ann")) == 2
    assert all(8 <= message.when.hour < 21 for message in shop.messages("ann"))


def test_anns_week(shop, approved):
    """The whole story, as it was approved; a change of it shows in the pull request."""
    shop.event("Product Added", customer="ann", cart_id="c1")
    shop.wait("12 hours")
    shop.event("Order Completed", customer="ann", cart_id="c1", order_id="7")
    shop.wait("8 days")
    approved(shop)
