"""When an action that did not work is tried again."""

from __future__ import annotations

import random
from collections.abc import Callable

from attrs import field, frozen

from journeykit.model.given import amount, function, whole


@frozen(kw_only=True)
class Backoff:
    """
    How long to wait between attempts, and how many there are.

    Attributes:
        first: seconds before the second attempt.
        factor: by how much each wait is longer than the one before.
        most: seconds that no wait exceeds.
        attempts: how many attempts there are before the request becomes a dead letter.
        jitter: gives a number from 0 to 1 for each wait, which takes up to half of it away, so that what failed together is not
            tried again together. A test passes ``lambda: 0``.
    """

    first: float = 30.0
    factor: float = 2.0
    most: float = 86_400.0
    attempts: int = 8
    jitter: Callable[[], float] = field(default=random.random, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        amount(self.first, "first", example=30)
        amount(self.factor, "factor", example=2)
        amount(self.most, "most", example=86_400)
        whole(self.attempts, "attempts", least=1)
        function(self.jitter, "jitter")

    def wait(self, attempt: int) -> float:
        """The seconds to wait after attempt number *attempt*, counted from 1."""
        whole = min(self.most, self.first * self.factor ** min(attempt - 1, 64))
        return whole * (1 - self.jitter() / 2)
