"""By which endings customers have done what a shop wants of them, so that nobody counts them as lost."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from journeykit.insight.settings.settings import Settings
from journeykit.insight.settings.vocabulary import names
from journeykit.model.journey import Exit, Journey, On, Scope, Step

WON = ("Order Completed", "Subscription Started", "Referral Bought")  #: who ends a journey because of these is not lost to the shop


def won(settings: Settings) -> frozenset[str]:
    """What the shop calls the events of `WON`."""
    return frozenset(name for name, meant in names(settings).items() if meant in WON)


def reached(journey: Journey, won: Container[str]) -> frozenset[str]:
    """
    The reasons by which *journey* ends well: that of its goal, and those of exits that wait for an event in *won*.

    An exit needs no goal beside it: who leaves a journey about a left cart because they ordered has done what it is there for.
    """
    goal = [journey.goal.end] if journey.goal and journey.goal.end else []
    exits = [rule.end or reason(rule.on) for rule in (*journey.exits, *_within(journey.steps)) if rule.on.event in won]
    return frozenset([*goal, *exits])


def reason(on: On) -> str:
    """The reason that is recorded where an exit rule names none."""
    if on.signal is None:
        return f"where {on.where.text}" if on.where else ""
    name, value = on.signal
    return str(value) if name == "event" else f"{name} {getattr(value, 'text', value)}"


def _within(steps: Iterable[Step | Scope]) -> Iterator[Exit]:
    """The exits of scopes that end the journey."""
    for scope in steps:
        if isinstance(scope, Scope):
            yield from (rule for rule in scope.exits if rule.end is not None)
            yield from _within(scope.steps)
