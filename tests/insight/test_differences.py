"""What changed is told in the author's words, for every field of every class of a definition."""

from __future__ import annotations

import typing
from typing import Any

import attrs
import pytest

from journeykit import Catalog, Do, Entry, Exit, Goal, Journey, On, Scope, Start, Step, Transition
from journeykit.insight.definitions.difference_words import WORDS
from journeykit.insight.definitions.differences import WALKED, counted, differences, renamed


def journey(*steps: Step | Scope, **more: Any) -> Journey:
    """A journey of these steps."""
    return Journey("cart", steps=steps or (Step("left"),), **more)


def step(**more: Any) -> Journey:
    """A journey whose second step is what is looked at."""
    return journey(Step("left"), Step("reminded", **more), Step("last"))


def scope(**more: Any) -> Journey:
    """A journey whose scope is what is looked at."""
    return journey(Scope("lessons", **{"steps": [Step("one")], **more}), Step("last"))


def move(**more: Any) -> Journey:
    """A journey with one transition."""
    return step(when=[Transition(**{"to": "last", "on": "Opened", **more})])


def exits(on: On | None = None, **more: Any) -> Journey:
    """A journey with one exit rule."""
    return journey(exits=Exit(on or On("Ordered"), **more))


def do(*actions: Any, **more: Any) -> Journey:
    """A journey whose second step asks for an action."""
    return step(do=[*actions, Do("email", **more)])


def start(**more: Any) -> Journey:
    """A journey whose second step starts another."""
    return step(do=Start("news", **more))


R = 'step 2 "reminded"'

