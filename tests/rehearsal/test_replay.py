"""A recorded past decided again: the same, or the first thing that is not."""

from __future__ import annotations

import sqlite3

import pytest

from journeykit import Catalog, Engine, SQLiteStorage, loads
from journeykit.rehearsal import replay
from journeykit.rehearsal.course import Course
from journeykit.rehearsal.people import Crowd
from journeykit.storage.memory import MemoryStorage
from journeykit.testing import Scenario
from rehearsal_shop import CART, SHOP, people

DAY = 86_400_000_000


def story(*definitions, storage=None):
    """Ann leaves a cart and is reminded; Ben buys."""
    shop = Scenario(*definitions, at="2026-03-02 09:00", storage=storage)
    shop.event("Product Added", "ann", cart_id="c1")
    shop.event("Product Added", "ben", cart_id="c2")
    shop.wait("1 hour")
    shop.event("Order Completed", "ben", cart_id="c2")
    shop.wait("2 days")
    return shop


@pytest.fixture(name="shop")
def _shop(tmp_path):
    """The story in a file, which a test may tamper with."""
    file = tmp_path / "shop.db"
    storage = SQLiteStorage(file)
    story(loads(CART.replace("key:", "zone: UTC\nkey:")), storage=storage)
    yield file
    storage.close()


GIVEN = [loads(CART.replace("key:", "zone: UTC\nkey:"))]


def replayed(file, definitions=None, **how):
    storage = SQLiteStorage(file)
    try:
        return replay(definitions or GIVEN, storage, **how)
    finally:
        storage.close()


def tampered(file, statement):
    connection = sqlite3.connect(file)
    assert connection.execute(statement).rowcount == 1
    connection.commit()
    connection.close()


def test_what_was_decided_comes_out_the_same(shop):
    """Two customers, nothing else than was recorded, and nothing written."""
    before = shop.read_bytes()
    found = replayed(shop)

    assert (found.customers, found.identical, found.differences, found.others) == (2, True, (), ())
    assert shop.read_bytes() == before


def test_two_hundred_customers_over_thirteen_weeks_come_out_the_same():
    """With policies, holdouts, answers of customers and journeys that begin again."""
    storage, end = MemoryStorage(), 13 * 7 * DAY
    Course(SHOP, storage, Crowd(people(), range(200), 0, end, 3)).go_on(end)

    done = []
    found = replay(SHOP, storage, progress=done.append)

    assert (found.customers, found.differences) == (200, ())
    assert done == list(range(1, 201))


def test_a_tampered_history_is_found(shop):
    """Somebody has written another step into Ann's past: the first difference says what stood there and what belongs there."""
    tampered(shop, "update journeykit_history set target = 'left' where customer = 'ann' and kind = 'moved'")

    found = replayed(shop)

    assert [(one.customer_id, one.recorded, one.now) for one in found.differences] == [
        (
            "ann",
            "recover-cart c1: left to left after 2 hours, timer until 2026-03-05 11:00 UTC",
            "recover-cart c1: left to reminded after 2 hours, timer until 2026-03-05 11:00 UTC",
        )
    ]
    assert str(found.differences[0]).startswith("2026-03-02 11:00 UTC  recorded: recover-cart c1: left to left")


@pytest.mark.parametrize(
    ("statement", "recorded", "now"),
    [
        (
            "delete from journeykit_history where customer = 'ben' and kind = 'goal'",
            "recover-cart c2: exited left on Order Completed (bought)",
            "recover-cart c2: goal left on Order Completed",
        ),
        (
            "update journeykit_outbox set parameters = '{\"template\":\"phishing\"}' where customer = 'ann'",
            "recover-cart c1: asks for email template='phishing'",
            "recover-cart c1: asks for email template='cart-reminder'",
        ),
        (
            "delete from journeykit_outbox where customer = 'ann'",
            "",
            "recover-cart c1: asks for email template='cart-reminder'",
        ),
        (
            "update journeykit_history set at = at + 60000000 where customer = 'ann' and kind = 'moved'",
            "recover-cart c1: left to reminded after 2 hours, timer until 2026-03-05 11:00 UTC (at 1772449260000000)",
            "recover-cart c1: left to reminded after 2 hours, timer until 2026-03-05 11:00 UTC (at 1772449200000000)",
        ),
    ],
    ids=["a goal taken out", "another template", "a message taken out", "another moment"],
)
def test_whatever_was_tampered_with_is_found(shop, statement, recorded, now):
    """A line taken out, a message changed, a moment moved: what is recorded beside what is decided."""
    tampered(shop, statement)

    (found,) = replayed(shop).differences

    assert (found.recorded, found.now) == (recorded, now)


def test_a_tampered_version_is_found(shop):
    """The text of a version is no longer the one that its number was made of."""
    tampered(shop, "update journeykit_definitions set text = replace(text, '3 days', '4 days')")

    found = replayed(shop)

    assert not found.identical
    assert found.broken[0].startswith("recover-cart, version ")
    assert found.broken[0].endswith(": its text has been changed")


