"""The order in which one signal is decided (P8): facts, active enrollments, entries, and then what these raise, first in first out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from journeykit.core.compiling.compiler import CompiledJourney
from journeykit.core.compiling.index import Concern
from journeykit.core.compiling.plans import CompiledEntry, Signal
from journeykit.core.deciding.merging import MERGE, UNSEEN, join
from journeykit.core.deciding.migrating import migrate
from journeykit.core.enrollments import lists, pausing
from journeykit.core.enrollments.already import opened
from journeykit.core.enrollments.decision import Deciding, signal_of
from journeykit.core.enrollments.entry import consider, enter, entry_of, let_in
from journeykit.core.enrollments.lanes import let_out, reorder
from journeykit.core.facts.facts import Fold, fold, identify
from journeykit.core.turns.moments import look, look_at_changes, meet, occur
from journeykit.core.turns.parking import park, park_timer, stub
from journeykit.core.turns.remains import RETURNED, come_back
from journeykit.core.turns.since import count
from journeykit.core.turns.tallies import give, tally
from journeykit.core.turns.turn import MOST, Raised
from journeykit.errors import ConditionError, LoopError
from journeykit.model.messages import Event
from journeykit.model.pauses import Pause
from journeykit.model.records import Enrollment, LoggedEvent

_new = tuple.__new__  # makes a named tuple in half the time of its own constructor


def decide(turn: Deciding, logged: LoggedEvent) -> None:
    """Decide one event and everything it raises."""
    event, seq = logged.event, turn.seq
    if turn.compiled.watch is not None and not turn.stored and event.name not in UNSEEN:  # no watcher has looked at them yet
        meet(turn)
    _OURS.get(event.name, _fact)(turn, event)
    if turn.raised or turn.stirred:
        _drain(turn)
    decided = _new(LoggedEvent, (event, turn.now, seq, "decided", 0))
    turn.commit.events = (*turn.commit.events, decided) if turn.commit.events else (decided,)


def fire(turn: Deciding, place: tuple[str, str], index: int) -> None:
    """Fire one due timer of an enrollment (index -1: an entry that has waited), and decide what it raises."""
    enrollment = turn.enrollments[place]
    if index < 0:
        _waited(turn, enrollment)
    else:
        _fire(turn, enrollment, index)
    _drain(turn)


def end_pause(turn: Deciding, place: tuple[str, str], pauses: Sequence[Pause]) -> None:
    """A pause has ended that held an enrollment; decide what follows."""
    pausing.end(turn, place, pauses)
    _drain(turn)


def fire_moment(turn: Deciding, name: str) -> None:
    """A moment of the customer's own is due: look, and decide what it raises."""
    occur(turn, name)
    _drain(turn)


def reorder_all(turn: Deciding) -> None:
    """Look at every lane, also where nobody has entered or left, and decide what that raises."""
    let_out(turn)
    turn.raised += tuple(Raised("lane", name) for name in dict.fromkeys(lane.name for lane in turn.compiled.lanes.values()))
    _drain(turn)


def _fact(turn: Deciding, event: Event) -> None:
    """An event of the host's: facts, then active enrollments in order of entry, then entries in order of definition."""
    compiled = turn.compiled
    concern = compiled.concerns.get(event.name) or compiled.concern(event.name)
    if compiled.measures:
        tally(turn, event.name)
    if turn.covered is not None:
        turn.need(concern.needs)
    if concern.folds:
        _fold(turn, concern.folds)
    if concern.since:
        count(turn, *concern.since)
    if concern.offers:
        _offer_all(turn, concern.offers, event.name)
    if concern.entries:
        _enter(turn, concern)


def _offer_all(turn: Deciding, journeys: frozenset[str], signal: str) -> None:
    """Offer a signal to the active enrollments of *journeys*, in order of entry."""
    enrollments = turn.enrollments
    if len(enrollments) == 1 and not turn.changed:  # as with most customers
        for one in enrollments.values():
            if one.status == "active" and one.journey in journeys:
                offer(turn, one, signal)
            return
    for enrollment in turn.active(journeys):
        offer(turn, enrollment, signal)


def _fold(turn: Deciding, folds: list[Fold]) -> None:
    watchers = turn.compiled.concern(turn.event.name).watchers if turn.compiled.watch is not None and turn.event is not None else ()
    if watchers:
        meet(turn)
    turn.facts, changes, failures = fold(folds, turn.facts, turn, turn.compiled.readers)
    for failure in failures:
        turn.note("parked", None, turn.event.name if turn.event else "", reason=failure)
    turn.raise_changes(changes)
    if watchers:
        look(turn, watchers)


def _enter(turn: Deciding, concern: Concern) -> None:
    let: set[str] = set()
    for journey, entry in concern.entries:
        if journey.name not in let:
            before = len(turn.commit.definitions)
            _attempt_entry(turn, journey, entry, consider)
            if len(turn.commit.definitions) > before:
                let.add(journey.name)


