"""What happened in words that numbers know: names, days, money, who counts; and what became of merged, erased and aged customers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeykit import Engine, Event, Journey, MemoryStorage, Step
from journeykit.errors import DefinitionError
from journeykit.insight.engines.duck import DuckLake
from journeykit.insight.engines.small import SmallLake
from journeykit.insight.settings.settings import Settings
from journeykit.insight.settings.vocabulary import EVENTS as KNOWN
from journeykit.insight.settings.vocabulary import PROPERTIES
from journeykit.insight.tables.days import DAY, begin_of, day_of, day_sql
from journeykit.insight.tables.happenings import derive
from journeykit.insight.tables.raw import CUSTOMERS, EVENTS
from journeykit.insight.tables.reading import fill
from journeykit.runtime.clock import ManualClock

LAKES = [SmallLake, DuckLake]
MONDAY = 1_772_442_000_000_000  #: 2026-03-02 09:00 UTC


def told(make, events, settings=None, traits=None):
    """Happenings of customer, name and properties, one a minute, as dictionaries without what is not there."""
    lake = make()
    rows = [
        (customer, f"e{number}", number, MONDAY + number * 60_000_000, MONDAY, "decided", name, "shop", json.dumps(properties))
        for number, (customer, name, properties) in enumerate(events, 1)
    ]
    lake.fill(EVENTS, rows)
    lake.fill(CUSTOMERS, [(name, None, None, "{}", json.dumps((traits or {}).get(name, {}))) for name in sorted({row[0] for row in rows})])
    derive(lake, settings or Settings())
    columns = ["customer", "name", *[one.name for one in PROPERTIES]]
    found = lake.query(f"select {', '.join(columns)} from happenings order by occurred_at")
    return [{name: value for name, value in zip(columns, row, strict=True) if value is not None} for row in found]


@pytest.mark.parametrize("make", LAKES)
def test_an_order_as_segment_sends_it_and_as_it_is_kept_here(make):
    """Whole minor units are taken as they are; a shop that sends 27.5 says that its amounts have two decimals."""
    order = ("ann", "Order Completed", {"order_id": 17, "total": 27.5, "currency": "usd", "channel": "app"})
    cents = ("ann", "Completed Order", {"orderId": "18", "revenue": 2750, "currency": "USD", "utm_source": "google"})

    exact = {"customer": "ann", "name": "Order Completed", "source": "shop", "currency": "USD"}
    assert told(make, [order], Settings(decimals=2)) == [{**exact, "channel": "app", "order_id": "17", "amount": 2750}]
    assert told(make, [cents]) == [{**exact, "channel": "site", "order_id": "18", "amount": 2750, "source": "google"}]
    assert "amount" not in told(make, [order])[0]


@pytest.mark.parametrize("make", LAKES)
def test_a_shops_own_words_are_mapped_in_one_place(make):
    """Events and properties under other names; a name that means something else to the shop is the shop's."""
    settings = Settings(
        events={"Order Completed": ("Basket Paid", "Subscribed")}, properties={"amount": ("sum", "total"), "order_id": ("basket",)}, decimals=2
    )  # fmt: skip
    events = [
        ("ann", "Basket Paid", {"basket": "b1", "sum": 12.34, "total": 99}),
        ("ann", "Subscribed", {"total": 1}),
        ("ann", "Lamp Lit", {}),
    ]

    assert [(one["name"], one.get("order_id"), one.get("amount")) for one in told(make, events, settings)] == [
        ("Order Completed", "b1", 1234), ("Order Completed", None, 100), ("Lamp Lit", None, None),
    ]  # fmt: skip


@pytest.mark.parametrize("make", LAKES)
def test_how_customers_felt_may_be_text(make):
    """Segment's ratings are text; what is no number is no score, and no error."""
    scores = ["5", 4, "4.5", "-1", "good", "", "1e3", True, None, [5], {"a": 5}, "1.2.3", "-", ".", "5-", 10.0]
    found = told(make, [("ann", "Product Reviewed", {"rating": score}) for score in scores])

    assert [one.get("score") for one in found] == [5, 4, 4.5, -1, None, None, None, None, None, None, None, None, None, None, None, 10]


