"""
For hosts that receive Segment messages, for example in a webhook.

A web framework hands over the parsed body; what it answers is the host's affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from journeykit.errors import EventError
from journeykit.histories.segment import event_of
from journeykit.model.messages import Event
from journeykit.runtime.engine import Engine

__all__ = ["Received", "event_of", "events_of", "receive"]


class Received(NamedTuple):
    """What became of a body: how many messages were accepted, known already, and refused, each with its place and reason."""

    accepted: int
    known: int
    refused: tuple[tuple[int, str], ...] = ()


def events_of(body: Mapping[str, Any]) -> tuple[list[Event], list[tuple[int, str]]]:
    """
    Make events of a body: one message, or a ``batch`` of them.

    Args:
        body: the parsed JSON object.

    Returns:
        The events, and for each message that could not be one its place in the batch and the reason.

    Raises:
        EventError: the body is no object, or its ``batch`` no list.
    """
    if not isinstance(body, Mapping):
        raise EventError(f"{body!r:.40} is no message; a body is a JSON object")
    batch = body.get("batch", [body])
    if not isinstance(batch, list):
        raise EventError(f"batch: {batch!r:.40} is no list of messages")
    events, refused = [], []
    for place, message in enumerate(batch):
        try:
            if not isinstance(message, Mapping):
                raise EventError(f"{message!r:.40} is no message; a message is a JSON object")
            events.append(event_of(message))
        except EventError as error:
            refused.append((place, str(error)))
    return events, refused


def receive(engine: Engine, body: Mapping[str, Any]) -> Received:
    """
    Put the messages of a body into their customers' mailboxes; a worker decides them.

    The same message again, by its ``messageId``, changes nothing, so a sender may try again. One that cannot be an event costs no
    other.

    Raises:
        EventError: the body is no object, or its ``batch`` no list.
    """
    events, refused = events_of(body)
    accepted = engine.accept(*events) if events else []
    return Received(sum(accepted), len(accepted) - sum(accepted), tuple(refused))
