"""Lives that are easily counted wrongly: customers who become one, versions that change on the way, time that stands still."""

from __future__ import annotations

import pytest

from insight_told import LAKES, figure, insight, period
from journeykit import Do, Goal, Journey, Step
from journeykit.codec import definition_hash
from journeykit.insight import Insight
from journeykit.insight.figures import Conversion, LinkFlow, Slice
from journeykit.insight.tables.raw import TABLES
from journeykit.insight.tables.reading import rows
from shop import Shop

each_engine = pytest.mark.parametrize("make", LAKES)
MARCH = period("2026-03-01", "2026-04-01")


def cart(second: str = "reminded", stage: str = "consideration") -> Journey:
    return Journey(
        "cart", entry="Product Added", reentry="always", stages=["consideration", "purchase"], stage="consideration",
        goal=Goal("Order Completed", end="bought"),
        steps=[Step("left", wait="2 hours"), Step(second, stage=stage, do=Do("email", template=second), wait="3 days"), Step("gone", end="lost")],
    )  # fmt: skip


def released(shop: Shop, *journeys: Journey) -> Shop:
    """The same shop after a release, with other journeys."""
    after = Shop(*journeys, storage=shop.storage)
    after.clock.set(shop.clock.now())
    after._ids = shop._ids
    return after


def numbers_of(shop: Shop, make) -> Insight:
    return insight(make, {table.name: list(rows(shop.storage, table)) for table in TABLES})


@each_engine
def test_two_customers_who_become_one_are_one(make):
    """
    Ann and her other account both have a cart; the later one becomes part of the earlier one, which is bought.

    Both have entered, and one of them was lost in no way: it is no drop-off, nothing that converts, and how long it lasted is not known.
    """
    shop = Shop(cart())
    shop.event("Product Added", "ann")
    shop.wait("1 hour")
    shop.event("Product Added", "ann@work")
    shop.wait("30 minutes")
    shop.engine.merge("ann", "ann@work", id="merge-1")
    shop.wait("1 hour")
    shop.event("Order Completed", "ann", total=100)
    numbers = numbers_of(shop, make)
    march = Slice(MARCH, journey="cart")

    assert [one.count for one in (figure(numbers, name, MARCH) for name in ("reach", "entries"))] == [1, 2]
    assert numbers.conversions(march, "entry") == [Conversion("Product Added", 1, 1, 1.0)]
    assert figure(numbers, "goal rate", MARCH, journey="cart").value == 1
    assert [(one.reason, one.count) for one in numbers.flow(march).links if one.target is None] == [("merged", 1), ("bought", 1)]
    assert numbers.dropoffs(march) == []
    assert [(one.seconds, one.at_risk, one.gone) for one in numbers.survival(march, "left")] == [(7200.0, 1, 1)]


@each_engine
def test_a_step_that_is_called_otherwise_is_a_move_and_one_that_is_not_is_none(make):
    """Ann's step keeps its name and Ben's is renamed; both stay on the version they began with, as far as numbers are concerned."""
    old, new = cart(), cart("told", "purchase")
    shop = Shop(old)
    shop.event("Product Added", "ben")
    shop.wait("3 hours")
    shop.event("Product Added", "ann")
    shop.wait("1 hour")
    shop = released(shop, new)
    shop.engine.versions.migrate(
        {"journey": "cart", "changed": {definition_hash(old): definition_hash(new)}, "steps": {"reminded": "told"}}
    )  # fmt: skip
    shop.wait("30 minutes")
    numbers = numbers_of(shop, make)
    flow = numbers.flow(Slice(MARCH, journey="cart", version=definition_hash(old)))
    steps = {one.step: (one.arrived, one.moved, one.left, one.still) for one in flow.steps}

    assert steps == {"left": (2, 1, 0, 1), "reminded": (1, 1, 0, 0), "gone": (0, 0, 0, 0), "told": (1, 0, 0, 1)}
    assert LinkFlow("reminded", "told", "migration", None, 1, 1) in flow.links
    assert [one.customer for one in numbers.there(Slice(MARCH, journey="cart"), "left")] == ["ann"]
    assert numbers.versions("cart") == [(definition_hash(old), numbers.span.begin)]
    shop.event("Product Added", "cem")
    shop.wait("3 hours")
    later = numbers_of(shop, make)
    funnel = {one.step: (one.arrived, one.moved, one.still) for one in later.funnel(Slice(MARCH, journey="cart"))}
    assert funnel == {"consideration": (3, 3, 0), "purchase": (3, 0, 3)}


@each_engine
def test_time_that_stands_still_is_time_in_the_step(make):
    """A pause holds the reminder for a day: Ann was in her cart for a day and two hours, whatever the clock of the journey says."""
    shop = Shop(cart())
    shop.event("Product Added", "ann")
    shop.wait("1 hour")
    shop.engine.pause("cart", clocks="stand still")
    shop.wait("1 day")
    shop.engine.resume("cart")
    shop.wait("2 hours")
    numbers = numbers_of(shop, make)
    left = numbers.flow(Slice(MARCH, journey="cart")).steps[0]

    assert (left.arrived, left.moved, left.median_seconds) == (1, 1, (24 + 2) * 3600)


@each_engine
def test_who_is_refused_has_not_entered(make):
    """Once is once: the second time is history, and no entry."""
    once = Journey("welcome", entry="Page Viewed", stage="awareness", steps=[Step("seen", wait="1 hour")])
    shop = Shop(once)
    shop.event("Page Viewed", "ann")
    shop.wait("2 hours")
    shop.event("Page Viewed", "ann")
    numbers = numbers_of(shop, make)

    assert [one.count for one in numbers.flow(Slice(MARCH, journey="welcome")).links] == [1, 1]
    assert figure(numbers, "entries", MARCH).count == 1
    assert figure(numbers, "goal rate", MARCH).value == 1
    assert numbers.dropoffs(Slice(MARCH, journey="welcome")) == []
