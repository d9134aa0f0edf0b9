"""
For hosts that receive Segment messages, for example in a webhook.

A web framework hands over the parsed body; what it answers is the host's affair.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from journeykit.errors import EventError
from journeykit.histories.segment import ALIASED, event_of, join
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
    events, refused = _read(_batch(body))
    return [event for _, event in events], refused


def _read(batch: Iterable[Any]) -> tuple[list[tuple[int, Event]], list[tuple[int, str]]]:
    """The events of messages, and why others are none, each with its place."""
    events: list[tuple[int, Event]] = []
    refused: list[tuple[int, str]] = []
    for place, message in enumerate(batch):
        try:
            if not isinstance(message, Mapping):
                raise EventError(f"{message!r:.40} is no message; a message is a JSON object")
            events.append((place, event_of(message)))
        except EventError as error:
            refused.append((place, str(error)))
    return events, refused


def _batch(body: Mapping[str, Any]) -> list[Any]:
    if not isinstance(body, Mapping):
        raise EventError(f"{body!r:.40} is no message; a body is a JSON object")
    batch = body.get("batch", [body])
    if not isinstance(batch, list):
        raise EventError(f"batch: {batch!r:.40} is no list of messages")
    return batch


def receive(engine: Engine, body: Mapping[str, Any]) -> Received:
    """
    Put the messages of a body into their customers' mailboxes; a worker decides them.

    The same message again, by its ``messageId``, changes nothing, so a sender may try again. One that cannot be an event costs no
    other. An ``alias`` makes two customers one at once, see `journeykit.Engine.merge`; one that says the opposite of an earlier one is
    refused.

    Raises:
        EventError: the body is no object, or its ``batch`` no list.
    """
    events, refused = _read(_batch(body))
    accepted = engine.accept(*(event for _, event in events)) if events else []
    for place, event in events:
        if event.name == ALIASED:
            try:
                join(engine, event)
            except EventError as error:
                refused.append((place, str(error)))
    return Received(sum(accepted), len(accepted) - sum(accepted), tuple(refused))