def test_a_changed_journey_is_found(shop):
    """With what they were on they come out the same; decided with another wait, Ann is the first difference."""
    later = [loads(CART.replace("key:", "zone: UTC\nkey:").replace("2 hours", "3 hours"))]
    as_it_was, as_given = replayed(shop, later), replayed(shop, later, as_given=True)

    assert (as_it_was.identical, as_it_was.others) == (True, ("recover-cart",))
    first = as_given.differences[0]
    assert (first.customer_id, first.recorded, first.now) == (
        "ann",
        "recover-cart c1: entered left on Product Added, timer until 2026-03-02 11:00 UTC",
        "recover-cart c1: entered left on Product Added, timer until 2026-03-02 12:00 UTC",
    )
    assert replayed(shop, as_given=True).identical


def test_a_change_that_makes_no_difference_is_none(shop):
    """Another discount is another version: who never got that far is decided the same."""
    later = [loads(CART.replace("key:", "zone: UTC\nkey:").replace("template: cart-reminder", "template: other"))]

    found = replayed(shop, later, as_given=True)

    assert [one.customer_id for one in found.differences] == ["ann"]


def test_a_changed_fact_is_found():
    """The catalog is kept nowhere: what it says otherwise now shows where it is read."""
    vip = loads(
        "journey: vip\nzone: UTC\nentry: {event: Order Completed, where: customer.orders >= 2}\n"
        "steps: [{step: in, stage: retention, wait: 1 day}]\n"
    )
    shop = Scenario(vip, Catalog(facts={"orders": "count of Order Completed"}), at="2026-03-02 09:00")
    for _ in range(2):
        shop.event("Order Completed", total=10)
        shop.wait("1 hour")

    again = replay([vip, Catalog(facts={"orders": "count of Order Completed"})], shop.storage)
    (other,) = replay([vip, Catalog(facts={"orders": "sum of Order Completed.total"})], shop.storage).differences

    assert again.identical
    assert other.recorded == "vip: entered in on Order Completed, timer until 2026-03-03 10:00 UTC"
    assert other.now == "vip: entered in on Order Completed, timer until 2026-03-03 09:00 UTC"


def test_only_some_customers(shop):
    """Ben alone, whatever has become of Ann."""
    tampered(shop, "delete from journeykit_outbox where customer = 'ann'")

    assert replayed(shop, customers=["ben"]).identical
    assert not replayed(shop, customers=["ann"]).identical


def test_a_past_that_was_let_go_of_begins_at_its_snapshot():
    """What is older than a year is gone; what is left comes out the same."""
    thanks = loads(
        "journey: thanks\nzone: UTC\nentry: Order Completed\nreentry: always\nsteps:\n  - {step: ordered, stage: retention, wait: 10 days}\n  - {step: asked, do: email}\n"
    )
    shop = Scenario(thanks, Catalog(facts={"spent": "sum of Order Completed.total"}), at="2026-01-01 09:00")
    for _ in range(20):
        shop.event("Order Completed", total=10)
        shop.wait("30 days")
    assert shop.engine.retain(before="2027-01-01T09:00:00+00:00", history=True) == 1

    assert replay([thanks, Catalog(facts={"spent": "sum of Order Completed.total"})], shop.storage).identical


def test_who_became_one_comes_out_the_same():
    """The survivor's own past; what the other brought is part of the signal that made them one."""
    shop = story(*GIVEN)
    shop.engine.merge("ann", "ben", id="same person")
    shop.wait("5 days")

    found = replay(GIVEN, shop.storage)

    assert found.differences == ()


def test_facts_that_were_filled_in_later_are_left_out():
    """What was known before is not kept, so nobody pretends to compare it."""
    storage = MemoryStorage()
    story(*GIVEN, storage=storage)
    later = [*GIVEN, Catalog(facts={"carts": "count of Product Added"})]
    Engine(later, storage).backfill()

    found = replay(later, storage)

    assert (found.customers, found.left_out, found.differences) == (2, 2, ())


@pytest.mark.parametrize(
    ("statement", "recorded", "now"),
    [
        (
            "update journeykit_customers set facts = '[1,null,\"retention\",{},{},{},{}]' where id = 'ann'",
            "stage 'retention'",
            "stage None",
        ),
        (
            "update journeykit_enrollments set step = 'left' where customer = 'ann'",
            "recover-cart c1: step 'left'",
            "step 'reminded'",
        ),
        ("delete from journeykit_enrollments where customer = 'ben'", "recover-cart c2: is not there", "is exited in left"),
    ],
    ids=["another stage", "another step", "an enrollment taken out"],
)
def test_where_somebody_stands_is_compared_as_well(shop, statement, recorded, now):
    """The history is as it was, and yet they stand somewhere else."""
    tampered(shop, statement)

    (found,) = replayed(shop).differences

    assert (found.recorded, found.now) == (recorded, now)
