"""A number, defined once: what it counts, in which unit, over which time, and who published that definition."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from journeykit.insight.figures import Unit

Group = Literal["awareness", "consideration", "purchase", "retention", "advocacy", "experience", "engagement", "journey"]


@frozen(kw_only=True)
class Measure:
    """
    The definition of a number.

    Attributes:
        name: what it is called, ``cart abandonment rate``.
        group: the stage it tells of, or experience, engagement, journey.
        unit: of its value, see `Figure`; a share is between 0 and 1.
        formula: in words, numerator and denominator.
        window: which time it looks at, beside the period asked for.
        source: who published this definition, with its address.
        cases: what is decided about edge cases, in sentences.
        by: what it is told for, where it is told for many (``source``, ``product``, ``month``); None where it is one number.
        better: whether more of it is ``up`` or ``down``.
        sql: the query; answers period, label, count and out_of for every period at once; names in braces are tables, cut to the slice.
        scale: what count / of is multiplied by: 100 for NPS.
    """

    name: str
    group: Group
    unit: Unit
    formula: str
    window: str
    source: str
    cases: tuple[str, ...]
    sql: str
    by: str | None = None
    better: Literal["up", "down"] = "up"
    scale: float = 1.0

    @property
    def counts(self) -> bool:
        """Whether it is a plain count rather than one number divided by another."""
        return self.unit == "number"
