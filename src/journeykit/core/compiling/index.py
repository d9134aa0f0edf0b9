"""All journeys of an engine together: which of them a signal concerns, so that the others are not even read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any

from attrs import define, field, frozen

from journeykit.core.checks.problems import problems
from journeykit.core.compiling.compiler import CompiledJourney, Machine, compile_journey, machine_of
from journeykit.core.compiling.planner import every_on
from journeykit.core.compiling.plans import CompiledEntry, as_key
from journeykit.core.compiling.policies import Chain, Lane, compile_policies, lanes_of
from journeykit.core.definitions.extensions import Extensions
from journeykit.core.definitions.objects import Subject, subjects
from journeykit.core.definitions.survey import Survey
from journeykit.core.expressions.context import Context
from journeykit.core.expressions.expressions import MISSING
from journeykit.core.facts.changes import watchers as changes
from journeykit.core.facts.facts import FactTable, Fold
from journeykit.core.facts.schedules import watchers as schedule_watchers
from journeykit.core.facts.segments import SegmentTable
from journeykit.core.facts.watchers import Watch, Watcher
from journeykit.errors import ConditionError, DefinitionError
from journeykit.model.customer import Catalog
from journeykit.model.journey import Journey
from journeykit.model.messages import Event
from journeykit.model.quotas import Take
from journeykit.model.records import Facts

Definition = tuple[str, str, Journey]  #: content hash, canonical text, journey
Key = tuple[str, str | None]  #: journey, and key; a key of None stands for all of that journey
_NOBODY = Facts()


@frozen
class Concern:
    """
    What one signal concerns.

    Attributes:
        folds: the declared facts it is folded into.
        offers: journeys whose active enrollments it is offered to.
        entries: entries it may open, in order of definition.
        lists: journeys whose enrollments are the records of the list that has changed.
        needs: journeys whose rows a decision on it reads.
        watchers: segments, schedules and dates that read what it changes.
        since: the facts that enrollments count since their entry, and the journeys that read them; nothing where there is none.
        plain: it is an event of the host's that is offered to enrollments, and nothing else follows from it.
    """

    folds: list[Fold]
    offers: frozenset[str]
    entries: tuple[tuple[CompiledJourney, CompiledEntry], ...]
    lists: tuple[CompiledJourney, ...]
    needs: frozenset[str]
    watchers: tuple[Watcher, ...] = ()
    since: tuple[list[Fold], frozenset[str]] | None = None
    plain: bool = False


@define(slots=True, eq=False)
class Compiled:
    """
    Every journey of an engine, compiled.

    Attributes:
        journeys: the current version of each journey, in order of definition.
        definitions: current and older versions, by content hash; an enrollment stays on the one it entered with.
        facts: the declared aggregates.
        concerns: what was worked out of each signal so far, see `concern`.
        subjects: the events about objects, and how those who wait for one are told.
        watched: what rules without a signal read of where the customer is: ``active.cart``.
        takes: the shared numbers, by name, with the zone whose calendar counts.
        listening: whether some journey waits for events about objects.
        measures: for each event the experiments whose better arm it makes.
        asking: for each journey that asks whether the customer is in others: which.
        chain: the policies of the catalog.
        lanes: of each journey that is in one.
        holidays: days that are no business days.
        stamped: some policy looks at what is asked for as soon as it is.
        watch: the segments, schedules and dates that somebody waits for; None where nobody does.
    """

    journeys: dict[str, CompiledJourney]
    definitions: dict[str, CompiledJourney]
    facts: FactTable
    concerns: dict[str, Concern]
    subjects: dict[str, Subject]
    chain: Chain = field(factory=Chain)
    lanes: dict[str, Lane] = field(factory=dict)
    watch: Watch | None = None
    holidays: frozenset[date] = frozenset()
    watched: frozenset[str] = field(init=False)
    asking: dict[str, frozenset[str]] = field(init=False)
    takes: dict[str, tuple[Take, str]] = field(init=False)
    listening: bool = field(init=False)
    measures: dict[str, tuple[str, ...]] = field(init=False)
    stamped: bool = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.watched = frozenset(path for one in self.definitions.values() for path in one.reads if path.startswith("active."))
        journeys = [one.journey for one in self.journeys.values()]
        moves = [(journey, move.move.take) for journey in journeys for move in Survey(journey).moves]
        self.takes = {take.name: (take, journey.zone or "UTC") for journey, take in moves if take is not None}
        self.listening = any(one.interests for one in self.definitions.values())
        self.stamped = bool(self.chain.holdouts) or self.chain.household is not None
        self.measures = {}
        for experiment, event in {name: event for one in self.definitions.values() for name, event in one.measured.items()}.items():
            self.measures[event] = (*self.measures.get(event, ()), experiment)
        self.asking = {}
        for one in self.definitions.values():
            if one.asks:
                self.asking[one.name] = self.asking.get(one.name, frozenset()) | one.asks
        for name, lane in self.lanes.items():
            self.asking[name] = self.asking.get(name, frozenset()) | lane.members

    def concern(self, signal: str) -> Concern:
        """What a signal of that name concerns; worked out once for each name."""
        found = self.concerns.get(signal)
        if found is None:
            found = self.concerns[signal] = self._work_out(signal)
        return found

    def concerned(self, event_name: str) -> frozenset[str]:
        """The journeys whose rows a decision on an event of that name reads."""
        return self.concern(event_name).needs

    def readers(self, path: str) -> frozenset[str]:
        """The journeys with rules that may come true when ``customer.plan`` or the like changes, without any other signal."""
        return self.concern(f"~changed {path}").needs

    def _work_out(self, signal: str) -> Concern:
        path = signal.removeprefix("~changed ") if signal.startswith("~changed ") else None
        folds = [] if path else self.facts.by_event.get(signal, [])
        counted = [] if path else self.facts.since.get(signal, [])
        counting = self.counting({fold.name for fold in counted})
        fed = {path} if path else {f"customer.{fold.name}" for fold in (*folds, *counted)}
        if signal.startswith("~segment "):
            fed = {"segment." + signal.removeprefix("~segment ").removeprefix("not ")}
        offers = frozenset(c.name for c in self.definitions.values() if signal in c.signals or c.restless or fed & c.reads)
        entries = tuple((c, entry) for c in self.journeys.values() for entry in c.entries if entry.signal == signal)
        lists = tuple(c for c in self.journeys.values() if c.journey.each is not None and c.journey.each == path)
        listed = {c.name for c in self.definitions.values() if c.journey.each is not None and c.journey.each == path}
        needs = offers | {c.name for c, _ in entries} | listed | counting
        # Facts change with their events only, and are looked at then: a window may have moved although its value stays.
        told = self.watch is not None and not (path and path.removeprefix("customer.") in self.facts.readers)
        watchers = self.watch.reading(fed) if self.watch is not None and told else ()
        since = (counted, counting) if counting else None
        plain = not (signal.startswith("$") or folds or entries or lists or watchers or since or signal in self.measures)
        return Concern(folds, offers, entries, lists, needs | self.asked(needs), watchers, since, plain)

    def counting(self, names: Collection[str]) -> frozenset[str]:
        """The journeys whose enrollments count one of the facts *names* since their entry."""
        return frozenset(c.name for c in self.definitions.values() if c.since.intersection(names))

    def asked(self, journeys: Iterable[str]) -> frozenset[str]:
        """The journeys of which some rule of *journeys*, in whatever version, asks whether the customer is in them."""
        return frozenset().union(*(self.asking[name] for name in journeys if name in self.asking)) if self.asking else frozenset()

    def wants(self, event: Event) -> tuple[frozenset[str], tuple[Key, ...]]:
        """Which journeys' active rows, and which keys' rows of whatever state, a decision on *event* reads."""
        if event.name.startswith("$"):
            return self._wants_of_ours(event)
        concern = self.concern(event.name)
        if not concern.entries:
            return concern.needs, ()
        keys = dict.fromkeys((c.name, self._entry_key(c, entry, event)) for c, entry in concern.entries)
        return concern.needs, tuple((name, key) for name, key in keys if key is not MISSING)

    def _entry_key(self, journey: CompiledJourney, entry: CompiledEntry, event: Event) -> Any:
        if journey.journey.reentry.per_customer:
            return None
        return key_of(journey, entry, Context(event.customer_id, _NOBODY, event.at, event))

    def _wants_of_ours(self, event: Event) -> tuple[frozenset[str], tuple[Key, ...]]:
        given = event.properties
        if event.name == "$identify":
            paths = [f"customer.{name}" for name in given.get("traits") or ()] + [f"consent.{name}" for name in given.get("consent") or ()]
            paths += ["customer.zone"] if "zone" in given else []
            return self.concerned(event.name).union(*(self.readers(path) for path in paths)), ()
        if event.name == "$retry" and given.get("event"):
            inner = given["event"]
            return self.wants(
                Event(inner["name"], id="-", customer_id=event.customer_id, occurred_at=event.occurred_at, properties=inner["properties"])
            )
        name = given.get("journey") or ""
        journey = self.journeys.get(name)
        per_customer = journey is not None and journey.journey.reentry.per_customer
        return frozenset({name}), ((name, None if per_customer else given.get("key") or ""),)


def key_of(journey: CompiledJourney, entry: CompiledEntry, context: Context) -> Any:
    """The key that an entry would have: empty for a journey without keys, ``MISSING`` where the event has none."""
    key = entry.key or journey.key
    if key is None:
        return ""
    try:
        return as_key(key(context))
    except ConditionError:
        return MISSING


def compile_journeys(
    current: Sequence[Definition],
    catalog: Catalog | None = None,
    older: Iterable[Definition] = (),
    actions: Iterable[str] | None = None,
    extensions: Extensions | None = None,
    policies: Iterable[str] | None = None,
) -> Compiled:
    """
    Check and compile all journeys of an engine.

    Args:
        current: content hash, canonical text and value of each journey, in order of definition.
        catalog: the shop's vocabulary.
        older: versions that enrollments are still pinned to; they are compiled, not checked again.
        actions: the names of the actions there are; None leaves them unchecked.
        extensions: the triggers and timers that there are; none where not said.
        policies: the names of the host's policies; None leaves them unchecked.

    Raises:
        DefinitionError: with every problem found.
    """
    catalog, extensions = catalog or Catalog(), extensions or Extensions()
    given, named = (None if names is None else list(names) for names in (actions, policies))
    found = list(problems([journey for _, _, journey in current], catalog, given, extensions, named))
    if found:
        raise DefinitionError(found)
    return compile_checked(current, catalog, older, extensions)


def compile_checked(current: Sequence[Definition], catalog: Catalog, older: Iterable[Definition], extensions: Extensions) -> Compiled:
    """Compile journeys that were checked when they were current; see `compile_journeys`."""
    facts = FactTable(catalog)
    segments = SegmentTable(catalog, facts)
    known = segments.known
    compiled = {digest: compile_journey(journey, digest, text, catalog, known, extensions) for digest, text, journey in current}
    journeys = {one.name: one for one in compiled.values()}
    for digest, text, journey in older:
        if digest not in compiled:
            compiled[digest] = compile_journey(journey, digest, text, catalog, known._replace(older=True), extensions)
    watch = _watch(catalog, segments, facts, journeys.values(), compiled.values())
    chain = compile_policies(catalog.policies, known)
    return Compiled(journeys, compiled, facts, {}, subjects(catalog), chain, lanes_of(catalog.policies), watch, catalog.days_off)


def _watch(
    catalog: Catalog, segments: SegmentTable, facts: FactTable, current: Iterable[CompiledJourney], journeys: Iterable[CompiledJourney]
) -> Watch | None:
    """What somebody waits for, in order of definition."""
    journeys = list(journeys)
    heard = {signal for journey in journeys for signal in journey.signals}
    read = {path for journey in journeys for path in journey.reads}
    watched = [n for n in catalog.segments if {f"~segment {n}", f"~segment not {n}"} & heard or f"segment.{n}" in read]
    rules = ((on, one.journey) for one in journeys for on in every_on(one.journey))
    watchers = [
        *changes(facts, heard),
        *(segments.watcher(name) for name in watched),
        *schedule_watchers((one.journey for one in current), rules, segments),
    ]
    return Watch(watchers) if watchers else None


def machine(journey: Journey, catalog: Catalog | None = None, extensions: Extensions | None = None) -> Machine:
    """
    The ``transitions`` machine of a journey: its moves, for diagrams, for questions and as an oracle in tests.

    Trigger it with a model that has a ``state`` (``machine.events[name].trigger(model, context=...)``); it performs nothing.

    Raises:
        DefinitionError: with every problem of the journey.
    """
    catalog, extensions = catalog or Catalog(), extensions or Extensions()
    compile_journeys([("", "", journey)], catalog, extensions=extensions)
    return machine_of(journey, catalog, SegmentTable(catalog, FactTable(catalog)).known, extensions)
