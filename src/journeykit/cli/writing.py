"""Files that are whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

from journeykit.errors import UnknownError


def written(path: Path, text: str) -> None:
    """
    Write *text* to *path*, so that nobody ever reads half of it.

    Raises:
        UnknownError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8", newline="")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UnknownError(f"{path}: cannot be written: {error.strerror}; name another file") from None
