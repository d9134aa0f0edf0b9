"""What becomes of rows whose customer has become another, or is erased: the same in every storage."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from journeykit.model.leaving import Moved
from journeykit.model.messages import derived_id
from journeykit.model.records import OutboxMessage

_LONG = 200  #: characters of an id that may have been too long to stand in the id of what it sent


def moved_event_id(old: str, event_id: str) -> str:
    """The id of an event of *old* where the survivor knows an event of its own under that id."""
    return derived_id("moved", old, event_id)


def moved_message(message: OutboxMessage, moved: Moved, by: int) -> OutboxMessage:
    """A message of the old id as the survivor's; *by* is what is added to the numbers of signals."""
    ups = {(journey, key): up for journey, key, up in moved.numbers}
    number = message.number + ups.get((message.journey, message.key), 0)
    return message._replace(customer_id=moved.survivor, number=number, seq=message.seq + by, origin=message.idempotency_key)


def starts_of(customer_id: str) -> tuple[str, str]:
    """Between which ids lie the events by which a customer starts a journey for others; all of them where the id is too long for one."""
    prefix = derived_id("start", customer_id, "")
    return ("", "\U0010ffff") if len(prefix) > _LONG else (prefix, f"{prefix[:-1]}0")  # a slash, and what comes after it


def passed_on(sender: str, event_id: str, properties: Mapping[str, Any], stranger: str) -> tuple[str, dict[str, Any]] | None:
    """What *sender* has sent somebody else, as if a stranger had; None where it is another's."""
    if properties.get("from") != sender:
        return None
    mark = sha256(f"{stranger}/{event_id}".encode()).hexdigest()[:16]
    return derived_id("start", stranger, mark), {**properties, "from": stranger}
