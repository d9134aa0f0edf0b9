"""What insight answers: numbers with their units, and flows. Plain values; shares lie between 0 and 1, times are seconds."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

Unit = Literal["share", "number", "money", "seconds", "score"]


@frozen
class Period:
    """
    A stretch of time: from *begin* on, and before *end* (microseconds since 1970 UTC).

    Attributes:
        label: what people call it.
    """

    begin: int
    end: int
    label: str = ""


@frozen
class Slice:
    """
    What is looked at.

    Attributes:
        period: when.
        journey: only of this journey; of all where not said.
        version: only enrollments that began on this version of it, by its hash.
        segment: only customers who were in this segment when it happened; ``not NAME`` those who were not.

    What customers do belongs to a journey from their first entry into it on, and to the version that they entered with last. The ways through
    journeys are those of whole enrollments: of the version they began with, and of the segment the customer was in when they began.
    """

    period: Period
    journey: str | None = field(default=None, kw_only=True)
    version: str | None = field(default=None, kw_only=True)
    segment: str | None = field(default=None, kw_only=True)


@frozen
class Figure:
    """
    One number.

    Attributes:
        name: the measure's, ``cart abandonment rate``.
        value: the number in *unit* (``money`` in minor units of the currency, ``seconds``, ``share`` of 1); None where there is nothing to divide by.
        count: how many it counts, the numerator of a share.
        of: out of how many, where it is a share or a mean.
        by: whom it is told for, where a measure is told for many: a source, a month, a product.
    """

    name: str
    value: float | None
    unit: Unit
    count: float = 0
    of: float | None = None
    by: str | None = None


@frozen
class StepFlow:
    """
    What became of those who were in a step during a period.

    The sum holds: *there_before* + *arrived* = *moved* + *left* + *still*.

    Attributes:
        step: the step's name.
        there_before: stood there when the period began.
        arrived: came in during it, by entering or moving; each visit counts.
        customers: how many different customers were there.
        moved: went on to another step.
        left: ended there: completed, exited or taken away.
        still: stood there when it ended.
        median_seconds: half had gone within this time (Kaplan-Meier, those still there censored); None where fewer than half have gone.
    """

    step: str
    there_before: int
    arrived: int
    customers: int
    moved: int
    left: int
    still: int
    median_seconds: float | None


@frozen
class LinkFlow:
    """
    How many went one way.

    Attributes:
        source: the step left; None for those who entered.
        target: the step entered; None for those who ended.
        cause: the event's name, or what timer it was.
        reason: of an end its reason: ``completed``, or why it was exited.
        count: how often; *customers* by how many.
    """

    source: str | None
    target: str | None
    cause: str
    reason: str | None
    count: int
    customers: int


@frozen
class Flow:
    """One journey in a slice: its steps and the ways between them."""

    journey: str
    slice: Slice
    steps: tuple[StepFlow, ...]
    links: tuple[LinkFlow, ...]


@frozen
class Path:
    """A way that *customers* took, step by step, from entry to where they are or ended; *loops* says that a step comes twice."""

    steps: tuple[str, ...]
    end: str | None
    enrollments: int
    customers: int
    loops: bool


@frozen
class Dropoff:
    """How many ended or fell silent in a step, and the last thing that happened before."""

    step: str
    reason: str
    last: str | None
    customers: int


@frozen
class Touchpoint:
    """
    A moment at which customers met the shop.

    Attributes:
        name: the event or the action.
        channel: over which it went, ``site`` for what customers did there.
        stage: the stage they were in, where known.
        count: how often; reach: how many different customers; frequency: count divided by reach.
        feeling: mean of ratings, NPS, CSAT and complaints there, from -1 (bad) to 1 (good); None where nobody said.
        said: how many said how they felt.
    """

    name: str
    channel: str
    stage: str | None
    count: int
    reach: int
    frequency: float
    feeling: float | None
    said: int


@frozen
class Presence:
    """
    One who stood in a step when a period ended.

    Attributes:
        customer: who.
        key: the enrollment's key, empty where the journey has none.
        since: when they came into the step (microseconds since 1970 UTC); None where that has been let go of.
        last: the name of the last event of theirs before the period's end, where they had one.
        last_at: its moment.
    """

    customer: str
    key: str
    since: int | None
    last: str | None
    last_at: int | None


@frozen
class Change:
    """One measure in two slices: two periods, two versions, or two segments. *difference* is after minus before, in the measure's unit."""

    name: str
    before: Figure
    after: Figure
    difference: float | None


@frozen
class Conversion:
    """Of *entered* enrollments those that reached the goal (or, without a goal, completed): by segment, channel, entry or version."""

    by: str
    entered: int
    converted: int
    share: float | None


@frozen
class Survival:
    """How much of all visits still stood in a step after *seconds* (Kaplan-Meier); *at_risk* were watched that long."""

    seconds: float
    share: float
    at_risk: int
    gone: int
