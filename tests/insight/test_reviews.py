"""Reviews of a shop that changes its journey: what got better, what got worse, and what the new version has to do with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from insight_told import at
from journeykit import Engine, Event, Journey, MemoryStorage, Step
from journeykit.insight import Insight
from journeykit.insight.reports.report import text
from journeykit.insight.reports.review import reviews
from journeykit.insight.settings.kpis import Kpi
from journeykit.insight.settings.settings import Settings
from journeykit.runtime.clock import ManualClock

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
GOALS = Kpi("goal rate", True, 0.5, "marketing", "weekly")


def carts(wait):
    """A journey that is a success when the cart is ordered in time."""
    return Journey("carts", key="cart", entry="Product Added", goal="Order Completed", steps=[Step("left", stage="purchase", wait=wait)])


class Shop:
    """A shop that lives week by week."""

    def __init__(self):
        self.storage = MemoryStorage()
        self.clock = ManualClock(MONDAY)
        self.number = 0

    def week(self, engine, number, left, ordered):
        """In the week of that number so many leave their cart, and so many order it within an hour."""
        for place in range(left + ordered):
            self.number += 1
            day = MONDAY + timedelta(weeks=number, minutes=place)
            self.happens(engine, "Product Added", day)
            if place >= left:
                self.happens(engine, "Order Completed", day + timedelta(seconds=30))

    def happens(self, engine, name, when):
        self.clock.set(when)
        event = Event(name, id=f"{name} {self.number}", customer_id=f"c{self.number}", occurred_at=when, properties={"cart": "x"})
        engine.handle(event)

    def engine(self, wait):
        """The shop with the journey deployed that waits so long."""
        return Engine([carts(wait)], self.storage, clock=self.clock, history=True)


@pytest.fixture(name="insight")
def _insight():
    """Four weeks: 20, 30, 40 and 60 per cent order; in the middle of the last one a journey comes into use that waits for longer."""
    shop = Shop()
    first = shop.engine("2 days")
    for number, ordered in enumerate((20, 30, 40)):
        shop.week(first, number, 100 - ordered, ordered)
    shop.week(first, 3, 30, 20)
    shop.clock.set(MONDAY + timedelta(weeks=3, days=3))
    second = shop.engine("5 days")
    for place in range(50):
        shop.number += 1
        when = MONDAY + timedelta(weeks=3, days=3, minutes=place)
        shop.happens(second, "Product Added", when)
        if place >= 10:
            shop.happens(second, "Order Completed", when + timedelta(seconds=30))
    found = Insight.of(shop.storage, Settings(kpis={"carts": (GOALS,)}))
    yield found
    shop.storage.close()


def test_what_becomes_better_week_by_week(insight):
    """The goal rate of four weeks is told beside each other, and that it has risen three times in a row."""
    (review,) = reviews(insight, at("2026-03-30"))
    (target,) = review.journeys[0].targets

    assert [figure.value for _, figure in target.trend] == [None, None, None, None, 0.2, 0.3, 0.4, 0.6]
    assert (target.figure.count, target.figure.of, target.met, target.direction, target.run) == (60, 100, True, "better", 3)


def test_a_new_version_is_told_beside_the_others(insight):
    """It came into use on Thursday: 40 of 50 order with it, 20 of 50 without."""
    (review,) = reviews(insight, at("2026-03-30"))
    (version,) = review.journeys[0].versions

    assert version.since == at("2026-03-26 09:00")
    assert (version.its.converted, version.its.entered) == (40, 50)
    assert (version.others.converted, version.others.entered) == (20, 50)
    assert (
        "in use since 26 March 2026: 80% (40 of 50) of those who entered it reached the goal, 40% (20 of 50) on other versions"
        in " ".join(text(review).split())
    )


def test_an_old_version_is_no_news(insight):
    """Two weeks later nobody is told of it again."""
    (review,) = reviews(insight, at("2026-04-20"))

    assert review.journeys[0].versions == ()


def test_only_what_is_asked_for(insight):
    """Other rhythms, other owners, other journeys have nothing to tell."""
    now = at("2026-03-30")

    assert reviews(insight, now, rhythm="monthly") == []
    assert reviews(insight, now, owner="support") == []
    assert reviews(insight, now, journey="win-back") == []
    assert len(reviews(insight, now, rhythm="weekly", owner="marketing", journey="carts")) == 1


def test_looking_changes_nothing(insight):
    """A review made twice is the same review."""
    assert reviews(insight, at("2026-03-30")) == reviews(insight, at("2026-03-30"))
