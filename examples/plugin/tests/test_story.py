"""Ann comes through the spring campaign, gets a coupon, and is reminded of it on her pay day."""

from __future__ import annotations

from pathlib import Path

from journeykit import Journey, check, load, mermaid
from journeykit.runtime.plugins import Actions
from journeykit.testing.scenario import Scenario

JOURNEY = Path(__file__).parent.parent / "journey.yaml"


def story() -> Scenario:
    """The journey with the installed coupon; everything else is only written down."""
    return Scenario(load(JOURNEY), at="2026-04-01 10:00", zone="Europe/Berlin", actions={"extras.coupon": Actions()["extras.coupon"]})


def test_ann_is_reminded_on_her_pay_day() -> None:
    """The 25th of April 2026 is a Saturday: pay day is Friday the 24th."""
    shop = story()
    shop.event("Page Viewed", url="https://shop.example/?utm_campaign=spring")
    shop.wait("30 days")

    shop.expect("extras.coupon", percent=10)
    code = shop.expect("email", template="coupon", at="2026-04-01 10:00").parameters["code"]
    assert code.startswith("SAVE10-")
    shop.expect("email", template="reminder", code=code, at="2026-04-24 09:00")
    shop.expect_nothing_else()


def test_ben_who_came_another_way_gets_nothing() -> None:
    """The link of another campaign."""
    shop = story()
    shop.event("Page Viewed", customer="ben", url="https://shop.example/?utm_campaign=winter")
    shop.wait("30 days")

    shop.expect_nothing_else()


def test_eve_has_no_pay_day_that_is_known() -> None:
    """She gets her coupon and leaves."""
    shop = story()
    shop.identify("eve", traits={"pay_day": 31})
    shop.event("Page Viewed", customer="eve", url="https://shop.example/?utm_campaign=spring")
    shop.wait("30 days")

    shop.expect("extras.coupon", customer="eve")
    shop.expect("email", customer="eve", template="coupon")
    shop.expect_nothing_else()


def test_joe_who_is_on_holiday_hears_when_he_is_back() -> None:
    """The coupon is issued at once, the e-mail about it is held a day at a time."""
    shop = story()
    shop.identify("joe", traits={"on_holiday": True})
    shop.event("Page Viewed", customer="joe", url="https://shop.example/?utm_campaign=spring")
    shop.wait("36 hours")
    shop.identify("joe", traits={"on_holiday": False})
    shop.wait("1 day")

    shop.expect("extras.coupon", customer="joe", at="2026-04-01 10:00")
    shop.expect("email", customer="joe", template="coupon", at="2026-04-03 10:00")
    assert "held until 2026-04-03 10:00 CEST: on holiday" in shop.explain("joe")


def test_the_journey_is_checked_and_drawn_like_any_other() -> None:
    """What the package brings is known by its names."""
    definitions = load(JOURNEY)
    (journey,) = (one for one in definitions if isinstance(one, Journey))

    assert check(definitions, actions=["email", *Actions().names()]) == ()
    assert "extras.payday" in mermaid(journey)
