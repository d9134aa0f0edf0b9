"""What people read who made a mistake: every problem of every file at once, each with its place, its value and the way out."""

from __future__ import annotations

import pytest

from journeykit.codec import dumps, journey_from_text, load, loads
from journeykit.errors import DefinitionError
from journeykit.model.journey import Do, Journey, Step

ROOTS = "event, signal, customer, consent, segment, data, arm, step, scope, journey, now"


def problems(text, name=""):
    with pytest.raises(DefinitionError) as caught:
        loads(text, name)
    return list(caught.value.problems)


def in_step(line):
    """The problems of a journey with one step that holds *line*."""
    return problems(f"journey: a\nsteps:\n  - step: b\n    {line}\n")


def test_every_problem_of_a_file_is_reported_at_once():
    """One run tells everything that is wrong, with file and place."""
    text = """
journey: recover-cart
entry: [Product Added, {event: Order Completed, late: drp}]
lifecycle: yes
steps:
  - step: left
    wait: 1 hour
    whne: {Product Added: left}
  - step: reminded
    wait: 2 hour s
  - scope: offers
    exits: {event: Order Completed, afer: 2 hours}
    steps:
      - step: 5
      - {stpe: last}
"""
    assert problems(text, "recover-cart.yaml") == [
        'recover-cart.yaml: entry[1].late: "drp" is not known; write "accept" or "drop"',
        'recover-cart.yaml: lifecycle: a flag belongs here, not "yes"; write true or false',
        'recover-cart.yaml: steps[0]: unknown key "whne"; did you mean "when"?',
        'recover-cart.yaml: steps[1].wait: "2 hour s" is no duration; write "2 hours"',
        'recover-cart.yaml: steps[2].exits: unknown key "afer"; did you mean "after"?',
        'recover-cart.yaml: steps[2].steps[0].step: text belongs here, not 5; write "5"',
        'recover-cart.yaml: steps[2].steps[1]: neither a step nor a scope; begin with "step: NAME"; "stpe" is not known; did you mean "step"?',
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("wait:", 'steps[0].wait: nothing stands here; write for example "2 hours", or leave the key out'),
        ("wait: 5", 'steps[0].wait: text belongs here, not 5; write for example "2 hours"'),
        ("stage: [a]", 'steps[0].stage: text belongs here, not the list ["a"]'),
        ("set: [a]", 'steps[0].set: a mapping belongs here, not the list ["a"]'),
        ("set: {data.a: {b: c}}", 'steps[0].set["data.a"]: text belongs here, not {"b": "c"}; write for example "event.total > 100"'),
        ("when: Order Completed", 'steps[0].when: a mapping belongs here, not "Order Completed"; write {EVENT: STEP} or a list of transitions'),
        ("when: {event: A, to: b}", "steps[0].when: one transition alone stands in a list too; write a dash in front of it"),
        ("when: {event: A, set: {data.a: 1}}", "steps[0].when: one transition alone stands in a list too; write a dash in front of it"),
        ("when: {A: 5}", 'steps[0].when["A"]: a step belongs here, not 5; write the name of a step, or a mapping'),
        ("when: {A: {after: 1 hour, to: b}}", 'steps[0].when["A"]: "after" beside the event "A"; write a list of transitions, one for each'),
        ("when: {A: {too: b}}", 'steps[0].when["A"]: unknown key "too"; did you mean "to"?'),
        ("when: [{A is seen: b}]", 'steps[0].when[0]: unknown key "A is seen"; in a list, write {event: A is seen, to: b}'),
        ("when: [{on: A}]", 'steps[0].when[0]: unknown key "on"; did you mean "event"?'),
        ("when: [{event: A, after: 1 hour}]", "steps[0].when[0]: event and after together; write one transition for each"),
        ("when: [{key: any}]", "steps[0].when[0]: nothing to wait for; name an event, changed, segment, settled, every, after, or a where condition"),
        ("then: [{if: a, to: b}]", 'steps[0].then[0]: unknown key "if"; did you mean "where"?'),
        ("then: 50% a, 40% b", 'steps[0].then: "50% a, 40% b": the shares add up to 90%; make them 100%'),
        ("do: 5", "steps[0].do: an action belongs here, not 5; write the name of an action, or {ACTION: {...}}"),
        ("do: {email: hello}", 'steps[0].do.email: a mapping belongs here, not "hello"; write the parameters by name, or {} where there are none'),
        ("do: {email: {expires: soon}}", 'steps[0].do.email.expires: "soon" is no expiry; write "2 days", "never", "with step" or "2 days, with step"'),
        ("do: {email: {to: {data.email}}}", 'steps[0].do.email.to: {data.email} is read as a mapping by YAML; write "{data.email}" in quotes'),
        ("do: {email: {all: [a, {x: {now }}]}}", 'steps[0].do.email.all[1].x: {now} is read as a mapping by YAML; write "{now}" in quotes'),
        ("set: {data.a: {event.a}}", 'steps[0].set["data.a"]: {event.a} is read as a mapping by YAML; write event.a without braces'),
        ("do: {email: {message: loud}}", 'steps[0].do.email.message: "loud" is not known; write "marketing", "transactional" or "none"'),
        ("do: [log, start]", 'steps[0].do[1]: "start" names no journey; write {start: {journey: NAME}}'),
        ("do: {start: {key: xyz}}", f'steps[0].do.start.key: "xyz": column 1: "xyz" is not known; paths begin with {ROOTS}'),
        ("do: {start: {set: {}}}", 'steps[0].do.start: "journey" is missing; write it'),
        ("scope: c", "steps[0]: both a step and a scope; keep one of the keys"),
        ("colour: red", 'steps[0]: unknown key "colour"; there are step, stage, set, do, wait, when, then, leaving, end'),
    ],
)  # fmt: skip
def test_each_mistake_in_a_step_names_the_way_out(line, problem):
    """Place, value, and what to write instead."""
    assert in_step(line) == [problem]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no definition; write one"),
        ("hello", '"hello" is neither a journey nor a catalog; begin with "journey: NAME"'),
        ("jurney: a", 'neither a journey nor a catalog; begin with "journey: NAME"; unknown key "jurney"; did you mean "journey"?'),
        ("journey: a\n---\njourney: b", "2 definitions in one text; read them from a file with load"),
        ("journey: a\nsteps: {step: b}", 'steps: a list belongs here, not {"step": "b"}'),
        ("journey: a\nsteps: [b]", 'steps[0]: a mapping belongs here, not "b"; write "step: NAME"'),
        ("journey: a\nreentry: sometimes", 'reentry: "sometimes" is no re-entry rule; write "once", "always", "after 30 days since end" or "at most 3"'),
        ("journey: a\nexits: {event: A, at: now}", 'exits.at: "now" is not known; write "once" or "next action"'),
        ("journey: a\ngoal: {end: completed}", "goal: nothing to wait for; name an event, changed, segment, settled, every, after, or a where condition"),
        ("traits: {plan: string}", 'traits.plan: "string" is not known; write "text", "number", "money", "flag", "moment", "list" or "any"'),
        ("events: {Signed Up: }", 'events["Signed Up"]: nothing stands here; write {} where it is empty, or leave the key out'),
        ("facts: {spent: sum of Order}", 'facts.spent: "sum of Order": a sum needs a property; write "sum of Order.total"'),
        ("traits: {id: text}", '"id" is the library\'s own; call the trait or fact something else'),
        ('{"journey": "a", "zone": "\\ud800"}', "zone: '\\ud800' holds characters that cannot be stored; write plain text"),
    ],
)  # fmt: skip
def test_each_mistake_in_a_file_names_the_way_out(text, problem):
    """Place, value, and what to write instead."""
    assert problems(text) == [problem]


