"""What can be asked of a history, told as stories with the answers written out; on both engines."""

from __future__ import annotations

import random

import pytest

from insight_told import LAKES, Told, at, figure, insight, period
from journeykit import Do, Event, Exit, Goal, Journey, MemoryStorage, On, Step
from journeykit.errors import UnknownError
from journeykit.insight import Insight
from journeykit.insight.engines.small import SmallLake
from journeykit.insight.figures import Conversion, Dropoff, Figure, Path, Period, Slice, Touchpoint
from journeykit.insight.measures import MEASURES
from journeykit.insight.settings.settings import Settings
from journeykit.insight.tables.raw import TABLES
from journeykit.insight.tables.reading import rows
from shop import Shop

each_engine = pytest.mark.parametrize("make", LAKES)
MARCH, APRIL = period("2026-03-01", "2026-04-01"), period("2026-04-01", "2026-05-01")

CART = Journey(
    "recover-cart",
    stages=["consideration", "purchase"],
    entry="Product Added",
    goal=Goal("Order Completed", end="bought"),
    reentry="always",
    steps=[
        Step("left", stage="consideration", wait="2 hours"),
        Step("reminded", do=Do("email", template="cart"), wait="1 day"),
        Step("gone", end="lost"),
    ],
)


def numbers_of(shop: Shop, make, settings: Settings | None = None) -> Insight:
    return insight(make, {table.name: list(rows(shop.storage, table)) for table in TABLES}, settings)


def three_carts() -> Shop:
    """Ann buys after the reminder, Bob never does, and Cem has just filled his cart."""
    shop = Shop(CART)
    shop.event("Product Added", "ann", channel="app")
    shop.event("Product Added", "bob")
    shop.wait("3 hours")
    shop.event("Order Completed", "ann", total=2000)
    shop.event("NPS Answered", "ann", score=10)
    shop.event("Complaint Made", "bob")
    shop.wait("2 days")
    shop.event("Product Added", "cem")
    return shop


@pytest.fixture(params=LAKES, ids=lambda make: make.__name__)
def carts(request) -> Insight:
    """The numbers of three carts."""
    return numbers_of(three_carts(), request.param)


# -- journeys ----------------------------------------------------------------------------------------------------------------


def test_what_there_is(carts):
    """The journey, its version, its steps; who asks for another reads what there is."""
    ((version, first),) = carts.versions("recover-cart")

    assert (carts.journeys(), first) == (["recover-cart"], at("2026-03-02 09:00"))
    assert carts.definition("recover-cart") == carts.definition("recover-cart", version) == CART
    assert carts.span == Period(at("2026-03-02 09:00"), at("2026-03-04 12:00") + 1)
    with pytest.raises(UnknownError, match='nobody has entered "recover-card"; did you mean "recover-cart"'):
        carts.definition("recover-card")
    with pytest.raises(UnknownError, match='no measure "open rat"; did you mean "open rate"'):
        carts.figures("open rat", Slice(carts.span))


def test_the_ways_of_three_carts(carts):
    """One bought, one was lost behind the reminder, one stands there still."""
    march = Slice(MARCH, journey="recover-cart")

    assert carts.paths(march) == [
        Path(("left",), None, 1, 1, False),
        Path(("left", "reminded"), "bought", 1, 1, False),
        Path(("left", "reminded", "gone"), "lost", 1, 1, False),
    ]
    assert carts.dropoffs(march) == [Dropoff("gone", "lost", "Complaint Made", 1)]
    assert carts.conversions(march, "channel") == [Conversion("site", 2, 0, 0.0), Conversion("app", 1, 1, 1.0)]
    assert carts.conversions(march, "entry") == [Conversion("Product Added", 3, 1, 1 / 3)]
    assert carts.conversions(march, "version") == [Conversion(carts.versions("recover-cart")[0][0], 3, 1, 1 / 3)]
    assert figure(carts, "goal rate", MARCH, journey="recover-cart").value == 1 / 3
    assert [(one.step, one.there_before, one.arrived, one.moved, one.left, one.still) for one in carts.funnel(march)] == [
        ("consideration", 0, 3, 0, 2, 1)
    ]  # fmt: skip


@each_engine
def test_all_that_happened_lasts_until_the_last_has_left(make):
    """Ann is taken out of her step in the evening, when nothing else happens: whoever asks for all of it asks for this, too."""
    evening = Exit(On(every="day at 20:00, in UTC"), end="gone")
    shop = Shop(Journey("cart", entry="Product Added", exits=[evening], steps=[Step("left", stage="consideration", wait="30 days")]))
    shop.event("Product Added", "ann")
    shop.wait("2 days")
    carts = numbers_of(shop, make)

    assert carts.span == Period(at("2026-03-02 09:00"), at("2026-03-02 20:00") + 1)
    assert [(one.step, one.arrived, one.left, one.still) for one in carts.flow(Slice(carts.span, journey="cart")).steps] == [
        ("left", 1, 1, 0)
    ]


