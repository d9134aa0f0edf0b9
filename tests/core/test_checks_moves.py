"""What a journey says of the way its customers take: circles, rules that hide others, and stages that go back, case by case."""

from __future__ import annotations

from textwrap import dedent

import pytest

from journeykit import Journey
from journeykit.codec import loads
from journeykit.core.checks.problems import problems
from journeykit.model.customer import Catalog


def found(steps: str, head: str = "stage: retention") -> list[str]:
    """The problems of a journey with these steps."""
    journey = loads(f"journey: j\nentry: Came\n{dedent(head)}\nsteps:\n{dedent(steps)}")
    assert isinstance(journey, Journey)
    return [line.removeprefix("j: ") for line in problems([journey], Catalog(segments={"vip": "customer.x > 3"}), ["email", "ticket"])]


def circle(way: str, *, where: str = "", at: int = 0) -> str:
    """What is said of a circle."""
    named = f'while "{where}" ' if where else ""
    return f"steps[{at}]: goes round {named}without waiting: {way}; add a wait, or an end to it"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("- {step: a, then: [{where: data.p, to: c}, {where: data.q, to: c}, b]}\n- {step: b, then: a}\n- {step: c}", []),
        ("- {step: a, then: [{where: data.p, to: c}, b]}\n- {step: b, then: [{where: data.q, to: a}, c]}\n- {step: c}", [circle("a -> b -> a", where="data.q")]),
        ("- {step: a, then: [{where: data.q, to: c}, b]}\n- {step: b, then: [{where: data.q, to: a}, c]}\n- {step: c}", []),
        ("- {step: a, then: [{where: data.q, to: c}, {where: data.p, to: c}, b]}\n- {step: b, then: [{where: data.q, to: a}, c]}\n- {step: c}", []),
        ("- {step: a, then: [{where: data.p, to: b}, {where: data.q, to: b}, c]}\n- {step: b, then: a}\n- {step: c}", [circle("a -> b -> a", where="data.p")]),
        ("- {step: a, then: [{to: c, take: 'few, 3'}, b]}\n- {step: b, then: a}\n- {step: c}", [circle("a -> b -> a")]),
        ("- {step: a, then: [{to: b, take: 'few, 3'}, c]}\n- {step: b, then: a}\n- {step: c}", []),
        ("- {step: a, then: '50% b, 50% c'}\n- {step: b, wait: 1 day, then: c}\n- {step: c, then: a}", [circle("a -> c -> a")]),
        ("- {step: a, then: [{where: data.p, to: b}, c]}\n- {step: b, set: {data.n: '1'}, then: a}\n- {step: c}", []),
        ("- {step: a, then: [{where: data.p, to: b, set: {data.n: '1'}}, c]}\n- {step: b, then: a}\n- {step: c}", []),
        ("- {step: a, when: [{where: data.p, do: {email: {}}}], wait: 1 day, set: {data.n: '1'}}", [circle("a -> a", where="data.p")]),
        ("- {step: a, when: [{where: data.p, do: {email: {}}, set: {data.n: '1'}}], wait: 1 day}", []),
        ("- {step: a, wait: 1 day, when: [{where: data.p, to: a}]}\n- {step: b, end: over}", [circle("a -> a", where="data.p")]),
        ("- {step: a, wait: 1 day, when: [{where: data.p, to: b}]}\n- {step: b, end: over}", []),
        ("- {step: a, wait: 1 day, then: b}\n- {step: b, then: a}", []),
        ("- {step: a, wait: 1 day, when: {E: b}}\n- {step: b, then: a}", []),
        ("- {step: a}\n- {step: b}\n- {step: c, then: b}", [circle("b -> c -> b", at=1)]),
        ("- {step: a, then: b}\n- {step: b, then: c}\n- {step: c, then: [{where: data.p, to: b}, {where: data.q, to: a}, d]}\n- {step: d}",
         [circle("b -> c -> b", where="data.p", at=1), circle("a -> b -> c -> a", where="data.q")]),
        ("- scope: s\n  when: [{where: data.p, to: b}]\n  steps:\n    - {step: a, wait: 1 day}\n- {step: b, then: [{where: data.q, to: c}, a]}\n- {step: c}", [circle("a -> b -> a", where="data.p").replace("steps[0]", "steps[0].steps[0]")]),
        ("- {step: a, wait: 1 day, when: [{where: scope.entered_at < now, to: a}]}", []),
    ],
)  # fmt: skip
def test_who_goes_round_for_ever(steps: str, expected: list[str]) -> None:
    """A condition that was looked at before stands in the way, a shared number ends, what is set may end it, and so does a wait."""
    assert [line for line in found(steps) if "goes round" in line] == expected


