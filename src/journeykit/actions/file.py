"""The action that appends what it was asked to do to a file."""

from __future__ import annotations

import json
import threading
from os import SEEK_END, PathLike
from pathlib import Path
from typing import BinaryIO

from journeykit.model.messages import ActionRequest, Done


class FileAction:
    """
    Appends one line of JSON for each request to a file, flushed before it answers.

    A request that is attempted again after a crash stands there twice, under the same ``idempotency_key``. Half a line, which a process
    leaves that is killed while it writes, stands alone: what is written next begins a line of its own.

    Args:
        path: the file; it is made where it is not there.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()

    def __call__(self, request: ActionRequest, /) -> Done:
        """Append *request*."""
        line = json.dumps(_fields(request), ensure_ascii=False).encode()
        with self._lock, self._path.open("ab+") as file:
            file.write((b"" if _ends(file) else b"\n") + line + b"\n")
        return Done()


def _ends(file: BinaryIO) -> bool:
    """Whether the last line of *file* has its end, or there is none."""
    if not file.seek(0, SEEK_END):
        return True
    file.seek(-1, SEEK_END)
    return file.read(1) == b"\n"


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
