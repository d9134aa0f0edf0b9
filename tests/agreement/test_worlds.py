"""What the two worlds that are compared take for granted between customers, told as a story."""

from __future__ import annotations

import pytest

from agreement.generators import BEGIN, CATALOG, HOUR
from agreement.worlds import CoreShop, ReferenceShop
from journeykit import Event, Journey, Start, Step
from journeykit.model.messages import moment

LETTERS = (
    Journey(
        "letters", stage="advocacy", entry="Pen Taken",
        steps=[
            Step("one", wait="2 hours"),
            Step("two", do=Start("letter", customer="'ann'", key="'first'"), wait="2 hours"),
            Step("three", do=Start("letter", customer="'ann'", key="'second'")),
        ],
    ),
    Journey("letter", stage="awareness", key="letter", steps=[Step("read", do=Start("thanks", customer="'bob'", key="journey.key"))]),
    Journey("thanks", stage="awareness", key="letter", steps=[Step("moved", do=Start("answer", customer="'ann'", key="journey.key"))]),
    Journey("answer", stage="awareness", key="letter", steps=[Step("read again")]),
)  # fmt: skip


@pytest.mark.parametrize("kind", [CoreShop, ReferenceShop])
def test_what_was_sent_first_is_read_first(kind: type[CoreShop | ReferenceShop]) -> None:
    """
    Bob writes at ten and at noon, which nobody sees before eight. Ann reads both before his answers to her thanks, which he cannot
    have written before eight.
    """
    world = kind(LETTERS, CATALOG)
    for name, hour in (("Pen Taken", 0), ("Pen Dropped", 12)):
        at = BEGIN + hour * HOUR
        world.event(Event(name, id=name, customer_id="bob", occurred_at=moment(at)), at)

    entered = [((at - BEGIN) // HOUR, journey, key) for at, kind, journey, key, *_ in world.account("ann")["moves"] if kind == "entered"]
    assert entered == [(2, "letter", "first"), (4, "letter", "second"), (12, "answer", "first"), (12, "answer", "second")]
