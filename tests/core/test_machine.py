"""The machine of a journey: its states, which moves there are for each signal, in their order, and where they lead."""

from __future__ import annotations

import pytest

from journeykit import Catalog, DefinitionError, Do, Exit, Journey, On, Scope, Step, Transition, machine

JOURNEY = Journey(
    "ask", entry="Came", exits=[Exit(On("Gone"), end="gone"), Exit(On(where="customer.staff"), end="staff"), Exit(On("Later"), at="next action")],
    goal="Bought",
    steps=[
        Step("first", stage="retention", wait="1 hour", when=[Transition("second", on=On("Go", where="event.n > 1")), Transition("third", on=On("Go"))]),
        Scope("outer", wait="2 days", then="over", steps=[
            Step("second", wait="1 day", when=[Transition(on=On("Told"), do=Do("email")), Transition("third", on=On(where="data.n"))]),
            Step("third", wait="1 day", then="50% first, 50% over"),
        ]),
        Step("over", end="completed"),
    ],
)  # fmt: skip


def moves(signal: str, **more: Catalog) -> list[tuple[str, str | None]]:
    """From where to where the machine leads for a signal, in its order."""
    several = machine(JOURNEY, **more).events[signal].transitions
    return [(move.source, move.dest) for source in several for move in several[source]]


def test_its_states_are_the_steps_and_the_two_ends() -> None:
    """It begins with the first step."""
    found = machine(JOURNEY)

    assert [*found.states] == ["first", "second", "third", "over", "(completed)", "(exited)"]
    assert found.initial == "first"


def test_every_signal_leads_where_the_journey_says() -> None:
    """Exits first, then rules of the step, of its scopes and of the journey; what stays where it is leads nowhere, an arm of a split each."""
    assert moves("Go") == [("first", "second"), ("first", "third")]
    assert moves("Gone") == [("first", "(exited)"), ("second", "(exited)"), ("third", "(exited)")]
    assert moves("Told") == [("second", None)]
    assert {name for name in machine(JOURNEY).events if not name.startswith("(")} == {"Go", "Gone", "Told"}


def test_what_follows_by_itself_and_by_time_is_in_it_too() -> None:
    """Timers by their place in the journey, conditions under a trigger of their own: exits of it and moves."""
    found = machine(JOURNEY)
    own = {name: moves(name) for name in found.events if name.startswith("(")}
    timers = {name: led for name, led in own.items() if name.startswith("(timer ")}
    (rest,) = [led for name, led in own.items() if not name.startswith("(timer ")]

    assert sorted(timers.values()) == sorted([
        [("first", "second")],
        [("second", "third")],
        [("third", "first"), ("third", "over")],
        [("second", "over"), ("third", "over")],
    ])  # fmt: skip
    assert rest == [("first", "(exited)"), ("second", "(exited)"), ("second", "third"), ("third", "(exited)")]


def test_it_is_checked_with_the_vocabulary_of_the_shop() -> None:
    """A machine of a journey that cannot work is none."""
    words = {name: {} for name in ("Came", "Gone", "Later", "Bought", "Go")}
    assert moves("Go", catalog=Catalog(events={**words, "Told": {}})) == [("first", "second"), ("first", "third")]
    with pytest.raises(DefinitionError) as refused:
        machine(JOURNEY, Catalog(events=words))
    assert str(refused.value) == 'ask: steps[1].steps[0].when[0].event: no event "Told"; there are Came, Gone, Later, Bought, Go'
    vip = Journey("vip", entry=On(segment="vip"), exits=On(segment="not vip"), steps=[Step("in", stage="retention", wait="1 day")])
    assert [*machine(vip, Catalog(segments={"vip": "customer.n > 3"})).events] == ["~segment not vip", "(timer 0)"]


def test_where_a_rule_ends_it_the_machine_says_how() -> None:
    """An exit for a reason of its own, one that is a success, and a goal that ends it."""
    exits = [Exit(On("Gone"), end="gone"), Exit(On("Done"), end="completed")]
    journey = Journey("ask", entry="Came", exits=exits, steps=[Step("in", stage="retention", wait="1 day"), Step("over", end="completed")])

    assert {
        name: [(move.source, move.dest) for moves in machine(journey).events[name].transitions.values() for move in moves]
        for name in ("Gone", "Done")
    } == {"Gone": [("in", "(exited)")], "Done": [("in", "(completed)")]}


def test_the_journey_has_rules_of_its_own() -> None:
    """From every step that waits: by time, by an event, and by themselves."""
    rules = [
        Transition("over", on=On(after="3 days")),
        Transition("second", on=On("Told")),
        Transition("over", on=On(where="customer.done")),
    ]
    steps = [Step("first", stage="retention", wait="1 day"), Step("second", wait="1 day"), Step("over", end="completed")]
    found = machine(Journey("ask", entry="Came", when=rules, steps=steps))

    led = {
        name: [(move.source, move.dest) for moves in event.transitions.values() for move in moves] for name, event in found.events.items()
    }
    assert led["(timer 0)"] == [("first", "over"), ("second", "over")]
    assert led["Told"] == [("first", "second"), ("second", "second")]
    assert [led[name] for name in led if name.startswith("(") and "timer" not in name] == [[("first", "over"), ("second", "over")]]
