"""Reading what happened and what is defined: numbers, pictures and reports. Nothing here changes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from journeykit.insight.insight import Insight

__all__ = ["Insight"]


def __getattr__(name: str) -> Any:
    """`Insight`, brought along when first asked for: who draws a journey needs no engine."""
    if name != "Insight":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from journeykit.insight.insight import Insight

    return Insight
