"""What a scenario is given, looked at before anything is made of it: whoever writes a test makes mistakes first here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import signature

from journeykit.model.phrases import suggestion
from journeykit.runtime.arguments import names
from journeykit.runtime.engine import Engine

ELSEWHERE = {"customer_id": "customer=", "occurred_at": "at=", "properties": "more="}
"""What an `journeykit.Event` calls something that is an argument in a scenario."""

_ITS_OWN = ("at", "zone", "catalog", "storage", "actions", "arms")
_OTHERWISE = {
    "clock": "a scenario has a clock of its own; say at=... for where it begins",
    "definitions": "give them first, without a name: Scenario(*definitions)",
}


def look_at(options: Iterable[str], arms: Mapping[str, str] | None) -> None:
    """
    Look at what a scenario is given.

    Args:
        options: the names of the arguments that are none of its own.
        arms: the arm that everybody is in, by the experiment.

    Raises:
        TypeError: an engine takes no such argument, or *arms* is no mapping.
    """
    __tracebackhide__ = True
    of_engines = [name for name in names(signature(Engine).parameters) if name not in (*_ITS_OWN, *_OTHERWISE)]
    for name in options:
        if name in _OTHERWISE:
            raise TypeError(f"{name}: {_OTHERWISE[name]}")
        if name not in of_engines:
            known = [*_ITS_OWN, *of_engines]
            raise TypeError(f'a scenario takes no argument "{name}"; there are {", ".join(known)}{suggestion(name, known)}')
    given: object = {} if arms is None else arms
    if not isinstance(given, Mapping) or any(not isinstance(name, str) for name in given):
        raise TypeError(f"arms: {arms!r:.60} is no mapping; write the arm of each experiment: arms={{'wording': 'short'}}")


def refuse_elsewhere(properties: Iterable[str], more: Mapping[str, object] | None) -> None:
    """
    Refuse properties that were meant as something else.

    Raises:
        TypeError: one of them is called as an `journeykit.Event` calls what is an argument in a scenario; or *more* is no mapping.
    """
    __tracebackhide__ = True
    if more is not None and not isinstance(more, Mapping):
        raise TypeError(f"more: {more!r:.60} is no mapping; write the properties by name: more={{'id': 'visa'}}")
    for name in properties:
        if name in ELSEWHERE:
            raise TypeError(f'{name}: write {ELSEWHERE[name]}... here; a property of that name goes into more={{"{name}": ...}}')