def test_every_problem_of_every_file_and_document_is_reported(tmp_path):
    """A folder with three wrong files tells of all three."""
    (tmp_path / "a.yaml").write_text("journey: a\n---\njourney: [b]\n---\njourney: c\nzoen: x\n", encoding="utf-8")
    (tmp_path / "b.json").write_text('{"journey" "b"}', encoding="utf-8")
    (tmp_path / "c.yml").write_bytes(b"journey: \xff")
    with pytest.raises(DefinitionError) as caught:
        load(tmp_path)
    assert caught.value.problems == (
        'a.yaml: document 2: journey: text belongs here, not the list ["b"]',
        'a.yaml: document 3: unknown key "zoen"; did you mean "zone"?',
        "b.json: line 1: this is no JSON: expecting ':' delimiter",
        "c.yml: not in UTF-8, at byte 9; save it as UTF-8",
    )


def test_a_folder_without_definitions_is_a_mistake(tmp_path):
    """An engine without journeys is nobody's wish: a wrong path is told, not taken for an empty shop."""
    with pytest.raises(DefinitionError) as caught:
        load(tmp_path)
    assert str(caught.value) == f"{tmp_path}: no definitions here; give a folder that holds *.yaml, *.yml, *.json files"
    with pytest.raises(DefinitionError) as caught:
        load(tmp_path / "cart.yaml")
    assert (
        str(caught.value) == f"{tmp_path / 'cart.yaml'}: cannot be read: No such file or directory; give a file or a folder of definitions"
    )


