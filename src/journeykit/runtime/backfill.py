"""Filling in, for every customer, what was declared late: batch by batch, each its own transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from journeykit.core.backfill import events_of, fill
from journeykit.core.customer import Customer
from journeykit.errors import ConflictError
from journeykit.model.records import Commit, Want
from journeykit.ports import Storage
from journeykit.runtime.deciding import ATTEMPTS
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.why import EVER

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
        return len(commits)
    return 0


def _commits(storage: Storage, definitions: Definitions, customers: Sequence[str], names: frozenset[str], now: int) -> Iterator[Commit]:
    compiled = definitions.compiled
    told = events_of(compiled, names)
    for loaded in storage.load_many([Want(customer_id, frozenset()) for customer_id in customers]):
        if loaded.revision <= 0:
            continue  # nothing has been decided for them yet
        past = (logged for logged in storage.events(loaded.customer_id, EVER, told) if logged.state == "decided") if names else ()
        snapshot = storage.snapshot(loaded.customer_id) if names else None
        commit = fill(compiled, Customer(loaded), past, names, max(now, loaded.accepted_at), snapshot)
        if commit is not None:
            yield commit
