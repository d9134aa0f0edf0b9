"""
The promises once more, as a program: slow, plain, one customer at a time, and copied whole before every part of a signal.

Written from the text of the promises (P1 to P13, P15 to P18, P22, P26) and from nothing of core: it looks for timers by sorting all
of them, folds a fact anew over the whole log whenever it is read, and takes back what failed by going back to a copy.
`tests/agreement` runs random stories through this and through the core; where the two differ, the text decides.
"""

from __future__ import annotations

import copy
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from attrs import Factory, define

from journeykit.model.conditions import Expression, template_parts
from journeykit.model.customer import Catalog
from journeykit.model.journey import Do, Exit, Journey, On, Scope, Start, Step, Transition
from journeykit.model.messages import Event
from journeykit.model.phrases import Aggregate, Split
from journeykit.model.wait import Wait
from reference_lanes import Lanes
from reference_values import MISSING, Cannot, due, is_number, moment, plain, read_moment, value, walk, wall, written
from reference_watching import Watching, path_of

LIMIT = 100
KEPT_FOR = 3 * 86_400 * 1_000_000  #: how old a message may become that says nothing of it (P33)
Id = tuple[str, str, int]
Scopes = dict[str, tuple[int, int]]  #: by name when they were entered, and at which visit


class Endless(Exception):
    """More automatic transitions and raised signals than one decision may take: nothing of it is applied (P11)."""


# ---- a journey as a map


def is_signal(on: On | None) -> bool:
    """Whether *on* waits for something, and is not a condition alone."""
    return on is not None and bool(on.event or on.changed or on.segment or on.settled or on.every or on.after)


