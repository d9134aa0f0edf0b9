"""How each class of the model is written: its keys, in the order in which they are written. One table for all of the codec."""

from __future__ import annotations

from functools import cache
from typing import Any, get_type_hints

import attrs
from attrs import field, frozen

from journeykit.model.customer import Catalog
from journeykit.model.journey import Do, Entry, Exit, Goal, Journey, On, Scope, Start, Step, Transition

MIGRATION = ("journey", "changed", "steps", "wait", "set")  #: the keys of a migration, all of them words of journeys
ON = ("event", "changed", "segment", "settled", "every", "after", "where", "key", "late")


def _words(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(value.split()) if isinstance(value, str) else value


@frozen
class Form:
    """
    How one class is written.

    Attributes:
        cls: the class.
        keys: its keys, in the order in which they are written; those of its ``on`` stand among them.
        first: the attribute that its constructor takes by position.
        named: the key that holds *first*, where it is called otherwise.
    """

    cls: type[Any]
    keys: tuple[str, ...] = field(converter=_words)
    first: str | None = None
    named: str | None = None

    @property
    def flat(self) -> tuple[str, ...]:
        """The keys that belong to its ``on``."""
        return ON if self.cls in (Transition, Entry, Exit, Goal) else ()

    def attribute(self, key: str) -> str:
        """The attribute that *key* stands for."""
        return self.first if key == self.named and self.first else key

    def types(self) -> dict[str, Any]:
        """The type of each attribute."""
        return get_type_hints(self.cls)

    def default(self, name: str) -> Any:
        """What attribute *name* is where nothing is written; `attrs.NOTHING` where something must be."""
        default = getattr(attrs.fields(self.cls), name).default
        return default.factory() if isinstance(default, attrs.Factory) else default  # type: ignore[arg-type]


@cache
def forms() -> dict[type[Any], Form]:
    """The form of each class of a definition."""
    on = " ".join(ON)
    table = (
        Form(Journey, "journey stage stages lifecycle zone open key each entry exits goal reentry when steps", "name", "journey"),
        Form(Step, "step stage set do wait when then leaving end", "name", "step"),
        Form(Scope, "scope stage do wait when exits then leaving steps", "name", "scope"),
        Form(Transition, f"{on} to do set take back", "to"),
        Form(On, on),
        Form(Entry, f"{on} wait set", "on"),
        Form(Exit, f"{on} end at", "on"),
        Form(Goal, f"{on} end", "on"),
        Form(Do, "start expires message"),
        Form(Start, "journey customer key set", "journey"),
        Form(Catalog, "events traits facts segments holidays actions policies"),
    )
    return {form.cls: form for form in table}


def yaml_keys() -> frozenset[str]:
    """Every key that a definition or a migration may hold; names of events, actions, parameters and data are the author's own."""
    return frozenset(key for form in forms().values() for key in form.keys) | frozenset(MIGRATION)
