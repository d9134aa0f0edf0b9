"""Finding implementations: those that the host gives, and those that installed packages offer as entry points."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar, cast

from journeykit.errors import DefinitionError
from journeykit.ports import Action

GROUP = "journeykit.actions"


Plugin = TypeVar("Plugin")


class Plugins(Generic[Plugin]):
    """
    Implementations of one kind, by name.

    Args:
        given: those of the host; they win over installed ones of the same name.
        group: the entry point group in which packages offer theirs. An entry point names a function or an object that can be
            called, or a class that is then made without arguments. It is imported when first needed, so that a broken package
            costs only what it offers.
        what: what they are, for errors.

    Raises:
        DefinitionError: what was given cannot be called.
    """

    def __init__(self, given: Mapping[str, Plugin] | None, group: str, what: str) -> None:
        self._ready: dict[str, Plugin] = dict(given or {})
        _refuse_uncallable(self._ready, what)
        self._offered: dict[str, EntryPoint] = {point.name: point for point in entry_points(group=group)}

    def __contains__(self, name: str) -> bool:
        return name in self._ready or name in self._offered

    def __getitem__(self, name: str) -> Plugin:
        """Return what is called *name*; raise `KeyError` where there is none, and whatever a broken package raises."""
        if name not in self._ready:
            loaded = self._offered[name].load()
            self._ready[name] = cast("Any", loaded() if isinstance(loaded, type) else loaded)
        return self._ready[name]

    def names(self) -> list[str]:
        """The names of all, sorted."""
        return sorted(self._ready.keys() | self._offered.keys())


class Actions(Plugins[Action]):
    """The actions that an engine can perform, by name; see `Plugins`."""

    def __init__(self, given: Mapping[str, Action] | None = None, group: str = GROUP) -> None:
        super().__init__(given, group, "actions")


def _refuse_uncallable(given: Mapping[str, object], what: str) -> None:
    """Raise `DefinitionError` for plugins that are no functions."""
    mute = [
        f'{what}: "{name}" is {action!r:.60}, which cannot be called; give a function'
        for name, action in given.items()
        if not callable(action)
    ]
    if mute:
        raise DefinitionError(mute)