#: For each field two versions that differ in it, and what is said.
STORIES: dict[tuple[type[Any], str], tuple[Any, Any, list[str]]] = {
    (Journey, "name"): (Journey("cart"), Journey("basket"), ["the journey is called basket instead of cart"]),
    (Journey, "steps"): (
        journey(Step("a"), Step("b", wait="1 day"), Step("c", end="gone")), journey(Step("b", wait="1 day"), Step("a"), Step("x", do="sms", wait="9 days")),
        ['step 1 "b" stands the first', 'step 3 "x" is new, behind "a"', 'step 3 "c" is gone'],
    ),
    (Journey, "key"): (journey(key="cart_id"), journey(key="basket_id"), ["the journey keeps enrollments apart by basket_id instead of cart_id"]),
    (Journey, "each"): (journey(), journey(each="customer.cards"), ["the journey holds an enrollment for each of customer.cards"]),
    (Journey, "entry"): (journey(entry="Added"), journey(entry=["Shared", "Added"]), ["entry on Shared is new"]),
    (Journey, "exits"): (journey(exits=["A", "B"]), journey(exits=["B"]), ["exit on A is gone"]),
    (Journey, "goal"): (journey(goal="Ordered"), journey(), ["goal is gone"]),
    (Journey, "reentry"): (journey(), journey(reentry="always"), ["the journey lets in again always instead of once"]),
    (Journey, "when"): (journey(when={"A": "left"}), journey(when={"B": "left"}), ['on B is new, to "left"', 'on A is gone, to "left"']),
    (Journey, "stage"): (journey(), journey(stage="purchase"), ['the journey begins in stage "purchase"']),
    (Journey, "stages"): (journey(stages=["a", "b"]), journey(stages=["a"]), ["the journey has the stages a instead of a, b"]),
    (Journey, "lifecycle"): (journey(lifecycle=True), journey(), ["the journey is not the lifecycle any more"]),
    (Journey, "zone"): (journey(zone="UTC"), journey(zone="Asia/Tokyo"), ["the journey keeps the time of Asia/Tokyo instead of UTC"]),
    (Journey, "open"): (journey(open="2026-11-01 to 2026-12-24"), journey(), ["the journey is always open, not only 2026-11-01 to 2026-12-24"]),
    (Step, "name"): (step(wait="1 day"), journey(Step("left"), Step("told", wait="1 day"), Step("last")), ['step 2 "told" seems to be what was "reminded"']),
    (Step, "stage"): (step(stage="purchase"), step(stage="retention"), [f'{R} is in stage "retention" instead of "purchase"']),
    (Step, "set"): (step(set={"data.x": 1, "data.y": 1}), step(set={"data.x": 2}), [f"{R} sets data.x to 2 instead of 1", f"{R} does not set data.y to 1 any more"]),
    (Step, "do"): (step(do="email"), step(do="sms"), [f"{R} asks for sms", f"{R} does not ask for email any more"]),
    (Step, "wait"): (step(wait="2 days"), step(wait="3 days"), [f"{R} waits 3 days instead of 2 days"]),
    (Step, "when"): (step(when={"A": "left"}), step(when={"A": "last", "B": None}), [f'{R}, on A, leads to "last" instead of "left"', f"{R}, on B, is new, and stays"]),
    (Step, "then"): (step(), step(then="left"), [f'{R} goes on to "left" instead of what follows it']),
    (Step, "leaving"): (step(), step(leaving="tag"), [f"{R} asks for tag on leaving"]),
    (Step, "end"): (step(end="gone"), step(end="completed"), [f"{R} ends as completed instead of gone"]),
    (Scope, "name"): (scope(wait="1 day"), journey(Scope("units", steps=[Step("one")], wait="1 day"), Step("last")), ['scope "units" seems to be what was "lessons"']),
    (Scope, "steps"): (scope(), scope(steps=[Step("one"), Step("two")]), ['step 2 "two" is new, behind "one"']),
    (Scope, "stage"): (scope(), scope(stage="purchase"), ['scope "lessons" is in stage "purchase"']),
    (Scope, "do"): (scope(do="email"), scope(), ['scope "lessons" does not ask for email any more']),
    (Scope, "wait"): (scope(wait="2 days"), scope(wait="3 days"), ['scope "lessons" is left after 3 days instead of 2 days']),
    (Scope, "when"): (scope(), scope(when={"A": "one"}), ['scope "lessons", on A, is new, to "one"']),
    (Scope, "exits"): (scope(), scope(exits="Used"), ['scope "lessons", exit on Used, is new']),
    (Scope, "then"): (scope(then="one"), scope(), ['scope "lessons" goes on to what follows it instead of "one"']),
    (Scope, "leaving"): (scope(leaving="tag"), scope(), ['scope "lessons" does not ask for tag on leaving any more']),
    (Transition, "to"): (move(to=None), move(), [f'{R}, on Opened, leads to "last"']),
    (Transition, "on"): (
        step(then=[Transition("last")]), step(then=[Transition("last", on=On(where="data.x > 1"))]), [f'{R} goes on to "last" where data.x > 1 instead of "last"'],
    ),
    (Transition, "do"): (move(), move(do="sms"), [f"{R}, on Opened, asks for sms"]),
    (Transition, "set"): (move(), move(set={"data.x": 1}), [f"{R}, on Opened, sets data.x to 1"]),
    (Transition, "take"): (move(take="early, 5"), move(take="early, 6"), [f"{R}, on Opened, takes one of early, 6 instead of early, 5"]),
    (Transition, "back"): (move(), move(back=True), [f"{R}, on Opened, may lead to an earlier stage"]),
    (On, "event"): (journey(goal="A"), journey(goal="B"), ["goal waits for B instead of A"]),
    (On, "changed"): (journey(goal=On(changed="customer.a")), journey(goal=On(changed="customer.b")), ["goal waits for another customer.b instead of customer.a"]),
    (On, "segment"): (journey(goal=On(segment="a")), journey(goal=On(segment="b")), ["goal waits for segment b instead of a"]),
    (On, "settled"): (journey(goal=On(settled="email dead")), journey(goal="A"), ["goal waits for A", "goal does not wait for the outcome email dead any more"]),
    (On, "every"): (journey(goal=On(every="day at 08:00")), journey(goal=On(every="day at 09:00")), ["goal waits for every day at 09:00 instead of day at 08:00"]),
    (On, "after"): (journey(goal=On(after="1 day")), journey(goal=On(after="2 days")), ["goal waits 2 days instead of 1 day"]),
    (On, "where"): (exits(), exits(On("Ordered", where="event.total > 1")), ["exit on Ordered asks that event.total > 1"]),
    (On, "key"): (exits(On("Ordered", key="any")), exits(), ["exit on Ordered does not ask for its key in any any more"]),
    (On, "late"): (exits(), exits(On("Ordered", late="drop")), ['exit on Ordered meets events that are late with "drop" instead of "accept"']),
    (Entry, "on"): (journey(entry="A"), journey(entry=Entry(On("A", where="event.x"))), ["entry on A asks that event.x"]),
    (Entry, "wait"): (journey(entry="A"), journey(entry=Entry("A", wait="15 minutes")), ["entry on A lets 15 minutes pass first"]),
    (Entry, "set"): (journey(entry=Entry("A", set={"data.x": 1})), journey(entry="A"), ["entry on A does not set data.x to 1 any more"]),
    (Exit, "on"): (exits(On("Ordered", where="event.x")), exits(), ["exit on Ordered does not ask that event.x any more"]),
    (Exit, "end"): (exits(), exits(end="bought"), ["exit on Ordered ends as bought"]),
    (Exit, "at"): (exits(), exits(at="next action"), ["exit on Ordered takes out at next action instead of at once"]),
    (Goal, "on"): (journey(goal="A"), journey(goal=On("A", where="event.x")), ["goal asks that event.x"]),
    (Goal, "end"): (journey(goal=Goal("A", end="won")), journey(goal="A"), ["goal does not end as won any more"]),
    (Do, "action"): (do(), do(Do("sms")), [f"{R} asks for sms"]),
    (Do, "parameters"): (
        do(template="a", discount=5), do(template="b", lines=["x", 1]),
        [f"{R}, email, says template: b instead of a", f"{R}, email, says lines: x, 1", f"{R}, email, does not say discount: 5 any more"],
    ),
    (Do, "expires"): (do(), do(expires="2 days"), [f"{R}, email, expires 2 days"]),
    (Do, "message"): (do(message="marketing"), do(message="transactional"), [f"{R}, email, is transactional instead of marketing"]),
    (Start, "journey"): (start(), step(do=Start("sale")), [f"{R} asks for start of sale", f"{R} does not ask for start of news any more"]),
    (Start, "customer"): (start(), start(customer="data.friend"), [f"{R}, start of news, is for data.friend"]),
    (Start, "key"): (start(key="data.a"), start(key="data.b"), [f"{R}, start of news, has the key data.b instead of data.a"]),
    (Start, "set"): (start(), start(set={"data.code": "event.code"}), [f"{R}, start of news, sets data.code to event.code"]),
    (Catalog, "events"): (
        Catalog(events={"A": {"x": "text"}, "B": {}}), Catalog(events={"A": {"x": "number"}}),
        ["event A has x: number instead of x: text", "event B is not declared any more"],
    ),
    (Catalog, "traits"): (Catalog(), Catalog(traits={"plan": "text"}), ["trait plan is declared: text"]),
    (Catalog, "facts"): (Catalog(facts={"n": "count of A"}), Catalog(facts={"n": "count of B"}), ["fact n is the count of B instead of the count of A"]),
    (Catalog, "segments"): (
        Catalog(segments={"vip": "customer.n > 1"}), Catalog(segments={"vip": "customer.n > 2"}), ["segment vip is where customer.n > 2 instead of where customer.n > 1"],
    ),
    (Catalog, "holidays"): (Catalog(holidays=["2026-12-25"]), Catalog(), ["has no holidays any more: 2026-12-25"]),
    (Catalog, "actions"): (Catalog(actions={"email": "marketing"}), Catalog(actions={"email": "none"}), ["action email is none instead of marketing"]),
    (Catalog, "policies"): (
        Catalog(policies=["at most 3 in 7 days"]), Catalog(policies=["at most 2 in 7 days"]),
        ['policy "at most 2 in 7 days" is new', 'policy "at most 3 in 7 days" is gone'],
    ),
}  # fmt: skip


