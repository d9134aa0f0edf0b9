"""How one customer and one message lie in memory: as encoded text, in few and small objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from journeykit.model.records import NEVER, Answered, Enrollment, LoggedEvent, OutboxRow, Sent, Want
from journeykit.storage.rows import Row, answers, dumps, enrollment, loads, logged_event, message


class Customer:
    """
    One customer's rows, as text.

    An enrollment is three lines: its columns, its body, and when it is due (empty: no timer; ``-``: none, and it has ended).
    """

    __slots__ = ("accepted_at", "enrollments", "events", "facts", "history", "messages", "moments", "pending", "ready", "revision")

    def __init__(self) -> None:
        self.revision = 0
        self.accepted_at = 0
        self.facts = "[1]"
        self.enrollments: tuple[str, ...] = ()
        self.moments: tuple[str, int | None] | None = None
        self.events: dict[str, str] | None = None  #: decided and parked ones by id
        self.pending: dict[str, str] | None = None  #: the mailbox by id, in order of arrival
        self.history: list[str] | None = None
        self.messages: tuple[int, ...] = ()
        self.ready: int | None = None  #: the moment from which there is something to do

    def next_ready(self) -> int | None:
        """Look for the moment from which there is something to do: mail at once, a timer once its instant has passed."""
        timer = self.next_timer()
        moments = [] if timer is None else [timer + 1]
        moments.extend(loads(text)[1] for text in (self.pending or {}).values())
        return min(moments, default=None)

    def next_timer(self) -> int | None:
        """When the first timer is due."""
        moments = [due for text in self.enrollments if (due := due_of(text)) is not None and due < NEVER]
        if self.moments is not None and self.moments[1] is not None:
            moments.append(self.moments[1])
        return min(moments, default=None)

    def bring_up(self, number: int, at: int) -> bool:
        """Let what the pause of that number holds be due at *at*; return whether there was any."""
        held = [text for text in self.enrollments if due_of(text) == NEVER + number]
        self.enrollments = tuple([f"{text[: text.rindex(chr(10)) + 1]}{at}" if text in held else text for text in self.enrollments])
        return bool(held)

    def knows(self, event_id: str) -> bool:
        """Whether an event of that id is in the log or the mailbox."""
        return (self.events is not None and event_id in self.events) or (self.pending is not None and event_id in self.pending)


class Message:
    """One outbox row."""

    __slots__ = ("answers", "attempts", "begun", "due_at", "line", "reason", "state", "text", "token")

    def __init__(self, text: str, line: tuple[str, str], due_at: int, state: str) -> None:
        self.text = text
        self.line = line  #: journey and action
        self.due_at = due_at  #: while it is leased, the end of the lease
        self.state = state
        self.attempts = 0
        self.reason: str | None = None
        self.token: str | None = None
        self.answers: str | None = None
        self.begun = False

    def answered(self, answer: Answered) -> None:
        """Keep what a policy has answered."""
        self.answers = dumps([*loads(self.answers or "[]"), answer])

    def sent(self, number: int, since: int, now: int) -> Sent | None:
        """What a frequency cap counts of it: settled after *since* as performed, imported, or ended once begun; or under way."""
        under_way = self.state == "open" and (self.begun or (self.token is not None and self.due_at > now))
        settled = self.state in ("performed", "imported") or (self.state != "open" and self.begun)
        if not (under_way or (settled and self.due_at > since)):
            return None
        found = message(loads(self.text))
        if found.message != "marketing":
            return None
        topic = found.parameters.get("topic")
        return Sent(number, found.action, topic if isinstance(topic, str) else None, None if under_way else self.due_at)

    def row(self, number: int) -> OutboxRow:
        """What it says to a reader."""
        return OutboxRow(number, message(loads(self.text)), self.state, self.attempts, self.due_at, self.reason, answers(self.answers))  # type: ignore[arg-type]


def line_of(*place: str) -> str:
    """What the text of an enrollment of that journey (and key) begins with."""
    return dumps(place)[:-1] + ","


def enrollment_text(row: Row) -> str:
    """The three lines of an enrollment."""
    due = row[11] if row[11] is not None else "" if row[10] is None else "-"
    return f"{dumps(row[1:11])}\n{row[12]}\n{due}"


def read_enrollment(text: str) -> Enrollment:
    """The enrollment that lies in *text*."""
    columns, body, _ = text.split("\n")
    return enrollment((None, *loads(columns), body))


def _standing(customer: Customer) -> Iterator[tuple[str, str, str]]:
    """Where a customer's active enrollments stand: journey, definition and step of each."""
    for text in customer.enrollments:
        journey, _, _, definition, _, status, step, *_ = loads(text[: text.index("\n")])
        if status == "active":
            yield journey, definition, step


def occupied(customers: Iterable[Customer]) -> list[tuple[str, str, str, int]]:
    """How many active enrollments stand in each step of each version, in order."""
    places = Counter(place for customer in customers for place in _standing(customer))
    return [(*place, number) for place, number in sorted(places.items())]


def on_version(customers: Iterable[tuple[str, Customer]], journey: str, definition: str, after: str) -> Iterator[str]:
    """Those behind *after* who have an active enrollment on that version."""
    return (name for name, one in customers if name > after and any(place[:2] == (journey, definition) for place in _standing(one)))


def due_of(text: str) -> int | None:
    """When the enrollment in *text* has a timer due."""
    due = text[text.rindex("\n") + 1 :]
    return int(due) if due not in ("", "-") else None


def read_event(customer_id: str, event_id: str, text: str) -> LoggedEvent:
    """The event that lies in *text*."""
    return logged_event((customer_id, event_id, *loads(text)))


def is_decided(text: str) -> bool:
    """Whether the event in *text* has been decided."""
    return bool(loads(text)[6] == "decided")


def wanted(customer: Customer, want: Want) -> Sequence[str]:
    """The texts of the enrollments that are asked for."""
    if want.journeys is None:
        return customer.enrollments
    active = tuple([line_of(journey) for journey in want.journeys])
    named = tuple([line_of(journey) if key is None else line_of(journey, key) for journey, key in want.keys])
    until = want.until if customer.ready is not None and customer.ready <= want.until else None
    return [
        text for text in customer.enrollments
        if (text[-1] != "-" and text.startswith(active)) or text.startswith(named) or (until is not None and is_due(text, until))
    ]  # fmt: skip


def is_due(text: str, until: int) -> bool:
    """Whether the enrollment in *text* has a timer due before *until*."""
    due = due_of(text)
    return due is not None and due < until


def asked(logged: LoggedEvent, after: int, names: frozenset[str] | None) -> bool:
    """Whether an event is among those that are read."""
    return (logged.state != "decided" or (logged.seq or 0) > after) and (names is None or logged.event.name in names)
