"""Why and why not: everything that happened to one customer, as data and as text (P35)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from journeykit.core.compiling.quotas import KEPT
from journeykit.core.deciding.merging import MERGE
from journeykit.core.deciding.migrating import UNDONE
from journeykit.core.expressions.calendar import show
from journeykit.core.turns.remains import RETURNED
from journeykit.model.messages import moment
from journeykit.model.records import HistoryEntry, Loaded, LoggedEvent, OutboxRow, Want
from journeykit.ports import Storage
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.letters import ARM, MIGRATE
from journeykit.runtime.past import Past
from journeykit.runtime.why import EVER, Case, by, holds, why_not


@frozen
class Line:
    """
    One thing that happened, or did not.

    Attributes:
        at: when, microseconds since 1970 UTC.
        kind: ``event``, ``mailbox``, a kind of history (``entered``, ``moved``, ``exited``, ...), ``timer``, ``action``,
            ``policy``, ``why not``.
        text: what people read.
        journey: the journey it concerns, where it concerns one.
        key: the key of the enrollment.
        bare: the same without what is anybody's own: no properties, no parameters, no keys.
    """

    at: int
    kind: str
    text: str
    journey: str = ""
    key: str = ""
    bare: str = field(default="", eq=False)

    @property
    def when(self) -> datetime:
        """The moment, UTC."""
        return moment(self.at)


@frozen
class Explanation:
    """
    What happened to a customer.

    Attributes:
        customer_id: the customer.
        zone: the time zone that the text is written in.
        entries: every event, transition, timer and action, in the order in which they took effect.
        why_not: why the action that was asked about did not come about.
    """

    customer_id: str
    zone: str
    entries: tuple[Line, ...]
    why_not: tuple[Line, ...] = ()

    @property
    def text(self) -> str:
        """All of it, line by line; of somebody never heard of, that."""
        lines = (*self.entries, *self.why_not)
        return "\n".join(f"{self._when(line)}{line.text}" for line in lines) or f'nothing is known of a customer "{self.customer_id}"'

    def __str__(self) -> str:
        return self.text

    def _when(self, line: Line) -> str:
        return f"{show(line.at, self.zone)}  " if line.at else ""  # of somebody never heard of nothing has a time


class Explainer:
    """Reads a customer from the storage and tells what is there."""

    def __init__(self, storage: Storage, definitions: Definitions) -> None:
        self._storage = storage
        self._definitions = definitions

    def explain(self, customer_id: str, why: str | None) -> Explanation:
        """Return the timeline of a customer, and why the action *why* did not come about."""
        customer_id = self._storage.identities(customer_id)[0]
        loaded = self._storage.load_many([Want(customer_id, None)])[0]
        self._definitions.learn_all(loaded.enrollments)
        events = self._storage.events(customer_id, EVER)
        history = self._storage.history(customer_id)
        outbox = self._storage.outbox(None, customer_id)
        past = Past(self._definitions, history, loaded.enrollments)
        told = _Telling(self._zone(loaded), past)
        entries = tuple(told.timeline(events, history, outbox))
        reasons: tuple[Line, ...] = ()
        if why is not None:
            snapshot = self._storage.snapshot(customer_id)
            start = None if snapshot is None else snapshot.loaded
            case = Case(self._definitions.compiled, loaded, events, history, outbox, told.zone, past, start)
            reasons = tuple(Line(at, "why not", text, journey, key) for at, journey, key, text in why_not(case, why))
        return Explanation(customer_id, told.zone, entries, reasons)

    def _zone(self, loaded: Loaded) -> str:
        zones = (journey.journey.zone for journey in self._definitions.compiled.journeys.values())
        return loaded.facts.zone or next((zone for zone in zones if zone), "UTC")


class _Telling:
    def __init__(self, zone: str, past: Past) -> None:
        self.zone = zone
        self._past = past

    def timeline(self, events: Iterable[LoggedEvent], history: Iterable[HistoryEntry], outbox: Iterable[OutboxRow]) -> list[Line]:
        """Every line, by number of the signal: the event, what was decided, what was asked for."""
        lines: list[tuple[tuple[int, int, int], Line]] = []
        waiting = 1 << 62
        for number, logged in enumerate(events):
            if logged.event.name not in ("$parked", *KEPT, MIGRATE, RETURNED):
                place = (waiting, 0, number) if logged.seq is None else (logged.seq, 0, 0)
                lines.append((place, self._event(logged)))
        for entry in _once(history):
            lines += (((entry.seq, 1, entry.place), line) for line in self._history(entry))
        for row in outbox:
            lines.append(((row.message.seq, 2, row.message.place), self._action(row)))
            lines += (((row.message.seq, 2, row.message.place), line) for line in self._held(row))
        return [line for _, line in sorted(lines, key=lambda pair: pair[0])]

    def _event(self, logged: LoggedEvent) -> Line:
        event = logged.event
        properties = {"other": event.properties.get("other")} if event.name == MERGE else event.properties
        text = f"{_OURS.get(event.name, event.name)} {_values(properties)}".rstrip()
        if (occurred := show(event.at, self.zone)) != show(logged.accepted_at, self.zone):
            text += f"; {'ahead: ' if event.at > logged.accepted_at else ''}occurred {occurred}"
        if logged.state == "pending":
            return Line(logged.accepted_at, "mailbox", f"{text}; waits in the mailbox", bare=f"{event.name}; waits in the mailbox")
        return Line(logged.accepted_at, "event", text, bare=_OURS.get(event.name, event.name))

    def _history(self, entry: HistoryEntry) -> Iterator[Line]:
        place = f"{entry.journey} {entry.key}".strip()
        marks = list(self._timers(entry))
        for mark, text in marks:
            if mark == "!":
                yield Line(entry.at, "timer", f"{place}: {text}", entry.journey, entry.key, text)
        told = f"{place}: {_told(entry)}" if place else _told(entry)
        bare = _told(entry) if entry.kind in _PLAIN else entry.kind
        yield Line(entry.at, entry.kind, told, entry.journey, entry.key, f"{entry.journey}: {bare}".removeprefix(": "))
        for mark, text in marks:
            if mark != "!":
                yield Line(entry.at, "timer", f"{place}: {text}", entry.journey, entry.key, text)

    def _timers(self, entry: HistoryEntry) -> Iterator[tuple[str, str]]:
        for mark in entry.timers.split():
            index, _, due = mark[1:].partition("@")
            name = self._timer(entry, int(index), before=mark[0] == "-")
            if mark[0] == "+":
                yield "+", f"timer {name} set for {show(int(due), self.zone)}" if due else f"timer {name} waits for its moment"
            elif mark[0] == "~":
                yield "~", f"timer {name} runs on{f' until {show(int(due), self.zone)}' if due else ''}"
            else:
                yield mark[0], f"timer {name} {'is over' if mark[0] == '!' else 'cancelled'}"

    def _timer(self, entry: HistoryEntry, index: int, *, before: bool) -> str:
        """How people call a timer; its number where the version is no longer known."""
        journey = self._past.version(entry, before=before)
        if journey is None or index >= len(journey.timers):
            return f"number {index}"
        return f'"{journey.timers[index].label}"'

    def _action(self, row: OutboxRow) -> Line:
        message = row.message
        text = f"{message.journey} {message.key}".strip() + f": {message.action} {_parameters(message.parameters)}".rstrip()
        attempts = f" after {row.attempts} attempts" if row.attempts > 1 and not (row.reason or "").startswith(f"{row.attempts} ") else ""
        state = "waits to be performed" if row.state == "open" else row.state
        when = f" {show(row.due_at, self.zone)}" if row.state in ("performed", "dead", "dropped") and row.due_at != message.at else ""
        reason = f": {row.reason}" if row.reason else ""
        bare = f"{message.journey}: {message.action}; {state}"
        return Line(message.at, "action", f"{text}; {state}{when}{attempts}{reason}", message.journey, message.key, bare)

    def _held(self, row: OutboxRow) -> Iterator[Line]:
        """What policies answered that held it; the one that dropped it is its reason."""
        message = row.message
        place = f"{message.journey} {message.key}".strip()
        for answer, until in holds(row.answers):
            text = f"{place}: {message.action} held until {show(until, self.zone)}: {answer.reason}"
            bare = f"{message.journey}: {message.action} held until {show(until, self.zone)}"
            yield Line(answer.at, "policy", text, message.journey, message.key, bare)


def _once(history: Iterable[HistoryEntry]) -> Iterator[HistoryEntry]:
    """*history*, where several entries of a journey for one event have refused a customer alike, that once."""
    refused: set[tuple[object, ...]] = set()
    for entry in history:
        alike = (entry.seq, entry.at, entry.journey, entry.key, entry.cause, entry.reason)
        if entry.kind != "refused" or alike not in refused:
            yield entry
        if entry.kind == "refused":
            refused.add(alike)


#: kinds of history whose reason is the definition's word, or a version, and nobody's own
_PLAIN = ("entered", "moved", "stayed", "completed", "exited", "goal", "merged", "segment", "migrated")

_OURS = {
    "$identify": "identified",
    ARM: "arm set",
    "$enter": "let in",
    "$exit": "taken out",
    "$settled": "outcome",
    "$retry": "tried again",
    MERGE: "merged",
    "$open": "opened",
}


def _told(entry: HistoryEntry) -> str:
    reason = f" ({entry.reason})" if entry.reason and entry.reason != entry.cause else ""
    cause = by(entry.cause)
    match entry.kind:
        case "entered":
            return f"entered {entry.target}{cause}"
        case "moved":
            return f"{entry.source} to {entry.target}{cause}{reason}"
        case "completed" | "exited" | "merged":
            return f"{entry.kind} in {entry.source}{cause}{reason}"
        case "segment":
            return f"{entry.reason} the {entry.cause}"
        case "held":
            return f"held in {entry.source} by {entry.cause}{reason}"
        case "resumed":
            return f"goes on in {entry.source}, held by {entry.cause} until now"
        case "migrated":
            where = entry.target if entry.source == entry.target else f"{entry.source}, called {entry.target} now"
            return f"{'back' if entry.cause == UNDONE else 'brought'} from version {entry.reason} in {where}"
        case "filled":
            return f"filled in{f': {entry.reason}' if entry.reason else ''}"
        case _:
            where = f" in {entry.source}" if entry.source else ""
            return f"{entry.kind}{where}{cause}{reason}"


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in values.items())


def _parameters(values: Mapping[str, Any]) -> str:
    """What an action was given; what is missing was not known when it was asked for."""
    return ", ".join(f"{name} is missing" if value is None else f"{name}={value!r}" for name, value in values.items())
