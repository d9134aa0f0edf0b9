"""P22: traits and facts."""

from __future__ import annotations

import pytest

from journeykit import Catalog, Do, EventError, Journey, On, Step, Transition
from shop import Shop

CATALOG = Catalog(
    facts={
        "orders": "count of Order Completed",
        "spent": "sum of Order Completed.total",
        "cheapest": "min of Order Completed.total",
        "dearest": "max of Order Completed.total",
        "usual": "mean of Order Completed.total",
        "shops": "distinct of Order Completed.store",
        "latest": "last of Order Completed.store",
        "dear": "count of Order Completed where event.total >= 300",
    }
)
TOLD = ("orders", "spent", "cheapest", "dearest", "usual", "shops", "latest", "dear")


def test_facts_are_counted_from_events() -> None:
    """Three orders in two shops, told in one mail; the order that is told late was not the latest."""
    tell = Transition(do=Do("email", **{name: f"{{customer.{name}}}" for name in TOLD}), on=On("Asked"))
    shop = Shop(Journey("tell", entry="Order Completed", steps=[Step("in", stage="purchase", wait="9 days", when=[tell])]), CATALOG)
    shop.event("Order Completed", total=100, store="Ulm")
    shop.event("Order Completed", total=300, store="Bonn")
    shop.event("Order Completed", total=200, store="Ulm", at="2026-02-01T12:00:00+00:00")
    shop.event("Asked")
    shop.work()

    (request,) = shop.requests
    assert request.parameters == {
        "orders": 3, "spent": 600, "cheapest": 100, "dearest": 300, "usual": 200.0, "shops": 2, "latest": "Bonn", "dear": 1
    }  # fmt: skip


def test_a_change_is_a_signal_with_old_and_new_value() -> None:
    """Going from silver to gold is greeted; being told the same again is no change."""
    changed = On(changed="customer.tier", where="signal.new == 'gold'")
    shop = Shop(Journey("gold", entry=changed, reentry="always", steps=[Step("in", stage="retention", do=Do("email", was="{signal.old}"))]))
    for tier in ("silver", "gold", "gold"):
        shop.identify(traits={"tier": tier})
        shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email silver"]


def test_the_stage_of_one_journey_is_the_stage_of_the_customer() -> None:
    """The lifecycle says where Ann stands, and another journey waits for it."""
    steps = [
        Step("looking", stage="consideration", wait="90 days", when={"Order Completed": "bought"}),
        Step("gone", end="lost"),
        Step("bought", stage="purchase", wait="90 days"),
    ]
    life = Journey("life", entry="Product Viewed", lifecycle=True, steps=steps)
    bought = On(changed="customer.stage", where="customer.stage == 'purchase'")
    shop = Shop(life, Journey("welcome", entry=bought, steps=[Step("in", stage="purchase", do=Do("email", stage="{customer.stage}"))]))
    shop.event("Product Viewed")
    shop.event("Order Completed")
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email purchase"]


def test_a_window_is_what_lies_in_it_at_that_moment() -> None:
    """Three orders in ten days make a regular; the first of them counts until ten days have passed since, and not longer."""
    lately = Catalog(facts={"lately": "count of Order Completed in 10 days", "month": "sum of Order Completed.total this month"})
    asked = Transition(do=Do("email", lately="{customer.lately}", month="{customer.month}"), on=On("Asked"))
    shop = Shop(Journey("tell", entry="Order Completed", steps=[Step("in", stage="purchase", wait="90 days", when=[asked])]), lately)
    for wait in ("1 day", "9 days", "20 days"):
        shop.event("Order Completed", total=100)
        shop.wait(wait)
        shop.event("Asked")
        shop.work()
    shop.event("Order Completed", total=7, at="2026-03-31T23:59:00+00:00")
    shop.event("Asked")
    shop.work()

    assert shop.sent == [
        "2026-03-03 09:00 ann email 1 100",
        "2026-03-12 09:00 ann email 1 200",
        "2026-04-01 09:00 ann email 0 0",
        "2026-04-01 09:00 ann email 1 0",
    ]


OPENED = Catalog(
    events={"Order Completed": {"total": "money"}, "Asked": {}},
    traits={"opening_orders": "number", "opening_spent": "money", "opening_dearest": "money", "joined": "moment", "last_seen": "moment"},
    facts={
        "orders": "count of Order Completed from customer.opening_orders",
        "spent": "sum of Order Completed.total from customer.opening_spent where event.total >= 100",
        "dearest": "max of Order Completed.total from customer.opening_dearest",
        "first_order": "first of Order Completed from customer.joined",
        "last_order": "last of Order Completed from customer.last_seen",
    },
    segments={"vip": "customer.spent >= 1000", "asleep": "customer.last_order <= now - days(90)"},
)
MOVED_IN = {"opening_orders": 4, "opening_spent": 900, "opening_dearest": 400, "joined": "2024-05-01", "last_seen": "2026-02-01"}


