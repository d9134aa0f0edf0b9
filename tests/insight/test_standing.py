"""Segments that no journey waits for: who is in them is known as of now, and they can be chosen like all others."""

from __future__ import annotations

import json

import pytest

from journeykit import Catalog, Journey, On, Step
from journeykit.insight import Insight
from journeykit.insight.engines.duck import DuckLake
from journeykit.insight.engines.small import SmallLake
from journeykit.insight.figures import Slice
from journeykit.insight.map.view import view
from journeykit.insight.tables.reading import fill
from journeykit.insight.tables.standing import standing
from shop import Shop

CATALOG = Catalog(
    traits={"country": "text"},
    facts={"orders": "count of Order Completed", "lately": "count of Order Completed in 30 days"},
    segments={
        "german": "customer.country == 'DE'",
        "loyal": "customer.orders >= 2",
        "fresh": "customer.lately > 0",
        "nobody": "customer.orders > 100",
    },
)
WELCOME = Journey(
    "welcome",
    stage="awareness",
    entry="Page Viewed",
    steps=[Step("seen", wait="1 day", when={"Order Completed": "bought"}), Step("bought")],
)
LOYAL = Journey("thanks", stage="retention", entry=On(segment="loyal"), steps=[Step("thanked", wait="1 day")])


def lived():
    """Ann and Cem are German; Bob and Cem order twice; Ann orders long ago."""
    shop = Shop(WELCOME, LOYAL, CATALOG)
    for customer, country in (("ann", "DE"), ("bob", "FR"), ("cem", "DE")):
        shop.identify(customer, traits={"country": country})
        shop.event("Page Viewed", customer)
    shop.event("Order Completed", "ann")
    shop.wait("40 days")
    for customer in ("bob", "cem", "bob", "cem"):
        shop.event("Order Completed", customer)
        shop.wait("1 day")
    return shop


@pytest.fixture(params=[SmallLake, DuckLake])
def numbers(request):
    """The numbers of the shop, which knows its catalog."""
    shop, lake = lived(), request.param()
    fill(lake, shop.storage)
    return Insight(lake, now=standing(shop.storage, CATALOG, shop.clock.now()))


def entered(numbers, segment):
    """How many of a segment entered the journey about welcome."""
    return numbers.figures("entries", Slice(numbers.span, journey="welcome", segment=segment))[0].count


def test_every_declared_segment_can_be_chosen(numbers):
    """Loyal has left a trace, for a journey waits for it; the others are known as they are now, also one that is empty."""
    assert numbers.segments() == ["fresh", "german", "loyal", "nobody"]
    assert numbers.as_of_now == {"fresh", "german", "nobody"}
    assert {name: entered(numbers, name) for name in numbers.segments()} == {"fresh": 2, "german": 2, "loyal": 0, "nobody": 0}
    assert {name: entered(numbers, f"not {name}") for name in numbers.segments()} == {"fresh": 1, "german": 1, "loyal": 3, "nobody": 3}


def test_without_the_catalog_only_traces_are_known():
    """A history alone does not say what a shop calls its segments."""
    alone = Insight.of(lived().storage)

    assert alone.segments() == ["loyal"]
    assert alone.as_of_now == frozenset()


def test_who_was_inside_when_first_looked_at_is_inside():
    """A journey begins to wait for loyal when Bob and Cem are loyal already: neither of them ever comes in, and both are; Ann does."""
    early = Shop(WELCOME, CATALOG)
    for customer in ("bob", "bob", "cem", "cem", "ann"):
        early.event("Order Completed", customer)
    later = Shop(WELCOME, LOYAL, CATALOG, storage=early.storage)
    later.event("Shop Entered", "ann")
    later.event("Order Completed", "ann")
    for customer in ("ann", "bob", "cem"):
        later.event("Page Viewed", customer)
    numbers = Insight.of(later.storage, now=standing(later.storage, CATALOG, later.clock.now()))
    alone = Insight.of(later.storage)

    assert numbers.as_of_now == {"fresh", "german", "nobody"}
    assert (entered(alone, "loyal"), entered(numbers, "loyal")) == (1, 3)


def test_the_page_says_which_segments_are_as_they_are_now(numbers):
    """Each can be chosen, and its label says how it is known."""
    data = json.loads(json.dumps(view(numbers, at=numbers.span.end).data))
    welcome = next(one for one in data["journeys"] if one["name"] == "welcome")

    assert [one["label"] for one in welcome["filters"]] == [
        "everybody", "only fresh, as it is now", "only german, as it is now", "only loyal", "only nobody, as it is now",
    ]  # fmt: skip
    assert data["as of now"] == ["fresh", "german", "nobody"]
