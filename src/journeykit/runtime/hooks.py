"""Telling those who watch. What a hook does wrong is logged and changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from journeykit.errors import DefinitionError
from journeykit.model.given import several
from journeykit.model.records import Claimed, Commit, Settlement
from journeykit.ports import Hook

logger = logging.getLogger("journeykit")

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
                log_failure("hook failed on %s: %s", what, error)

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


def log_failure(text: str, name: str, error: BaseException, fields: Mapping[str, str] | None = None) -> None:
    """
    Log that a plugin failed: the kind of error for everybody, its words, which may be personal, for DEBUG alone.

    Args:
        text: a sentence with two gaps.
        name: what stands in the first.
        error: what stands in the second.
        fields: what the record carries besides.
    """
    logger.warning(text, name, type(error).__name__, extra=fields)
    logger.debug(text, name, error, exc_info=error, extra=fields)
