"""Facts event by event: what is added, what cannot be, and what is told of it."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import Catalog, Do, Entry, Journey, On, Step, Transition
from journeykit.core.compiling.quotas import Quota
from journeykit.core.expressions.context import Context
from journeykit.core.facts.facts import FactTable, fold, identify, set_consent, set_trait, set_zone
from journeykit.errors import ConditionError
from journeykit.model.messages import Event, moment
from journeykit.model.quotas import Take
from journeykit.model.records import Facts, Want
from shop import Shop

NOON = 1_772_452_800_000_000
MISSING = object()


def order(at: int = NOON, **properties: Any) -> Event:
    """An order of Ann's."""
    return Event("Order", id="o", customer_id="ann", occurred_at=moment(at), properties=properties)


def state(kind: str, *orders: tuple[int, Any]) -> Any:
    """The state of a fact after orders: how many microseconds after noon each was, and its total; nothing where none is known."""
    table, facts = FactTable(Catalog(facts={"it": kind})), Facts()
    for at, total in orders:
        event = order(NOON + at, **({} if total is MISSING else {"total": total}))
        facts, _, _ = fold(table.by_event["Order"], facts, Context("ann", facts, NOON + 100, event), lambda path: False)
    return facts.values.get("it", MISSING)


@pytest.mark.parametrize(
    ("kind", "orders", "expected"),
    [
        ("count of Order", [(0, 1), (0, MISSING)], 2),
        ("count of Order.total", [(0, 1), (0, MISSING), (0, None)], 1),
        ("sum of Order.total", [(0, 3), (0, MISSING), (0, -1)], 2),
        ("sum of Order.total", [(0, 0)], 0),
        ("min of Order.total", [(0, 3), (0, 1), (0, 2)], 1),
        ("min of Order.total", [(0, 1), (0, 1.0)], 1),
        ("max of Order.total", [(0, 1), (0, 3), (0, 2)], 3),
        ("max of Order.total", [(0, -1)], -1),
        ("max of Order.total", [(0, 3), (0, 3.0)], 3),
        ("mean of Order.total", [(0, 1), (0, 2.5)], [2, 3.5]),
        ("mean of Order.total", [(0, 0)], [1, 0]),
        ("first of Order.total", [(5, "b"), (3, "a"), (3, "c"), (4, "d")], [NOON + 3, "a"]),
        ("last of Order.total", [(5, "b"), (3, "a"), (5, "c"), (4, "d")], [NOON + 5, "c"]),
        ("first of Order", [(5, "b")], [NOON + 5, None]),
        ("last of Order.total", [(200, "b"), (150, "c")], [NOON + 100, "c"]),  # told before it has happened: it happens now
        ("distinct of Order.total", [(0, "b"), (0, "a"), (0, "b"), (0, MISSING)], ["b", "a"]),
        ("count of Order where event.total > 3", [(0, 3), (0, 4)], 1),
        ("sum of Order.total", [(0, MISSING)], MISSING),
    ],
)
def test_what_each_kind_keeps(kind: str, orders: list[tuple[int, Any]], expected: Any) -> None:
    """An event without the property adds nothing; of equal moments the first one stays the first, and the last one is the last."""
    assert state(kind, *orders) == expected
    assert type(state(kind, *orders)) is type(expected)


@pytest.mark.parametrize("kind", ["sum", "min", "max", "mean"])
@pytest.mark.parametrize(("value", "shown"), [("12", "'12'"), (True, "True"), ([1], "[1]"), ("x" * 60, "'" + "x" * 39)])
def test_what_is_no_number_is_not_added(kind: str, value: Any, shown: str) -> None:
    """Neither what only looks like one, nor true: the fact stays what it was, and it is said why."""
    text, facts = f"{kind} of Order.total", Facts(values={"it": 5})
    folds = FactTable(Catalog(facts={"it": text})).by_event["Order"]

    assert fold(folds, facts, Context("ann", facts, NOON, order(total=value)), lambda path: True) == (
        facts, [], [f"fact it: {text}: {shown} is no number"],
    )  # fmt: skip


