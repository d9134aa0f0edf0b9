"""Every rule of the checks: a definition that breaks it with the line an author gets, and right ones that give none."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit.codec import loads
from journeykit.core.checks.problems import problems
from journeykit.core.definitions.survey import unknown
from journeykit.model.customer import Catalog
from journeykit.model.journey import Do, Entry, Exit, Goal, Journey, On, Scope, Start, Step, Transition
from journeykit.model.phrases import Split

HEAD = "journey: recover-cart\nstage: consideration\nentry: Product Added\n"

RIGHT = """
journey: recover-cart
key: cart_id
zone: Europe/Berlin
open: 2026-11-01 to 2026-12-24
entry: {event: Product Added, where: event.total > 0, wait: 15 minutes, set: {data.total: event.total}}
exits: Order Completed
goal: {event: Order Paid, key: any}
when:
  - {event: Product Removed, set: {data.total: event.total}}
steps:
  - {step: left, stage: consideration, wait: 2 hours, when: {Product Added: left}}
  - scope: reminding
    wait: 7 calendar days at 09:00
    when: [{event: Link Clicked, to: visited, where: now - scope.entered_at < days(2)}]
    steps:
      - step: reminded
        do: {email: {template: hello, name: "{customer.first_name or 'friend'}", expires: with scope}}
        wait: 1 day
        when: [{settled: email dead, to: called}]
        then: 50% reminded again, 50% visited
      - {step: reminded again, wait: "2 days before data.start, exit if missing, now if past"}
      - {step: visited, wait: "until customer.birthday, wait if missing, skip to called if past, following"}
  - step: called
    do: [{call: {queue: sales}}, {start: {journey: other, key: event.id}}]
    set: {customer.called: true, customer.zone: "'Europe/Paris'", consent.phone: "False"}
    when: [{changed: customer.zone, to: over}]
    then: [{where: customer.vip, to: over}, gone]
    wait: 1 day
  - {step: gone, end: no answer}
  - {step: over, end: completed}
