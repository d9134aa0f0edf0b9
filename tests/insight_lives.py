"""Invented lives for properties of numbers: customers who go through a shop's journeys, and what they tell beside them."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from insight_told import insight
from journeykit import Catalog, Do, Event, Goal, Journey, On, Step, Transition
from journeykit.insight import Insight
from journeykit.insight.engines.duck import DuckLake
from journeykit.insight.engines.small import SmallLake
from journeykit.insight.figures import Period
from journeykit.insight.tables.raw import TABLES
from journeykit.insight.tables.reading import rows
from journeykit.testing import stories
from shop import Shop

EXAMPLES = int(os.environ.get("JOURNEYKIT_EXAMPLES", "200"))  #: of each property of numbers
ENGINES = (SmallLake, SmallLake, SmallLake, DuckLake)  #: the engine for volume looks at every fourth of them
CUSTOMERS = ("ann", "bob", "cem")

CART = Journey(
    "recover-cart",
    key="cart_id",
    stages=["consideration", "purchase"],
    entry="Product Added",
    exits="Cart Emptied",
    goal=Goal("Order Completed", end="bought"),
    reentry="always",
    steps=[
        Step("left", stage="consideration", wait="2 hours", when={"Product Added": "left"}),
        Step("reminded", do=Do("email", template="cart"), wait="1 day", when={"Cart Viewed": "looking"}),
        Step("gone", end="lost"),
        Step("looking", stage="purchase", wait="6 hours", then="gone"),
    ],
)
LIFE = Journey(
    "life",
    lifecycle=True,
    entry="Page Viewed",
    steps=[
        Step("visitor", stage="awareness", when={"Order Completed": "customer", "Lamp Lit": "visitor"}),
        Step("customer", stage="retention", wait="3 days", when={"Order Completed": "customer"}),
        Step("silent", stage="retention", when=[Transition("customer", on=On("Order Completed"))]),
    ],
)
CATALOG = Catalog(facts={"orders": "count of Order Completed"}, segments={"buyers": "customer.orders > 0"})
THANKS = Journey(
    "thanks", entry=On(segment="buyers"), stage="retention", steps=[Step("thanked", do=Do("email", template="thanks"), wait="1 day")]
)
OURS = (CART, LIFE, THANKS, CATALOG)
GAPS = ("", "1 minute", "1 hour", "2 hours", "6 hours", "1 day")


class Told(NamedTuple):
    """One thing that happens after *gap*: an event that occurred *late* hours ago."""

    gap: str
    event: Event
    late: int


class Life(NamedTuple):
    """What happens."""

    told: list[Told]
    merged: int | None  #: after how many of them cem turns out to be ann

    def shop(self, deliver: Callable[[Shop, Event], Any] = lambda shop, event: shop.engine.handle(event)) -> Shop:
        """A shop in which all of it has happened; *deliver* tells it an event."""
        shop = Shop(*OURS, at=stories.BEGIN.isoformat())
        for number, one in enumerate(self.told):
            if one.gap:
                shop.wait(one.gap)
            deliver(shop, dated(one.event, micros(shop) - one.late * 3_600_000_000))
            if number == self.merged:
                shop.engine.merge("ann", "cem", id="merge-1")
        return shop


def micros(shop: Shop) -> int:
    """What the clock of *shop* shows."""
    return shop.clock.now()


def dated(event: Event, at: int) -> Event:
    """The same, at another moment."""
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    return Event(event.name, id=event.id, customer_id=event.customer_id, occurred_at=when, properties=event.properties)


@st.composite
def lives(draw: DrawFn) -> Life:
    """Lives of three customers, who go through the journeys above."""
    told = st.builds(
        Told, gap=st.sampled_from(GAPS), event=stories.events(OURS, CUSTOMERS, also=("Page Viewed", "Lamp Lit")),
        late=st.sampled_from((0, 0, 0, 1, 30)),
    )  # fmt: skip
    return Life(draw(st.lists(told, min_size=8, max_size=30)), draw(st.sampled_from((None, 4, 7))))


def everybody(shop: Shop) -> list[str]:
    """Who there is: also those whom others have started, and of two who are one only one."""
    return sorted({row[0] for table in TABLES if table.name in ("events", "history") for row in rows(shop.storage, table)})


def raw(shop: Shop) -> dict[str, list[tuple[Any, ...]]]:
    """Its tables, as they are exported."""
    return {table.name: list(rows(shop.storage, table)) for table in TABLES}


def numbers_of(shop: Shop, make: Any) -> Insight:
    """The numbers of *shop*, on an engine that *make* makes."""
    return insight(make, raw(shop))


def cuts(shop: Shop, numbers: Insight) -> SearchStrategy[list[Period]]:
    """A part of all that happened, and its two halves; they begin and end where customers move, or just before or after."""
    moments = sorted(
        {entry.at + beside for customer in everybody(shop) for entry in shop.storage.history(customer) for beside in (-1, 0, 1)}
    )
    edges = st.lists(st.sampled_from([*moments, numbers.span.end]), min_size=3, max_size=3).map(sorted)
    return edges.map(lambda them: [Period(them[0], them[2]), Period(them[0], them[1]), Period(them[1], them[2])])
