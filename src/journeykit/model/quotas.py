"""What many customers share: numbers of which each may take one, until none is left (P26)."""

from __future__ import annotations

import re
from typing import Literal

from attrs import field, frozen

from journeykit.errors import DefinitionError

Period = Literal["hour", "day", "week", "month"]


@frozen
class Take:
    """
    Take one of a shared number: ``early-bird, 500``, or with a period ``early-bird, 500 per day``.

    The move is possible only while there is some left, over all customers; periods are those of the calendar in the journey's zone.
    """

    text: str
    name: str = field(init=False, eq=False, repr=False)
    limit: int = field(init=False, eq=False, repr=False)
    period: Period | None = field(init=False, eq=False, repr=False)  #: None where the number is for all time

    _SENTENCE = re.compile(r"(?P<name>\w[\w -]*?), (?P<limit>[1-9]\d{0,17})(?: per (?P<period>hour|day|week|month))?")

    def __attrs_post_init__(self) -> None:
        match = self._SENTENCE.fullmatch(self.text.strip())
        if match is None:
            raise DefinitionError(f'"{self.text}" is no quota; write for example "early-bird, 500" or "early-bird, 500 per day"')
        object.__setattr__(self, "name", match["name"])
        object.__setattr__(self, "limit", int(match["limit"]))
        object.__setattr__(self, "period", match["period"])
