"""What is written is read back equal, whatever it holds, and what is read is written back the same."""

from __future__ import annotations

import inspect
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import journeykit.model.customer
import journeykit.model.journey
import journeykit.model.phrases
from journeykit.codec import dumps, journey_from_text, journey_text, load, loads
from journeykit.errors import DefinitionError
from journeykit.model.customer import Catalog
from journeykit.model.journey import Do, Entry, Exit, Goal, Journey, On, Scope, Start, Step, Transition
from journeykit.model.wait import Wait
from journeykit.testing.strategies import catalogs, expressions, journeys, json_values, parts, waits

RECOVER_CART = """\
journey: recover-cart
key: cart_id
entry: Product Added
exits: Order Completed
steps:
  - step: left
    stage: consideration
    wait: 2 hours
    when: {Product Added: left}
  - step: reminded
    do: {email: {template: cart-reminder, discount: 10}}
"""

EVERYTHING = """\
journey: everything
stage: consideration
stages: [consideration, purchase]
lifecycle: true
zone: Europe/Berlin
open: 2026-11-01 to 2026-12-24
key: cart_id
entry:
  - event: Product Added
    where: event.total > 5 and event.plan in ['gold', 'silver']
    wait: 15 minutes
    set: {data.total: event.total, data.round: 1, data.gift: true}
  - {changed: customer.plan}
exits:
  - Order Completed
  - {event: Order Placed, where: event.total >= 5000, key: any, late: drop, end: bought}
  - {where: customer.plan == 'gold', at: next action}
goal: {event: Order Completed, where: event.total >= 100, end: completed}
reentry: after 30 days since end
when:
  Email Opened: thanked
  Plan Changed: {late: drop, to: asked, do: log, set: {data.plan: event.plan}, back: true}
steps:
  - step: asked
    set: {customer.tier: "'gold'"}
    do:
      - {email: {to: "{customer.email or 'nobody'}", expires: '2 days, with step'}}
      - log
    wait: 2 calendar days at 09:00
    when:
      - {settled: email dead, to: thanked}
      - after: 1 hour
        do: {start: {journey: other, customer: event.friend, key: 5, set: {data.code: "'x'"}}}
    then:
      - {where: customer.plan == 'gold', to: thanked}
      - hurried
    leaving: log
  - scope: hurry
    stage: purchase
    do: log
    wait: 3 days
    exits: {event: Order Completed, end: bought}
    then: 50% thanked, 50% won as test
    steps:
      - step: hurried
        do:
          email:
            text: |
              Hello {customer.first_name},

              hurry!
            codes: ['NO', 'on', '10:30', '1_000', 0o7 x, '12', 12, 1.5, null, true, 'true', [], {}]
            message: marketing
      - step: thanked
  - step: won
    end: completed
"""

CATALOG = """\
events:
  Order Completed: {total: money, items: list}
  Signed Up: {at: moment}
traits: {plan: text, age: number}
facts:
  orders: count of Order Completed
  spent: sum of Order Completed.total where event.currency == 'EUR'
actions: {email: marketing, log: none}
"""

RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@pytest.mark.parametrize("text", [RECOVER_CART, EVERYTHING, CATALOG])
def test_a_text_in_the_shortest_form_is_written_as_it_was(text):
    """Reading and writing a file that is already tidy changes no character of it."""
    assert dumps(loads(text)) == text


def test_the_yaml_of_the_first_page_is_the_python_of_the_first_page():
    """The same journey, written in Python and in YAML, is one value."""
    assert loads(RECOVER_CART) == Journey(
        "recover-cart",
        key="cart_id",
        entry="Product Added",
        exits="Order Completed",
        steps=[
            Step("left", stage="consideration", wait="2 hours", when={"Product Added": "left"}),
            Step("reminded", do=Do("email", template="cart-reminder", discount=10)),
        ],
    )


def test_the_long_form_reads_as_the_same_journey():
    """Whoever writes lists and mappings everywhere gets the value of the short form."""
    long = """
journey: recover-cart
steps:
- step: left
  stage: consideration
  wait: 2 hours
  when: [{event: Product Added, to: left}]
  then: []
- step: reminded
  do:
  - email: {discount: 10, template: cart-reminder}
exits: [{event: Order Completed, at: once}]
entry: [{event: Product Added, late: accept, set: {}}]
key: cart_id
reentry: once
lifecycle: false
"""
    assert loads(long) == loads(RECOVER_CART)


def test_several_actions_in_one_mapping_are_performed_in_order():
    """One mapping may hold several actions; they stay in order."""
    journey = loads("{journey: a, steps: [{step: b, do: {sms: {to: 1}, email: {}, start: {journey: c}}}]}")
    assert journey == Journey("a", steps=[Step("b", do=[Do("sms", to=1), Do("email"), Start("c")])])


@RELAXED
@given(journeys())
def test_any_journey_is_read_back_equal(journey):
    """Whatever journey is written, as YAML or as JSON, is read back equal, and written again as the same text."""
    text = dumps(journey)
    assert loads(text) == journey
    assert dumps(loads(text)) == text
    assert journey_from_text(journey_text(journey)) == journey
    assert loads(journey_text(journey)) == journey