class Chart:
    """Where everything stands: what holds a step, what follows it, which stage it has, what its rules wait for and read."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self.facts: dict[str, Aggregate] = {}
        self.items: dict[str, Any] = {}
        self.above: dict[str, tuple[Scope, ...]] = {}
        self.following: dict[str, str | None] = {}
        self.stage: dict[str, str | None] = {}
        self.walk(journey.steps, (), journey.stage)
        self.start = self.first(journey.steps[0].name)

    def walk(self, steps: Sequence[Step | Scope], above: tuple[Scope, ...], stage: str | None) -> None:
        for place, item in enumerate(steps):
            stage = item.stage or stage
            self.items[item.name], self.above[item.name], self.stage[item.name] = item, above, stage
            self.following[item.name] = steps[place + 1].name if place + 1 < len(steps) else None
            if isinstance(item, Scope):
                self.walk(item.steps, (*above, item), stage)

    def first(self, name: str) -> str:
        """The step with which *name* begins."""
        item = self.items[name]
        return self.first(item.steps[0].name) if isinstance(item, Scope) else name

    def owner(self, name: str) -> Any:
        """The step or scope of that name; the journey itself has none."""
        return self.items[name] if name else self.journey

    def timers(self, name: str) -> list[tuple[str, Wait]]:
        """The timers of an owner: its wait, then those of its rules, each text once."""
        item = self.owner(name)
        found = [("wait", item.wait)] if name and item.wait else []
        for rule in (*getattr(item, "exits", ()), *item.when):
            if rule.on and rule.on.after and rule.on.after not in [wait for _, wait in found]:
                found.append(("after", rule.on.after))
        return found

    def measured(self) -> dict[str, str]:
        """The experiments of which the better arm is looked for, and the event that makes it the better one (P26)."""
        splits = [(item.then, name) for name, item in self.items.items() if isinstance(item.then, Split)]
        return {f"{self.journey.name}/{split.experiment or name}": split.measure for split, name in splits if split.measure}

    def scope_of(self, one: Step | Scope | Transition) -> str:
        """The scope in which an action stands: the innermost around its step, or the one whose own it is; nothing where there is none."""
        for name, item in self.items.items():
            if item is one or any(way is one for way in (*item.when, *(() if isinstance(item.then, Split) else item.then))):
                return name if isinstance(item, Scope) else self.above[name][-1].name if self.above[name] else ""
        return ""

    def rules(self) -> Iterator[On]:
        owners = [self.journey, *self.items.values()]
        yield from (rule.on for item in owners for rule in (*getattr(item, "exits", ()), *item.when) if rule.on)
        yield from (entry.on for entry in self.journey.entry)
        yield from [self.journey.goal.on] if self.journey.goal else []

    def reads(self) -> set[str]:
        """What a condition without a signal, or a timer that looks again, reads; of branches the last always holds, so nobody waits there."""
        alone = [on.where for on in self.rules() if not is_signal(on)]
        waits = [wait for name in ("", *self.items) for _, wait in self.timers(name) if wait.following or wait.missing == "wait"]
        alone += [wait.moment for wait in waits]
        paths = {".".join(str(part) for part in path[:2]) for expression in alone if expression for path in expression.paths}
        paths |= {f"customer.{fold.opening}" for name, fold in self.facts.items() if fold.opening and f"customer.{name}" in paths}
        return paths | ({"customer.zone"} if any(wait.civil for wait in waits) else set())

    def watches(self) -> set[str]:
        """The journeys of which a rule without a signal asks whether the customer is in them."""
        waits = [wait for name in ("", *self.items) for _, wait in self.timers(name) if wait.following or wait.missing == "wait"]
        alone = [on.where for on in self.rules() if not is_signal(on)] + [wait.moment for wait in waits]
        return {str(path[1]) for expression in alone if expression for path in expression.paths if path[0] == "active"}

    def windows(self, facts: dict[str, Aggregate]) -> bool:
        """Whether a condition that stands alone reads a fact over a window, which changes with time."""
        return any((fold := facts.get(path.removeprefix("customer."))) and (fold.rolling or fold.period) for path in self.reads())

    def concerned_by(self, name: str, changed: Iterable[str]) -> bool:
        """P17: event names and facts read find the enrollments that a signal concerns."""
        restless = any(path.split(".")[0] in ("now", "event", "signal") for path in self.reads()) or self.windows(self.facts)
        awaited = any((name and on.event == name) or on.changed in changed for on in self.rules())
        awaited = awaited or any(path_of(on, self.journey.zone) in changed for on in self.rules() if on.segment or on.every)
        return awaited or restless or not self.reads().isdisjoint(changed)


# ---- what is kept of a customer


@define
class Timer:
    owner: str  #: the name of a step or scope; nothing for the journey
    kind: str  #: wait, after
    wait: Wait
    due: int | None
    order: int
    level: int  #: step before scope before journey
    zone: str = "UTC"  #: that its rule was read in


@define
class Life:
    """An enrollment."""

    journey: str
    key: str
    number: int
    order: int
    entered_at: int
    status: str = "active"
    step: str = ""
    visit: int = 0
    step_at: int = 0
    scopes: Scopes = Factory(dict)
    data: dict[str, Any] = Factory(dict)
    timers: list[Timer] = Factory(list)
    marks: list[tuple[str, Exit]] = Factory(list)  #: exit rules that wait for the next action
    goal_at: int | None = None
    performed: int = 0
    performed_at: int | None = None
    ended_at: int | None = None
    reason: str | None = None
    held: int | None = None  #: since when time stands still in a lane
    stood: list[tuple[int, int]] = Factory(list)  #: when it stood still
    told_before: int = 0  #: how many events of the log were there when it was entered, the one that opened it included

    @property
    def id(self) -> Id:
        return self.journey, self.key, self.number


@define
class Signal:
    kind: str  #: event, timer, changed, start, held, occurred
    event: Event | None = None
    life: Id | None = None
    order: int | None = None  #: of the timer
    timer: Timer | None = None
    path: str = ""
    old: Any = None
    new: Any = None
    told: dict[str, Any] = Factory(dict)


@define
class Held:
    """An entry that waits before it is looked at (P16)."""

    journey: str
    key: str
    entry: int
    event: Event
    due: int
    order: int


@define
class State:
    zone: str | None = None
    stage: str | None = None
    consent: dict[str, Any] = Factory(dict)
    traits: dict[str, Any] = Factory(dict)
    arms: dict[str, str] = Factory(dict)
    log: list[tuple[Event, int]] = Factory(list)
    zones: list[str | None] = Factory(list)  #: the zone of the customer at each event of the log
    met: bool = False
    watched: dict[str, Any] = Factory(dict)  #: of segments whether inside, of schedules and dates what is armed and what has been
    lives: list[Life] = Factory(list)
    held: list[Held] = Factory(list)
    armed: int = 0
    queue: list[Signal] = Factory(list)
    actions: list[tuple[Any, ...]] = Factory(list)  #: at, journey, key, number, action, parameters, message, until when, visit
    moves: list[tuple[Any, ...]] = Factory(list)  #: at, kind, journey, key, number, from, to
    refused: list[tuple[Any, ...]] = Factory(list)  #: at, journey, key, why
    parked: list[tuple[Any, ...]] = Factory(list)  #: at, journey, key
    mail: list[tuple[Any, ...]] = Factory(list)  #: at, customer, journey, key, data
    notes: Counter[str] = Factory(Counter)  #: how often what happened, so that a test can ask for enough of it

    def copied(self) -> State:
        """A copy to go back to; what only ever grows at its end, and what nobody changes, is not taken apart."""
        growing = (self.log, self.zones, self.actions, self.moves, self.refused, self.parked, self.mail)
        memo: dict[int, Any] = {id(one): list(one) for one in growing}
        frozen = [event for event, _ in self.log]
        frozen += [timer.wait for life in self.lives for timer in life.timers] + [rule for life in self.lives for _, rule in life.marks]
        memo |= {id(one): one for one in frozen}
        return copy.deepcopy(self, memo)


# ---- one customer


class Reference(Watching, Lanes):
    """One customer under *journeys*: give it events with the moment of their acceptance, and look at `state`."""

    def __init__(
        self, customer_id: str, journeys: Sequence[Journey], catalog: Catalog | None = None, shared: dict[str, int] | None = None,
        once: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.shared = {} if shared is None else shared  #: what all customers have taken of each number
        self.once = {} if once is None else once  #: what was read once for all customers, and stays
        self.kinds = (catalog or Catalog()).actions
        self.holidays = (catalog or Catalog()).days_off
        self.lanes = [policy for policy in (catalog or Catalog()).policies if policy.kind == "lane"]
        self.holdouts = [policy for policy in (catalog or Catalog()).policies if policy.kind == "holdout"]
        self.customer_id = customer_id
        self.charts = {journey.name: Chart(journey) for journey in journeys}
        self.facts = (catalog or Catalog()).facts
        self.segments = (catalog or Catalog()).segments
        for chart in self.charts.values():
            chart.facts = self.facts
        self.watched = self.watch_for()
        self.known: set[str] = set()  #: what has changed within this signal
        self.state = State()
        self.seen: set[str] = set()
        self.now = self.passed = self.counted = 0
        self.signal = Signal("none")
        self.taken: set[Id] = set()

    # -- from outside

    def event(self, event: Event, at: int) -> None:
        """Accept and decide *event*; the same id again changes nothing (P28)."""
        if event.id in self.seen:
            self.state.notes["duplicated"] += 1
            return
        self.seen.add(event.id)
        at = max(at, self.passed + 1)
        self.pass_time(at)
        self.state.notes["tied"] += any(timer.due == at for life in self.active() for timer in life.timers)
        self.decide(Signal("event", event=event), at)

    def pass_time(self, until: int) -> None:
        """Fire what is due before *until*, each at its own moment (P3); what is due at that very instant waits (P4)."""
        while True:
            found: list[Any] = [
                (t.due, t.level, t.order, life.id) for life in self.active() if life.held is None for t in life.timers if t.due is not None
            ]
            found += [(held.due, 2, held.order, None) for held in self.state.held]
            found += self.coming(until)
            soon = sorted((each for each in found if each[0] < until), key=lambda each: each[:3])
            if not soon:
                return
            at, level, order, life = soon[0]
            self.state.notes["fired"] += 1
            if level == 3:
                self.decide(Signal("moment", path=life), at)
                continue
            self.decide(Signal("timer" if life else "held", life=life, order=order), at)

    def decide(self, signal: Signal, now: int) -> None:
        """One signal and all that it raises, first in first out, at the same moment; or nothing of it (P8, P11)."""
        self.now, self.counted = now, 0
        self.passed = now - 1 if signal.event else now  # a timer fires once its instant has passed, an event comes before that (P4)
        self.take_off(signal)
        before, shared = self.state.copied(), dict(self.shared)
        asked = len(self.state.actions)
        try:
            self.one(signal)
            self.watch(self.known)
            while self.state.queue:
                self.count()
                raised = self.state.queue.pop(0)
                if raised.kind != "timer" or self.take_off(raised):
                    self.one(raised)
                    self.watch(self.known)
        except Endless:
            self.state = before
            self.put_back(shared)
            self.state.notes["endless"] += 1
            self.state.parked.append((now, "", ""))
        self.hold_out(self.state.actions[asked:])

    def hold_out(self, actions: Sequence[tuple[Any, ...]]) -> None:
        """P34: whoever is asked for something that a holdout is about is drawn for it, once."""
        for policy in self.holdouts:
            arm = f"holdout/{policy.name}"
            meant = [one for one in actions if one[6] == "marketing" or one[4] in policy.channels]
            meant = [one for one in meant if not policy.channels or one[4] in policy.channels]
            meant = [one for one in meant if policy.about is None or one[5].get("topic") == policy.about]
            if meant and arm not in self.state.arms:
                self.state.arms[arm] = "held out" if self.point(arm, self.customer_id) < policy.percent else "treated"
                self.state.notes[self.state.arms[arm]] += 1

    def take_off(self, signal: Signal) -> bool:
        """Take a timer off its owner before it fires; False where it is there no more (P7)."""
        if signal.kind == "held":
            signal.told = {"held": next(held for held in self.state.held if held.order == signal.order)}
            self.state.held.remove(signal.told["held"])
        if signal.kind == "moment":
            self.come(signal.path)
            self.signal_waiting, self.state.queue = self.state.queue, []
        if signal.kind != "timer":
            return True
        life = self.life(signal.life)
        if life.held is not None:
            return False
        signal.timer = next((timer for timer in life.timers if timer.order == signal.order), None)
        if signal.timer:
            life.timers.remove(signal.timer)
        return signal.timer is not None

    def count(self) -> None:
        self.counted += 1
        if self.counted > LIMIT:
            raise Endless

    def one(self, signal: Signal) -> None:
        """One signal: what is known, then the enrollments that it concerns in order of entry, then entries (P8)."""
        self.signal, self.taken, self.known = signal, set(), set()
        if signal.kind == "moment":
            self.state.queue += self.signal_waiting
            return
        if signal.kind == "lane":
            self.line_up(signal.path)
            return
        if signal.kind == "changed":
            self.attempt("", "", lambda: self.follow_lists(signal))
        if not signal.event or signal.event.name != "$identify":
            self.meet()
        for one in [life.id for life in self.concerned(self.learn(signal))]:
            self.attempt(one[0], one[1], lambda one=one: self.part(self.life(one)))  # type: ignore[misc]
        event, told = signal.event, signal.told
        if event and event.name == "$enter":
            told = event.properties
        if signal.kind == "start" or (event and event.name == "$enter"):
            self.attempt(told["journey"], told["key"] or "", lambda: self.let_in(told["journey"], told["key"], dict(told["data"])))
        elif signal.kind == "held":
            held = told["held"]
            signal.event = held.event
            self.attempt(held.journey, "", lambda: self.look_at_entry(held.journey, held.key, held.entry))
        elif signal.kind in ("event", "changed", "occurred"):
            for name in self.charts:
                self.entries(name)
        if signal.kind == "changed":
            self.attempt_silently(lambda: self.let_records_in(signal))

    def learn(self, signal: Signal) -> tuple[str, set[str]]:
        """Take in what an event says about the customer (P22). Return its name and what it changed."""
        event = signal.event
        if event is None or signal.kind != "event":
            segment = {f"segment.{signal.path.removeprefix('segment ').removeprefix('not ')}"} if signal.kind == "occurred" else set()
            return "", {signal.path} | segment
        self.tally(event.name)
        before = {name: self.fact(fold) for name, fold in self.facts.items()}
        self.state.log.append((event, self.now))
        self.state.zones.append(self.state.zone)
        changed = {f"customer.{name}" for name, fold in self.facts.items() if fold.event == event.name}
        for name, old in before.items():
            fold = self.facts[name]
            if fold.event == event.name and not (fold.rolling or fold.period or fold.since_entry):
                self.raise_change(f"customer.{name}", old, self.fact(self.facts[name]))
        if event.name != "$identify":
            self.watch({f"customer.{name}" for name, fold in self.facts.items() if self.folded(fold, len(self.state.log) - 1) is not None})
        if event.name == "$identify":
            told = event.properties
            new = {"customer.zone": told["zone"]} if "zone" in told else {}
            new |= {f"consent.{name}": one for name, one in (told.get("consent") or {}).items()}
            new |= {f"customer.{name}": one for name, one in (told.get("traits") or {}).items()}
            self.first_words(new)
            changed |= {path for path, one in new.items() if self.know(path, one)}
            self.watch(self.known)
            self.known = set()
        return event.name, changed

    def concerned(self, about: tuple[str, set[str]]) -> list[Life]:
        signal, event = self.signal, self.signal.event
        if signal.kind == "timer":
            return [self.life(signal.life)]
        if event and event.name == "$exit":
            inside = self.inside(event.properties["journey"], event.properties["key"])
            if inside:
                self.end(inside, event.properties["reason"])
        if event and event.name == "$settled":
            return [life for life in self.active() if life.id == tuple(event.properties[name] for name in ("journey", "key", "number"))]
        if signal.kind in ("start", "held") or (event and event.name in ("$enter", "$exit")):
            return []
        return [life for life in self.active() if self.charts[life.journey].concerned_by(*about)]

    def attempt(self, journey: str, key: str, part: Callable[[], object]) -> None:
        """Do *part* whole, or not at all (P15)."""
        before, shared = self.state.copied(), dict(self.shared)
        try:
            part()
        except Cannot:
            self.state = before
            self.put_back(shared)
            self.state.notes["parked"] += 1
            self.state.parked.append((self.now, journey, key))

    def put_back(self, shared: dict[str, int]) -> None:
        self.shared.clear()
        self.shared.update(shared)

    def takes(self, life: Life, way: Transition) -> bool:
        """P26: whether one is left of what the move takes; whoever leaves instead takes none."""
        take = way.take
        if take is None:
            return True
        target = None if way.to is None else self.charts[life.journey].first(way.to) if way.to else ""
        if self.acts(life, target, way.do) and (life.marks or self.exit_that_holds(life, "next action")):
            return True
        here = moment(self.now).astimezone(ZoneInfo(self.charts[life.journey].journey.zone or "UTC"))
        monday = here.date() - timedelta(days=here.weekday())
        period = {None: "", "hour": f"{here:%m-%d %H %z}", "day": f"{here:%m-%d}", "week": f"{monday}", "month": f"{here:%m}"}[take.period]
        of = "" if take.per is None else named(self.worth(life, take.per))
        if of is None:
            self.state.notes["of nothing"] += 1
            return False
        number = f"{take.name} {period} {of}"
        left = self.shared.get(number, 0) < take.limit
        self.state.notes["granted" if left else "used up"] += 1
        self.state.notes["of one"] += bool(of) and not left
        if left:
            self.shared[number] = self.shared.get(number, 0) + 1
        return left

    def attempt_silently(self, part: Callable[[], object]) -> None:
        """What is no list has been parked already."""
        try:
            part()
        except Cannot:
            return

    def follow_lists(self, signal: Signal) -> None:
        """P25: data follows its record, and the enrollment goes with it."""
        listed = [life for life in self.active() if self.charts[life.journey].journey.each == signal.path]
        if not any(chart.journey.each == signal.path for chart in self.charts.values()):
            return
        old, new = records(signal.old if isinstance(signal.old, list) else None), records(signal.new)
        for one in [life.id for life in listed if old.get(life.key) != new.get(life.key)]:
            self.attempt(one[0], one[1], lambda one=one: self.follow_record(self.life(one), old, new))  # type: ignore[misc]

    def follow_record(self, life: Life, old: dict[str, Any], new: dict[str, Any]) -> None:
        record = new.get(life.key)
        self.state.notes["removed" if record is None else "followed"] += 1
        if record is None:
            self.end(life, "removed")
            return
        for name in old.get(life.key, {}):
            life.data.pop(name, None)
        life.data |= copy.deepcopy(record)
        self.move("stayed", life, life.step)
        self.settle(life)

    def let_records_in(self, signal: Signal) -> None:
        """P25: a record that appears lets in; one that has changed, where the customer may come again."""
        for name, chart in self.charts.items():
            if chart.journey.each != signal.path:
                continue
            old, new = records(signal.old if isinstance(signal.old, list) else None), records(signal.new)
            for key, record in new.items():
                again = chart.journey.reentry.rule != "once" and record != old.get(key)
                if not self.inside(name, key) and (key not in old or again):
                    data = copy.deepcopy({name: one for name, one in record.items() if one is not None})
                    self.attempt(name, key, lambda name=name, key=key, data=data: self.let_in(name, key, data))  # type: ignore[misc]

    def active(self) -> list[Life]:
        return sorted((life for life in self.state.lives if life.status == "active"), key=lambda life: life.order)

    def life(self, one: Id | None) -> Life:
        return next(life for life in self.state.lives if life.id == one)

    def inside(self, journey: str, key: str) -> Life | None:
        return next((life for life in self.active() if (life.journey, life.key) == (journey, key)), None)

    # -- what is known (P22)

    def know(self, path: str, new: Any) -> bool:
        """Change what is known; what really changed is a signal of its own."""
        root, _, name = path.partition(".")
        old = self.look(None, (root, name))
        if path in ("customer.zone", "customer.stage"):
            setattr(self.state, name, new)
        else:
            (self.state.consent if root == "consent" else self.state.traits)[name] = new
        changed = self.raise_change(path, old, new)
        for begun, fold in self.facts.items():
            if changed and fold.opening == name and root == "customer":
                self.raise_change(f"customer.{begun}", self.opened(fold, old), self.opened(fold, new))
        return changed

    def first_words(self, new: dict[str, Any]) -> None:
        """What is told about somebody new is what was so before: the first look comes after it."""
        if not self.state.met:
            before = copy.deepcopy((self.state.queue, self.state.zone, self.state.consent, self.state.traits))
            for path, one in new.items():
                self.know(path, one)
            self.meet()
            self.state.queue, self.state.zone, self.state.consent, self.state.traits = before

    def signal_of(self, path: str, old: Any, new: Any) -> Signal:
        return Signal("occurred", path=path, old=old, new=new)

    def folded(self, fold: Aggregate, place: int) -> int | None:
        """The moment at which an event of the log stands for *fold*; None where it does not count."""
        event, accepted = self.state.log[place]
        if event.name != fold.event or (fold.of and walk(event.properties, (fold.of,)) is MISSING):
            return None
        told = {"event": event.properties}
        counts = fold.where is None or value(fold.where.tree, lambda path: walk(told, path))
        return min(event.at, accepted) if counts else None

    def raise_change(self, path: str, old: Any, new: Any) -> bool:
        old, new = plain(old), plain(new)
        if old == new and type(old) is type(new):
            return False
        self.known.add(path)
        if any(chart.concerned_by("", {path}) or chart.journey.each == path for chart in self.charts.values()):
            self.state.queue.append(Signal("changed", path=path, old=old, new=new))
        return True

    def change_of(self, path: str, old: Any, new: Any) -> Signal:
        return Signal("changed", path=path, old=old, new=new)

    def fact(self, fold: Aggregate, life: Life | None = None) -> Any:
        """What a fact is, with what the shop moved in with."""
        return self.opened(fold, walk(self.state.traits, (fold.opening,))) if fold.opening else self.folded_up(fold, life)

    def opened(self, fold: Aggregate, trait: Any) -> Any:
        """P22: a fact that begins with a trait: added to a number, one value more for the rest."""
        counted = self.folded_up(fold)
        given = trait if is_number(trait) else None
        self.state.notes["opened"] += given is not None
        if given is None or counted is MISSING:
            return counted if given is None else given
        return counted + given if fold.kind in ("count", "sum") else {"min": min, "max": max}[fold.kind](counted, given)

    def folded_up(self, fold: Aggregate, life: Life | None = None) -> Any:
        """Fold the whole log; an event stands at the moment it occurred, never later than its acceptance."""
        found = []
        for place, (event, accepted) in enumerate(self.state.log):
            at = min(event.at, accepted)
            one = walk(event.properties, (fold.of,)) if fold.of else moment(at)
            told = {"event": event.properties}
            if (
                event.name == fold.event
                and one is not MISSING
                and (not fold.since_entry or (life is not None and place >= life.told_before and at >= life.entered_at))
                and self.in_window(fold, at)
                and (fold.where is None or value(fold.where.tree, lambda path, told=told: walk(told, path)))
            ):
                found.append((at, place, one))
        values = [one for _, _, one in sorted(found, key=lambda one: one[:2])]
        self.state.notes["since entry"] += bool(fold.since_entry and values)
        if fold.kind in ("count", "sum", "distinct"):
            return {"count": len(values), "sum": sum(values) if fold.kind == "sum" else 0, "distinct": len({repr(one) for one in values})}[
                fold.kind
            ]
        if not values:
            return MISSING
        match fold.kind:
            case "first" | "last":
                return values[0 if fold.kind == "first" else -1]
            case "mean":
                return sum(values) / len(values)
        return min(values) if fold.kind == "min" else max(values)

    def look(self, life: Life | None, path: tuple[Any, ...], scope: str = "") -> Any:
        """What stands under *path*, seen from an enrollment, and from a scope of it."""
        root, rest, state = path[0], path[1:], self.state
        if root == "customer" and rest[0] in ("id", "zone", "stage"):
            return {"id": self.customer_id, "zone": state.zone, "stage": state.stage}[rest[0]]
        if root == "customer":
            return self.fact(self.facts[rest[0]], life) if rest[0] in self.facts else walk(state.traits, rest)
        if root in ("signal", "event"):
            return self.look_at_signal(root, rest)
        if root == "active":
            return [one.key for one in self.active() if one.journey == rest[0]]
        if root == "now":
            return moment(self.now)
        if root == "segment":
            return bool(value(self.segments[rest[0]].tree, lambda path: self.look(None, path)))
        if root == "consent":
            return walk(state.consent, rest)
        if life is None:
            return MISSING
        if root == "arm":
            return walk(state.arms, (f"{life.journey}/{rest[0]}",))
        if root == "data":
            return walk(life.data, rest)
        if rest == ("key",):
            return life.key
        inner = scope or (list(life.scopes) or [""])[-1]
        entered = {"step": life.step_at, "journey": life.entered_at, "scope": life.scopes.get(inner, (None, 0))[0]}[root]
        return MISSING if entered is None else moment(entered)

    def look_at_signal(self, root: str, rest: tuple[Any, ...]) -> Any:
        event = self.signal.event
        if root == "event":
            return walk(event.properties, rest) if event else MISSING
        told = {"old": self.signal.old, "new": self.signal.new}
        return (told | {"name": event.name, "id": event.id, "occurred_at": moment(event.at)} if event else told).get(rest[0])

    def worth(self, life: Life | None, expression: Expression, scope: str = "", *, lenient: bool = False) -> Any:
        """What an expression comes to; where *lenient*, in a parameter, what is worked out from something missing is missing itself (P15)."""
        return value(expression.tree, lambda path: self.look(life, path, scope), lenient=lenient)

    def worth_inside(self, life: Life, expression: Expression, scope: str, scopes: Scopes | None, *, lenient: bool = False) -> Any:
        """The same for what stands in *scope* and is worked out while the customer is, or was until just now, in *scopes*."""
        now, life.scopes = life.scopes, life.scopes if scopes is None else scopes
        try:
            return self.worth(life, expression, scope, lenient=lenient)
        finally:
            life.scopes = now

    def holds(self, life: Life | None, on: On | None, owner: str = "") -> bool:
        scope = owner if life and owner in life.scopes else ""
        return on is None or on.where is None or bool(self.worth(life, on.where, scope))

    # -- one signal, one enrollment (P9)

    def part(self, life: Life) -> None:
        """Offer the signal: the first rule that matches and holds takes it, and then what follows by itself."""
        if life.status == "active":
            taken = self.first_match(life)
            self.settle(life)
            self.taken |= {life.id} if taken else set()

    def first_match(self, life: Life) -> bool:
        for owner, rule in self.exit_rules(life):
            if rule.at == "once" and self.matches(life, owner, rule.on):
                return self.leave_by(life, owner, rule)
            if rule.at == "next action" and is_signal(rule.on) and self.matches(life, owner, rule.on):
                self.state.notes["marked"] += 1
                life.marks.append((owner, rule))
        goal = self.charts[life.journey].journey.goal
        if goal and life.goal_at is None and self.matches(life, "", goal.on):
            life.goal_at = self.now
            self.move("goal", life, life.step)
            if goal.end:
                return self.end(life, goal.end)
        for owner in self.inside_out(life):
            for way in self.charts[life.journey].owner(owner).when:
                if is_signal(way.on) and self.matches(life, owner, way.on) and self.takes(life, way):
                    return self.go(life, way)
            timer = self.signal.timer
            if timer and (timer.kind, timer.owner) == ("wait", owner):
                self.state.notes["scope limit"] += owner != life.step
                onward = self.onward(life, owner)
                return onward is not None and self.go(life, onward)
        return False

    def inside_out(self, life: Life) -> list[str]:
        return [life.step, *(scope.name for scope in reversed(self.charts[life.journey].above[life.step])), ""]

    def exit_rules(self, life: Life) -> Iterator[tuple[str, Exit]]:
        """The journey's, then its scopes' from the outside in."""
        chart = self.charts[life.journey]
        for owner in ("", *(scope.name for scope in chart.above[life.step])):
            yield from ((owner, rule) for rule in chart.owner(owner).exits)

    def matches(self, life: Life, owner: str, on: On) -> bool:
        return self.has_come(life, owner, on) and self.holds(life, on, owner)

    def has_come(self, life: Life, owner: str, on: On) -> bool:
        """Whether the signal is what *on* waits for; a condition alone waits for none."""
        signal, event = self.signal, self.signal.event
        if on.event:
            if signal.kind != "event" or event is None or event.name != on.event or not self.same_key(life, on, event):
                return False
            late = on.late == "drop" and event.at < life.step_at
            self.state.notes["late"] += late
            return not late
        if on.changed:
            return signal.kind == "changed" and signal.path == on.changed
        if on.settled:
            return (
                event is not None
                and event.name == "$settled"
                and on.settled == f"{event.properties['action']} {event.properties['outcome']}"
            )
        if on.segment or on.every:
            return signal.kind == "occurred" and signal.path == path_of(on, self.charts[life.journey].journey.zone)
        timer = signal.timer
        return on.after is None or (timer is not None and (timer.owner, timer.wait) == (owner, on.after))

    def same_key(self, life: Life, on: On, event: Event) -> bool:
        """P18: in a keyed journey the trigger's property must equal the key, unless any will do."""
        journey = self.charts[life.journey].journey
        return journey.keyed is None or on.key == "any" or self.key_of(on.key or journey.keyed, event) == life.key

    def key_of(self, text: str | None, event: Event | None) -> str | None:
        """The key that *event* names; None where it names none, nothing where the journey has no keys."""
        if text is None:
            return ""
        found = self.worth(None, Expression(text)) if set(text) & set(".[(") else walk(event.properties if event else {}, (text,))
        return named(found)

    # -- what follows by itself (P11, P7)

    def settle(self, life: Life) -> None:
        """Exits without a signal, automatic transitions, timers that look again: until nothing moves."""
        while life.status == "active":
            rule = self.exit_that_holds(life, "once")
            way = None if rule else self.automatic(life)
            if rule or way:
                self.count()
            if rule:
                self.leave_by(life, *rule)
            elif way:
                self.state.notes["automatic"] += 1
                self.go(life, way)
            elif not self.look_again(life):
                return

    def exit_that_holds(self, life: Life, at: str) -> tuple[str, Exit] | None:
        alone = ((owner, rule) for owner, rule in self.exit_rules(life) if rule.at == at and not is_signal(rule.on))
        return next(((owner, rule) for owner, rule in alone if self.holds(life, rule.on, owner)), None)

    def automatic(self, life: Life) -> Transition | None:
        """The first condition that holds, inside out; else where a step that waits for nothing goes on."""
        chart = self.charts[life.journey]
        for owner in self.inside_out(life):
            for way in chart.owner(owner).when:
                if not is_signal(way.on) and self.holds(life, way.on, owner) and self.takes(life, way):
                    return way  # type: ignore[no-any-return]
        step = chart.items[life.step]
        return None if step.wait or step.when else self.onward(life, life.step)

    def onward(self, life: Life, name: str) -> Transition | None:
        """Where it goes on behind *name*: its ``then``, the next in the list, or behind the scope around it."""
        chart = self.charts[life.journey]
        item = chart.items[name]
        if isinstance(item.then, Split):
            return Transition(self.draw(life, item.then, name))
        if item.then:
            return next((way for way in item.then if self.holds(life, way.on, name) and self.takes(life, way)), None)
        if chart.following[name]:
            return Transition(chart.following[name])
        return self.onward(life, chart.above[name][-1].name) if chart.above[name] else Transition("")

    def draw(self, life: Life, split: Split, name: str) -> str:
        """P12: a hash of journey, experiment and unit; the arm first drawn is kept."""
        unit = self.customer_id if split.per == "customer" else f"{self.customer_id}/{life.journey}/{life.key}/{life.number}"
        experiment = f"{life.journey}/{split.experiment or name}"
        kept = self.state.arms if split.per == "customer" else {}
        self.state.notes["split"] += 1
        if kept.get(experiment) not in dict(split.shares):
            point = self.point(experiment, unit)
            upto = [sum(share for _, share in split.shares[: place + 1]) for place in range(len(split.shares))]
            drawn = next(arm for (arm, _), share in zip(split.shares, upto, strict=True) if point < share)
            if experiment in self.charts[life.journey].measured():
                drawn = self.measured(experiment, split, drawn)
            kept[experiment] = drawn
        return kept[experiment]

    def point(self, experiment: str, unit: str) -> int:
        """Where somebody stands in an experiment, 0 to 99."""
        return int.from_bytes(hashlib.sha256(f"{experiment}/{unit}".encode()).digest()[:8], "big") % 100

    def measured(self, experiment: str, split: Split, drawn: str) -> str:
        """P26: the arm *drawn*, which is counted, or after its time the one of which the greatest share did what is measured."""
        began = self.once.setdefault(f"{experiment} began", self.now)
        if split.after is None or self.now < began + split.after:
            self.shared[f"drawn {experiment} {drawn}"] = self.shared.get(f"drawn {experiment} {drawn}", 0) + 1
            return drawn
        if f"{experiment} better" not in self.once:
            shares = []
            for place, (arm, _) in enumerate(split.shares):
                reached, all_of = (self.shared.get(f"{what} {experiment} {arm}", 0) for what in ("reached", "drawn"))
                shares.append((-reached / (all_of or 1), place, arm))
            self.once[f"{experiment} better"] = min(shares)[2]
            self.state.notes["better by what they did"] += min(shares)[0] < 0
        if self.once[f"{experiment} better"] not in dict(split.shares):  # of another version, or of another split under the same name
            self.shared[f"drawn {experiment} {drawn}"] = self.shared.get(f"drawn {experiment} {drawn}", 0) + 1
            return drawn
        self.state.notes["better"] += 1
        return str(self.once[f"{experiment} better"])

    def tally(self, event: str) -> None:
        """P26: whoever does what is measured counts for their arm, once."""
        for chart in self.charts.values():
            for experiment, measure in chart.measured().items():
                arm, mark = self.state.arms.get(experiment), f"{experiment} reached"
                if measure == event and arm is not None and mark not in self.state.arms:
                    self.state.arms[mark] = arm
                    self.shared[f"reached {experiment} {arm}"] = self.shared.get(f"reached {experiment} {arm}", 0) + 1
                    self.state.notes["reached"] += 1

    # -- moving (P10)

    def go(self, life: Life, way: Transition, *, looked: bool = False) -> bool:
        """Take a transition; where it would commit an action, rules that wait for one come first (P17)."""
        target = None if way.to is None else self.charts[life.journey].first(way.to) if way.to else ""
        if not looked and self.acts(life, target, way.do):
            rule = next(iter(life.marks), None) or self.exit_that_holds(life, "next action")
            if rule:
                self.state.notes["at next action"] += 1
                return self.leave_by(life, *rule)
        source, scopes = life.step, dict(life.scopes)
        if target is not None:
            self.leave(life, target)
        self.apply(life, way.set, self.charts[life.journey].scope_of(way), scopes)
        self.perform(life, way.do, way, scopes)
        if target == "":
            return self.end(life, "completed")
        self.move("stayed" if target is None else "moved", life, source, target)
        return target is None or self.enter(life, target, source)

    def left_and_entered(self, life: Life, source: str, target: str | None) -> tuple[list[Any], list[Any]]:
        """What is left, from the inside out, and what is entered, from the outside in: all but scopes that hold both ends."""
        chart = self.charts[life.journey]
        old = [*chart.above[source], chart.items[source]] if source else []
        new = [*chart.above[target], chart.items[target]] if target else []
        if target is None:
            return [], []
        while len(old) > 1 and len(new) > 1 and old[0] is new[0]:
            old, new = old[1:], new[1:]
        return old[::-1], new

    def acts(self, life: Life, target: str | None, own: tuple[Do | Start, ...]) -> bool:
        left, entered = self.left_and_entered(life, life.step, target)
        actions = [*own, *(do for item in left for do in item.leaving), *(do for item in entered for do in item.do)]
        return any(isinstance(do, Do) for do in actions)

    def leave(self, life: Life, target: str) -> None:
        for item in self.left_and_entered(life, life.step, target)[0]:
            self.perform(life, item.leaving, item)
            life.timers = [timer for timer in life.timers if timer.owner != item.name]
            life.marks = [mark for mark in life.marks if mark[0] != item.name]
        for item in self.left_and_entered(life, life.step, target)[0]:
            life.scopes.pop(item.name, None)

    def enter(self, life: Life, target: str, source: str) -> bool:
        chart = self.charts[life.journey]
        entered = self.left_and_entered(life, source, target)[1]
        life.step, life.step_at, life.visit = target, self.now, life.visit + 1
        if chart.journey.lifecycle:
            self.know("customer.stage", chart.stage[target])
        life.scopes |= {scope.name: (self.now, life.visit) for scope in entered[:-1]}
        for scope in entered[:-1]:
            self.perform(life, scope.do, scope)
        self.apply(life, entered[-1].set)
        self.perform(life, entered[-1].do, entered[-1])
        if entered[-1].end:
            return self.end(life, entered[-1].end)
        visits = [(owner, self.visit(life, owner)) for owner in ([] if source else [""]) + [item.name for item in entered]]
        armed = [(owner, visit, *timer) for owner, visit in visits for timer in chart.timers(owner)]
        leading = [timer for timer in armed if not self.arm(life, timer[0], *timer[2:], away=False)]
        for owner, visit, kind, wait in leading:
            if self.visit(life, owner) == visit:
                self.arm(life, owner, kind, wait)
        return True

    def visit(self, life: Life, owner: str) -> int | None:
        """The visit of an owner that lasts; None where it is over."""
        if life.status != "active":
            return None
        return life.scopes[owner][1] if owner in life.scopes else {"": 0, life.step: life.visit}.get(owner)

    def end(self, life: Life, how: str) -> bool:
        life.status = "completed" if how == "completed" else "exited"
        life.reason = None if how == "completed" else how
        life.ended_at, life.timers, life.marks, life.scopes = self.now, [], [], {}
        life.held, life.stood = None, []
        self.move(life.status, life, life.step)
        self.came_or_went(life, came=False)
        return True

    def came_or_went(self, life: Life, *, came: bool) -> None:
        """Whoever asks whether the customer is in that journey looks again, in a signal of its own."""
        if any(life.journey in chart.watches() for chart in self.charts.values()):
            self.state.notes["watched"] += 1
            self.state.queue.append(Signal("changed", path=f"active.{life.journey}", old=not came, new=came))
        if (lane := self.lane_of(life.journey)) is not None:
            self.state.queue.append(Signal("lane", path=lane.name))

    def leave_by(self, life: Life, owner: str, rule: Exit) -> bool:
        """Out of the journey, or out of a scope and on behind it."""
        self.state.notes["exit rule"] += 1
        if owner and rule.end is None:
            way = self.onward(life, owner)
            return way is not None and self.go(life, way, looked=rule.at == "next action")
        return self.end(life, rule.end or waited_for(rule.on))

    def move(self, kind: str, life: Life, source: str | None, target: str | None = None) -> None:
        self.state.notes[kind] += 1
        self.state.moves.append((self.now, kind, *life.id, source or None, target or None))

    def apply(self, life: Life, settings: dict[str, Expression], scope: str = "", scopes: Scopes | None = None) -> None:
        for path, expression in settings.items():
            new = copy.deepcopy(plain(self.worth_inside(life, expression, scope, scopes)))
            if path.startswith("data."):
                life.data[path[5:]] = new
            else:
                self.know(path, new)

    def perform(self, life: Life, actions: tuple[Do | Start, ...], place: Step | Scope | Transition, scopes: Scopes | None = None) -> None:
        """Ask for *actions*, which stand at *place*, while the customer was in *scopes*."""
        scope, scopes = self.charts[life.journey].scope_of(place), life.scopes if scopes is None else scopes
        for action in actions:
            if isinstance(action, Start):
                self.start(life, action, scope, scopes)
                continue
            life.performed, life.performed_at = life.performed + 1, self.now
            message = action.message or self.kinds.get(action.action, "marketing")
            asked = (action.action, self.filled(life, action.parameters, scope, scopes), message)
            self.state.actions.append((self.now, *life.id, *asked, *self.valid(life, action, message, scope, scopes)))

    def valid(self, life: Life, action: Do, message: str, scope: str, scopes: Scopes) -> tuple[int | None, str | None]:
        """Until when it may be performed (P33), and in which visit (P17)."""
        said = action.expires
        age = None if message == "none" else KEPT_FOR
        if said and said.age is not None:
            age = said.age * 1_000_000 or None
        visit = {None: None, "step": f"step {life.visit}"}.get(said.owner if said else None, "")
        if visit == "":
            self.state.notes["with scope"] += 1
            visit = f"scope {scope} {scopes[scope][1]}"
        return None if age is None else self.now + age, visit

    def filled(self, life: Life, parameter: Any, scope: str, scopes: Scopes) -> Any:
        """A parameter with its expressions worked out."""
        if isinstance(parameter, dict):
            return {name: self.filled(life, inner, scope, scopes) for name, inner in parameter.items()}
        if isinstance(parameter, (list, tuple)):
            return [self.filled(life, inner, scope, scopes) for inner in parameter]
        if not isinstance(parameter, str):
            return parameter
        parts = [
            part if isinstance(part, str) else self.worth_inside(life, part, scope, scopes, lenient=True)
            for part in template_parts(parameter)
        ]
        return plain(parts[0]) if len(parts) == 1 else "".join(written(part) for part in parts)

    def start(self, life: Life, start: Start, scope: str, scopes: Scopes) -> None:
        """P13: an event in the started customer's own mailbox, with key and data."""

        def worth(expression: Expression) -> Any:
            return self.worth_inside(life, expression, scope, scopes)

        data = {path.removeprefix("data."): plain(worth(one)) for path, one in start.set.items()}
        data = {name: one for name, one in data.items() if one is not None}
        key = plain(worth(start.key)) if start.key else ""
        whom = worth(start.customer) if start.customer else self.customer_id
        if not isinstance(whom, str) or not whom:
            raise Cannot(f"{whom!r} is no customer")
        key = str(key) if type(key) is int else key if isinstance(key, str) else None
        told = {"journey": start.journey, "key": key, "data": data}
        if whom == self.customer_id:
            self.state.queue.append(Signal("start", told=told))
        else:
            self.state.mail.append((self.now, whom, told))

    # -- timers (P5, P6, P7)

    def due(self, life: Life, owner: str, wait: Wait) -> int | None:
        """When it is due; None where its moment is not known."""
        zone = self.zone(life, wait)
        anchor = life.scopes[owner][0] if owner in life.scopes else life.step_at if owner else life.entered_at
        if wait.moment is not None:
            known = self.worth(life, wait.moment, owner if owner in life.scopes else "")
            if known is MISSING:
                return None
            anchor = read_moment(known, zone)
        self.state.notes["business days"] += bool(wait.business)
        return due(wait, anchor, zone, self.holidays)

    def zone(self, life: Life, wait: Wait) -> str:
        """The zone that a rule is read in."""
        return wait.zone or self.state.zone or self.charts[life.journey].journey.zone or "UTC"

    def arm(self, life: Life, owner: str, kind: str, wait: Wait, *, away: bool = True) -> bool:
        """Arm a timer; False where its moment, missing or past, leads away instead, which it does where it is *away*."""
        at = self.due(life, owner, wait)
        what, case, target = ("missing", wait.missing, wait.missing_to) if at is None else ("past", wait.past, wait.past_to)
        due_already = at is not None and at <= self.passed
        if (at is None or due_already) and case in ("exit", "skip"):
            if away:
                self.state.notes[f"{case} if {what}"] += 1
                self.count()
                _ = self.go(life, Transition(target)) if case == "skip" else self.end(life, f"{wait.text}: {what}")
            return False
        self.state.armed += 1
        life.timers.append(
            Timer(owner, kind, wait, at, self.state.armed, 2 if not owner else int(owner in life.scopes), self.zone(life, wait))
        )
        if due_already:
            self.state.notes["past"] += 1
            self.state.queue.append(Signal("timer", life=life.id, order=self.state.armed))
        return True

    def look_again(self, life: Life) -> bool:
        """A moment that was not known, or that is followed, may have changed; True where that led away."""
        for timer in list(life.timers):
            again = timer in life.timers and (timer.due is None or timer.wait.following)
            if again and self.put_off(life, timer, self.due(life, timer.owner, timer.wait)) != timer.due:
                self.state.notes["armed again"] += 1
                life.timers.remove(timer)
                if not self.arm(life, timer.owner, timer.kind, timer.wait):
                    return True
        return False

    # -- coming in (P16)

    def entries(self, name: str) -> None:
        """Offer an event or a change to the entries of a journey; the first that lets in is the last looked at."""
        journey, before = self.charts[name].journey, (len(self.state.lives), len(self.state.held), self.state.armed)
        for place, entry in enumerate(journey.entry):
            event = self.signal.event
            come = (event and entry.on.event == event.name) or (entry.on.changed and entry.on.changed == self.signal.path)
            come = come or (self.signal.kind == "occurred" and self.signal.path == path_of(entry.on, journey.zone))
            if come and before == (len(self.state.lives), len(self.state.held), self.state.armed):
                self.attempt(name, "", lambda place=place: self.offered(name, place))  # type: ignore[misc]

    def offered(self, name: str, place: int) -> None:
        journey, event = self.charts[name].journey, self.signal.event
        entry = journey.entry[place]
        key = self.key_of(entry.on.key or journey.key, event)
        if key is None or not entry.wait or event is None:
            self.look_at_entry(name, key, place)
            return
        self.state.notes["held"] += 1
        self.state.notes["held again"] += any((held.journey, held.key) == (name, key) for held in self.state.held)
        self.state.held = [held for held in self.state.held if (held.journey, held.key) != (name, key)]
        self.state.armed += 1
        at = due(entry.wait, self.now, entry.wait.zone or self.state.zone or journey.zone or "UTC", self.holidays)
        self.state.held.append(Held(name, key, place, event, at, self.state.armed))

    def look_at_entry(self, name: str, key: str | None, place: int) -> None:
        entry = self.charts[name].journey.entry[place]
        if key is None or self.holds(None, entry.on):
            self.let_in(name, key, {}, entry.set)

    def let_in(self, name: str, key: str | None, data: dict[str, Any], settings: dict[str, Expression] | None = None) -> None:
        """Let a customer in where journey, key and re-entry rule allow; a refusal is recorded."""
        chart, journey = self.charts[name], self.charts[name].journey
        inside = self.inside(name, key or "")
        number = 1 + sum((life.journey, life.key) == (name, key) for life in self.state.lives)
        new = Life(name, key or "", number, len(self.state.lives) + 1, self.now, step=chart.start, step_at=self.now, data=data)
        new.told_before = len(self.state.log)
        why = self.refusal(journey, key, inside)
        if why is None:
            self.apply(new, settings or {})
            why = self.exit_before(new)
        if why is None and inside:
            self.state.notes["restarted"] += 1
            self.end(inside, "restarted")
        if why is None:
            self.state.lives.append(new)
            self.move("entered", new, None, chart.start)
            self.enter(new, chart.start, "")
            self.settle(new)
            self.came_or_went(new, came=True)
        elif why != "active" or not inside or inside.id not in self.taken:
            self.state.notes["refused"] += 1
            self.state.refused.append((self.now, name, key or "", why))

    def refusal(self, journey: Journey, key: str | None, inside: Life | None) -> str | None:
        if key is None or bool(key) != bool(journey.keyed):
            return "no key"
        if journey.open and not is_open(journey.open, journey.zone or "UTC", self.now):
            return "closed"
        if inside:
            return None if journey.reentry.restarting else "active"
        return None if self.may_come_again(journey, key) else "re-entry"

    def exit_before(self, new: Life) -> str | None:
        """An exit rule that holds already keeps the customer out."""
        acts = self.left_and_entered(new, "", new.step)[1]
        acts = any(isinstance(do, Do) for item in acts for do in item.do)
        rules = [rule for owner, rule in self.exit_rules(new) if not is_signal(rule.on) and (rule.end or not owner)]
        return "exit rule" if any((rule.at == "once" or acts) and self.holds(new, rule.on) for rule in rules) else None

    def may_come_again(self, journey: Journey, key: str) -> bool:
        rule = journey.reentry
        earlier = [life for life in self.state.lives if life.journey == journey.name and (rule.per_customer or life.key == key)]
        counted = [life for life in earlier if life.performed or not rule.performed]
        if rule.rule == "once":
            return not counted
        if rule.most and len(counted) >= rule.most:
            return False
        if rule.rule == "at most":
            return True
        if rule.rule == "always":
            return True
        since = [{"entry": life.entered_at, "end": life.ended_at, "action": life.performed_at}[rule.since] for life in counted]
        return all(at is None or self.now >= at + rule.number for at in since)


def named(value: Any) -> str | None:
    """What a value names, as a key does: text, or a whole number; None where it names nothing."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def records(value: Any) -> dict[str, Any]:
    """The records of a list by id, the first of each."""
    if value is not None and not isinstance(value, list):
        raise Cannot(f"{value!r} is no list")
    found: dict[str, Any] = {}
    for record in value or []:
        key = record.get("id") if isinstance(record, dict) else None
        if (isinstance(key, str) and key) or (isinstance(key, int) and not isinstance(key, bool)):
            found.setdefault(str(key), record)
    return found


def waited_for(on: On) -> str:
    """What a rule without a reason of its own gives as its reason."""
    told = {"changed": on.changed, "segment": on.segment, "settled": on.settled, "every": on.every and on.every.text}
    told |= {"after": on.after and on.after.text, "where": on.where and on.where.text}
    return on.event or next(f"{word} {text}" for word, text in told.items() if text)


def is_open(window: str, zone: str, now: int) -> bool:
    begin, _, end = window.partition(" to ")
    return wall(datetime.fromisoformat(begin), zone) <= now < wall(datetime.fromisoformat(end), zone)
