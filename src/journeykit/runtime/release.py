"""One fact, many customers (P14): telling those who wait for an object, a few at a time, oldest entry first."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.core.compiling.quotas import quota_key
from journeykit.core.definitions.objects import Subject
from journeykit.model.messages import Event, derived_id, moment
from journeykit.model.objects import ObjectFact, Release, Waiter
from journeykit.model.records import Mail
from journeykit.ports import Storage
from journeykit.runtime.definitions import Definitions
from journeykit.runtime.letters import ended_by

CHUNK = 1_000  #: customers told in one transaction, so that telling a hundred thousand needs no more memory than a thousand


class Releaser:
    """
    Puts facts about objects into the mailboxes of those who wait.

    What is kept of a release is the place where it stands, never the list of customers. Each step is one transaction; where two
    workers take the same step, one of them finds it taken.
    """

    def __init__(self, storage: Storage, definitions: Definitions) -> None:
        self._storage = storage
        self._definitions = definitions

    def publish(self, fact: ObjectFact) -> bool:
        """Keep *fact*, and end the releases that it ends; False where it was known already."""
        return self._storage.publish(fact, ended_by(self._definitions.compiled.subjects, fact.event))

    def release(self, until: int) -> int:
        """Take one step in each release that is due at *until* or before; return how many took one."""
        return sum(self._step(release) for release in self._storage.releases(until, 100))

    def _step(self, release: Release) -> bool:
        subject = self._definitions.compiled.subjects.get(release.fact.event)
        if subject is None or self._over(release, subject):
            return self._storage.release(release, None, ())
        rate = subject.kind.rate
        room = CHUNK if rate is None else min(CHUNK, rate - release.sent)
        fact = release.fact
        waiters = self._storage.waiting_for(fact.event, fact.object, fact.accepted_at, release.after, room)
        return self._storage.release(release, _next(release, subject, room, waiters), _mail(release, waiters))

    def _over(self, release: Release, subject: Subject) -> bool:
        """Whether a later fact, or a quota that is used up, ends it."""
        if release.ends_at is not None and release.due_at >= release.ends_at:
            return True
        takes = self._definitions.compiled.takes
        for name in subject.kind.until:
            if name in takes:
                take, zone = takes[name]
                key = quota_key(take, zone, release.due_at, release.fact.object if take.per else None)
                if self._storage.taken(key) >= take.limit:
                    return True
        return False


def _next(release: Release, subject: Subject, room: int, waiters: Sequence[Waiter]) -> Release | None:
    """Where the release stands afterwards; None where everybody has been told."""
    if len(waiters) < room:
        return None
    sent = release.sent + len(waiters)
    if subject.kind.rate is not None and sent >= subject.kind.rate:
        return release._replace(after=waiters[-1], due_at=release.due_at + subject.kind.every, sent=0)
    return release._replace(after=waiters[-1], sent=sent)


def _mail(release: Release, waiters: Sequence[Waiter]) -> list[Mail]:
    """The fact as an event of each customer, at the moment of the release, under an id that tells it apart for good."""
    fact = release.fact
    name = derived_id("release", fact.object, fact.id)
    return [
        Mail(
            Event(
                fact.event,
                id=name,
                customer_id=customer_id,
                occurred_at=moment(fact.occurred_at),
                properties=fact.properties,
                source=fact.source,
            ),
            release.due_at,
        )
        for customer_id in dict.fromkeys(customer_id for _, customer_id, _, _ in waiters)
    ]