def test_a_fact_begins_with_what_the_shop_has_moved_in_with() -> None:
    """Ann has bought four times before there were events; her fifth order is counted as that, and is not her first."""
    told = {name: f"{{customer.{name}}}" for name in ("orders", "spent", "dearest", "first_order", "last_order")}
    tell = Transition(do=Do("email", **told), on=On("Asked"))
    tells = Journey("tell", entry=On(changed="customer.orders"), steps=[Step("in", stage="purchase", wait="9 days", when=[tell])])
    shop = Shop(tells, OPENED)
    shop.identify(traits=MOVED_IN)
    shop.event("Asked")
    shop.event("Order Completed", total=50)
    shop.event("Order Completed", total=150)
    shop.event("Asked")
    shop.work()

    assert [request.parameters for request in shop.requests] == [
        {"orders": 4, "spent": 900, "dearest": 400, "first_order": "2024-05-01T00:00:00+00:00", "last_order": "2026-02-01T00:00:00+00:00"},
        {"orders": 6, "spent": 1050, "dearest": 400, "first_order": "2024-05-01T00:00:00+00:00", "last_order": "2026-03-02T09:00:00+00:00"},
    ]


def test_an_opening_balance_told_later_is_a_change_of_the_fact() -> None:
    """The balance comes a day after the first order: what is spent changes with it, and whoever crosses the line is a VIP at once."""
    spent = Journey(
        "spent", entry=On(changed="customer.spent"), reentry="always",
        steps=[Step("in", stage="retention", do=Do("email", old="{signal.old}", new="{signal.new}"))],
    )  # fmt: skip
    vip = Journey("vip", entry=On(segment="vip"), steps=[Step("in", stage="retention", do=Do("sms"))])
    waits = Journey("waits", entry="Order Completed", steps=[Step("in", stage="retention", when=Transition(on=On(where="customer.spent >= 1000"), do=Do("ticket"), to="out")), Step("out", end="completed")])  # fmt: skip
    shop = Shop(spent, vip, waits, OPENED)
    shop.event("Order Completed", total=100)
    shop.wait("1 day")
    shop.identify(traits={"opening_spent": 900})
    shop.identify(traits={"opening_spent": 900})
    shop.work()

    assert shop.sent == [
        "2026-03-02 09:00 ann email 0 100",
        "2026-03-03 09:00 ann ticket",
        "2026-03-03 09:00 ann email 100 1000",
        "2026-03-03 09:00 ann sms",
    ]


def test_an_opening_moment_has_its_instant_too() -> None:
    """Ann was last seen on 1 February by the shop's old records; ninety days later she is asleep, to the second."""
    shop = Shop(Journey("sleepers", entry=On(segment="asleep"), steps=[Step("in", stage="retention", do=Do("email"))]), OPENED)
    shop.identify(traits=MOVED_IN)
    shop.wait("100 days")

    assert shop.sent == ["2026-05-02 00:00 ann email"]


def test_what_is_no_balance_is_refused_at_the_door() -> None:
    """A float where a sum is kept, and a text where a number is counted, never get in; the fact stays what it was."""
    shop = Shop(Journey("vip", entry=On(segment="vip"), steps=[Step("in", stage="retention", do=Do("sms"))]), OPENED)
    for wrong in ({"opening_spent": 9.5}, {"opening_orders": "four"}, {"joined": "long ago"}):
        with pytest.raises(EventError, match="is nothing that the fact"):
            shop.identify(traits=wrong)

    assert shop.told() == []


OPENS = Catalog(
    facts={
        "opened": "count of Email Opened since entry",
        "spent": "sum of Order Completed.total since entry where event.cart_id == journey.key",
        "last_open": "last of Email Opened.mail since entry",
    }
)


def test_since_entry_is_counted_for_each_enrollment_by_itself() -> None:
    """
    Two trials of one customer count what was opened in each; what was opened before, what opened the door and what is told late but
    happened before do not count.
    """
    ask = Transition(
        do=Do("email", key="{journey.key}", opened="{customer.opened}", last="{customer.last_open}"), on=On("Asked", key="any")
    )
    trial = Journey("trial", key="cart_id", entry="Email Opened", steps=[Step("in", stage="consideration", wait="9 days", when=[ask])])
    shop = Shop(trial, OPENS)
    shop.event("Email Opened", mail="before")
    shop.event("Email Opened", mail="hello", cart_id="c1")
    shop.wait("1 day")
    shop.event("Email Opened", mail="news", cart_id="c2")
    shop.event("Email Opened", mail="late", at="2026-03-02T08:00:00+00:00")
    shop.event("Email Opened", mail="tips")
    shop.event("Asked")
    shop.work()

    assert shop.sent == ["2026-03-03 09:00 ann email c1 2 tips", "2026-03-03 09:00 ann email c2 1 tips"]