"""
OTHER = "{journey: other, key: id, stage: purchase, steps: [{step: only}]}"


def found(text: str | Journey, *others: str | Journey, catalog: Catalog | None = None, actions: list[str] | None = None) -> list[str]:
    """The problems of a journey, and of those given with it."""
    journeys = [loads(one) if isinstance(one, str) else one for one in (text, *others)]
    return list(problems(journeys, catalog or Catalog(), actions))


def cart(steps: str, more: str = "") -> str:
    """A journey ``recover-cart`` with these steps."""
    return f"{HEAD}{more}\nsteps:\n" + "\n".join(f"  {line}" for line in steps.strip("\n").splitlines())


def test_a_right_definition_has_no_problem():
    """A journey that uses nearly everything is clean, alone and with its catalog."""
    assert found(RIGHT, OTHER) == []

    events = {
        "Product Added": {"cart_id": "text", "total": "money"},
        "Product Removed": {"cart_id": "text", "total": "money"},
        "Order Completed": {"cart_id": "text", "id": "text"},
        "Order Paid": {},
        "Link Clicked": {"cart_id": "text"},
    }
    catalog = Catalog(
        events=events,
        traits={"first_name": "text", "birthday": "moment", "vip": "flag", "called": "flag"},
        facts={"orders": "count of Order Completed", "spent": "sum of Product Added.total where event.cart_id != ''"},
        actions={"email": "marketing", "call": "none"},
    )

    assert found(RIGHT, OTHER, catalog=catalog, actions=["email", "call", "log"]) == []


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        # names
        ("- {step: a/b}", ['steps[0]: "a/b" is no name of a step; use letters, digits, blanks, - and _']),
        ("- {step: ' a'}", ['steps[0]: " a" is no name of a step; use letters, digits, blanks, - and _']),
        ("- {scope: 'a%', steps: [{step: b}]}", ['steps[0]: "a%" is no name of a scope; use letters, digits, blanks, - and _']),
        ("- {step: a}\n- {step: a}", ['steps[1]: "a" is the name of steps[0] already; give the step a name of its own']),
        ("- {scope: a, steps: [{step: a}]}", ['steps[0].steps[0]: "a" is the name of steps[0] already; give the step a name of its own']),
        ("- {step: über 1_b-c}", []),
        # steps
        ("- {step: a}\n- {scope: b, steps: []}", ['steps[1].steps: the scope "b" has none; write at least one, or leave the scope out']),
        # where they lead
        ("- {step: a, wait: 1 day, then: remindd}\n- {step: reminded}", [
            'steps[0].then: no step "remindd"; did you mean "reminded"?',
            'steps[1]: nobody gets to "reminded"; lead there from another step, or leave it out',
        ]),
        ("- {step: a, wait: 1 day, when: {Left: xyz}}\n- {step: bc}", ['steps[0].when[0].to: no step "xyz"; there are a, bc']),
        ("- {step: a, wait: 1 day, then: [{where: data.x, to: xyz}, bc]}\n- {step: bc}", ['steps[0].then[0].to: no step "xyz"; there are a, bc']),
        ("- {step: a, wait: 1 day, then: '50% bc, 50% bcd'}\n- {step: bc}", ['steps[0].then: no step "bcd"; did you mean "bc"?']),
        ("- {step: a, wait: 'until data.x, skip to bcd if missing, now if past, in Europe/Berlin'}\n- {step: bc}", ['steps[0].wait: no step "bcd"; did you mean "bc"?']),
        ("- {step: a, wait: 1 day, then: sc}\n- {scope: sc, steps: [{step: bc}]}", [
            'steps[0].then: "sc" is a scope; name one of its steps, such as "bc"',
            'steps[1].steps[0]: nobody gets to "bc"; lead there from another step, or leave it out',
        ]),
        ("- scope: s\n  when: [{event: E, to: nowhere}]\n  steps: [{step: a, wait: 1 day}]", ['steps[0].when[0].to: no step "nowhere"; there is a']),
        ("- {step: a, wait: 1 day, then: c}\n- {step: b}\n- {step: c}", ['steps[1]: nobody gets to "b"; lead there from another step, or leave it out']),
        ("- {step: a, end: completed}\n- {step: b}", ['steps[1]: nobody gets to "b"; lead there from another step, or leave it out']),
        ("- scope: s\n  when: [{event: E, to: b}]\n  steps: [{step: a}]\n- {step: b, wait: 1 day}", [
            "steps[0].when[0]: never taken, for nobody stays in a step: each goes on at once; give a step a wait or a when of its own",
        ]),
        ("- scope: s\n  when: [{event: E, to: b}]\n  steps: [{step: a}, {step: waits, when: {F: b}}]\n- {step: b, wait: 1 day}", []),
        # the end
        ("- {step: a, wait: 1 day, end: completed}", ['steps[0].wait: "a" is final; leave wait out, or end']),
        ("- {step: a, when: {E: a}, end: completed}", ['steps[0].when: "a" is final; leave when out, or end']),
        ("- {step: a, then: a, end: completed}", ['steps[0].then: "a" is final; leave then out, or end']),
        ("- {step: a, leaving: email, end: completed}", ['steps[0].leaving: "a" is final; leave leaving out, or end']),
        # ways out
        ("- {step: a, when: [{event: E, do: email}]}", [
            'steps[0]: nothing leads out of "a"; give it a wait, a transition to another step, or an end',
        ]),
        ("- {step: a, wait: 1 day}\n- {step: b, when: [{event: E, do: email}]}", [
            'steps[1]: nothing leads out of "b"; give it a wait, a transition to another step, or an end',
        ]),
        ("- {scope: s, steps: [{step: a, when: [{event: E, do: email}]}]}", [
            'steps[0].steps[0]: nothing leads out of "a"; give it a wait, a transition to another step, or an end',
        ]),
        ("- {scope: s, wait: 1 day, steps: [{step: a, when: [{event: E, do: email}]}]}", []),
        ("- {scope: s, exits: E2, steps: [{step: a, when: [{event: E, do: email}]}]}\n- {step: b}", []),
        ("- {step: a, when: [{after: 'until data.x, exit if missing, exit if past, in Europe/Berlin', do: email}]}", []),
        # then
        ("- {step: a, when: {E: b}, then: b}\n- {step: b}", ['steps[0].then: never taken, for "a" has no wait; add one, or leave then out']),
        ("- {step: a, then: [b, {where: data.x, to: c}, c]}\n- {step: b}\n- {step: c}", [
            "steps[0].then[0]: takes everybody, so that nothing behind it is ever taken; give it a condition, or put it last",
        ]),
        ("- {step: a, then: [{where: data.x, to: b}]}\n- {step: b}", [
            "steps[0].then: whoever does not fit this last condition goes nowhere; add a step without condition behind it",
        ]),
        ("- {step: a, then: [{where: data.x, to: b}, {where: data.y, to: b}]}\n- {step: b}", [
            "steps[0].then[1]: whoever does not fit this last condition goes nowhere; add a step without condition behind it",
        ]),
        # scopes that lead on
        ("- {scope: s, then: nowhere, steps: [{step: a}]}", ['steps[0].then: no step "nowhere"; there is a']),
        # going round
        ("- {step: a, then: b}\n- {step: b, then: a}", ["steps[0]: goes round without waiting: a -> b -> a; add a wait, or an end to it"]),
        ("- {step: a, then: '50% b, 50% a'}\n- {step: b}", ["steps[0]: goes round without waiting: a -> a; add a wait, or an end to it"]),
        ("- {step: a, then: [{where: data.x, to: b}, c]}\n- {step: b, then: a}\n- {step: c}", [
            'steps[0]: goes round while "data.x" without waiting: a -> b -> a; add a wait, or an end to it',
        ]),
        ("- {step: a, then: [{where: data.x, to: b}, c]}\n- {step: b, set: {data.x: false}, then: a}\n- {step: c}", []),
        ("- {step: a, then: [{where: data.x, to: b, set: {data.x: false}}, c]}\n- {step: b, then: a}\n- {step: c}", []),
        ("- {step: a, then: [{where: data.x, to: b}, c]}\n- {step: b, wait: 1 day, then: a}\n- {step: c}", []),
        ("- {step: a, then: [{where: data.x, to: b}, c]}\n- {step: b, then: [{where: not data.x, to: a}, c]}\n- {step: c}", []),
        ("- {step: a, then: [{where: data.x, to: c}, b]}\n- {step: b, then: [{where: data.x, to: a}, c]}\n- {step: c}", []),
        ("- {step: a, wait: 1 day, when: [{where: customer.vip, do: email}]}", [
            'steps[0]: goes round while "customer.vip" without waiting: a -> a; add a wait, or an end to it',
        ]),
        ("- {step: a, wait: 1 day, when: [{where: now - step.entered_at > hours(3), to: a}]}", []),
        # hidden
        ("- {step: a, wait: 1 day, when: [{event: E, to: b}, {event: E, to: c}]}\n- {step: b}\n- {step: c}", [
            'steps[0].when[1]: never taken, for steps[0].when[0] takes "E" before; give that one a condition, or leave one out',
        ]),
        ("- {step: a, wait: 1 day, when: [{event: E, where: data.x, to: b}, {event: E, to: c}]}\n- {step: b}\n- {step: c}", []),
        ("- {step: a, wait: 1 day, when: [{event: E, late: drop, to: b}, {event: E, to: c}]}\n- {step: b}\n- {step: c}", []),
        ("- {step: a, wait: 1 day, when: [{after: 1 hour, to: b}, {after: 1 hour, to: c}]}\n- {step: b}\n- {step: c}", [
            'steps[0].when[1]: never taken, for steps[0].when[0] takes "1 hour" before; give that one a condition, or leave one out',
        ]),
        ("- {scope: s, exits: E, steps: [{step: a, wait: 1 day, when: {E: b}}, {step: b}]}", [
            'steps[0].steps[0].when[0]: never taken, for steps[0].exits[0] takes "E" before; give that one a condition, or leave one out',
        ]),
        ("- {scope: s, when: {E: b}, steps: [{step: a, wait: 1 day, when: {E: c}}]}\n- {step: b}\n- {step: c}", [
            'steps[0].when[0]: never taken, for every step in it has its own for "E"; leave it out',
        ]),
        ("- {scope: s, when: {E: b}, steps: [{step: a, wait: 1 day, when: {E: c}}, {step: a2, wait: 1 day}]}\n- {step: b}\n- {step: c}", []),
        # waits
        ("- {step: a, wait: until data.start}", [
            ('steps[0].wait: "until data.start" does not say what follows when the moment is missing; '
            'add "wait if missing", "exit if missing" or "skip to STEP if missing"'),
            ('steps[0].wait: "until data.start" does not say what follows when the moment is past; '
            'add "now if past", "exit if past" or "skip to STEP if past"'),
            ('steps[0].wait: "until data.start" needs a time zone for customers without one; '
            'give the journey a zone, or add "in Europe/Berlin"'),
        ]),
        ("- {scope: s, steps: [{step: a, wait: '3 days after journey.entered_at, now if past'}]}", []),
        ("- {scope: s, steps: [{step: a, wait: 3 calendar days}]}", [
            ('steps[0].steps[0].wait: "3 calendar days" needs a time zone for customers without one; '
            'give the journey a zone, or add "in Europe/Berlin"'),
        ]),
        ("- {step: a, wait: '3 calendar days, in Europe/Berlin'}", []),
        ("- {step: a, wait: '3 calendar days, in Europe/Bern'}", ['steps[0].wait: no time zone "Europe/Bern"; write an IANA name such as Europe/Berlin; did you mean "Europe/Berlin"?']),
        # settings
        ("- {step: a, set: {total: 1}}", ['steps[0].set.total: "total" cannot be set; write data.NAME, customer.NAME or consent.CHANNEL']),
        ("- {step: a, set: {event.x: 1}}", ['steps[0].set.event.x: "event.x" cannot be set; write data.NAME, customer.NAME or consent.CHANNEL']),
        ("- {step: a, set: {data.x.y: 1}}", ['steps[0].set.data.x.y: "data.x.y" cannot be set; write data.NAME, customer.NAME or consent.CHANNEL']),
        ("- {step: a, set: {customer.id: 1}}", ["steps[0].set.customer.id: customer.id is the library's own; set another trait, or data.id"]),
        ("- {step: a, set: {customer.stage: 1}}", ["steps[0].set.customer.stage: customer.stage is the library's own; set another trait, or data.stage"]),
        ("- {step: a, wait: 1 day, when: [{event: E, to: a, set: {now: 1}}]}", [
            'steps[0].when[0].set.now: "now" cannot be set; write data.NAME, customer.NAME or consent.CHANNEL',
        ]),
        # templates
        ("- {step: a, do: {email: {name: '{customr.name}'}}}", ['steps[0].do[0].name: "customr.name": column 1: "customr" is not known; did you mean "customer"?']),
        ("- {step: a, leaving: {email: {list: [1, '{']}}}", ['steps[0].leaving[0].list: "{": column 1: "{" is never closed; write "{{" for a plain brace']),
        # scopes in expressions and expiries
        ("- {step: a, then: [{where: scope.entered_at < now, to: b}, b]}\n- {step: b}", [
            "steps[0].then[0].where: scope.entered_at is not known outside a scope; write step.entered_at or journey.entered_at",
        ]),
        ("- {step: a, do: {email: {expires: with scope}}}", ['steps[0].do[0].expires: "with scope" stands in no scope; write "with step", or an age such as "2 days"']),
        # signals
        ("- {step: a, wait: 1 day, when: [{changed: plan, to: a}]}", ['steps[0].when[0].changed: "plan" cannot be waited for; write customer.NAME or consent.CHANNEL']),
        ("- {step: a, do: email, wait: 1 day, when: [{settled: email, to: a}]}", [
            'steps[0].when[0].settled: "email" is no outcome; write the action and performed, dead or dropped: "email dead"',
        ]),
        ("- {step: a, do: email, wait: 1 day, when: [{settled: emial dead, to: a}]}", [
            'steps[0].when[0].settled: the journey asks for no action "emial"; did you mean "email"?',
        ]),
        ("- {step: a, wait: 1 day, when: [{event: E, to: a, key: cart_id}]}", ["steps[0].when[0].key: the journey has no key; give it one, or leave this out"]),
        # other journeys
        ("- {step: a, do: {start: {journey: recover-crt}}}", ['steps[0].do[0]: no journey "recover-crt"; did you mean "recover-cart"?']),
        ("- {step: a, do: {start: {journey: other}}}", ['steps[0].do[0]: "other" is keyed by id; give the start a key']),
        ("- {step: a, do: {start: {journey: recover-cart, key: data.x}}}", ['steps[0].do[0].key: "recover-cart" has no key; leave it out']),
        ("- {step: a, do: {start: {journey: other, key: data.x, set: {customer.x: 1}}}}", [
            'steps[0].do[0].set.customer.x: "customer.x" cannot be set here; begin with data., such as data.total',
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_steps(steps, expected):
    """Each mistake gives its line, with the path at which it stands in the file; the right one beside it gives none."""
    assert found(cart(steps), OTHER) == [f"recover-cart: {line}" for line in expected]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("zone: Europe/Bern", ['zone: no time zone "Europe/Bern"; write an IANA name such as Europe/Berlin; did you mean "Europe/Berlin"?']),
        ("open: 2026-11-01", ['open: "2026-11-01" is no time span; write "2026-11-01 to 2026-12-24"']),
        ("open: soon to later", ['open: "soon to later" is no time span; write "2026-11-01 to 2026-12-24"']),
        ("open: 2026-12-24 to 2026-11-01", ['open: "2026-12-24 to 2026-11-01" ends before it begins; turn it round']),
        ("open: 2026-11-01 09:00 to 2026-12-24 18:00", []),
        ("key: cart id", []),
        ("key: signal.id", []),
        ("key: event.[", [
            'key: "event.[": column 7: this cannot be read; write for example "event.total > 100 and event.plan == \'gold\'"',
        ]),
        ("goal: {where: customer.vip}", ["goal: only a signal can reach it; name an event, a change, a segment, a schedule or an outcome"]),
        ("goal: E\nexits: [{event: E, where: data.x}]", []),
        ("goal: E\nexits: [{event: E, at: next action}]", []),
        ("goal: E\nexits: E", ['goal: never recorded, for exits[0] takes "E" before; leave it out and give the goal an end']),
        ("exits: [E, E]", ['exits[1]: never taken, for exits[0] takes "E" before; give that one a condition, or leave one out']),
        ("exits: E\nwhen: {E: a}", ['when[0]: never taken, for exits[0] takes "E" before; give that one a condition, or leave one out']),
        ("goal: {event: E, end: completed}\nwhen: {E: a}", ['when[0]: never taken, for goal takes "E" before; give that one a condition, or leave one out']),
        ("goal: E\nwhen: {E: a}", []),
        ("when: [{where: customer.vip, to: a}]", ['steps[0]: goes round while "customer.vip" without waiting: a -> a; add a wait, or an end to it']),
        ("when: [{event: E, to: b}]", ['when[0].to: no step "b"; there is a']),
        ("stages: [consideration, purchase, purchase]", ['stages: "purchase" stands there twice; keep one']),
        ("stages: [buying]", ['stage: no stage "consideration"; there is buying']),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_journey(more, expected):
    """The same for what stands beside the steps."""
    assert found(cart("- {step: a, wait: 1 day}", more)) == [f"recover-cart: {line}" for line in expected]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (
            "{where: customer.vip}",
            ["entry: nobody is inside yet; only an event, a change, a segment, a schedule or a date can let them in; name one"],
        ),
        (
            "{after: 1 day}",
            ['entry.after: nobody is inside yet to wait; count from a date of the customer, such as "30 days before customer.renews_at"'],
        ),
        (
            "{event: Product Added, where: data.total > 5}",
            ["entry.where: nobody is inside yet, and data.total is always missing; ask for event, customer, consent or segment"],
        ),
        (
            "[{event: Product Added}, {event: Cart Seen, where: journey.key == event.cart_id and step.entered_at < now}]",
            [
                "entry[1].where: nobody is inside yet, and journey.key is always missing; ask for event, customer, consent or segment",
                "entry[1].where: nobody is inside yet, and step.entered_at is always missing; ask for event, customer, consent or segment",
            ],
        ),
        ("{segment: vip}", ['entry.segment: no segment "vip"; there is none']),
        (
            "{every: day at 09:00}",
            [
                'entry.every: "day at 09:00" needs a time zone for customers without one; give the journey a zone, or add ", in Europe/Berlin"'
            ],
        ),
        (
            "{every: 'day at 09:00, in Europe/Bern'}",
            ['entry.every: no time zone "Europe/Bern"; write an IANA name such as Europe/Berlin; did you mean "Europe/Berlin"?'],
        ),
        (
            "{every: 'year on data.born, in UTC'}",
            ["entry.every: a schedule knows no data; it counts from what is known about the customer, such as customer.birthday"],
        ),
        (
            "{every: 'day at 09:00, in UTC', wait: 1 hour}",
            ["entry.wait: only an event can come again and restart it; leave it out, and let the first step wait"],
        ),
        (
            "{after: '1 day before data.end, in UTC'}",
            ["entry.after: an entry knows no data; it counts from what is known about the customer, such as customer.birthday"],
        ),
        (
            "{after: '1 day before customer.end, exit if past, in UTC'}",
            [
                'entry.after: nobody is inside yet to be led away; a date that is missing is waited for, and one that is past lets in "now if past" only'
            ],
        ),
        ("{after: '1 day before customer.end, now if past, in UTC'}", []),
        (
            "[E, {settled: email dead}]",
            ["entry[1]: nobody is inside yet; only an event, a change, a segment, a schedule or a date can let them in; name one"],
        ),
        ("{event: E, wait: 3 calendar days}", ['entry.wait: "3 calendar days" is no elapsed time; write for example "15 minutes"']),
        (
            "{event: E, set: {customer.x: 1}}",
            ['entry.set.customer.x: "customer.x" cannot be set here; begin with data., such as data.total'],
        ),
        ("{changed: customer.vip}", []),
    ],
)
def test_what_is_wrong_in_the_entry(entry, expected):
    """An entry is by event or change, idles for an elapsed time, and sets data."""
    assert found(f"{{journey: recover-cart, stage: purchase, entry: {entry}, steps: [{{step: a}}]}}") == [
        f"recover-cart: {e}" for e in expected
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{journey: j, steps: []}", ["steps: there is none; write at least one"]),
        ("{journey: a/b, stage: purchase, steps: [{step: a}]}", ['journey: "a/b" is no name; use letters, digits, blanks, - and _']),
        ("{journey: j, steps: [{step: a, wait: 1 day}, {step: b}]}", [
            'steps[0]: "a" has no stage; name one, or give the journey one: awareness, consideration, purchase, retention, advocacy',
        ]),
        ("{journey: j, steps: [{step: a, stage: purchase, wait: 1 day}, {step: b}]}", []),
        ("{journey: j, steps: [{scope: s, stage: purchase, steps: [{step: a}]}]}", []),
        ("{journey: j, steps: [{step: a, stage: purchas}]}", ['steps[0].stage: no stage "purchas"; did you mean "purchase"?']),
        ("{journey: j, stages: [new, old], steps: [{step: a, stage: new}]}", []),
        ("{journey: j, steps: [{scope: s, stage: purchase, steps: [{step: a, wait: 1 day}, {step: b, stage: retention}]}]}", [
            'steps[0]: the scope "s" spans the stages purchase and retention; make one scope for each',
        ]),
    ],
)  # fmt: skip
def test_names_and_stages(text, expected):
    """A journey has a plain name and steps, and each step a stage."""
    name = loads(text).name

    assert found(text) == [f"{name}: {line}" for line in expected]


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ("then: a", ["steps[1].then: leads from purchase back to awareness; write back: true, or choose another step"]),
        ("then: {to: a, back: true}", []),
        (
            "then: [{where: data.x, to: a}, c]",
            ["steps[1].then[0]: leads from purchase back to awareness; write back: true, or choose another step"],
        ),
        (
            "then: '50% a, 50% c'",
            ["steps[1].then: leads from purchase back to awareness; lead there by a branch with back: true, or choose another step"],
        ),
        ("when: {E: a}", ["steps[1].when[0]: leads from purchase back to awareness; write back: true, or choose another step"]),
        ("when: {E: {to: a, back: true}}", []),
        ("when: {E: c}", []),
    ],
)
def test_the_lifecycle_goes_back_only_where_declared(then, expected):
    """An earlier stage needs ``back: true``; in any other journey it does not."""
    steps = f"steps: [{{step: a, stage: awareness, wait: 1 day, when: {{Skip: c}}}}, {{step: b, stage: purchase, wait: 1 day, {then}}}, {{step: c, wait: 1 day}}]"

    assert found(f"{{journey: life, lifecycle: true, {steps}}}") == [f"life: {line}" for line in expected]
    assert found(f"{{journey: life, {steps}}}") == []


def test_falling_back_into_an_earlier_stage_is_going_back_too():
    """The next in the list, what is skipped to, a transition of the journey, and the way behind a scope are looked at."""
    life = """
    journey: life
    lifecycle: true
    zone: Europe/Berlin
    when: {Reset: first}
    steps:
      - {step: first, stage: awareness, wait: 1 day, then: middle}
      - {step: looking, stage: consideration, wait: 1 day}
      - {step: middle, stage: purchase, wait: 'until data.x, skip to first if missing, now if past'}
      - {step: later, stage: consideration, wait: 1 day}
      - {scope: s, stage: retention, wait: 5 days, steps: [{step: in, wait: 1 day}]}
      - {step: last, stage: purchase, wait: 1 day, then: {to: looking, back: true}}
    """

    assert found(life) == [
        "life: when[0]: leads from consideration back to awareness; write back: true, or choose another step",
        "life: steps[2].then: leads from purchase back to consideration; write back: true, or choose another step",
        "life: steps[4].then: leads from retention back to purchase; write back: true, or choose another step",
        "life: steps[2].wait: leads from purchase back to awareness; skip to a step that leads there with back: true, or choose another step",
    ]


def test_journeys_together():
    """Names are unique, and only one journey is the lifecycle."""
    one = "{journey: one, lifecycle: true, stage: purchase, steps: [{step: a}]}"
    two = "{journey: two, lifecycle: true, stage: purchase, steps: [{step: a}]}"

    assert found(one, one) == [
        "one: journey: another one has this name; give it a name of its own",
        'one: lifecycle: "one" is the lifecycle already; only one journey can be',
    ]
    assert found(one, two) == ['two: lifecycle: "one" is the lifecycle already; only one journey can be']


KEYED = "{journey: j, key: cart, stage: purchase, entry: E, steps: [{step: a, wait: 1 day, when: [{event: F%s, to: a}]}]}"


def test_keys_and_the_catalog():
    """In a keyed journey every trigger has the property, names its own, or says any."""
    catalog = Catalog(events={"E": {"cart": "text"}, "F": {"basket": "text"}})

    assert found(KEYED % "", catalog=catalog) == [
        'j: steps[0].when[0].key: "F" has no property "cart"; name its property with key, or write key: any'
    ]
    assert found(KEYED % ", key: basket", catalog=catalog) == []
    assert found(KEYED % ", key: any", catalog=catalog) == []
    assert found(KEYED % "", catalog=Catalog(events={"E": {}, "F": {}})) == []
    assert found(KEYED % "", catalog=Catalog(events={"E": {"id": "text"}, "F": {"cart": "text"}})) == [
        'j: entry.key: "E" has no property "cart"; name another property'
    ]


SHOP = Catalog(
    events={"Order Completed": {"total": "money", "store": "text"}, "Product Added": {"sku": "text"}},
    traits={"plan": "text"},
    facts={"orders": "count of Order Completed"},
    actions={"email": "marketing"},
)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("when: {Order Complete: a}", ['steps[0].when[0].event: no event "Order Complete"; did you mean "Order Completed"?']),
        ("when: [{event: Order Completed, where: event.totl > 5, to: a}]", [
            'steps[0].when[0].where: no property of Order Completed "totl"; did you mean "total"?',
        ]),
        ("when: [{event: Order Completed, to: a, set: {data.x: event.sku}}]", [
            'steps[0].when[0].set.data.x: no property of Order Completed "sku"; there are total, store',
        ]),
        ("when: [{event: Order Completed, to: a, do: {email: {total: '{event.totl}'}}}]", [
            'steps[0].when[0].do[0].total: no property of Order Completed "totl"; did you mean "total"?',
        ]),
        ("do: {email: {total: '{event.anything}'}}", []),
        ("then: [{where: customer.plann == 'x', to: b}, b]", ['steps[0].then[0].where: no trait or fact "plann"; did you mean "plan"?']),
        ("then: [{where: customer.plan == customer.zone or customer.orders > 1 or customer.stage == customer.id, to: b}, b]", []),
        ("set: {customer.plann: 1}", ['steps[0].set.customer.plann: no trait or fact "plann"; did you mean "plan"?']),
        ("set: {customer.orders: 1}", ["steps[0].set.customer.orders: customer.orders is a declared fact; set another trait, or data.orders"]),
        ("when: [{changed: customer.plann, to: a}]", ['steps[0].when[0].changed: no trait or fact "plann"; did you mean "plan"?']),
        ("when: [{changed: customer.orders, to: a}]", []),
        ("do: emial", ['steps[0].do[0]: no action "emial"; did you mean "email"?']),
        ("do: email", []),
    ],
)  # fmt: skip
def test_the_words_of_the_catalog(fields, expected):
    """Where events, traits and actions are declared, others are unknown."""
    text = f"{{journey: j, stage: purchase, entry: Product Added, steps: [{{step: a, wait: 1 day, {fields}}}, {{step: b}}]}}"

    assert found(text, catalog=SHOP) == [f"j: {line}" for line in expected]


@pytest.mark.parametrize(
    "line", ["then: completed", "when: {Bought: completed}", "when: {Bought: a}, then: [{where: customer.vip, to: a}, completed]"]
)
def test_who_names_the_end_as_if_it_were_a_step_is_told_how_to_end(line):
    """An end is a step of its own, with the outcome that it has."""
    text = f"{{journey: j, stage: purchase, entry: Product Added, steps: [{{step: a, wait: 1 day, {line}}}]}}"

    (problem,) = found(text)
    assert problem.endswith('no step "completed"; there is a; where the journey is to end, write a step with "end: completed"')


def test_a_goal_that_ends_leads_out_and_one_that_is_only_marked_does_not():
    """Whoever waits for nothing but the order leaves with it, if it ends the journey."""
    waits = "- {step: a, when: [{event: E, do: email}]}"

    assert found(cart(waits, "goal: {event: Order Completed, end: bought}")) == []
    assert found(cart(waits, "goal: Order Completed")) == [
        'recover-cart: steps[0]: nothing leads out of "a"; give it a wait, a transition to another step, or an end'
    ]


def test_what_waits_for_signals_where_nobody_stays():
    """Whoever has nothing to wait for goes on at once, and has completed before an event comes."""
    text = "{{journey: j, stage: purchase, entry: A, goal: B, when: {{C: b}}, steps: [{{step: a{0}}}, {{step: b}}]}}"
    told = "for nobody stays in a step: each goes on at once; give a step a wait or a when of its own"

    assert found(text.format("")) == [f"j: goal: never recorded, {told}", f"j: when[0]: never taken, {told}"]
    assert found(text.format(", wait: 1 day")) == found(text.format(", when: {D: b}")) == []


def test_actions_given_to_the_engine():
    """An action that nobody implements is unknown, declared or not."""
    text = "{journey: j, stage: purchase, steps: [{step: a, do: [email, sms]}]}"

    assert found(text, actions=["email"]) == ['j: steps[0].do[1]: no action "sms"; there is email']
    assert found(text, catalog=SHOP, actions=["email", "sms"]) == ['j: steps[0].do[1]: no action "sms"; there is email']
    assert found(text, catalog=SHOP, actions=["sms"]) == [
        'j: steps[0].do[0]: no action "email"; there is sms',
        'j: steps[0].do[1]: no action "sms"; there is email',
    ]
    assert found(text, actions=[]) == [
        'j: steps[0].do[0]: no action "email"; there is none',
        'j: steps[0].do[1]: no action "sms"; there is none',
    ]


def test_facts_fold_what_is_declared():
    """A fact over an unknown event or property, or a sum of texts, is a problem of the catalog."""
    events = {"Order Completed": {"total": "money", "store": "text"}}
    facts = {
        "a": "count of Order Complete",
        "b": "sum of Order Completed.totl",
        "c": "sum of Order Completed.store",
        "d": "last of Order Completed.store where event.stor == 'x'",
        "e": "sum of Order Completed.total where event.store == 'x'",
    }

    assert found("{journey: j, stage: purchase, steps: [{step: a}]}", catalog=Catalog(events=events, facts=facts)) == [
        'catalog: facts.a: no event "Order Complete"; did you mean "Order Completed"?',
        'catalog: facts.b: no property of Order Completed "totl"; did you mean "total"?',
        "catalog: facts.c: Order Completed.store is declared as text; a sum needs a number or money",
        'catalog: facts.d: no property of Order Completed "stor"; did you mean "store"?',
    ]
    assert found("{journey: j, stage: purchase, steps: [{step: a}]}", catalog=Catalog(facts=facts)) == []


def test_what_only_python_can_get_wrong():
    """A transition without a trigger, a branch with one, and a branch to nowhere."""
    journey = Journey(
        "j",
        stage="purchase",
        steps=[
            Step("a", wait="1 day", when=[Transition("b")], then=[Transition("b", on=On("E")), Transition(), Transition("b")]),
            Step("b"),
        ],
    )

    assert found(journey) == [
        "j: steps[0].then[1]: a branch that leads nowhere; name a step",
        "j: steps[0].then[0]: a branch waits for nothing; leave only its where, or write it in when",
        "j: steps[0].then[1]: takes everybody, so that nothing behind it is ever taken; give it a condition, or put it last",
        "j: steps[0].when[0]: nothing starts it; name an event, changed, settled, after or where, or write it in then",
    ]


def test_all_problems_come_at_once():
    """An author sees everything in one go, journey by journey, each line with its place."""
    text = """
    journey: recover-cart
    zone: Europe/Bern
    entry: Product Added
    steps:
      - {step: left, wait: 2 hours, then: remindd, when: {Order Complete: gone}}
      - {step: reminded, do: {start: {journey: nothing}}, wait: until data.x}
      - {step: gone, wait: 1 day, end: bought}
    """

    assert found(text, catalog=SHOP) == [
        'recover-cart: steps[0].then: no step "remindd"; did you mean "reminded"?',
        'recover-cart: steps[2].wait: "gone" is final; leave wait out, or end',
        'recover-cart: steps[1]: nobody gets to "reminded"; lead there from another step, or leave it out',
        (
            'recover-cart: steps[0]: "left" has no stage; name one, or give the journey one: '
            "awareness, consideration, purchase, retention, advocacy"
        ),
        (
            'recover-cart: steps[1].wait: "until data.x" does not say what follows when the moment is missing; '
            'add "wait if missing", "exit if missing" or "skip to STEP if missing"'
        ),
        (
            'recover-cart: steps[1].wait: "until data.x" does not say what follows when the moment is past; '
            'add "now if past", "exit if past" or "skip to STEP if past"'
        ),
        'recover-cart: zone: no time zone "Europe/Bern"; write an IANA name such as Europe/Berlin; did you mean "Europe/Berlin"?',
        'recover-cart: steps[0].when[0].event: no event "Order Complete"; did you mean "Order Completed"?',
        'recover-cart: steps[1].do[0]: no journey "nothing"; there is recover-cart',
    ]


def test_a_long_journey_is_checked_in_a_moment():
    """Two hundred steps with transitions each, and loops over all of them, are no burden."""
    steps = [Step(f"s{n}", wait="1 day", when={"E": f"s{(n * 7) % 200}", f"F{n}": "s0"}) for n in range(200)]

    assert found(Journey("long", stage="purchase", when={"G": "s0"}, steps=steps)) == []
    assert len(found(Journey("round", stage="purchase", steps=[Step(f"s{n}", then=f"s{(n + 1) % 200}") for n in range(200)]))) == 1


NAME = st.sampled_from(["a", "b", "c", "s", "x", "", "a/b"])
WHERE = st.sampled_from([None, "data.x", "customer.vip and now > '2026-01-01'", "scope.entered_at < now"])
WAIT = st.sampled_from(
    [None, "1 hour", "3 calendar days", "until data.x", "until data.x, skip to a if missing, exit if past", "until 09:00"]
)
ON = st.builds(
    lambda kind, where: On(**{**kind, "where": where or (None if kind else "data.y")}),
    st.sampled_from(
        [{}, {"event": "E"}, {"event": "F", "key": "any"}, {"changed": "customer.x"}, {"settled": "email dead"}, {"after": "1 hour"}]
    ),
    WHERE,
)
DO = st.lists(st.sampled_from([Do("email"), Do("sms", text="{"), Start("j"), Start("k", key="event.x")]), max_size=1)
MOVE = st.builds(lambda to, on, do, back: Transition(to, on=on, do=do, back=back), st.none() | NAME, st.none() | ON, DO, st.booleans())
THEN = st.one_of(st.just(()), NAME.filter(bool), st.lists(MOVE, max_size=2), st.just(Split("50% a, 50% b as test")))
STAGE = st.sampled_from([None, "purchase", "retention", "none"])
STEP = st.builds(
    Step,
    NAME,
    stage=STAGE,
    wait=WAIT,
    do=DO,
    when=st.lists(MOVE, max_size=2),
    then=THEN,
    end=st.sampled_from([None, None, "completed"]),
)
ITEMS = st.recursive(
    st.lists(STEP, max_size=3),
    lambda inner: st.tuples(
        st.lists(STEP, max_size=2),
        st.builds(
            lambda name, steps, **fields: Scope(name, steps=steps, **fields),
            NAME,
            inner,
            stage=STAGE,
            wait=WAIT,
            exits=st.lists(st.builds(Exit, ON, end=st.sampled_from([None, "out"])), max_size=1),
            when=st.lists(MOVE, max_size=1),
            then=THEN,
        ),
    ).map(lambda both: [*both[0], both[1]]),
    max_leaves=3,
)


@settings(max_examples=150, deadline=None)
@given(
    ITEMS, st.booleans(), st.none() | st.just("cart"), st.none() | st.builds(Goal, ON), st.lists(MOVE, max_size=1), st.lists(ON, max_size=2)
)
def test_any_definition_gives_lines_and_no_error(items, lifecycle, key, goal, when, entry):
    """Whatever is wrong, checking answers with lines that name the journey, and never fails itself."""
    journey = Journey("j", steps=items, lifecycle=lifecycle, key=key, goal=goal, when=when, entry=entry)

    for catalog in (Catalog(), SHOP):
        for line in problems([journey, journey], catalog, ["email"]):
            assert line.startswith("j: ")
            assert "\n" not in line


# what single words mean


@pytest.mark.parametrize(
    ("after", "line"),
    [
        ("3 days before customer.ends, in UTC", None),
        ("3 days before customer.ends, wait if missing, in UTC", None),
        ("3 days before customer.ends, now if past, in UTC", None),
        ("3 days before customer.ends, wait if missing, now if past, in UTC", None),
        ("3 days before customer.ends, exit if missing, now if past, in UTC", "led"),
        ("3 days before customer.ends, wait if missing, exit if past, in UTC", "led"),
        ("3 days before customer.ends, skip to in if missing, in UTC", "led"),
        ("3 days before customer.ends, skip to in if past, in UTC", "led"),
        ("3 days", 'nobody is inside yet to wait; count from a date of the customer, such as "30 days before customer.renews_at"'),
        ("1 day before event.end, in UTC", "an entry knows no event; it counts from what is known about the customer, such as customer.birthday"),
    ],
)  # fmt: skip
def test_a_date_that_lets_in(after: str, line: str | None) -> None:
    """Nobody is inside yet to be led away; a date that is missing is waited for."""
    led = 'nobody is inside yet to be led away; a date that is missing is waited for, and one that is past lets in "now if past" only'
    journey = Journey("renew", stage="retention", entry=On(after=after), steps=Step("in", wait="1 day"))
    expected = led if line == "led" else line

    assert found(journey) == ([] if expected is None else [f"renew: entry.after: {expected}"])


@pytest.mark.parametrize(
    ("text", "zone", "line"),
    [
        ("2026-11-01 to 2026-12-24", None, None),
        ("2026-11-01 to 2026-12-24", "Asia/Tokyo", None),
        ("2026-11-01T01:00:00Z to 2026-11-01T10:00:00+09:00", None, "ends before it begins; turn it round"),
        ("2026-11-01T01:00:00Z to 2026-11-01T10:00:01+09:00", None, None),
        ("2026-11-01T00:00:00 to 2026-10-31T16:00:00Z", "Asia/Tokyo", None),
        ("2026-11-01T00:00:00 to 2026-10-31T16:00:00Z", None, "ends before it begins; turn it round"),
        ("2026-12-24 to 2026-11-01", None, "ends before it begins; turn it round"),
        ("2026-11-01 to 2026-11-01", None, "ends before it begins; turn it round"),
        ("sometime", None, 'is no time span; write "2026-11-01 to 2026-12-24"'),
        ("now to then", None, 'is no time span; write "2026-11-01 to 2026-12-24"'),
        ("2026-11-01 to then", None, 'is no time span; write "2026-11-01 to 2026-12-24"'),
        ("now to 2026-11-01", None, 'is no time span; write "2026-11-01 to 2026-12-24"'),
    ],
)  # fmt: skip
def test_when_it_is_open(text: str, zone: str | None, line: str | None) -> None:
    """Two moments, the earlier first; a time without an offset is one of the journey's zone, or of UTC."""
    journey = Journey("sale", stage="retention", open=text, zone=zone, entry="Came", steps=Step("in", wait="1 day"))

    assert found(journey) == ([] if line is None else [f'sale: open: "{text}" {line}'])
    nowhere = Journey("sale", stage="retention", open=text, zone="Mars/Base", entry="Came", steps=Step("in", wait="1 day"))
    assert [problem for problem in found(nowhere) if "open: " in problem] == found(attrs.evolve(journey, zone="UTC"))


