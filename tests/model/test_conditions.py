"""Expressions and templates as an author writes them: what is read, what is refused, and in which words."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit.errors import DefinitionError
from journeykit.model.conditions import Expression, template_expressions, template_parts
from journeykit.model.grammar import read, show_path


def refusal(text: object) -> str:
    """The words in which *text* is refused."""
    with pytest.raises(DefinitionError) as caught:
        Expression(text)
    return str(caught.value)


def test_an_expression_is_its_text():
    """Two expressions with the same text are equal, blanks around it aside, and can be keys."""
    assert Expression(" event.total > 100\n") == Expression("event.total > 100")
    assert Expression("event.total > 100") != Expression("event.total>100")
    assert len({Expression("now"), Expression("now"), Expression("data.x")}) == 2
    assert repr(Expression("data.x")) == "Expression(text='data.x')"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("event.total", ("path", ("event", "total"))),
        ("event['weird name']", ("path", ("event", "weird name"))),
        ("data.lines[0].sku", ("path", ("data", "lines", 0, "sku"))),
        ("data.lines[-1]", ("path", ("data", "lines", -1))),
        ("now", ("path", ("now",))),
        ("'a' 'b'", ("const", "ab")),
        ("-5", ("const", -5)),
        ("- event.x", ("negative", ("path", ("event", "x")))),
        ("1 + 2 * 3", ("math", "+", ("const", 1), ("math", "*", ("const", 2), ("const", 3)))),
        ("(1 + 2) * 3", ("math", "*", ("math", "+", ("const", 1), ("const", 2)), ("const", 3))),
        ("7 // 2", ("math", "//", ("const", 7), ("const", 2))),
        ("1 < data.x <= 3", ("compare", ("const", 1), ("<", ("path", ("data", "x"))), ("<=", ("const", 3)))),
        ("data.x not in [1, 'a']", ("compare", ("path", ("data", "x")), ("not in", ("list", ("const", 1), ("const", "a"))))),
        ("not data.x", ("not", ("path", ("data", "x")))),
        ("True or False and True", ("or", ("const", True), ("and", ("const", False), ("const", True)))),
        ("1 if data.x else None", ("if", ("path", ("data", "x")), ("const", 1), ("const", None))),
        ("exists(consent.email)", ("call", "exists", ("path", ("consent", "email")))),
        ("contains(event.tags, 'sale')", ("call", "contains", ("path", ("event", "tags")), ("const", "sale"))),
        ("round(data.x, 2)", ("call", "round", ("path", ("data", "x")), ("const", 2))),
        ("event.total > 5 and\n  event.plan == 'a'", Expression("event.total > 5 and   event.plan == 'a'").tree),
    ],
)
def test_text_becomes_a_tree(text, tree):
    """What is written is read as Python reads it, with Python's precedence."""
    assert Expression(text).tree == tree


