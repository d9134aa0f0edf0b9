"""Facts that are declared late, or again: folded from the log, over merges and over a past that has been let go of."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import Catalog, Do, Journey, On, Step, Transition
from journeykit.model.messages import moment
from journeykit.model.records import Want
from shop import Shop

FACTS = {
    "orders": "count of Order", "spent": "sum of Order.total", "mean": "mean of Order.total", "first": "first of Order.total",
    "dear": "count of Order where event.total >= customer.limit",
}  # fmt: skip
PLAIN = Journey("plain", entry="Came", steps=[Step("in", stage="retention", wait="90 days")])


def values(shop: Shop, customer: str = "ann") -> dict[str, Any]:
    """The states of the facts that are kept of a customer."""
    (loaded,) = shop.storage.load_many([Want(customer, None)])
    return loaded.facts.values


def released(shop: Shop, **facts: str) -> Shop:
    """The next release of the shop, with these facts, filled in."""
    again = Shop(PLAIN, Catalog(facts=facts), at=moment(shop.clock.now()).isoformat(), storage=shop.storage)
    again.engine.backfill()
    return again


def test_facts_are_folded_under_what_was_known_then() -> None:
    """Ann's limit was 50 for her first two orders and 10 for the third; what was told of it wrongly in between counts for nothing."""
    shop = Shop(PLAIN)
    shop.identify(traits={"limit": 50})
    shop.event("Order", total=60)
    shop.event("Order", total=20)
    shop.engine.handle(shop.fact("$identify", zone="Mars/Base", traits={"limit": 1000}))
    shop.identify(traits={"limit": 10})
    shop.event("Order", total=30)
    shop.event("Other", total=99)

    (entered_at,) = {one.event.at for one in shop.storage.events("ann") if one.event.id == "Order-2"}
    assert values(released(shop, **FACTS)) == {"orders": 3, "spent": 110, "mean": [3, 110], "first": [entered_at, 60], "dear": 2}


def test_what_cannot_be_folded_is_left_out() -> None:
    """An import told a total as a text: the sum goes on without it, the count counts it."""
    shop = Shop(PLAIN)
    for total in (10, "much", 5):
        shop.event("Order", total=total)

    assert values(released(shop, orders=FACTS["orders"], spent=FACTS["spent"])) == {"orders": 3, "spent": 15}


def test_a_fact_declared_after_a_merge_counts_what_both_did() -> None:
    """The visitor's orders under the visitor's limit, Ann's under hers, and what came after it."""
    shop = Shop(PLAIN)
    for customer, limit, total in (("visitor", 10, 15), ("ann", 20, 15)):
        shop.identify(customer, traits={"limit": limit})
        shop.event("Order", customer, total=total)
    shop.wait("1 day")
    shop.engine.merge("ann", "visitor", id="login")
    shop.event("Order", total=40)

    filled = released(shop, **FACTS)
    assert {name: values(filled)[name] for name in ("orders", "spent", "mean", "dear")} == {
        "orders": 3,
        "spent": 70,
        "mean": [3, 70],
        "dear": 2,
    }
    assert values(filled, "visitor") == {}
    assert filled.engine.backfill() == 0


@pytest.mark.parametrize("let_go", [False, True])
def test_a_fact_that_is_declared_again_comes_back_over_a_past_that_is_gone(let_go: bool) -> None:
    """
    Ann orders, what is older is let go of, she orders again and the visitor becomes her: a release without the facts forgets them, the next
    one folds them from the snapshot, what she did since, and what the visitor brought along.
    """
    facts = {name: FACTS[name] for name in ("orders", "spent", "mean")}
    shop = released(Shop(PLAIN), **facts)
    shop.event("Order", total=1)
    shop.event("Order", total=2)
    shop.wait("1 day")
    if let_go:
        assert shop.engine.retain(before=shop.clock.now()) == 1
        assert [one.event.properties for one in shop.storage.events("ann")] == [{}, {}]
    shop.event("Order", total=4)
    shop.event("Order", "visitor", total=8)
    shop.engine.merge("ann", "visitor", id="login")
    shop.event("Order", total=16)
    before = values(shop)
    assert before == {"orders": 5, "spent": 31, "mean": [5, 31]}

    shop = released(shop, orders=FACTS["orders"])
    assert values(shop) == {"orders": 5}
    shop = released(shop, **facts)
    assert values(shop) == before


def test_what_was_not_declared_when_the_past_went_stays_unknown() -> None:
    """Nobody can fold the sum of orders whose totals are gone; the count was there, and goes on."""
    shop = released(Shop(PLAIN), orders=FACTS["orders"])
    shop.event("Order", total=1)
    shop.wait("1 day")
    shop.engine.retain(before=shop.clock.now())
    shop.event("Order", total=2)

    assert values(released(shop, orders=FACTS["orders"], spent=FACTS["spent"])) == {"orders": 2}


def test_what_was_filled_in_is_told() -> None:
    """The facts that have another value now, by name; of those that stay what they are nothing is said, and of Bob, who has no order, nothing."""
    shop = released(Shop(PLAIN), orders=FACTS["orders"])
    shop.event("Order", total=3)
    shop.event("Came", "bob")
    shop = released(shop, **{name: FACTS[name] for name in ("orders", "spent", "mean")})

    assert [(entry.cause, entry.reason, entry.journey) for entry in shop.storage.history("ann")] == [("backfill", "spent, mean", "")]
    assert [entry.kind for entry in shop.storage.history("bob")] == ["entered"]
    released(shop, orders=FACTS["orders"])
    assert [entry.reason for entry in shop.storage.history("ann")] == ["spent, mean", None]