def test_segments_are_there_wherever_they_are_read() -> None:
    """In a condition, what lets in, and what is waited for."""
    steps = [
        Step("in", wait="1 day", when=[Transition("in", on=On("Go", where="segment.vpi")), Transition("in", on=On(segment="not vpi"))])
    ]
    journey = Journey("vips", stage="retention", entry=On(segment="vpi"), steps=steps)

    assert sorted(found(journey, catalog=Catalog(segments={"vip": "customer.x"}))) == [
        'vips: entry.segment: no segment "vpi"; did you mean "vip"?',
        'vips: steps[0].when[0].where: no segment "vpi"; did you mean "vip"?',
        'vips: steps[0].when[1].segment: no segment "vpi"; did you mean "vip"?',
    ]


@pytest.mark.parametrize(
    ("do", "settled", "line"),
    [
        ((), "nonsense", '"nonsense" is no outcome; write the action and performed, dead or dropped: "email dead"'),
        ((Do("sms"), Do("coupon")), "nonsense", '"nonsense" is no outcome; write the action and performed, dead or dropped: "sms dead"'),
        ((Do("sms"), Do("coupon")), "email dead", 'the journey asks for no action "email"; there are sms, coupon'),
        ((Do("sms"),), "sms sent", '"sms sent" is no outcome; write the action and performed, dead or dropped: "sms dead"'),
        ((Do("sms"),), "sms performed", None),
        ((Do("sms"),), "sms dead", None),
        ((Do("sms"),), "sms dropped", None),
    ],
)
def test_outcomes_are_those_of_actions_that_are_asked_for(do: tuple[Do, ...], settled: str, line: str | None) -> None:
    """By their own names."""
    steps = [Step("in", do=do, wait="1 day", when=[Transition("in", on=On(settled=settled))])]

    assert found(Journey("ask", stage="retention", entry="Came", steps=steps)) == (
        [] if line is None else [f"ask: steps[0].when[0].settled: {line}"]
    )


