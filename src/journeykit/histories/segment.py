"""Messages of the Segment spec as events: identify, track, page, screen, alias and group, without a mapping."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from journeykit.core.expressions.calendar import known_zone
from journeykit.errors import EventError
from journeykit.histories.kinds import Misfit, moments
from journeykit.histories.making import Made
from journeykit.histories.tables import Row
from journeykit.model.customer import RESERVED
from journeykit.model.messages import Event
from journeykit.model.phrases import suggestion
from journeykit.runtime.engine import Engine
from journeykit.runtime.letters import IDENTIFY, derived

Message = Mapping[str, Any]

ALIASED = "Identity Aliased"  #: the event by which a customer says under which id they were known before

_moment = moments("", None)


def event_of(message: Message, source: str = "segment") -> Event:
    """
    Make the event of one message.

    ``track`` keeps its name and properties as they are. ``page`` and ``screen`` become `Page Viewed` and `Screen Viewed`, ``group``
    becomes `Group Joined`, ``alias`` `Identity Aliased`, see `join`, each with what the message says as properties. ``identify`` sets traits
    and, from ``context.timezone``, the zone. The id is ``messageId``, the moment ``timestamp``, else ``originalTimestamp``; the
    customer is ``userId``, else ``anonymousId``.

    Args:
        message: the message as JSON gives it.
        source: what the event has as its source.

    Raises:
        EventError: it is no such message, or it lacks what every event needs.
    """
    kind = _kind(message)
    name, properties = _KINDS[kind](message)
    return Event(
        name,
        id=_id(message, ("messageId", "message_id"), "every message needs an id that tells it apart"),
        customer_id=_id(message, ("userId", "user_id", "anonymousId", "anonymous_id"), "nobody can be told whom it is about"),
        occurred_at=_time(message),
        properties=properties,
        source=source,
    )


class SegmentMaker:
    """Makes events of rows that are messages; see `event_of`."""

    def make(self, row: Row) -> Iterator[Made | Misfit]:
        """
        The event of a row.

        Raises:
            Misfit: the row is no message that can be an event.
        """
        try:
            yield Made(event_of(row.values, row.file))
        except EventError as error:
            raise Misfit(str(error)) from None


def join(engine: Engine, event: Event) -> None:
    """
    Let whom *event* names as the id of before become its customer; nothing happens where they are one already.

    Raises:
        EventError: it names nobody, or the customer has become the id of before.
    """
    before = event.properties.get("previous_id")
    if not isinstance(before, str):
        raise EventError(f"previous_id: {before!r:.40} is no id; an alias says which id was used before")
    engine.merge(event.customer_id, before, id=derived(event.id, "merge"), at=event.occurred_at)


def _kind(message: Message) -> str:
    kind = message.get("type", message.get("action"))
    if not isinstance(kind, str) or kind not in _KINDS:
        near = suggestion(kind, _KINDS) if isinstance(kind, str) else ""
        raise EventError(f"type: {kind!r:.40} is no kind of message; there are {', '.join(_KINDS)}{near}")
    return kind


def _id(message: Message, names: tuple[str, ...], why: str) -> str:
    value = next((message[name] for name in names if message.get(name) not in (None, "")), None)
    if type(value) is int:
        return str(value)
    if not isinstance(value, str):
        raise EventError(f"{names[0]}: {'missing' if value is None else f'{value!r:.40} is no text'}; {why}")
    return value


def _time(message: Message) -> datetime:
    name = "timestamp" if message.get("timestamp") is not None else "originalTimestamp"
    value = message.get(name)
    if value is None:
        raise EventError("timestamp: missing, and originalTimestamp too; a message without a time cannot be placed")
    try:
        found = _moment(value)
    except Misfit as error:
        raise EventError(
            f"{name}: {str(error).replace('say the zone of such times in the mapping: zone: Europe/Berlin', 'write one')}"
        ) from None
    assert isinstance(found, datetime)
    return found


def _object(message: Message, name: str) -> dict[str, Any]:
    value = message.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise EventError(f"{name}: {value!r:.40} is no object")
    return dict(value)


def _track(message: Message) -> tuple[str, dict[str, Any]]:
    name = message.get("event")
    if not isinstance(name, str) or not name:
        raise EventError(f"event: {name!r:.40} is no name of an event")
    if name.startswith("$"):
        raise EventError(f'event: "{name:.40}" is one of the library\'s own names; names of your events do not begin with "$"')
    return name, _object(message, "properties")


def _identify(message: Message) -> tuple[str, dict[str, Any]]:
    traits = {name: value for name, value in _object(message, "traits").items() if name not in RESERVED}
    zone = _object(message, "context").get("timezone")
    return IDENTIFY, {"traits": traits} | ({"zone": zone} if known_zone(zone) else {})


def _viewed(name: str) -> Callable[[Message], tuple[str, dict[str, Any]]]:
    def read(message: Message) -> tuple[str, dict[str, Any]]:
        said = {key: message[key] for key in ("name", "category") if message.get(key) is not None}
        return name, {**_object(message, "properties"), **said}

    return read


def _alias(message: Message) -> tuple[str, dict[str, Any]]:
    return ALIASED, {"previous_id": _id(message, ("previousId", "previous_id"), "an alias says which id was used before")}


def _group(message: Message) -> tuple[str, dict[str, Any]]:
    group = _id(message, ("groupId", "group_id"), "a group call says which group")
    return "Group Joined", {"group_id": group, "traits": _object(message, "traits")}


_KINDS: Mapping[str, Callable[[Message], tuple[str, dict[str, Any]]]] = {
    "identify": _identify,
    "track": _track,
    "page": _viewed("Page Viewed"),
    "screen": _viewed("Screen Viewed"),
    "alias": _alias,
    "group": _group,
}
