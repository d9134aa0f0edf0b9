"""P11: automatic transitions come to an end."""

from __future__ import annotations

import contextlib

import pytest

from journeykit import DefinitionError, Do, Journey, LoopError, On, Step, Transition
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
