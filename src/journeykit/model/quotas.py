"""What many customers share: numbers of which each may take one, until none is left (P26)."""

from __future__ import annotations

import re
from typing import Literal

from attrs import field, frozen

from journeykit.errors import DefinitionError
from journeykit.model.conditions import Expression

Period = Literal["hour", "day", "week", "month"]

_PERIOD = "hour|day|week|month"
_WAY = 'write for example "early-bird, 500", "early-bird, 500 per day" or "pairs, 3 per day per event.product"'


@frozen
class Take:
    """
    Take one of a shared number: ``early-bird, 500``, or with a period ``early-bird, 500 per day``.

    ``pairs, 3 per day per event.product`` counts each product by itself. The move is possible only while there is some left, over all
    customers; periods are those of the calendar in the journey's zone.
    """

    text: str
    name: str = field(init=False, eq=False, repr=False)
    limit: int = field(init=False, eq=False, repr=False)
    period: Period | None = field(init=False, eq=False, repr=False)  #: None where the number is for all time
    per: Expression | None = field(init=False, eq=False, repr=False)  #: what has a number of its own; None where all share one

    _SENTENCE = re.compile(
        rf"(?P<name>\w[\w -]*?), (?P<limit>[1-9]\d{{0,17}})(?: per (?P<period>{_PERIOD}))?(?: per (?P<per>(?!(?:{_PERIOD})\b).+))?"
    )

    def __attrs_post_init__(self) -> None:
        match = self._SENTENCE.fullmatch(self.text.strip())
        if match is None:
            raise DefinitionError(f'"{self.text}" is no quota; {_WAY}')
        object.__setattr__(self, "name", match["name"])
        object.__setattr__(self, "limit", int(match["limit"]))
        object.__setattr__(self, "period", match["period"])
        object.__setattr__(self, "per", self._counted_by(match["per"]))

    def _counted_by(self, text: str | None) -> Expression | None:
        """What each value of has a number of its own."""
        if text is None:
            return None
        if re.search(rf" per ({_PERIOD})$", text):
            raise DefinitionError(f'"{self.text}": the period comes first; {_WAY}')
        try:
            per = Expression(text)
        except DefinitionError as error:
            raise DefinitionError(f'"{self.text}" is no quota: {error}; {_WAY}') from None
        if not per.paths:
            raise DefinitionError(f'"{self.text}": {text} is the same for all; name what has a number of its own, such as event.product')
        return per
