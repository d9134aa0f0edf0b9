"""YAML is read as 1.2, within bounds, and nothing but plain values ever comes out of it."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from journeykit.codec import journey_text, loads
from journeykit.codec.text import read, write
from journeykit.errors import DefinitionError
from journeykit.model.journey import Journey

TIDY = """\
journey: recover-cart
key: cart_id
entry: {event: Product Added, where: event.total > 5}
exits: [Order Completed, &a {where: "customer.plan == 'gold'"}]
steps:
  - step: left
    wait: 2 hours
    when: {Product Added: left}
    then: 50% left, 50% reminded
  - step: reminded
    do: {email: {template: "a\\tb", discount: 0x1F, text: |
      hello
    }}
"""


@pytest.mark.parametrize(
    "text", ["yes", "no", "on", "off", "NO", "y", "10:30", "1_000", "0b1", "0o9", "2026-11-28", "=", "<<", "1.5.2", "+", ".", "nULL"]
)
def test_words_stay_text(text):
    """What YAML 1.1 took for flags, times, dates and numbers is the text that somebody wrote."""
    assert read(f"a: {text}") == [{"a": text}]


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("12", 12), ("-3", -3), ("+3", 3), ("007", 7), ("0o17", 15), ("0xfF", 255),
     ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5), ("5.", 5.0), ("'12'", "12"), ('"true"', "true"), ("|\n  12", "12")],
)  # fmt: skip
def test_the_core_schema_types_the_rest(text, value):
    """Flags, null and numbers are those of YAML 1.2; quotes make text."""
    found = read(f"a: {text}")[0]["a"]
    assert (found, type(found)) == (value, type(value))


def test_keys_are_always_text():
    """A country called NO and a code 404 may be keys without quotes."""
    assert read("{NO: 1, 404: 2, true: 3, null: 4, 1.0: 5}") == [{"NO": 1, "404": 2, "true": 3, "null": 4, "1.0": 5}]


def test_a_mapping_to_nothing_is_one_where_a_colon_stands():
    """Only braces around a lone text are taken for lost quotes, see the errors."""
    written = "journey: a\nsteps: [{step: b, do: {send: {headers: {X: null}, one: {Y: }, two: {'Z':}, many: {v, w}}}}]"
    assert loads(written).steps[0].do[0].parameters == {
        "headers": {"X": None},
        "one": {"Y": None},
        "two": {"Z": None},
        "many": {"v": None, "w": None},
    }


def test_anchors_and_aliases_save_typing():
    """What is anchored may be used again; each document begins anew."""
    assert read("a: &x {b: 1}\nc: *x\nd: [*x, *x]") == [{"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}, {"b": 1}]}]


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3", 'line 3: the key "a" is written twice; keep one'),
        ('{"a": 1, "a": 2}', 'the key "a" is written twice; keep one'),
        ("a: 1\nb: !!python/name:os.system x", 'line 2: the tag "tag:yaml.org,2002:python/name:os.system" is not read; write the plain value'),
        ("a: !!str 5", 'line 1: the tag "tag:yaml.org,2002:str" is not read; write the plain value'),
        ("a: ! 5", 'line 1: the tag "!" is not read; write the plain value'),
        ("? [a]\n: b", "line 1: a key is plain text here, without tag, anchor or alias; write the text"),
        ("a: *b", 'line 1: no anchor "b" before this alias; write "&b" at the value'),
        ("a: &b [*b]", 'line 1: no anchor "b" before this alias; write "&b" at the value'),
        ("a: &b 1\n---\na: *b", 'line 3: no anchor "b" before this alias; write "&b" at the value'),
        ("a: .nan", "line 1: .nan is no number that JSON knows; leave it out"),
        ("a: -.INF", "line 1: -.INF is no number that JSON knows; leave it out"),
        ("a: 1e999", "a: inf is no number that JSON knows; leave it out"),
        ('{"a": NaN}', "NaN is no number that JSON knows; leave it out"),
        ('{"a": 1e999}', "a: inf is no number that JSON knows; leave it out"),
        ("a: " + "9" * 5000, "line 1: a number has too many digits; write it in quotes"),
        ('{"a": ' + "9" * 5000 + "}", "a number has too many digits; write it in quotes"),
        ("a: b: c", "line 1: this is no YAML: mapping values are not allowed here"),
        (
            "{a: event.score in [1, 2], b: 3}",
            "line 1: this is no YAML: expected ',' or '}', but got '['; put a text that holds a comma, a bracket or a brace in quotes",
        ),
        ("a: [b", "line 1: this is no YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: \x07", "this is no YAML: special characters are not allowed"),
        ('a: "\\UFFFFFFFF"', "this is no YAML: it holds an escape or a number that stands for nothing; write it in full"),
        (BOMB, "line 5: too large with its aliases written out; split it"),
        ("a: " + "[" * 100 + "]" * 100, "line 1: nested more than 60 deep; make it flatter"),
        ('{"a": ' + "[" * 90 + "]" * 90 + "}", "nested more than 60 deep; make it flatter"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested more than 60 deep; make it flatter"),
        ("a" * 2**20 + "a", "1048577 characters are too many for one text; split it, 1048576 are allowed"),
    ],
)  # fmt: skip
def test_what_is_refused(text, problem):
    """Whatever is ambiguous, unbounded or more than a plain value is refused with its line."""
    with pytest.raises(DefinitionError) as caught:
        read(text)
    assert str(caught.value) == problem


def test_a_large_text_is_read_or_refused_in_seconds():
    """A megabyte of nothing but brackets, dashes or anchors does not stop the host."""
    for text in (
        "- " * 2**19,
        "[" * 2**20,
        "[1," * 2**18,
        "a\n" * 2**19,
        "&a " * 2**18,
        "- 1\n" * 2**18,
        "'" * 2**20,
        "? " * 2**19,
        "{a: " * 2**18,
    ):
        start = time.process_time()
        with suppress(DefinitionError):
            read(text)
        assert time.process_time() - start < 60


def problems_of(text):
    """The problems of a text; none where it can be read."""
    try:
        loads(text)
    except DefinitionError as error:
        return error.problems or ("an error without a word",)
    return ()


PIECES = st.sampled_from(("journey: a", "\n", "steps:", "- ", "  ", "{", "}", "[", "]", ": ", ", ", "&a ", "*a", "!!str ", "|", ">", "'", '"', "\\", "%", "---", "...", "#",
                          "step: b", "wait: ", "2 hours", "when: ", "do: ", "start", "then: ", "50% a, 50% b", "null", "1e999", "\t", "\ufeff", "\x00", "😀", "?", "@", "`"))  # fmt: skip


@st.composite
def damaged(draw):
    """A tidy text with a piece of it replaced."""
    start = draw(st.integers(0, len(TIDY)))
    return TIDY[:start] + draw(st.text(max_size=3) | PIECES) + TIDY[start + draw(st.integers(0, 30)) :]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.lists(PIECES, max_size=25).map("".join) | damaged())
@example('a: "\\ud800"')
@example("%YAML 3.0\n--- a")
@example("!<%ff> a")
def test_random_text_is_read_or_refused(text):
    """Whatever is in a file: a definition comes out, or a DefinitionError, never anything else."""
    told = problems_of(text)
    assert all(problem and "\n" not in problem for problem in told)


WORDS = st.sampled_from(("journey", "steps", "step", "scope", "when", "then", "do", "wait", "start", "exits", "on", "event", "to", "set", "where", "after", "entry",
                         "goal", "2 hours", "50% a", "a", "stages", "key", "facts", "events", "expires", "message", "reentry", "end", "leaving"))  # fmt: skip
SHAPES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(WORDS, SHAPES, max_size=4).map(lambda inner: {"journey": "a", **inner}) | SHAPES)
def test_random_shapes_are_read_or_refused(value):
    """Right words in wrong places: a definition comes out, or a DefinitionError, never anything else."""
    told = problems_of(write(value))
    assert all(problem and "\n" not in problem for problem in told)


def test_json_needs_no_yaml_library():
    """Without PyYAML, JSON is read and written all the same, and YAML says what to install."""
    script = """
