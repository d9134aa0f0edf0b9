"""Filling in, for every customer, what was declared late: batch by batch, each its own transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from journeykit.core.deciding.backfill import events_of, fill, opened, order_lanes
from journeykit.core.deciding.customer import Customer
from journeykit.errors import ConflictError
from journeykit.model.leaving import Snapshot
from journeykit.model.messages import Event, derived_id
from journeykit.model.records import Commit, LoggedEvent, Want
from journeykit.ports import Storage
from journeykit.runtime.deciding import ATTEMPTS
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.letters import OPEN, own_event
from journeykit.runtime.why import EVER

BATCH = 200  #: customers in one transaction

Written = Callable[[Sequence[Commit]], None]


class _Found(NamedTuple):
    """What is missing for one customer: facts and first looks, turns in lanes, and journeys that are opened to them."""

    customer_id: str
    commits: list[Commit]
    letters: list[tuple[Event, int]]


def backfill(storage: Storage, definitions: Definitions, names: frozenset[str], now: int, written: Written) -> int:
    """Fill in the facts of *names* and first looks for all customers, and open journeys; return for how many something was missing."""
    filled, after = 0, ""
    while customers := storage.customers(after, BATCH):
        filled += _batch(storage, definitions, customers, names, now, written)
        after = customers[-1]
    return filled


def _batch(storage: Storage, definitions: Definitions, customers: Sequence[str], names: frozenset[str], now: int, written: Written) -> int:
    for attempt in range(ATTEMPTS):
        found = list(_missing(storage, definitions, customers, names, now))
        commits = [commit for one in found for commit in one.commits]
        try:
            if commits:
                storage.commit_many(commits)
        except ConflictError as conflict:
            if attempt == ATTEMPTS - 1 or conflict.final:
                raise
            continue
        new = _delivered(storage, [letter for one in found for letter in one.letters])
        if commits or new:
            written(commits)
        return len({commit.customer_id for commit in commits} | new)
    return 0


def _delivered(storage: Storage, letters: Sequence[tuple[Event, int]]) -> set[str]:
    """Put *letters* into their mailboxes, each once; return whose were not there yet."""
    accepted = storage.accept(letters) if letters else []
    return {event.customer_id for (event, _), new in zip(letters, accepted, strict=True) if new}


def _missing(storage: Storage, definitions: Definitions, customers: Sequence[str], names: frozenset[str], now: int) -> Iterator[_Found]:
    compiled = definitions.compiled
    told = events_of(compiled, names)
    for loaded in storage.load_many([Want(customer_id, None) for customer_id in customers]):
        if loaded.revision <= 0:
            continue  # nothing has been decided for them yet
        definitions.learn_all(loaded.enrollments)
        past = (logged for logged in storage.events(loaded.customer_id, EVER, told) if logged.state == "decided") if names else ()
        snapshot = storage.snapshot(loaded.customer_id) if names else None
        yield _of(definitions, Customer(loaded), past, names, max(now, loaded.accepted_at), snapshot)


def _of(
    definitions: Definitions, customer: Customer, past: Iterable[LoggedEvent], names: frozenset[str], now: int, snapshot: Snapshot | None
) -> _Found:
    compiled = definitions.compiled
    changes = (partial(fill, compiled, customer, past, names, now, snapshot), partial(order_lanes, compiled, customer, now))
    commits: list[Commit] = []
    for change in changes:
        commit = change()
        if commit is not None:
            customer.apply(commit)  # the next change is based on it
            commits.append(commit)
    letters = [
        (own_event(OPEN, derived_id("open", name), customer.customer_id, now, {"journey": name}), now)
        for name in opened(compiled, customer, now)
    ]
    return _Found(customer.customer_id, commits, letters)
