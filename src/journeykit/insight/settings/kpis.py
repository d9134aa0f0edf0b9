"""The few numbers that a journey answers for: a target, an owner, and how often they are looked at."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

OWNERS = ("marketing", "sales", "support", "product")
RHYTHMS = ("weekly", "monthly", "quarterly")


@frozen
class Kpi:
    """
    One number that a journey answers for.

    Attributes:
        measure: the name of a measure, ``repeat purchase rate``.
        least: whether the target is the least that is wanted; else the most.
        target: in the measure's unit; a share is between 0 and 1.
        owner: marketing, sales, support or product.
        rhythm: how often it is reviewed: weekly, monthly or quarterly.
    """

    measure: str
    least: bool
    target: float
    owner: Literal["marketing", "sales", "support", "product"]
    rhythm: Literal["weekly", "monthly", "quarterly"]


def bound(kpi: Kpi) -> str:
    """Whether its target is the least or the most, in words: ``at least`` or ``at most``."""
    return "at least" if kpi.least else "at most"


def met(kpi: Kpi, value: float | None) -> bool | None:
    """Whether *value* reaches the target of *kpi*; None where there is no value."""
    if value is None:
        return None
    return value >= kpi.target if kpi.least else value <= kpi.target
