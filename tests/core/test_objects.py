"""For which objects an enrollment waits, as the rules of its journey say."""

from __future__ import annotations

import pytest

from journeykit import Journey, On, Step
from journeykit.core.objects import KEY, objects_of

SKU, OTHER = ("data", "sku"), ("data", "other")


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("event.sku == data.sku", (SKU,)), ("data.sku == event.sku", (SKU,)), ("event.sku in data.sku", (SKU,)),
        ("contains(data.sku, event.sku)", (SKU,)), ("event.sku == journey.key", (KEY,)), ("event.sku == customer.sku", ()),
        ("event.sku == data.sku and event.n > 3", (SKU,)), ("event.n > 3 and (event.sku == data.sku or event.sku == data.other)", (SKU, OTHER)),
        ("event.sku == data.sku or event.sku == data.sku", (SKU,)), ("event.other == data.sku", ()), ("event.sku != data.sku", ()),
        ("not event.sku == data.sku", ()), ("event.sku == 's1'", ()), ("data.sku in event.sku", (SKU,)), (None, ()),
    ],
)  # fmt: skip
def test_an_event_is_compared_with_what_the_data_holds(where: str | None, expected: tuple[tuple[str, ...], ...]) -> None:
    """Either way round, one of a list, in parts of a condition; what is compared otherwise says nothing."""
    journey = Journey("alert", key="id", entry="Came", steps=[Step("in", stage="retention", wait="1 day")])

    assert objects_of(journey, On("Back", where=where), "sku") == expected


@pytest.mark.parametrize(
    ("keyed", "key", "expected"),
    [
        ("sku", None, True), ("event.sku", None, True), ("event['sku']", None, True), ("id", None, False), ("event.id", None, False),
        ("id", "sku", True), ("id", "event.sku", True), ("sku", "id", False), ("sku", "any", False), (None, None, False),
        ("event.sku or event.id", None, False), ("lower(event.sku)", None, True),
    ],
)  # fmt: skip
def test_a_journey_that_is_keyed_by_it_waits_for_its_own(keyed: str | None, key: str | None, expected: bool) -> None:
    """By the name of the property, or an expression that reads it alone; a rule may name another key."""
    journey = Journey("alert", key=keyed, entry="Came", steps=[Step("in", stage="retention", wait="1 day")])

    assert objects_of(journey, On("Back", key=key), "sku") == ((KEY,) if expected else ())
