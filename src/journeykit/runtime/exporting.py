"""Everything that is kept of a customer, as plain JSON values (P21)."""

from __future__ import annotations

import json
from typing import Any

from journeykit.core.expressions.context import Context
from journeykit.core.expressions.expressions import plain
from journeykit.model.messages import moment
from journeykit.model.records import Answered, Enrollment, Facts, HistoryEntry, LoggedEvent, OutboxRow, Want
from journeykit.ports import Storage
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.why import EVER

ALL = 1 << 40  #: messages of one customer


def exported(storage: Storage, definitions: Definitions, customer_id: str, now: int) -> dict[str, Any]:
    """All that is known of a customer, under every id they have had; times are ISO 8601 in UTC."""
    names = storage.identities(customer_id)
    (loaded,) = storage.load_many([Want(names[0], None)])
    definitions.learn_all(loaded.enrollments)
    whole = {
        "customer": names[0],
        "also": names[1:],
        "at": _time(now),
        "known": _known(definitions, names[0], loaded.facts, now),
        "enrollments": [_enrollment(definitions, e) for e in loaded.enrollments],
        "events": [_event(one) for one in storage.events(names[0], EVER)],
        "history": [_entry(one) for one in storage.history(names[0])],
        "messages": [_message(one) for one in storage.outbox(None, names[0], ALL)],
        "looks again": [{"at": _time(one[1]), "at what": one[0].rpartition(" ")[0]} for one in loaded.moments if one[1] is not None],
    }
    told: dict[str, Any] = json.loads(json.dumps(whole))
    return told


def _time(at: int | None) -> str | None:
    return None if at is None else moment(at).isoformat()


def _known(definitions: Definitions, customer_id: str, facts: Facts, now: int) -> dict[str, Any]:
    """What is known about them: facts as rules read them at this moment, and of undeclared ones what is kept."""
    table, context = definitions.compiled.facts, Context(customer_id, facts, now)
    values = {name: plain(read(context)) for name, read in table.readers.items()}
    kept = {name: value for name, value in facts.values.items() if name not in table.keys.values()}
    return {
        "zone": facts.zone, "stage": facts.stage, "consent": facts.consent, "traits": facts.traits, "facts": {**kept, **_shown(values)},
        "arms": facts.arms,
    }  # fmt: skip


def _shown(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}


def _enrollment(definitions: Definitions, e: Enrollment) -> dict[str, Any]:
    journey = definitions.compiled.definitions.get(e.definition)
    labels = [one.label for one in journey.timers] if journey is not None else []
    timers = [{"timer": labels[one.index] if one.index < len(labels) else str(one.index), "due": _time(one.due_at)} for one in e.timers]
    if e.waiting is not None:
        timers.append({"timer": f"entry on {e.waiting.event[0]}", "due": _time(e.waiting.due_at)})
    return {
        "journey": e.journey, "key": e.key, "number": e.number, "status": e.status, "reason": e.reason, "step": e.step,
        "entered": _time(e.entered_at), "in step since": _time(e.step_at), "ended": _time(e.ended_at), "goal": _time(e.goal_at),
        "data": e.data, "timers": timers, "version": e.definition,
    }  # fmt: skip


def _event(logged: LoggedEvent) -> dict[str, Any]:
    event = logged.event
    return {
        "id": event.id, "name": event.name, "occurred": _time(event.at), "accepted": _time(logged.accepted_at), "state": logged.state,
        "properties": event.properties, "source": event.source,
    }  # fmt: skip


def _entry(entry: HistoryEntry) -> dict[str, Any]:
    return {
        "at": _time(entry.at), "what": entry.kind, "journey": entry.journey, "key": entry.key, "number": entry.number, "from": entry.source,
        "to": entry.target, "cause": entry.cause, "reason": entry.reason,
    }  # fmt: skip


def _message(row: OutboxRow) -> dict[str, Any]:
    message = row.message
    return {
        "id": row.id, "action": message.action, "journey": message.journey, "key": message.key, "asked": _time(message.at),
        "state": row.state, "at": _time(row.due_at), "attempts": row.attempts, "reason": row.reason, "parameters": message.parameters,
        "idempotency key": message.idempotency_key, "policies": [_answer(one) for one in row.answers],
    }  # fmt: skip


def _answer(answer: Answered) -> dict[str, Any]:
    return {
        "at": _time(answer.at), "policy": answer.policy, "answer": answer.answer, "until": _time(answer.until), "reason": answer.reason
    }  # fmt: skip