def test_an_expression_knows_what_it_reads():
    """The paths are all those read, each once, wherever they stand."""
    text = "event.total > 10 if exists(customer.plan) else round(data.x[0] + 1) in (data.x, now) and not arm['free shipping']"

    assert Expression(text).paths == {
        ("event", "total"),
        ("customer", "plan"),
        ("data", "x", 0),
        ("data", "x"),
        ("now",),
        ("arm", "free shipping"),
    }
    assert Expression("1 + 2").paths == frozenset()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", '"" is no expression; write for example "event.total > 100"'),
        ("evnt.total > 5", '"evnt.total > 5": column 1: "evnt" is not known; did you mean "event"?'),
        ("now > evnt.at", '"now > evnt.at": column 7: "evnt" is not known; did you mean "event"?'),
        ("data.ü > evnt.x", '"data.ü > evnt.x": column 10: "evnt" is not known; did you mean "event"?'),
        ("true", '"true": column 1: "true" is not known; did you mean "True"?'),
        ("event", '"event": column 1: "event" needs a name behind it; write for example event.total'),
        ("step.name", '"step.name": column 1: "step.name" is not known; there is step.entered_at'),
        ("signal.nme", '"signal.nme": column 1: "signal.nme" is not known; did you mean "name"?'),
        ("now.year", '"now.year": column 1: "now.year" is not known; there is "now" alone'),
        ("exsts(event.x)", '"exsts(event.x)": column 1: "exsts" is no function; did you mean "exists"?'),
        ("exists('x')", "\"exists('x')\": column 1: exists takes a path, not \"'x'\"; write exists(event.total)"),
        ("len()", '"len()": column 1: len takes 1 plain argument; write len(event.total)'),
        ("len(x=1)", '"len(x=1)": column 1: len takes 1 plain argument; write len(event.total)'),
        ("round(1, 2, 3)", '"round(1, 2, 3)": column 1: round takes 1 to 2 plain arguments; write round(event.total, 2)'),
        ("days(event.x, 1)", '"days(event.x, 1)": column 1: days takes 1 plain argument; write days(3)'),
        ("hours()", '"hours()": column 1: hours takes 1 plain argument; write hours(3)'),
        ("minutes()", '"minutes()": column 1: minutes takes 1 plain argument; write minutes(3)'),
        ("active()", "\"active()\": column 1: active takes 1 to 2 plain arguments; write active('cart')"),
        ("date(now)", "\"date(now)\": column 1: date takes 2 plain arguments; write date(now, 'Europe/Berlin')"),
        ("weekday(now)", "\"weekday(now)\": column 1: weekday takes 2 plain arguments; write weekday(now, 'Europe/Berlin')"),
        ("top(1)", "\"top(1)\": column 1: top takes 3 plain arguments; write top(event.lines, 'price', 'product')"),
        ("those(1)", "\"those(1)\": column 1: those takes 4 plain arguments; write those(event.lines, 'kind', 'gift', 'product')"),
        ("max()", '"max()": column 1: max takes 1 to 20 plain arguments; write max(event.total, 100)'),
        ("abs()", '"abs()": column 1: abs takes 1 plain argument; write abs(event.total)'),
        (
            "3 < step." + "x" * 80,
            f'"3 < step.{"x" * 68}...": column 5: "step.{"x" * 52}..." is not known; there is step.entered_at',
        ),
        (
            r"3 < 'a\ud800'",
            "\"3 < 'a\\ud800'\": column 5: the text holds characters that cannot be stored; write plain text",
        ),
        ("contains(1)", "\"contains(1)\": column 1: contains takes 2 plain arguments; write contains(event.tags, 'sale')"),
        ("min(*data.x)", '"min(*data.x)": column 1: min takes 1 to 20 plain arguments; write min(event.total, 100)'),
        (
            "event.x == None",
            '"event.x == None": column 1: "event.x == None": nothing is ever equal to None; write exists(...) or not exists(...)',
        ),
        ("event.x is 3", '"event.x is 3": column 1: "is" is not allowed in "event.x is 3"; write ==, or exists(...)'),
        ("event.a && event.b", '"event.a && event.b": column 10: this cannot be read; write "and" instead of "&&"'),
        ("event.a = 3", '"event.a = 3": column 9: this cannot be read; write "==" instead of "="'),
        (
            "event.from == 3",
            '"event.from == 3": column 7: this cannot be read; "from" is a word of the language; write [\'from\'] instead of .from',
        ),
        ("1e999", '"1e999": column 1: "1e999" is too large; numbers stay below 2**63'),
        ("9223372036854775808", '"9223372036854775808": column 1: "9223372036854775808" is too large; numbers stay below 2**63'),
        ("data.x[data.y]", '"data.x[data.y]": column 1: "data.x[data.y]": only a text or a whole number may stand in brackets'),
        (r"'\d'", r""""'\d'" holds a backslash that escapes nothing; write "\\" for a plain one"""),
        ("event.x #\n", None),
        ("event.x #\n> 3", '"event.x #\n> 3" holds "#" and goes over several lines; write it in one line'),
        (5, "int is no expression; write text"),
    ],
)
def test_a_wrong_expression_is_refused_in_words(text, words):
    """The error names the text, the column, what stands there and the way out."""
    if words is None:
        assert Expression(text).paths == {("event", "x")}
    else:
        assert refusal(text) == words


