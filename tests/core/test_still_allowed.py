"""Exit rules that are looked at once more before a mail goes out: which of them count, of whom, and for which mail."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import Exit, Journey, On, Step
from journeykit.core.compiling.index import Compiled, compile_journeys
from journeykit.core.deciding.customer import Customer
from journeykit.core.deciding.leaving import still_allowed
from journeykit.model.messages import Event, moment
from journeykit.model.records import Enrollment, Facts, Loaded, LoggedEvent, OutboxMessage

NOON = 1_772_452_800_000_000
EXITS = [
    Exit(On(where="customer.staff"), end="staff"),
    Exit(On(where="customer.paid"), end="completed"),
    Exit(On(where="customer.old > 60")),
    Exit(On("Refunded", where="event.total > data.limit"), end="refunded"),
    Exit(On("Returned", late="drop")),
    Exit(On("Thanked"), end="completed"),
    Exit(On(where="customer.tickets > 0"), end="complaint", at="next action"),
    Exit(On(where="active('other')"), end="elsewhere", at="next action"),
]
STEPS = [
    Step("first", stage="retention", wait="1 day", when={"Told": "second", "Refunded": "second"}),
    Step("second", wait="1 day"),
    Step("over", end="completed"),
]
COMPILED: Compiled = compile_journeys([
    ("a", "", Journey("ask", key="cart", entry="Came", goal="Told", exits=EXITS, steps=STEPS)),
    ("o", "", Journey("other", stage="retention", steps=[Step("in", wait="1 day")])),
])  # fmt: skip


def asked(
    step: str = "second",
    *since: tuple[str, dict[str, Any]],
    traits: dict[str, Any] | None = None,
    also: Any = None,
    number: int = 1,
    **more: Any,
) -> str | None:
    """Why a mail may not go out of somebody in a step, after events behind the end."""
    known = {"status": "active", "leaving": None, "definition": "a", **more}
    status, leaving, definition = known["status"], known["leaving"], known["definition"]
    e = Enrollment(
        "ask",
        "c1",
        1,
        definition,
        1,
        status,
        step,
        1,
        NOON,
        NOON,
        {"limit": 5},
        leaving=leaving,
        ended_at=None if status == "active" else NOON,
    )
    others = [Enrollment(*also[:2], 1, "o", 2, also[2], "in", 1, NOON, NOON, {})] if also else []
    loaded = Loaded("ann", 3, NOON, Facts(traits=traits or {}), (e, *others), ())
    message = OutboxMessage("ann", "ask", "c1", number, 1, 0, "email", {}, NOON, "marketing")
    events = [
        LoggedEvent(
            Event(name, id=name, customer_id="ann", occurred_at=moment(NOON + properties.pop("late", 0)), properties=properties),
            NOON,
            4,
            "decided",
        )
        for name, properties in since
    ]
    return still_allowed(COMPILED, Customer(loaded), message, events, NOON)


@pytest.mark.parametrize(
    ("traits", "why"),
    [
        ({}, None),
        ({"staff": True}, "staff"),
        ({"staff": False}, None),
        ({"paid": True}, None),
        ({"paid": True, "staff": True}, "staff"),
        ({"old": 60}, None),
        ({"old": 61}, "where customer.old > 60"),
        ({"old": "much"}, None),
        ({"old": "much", "tickets": 1}, "complaint"),
        ({"tickets": 1, "staff": True}, "complaint"),
        ({"tickets": "one"}, None),
        ({"tickets": "one", "staff": True}, "staff"),
    ],
)
@pytest.mark.parametrize("step", ["first", "second"])
def test_what_is_known_now(traits: dict[str, Any], why: str | None, step: str) -> None:
    """Exits with a condition, in every step; completing is not leaving, and what cannot be worked out keeps no mail back."""
    assert asked(step, traits=traits) == why


@pytest.mark.parametrize(
    ("since", "why"),
    [
        ([("Refunded", {"total": 6, "cart": "c1"})], "refunded"),
        ([("Refunded", {"total": 5, "cart": "c1"})], None),
        ([("Refunded", {"total": "all", "cart": "c1"})], None),
        ([("Refunded", {"total": 6, "cart": "c2"})], None),
        ([("Refunded", {"total": 6})], None),
        ([("Returned", {"cart": "c1"})], "Returned"),
        ([("Returned", {"cart": "c1", "late": -1})], None),
        ([("Told", {"cart": "c1"})], None),
        ([("Thanked", {"cart": "c1"})], None),
        ([("Never", {"cart": "c1"})], None),
        ([("Thanked", {"cart": "c1"}), ("Refunded", {"total": 6, "cart": "c1"}), ("Returned", {"cart": "c1"})], "refunded"),
    ],
)
@pytest.mark.parametrize("step", ["first", "second", "over"])
def test_what_has_happened_since(since: list[tuple[str, dict[str, Any]]], why: str | None, step: str) -> None:
    """Events of the same cart, under their conditions, wherever the journey ended; moves and the goal keep no mail back."""
    again = [(name, dict(properties)) for name, properties in since]
    assert asked(step, *again, status="completed") == why


def test_in_a_step_in_which_nothing_is_waited_for_any_more() -> None:
    """Somebody who is through is looked at as in the first step of all."""
    assert asked("over", status="completed", traits={"staff": True}) == "staff"
    assert asked("over", status="completed", traits={"tickets": 1}) == "complaint"


def test_which_mail_it_is_about() -> None:
    """One of another enrollment, of a journey that has gone, or of nobody is none of this one's."""
    staff = {"staff": True}
    assert asked(traits=staff, number=2) is None
    assert asked(traits=staff, definition="gone") is None
    assert still_allowed(COMPILED, Customer(Loaded("ann", 3, NOON, Facts(traits=staff), (), ())), OutboxMessage("ann", "ask", "c1", 1, 1, 0, "email", {}, NOON, "marketing"), [], NOON) is None  # fmt: skip
    assert asked(leaving="marked", traits={"staff": True}) == "marked"


@pytest.mark.parametrize(
    ("also", "why"), [(("other", "", "active"), "elsewhere"), (("other", "", "completed"), None), (("third", "", "active"), None)]
)
def test_where_else_the_customer_is(also: tuple[str, str, str], why: str | None) -> None:
    """In the other journey, now."""
    assert asked(also=also) == why