def test_a_sum_of_floats_drifts() -> None:
    """A float is not added up, whatever its value, over all time or a window; for the other kinds it is a number."""
    for when in ("", " in 7 days", " this month in UTC"):
        text = f"sum of Order.total{when}"
        folds, facts = FactTable(Catalog(facts={"it": text})).by_event["Order"], Facts()
        failure = f"fact it: {text}: 2.0 is a float, and sums of floats drift; send minor units, an integer"
        assert fold(folds, facts, Context("ann", facts, NOON, order(total=2.0)), lambda path: True) == (facts, [], [failure])
    assert [state(f"{kind} of Order.total", (0, 2.5)) for kind in ("min", "max", "mean")] == [2.5, 2.5, [1, 2.5]]
    assert [state(f"{kind} of Order.total", (0, 2.5)) for kind in ("first", "count", "distinct")] == [[NOON, 2.5], 1, [2.5]]


def test_what_one_fact_cannot_add_the_others_do() -> None:
    """The order counts, and is the largest; what it came to is not in the sum, and the history says why."""
    facts = {"orders": "count of Order", "spent": "sum of Order.total", "most": "max of Order.total"}
    shop = Shop(Journey("plain", entry="Came", steps=[Step("in", stage="retention", wait="1 day")]), Catalog(facts=facts))
    shop.event("Order", total=3)
    shop.event("Order", total=4.5)

    (loaded,) = shop.storage.load_many([Want("ann", None)])
    assert loaded.facts.values == {"orders": 2, "spent": 3, "most": 4.5}
    assert shop.told() == [
        "03-02 09:00 parked fact spent: sum of Order.total: 4.5 is a float, and sums of floats drift; send minor units, an integer"
    ]


def test_only_a_changed_value_is_told() -> None:
    """A mean that stays, a smaller order and one that is known already change nothing; the first one changes all, from what there was before."""
    catalog = Catalog(
        facts={"mean": "mean of Order.total", "most": "max of Order.total", "sizes": "distinct of Order.total", "orders": "count of Order"}
    )
    table, facts, told = FactTable(catalog), Facts(), []
    for total in (4, 4, 2):
        facts, changes, failures = fold(table.by_event["Order"], facts, Context("ann", facts, NOON, order(total=total)), lambda path: True)
        told.append(changes)
        assert failures == []

    assert told == [
        [("customer.mean", None, 4.0), ("customer.most", None, 4), ("customer.sizes", 0, 1), ("customer.orders", 0, 1)],
        [("customer.orders", 1, 2)],
        [("customer.mean", 4.0, 10 / 3), ("customer.sizes", 1, 2), ("customer.orders", 2, 3)],
    ]
    heard = fold(table.by_event["Order"], facts, Context("ann", facts, NOON, order(total=9)), lambda path: path == "customer.most")
    assert heard[1] == [("customer.most", 4, 9)]


def test_an_event_that_adds_nothing_leaves_all_as_it_is() -> None:
    """The very same facts, so that nothing is written."""
    table, facts = FactTable(Catalog(facts={"spent": "sum of Order.total", "most": "max of Order.total"})), Facts(values={"most": 5})

    assert fold(table.by_event["Order"], facts, Context("ann", facts, NOON, order(total=4)), lambda path: True)[0].values == {
        "most": 5,
        "spent": 4,
    }
    after, changes, failures = fold(table.by_event["Order"], facts, Context("ann", facts, NOON, order()), lambda path: True)
    assert (after is facts, changes, failures) == (True, [], [])
    assert facts.values == {"most": 5}


def test_what_is_set_is_told_where_it_changes() -> None:
    """A trait of the same value but another kind is a change; nothing is deleted twice, and what was known before stays as it was."""
    facts = Facts("UTC", None, {"email": True}, {"age": 1, "plan": "gold"})

    assert set_trait(facts, "age", 1) == (facts, None)
    assert set_trait(facts, "other", None) == (facts, None)
    assert set_consent(facts, "email", True) == (facts, None)
    assert set_consent(facts, "sms", None) == (facts, None)
    assert set_zone(facts, "UTC") == (facts, None)
    after, change = set_trait(facts, "age", True)
    assert (after.traits, change) == ({"age": True, "plan": "gold"}, ("customer.age", 1, True))
    after, change = set_trait(facts, "plan", None)
    assert (after.traits, change) == ({"age": 1}, ("customer.plan", "gold", None))
    after, change = set_consent(facts, "email", None)
    assert (after.consent, change) == ({}, ("consent.email", True, None))
    after, change = set_consent(facts, "email", False)
    assert (after.consent, change) == ({"email": False}, ("consent.email", True, False))
    after, change = set_zone(facts, None)
    assert (after.zone, change) == (None, ("customer.zone", "UTC", None))
    assert facts == Facts("UTC", None, {"email": True}, {"age": 1, "plan": "gold"})
    for wrong in ("Mars/Base", 5, ["UTC"]):
        with pytest.raises(ConditionError, match=r'zone: .* is no time zone; give an IANA name such as "Europe/Berlin"'):
            set_zone(facts, wrong)


