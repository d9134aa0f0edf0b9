"""Who waits for which object, and how far facts about objects have got, in memory."""

from __future__ import annotations

import heapq
from bisect import bisect_right, insort
from collections.abc import Collection, Iterable
from threading import Lock

from journeykit.model.objects import ObjectFact, Release, Waiter
from journeykit.storage.rows import Row, dumps, loads

_Topic = tuple[str, str]  #: event and object


class MemoryObjects:
    """The rows of `journeykit.storage.memory` about objects; the storage holds its lock around each call."""

    def __init__(self) -> None:
        self._waiting: dict[_Topic, list[Waiter]] = {}  #: in the order in which they are told
        self._since: dict[tuple[_Topic, Waiter], int] = {}
        self._topics: dict[tuple[str, str, str], tuple[tuple[_Topic, Waiter], ...]] = {}  #: by customer, journey, key
        self._facts: dict[tuple[str, str], str] = {}  #: by object and id; the seen mark
        self._open: dict[str, dict[str, Release]] = {}  #: those that are not over, by object and id, without the fact's properties
        self._due: list[tuple[int, str, str]] = []  #: heap of (due_at, object, id); what no longer fits is skipped

    def wait(self, row: Row) -> None:
        """Replace what an enrollment waits for: (customer, journey, key, entered_at, [(event, object, since)])."""
        customer_id, journey, key, entered_at, waits = row
        waiter = (entered_at, customer_id, journey, key)
        new = {((event, name), waiter): since for event, name, since in waits}
        old = self._topics.pop((customer_id, journey, key), ())
        for topic, known in old:
            if (topic, known) not in new:
                self._forget(topic, known)
        for (topic, added), since in new.items():
            if (topic, added) not in self._since:
                insort(self._waiting.setdefault(topic, []), added)
                self._since[topic, added] = since
        if new:
            self._topics[customer_id, journey, key] = tuple(new)

    def move(self, old: str, survivor: str, lasting: Collection[tuple[str, str, int]]) -> None:
        """Let *survivor* wait for what *old* has waited for, as long as it has, where the enrollment is among those *lasting*."""
        known = [(*place[1:], waits) for place, waits in self._topics.items() if place[0] == old]
        since = {(topic, waiter[0], journey, key): self._since[topic, waiter] for journey, key, waits in known for topic, waiter in waits}
        self.forget(old)
        mine = [(*place[1:], waits) for place, waits in self._topics.items() if place[0] == survivor]
        mine_since = {
            (topic, waiter[0], journey, key): self._since[topic, waiter] for journey, key, waits in mine for topic, waiter in waits
        }
        self.forget(survivor)
        for (topic, entered_at, journey, key), at in {**mine_since, **since}.items():
            if (journey, key, entered_at) in lasting:
                self._add((survivor, journey, key), topic, (entered_at, survivor, journey, key), at)

    def forget(self, customer_id: str) -> None:
        """Let a customer wait for nothing."""
        for place in [place for place in self._topics if place[0] == customer_id]:
            for topic, waiter in self._topics.pop(place):
                self._forget(topic, waiter)

    def _add(self, place: tuple[str, str, str], topic: _Topic, waiter: Waiter, since: int) -> None:
        insort(self._waiting.setdefault(topic, []), waiter)
        self._since[topic, waiter] = since
        self._topics[place] = (*self._topics.get(place, ()), (topic, waiter))

    def _forget(self, topic: _Topic, waiter: Waiter) -> None:
        waiting = self._waiting[topic]
        del waiting[bisect_right(waiting, waiter) - 1]
        del self._since[topic, waiter]
        if not waiting:
            del self._waiting[topic]

    def waiting_for(self, event: str, name: str, until: int, after: Waiter | None, limit: int) -> list[Waiter]:
        """The next *limit* behind *after* who have waited since *until* or before."""
        waiting = self._waiting.get((event, name), [])
        found: list[Waiter] = []
        place = 0 if after is None else bisect_right(waiting, after)
        while place < len(waiting) and waiting[place][0] <= until and len(found) < limit:
            if self._since[(event, name), waiting[place]] <= until:
                found.append(waiting[place])
            place += 1
        return found

    def publish(self, fact: ObjectFact, ends: frozenset[str]) -> bool:
        """Keep a fact, unless it is known, and end the releases of *ends* about its object."""
        place = (fact.object, fact.id)
        if place in self._facts:
            return False
        about = self._open.setdefault(fact.object, {})
        for name, release in about.items():
            if release.fact.event in ends and release.ends_at is None:
                about[name] = release._replace(ends_at=fact.accepted_at)
        self._facts[place] = dumps(fact)
        self._put(Release(fact._replace(properties={}), fact.accepted_at))
        return True

    def _put(self, release: Release) -> None:
        about = self._open[release.fact.object]
        known = about.get(release.fact.id)
        about[release.fact.id] = release
        if known is not None and known.due_at == release.due_at:
            return  # stands in the heap
        heapq.heappush(self._due, (release.due_at, release.fact.object, release.fact.id))

    def releases(self, now: int, limit: int) -> list[Release]:
        """Up to *limit* releases due at *now* or before, the longest due first."""
        found: list[Release] = []
        while len(found) < limit and (due := self.next_due()) is not None and due <= now:
            _, name, fact_id = heapq.heappop(self._due)
            found.append(self._open[name][fact_id])
        for release in found:
            heapq.heappush(self._due, (release.due_at, release.fact.object, release.fact.id))
        return [self._whole(release) for release in found]

    def _whole(self, release: Release) -> Release:
        return release._replace(fact=ObjectFact(*loads(self._facts[release.fact.object, release.fact.id])))

    def release(self, before: Release, after: Release | None) -> bool:
        """Go on from *before* to *after*; False where somebody else has."""
        about = self._open.get(before.fact.object, {})
        known = about.get(before.fact.id)
        if known is None or (known.due_at, known.after, known.sent) != (before.due_at, before.after, before.sent):
            return False
        if after is None:
            del about[before.fact.id]
            if not about:
                del self._open[before.fact.object]
        else:
            self._put(known._replace(due_at=after.due_at, after=after.after, sent=after.sent))
        return True

    def next_due(self) -> int | None:
        """The moment of the next release."""
        while self._due:
            due_at, name, fact_id = self._due[0]
            release = self._open.get(name, {}).get(fact_id)
            if release is not None and release.due_at == due_at:
                return due_at
            heapq.heappop(self._due)
        return None


class AboutObjects:
    """The part of `journeykit.MemoryStorage` that is about who waits for an object, and what is told of it."""

    _lock: Lock
    _objects: MemoryObjects

    def publish(self, fact: ObjectFact, ends: Iterable[str]) -> bool:
        """Keep a fact about an object, and end the releases of *ends* about it; False where it is known."""
        with self._lock:
            return self._objects.publish(fact, frozenset(ends))

    def releases(self, now: int, limit: int) -> list[Release]:
        """Return up to *limit* releases due at *now* or before, the longest due first."""
        with self._lock:
            return self._objects.releases(now, limit)

    def waiting_for(self, event: str, name: str, until: int, after: Waiter | None, limit: int) -> list[Waiter]:
        """Return up to *limit* of those who have waited for an event about an object since *until* or before."""
        with self._lock:
            return self._objects.waiting_for(event, name, until, after, limit)
