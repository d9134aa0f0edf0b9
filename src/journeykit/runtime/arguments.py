"""What an engine is given, looked at before anything is made of it; definitions, storage and plugins are looked at where they are used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import Parameter

from journeykit.errors import DefinitionError
from journeykit.model.phrases import suggestion
from journeykit.ports import Clock
from journeykit.runtime.backoff import Backoff

_ZONES = ("tz", "zone", "timezone", "time_zone")
_ZONE = 'each journey has one, Journey(..., zone="Europe/Berlin"), and so may each customer, identify(..., zone="Europe/Berlin")'


def names(parameters: Mapping[str, Parameter]) -> list[str]:
    """The names under which arguments may be given."""
    return [name for name, one in parameters.items() if one.kind not in (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL)]


def refuse_unknown(given: Iterable[str], parameters: Mapping[str, Parameter]) -> None:
    """
    Refuse arguments that an engine does not take.

    Raises:
        TypeError: there is one.
    """
    for name in given:
        known = names(parameters)
        way = f"; {_ZONE}" if name in _ZONES else f"; there are {', '.join(known)}{suggestion(name, known)}"
        raise TypeError(f'an engine takes no argument "{name}"{way}')


def clock_of(value: Clock) -> Clock:
    """
    Return *value*.

    Raises:
        DefinitionError: it is no clock.
    """
    if callable(getattr(value, "now", None)) and not isinstance(value, type) and isinstance(value.now(), int):
        return value
    raise DefinitionError(f'clock: {value!r:.60} is no clock; leave it out, or give for example ManualClock("2026-03-02T09:00:00Z")')


def backoff_of(value: Backoff) -> Backoff:
    """
    Return *value*.

    Raises:
        DefinitionError: it does not say when to try again.
    """
    if isinstance(value, Backoff):
        return value
    raise DefinitionError(f"backoff: {value!r:.60} is no Backoff; give for example Backoff(first=30, attempts=8)")
