"""Invented events, customers and moments: made of the words of the definitions, and with enough of what makes a difference."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit import Catalog, Do, Engine, Entry, Event, Journey, MemoryStorage, On, Split, Start, Step, Transition, load
from journeykit.runtime.definitions import check
from journeykit.testing.stories import ZONES, customers, events, journeys, moments
from journeykit.testing.vocabulary import Ahead, Vocabulary

RECIPES = Path(__file__).parents[2] / "examples" / "recipes"
HOUR, DAY = 3_600, 86_400

SHOP = [
    Journey(
        "care",
        stage="purchase",
        key="order_id",
        zone="Europe/Berlin",
        entry=Entry(On("Order Completed", where="event.total >= 100 and event.country in ['DE', 'AT']"), set={"data.weight": "event.weight"}),
        exits=On("Order Returned", key="order_id"),
        steps=[
            Step("bought", wait="7 days before customer.trip, exit if missing, now if past"),
            Step("asked", do=Do("email", name="{customer.first_name}"), wait="3 days", when=[Transition("heavy", on=On("Weighed", where="data.weight > 30"))]),
            Step("drawn", then=Split("50% heavy, 50% light as wording")),
            Step("heavy", do=Start("gift"), then="light"),
            Step("light", do="sms"),
        ],
    ),
    Journey("gift", stage="retention", entry=On(changed="customer.plan", where="signal.new == 'gold'"), steps=[Step("given", do="email")]),
    Journey("door", stage="retention", each=None, steps=[Step("in", do="email")]),
    Journey("cards", stage="retention", zone="UTC", each="customer.cards", steps=[Step("in", wait="30 days before data.expires, wait if missing, now if past")]),
    Catalog(
        events={"Back In Stock": {"sku": "object"}},
        facts={"spent": "sum of Order Completed.total", "lately": "count of Weighed in 2 hours"},
        segments={"rich": "customer.spent >= 5000 and customer.vip and customer.seen > now - days(90)"},
        policies=["consent for email", "hold out 10% as control", "at most 1 in 1 day"],
    ),
]  # fmt: skip


def test_the_words_of_a_shop() -> None:
    """Events, properties and traits with the values that anything compares them with, and those beside; lengths; doors; arms."""
    words = Vocabulary(SHOP, ["Complaint Received"])

    assert words.events == ("Order Completed", "Weighed", "Order Returned", "Complaint Received")
    assert words.properties("Order Completed") == {
        "country": ("AT", "DE", "other"),
        "order_id": ("k1", "k2"),
        "total": (99, 100, 101, 4999, 5000, 5001),
        "weight": (29, 30, 31),
    }
    assert words.properties("Weighed") == {"order_id": ("k1", "k2")}
    assert words.properties("Complaint Received") == {}
    assert words.traits()["plan"] == ("gold", "other")
    assert words.traits()["vip"] == (False, True)
    assert words.traits()["first_name"] == ("x", "y")
    assert Ahead(7 * DAY) in words.traits()["trip"]
    assert Ahead(-HOUR) in words.traits()["seen"]
    assert words.traits()["cards"] == (
        [],
        [{"id": "k1", "expires": Ahead(DAY)}],
        [{"id": "k1", "expires": Ahead(DAY)}, {"id": "k2", "expires": Ahead(DAY)}],
    )
    assert sorted(words.traits()) == ["cards", "first_name", "plan", "seen", "trip", "vip"]
    assert words.subjects == {"Back In Stock": "sku"}
    assert words.channels == ("email",)
    assert words.actions == ("email", "sms")
    assert [door.name for door in words.doors] == ["door"]
    assert words.arms == {"care/wording": ("heavy", "light"), "holdout/control": ("held out", "treated")}
    assert words.seconds == (2 * HOUR, DAY, 3 * DAY, 7 * DAY, 30 * DAY, 90 * DAY)


@pytest.mark.parametrize("file", sorted(file.stem for file in RECIPES.glob("*.yaml")))
def test_the_words_of_every_recipe(file: str) -> None:
    """Whatever an author may write has words; each value can be stored."""
    words = Vocabulary(load(RECIPES / f"{file}.yaml"))

    assert all(values for event in words.events for values in words.properties(event).values())
    assert all(values for values in words.traits().values())


def test_events_are_drawn_from_what_the_journeys_listen_to() -> None:
    """Every event comes, with each value that makes a difference, without it, and some are told twice."""
    seen: Counter[object] = Counter()

    @settings(max_examples=150)
    @given(st.lists(events(SHOP, also=["Complaint Received"]), min_size=5, max_size=12))
    def look(told: list[Event]) -> None:
        seen.update((one.name, one.customer_id) for one in told)
        seen.update(("total", one.properties.get("total")) for one in told if one.name == "Order Completed")
        seen["twice"] += len(told) - len({one.id for one in told})
        engine = Engine(SHOP[:4], MemoryStorage(), clock=None)
        engine.handle_many(told)

    look()
    wanted = [(name, who) for name in ("Order Completed", "Order Returned", "Weighed", "Complaint Received") for who in ("ann", "bob")]
    wanted += [("total", value) for value in (99, 100, 101, 4999, 5000, 5001, None)]
    assert [one for one in [*wanted, "twice"] if seen[one] < 3] == []


def test_where_nothing_is_listened_to_there_is_nothing_to_draw() -> None:
    """The way out is named."""
    with pytest.raises(ValueError, match="the journeys listen to no event about a customer; name some with also"):
        events([Journey("door", stage="retention", steps=[Step("in", do="email")])])


def test_customers_have_what_the_journeys_want_to_know() -> None:
    """A zone, or none; traits; consent for what asks for it."""
    seen: Counter[object] = Counter()

    @settings(max_examples=200)
    @given(customers(SHOP))
    def look(one: object) -> None:
        seen.update(
            [one.id, one.zone, ("consent", one.consent.get("email")), ("plan", one.traits.get("plan")), ("trip", "trip" in one.traits)]
        )
        assert datetime.fromisoformat(one.traits.get("trip", "2026-01-01T00:00:00Z")).tzinfo is not None

    look()
    wanted = [
        "ann",
        "bob",
        None,
        *ZONES,
        *(("consent", said) for said in (True, False, None)),
        ("plan", "gold"),
        ("plan", None),
        ("trip", True),
    ]
    assert [one for one in wanted if seen[one] < 5] == []


@pytest.mark.parametrize(
    ("zone", "edges"),
    [
        ("Europe/Berlin", ["2026-03-29T01:00:00+00:00", "2026-10-25T01:00:00+00:00"]),
        ("Australia/Lord_Howe", ["2026-04-04T15:00:00+00:00", "2026-10-03T15:30:00+00:00"]),
        ("Asia/Kolkata", []),
    ],
)
def test_moments_lie_where_clocks_and_calendars_do_something(zone: str, edges: list[str]) -> None:
    """Exactly where the clocks are put on and back, a second beside, and at ends of months."""
    seen: set[datetime] = set()

    @settings(max_examples=1_000)
    @given(moments(zone, 2026))
    def look(moment: datetime) -> None:
        assert moment.tzinfo == ZoneInfo(zone)
        seen.add(moment.astimezone(UTC))

    look()
    changes = [datetime.fromisoformat(edge) for edge in edges]
    beside = [
        change + more for change in changes for more in (timedelta(0), timedelta(seconds=-1), timedelta(seconds=1), timedelta(hours=1))
    ]
    assert [moment for moment in beside if moment not in seen] == []
    assert datetime(2026, 12, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC) in seen


@settings(max_examples=20)
@given(journeys())
def test_journeys_are_whole_ones(journey: Journey) -> None:
    """They compile together with the catalog of the strategies."""
    from journeykit.testing.strategies import SHOP as catalog  # noqa: N811  a value of that module

    assert check([journey, catalog]) == ()