def test_a_rule_without_a_signal_sees_what_is_counted_since_entry() -> None:
    """Three orders of her own cart make Ann's cart a big one; those of her other cart are not in it. Coming again, she begins anew."""
    big = Transition("big", on=On(where="customer.spent >= 300"))
    carts = Journey(
        "carts", key="cart_id", entry="Cart Created", reentry="always",
        steps=[Step("open", stage="purchase", wait="9 days", then="small", when=[big]), Step("small", do=Do("sms"), end="small"), Step("big", do=Do("email", spent="{customer.spent}"), end="big")],
    )  # fmt: skip
    shop = Shop(carts, OPENS)
    for cart in ("c1", "c2"):
        shop.event("Cart Created", cart_id=cart)
    for total, cart in ((200, "c1"), (200, "c2"), (100, "c1"), (300, "c3")):
        shop.event("Order Completed", total=total, cart_id=cart)
    shop.wait("1 day")
    shop.event("Cart Created", cart_id="c1")
    shop.event("Order Completed", total=100, cart_id="c1")
    shop.wait("10 days")

    assert shop.sent == ["2026-03-02 09:00 ann email 300", "2026-03-11 09:00 ann sms", "2026-03-12 09:00 ann sms"]


def test_what_is_counted_since_entry_is_filled_in_like_any_other_fact() -> None:
    """The fact is declared in the middle of Ann's trial: what she opened since it began is found in the log, and what she did before is not."""
    ask = Transition(do=Do("email", opened="{customer.opened}"), on=On("Asked"))
    trial = Journey("trial", entry="Trial Started", steps=[Step("in", stage="consideration", wait="90 days", when=[ask])])
    before = Shop(trial)
    for name in ("Email Opened", "Trial Started", "Email Opened", "Email Opened"):
        before.event(name)
        before.wait("1 day")
    shop = Shop(trial, OPENS, at="2026-03-10T09:00:00+00:00", storage=before.storage)
    shop.event("Email Opened", id="opened-later")
    shop.event("Asked", id="before")
    filled = [shop.engine.backfill(), shop.engine.backfill()]
    shop.event("Asked", id="after")
    shop.work()

    assert filled == [1, 0]
    assert shop.sent == ["2026-03-10 09:00 ann email 1", "2026-03-10 09:00 ann email 3"]


def test_an_opening_balance_that_is_declared_later_is_no_edge() -> None:
    """The shop forgot what was spent before; with it Ann has been a VIP all along, and is not congratulated."""
    vip = Journey("vip", entry=On(segment="vip"), steps=[Step("in", stage="retention", do=Do("sms"))])
    bare = Catalog(facts={"spent": "sum of Order Completed.total"}, segments={"vip": "customer.spent >= 1000"})
    before = Shop(vip, bare)
    before.identify(traits={"opening_spent": 900})
    before.event("Order Completed", total=100)
    catalog = Catalog(
        facts={"spent": "sum of Order Completed.total from customer.opening_spent"}, segments={"vip": "customer.spent >= 1000"}
    )
    after = Shop(vip, catalog, storage=before.storage)
    filled = [after.engine.backfill(), after.engine.backfill()]
    after.event("Order Completed", total=1)
    after.work()

    assert filled == [1, 0]
    assert after.sent == []


LATELY = Catalog(
    facts={
        "lately": "count of Order Completed in 10 days",
        "month": "sum of Order Completed.total this month",
        "usual": "mean of Order Completed.total in 10 days",
        "last_order": "last of Order Completed in 10 days",
    }
)


def tells(fact: str) -> Journey:
    """A journey that tells every change of a fact."""
    tell = Step("in", stage="retention", do=Do("email", expires="never", old="{signal.old}", new="{signal.new}"))
    return Journey(f"tells {fact}", entry=On(changed=f"customer.{fact}"), reentry="always", zone="Europe/Berlin", steps=[tell])


