"""Messages of the Segment spec, without a mapping."""

from __future__ import annotations

import json

import pytest

import past
from journeykit.errors import EventError
from journeykit.histories.segment import event_of

ANN = {"messageId": "m1", "userId": "ann", "timestamp": "2026-03-02T09:00:00.500Z"}


@pytest.mark.parametrize(
    ("message", "name", "properties"),
    [
        (
            {"type": "track", "event": "Order Completed", "properties": {"order_id": "o1", "total": 27.5}},
            "Order Completed",
            {"order_id": "o1", "total": 27.5},
        ),
        ({"type": "track", "event": "Signed Up"}, "Signed Up", {}),
        ({"action": "track", "event": "Coupon Applied", "properties": None}, "Coupon Applied", {}),
        ({"type": "page", "name": "Home", "properties": {"url": "/"}}, "Page Viewed", {"url": "/", "name": "Home"}),
        ({"type": "page", "category": "Docs", "name": "API"}, "Page Viewed", {"name": "API", "category": "Docs"}),
        ({"type": "screen", "name": "Cart"}, "Screen Viewed", {"name": "Cart"}),
        ({"type": "group", "groupId": "g1", "traits": {"plan": "pro"}}, "Group Joined", {"group_id": "g1", "traits": {"plan": "pro"}}),
        ({"type": "alias", "previousId": "cookie-7"}, "Identity Aliased", {"previous_id": "cookie-7"}),
        ({"type": "identify", "traits": {"plan": "pro", "id": "ann"}}, "$identify", {"traits": {"plan": "pro"}}),
        (
            {"type": "identify", "traits": {}, "context": {"timezone": "Europe/Berlin"}},
            "$identify",
            {"traits": {}, "zone": "Europe/Berlin"},
        ),
    ],
)
def test_a_message_becomes_an_event(message, name, properties):
    """Names and properties of track stay as they are; the other kinds have names of their own."""
    event = event_of(ANN | message)

    assert (event.name, event.properties) == (name, properties)
    assert (event.id, event.customer_id, event.occurred_at.isoformat(), event.source) == (
        "m1",
        "ann",
        "2026-03-02T09:00:00.500000+00:00",
        "segment",
    )


def test_who_is_not_known_yet_has_a_cookie():
    """Without userId it is anonymousId that says whom it is about."""
    assert event_of({**ANN, "userId": None, "anonymousId": "cookie-7", "type": "page"}).customer_id == "cookie-7"


def test_the_time_as_the_device_said_it_stands_in():
    """Without timestamp it is originalTimestamp that counts."""
    message = {"type": "track", "event": "Came", "messageId": "m1", "userId": "ann", "originalTimestamp": "2026-03-02T10:00:00+01:00"}

    assert event_of(message).occurred_at.isoformat() == "2026-03-02T09:00:00+00:00"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"type": "trak"},
            "type: 'trak' is no kind of message; there are identify, track, page, screen, alias, group; did you mean \"track\"?",
        ),
        ({"type": None}, "type: None is no kind of message; there are identify, track, page, screen, alias, group"),
        ({"type": ["track"]}, "type: ['track'] is no kind of message; there are identify, track, page, screen, alias, group"),
        ({"messageId": None}, "messageId: missing; every message needs an id that tells it apart"),
        ({"messageId": {}}, "messageId: {} is no text; every message needs an id that tells it apart"),
        ({"userId": ""}, "userId: missing; nobody can be told whom it is about"),
        ({"timestamp": None}, "timestamp: missing, and originalTimestamp too; a message without a time cannot be placed"),
        ({"timestamp": "soon"}, "timestamp: 'soon' is no moment; write ISO 8601, or say how it is written: moment %d/%m/%Y"),
        ({"timestamp": "2026-03-02T09:00:00"}, "timestamp: '2026-03-02T09:00:00' has no offset; write one"),
        ({"event": None}, "event: None is no name of an event"),
        ({"event": "$identify"}, 'event: "$identify" is one of the library\'s own names; names of your events do not begin with "$"'),
        ({"properties": [1]}, "properties: [1] is no object"),
        ({"type": "alias"}, "previousId: missing; an alias says which id was used before"),
        ({"type": "group"}, "groupId: missing; a group call says which group"),
    ],
)
def test_a_message_that_cannot_be_an_event(change, reason):
    """The field, what stands there and what belongs there."""
    with pytest.raises(EventError) as error:
        event_of({"type": "track", "event": "Came", **ANN, **change})

    assert str(error.value) == reason


def test_a_file_of_messages_needs_no_mapping(tmp_path):
    """One message in each line; a bad one costs itself alone."""
    lines = [{"type": "track", "event": "Came", **ANN}, {"type": "track"}, {"type": "page", **ANN, "messageId": "m2"}]

    found = past.read(tmp_path, None, "\n".join(map(json.dumps, lines)), "messages.jsonl", form="segment")

    assert [event.name for event in found.events] == ["Came", "Page Viewed"]
    assert [(reject.line, reject.reason) for reject in found.rejects] == [(2, "event: None is no name of an event")]
