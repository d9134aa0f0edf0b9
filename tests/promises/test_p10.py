"""P10: a transition has one order."""

from __future__ import annotations

import pytest

from journeykit import Do, Goal, Journey, On, Scope, Step, Transition
from shop import Shop


def says(word: str) -> Do:
    """Say *word*, and what the data of the enrollment is then."""
    return Do("sms", says=f"{word} {{data.n}}")


def journey() -> Journey:
    """One move out of a scope in a scope, and into another."""
    leave = Transition("there", on=On("Go"), do=says("on the way"), set={"data.n": 2})
    here = Step("here", do=says("here"), wait="9 days", when=[leave], leaving=says("leaving here"))
    inner = Scope("inner", steps=[here], leaving=says("leaving inner"))
    outer = Scope("outer", stage="purchase", steps=[inner], leaving=says("leaving outer"))
    there = Step("there", set={"data.n": 3}, do=says("there"), wait="9 days")
    other = Scope("other", stage="retention", steps=[there], do=says("other"))
    return Journey("move", entry="Start", steps=[outer, other])


def test_leaving_then_data_then_its_own_actions_then_entering() -> None:
    """Out from the inside, the data, the actions of the move, in from the outside; each sees the data as it is then."""
    shop = Shop(journey())
    shop.event("Start")
    shop.event("Go")
    shop.work()

    assert [request.parameters["says"] for request in shop.requests] == [
        "here ",
        "leaving here ",
        "leaving inner ",
        "leaving outer ",
        "on the way 2",
        "other 2",
        "there 3",
    ]


def test_a_scope_that_holds_both_ends_is_neither_left_nor_entered() -> None:
    """Going from one step of a scope to the next says nothing about the scope."""
    steps = [Step("one", wait="9 days", when={"Go": "two"}), Step("two", wait="9 days")]
    scope = Scope("scope", stage="purchase", steps=steps, do=Do("sms", says="in"), leaving=Do("sms", says="out"))
    shop = Shop(Journey("move", entry="Start", steps=[scope]))
    shop.event("Start")
    shop.event("Go")
    shop.work()

    assert [request.parameters["says"] for request in shop.requests] == ["in"]


def test_an_internal_transition_touches_no_timer() -> None:
    """Counting clicks does not put off the mail."""
    count = Transition(on=On("Clicked"), set={"data.clicks": "(data.clicks or 0) + 1"})
    steps = [Step("watching", stage="consideration", wait="2 hours", when=[count]), Step("mailed", do=Do("email", clicks="{data.clicks}"))]
    shop = Shop(Journey("clicks", entry="Signed Up", steps=steps))
    shop.event("Signed Up")
    for _ in range(3):
        shop.wait("30 minutes")
        shop.event("Clicked")
    shop.wait("1 hour")

    assert shop.sent == ["2026-03-02 11:00 ann email 3"]


def test_to_the_step_itself_is_out_and_in_again() -> None:
    """Its actions are performed again and its wait starts anew."""
    steps = [Step("left", stage="consideration", do=Do("sms"), wait="2 hours", when={"Again": "left"}), Step("mailed", do=Do("email"))]
    shop = Shop(Journey("again", entry="Signed Up", steps=steps))
    shop.event("Signed Up")
    shop.wait("1 hour")
    shop.event("Again")
    shop.wait("1 day")

    assert shop.sent == ["2026-03-02 09:00 ann sms", "2026-03-02 10:00 ann sms", "2026-03-02 12:00 ann email"]


@pytest.mark.parametrize(
    ("told", "heard"),
    [("Used", ["leaving here "]), ("Cancelled", []), ("Bought", [])],
)
def test_an_exit_of_the_journey_is_no_way_out_that_asks_for_anything(told: str, heard: list[str]) -> None:
    """What leaving a step asks for is asked for where a scope lets go; who exits the journey, or reaches its goal, is gone at once."""
    here = Step("here", stage="purchase", wait="9 days", leaving=says("leaving here"))
    goal = Goal("Bought", end="bought")
    shop = Shop(Journey("move", entry="Start", exits="Cancelled", goal=goal, steps=[Scope("around", exits="Used", steps=[here])]))
    shop.event("Start")
    shop.event(told)
    shop.work()

    assert [request.parameters["says"] for request in shop.requests] == heard
    assert shop.inside("move").ended_at is not None
