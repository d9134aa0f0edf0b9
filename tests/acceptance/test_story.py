"""The story of one coffee machine, from the ad to the five-star review, and every way off the path."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from journeykit import Journey, load
from journeykit.testing import Scenario

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(name="journey")
def _journey() -> Journey:
    journey: Journey = runpy.run_path(str(EXAMPLES / "coffee_machine.py"))["coffee_machine"]
    return journey


@pytest.fixture(name="shop")
def _shop(journey: Journey) -> Scenario:
    """Ann has seen the ad on a Monday evening, her old machine broken."""
    shop = Scenario(journey, at="2026-03-02 20:00", zone="Europe/Berlin")
    shop.event("Ad Clicked", customer="ann")
    return shop


def buys(shop: Scenario) -> None:
    """Ann looks at the machine, takes it and has it."""
    shop.event("Product Viewed", customer="ann")
    shop.event("Product Added", customer="ann")
    shop.event("Checkout Started", customer="ann")
    shop.event("Order Completed", customer="ann", order_id="o-17")
    shop.expect("email", template="order-confirmation", order="o-17", at="2026-03-02 20:00")


def gets(shop: Scenario) -> None:
    """The machine arrives two days after the order, on Wednesday at 20:00."""
    buys(shop)
    shop.wait("2 days")
    shop.event("Order Delivered", customer="ann")
    shop.expect("email", template="quick-start", at="2026-03-04 20:00")


def test_python_and_yaml_say_the_same(journey: Journey) -> None:
    """The journey written in YAML is the value written in Python."""
    assert load(EXAMPLES / "coffee_machine.yaml") == [journey]


def test_from_the_ad_to_the_five_star_review(shop: Scenario) -> None:
    """Ann goes the whole way, through all five stages, and hears from the shop when and only when there is a reason."""
    assert shop.stage("ann") == "awareness"
    shop.wait("1 hour")
    shop.event("Product Viewed", customer="ann")
    shop.event("Review Read", customer="ann")
    shop.event("Newsletter Subscribed", customer="ann")
    shop.expect("email", template="newsletter-discount", percent=10, at="2026-03-02 21:00")
    assert shop.stage("ann") == "consideration"
    shop.wait("1 day")
    shop.event("Product Added", customer="ann")
    shop.wait("10 minutes")
    shop.event("Checkout Started", customer="ann")
    shop.wait("5 minutes")
    shop.event("Order Completed", customer="ann", order_id="o-17")
    shop.expect("email", template="order-confirmation", order="o-17", at="2026-03-03 21:15")
    assert shop.stage("ann") == "purchase"
    shop.wait("2 days")
    shop.event("Order Delivered", customer="ann")
    shop.expect("email", template="quick-start", at="2026-03-05 21:15")
    shop.wait("10 days")
    shop.expect("email", template="brewing-tips", at="2026-03-12 09:00")
    shop.event("Loyalty Joined", customer="ann")
    shop.expect("email", template="loyalty-welcome", at="2026-03-15 21:15")
    assert shop.stage("ann") == "retention"
    shop.wait("1 day")
    shop.event("Picture Posted", customer="ann")
    shop.expect("reward", points=50, at="2026-03-16 21:15")
    shop.event("Referral Sent", customer="ann", friend="ben", link="https://shop.example/r/ann")
    shop.expect("reward", points=100, at="2026-03-16 21:15")
    shop.expect("invite", friend="ben", link="https://shop.example/r/ann", at="2026-03-16 21:15")
    shop.wait("1 day")
    shop.event("Review Submitted", customer="ann", stars=5)
    shop.expect("reward", points=25, at="2026-03-17 21:15")

    shop.expect_nothing_else()
    assert shop.stage("ann") == "advocacy"


def test_what_makes_no_advocate(shop: Scenario) -> None:
    """A review of four stars, or a picture of the machine before it is Ann's, changes nothing."""
    shop.event("Picture Posted", customer="ann")
    gets(shop)
    shop.event("Review Submitted", customer="ann", stars=4)
    shop.event("Review Submitted", customer="ann")

    shop.expect_nothing_else()
    assert shop.step("ann") == "delivered"


def test_a_cart_is_left(shop: Scenario) -> None:
    """Two hours after the last thing put into the cart comes one reminder, with the discount Ann has."""
    shop.event("Product Viewed", customer="ann")
    shop.event("Newsletter Subscribed", customer="ann")
    shop.expect("email", template="newsletter-discount", percent=10, at="2026-03-02 20:00")
    shop.event("Product Added", customer="ann")
    shop.wait("1 hour")
    shop.event("Product Added", customer="ann")
    shop.wait("2 hours")
    shop.expect("email", template="cart-reminder", percent=10, at="2026-03-02 23:00")
    shop.wait("20 days")

    shop.expect_nothing_else()


