"""What an expression can see: the paths of a definition, each as a function of one `Context`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from journeykit.core.expressions.expressions import MISSING
from journeykit.errors import ConditionError, DefinitionError
from journeykit.model.messages import Event, moment
from journeykit.model.phrases import suggestion
from journeykit.model.records import Enrollment, Facts

Path = tuple[str | int, ...]
Getter = Callable[["Context"], Any]
ROOTS = ("event", "signal", "customer", "consent", "segment", "data", "arm", "step", "scope", "journey", "now")

NOTHING: Mapping[str, Any] = {}
SINCE = "$since entry"  #: where the data of an enrollment keeps what is counted since it was entered


class Context:
    """One signal as seen by one enrollment; made once a signal, its enrollment and data change from one to the next."""

    __slots__ = ("customer_id", "data", "enrollment", "event", "facts", "new", "now", "old", "properties")

    customer_id: str
    facts: Facts
    now: int
    event: Event | None
    properties: Mapping[str, Any]
    data: Mapping[str, Any]
    enrollment: Enrollment | None
    old: Any
    new: Any

    def __init__(self, customer_id: str, facts: Facts, now: int, event: Event | None = None) -> None:
        self.customer_id = customer_id
        self.facts = facts
        self.now = now
        self.look(event)

    def look(self, event: Event | None, old: Any = None, new: Any = None) -> None:
        """Go on to another signal: *event*, or a change from *old* to *new*."""
        self.event = event
        self.properties = NOTHING if event is None else event.properties
        self.data = NOTHING
        self.enrollment = None
        self.old = old
        self.new = new

    def grant(self, quota: Any, cause: str) -> bool:
        """Take one of a shared number, and tell whether there was one left; where nothing is decided there always is."""
        del quota, cause
        return True

    def inside(self, journey: str) -> Sequence[str]:
        """The keys under which the customer is in *journey*; nothing where only an event is looked at."""
        del journey
        return ()


def _present(value: object) -> Any:
    return MISSING if value is None else value


def _walk(getter: Getter, rest: Path) -> Getter:
    """Follow *rest* into mappings and lists."""

    def walk(context: Context) -> Any:
        value = getter(context)
        for part in rest:
            if isinstance(value, Mapping):
                value = value.get(part)
            elif isinstance(value, list) and isinstance(part, int) and -len(value) <= part < len(value):
                value = value[part]
            else:
                return MISSING
        return _present(value)

    return walk


def _event(name: str) -> Getter:
    def get(context: Context) -> Any:
        value = context.properties.get(name)
        return MISSING if value is None else value

    return get


def _data(name: str) -> Getter:
    def get(context: Context) -> Any:
        value = context.data.get(name)
        return MISSING if value is None else value

    return get


def _inside(journey: str) -> Getter:
    return lambda context: context.inside(journey)


def _trait(name: str) -> Getter:
    def get(context: Context) -> Any:
        value = context.facts.traits.get(name)
        return MISSING if value is None else value

    return get


def fact(name: str, read: Callable[[Any], Any]) -> Getter:
    """The value of a declared fact, read from its running state."""

    def get(context: Context) -> Any:
        return read(context.facts.values.get(name))

    return get


def fact_in_window(name: str, read: Callable[[Any, int], Any]) -> Getter:
    """The value of a fact over a window of time, which depends on the moment too."""

    def get(context: Context) -> Any:
        return read(context.facts.values.get(name), context.now)

    return get


def fact_since_entry(name: str, read: Callable[[Any], Any]) -> Getter:
    """The value of a fact that is counted since the enrollment was entered."""

    def get(context: Context) -> Any:
        return read(context.data.get(SINCE, NOTHING).get(name))

    return get


_CUSTOMER: dict[str, Getter] = {
    "id": lambda context: context.customer_id,
    "zone": lambda context: _present(context.facts.zone),
    "stage": lambda context: _present(context.facts.stage),
}
_SIGNAL: dict[str, Getter] = {
    "name": lambda context: MISSING if context.event is None else context.event.name,
    "id": lambda context: MISSING if context.event is None else context.event.id,
    "occurred_at": lambda context: MISSING if context.event is None else moment(context.event.at),
    "old": lambda context: _present(context.old),
    "new": lambda context: _present(context.new),
}
_JOURNEY: dict[str, Getter] = {
    "entered_at": lambda context: MISSING if context.enrollment is None else moment(context.enrollment.entered_at),
    "key": lambda context: MISSING if context.enrollment is None else context.enrollment.key,
}


def _entered(scope: str | None) -> Getter:
    def get(context: Context) -> Any:
        if context.enrollment is None or scope not in context.enrollment.scopes:
            return MISSING
        return moment(context.enrollment.scopes[scope][0])

    return get


def _step_entered(context: Context) -> Any:
    return MISSING if context.enrollment is None else moment(context.enrollment.step_at)


def _one_of(root: str, name: str, known: Mapping[str, Getter]) -> Getter:
    if name not in known:
        there_are = f"there are {', '.join(f'{root}.{n}' for n in known)}" if known else "there is none"
        raise DefinitionError(f"no {root}.{name}; {there_are}{suggestion(name, known)}")
    return known[name]


class Declared(NamedTuple):
    """
    What a catalog declares about customers.

    Attributes:
        facts: for each fact the getter of its value.
        segments: for each segment the getter of its value.
        older: it is read by a version from before, which may name segments that are declared no more.
    """

    facts: Mapping[str, Getter]
    segments: Mapping[str, Getter]
    older: bool = False


def _gone(name: str) -> Getter:
    """What stands for a segment that is declared no more: whoever asks it is parked, and nobody else (P15)."""

    def get(_context: Context) -> Any:
        raise ConditionError(f"segment.{name} is declared no more; declare it again as long as customers are on versions that read it")

    return get


class Resolver:
    """
    Finds the getter of a path.

    Args:
        known: the declared facts and segments.
        scope: the innermost scope of the place the expression stands in.
        journey: the journey it stands in, whose experiments ``arm`` speaks of.
    """

    def __init__(self, known: Declared, scope: str | None = None, journey: str = "") -> None:
        self._known = known
        self._scope = scope
        self._journey = journey

    def __call__(self, path: Path) -> Getter:
        """Return the getter of *path*; raise `DefinitionError` for a root or name that does not exist."""
        root, *rest = path
        if root == "active":
            return _inside(str(rest[0]))
        if root == "now" and not rest:
            return lambda context: moment(context.now)
        if root not in ROOTS:
            raise DefinitionError(f'"{root}" is not known; begin with {", ".join(ROOTS)}{suggestion(str(root), ROOTS)}')
        if not rest:
            raise DefinitionError(f'"{root}" alone says nothing; write for example "{root}.name"')
        getter = self._named(str(root), str(rest[0]))
        return _walk(getter, tuple(rest[1:])) if rest[1:] else getter

    def _named(self, root: str, name: str) -> Getter:
        match root:
            case "event":
                return _event(name)
            case "data":
                return _data(name)
            case "customer":
                return _CUSTOMER.get(name) or self._known.facts.get(name) or _trait(name)
            case "consent":
                return lambda context: _present(context.facts.consent.get(name))
            case "segment":
                known = self._known.segments
                return _gone(name) if self._known.older and name not in known else _one_of(root, name, known)
            case "arm":
                experiment = f"{self._journey}/{name}"
                return lambda context: _present(context.facts.arms.get(experiment))
            case "signal":
                return _one_of(root, name, _SIGNAL)
            case "journey":
                return _one_of(root, name, _JOURNEY)
            case "step":
                return _one_of(root, name, {"entered_at": _step_entered})
            case _:
                return _one_of(root, name, {"entered_at": _entered(self._scope)})
