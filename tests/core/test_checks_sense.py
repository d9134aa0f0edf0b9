"""Conditions that can never make sense, and right ones that are left alone."""

from __future__ import annotations

import pytest

from journeykit import Catalog, Do, Journey, On, Step, Transition, check
from journeykit.core.checks.sense import senseless
from journeykit.model.conditions import Expression

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
        ("weekday(now, 'UTC') == 'Monday'", 'weekday(...) gives "monday" to "sunday", and never "Monday"'),
        ("contains(weekday(now, 'UTC'), 's') and weekday(now, 'UTC') in ['sunday', 'sat']", 'weekday(...) gives "monday" to "sunday", and never "sat"'),
        ("'9:00' <= time(now, 'UTC')", 'time(...) gives hours and minutes of two digits each, such as "09:00", and never "9:00"'),
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
        "'00:00' <= time(now, customer.zone) < '24:00' and weekday(now, 'UTC') != customer.plan and time(now, 'UTC') == event.store",
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


NUMBER, TEXT, FLAG, MOMENT, LIST = "a number", "text", "true or false", "a moment", "a list"
ORDERS = Catalog(
    events={**CATALOG.events, "Visited": {"total": "text"}},
    traits=CATALOG.traits,
    facts={
        "number": "count of Order Completed", "spent": "sum of Order Completed.total", "mean": "mean of Order Completed.total",
        "stores": "distinct of Order Completed.store", "least": "min of Order Completed.total", "most": "max of Order Completed.total",
        "begun": "first of Order Completed", "seen": "last of Order Completed", "first_store": "first of Order Completed.store",
        "last_total": "last of Order Completed.total", "noted": "last of Order Completed.note",
        **{f"{kind}_unsaid": f"{kind} of Order Completed.unsaid" for kind in ("sum", "mean", "min", "max", "distinct", "first")},
    },
    segments={"vip": "customer.number >= 3"},
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("'a'", TEXT), ("5", NUMBER), ("2.5", NUMBER), ("True", FLAG), ("['a']", LIST),
        ("customer.age", NUMBER), ("customer.plan", TEXT), ("customer.born", MOMENT), ("customer.cards", LIST), ("customer.staff", FLAG),
        ("customer.misc", None), ("customer.never_said", None), ("consent.email", FLAG), ("segment.vip", FLAG), ("data.total", None),
        ("customer.id", TEXT), ("customer.zone", TEXT), ("customer.stage", TEXT), ("journey.key", TEXT), ("signal.name", TEXT),
        ("signal.id", TEXT), ("now", MOMENT), ("signal.occurred_at", MOMENT), ("step.entered_at", MOMENT), ("scope.entered_at", MOMENT),
        ("journey.entered_at", MOMENT), ("signal.old", None), ("arm.test", None),
        ("event.total", NUMBER), ("event.store", TEXT), ("event.lines", LIST), ("event.gift", FLAG), ("event.at", MOMENT),
        ("event.note", None), ("event.other", None), ("event.lines[0]", None), ("event.lines[0].sku", None),
        ("customer.number", NUMBER), ("customer.spent", NUMBER), ("customer.mean", NUMBER), ("customer.stores", NUMBER),
        ("customer.least", NUMBER), ("customer.most", NUMBER), ("customer.begun", MOMENT), ("customer.seen", MOMENT),
        ("customer.sum_unsaid", NUMBER), ("customer.mean_unsaid", NUMBER), ("customer.min_unsaid", NUMBER), ("customer.max_unsaid", NUMBER),
        ("customer.distinct_unsaid", NUMBER), ("customer.first_unsaid", None),
        ("customer.first_store", TEXT), ("customer.last_total", NUMBER), ("customer.noted", None), ("customer.cards[0]", None),
        ("len(customer.cards)", NUMBER), ("abs(customer.age)", NUMBER), ("round(customer.age, 1)", NUMBER), ("minutes(3)", NUMBER),
        ("hours(3)", NUMBER), ("days(3)", NUMBER), ("lower(customer.plan)", TEXT), ("upper(customer.plan)", TEXT),
        ("weekday(now, 'UTC')", TEXT), ("date(now, 'UTC')", TEXT), ("time(now, 'UTC')", TEXT), ("exists(customer.age)", FLAG),
        ("contains(customer.plan, 'a')", FLAG), ("active('cart')", FLAG), ("max(1, 2)", None), ("min(1, 2)", None),
        ("(1 < 2)", FLAG), ("(not customer.staff)", FLAG), ("(-customer.age)", NUMBER),
        ("(customer.staff and customer.age)", None), ("(customer.age or 3)", None), ("(1 if customer.staff else 2)", None),
        ("(customer.age + 1)", NUMBER), ("(customer.age * 2)", NUMBER), ("(customer.plan + '!')", TEXT), ("(customer.misc + 1)", None),
        ("(1 + customer.misc)", None), ("(now - customer.born)", NUMBER), ("(now - '2026-01-01')", NUMBER), ("('2026-12-24' - now)", NUMBER),
        ("(now + days(3))", MOMENT), ("(now - days(3))", MOMENT), ("(days(3) + now)", MOMENT), ("('a' - 'b')", None),
    ],
)  # fmt: skip
def test_what_kind_of_value_it_is(text: str, kind: str | None) -> None:
    """Beside a list, or a number, it is said what it is and what to compare it with; of what nobody can know nothing is said."""
    other, named = ("5", NUMBER) if kind == LIST else ("customer.cards", LIST)
    told = [*senseless(Expression(f"{text} == {other}"), ORDERS, "Order Completed")]
    stands = text if text[0] != "(" and text[0] != "[" else "what is worked out"
    if "(" in text and text[0] != "(":
        stands = f"{text.partition('(')[0]}(...)"

    assert told == ([] if kind is None else [f'"{text} == {other}": {stands} is {kind} and {other} is {named}, which are never equal; compare it with {kind}'])  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("customer.age in ['1', 2]", ""),
        ("customer.age in ['1', customer.misc]", ""),
        ("customer.age in []", ""),
        ("customer.misc in ['1', '2']", ""),
        ("customer.born in ['2026-01-01']", ""),
        ("customer.plan in [now]", ""),
        ("customer.born in [5, '2026-01-01']", "customer.born is a moment, and the list holds none; name a moment in it"),
        ("customer.born in [5]", "customer.born is a moment, and the list holds none; name a moment in it"),
        ("customer.plan not in [1, True]", "customer.plan is text, and the list holds none; name text in it"),
        ("customer.staff in ['a', 1]", "customer.staff is true or false, and the list holds none; name true or false in it"),
        ("customer.cards in [1]", "customer.cards is a list, and the list holds none; name a list in it"),
        ("customer.misc in customer.plan", ""),
        ("customer.age not in customer.plan", "customer.age is a number and customer.plan is text, and a text holds texts only; name a list"),
        ("now in customer.plan", "now is a moment and customer.plan is text, and a text holds texts only; name a list"),
        ("1 in customer.born", 'customer.born is a moment and holds nothing; name a list, such as ["a", "b"], or a text'),
        ("1 in (2 + 3)", 'what is worked out is a number and holds nothing; name a list, such as ["a", "b"], or a text'),
        ("1 in len('a')", 'len(...) is a number and holds nothing; name a list, such as ["a", "b"], or a text'),
        ("contains(['a'], 5)", "5 is a number, and the list holds none; name a number in it"),
        ("contains(customer.plan, 5)", "5 is a number and customer.plan is text, and a text holds texts only; name a list"),
    ],
)  # fmt: skip
def test_what_is_looked_for_in_what(text: str, told: str) -> None:
    """A list of values that are all known to be something else holds none; a text may stand for a moment."""
    assert [*senseless(Expression(text), ORDERS, "Order Completed")] == ([f'"{text}": {told}'] if told else [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1 + 'a'", ["1 is a number and 'a' is text; + cannot work on both"]),
        ("'a' - 1", ["'a' is text and 1 is a number; - cannot work on both"]),
        ("'a' * 'b'", ["'a' is text and 'b' is text; * cannot work on both"]),
        ("'a' % 'b'", ["'a' is text and 'b' is text; % cannot work on both"]),
        ("'a' + 'b'", []),
        ("'a' - 'b'", []),
        ("customer.misc * 'b'", []),
        ("True + 1", ["True is true or false, and + works on numbers, texts and moments"]),
        ("customer.cards / 2", ["customer.cards is a list, and / works on numbers, texts and moments"]),
        ("2 * ['a']", ["what is worked out is a list, and * works on numbers, texts and moments"]),
        (
            "customer.cards + customer.staff",
            [
                "customer.cards is a list, and + works on numbers, texts and moments",
                "customer.staff is true or false, and + works on numbers, texts and moments",
            ],
        ),
        ("1 + len('a' + 1)", ["'a' is text and 1 is a number; + cannot work on both"]),
        ("lower('a' if 1 + 'b' else 'c')", ["1 is a number and 'b' is text; + cannot work on both"]),
        ("[1 + 'b']", ["1 is a number and 'b' is text; + cannot work on both"]),
        ("-(1 + 'b')", ["1 is a number and 'b' is text; + cannot work on both"]),
        ("1 + 'a' < 3 < 2 + 'b'", ["1 is a number and 'a' is text; + cannot work on both", "2 is a number and 'b' is text; + cannot work on both"]),
    ],
)  # fmt: skip
def test_what_cannot_be_worked_out(text: str, told: list[str]) -> None:
    """Wherever it stands; the same thing is said once."""
    assert [*senseless(Expression(text), ORDERS, "Order Completed")] == [f'"{text}": {one}' for one in told]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1 < 'a'", ["1 is a number and 'a' is text, which cannot be ordered by <"]),
        ("1 <= now", ["1 is a number and now is a moment, which cannot be ordered by <="]),
        ("True >= False", ["True is true or false and False is true or false, which cannot be ordered by >="]),
        ("True == False", []),
        ("'a' < 'b'", []),
        ("now < 'b'", []),
        ("'b' > now", []),
        ("now <= customer.born", []),
        ("1 < 2 < 'a'", ["2 is a number and 'a' is text, which cannot be ordered by <"]),
        ("1 < customer.misc < 'a'", []),
    ],
)
def test_what_cannot_be_ordered(text: str, told: list[str]) -> None:
    """Numbers, texts and moments among themselves can be, and a text that stands for a moment; each pair of a chain is looked at."""
    assert [*senseless(Expression(text), ORDERS, "Order Completed")] == [
        f'"{text}": {one}; compare numbers, texts or moments' for one in told
    ]


def test_a_property_is_what_its_own_event_says() -> None:
    """A total is money in an order and a text in a visit; where nobody knows which event comes it may be anything."""
    total = Expression("event.total == 'much'")

    assert [*senseless(total, ORDERS, "Order Completed")] == [
        "\"event.total == 'much'\": event.total is a number and 'much' is text, which are never equal; compare it with a number"
    ]
    for event in ("Visited", "Other", None):
        assert [*senseless(total, ORDERS, event)] == []
