"""What a transition does besides moving: settings, requests for actions, starts of other journeys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from journeykit.core.compiling.plans import DoOperation, Operation, SetOperation, StartOperation, as_key
from journeykit.core.enrollments.likeness import SPENT, likeness
from journeykit.core.expressions.expressions import MISSING, plain
from journeykit.core.facts.facts import set_consent, set_trait, set_zone
from journeykit.core.turns.turn import Raised, Turn
from journeykit.errors import ConditionError
from journeykit.model.messages import Event, derived_id, moment, storable_text
from journeykit.model.records import Commit, Enrollment, Mail, OutboxMessage

_new = tuple.__new__  # makes a named tuple in half the time of its own constructor


def operate(turn: Turn, e: Enrollment, operations: Iterable[Operation]) -> None:
    """Carry out *operations* in order."""
    for operation in operations:
        if type(operation) is DoOperation:
            _do(turn, e, operation)
        elif type(operation) is SetOperation:
            _set(turn, e, operation)
        elif type(operation) is StartOperation:
            _start(turn, e, operation)


def _do(turn: Turn, e: Enrollment, do: DoOperation) -> None:
    parameters = do.constant if do.parameters is None else do.parameters(turn)
    owner = SPENT if e.joined is not None and _had(turn, e, do.action, parameters) else do.owner
    request(turn.commit, e, do, parameters, owner, turn.now)


def request(commit: Commit, e: Enrollment, do: DoOperation, parameters: Any, owner: str | None, now: int) -> None:
    """Put the request for an action of *e* into *commit*."""
    outbox = commit.outbox
    message = _new(OutboxMessage, (
        commit.customer_id, e.journey, e.key, e.number, commit.revision, len(outbox), do.action, parameters, now, do.message,
        None if do.age is None else now + do.age, None if owner is None else _owner(e, owner), do.listens, None, None,
    ))  # fmt: skip
    commit.outbox = (*outbox, message) if outbox else (message,)
    e.performed += 1
    e.performed_at = now


def _had(turn: Turn, e: Enrollment, action: str, parameters: Mapping[str, Any]) -> bool:
    """Whether the customer has had this already, before two became one; each is left out as often as it was sent."""
    assert e.joined is not None
    sent = e.joined.sent
    mark = likeness(turn.compiled.definitions[e.definition].journey, action, parameters) if sent else ""
    if not sent.get(mark):
        return False
    left = {name: number - (name == mark) for name, number in sent.items()}
    e.joined = e.joined._replace(sent={name: number for name, number in left.items() if number})
    return True


def _owner(e: Enrollment, owner: str) -> str:
    if owner == SPENT:
        return owner
    if owner == "step":
        return f"step {e.visit}"
    name = owner.removeprefix("scope ")
    return f"{owner} {e.scopes[name][1]}" if name in e.scopes else f"step {e.visit}"


def changed_data(data: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """*data* with one value set; a missing one is taken out."""
    after = {**data, name: value}
    if value is None:
        del after[name]
    return after


def _set(turn: Turn, e: Enrollment, operation: SetOperation) -> None:
    value = plain(operation.value(turn))
    if operation.root == "data":
        e.data = turn.data = changed_data(e.data, operation.name, value)
        return
    if operation.root == "consent":
        if value is not None and not isinstance(value, bool):
            raise ConditionError(f"consent.{operation.name}: {value!r} is neither true nor false")
        facts, change = set_consent(turn.facts, operation.name, value)
    elif operation.name == "zone":
        facts, change = set_zone(turn.facts, value)
    else:
        facts, change = set_trait(turn.facts, operation.name, value)
    if change is not None:
        turn.facts = facts
        turn.raise_changes([change])


def _start(turn: Turn, e: Enrollment, start: StartOperation) -> None:
    data: dict[str, Any] = {}
    for setting in start.data:
        data = changed_data(data, setting.name, plain(setting.value(turn)))
    given: dict[str, Any] = {"journey": start.journey, "key": _key(start, turn), "data": data}
    if start.customer is None:
        turn.raised += (Raised("start", given),)
        return
    customer = start.customer(turn)
    if not isinstance(customer, str) or not storable_text(customer):
        raise ConditionError(f"start {start.journey}: {customer!r} names no customer")
    if customer == turn.customer_id:
        turn.raised += (Raised("start", given),)
        return
    given["from"] = turn.customer_id
    if turn.taken:
        given["chain"] = turn.taken + 1  # one that leads back at once would never end: it counts on from customer to customer (P11)
    mail = turn.commit.mail
    name = derived_id("start", turn.customer_id, e.journey, e.key, e.number, turn.seq, len(mail))
    event = Event("$enter", id=name, customer_id=customer, occurred_at=moment(turn.now), properties=given, source=e.journey)
    turn.commit.mail = (*mail, Mail(event, turn.now))


def _key(start: StartOperation, context: Any) -> str:
    """The key to start under; empty where it is missing, which a journey with keys refuses and records (P18)."""
    key = MISSING if start.key is None else as_key(start.key(context))
    return key if isinstance(key, str) else ""
