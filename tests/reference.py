"""
The promises once more, as a program: slow, plain, one customer at a time, and copied whole before every part of a signal.

Written from the text of the promises (P1 to P13, P15 to P18, P22) and from nothing of core, rules and runtime: expressions
are walked, civil time is found by stepping through minutes, a fact is folded anew over the whole log whenever it is read.
`tests/agreement` runs random stories through this and through the core; where the two differ, the text decides.
"""

from __future__ import annotations

import copy
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from attrs import Factory, define

from journeykit.model.conditions import template_parts
from journeykit.model.customer import Catalog
from journeykit.model.journey import Do, Exit, Journey, On, Scope, Start, Step, Transition
from journeykit.model.messages import Event
from journeykit.model.phrases import Aggregate, Split
from journeykit.model.wait import Wait

LIMIT = 100
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Look = Callable[[tuple[Any, ...]], Any]
Id = tuple[str, str, int]


class Cannot(Exception):
    """An expression that cannot be evaluated: that part of the signal is parked (P15)."""


class Endless(Exception):
    """More automatic transitions than one decision may take: nothing of it is applied (P11)."""


class _Missing:
    def __bool__(self) -> bool:
        return False

    def __deepcopy__(self, memo: object) -> _Missing:
        return self


MISSING = _Missing()


# ---- expressions


def value(tree: tuple[Any, ...], look: Look) -> Any:
    """What an expression comes to; missing stays missing until something is counted with it."""
    match tree:
        case ("const", constant):
            return MISSING if constant is None else constant
        case ("path", path):
            found = look(path)
            return MISSING if found is None else found
        case ("list", *items):
            return [value(item, look) for item in items]
        case ("and" | "or" as word, *parts):
            for part in parts:
                result = value(part, look)
                if bool(result) is (word == "or"):
                    return result
            return result
        case ("not", inner):
            return not value(inner, look)
        case ("if", test, yes, no):
            return value(yes, look) if value(test, look) else value(no, look)
        case ("negative", inner):
            return -number(value(inner, look))
        case ("math", sign, left, right):
            return count(sign, value(left, look), value(right, look))
        case ("compare", first, *pairs):
            left = value(first, look)
            for sign, operand in pairs:
                right = value(operand, look)
                if not compare(sign, left, right):
                    return False
                left = right
            return True
        case ("call", name, *arguments):
            return call(name, [value(argument, look) for argument in arguments])
    raise AssertionError(tree)


def is_number(one: Any) -> bool:
    return type(one) in (int, float)


def number(one: Any) -> Any:
    if not is_number(one):
        raise Cannot(f"{one!r} is no number")
    return one


