"""Decides every customer again, on nothing but the log, and says where that comes to something else than what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from journeykit import Engine
from journeykit.core.deciding.customer import Customer
from journeykit.model.records import Facts, Loaded, Want
from journeykit.ports import Storage
from journeykit.runtime.definitions import Definition
from journeykit.runtime.past import Past
from journeykit.runtime.why import EVER, replay


def differences(definitions: Iterable[Definition], storage: Storage) -> Iterator[str]:
    """Each customer whose enrollments, requests or history are not those that a replay of the accepted events comes to."""
    known = Engine(list(definitions), storage).definitions
    for customer in storage.customers(limit=1_000_000):
        loaded = storage.load_many([Want(customer, None)])[0]
        known.learn_all(loaded.enrollments)
        first, changes = Past(known, storage.history(customer), loaded.enrollments).in_force()
        commits = replay(first, loaded, storage.events(customer, EVER), None, changes)
        state = Customer(Loaded(customer, 0, 0, Facts(), [], []))
        for commit in commits:
            state.apply(commit)
        stored = (_by_place(loaded.enrollments), storage.history(customer), [row.message for row in storage.outbox(None, customer)])
        decided = (
            _by_place(state.enrollments.values()),
            [entry for commit in commits for entry in commit.history],
            [message for commit in commits for message in commit.outbox],
        )
        for what, one, other in zip(("enrollments", "history", "requests"), stored, decided, strict=True):
            if one != other:
                yield f"{what} of {customer} are {one}, and a replay comes to {other}"


def _by_place(enrollments: Iterable[Any]) -> list[Any]:
    return sorted((attrs.evolve(one, waits=None) if attrs.has(type(one)) else one for one in enrollments), key=lambda e: (e.journey, e.key))
