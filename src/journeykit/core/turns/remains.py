"""
What counts of enrollments that are no more: those of a customer who has become another (P20), and of one who was erased (P21).

Of an erased customer stay, under a salted hash of their id, the journeys and how often they were in each; a key stands there as a
hash of its own. Whoever comes back under the same id has these as enrollments that have ended as ``erased``, out of the first
signal of their new log.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from journeykit.core.compiling.policies import ERASED
from journeykit.core.turns.turn import Turn
from journeykit.model.messages import Event
from journeykit.model.records import Enrollment, Facts

RETURNED = "$returned"  #: the signal by which somebody comes back who was erased


def shift(e: Enrollment | None) -> int:
    """How many enrollments there have been under a key, those of others who have become this customer included."""
    return 0 if e is None else e.number + (e.joined.number if e.joined else 0)


def hashed_key(secret: str, key: str) -> str:
    """A key of an erased customer as it is kept; no key is none."""
    return sha256(f"{secret}/{key}".encode()).hexdigest() if key else ""


def remains_of(facts: Facts, enrollments: Iterable[Enrollment], secret: str, now: int) -> dict[str, Any]:
    """What stays of a customer who is erased at *now*; keys are hashed with *secret*, or with that of before where they were erased before."""
    secret = facts.arms.get(ERASED, secret)
    rows = []
    for e in enrollments:
        key = e.key if e.status == "erased" else hashed_key(secret, e.key)
        if e.number:
            rows.append([e.journey, key, shift(e), e.definition, e.performing + (e.performed > 0)])
    return {"secret": secret, "at": now, "rows": rows}


def come_back(turn: Turn, event: Event) -> None:
    """Begin with what remained of somebody who was erased."""
    given = event.properties
    turn.facts = turn.facts.copy()
    turn.facts.arms = {**turn.facts.arms, ERASED: given["secret"]}
    for journey, key, number, definition, performing in given["rows"]:
        current = turn.compiled.journeys.get(journey)
        digest = current.hash if current is not None else definition
        if digest in turn.compiled.definitions:
            turn.changed[journey, key] = _ended(turn, journey, key, number, digest, performing, given["at"])


def _ended(turn: Turn, journey: str, key: str, number: int, definition: str, performing: int, at: int) -> Enrollment:
    acted = at if performing else None
    return Enrollment(
        journey, key, number, definition, turn.order(), "erased", "", 0, at, at, {}, performed_at=acted, ended_at=at, performing=performing
    )  # fmt: skip


def remembered(turn: Turn, journey: str, key: str) -> Enrollment | None:
    """What remained of an enrollment under *key*, where the customer was erased; None where nothing did."""
    secret = turn.facts.arms.get(ERASED)
    if secret is None or not key:
        return None
    hashed = hashed_key(secret, key)
    turn.need_key(journey, hashed)
    return turn.find(journey, hashed)
