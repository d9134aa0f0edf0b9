"""Facts about objects (a product, a trip), which concern every customer who waits for that object (P14)."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from attrs import field, frozen

from journeykit.errors import DefinitionError
from journeykit.model.phrases import rate


@frozen
class ObjectKind:
    """
    The kind of a property that names the object an event is about: ``object``.

    ``object, 1000 per hour`` says how many customers are told at a time, ``object, 1000 per 10 minutes, until Sold Out`` also what
    ends it: another event about the object, or a quota that is used up; several are joined by ``or``.
    """

    text: str
    rate: int | None = field(init=False, eq=False, repr=False)  #: how many at a time; None for all
    every: int = field(init=False, eq=False, repr=False)  #: microseconds from one time to the next
    until: tuple[str, ...] = field(init=False, eq=False, repr=False)

    _SENTENCE = re.compile(r"object(?:, (?P<rate>[1-9]\d{0,8} per .+?))?(?:, until (?P<until>.+))?")

    def __attrs_post_init__(self) -> None:
        match = self._SENTENCE.fullmatch(self.text.strip())
        if match is None:
            raise DefinitionError(f'"{self.text}" is no kind; write for example "object" or "object, 1000 per hour, until Sold Out"')
        number, every = rate(match["rate"]) if match["rate"] else (None, 0)
        object.__setattr__(self, "rate", number)
        object.__setattr__(self, "every", every)
        object.__setattr__(self, "until", tuple(part.strip() for part in match["until"].split(" or ")) if match["until"] else ())


class ObjectFact(NamedTuple):
    """An event about an object, as it was accepted."""

    event: str
    object: str
    id: str
    accepted_at: int
    occurred_at: int
    properties: dict[str, Any]
    source: str = ""


Waiter = tuple[int, str, str, str]  #: one who waits: when they entered, customer, journey, key; told in this order


class Release(NamedTuple):
    """
    How far a fact about an object has got to those who wait for it.

    Attributes:
        due_at: when the next are told.
        ends_at: a later fact ends it, or takes its place; nobody is told from then on.
        after: the last one told; None before the first.
        sent: how many have been told at *due_at*.
    """

    fact: ObjectFact
    due_at: int
    ends_at: int | None = None
    after: Waiter | None = None
    sent: int = 0
