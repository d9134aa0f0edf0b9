"""What an engine runs: its journeys and its catalog, compiled once, and the older versions that enrollments are pinned to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from journeykit.codec import definition_hash, journey_from_text, journey_text
from journeykit.core.checks.problems import problems
from journeykit.core.compiling.compiler import CompiledJourney
from journeykit.core.compiling.index import Compiled, compile_checked, compile_journeys
from journeykit.core.definitions.extensions import Extensions
from journeykit.core.definitions.survey import Survey
from journeykit.errors import DefinitionError, StorageError, UnknownError
from journeykit.model.conditions import Expression
from journeykit.model.customer import Catalog
from journeykit.model.journey import Do, Journey, Start
from journeykit.model.phrases import Aggregate, suggestion
from journeykit.model.records import Enrollment
from journeykit.model.shapes import misshapen
from journeykit.ports import Storage, Timer, Trigger
from journeykit.runtime.plugins import extensions_of

Definition = Journey | Catalog


def check(
    definitions: Definition | Iterable[Definition],
    actions: Iterable[str] | None = None,
    policies: Iterable[str] | None = None,
    *,
    triggers: Mapping[str, Trigger] | None = None,
    timers: Mapping[str, Timer] | None = None,
) -> tuple[str, ...]:
    """
    Find everything that is wrong with the journeys of an engine.

    Args:
        definitions: journeys and catalogs, as an engine takes them.
        actions: the names of the actions there are; None leaves them to the catalog.
        policies: the names of the host's policies; None leaves them unchecked.
        triggers: those that an engine would be given besides installed ones.
        timers: the same.

    Returns:
        One line for each problem: journey, place, what is wrong and the way out; nothing where an engine would take them.

    Raises:
        DefinitionError: two catalogs contradict each other.
    """
    values = each(definitions)
    if wrong := _misshapen(values):
        return tuple(wrong)
    journeys = [value for value in values if isinstance(value, Journey)]
    catalog = merged(value for value in values if isinstance(value, Catalog))
    given, named = (None if names is None else list(names) for names in (actions, policies))
    return tuple(problems(journeys, catalog, given, extensions_of(triggers, timers), named))


class Definitions:
    """
    The compiled definitions of an engine.

    Args:
        definitions: journeys and catalogs; several catalogs are merged.
        storage: where older versions are kept that enrollments are pinned to.
        actions: the names of the actions there are; None where this engine performs none.
        extensions: the triggers and timers that there are; installed ones where not said.
        policies: the names of the host's policies; None where this engine performs nothing.

    Attributes:
        compiled: what decisions are made with.
        together: whether what is decided for one customer can concern others, so that their order matters.

    Raises:
        DefinitionError: with every problem that was found.
    """

    def __init__(
        self,
        definitions: Definition | Iterable[Definition],
        storage: Storage,
        actions: Iterable[str] | None = None,
        extensions: Extensions | None = None,
        policies: Iterable[str] | None = None,
    ) -> None:
        storage_of(storage)
        values = each(definitions)
        if wrong := _misshapen(values):
            raise DefinitionError(wrong)
        self.catalog = merged(value for value in values if isinstance(value, Catalog))
        journeys = [value for value in values if isinstance(value, Journey)]
        self._current = [(definition_hash(journey), journey_text(journey), journey) for journey in journeys]
        self._storage = storage
        self._actions = None if actions is None else list(actions)
        self._extensions = extensions_of() if extensions is None else extensions
        self._policies = None if policies is None else list(policies)
        self._foreign: dict[str, str] = {}  #: versions that this release cannot read, and why
        self._then: dict[tuple[str, ...], Compiled] = {}  #: what decisions were made with while other versions were current
        self.compiled: Compiled = self._compile()

    def _compile(self) -> Compiled:
        current = {digest for digest, _, _ in self._current}
        older = []
        for digest, _, text in self._storage.definitions():
            if digest not in current:
                try:
                    older.append((digest, text, journey_from_text(text)))
                except DefinitionError as error:  # a later release wrote it; those who are on it have to wait for one
                    self._foreign[digest] = error.problems[0]
        self._then.clear()
        compiled = compile_journeys(self._current, self.catalog, older, self._actions, self._extensions, self._policies)
        self.together = any(one.measured or _concerns_others(one.journey) for one in compiled.definitions.values())
        return compiled

    def version(self, journey: str, digest: str) -> CompiledJourney:
        """
        One version of a journey.

        Raises:
            UnknownError: nobody was ever on it, and it is not the current one.
        """
        known = {one.hash: one for one in self.compiled.definitions.values() if one.name == journey}
        if digest not in known:
            raise UnknownError(f"{journey}: nobody knows version {digest}; there are {', '.join(sorted(known)) or 'none'}")
        return known[digest]

    def in_force(self, versions: Mapping[str, str]) -> Compiled:
        """
        What decisions were made with while other versions were current.

        Args:
            versions: the hash of each journey whose version is another one than now; one that nobody knows any more is left as it is.
        """
        known = self.compiled.definitions
        then = {name: known[versions[name]] if versions.get(name) in known else one for name, one in self.compiled.journeys.items()}
        then |= {name: known[digest] for name, digest in versions.items() if name not in then and digest in known}
        if all(one is self.compiled.journeys.get(name) for name, one in then.items()):
            return self.compiled
        current = {one.hash: (one.hash, one.text, one.journey) for one in then.values()}
        found = self._then.get(tuple(current))
        if found is None:
            older = [(one.hash, one.text, one.journey) for one in known.values() if one.hash not in current]
            found = self._then[tuple(current)] = compile_checked([*current.values()], self.catalog, older, self._extensions)
        return found

    def actions(self) -> set[str]:
        """The names of all actions that some version of some journey may ask for."""
        return {name for one in self.compiled.definitions.values() for name in asked(one.journey)}

    def learn(self, digest: str) -> None:
        """
        Compile again with what other processes have stored meanwhile.

        Raises:
            UnknownError: *digest* is not among it, or this release cannot read it.
        """
        if digest not in self._foreign:
            self.compiled = self._compile()
        if digest in self._foreign:
            raise UnknownError(f"this release cannot read definition {digest} ({self._foreign[digest]}); a later one wrote it, and can")
        if digest not in self.compiled.definitions:
            raise UnknownError(f"definition {digest} of an enrollment is not in the storage; restore the table of definitions")

    def learn_all(self, enrollments: Iterable[Enrollment]) -> None:
        """Learn the definitions of *enrollments* that are not known yet; asking costs next to nothing where all are."""
        known = self.compiled.definitions
        for enrollment in enrollments:
            if enrollment.definition not in known and enrollment.active and enrollment.definition not in self.compiled.definitions:
                self.learn(enrollment.definition)

    def learn_these(self, digests: Iterable[str]) -> None:
        """Learn definitions that a customer's past names, as far as the storage has them."""
        if any(digest not in self.compiled.definitions for digest in digests):
            self.compiled = self._compile()

    def check(self, journey: str) -> None:
        """Raise `UnknownError` where there is no journey of that name."""
        known = self.compiled.journeys
        if not isinstance(journey, str):
            raise UnknownError(f"{journey!r:.60} is no name of a journey; there are {', '.join(sorted(known)) or 'none'}")
        if journey not in known:
            raise UnknownError(f'no journey "{journey}"; there are {", ".join(sorted(known)) or "none"}{suggestion(journey, known)}')

    def heard(self) -> set[str]:
        """The events that something listens to."""
        compiled = self.compiled
        signals = {signal for one in compiled.definitions.values() for signal in one.signals}
        signals |= {entry.signal for one in compiled.journeys.values() for entry in one.entries if isinstance(entry.signal, str)}
        return {name for name in {*signals, *compiled.facts.by_event, *self.catalog.events} if name[:1] not in ("~", "$")}


