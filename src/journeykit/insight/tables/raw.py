"""
The tables that numbers are worked out of, column by column: what `journeykit export` writes, and what an engine is filled with.

Moments are integer microseconds since 1970 UTC, as everywhere; in Parquet they are timestamps. An event stands once: the storage has left out what came twice.
"""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

Kind = Literal["text", "whole", "moment", "json"]


@frozen
class Column:
    """
    One column.

    Attributes:
        name: what it is called.
        kind: ``text``, ``whole`` (a 64-bit integer), ``moment`` (the same, microseconds since 1970 UTC) or ``json`` (text that holds JSON).
        what: what it holds.
        null: whether it may be missing.
    """

    name: str
    kind: Kind
    what: str
    null: bool = False


@frozen
class Table:
    """
    One table.

    Attributes:
        name: what it is called; `journeykit export` writes it as ``NAME.parquet``.
        what: what a row is.
        columns: its columns, in order.
        key: the columns that tell its rows apart, in which rows come.
    """

    name: str
    what: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = field(kw_only=True)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(column.name for column in self.columns)


def _text(name: str, what: str, null: bool = False) -> Column:
    return Column(name, "text", what, null)


def _whole(name: str, what: str, null: bool = False) -> Column:
    return Column(name, "whole", what, null)


def _moment(name: str, what: str, null: bool = False) -> Column:
    return Column(name, "moment", what, null)


def _json(name: str, what: str) -> Column:
    return Column(name, "json", what)


_PLACE = (
    _text("journey", "the journey"),
    _text("key", "the enrollment's key"),
    _whole("number", "counts enrollments of customer, journey and key from 1"),
)

EVENTS = Table(
    "events",
    "An event of a customer, once.",
    (
        _text("customer", "whose it is"),
        _text("id", "its id, unique for the customer"),
        _whole("seq", "number of the customer's signal; missing while it waits or is parked", null=True),
        _moment("occurred_at", "when it happened"),
        _moment("accepted_at", "when it was accepted"),
        _text("state", "decided, pending or parked"),
        _text("name", "its name"),
        _text("source", "where it came from"),
        _json("properties", "its properties"),
    ),
    key=("customer", "id"),
)

HISTORY = Table(
    "history",
    "One thing that a decision did.",
    (
        _text("customer", "whose it is"),
        _whole("seq", "number of the customer's signal"),
        _whole("place", "place within that signal"),
        _moment("decided_at", "the moment of the decision"),
        _text("kind", "entered, moved, stayed, completed, exited, goal, held, resumed, migrated, segment and others"),
        *_PLACE,
        _text("source", "the step left", null=True),
        _text("target", "the step entered", null=True),
        _text("cause", "the event's name, or what timer it was"),
        _text("reason", "of an exit its reason, of an entry its version, see `HistoryEntry`", null=True),
    ),
    key=("customer", "seq", "place"),
)

ENROLLMENTS = Table(
    "enrollments",
    "A customer's place in a journey under a key, as it stands now.",
    (
        _text("customer", "whose it is"),
        *_PLACE,
        _text("definition", "hash of the version it is on"),
        _text("status", "active, completed, exited, merged or erased"),
        _text("step", "the step it stands or stood in"),
        _moment("entered_at", "when it was entered"),
        _moment("step_at", "when that step was entered"),
        _moment("goal_at", "when the goal was reached", null=True),
        _moment("ended_at", "when it ended", null=True),
        _text("reason", "why it ended", null=True),
    ),
    key=("customer", "journey", "key", "number"),
)

MESSAGES = Table(
    "messages",
    "A committed request to perform an action, and what became of it.",
    (
        _whole("id", "counts requests"),
        _text("customer", "whose it is"),
        *_PLACE,
        _whole("seq", "number of the signal that asked for it"),
        _whole("place", "place within that signal"),
        _text("action", "the action"),
        _text("message", "marketing, transactional or none"),
        _moment("asked_at", "the moment of its decision"),
        _text("state", "open, performed, dead, dropped or imported"),
        _moment("settled_at", "when that was settled; of an open one when it is due"),
        _whole("attempts", "attempts made"),
        _text("reason", "why it was held, dropped or given up", null=True),
    ),
    key=("id",),
)

CUSTOMERS = Table(
    "customers",
    "What is known about a customer now.",
    (
        _text("customer", "who"),
        _text("zone", "IANA time zone", null=True),
        _text("stage", "the stage that the lifecycle journey has them in", null=True),
        _json("consent", "consent by channel"),
        _json("traits", "traits by name"),
    ),
    key=("customer",),
)

DEFINITIONS = Table(
    "definitions",
    "A version of a journey that an enrollment has used.",
    (_text("hash", "what it is known by"), _text("journey", "the journey"), _text("text", "the definition as it is stored, JSON")),
    key=("hash",),
)

TABLES = (EVENTS, HISTORY, ENROLLMENTS, MESSAGES, CUSTOMERS, DEFINITIONS)
