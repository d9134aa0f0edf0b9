"""Text as it stands in SQL."""

from __future__ import annotations


def quoted(text: str) -> str:
    """*text* as a literal."""
    return "'" + text.replace("'", "''") + "'"