@pytest.mark.parametrize(
    ("where", "lifecycle", "circle"),
    [
        ("customer.x", False, True),
        ("customer.x", True, True),
        ("customer.stage == 'awareness'", False, True),
        ("customer.stage == 'awareness'", True, False),
        ("step.entered_at < now", False, False),
        ("journey.entered_at < now", False, True),
    ],
)
def test_a_circle_that_goes_on_while_a_condition_holds(where: str, lifecycle: bool, circle: bool) -> None:
    """What moving changes ends it: the step that one is in and, of the lifecycle, the stage."""
    steps = [
        Step("a", stage="awareness", when=[Transition("b", on=On(where=where))], wait="1 day"),
        Step("b", stage="purchase", when=[Transition("a", on=On(where=where), back=True)], wait="1 day"),
    ]
    line = f'ring: steps[0]: goes round while "{where}" without waiting: a -> b -> a; add a wait, or an end to it'

    assert found(Journey("ring", lifecycle=lifecycle, entry="Came", steps=steps)) == ([line] if circle else [])


def test_what_a_start_and_an_entry_set_is_looked_at_with_the_event_that_they_follow() -> None:
    """The total is a property of the order, and of no other event."""
    steps = [
        Step(
            "in", stage="retention", wait="1 day", when=[Transition("on", on=On("Order"), do=Start("other", set={"data.n": "event.totl"}))]
        ),
        Step("on", do=Start("other", set={"data.n": "event.total"}), wait="1 day"),
    ]
    journey = Journey("ask", entry=Entry("Order", set={"data.n": "event.ttal"}), steps=steps)
    other = Journey("other", stage="retention", steps=Step("in", wait="1 day"))

    assert found(journey, other, catalog=Catalog(events={"Order": {"total": "money"}})) == [
        'ask: entry.set.data.n: no property of Order "ttal"; did you mean "total"?',
        'ask: steps[0].when[0].do[0].set.data.n: no property of Order "totl"; did you mean "total"?',
    ]


