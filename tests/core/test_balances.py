"""What a fact comes to that begins with a balance of the customer's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from journeykit.core.expressions.expressions import MISSING
from journeykit.core.facts.balances import Balance, with_openings
from journeykit.core.facts.facts import FactTable
from journeykit.model.customer import Catalog
from journeykit.model.phrases import Aggregate
from journeykit.model.records import Facts

OLD, NEW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "counted", "trait", "expected"),
    [
        ("count of Order", 2, 3, 5), ("count of Order", 2, None, 2), ("count of Order", 2, 3.0, 2), ("count of Order", 2, True, 2),
        ("count of Order", 2, "3", 2), ("count of Order", 0, -1, -1),
        ("sum of Order.total", 2, 3, 5), ("sum of Order.total", 2, 3.5, 2), ("sum of Order.total", 2, False, 2),
        ("min of Order.total", 2, 3, 2), ("min of Order.total", 3, 2.5, 2.5), ("min of Order.total", MISSING, 2, 2),
        ("min of Order.total", MISSING, None, MISSING), ("min of Order.total", MISSING, True, MISSING),
        ("max of Order.total", 2, 3, 3), ("max of Order.total", 3, 2.5, 3), ("max of Order.total", 2, 2.5, 2.5), ("max of Order.total", 3, "9", 3),
        ("first of Order", NEW, "2026-01-01T00:00:00Z", OLD), ("first of Order", OLD, "2026-03-01", OLD), ("first of Order", MISSING, "2026-03-01", NEW),
        ("last of Order", NEW, "2026-01-01T00:00:00Z", NEW), ("last of Order", OLD, "2026-03-01", NEW), ("last of Order", OLD, "soon", OLD),
        ("last of Order", OLD, 5, OLD), ("last of Order", MISSING, None, MISSING),
        ("first of Order.store", "Ulm", "Kiel", "Kiel"), ("last of Order.store", "Ulm", "Kiel", "Ulm"),
        ("first of Order.store", MISSING, "Kiel", "Kiel"), ("last of Order.store", MISSING, "Kiel", "Kiel"),
        ("first of Order.store", "Ulm", None, "Ulm"),
    ],
)  # fmt: skip
def test_a_balance_stands_for_everything_before(kind: str, counted: Any, trait: Any, expected: Any) -> None:
    """Numbers are added, the lesser, the greater, the earlier and the later counts; what is no balance is none."""
    balance = Balance(Aggregate(f"{kind} from customer.before"), lambda state: state)

    assert balance.trait == "before"
    assert balance.read(counted, trait) == expected
    assert type(balance.read(counted, trait)) is type(expected)


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("count of Order", "a whole number"), ("sum of Order.total", "a whole number"), ("min of Order.total", "a number"),
        ("max of Order.total", "a number"), ("first of Order", "a moment"), ("last of Order.store", "a value"),
    ],
)  # fmt: skip
def test_what_the_trait_has_to_be(kind: str, wanted: str) -> None:
    """In words, for who tells it wrongly."""
    assert Balance(Aggregate(f"{kind} from customer.before"), lambda state: state).wanted == wanted


def test_who_reads_a_fact_reads_what_it_begins_with() -> None:
    """Of the facts that are read, and of no others."""
    facts = {"spent": Aggregate("sum of Order.total from customer.before"), "orders": Aggregate("count of Order")}

    assert with_openings(["customer.spent", "consent.email"], facts) == {"customer.spent", "customer.before", "consent.email"}
    assert with_openings(["customer.orders"], facts) == {"customer.orders"}
    assert with_openings(["customer.x"], {}) == {"customer.x"}


def test_a_balance_that_becomes_known_changes_every_fact_that_begins_with_it() -> None:
    """Behind the trait itself, in the order of declaration; where the fact comes to the same, nothing is told of it."""
    facts = {
        "spent": "sum of Order.total from customer.begun", "orders": "count of Order from customer.begun", "most": "max of Order.total from customer.begun",
        "seen": "last of Order from customer.met", "plain": "count of Order",
    }  # fmt: skip
    table = FactTable(Catalog(facts=facts))
    known = Facts(values={table.keys["spent"]: 10, table.keys["orders"]: 2, table.keys["most"]: 7})

    assert table.opened([("customer.begun", None, 5), ("customer.plan", 1, 2)], known) == [
        ("customer.begun", None, 5), ("customer.spent", 10, 15), ("customer.orders", 2, 7), ("customer.plan", 1, 2),
    ]  # fmt: skip
    assert table.opened([("customer.begun", 5, 8)], known) == [
        ("customer.begun", 5, 8), ("customer.spent", 15, 18), ("customer.orders", 7, 10), ("customer.most", 7, 8),
    ]  # fmt: skip
    assert table.opened([("customer.begun", 8, 8.0)], known)[3] == ("customer.most", 8, 8.0)
    assert table.opened([("customer.begun", "much", None)], known) == [("customer.begun", "much", None)]
    assert table.opened([("customer.met", None, "2026-03-01T00:00:00+00:00")], known)[1:] == [
        ("customer.seen", None, "2026-03-01T00:00:00+00:00")
    ]
    assert table.opened([("customer.spent", 1, 2)], known) == [("customer.spent", 1, 2)]
