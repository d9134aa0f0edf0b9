"""The moments at which civil time trips people up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from journeykit import UnknownError
from journeykit.testing import boundaries


def test_a_year_in_berlin() -> None:
    """Two changes of clocks, a new year, eleven ends of months; a leap day in 2024."""
    year = [str(one).removeprefix("Europe/Berlin ") for one in boundaries(2024, ["Europe/Berlin"])]

    assert year == [
        "2024-01-01 new year", "2024-02-01 month end", "2024-02-29 leap day", "2024-03-01 month end", "2024-03-31 gap",
        "2024-04-01 month end", "2024-05-01 month end", "2024-06-01 month end", "2024-07-01 month end", "2024-08-01 month end",
        "2024-09-01 month end", "2024-10-01 month end", "2024-10-27 fold", "2024-11-01 month end", "2024-12-01 month end",
    ]  # fmt: skip


def test_the_first_instant_after_the_change() -> None:
    """At one in the morning of London Berlin's clocks show three, and half a year later two for the second time."""
    gap, fold = (one for one in boundaries(2026, ["Europe/Berlin"]) if one.kind in ("gap", "fold"))

    assert (gap.at, gap.local.hour) == (datetime(2026, 3, 29, 1, tzinfo=UTC), 3)
    assert (fold.at, fold.local.hour) == (datetime(2026, 10, 25, 1, tzinfo=UTC), 2)
    assert (fold.local - timedelta(seconds=1)).hour == 1
    assert ((fold.at - timedelta(seconds=1)).astimezone(fold.local.tzinfo)).hour == 2


def test_a_midnight_that_is_skipped() -> None:
    """In Santiago the clocks go from midnight to one: that day begins at one."""
    gaps = [one for one in boundaries(2026, ["America/Santiago"]) if one.kind == "gap"]

    assert [f"{one.local:%Y-%m-%d %H:%M}" for one in gaps] == ["2026-09-06 01:00"]


def test_the_world_has_each_change_once() -> None:
    """No two zones change by the same amount to the same offset in one instant; half an hour on Lord Howe is among them."""
    world = boundaries(2026)

    assert {one.kind for one in world} == {"gap", "fold"}
    assert len({(one.at, one.kind, one.local.utcoffset()) for one in world}) == len(world) > 40
    assert any(one.local.utcoffset() == timedelta(hours=10, minutes=30) for one in world)
    assert world == sorted(world, key=lambda one: (one.at, one.zone))


def test_several_zones_in_order_of_time() -> None:
    """Auckland's new year comes first."""
    first, second = boundaries(2026, ["Europe/Berlin", "Pacific/Auckland"])[:2]

    assert (first.zone, second.zone) == ("Pacific/Auckland", "Europe/Berlin")


def test_a_zone_that_is_none_is_refused() -> None:
    """With what may be meant."""
    with pytest.raises(UnknownError, match=r'no time zone "Europe/Berln".*did you mean "Europe/Berlin"'):
        boundaries(2026, ["Europe/Berln"])


def test_one_zone_is_a_list_of_one() -> None:
    """A text would be read letter by letter."""
    with pytest.raises(TypeError, match=r'zones: "Europe/Berlin" is a text; give a list: \["Europe/Berlin"\]'):
        boundaries(2026, "Europe/Berlin")
