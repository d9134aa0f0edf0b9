"""
Stored rows and back, by hand over the standard library's JSON: a general converter would cost as much as the transaction.

A stored body is a JSON array that begins with its version. Fields are only ever added at its end: a body with more fields than
this release knows is read without them, one with fewer gets defaults, so old and new processes work on one database while a
deployment rolls. What cannot be said that way gets a new version and an entry in `UPCASTERS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from json import JSONDecoder, JSONEncoder
from json.encoder import c_make_encoder, encode_basestring_ascii  # type: ignore[attr-defined]
from typing import Any

from journeykit.errors import SchemaError
from journeykit.model.alike import Alike
from journeykit.model.joined import Joined
from journeykit.model.leaving import Snapshot
from journeykit.model.messages import Event, moment
from journeykit.model.pauses import Hold
from journeykit.model.plain import no_json
from journeykit.model.records import Answered, Enrollment, Facts, Loaded, LoggedEvent, Moment, OutboxMessage, Timer, Waiting

Row = tuple[Any, ...]

VERSION = 1
UPCASTERS: dict[int, Callable[[list[Any]], list[Any]]] = {}  #: version of a body -> what makes it the next version's

_encoder = JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False)  # no other reader knows NaN and infinity
_chunks = c_make_encoder and c_make_encoder(None, _encoder.default, encode_basestring_ascii, None, ":", ",", False, False, False)
_decoder = JSONDecoder()
_decode = _decoder.raw_decode  # what was written here has no white space around it
_scan = _decoder.scan_once  # type: ignore[attr-defined]  # the same without a function around it

_bare = object.__new__  # leaves out the constructor
_new = tuple.__new__  # makes a named tuple in half the time of its own constructor
_CURRENT = (f"[{VERSION},", f"[{VERSION}]")  #: what the text of a body of this version begins with
_FIRST, _NOTHING = len(_CURRENT[0]), _CURRENT[1]  #: the place of what comes first in it, and one in which nothing stands
_EMPTY: Row = (
    None,
    None,
    {},
    (),
    {},
    0,
    None,
    None,
    None,
    None,
    0,
    None,
    None,
    (),
    None,
)  #: what is left out at the end of an enrollment's body
_TIMERS, _RARE = 3, 8  #: a body between these sizes ends with timers, scopes and two numbers
_SELDOM = _EMPTY[7:]
_ZONELESS = [None]  #: what the fields of most timers end with
_MISSING = [None, 0, None, (), None, 0, None, None, None, None, 0, None, None, (), None]  #: what stands for it when it is read


def dumps(value: Any) -> str:
    """*value* as JSON text. The standard encoder makes what does the work anew for each value; here it is made once."""
    return "".join(_chunks(value, 0)) if _chunks else _encoder.encode(value)


def loads(text: str) -> Any:
    """The value of JSON text that was written here."""
    return _decode(text)[0]


def _upcast(body: list[Any]) -> list[Any]:
    while body[0] != VERSION:
        if body[0] not in UPCASTERS:
            raise SchemaError(
                f"a stored row has version {body[0]}, this release knows {VERSION}; run the release that wrote it, or a later one"
            )
        body = UPCASTERS[body[0]](body)
    return body


class StoredData(dict[str, Any]):
    """
    An enrollment's data with the text it is stored as: most decisions leave it as it is, and its text is written again.

    Nobody changes data in place (a test watches that); what is changed is a dict of its own, and that has no text.
    """

    __slots__ = ("text",)
    text: str


def _known(data: dict[str, Any], text: str) -> dict[str, Any]:
    """*data* with its own text, of the text of a body in which nothing but a timer and numbers comes after it."""
    known = StoredData(data)
    known.text = text[text.index("{") : text.rindex(",[[")]
    return known


def enrollment_row(customer_id: str, e: Enrollment) -> Row:
    """(customer, journey, key, number, definition, position, status, step, visit, entered_at, ended_at, next_due, body)."""
    return (
        customer_id, e.journey, e.key, e.number, e.definition, e.order, e.status, e.step, e.visit, e.entered_at, e.ended_at,
        e.due(), _body(e),
    )  # fmt: skip


def _body(e: Enrollment) -> str:
    """What else there is to an enrollment, as text. Put together by hand where it is what most are: the encoder takes twice as long."""
    timers, performed_at = e.timers, e.performed_at
    if (
        len(timers) != 1 or e.scopes or e.performing or e.stood or e.goal_at is not None or e.reason is not None
        or e.leaving is not None or e.waiting is not None or e.held is not None or e.joined is not None
    ):  # fmt: skip
        return _whole_body(e)
    ((number, due_at, order, zone),) = timers
    if due_at is None or zone is not None or (performed_at is None and e.performed):
        return _whole_body(e)
    data = e.data.text if type(e.data) is StoredData else dumps(e.data)
    at = str(e.step_at)
    if performed_at is None:
        return f"[{VERSION},{at},{data},[[{number},{due_at},{order},null]]]"
    last = at if performed_at == e.step_at else performed_at  # most actions are asked for where a step begins
    return f"[{VERSION},{at},{data},[[{number},{due_at},{order},null]],{{}},{e.performed},{last}]"


def _whole_body(e: Enrollment) -> str:
    seldom = (e.goal_at, e.reason, e.leaving, e.performing, e.waiting, e.held, e.stood, e.joined)
    body: list[Any] = [VERSION, e.step_at, e.data, e.timers, e.scopes, e.performed, e.performed_at]
    if seldom != _SELDOM:
        body += seldom
    last = len(body) - 1
    while last > 1 and body[last] == _EMPTY[last]:
        del body[last]
        last -= 1
    return dumps(body)


def enrollment(row: Row) -> Enrollment:
    """The enrollment of (anything, journey, key, number, definition, position, status, step, visit, entered_at, ended_at, body)."""
    _, journey, key, number, definition, order, status, step, visit, entered_at, ended_at, text = row
    try:
        body = _scan(text, 0)[0]
    except StopIteration:
        body = _decode(text)[0]  # which says what is wrong with it
    if body[0] != VERSION:
        body, text = _upcast(body), ""
    size = len(body)
    if _TIMERS < size < _RARE and len(body[3]) == 1 and body[3][0][3:] == _ZONELESS and body[2] and text and not (size > 4 and body[4]):
        return Enrollment(
            journey, key, number, definition, order, status, step, visit, entered_at, body[1], _known(body[2], text),
            (_new(Timer, body[3][0]),), {}, None, None, body[5] if size > 5 else 0, body[6] if size > 6 else None, ended_at,
        )  # fmt: skip
    if size < len(_MISSING):
        body += _MISSING[size:]
    timers, scopes, waiting, held, stood, joined = body[3], body[4], body[11], body[12], body[13], body[14]
    return Enrollment(
        journey, key, number, definition, order, status, step, visit, entered_at, body[1], body[2] or {},
        tuple([_new(Timer, timer) if len(timer) == 4 else Timer(*timer[:4]) for timer in timers]) if timers else (),
        {name: (place[0], place[1]) for name, place in scopes.items()} if scopes else {},
        body[7], body[9], body[5], body[6], ended_at, body[8], body[10],
        Waiting(waiting[0], waiting[1], waiting[2], tuple(waiting[3])) if waiting else None,
        Hold(*held[: len(Hold._fields)]) if held else None,
        tuple([(one[0], one[1]) for one in stood]) if stood else (), None, Joined(*joined[:3]) if joined else None,
    )  # fmt: skip


def facts_text(facts: Facts) -> str:
    """What is known about a customer, as JSON; nothing known is ``[1]``."""
    body: list[Any] = [VERSION, facts.zone, facts.stage, facts.consent, facts.traits, facts.values, facts.arms]
    while len(body) > 1 and body[-1] in (None, {}):
        del body[-1]
    return dumps(body)


class StoredFacts(Facts):
    """Facts in the text they are stored as, read at the first look at one of them: most decisions need none."""

    __slots__ = ("_text",)
    _text: str | None

    def lack(self, names: frozenset[str]) -> bool:
        """Whether none of *names* stands in the text: then nothing of them is known, and of the text only the zone is read."""
        text = self._text
        if text is None or _keys(names).search(text) is not None:
            return False
        self.zone = None if text == _NOTHING else _scan(text, _FIRST)[0]  # it stands first, and is asked for next
        return True

    def __getattr__(self, name: str) -> Any:
        """Read them all; asked only for what has not been set."""
        text = self._text if name in Facts.__slots__ else None
        if text is None:
            raise AttributeError(name)
        self.zone, self.stage, self.consent, self.traits, self.values, self.arms = _fields(text)
        self._text = None
        return getattr(self, name)

    def __eq__(self, other: object) -> bool:
        """Whether the same is known, however it was read."""
        return isinstance(other, Facts) and all(getattr(self, field) == getattr(other, field) for field in Facts.__slots__)

    __hash__ = None  # as of `Facts`


@lru_cache(100)
def _keys(names: frozenset[str]) -> re.Pattern[str]:
    """What finds a key that is one of *names*, or one of them and a mark behind a blank, in the text of facts; or a value that is alike."""
    return re.compile(f'"(?:{"|".join(re.escape(dumps(name)[1:-1]) for name in sorted(names))})[" ]' if names else "(?!)")


def facts(text: str) -> Facts:
    """The facts of their text."""
    if not text.startswith(_CURRENT):
        return _read_facts(text)
    stored = _bare(StoredFacts)
    stored._text = text  # noqa: SLF001  a constructor takes twice as long, and there is one for each customer
    return stored


def _read_facts(text: str) -> Facts:
    return Facts(*_fields(text))


def _fields(text: str) -> tuple[Any, ...]:
    """What is known, in the order of the fields of `Facts`."""
    body = _decode(text)[0]
    if body[0] != VERSION:
        body = _upcast(body)
    count = len(body)
    return (
        body[1] if count > 1 else None,
        body[2] if count > 2 else None,
        body[3] if count > 3 else {},
        body[4] if count > 4 else {},
        body[5] if count > 5 else {},
        body[6] if count > 6 else {},
    )


def mail_row(event: Event, accepted_at: int) -> Row:
    """(customer, id, accepted_at, occurred_at, name, properties, source, customer) of an event on its way to a mailbox."""
    try:
        properties = dumps(event.properties)
    except (TypeError, ValueError, RecursionError) as error:
        raise no_json(event.properties, event.id, error) from error
    return event.customer_id, event.id, accepted_at, event.at, event.name, properties, event.source, event.customer_id


def event_row(logged: LoggedEvent) -> Row:
    """(customer, id, seq, accepted_at, occurred_at, name, properties, source, state, arrival)."""
    event, accepted_at, seq, state, arrival = logged
    return (
        event.customer_id, event.id, seq, accepted_at, event.at, event.name, dumps(event.properties), event.source, state, arrival
    )  # fmt: skip


def logged_event(row: Row) -> LoggedEvent:
    """The event of a row as `event_row` makes it."""
    customer_id, event_id, seq, accepted_at, occurred_at, name, properties, source, state, arrival = row
    event = Event(
        name, id=event_id, customer_id=customer_id, occurred_at=moment(occurred_at), properties=loads(properties), source=source
    )  # fmt: skip
    return LoggedEvent(event, accepted_at, seq, state, arrival)


def message_row(message: OutboxMessage, parameters: str, state: str) -> Row:
    """The message's fields in their order, its parameters as text; then its state, and when it is due."""
    customer_id, journey, key, number, seq, place, action, _, at, kind, expires_at, owner, listens, household, origin = message
    return (
        customer_id, journey, key, number, seq, place, action, parameters, at, kind, expires_at, owner, listens, household, origin, state, at
    )  # fmt: skip