def test_what_becomes_known_is_told_in_one_order() -> None:
    """The zone, consent, traits; what is as it was is not told, and what is left out stays."""
    facts = Facts("UTC", None, {"email": True}, {"age": 1})
    after, changes = identify(facts, {"traits": {"age": 2, "plan": "gold"}, "consent": {"sms": True, "email": True}, "zone": "Asia/Tokyo"})

    assert changes == [
        ("customer.zone", "UTC", "Asia/Tokyo"),
        ("consent.sms", None, True),
        ("customer.age", 1, 2),
        ("customer.plan", None, "gold"),
    ]
    assert (after.zone, after.consent, after.traits) == ("Asia/Tokyo", {"email": True, "sms": True}, {"age": 2, "plan": "gold"})
    assert identify(facts, {}) == (facts, [])
    assert identify(facts, {"traits": None, "consent": None}) == (facts, [])


def test_where_nothing_is_decided_nothing_runs_out() -> None:
    """Who only looks at a customer, to tell whether a message may go, takes nothing of what all share, and is inside nowhere."""
    context = Context("ann", Facts(), NOON)

    assert context.grant(Quota(Take("gift, 10 per day"), "UTC"), "then") is True
    assert context.inside("cart") == ()


def test_a_rule_reads_both_kinds_of_facts() -> None:
    """What is counted of Ann over all time, and since she came in; each is as it was before the event that is decided."""
    ask = Transition(do=Do("email", all="{customer.orders}", since="{customer.since}"), on=On("Asked"))
    facts = {"orders": "count of Order", "since": "count of Order since entry"}
    shop = Shop(Journey("trial", entry="Came", steps=[Step("in", stage="retention", wait="9 days", when=[ask])]), Catalog(facts=facts))
    for happens in ("Order", "Came", "Order", "Order", "Asked"):
        shop.event(happens)
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email 3 2"]


def test_who_was_asked_is_counted_by_what_was_performed() -> None:
    """At most two that performed something: the visit that was over before the mail does not count, the two others do."""
    entry, steps = (
        "Came",
        [Step("in", stage="retention", wait="1 hour"), Step("mailed", do=Do("email"), wait="1 hour"), Step("over", end="over")],
    )
    shop = Shop(Journey("ask", entry=entry, exits="Left", reentry="at most 2 counting performed", steps=steps))
    for stays in (True, False, True, True):
        shop.event("Came")
        if not stays:
            shop.event("Left")
        shop.wait("3 hours")

    assert len(shop.sent) == 2
    assert [line for line in shop.told() if "refused" in line] == ["03-02 18:00 refused at most 2"]
    assert (shop.inside("ask").number, shop.inside("ask").performing, shop.inside("ask").performed) == (3, 1, 1)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("event.lines[0].sku", "s1"), ("event.lines[-1].sku", "s2"), ("event.lines[2].sku", None), ("event.lines[-3].sku", None),
        ("event.address.city", "Bonn"), ("event.address.street", None), ("event.address.city.name", None), ("event.nothing.city", None),
        ("event.lines.sku", None), ("event.address[0]", None), ("customer.home.city", "Kiel"), ("customer.home['city']", "Kiel"),
        ("data.lines[1].sku", "s2"), ("event.lines[0].none", None),
    ],
)  # fmt: skip
def test_parts_of_what_is_known(path: str, value: object) -> None:
    """Of lists by number, from behind as well, of mappings by name; what is not there is missing, however deep."""
    tell = Transition(do=Do("email", it=f"{{{path}}}"), on=On("Told"))
    entry = Entry("Came", set={"data.lines": "event.lines"})
    shop = Shop(Journey("tell", entry=entry, steps=[Step("in", stage="retention", wait="1 day", when=tell)]))
    shop.identify(traits={"home": {"city": "Kiel"}})
    for name in ("Came", "Told"):
        shop.event(name, lines=[{"sku": "s1", "none": None}, {"sku": "s2"}], address={"city": "Bonn"})
    shop.work()

    assert shop.requests[0].parameters == {"it": value}
