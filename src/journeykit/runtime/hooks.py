"""Telling those who watch. What a hook does wrong is logged and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from journeykit.errors import DefinitionError
from journeykit.model.given import several
from journeykit.model.records import Claimed, Commit, Settlement
from journeykit.ports import Hook
from journeykit.runtime.logs import log_failure

_OUTCOMES = {"open": "retried", "performed": "performed", "dead": "dead", "dropped": "dropped"}


class Hooks:
    """
    The engine's hooks, called one after the other; false where there are none, so that asking costs next to nothing.

    What is told, and the details:

    - ``committed``: ``customer_id``, ``commit`` (the whole `Commit`), for each commit that was written;
    - ``fired``: ``customer_id``, ``timers`` (how many), where a commit fired timers;
    - ``parked``: ``customer_id``, ``journey``, ``key``, ``error``, for each part of a signal that was parked;
    - ``performed``, ``retried``, ``dead``, ``dropped``: ``customer_id``, ``journey``, ``action``, ``idempotency_key``,
      ``attempt``, ``reason``, for each attempt at an action; ``deferred`` likewise, where a policy held it.
    """

    def __init__(self, hooks: Iterable[Hook] = ()) -> None:
        self._hooks = tuple(several(hooks, "hooks", "[watch]"))
        given: tuple[object, ...] = self._hooks
        if mute := [f"hooks: {hook!r:.60} cannot be called; give a function" for hook in given if not callable(hook)]:
            raise DefinitionError(mute)

    def __bool__(self) -> bool:
        return bool(self._hooks)

    def tell(self, what: str, **details: Any) -> None:
        """Tell every hook that *what* happened."""
        for hook in self._hooks:
            try:
                hook(what, details)
            except Exception as error:  # noqa: BLE001  a plugin may raise anything
                log_failure("hook failed on %s: %s", what, error, _fields(hook, details))

    def committed(self, commits: Sequence[Commit]) -> None:
        """Tell what *commits*, now written, hold."""
        for commit in commits:
            self.tell("committed", customer_id=commit.customer_id, commit=commit)
            if commit.fired:
                self.tell("fired", customer_id=commit.customer_id, timers=commit.fired)
            for row in commit.events:
                if row.state == "parked":
                    part = {name: row.event.properties.get(name) for name in ("journey", "key", "error")}
                    self.tell("parked", customer_id=commit.customer_id, **part)

    def settled(self, claimed: Claimed, settlement: Settlement) -> None:
        """Tell how an attempt at an action ended."""
        message = claimed.message
        self.tell(
            "deferred" if settlement.state == "open" and settlement.answered is not None else _OUTCOMES[settlement.state],
            customer_id=message.customer_id,
            journey=message.journey,
            action=message.action,
            idempotency_key=message.idempotency_key,
            attempt=claimed.attempts + 1,
            reason=settlement.reason,
        )


def _fields(hook: Hook, details: Mapping[str, Any]) -> dict[str, str]:
    """Which hook it was, and whom it was told of."""
    names = {"customer": "customer_id", "journey": "journey", "action": "action"}
    told = {name: str(details[given]) for name, given in names.items() if given in details}
    return {"hook": getattr(hook, "__qualname__", type(hook).__qualname__), **told}