def test_what_is_not_listed_is_refused_with_the_list():
    """The refusal of a construct says what there is instead."""
    assert refusal("lambda: 1") == (
        '"lambda: 1": column 1: "lambda: 1" is not allowed; allowed are paths, constants, lists, and or not, comparisons, '
        "+ - * / // %, a if b else c, and functions exists, contains, len, lower, upper, min, max, abs, round, minutes, hours, days, active, "
        "weekday, date, time, top, those"
    )


HOSTILE = [
    "__class__",
    "__import__('os').system('true')",
    "().__class__",
    "().__class__.__bases__[0].__subclasses__()",
    "event.__class__",
    "event['__class__']",
    "'a'.upper()",
    "event.x.keys()",
    "data.x()",
    "9**9**9",
    "1 << 9999999999",
    "lambda: 1",
    "[x for x in event.y]",
    "{**event.x}",
    "{1, 2}",
    "f'{now}'",
    "b'x'",
    "...",
    "1j",
    "(x := 1)",
    "yield",
    "await data.x",
    "*data.x",
    "data.x; data.y",
    "import os",
    "data.x @ data.y",
    "~data.x",
    "event[0]",
    "data.x[True]",
    "data.x[1:2]",
    "[1][0]",
    "open('x')",
    "exec('1')",
    "'\\ud800'",
    "data['\\ud800']",
    "'\\x00'",
    "\ud800",
    "data.\udfff",
    "a\x00b",
    "0x" + "f" * 1_900,
    "1" * 1_999,
    "1" * 10_000,
    "data.x + " * 100 + "1",
    "data" + ".x" * 990,
    "-" * 1_999 + "1",
    "not " * 499 + "1",
    "(" * 60 + "1" + ")" * 60,
    "[" * 50,
    "{" * 50,
    "f(" * 50,
    "lambda:" * 280,
    "1 if 1 else " * 160 + "1",
    "((a," * 25,
    "data.x if " * 150,
    "`",
    "'",
    "'''",
    "\\",
    "data.x\\\n+ 1",
    "a) or (b",
    "\u202e",
    "data.x\u2028> 1",
    "1and 2 or",
    "x" * 3_000_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_refused_at_once(text):
    """Whatever is tried, the answer is a refusal in printable words, and it does not take long."""
    began = time.process_time()

    assert refusal(text).encode()

    assert time.process_time() - began < 10  # of the processor; what is read in full takes minutes


def test_depth_and_length_have_a_limit_that_real_expressions_never_meet():
    """Forty terms, or 2000 characters, are read; more is refused."""
    assert len(Expression(" + ".join(["data.x"] * 50)).text) == 447
    assert Expression("'" + "x" * 1_998 + "'").tree == ("const", "x" * 1_998)
    assert refusal("'" + "x" * 1_999 + "'").endswith('..." has 2001 characters; 2000 are allowed, split it up')
    assert refusal("(" * 51 + "1" + ")" * 51).endswith("is nested more than 50 deep; make it simpler")
    assert refusal(" + ".join(["data.x"] * 60)).endswith("is nested more than 50 deep; make it simpler")


def printable(error: DefinitionError) -> None:
    """The words of an error can be written to a file or terminal."""
    assert str(error).encode()


WORDS = st.sampled_from(
    [
        "event",
        "customer",
        "data",
        "now",
        "signal",
        ".",
        "total",
        "x",
        "[",
        "]",
        "(",
        ")",
        "'",
        '"',
        "0",
        "1",
        "2.5",
        "1e9",
        "True",
        "None",
        "and",
        "or",
        "not",
        "in",
        "is",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "+",
        "-",
        "*",
        "**",
        "/",
        "//",
        "%",
        "if",
        "else",
        "exists",
        "contains",
        "len",
        "min",
        "round",
        "lambda",
        "for",
        ":",
        ",",
        "=",
        "#",
        "\\",
        "{",
        "}",
        "f'",
        "\n",
        "\t",
        "é",
        "�",
        "__class__",
    ]
)


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=25).map(" ".join), st.lists(WORDS, max_size=25).map("".join)))
def test_random_text_is_an_expression_or_a_definition_error(text):
    """Nothing but `DefinitionError` ever comes out, and its words can be printed."""
    try:
        expression = Expression(text)
    except DefinitionError as error:
        printable(error)
    else:
        assert Expression(expression.text).tree == expression.tree


