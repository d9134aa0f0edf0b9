"""Under what name a shared number is counted: its own, and the beginning of its period in the journey's zone."""

from __future__ import annotations

from datetime import datetime

import pytest

from journeykit import Do, Exit, Journey, On, Step, Transition
from journeykit.core.compiling.quotas import over, quota_key
from journeykit.model.messages import microseconds
from journeykit.model.quotas import Take
from shop import Shop


@pytest.mark.parametrize(
    ("take", "zone", "at", "key"),
    [
        ("gift, 10", "UTC", "2026-03-04T12:00:00+00:00", "gift"),
        ("gift, 10 per hour", "UTC", "2026-03-04T12:59:59+00:00", "gift/2026-03-04T12+0000"),
        ("gift, 10 per day", "UTC", "2026-03-04T23:59:59+00:00", "gift/2026-03-04"),
        ("gift, 10 per day", "Europe/Berlin", "2026-03-04T23:30:00+00:00", "gift/2026-03-05"),
        ("gift, 10 per week", "UTC", "2026-03-04T12:00:00+00:00", "gift/2026-03-02"),
        ("gift, 10 per week", "UTC", "2026-03-02T00:00:00+00:00", "gift/2026-03-02"),
        ("gift, 10 per week", "UTC", "2026-03-01T23:59:59+00:00", "gift/2026-02-23"),
        ("gift, 10 per month", "UTC", "2026-03-31T23:59:59+00:00", "gift/2026-03"),
        ("gift, 10 per month", "Asia/Tokyo", "2026-03-31T23:59:59+00:00", "gift/2026-04"),
        ("gift, 10 per hour", "Europe/Berlin", "2026-10-25T00:30:00+00:00", "gift/2026-10-25T02+0200"),
        ("gift, 10 per hour", "Europe/Berlin", "2026-10-25T01:30:00+00:00", "gift/2026-10-25T02+0100"),  # the hour that comes twice is two
    ],
)
def test_the_name_of_a_shared_number(take: str, zone: str, at: str, key: str) -> None:
    """A week begins on Monday."""
    assert quota_key(Take(take), zone, microseconds(datetime.fromisoformat(at))) == key


def test_whoever_leaves_takes_nothing() -> None:
    """Ann has said that she is leaving, at the next action: the gift that would be one is not hers, and Bob has it. Cem comes too late."""
    gifts = [Transition("given", on=On("Asked"), take="gift, 1"), Transition("sorry", on=On("Asked"))]
    steps = [
        Step("in", stage="retention", wait="9 days", when=gifts),
        Step("given", do=Do("email"), end="given"),
        Step("sorry", end="sorry"),
    ]
    rules = [Exit(On("Gone"), end="gone", at="next action"), Exit(On(where="customer.staff"), end="staff", at="next action")]
    shop = Shop(Journey("gifts", zone="UTC", entry="Came", exits=rules, steps=steps))
    for customer in ("ann", "dan", "bob", "cem"):
        shop.event("Came", customer)
    shop.event("Gone", "ann")
    shop.identify("dan", traits={"staff": True})
    for customer in ("ann", "dan", "bob", "cem"):
        shop.event("Asked", customer)
    shop.work()

    ends = {customer: shop.inside("gifts", customer=customer).reason for customer in ("ann", "dan", "bob", "cem")}
    assert ends == {"ann": "gone", "dan": "staff", "bob": "given", "cem": "sorry"}
    assert shop.sent == ["2026-03-02 09:00 bob email"]


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("gift/2026-03-04T12+0000", "2026-03-06T00:00:00+00:00"),
        ("gift/2026-10-25T02+0100", "2026-10-27T00:00:00+00:00"),
        ("gift/1890-03-04T12+005328", "1890-03-06T00:00:00+00:00"),
        ("gift/2026-03-02", "2026-03-10T00:00:00+00:00"),  # the week of that day, in the last of all zones
        ("early bird-2/2026-02", "2026-03-05T00:00:00+00:00"),
        ("gift/2026-03-02[00112233445566778899aabbccddeeff]", "2026-03-10T00:00:00+00:00"),
    ],
)
def test_when_a_period_is_over_for_sure(name: str, ends: str) -> None:
    """Once it has ended wherever on earth, and not an instant before."""
    at = microseconds(datetime.fromisoformat(ends))

    assert (over(name, at), over(name, at - 1)) == (True, False)


@pytest.mark.parametrize("name", ["gift", "gift[00112233445566778899aabbccddeeff]", "subject/short", "subject/short/reached", "gift/2026"])
def test_a_number_without_a_period_is_never_over(name: str) -> None:
    """Neither one for all time nor the tally of an experiment."""
    assert not over(name, microseconds(datetime.fromisoformat("9000-01-01T00:00:00+00:00")))
