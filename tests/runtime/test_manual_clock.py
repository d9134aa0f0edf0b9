"""The clock that a test holds in its hands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from journeykit import DefinitionError, ManualClock


@pytest.mark.parametrize("by", ["2 hours", timedelta(hours=2), 7200])
def test_two_hours_pass(by):
    """However they are said."""
    clock = ManualClock("2026-03-29T09:00:00+02:00")
    clock.advance(by)
    assert clock.now() == ManualClock("2026-03-29T11:00:00+02:00").now()


def test_a_slip_of_the_pen_moves_nothing():
    """The error says how it is written."""
    clock = ManualClock(1_000_000)
    with pytest.raises(DefinitionError, match=r'"2 hour s" is no duration; write for example "2 hours"'):
        clock.advance("2 hour s")
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(-1)
    assert clock.now() == 1_000_000
