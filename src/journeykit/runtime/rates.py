"""How often an action may be performed, over all workers: ``100 per minute``."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

from journeykit.errors import DefinitionError
from journeykit.model.given import mapping
from journeykit.model.messages import moment
from journeykit.model.phrases import rate, suggestion
from journeykit.ports import Storage

logger = logging.getLogger("journeykit")


class Rates:
    """
    What the host allows each action.

    Args:
        storage: keeps what has gone, for all workers.
        rates: by the name of an action, how many in how long: ``100 per minute``, ``5 per 10 seconds``.
        actions: those there are; None where none are performed.

    Raises:
        DefinitionError: one cannot be read, or is about no action there is.
    """

    def __init__(self, storage: Storage, rates: Mapping[str, str], actions: Collection[str] | None) -> None:
        mapping(rates, "rates", '{"email": "100 per minute"}')
        for name in rates:
            if actions is not None and name not in actions:
                raise DefinitionError(f'rates["{name}"]: no action "{name}"{suggestion(name, actions)}')
        self._storage = storage
        self._rates = {name: _read(name, text) for name, text in rates.items()}
        self._closed: dict[str, int] = {}  #: actions that may not be performed, and from when on they may again

    def closed(self, now: int) -> frozenset[str]:
        """The actions of which none may be performed at *now*."""
        return frozenset(name for name, until in self._closed.items() if until > now)

    def may(self, action: str, now: int) -> bool:
        """Whether *action* may go once at *now*; it counts as gone."""
        if action not in self._rates:
            return True
        if self._closed.get(action, 0) > now:
            return False
        most, window = self._rates[action]
        granted, until = self._storage.grant(action, now, window, most, 1)
        self._closed[action] = until
        if until > now:
            logger.debug("action %s has gone as often as its rate allows; it may again from %s on", action, moment(until).isoformat())
        return granted == 1


def _read(name: str, text: str) -> tuple[int, int]:
    try:
        return rate(text)
    except DefinitionError:
        raise DefinitionError(f'rates["{name}"]: "{text}" is no rate; write for example "100 per minute" or "5 per 10 seconds"') from None
