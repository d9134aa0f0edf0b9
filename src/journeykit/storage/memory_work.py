"""What workers share, in `journeykit.storage.memory`: who is there, and how often an action may go."""

from __future__ import annotations

from journeykit.model.records import EVERYBODY, Share
from journeykit.storage.batch import freed, slot


class MemoryWork:
    """The workers and grants of a storage, which holds its lock around each call."""

    def __init__(self) -> None:
        self._workers: dict[str, int] = {}  #: until when each is there
        self._grants: dict[str, list[tuple[int, int]]] = {}  #: by name what has gone: when, how many

    def enlist(self, token: str, now: int, until: int) -> Share:
        """Write down that the worker *token* is there until *until*; return the share of the customers that falls to it."""
        self._workers = {name: end for name, end in {**self._workers, token: until}.items() if end > now}
        there = sorted(self._workers)
        return (there.index(token), len(there)) if token in self._workers else EVERYBODY

    def grant(self, name: str, now: int, window: int, most: int, wanted: int) -> tuple[int, int]:
        """Let as many of *wanted* go as leave no more than *most* in any window; return how many, and when one more may."""
        gone = [(at, number) for at, number in self._grants.get(name, ()) if at > now - window]
        granted = min(wanted, max(0, most - sum(number for _, number in gone)))
        if granted:
            if gone and slot(now, window) <= gone[-1][0] <= now:
                gone[-1] = (now, gone[-1][1] + granted)
            else:
                gone.append((now, granted))
        self._grants[name] = gone
        return granted, freed(gone, now, window, most)