def _attempt_entry(turn: Deciding, journey: CompiledJourney, entry: CompiledEntry, look: Callable[..., None], *more: Any) -> None:
    mark = turn.mark()
    try:
        look(turn, journey, *more, entry)
    except ConditionError as error:
        turn.rewind(mark)
        park(turn, stub(journey.name, ""), entry.cause, error, entry=entry.number)


def offer(turn: Deciding, enrollment: Enrollment, signal: Signal) -> None:
    """Offer a signal to one enrollment; where a condition fails, that part is parked and the rest goes on (P15)."""
    journey = turn.compiled.definitions[enrollment.definition]
    rules, step = journey.rules, enrollment.step
    rows = rules.rows[step].get(signal)
    if rows is None:
        if step not in rules.busy:
            return  # nothing waits for it here
        rows = rules.quiet[step]
    mark = turn.mark()
    turn.take_up(journey, enrollment)
    try:
        taken = turn.choose(rows)
    except ConditionError as error:
        turn.rewind(mark)
        park(turn, enrollment, str(signal), error)
        return
    if turn.mine:  # whatever takes it changes it
        place = (enrollment.journey, enrollment.key)
        turn.changed[place] = turn.e
        if taken:
            turn.touched += (place,)


def _fire(turn: Deciding, enrollment: Enrollment, index: int) -> None:
    mark = turn.mark()
    turn.take_up(turn.compiled.definitions[enrollment.definition], enrollment)
    try:
        turn.fire(index)
    except ConditionError as error:
        turn.rewind(mark)
        park_timer(turn, enrollment, index, error)
        return
    turn.changed[enrollment.journey, enrollment.key] = turn.e


def _waited(turn: Deciding, enrollment: Enrollment) -> None:
    """The idle time of an entry is over: now filter and re-entry are looked at, with the event that began it."""
    waiting = enrollment.waiting
    assert waiting is not None
    journey = turn.compiled.journeys.get(enrollment.journey)
    place = (enrollment.journey, enrollment.key)
    ready = enrollment.copy()
    ready.waiting = None
    turn.changed[place] = ready
    entry = None if journey is None else entry_of(journey, waiting)
    if journey is not None and entry is not None:
        name, event_id, occurred_at, properties, source = waiting.event
        event = Event(name, id=event_id, customer_id=turn.customer_id, occurred_at=occurred_at, properties=properties, source=source)
        turn.look(event)
        _attempt_entry(turn, journey, entry, let_in, enrollment.key)
    if turn.changed[place].number == 0:
        del turn.changed[place]
        turn.commit.removed = (*turn.commit.removed, place)


# -- raised signals ------------------------------------------------------------------------------------------------------


def _drain(turn: Deciding) -> None:
    look_at_changes(turn)
    while turn.raised:
        raised, *rest = turn.raised
        turn.raised = tuple(rest)
        turn.taken += 1
        if turn.taken > MOST:
            raise LoopError(
                f"more than {MOST} raised signals and automatic transitions in one decision, the last: {raised.kind} {raised.subject}"
            )
        turn.seq += 1
        turn.commit.revision = turn.seq
        turn.touched = ()
        turn.look(None, raised.old, raised.new)
        _RAISED[raised.kind](turn, raised)
        look_at_changes(turn)


def _changed(turn: Deciding, raised: Raised) -> None:
    signal = f"~changed {raised.subject}"
    concern = turn.compiled.concern(signal)
    change = lists.changed(turn, raised) if concern.lists else None
    if change is None:
        _occurs(turn, signal, concern)
        return
    turn.need(concern.needs)
    lists.follow(turn, raised.subject, *change)
    _occurs(turn, signal, concern)
    lists.let_in(turn, concern.lists, raised.subject, *change)


def _occurs(turn: Deciding, signal: str, concern: Concern) -> None:
    turn.need(concern.needs)
    for enrollment in turn.active(concern.offers):
        offer(turn, enrollment, signal)
    _enter(turn, concern)


def _at_once(turn: Deciding, raised: Raised) -> None:
    """A timer that was due when it was armed; one armed anew since is another, and waits for its own moment (P7)."""
    name, key, number, order, *late = raised.subject
    enrollment = turn.find(name, key)
    if enrollment is None or enrollment.number != number or enrollment.held is not None:
        return
    commit = turn.commit
    asked = len(commit.outbox)
    for timer in enrollment.timers:
        if timer.order == order:
            _fire(turn, enrollment, timer.index)
    if late:
        commit.outbox = (*commit.outbox[:asked], *(pausing.aged(message, late[0]) for message in commit.outbox[asked:]))


_RAISED: dict[str, Callable[[Deciding, Raised], None]] = {
    "changed": _changed,
    "occurred": lambda turn, raised: _occurs(turn, raised.subject, turn.compiled.concern(raised.subject)),
    "start": lambda turn, raised: _let_in_by_name(turn, raised.subject, "start"),
    "timer": _at_once,
    "moved": lambda turn, raised: pausing.moved_on(turn, raised.subject),
    "lane": lambda turn, raised: reorder(turn, raised.subject),
}


