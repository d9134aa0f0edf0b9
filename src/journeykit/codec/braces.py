"""
What YAML makes of texts in braces without quotes: ``to: {data.email}`` is no text but a mapping, from ``data.email`` to nothing, and the
text in ``{wait: until 09:00, following}`` is over at its comma.
"""

from __future__ import annotations

from typing import Any

from journeykit.errors import DefinitionError


class Braced(dict[str, Any]):
    """A mapping of one key for which not even a colon was written; equal to any other of that key and ``null``."""


class Commas:
    """Looks at the entries of one mapping in their order, and finds the second half of a text that its comma has cut."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._before = ""

    def is_bare(self, key: Any, value: Any) -> bool:
        """
        Whether a key has no colon, only the closing brace.

        Args:
            key: what YAML's parser tells of the key.
            value: what it tells next.

        Raises:
            DefinitionError: it has none, and what stands before it is a text without quotes.
        """
        behind = self._text[key.end_mark.index : value.start_mark.index + 1].strip()
        if behind in (",", "}") and self._before:
            cut = f"{self._before}, {key.value}"
            raise DefinitionError(
                f'line {key.start_mark.line + 1}: "{key.value}" has no colon, for in braces a text is over at its comma; put all of it in quotes: "{cut}"'
            )
        self._before = value.value if getattr(value, "style", "") is None else ""
        return behind == "}"