def test_a_window_changes_with_an_event_and_by_time_alone() -> None:
    """Each order is a change, and so is the very instant in which one becomes ten days old; nobody has to be there for it."""
    shop = Shop(tells("lately"), LATELY)
    for days in ("3 days", "8 days"):
        shop.event("Order Completed", total=100)
        shop.wait(days)
    shop.event("Order Completed", total=100)
    shop.wait("90 days")

    assert shop.sent == [
        "2026-03-02 09:00 ann email 0 1",
        "2026-03-05 09:00 ann email 1 2",
        "2026-03-12 09:00 ann email 2 1",
        "2026-03-13 09:00 ann email 1 2",
        "2026-03-15 09:00 ann email 2 1",
        "2026-03-23 09:00 ann email 1 0",
    ]


def test_a_late_worker_finds_the_same_changes() -> None:
    """The worker comes after a quarter of a year: each change is decided at its own instant, before the event that comes then."""
    shop = Shop(tells("lately"), tells("month"), LATELY)
    shop.event("Order Completed", total=100)
    shop.clock.set("2026-03-05T09:00:00+00:00")
    shop.event("Order Completed", total=50)
    shop.clock.set("2026-06-01T09:00:00+00:00")
    shop.event("Order Completed", total=7)
    shop.work()

    assert shop.sent == [
        "2026-03-02 09:00 ann email 0 1",
        "2026-03-02 09:00 ann email 0 100",
        "2026-03-05 09:00 ann email 1 2",
        "2026-03-05 09:00 ann email 100 150",
        "2026-03-12 09:00 ann email 2 1",
        "2026-03-15 09:00 ann email 1 0",
        "2026-04-01 00:00 ann email 150 0",
        "2026-06-01 09:00 ann email 0 1",
        "2026-06-01 09:00 ann email 0 7",
    ]


def test_a_month_that_ends_changes_what_was_counted_in_it() -> None:
    """The month of Berlin ends at ten in the evening of London; an order in its first second is a change of its own."""
    shop = Shop(tells("month"), LATELY, at="2026-03-31T20:00:00+00:00")
    shop.identify(zone="Europe/Berlin")
    shop.event("Order Completed", total=100)
    shop.wait("2 hours 1 second")
    shop.event("Order Completed", total=5)
    shop.work()

    assert shop.sent == ["2026-03-31 20:00 ann email 0 100", "2026-03-31 22:00 ann email 100 0", "2026-03-31 22:00 ann email 0 5"]


def test_what_leaves_and_what_comes_in_one_instant_is_one_change_or_none() -> None:
    """In the second in which her first order turns ten days old Ann buys again: it was one and is one; what they are worth has changed."""
    shop = Shop(tells("lately"), tells("usual"), LATELY)
    shop.event("Order Completed", total=100)
    shop.clock.set("2026-03-12T09:00:00+00:00")
    shop.event("Order Completed", total=60)
    shop.work()

    assert shop.sent == [
        "2026-03-02 09:00 ann email 0 1",
        "2026-03-02 09:00 ann email None 100.0",
        "2026-03-12 09:00 ann email 100.0 60.0",
    ]


def test_a_change_of_a_window_moves_who_waits_for_it() -> None:
    """Ann has bought and is watched; ten days after her last order the window is empty, and she is asked."""
    steps = [
        Step(
            "buying",
            stage="purchase",
            when=Transition("quiet", on=On(changed="customer.last_order", where="not exists(customer.last_order)")),
        ),
        Step("quiet", do=Do("sms")),
    ]
    shop = Shop(Journey("watched", entry="Order Completed", steps=steps), LATELY)
    shop.event("Order Completed", total=100)
    shop.wait("9 days")
    shop.event("Order Completed", total=100)
    shop.wait("30 days")

    assert shop.sent == ["2026-03-21 09:00 ann sms"]


def test_a_month_of_a_customer_without_a_zone_is_that_of_utc() -> None:
    """Half past midnight in Berlin on the first is still last month's last evening for whom nobody has placed; Ben is known to live there."""
    tell = Transition(do=Do("email", month="{customer.month}"), on=On("Asked"))
    tells = Journey("tell", zone="Europe/Berlin", entry="Order Completed", steps=[Step("in", stage="purchase", wait="9 days", when=[tell])])
    shop = Shop(tells, Catalog(facts={"month": "count of Order Completed this month"}))
    shop.identify("ben", zone="Europe/Berlin")
    shop.clock.set("2026-03-31T21:30:00+00:00")
    for customer in ("ann", "ben"):
        shop.event("Order Completed", customer)
    shop.clock.set("2026-03-31T22:30:00+00:00")
    for customer in ("ann", "ben"):
        shop.event("Order Completed", customer)
        shop.event("Asked", customer)
    shop.work()

    assert {request.customer_id: request.parameters["month"] for request in shop.requests} == {"ann": 2, "ben": 1}