def message(row: Row) -> OutboxMessage:
    """The message of a row as `message_row` makes it (what follows its fields may be left out)."""
    customer_id, journey, key, number, seq, place, action, parameters, at, kind, expires_at, owner, listens, household, origin = row[:15]
    return OutboxMessage(
        customer_id, journey, key, number, seq, place, action, loads(parameters), at, kind, expires_at, owner, bool(listens), household, origin
    )  # fmt: skip


def answers(text: str | None) -> tuple[Answered, ...]:
    """What policies answered, of its text: a JSON array of arrays, fields only ever added at their ends."""
    return tuple([Answered(*row[: len(Answered._fields)]) for row in loads(text)]) if text else ()


def moments_row(moments: Sequence[Moment]) -> tuple[str, int | None]:
    """The customer's own timers as text, and when the first is due; those that many are given are encoded once."""
    if type(moments) is not Alike:
        return _moments_row(moments)
    if moments.row is None:
        moments.row = _moments_row(moments)
    return moments.row


def _moments_row(moments: Sequence[Moment]) -> tuple[str, int | None]:
    """The same; what is remembered is left out where that is nothing."""
    first, texts = None, []
    for name, due_at, value in moments:
        if due_at is not None and (first is None or due_at < first):
            first = due_at
        due = "null" if due_at is None else due_at
        texts.append(f"[{_quoted(name)},{due}]" if value is None else f"[{_quoted(name)},{due},{dumps(value)}]")
    return f"[{','.join(texts)}]", first


