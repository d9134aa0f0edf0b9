"""Letting go of what is older than a shop keeps (P21): ids stay, what they told is gone, and a snapshot stands in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import evolve

from journeykit.core.compiling.quotas import over
from journeykit.core.deciding.customer import Customer
from journeykit.model.leaving import Retained, Snapshot
from journeykit.model.records import Enrollment, Facts, Loaded, Want
from journeykit.ports import Storage
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.past import Past
from journeykit.runtime.why import EVER, replay

Place = tuple[str, str, int]  #: journey, key and number of an enrollment

BATCH = 200  #: customers that are looked for together


def forget_periods(storage: Storage, before: int, now: int) -> None:
    """
    Let go of what was taken of shared numbers in periods that were over before *before*.

    A decision that is late is made as of the moment when it was due (P3), so what is still to be decided ends it as well. A replay
    reads what was left out of the customer's log, and no number.
    """
    due = storage.next_due()
    horizon = min(before, now, now if due is None else due)
    storage.forget_taken(lambda name: over(name, horizon))


def retain(storage: Storage, definitions: Definitions, before: int, history: bool, stop: Callable[[], bool] | None) -> int:
    """Let go of what is older than *before*, customer by customer; return of how many something went."""
    after, done = "", 0
    while names := storage.aged(before, after, BATCH):
        for name in names:
            if stop is not None and stop():
                return done
            done += _retain(storage, definitions, name, before, history)
        after = names[-1]
    return done


def _retain(storage: Storage, definitions: Definitions, customer_id: str, before: int, history: bool) -> bool:
    for _ in range(3):  # somebody decides for them at this moment; else they come next time
        (loaded,) = storage.load_many([Want(customer_id, None)])
        if loaded.revision <= 0:
            return False
        definitions.learn_all(loaded.enrollments)
        state = _state_at(storage, definitions, loaded, before)
        over = _over(storage, state, before)
        then = evolve(state, enrollments=_emptied(state.enrollments, over), pending=[])
        snapshot = Snapshot(before, then, tuple(definitions.compiled.facts.keys.values()))
        emptied = [e for e in _emptied(loaded.enrollments, over) if _place(e) in over]
        if storage.retain(Retained(customer_id, loaded.revision, snapshot, history, emptied)):
            return True
    return False


def _over(storage: Storage, state: Loaded, before: int) -> set[Place]:
    """Which enrollments had ended before, have data, and ask for nothing any more: exit rules watch as long as an action is open (P17)."""
    ended = {_place(e) for e in state.enrollments if e.ended_at is not None and e.ended_at < before and e.data}
    asks = (row.message for row in storage.outbox("open", state.customer_id)) if ended else ()
    return ended - {(message.journey, message.key, message.number) for message in asks}


def _place(e: Enrollment) -> Place:
    return e.journey, e.key, e.number


def _emptied(enrollments: Iterable[Enrollment], over: set[Place]) -> list[Enrollment]:
    return [evolve(e, data={}) if _place(e) in over else e for e in enrollments]


def _state_at(storage: Storage, definitions: Definitions, loaded: Loaded, before: int) -> Loaded:
    """
    The customer when everything was decided that came before *before*, by a replay.

    A replay that does not come to what the customer is now (journeys or facts have been declared differently since) proves nothing:
    then it is the customer as they are now, and what lies between is not replayed any more.
    """
    known = storage.snapshot(loaded.customer_id)
    start = known.loaded if known is not None else Loaded(loaded.customer_id, 0, 0, Facts(), [], [])
    events = storage.events(loaded.customer_id, EVER)
    compiled, changes = Past(definitions, storage.history(loaded.customer_id), loaded.enrollments).in_force()
    older = [one for one in events if one.state == "decided" and one.accepted_at < before]
    state = Customer(start)
    for commit in replay(compiled, loaded, older, changes=changes, start=start, until=before):
        state.apply(commit)
    then = as_loaded(state)
    again = Customer(then)
    for commit in replay(compiled, loaded, events, changes=changes, start=then):
        again.apply(commit)
    return then if _same(as_loaded(again), loaded) else loaded


def as_loaded(state: Customer) -> Loaded:
    """A customer's state as a storage would read it."""
    rows = sorted(state.enrollments.values(), key=lambda e: (e.order, e.journey, e.key))
    return Loaded(
        state.customer_id, state.revision, state.accepted_at, state.facts, rows, [], frozenset(), list(state.moments), state.moments_due
    )  # fmt: skip


def _same(one: Loaded, other: Loaded) -> bool:
    return (one.revision, one.facts, one.enrollments) == (other.revision, other.facts, other.enrollments)