@settings(max_examples=200)
@given(st.one_of(st.text(max_size=40), st.lists(WORDS, max_size=20).map("".join)))
def test_random_text_is_a_template_or_a_definition_error(text):
    """The same holds for templates; without braces a template is its text."""
    try:
        parts = template_parts(text)
    except DefinitionError as error:
        printable(error)
    else:
        assert "{" in text or "}" in text or parts == ((text,) if text else ())


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("Hello", ("Hello",)),
        ("{data.x}", (Expression("data.x"),)),
        ("{ data.x }", (Expression("data.x"),)),
        ("Hello {customer.name or 'friend'}!", ("Hello ", Expression("customer.name or 'friend'"), "!")),
        ("{data.x}{data.y}", (Expression("data.x"), Expression("data.y"))),
        ("{{data.x}}", ("{data.x}",)),
        ("a {{ b {data.x} }} c", ("a { b ", Expression("data.x"), " } c")),
        ("{data.x or '}'}", (Expression("data.x or '}'"),)),
        ('{data["a}b"]}', (Expression('data["a}b"]'),)),
        ("{{{data.x}}}", ("{", Expression("data.x"), "}")),
    ],
)
def test_a_template_is_taken_apart(text, parts):
    """Plain text and expressions in turn; doubled braces are plain, a brace within quotes closes nothing."""
    assert template_parts(text) == parts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hi {data.x", '"Hi {data.x": column 4: "{" is never closed; write "{{" for a plain brace'),
        ("Hi }", '"Hi }": column 4: "}" closes nothing; write "}}" for a plain brace'),
        ("{}", '"" is no expression; write for example "event.total > 100"'),
        ("{customr.name}", '"customr.name": column 1: "customr" is not known; did you mean "customer"?'),
        ("{data.x!r}", '"data.x!r": column 7: this cannot be read; write "not" instead of "!"'),
        ("a \ud800", '"a \\ud800" holds characters that cannot be stored; write plain text'),
    ],
)
def test_a_wrong_template_is_refused_in_words(text, words):
    """The error names the brace, or what is wrong with the expression in it."""
    with pytest.raises(DefinitionError) as caught:
        template_parts(text)

    assert str(caught.value) == words


def test_the_expressions_of_a_parameter_are_found_wherever_they_stand():
    """Texts, lists and mappings are looked through, in order; everything else holds none."""
    value = {"a": "{data.x}", "b": [1, None, "{data.y} and {data.z}", {"c": ("{now}",)}], "d": True, "e": "plain {{}}"}

    assert template_expressions(value) == [Expression("data.x"), Expression("data.y"), Expression("data.z"), Expression("now")]


def test_an_expression_may_stand_fifty_deep():
    """And no deeper."""
    deep: object = "{data.x}"
    for number in range(50):
        deep = [deep] if number % 2 else {"in": deep}

    assert template_expressions(deep) == [Expression("data.x")]
    with pytest.raises(DefinitionError, match="a parameter is nested more than 50 deep; make it flatter"):
        template_expressions([deep])


def test_a_parameter_that_holds_itself_is_refused():
    """Depth has a limit here too."""
    endless: list[object] = []
    endless.append(endless)

    with pytest.raises(DefinitionError) as caught:
        template_expressions(endless)

    assert str(caught.value) == "a parameter is nested more than 50 deep; make it flatter"


def test_a_path_is_shown_as_it_is_written():
    """Names that are no identifiers, and words of the language, stand in brackets."""
    assert show_path(("event", "total")) == "event.total"
    assert show_path(("event", "weird name", 0, "from")) == "event['weird name'][0]['from']"
    assert show_path(("now",)) == "now"


def test_who_is_where_is_not_known_everywhere() -> None:
    """Where no customer is looked at, as in what a report is about, nobody is in a journey."""
    with pytest.raises(DefinitionError) as refused:
        read("active('cart')", {"event": None})

    assert str(refused.value) == "\"active('cart')\": column 1: active is not known here; it asks where a customer is"
