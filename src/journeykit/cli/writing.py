"""Files that are whole or not there."""

from __future__ import annotations

import os
from collections.abc import Mapping
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


def written_in(folder: Path, texts: Mapping[str, str]) -> None:
    """
    Write each of *texts* under its name in *folder*, which is made where it is not there; other files in it stay.

    Raises:
        UnknownError: one cannot be written.
    """
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise UnknownError(f"{folder}: cannot be made a folder: {error.strerror}; name another one") from None
    for name, text in texts.items():
        written(folder / name, text)
