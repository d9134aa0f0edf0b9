"""When a journey is open, and whether who matches already comes in: what its ``open`` says (P16)."""

from __future__ import annotations

import re
from typing import NamedTuple

from journeykit.core.expressions.calendar import read_moment
from journeykit.model.journey import Journey
from journeykit.model.records import NEVER

_SENTENCE = re.compile(r"(?P<begin>.+?) to (?P<end>.+?)(?P<both>, with those already there)?|(?P<those>with those already there)")


class Opening(NamedTuple):
    """What ``open`` says, taken apart."""

    begin: str | None
    end: str | None
    already: bool  #: who matches when it opens comes in


def opening(text: str) -> Opening | None:
    """Take the text of ``open`` apart; None where it says nothing that can be understood."""
    match = _SENTENCE.fullmatch(text.strip())
    return None if match is None else Opening(match["begin"], match["end"], bool(match["both"] or match["those"]))


def window(journey: Journey) -> tuple[int, int] | None:
    """From and until when customers may enter, microseconds since 1970 UTC; None where they always may."""
    said = opening(journey.open or "")
    if said is None or said.begin is None or said.end is None:
        return None
    begin, end = (read_moment(moment, journey.zone or "UTC") for moment in (said.begin, said.end))
    return begin or 0, end or NEVER


def lets_in_those_already_there(journey: Journey) -> bool:
    """Whether who matches when the journey opens comes in."""
    said = opening(journey.open or "")
    return said is not None and said.already
