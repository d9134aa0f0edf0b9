"""Coming in: filter, re-entry, idle time, and the first step (P16)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from journeykit.core.compiling.compiler import CompiledJourney
from journeykit.core.compiling.index import key_of
from journeykit.core.compiling.plans import CompiledEntry, without_key
from journeykit.core.enrollments.decision import Deciding, actions_of, asked_by
from journeykit.core.enrollments.operations import changed_data
from journeykit.core.expressions.context import Context
from journeykit.core.expressions.expressions import MISSING, plain
from journeykit.core.turns.parking import stub
from journeykit.core.turns.remains import remembered, shift
from journeykit.core.turns.turn import Trace
from journeykit.model.phrases import Reentry
from journeykit.model.records import Enrollment, Waiting


def consider(turn: Deciding, journey: CompiledJourney, entry: CompiledEntry) -> None:
    """Look at one entry whose signal has come."""
    key = key_of(journey, entry, turn)
    if key is MISSING:
        named = journey.journey.entry[entry.number].on.key or journey.journey.keyed or ""
        _refuse(turn, journey, "", entry.cause, f"no {named}", "missing key", without_key(named, named, turn.properties))
    elif entry.idle is not None:
        _hold(turn, journey, key, entry)
    else:
        let_in(turn, journey, key, entry)


def let_in(turn: Deciding, journey: CompiledJourney, key: str, entry: CompiledEntry) -> None:
    """Look at filter and re-entry, and let the customer in where both allow."""
    turn.enrollment, turn.data = None, {}
    if entry.condition is not None and not entry.condition(turn):
        _trace(turn, journey, key, "filter", entry.cause, f"{entry.where} ({_values(entry, turn)})")
        return
    data: dict[str, Any] = {}
    for setting in entry.data:
        data = changed_data(data, setting.name, plain(setting.value(turn)))
    enter(turn, journey, key, data, entry.cause)


def enter(turn: Deciding, journey: CompiledJourney, key: str, data: Mapping[str, Any], cause: str) -> None:
    """Let a customer in under *key*, or record why not."""
    if (journey.key is None) != (key == ""):
        _refuse(turn, journey, key, cause, "it has no key" if journey.key is None else "its key is missing", "missing key")
        return
    turn.need_key(journey.name, None if journey.journey.reentry.per_customer else key)
    prior = turn.find(journey.name, key) or remembered(turn, journey.name, key)
    reason = refusal(turn, journey, key, prior)
    if reason == "active" and not journey.journey.reentry.restarting:
        if (journey.name, key) not in turn.touched:
            _refuse(turn, journey, key, cause, "already inside", "reentry")
        return
    if reason is not None and reason != "active":
        _refuse(turn, journey, key, cause, reason, "closed" if reason == "not open" else "reentry")
        return
    _begin(turn, journey, key, data, cause, prior)


def _begin(turn: Deciding, journey: CompiledJourney, key: str, data: Mapping[str, Any], cause: str, prior: Enrollment | None) -> None:
    e = Enrollment(
        journey=journey.name, key=key, number=shift(prior) + 1, definition=journey.hash, order=turn.order(), status="active",
        step=journey.entry_plan.target or "", visit=0, entered_at=turn.now, step_at=turn.now, data=dict(data),
        performed_at=prior.performed_at if prior else None, performing=prior.performing + (prior.performed > 0) if prior else 0,
        waiting=prior.waiting if prior else None,
    )  # fmt: skip
    turn.take_up(journey, e, mine=True)
    exits = _exit_that_holds(turn, journey, e.step)
    if exits is not None:
        _refuse(turn, journey, key, cause, f"exit rule: {exits}", "exit rule")
        return
    if prior is not None and prior.number and prior.active:
        turn.take_up(journey, prior)
        turn.end("exited", "restarted", cause)
        turn.take_up(journey, e, mine=True)
    turn.take(journey.entry_plan, cause)
    turn.settle(moved=True)
    turn.changed[journey.name, key] = turn.e
    turn.commit.definitions = (*turn.commit.definitions, (journey.hash, journey.name, journey.text))
    turn.entered_or_left(journey.name, entered=True)


def _exit_that_holds(turn: Deciding, journey: CompiledJourney, step: str) -> str | None:
    """The reason of an exit rule without a signal that would end the enrollment as soon as it begins."""
    for row in journey.rules.quiet[step]:
        if row.reason is not None and (row.condition is None or row.condition(turn)):
            return row.reason
    deferred = journey.rules.deferred if journey.entry_plan.acts else ()
    return next((reason for condition, reason in deferred if condition(turn)), None)


def refusal(turn: Deciding, journey: CompiledJourney, key: str, prior: Enrollment | None) -> str | None:
    """Why the customer may not come in: ``active`` while inside under that key, another reason, or None where they may."""
    if journey.window is not None and not journey.window[0] <= turn.now < journey.window[1]:
        return "not open"
    if prior is not None and prior.number and prior.ended_at is None:
        return "active"
    rule = journey.journey.reentry
    rows = [prior] if prior else []
    if rule.per_customer:
        every = {**turn.enrollments, **turn.changed}
        rows = [row for (name, _), row in every.items() if name == journey.name]
    return again(rule, [row for row in rows if row.number], turn.now)


def again(rule: Reentry, earlier: Iterable[Enrollment], now: int) -> str | None:
    """Why *rule* refuses a customer who was in *earlier*, or None where it does not."""
    rows = list(earlier)
    times = sum(row.performing + (row.performed > 0) if rule.performed else shift(row) for row in rows)
    if rule.rule == "always" or not times:
        return None
    if rule.rule == "once":
        return "once"
    if rule.most is not None and times >= rule.most:
        return f"at most {rule.most}"
    if rule.rule == "at most":
        return None
    last = max((moment for row in rows if (moment := _since(rule, row)) is not None), default=None)
    return None if last is None or now >= last + rule.number else rule.text


def _since(rule: Reentry, row: Enrollment) -> int | None:
    if rule.since == "entry":
        return max(row.entered_at, row.joined.entered_at) if row.joined else row.entered_at
    return row.ended_at if rule.since == "end" else row.performed_at


def _hold(turn: Deciding, journey: CompiledJourney, key: str, entry: CompiledEntry) -> None:
    """Keep the event for the idle time of the entry; the same event again restarts it."""
    event = turn.event
    if event is None or entry.idle is None:
        return
    turn.need_key(journey.name, key)
    kept = (event.name, event.id, event.occurred_at.isoformat(), event.properties, event.source)
    prior = turn.find(journey.name, key)
    e = prior.copy() if prior else Enrollment(journey.name, key, 0, journey.hash, turn.order(), "pending", "", 0, turn.now, turn.now, {})
    e.waiting = Waiting(turn.now + entry.idle, turn.order(), entry.number, kept)
    turn.changed[journey.name, key] = e
    turn.commit.definitions = (*turn.commit.definitions, (journey.hash, journey.name, journey.text))


def _refuse(turn: Deciding, journey: CompiledJourney, key: str, cause: str, reason: str, kind: str, detail: str = "") -> None:
    """Write that nobody is let in, for *reason*; who asks why not is told *detail*, where there is more to say."""
    prior = turn.find(journey.name, key)
    turn.note("refused", stub(journey.name, key, prior.number if prior else 0), cause, reason=reason)
    _trace(turn, journey, key, kind, cause, detail or reason)


def _values(entry: CompiledEntry, context: Context) -> str:
    return ", ".join(f"{name} = {'missing' if (value := get(context)) is MISSING else repr(value)}" for name, get in entry.reads)


def _trace(turn: Deciding, journey: CompiledJourney, key: str, kind: str, cause: str, detail: str) -> None:
    if turn.trace is None:
        return
    rules = journey.rules
    several = [*(rows for table in rules.rows.values() for rows in table.values()), *rules.automatic.values()]
    of_rows = (action for rows in several for row in rows for action in actions_of(row))
    actions = tuple(dict.fromkeys((*asked_by([journey.entry_plan]), *of_rows)))
    turn.trace.append(Trace(turn.now, kind, journey.name, key, "", cause, detail, actions))


def entry_of(journey: CompiledJourney, waiting: Waiting) -> CompiledEntry | None:
    """The entry that has waited, in the version that is current now: the one of its place, else another for the same event."""
    mine = [entry for entry in journey.entries if entry.signal == waiting.event[0]]
    return next((entry for entry in mine if entry.number == waiting.entry), mine[0] if mine else None)
