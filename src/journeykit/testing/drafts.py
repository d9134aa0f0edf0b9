"""How an invented journey is written: the names first, then what stands under them. See `strategies`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

from attrs import frozen
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from journeykit.model.customer import Catalog
from journeykit.model.journey import STAGES, Do, Entry, Exit, Goal, Journey, On, Scope, Start, Step, Transition
from journeykit.model.phrases import Split
from journeykit.model.wait import Wait

T = TypeVar("T")

EVENTS = ("Product Added", "Order Completed", "Email Opened", "Plan Changed")
STEPS = ("first", "second", "third", "on", "no", "step-4", "wait here", "seventh", "eighth", "ninth", "tenth", "won", "lost")
SCOPES = ("outer", "inner", "yes")
CUSTOMERS = ("ann", "bob")
BEGIN = datetime(2026, 3, 28, 12, tzinfo=UTC)  #: a good beginning of a story: the next night the clock changes in Europe

CONDITIONS = (
    "event.total >= 100",
    "event.total < 100 or event.plan == 'gold'",
    "customer.plan != 'free' and not exists(data.code)",
    "customer.orders >= 2",
    "data.total > event.total",
    "event.plan in ['gold', 'silver']",
    "customer.stage == 'purchase'",
    "contains(event.plan, 'o')",
    "customer.lately >= 2",
    "segment.busy and not segment.asleep",
    "True",
)  #: for rules that a signal starts
STANDING = (
    "customer.plan == 'gold'",
    "customer.orders > 2 and customer.plan != 'free'",
    "data.total >= 100",
    "segment.busy and customer.today > 100",
)  #: for rules that stand alone
VALUES = (
    "event.total",
    "event.total or 0",
    "customer.plan or 'none'",
    "now",
    "signal.id",
    "event.start",
    "(data.count or 0) + 1",
    "5",
    "True",
    "None",
)  #: nothing compares with the last
TEMPLATES = (
    "Hello {customer.first_name or 'friend'}",
    "{event.total}",
    "{data.code}",
    "plain",
    "{{braces}} of {journey.key}",
    "NO",
    "10:30",
)

REENTRIES = (
    "once",
    "always",
    "at most 2",
    "after 2 hours since end",
    "always restarting",
    "after 1 day per customer",
    "after 1 hour, at most 2",
)

CHANGES = ("customer.plan", "customer.tier", "customer.orders")
EDGES = ("busy", "not busy", "asleep", "not asleep", "gold")
EVERY = ("day at 02:30", "weekday at 21:00", "saturday or sunday at 02:00", "month on 31 at 09:00", "year on customer.birthday at 06:00")
DATES = (
    "2 hours before customer.birthday",
    "3 hours after customer.last_order",
    "1 calendar day before customer.birthday at 09:00, now if past",
)
TAKES = ("gifts, 1", "calls, 2 per day")
LIST = "customer.cards"  #: the list of which each record may hold an enrollment
OUTCOMES = ("email dead", "sms performed")
FACTS = ("count of Order Completed", "sum of Order Completed.total", "last of Email Opened", "max of A b.c where event.x > 1")
POLICIES = (
    "consent", "consent opt-out for email and start here", "hold out 10% as control", "none while customer.plan == 'a: b' as x",
    "quiet 22:00 to 08:00 or drop, missing zone Europe/Berlin", "at most 3 in 7 days", "at most 1 start here in 1 day or defer up to 2 days",
    "good-taste",
)  # fmt: skip
TRICKY = ("", "NO", "on", "10:30", "1_000", "0o7", "null", "~", "1e3", " x ", "a: b", "- a", "#", "two\nlines\n", "'\"", "\x1b", "ä😀")

ELAPSED = ("1 hour", "2 hours", "90 minutes", "1 day", "3 days")
CIVIL = (
    "1 calendar day",
    "2 business days",
    "1 business day at 09:00",
    "2 calendar days at 09:00",
    "1 month",
    "1 month, rolling over",
    "1 calendar day, in America/New_York",
)
CLOCK = ("until 09:00", "until 02:30", "until tuesday 09:00", "until monday or friday 10:00", "until weekday 09:00", "until sunday")
MOMENTS = (
    "until data.start, wait if missing, now if past",
    "until data.start at 09:00, exit if missing, now if past, following",
    "1 day before customer.birthday, wait if missing, now if past, following",
    "2 hours after journey.entered_at, now if past",
    "1 month after data.start, exit if missing, exit if past",
    "until '2026-03-29 02:30', now if past",
)
SHOP = Catalog(
    events={name: {"cart_id": "text", "total": "number", "plan": "text", "start": "moment", "friend": "text"} for name in EVENTS},
    traits={"plan": "text", "tier": "text", "first_name": "text", "birthday": "moment", "cards": "list"},
    facts={
        "orders": "count of Order Completed",
        "spent": "sum of Order Completed.total where event.plan == 'gold'",
        "lately": "count of Order Completed in 2 hours",
        "today": "sum of Order Completed.total this day in Europe/Berlin",
        "last_order": "last of Order Completed",
    },
    segments={
        "busy": "customer.lately >= 2",
        "asleep": "customer.last_order <= now - hours(3)",
        "gold": "customer.plan == 'gold' and (segment.busy or customer.orders > 2)",
    },
    holidays=["2026-03-30", "2026-04-03"],
    policies=["hold out 30% as control", "hold out 50% for sms as texts", "quiet 22:00 to 08:00", "at most 3 in 7 days"],
    actions={"email": "marketing", "sms": "transactional", "log": "none"},
)  #: the vocabulary of all invented journeys and stories


@frozen
class Room:
    """What one draft may use: its steps in order, and what it is."""

    steps: tuple[str, ...] = ("first",)
    finals: tuple[str, ...] = ()
    journey: str = "invented"
    civil: bool = True
    keyed: bool = False
    listed: bool = False
    lifecycle: bool = False

    def behind(self, step: str) -> tuple[str, ...]:
        """The steps behind *step*, the next one first."""
        every = (*self.steps, *self.finals)
        return every[every.index(step) + 1 :]


def wait_texts(steps: Sequence[str], civil: bool) -> tuple[str, ...]:
    """Waits of every kind, elapsed ones most often."""
    skipping = (f"2 hours before data.start, skip to {step} if missing, skip to {step} if past" for step in steps)
    return (*ELAPSED, *ELAPSED, *CIVIL, *CLOCK, *MOMENTS, *skipping) if civil else ELAPSED


@cache
def _index(size: int) -> SearchStrategy[int]:
    return st.integers(0, size - 1)


@frozen
class Author:
    """Writes the parts of a journey, drawing every choice."""

    draw: DrawFn
    room: Room

    def one(self, options: Sequence[T]) -> T:
        """One of *options*."""
        return options[self.draw(_index(len(options)))]

    def some(self, make: Callable[[], T], most: int) -> list[T]:
        """None, one, or up to *most* of what *make* makes."""
        return [make() for _ in range(self.one(range(most + 1)))]

    def maybe(self, make: Callable[[], T]) -> T | None:
        """What *make* makes, or None."""
        return make() if self.one((False, True)) else None

    def wait(self) -> Wait:
        """A wait that the room allows."""
        return Wait(self.one(wait_texts(self.room.steps, self.room.civil)))

    def where(self) -> str | None:
        """A condition for a rule that a signal starts, or none."""
        return self.maybe(lambda: self.one(CONDITIONS))

    def action(self) -> Do:
        """Requests with templates among their parameters."""
        parameters: dict[str, Any] = {name: self.one(TEMPLATES) for name in ("template", "to") if self.one((False, True))}
        if self.one((False, True)):
            parameters["amount"] = self.one(range(10))
        expires = self.one((None, None, "2 hours", "never", "with step", "3 days, with step"))
        return Do(self.one(tuple(SHOP.actions)), expires=expires, message=self.one((None, None, "marketing", "none")), **parameters)

    def settings(self) -> dict[str, str]:
        """Data of any kind, or a trait, always to the same value, so that no change of it calls for another."""
        if self.one(range(4)) == 3:
            return {"customer.tier": "'gold'"}
        return {name: self.one(VALUES) for name in ("data.total", "data.code", "data.start", "data.count") if self.one(range(4)) == 3}

    def on(self, *, timed: bool = True) -> On:
        """A signal: mostly an event, also a change, an edge of a segment, an outcome, a schedule or a timer."""
        kinds = ("event", "event", "event", "event", "changed", "segment", "settled", "every" if self.room.civil else "event")
        kind = self.one((*kinds, "after" if timed else "event"))
        if kind == "event":
            key = self.one(("any" if self.room.listed else None, "any", "cart_id")) if self.room.keyed else None
            return On(self.one(EVENTS), where=self.where(), key=key, late=self.one(("accept", "drop")))
        signals: dict[str, Any] = {
            kind: self.one({"changed": CHANGES, "segment": EDGES, "settled": OUTCOMES, "every": EVERY, "after": ELAPSED}[kind])
        }
        return On(**signals, where=self.where())

    def move(self) -> Transition:
        """A transition that some signal starts; it may lead anywhere, also back, or nowhere."""
        to = self.one((None, *self.room.steps, *self.room.finals))
        do: list[Do | Start] = [*self.some(self.action, 1)]
        if self.one(range(10)) == 9:
            do.append(self.start())
        set_ = self.settings()
        if to is None and not do and not set_:
            set_ = {"data.count": "(data.count or 0) + 1"}
        take = self.one(TAKES) if self.one(range(8)) == 7 and (self.room.civil or to is None) else None
        return Transition(to, on=self.on(), do=do, set=set_, take=take, back=self.room.lifecycle and to is not None)

    def start(self) -> Start:
        """A start of the same journey for a friend."""
        key = "event.cart_id or 'c1'" if self.room.keyed else None
        return Start(self.room.journey, customer="event.friend or 'bob'", key=key, set={"data.code": "'gift'"})

    def entry(self) -> Entry:
        """A way in: an event, now and then an idle one; an edge of a segment, a schedule or a date."""
        kind = self.one(("event", "event", "event", "segment", "every", "after")) if not self.room.keyed else "event"
        if kind == "event" or (kind != "segment" and not self.room.civil):
            set_ = self.one(({}, {"data.total": "event.total", "data.start": "event.start"}))
            return Entry(On(self.one(EVENTS), where=self.where()), wait=self.one((None, None, "1 hour")), set=set_)
        signals: dict[str, Any] = {kind: self.one({"segment": EDGES, "every": EVERY, "after": DATES}[kind])}
        return Entry(On(**signals))

    def exit(self, *, ended: bool) -> Exit:
        """A rule of the journey (*ended*), or of a scope, which may lead on behind it."""
        key = "any" if self.room.listed else None
        on = self.one((On(self.one(EVENTS), where=self.one(CONDITIONS), key=key), On(where=self.one(STANDING))))
        end = self.one((None, "bought", "completed"))
        return Exit(on, end=end, at=self.one(("once", "next action")) if ended or end else "once")

    def items(self, names: Sequence[str], scopes: list[str]) -> list[Step | Scope]:
        """Steps under *names* in order, some of them together in a scope."""
        found: list[Step | Scope] = []
        rest = list(names)
        while rest:
            size = self.one(range(1, len(rest) + 1)) if scopes and self.one(range(4)) == 3 else 0
            found.append(self.scope(rest[:size], scopes) if size else self.step(rest[0]))
            rest = rest[size or 1 :]
        return found

    def scope(self, names: Sequence[str], scopes: list[str]) -> Scope:
        """A scope around steps under *names*, under the first of *scopes*."""
        return Scope(
            scopes.pop(0),
            steps=self.items(names, scopes),
            do=self.some(self.action, 1),
            wait=self.maybe(self.wait),
            when=self.some(self.move, 1),
            exits=self.some(lambda: self.exit(ended=False), 1),
            leaving=self.some(self.action, 1),
        )

    def step(self, name: str) -> Step:
        """A step that waits, is moved, or goes on at once; only who waits is ever led back, so nobody runs in circles."""
        behind = self.room.behind(name)
        wait = self.maybe(self.wait)
        when = self.some(self.move, 2)
        if wait is None and when:
            when.append(Transition(behind[0] if behind else name, on=On(self.one(EVENTS), key="any" if self.room.listed else None)))
        if behind and self.one(range(4)) == 3:
            when.append(Transition(self.one(behind), on=On(where=self.one(STANDING))))
        return Step(
            name,
            set=self.settings(),
            do=self.some(self.action, 2),
            wait=wait,
            when=when,
            then=self.onward(behind) if wait or not when else (),
            leaving=self.some(self.action, 1),
        )

    def onward(self, behind: Sequence[str]) -> Split | tuple[Transition, ...]:
        """Nothing, which is the next step; branches of which the last always holds; or a split."""
        kind = self.one(("next", "branches", "split")) if len(behind) > 1 else "next"
        if kind == "split":
            share = self.one((1, 50, 99))
            better = ", then the better by share of Email Opened after 2 hours"
            ends = ("", " per enrollment", " as test", better, f"{better} as trial")
            return Split(f"{share}% {behind[0]}, {100 - share}% {behind[1]}{self.one(ends)}")
        branch = [Transition(self.one(behind), on=On(where=self.one((*CONDITIONS, *STANDING))))] if kind == "branches" else []
        return (*branch, Transition(behind[0])) if branch else ()


def draft(draw: DrawFn, name: str, civil: bool) -> Journey:
    """A journey that mostly compiles."""
    steps = draw(_orders())[: 1 + draw(_index(6))]
    finals = draw(st.sampled_from(((), ("won",), ("won", "lost"))))
    key = draw(st.sampled_from((None, None, "cart_id", "signal.id", "event.cart_id", LIST)))
    author = Author(draw, Room(tuple(steps), finals, name, civil, key is not None, key == LIST, draw(st.booleans())))
    items = author.items(steps, list(SCOPES))
    items += [Step(final, end=end) for final, end in zip(finals, ("completed", "lost"), strict=False)]
    return Journey(
        name,
        steps=_staged(items, author.one(range(1, 9))),
        key=None if author.room.listed else key,
        each=LIST if author.room.listed else None,
        entry=[] if author.room.listed else [author.entry(), *author.some(author.entry, 1)],
        exits=author.some(lambda: author.exit(ended=True), 1),
        goal=author.maybe(lambda: Goal(author.on(timed=False), end=author.one((None, "completed", "won")))),
        reentry=author.one(REENTRIES),
        when=[*author.some(author.move, 1), *_losing(author.room)],
        stages=author.one((STAGES, STAGES, ("consideration", "purchase"))),
        stage="consideration",
        lifecycle=author.room.lifecycle,
        zone=author.one(("Europe/Berlin", "America/New_York")) if civil else None,
        open=author.one((None, None, None, "2026-03-01 to 2026-04-01")) if civil else None,
    )


@cache
def _orders() -> SearchStrategy[list[str]]:
    return st.permutations(STEPS[:-2])


def _losing(room: Room) -> list[Transition]:
    """The way to the last step, where there is one."""
    return (
        [Transition("lost", on=On("Plan Changed", where="event.plan == 'free'", key="any" if room.listed else None), back=room.lifecycle)]
        if "lost" in room.finals
        else []
    )


def _staged(items: list[Step | Scope], place: int) -> list[Step | Scope]:
    """From the item at *place* on, the next stage."""
    return [_changed(item, stage="purchase") if number == place else item for number, item in enumerate(items)]


def _changed(item: Any, **changes: Any) -> Any:
    """``evolve`` for the classes whose constructor takes the name by position."""
    fields = {attribute.name: getattr(item, attribute.name) for attribute in type(item).__attrs_attrs__} | changes
    return type(item)(fields.pop("name"), **fields)
