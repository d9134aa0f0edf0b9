"""P12: same input, same decision."""

from __future__ import annotations

import enum
import os
import subprocess
import sys
from pathlib import Path

import pytest

from journeykit import Do, Engine, Entry, Event, Journey, ManualClock, MemoryStorage, Step
from journeykit.model.messages import moment
from journeykit.rehearsal import replay, what_if
from shop import Shop

HUNDRED = [f"customer-{number}" for number in range(100)]

PRINT_ARMS = """
from test_p12 import HUNDRED, arms
print(*arms("50% short, 50% long", HUNDRED))
"""


def experiment(split: str) -> Journey:
    """A mail in two lengths."""
    steps = [
        Step("drawn", stage="retention", then=split),
        Step("short", do=Do("email", length="short"), end="completed"),
        Step("long", do=Do("email", length="long"), end="completed"),
    ]
    return Journey("mail", entry="Signed Up", steps=steps, reentry="always")


def arms(split: str, customers: list[str]) -> list[str]:
    """The arm that each customer draws."""
    shop = Shop(experiment(split))
    for customer in customers:
        shop.event("Signed Up", customer)
    return [shop.inside("mail", customer=customer).step for customer in customers]


def test_the_same_arm_in_another_process() -> None:
    """A process with another hash seed draws the same arm for each of a hundred customers."""
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "4711",
        "PYTHONPATH": os.pathsep.join(path for path in [*sys.path, str(Path(__file__).parent)] if path),
    }
    other = subprocess.run([sys.executable, "-c", PRINT_ARMS], env=environment, capture_output=True, text=True, check=True).stdout.split()

    assert arms("50% short, 50% long", HUNDRED) == other


def test_the_shares_are_about_right() -> None:
    """Of a hundred customers between 35 and 65 draw each half, and all draw what has everything."""
    short = arms("50% short, 50% long", HUNDRED).count("short")

    assert 35 <= short <= 65
    assert arms("100% short, 0% long", HUNDRED) == ["short"] * 100


def test_changing_the_shares_moves_nobody() -> None:
    """Who has drawn the short mail keeps it, although nobody new would draw it any more."""
    first = Shop(experiment("100% short, 0% long"))
    first.event("Signed Up")
    second = Shop(experiment("0% short, 100% long"), storage=first.storage)
    second.clock.advance(60)
    for customer in ("ann", "ben"):
        second.event("Signed Up", customer, id=f"again-{customer}")

    assert [second.inside("mail", customer=customer).step for customer in ("ann", "ben")] == ["short", "long"]


@pytest.mark.parametrize("per", ["", " per enrollment"])
def test_a_test_sets_the_arm(per: str) -> None:
    """Whoever is said to be in an arm is, whatever the shares are; others draw theirs, and a replay of the customer knows of it."""
    shop = Shop(experiment(f"0% short, 100% long{per}"))
    arm = Event("$arm", id="arm-1", customer_id="ann", occurred_at="2026-03-02T09:00:00+00:00", properties={"mail/drawn": "short"})
    shop.engine.handle(arm)
    for customer in ("ann", "ben"):
        shop.event("Signed Up", customer)
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email short", "2026-03-02 09:00 ben email long"]
    explained = shop.engine.explain("ann", why_not="email").text
    assert "arm set mail/drawn='short'" in explained
    assert "asked for, performed" in explained


def test_a_recorded_past_comes_out_the_same_and_a_changed_journey_does_not() -> None:
    """Decided again from the log, a hundred customers come out as they were recorded; with other shares those who are moved are found."""
    shop = Shop(experiment("50% short, 50% long"))
    for customer in HUNDRED:
        shop.event("Signed Up", customer)
    moved = [customer for customer in HUNDRED if shop.inside("mail", customer=customer).step == "short"]

    assert replay(experiment("50% short, 50% long"), shop.storage).identical
    other = replay(experiment("0% short, 100% long"), shop.storage, as_given=True)
    assert sorted(one.customer_id for one in other.differences) == sorted(moved)


def test_a_rehearsal_is_decided_as_it_would_be_for_real() -> None:
    """Sent through the same journey once more, what happened asks for the very messages that were asked for."""
    shop = Shop(experiment("30% short, 70% long"))
    events = [Event("Signed Up", id="s", customer_id=customer, occurred_at=moment(shop.clock.now())) for customer in HUNDRED]
    for event in events:
        shop.engine.handle(event)
    asked = len([row for row in shop.engine.outbox(limit=1_000) if row.message.parameters["length"] == "short"])

    found = what_if(experiment("30% short, 70% long"), experiment("0% short, 100% long"), events)

    assert found.messages == {("retention", "email"): (100, 100)}
    assert found.changed == asked > 10


class Colour(str, enum.Enum):  # noqa: UP042  what a host has in its models, and what shows itself as Colour.RED
    """What a host's models have for a choice."""

    RED = "red"


@pytest.mark.parametrize(
    ("properties", "heard"),
    [
        ({"sizes": (38, 40)}, {"text": "Ordered []", "both": True, "first": None}),
        ({"colour": Colour.RED}, {"text": "Ordered [red]", "both": False, "first": None}),
        ({"lines": {1: "lantern"}}, {"text": "Ordered []", "both": False, "first": "lantern"}),
        ({"sizes": [38, 40], "lines": {"1": "lantern"}}, {"text": "Ordered []", "both": True, "first": "lantern"}),
    ],
)
def test_what_is_handled_at_once_is_decided_as_it_will_be_read(properties: dict, heard: dict) -> None:
    """A host's tuple is a list in the log, and its choice a text: whoever decides at once decides on those, as a worker or a replay does."""
    parameters = {"text": "{signal.name} [{event.colour}]", "both": "{event.sizes == [38, 40]}", "first": "{event.lines['1']}"}
    confirm = Journey(
        "confirm",
        entry=Entry("Ordered", set={"data.sizes": "event.sizes"}),
        steps=[Step("asked", stage="purchase", do=Do("email", **parameters))],
    )
    clock = ManualClock("2026-03-02T09:00:00+00:00")
    storage, got = MemoryStorage(), dict[str, dict]()
    engine = Engine(confirm, storage, {"email": lambda request: got.update({request.customer_id: request.parameters})}, clock=clock)

    def ordered(customer: str) -> Event:
        return Event("Ordered", id="o1", customer_id=customer, occurred_at="2026-03-02T09:00:00+00:00", properties=properties)

    engine.handle(ordered("ann"))
    engine.accept(ordered("ben"))
    engine.run_due()
    engine.dispatch()

    assert got == {"ann": heard, "ben": heard}
    assert replay(confirm, storage).identical
