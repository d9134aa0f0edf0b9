"""What comes in: the event. What an action is given, and what it answers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from attrs import field, frozen

from journeykit.errors import EventError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
LONGEST = 500  #: characters of a name, an id or a key
_LONGEST_WAIT = 1e9  #: seconds, some thirty years
_SURROGATE = re.compile("[\ud800-\udfff]")


def microseconds(moment: datetime | str, what: str = "moment") -> int:
    """
    Read a moment as microseconds since 1970 UTC.

    Args:
        moment: a datetime with a zone, or ISO 8601 text with an offset.
        what: what the moment is, for the error.

    Raises:
        EventError: it is no moment, or it has no zone.
    """
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            raise EventError(f'{what}: "{moment}" is no moment; write for example "2026-03-29T09:00:00+01:00"') from None
    _refuse_other(moment, what)
    if moment.tzinfo is None:
        raise EventError(f'{what}: "{moment}" has no zone; give one, for example datetime(..., tzinfo=UTC)')
    return (moment - _EPOCH) // _MICROSECOND


def _refuse_other(value: object, what: str) -> None:
    if not isinstance(value, datetime):
        number = ", datetime.fromtimestamp(..., UTC)" if isinstance(value, (int, float)) else ""
        raise EventError(f"{what}: {value!r} is no moment; give a datetime with a zone{number}")


def moment(at: int) -> datetime:
    """The UTC datetime of *at*, microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=at)


def storable_text(value: str) -> bool:
    """Whether *value* can be a name, an id or a key: 1 to 500 characters that every storage can keep."""
    return 0 < len(value) <= LONGEST and "\x00" not in value and (value.isascii() or not _SURROGATE.search(value))


def text(value: object, what: str) -> str:
    """Return *value* where it is a usable name or id; raise `EventError` where not."""
    if isinstance(value, str) and storable_text(value):
        return value
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
        raise EventError(f"{what}: {value!r:.60} is no id or name; give a text of 1 to {LONGEST} characters")
    raise EventError(f"{what}: {value!r:.60} holds characters that cannot be stored; give plain text")


def words(value: object, told: Callable[[object], str] = str) -> str:
    """What a plugin's *value* says, as text that every storage can keep, even where it cannot be shown."""
    try:
        return told(value).encode("utf-8", "replace").decode()
    except Exception:  # noqa: BLE001  a plugin's object may raise anything
        return f"something of type {type(value).__name__} that cannot be shown"


def _reason(value: str | BaseException) -> str:
    return words(value)


def _read(value: datetime | str) -> datetime:
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise EventError(f'occurred_at: "{value:.60}" is no moment; write for example "2026-03-29T09:00:00+01:00"') from None


def derived_id(*parts: object) -> str:
    """An id made of *parts*: the same for the same parts, never the same for others, never too long."""
    safe = "/".join(str(part).replace("%", "%25").replace("/", "%2F") for part in parts)
    return safe if len(safe) <= 400 else sha256(safe.encode("utf-8", "surrogatepass")).hexdigest()


@frozen
class Event:
    """
    An immutable fact about one customer.

    Attributes:
        name: what happened, ``Order Completed``. Names that begin with ``$`` are the library's own.
        id: the host's id of this fact; the same id of the same customer counts once. There is no default.
        customer_id: whom it is about.
        occurred_at: when it happened: a datetime with a zone, or ISO 8601 text with an offset.
        properties: JSON values by name. Money is an integer of minor units beside its currency.
        source: where it comes from, for people to read.
        at: *occurred_at* in microseconds since 1970 UTC (derived).
    """

    name: str
    id: str = field(kw_only=True)
    customer_id: str = field(kw_only=True)
    occurred_at: datetime = field(kw_only=True, converter=_read)
    properties: dict[str, Any] = field(kw_only=True, factory=dict)
    source: str = field(kw_only=True, default="")
    at: int = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        text(self.name, "name")
        text(self.id, "id")
        text(self.customer_id, "customer_id")
        if type(self.properties) is not dict:
            raise EventError(f"properties: {self.properties!r:.60} is no mapping of names to JSON values; give a dict")
        if type(self.source) is not str:
            raise EventError(f"source: {self.source!r:.60} is no text; say where the event comes from, or leave it out")
        object.__setattr__(self, "at", microseconds(self.occurred_at, "occurred_at"))


@frozen
class ActionRequest:
    """
    What an action is given.

    Attributes:
        action: its name.
        customer_id: the addressee.
        parameters: JSON values by name, fixed when the decision was committed.
        idempotency_key: the same for every attempt at this request, and for no other request; give it to the provider.
        attempt: 1 for the first.
        requested_at: the moment of the decision, UTC.
        deadline: until when it makes sense to perform it, UTC; None where it never expires.
        journey: the journey that asks for it.
    """

    action: str
    customer_id: str
    parameters: dict[str, Any]
    idempotency_key: str
    attempt: int
    requested_at: datetime
    deadline: datetime | None
    journey: str


@frozen
class Done:
    """
    The action has been performed.

    Attributes:
        event: the name of an event that carries its answer (a coupon code, a message id), or None.
        properties: the answer's properties.
    """

    event: str | None = None
    properties: dict[str, Any] = field(factory=dict)


@frozen
class Retry:
    """
    Not now; try again.

    Attributes:
        after: seconds to wait; None leaves it to the engine's backoff.
        reason: why, for people to read: text, or the error that was met.

    Raises:
        ValueError: *after* is no number of seconds.
    """

    after: float | None = None
    reason: str = field(default="", converter=_reason)

    def __attrs_post_init__(self) -> None:
        after: object = self.after
        if after is None or (isinstance(after, (int, float)) and math.isfinite(after) and after <= _LONGEST_WAIT):
            return
        raise ValueError(f"after: {after!r:.60} is no number of seconds; write for example 30")


@frozen
class Failed:
    """
    It will never work; the request becomes a dead letter at once.

    Attributes:
        reason: why, for people to read: text, or the error that was met.
    """

    reason: str = field(default="", converter=_reason)


Answer = Done | Retry | Failed