@lru_cache(1_000)
def _quoted(name: str) -> str:
    """The text of a name of which there are as many as there are definitions, not as many as there are customers."""
    return dumps(name)


def snapshot_text(customer_id: str, snapshot: Snapshot) -> str:
    """A snapshot as JSON."""
    state = snapshot.loaded
    rows = [enrollment_row(customer_id, e)[1:] for e in state.enrollments]
    return dumps([snapshot.before, state.revision, state.accepted_at, facts_text(state.facts), rows, list(state.moments), snapshot.facts])


def snapshot(customer_id: str, text: str) -> Snapshot:
    """The snapshot of its text."""
    before, revision, accepted_at, known, rows, moments, names = loads(text)[:7]
    enrollments = [enrollment((None, *row[:10], row[11])) for row in rows]
    own = tuple(Moment(*moment[:3]) for moment in moments)
    state = Loaded(customer_id, revision, accepted_at, _read_facts(known), enrollments, [], frozenset(), own, moments_row(own)[1])
    return Snapshot(before, state, tuple(names))


class StoredMoments(Sequence[Any]):
    """The customer's own timers in the text they are stored as, read at the first look at one of them: most decisions need none."""

    __slots__ = ("_read", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._read: list[Any] | None = None

    def _rows(self) -> list[Any]:
        if self._read is None:
            self._read = _decode(self._text)[0]
        return self._read

    def __getitem__(self, place: Any) -> Any:
        """One of them."""
        return self._rows()[place]

    def __len__(self) -> int:
        """How many there are."""
        return len(self._rows())

    def __bool__(self) -> bool:
        """Whether there are any, without reading them."""
        return self._text != "[]"

    def __eq__(self, other: object) -> bool:
        """Whether they are the same, however they were read."""
        return isinstance(other, Sequence) and self._rows() == [*other]

    __hash__ = None  # type: ignore[assignment]  # as of a list


def read_moments(text: str | None) -> Sequence[Any]:
    """The customer's own timers of their text."""
    return StoredMoments(text) if text else ()
