"""Stable random choices: the arm of a customer comes out of a hash and is kept when first drawn (P12)."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from journeykit.core.compiling.plans import CompiledSplit, Plan
from journeykit.model.records import Enrollment, Facts


def percentile(experiment: str, unit: str) -> int:
    """
    Where *unit* stands in *experiment*, 0 to 99.

    The first eight bytes of SHA-256 over ``journey/experiment/unit``, big-endian, modulo 100.
    """
    return int.from_bytes(sha256(f"{experiment}/{unit}".encode()).digest()[:8], "big") % 100


def arm(split: CompiledSplit, customer_id: str, e: Enrollment, facts: Facts) -> tuple[Plan, Facts]:
    """Return the plan of the arm, and the facts with the arm kept where it is drawn for the customer for the first time."""
    kept = facts.arms.get(split.experiment)
    for _, name, plan in split.arms:
        if name == kept:
            return plan, facts
    if not split.per_customer:
        return draw(split, f"{customer_id}/{e.journey}/{e.key}/{e.number}")[1], facts
    name, plan = draw(split, customer_id)
    after = facts.copy()
    after.arms = {**facts.arms, split.experiment: name}
    return plan, after


def set_arms(facts: Facts, arms: Mapping[str, str]) -> Facts:
    """The facts with *arms* that a test has given out, by experiment: nothing is drawn for those."""
    after = facts.copy()
    after.arms = {**facts.arms, **arms}
    return after


def draw(split: CompiledSplit, unit: str) -> tuple[str, Plan]:
    """The arm that the hash of *unit* falls to, with its plan."""
    place = percentile(split.experiment, unit)
    return next((name, plan) for upto, name, plan in split.arms if place < upto)
