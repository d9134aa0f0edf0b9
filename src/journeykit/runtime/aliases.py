"""Ids that have become others (P20): who is meant, and whoever comes back after having been erased (P21)."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

from attrs import evolve

from journeykit.core.turns.remains import RETURNED
from journeykit.model.messages import Event, moment
from journeykit.model.records import Loaded, LoggedEvent
from journeykit.ports import Storage

KNOWN = 10_000  #: old ids that are remembered
SALT = "$salt"  #: under what name the salt of a deployment is kept


class Elsewhere(Exception):  # noqa: N818  a word to the caller, not an error
    """Some customers have become others; look who, and decide again."""

    def __init__(self, customers: Sequence[str]) -> None:
        self.customers = tuple(customers)
        super().__init__(", ".join(self.customers))


class Aliases:
    """
    Who is meant by an old id: the storage is asked about those that this process has met, and about no others.

    It is asked each time, for what an id stands for ends when the customer is erased, perhaps by another process.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._met: set[str] = set()

    def learn(self, customers: Iterable[str]) -> None:
        """Ask about *customers* from now on: they have become others."""
        if len(self._met) > KNOWN:
            self._met.clear()
        self._met.update(customers)

    def renamed(self, accepted: Sequence[tuple[Event, int]]) -> Sequence[tuple[Event, int]]:
        """The same events, those of old ids under the present ones."""
        if not self._met:
            return accepted
        names = {name: self._storage.identities(name)[0] for name in {event.customer_id for event, _ in accepted} & self._met}
        return [
            (evolve(event, customer_id=names[event.customer_id]) if event.customer_id in names else event, at) for event, at in accepted
        ]


def mark(storage: Storage, customer_id: str) -> str:
    """The salted hash of an id; without the database nobody can try ids out."""
    salt = storage.keep(SALT, secrets.token_hex(32))
    return hmac.new(salt.encode(), customer_id.encode("utf-8", "surrogatepass"), sha256).hexdigest()


def returning(storage: Storage, loaded: Iterable[Loaded]) -> dict[str, LoggedEvent]:
    """For each of these who was erased the signal by which they come back; it comes before anything else of them."""
    marks = {mark(storage, one.customer_id): one.customer_id for one in loaded if one.erasures}
    remains = storage.remains(list(marks)) if marks else {}
    return {marks[known]: LoggedEvent(_returned(marks[known], given), 0) for known, given in remains.items()}


def _returned(customer_id: str, given: dict[str, Any]) -> Event:
    return Event(RETURNED, id=RETURNED, customer_id=customer_id, occurred_at=moment(given["at"]), properties=given)
