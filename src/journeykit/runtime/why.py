"""Why an action did not come about: the customer is replayed, and what stood in the way is noted on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from journeykit.core.compiling.compiler import CompiledJourney
from journeykit.core.compiling.index import Compiled
from journeykit.core.compiling.quotas import KEPT, recorded
from journeykit.core.deciding.customer import Customer, advance
from journeykit.core.expressions.calendar import show
from journeykit.core.turns.turn import Trace
from journeykit.errors import UnknownError
from journeykit.model.phrases import suggestion
from journeykit.model.records import Answered, Commit, Facts, HistoryEntry, Loaded, LoggedEvent, OutboxRow
from journeykit.runtime.definitions import asked
from journeykit.runtime.past import Changes, Past

Reason = tuple[int, str, str, str]  #: when, journey, key, what people read

_ALL = 1 << 31
EVER = -(1 << 62)  #: before every signal, those of a customer included who has become this one


class Case(NamedTuple):
    """What is known of the customer."""

    compiled: Compiled
    loaded: Loaded
    events: Sequence[LoggedEvent]
    history: Sequence[HistoryEntry]
    outbox: Sequence[OutboxRow]
    zone: str
    past: Past
    start: Loaded | None = None  #: what there is instead of an older past


def replay(
    compiled: Compiled, loaded: Loaded, events: Sequence[LoggedEvent], trace: list[Trace] | None = None, changes: Changes = (),
    start: Loaded | None = None, until: int | None = None,
) -> list[Commit]:  # fmt: skip
    """
    Decide again what was decided for a customer, from the first signal to the last.

    Args:
        compiled: all journeys, in the versions with which the first of it was decided.
        loaded: the customer as stored, to know where the recorded signals end.
        events: the customer's events; only decided ones are replayed.
        trace: a list to note in why something did not happen.
        changes: from which moment on other versions were current.
        start: the customer to begin with, where what came before is gone; nobody where not said.
        until: fire what was due before that moment, and no more; to where the recorded signals end where not said.
    """
    customer = Customer(start or Loaded(loaded.customer_id, 0, 0, Facts(), [], []))
    first, commits = customer.revision, []
    decided = [one for one in events if one.state == "decided" and (one.seq or 0) > first and one.event.name not in ("$parked", *KEPT)]
    shared = recorded(one for one in events if (one.seq or 0) > first)
    signals: list[tuple[int, int, int, Compiled | LoggedEvent]] = [
        (at, 0, 0, following) for at, following in changes if until is None or at < until
    ]
    signals += [(one.accepted_at, 1, one.seq or 0, one) for one in decided]
    for at, _, _, signal in sorted(signals, key=lambda one: one[:3]):
        commits.append(advance(compiled, customer, None if isinstance(signal, Compiled) else signal, at, _ALL, trace, shared))
        customer.apply(commits[-1])
        if isinstance(signal, Compiled):
            compiled = signal
    end = loaded.accepted_at if until is None else min(until, loaded.accepted_at)
    if customer.revision < loaded.revision:  # timers that have fired since the last event
        commits.append(advance(compiled, customer, None, end, _ALL, trace, shared))
    return commits


def why_not(case: Case, action: str) -> list[Reason]:
    """
    Why *action* was not asked for, or not performed, in the order of time.

    Raises:
        UnknownError: no journey asks for such an action.
    """
    went_through = [one for digest, one in case.compiled.definitions.items() if digest in case.past.hashes()]
    asking = {one.name: one for one in (*went_through, *case.compiled.journeys.values()) if action in asked(one.journey)}
    if not asking:
        known = sorted({name for journey in case.compiled.journeys.values() for name in asked(journey.journey)})
        raise UnknownError(f'no journey asks for "{action}"; there are {", ".join(known) or "none"}{suggestion(action, known)}')
    reasons = [*_traced(case, action, asking), *_left(case, action, asking), *_parked(case, asking), *_asked_for(case, action)]
    reasons += [*_still_inside(case, asking), *_mailbox(case), *_outside(case, asking)]
    return sorted(dict.fromkeys(reasons), key=lambda reason: reason[0])


def _traced(case: Case, action: str, asking: dict[str, CompiledJourney]) -> Iterator[Reason]:
    """What stood in the way; an event that named no key may have been meant for anything in the journey, also for its exits."""
    trace: list[Trace] = []
    first, changes = case.past.in_force()
    replay(first, case.loaded, case.events, trace, changes, case.start)
    for one in trace:
        if action in one.actions or (one.kind == "missing key" and one.journey in asking):
            yield one.at, one.journey, one.key, f"{_place(one.journey, one.key)}: {_words(one)}"


def _words(one: Trace) -> str:
    step = f"in {one.step}, " if one.step else ""
    match one.kind:
        case "condition":
            return f"{step}{one.cause} came, but it did not hold that {one.detail}"
        case "filter":
            return f"{one.cause} came, but the entry lets in only where {one.detail}"
        case "key":
            return f"{step}{one.cause} came for another key"
        case "missing key":
            return f"{step}{one.cause} came, but {one.detail}"
        case "late":
            return f"{step}{one.cause} came, but it had occurred before the step was entered"
        case "reentry":
            return f"{one.cause} came, but re-entry does not allow it: {one.detail}"
        case "closed":
            return f"{one.cause} came while the journey was not open"
        case _:
            return f"{step}{one.cause} came: {one.kind}{f', {one.detail}' if one.detail else ''}"


def _left(case: Case, action: str, asking: dict[str, CompiledJourney]) -> Iterator[Reason]:
    """Enrollments that ended before they asked for it."""
    sent = {(row.message.journey, row.message.key, row.message.number) for row in case.outbox if row.message.action == action}
    for entry in case.history:
        ended = entry.kind in ("exited", "completed", "merged") and entry.journey in asking
        if ended and (entry.journey, entry.key, entry.number) not in sent:
            reason = f" ({entry.reason})" if entry.reason and entry.reason != entry.cause else ""
            text = f"{entry.kind} in {entry.source}{by(entry.cause)}{reason} before it was asked for"
            yield entry.at, entry.journey, entry.key, f"{_place(entry.journey, entry.key)}: {text}"


def _parked(case: Case, asking: dict[str, CompiledJourney]) -> Iterator[Reason]:
    for logged in case.events:
        given = logged.event.properties
        if logged.state == "parked" and given.get("journey") in ("", *asking):
            journey, key = given.get("journey") or "", given.get("key") or ""
            yield logged.accepted_at, journey, key, f"{_place(journey, key)}: parked with an error, to be tried again: {given.get('error')}"


def _asked_for(case: Case, action: str) -> Iterator[Reason]:
    """Requests, and what became of them."""
    for row in case.outbox:
        message = row.message
        if message.action != action:
            continue
        tried = "1 attempt" if row.attempts == 1 else f"{row.attempts} attempts"
        state = f"waits to be performed {show(row.due_at, case.zone)}, {tried} so far" if row.state == "open" else row.state
        reason = f": {row.reason}" if row.reason else ""
        place = _place(message.journey, message.key)
        dropped = "".join(_sentence(answer) for answer in row.answers if answer.until is None)
        yield message.at, message.journey, message.key, f"{place}: asked for, {state}{reason}{dropped}"
        for answer, until in holds(row.answers):
            held = f"{place}: held until {show(until, case.zone)}: {answer.reason}{_sentence(answer)}"
            yield answer.at, message.journey, message.key, held


def holds(answers: Iterable[Answered]) -> list[tuple[Answered, int]]:
    """The answers that held a message, and until when; what one policy answered several times in a row is one."""
    found: list[tuple[Answered, int]] = []
    for answer in answers:
        if answer.until is None:
            continue
        if found and (found[-1][0].policy, found[-1][0].reason) == (answer.policy, answer.reason):
            found[-1] = (found[-1][0], answer.until)
        else:
            found.append((answer, answer.until))
    return found


def _sentence(answer: Answered) -> str:
    """The policy as its author wrote it, where that says more."""
    return "" if answer.policy in ("exited", "moved on", "paused", "expired", answer.reason) else f'; the policy is "{answer.policy}"'


def _still_inside(case: Case, asking: dict[str, CompiledJourney]) -> Iterator[Reason]:
    for e in case.loaded.enrollments:
        if e.journey in asking and e.status == "active":
            due = e.next_due
            until = f" until {show(due, case.zone)}" if due is not None else ""
            held = f", held by {e.held.by} since {show(e.held.since, case.zone)}" if e.held is not None else ""
            yield e.step_at, e.journey, e.key, f"{_place(e.journey, e.key)}: is in {e.step}{held or until}"


def _mailbox(case: Case) -> Iterator[Reason]:
    for logged in case.events:
        if logged.state == "pending":
            yield logged.accepted_at, "", "", f"{logged.event.name} waits in the mailbox; a worker has to decide it"


def _outside(case: Case, asking: dict[str, CompiledJourney]) -> Iterator[Reason]:
    """Journeys that the customer was never let into."""
    inside = {entry.journey for entry in case.history}
    for name, journey in asking.items():
        if name not in inside:
            entries = ", ".join(entry.cause for entry in journey.entries) or "nothing but a start"
            yield case.loaded.accepted_at, name, "", f"{name}: never entered; it is entered on {entries}"


def by(cause: str) -> str:
    """How people join a *cause* to what it did."""
    if cause == "then":
        return ""
    if cause.startswith("after until "):
        return f" after its wait {cause.removeprefix('after ')}"
    return f" {cause}" if cause.startswith(("after ", "where ")) else f" on {cause}"


def _place(journey: str, key: str) -> str:
    return f"{journey} {key}".strip() or "a signal"