def test_an_event_about_an_object_may_let_in() -> None:
    """Who waits for it inside says for which object; an entry waits for any, and so does a goal in a journey that is keyed by it."""
    catalog = Catalog(events={"Back": {"sku": "object"}})
    steps = [Step("in", stage="retention", wait="1 day", when=[Transition("in", on=On("Back"))])]
    line = '"Back" is about one sku; say which: key: sku in a journey keyed by it, or where: event.sku == data.sku'

    assert found(Journey("news", entry="Back", steps=[Step("in", stage="retention", wait="1 day")]), catalog=catalog) == []
    assert found(Journey("news", entry="Back", steps=steps), catalog=catalog) == [f"news: steps[0].when[0]: {line}"]
    assert found(Journey("news", key="sku", entry="Back", goal="Back", steps=steps), catalog=catalog) == []
    for place in ("exits", "goal"):
        several = Journey("news", entry="Came", steps=[Step("in", stage="retention", wait="1 day")], **{place: "Back"})  # type: ignore[arg-type]
        assert found(several, catalog=catalog) == [f"news: {place if place == 'goal' else 'exits[0]'}: {line}"]


@pytest.mark.parametrize("target", ["customer.plan", "consent.email", "customer.zone", "plan"])
def test_what_may_be_set_where(target: str) -> None:
    """Inside, traits and consent may be set beside the data; where nobody is inside yet, data alone."""
    other = Journey("other", stage="retention", steps=Step("in", wait="1 day"))
    told = f'"{target}" cannot be set here; begin with data., such as data.total'
    wrong = f'"{target}" cannot be set; write data.NAME, customer.NAME or consent.CHANNEL'
    value = {target: "'UTC'"}
    steps = [
        Step(
            "in", stage="retention", set=value, do=Start("other", set=value), wait="1 day", when=[Transition("on", on=On("Go"), set=value)]
        ),
        Step("on", wait="1 day"),
    ]
    expected = [f"ask: entry.set.{target}: {told}"]
    if target == "plan":
        expected += [f"ask: {place}.set.{target}: {wrong}" for place in ("steps[0]", "steps[0].when[0]")]
    expected.append(f"ask: steps[0].do[0].set.{target}: {told}")

    assert found(Journey("ask", entry=Entry("Came", set=value), steps=steps), other) == expected