def test_what_would_be_read_as_something_else_is_not_written():
    """An action called start would come back as the start of a journey."""
    with pytest.raises(DefinitionError, match='no action can be called "start", which starts a journey; call it something else'):
        dumps(Journey("a", steps=[Step("b", do=Do("start"))]))
    with pytest.raises(DefinitionError, match="5 is a int; give a Journey or a Catalog"):
        dumps(5)


def test_the_stored_text_of_a_journey_is_json_of_a_journey():
    """A catalog or YAML is no stored journey."""
    with pytest.raises(DefinitionError, match="this is a catalog; give the text of a journey"):
        journey_from_text("{}")
    with pytest.raises(DefinitionError, match="line 1: this is no JSON: expecting value"):
        journey_from_text("journey: a")


def test_a_step_that_is_none():
    """In Python, text or a mapping where a step belongs is told at once."""
    with pytest.raises(DefinitionError) as caught:
        Journey("a", steps=["b", {"step": "c"}, Step("d")])
    assert caught.value.problems == (
        "steps: 'b' is no step; write Step(...) or Scope(...)",
        "steps: {'step': 'c'} is no step; write Step(...) or Scope(...)",
    )


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        (
            "{step: b, wait: until data.ends, exit if missing, now if past}",
            '"exit if missing" has no colon, for in braces a text is over at its comma; put all of it in quotes: "until data.ends, exit if missing"',
        ),
        (
            "{step: b, do: {email: {expires: 2 days, with step}}}",
            '"with step" has no colon, for in braces a text is over at its comma; put all of it in quotes: "2 days, with step"',
        ),
        (
            "{step: b, then: 50% short, 50% long, wait: 1 day}",
            '"50% long" has no colon, for in braces a text is over at its comma; put all of it in quotes: "50% short, 50% long"',
        ),
    ],
)
def test_a_sentence_that_its_comma_has_cut_is_told_as_one(step, problem):
    """Half of it would be a key that there is not, or, in the parameters of an action, a parameter that nobody asked for."""
    assert problems(f"journey: a\nsteps:\n  - {step}\n") == [f"line 3: {problem}"]


def test_a_sentence_in_quotes_is_not_cut():
    """Nor is anything missed where nothing was meant: an entry with a colon may be empty, and words without one may stand in a row."""
    text = "journey: a\nsteps:\n  - {step: b, wait: 'until data.ends, exit if missing, now if past', do: {log: {x: 'a, b', y: , all: {v, w}}}}\n"
    (step,) = loads(text).steps
    assert (str(step.wait.text), dict(step.do[0].parameters)) == (
        "until data.ends, exit if missing, now if past",
        {"x": "a, b", "y": None, "all": {"v": None, "w": None}},
    )
