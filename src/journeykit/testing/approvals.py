"""What a test has shown and a person has approved, kept in a file beside the test."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

FOLDER = "approved"
_FLAG = "--journeykit-approve"
_UNSAFE = re.compile(r"[^\w.,=+@()-]+")


def approve(shown: object, file: Path, *, write: bool = False) -> None:
    """
    Compare what a test shows with what was approved.

    Args:
        shown: a text, or anything whose text tells it, such as a `journeykit.testing.Scenario`.
        file: where the approved text is kept.
        write: that what is shown is approved, and kept.

    Raises:
        AssertionError: it differs, or nothing has been approved yet; the message shows the differences line by line.
    """
    __tracebackhide__ = True
    text = _lines(str(shown))
    if write:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8", newline="\n")
        return
    approved = file.read_text("utf-8") if file.is_file() else None
    if approved != text:
        raise AssertionError(_difference(approved, text, f"{file.parent.name}/{file.name}"))


def file_of(folder: Path, name: str) -> Path:
    """Where the approved text called *name* is kept, for the tests in *folder*."""
    return folder / FOLDER / f"{_UNSAFE.sub('_', name)}.txt"


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines()) + "\n"


def _difference(approved: str | None, shown: str, name: str) -> str:
    if approved is None:
        return f"{name}: nothing has been approved yet; run pytest with {_FLAG} to keep this\n\n{shown}"
    lines = difflib.unified_diff(approved.splitlines(), shown.splitlines(), "approved", "now", lineterm="", n=3)
    return "\n".join([f"{name}: not as approved; run pytest with {_FLAG} if this is how it is to be", "", *lines])