@pytest.mark.parametrize(
    ("one", "other", "hidden"),
    [
        ("{event: E, to: b}", "{event: E, to: c}", True),
        ("{event: E, to: b}", "{event: F, to: c}", False),
        ("{event: E, where: data.p, to: b}", "{event: E, to: c}", False),
        ("{event: E, to: b}", "{event: E, where: data.p, to: c}", True),
        ("{event: E, where: data.p, to: b}", "{event: E, where: data.p, to: c}", True),
        ("{event: E, where: data.p, to: b}", "{event: E, where: data.q, to: c}", False),
        ("{event: E, late: drop, to: b}", "{event: E, to: c}", False),
        ("{event: E, to: b}", "{event: E, late: drop, to: c}", True),
        ("{event: E, late: drop, to: b}", "{event: E, late: drop, to: c}", True),
        ("{event: E, to: b}", "{event: E, key: any, to: c}", False),
        ("{event: E, key: any, to: b}", "{event: E, to: c}", True),
        ("{event: E, key: any, to: b}", "{event: E, key: any, to: c}", True),
        ("{event: E, key: order, to: b}", "{event: E, key: order, to: c}", True),
        ("{event: E, key: order, to: b}", "{event: E, to: c}", False),
        ("{event: E, to: b, take: 'few, 3'}", "{event: E, to: c}", False),
        ("{event: E, to: b}", "{event: E, to: c, take: 'few, 3'}", True),
        ("{where: data.p, to: b}", "{where: data.p, to: c}", True),
        ("{where: data.p, to: b}", "{where: data.q, to: c}", False),
        ("{after: 1 hour, to: b}", "{after: 2 hours, to: c}", False),
        ("{changed: customer.x, to: b}", "{changed: customer.x, to: c}", True),
        ("{changed: customer.x, to: b}", "{changed: customer.y, to: c}", False),
        ("{segment: vip, to: b}", "{segment: not vip, to: c}", False),
    ],
)  # fmt: skip
def test_which_rule_hides_another_of_the_same_step(one: str, other: str, hidden: bool) -> None:
    """The first one, where it takes every signal that the second would; in the other order as well."""
    steps = f"""
        - step: a
          wait: 1 day
          when:
            - {one}
            - {other}
        - {{step: b, wait: 1 day}}
        - {{step: c, wait: 1 day}}
    """
    lines = [line for line in found(steps, "stage: retention\nkey: id\nzone: UTC") if "never" in line]
    assert [line.partition(", for ")[0] for line in lines] == (["steps[0].when[1]: never taken"] if hidden else [])


EXITS = """
    - scope: outer
      exits: {outer}
      when: {{E: c}}
      steps:
        - scope: inner
          exits: {inner}
          steps:
            - {{step: a, wait: 1 day, when: {{E: b}}}}
            - {{step: d, wait: 1 day}}
        - {{step: f, wait: 1 day}}
    - {{step: b, wait: 1 day}}
    - {{step: c, wait: 1 day}}
"""


@pytest.mark.parametrize(
    ("head", "outer", "inner", "never"),
    [
        ("", "F", "F", ["steps[0].steps[0].exits[0] steps[0].exits[0]"]),
        ("", "E", "F", ["steps[0].when[0] steps[0].exits[0]", "steps[0].steps[0].steps[0].when[0] steps[0].exits[0]"]),
        ("", "F", "E", ["steps[0].steps[0].steps[0].when[0] steps[0].steps[0].exits[0]"]),
        ("", "{event: E, end: over, at: next action}", "F", []),
        ("exits: {event: E, at: next action}", "F", "G", []),
        ("exits: E", "F", "G", ["steps[0].when[0] exits[0]", "steps[0].steps[0].steps[0].when[0] exits[0]"]),
        ("exits: F", "F", "G", ["steps[0].exits[0] exits[0]"]),
        ("exits: [F, G]", "H", "G", ["steps[0].steps[0].exits[0] exits[1]"]),
        ("goal: E", "F", "G", []),
        ("goal: {event: E, end: completed}", "F", "G", ["steps[0].when[0] goal", "steps[0].steps[0].steps[0].when[0] goal"]),
        ("goal: {event: F, end: completed}", "F", "G", []),
        ("goal: F\nexits: F", "G", "H", ["goal exits[0]"]),
        ("goal: F\nexits: {event: F, at: next action}", "G", "H", []),
        ("goal: F", "F", "G", []),
        ("when: {E: b}", "F", "G", []),
    ],
)
def test_what_goes_before_what(head: str, outer: str, inner: str, never: list[str]) -> None:
    """Exits of the journey, then of the scopes from the outside in, a goal that ends it, and then moves; an exit at the next action waits."""
    lines = [line for line in found(EXITS.format(outer=outer, inner=inner), f"stage: retention\n{head}") if "never" in line]
    assert [f"{line.partition(': ')[0]} {line.partition(', for ')[2].partition(' takes')[0]}" for line in lines] == never


