"""P11: automatic transitions come to an end."""

from __future__ import annotations

import contextlib

import pytest

from journeykit import DefinitionError, Do, Journey, LoopError, On, Start, Step, Transition
from shop import Shop


def test_steps_without_a_wait_are_passed_at_once_and_performed_all_the_same() -> None:
    """Three steps that wait for nothing are three mails in one moment."""
    steps = [Step(name, stage="retention", do=Do("email", step=name)) for name in ("one", "two", "three")]
    shop = Shop(Journey("go", entry="Start", steps=steps))
    shop.event("Start")
    shop.work()

    assert [request.parameters["step"] for request in shop.requests] == ["one", "two", "three"]
    assert shop.inside("go").status == "completed"


def test_a_circle_that_can_be_seen_does_not_compile() -> None:
    """Two steps that hand on to each other without waiting are refused before anybody enters."""
    steps = [Step("one", stage="retention", then="two"), Step("two", then="one")]

    with pytest.raises(DefinitionError, match="one"):
        Shop(Journey("go", entry="Start", steps=steps))


def test_a_circle_that_cannot_be_seen_applies_nothing() -> None:
    """A count that never reaches its end is stopped after a hundred moves; nothing was sent, nobody is inside."""
    count = {"data.n": "(data.n or 0) + 1"}
    back = Transition("one", on=On(where="data.n != 0"))
    steps = [
        Step("one", stage="retention", set=count, do=Do("email"), when=[Transition("two", on=On(where="data.n > 0"))]),
        Step("two", when=[back]),
    ]
    shop = Shop(Journey("go", entry="Start", steps=steps))
    with contextlib.suppress(LoopError):
        shop.event("Start")
    shop.work()

    assert shop.sent == []
    assert [entry.kind for entry in shop.storage.history("ann") if entry.kind != "parked"] == []


FRIENDS = Journey(
    "hello", entry="Start", reentry="always restarting", stage="advocacy",
    steps=[Step("greets", do=[Do("email"), Start("hello", customer="customer.friend")], wait="1 day")],
)  # fmt: skip


def test_friends_who_start_each_other_come_to_an_end() -> None:
    """Ann starts Bob, who starts Ann, at once and for ever: the hundredth link is the last, and what it would begin is kept aside."""
    shop = Shop(FRIENDS)
    shop.identify("ann", traits={"friend": "bob"})
    shop.identify("bob", traits={"friend": "ann"})
    shop.event("Start", "ann")
    shop.work()

    entered = [entry for name in ("ann", "bob") for entry in shop.storage.history(name) if entry.kind == "entered"]
    parked = [row for name in ("ann", "bob") for row in shop.storage.events(name) if row.state == "parked"]
    assert len(entered) == 1 + 100
    assert [row.event.properties["error"] for row in parked] == [
        "more than 100 starts, raised signals and automatic transitions in one instant, the last: start hello"
    ]
    shop.wait("2 days")
    assert {shop.inside("hello", customer=name).status for name in ("ann", "bob")} == {"completed"}


def test_whom_one_has_become_ends_as_well() -> None:
    """Ann starts Bob, and Bob has become Ann: she would start herself by mail for ever."""
    shop = Shop(FRIENDS)
    shop.identify("ann", traits={"friend": "bob"})
    shop.event("Seen", "bob", id="seen")
    shop.engine.merge("ann", "bob", id="login")
    shop.event("Start", "ann")
    shop.work()

    assert len([entry for entry in shop.storage.history("ann") if entry.kind == "entered"]) == 1 + 100


def test_who_is_started_later_is_started_anew() -> None:
    """Each starts the other a day later: that is no chain, and goes on for as long as they like."""
    later = Journey(
        "hello", entry="Start", reentry="always restarting", stage="advocacy",
        steps=[Step("waits", wait="1 day"), Step("greets", do=Start("hello", customer="customer.friend"))],
    )  # fmt: skip
    shop = Shop(later)
    shop.identify("ann", traits={"friend": "bob"})
    shop.identify("bob", traits={"friend": "ann"})
    shop.event("Start", "ann")
    shop.wait("150 days")

    assert len([entry for name in ("ann", "bob") for entry in shop.storage.history(name) if entry.kind == "entered"]) == 150
