"""When customers may enter a journey: its ``open`` (P16)."""

from __future__ import annotations

from journeykit.core.calendar import read_moment
from journeykit.model.journey import Journey
from journeykit.model.records import NEVER


def window(journey: Journey) -> tuple[int, int] | None:
    """From and until when customers may enter, microseconds since 1970 UTC; None where they always may."""
    if journey.open is None:
        return None
    begin, end = (read_moment(part.strip(), journey.zone or "UTC") for part in journey.open.split(" to "))
    return begin or 0, end or NEVER
