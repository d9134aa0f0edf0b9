"""What the storage contract writes and reads: small commits of a shop whose moments are small numbers."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from journeykit.model.joined import Joined
from journeykit.model.messages import Event, moment
from journeykit.model.pauses import Hold
from journeykit.model.records import (
    Commit,
    Enrollment,
    Facts,
    HistoryEntry,
    Loaded,
    LoggedEvent,
    Moment,
    OutboxMessage,
    Timer,
    Waiting,
    Want,
)
from journeykit.ports import Storage

ODD_IDS = ("Zoë 漢字 😀", "a/b%2Fc", """o'clock "x" \\ ; -- %""", "[1]", '","', "\n\t ", "x" * 500, "0", "null", "-")

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
_MOMENTS = st.integers(-(2**53), 2**60)
_COUNTS = st.integers(0, 1_000)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_OBJECTS = st.dictionaries(_TEXT, _JSON, max_size=3)


def enrollments() -> st.SearchStrategy[Enrollment]:
    """Enrollments with anything in every field but journey and key."""
    timers = st.lists(st.builds(Timer, _COUNTS, st.none() | _MOMENTS, _COUNTS, st.none() | _TEXT), max_size=3).map(tuple)
    waiting = st.builds(Waiting, _MOMENTS, _COUNTS, _COUNTS, st.tuples(_TEXT, _TEXT, _TEXT, _OBJECTS, _TEXT))
    joined = st.builds(Joined, _COUNTS, _MOMENTS, st.dictionaries(_TEXT, _COUNTS, max_size=2))
    held = st.builds(Hold, _MOMENTS, _TEXT, st.none() | _COUNTS, st.none() | _TEXT, st.none() | _MOMENTS)
    stood = st.lists(st.tuples(_MOMENTS, _MOMENTS), max_size=2).map(tuple)
    return st.builds(
        Enrollment, st.just("welcome"), st.just(""), _COUNTS, _TEXT, _COUNTS, st.sampled_from(["pending", "active", "completed", "exited"]),
        _TEXT, _COUNTS, _MOMENTS, _MOMENTS, _OBJECTS, timers, st.dictionaries(_TEXT, st.tuples(_MOMENTS, _COUNTS), max_size=2),
        st.none() | _MOMENTS, st.none() | _TEXT, _COUNTS, st.none() | _MOMENTS, st.none() | _MOMENTS, st.none() | _TEXT, _COUNTS,
        st.none() | waiting, st.none() | held, stood, st.none(), st.none() | joined,
    )  # fmt: skip


def facts() -> st.SearchStrategy[Facts]:
    """Facts with anything in every field."""
    words = st.none() | _TEXT
    return st.builds(Facts, words, words, st.dictionaries(_TEXT, st.booleans()), _OBJECTS, _OBJECTS, st.dictionaries(_TEXT, _TEXT))


def logged_events(customer_id: str) -> st.SearchStrategy[LoggedEvent]:
    """Decided events of a customer with anything in every field but id and number."""
    name = _TEXT.filter(bool)
    occurred_at = st.integers(-(10**15), 10**17).map(moment)
    event = st.builds(
        Event, name, id=st.just("one"), customer_id=st.just(customer_id), occurred_at=occurred_at, properties=_OBJECTS, source=_TEXT
    )  # fmt: skip
    return st.builds(LoggedEvent, event, _MOMENTS, st.just(1), st.just("decided"), _COUNTS)


def messages(customer_id: str) -> st.SearchStrategy[OutboxMessage]:
    """Messages to a customer with anything in every field."""
    return st.builds(
        OutboxMessage, st.just(customer_id), _TEXT, _TEXT, _COUNTS, _COUNTS, _COUNTS, _TEXT, _OBJECTS, _MOMENTS, _TEXT,
        st.none() | _MOMENTS, st.none() | _TEXT, st.booleans(), st.none() | _TEXT,
    )  # fmt: skip


def history_entries(customer_id: str) -> st.SearchStrategy[HistoryEntry]:
    """History with anything in every field but number and place."""
    return st.builds(
        HistoryEntry, st.just(customer_id), st.just(1), st.just(0), _MOMENTS, _TEXT, _TEXT, _TEXT, _COUNTS, st.none() | _TEXT,
        st.none() | _TEXT, _TEXT, st.none() | _TEXT, _TEXT,
    )  # fmt: skip


def event(event_id: str, customer_id: str = "ann", name: str = "Order Completed", **properties: Any) -> Event:
    """An event of the first of January."""
    return Event(name, id=event_id, customer_id=customer_id, occurred_at="2026-01-01T00:00:00+00:00", properties=properties)


def enrollment(
    journey: str = "welcome", key: str = "", *, due: int | None = None, order: int = 0, ended_at: int | None = None
) -> Enrollment:
    """An enrollment at its first step, with a timer where *due* says when."""
    timers = () if due is None else (Timer(0, due, 1),)
    status = "active" if ended_at is None else "completed"
    return Enrollment(journey, key, 1, "0a1b", order, status, "first", 1, 10, 10, {}, timers, ended_at=ended_at)  # type: ignore[arg-type]


def message(customer_id: str = "ann", *, at: int = 10, place: int = 0) -> OutboxMessage:
    """An email asked for at *at*."""
    return OutboxMessage(customer_id, "welcome", "", 1, 1, place, "email", {"template": "hello"}, at, "marketing")


def entry(customer_id: str = "ann", seq: int = 1, place: int = 0) -> HistoryEntry:
    """A line of history."""
    return HistoryEntry(customer_id, seq, place, 10, "entered", "welcome", "", 1, None, "first", "Order Completed")


def commit(customer_id: str = "ann", base: int = 0, **fields: Any) -> Commit:
    """The commit of one signal, decided on the revision *base*."""
    return Commit(customer_id, base, base + 1, fields.pop("accepted_at", 10), **fields)


def everything(customer_id: str) -> Commit:
    """A first commit that writes a row everywhere."""
    return commit(
        customer_id, facts=Facts(zone="Europe/Berlin"), enrollments=[enrollment(due=50)], history=[entry(customer_id)],
        outbox=[message(customer_id)], events=[LoggedEvent(event("one", customer_id), 10, 1, "decided")],
        definitions=[("0a1b", "welcome", "{}")], moments=[Moment("segment vip", 60, True)],
    )  # fmt: skip


def load(storage: Storage, customer_id: str = "ann", *events: str) -> Loaded:
    """Everything of one customer."""
    return storage.load_many([Want(customer_id, None, (), events)])[0]


def load_nobody(customer_id: str) -> Loaded:
    """Somebody never decided for."""
    return Loaded(customer_id, 0, 0, Facts(), [], [])


def traces(storage: Storage, customer_id: str) -> tuple[Any, ...]:
    """Everything that a storage knows of a customer."""
    return (
        load(storage, customer_id), storage.history(customer_id), storage.events(customer_id), storage.outbox(customer_id=customer_id)
    )  # fmt: skip