@pytest.mark.parametrize("make", LAKES)
def test_test_customers_and_what_has_not_happened_are_left_out(make):
    """Who has the trait is in nothing; events that wait or are parked, and the library's own, are no happenings."""
    events = [("ann", "Page Viewed", {}), ("tess", "Page Viewed", {}), ("bob", "$identify", {}), ("bob", "Page Viewed", {})]
    found = told(make, events, Settings(test="staff"), {"tess": {"staff": True}, "ann": {"staff": False}})
    assert [one["customer"] for one in found] == ["ann", "bob"]

    lake = make()
    lake.fill(EVENTS, [("ann", state, 1, MONDAY, MONDAY, state, "Page Viewed", "", "{}") for state in ("decided", "pending", "parked")])
    lake.fill(CUSTOMERS, [])
    derive(lake, Settings())
    assert lake.query("select id from happenings") == [("decided",)]


@pytest.mark.parametrize("make", LAKES)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe", "America/Sao_Paulo"])
def test_the_day_of_a_moment_is_that_of_the_zone(make, zone):
    """Over twenty years, spring, autumn, half an hour of summer time and a day left out included; the same by Python's own calendar."""
    lake, first = make(), -200 * DAY
    moments = [first + number * 7_919_000_003 for number in range(0, 90_000, 7)]
    lake.fill(EVENTS, [("ann", str(at), 1, at, at, "decided", "Page Viewed", "", "{}") for at in moments])
    found = lake.query(f"select occurred_at, {day_sql('occurred_at', moments[0], moments[-1], zone)} from events order by 1")

    epoch, here = datetime(1970, 1, 1, tzinfo=UTC), ZoneInfo(zone)
    assert found == [(at, (epoch + timedelta(microseconds=at)).astimezone(here).toordinal() - 719_163) for at in moments]


@given(st.integers(-20_000, 40_000), st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "America/Sao_Paulo", "Africa/Cairo"]))
def test_a_day_begins_with_its_first_moment(day, zone):
    """Also where midnight is left out in spring, as in Sao Paulo."""
    begin = begin_of(day, zone)
    assert (day_of(begin, zone), day_of(begin - 1, zone)) == (day, day - 1)


def test_merged_erased_and_aged_customers():
    """Two who have become one are one, of the erased nothing is told, and what is too old has happened without its properties."""
    clock, storage = ManualClock(MONDAY), MemoryStorage()
    life = Journey("life", entry="Order Completed", steps=[Step("in", stage="purchase", wait="1 day")])
    engine = Engine([life], storage, clock=clock)
    for name, customer in (("e1", "ann"), ("e2", "visitor"), ("e3", "eve"), ("e1", "visitor")):
        clock.advance(60)
        at = datetime.fromtimestamp(clock.now() // 1_000_000, UTC)
        engine.handle(
            Event(
                "Order Completed",
                id=name,
                customer_id=customer,
                occurred_at=at,
                properties={"order_id": f"{customer}-{name}", "total": 500},
            )
        )
    engine.merge("ann", "visitor", id="login")
    engine.erase("eve")
    clock.advance(timedelta(days=3))
    engine.run_due()
    engine.handle(
        Event(
            "Order Completed",
            id="e9",
            customer_id="visitor",
            occurred_at=datetime.fromtimestamp(clock.now() // 1_000_000, UTC),
            properties={"total": 700},
        )
    )
    engine.retain(before=clock.now() - 1)

    answers = []
    for make in LAKES:
        lake = make()
        fill(lake, storage)
        derive(lake, Settings())
        answers.append(lake.query("select customer, name, order_id, amount from happenings order by occurred_at"))
        assert lake.query("select distinct customer from history") == [("ann",)]
    assert answers[0] == answers[1] == [("ann", "Order Completed", None, None)] * 3 + [("ann", "Order Completed", None, 700)]


def test_words_stand_for_one_thing():
    """No name of the vocabulary means two; a name that is not known is refused, with the nearest one."""
    every = [name for one in KNOWN for name in (one.name, *one.also)]
    assert len(set(every)) == len(every)
    assert {event for one in PROPERTIES for event in one.of} <= {one.name for one in KNOWN}
    with pytest.raises(DefinitionError, match='"Order Complete" is no event that numbers know; did you mean "Order Completed"'):
        told(SmallLake, [], Settings(events={"Order Complete": ("x",)}))
    with pytest.raises(DefinitionError, match='"x" stands for "Order Completed" and for "Order Refunded"; keep one'):
        told(SmallLake, [], Settings(events={"Order Completed": ("x",), "Order Refunded": ("x",)}))
    with pytest.raises(DefinitionError, match='"amonut" is no property that numbers know; did you mean "amount"'):
        told(SmallLake, [], Settings(properties={"amonut": ("x",)}))