@each_engine
def test_an_answer_tells_of_what_was_told_late(make):
    """The last thing before the complaint was the search that found nothing, though a page that was opened before is told later."""
    told = Told()
    told.event("ann", "Page Viewed", "2026-03-02 09:00", name="Cart")
    told.event("ann", "Products Searched", "2026-03-02 10:00", results=0)
    told.event("ann", "Page Viewed", "2026-03-02 09:30", name="Lamps")
    told.event("ann", "Complaint Made", "2026-03-02 11:00")
    found = {(one.name, one.feeling) for one in told.insight(make).touchpoints(Slice(MARCH))}

    assert found == {("Page Viewed", None), ("Empty search result", -1.0), ("Complaint Made", None)}


@each_engine
def test_who_falls_silent_is_lost_too(make):
    """Cem's cart stands there; where a day of silence makes somebody lost, he is, and where it takes ninety he is not yet."""
    later = Slice(Period(MARCH.begin, at("2026-03-20")), journey="recover-cart")
    patient, quick = (numbers_of(three_carts(), make, Settings(churn=days)) for days in (90.0, 1.0))

    assert [(one.step, one.reason) for one in patient.dropoffs(later)] == [("gone", "lost")]
    assert quick.dropoffs(later) == [Dropoff("gone", "lost", "Complaint Made", 1), Dropoff("left", "silent", "Product Added", 1)]


def test_how_customers_felt(carts):
    """Ann's ten tells of her order, the last thing before it; Bob's complaint of the reminder."""
    found = {(one.name, one.channel): one for one in carts.touchpoints(Slice(MARCH, journey="recover-cart"))}

    assert found["email in reminded", "email"] == Touchpoint("email in reminded", "email", "consideration", 2, 2, 1.0, -1.0, 1)
    assert found["Order Completed", "site"] == Touchpoint("Order Completed", "site", "consideration", 1, 1, 1.0, 1.0, 1)
    assert [(found["Product Added", channel].count, found["Product Added", channel].feeling) for channel in ("app", "site")] == [
        (1, None),
        (2, None),
    ]


@each_engine
def test_overlooked_moments_have_names(make):
    """The confirmation page and a search that found nothing; a search that found something is just that."""
    told = Told()
    told.event("ann", "Products Searched", "2026-03-02 09:00", results=0)
    told.event("ann", "Products Searched", "2026-03-02 09:01", results=7)
    told.event("ann", "Page Viewed", "2026-03-02 09:02", name="Order Confirmation")
    told.event("ann", "CSAT Answered", "2026-03-02 09:03", score=1)
    found = {(one.name, one.feeling) for one in told.insight(make).touchpoints(Slice(MARCH))}

    assert found == {("Empty search result", None), ("Products Searched", None), ("Confirmation page", -1.0), ("CSAT Answered", None)}


@each_engine
def test_two_versions_side_by_side(make):
    """Who entered with the first version had no reminder; what they did later belongs to the version they entered with last."""
    storage = MemoryStorage()
    plain = Journey("recover-cart", stage="consideration", entry="Product Added", reentry="always",
                    goal=Goal("Order Completed", end="bought"), steps=[Step("left", wait="1 day"), Step("gone", end="lost")])  # fmt: skip
    shop = Shop(plain, storage=storage)
    shop.event("Product Added", "ann")
    shop.event("Product Added", "bob")
    shop.wait("2 days")
    shop = Shop(CART, storage=storage, at="2026-03-10T09:00:00+00:00")
    shop._ids = iter(range(100, 200))
    shop.event("Product Added", "bob")
    shop.wait("1 hour")
    shop.event("Order Completed", "bob", total=900)
    shop.event("Page Viewed", "ann")
    numbers = numbers_of(shop, make)
    (old, _), (new, _) = numbers.versions("recover-cart")
    before, after = (Slice(MARCH, journey="recover-cart", version=version) for version in (old, new))
    (change,) = numbers.changed("goal rate", before, after)

    assert (change.before.value, change.after.value, change.difference) == (0, 1, 1)
    assert [one.step for one in numbers.flow(before).steps] == ["left", "gone"]
    assert [one.step for one in numbers.flow(after).steps] == ["left", "reminded", "gone"]
    assert numbers.definition("recover-cart") == CART
    assert [numbers.figures("average order value", cut)[0].count for cut in (before, after)] == [0, 900]
    assert [numbers.figures("reach", cut)[0].count for cut in (before, after)] == [2, 1]


# -- numbers -----------------------------------------------------------------------------------------------------------------


