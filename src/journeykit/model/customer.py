"""What a shop declares once about its customers: the catalog of events, traits, facts and actions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

from attrs import field, frozen

from journeykit.errors import DefinitionError
from journeykit.model.conditions import Expression
from journeykit.model.given import mapping, several
from journeykit.model.objects import ObjectKind
from journeykit.model.phrases import Aggregate
from journeykit.model.policies import Policy

Kind = Literal["text", "number", "money", "flag", "moment", "list", "any"]
Message = Literal["marketing", "transactional", "none"]

RESERVED = frozenset({"id", "zone", "stage"})


def _events(value: dict[str, dict[str, Kind | ObjectKind | str]]) -> dict[str, dict[str, Kind | ObjectKind]]:
    given = mapping(value, "events", '{"Order Completed": {"total": "money"}}')
    return {event: _properties(event, properties) for event, properties in given.items()}


def _properties(event: str, value: dict[str, Kind | ObjectKind | str]) -> dict[str, Kind | ObjectKind]:
    given = mapping(value, f"events.{event}", '{"total": "money"}')
    return {name: _kind(kind) for name, kind in given.items()}


def _kind(kind: Kind | ObjectKind | str) -> Any:
    return ObjectKind(kind) if isinstance(kind, str) and kind.split(",")[0] == "object" else kind


def _facts(value: dict[str, Aggregate | str]) -> dict[str, Aggregate]:
    given = mapping(value, "facts", '{"orders": "count of Order Completed"}')
    return {name: Aggregate(text) if isinstance(text, str) else text for name, text in given.items()}


def _policies(value: Sequence[Policy | str] | Policy | str) -> tuple[Policy, ...]:
    many = (value,) if isinstance(value, (str, Policy)) else several(value, "policies", '["at most 2 per week"]')
    return tuple(Policy(text) if isinstance(text, str) else text for text in many)


def _segments(value: dict[str, Expression | str]) -> dict[str, Expression]:
    given = mapping(value, "segments", '{"vip": "customer.total >= 50000"}')
    return {name: Expression(text) if isinstance(text, str) else text for name, text in given.items()}


def _traits(value: dict[str, Kind]) -> dict[str, Kind]:
    return dict(mapping(value, "traits", '{"plan": "text"}'))


def _actions(value: dict[str, Message]) -> dict[str, Message]:
    return dict(mapping(value, "actions", '{"email": "marketing"}'))


def _holidays(value: Sequence[str]) -> tuple[str, ...]:
    return tuple(several(value, "holidays", '["2026-12-25"]'))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise DefinitionError(f'holidays: {text!r:.40} is no date; write it as text, for example "2026-12-25"') from None


@frozen(kw_only=True)
class Catalog:
    """
    The shop's vocabulary, declared once for all journeys.

    Attributes:
        events: for each event name its properties and their kinds (``text``, ``number``, ``money``, ``flag``, ``moment``,
            ``list``, ``any``, or ``object`` for the one that an event about an object names it by, see `ObjectKind`); where given, a journey that names an unknown event or property does not compile.
        traits: attributes of a customer and their kinds; where given, unknown ones do not compile.
        facts: declared folds over a customer's events, by name, see `Aggregate`.
        segments: named conditions over what is known about a customer and over time, read as ``segment.NAME``.
        holidays: dates that are no business days, such as ``2026-12-25``.
        days_off: the same as dates (derived).
        actions: the actions there are, and whether each is ``marketing``, ``transactional`` or ``none`` (reaches nobody).
        policies: what may stop or hold a message just before it is performed, see `Policy`.
    """

    events: dict[str, dict[str, Kind | ObjectKind]] = field(factory=dict, converter=_events)
    traits: dict[str, Kind] = field(factory=dict, converter=_traits)
    facts: dict[str, Aggregate] = field(factory=dict, converter=_facts)
    segments: dict[str, Expression] = field(factory=dict, converter=_segments)
    holidays: tuple[str, ...] = field(default=(), converter=_holidays)
    actions: dict[str, Message] = field(factory=dict, converter=_actions)
    policies: tuple[Policy, ...] = field(default=(), converter=_policies)
    days_off: frozenset[date] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "days_off", frozenset(_date(text) for text in self.holidays))
        for name in [*self.traits, *self.facts]:
            if name in RESERVED:
                raise DefinitionError(f'"{name}" is the library\'s own; call the trait or fact something else')
        for name in self.segments:
            if not name or name.startswith("not "):
                raise DefinitionError(f'"{name}" is no name of a segment; "not NAME" says that one is left')
        for name in self.traits.keys() & self.facts.keys():
            raise DefinitionError(f'"{name}" is declared as a trait and as a fact; keep one')