# -- events of our own ---------------------------------------------------------------------------------------------------


def _identify(turn: Deciding, event: Event) -> None:
    try:
        facts, changes = identify(turn.facts, event.properties)
    except ConditionError as error:
        turn.note("parked", None, event.name, reason=str(error))
        return
    turn.facts = facts
    if turn.compiled.watch is not None and (not turn.stored or changes):
        meet(turn)  # what is told about somebody new is what is already so
    for path, old, new in changes:
        turn.note("traits", None, path, reason=f"{_shown(old)} -> {_shown(new)}")
    turn.raise_changes(changes)
    look_at_changes(turn)
    signals = (event.name, *(f"~changed {path}" for path, _, _ in changes))
    concerned = frozenset[str]().union(*(turn.compiled.concern(signal).offers for signal in signals))
    turn.need(concerned)
    for enrollment in turn.active(concerned):
        offer(turn, enrollment, event.name)


def _shown(value: object) -> str:
    return "unknown" if value is None else repr(value)


def _let_in(turn: Deciding, event: Event) -> None:
    given = event.properties
    if not given.get("from"):
        _let_in_by_name(turn, given, "enroll")
        return
    turn.taken = given.get("chain", 1)  # what one customer's decision starts for another follows by itself (P11)
    if turn.taken > MOST:
        raise LoopError(
            f"more than {MOST} starts, raised signals and automatic transitions in one instant, the last: start {given['journey']}"
        )
    _let_in_by_name(turn, given, "start")


def _let_in_by_name(turn: Deciding, given: Any, cause: str) -> None:
    journey = turn.compiled.journeys.get(given["journey"])
    if journey is None:
        turn.note("refused", None, cause, reason=f'no journey "{given["journey"]}"')
        return
    turn.need(frozenset({journey.name}))
    mark = turn.mark()
    try:
        enter(turn, journey, given.get("key") or "", given.get("data") or {}, cause)
    except ConditionError as error:
        turn.rewind(mark)
        park(turn, None, cause, error)


def _let_out(turn: Deciding, event: Event) -> None:
    given = event.properties
    turn.need(frozenset({given["journey"]}))
    enrollment = turn.find(given["journey"], given.get("key") or "")
    if enrollment is None or enrollment.status != "active":
        turn.note("refused", None, "exit", reason=f'not in "{given["journey"]}"')
        return
    turn.take_up(turn.compiled.definitions[enrollment.definition], enrollment)
    turn.end("exited", given.get("reason") or "exit", "exit")
    turn.changed[enrollment.journey, enrollment.key] = turn.e


def _settled(turn: Deciding, event: Event) -> None:
    """The outcome of an action concerns the enrollment that asked for it, and no other."""
    given = event.properties
    turn.need(frozenset({given["journey"]}))
    enrollment = turn.find(given["journey"], given.get("key") or "")
    if enrollment is not None and enrollment.status == "active" and enrollment.number == given["number"]:
        offer(turn, enrollment, signal_of(turn))


def _retry(turn: Deciding, event: Event) -> None:
    """Offer a parked part again, and it alone; its row becomes part of the log."""
    given = dict(event.properties)
    parked = given.pop("parked")
    row = Event("$parked", id=parked, customer_id=turn.customer_id, occurred_at=event.occurred_at, properties=given)
    turn.commit.events = (*turn.commit.events, LoggedEvent(row, turn.now, turn.seq, "decided"))
    original = given.get("event")
    if original is not None:
        turn.look(Event(customer_id=turn.customer_id, **original))
    _again(turn, given)


def _again(turn: Deciding, given: dict[str, Any]) -> None:
    event = turn.event
    if not given["journey"]:
        if event is not None and event.name not in _OURS:
            _fact(turn, event)
        return
    turn.need(frozenset({given["journey"]}))
    if given.get("entry") is not None:
        journey = turn.compiled.journeys.get(given["journey"])
        if journey is not None and given["entry"] < len(journey.entries):
            _attempt_entry(turn, journey, journey.entries[given["entry"]], consider)
        return
    enrollment = turn.find(given["journey"], given["key"])
    if enrollment is None or enrollment.status != "active" or enrollment.number != given["number"]:
        turn.note("refused", None, "retry", reason="the enrollment has ended")
    elif given.get("timer") is not None:
        _fire(turn, enrollment, given["timer"])
    else:
        offer(turn, enrollment, signal_of(turn))


_OURS: dict[str, Callable[[Deciding, Event], None]] = {
    "$identify": _identify,
    "$arm": lambda turn, event: give(turn, event.properties),
    "$enter": _let_in,
    "$exit": _let_out,
    "$open": opened,
    "$settled": _settled,
    "$retry": _retry,
    "$migrate": migrate,
    MERGE: lambda turn, event: join(turn, event, offer),
    RETURNED: come_back,
}
