"""What expressions and templates give, with every expected value written out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit.core.expressions.expressions import MISSING, compile_condition, compile_expression, plain
from journeykit.core.expressions.parameters import compile_template
from journeykit.core.expressions.values import kind
from journeykit.errors import ConditionError, DefinitionError
from journeykit.model.conditions import Expression

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEEN = {
    "event": {"total": 12_000, "rate": 2.5, "plan": "gold", "vip": True, "tags": ["sale", "new"], "address": {"city": "Bonn"}, "zero": 0},
    "customer": {"plan": None, "name": "Ada", "born": "1990-05-17", "note": "", "huge": 10**30, "inf": float("inf"), "nan": float("nan")},
    "data": {
        "at": "2026-03-01T11:30:00+00:00",
        "offset": "2026-03-01T13:00:00+02:00",
        "day": "2026-03-01",
        "none": [],
        "mixed": [1, None],
        "lines": [{"product": "P1", "price": 20}, {"product": "P2", "price": 50}, {"product": "P3", "price": 50}, {"product": "P4"}],
    },
    "step": {"entered_at": NOON - timedelta(minutes=90)},
    "journey": {"entered_at": NOON - timedelta(seconds=0.5), "key": "cart-1"},
}


def resolve(path):
    """Getters over a mapping of mappings; some give None for what is not there, as a careless host might."""
    if path == ("now",):
        return lambda seen: NOON
    root, name, *rest = path
    if root == "consent":
        raise DefinitionError("no consent here")

    def get(seen):
        value = seen.get(root, {}).get(name, MISSING)
        for part in rest:
            value = value.get(part) if isinstance(value, dict) else MISSING
        return value

    return get


def value(text: str) -> object:
    """What *text* gives."""
    return compile_expression(Expression(text), resolve)(SEEN)


def holds(text: str) -> bool:
    """Whether *text* holds; the same must come out as a value."""
    answer = compile_condition(Expression(text), resolve)(SEEN)
    assert bool(value(text)) is answer
    return answer


def error(text: str) -> str:
    """The words of the `ConditionError`, as a value and as a test."""
    with pytest.raises(ConditionError) as caught:
        value(text)
    with pytest.raises(ConditionError):
        compile_condition(Expression(text), resolve)(SEEN)
    return str(caught.value)


def same(left: object, right: object) -> bool:
    """Equal and of one type."""
    return left == right and type(left) is type(right)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("event.total", 12_000),
        ("event.address.city", "Bonn"),
        ("event['address']['city']", "Bonn"),
        ("event.total + 1", 12_001),
        ("event.total - 500 * 2", 11_000),
        ("(event.total - 500) * 2", 23_000),
        ("event.total / 1000", 12.0),
        ("event.total // 7", 1_714),
        ("event.total % 7", 2),
        ("-7 // 2", -4),
        ("-7 % 3", 2),
        ("-event.total", -12_000),
        ("event.rate * 2", 5.0),
        ("1 - 2 - 3", -4),
        ("2 + 3 * 4 - 1", 13),
        ("'Dear ' + customer.name", "Dear Ada"),
        ("len(event.tags)", 2),
        ("len(customer.name)", 3),
        ("len(event.address)", 1),
        ("lower('ÄB')", "äb"),
        ("upper(customer.name)", "ADA"),
        ("min(event.total, 10, 20)", 10),
        ("max(event.total, 10)", 12_000),
        ("min('b', 'a')", "a"),
        ("max(event.tags)", "sale"),
        ("min(3, 3.0)", 3),
        ("max(now, step.entered_at)", NOON),
        ("abs(-3)", 3),
        ("round(2.5)", 2),
        ("round(3.5)", 4),
        ("round(2.345, 1)", 2.3),
        ("minutes(3)", 180),
        ("hours(1.5)", 5_400.0),
        ("days(2)", 172_800),
        ("[1, 'a', True]", [1, "a", True]),
        ("[event.total, customer.plan]", [12_000, None]),
        ("'a' if event.vip else 'b'", "a"),
        ("'a' if event.zero else 'b'", "b"),
        ("'a' if customer.plan else 'b'", "b"),
        ("'a' if event.total > 5 else 1 / 0", "a"),
        ("event.total > 5", True),
        ("not event.vip", False),
    ],
)
def test_values_come_out_as_written_by_hand(text, expected):
    """Arithmetic, functions and choices give what Python gives, with the same precedence and types."""
    assert same(value(text), expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("customer.plan or 'none'", "none"),
        ("customer.unknown or customer.plan or 'last'", "last"),
        ("event.zero or 5", 5),
        ("customer.note or 'empty'", "empty"),
        ("customer.name or 'none'", "Ada"),
        ("upper(customer.plan) or 'none'", "none"),
        ("lower(customer.name) or 'none'", "ada"),
        ("event.vip and 'yes'", "yes"),
        ("event.zero and 1 / 0", 0),
        ("customer.name or 1 / 0", "Ada"),
        ("event.vip and customer.name and 7", 7),
    ],
)
def test_and_and_or_give_the_value_that_decided(text, expected):
    """A missing value gives way; what is not needed is not computed."""
    assert same(value(text), expected)


@pytest.mark.parametrize(
    "text",
    [
        "customer.plan",
        "customer.unknown",
        "event.address.street",
        "event.plan.deeper",
        "None",
        "customer.plan and 3",
        "1 if event.zero else None",
    ],
)
def test_none_and_what_is_not_there_are_both_missing(text):
    """The caller never sees None."""
    assert value(text) is MISSING
    assert holds(text) is False


def test_missing_is_false_and_says_so():
    """The sentinel is falsy, and readable in an error."""
    assert not MISSING
    assert repr(MISSING) == "missing"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("customer.plan == 'gold'", False),
        ("customer.plan != 'gold'", True),
        ("customer.plan < 3", False),
        ("customer.plan <= 3", False),
        ("customer.plan > 3", False),
        ("customer.plan >= 3", False),
        ("3 > customer.plan", False),
        ("customer.plan < 'x'", False),
        ("customer.plan == customer.unknown", False),
        ("customer.plan != customer.unknown", True),
        ("customer.plan in ['gold']", False),
        ("customer.plan in (1, 2)", False),
        ("customer.plan not in ['gold']", True),
        ("customer.plan not in (1, 2)", True),
        ("'a' in customer.plan", False),
        ("'a' not in customer.plan", True),
        ("contains(customer.plan, 'a')", False),
        ("contains(event.tags, customer.plan)", False),
        ("customer.plan in data.mixed", False),
        ("exists(customer.plan)", False),
        ("exists(customer.name)", True),
        ("exists(customer.note)", True),
        ("exists(event.zero)", True),
        ("exists(event.address.street)", False),
        ("not customer.plan", True),
        ("not exists(customer.plan)", True),
        ("1 < customer.plan < 3", False),
        ("now > customer.plan", False),
        ("now == customer.plan", False),
    ],
)
def test_missing_is_not_misuse(text, expected):
    """Compared with == < > in contains it is false, with != and not in true; exists asks (P15)."""
    assert holds(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("event.total == 12000", True),
        ("event.total == 12000.0", True),
        ("event.rate == 2.5", True),
        ("event.total == '12000'", False),
        ("event.total != '12000'", True),
        ("event.vip == True", True),
        ("event.vip == 1", False),
        ("event.vip != 1", True),
        ("event.zero == False", False),
        ("1 == True", False),
        ("event.plan == 'gold'", True),
        ("event.plan != 'gold'", False),
        ("'gold' == event.plan", True),
        ("event.tags == ['sale', 'new']", True),
        ("event.tags == 'sale'", False),
        ("event.address == event.address", True),
        ("customer.nan == customer.nan", False),
        ("event.total > 11999 and event.plan == 'gold'", True),
        ("event.total >= 12000", True),
        ("event.total > 12000", False),
        ("event.total <= 12000", True),
        ("event.total < 12000", False),
        ("event.rate < 3", True),
        ("2 < event.rate", True),
        ("event.plan < 'silver'", True),
        ("1 < event.rate < 3", True),
        ("1 < event.rate < 2", False),
        ("3 < event.rate < 1 / 0", False),
        ("1 == 1.0 == event.rate - 1.5", True),
        ("event.plan in ('gold', 'silver')", True),
        ("event.plan in ('silver', 'bronze')", False),
        ("event.plan not in ('silver', 'bronze')", True),
        ("event.total in ('gold', 'silver')", False),
        ("event.total in (1, 12000)", True),
        ("event.vip in (1, 2)", False),
        ("'sale' in event.tags", True),
        ("contains(event.tags, 'sale')", True),
        ("contains(event.tags, 'sal')", False),
        ("'city' in event.address", True),
        ("3 in event.address", False),
        ("'ol' in event.plan", True),
        ("contains(event.plan, 'x')", False),
        ("event.zero or event.vip", True),
        ("event.zero or customer.plan or customer.note", False),
        ("event.vip and event.zero", False),
        ("event.vip and event.total and event.plan", True),
        ("event.vip and event.total and event.plan and event.zero", False),
        ("event.zero or customer.plan or customer.note or event.plan", True),
        ("not event.vip or event.plan == 'gold'", True),
        ("not (event.vip or event.plan == 'gold')", False),
        ("event.vip or event.zero and event.zero", True),
        ("data.none", False),
        ("event.tags", True),
        ("[]", False),
        ("now", True),
        ("customer.inf > 5", True),
        ("customer.huge > 5", True),
    ],
)
def test_comparisons_and_logic(text, expected):
    """Kinds do not mix, whole numbers and decimals do; a test gives exactly True or False."""
    assert holds(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now - step.entered_at", 5_400),
        ("now - journey.entered_at", 0.5),
        ("step.entered_at - now", -5_400),
        ("now - data.at", 1_800),
        ("data.at - now", -1_800),
        ("now + 90", datetime(2026, 3, 1, 12, 1, 30, tzinfo=UTC)),
        ("90 + now", datetime(2026, 3, 1, 12, 1, 30, tzinfo=UTC)),
        ("now - days(1.5)", datetime(2026, 2, 28, 0, tzinfo=UTC)),
        ("now - step.entered_at > hours(1)", True),
        ("now - step.entered_at > hours(2)", False),
        ("data.at < now", True),
        ("now < data.at", False),
        ("data.offset < now", True),
        ("data.day < now", True),
        ("now > '2026-03-01'", True),
        ("now >= '2026-03-01T12:00:00'", True),
        ("now == '2026-03-01T13:00:00+01:00'", True),
        ("'2026-03-01 12:00' == now", True),
        ("now != '2026-03-02'", True),
        ("'2026-02-01' < now < '2026-04-01'", True),
        ("now in ['2026-03-01T12:00Z']", True),
        ("now == 5", False),
        ("now == event.tags", False),
    ],
)
def test_moments(text, expected):
    """Moments differ by seconds, move by seconds, and compare with ISO 8601 text; without an offset that is UTC."""
    assert same(value(text), expected)


def test_a_naive_moment_of_a_host_is_utc():
    """A datetime without a zone, or in another zone, is read as what it means."""
    test = compile_condition(Expression("data.x == now"), resolve)

    assert test({"data": {"x": datetime(2026, 3, 1, 12)}})
    assert test({"data": {"x": datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=2)))}})
    assert not test({"data": {"x": datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))}})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("customer.plan + 1", "a missing value and 1 (number): no numbers to take + of"),
        ("-customer.plan", "a missing value: no number"),
        ("len(customer.plan)", "a missing value: has no length"),
        ("upper(event.total)", "12000 (number): no text"),
        ("min(customer.plan, 3)", "a missing value: cannot be ordered"),
        ("min(data.none)", "[] (list): nothing to choose from"),
        ("max(data.mixed)", "a missing value: cannot be ordered"),
        ("max(1, True)", "True (flag): cannot be ordered"),
        ("max(1, 'a')", "'a' (text) and 1 (number): cannot be ordered by >"),
        ("round(customer.plan)", "a missing value: no number"),
        ("round(1.5, -1)", "-1 (number): round takes 0 to 15 digits"),
        ("round(1.5, 99999999)", "99999999 (number): round takes 0 to 15 digits"),
        ("days(customer.plan)", "a missing value: no number"),
        ("abs('x')", "'x' (text): no number"),
        ("event.plan > 3", "'gold' (text) and 3 (number): cannot be ordered by >"),
        ("event.plan >= 3", "'gold' (text) and 3 (number): cannot be ordered by >="),
        ("event.plan < 3", "'gold' (text) and 3 (number): cannot be ordered by <"),
        ("event.plan <= 3", "'gold' (text) and 3 (number): cannot be ordered by <="),
        ("event.vip < 3", "True (flag) and 3 (number): cannot be ordered by <"),
        ("event.tags < event.tags", "['sale', 'new'] (list) and ['sale', 'new'] (list): cannot be ordered by <"),
        ("event.vip + 1", "True (flag) and 1 (number): no numbers to take + of"),
        ("'a' * 3", "'a' (text) and 3 (number): no numbers to take * of"),
        ("3 * 'a'", "3 (number) and 'a' (text): no numbers to take * of"),
        ("event.tags * 3", "['sale', 'new'] (list) and 3 (number): no numbers to take * of"),
        ("[1] + [2]", "[1] (list) and [2] (list): no numbers to take + of"),
        ("'%s' % 3", "'%s' (text) and 3 (number): no numbers to take % of"),
        ("'a' - 'b'", "'a' (text) and 'b' (text): no numbers to take - of"),
        ("event.plan + 1", "'gold' (text) and 1 (number): no numbers to take + of"),
        ("1 / event.zero", "1 (number) and 0 (number): division by zero"),
        ("1 // 0", "1 (number) and 0 (number): division by zero"),
        ("1.5 % 0", "1.5 (number) and 0 (number): division by zero"),
        ("1e308 * 10", "inf (number): too large; numbers stay below 2**63"),
        ("9000000000000000000 * 2", "18000000000000000000 (number): too large; numbers stay below 2**63"),
        ("customer.huge + 1.5", "1000000000000000000000000000000 (number): too large; numbers stay below 2**63"),
        ("customer.inf - 1", "inf (number): too large; numbers stay below 2**63"),
        ("round(customer.nan)", "nan (number): too large; numbers stay below 2**63"),
        ("'gold' in event.total", "12000 (number) and 'gold' (text): the first holds nothing"),
        ("3 in event.plan", "'gold' (text) and 3 (number): the first can hold only a part of its own kind"),
        ("now > 'soon'", "'soon' (text): no moment; moments are written 2026-11-28 or 2026-11-28T09:00:00+00:00"),
        ("now == 'soon'", "'soon' (text): no moment; moments are written 2026-11-28 or 2026-11-28T09:00:00+00:00"),
        ("now > 5", "2026-03-01T12:00:00+00:00 (moment) and 5 (number): cannot be ordered by >"),
        ("now + now", "2026-03-01T12:00:00+00:00 (moment) and 2026-03-01T12:00:00+00:00 (moment): cannot be taken together by +"),
        ("5 - now", "5 (number) and 2026-03-01T12:00:00+00:00 (moment): cannot be taken together by -"),
        ("now * 2", "2026-03-01T12:00:00+00:00 (moment) and 2 (number): no numbers to take * of"),
        ("now + days(9000000)", "2026-03-01T12:00:00+00:00 (moment) and 777600000000 (number): beyond the years 1 to 9999"),
        ("now + 1e18", "2026-03-01T12:00:00+00:00 (moment) and 1e+18 (number): beyond the years 1 to 9999"),
    ],
)
def test_wrong_types_are_an_error_that_names_the_values(text, words):
    """A `ConditionError` gives the expression, the values with their kinds, and what cannot be done."""
    assert error(text) == f'"{text}": {words}'


def test_values_beyond_measure_are_still_only_an_error():
    """Numbers too long to print, and lists within themselves, come back as `ConditionError`, shortened."""
    endless: list[object] = []
    endless.append(endless)
    other: list[object] = []
    other.append(other)
    seen = {"data": {"x": 10**6_000, "y": "a" * 500, "z": endless, "w": other}}

    for text, words in {
        "data.x + 1": '"data.x + 1": ... (number): too large; numbers stay below 2**63',
        "data.y - 1": f'"data.y - 1": \'{"a" * 56}... (text) and 1 (number): no numbers to take - of',
        "data.z == data.w": '"data.z == data.w": [[...]] (list) and [[...]] (list): too deeply nested to be compared',
    }.items():
        with pytest.raises(ConditionError) as caught:
            compile_expression(Expression(text), resolve)(seen)
        assert str(caught.value) == words


def test_an_unknown_path_is_refused_when_compiled():
    """What the resolver refuses is refused before any customer is met."""
    for compiled in (compile_condition, compile_expression):
        with pytest.raises(DefinitionError, match="no consent here"):
            compiled(Expression("event.total > 5 or consent.email"), resolve)


def test_an_error_of_the_getter_is_not_hidden():
    """A mistake in a getter is a mistake of this library, and comes through as what it is."""

    def broken(path):
        return lambda seen: seen["nowhere"]

    with pytest.raises(KeyError):
        compile_condition(Expression("event.total + 1 > 5"), broken)({})


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just("2026-03-01"), st.just(NOON)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=4,
)
SHAPES = (
    "a == b", "a != b", "a < b", "a <= b", "a > b", "a >= b", "a in b", "a not in b", "contains(a, b)", "a + b", "a - b", "a * b", "a / b",
    "a // b", "a % b", "-a", "len(a)", "lower(a)", "upper(a)", "min(a, b)", "max(a)", "abs(a)", "round(a)", "round(a, b)", "days(a)",
    "a and b", "a or b", "not a", "a if b else 1", "a < b < now", "a == 'x'", "a != 'x'", "a == 1", "a != True", "a > 1.5", "a <= 1",
    "a in ('x', 'y')", "a not in ('x', 'y')", "exists(a)", "[a, b]", "now - a", "now + a", "a + now", "now < a",
)  # fmt: skip


@settings(max_examples=300)
@given(st.sampled_from(SHAPES), JSON, JSON)
def test_any_expression_on_any_value_gives_a_value_or_a_condition_error(shape, a, b):
    """Nothing but `ConditionError` ever comes out, and the test agrees with the value."""
    text = re.sub(r"\b([ab])\b", r"event.\1", shape)
    seen = {"event": {"a": a, "b": b}}
    try:
        found = compile_expression(Expression(text), resolve)(seen)
    except ConditionError:
        with pytest.raises(ConditionError):
            compile_condition(Expression(text), resolve)(seen)
    else:
        assert found is not None
        assert compile_condition(Expression(text), resolve)(seen) is bool(found)


@settings(max_examples=200)
@given(
    st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "not in"]), JSON, st.sampled_from(["'x'", "1", "1.5", "True", "('x', 'y')"])
)
def test_the_fast_shapes_agree_with_the_long_way(operator, a, constant):
    """A path beside a constant gives what the same comparison gives with the path computed."""
    seen = {"event": {"a": a}}
    answers = []
    for text in (f"event.a {operator} {constant}", f"(event.a or event.a) {operator} {constant}"):
        try:
            answers.append(compile_condition(Expression(text), resolve)(seen))
        except ConditionError:
            answers.append("error")

    assert answers[0] == answers[1]


# templates


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("hello", "hello"),
        ("{event.total}", 12_000),
        ("{event.tags}", ["sale", "new"]),
        ("{event.vip}", True),
        ("{customer.plan}", None),
        ("{now}", "2026-03-01T12:00:00+00:00"),
        ("{[now, customer.plan]}", ["2026-03-01T12:00:00+00:00", None]),
        (" {event.total}", " 12000"),
        ("Dear {customer.name or 'friend'}!", "Dear Ada!"),
        ("Dear {customer.plan or 'friend'}!", "Dear friend!"),
        ("Dear {customer.plan}!", "Dear !"),
        ("{event.total / 100} at {event.rate}", "120.0 at 2.5"),
        ("{event.vip} {event.zero == 1}", "true false"),
        ("since {step.entered_at}", "since 2026-03-01T10:30:00+00:00"),
        ("{{event.total}}", "{event.total}"),
        ("{{{event.total}}}", "{12000}"),
        (5, 5),
        (None, None),
        ({"a": ["{event.total}", {"b": "x {event.plan}"}], "c": 1}, {"a": [12_000, {"b": "x gold"}], "c": 1}),
        ((1, "{event.plan}"), [1, "gold"]),
    ],
)
def test_templates(template, expected):
    """One expression alone keeps its type; within a text it is written out, and a missing one is nothing."""
    assert same(compile_template(template, resolve)(SEEN), expected)


def test_a_parameter_without_expressions_is_the_same_object_every_time():
    """Nothing is copied where nothing changes."""
    parameter = {"template": "hello", "lines": [1, {"a": "b"}]}
    make = compile_template(parameter, resolve)

    assert make(SEEN) is parameter
    assert make({}) is parameter


def test_a_list_or_mapping_cannot_stand_within_a_text():
    """The error names the expression and the value."""
    with pytest.raises(ConditionError) as caught:
        compile_template("tags: {event.tags}", resolve)(SEEN)

    assert str(caught.value) == (
        "\"event.tags\": ['sale', 'new'] (list): cannot stand within a text; only texts, numbers, flags and moments can"
    )


def test_a_number_too_long_to_print_cannot_stand_within_a_text():
    """It is a `ConditionError` as everything else."""
    with pytest.raises(ConditionError, match=r'"data.x": \.\.\. \(number\) has too many digits to stand within a text'):
        compile_template("{data.x}!", resolve)({"data": {"x": 10**6_000}})


def test_a_wrong_template_is_refused_when_compiled():
    """Unclosed braces, unknown paths and endless nesting are found before any customer is met."""
    endless: list[object] = []
    endless.append(endless)
    for template in ("{event.total", "}", "{nobody.x}", {"a": ["{consent.x}"]}, endless):
        with pytest.raises(DefinitionError):
            compile_template(template, resolve)


def test_a_parameter_may_be_fifty_deep():
    """Lists and mappings alike; one more is refused."""
    deep: object = "{event.total}"
    for number in range(50):
        deep = [deep] if number % 2 else {"in": deep}
    found = compile_template(deep, resolve)(SEEN)
    for number in reversed(range(50)):
        found = found[0] if number % 2 else found["in"]
    assert found == value("event.total")
    with pytest.raises(DefinitionError, match="a parameter is nested more than 50 deep; make it flatter"):
        compile_template([deep], resolve)


def test_plain_values():
    """What is kept of a value is JSON."""
    assert plain(MISSING) is None
    assert plain(NOON) == "2026-03-01T12:00:00+00:00"
    assert plain((1, NOON, MISSING)) == [1, "2026-03-01T12:00:00+00:00", None]
    assert plain("x") == "x"


def test_the_day_of_a_moment_is_that_of_a_zone():
    """Half past eleven on Saturday evening in Greenwich is Sunday in Berlin."""
    assert value("weekday('2026-03-28T23:30:00+00:00', 'Europe/Berlin')") == "sunday"
    assert value("weekday('2026-03-28T23:30:00+00:00', 'UTC')") == "saturday"
    assert value("date('2026-03-28T23:30:00+00:00', 'Europe/Berlin')") == "2026-03-29"
    assert value("date(now + days(2), 'UTC')") == "2026-03-03"
    assert value("time('2026-03-28T23:30:00+00:00', 'Europe/Berlin')") == "00:30"
    assert value("time('2026-03-29T01:05:59+00:00', 'Europe/Berlin')") == "03:05"  # the clocks have gone forward five minutes ago
    assert holds("'09:00' <= time(now, 'Europe/Berlin') < '17:00'")  # noon in Greenwich is one o'clock
    assert not holds("'09:00' <= time(now, 'Asia/Tokyo') < '17:00'")
    assert "no time zone; give an IANA name such as 'Europe/Berlin'" in error("weekday(now, 'Berlin')")
    assert "no moment" in error("date(data.missing, 'UTC')")
    assert "no time zone; give an IANA name such as 'Europe/Berlin'" in error("time(now, customer.zone)")


def test_records_of_a_list_are_found_by_what_they_hold():
    """The dearest product, the first of equals; the products of a price; of a list that is not there nothing."""
    assert value("top(data.lines, 'price', 'product')") == "P2"
    assert value("those(data.lines, 'price', 50, 'product')") == ["P2", "P3"]
    assert value("those(data.lines, 'price', 20, 'colour')") == [None]
    assert value("top(data.nowhere, 'price', 'product')") is MISSING
    assert value("those(data.nowhere, 'price', 50, 'product')") == []
    assert "no list of records" in error("top(data.mixed, 'price', 'product')")
    wrong = "those(data.mixed, 'price', 50, 'product')"
    assert error(wrong).startswith(f'"{wrong}": ')
    assert "no list of records" in error(wrong)


def test_what_sort_of_value_it_is() -> None:
    """As the errors name it; a flag is no number."""
    values = ["a", True, 1, 1.5, datetime(2026, 3, 2, tzinfo=UTC), [1], (1,), {"a": 1}, None, MISSING, b"a"]

    assert [kind(value) for value in values] == [
        "text", "flag", "number", "number", "moment", "list", "list", "mapping", "missing", "missing", "bytes",
    ]  # fmt: skip
