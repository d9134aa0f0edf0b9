"""Whether two shares differ by more than chance: what nobody should be praised or blamed for is told as such."""

from __future__ import annotations

from math import sqrt

from journeykit.insight.figures import Figure

SURE = 1.96  #: standard errors apart that chance alone passes once in twenty
FEWEST = 5  #: expected of either kind in either; below that the approximation does not hold


def apart(one: Figure, other: Figure) -> bool:
    """
    Whether two shares are further apart than chance would have them, nineteen times of twenty.

    It is the z-test of two proportions with a pooled share (NIST/SEMATECH e-Handbook of Statistical Methods, 7.3.3). Where fewer than
    five of either kind are to be expected in either of them nothing can be told, and the answer is no.
    """
    if not one.of or not other.of:
        return False
    pooled = (one.count + other.count) / (one.of + other.of)
    if min(pooled, 1 - pooled) * min(one.of, other.of) < FEWEST:
        return False
    error = sqrt(pooled * (1 - pooled) * (1 / one.of + 1 / other.of))
    return abs(one.count / one.of - other.count / other.of) > SURE * error
