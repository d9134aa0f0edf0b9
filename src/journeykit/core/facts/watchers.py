"""
What looks at a customer by itself: segments, schedules and dates, each with an instant at which it looks again.

Most of them find nothing at most customers: who has no birthday is outside of everything that asks for it, today and for ever. What a
watcher finds where nothing is known is worked out once, and a customer keeps only what is otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from journeykit.core.expressions.context import Context
from journeykit.model.alike import Alike
from journeykit.model.records import Facts, Moment

_ENDS = ((-2_208_988_800_000_000, None), (7_258_118_400_000_000, "Pacific/Kiritimati"))  #: 1900, and 2200 where the day begins
_NEVER: tuple[int, int, Alike] = (0, 0, Alike())  #: what was found where nobody has looked
STAMP = ""  #: the name under which a customer keeps which watchers have had their first look


class Occurred(NamedTuple):
    """A signal that a watcher raises: ``~segment vip``."""

    signal: str
    old: Any = None
    new: Any = None


class Look(Context):
    """What a first look at a customer sees, in the instant of an event, of whose decision nothing else is seen."""

    __slots__ = ("passed",)

    def __init__(self, customer_id: str, facts: Facts, now: int) -> None:
        super().__init__(customer_id, facts, now)
        self.passed = now - 1  #: the last instant that has passed


class Watcher(Protocol):
    """
    Watches one thing for every customer; what it remembers of one customer is a `Moment`.

    Attributes:
        name: the name of its moments; another one where it is declared differently.
        reads: what it reads of a customer: ``customer.spent``, ``consent.email``.
        rests_on: that of it without which the rest makes no difference; the zone alone gives nobody a birthday.
    """

    name: str
    reads: frozenset[str]
    rests_on: frozenset[str]

    def first(self, context: Context) -> Moment:
        """Look at a customer for the first time; nothing follows from it."""

    def again(self, context: Context, moment: Moment, *, due: bool) -> tuple[Moment, Occurred | None]:
        """Look again, because the instant of *moment* has come (*due*), or because something it reads has changed."""


def mark(text: str) -> str:
    """A short mark of a definition: another definition has another one."""
    return sha256(text.encode()).hexdigest()[:8]


class Watch:
    """
    All watchers of an engine, in order of definition, which is the order in which they look.

    Attributes:
        stamp: stands for all of them; a customer with another stamp has not been looked at by all.
        watchers: by name.
        ranks: the place of each.
        blank: what those find that find the same for ever where nothing they read is known; who keeps nothing else of them keeps this.
    """

    def __init__(self, watchers: Iterable[Watcher]) -> None:
        self.watchers: dict[str, Watcher] = {watcher.name: watcher for watcher in watchers}
        self.ranks = {name: rank for rank, name in enumerate(self.watchers)}
        self.stamp = mark("\n".join(["what is not blank", *self.watchers]))  # earlier releases keep, and expect, all of it
        self.blank = {name: moment for name, watcher in self.watchers.items() if (moment := _blank(watcher)) is not None}
        self._stamped = Moment(STAMP, None, self.stamp)
        self._everywhere = [watcher for name, watcher in self.watchers.items() if name not in self.blank]
        self._alike = all(watcher.reads <= {"customer.zone"} for watcher in self._everywhere)  #: they find the same all over a zone
        self._found: dict[str | None, tuple[int, int, Alike]] = {}  #: what was last found in a zone, from when and until when
        self._readers = _named((path, watcher) for watcher in self.watchers.values() for path in watcher.reads)
        self._resting = _named((path.partition(".")[2], watcher) for watcher in self.watchers.values() for path in watcher.rests_on)
        self._names = frozenset(self._resting)

    def reading(self, paths: Iterable[str]) -> tuple[Watcher, ...]:
        """Those that read one of *paths*."""
        return tuple(self._ordered(name for path in paths for name in self._readers.get(path, ())))

    def _ordered(self, names: Iterable[str]) -> list[Watcher]:
        return [self.watchers[name] for name in sorted(set(names), key=self.ranks.__getitem__)]

    def knows(self, moments: Mapping[str, Moment]) -> bool:
        """Whether a customer with these *moments* has been looked at by all."""
        stamp = moments.get(STAMP)
        return stamp is not None and stamp.value == self.stamp

    def first(self, context: Context, known: Mapping[str, Moment]) -> dict[str, Moment]:
        """
        What is kept of a customer once all have looked.

        Args:
            context: the customer.
            known: what was kept before of those who have looked already.
        """
        moments = {STAMP: self._stamped}
        for watcher in self._looking(context.facts, known):
            name = watcher.name
            moment = known.get(name) or watcher.first(context)
            if moment != self.blank.get(name):
                moments[name] = moment
        return moments

    def stranger(self, customer_id: str, facts: Facts, now: int) -> tuple[Moment, ...]:
        """
        What is kept of a customer at whom nobody has looked yet, at an event that was accepted at *now*.

        Where only the time is looked at, all customers of a zone are given one and the same, until it has come.
        """
        if not self._alike or self._rests(facts):
            return tuple(self.first(Look(customer_id, facts, now), {}).values())
        since, until, found = self._found.get(facts.zone, _NEVER)
        if not since < now <= until:
            found = Alike(self.first(Look(customer_id, facts, now), {}).values())
            until = _ENDS[1][0] if found.due_at is None else found.due_at
            self._found[facts.zone] = now - 1, until, found
        return found

    def _rests(self, facts: Facts) -> bool:
        """Whether something is known that a watcher rests on."""
        names = self._names
        if ("zone" in names and facts.zone is not None) or ("stage" in names and facts.stage is not None):
            return True
        if facts.lack(names):
            return False
        told = (facts.traits, facts.consent, facts.values, [key.partition(" ")[0] for key in facts.values])
        return not all(names.isdisjoint(one) for one in told)

    def _looking(self, facts: Facts, known: Mapping[str, Moment]) -> list[Watcher]:
        """Those whose look may be another one than at somebody of whom nothing is known."""
        told = [*facts.traits, *facts.consent, *[key.partition(" ")[0] for key in facts.values]]  # behind a fact's name may stand a mark
        if facts.zone is not None:
            told.append("zone")
        if facts.stage is not None:
            told.append("stage")
        names = [name for one in told if one in self._resting for name in self._resting[one]]
        if not names and not known:
            return self._everywhere
        return self._ordered([*names, *(watcher.name for watcher in self._everywhere), *(known.keys() & self.ranks.keys())])

    def held(self, moments: Mapping[str, Moment], name: str) -> Moment:
        """What is known of the last look of one, of a customer at whom all have looked."""
        return moments.get(name) or self.blank[name]

    def keeping(self, moments: Mapping[str, Moment], moment: Moment) -> dict[str, Moment]:
        """*moments* with another *moment*, or without it where it is blank."""
        kept = {**moments, moment.name: moment}
        if moment == self.blank.get(moment.name):
            del kept[moment.name]
        return kept


def _named(pairs: Iterable[tuple[str, Watcher]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for what, watcher in pairs:
        found.setdefault(what, []).append(watcher.name)
    return found


def _blank(watcher: Watcher) -> Moment | None:
    """What *watcher* finds wherever nothing is known, as long as it finds that at both ends of time and of the world."""
    if "customer.id" in watcher.rests_on:
        return None
    one, other = (watcher.first(Context("", Facts(zone), at)) for at, zone in _ENDS)
    return one if one == other and one.due_at is None else None
