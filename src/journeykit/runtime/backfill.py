"""Filling in, for every customer, what was declared late: batch by batch, each its own transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from journeykit.core.backfill import events_of, fill, order_lanes
from journeykit.core.customer import Customer
from journeykit.errors import ConflictError
from journeykit.model.records import Commit, Want
from journeykit.ports import Storage
from journeykit.runtime.deciding import ATTEMPTS
from journeykit.runtime.definitions import Definitions

BATCH = 200  #: customers in one transaction


def backfill(
    storage: Storage, definitions: Definitions, names: frozenset[str], now: int, written: Callable[[Sequence[Commit]], None]
) -> int:
    """Fill in the facts of *names* and first looks for all customers; return for how many something was missing."""
    filled, after = 0, ""
    while customers := storage.customers(after, BATCH):
        filled += _batch(storage, definitions, customers, names, now, written)
        after = customers[-1]
    return filled


def _batch(
    storage: Storage,
    definitions: Definitions,
    customers: Sequence[str],
    names: frozenset[str],
    now: int,
    written: Callable[[Sequence[Commit]], None],
) -> int:
    for attempt in range(ATTEMPTS):
        commits = list(_commits(storage, definitions, customers, names, now))
        try:
            if commits:
                storage.commit_many(commits)
        except ConflictError:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        if commits:
            written(commits)
        return len({commit.customer_id for commit in commits})
    return 0


def _commits(storage: Storage, definitions: Definitions, customers: Sequence[str], names: frozenset[str], now: int) -> Iterator[Commit]:
    compiled = definitions.compiled
    told = events_of(compiled, names)
    for loaded in storage.load_many([Want(customer_id, None) for customer_id in customers]):
        if not loaded.revision:
            continue  # nothing has been decided for them yet
        past = (logged for logged in storage.events(loaded.customer_id, 0, told) if logged.state == "decided") if names else ()
        definitions.learn_all(loaded.enrollments)
        customer, at = Customer(loaded), max(now, loaded.accepted_at)
        commit = fill(compiled, customer, past, names, at)
        if commit is not None:
            customer.apply(commit)
            yield commit
        ordered = order_lanes(compiled, customer, at)
        if ordered is not None:
            yield ordered
