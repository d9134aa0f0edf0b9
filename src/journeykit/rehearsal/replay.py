"""A recorded past decided again: it comes out as it was recorded, or the first difference says where it does not (P12)."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

from attrs import frozen

from journeykit.core.deciding.customer import Customer
from journeykit.core.expressions.calendar import show
from journeykit.model.customer import Catalog
from journeykit.model.journey import Journey
from journeykit.model.records import Enrollment, Facts, HistoryEntry, Loaded, OutboxMessage, Want
from journeykit.ports import Storage
from journeykit.rehearsal.course import known
from journeykit.rehearsal.words import told_entry, told_message
from journeykit.runtime.definitions import Definitions, each
from journeykit.runtime.past import Past
from journeykit.runtime.why import EVER
from journeykit.runtime.why import replay as decided_again

Progress = Callable[[int], None]  #: told how many customers have been decided again


@frozen
class Difference:
    """
    Where a customer comes out otherwise for the first time.

    Attributes:
        customer_id: who.
        at: when, microseconds since 1970 UTC.
        recorded: what was recorded, in words; empty where nothing was.
        now: what is decided now; empty where nothing is.
        zone: the customer's time zone.
    """

    customer_id: str
    at: int
    recorded: str
    now: str
    zone: str = "UTC"

    def __str__(self) -> str:
        when = show(self.at, self.zone)
        return f"{when}  recorded: {self.recorded or 'nothing'}\n{when}  now:      {self.now or 'nothing'}"


@frozen
class Replayed:
    """
    What a replay came to.

    Attributes:
        customers: how many were decided again.
        differences: the first one of each customer who comes out otherwise.
        broken: versions in the database whose text is not what was kept under their number.
        left_out: customers whose facts were filled in later, so that what was known before cannot be told apart.
        others: journeys of which customers were only on other versions than the one given.
    """

    customers: int
    differences: tuple[Difference, ...]
    broken: tuple[str, ...] = ()
    left_out: int = 0
    others: tuple[str, ...] = ()

    @property
    def identical(self) -> bool:
        """Whether everything came out as it was recorded."""
        return not self.differences and not self.broken


def replay(
    definitions: Iterable[Journey | Catalog] | Journey,
    storage: Storage,
    customers: Iterable[str] | None = None,
    *,
    as_given: bool = False,
    progress: Progress | None = None,
    **options: Any,
) -> Replayed:
    """
    Decide again what a storage has recorded, and compare: history, actions asked for, and where everybody stands.

    Nothing is written. Each enrollment is decided with the version of its journey that it was on, which the storage keeps; what the
    catalog says, it does not keep.

    Args:
        definitions: journeys and catalogs as they were; or as they are to be, with *as_given*.
        storage: where the past is.
        customers: their ids; everybody where not said.
        as_given: decide everything with *definitions*, whichever version was current; that another version did it is no difference.
        progress: told how many have been decided again.
        options: what the host brings to an engine: ``triggers``, ``timers``.

    Raises:
        DefinitionError: the definitions are wrong.
        TypeError: *customers* is a text; one customer is a list of one.
    """
    if isinstance(customers, str):
        raise TypeError(f'customers: "{customers}" is a text; give a list: ["{customers}"]')
    values = each(definitions)
    compiled = known(values, storage, options)
    replaying = _Replaying(compiled, storage, as_given)
    done = left_out = 0
    differences: list[Difference] = []
    for customer_id in _everybody(storage) if customers is None else customers:
        found = replaying.customer(storage.identities(customer_id)[0])
        left_out += found is None
        differences += found or ()
        done += 1
        if progress is not None:
            progress(done)
    return Replayed(done, tuple(differences), tuple(_broken(storage)), left_out, () if as_given else tuple(_others(compiled, storage)))


def _everybody(storage: Storage) -> Iterator[str]:
    last = ""
    while page := storage.customers(last):
        yield from page
        last = page[-1]


def _broken(storage: Storage) -> Iterator[str]:
    """Versions whose text is another than the one that their number was made of."""
    for digest, name, text in storage.definitions():
        if hashlib.sha256(text.encode()).hexdigest()[:16] != digest:
            yield f"{name}, version {digest}: its text has been changed"


def _others(definitions: Definitions, storage: Storage) -> Iterator[str]:
    """Journeys of which nobody was on the version given, but somebody on another."""
    recorded = storage.definitions()
    for name, journey in definitions.compiled.journeys.items():
        versions = {digest for digest, one, _ in recorded if one == name}
        if versions and journey.hash not in versions:
            yield name


class _Account:
    """What became of one customer, as far as a replay can tell."""

    def __init__(
        self, history: Sequence[HistoryEntry], messages: Sequence[OutboxMessage], enrollments: Iterable[Enrollment], facts: Facts
    ) -> None:  # fmt: skip
        self.history = history
        self.messages = messages
        self.enrollments = {(e.journey, e.key): e for e in enrollments}
        self.facts = facts


class _Replaying:
    def __init__(self, definitions: Definitions, storage: Storage, as_given: bool) -> None:
        self._definitions = definitions
        self._storage = storage
        self._as_given = as_given

    def customer(self, customer_id: str) -> tuple[Difference, ...] | None:
        """The first difference of a customer, or nothing; None where they are left out."""
        storage = self._storage
        (loaded,) = storage.load_many([Want(customer_id, None)])
        snapshot = storage.snapshot(customer_id)
        start = None if snapshot is None else snapshot.loaded
        first = 0 if start is None else start.revision
        history = [entry for entry in storage.history(customer_id) if entry.seq > first]
        if any(entry.kind == "filled" for entry in history):
            return None
        messages = [row.message for row in storage.outbox(None, customer_id, sys.maxsize) if row.message.seq > first]
        recorded = _Account(history, messages, loaded.enrollments, loaded.facts)
        found = _first(recorded, self._again(loaded, start, history), _versionless if self._as_given else None, loaded.accepted_at)
        return () if found is None else (Difference(customer_id, *found, loaded.facts.zone or "UTC"),)

    def _again(self, loaded: Loaded, start: Loaded | None, history: Sequence[HistoryEntry]) -> _Account:
        self._definitions.learn_all(loaded.enrollments)
        past = Past(self._definitions, history, loaded.enrollments)
        compiled, changes = (self._definitions.compiled, ()) if self._as_given else past.in_force()
        events = self._storage.events(loaded.customer_id, EVER)
        commits = decided_again(compiled, loaded, events, None, changes, start)
        again = Customer(start or Loaded(loaded.customer_id, 0, 0, Facts(), [], []))
        for commit in commits:
            again.apply(commit)
        entries = [entry for commit in commits for entry in commit.history]
        messages = [message for commit in commits for message in commit.outbox]
        return _Account(entries, messages, again.enrollments.values(), again.facts)


def _versionless(value: Any) -> Any:
    """A value without the number of the version that it came from."""
    if isinstance(value, HistoryEntry) and value.kind == "entered":
        return value._replace(reason=None)
    if isinstance(value, Enrollment):
        value = value.copy()
        value.definition = ""
    return value


_Found = tuple[int, str, str]


def _first(recorded: _Account, now: _Account, plain: Callable[[Any], Any] | None, end: int) -> _Found | None:
    """The first thing that is not the same: in the history, else among the actions, else where the customer stands."""

    def same(one: Any, other: Any) -> bool:
        return bool(one == other if plain is None else plain(one) == plain(other))

    found = [*_lists(recorded.history, now.history, same, told_entry), *_lists(recorded.messages, now.messages, same, told_message)]
    if found:
        return min(found, key=lambda one: one[0])
    for place in dict.fromkeys((*recorded.enrollments, *now.enrollments)):
        one, other = recorded.enrollments.get(place), now.enrollments.get(place)
        if not same(one, other):
            return end, f"{' '.join(place).strip()}: {_standing(one, other)}", _standing(other, one)
    if recorded.facts != now.facts:
        return end, _known(recorded.facts, now.facts), _known(now.facts, recorded.facts)
    return None


def _lists(recorded: Sequence[Any], now: Sequence[Any], same: Callable[[Any, Any], bool], told: Callable[[Any], str]) -> Iterator[_Found]:
    """The first place in which two lists differ."""
    for one, other in zip_longest(recorded, now):
        if not same(one, other):
            at = min(found.at for found in (one, other) if found is not None)
            yield at, *_apart("" if one is None else told(one), "" if other is None else told(other), one, other)
            return


def _apart(told: str, other: str, one: Any, another: Any) -> tuple[str, str]:
    """Both in words; where the words are the same, with the value that is not."""
    if told != other:
        return told, other
    name = next(name for name in one._fields if getattr(one, name) != getattr(another, name))
    return tuple(f"{told} ({name} {getattr(each, name)!r})" for each in (one, another))  # type: ignore[return-value]  # two of them


def _standing(one: Any, other: Any) -> str:
    """What is particular to an enrollment beside another."""
    if one is None or other is None:
        return "is not there" if one is None else f"is {one.status} in {one.step}"
    names = (name for name in Enrollment.__slots__ if name != "waits")
    return ", ".join(f"{name} {getattr(one, name)!r}" for name in names if getattr(one, name) != getattr(other, name))


def _known(one: Facts, other: Facts) -> str:
    """What is known of a customer that is not known the same way beside."""
    names = ("zone", "stage", "consent", "traits", "values", "arms")
    return ", ".join(f"{name} {getattr(one, name)!r}" for name in names if getattr(one, name) != getattr(other, name))
