"""Chance that comes out of names: the same for one name on every machine, in every order."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from hashlib import blake2b

_UNIT = 2.0**-64


class Chance:
    """
    A stream of numbers that belongs to a name, such as ``7/ann/order 3``.

    Nothing is shared between two names: what one customer draws never depends on who is drawn for beside them.
    """

    __slots__ = ("_name", "_numbers", "_round")

    def __init__(self, name: str) -> None:
        self._name = name.encode("utf-8", "surrogatepass")
        self._numbers: list[float] = []
        self._round = 0

    def number(self) -> float:
        """The next number of the stream, evenly from 0 up to 1, which is never reached."""
        if not self._numbers:
            drawn = blake2b(self._name, salt=self._round.to_bytes(8, "big")).digest()
            self._numbers = [(int.from_bytes(drawn[place : place + 8], "big") >> 11) * 2048 * _UNIT for place in range(0, 64, 8)]
            self._round += 1
        return self._numbers.pop()

    def one_of(self, upto: Sequence[float]) -> int:
        """The place of the share that is drawn; *upto* adds shares up: 0.2, 0.7, 1. One more than the last where they leave some."""
        return bisect_right(upto, self.number())

    def between(self, quantiles: Sequence[float]) -> float:
        """A value between *quantiles*, which stand at even steps from the least to the greatest; evenly between two of them."""
        if len(quantiles) == 1:
            return quantiles[0]
        place = self.number() * (len(quantiles) - 1)
        below = int(place)
        low = quantiles[below]
        return low + (quantiles[below + 1] - low) * (place - below)
