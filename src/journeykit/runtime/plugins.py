"""Finding implementations: those that the host gives, and those that installed packages offer as entry points."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points

from journeykit.errors import DefinitionError
from journeykit.ports import Action

GROUP = "journeykit.actions"


class Actions:
    """
    The actions that an engine can perform, by name.

    Args:
        given: those of the host; they win over installed ones of the same name.
        group: the entry point group in which packages offer theirs. An entry point names a function or an object that can be
            called, or a class that is then made without arguments. It is imported when first needed, so that a broken package
            costs only its own action.

    Raises:
        DefinitionError: what was given cannot be called.
    """

    def __init__(self, given: Mapping[str, Action] | None = None, group: str = GROUP) -> None:
        self._ready: dict[str, Action] = dict(given or {})
        _refuse_uncallable(self._ready)
        self._offered: dict[str, EntryPoint] = {point.name: point for point in entry_points(group=group)}

    def __contains__(self, name: str) -> bool:
        return name in self._ready or name in self._offered

    def __getitem__(self, name: str) -> Action:
        """Return the action called *name*; raise `KeyError` where there is none, and whatever a broken package raises."""
        if name not in self._ready:
            loaded = self._offered[name].load()
            self._ready[name] = loaded() if isinstance(loaded, type) else loaded
        return self._ready[name]

    def names(self) -> list[str]:
        """The names of all, sorted."""
        return sorted(self._ready.keys() | self._offered.keys())


def _refuse_uncallable(given: Mapping[str, object]) -> None:
    """Raise `DefinitionError` for actions that are no functions."""
    mute = [
        f'actions: "{name}" is {action!r:.60}, which cannot be called; give a function'
        for name, action in given.items()
        if not callable(action)
    ]
    if mute:
        raise DefinitionError(mute)
