"""Each plugin keeps what its kind promises: the suites come with the library, the examples are ours."""

from __future__ import annotations

from datetime import date
from typing import Any

from shop_extras.campaign import Campaign
from shop_extras.coupon import Coupon
from shop_extras.manners import manners
from shop_extras.payday import payday

from journeykit import Defer, Drop, Permit
from journeykit.model.policies import Question
from journeykit.testing.contracts import ActionContract, PolicyContract, TimerContract, TriggerContract


class TestCoupon(ActionContract):
    """The action."""

    name = "extras.coupon"
    once = True  # the code is made from the key, whatever crashes

    def create_action(self) -> Coupon:
        """A new one."""
        return Coupon()

    def performed(self) -> list[dict[str, Any]]:
        """What it issues."""
        return [{"percent": 10}, {}]

    def refused(self) -> list[dict[str, Any]]:
        """What it never will."""
        return [{"percent": 51}, {"percent": "much"}]


class TestCampaign(TriggerContract):
    """The trigger."""

    name = "extras.campaign"

    def create_trigger(self) -> Campaign:
        """A new one."""
        return Campaign()

    def recognised(self) -> list[tuple[dict[str, Any], tuple[Any, ...]]]:
        """Who came through the campaign."""
        return [({"url": "https://shop.example/?utm_campaign=spring&page=2"}, ("spring",))]

    def left(self) -> list[tuple[dict[str, Any], tuple[Any, ...]]]:
        """Who came another way."""
        return [({"url": "https://shop.example/?utm_campaign=winter"}, ("spring",)), ({"url": "https://shop.example/spring"}, ("spring",))]


class TestPayday(TimerContract):
    """The timer."""

    name = "extras.payday"

    def create_timer(self) -> Any:
        """A function needs no making."""
        return payday

    def examples(self) -> list[tuple[str, tuple[Any, ...], date | None]]:
        """The 25th of April 2026 is a Saturday."""
        return [
            ("2026-04-01 10:00", (25,), date(2026, 4, 24)),
            ("2026-04-24 10:00", (25,), date(2026, 5, 25)),
            ("2026-04-01 10:00", (31,), None),
        ]


class TestManners(PolicyContract):
    """The policy."""

    name = "extras.manners"

    def create_policy(self) -> Any:
        """A function needs no making."""
        return manners

    def examples(self) -> list[tuple[Question, type[Permit | Defer | Drop]]]:
        """Silence goes before holidays."""
        return [
            (self.question(), Permit),
            (self.question(customer={"on_holiday": True}), Defer),
            (self.question(customer={"on_holiday": True, "wants_silence": True}), Drop),
        ]