@pytest.mark.parametrize(
    ("on", "words"),
    [
        (On("Order"), '"Order"'),
        (On(changed="customer.plan"), "a change of customer.plan"),
        (On(settled="email dead"), 'the outcome "email dead"'),
        (On(segment="vip"), "entering the segment vip"),
        (On(segment="not vip"), "leaving the segment vip"),
        (On(every="day at 09:00, in UTC"), '"day at 09:00, in UTC"'),
        (On(after="3 days"), '"3 days"'),
        (On(where="customer.x"), '"customer.x"'),
    ],
)
def test_what_is_never_taken_is_told_in_words(on: On, words: str) -> None:
    """Which rule takes it before, and what it takes."""
    rules = [Transition("on", on=on), Transition("off", on=on)]
    steps = [Step("in", do=Do("email"), wait="9 days", when=rules), Step("on", wait="1 day"), Step("off", wait="1 day")]
    journey = Journey("ask", stage="retention", entry="Came", steps=steps)

    assert found(journey, catalog=Catalog(segments={"vip": "customer.n > 3"})) == [
        f"ask: steps[0].when[1]: never taken, for steps[0].when[0] takes {words} before; give that one a condition, or leave one out"
    ]


def test_a_wait_and_a_rule_after_the_same_time() -> None:
    """One of them would never come, of a step or a scope; another time, or a condition, tells them apart."""

    def line(place: str) -> str:
        return f'ask: {place}.after: "3 days" is its wait already; keep one of them'

    def told(wait: str, where: str | None = None) -> list[str]:
        rule = Transition("on", on=On(after=wait, where=where))
        inner = Step("in", wait="3 days", when=[Transition("on", on=On("Go")), rule])
        scope = Scope("outer", wait="3 days", steps=[inner, Step("second", wait="1 day")], when=rule)
        return found(Journey("ask", stage="retention", entry="Came", steps=[scope, Step("on", wait="1 day")]))

    assert told("3 days") == [line("steps[0].when[0]"), line("steps[0].steps[0].when[1]")]
    assert told("4 days") == []
    assert told("3 days", "customer.x") == []