def classes(of: Any) -> set[type[Any]]:
    """Every class of values that a definition of that class can hold."""
    found: set[type[Any]] = set()
    ahead = [of]
    while ahead:
        type_ = ahead.pop()
        if attrs.has(type_) and type_ not in found:
            found.add(type_)
            hints = typing.get_type_hints(type_)
            ahead += [hints[field.name] for field in attrs.fields(type_) if field.init and field.eq]
        ahead += typing.get_args(type_)
    return found


def fields(cls: type[Any]) -> list[str]:
    """What its author writes; what is derived of it is none of it."""
    return [field.name for field in attrs.fields(cls) if field.init and field.eq]


EVERY = classes(Journey) | classes(Catalog)


def test_every_field_of_every_class_has_words_and_a_story() -> None:
    """Whoever adds a field or a class is told that its difference cannot be said yet."""
    looked_into = {cls for cls in EVERY if fields(cls) != ["text"]}
    every = {(cls, name) for cls in looked_into for name in fields(cls)}

    assert looked_into == set(WALKED)
    assert set(WORDS) == every
    assert set(STORIES) == every


@pytest.mark.parametrize(("cls", "name"), list(STORIES), ids=lambda part: part if isinstance(part, str) else part.__name__)
def test_a_difference_is_said_in_the_words_of_its_author(cls: type[Any], name: str) -> None:
    """What is said of two versions, and nothing beside it; of one and the same nothing."""
    old, new, said = STORIES[cls, name]

    assert [change.text for change in differences(old, new)] == said
    assert differences(new, old) != []
    assert differences(old, old) == differences(new, new) == []
    assert all(
        change.place and (change.old is not None or change.new is not None or change.kind == "moved") for change in differences(old, new)
    )