def test_a_reminded_cart_is_bought(shop: Scenario) -> None:
    """Who buys after the reminder gets the confirmation and no second reminder."""
    shop.event("Product Viewed", customer="ann")
    shop.event("Product Added", customer="ann")
    shop.wait("3 hours")
    shop.expect("email", template="cart-reminder", percent=0, at="2026-03-02 22:00")
    shop.event("Order Completed", customer="ann", order_id="o-17")
    shop.expect("email", template="order-confirmation", order="o-17", at="2026-03-02 23:00")
    shop.wait("4 days")

    shop.expect_nothing_else()


def test_the_checkout_fails(shop: Scenario) -> None:
    """A failed payment is answered at once with other ways to pay, and the second try succeeds."""
    shop.event("Product Viewed", customer="ann")
    shop.event("Checkout Started", customer="ann")
    shop.wait("10 minutes")
    shop.event("Payment Failed", customer="ann")
    shop.expect("email", template="other-ways-to-pay", at="2026-03-02 20:10")
    shop.wait("5 minutes")
    shop.event("Checkout Started", customer="ann")
    shop.event("Order Completed", customer="ann", order_id="o-17")
    shop.expect("email", template="order-confirmation", order="o-17", at="2026-03-02 20:15")

    shop.expect_nothing_else()


def test_the_checkout_fails_and_is_given_up(shop: Scenario) -> None:
    """A day after a failed payment the cart is a cart left behind."""
    shop.event("Product Viewed", customer="ann")
    shop.event("Checkout Started", customer="ann")
    shop.event("Payment Failed", customer="ann")
    shop.expect("email", template="other-ways-to-pay", at="2026-03-02 20:00")
    shop.wait("2 days")
    shop.expect("email", template="cart-reminder", percent=0, at="2026-03-03 20:00")

    shop.expect_nothing_else()


def test_the_parcel_is_late(shop: Scenario) -> None:
    """Five days without a parcel: Ann hears that the shop knows, the shipping people get a ticket, and the rest goes on."""
    buys(shop)
    shop.wait("6 days")
    shop.expect("email", template="parcel-late", at="2026-03-07 20:00")
    shop.expect("ticket", queue="shipping", at="2026-03-07 20:00")
    shop.event("Order Delivered", customer="ann")
    shop.expect("email", template="quick-start", at="2026-03-08 20:00")
    shop.wait("7 days")
    shop.expect("email", template="brewing-tips", at="2026-03-15 09:00")

    shop.expect_nothing_else()


def test_a_parcel_on_the_deadline_is_in_time(shop: Scenario) -> None:
    """A parcel that arrives in the very instant of the deadline is not late."""
    buys(shop)
    shop.wait("5 days")
    shop.event("Order Delivered", customer="ann")
    shop.expect("email", template="quick-start", at="2026-03-07 20:00")

    shop.expect_nothing_else()


def test_a_complaint_stops_everything_else(shop: Scenario) -> None:
    """With a complaint open there are no tips and no rewards; once it is resolved the shop says sorry."""
    gets(shop)
    shop.wait("3 days")
    shop.event("Complaint Opened", customer="ann")
    shop.expect("ticket", queue="complaints", at="2026-03-07 20:00")
    shop.wait("7 days")
    shop.event("Picture Posted", customer="ann")
    shop.expect_nothing_else()
    shop.event("Complaint Resolved", customer="ann")
    shop.expect("email", template="sorry-and-thanks", at="2026-03-14 20:00")
    shop.event("Picture Posted", customer="ann")
    shop.expect("reward", points=50, at="2026-03-14 20:00")

    shop.expect_nothing_else()


def test_nothing_is_heard_for_90_days(shop: Scenario) -> None:
    """Ninety days after the tips, summer time or not, Ann is asked once whether she is well; then she is left in peace."""
    gets(shop)
    shop.wait("200 days")
    shop.expect("email", template="brewing-tips", at="2026-03-11 09:00")
    shop.expect("email", template="we-miss-you", at="2026-06-09 10:00")

    shop.expect_nothing_else()


def test_nothing_is_heard_from_an_advocate(shop: Scenario) -> None:
    """Ninety days after her last good deed an advocate is missed, and her next order is confirmed like the first."""
    gets(shop)
    shop.event("Picture Posted", customer="ann")
    shop.expect("reward", points=50, at="2026-03-04 20:00")
    shop.wait("91 days")
    shop.expect("email", template="we-miss-you", at="2026-06-02 21:00")
    assert shop.stage("ann") == "retention"
    shop.event("Order Completed", customer="ann", order_id="o-18")
    shop.expect("email", template="order-confirmation", order="o-18", at="2026-06-03 21:00")

    shop.expect_nothing_else()


def test_who_only_saw_the_ad_is_forgotten(shop: Scenario) -> None:
    """Ninety days after an ad that led nowhere the journey is over, and a new ad begins a new one."""
    shop.wait("100 days")
    shop.event("Product Viewed", customer="ann")
    shop.event("Product Added", customer="ann")
    shop.wait("1 day")
    shop.expect_nothing_else()
    shop.event("Ad Clicked", customer="ann")
    shop.event("Product Viewed", customer="ann")
    shop.event("Product Added", customer="ann")
    shop.wait("1 day")
    shop.expect("email", template="cart-reminder", percent=0, at="2026-06-11 23:00")

    shop.expect_nothing_else()
