"""Customers who become others, are erased, or whose past is let go of, as a storage is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from journeykit.model.records import Enrollment, Loaded


class Moved(NamedTuple):
    """
    A customer who has become another: what a storage moves to the customer of the commits beside it.

    Attributes:
        customer_id: the old id, an alias from now on.
        survivor: whom it stands for from now on.
        base: the revision it was decided on, after the commits beside it.
        numbers: (journey, key, by): the numbers of its enrollments under that key go up by so many.
        spent: ids of open messages that are dropped, for the other one has had them.
        reason: why they are.
        at: when.
    """

    customer_id: str
    survivor: str
    base: int
    numbers: Sequence[tuple[str, str, int]]
    spent: Sequence[int]
    reason: str
    at: int


class Erased(NamedTuple):
    """
    A customer of whom nothing is kept but what *remains*.

    Attributes:
        customer_id: the customer; every id that has become this one goes as well.
        marks: salted hashes of these ids, under which the rest is found again.
        remains: what stays, which names nobody.
        stranger: what stands in the place of their id where they have started a journey for somebody else.
    """

    customer_id: str
    marks: Sequence[str]
    remains: dict[str, Any]
    stranger: str


class Snapshot(NamedTuple):
    """
    A customer as they were when everything was decided that had come before a moment.

    Attributes:
        before: that moment; the properties of older events are gone.
        loaded: the state; no mail.
        facts: under what names the facts are kept that were declared then.
    """

    before: int
    loaded: Loaded
    facts: tuple[str, ...]


class Retained(NamedTuple):
    """
    What is let go of a customer's past.

    Attributes:
        base: the customer's revision it was worked out on.
        snapshot: takes the place of what came before it; its revision is the last signal that is let go.
        history: whether the history up to there goes, too.
        emptied: enrollments that have ended before, without the data that they had; they take the place of those of their number.
    """

    customer_id: str
    base: int
    snapshot: Snapshot
    history: bool
    emptied: Sequence[Enrollment] = ()