def each(given: object) -> list[Any]:
    """What is *given*, one by one; what cannot be gone through, or is a text, is one by itself, and refused where definitions are wanted."""
    return list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]


def _misshapen(values: Iterable[object]) -> list[str]:
    """What is no definition, or holds something that may not stand where it does."""
    return [problem for value in values for problem in _wrong(value)]


def _wrong(value: object) -> Iterable[str]:
    if isinstance(value, (Journey, Catalog)):
        return misshapen(value)
    return (f'{value!r:.60} is no journey and no catalog; give a list of them, for example load("journeys/")',)


def storage_of(value: Storage) -> Storage:
    """
    Return *value*.

    Raises:
        StorageError: it is no storage.
    """
    if not callable(getattr(value, "definitions", None)):
        raise StorageError(f'{value!r:.60} is no storage; give one that is made, for example SQLiteStorage("shop.db")')
    return value


def acts(journey: Journey) -> Iterator[Do | Start]:
    """Everything that *journey* may ask for."""
    return (act.do for act in Survey(journey).acts)


def _concerns_others(journey: Journey) -> bool:
    """Whether it starts a journey for another customer, or takes of what all share."""
    survey = Survey(journey)
    return any(isinstance(act.do, Start) and act.do.customer for act in survey.acts) or any(move.move.take for move in survey.moves)


def asked(journey: Journey) -> set[str]:
    """The names of all actions that *journey* may ask for."""
    return {do.action for do in acts(journey) if isinstance(do, Do)}


def _written(value: object) -> str:
    """What a catalog says, as its author wrote it."""
    return repr(value.text if isinstance(value, (Aggregate, Expression)) else value)


def merged(catalogs: Iterable[Catalog]) -> Catalog:
    """
    One catalog that says what all of *catalogs* say.

    Raises:
        DefinitionError: two of them say different things of one name.
    """
    parts: dict[str, dict[str, object]] = {"events": {}, "traits": {}, "facts": {}, "segments": {}, "actions": {}}
    problems = []
    several = list(catalogs)
    for catalog in several:
        for part, known in parts.items():
            for name, value in getattr(catalog, part).items():
                if known.setdefault(name, value) != value:
                    problems.append(f'{part}: "{name}" is declared as {_written(known[name])} and as {_written(value)}; keep one')
    if problems:
        raise DefinitionError(problems)
    policies = dict.fromkeys(policy for catalog in several for policy in catalog.policies)
    holidays = dict.fromkeys(day for catalog in several for day in catalog.holidays)
    return Catalog(**parts, policies=tuple(policies), holidays=tuple(holidays))  # type: ignore[arg-type]