def count(sign: str, left: Any, right: Any) -> Any:
    if isinstance(left, datetime) or isinstance(right, datetime):
        if sign == "-" and isinstance(left, datetime) and isinstance(right, datetime):
            return (left - right).total_seconds()
        if sign in "+-" and isinstance(left, datetime):
            return left + timedelta(seconds=number(right)) if sign == "+" else left - timedelta(seconds=number(right))
        if sign == "+" and isinstance(right, datetime):
            return right + timedelta(seconds=number(left))
        raise Cannot("a moment is no number")
    if sign == "+" and isinstance(left, str) and isinstance(right, str):
        return left + right
    number(left), number(right)
    if sign in ("/", "//", "%") and right == 0:
        raise Cannot("division by zero")
    results = {"+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right, "/": lambda: left / right}
    return {**results, "//": lambda: left // right, "%": lambda: left % right}[sign]()


def moments(left: Any, right: Any) -> tuple[Any, Any]:
    """A text beside a moment is read as one."""
    if isinstance(left, datetime) and isinstance(right, str):
        return left, aware(right)
    if isinstance(right, datetime) and isinstance(left, str):
        return aware(left), right
    return left, right


def aware(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise Cannot(f"{text} is no moment") from None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read


def equal(left: Any, right: Any) -> bool:
    left, right = moments(left, right)
    return bool(left == right) if (is_number(left) and is_number(right)) or type(left) is type(right) else False


def compare(sign: str, left: Any, right: Any) -> bool:
    if left is MISSING or right is MISSING:
        return sign in ("!=", "not in")
    if sign in ("==", "!="):
        return equal(left, right) is (sign == "==")
    if sign in ("in", "not in"):
        return contains(right, left) is (sign == "in")
    left, right = moments(left, right)
    alike = (isinstance(left, str) and isinstance(right, str)) or (isinstance(left, datetime) and isinstance(right, datetime))
    if not alike:
        number(left), number(right)
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign])


def contains(holder: Any, one: Any) -> bool:
    if holder is MISSING or one is MISSING:
        return False
    if isinstance(holder, str) and isinstance(one, str):
        return one in holder
    if not isinstance(holder, (list, tuple)):
        raise Cannot(f"{holder!r} holds nothing")
    return any(equal(item, one) for item in holder)


def call(name: str, given: list[Any]) -> Any:
    if name == "exists":
        return given[0] is not MISSING
    if name == "contains":
        return contains(*given)
    if name in ("lower", "upper", "len"):
        if not isinstance(given[0], (str, list, dict) if name == "len" else str):
            raise Cannot(f"{name} of {given[0]!r}")
        return len(given[0]) if name == "len" else getattr(given[0], name)()
    if name in ("minutes", "hours", "days"):
        return number(given[0]) * {"minutes": 60, "hours": 3_600, "days": 86_400}[name]
    if name in ("min", "max"):
        given = given[0] if len(given) == 1 and isinstance(given[0], list) else given
        for one in given:
            compare("<", one, given[0]) if one is not MISSING else number(one)
    else:
        [number(one) for one in given]
    return (
        {"min": min, "max": max, "abs": abs, "round": round}[name](given)
        if name in ("min", "max")
        else {"abs": abs, "round": round}[name](*given)
    )


# ---- civil time (P5)


def local(at: int, zone: str) -> datetime:
    """What the clock on the wall shows."""
    return (EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@cache
def wall(shown: datetime, zone: str) -> int:
    """The first instant at which the clock on the wall shows *shown* or, where it jumps over that, more."""
    minute = (shown.replace(tzinfo=UTC, second=0, microsecond=0) - timedelta(hours=16) - EPOCH) // timedelta(microseconds=1)
    while local(minute + 60_000_000, zone) < shown:
        minute += 60_000_000
    return minute + min((shown - local(minute, zone)) // timedelta(microseconds=1), 60_000_000)


def add_months(day: date, months: int, rolling_over: bool) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    try:
        return date(year, month + 1, day.day)
    except ValueError:
        following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
        return following if rolling_over else following - timedelta(days=1)


def read_moment(given: Any, zone: str) -> int:
    """A moment as microseconds; text without an offset is wall time in *zone*."""
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given)
        except ValueError:
            raise Cannot(f"{given} is no moment") from None
        if given.tzinfo is None:
            return wall(given, zone)
    if not isinstance(given, datetime):
        raise Cannot(f"{given!r} is no moment")
    return (given - EPOCH) // timedelta(microseconds=1)


def due(wait: Wait, anchor: int, zone: str) -> int:
    if wait.kind == "clock":
        days = (local(anchor, zone).date() + timedelta(days=n) for n in range(-1, 15))
        allowed = (day for day in days if wait.weekdays is None or day.weekday() in wait.weekdays)
        return next(at for at in (wall(at_clock(day, wait), zone) for day in allowed) if at > anchor)
    if not (wait.months or wait.days or wait.clock):
        return anchor + wait.seconds * 1_000_000
    shown = local(anchor, zone)
    day = add_months(shown.date(), wait.months, wait.rolling_over) + timedelta(days=wait.days)
    return wall(at_clock(day, wait) if wait.clock else datetime.combine(day, shown.time()), zone)


def at_clock(day: date, wait: Wait) -> datetime:
    hour, minute = wait.clock or (0, 0)
    return datetime(day.year, day.month, day.day, hour, minute)


# ---- the journey as a map


class Chart:
    """Where everything stands: what holds a step, what follows it, which stage it has."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self.items: dict[str, Step | Scope] = {}
        self.above: dict[str, tuple[Scope, ...]] = {}
        self.following: dict[str, str | None] = {}
        self.stage: dict[str, str | None] = {}
        self.walk(journey.steps, (), journey.stage)

    def walk(self, steps: tuple[Step | Scope, ...], above: tuple[Scope, ...], stage: str | None) -> None:
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
        return self.items[name] if name else self.journey

    def rules(self, name: str) -> list[tuple[str, Wait]]:
        """The timers of an owner, each once: its wait, then those of its rules."""
        item = self.owner(name)
        goal = [item.goal] if isinstance(item, Journey) and item.goal else []
        rules = [("wait", item.wait)] if not isinstance(item, Journey) and item.wait else []
        for holder in (*getattr(item, "exits", ()), *goal, *item.when):
            if holder.on and holder.on.after and ("after", holder.on.after) not in rules:
                rules.append(("after", holder.on.after))
        return rules

    def is_signal(self, on: On | None) -> bool:
        """Whether *on* waits for something, and is not a condition alone."""
        return on is not None and bool(on.event or on.changed or on.settled or on.after)


# ---- what is kept of a customer


@define
class Timer:
    owner: str  #: the name of a step or scope; nothing for the journey
    kind: str
    wait: Wait
    due: int | None
    order: int
    level: int  #: step before scope before journey


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
    scopes: dict[str, tuple[int, int]] = Factory(dict)  #: when entered, at which visit
    data: dict[str, Any] = Factory(dict)
    timers: list[Timer] = Factory(list)
    marks: list[tuple[str, Exit]] = Factory(list)  #: rules that wait for the next action
    goal_at: int | None = None
    performed: int = 0
    performed_at: int | None = None
    ended_at: int | None = None
    reason: str | None = None

    @property
    def id(self) -> Id:
        return self.journey, self.key, self.number


@define
class Signal:
    kind: str  #: event, timer, changed, start, held
    event: Event | None = None
    life: Id | None = None
    timer: int | None = None
    path: str = ""
    old: Any = None
    new: Any = None
    journey: str = ""
    key: Any = None
    data: dict[str, Any] | None = None


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
    lives: list[Life] = Factory(list)
    held: list[Held] = Factory(list)
    armed: int = 0
    queue: list[Signal] = Factory(list)
    actions: list[tuple[Any, ...]] = Factory(list)  #: at, journey, key, number, action, parameters
    moves: list[tuple[Any, ...]] = Factory(list)  #: at, journey, key, number, kind, from, to
    refused: list[tuple[Any, ...]] = Factory(list)  #: at, journey, key, reason
    parked: list[tuple[Any, ...]] = Factory(list)  #: at, journey, key, error
    mail: list[tuple[Any, ...]] = Factory(list)  #: at, customer, journey, key, data
    notes: Counter[str] = Factory(Counter)


# ---- one customer


class Reference:
    """One customer under *journeys*. Give it events with the moment of their acceptance; look at `state`."""

    def __init__(self, customer_id: str, journeys: list[Journey], catalog: Catalog | None = None) -> None:
        self.customer_id = customer_id
        self.charts = {journey.name: Chart(journey) for journey in journeys}
        self.facts = (catalog or Catalog()).facts
        self.state = State()
        self.seen: set[str] = set()
        self.now = self.taken_steps = 0
        self.signal = Signal("none")

    # -- from outside

    def event(self, event: Event, at: int) -> None:
        """Accept and decide *event*; the same id again changes nothing (P28)."""
        if event.id in self.seen:
            self.state.notes["duplicated"] += 1
            return
        self.seen.add(event.id)
        at = max(at, self.now)
        self.pass_time(at)
        self.state.notes["tied"] += any(timer.due == at for life in self.active() for timer in life.timers)
        self.decide(Signal("event", event=event), at)

    def pass_time(self, until: int) -> None:
        """Fire what is due before *until*, each at its own moment (P3); what is due at that very instant waits (P4)."""
        while True:
            timers = [(t.due, t.level, t.order, life.id) for life in self.active() for t in life.timers if t.due is not None]
            waiting = [(held.due, 2, held.order, None) for held in self.state.held]
            soon = sorted((each for each in timers + waiting if each[0] < until), key=lambda each: each[:3])
            if not soon:
                return
            at, _, order, life = soon[0]
            self.state.notes["fired"] += 1
            self.decide(Signal("timer", life=life, timer=order) if life else Signal("held", timer=order), at)

    def decide(self, signal: Signal, now: int) -> None:
        """One signal and all that it raises, first in first out, at the same moment; or nothing of it (P8, P11)."""
        self.now, self.taken_steps = now, 0
        self.take_off(signal)
        before = copy.deepcopy(self.state)
        try:
            self.state.queue = [signal]
            while self.state.queue:
                self.one(self.state.queue.pop(0))
        except Endless:
            self.state = before
            self.state.parked.append((now, "", "", "endless"))

    def take_off(self, signal: Signal) -> bool:
        """Take a timer off its owner before it fires; False where it is there no more (P7)."""
        if signal.kind != "timer" or signal.path:
            return True
        life = self.life(signal.life)
        timer = next((timer for timer in life.timers if timer.order == signal.timer), None)
        if timer is not None:
            life.timers.remove(timer)
            signal.path, signal.data = timer.owner, {"kind": timer.kind, "wait": timer.wait}
            signal.key = True
        return timer is not None

    def one(self, signal: Signal) -> None:
        if signal.key is None and not self.take_off(signal):
            return
        self.signal = signal
        taken: set[Id] = set()
        if signal.kind == "event" and signal.event:
            self.state.log.append((signal.event, self.now))
            self.learn(signal.event)
        offered = {"event": self.active(), "changed": self.active(), "timer": [self.life(signal.life)] if signal.life else []}
        for one in [life.id for life in offered.get(signal.kind, [])]:
            self.attempt(one[0], one[1], lambda one=one: self.part(self.life(one)) and taken.add(one))  # type: ignore[misc]
        self.entries(signal, taken)
        for life in [life.id for life in self.active()]:
            for order in [timer.order for timer in self.life(life).timers]:
                self.attempt(life[0], life[1], lambda life=life, order=order: self.look_again(self.life(life), order))  # type: ignore[misc]

    def attempt(self, journey: str, key: str, part: Callable[[], object]) -> None:
        """Do *part* whole, or not at all (P15)."""
        before = copy.deepcopy(self.state)
        try:
            part()
        except Cannot as why:
            self.state = before
            self.state.notes["parked"] += 1
            self.state.parked.append((self.now, journey, key, str(why)))

    def active(self) -> list[Life]:
        return sorted((life for life in self.state.lives if life.status == "active"), key=lambda life: life.order)

    def life(self, one: Id | None) -> Life:
        return next(life for life in self.state.lives if life.id == one)

    # -- what is known (P22)

    def learn(self, event: Event) -> None:
        if event.name == "$identify":
            zone = event.properties.get("zone")
            if zone is not None:
                self.know("customer.zone", zone)
            for kind, name in (("consent", "consent"), ("customer", "traits")):
                for path, new in (event.properties.get(name) or {}).items():
                    self.know(f"{kind}.{path}", new)

    def know(self, path: str, new: Any) -> None:
        """Change what is known; what really changed is a signal of its own."""
        root, _, name = path.partition(".")
        old = self.look(None, (root, name))
        if name in ("zone", "stage") and root == "customer":
            setattr(self.state, name, new)
        else:
            (self.state.consent if root == "consent" else self.state.traits)[name] = new
        old = None if old is MISSING else old
        if old != new or type(old) is not type(new):
            self.state.queue.append(Signal("changed", path=path, old=old, new=new))

    def fact(self, fold: Aggregate) -> Any:
        """Fold the whole log; an event stands at the moment it occurred, never later than its acceptance."""
        found = []
        for place, (event, accepted) in enumerate(self.state.log):
            if event.name == fold.event and (
                fold.where is None or value(fold.where.tree, lambda path, event=event: walk(event.properties, path[1:]))
            ):  # type: ignore[misc]
                at = min(event.at, accepted)
                found.append((at, place, walk(event.properties, (fold.of,)) if fold.of else EPOCH + timedelta(microseconds=at)))
        if fold.kind == "count":
            return len([one for one in found if one[2] is not MISSING])
        values = [one[2] for one in sorted(found, key=lambda one: one[:2]) if one[2] is not MISSING]
        if fold.kind in ("sum", "distinct"):
            return sum(values) if fold.kind == "sum" else len({repr(one) for one in values})
        if not values:
            return MISSING
        return {"min": min, "max": max, "mean": lambda v: sum(v) / len(v), "first": lambda v: v[0], "last": lambda v: v[-1]}[fold.kind](
            values
        )

    def look(self, life: Life | None, path: tuple[Any, ...], scope: str = "") -> Any:
        """What stands under *path*, seen from an enrollment."""
        root, rest = path[0], path[1:]
        event = self.signal.event
        if root == "now":
            return EPOCH + timedelta(microseconds=self.now)
        if root == "event":
            return walk(event.properties, rest) if event else MISSING
        if root == "signal":
            told = {"old": self.signal.old, "new": self.signal.new}
            told |= {"name": event.name, "id": event.id, "occurred_at": EPOCH + timedelta(microseconds=event.at)} if event else {}
            return told.get(rest[0])
        if root == "customer":
            own = {"id": self.customer_id, "zone": self.state.zone, "stage": self.state.stage}
            if rest[0] in own:
                return own[rest[0]]
            return self.fact(self.facts[rest[0]]) if rest[0] in self.facts else walk(self.state.traits, rest)
        if root in ("consent", "arm"):
            arms = {name.split("/")[1]: arm for name, arm in self.state.arms.items() if life and name.split("/")[0] == life.journey}
            return walk(self.state.consent if root == "consent" else arms, rest)
        if life is None:
            return MISSING
        if root == "data":
            return walk(life.data, rest)
        if rest == ("key",):
            return life.key
        inner = scope or (list(life.scopes) or [""])[-1]
        at = {"step": life.step_at, "journey": life.entered_at, "scope": life.scopes.get(inner, (None, 0))[0]}[root]
        return MISSING if at is None else EPOCH + timedelta(microseconds=at)

    def worth(self, life: Life | None, expression: Any, scope: str = "") -> Any:
        return value(expression.tree, lambda path: self.look(life, path, scope))

    def holds(self, life: Life | None, on: On | None, scope: str = "") -> bool:
        return on is None or on.where is None or bool(self.worth(life, on.where, scope))

    # -- one signal, one enrollment (P9)

    def part(self, life: Life) -> bool:
        """Offer the signal; True where the enrollment took it."""
        if life.status != "active":
            return False
        taken = self.first_match(life)
        self.settle(life)
        return taken

    def first_match(self, life: Life) -> bool:
        chart = self.charts[life.journey]
        for owner, rule in self.exit_rules(life):
            if rule.at == "once" and self.matches(life, owner, rule.on):
                return self.leave_by(life, owner, rule)
            if rule.at == "next action" and chart.is_signal(rule.on) and self.matches(life, owner, rule.on):
                life.marks.append((owner, rule))
        goal = chart.journey.goal
        if goal and life.goal_at is None and self.matches(life, "", goal.on):
            life.goal_at = self.now
            self.state.moves.append((self.now, *life.id, "goal", life.step, None))
            if goal.end:
                return self.end(life, goal.end)
        for owner in self.inside_out(life):
            signal = self.signal
            if signal.kind == "timer" and signal.data and signal.data["kind"] == "wait" and signal.path == owner:
                self.state.notes["scope limit"] += owner != life.step
                way = self.onward(life, owner)
                return way is not None and self.go(life, way)
            for way in chart.owner(owner).when:
                if chart.is_signal(way.on) and self.matches(life, owner, way.on):
                    return self.go(life, way)
        return False

    def inside_out(self, life: Life) -> list[str]:
        above = self.charts[life.journey].above[life.step]
        return [life.step, *(scope.name for scope in reversed(above)), ""]

    def exit_rules(self, life: Life) -> Iterator[tuple[str, Exit]]:
        """The journey's, then its scopes' from the outside in."""
        chart = self.charts[life.journey]
        for owner in ("", *(scope.name for scope in chart.above[life.step])):
            yield from ((owner, rule) for rule in chart.owner(owner).exits)

    def matches(self, life: Life, owner: str, on: On) -> bool:
        signal, event = self.signal, self.signal.event
        if on.event:
            if signal.kind != "event" or event is None or event.name != on.event or not self.same_key(life, on, event):
                return False
            if on.late == "drop" and event.at < life.step_at:
                self.state.notes["late"] += 1
                return False
        elif on.changed and not (signal.kind == "changed" and signal.path == on.changed):
            return False
        elif on.settled:
            told = event.properties if event and event.name == "$settled" else {}
            mine = (told.get("journey"), told.get("key"), told.get("number")) == life.id
            if not mine or on.settled != f"{told.get('action')} {told.get('outcome')}":
                return False
        elif on.after:
            told = signal.data if signal.kind == "timer" and signal.path == owner and signal.data else {}
            if told.get("kind") != "after" or told.get("wait") != on.after:
                return False
        return self.holds(life, on, owner if owner != life.step else "")

    def same_key(self, life: Life, on: On, event: Event) -> bool:
        """P18: in a keyed journey the trigger's property must equal the key, unless any will do."""
        journey = self.charts[life.journey].journey
        return journey.key is None or on.key == "any" or self.key_of(journey, on, event) == life.key

    def key_of(self, journey: Journey, on: On, event: Event | None) -> str | None:
        """The key that *event* names; None where it names none."""
        key = on.key or journey.key
        if key is None:
            return ""
        if key.isidentifier():
            found = walk(event.properties, (key,)) if event else MISSING
        else:
            from journeykit.model.conditions import Expression

            found = self.worth(None, Expression(key))
        return None if found is MISSING else str(found)

    # -- automatic transitions (P11)

    def settle(self, life: Life) -> None:
        while life.status == "active":
            rule = next(
                ((o, r) for o, r in self.exit_rules(life) if r.at == "once" and not self.is_signal(r.on) and self.holds(life, r.on, o)),
                None,
            )
            way = None if rule else self.automatic(life)
            if rule is None and way is None:
                return
            self.one_more()
            if rule:
                self.leave_by(life, *rule)
            elif way:
                self.go(life, way)

    def is_signal(self, on: On | None) -> bool:
        return next(iter(self.charts.values())).is_signal(on)

    def one_more(self) -> None:
        self.taken_steps += 1
        if self.taken_steps > LIMIT:
            raise Endless

    def automatic(self, life: Life) -> Transition | None:
        """The first condition that holds, inside out; else where a step that waits for nothing goes on."""
        chart = self.charts[life.journey]
        for owner in self.inside_out(life):
            for way in chart.owner(owner).when:
                if not self.is_signal(way.on) and self.holds(life, way.on, owner if owner != life.step else ""):
                    return way
        step: Any = chart.items[life.step]
        return None if step.wait or step.when else self.onward(life, life.step)

    def onward(self, life: Life, name: str) -> Transition | None:
        """Where it goes on behind *name*: its ``then``, the next in the list, or behind the scope around it."""
        chart = self.charts[life.journey]
        item: Any = chart.items[name]
        if isinstance(item.then, Split):
            return Transition(self.draw(life, item.then, name))
        for way in item.then:
            if self.holds(life, way.on):
                return way
        if item.then:
            return None
        if chart.following[name]:
            return Transition(chart.following[name])
        return self.onward(life, chart.above[name][-1].name) if chart.above[name] else Transition("")

    def draw(self, life: Life, split: Split, name: str) -> str:
        """P12: a hash of journey, experiment and unit; the arm first drawn is kept."""
        unit = self.customer_id if split.per == "customer" else f"{self.customer_id}/{life.journey}/{life.key}/{life.number}"
        experiment = f"{life.journey}/{split.experiment or name}"
        kept = experiment if split.per == "customer" else f"{experiment}/{life.key}/{life.number}"
        if kept not in self.state.arms:
            point = int.from_bytes(hashlib.sha256(f"{experiment}/{unit}".encode()).digest()[:8], "big") % 100
            reached = 0
            for arm, share in split.shares:
                reached += share
                if point < reached:
                    self.state.arms[kept] = arm
                    break
        self.state.notes["split"] += 1
        return self.state.arms[kept]

    # -- moving (P10)

    def go(self, life: Life, way: Transition, looked: bool = False) -> bool:
        """Take a transition; where it would commit an action, rules that wait for one come first (P17)."""
        chart = self.charts[life.journey]
        if not looked and self.acts(life, way):
            rule = self.awaited(life)
            if rule:
                return self.leave_by(life, *rule)
        if way.to is None:
            self.apply(life, way.set)
            self.perform(life, way.do)
            self.state.moves.append((self.now, *life.id, "stayed", life.step, None))
            return True
        source = life.step
        target = chart.first(way.to) if way.to else ""
        self.leave(life, target)
        self.apply(life, way.set)
        self.perform(life, way.do)
        self.state.moves.append((self.now, *life.id, "moved", source, target or None))
        self.state.notes["moved"] += 1
        return self.enter(life, target) if target else self.end(life, "completed")

    def parts_left_and_entered(self, life: Life, target: str) -> tuple[list[Any], list[Any]]:
        """What is left, from the inside out, and what is entered, from the outside in."""
        chart = self.charts[life.journey]
        old = (*chart.above[life.step], chart.items[life.step]) if life.step else ()
        new = (*chart.above[target], chart.items[target]) if target else ()
        shared = 0
        while shared < min(len(old), len(new)) - 1 and old[shared] is new[shared]:
            shared += 1
        return list(reversed(old[shared:])), list(new[shared:])

    def acts(self, life: Life, way: Transition) -> bool:
        chart = self.charts[life.journey]
        left, entered = self.parts_left_and_entered(life, chart.first(way.to) if way.to else "") if way.to is not None else ([], [])
        actions = [*way.do, *(do for item in left for do in item.leaving), *(do for item in entered for do in item.do)]
        return any(isinstance(do, Do) for do in actions)

    def awaited(self, life: Life) -> tuple[str, Exit] | None:
        for owner, rule in self.exit_rules(life):
            alone = rule.at == "next action" and not self.is_signal(rule.on)
            if (owner, rule) in life.marks or (alone and self.holds(life, rule.on, owner)):
                return owner, rule
        return None

    def leave(self, life: Life, target: str) -> None:
        for item in self.parts_left_and_entered(life, target)[0]:
            self.perform(life, item.leaving)
            life.timers = [timer for timer in life.timers if timer.owner != item.name]
            life.marks = [mark for mark in life.marks if mark[0] != item.name]
            life.scopes.pop(item.name, None)

    def enter(self, life: Life, target: str) -> bool:
        chart = self.charts[life.journey]
        entered = self.parts_left_and_entered(life, target)[1]
        new = [] if life.step else [""]
        life.step, life.step_at, life.visit = target, self.now, life.visit + 1
        for scope in entered[:-1]:
            life.scopes[scope.name] = (self.now, life.visit)
            self.perform(life, scope.do)
        step = entered[-1]
        if chart.journey.lifecycle:
            self.know("customer.stage", chart.stage[target])
        self.apply(life, step.set)
        self.perform(life, step.do)
        if step.end:
            return self.end(life, step.end)
        visits = {name: self.visit(life, name) for name in (*new, *(item.name for item in entered))}
        for name in visits:
            for kind, wait in chart.rules(name):
                if self.visit(life, name) == visits[name]:
                    self.arm(life, name, kind, wait)
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
        self.state.notes[life.status] += 1
        self.state.moves.append((self.now, *life.id, life.status, life.step, None))
        return True

    def leave_by(self, life: Life, owner: str, rule: Exit) -> bool:
        """Out of the journey, or out of a scope and on behind it."""
        self.state.notes["exit rule"] += 1
        if owner and rule.end is None:
            way = self.onward(life, owner)
            return way is not None and self.go(life, way, looked=True)
        on = rule.on
        waited_for = (
            on.event
            or (on.changed and f"changed {on.changed}")
            or on.settled
            or (on.after and f"after {on.after.text}")
            or (on.where and on.where.text)
        )
        return self.end(life, rule.end or str(waited_for))

    def apply(self, life: Life, settings: dict[str, Any]) -> None:
        for path, expression in settings.items():
            new = self.worth(life, expression)
            new = None if new is MISSING else new.isoformat() if isinstance(new, datetime) else copy.deepcopy(new)
            if path.startswith("data."):
                life.data[path[5:]] = new
            else:
                self.know(path, new)

    def perform(self, life: Life, actions: tuple[Do | Start, ...]) -> None:
        for action in actions:
            if isinstance(action, Start):
                self.start(life, action)
                continue
            life.performed, life.performed_at = life.performed + 1, self.now
            self.state.actions.append((self.now, *life.id, action.action, self.filled(life, action.parameters)))

    def filled(self, life: Life, parameter: Any) -> Any:
        if isinstance(parameter, dict):
            return {name: self.filled(life, inner) for name, inner in parameter.items()}
        if isinstance(parameter, (list, tuple)):
            return [self.filled(life, inner) for inner in parameter]
        if not isinstance(parameter, str):
            return parameter
        parts = [part if isinstance(part, str) else self.worth(life, part) for part in template_parts(parameter)]
        if len(parts) == 1:
            return None if parts[0] is MISSING else parts[0]
        return "".join("" if part is MISSING else str(part) for part in parts)

    def start(self, life: Life, start: Start) -> None:
        """P13: an event in the started customer's own mailbox."""
        key = self.worth(life, start.key) if start.key else None
        whom = self.worth(life, start.customer) if start.customer else self.customer_id
        data = {path.removeprefix("data."): self.worth(life, expression) for path, expression in start.set.items()}
        data = {name: one for name, one in data.items() if one is not MISSING}
        key = None if key is MISSING or key is None else str(key)
        if whom == self.customer_id:
            self.state.queue.append(Signal("start", journey=start.journey, key=key or "", data={"key": key, "data": data}))
        elif whom is not MISSING:
            self.state.mail.append((self.now, whom, start.journey, key, data))

    # -- timers (P5, P6, P7)

    def zone(self, life: Life, wait: Wait) -> str:
        return wait.zone or self.state.zone or self.charts[life.journey].journey.zone or "UTC"

    def due(self, life: Life, owner: str, wait: Wait) -> int | None:
        """When it is due; None where its moment is not known."""
        anchor = life.scopes[owner][0] if owner in life.scopes else life.step_at if owner else life.entered_at
        if wait.moment is not None:
            moment = self.worth(life, wait.moment, owner if owner in life.scopes else "")
            if moment is MISSING:
                return None
            anchor = read_moment(moment, self.zone(life, wait))
        return due(wait, anchor, self.zone(life, wait))

    def arm(self, life: Life, owner: str, kind: str, wait: Wait) -> None:
        at = self.due(life, owner, wait)
        case = (wait.missing if at is None else wait.past if at < self.now else None) or "now"
        if case in ("exit", "skip"):
            what = "missing" if at is None else "past"
            self.state.notes[f"{case} if {what}"] += 1
            self.one_more()
            self.go(life, Transition(wait.missing_to if at is None else wait.past_to)) if case == "skip" else self.end(
                life, f"{wait.text}: {what}"
            )
            return
        self.state.armed += 1
        level = 2 if not owner else 0 if owner == life.step else 1
        life.timers.append(Timer(owner, kind, wait, at, self.state.armed, level))
        if at is not None and at < self.now:
            self.state.notes["past"] += 1
            self.state.queue.append(Signal("timer", life=life.id, timer=self.state.armed))

    def look_again(self, life: Life, order: int) -> None:
        """A moment that was not known, or that is followed, may have changed with this signal."""
        timer = next((timer for timer in life.timers if timer.order == order), None)
        if timer and (timer.due is None or timer.wait.following) and self.due(life, timer.owner, timer.wait) != timer.due:
            self.state.notes["armed again"] += 1
            life.timers.remove(timer)
            self.arm(life, timer.owner, timer.kind, timer.wait)
            self.settle(life)

    # -- entering (P16)

    def entries(self, signal: Signal, taken: set[Id]) -> None:
        for chart in self.charts.values():
            journey = chart.journey
            if signal.kind == "start" or (signal.event and signal.event.name == "$enter"):
                told = signal.data if signal.kind == "start" else signal.event.properties if signal.event else None
                if told and journey.name == (signal.journey or told.get("journey")):
                    self.attempt(journey.name, told["key"] or "", lambda j=journey, t=told: self.started(j, t, taken))  # type: ignore[misc]
            elif signal.kind == "held":
                self.attempt(journey.name, "", lambda c=chart: self.held_over(c, taken))  # type: ignore[misc]
            elif signal.kind in ("event", "changed"):
                self.attempt(journey.name, "", lambda c=chart: self.offered(c, taken))  # type: ignore[misc]

    def started(self, journey: Journey, told: dict[str, Any], taken: set[Id]) -> None:
        key = told["key"] if journey.key else ""
        self.let_in(journey, key, told.get("data") or {}, {}, taken)

    def offered(self, chart: Chart, taken: set[Id]) -> None:
        signal, event = self.signal, self.signal.event
        for place, entry in enumerate(chart.journey.entry):
            on = entry.on
            if not ((on.event and event and event.name == on.event) or (on.changed and signal.path == on.changed)):
                continue
            key = self.key_of(chart.journey, on, event)
            if entry.wait and key is not None and event:
                self.state.held = [h for h in self.state.held if (h.journey, h.key, h.entry) != (chart.journey.name, key, place)]
                self.state.armed += 1
                at = due(entry.wait, self.now, entry.wait.zone or self.state.zone or chart.journey.zone or "UTC")
                self.state.held.append(Held(chart.journey.name, key, place, event, at, self.state.armed))
            elif self.holds(None, on):
                self.let_in(chart.journey, key, {}, entry.set, taken)
                return

    def held_over(self, chart: Chart, taken: set[Id]) -> None:
        held = next((h for h in self.state.held if h.order == self.signal.timer and h.journey == chart.journey.name), None)
        if held:
            self.state.held.remove(held)
            self.signal.event = held.event
            entry = chart.journey.entry[held.entry]
            if self.holds(None, entry.on):
                self.let_in(chart.journey, held.key, {}, entry.set, taken)

    def let_in(self, journey: Journey, key: str | None, data: dict[str, Any], settings: dict[str, Any], taken: set[Id]) -> None:
        earlier = [life for life in self.state.lives if life.journey == journey.name]
        same = [life for life in earlier if life.key == key]
        inside = next((life for life in same if life.status == "active"), None)
        new = Life(journey.name, key or "", len(same) + 1, len(self.state.lives) + 1, self.now, data=dict(data))
        self.apply_to_new(new, settings)
        why = self.refusal(journey, key, new, inside, [life for life in earlier if journey.reentry.per_customer or life.key == key])
        if why:
            if why != "active" or (inside and inside.id not in taken):
                self.state.notes["refused"] += 1
                self.state.refused.append((self.now, journey.name, key or "", why))
            return
        if inside:
            self.state.notes["restarted"] += 1
            self.end(inside, "restarted")
        self.state.lives.append(new)
        self.state.moves.append((self.now, *new.id, "entered", None, self.charts[journey.name].first(journey.steps[0].name)))
        self.enter(new, self.charts[journey.name].first(journey.steps[0].name))
        self.settle(new)

    def apply_to_new(self, new: Life, settings: dict[str, Any]) -> None:
        if settings:
            self.apply(new, settings)

    def refusal(self, journey: Journey, key: str | None, new: Life, inside: Life | None, earlier: list[Life]) -> str | None:
        if key is None:
            return "no key"
        if journey.open and not self.is_open(journey):
            return "closed"
        if inside and not journey.reentry.restarting:
            return "active"
        if not inside and not self.may_come_again(journey, earlier):
            return "re-entry"
        first: Any = self.charts[journey.name].first(journey.steps[0].name)
        chart = self.charts[journey.name]
        acts = any(isinstance(do, Do) for item in (*chart.above[first], chart.items[first]) for do in item.do)
        for rule in journey.exits:
            if not self.is_signal(rule.on) and (rule.at == "once" or acts) and self.holds(new, rule.on):
                return "exit rule"
        return None

    def is_open(self, journey: Journey) -> bool:
        start, _, stop = (journey.open or "").partition(" to ")
        zone = journey.zone or "UTC"
        return wall(datetime.fromisoformat(start), zone) <= self.now < wall(datetime.fromisoformat(stop), zone)

    def may_come_again(self, journey: Journey, earlier: list[Life]) -> bool:
        rule = journey.reentry
        counted = [life for life in earlier if life.performed or not rule.performed]
        if rule.rule in ("once", "at most"):
            return len(counted) < (rule.number if rule.rule == "at most" else 1)
        if rule.rule == "after":
            if rule.since == "end" and any(life.ended_at is None for life in counted):
                return False
            since = {"entry": lambda life: life.entered_at, "end": lambda life: life.ended_at, "action": lambda life: life.performed_at}[
                rule.since
            ]
            return all(self.now >= since(life) + rule.number for life in counted if since(life) is not None)
        return True


def walk(inside: Any, path: tuple[Any, ...]) -> Any:
    """What stands under *path* within mappings and lists; missing where there is none."""
    for part in path:
        if (isinstance(inside, dict) and part in inside) or (
            isinstance(inside, list) and isinstance(part, int) and -len(inside) <= part < len(inside)
        ):
            inside = inside[part]
        else:
            return MISSING
    return MISSING if inside is None else inside