@RELAXED
@given(catalogs())
def test_any_catalog_is_read_back_equal(catalog):
    """Whatever catalog is written is read back equal, and written again as the same text."""
    text = dumps(catalog)
    assert loads(text) == catalog
    assert dumps(loads(text)) == text


NAMES = st.sampled_from(("to", "on", "NO", "50% a", "null", "10:30", "a: b", "- x", " x ", "", "event", "x" * 150, "two\nlines")) | st.text(
    st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=6
)


WHERE = st.none() | expressions()
SETTINGS = st.dictionaries(NAMES, expressions(), max_size=2)
PARAMETERS = st.dictionaries(NAMES.filter(lambda name: name not in ("expires", "message")), json_values(), max_size=3)
ACTIONS = st.builds(lambda name, given: Do(name, **given), NAMES.filter(lambda name: name != "start"), PARAMETERS)
ACTIONS = st.lists(ACTIONS | NAMES.map(Start), max_size=2)
ONS = st.one_of(
    st.builds(lambda event, where: On(event, where=where), NAMES, WHERE),
    st.builds(lambda action, where: On(settled=action, where=where), NAMES, WHERE),
    waits().map(lambda wait: On(after=wait)),
)
MOVES = st.builds(
    Transition,
    st.none() | NAMES, on=st.none() | ONS, do=ACTIONS, set=SETTINGS, back=st.booleans(),
)  # fmt: skip
EXITS = st.lists(st.builds(lambda on, end: Exit(on, end=end), ONS, st.none() | NAMES), max_size=2)
ODD_STEPS = st.builds(
    Step,
    NAMES, do=ACTIONS, when=st.lists(MOVES, max_size=3), then=st.lists(MOVES, max_size=2), set=SETTINGS, end=st.none() | NAMES,
)  # fmt: skip
ODD_SCOPES = st.builds(Scope, NAMES, steps=st.lists(ODD_STEPS, max_size=2), exits=EXITS)
#: journeys that no shop would write, and that need not compile: odd names, and whatever JSON as parameters
ODD_JOURNEYS = st.builds(
    Journey,
    NAMES,
    steps=st.lists(ODD_STEPS | ODD_SCOPES, max_size=2),
    entry=st.lists(st.builds(lambda on, settings: Entry(on, set=settings), ONS, SETTINGS), max_size=2),
    goal=st.none() | ONS.map(Goal),
    exits=EXITS,
    stages=st.lists(NAMES, max_size=3),
)


@settings(RELAXED, max_examples=100)
@given(ODD_JOURNEYS)
def test_odd_names_and_values_are_read_back_equal(journey):
    """A step called `on`, an event called `10:30`, a parameter that looks like a number: text stays the text it was."""
    text = dumps(journey)
    assert loads(text) == journey
    assert dumps(loads(text)) == text
    assert journey_from_text(journey_text(journey)) == journey


def test_every_class_of_the_model_is_among_the_invented_journeys():
    """The round trip above has seen each public class of the model, so nothing can be forgotten in the codec."""
    seen = Counter()

    @settings(RELAXED, database=None, derandomize=True, max_examples=100)
    @given(journeys() | catalogs())
    def collect(definition):
        seen.update(type(part) for part in parts(definition))
        assert loads(dumps(definition)) == definition

    collect()
    modules = (journeykit.model.journey, journeykit.model.phrases, journeykit.model.customer)
    public = {
        cls for module in modules for name, cls in inspect.getmembers(module, inspect.isclass)
        if cls.__module__ == module.__name__ and not name.startswith("_")
    }  # fmt: skip
    assert {cls.__name__: seen[cls] for cls in public | {Wait} if not seen[cls]} == {}


def test_a_folder_is_read_in_order(tmp_path):
    """All definitions in and below a folder are read, in order of their paths; what is hidden is left alone."""
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "b" / "two.yml").write_text("journey: two\n---\njourney: three\n", encoding="utf-8")
    (tmp_path / "c.json").write_text('{"journey": "four"}', encoding="utf-8")
    (tmp_path / "a.yaml").write_text("\ufefftraits: {plan: text}\n", encoding="utf-8")
    (tmp_path / ".git" / "no.yaml").write_text("not: this", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("nor this", encoding="utf-8")
    assert load(tmp_path) == [Catalog(traits={"plan": "text"}), Journey("two"), Journey("three"), Journey("four")]
    assert load(str(tmp_path / "c.json")) == [Journey("four")]


def test_what_no_text_can_hold_is_not_written():
    """A parameter that is no JSON value is refused with its place; it would come back as something else."""
    journey = Journey("a", steps=[Step("b", do=Do("email", at={1, 2}, codes=(1, 2), rate=float("nan"), name="\ud800", **{"a b": {5: 1}}))])
    with pytest.raises(DefinitionError) as caught:
        dumps(journey)
    assert caught.value.problems == (
        "steps[0].do.email.at: {1, 2} is a set, no JSON value; give text, a number, true, false, null, a list or a mapping",
        "steps[0].do.email.codes: (1, 2) is a tuple, no JSON value; give text, a number, true, false, null, a list or a mapping",
        "steps[0].do.email.rate: nan is no number that JSON knows; leave it out",
        "steps[0].do.email.name: '\\ud800' holds characters that cannot be stored; write plain text",
        'steps[0].do.email["a b"]: the key 5 is no text; put it in quotes',
    )
