"""How often an action may be performed, over all workers: ``100 per minute``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from journeykit.errors import DefinitionError
from journeykit.model.phrases import MICROSECONDS, seconds
from journeykit.ports import Storage

_SENTENCE = re.compile(r"(?P<most>[1-9]\d{0,8}) per (?P<window>.+)")


class Rates:
    """
    What the host allows each action.

    Args:
        storage: keeps what has gone, for all workers.
        rates: by the name of an action, how many in how long: ``100 per minute``, ``5 per 10 seconds``.

    Raises:
        DefinitionError: one cannot be read.
    """

    def __init__(self, storage: Storage, rates: Mapping[str, str]) -> None:
        self._storage = storage
        self._rates = {name: _read(name, rate) for name, rate in rates.items()}
        self._closed: dict[str, int] = {}  #: actions that may not be performed, and from when on they may again

    def closed(self, now: int) -> frozenset[str]:
        """The actions of which none may be performed at *now*."""
        return frozenset(name for name, until in self._closed.items() if until > now)

    def wait(self, action: str, now: int) -> int | None:
        """Let *action* go once at *now*, and return None; or return the moment from which it may."""
        if action not in self._rates:
            return None
        if self._closed.get(action, 0) <= now:
            most, window = self._rates[action]
            granted, self._closed[action] = self._storage.grant(action, now, window, most, 1)
            if granted:
                return None
        return self._closed[action]


def _read(name: str, rate: str) -> tuple[int, int]:
    match = _SENTENCE.fullmatch(rate.strip())
    try:
        window = match["window"] if match else ""
        return int(match["most"]) if match else 0, seconds(window if window[:1].isdigit() else f"1 {window}") * MICROSECONDS
    except DefinitionError:
        raise DefinitionError(f'rates["{name}"]: "{rate}" is no rate; write for example "100 per minute" or "5 per 10 seconds"') from None
