"""What third parties bring to the words of definitions: triggers that recognise an event, timers that know a moment."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, Literal

from attrs import field, frozen

from journeykit.core.definitions.survey import unknown
from journeykit.core.expressions.calendar import local
from journeykit.core.expressions.expressions import MISSING
from journeykit.errors import ConditionError, DefinitionError
from journeykit.model.calls import Call, read_call
from journeykit.model.messages import storable_text, words

Kind = Literal["trigger", "timer"]
Moment = Callable[[int, str, Any], Any]  #: a timer's answer to an anchor, a zone and its arguments


@frozen
class Extensions:
    """
    The triggers and timers that there are, by name; see `journeykit.ports.Trigger` and `journeykit.ports.Timer`.

    Looking one up may load it, and raises `DefinitionError` where that fails.
    """

    triggers: Mapping[str, Any] = field(factory=dict)
    timers: Mapping[str, Any] = field(factory=dict)

    def event(self, name: str) -> str:
        """The event that *name* stands for: itself, or the one that a trigger wants to see."""
        call = read_call(name)
        return name if call is None else getattr(_found(self.triggers, call.name), "event", name)

    def recognises(self, name: str, arguments: Callable[[Any], Any]) -> Callable[[Any], bool]:
        """
        The condition that a trigger is.

        Args:
            name: its name.
            arguments: gives what it is given, from a context.
        """
        trigger = _found(self.triggers, name)

        def holds(context: Any) -> bool:
            if trigger is None:
                raise ConditionError(f'no trigger "{name}" here; install or mend the package that brings it')
            return context.event is not None and bool(_asked("trigger", name, trigger, context.event, *arguments(context)))

        return holds

    def moment(self, name: str) -> Moment:
        """The moment that a timer gives, as a date, a moment or text; `MISSING` where it knows none."""
        timer = _found(self.timers, name)

        def moment(anchor: int, zone: str, arguments: Any) -> Any:
            if timer is None:
                raise ConditionError(f'no timer "{name}" here; install or mend the package that brings it')
            answer = _asked("timer", name, timer, local(anchor, zone), *arguments)
            if answer is None:
                return MISSING
            if not isinstance(answer, (date, str)):
                raise ConditionError(f"timer {name} answered {words(answer, repr):.60}; a timer answers a moment, a date, or None")
            return answer

        return moment

    def problems(self, kind: Kind, call: Call) -> Iterator[str]:
        """What is wrong with how a definition names a plugin, or with the plugin itself."""
        known = self.triggers if kind == "trigger" else self.timers
        if call.name not in known:
            yield unknown(kind, call.name, sorted(known))
            return
        try:
            plugin = known[call.name]
        except DefinitionError as error:
            yield from error.problems
            return
        if kind == "trigger" and not _is_event(getattr(plugin, "event", None)):
            yield f'trigger "{call.name}" does not say which event it wants to see; give it an attribute event'
        given = len(call.arguments.tree) - 1
        if not _takes(plugin, given):
            yield f"{kind} {call.name} does not take {given} argument{'' if given == 1 else 's'}; it is {call.name}{_signature(plugin)}"


def _found(plugins: Mapping[str, Any], name: str) -> Any:
    """What is called *name*, None where it cannot be had: `Extensions.problems` says why, for journeys that are current."""
    try:
        return plugins.get(name)
    except DefinitionError:
        return None


def _asked(kind: Kind, name: str, plugin: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return plugin(*arguments)
    except Exception as error:
        raise ConditionError(f"{kind} {name} failed: {type(error).__name__}: {words(error)}") from error


def _is_event(name: object) -> bool:
    return isinstance(name, str) and storable_text(name)


def _takes(plugin: Callable[..., Any], given: int) -> bool:
    """Whether *plugin* can be called with that many arguments behind its first."""
    try:
        inspect.signature(plugin).bind(*[None] * (1 + given))
    except TypeError:
        return False
    except ValueError:  # written in C, and silent about it
        return True
    return True


def _signature(plugin: Callable[..., Any]) -> str:
    """The names of its parameters, but for the first, which it is always given."""
    parameters = list(inspect.signature(plugin).parameters.values())[1:]
    return f"({', '.join(str(one.replace(annotation=one.empty)) for one in parameters)})"
