"""Finding implementations: those that the host gives, and those that installed packages offer as entry points."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from journeykit.core.definitions.extensions import Extensions
from journeykit.errors import DefinitionError, JourneykitError, StorageError, UnknownError
from journeykit.ports import Action, Storage, Timer, Trigger

GROUP = "journeykit.actions"

Plugin = TypeVar("Plugin")


class Plugins(Mapping[str, Plugin], Generic[Plugin]):
    """
    Implementations of one kind, by name.

    Packages offer theirs as entry points: a function or an object that can be called, or a class that is then made without
    arguments. One is imported when first needed, so that a broken package costs only what it offers, and the list of what is
    installed is not even read where the host gives everything that is asked for.

    Args:
        given: those of the host; they win over installed ones of the same name.
        group: the entry point group in which packages offer theirs.
        what: what they are, for errors: ``actions``.

    Raises:
        DefinitionError: what was given cannot be called.
    """

    def __init__(self, given: Mapping[str, Plugin] | None, group: str, what: str) -> None:
        self._group = group
        self._kind = "policy" if what == "policies" else what.removesuffix("s")
        if given is not None and not isinstance(given, Mapping):
            raise DefinitionError(f"{what}: {given!r:.60} is no mapping; give each by its name, as {{'name': function}}")
        self._ready: dict[str, Plugin] = dict(given or {})
        mute = [(name, plugin) for name, plugin in self._ready.items() if not callable(plugin)]
        if mute:
            raise DefinitionError([f'{what}: "{name}" is {plugin!r:.60}, which cannot be called; give a function' for name, plugin in mute])

    @cached_property
    def _offered(self) -> dict[str, list[EntryPoint]]:
        found: dict[str, list[EntryPoint]] = {}
        for point in _installed(self._group, tuple(sys.path)):
            found.setdefault(point.name, []).append(point)
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._ready or name in self._offered

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._ready, *self._offered]))

    def __len__(self) -> int:
        return len(self._ready.keys() | self._offered.keys())

    def __getitem__(self, name: str) -> Plugin:
        """
        Return the one called *name*.

        Raises:
            KeyError: there is none.
            DefinitionError: its package cannot be loaded, or several packages offer one of that name.
        """
        if name not in self._ready:
            self._ready[name] = self._loaded(self._offered[name])
        return self._ready[name]

    def names(self) -> list[str]:
        """The names of all, sorted."""
        return sorted(self)

    def _loaded(self, points: list[EntryPoint]) -> Plugin:
        owners = sorted({_package(point) for point in points})
        what = f'{self._kind} "{points[0].name}" of {" and of ".join(owners)}'
        if len(owners) > 1:
            raise DefinitionError(f"{what}: more than one package offers it; uninstall one, or give the engine the one you mean")
        try:
            loaded = points[0].load()
            plugin = self._made(loaded)
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            raise DefinitionError(f"{what} cannot be loaded from {points[0].value} ({why}); mend or uninstall it") from error
        if not callable(plugin):
            raise DefinitionError(f"{what} is {plugin!r:.60}, which cannot be called; let {points[0].value} be a function")
        return plugin

    def _made(self, loaded: Any) -> Plugin:
        """What is called in the end: an object made of a class, and all else as it is."""
        plugin: Plugin = loaded() if isinstance(loaded, type) else loaded
        return plugin


@cache
def _installed(group: str, path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """What packages on *path* offer: read once for all engines of a process, since it takes longer than to compile a journey."""
    return tuple(entry_points(group=group))


def _package(point: EntryPoint) -> str:
    return f"package {point.dist.name} {point.dist.version}" if point.dist else "a package"


class Actions(Plugins[Action]):
    """The actions that an engine can perform, by name; see `Plugins`."""

    def __init__(self, given: Mapping[str, Action] | None = None, group: str = GROUP) -> None:
        super().__init__(given, group, "actions")


class Storages(Plugins[Callable[[str], Storage]]):
    """
    What opens a storage, by the first word of its address: ``postgres`` for ``postgres://...``.

    Packages offer a class or a function under the entry point group ``journeykit.storages``; it is given the address as it stands.
    """

    def __init__(self, given: Mapping[str, Callable[[str], Storage]] | None = None) -> None:
        super().__init__(given, "journeykit.storages", "storages")

    def _made(self, loaded: Any) -> Callable[[str], Storage]:
        opens: Callable[[str], Storage] = loaded
        return opens

    def open(self, address: str) -> Storage:
        """
        Open the storage at *address*, ``NAME://...``; no error shows more of it than the name, since passwords stand in addresses.

        Raises:
            UnknownError: no package offers one of that name.
            StorageError: it cannot be opened.
            DefinitionError: its package cannot be loaded.
        """
        name = address.partition("://")[0]
        if name not in self:
            known = ", ".join(self.names()) or "none"
            raise UnknownError(
                f'no storage "{name}"; there are {known}, and packages offer more under journeykit.storages; a file is one of SQLite'
            )
        opens = self[name]
        try:
            return opens(address)
        except JourneykitError:
            raise
        except Exception as error:
            raise StorageError(
                f"the {name} storage cannot be opened: {type(error).__name__}; look at its address and whether it runs"
            ) from error


def extensions_of(triggers: Mapping[str, Trigger] | None = None, timers: Mapping[str, Timer] | None = None) -> Extensions:
    """The triggers and timers that definitions can name: those given, and those that installed packages offer."""
    return Extensions(Plugins(triggers, "journeykit.triggers", "triggers"), Plugins(timers, "journeykit.timers", "timers"))