def test_whether_somebody_is_in_a_journey_is_asked_where_it_can_be_otherwise() -> None:
    """In an entry a journey may ask for itself; inside it is always so. Another journey may be asked for everywhere, if there is one."""
    other = Journey("other", stage="retention", steps=Step("in", wait="1 day"))

    def told(entry: str, move: str) -> list[str]:
        rules = [Transition("in", on=On("Go", where=move))]
        return found(Journey("ask", entry=On("Came", where=entry), steps=[Step("in", stage="retention", wait="1 day", when=rules)]), other)

    assert told("not active('ask')", "active('other')") == []
    assert told("active('other')", "not active('ask')") == [
        'ask: steps[0].when[0].where: who is inside "ask" is always active in it; name another journey, or ask it in the entry'
    ]
    assert told("active('othr')", "active('other')") == ['ask: entry.where: no journey "othr"; did you mean "other"?']


def test_what_is_set_reads_the_scope_that_it_stands_in() -> None:
    """A step, a move and an entry may set when their scope was entered, where there is one; whoever comes in is in none yet."""
    told = "scope.entered_at is not known outside a scope; write step.entered_at or journey.entered_at"
    since = {"data.since": "scope.entered_at"}
    go = Transition("out", on=On("Go"), set=since)

    def ask(entry: Entry, out: Step, inside: Step) -> list[str]:
        steps = [out, Scope("outer", steps=[inside], then="out")]
        return found(Journey("ask", stage="retention", entry=entry, steps=steps))

    came, out, inside = Entry("Came"), Step("out", wait="1 day"), Step("in", wait="1 day")
    assert ask(came, out, Step("in", set=since, when=go, wait="1 day")) == []
    assert ask(Entry("Came", set=since), out, inside) == [f"ask: entry.set.data.since: {told}"]
    assert ask(came, Step("out", set=since, wait="1 day"), inside) == [f"ask: steps[0].set.data.since: {told}"]
    assert ask(came, Step("out", when=Transition("in", on=On("Go"), set=since), wait="1 day"), inside) == [
        f"ask: steps[0].when[0].set.data.since: {told}"
    ]


