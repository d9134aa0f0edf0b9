"""The action that appends what it was asked to do to a file."""

from __future__ import annotations

import json
import threading
from os import PathLike
from pathlib import Path

from journeykit.model.messages import ActionRequest, Done


class FileAction:
    """
    Appends one line of JSON for each request to a file, flushed before it answers.

    A request that is attempted again after a crash stands there twice, under the same ``idempotency_key``.

    Args:
        path: the file; it is made where it is not there.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()

    def __call__(self, request: ActionRequest, /) -> Done:
        """Append *request*."""
        line = json.dumps(_fields(request), ensure_ascii=False)
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        return Done()


def _fields(request: ActionRequest) -> dict[str, object]:
    return {
        "idempotency_key": request.idempotency_key,
        "action": request.action,
        "customer_id": request.customer_id,
        "journey": request.journey,
        "requested_at": request.requested_at.isoformat(),
        "attempt": request.attempt,
        "parameters": request.parameters,
    }