def said(old: Any, new: Any) -> list[str]:
    """What is said of two versions."""
    return [change.text for change in differences(old, new)]


def test_those_who_stand_there_are_counted() -> None:
    """By step, in a scope all of its steps; of a step that went, and of one with another name as well."""
    old = journey(
        Scope("lessons", wait="9 days", steps=[Step("one", wait="1 day"), Step("two")]),
        Step("gone", end="lost"),
        Step("asked", wait="2 days"),
    )
    new = journey(Scope("lessons", wait="8 days", steps=[Step("one", wait="2 days"), Step("two")]), Step("told", wait="2 days"))
    standing = {"one": 812, "two": 1_000, "asked": 1}

    assert [change.text for change in counted(differences(old, new), old, standing)] == [
        'scope "lessons" is left after 8 days instead of 9 days; 1,812 customers wait there now',
        'step 1 "one" waits 2 days instead of 1 day; 812 customers wait there now',
        'step 3 "told" seems to be what was "asked"; 1 customer waits there now',
        'step 3 "gone" is gone',
    ]
    keyed = attrs.evolve(old, key="cart_id")
    assert counted(differences(old, new), keyed, standing)[1].text.endswith("; 812 enrollments wait there now")


def test_what_steps_are_called_now_is_guessed() -> None:
    """One that says the same under another name, one whose name is nearly the same; one that went for good has none."""
    old = journey(
        Step("left", wait="2 hours"), Step("reminded", do="email", wait="1 day"), Step("offer 1", do="sms"), Step("gone", end="lost")
    )
    new = journey(
        Step("left", wait="2 hours"),
        Step("told", do="email", wait="1 day"),
        Step("offer 2", do="email", wait="9 days"),
        Step("new", do="call"),
    )

    assert renamed(differences(old, new)) == {"reminded": "told", "offer 1": "offer 2", "gone": None}


def test_what_stands_elsewhere_is_told() -> None:
    """Behind another step, inside a scope or outside of it; the order of rules, of which the first that matches is taken."""
    old = journey(Scope("lessons", steps=[Step("one"), Step("two")]), Step("three", when={"A": "one", "B": "two"}))
    new = journey(Scope("lessons", steps=[Step("one")]), Step("two"), Step("three", when={"B": "two", "A": "one"}))

    assert said(old, new) == [
        'step 2 "two" stands in no scope instead of in scope lessons',
        'step 3 "three" looks at its transitions in another order: on B, on A instead of on A, on B',
    ]
    assert said(new, old)[0] == 'step 2 "two" stands in scope "lessons" instead of in no scope'


def test_a_branch_that_leads_where_it_led_may_do_something_else() -> None:
    """What is done on the way is told, branch by branch."""
    branches = [Transition("left", on=On(where="data.x > 1")), Transition("last")]
    more = [Transition("left", on=On(where="data.x > 1"), do="sms"), Transition("last", set={"data.x": 0})]

    assert said(step(then=branches), step(then=more)) == [f"{R}, where data.x > 1, asks for sms", f"{R}, going on, sets data.x to 0"]


def test_two_rules_for_one_event_are_told_apart() -> None:
    """The second for it is compared with the second."""
    one, two = Transition("left", on=On("A", where="data.x > 1")), Transition("last", on="A")

    assert said(step(when=[one, two]), step(when=[one, attrs.evolve(two, to="left")])) == [f'{R}, on A, leads to "left" instead of "last"']
    assert said(step(when=[one]), step(when=[one, two])) == [f'{R}, on A, is new, to "last"']


def test_braces_and_odd_names_are_told_as_they_are() -> None:
    """A name may look like a gap in a sentence."""
    assert said(journey(Step("{x}")), journey(Step("{x}"), Step("{}", wait="1 day"))) == ['step 2 "{}" is new, behind "{x}"']
    assert said(step(when={"A": "{x}"}), step()) == [f'{R}, on A, is gone, to "{{x}}"']
    assert said(step(do=Do("email", text="{customer.id}")), step(do=Do("email", text="{}"))) == [
        f"{R}, email, says text: {{}} instead of {{customer.id}}"
    ]