import sys
sys.modules["yaml"] = None
from journeykit import codec
from journeykit.errors import DefinitionError
print(codec.journey_text(codec.loads('{"journey": "a", "steps": [{"step": "b"}]}')))
for call in (lambda: codec.loads("journey: a"), lambda: codec.loads('{"journey": a}'), lambda: codec.dumps(codec.loads('{"journey": "a"}'))):
    try:
        call()
    except DefinitionError as error:
        print(error)
"""
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    ).stdout
    assert told.splitlines() == [
        '{"journey":"a","steps":[{"step":"b"}]}',
        "YAML needs PyYAML, which is not installed; pip install 'journeykit[yaml]', or write JSON",
        "line 1: this is no JSON: expecting value",
        "YAML needs PyYAML, which is not installed; pip install 'journeykit[yaml]', or write JSON",
    ]


def test_the_yaml_library_is_not_imported_before_it_is_needed():
    """Importing the codec, and working with JSON, leaves PyYAML alone."""
    script = "import sys; from journeykit import codec; codec.loads('{\"journey\": \"a\"}'); print('yaml' in sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    ).stdout
    assert told == "False\n"


def test_flow_yaml_may_look_like_json():
    """A text in braces that is no JSON is read as YAML."""
    assert loads("{journey: a}") == Journey("a")
    assert journey_text(loads("{journey: a}")) == '{"journey":"a"}'
