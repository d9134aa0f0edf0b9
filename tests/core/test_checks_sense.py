"""Conditions that can never make sense, and right ones that are left alone."""

from __future__ import annotations

import pytest

from journeykit import Catalog, Do, Journey, On, Step, Transition, check

CATALOG = Catalog(
    events={"Order Completed": {"total": "money", "store": "text", "lines": "list", "gift": "flag", "at": "moment", "note": "any"}},
    traits={"age": "number", "plan": "text", "born": "moment", "cards": "list", "staff": "flag", "misc": "any"},
    facts={"orders": "count of Order Completed", "last_order": "last of Order Completed", "store": "last of Order Completed.store"},
    segments={"vip": "customer.orders >= 3"},
)


def found(where: str, catalog: Catalog = CATALOG) -> list[str]:
    """The problems of a condition on an order."""
    steps = [Step("in", stage="purchase", wait="1 day")]
    journey = Journey("thanks", entry=On("Order Completed", where=where), steps=steps)
    return [problem.removeprefix("thanks: entry.where: ") for problem in check([catalog, journey])]


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ("customer.misc in 5", '5 is a number and holds nothing; name a list, such as ["a", "b"], or a text'),
        ("customer.plan in customer.age", 'customer.age is a number and holds nothing; name a list, such as ["a", "b"], or a text'),
        ("contains(event.gift, 'x')", 'event.gift is true or false and holds nothing; name a list, such as ["a", "b"], or a text'),
        ("customer.age in 'old'", "customer.age is a number and 'old' is text, and a text holds texts only; name a list"),
        ("customer.age in ['1', '2']", "customer.age is a number, and the list holds none; name a number in it"),
        ("customer.age == 'ten'", "customer.age is a number and 'ten' is text, which are never equal; compare it with a number"),
        ("event.store != 5", "event.store is text and 5 is a number, which are never equal; compare it with text"),
        ("customer.staff == 'yes'", "customer.staff is true or false and 'yes' is text, which are never equal; compare it with true or false"),
        ("segment.vip == 1", "segment.vip is true or false and 1 is a number, which are never equal; compare it with true or false"),
        (
            "customer.plan > 3",
            "customer.plan is text and 3 is a number, which cannot be ordered by >; compare numbers, texts or moments",
        ),
        (
            "customer.last_order < 90",
            "customer.last_order is a moment and 90 is a number, which cannot be ordered by <; compare numbers, texts or moments",
        ),
        (
            "now - customer.last_order > '90 days'",
            "what is worked out is a number and '90 days' is text, which cannot be ordered by >; compare numbers, texts or moments",
        ),
        (
            "customer.cards >= 2",
            "customer.cards is a list and 2 is a number, which cannot be ordered by >=; compare numbers, texts or moments",
        ),
        ("customer.plan + 1 == 2", "customer.plan is text and 1 is a number; + cannot work on both"),
        ("customer.plan * 2 == 2", "customer.plan is text and 2 is a number; * cannot work on both"),
        ("event.gift + 1 > 2", "event.gift is true or false, and + works on numbers, texts and moments"),
        ("customer.misc or (not customer.orders == 'one')", "customer.orders is a number and 'one' is text, which are never equal; compare it with a number"),
    ],
)  # fmt: skip
def test_what_can_never_be_is_told(where: str, problem: str) -> None:
    """The place, the two values and what they are, and the way out."""
    assert found(where) == [f'"{where}": {problem}']


@pytest.mark.parametrize(
    "where",
    [
        "customer.misc == 'ten' or customer.misc > 3 or customer.misc in customer.misc",
        "customer.age in [1, 2] and customer.plan in ['a'] and 'visa' in customer.cards",
        "customer.born <= now - days(90) and customer.born > '2000-01-01' and customer.born == '2000-01-01'",
        "now - customer.last_order >= days(30) and event.at + hours(2) < now",
        "customer.store == 'Ulm' and event.note == 3 and contains(customer.plan, 'gold') and event.gift",
        "len(customer.cards) > 2 and (customer.age or 0) + 1 > 3 and customer.plan + '!' == 'gold!'",
        "(customer.plan if customer.staff else 5) == 5 and max(customer.age, 3) > 2",
        "weekday(now, 'UTC') in ['monday'] and signal.id == event.store and 1 < customer.age < 9",
    ],
)
def test_what_may_be_is_left_alone(where: str) -> None:
    """What is declared as anything, or comes out of a choice, is nobody's business before it is known."""
    assert found(where) == []
    assert found(where.replace("customer.age", "customer.other"), Catalog(segments=CATALOG.segments)) == []


def test_it_is_looked_for_everywhere() -> None:
    """Segments, facts, policies, settings, parameters and branches of a catalog and of its journeys."""
    catalog = Catalog(
        events=CATALOG.events,
        traits=CATALOG.traits,
        facts={"dear": "count of Order Completed where event.total > 'much'"},
        segments={"old": "customer.age > 'ninety'"},
        policies="none while customer.staff > 3 as staff",
    )
    steps = [
        Step(
            "in",
            stage="purchase",
            do=Do("email", n="{customer.plan - 1}"),
            then=[Transition("out", on=On(where="customer.age in 7")), "out"],
        ),
        Step("out", set={"data.n": "customer.staff + 1"}),
    ]
    places = [problem.split('"')[0] for problem in check([catalog, Journey("thanks", entry="Order Completed", steps=steps)])]

    assert places == [
        "catalog: segments.old: ",
        "catalog: facts.dear: ",
        "catalog: policies[0]: ",
        "thanks: steps[0].then[0].where: ",
        "thanks: steps[1].set.data.n: ",
        "thanks: steps[0].do[0].n: ",
    ]


def test_declaring_an_object_declares_nothing_else() -> None:
    """A shop that says only which of its events are about objects has not listed its events; one that lists another has."""
    told = Transition("in", on=On("Back In Stock", key="sku"))
    steps = [Step("in", stage="purchase", wait="1 day", when=[told])]
    journey = Journey("alert", key="sku", entry="Alert Asked", exits="Order Completed", steps=steps)
    facts = {"orders": "count of Order Completed"}

    assert check([Catalog(events={"Back In Stock": {"sku": "object"}}, facts=facts), journey]) == ()
    assert check([Catalog(events={"Back In Stock": {"sku": "object"}, "Alert Asked": {"sku": "text"}}, facts=facts), journey]) == (
        'catalog: facts.orders: no event "Order Completed"; there are Back In Stock, Alert Asked',
        'alert: exits[0].event: no event "Order Completed"; there are Back In Stock, Alert Asked',
    )