def test_a_fact_counts_whatever_segment_its_customer_is_in() -> None:
    """Segments are made of facts, and no fact of a segment."""
    catalog = Catalog(facts={"orders": "count of Order where segment.vip"}, segments={"vip": "customer.spent > 3"})
    journey = Journey("ask", stage="retention", entry="Came", steps=Step("in", wait="1 day"))

    assert found(journey, catalog=catalog) == ["catalog: segments: no segment.vip; there is none"]


def test_there_may_be_more_than_anybody_wants_to_read() -> None:
    """The nearest, or the first eight of those there are."""
    names = list("abcdefghi")

    assert unknown("step", "b1", ["left", "b12"]) == 'no step "b1"; did you mean "b12"?'
    assert unknown("step", "xyz", names) == 'no step "xyz"; there are a, b, c, d, e, f, g, h and more'
    assert unknown("step", "xyz", names[:8]) == 'no step "xyz"; there are a, b, c, d, e, f, g, h'
    assert unknown("step", "xyz", names[:1]) == 'no step "xyz"; there is a'
    assert unknown("step", "xyz", []) == 'no step "xyz"; there is none'


def test_a_date_that_lets_in_is_the_customers() -> None:
    """Made of traits, consent and segments; nobody has data before being inside."""
    catalog = Catalog(segments={"vip": "customer.spent > 3"})

    def told(moment: str) -> list[str]:
        entry = Entry(On(after=f"3 days before ({moment}), in UTC"))
        return found(Journey("ask", stage="retention", entry=entry, steps=Step("in", wait="1 day")), catalog=catalog)

    assert told("customer.ends if segment.vip and consent.email else customer.renews") == []
    (problem,) = told("customer.ends if data.vip else customer.renews")
    assert problem.startswith("ask: entry.after: ")
    assert "data" in problem


@pytest.mark.parametrize(("key", "known"), [("cart", True), ("Xcart", False), ("event.cart", True), ("event['cart']", True)])
def test_a_key_is_a_property_of_what_lets_in(key: str, known: bool) -> None:
    """Where the event is declared, a plain name is one of its properties."""
    journey = Journey("ask", stage="retention", key=key, entry="Came", steps=Step("in", wait="1 day"))

    assert (found(journey, catalog=Catalog(events={"Came": {"cart": "text"}})) == []) is known