def test_windows_are_filled_over_what_both_did() -> None:
    """Of ten days there is what lies in them at the last thing decided for Ann; a condition that reads her id sees the one that she has now."""
    shop = Shop(PLAIN)
    for customer, total in (("visitor", 1), ("ann", 2), ("visitor", 4), ("ann", 8)):
        shop.event("Order", customer, total=total, by="ann")
        shop.wait("4 days")
    shop.engine.merge("ann", "visitor", id="login")
    facts = {"lately": "sum of Order.total in 10 days", "own": "count of Order where event.by == customer.id"}
    shop = released(shop, **facts)
    tell = Transition(do=Do("email", lately="{customer.lately}", own="{customer.own}"), on=On("Asked"))
    again = Shop(
        Journey("tell", entry="Asking", steps=[Step("in", stage="retention", wait="9 days", when=[tell])]), Catalog(facts=facts),
        at=moment(shop.clock.now()).isoformat(), storage=shop.storage,
    )  # fmt: skip
    again.event("Asking", id="1")
    again.event("Asked", id="2")
    again.work()

    assert again.sent == ["2026-03-18 09:00 ann email 12 4"]


def test_a_segment_that_becomes_true_by_what_is_filled_in_is_no_edge() -> None:
    """Ann has been a VIP all along: she is not welcomed as one now, and leaves the segment when she is none any more."""
    vip = {"vip": "customer.lately >= 3"}
    journeys = [
        Journey(name, entry=On(segment=segment), steps=[Step("in", stage="retention", do=Do("email", name=name))])
        for name, segment in (("hello", "vip"), ("bye", "not vip"))
    ]
    shop = Shop(*journeys, Catalog(facts={"lately": "count of Never in 10 days"}, segments=vip))
    for _ in range(3):
        shop.event("Order", total=1)
    shop.wait("1 day")
    again = Shop(
        *journeys, Catalog(facts={"lately": "count of Order in 10 days"}, segments=vip), at=moment(shop.clock.now()).isoformat(),
        storage=shop.storage,
    )  # fmt: skip
    assert [again.engine.backfill(), again.engine.backfill()] == [1, 0]
    again.wait("30 days")

    assert again.sent == ["2026-03-12 09:00 ann email bye"]


# -- counted since an entry ------------------------------------------------------------------------------------------------

OPENED = Catalog(facts={"opened": "count of Email Opened since entry", "dear": "max of Order.total since entry"})
TRIAL = Journey("trial", key="trial", entry="Trial Started", reentry="always", steps=[
    Step("in", stage="consideration", wait="90 days", when=[Transition(do=Do("email", key="{journey.key}", opened="{customer.opened}", dear="{customer.dear}"), on=On("Asked", key="any"))]),
])  # fmt: skip


def test_each_enrollment_counts_anew_from_its_own_entry() -> None:
    """
    Two trials, and a third that was over: what was opened before an entry does not count in it, nor what occurred before it and is told
    later; the event that opened the door does not either.
    """
    before = Shop(TRIAL)
    before.event("Email Opened", "bob")
    before.event("Email Opened")
    before.event("Trial Started", trial="t1")
    before.event("Email Opened")
    before.wait("1 day")
    before.event("Trial Started", trial="t2")
    before.event("Order", total=7)
    before.event("Order", total=5)
    before.event("Email Opened", at="2026-03-02T10:00:00+00:00")
    before.event("Email Opened")
    before.event("Order", "bob", total=100)
    shop = Shop(TRIAL, OPENED, at="2026-03-10T09:00:00+00:00", storage=before.storage)
    assert [shop.engine.backfill(), shop.engine.backfill()] == [1, 0]
    shop.event("Asked", id="asked")
    shop.work()

    assert shop.sent == ["2026-03-10 09:00 ann email t1 3 7", "2026-03-10 09:00 ann email t2 1 7"]
    assert [entry.cause for entry in shop.storage.history("ann") if entry.kind == "filled"] == ["backfill"]


def test_a_fact_since_entry_that_nothing_adds_to_is_nothing() -> None:
    """Ann has opened no mail, and Bob's order has a text for a total: nothing is written, nothing is told of it."""
    before = Shop(TRIAL)
    for customer in ("ann", "bob"):
        before.event("Trial Started", customer, trial="t1")
    before.event("Order", "bob", total="much")
    shop = Shop(TRIAL, OPENED, storage=before.storage)

    assert shop.engine.backfill() == 0
    assert [entry.kind for entry in shop.storage.history("bob")] == ["entered"]


def test_what_else_is_counted_since_the_entry_stays() -> None:
    """The largest order is declared later than the mails: the number of those is not begun anew."""
    first = Catalog(facts={"opened": OPENED.facts["opened"]})
    only = Transition(do=Do("email", opened="{customer.opened}"), on=On("Asked", key="any"))
    before = Shop(
        Journey("trial", key="trial", entry="Trial Started", steps=[Step("in", stage="consideration", wait="90 days", when=[only])]), first
    )
    before.event("Trial Started", trial="t1")
    for happens in ("Email Opened", "Email Opened"):
        before.event(happens)
    before.event("Order", total=7)
    more = Transition(do=Do("sms", dear="{customer.dear}"), on=On("Told", key="any"))
    both = Journey(
        "trial", key="trial", entry="Trial Started", steps=[Step("in", stage="consideration", wait="90 days", when=[only, more])]
    )
    shop = Shop(both, OPENED, storage=before.storage)
    assert shop.engine.backfill() == 0  # she is on the version of before, which does not read it
    shop.event("Email Opened", id="third")
    shop.event("Asked", id="asked")
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email 3"]
