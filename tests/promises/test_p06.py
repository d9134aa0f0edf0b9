"""P6: a moment missing or past is a declared case."""

from __future__ import annotations

import pytest

from journeykit import DefinitionError, Do, Entry, Journey, Step
from shop import Shop


def trip(wait: str) -> Journey:
    """A mail some days before a trip begins."""
    steps = [
        Step("booked", stage="purchase", wait=wait),
        Step("packing", do=Do("email", tip="packing")),
        Step("there", stage="retention", do=Do("email", tip="enjoy")),
    ]
    return Journey("trip", entry=Entry("Trip Booked", set={"data.start": "event.start"}), zone="UTC", steps=steps)


def test_a_moment_to_come_is_waited_for() -> None:
    """Seven days before the trip the packing list comes."""
    shop = Shop(trip("7 days before data.start, exit if missing, exit if past"))
    shop.event("Trip Booked", start="2026-03-20T12:00:00+00:00")
    shop.wait("30 days")

    assert shop.sent == ["2026-03-13 12:00 ann email packing", "2026-03-13 12:00 ann email enjoy"]


def test_skipping_performs_nothing_of_what_is_skipped() -> None:
    """Who books the day before gets no packing list, only good wishes."""
    shop = Shop(trip("7 days before data.start, exit if missing, skip to there if past"))
    shop.event("Trip Booked", start="2026-03-03T12:00:00+00:00")
    shop.wait("1 day")

    assert shop.sent == ["2026-03-02 09:00 ann email enjoy"]


def test_past_may_mean_now() -> None:
    """Where the definition says so, the packing list comes at once."""
    shop = Shop(trip("7 days before data.start, exit if missing, now if past"))
    shop.event("Trip Booked", start="2026-03-03T12:00:00+00:00")
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ann email packing", "2026-03-02 09:00 ann email enjoy"]


def test_a_missing_moment_leads_out_where_declared() -> None:
    """A trip without a date ends the journey, and nobody is mailed."""
    shop = Shop(trip("7 days before data.start, exit if missing, now if past"))
    shop.event("Trip Booked")
    shop.wait("30 days")

    assert shop.sent == []
    assert shop.inside("trip").status == "exited"


def test_what_is_left_open_does_not_compile() -> None:
    """A wait for a moment has to say what becomes of one that is missing or past."""
    with pytest.raises(DefinitionError, match="missing"):
        Shop(trip("7 days before data.start"))
