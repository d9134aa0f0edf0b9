"""What looks at a customer by itself: segments, schedules and dates, each with an instant at which it looks again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from journeykit.core.context import Context
from journeykit.model.records import Moment

STAMP = ""  #: the name under which a customer keeps which watchers have had their first look


class Occurred(NamedTuple):
    """A signal that a watcher raises: ``~segment vip``."""

    signal: str
    old: Any = None
    new: Any = None


class Watcher(Protocol):
    """
    Watches one thing for every customer; what it remembers of one customer is a `Moment`.

    Attributes:
        name: the name of its moments; another one where it is declared differently.
        reads: what it reads of a customer: ``customer.spent``, ``consent.email``.
    """

    name: str
    reads: frozenset[str]

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
    """

    def __init__(self, watchers: Iterable[Watcher]) -> None:
        self.watchers: dict[str, Watcher] = {watcher.name: watcher for watcher in watchers}
        self.ranks = {name: rank for rank, name in enumerate(self.watchers)}
        self.stamp = mark("\n".join(self.watchers))

    def reading(self, paths: Iterable[str]) -> tuple[Watcher, ...]:
        """Those that read one of *paths*."""
        wanted = frozenset(paths)
        return tuple(watcher for watcher in self.watchers.values() if wanted & watcher.reads)

    def knows(self, moments: Mapping[str, Moment]) -> bool:
        """Whether a customer with these *moments* has been looked at by all."""
        stamp = moments.get(STAMP)
        return stamp is not None and stamp.value == self.stamp
