"""Opening balances: what a fact begins with where the history before the first event is known as a number only (P22)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from journeykit.core.expressions.context import Context, Getter
from journeykit.core.expressions.values import MISSING, as_moment
from journeykit.errors import ConditionError
from journeykit.model.phrases import Aggregate

_WANTED = {"count": "a whole number", "sum": "a whole number", "min": "a number", "max": "a number"}


class Balance:
    """
    A trait that a fact begins with, as if it stood for everything before the first event.

    Args:
        aggregate: the fact.
        value: how its state without the balance is read.
    """

    def __init__(self, aggregate: Aggregate, value: Callable[[Any], Any]) -> None:
        self.trait = aggregate.opening or ""
        self._kind = aggregate.kind
        self._moments = aggregate.of is None
        self._value = value

    @property
    def wanted(self) -> str:
        """What the trait has to be."""
        return _WANTED.get(self._kind, "a moment" if self._moments else "a value")

    def given(self, trait: Any) -> Any:
        """The balance that a trait stands for; None where it stands for none."""
        if trait is None or self._kind in _WANTED:
            whole = isinstance(trait, int) and not isinstance(trait, bool)
            return trait if whole or (isinstance(trait, float) and self._kind in ("min", "max")) else None
        if not self._moments:
            return trait
        try:
            return as_moment("", trait)
        except ConditionError:
            return None

    def read(self, state: Any, trait: Any) -> Any:
        """The value of the fact after *state*, with the balance that *trait* stands for."""
        balance, counted = self.given(trait), self._value(state)
        if balance is None or counted is MISSING:
            return counted if balance is None else balance
        match self._kind:
            case "count" | "sum":
                return counted + balance
            case "min":
                return min(counted, balance)
            case "max":
                return max(counted, balance)
            case "first":
                return min(counted, balance) if self._moments else balance
            case _:
                return max(counted, balance) if self._moments else counted

    def getter(self, key: str) -> Getter:
        """What reads the fact whose state is kept under *key*."""

        def get(context: Context) -> Any:
            return self.read(context.facts.values.get(key), context.facts.traits.get(self.trait))

        return get


def with_openings(paths: Iterable[str], facts: Mapping[str, Aggregate]) -> frozenset[str]:
    """*paths* such as ``customer.spent``, and the traits that the facts among them begin with."""
    found = frozenset(paths)
    begun = {name: one.opening for name, one in facts.items() if one.opening is not None}
    return found | {f"customer.{trait}" for name, trait in begun.items() if f"customer.{name}" in found}
