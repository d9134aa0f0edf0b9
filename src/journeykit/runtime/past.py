"""Which versions a customer went through, read off their history: for telling it, and for deciding it again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from journeykit.core.compiling.compiler import CompiledJourney
from journeykit.core.compiling.index import Compiled
from journeykit.model.records import Enrollment, HistoryEntry
from journeykit.runtime.definitions import Definitions

Place = tuple[str, str, int]  #: journey, key and number of an enrollment
Changes = Sequence[tuple[int, Compiled]]  #: from a moment on other versions were current


class Past:
    """
    The versions of one customer's enrollments.

    Args:
        definitions: those of the engine; what the past names is learnt.
        history: the customer's.
        enrollments: as they are now; what a history of an earlier release does not say is theirs.
    """

    def __init__(self, definitions: Definitions, history: Sequence[HistoryEntry], enrollments: Iterable[Enrollment]) -> None:
        self._definitions = definitions
        self._pinned = {(e.journey, e.key, e.number): e.definition for e in enrollments}
        self._since: dict[Place, list[tuple[int, str]]] = {}
        self._entries = [entry for entry in history if entry.kind in ("entered", "migrated")]
        for entry in self._entries:
            if (digest := self._entered(entry)) is not None:
                self._since.setdefault(_place(entry), []).append((entry.seq, digest))
        definitions.learn_these(self.hashes())

    def hashes(self) -> frozenset[str]:
        """Every version that the customer was on."""
        return frozenset(digest for several in self._since.values() for _, digest in several)

    def _entered(self, entry: HistoryEntry) -> str | None:
        if entry.kind == "migrated":
            return str(entry.reason).rpartition(" to ")[2]
        return entry.reason or self._pinned.get(_place(entry))

    def version(self, entry: HistoryEntry, *, before: bool = False) -> CompiledJourney | None:
        """The version that an entry of the history is about; of a migration the new one, or the one *before*. None where it is lost."""
        if before and entry.kind == "migrated":
            digest: str | None = str(entry.reason).partition(" to ")[0]
        else:
            since = [digest for seq, digest in self._since.get(_place(entry), ()) if seq <= entry.seq]
            digest = since[-1] if since else self._pinned.get(_place(entry))
        compiled = self._definitions.compiled
        return compiled.definitions.get(digest or "") or compiled.journeys.get(entry.journey)

    def in_force(self) -> tuple[Compiled, Changes]:
        """What the customer's first decisions were made with, and what with later: of each journey the version that they entered."""
        entered = [
            (entry.at, entry.journey, digest) for entry in self._entries if entry.kind == "entered" and (digest := self._entered(entry))
        ]
        versions: dict[str, str] = {}
        for _, journey, digest in entered:
            versions.setdefault(journey, digest)
        first, changes = self._definitions.in_force(versions), []
        for at, journey, digest in entered:
            if versions[journey] != digest:
                versions[journey] = digest
                changes.append((at, self._definitions.in_force(versions)))
        return first, changes


def _place(entry: HistoryEntry) -> Place:
    return entry.journey, entry.key, entry.number
