"""P1: time is an argument."""

from __future__ import annotations

from journeykit import Do, Journey, Step
from shop import Shop

REMINDER = Journey(
    "reminder",
    entry="Product Added",
    steps=[Step("left", stage="consideration", wait="2 hours"), Step("reminded", do=Do("email", at="{now}"))],
)


def test_a_story_of_the_last_century_stays_there() -> None:
    """With a clock that shows New Year's Eve 1999, the two hours are over at one in the morning of 2000."""
    shop = Shop(REMINDER, at="1999-12-31T23:00:00+00:00")
    shop.event("Product Added")
    shop.wait("3 hours")

    assert shop.sent == ["2000-01-01 01:00 ann email 2000-01-01T01:00:00+00:00"]


def test_a_story_of_the_next_century_stays_there() -> None:
    """The same story in 2126 has the same distances."""
    shop = Shop(REMINDER, at="2126-06-01T10:00:00+00:00")
    shop.event("Product Added")
    shop.wait("3 hours")

    assert shop.sent == ["2126-06-01 12:00 ann email 2126-06-01T12:00:00+00:00"]
