"""When an enrollment is due next, and what a copy of it holds."""

from __future__ import annotations

import attrs
import pytest

from journeykit import Step
from journeykit.model.conditions import Expression
from journeykit.model.pauses import Hold
from journeykit.model.records import EVERYBODY, NEVER, Enrollment, Joined, Timer, Waiting, in_share


def inside(*dues: int | None, waits: int | None = None, held: Hold | None = None) -> Enrollment:
    """Ann, with timers due then, an entry that waits until then, and what holds her."""
    e = Enrollment("cart", "c1", 1, "hash", 1, "active", "left", 2, 10, 20, {"a": 1})
    e.timers = tuple(Timer(index, due, index) for index, due in enumerate(dues))
    e.waiting = None if waits is None else Waiting(waits, 7, 0, ("event", {}))
    e.held = held
    return e


LANE, PAUSE, OPEN = Hold(5, "lane offers"), Hold(5, "a pause", 3, None, 60), Hold(5, "a pause", 3)


@pytest.mark.parametrize(
    ("e", "expected"),
    [
        (inside(), None), (inside(None), None), (inside(50), 50), (inside(50, 40), 40), (inside(None, 40), 40), (inside(None, None), None),
        (inside(waits=30), 30), (inside(50, waits=30), 30), (inside(20, waits=30), 20), (inside(None, waits=30), 30),
        (inside(50, held=LANE), None), (inside(50, waits=30, held=LANE), 30), (inside(50, held=PAUSE), 60),
        (inside(50, waits=30, held=PAUSE), 30), (inside(50, waits=70, held=PAUSE), 60), (inside(50, held=OPEN), NEVER + 3),
        (inside(50, waits=30, held=OPEN), 30), (inside(50, waits=NEVER + 9, held=OPEN), NEVER + 3),
    ],
)  # fmt: skip
def test_when_it_is_due_next(e: Enrollment, expected: int | None) -> None:
    """The earliest of its timers and of an entry that waits; where it is held only that entry, or the end of the pause."""
    assert (e.due(), e.next_due) == (expected, expected)


def test_a_copy_is_the_same_and_its_own() -> None:
    """All that it holds, but for what a decision says of who waits for what."""
    e = Enrollment(
        "cart", "c1", 2, "hash", 3, "exited", "left", 4, 5, 6, {"a": 1}, (Timer(0, 9, 1),), {"outer": (1, 2)}, 7, "by hand", 8, 9, 10, "left",
        11, Waiting(12, 13, 14, ("event", {})), Hold(15, "lane"), ((16, 17),), (("Back", "s1", 18),), Joined(19, 20, {"x": 1}),
    )  # fmt: skip
    copy = e.copy()

    assert (copy == e, copy is e, copy.waits) == (True, False, None)
    assert attrs.asdict(copy, recurse=False) == {**attrs.asdict(e, recurse=False), "waits": None}
    copy.step, copy.data = "right", {}
    assert (e.step, e.data) == ("left", {"a": 1})


def test_which_share_a_customer_belongs_to() -> None:
    """The same in every process and release, since two workers must not take the same customer: by CRC-32 of the id, whatever it is."""
    names = ["ann", "bob", "zoë", "\U0001f600", "\ud800", ""]

    assert [[place for place in range(3) if in_share(name, (place, 3))] for name in names] == [[0], [2], [2], [1], [1], [0]]
    assert all(in_share(name, EVERYBODY) for name in names)


def test_what_is_set_may_be_a_value() -> None:
    """A number, yes or no, nothing and a list stand for themselves; a text is an expression."""
    step = Step("in", set={"data.a": 5, "data.b": True, "data.c": "event.total", "data.d": [1, "x"], "data.e": Expression("now")})  # type: ignore[dict-item]

    assert {name: one.text for name, one in step.set.items()} == {
        "data.a": "5", "data.b": "True", "data.c": "event.total", "data.d": "[1, 'x']", "data.e": "now",
    }  # fmt: skip
