"""What a scenario was told."""

from __future__ import annotations

from typing import Any, NamedTuple


class Call(NamedTuple):
    """
    Something that a scenario was told: ``event("Product Added", customer="ann", cart_id="c1")``.

    The first call of each scenario is ``Scenario`` itself, with its definitions and options as they were given. A ``look`` is
    written down where it changed something: the present instant was over with it.
    """

    at: int
    method: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]

    @property
    def customer(self) -> str | None:
        """Whom it is about; None where it is about nobody in particular."""
        named: str | None = self.options.get("customer")
        return self.arguments[0] if self.method in ("identify", "arm", "merge", "erase") else named


def said(**options: Any) -> dict[str, Any]:
    """Those that were given."""
    return {name: value for name, value in options.items() if value is not None}
