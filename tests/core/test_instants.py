"""When a condition changes by time alone, against looking at every moment."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeykit.core.expressions.context import Context, Declared, Resolver
from journeykit.core.expressions.expressions import compile_condition
from journeykit.core.facts.facts import FactTable
from journeykit.core.facts.instants import compile_turns
from journeykit.core.facts.segments import SegmentTable
from journeykit.errors import ConditionError, DefinitionError
from journeykit.model.conditions import Expression
from journeykit.model.customer import Catalog
from journeykit.model.messages import moment
from journeykit.model.records import Facts

BEGIN = 1_790_000_000_000_000
SECOND = 1_000_000

MOMENTS = ("customer.a", "customer.b", "customer.nothing", "now", "now - 3", "now + minutes(0.05)", "customer.a + 2")
SPANS = ("(now - customer.a)", "(customer.b - now)", "abs(now - customer.b)", "min(now - customer.a, 4)", "(now - customer.b) * 2",
         "(now - customer.a if now > customer.b else 2)", "-(now - customer.a) / 4", "max(now - customer.a, now - customer.b)")  # fmt: skip
OPERATORS = st.sampled_from(("<", "<=", ">", ">=", "==", "!="))


def conditions() -> st.SearchStrategy[str]:
    """Conditions in which now stands beside moments and lengths of time."""
    moments = st.tuples(st.sampled_from(MOMENTS), OPERATORS, st.sampled_from(MOMENTS)).map(" ".join)
    spans = st.tuples(st.sampled_from(SPANS), OPERATORS, st.sampled_from(("0", "2", "3.5", "hours(0.001)"))).map(" ".join)
    whole = moments | spans | st.just("customer.flag")
    return st.recursive(
        whole, lambda inner: st.tuples(inner, st.sampled_from((" and ", " or ")), inner).map("".join).map("not ({})".format)
    )


def value(test: Any, at: int, facts: Facts) -> Any:
    """What the condition says at a moment; nothing where it cannot be asked."""
    try:
        return test(Context("ann", facts, at))
    except ConditionError:
        return None


@given(conditions(), st.integers(0, 6 * SECOND), st.integers(-3, 8 * SECOND), st.booleans(), st.integers(0, 8 * SECOND))
def test_it_is_never_told_too_late(text: str, a: int, b: int, flag: bool, start: int) -> None:
    """From any moment on, the condition stays as it is until the instant that is told, and goes on from there likewise."""
    traits = {"a": moment(BEGIN + a).isoformat(), "b": moment(BEGIN + b).isoformat(), "flag": flag}
    resolve, facts = _moments(Resolver(Declared({}, {}))), Facts(traits=traits)
    test = compile_condition(Expression(text), resolve)
    turns = compile_turns(Expression(text), resolve, lambda path: None)
    marks = [BEGIN + x + y * SECOND // 2 for x in (0, a, b, (a + b) // 2) for y in range(-8, 12)]
    looks = sorted({BEGIN + start} | {at + step for at in marks for step in (-2, -1, 0, 1, 2) if at + step > BEGIN + start})
    told = None
    for before, at in pairwise(looks):
        told = None if turns is None else turns(Context("ann", facts, before))
        assert told is None or told > before
        if value(test, at, facts) != value(test, before, facts):
            assert told is not None
            assert told <= at


def _moments(resolve: Resolver) -> Any:
    """Traits that are moments, as a fact would give them."""

    def getter(path: Any) -> Any:
        get = resolve(path)
        if path[-1] not in ("a", "b"):
            return get

        def read(context: Context) -> Any:
            return datetime.fromisoformat(get(context))

        return read

    return getter


def test_it_is_told_exactly_where_that_is_simple() -> None:
    """Ninety days after, to the microsecond; for "more than" the microsecond behind it."""
    ordered, now = BEGIN + 7, BEGIN + 5 * SECOND
    days = 90 * 86_400 * SECOND
    for text, told in {
        "customer.last_order <= now - days(90)": ordered + days,
        "now - customer.last_order >= days(90)": ordered + days,
        "now - customer.last_order > days(90)": ordered + days + 1,
        "now < customer.last_order + days(90)": ordered + days,
        "days(1) < now - customer.last_order < days(90)": ordered + days // 90 + 1,
        "now - customer.last_order < 1": None,
        "customer.orders > 3": None,
    }.items():
        table = SegmentTable(catalog := Catalog(facts={"last_order": "last of Order"}, segments={"it": text}), FactTable(catalog))
        context = Context("ann", Facts(values={"last_order": [ordered, None]}), now)
        turns = table._turns["it"]
        assert (turns(context) if turns else None) == told, text


def test_what_empties_is_told_too() -> None:
    """The oldest entry of a window, the end of a month, and what is built on them."""
    catalog = Catalog(
        facts={"lately": "count of Order in 10 days", "month": "count of Order this month"},
        segments={"busy": "customer.lately > 2", "both": "segment.busy and customer.month > 0"},
    )
    facts = FactTable(catalog)
    table = SegmentTable(catalog, facts)
    values = {facts.keys[name]: window.add(None, None, BEGIN, BEGIN, "UTC") for name, window in facts.windows.items()}
    context = Context("ann", Facts(values=values), BEGIN)

    assert table._turns["busy"](context) == BEGIN + 10 * 86_400 * SECOND
    assert moment(values[facts.keys["month"]][1]).isoformat() == "2026-10-01T00:00:00+00:00"
    assert table._turns["both"](context) == values[facts.keys["month"]][1]


@pytest.mark.parametrize("text", ["len(now) > 3", "now in [customer.a]", "customer.a in [now]", "customer.a not in [3, now]", "contains(customer.list, now)", "(now - customer.a) % 7 == 0",
                                  "customer.a * (now - customer.b) > 3", "1 / (now - customer.a) > 2", "(now - customer.a) / 0 > 1"])  # fmt: skip
def test_a_now_that_nobody_can_foresee_is_refused(text: str) -> None:
    """Where now stands in a place that moves by leaps."""
    with pytest.raises(DefinitionError, match="nobody can say when this changes"):
        compile_turns(Expression(text), Resolver(Declared({}, {})), lambda path: None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("now == customer.a", [10.0, 10.000001]),
        ("now != customer.a", [10.0, 10.000001]),
        ("now >= customer.a", [10.0]),
        ("now < customer.a", [10.0]),
        ("now > customer.a", [10.000001]),
        ("now <= customer.a", [10.000001]),
        ("customer.a > now", [10.0]),
        ("customer.a >= now", [10.000001]),
        ("customer.a <= now", [10.0]),
        ("customer.a < now", [10.000001]),
        ("customer.a == now", [10.0, 10.000001]),
        ("now - customer.a > 5", [15.000001]),
        ("now - customer.a >= 5", [15.0]),
        ("(now - customer.a) * 2 >= 5", [12.499999, 12.5, 12.500001]),
        ("2 * (now - customer.a) >= 5", [12.499999, 12.5, 12.500001]),
        ("-(now - customer.a) <= -5", [15.0]),
        ("-(now - customer.a) < 5", [5.000001]),
        ("now + minutes(1) > customer.b", []),
        ("now - minutes(1) > customer.b", [80.000001]),
        ("now + hours(1) >= customer.b + hours(1)", [20.0]),
        ("minutes(now - customer.a) >= 300", [14.999999, 15.0, 15.000001]),
        ("hours(now-customer.a) >= 18000", [14.999999, 15.0, 15.000001]),
        ("days(now - customer.a) >= 432000", [14.999999, 15.0, 15.000001]),
        ("min(now - customer.a, now - customer.b) > 0", [10.000001, 20.000001]),
        ("max(now - customer.a, now - customer.b) >= 0", [10.0, 20.0]),
        ("max([now - customer.a, now - customer.b]) >= 0", [10.0, 20.0]),
        ("abs(now - customer.a) < 3", [7.000001, 13.0]),
        ("abs(now - customer.a) <= 3", [7.0, 13.000001]),
        ("(now - customer.a if customer.flag else 3) >= 5", [15.0]),
        ("(1 if now > customer.a else 3) >= 5", [10.000001]),
        ("(now > customer.a) == customer.flag", [10.000001]),
        ("(customer.none or now) >= customer.a", [10.0]),
        ("(now and customer.b) >= now", [20.000001]),
        ("customer.a < now < customer.b", [10.000001, 20.0]),
        ("customer.a <= now <= customer.b", [10.0, 20.000001]),
        ("not now > customer.a", [10.000001]),
        ("now > customer.a and now > customer.b", [10.000001, 20.000001]),
        ("now > customer.a or customer.flag", [10.000001]),
        ("now - customer.a", [10.0, 10.000001]),
        ("customer.flag if now > customer.a else False", [10.000001]),
        ("now - customer.a >= customer.five", [15.0]),
        ("now - customer.a >= customer.half", [10.5]),
        ("now - customer.a >= customer.text", []),
        ("now - customer.a >= customer.none", []),
        ("now - customer.none > 5", []),
        ("now > customer.five", []),
        ("now - customer.a > now - customer.b", []),
        ("(now - customer.a) + (now - customer.b) >= 0", [14.999999, 15.0, 15.000001]),
        ("(now - customer.a) - (customer.b - now) >= 0", [14.999999, 15.0, 15.000001]),
        ("now >= '2026-09-21T14:13:25+00:00'", [5.0]),
        ("now - customer.a >= 2.5", [12.5]),
        ("now - customer.a > 2.5", [12.500001]),
        ("exists(customer.a) and now > customer.a", [10.000001]),
        ("now > customer.a - 3", [7.000001]),
        ("3 + customer.a < now", [13.000001]),
        ("(now - customer.a) / 2 >= 5", [19.999998, 19.999999, 20.0, 20.000001, 20.000002]),
        ("(now - customer.a) * -1 >= -5", [15.000001]),
        ("customer.b - now < 5", [15.000001]),
        ("customer.b - now <= 5", [15.0]),
        ("customer.b - now > 5", [15.0]),
        ("customer.b - now >= 5", [15.000001]),
        ("5 > customer.b - now", [15.000001]),
        ("customer.b - (now - 2) > 5", [17.0]),
        ("(now - customer.a) - (now - customer.b) > 0", []),
        ("(now - customer.a) + (customer.b - now) > 0", []),
        ("now - customer.a == 2.5", [12.5, 12.500001]),
        ("now - customer.a != 2", [12.0, 12.000001]),
        ("now - customer.a >= 2.0000004", [11.999999, 12.0, 12.000001, 12.000002]),
        ("now - customer.a > 2.0000004", [12.0, 12.000001, 12.000002, 12.000003]),
        ("now - customer.a >= 2.0000006", [11.999999, 12.0, 12.000001, 12.000002]),
        ("(now - customer.a) * 0.5 >= 1", [11.999998, 11.999999, 12.0, 12.000001, 12.000002]),
        ("(now - customer.a) * 0.3 >= 1.5", [14.999996, 14.999997, 14.999998, 14.999999, 15.0, 15.000001]),
        ("(now - customer.a) / 3 > 2", [15.999995, 15.999996, 15.999997, 15.999998, 15.999999, 16.0]),
        ("(now - customer.a) * 4 < 3", [10.749999, 10.75, 10.750001]),
        ("5 * (customer.b - now) > 10", [17.999999, 18.0, 18.000001]),
        ("(now - customer.a) * 2 == 5", [12.499999, 12.5, 12.500001, 12.500002]),
        ("customer.five <= now - customer.a", [15.0]),
        ("customer.five > now - customer.a", [15.0]),
        ("now - customer.a < customer.five <= now - customer.b", [15.0, 25.0]),
        ("max(now - customer.a, 3) > 2", [12.000001]),
        ("min(now - customer.a, 3) > 2", [12.000001]),
        ("abs(customer.b - now) < 3", [17.000001, 23.0]),
        ("-(customer.b - now) >= 2", [22.0]),
        ("(5 if customer.flag else now - customer.a) > 3", [13.000001]),
        ("(now - customer.a if now > customer.b else 3) >= 12", [20.000001, 22.0]),
        ("exists(customer.none) or now - customer.a > 3", [13.000001]),
        ("(now - customer.a >= 3) == (now - customer.b >= 3)", [13.0, 23.0]),
        ("minutes(0.1) < now - customer.a", [16.000001]),
        ("now - customer.a > True", []),
        ("now - customer.a > (now >= customer.b)", [20.0]),
        ("now - customer.a > (not now >= customer.b)", [20.0]),
        ("(now - customer.a) * 1 >= 5", [15.0]),
        ("(now - customer.a) / 1 >= 5", [15.0]),
        ("(now - customer.a) / -1 <= -5", [15.0]),
        ("now - customer.a >= 90000000000", [90000000010.0]),
        ("customer.b - customer.a >= now - customer.a", [20.000001]),
    ],
)
def test_every_instant_that_is_told(text: str, seconds: list[float]) -> None:
    """A happens after ten seconds, B after twenty: asked again at each instant that is told, these are all. Steeper ones are told early."""
    table = SegmentTable(catalog := Catalog(facts={"a": "last of A", "b": "last of B"}, segments={"it": text}), FactTable(catalog))
    values = {"a": [BEGIN + 10 * SECOND, None], "b": [BEGIN + 20 * SECOND, None]}
    facts = Facts(values=values, traits={"five": 5, "half": 0.5, "text": "x", "flag": True})
    turns, now, told = table._turns["it"], BEGIN, []
    while turns is not None and len(told) < 6 and (at := turns(Context("ann", facts, now))) is not None:
        told.append((at - BEGIN) / SECOND)
        now = at

    assert told == seconds
