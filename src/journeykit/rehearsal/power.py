"""How small a difference an experiment can find."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

POWER = 0.8
LEVEL = 0.05


def smallest_difference(rate: float, one: int, other: int) -> float | None:
    """
    The smallest difference between two groups that is found in 80 of 100 experiments, where 5 of 100 would find one that is not there.

    Two-sided, by the normal approximation with the variance of the common rate: (z(1 - 0.05/2) + z(0.8)) * sqrt(p (1 - p) (1/n1 + 1/n2)).
    Joseph L. Fleiss, Bruce Levin, Myunghee Cho Paik: Statistical Methods for Rates and Proportions, third edition, 2003, chapter 4.

    Args:
        rate: the share of all who do it, 0 to 1.
        one: how many there are in one group.
        other: how many in the other.

    Returns:
        The difference of the two shares; None where a group is empty, or where all do it or nobody does.
    """
    if not one or not other or not 0 < rate < 1:
        return None
    normal = NormalDist()
    return (normal.inv_cdf(1 - LEVEL / 2) + normal.inv_cdf(POWER)) * sqrt(rate * (1 - rate) * (1 / one + 1 / other))
