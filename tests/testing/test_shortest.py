"""The story that a machine prints holds nothing that it can do without: what hypothesis has left in it is taken out."""

from __future__ import annotations

from typing import Any

import pytest

from any_story import broken, machine, verdict
from journeykit import Do, Journey, Step
from journeykit.testing import Scenario
from journeykit.testing.machine import JourneyMachine
from journeykit.testing.properties import everyone_leaves_within, never_closer
from journeykit.testing.shortest import Broken, shortest

HELLO = Do("email", to="{customer.email}")
CLUB = Journey("club", stage="retention", entry="Club Joined", reentry="always", steps=[Step("joined", do=HELLO, wait="300 days")])


def told(shop: type[JourneyMachine], *calls: tuple[Any, ...]) -> Broken:
    """A story that is told as it stands here, and what it breaks."""
    story: Scenario = shop.scenario()
    for name, *arguments in calls:
        getattr(story, name)(*arguments)
    found = shop.tell(story.told[1:])
    assert found is not None
    return found


def lines(found: Broken) -> list[tuple[str, ...]]:
    return [(one.method, *one.arguments) for one in found.calls]


def test_what_makes_no_difference_is_taken_out() -> None:
    """Ann is in the club for longer than half a year; what is known of her, and what Ben does, has no part in it."""
    shop = machine([CLUB], ends=everyone_leaves_within("200 days"))
    known = ("identify", "ann")
    joined, passed = ("event", "Club Joined", "ann"), ("wait", "201 days")
    found = told(shop, known, known, joined, ("event", "Club Left", "ben"), known, passed, ("kill", "decided"), known)

    found = shortest(found, shop.tell)

    assert lines(found) == [("event", "Club Joined"), passed]
    assert verdict(found.error).startswith("everyone_leaves_within(200 days): ann is in club since 2026-03-28 12:00 CET, still in joined")
    assert "identify" not in found.error.__notes__[0]


def test_what_comes_behind_the_fault_is_not_told() -> None:
    """The second mail is one too many, whatever happens later."""
    mail = Journey("mail", stage="retention", entry="Asked", reentry="always", steps=[Step("sent", do="email")])
    shop = machine([mail], calm=never_closer("email", "1 day"))
    again = ("event", "Asked")
    found = told(shop, again, ("wait", "1 hour"), again, ("wait", "2 days"), again)

    assert lines(shortest(found, shop.tell)) == [again, again]


def test_another_fault_is_another_story() -> None:
    """Delivered again without ever having been told: that is an error of the story, and not the one that was looked for."""
    shop = machine([CLUB], ends=everyone_leaves_within("200 days"))
    found = told(shop, ("event", "Nothing Much"), ("again",), ("event", "Club Joined"), ("wait", "201 days"))

    assert lines(shortest(found, shop.tell)) == [("event", "Club Joined"), ("wait", "201 days")]


def test_every_line_of_a_printed_story_is_needed() -> None:
    """The machine itself, with a trait that the journey reads: nobody has to become known."""
    shop = machine([CLUB], ends=everyone_leaves_within("200 days"))

    story = broken(shop, "everyone_leaves_within(200 days): ann")

    assert len(story) == 2, story
    assert story[0] == 'shop.event("Club Joined", customer="ann")'
    assert story[1].startswith("shop.wait(")


def test_two_faults_are_two_stories() -> None:
    """Hypothesis may tell both; each comes with its own story, and nothing else."""
    shop = machine([CLUB], ends=everyone_leaves_within("200 days"), calm=never_closer("email", "400 days"))
    with pytest.raises((AssertionError, ExceptionGroup)) as caught:
        shop.TestCase("runTest").runTest()

    errors = caught.value.exceptions if isinstance(caught.value, ExceptionGroup) else [caught.value]
    for one in errors:
        assert 2 <= one.__notes__[0].count("\nshop.") <= 4, one.__notes__[0]
        assert "identify" not in one.__notes__[0]