def test_what_every_step_has_for_itself_nobody_needs_around() -> None:
    """Where each step that somebody waits in has its own rule, or a scope further in has, the one around is left over."""
    own = "when: {E: b}"

    def lines(first: str, second: str, *, scope: str = "", inner: str = "") -> list[str]:
        steps = f"""
            - scope: s
              {scope}
              steps:
                - scope: t
                  {inner}
                  steps:
                    - {{step: a, wait: 1 day{first}}}
                - {{step: d, wait: 1 day{second}}}
                - {{step: z, end: over}}
            - {{step: b, wait: 1 day, when: {{F: z}}}}
        """
        return [line for line in found(steps) if "never" in line]

    told = 'never taken, for every step in it has its own for "E"; leave it out'
    assert lines(f", {own}", f", {own}", scope=own) == [f"steps[0].when[0]: {told}"]
    assert lines(f", {own}", "", scope=own) == []
    assert lines("", f", {own}", scope=own) == []
    assert lines("", f", {own}", scope=own, inner=own) == [f"steps[0].when[0]: {told}"]
    assert lines(f", {own}", "", scope=own, inner=own) == [f"steps[0].steps[0].when[0]: {told}"]
    assert lines(", when: [{event: E, where: data.p, to: b}]", f", {own}", scope=own) == []
    assert lines(", when: {F: b}", f", {own}", scope=own) == []


BACK = "leads from {} back to {}; {} back: true, or choose another step"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("- {step: a, stage: awareness, wait: 1 day, when: {E: b}}\n- {step: b, stage: purchase, wait: 1 day}", []),
        ("- {step: a, stage: awareness, wait: 1 day}\n- {step: b, stage: purchase, wait: 1 day, when: {E: b, F: a}}", ["steps[1].when[1]: " + BACK.format("purchase", "awareness", "write")]),
        ("- {step: a, stage: awareness, wait: 1 day}\n- {step: b, stage: purchase, wait: 1 day, when: {E: {to: a, back: true}}}", []),
        ("- {step: a, stage: awareness, wait: 1 day}\n- {step: b, stage: purchase, wait: 1 day, then: [{where: data.p, to: c}, a]}\n- {step: c, stage: retention, wait: 1 day}",
         ["steps[1].then[1]: " + BACK.format("purchase", "awareness", "write")]),
        ("- {step: a, stage: awareness, wait: 1 day}\n- {step: b, stage: purchase, wait: 1 day, then: '50% c, 50% a'}\n- {step: c, stage: retention, wait: 1 day}",
         ["steps[1].then: " + BACK.format("purchase", "awareness", "lead there by a branch with")]),
        ("- {step: a, stage: awareness, wait: 1 day}\n- {step: b, stage: purchase, wait: '1 day before data.x, skip to a if missing, skip to a if past'}",
         ["steps[1].wait: " + BACK.format("purchase", "awareness", "skip to a step that leads there with")] * 2),
        ("- {step: a, stage: purchase, wait: 1 day}\n- {step: b, stage: awareness, wait: 1 day}", ["steps[0].then: " + BACK.format("purchase", "awareness", "write")]),
        ("- scope: s\n  wait: 2 days\n  then: a\n  steps:\n    - {step: a, stage: awareness, wait: 1 day}\n    - {step: b, stage: purchase, wait: 1 day}\n- {step: c, stage: retention, wait: 1 day}",
         ["steps[0].then: " + BACK.format("purchase", "awareness", "write")]),
        ("- scope: s\n  then: c\n  steps:\n    - {step: b, stage: purchase, wait: 1 day}\n    - {step: d, stage: advocacy, when: {E: b, F: c}}\n- {step: c, stage: retention, wait: 1 day}",
         ["steps[0].steps[1].when[0]: " + BACK.format("advocacy", "purchase", "write"), "steps[0].steps[1].when[1]: " + BACK.format("advocacy", "retention", "write")]),
        ("- scope: s\n  then: a\n  steps:\n    - {step: a, stage: awareness, wait: 1 day}\n    - scope: t\n      steps:\n        - {step: b, stage: purchase, wait: 1 day}\n- {step: c, stage: retention, wait: 1 day, when: {E: c}}",
         [f"steps[0]{inner}.then: " + BACK.format("purchase", "awareness", "write") for inner in ("", ".steps[1]")]),
        ("- scope: s\n  then: a\n  steps:\n    - {step: a, stage: awareness, wait: 1 day}\n    - scope: t\n      then: c\n      steps:\n        - {step: b, stage: purchase, wait: 1 day}\n- {step: c, stage: retention, wait: 1 day}",
         []),
    ],
)  # fmt: skip
def test_stages_that_go_back(steps: str, expected: list[str]) -> None:
    """By a rule, a branch, an arm, a moment that is missing or past, or what a scope goes on to, from whichever step of it goes on there."""
    assert [line for line in found(steps, "lifecycle: true") if "leads from" in line] == expected
    assert [line for line in found(steps, "lifecycle: false") if "leads from" in line] == []
