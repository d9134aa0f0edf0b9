"""What waits to be done, for people and for metrics."""

from __future__ import annotations

from typing import NamedTuple


class Backlog(NamedTuple):
    """
    What waits to be done.

    Attributes:
        events: how many events stand in mailboxes.
        oldest_event: when the first of them was accepted.
        customers: how many customers have a timer due.
        oldest_timer: when the first of these timers was due.
        messages: how many requests for actions are due, those among them that are leased.
        oldest_message: since when the first of them has been.
        dead: how many dead letters there are.
    """

    events: int
    oldest_event: int | None
    customers: int
    oldest_timer: int | None
    messages: int
    oldest_message: int | None
    dead: int