@each_engine
def test_an_order_as_it_stands_now(make):
    """Told twice, updated, refunded in part in the next month: one order of 20.00, of which 15.00 are left; a cancelled one is none."""
    told = Told()
    told.event("ann", "Order Completed", "2026-03-02", id="a", order_id="o1", total=1000, currency="EUR")
    told.event("ann", "Order Completed", "2026-03-03", id="b", order_id="o1", total=1000, currency="EUR")
    told.event("ann", "Order Updated", "2026-03-04", order_id="o1", total=2000, currency="EUR")
    told.event("ann", "Order Refunded", "2026-04-10", order_id="o1", total=500)
    told.event("bob", "Order Completed", "2026-03-05", order_id="o2", total=9900, currency="EUR")
    told.event("bob", "Order Cancelled", "2026-04-20", order_id="o2")
    told.event("cem", "Order Completed", "2026-03-06", order_id="o3", total=7000, currency="USD")
    numbers = told.insight(make)

    assert figure(numbers, "average order value", MARCH) == Figure("average order value", 2000, "money", 2000, 1)
    assert figure(numbers, "customer lifetime value", MARCH) == Figure("customer lifetime value", 1500, "money", 1500, 1)
    assert figure(numbers, "conversion rate", MARCH) == Figure("conversion rate", 1.0, "share", 2, 2)
    assert numbers.set_aside(MARCH) == {"in another currency": 1}
    assert figure(numbers, "average order value", APRIL) == Figure("average order value", None, "money", 0, 0)


@each_engine
def test_an_answer_that_is_changed_counts_as_it_was_last(make):
    """Once in a period; in the next period it counts again."""
    told = Told()
    told.event("ann", "NPS Answered", "2026-03-02", score=0)
    told.event("ann", "NPS Answered", "2026-03-20", score=9)
    told.event("ann", "NPS Answered", "2026-04-02", score=6)
    numbers = told.insight(make)
    both = Slice(Period(MARCH.begin, APRIL.end))

    assert [one.value for _, one in numbers.series("NPS", both, "month")] == [100, -100]
    assert [one.value for _, one in numbers.series("NPS", both, "quarter")] == [100, -100]
    assert numbers.figures("NPS", both)[0] == Figure("NPS", -100, "score", -1, 1)


@each_engine
def test_test_customers_are_in_no_number(make):
    """Whoever has the trait is left out of events, ways and segments."""
    shop = Shop(CART)
    shop.identify("tester", traits={"internal": True})
    for customer in ("tester", "ann"):
        shop.event("Product Added", customer)
        shop.event("Product Viewed", customer)
    shop.wait("3 hours")
    numbers = numbers_of(shop, make, Settings(test="internal"))

    assert [figure(numbers, name, MARCH).count for name in ("product page views", "entries", "reach")] == [1, 1, 1]
    assert numbers.flow(Slice(MARCH, journey="recover-cart")).steps[0].customers == 1
    assert [one.reach for one in numbers.touchpoints(Slice(MARCH))] == [1, 1, 1]


@each_engine
def test_weeks_months_and_quarters_are_those_of_the_shop(make):
    """In Berlin March has 743 hours; an event half an hour before its end in UTC is in April there."""
    told = Told()
    told.event("ann", "Product Viewed", "2026-02-28 22:59:59")
    told.event("ann", "Product Viewed", "2026-02-28 23:00")
    told.event("ann", "Product Viewed", "2026-03-31 21:59")
    told.event("ann", "Product Viewed", "2026-03-31 22:30")
    numbers = told.insight(make, Settings(zone="Europe/Berlin"))
    months = numbers.series("product page views", Slice(numbers.span), "month")

    assert [(when.label, one.count) for when, one in months] == [("2026-02", 1), ("2026-03", 2), ("2026-04", 1)]
    assert months[1][0] == Period(at("2026-02-28 23:00"), at("2026-03-31 22:00"), "2026-03")
    weeks = numbers.periods(period("2025-12-30", "2026-01-06"), "week")
    assert [when.label for when in weeks] == ["2026-W01", "2026-W02"]
    assert [when.label for when in numbers.periods(MARCH, "quarter")] == ["2026-Q1", "2026-Q2"]
    assert numbers.periods(Period(5, 5), "month") == []


@each_engine
def test_nothing_happened(make):
    """An empty history has no number that anything was divided for, and no error."""
    numbers = insight(make, {})

    assert (numbers.span, numbers.journeys(), numbers.segments()) == (Period(0, 0), [], [])
    for measure in MEASURES:
        for one in numbers.figures(measure.name, Slice(MARCH, journey="none", segment="not vip")):
            assert (one.count, one.value) == (0, 0 if measure.counts else None)
    assert numbers.touchpoints(Slice(MARCH)) == [] == numbers.paths(Slice(MARCH)) == numbers.dropoffs(Slice(MARCH))
    assert numbers.funnel(Slice(MARCH)) == [] == numbers.there(Slice(MARCH), "left")


