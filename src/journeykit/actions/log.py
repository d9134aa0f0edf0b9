"""The action that only says what it was asked to do."""

from __future__ import annotations

import logging

from journeykit.model.messages import ActionRequest, Done


class LogAction:
    """
    Writes one line for each request to a logger, for trying a journey out.

    Customer and parameters are personal data: they are logged at DEBUG only.

    Args:
        logger: where to; ``journeykit.actions`` where not said.
    """

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self._logger = logger or logging.getLogger("journeykit.actions")

    def __call__(self, request: ActionRequest, /) -> Done:
        """Log *request*."""
        self._logger.info("%s for %s, attempt %d", request.action, request.journey, request.attempt)
        self._logger.debug("%s: %s %s", request.idempotency_key, request.customer_id, request.parameters)
        return Done()
