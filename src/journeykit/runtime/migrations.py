"""A migration beside the definitions and those who stand on them: checked, named in full, and put one behind the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from attrs import evolve, frozen

from journeykit.codec import load_migrations, migration
from journeykit.core.deciding.migrating import Passage
from journeykit.errors import DefinitionError, UnknownError
from journeykit.model.migrations import Migration, chains
from journeykit.runtime.definitions import Definitions

Given = str | Path | Mapping[str, Any] | Migration  #: a file or a folder, or what would stand in a file


class Fate(NamedTuple):
    """
    What a migration means for those who stand in one step of one version.

    Attributes:
        journey, definition, step: where they stand.
        number: how many enrollments.
        becomes: ``moves``, ``stays`` (on the version they are on) or ``nowhere`` (they could go nowhere).
        target, to: the version they come to, and what their step is called there.
        reason: why they could go nowhere.
    """

    journey: str
    definition: str
    step: str
    number: int
    becomes: str
    target: str | None = None
    to: str | None = None
    reason: str | None = None


@frozen
class Rehearsal:
    """
    What a migration would do; nothing has been changed.

    Attributes:
        fates: for each occupied step of each version of the journeys concerned, but for the versions that are come to.
        broken: how many enrollments hold data that the migration cannot change, and *why* the first of them.
    """

    fates: tuple[Fate, ...]
    broken: int = 0
    why: str | None = None

    def count(self, becomes: str) -> int:
        """How many enrollments move, stay or could go nowhere."""
        return sum(fate.number for fate in self.fates if fate.becomes == becomes)

    @property
    def refusals(self) -> tuple[str, ...]:
        """Why the migration is refused; nothing where it is not."""
        return tuple(f'{one.journey} {one.definition}: {one.number} in step "{one.step}": {one.reason}' for one in self.fates if one.becomes == "nowhere")  # fmt: skip


@frozen
class Moved:
    """
    What became of a migration, or of its undoing.

    Attributes:
        moved: how many enrollments were brought to the other version.
        left: how many are still where they were: those that may stay, and those that could not go.
        on: of an undoing, how many have moved on since, and so were left.
        broken: how many hold data that cannot be changed, and *why* the first of them.
        stopped: whether it was told to stop before its end.
    """

    moved: int = 0
    left: int = 0
    on: int = 0
    broken: int = 0
    why: str | None = None
    stopped: bool = False


def read(given: Iterable[Given]) -> list[Migration]:
    """
    The migrations of files, folders and plain values.

    Raises:
        DefinitionError: with every problem found.
    """
    found: list[Migration] = []
    problems: list[str] = []
    for one in given:
        try:
            found += load_migrations(one) if isinstance(one, (str, Path)) else [migration(one)]
        except DefinitionError as error:
            problems += error.problems
    if problems:
        raise DefinitionError(problems)
    return found


class Plan:
    """
    Migrations put one behind the other, with the versions that they lead from and to.

    Args:
        definitions: those of the engine, and of the storage.
        given: migrations, see `read`.
        functions: the names of the functions that there are; None where none is called.

    Attributes:
        ways: by journey and version, the migration that leads those who are on it to the last one.

    Raises:
        DefinitionError: with every problem of them.
        UnknownError: no version begins like that.
    """

    def __init__(self, definitions: Definitions, given: Iterable[Given], functions: Iterable[str] | None = None) -> None:
        self._definitions = definitions
        named = [self._named(one) for one in read(given)]
        problems = [
            f"{one.journey}: {problem}"
            for one in named
            for problem in self._problems(one, None if functions is None else frozenset(functions))
        ]
        if not named:
            problems.append("no migration; name a file of them, for example cart.migration.yaml")
        if problems:
            raise DefinitionError(problems)
        self.ways: dict[tuple[str, str], Migration] = chains(named)
        for one in self.ways.values():
            definitions.version(one.journey, one.target)

    def _named(self, one: Migration) -> Migration:
        """With whole hashes, as far as they are known; what lies between two others need not be."""
        return evolve(one, origin=self._whole(one.journey, one.origin), target=self._whole(one.journey, one.target))

    def _whole(self, journey: str, digits: str) -> str:
        found = [
            digest
            for digest, known in self._definitions.compiled.definitions.items()
            if known.name == journey and digest.startswith(digits)
        ]
        if len(found) > 1:
            raise UnknownError(f"{journey}: {len(found)} versions begin with {digits}: {', '.join(sorted(found))}; write more digits")
        if not found and len(digits) < 16:
            raise UnknownError(f"{journey}: no version begins with {digits}; journeykit versions shows those that there are")
        return found[0] if found else digits

    def _problems(self, one: Migration, functions: frozenset[str] | None) -> Iterator[str]:
        known = self._definitions.compiled.definitions
        for setting in one.set:
            if isinstance(setting, str) and functions is not None and setting not in functions:
                yield f'set: no function "{setting}"; there are {", ".join(sorted(functions)) or "none"}'
        if one.origin in known and one.target in known:
            yield from Passage.of(known[one.origin], known[one.target], one).problems()

    def passage(self, journey: str, origin: str) -> Passage:
        """From version *origin* to the last one."""
        way, known = self.ways[journey, origin], self._definitions.compiled.definitions
        return Passage.of(known[origin], known[way.target], way)

    def fates(self, occupied: Iterable[tuple[str, str, str, int]]) -> Iterator[Fate]:
        """What becomes of those who stand in each step; who is there already is none of them."""
        there = {(journey, way.target) for (journey, _), way in self.ways.items()}
        journeys = {journey for journey, _ in there}
        for journey, digest, step, count in occupied:
            if journey in journeys and (journey, digest) not in there:
                yield self._fate(journey, digest, step, count)

    def _fate(self, journey: str, digest: str, step: str, count: int) -> Fate:
        way = self.ways.get((journey, digest))
        if way is None or way.step(step) is None:
            return Fate(journey, digest, step, count, "stays")
        reasons = list(self.passage(journey, digest).stranded(step))
        if reasons:
            return Fate(journey, digest, step, count, "nowhere", way.target, None, "; ".join(reasons))
        return Fate(journey, digest, step, count, "moves", way.target, way.step(step))
