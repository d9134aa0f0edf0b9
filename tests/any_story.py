"""A machine with few stories of some journeys: which one breaks it, and that none does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import settings

from journeykit import Catalog, Journey
from journeykit.testing.machine import JourneyMachine

STORIES = 60
BACK = "shop = Shop.scenario()"


def machine(journeys: Sequence[Journey | Catalog], **attributes: object) -> type[JourneyMachine]:
    """A machine called Shop, and few stories of it."""
    made = type("Shop", (JourneyMachine,), {"definitions": journeys, **attributes})
    made.TestCase.settings = settings(made.TestCase.settings, max_examples=STORIES, database=None)
    return made


def tell(shop: type[JourneyMachine]) -> None:
    shop.TestCase("runTest").runTest()


def verdict(error: BaseException) -> str:
    """Its first line: pytest adds more to an assertion of this file."""
    return str(error).splitlines()[0]


def broken(shop: type[JourneyMachine], begin: str) -> list[str]:
    """The lines of the story that shows the fault, the first one aside; executed, it comes to the same verdict, which begins so."""
    with pytest.raises(AssertionError) as caught:
        tell(shop)
    head, story = caught.value.__notes__[0].split("\n\n", 1)
    assert head == "The story, to paste into a test:"
    assert verdict(caught.value).startswith(begin), story
    with pytest.raises(AssertionError) as again:
        exec(compile(story, "<pasted>", "exec"), {"Shop": shop})
    assert verdict(again.value) == verdict(caught.value)
    lines = story.splitlines()
    assert lines[-1] == "Shop.check(shop)"
    return lines[lines.index(BACK) + 1 : -1]


def holds(shop: type[JourneyMachine], *seen: str) -> None:
    """No story breaks it, and there was enough to look at."""
    tell(shop)
    counted = {what: times for one in shop.tally.seen.values() for what, times in one.items()}
    assert shop.tally.stories >= STORIES
    assert {what: counted[what] for what in seen if counted[what] < 2} == {}