@each_engine
def test_names_are_only_names(make):
    """Quotes, braces and percent signs in what is asked for, in ids, channels and currencies are text like any other."""
    odd = 'o\'brien "{begin}" 100% ; drop table visits --'
    shop = Shop(CART)
    shop.event("Product Added", odd, channel=odd, currency=odd)
    numbers = numbers_of(shop, make, Settings(channels={odd: odd}, currency=odd, test=odd))
    cut = Slice(Period(MARCH.begin, at("2026-03-02 12:00")), journey="recover-cart")

    assert [one.customer for one in numbers.there(cut, "left")] == [odd]
    assert [one.by for one in numbers.conversions(cut, "channel")] == [odd]
    assert [(one.channel, one.count) for one in numbers.touchpoints(cut)] == [(odd, 1)]
    for measure in MEASURES:
        for segment in (odd, f"not {odd}"):
            numbers.figures(measure.name, Slice(MARCH, journey=odd, version=odd, segment=segment))
    assert numbers.flow(Slice(MARCH, journey=odd)).links == ()
    assert numbers.there(cut, odd) == [] == numbers.survival(cut, odd)
    assert figure(numbers, "entries", MARCH, segment=f"not {odd}").count == 1


# -- what must not matter ----------------------------------------------------------------------------------------------------


@each_engine
def test_nothing_changes_when_events_come_in_another_order_or_twice(make):
    """The same facts told in three orders, and by an impatient shop that tells each of them twice."""
    names = ("Product Added", "Order Completed", "Product Viewed", "NPS Answered", "Email Delivered", "Email Opened")
    chance = random.Random(7)
    facts = [
        Event(name, id=f"e{number}", customer_id=chance.choice(("ann", "bob")), occurred_at=f"2026-03-{1 + number // 3:02}T{number % 24:02}:00:00Z",
              properties={"total": number, "score": number % 11, "email_id": number % 4})
        for number, name in enumerate(chance.choice(names) for _ in range(60))
    ]  # fmt: skip
    answers = []
    for turn in range(3):
        shop = Shop(at="2026-03-22T00:00:00+00:00")
        order = facts if turn == 0 else chance.sample(facts, 60) if turn == 1 else [*facts, *reversed(facts)]
        for fact in order:
            shop.engine.handle(fact)
        numbers = numbers_of(shop, make)
        answers.append([numbers.figures(measure.name, Slice(MARCH)) for measure in MEASURES])

    assert answers[0] == answers[1] == answers[2]
    assert sum(1 for figures in answers[0] if figures and figures[0].count) >= 10


@each_engine
def test_counts_of_two_halves_are_that_of_the_whole(make):
    """Whatever is a plain count of things adds up; who comes in both halves is reached once, and only there do they overlap."""
    told, chance = Told(), random.Random(3)
    names = (
        "Product Viewed",
        "Newsletter Signed Up",
        "Product Reviewed",
        "Referral Sent",
        "Ticket Opened",
        "Product Added",
        "Checkout Started",
        "Order Completed",
    )
    for number in range(300):
        told.event(
            f"customer {chance.randint(1, 40)}",
            chance.choice(names),
            at("2026-03-01") + number * 8_000_000_000,
            ticket_id=number,
            score=3,
            total=number,
        )
    numbers = told.insight(make)
    halves = [Period(MARCH.begin, at("2026-03-12")), Period(at("2026-03-12"), MARCH.end)]
    for name in ("product page views", "newsletter sign-ups", "reviews", "referrals sent", "ticket volume", "cart abandonment rate",
                 "checkout completion rate", "average order value", "time between purchases"):  # fmt: skip
        whole, one, other = (figure(numbers, name, when) for when in (MARCH, *halves))
        assert (one.count + other.count, (one.of or 0) + (other.of or 0)) == (whole.count, whole.of or 0), name
        assert min(one.of or one.count, other.of or other.count) > 0, name

    assert figure(numbers, "reach", MARCH).count < sum(figure(numbers, "reach", when).count for when in halves)


def test_small_histories_need_no_extra():
    """`Insight.of` reads a storage by itself."""
    shop = Shop(CART)
    shop.event("Product Added", "ann")
    numbers = Insight.of(shop.storage)

    assert isinstance(numbers.lake, SmallLake)
    assert figure(numbers, "entries", MARCH).count == 1


def test_every_number_says_what_it_is():
    """Names are their own, and each has a formula, a window, a source with an address or a place, and its edge cases."""
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)
    for measure in MEASURES:
        assert all((measure.formula, measure.window, measure.source, measure.cases)), measure.name
        assert all(case.endswith(".") for case in measure.cases), measure.name
