"""What YAML makes of braces without quotes: ``to: {data.email}`` is no text but a mapping, from ``data.email`` to nothing."""

from __future__ import annotations

from typing import Any


class Braced(dict[str, Any]):
    """A mapping of one key for which not even a colon was written; equal to any other of that key and ``null``."""


def is_bare(behind: str) -> bool:
    """Whether a key of a mapping has no colon, only the closing brace: from the text behind it, up to where YAML sees its value."""
    return behind.strip() == "}"
