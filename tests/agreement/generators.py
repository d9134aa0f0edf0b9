"""
Random shops: a few journeys that get into each other's way, and what their customers do.

Drawn with a plain `Random`, so that thousands can be tried in a minute; hypothesis may be that Random and shrink what it finds.
Names and times come from small pools: rules compete, events meet timers in one instant, and much happens in few steps.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

from attrs import frozen

from journeykit.core.checks.problems import problems
from journeykit.model.customer import Catalog
from journeykit.model.journey import Do, Entry, Exit, Goal, Journey, On, Scope, Start, Step, Transition
from journeykit.model.messages import Event, microseconds, moment

HOUR = 3_600_000_000
BEGIN = microseconds(datetime(2026, 3, 27, 20, tzinfo=UTC))  # two nights before the clocks change in Berlin
EVENTS = ("Added", "Bought", "Clicked", "Viewed")
RARE = ("Left", "Returned")  # for exits that ask no further question: they would hide every transition on the same event
CATALOG = Catalog(
    facts={
        "orders": "count of Bought",
        "spent": "sum of Bought.total where event.total > 10",
        "last_total": "last of Bought.total",
        "first_view": "first of Viewed",
        "kinds": "distinct of Viewed.cart",
        "most": "max of Added.total",
        "usual": "mean of Added.total",
    },
    policies=["hold out 40% as control", "hold out 30% for sms as texts", "hold out 50% about news as news"],
)
ANYWHERE = (
    "customer.plan == 'gold'", "customer.plan != 'gold'", "customer.orders >= 2", "customer.spent > 50", "consent.email", "not consent.email",
    "customer.score > 3", "exists(customer.first_view)", "customer.stage == 'purchase'", "customer.kinds == 2", "customer.usual >= 40",
    "customer.last_total in [20, 60]", "'x' in customer.tags",
)  # fmt: skip
INSIDE = (
    "data.n >= 2", "data.n < 2", "data.total > 30", "not exists(data.start)", "now >= step.entered_at + hours(2)",
    "now - journey.entered_at > days(1)", "journey.key == 'c1'",
)  # fmt: skip
OF_EVENT = (
    "event.total > 30",
    "event.total",
    "event.cart == 'c1'",
    "signal.occurred_at < now",
    "event.total / event.part > 2",
    "event.start > now",
)
TAKES = ("gifts, 1", "seats, 2", "calls, 1 per day")
VALUES = (
    "event.total", "event.total or 1", "(data.n or 0) + 1", "event.start", "now", "'x'", "customer.orders", "event.cart", "None", "signal.name",
    "event.total / event.part",
)  # fmt: skip
SHORT = ("1 hour", "2 hours", "3 hours", "6 hours", "1 day", "30 minutes")
LIKE = ("60 minutes", "120 minutes", "180 minutes", "360 minutes", "24 hours", "1800 seconds")  # the same for `after`, said otherwise
CIVIL = (
    "1 calendar day",
    "until 09:00",
    "until 02:30",
    "until weekday 09:00",
    "1 calendar day at 02:30",
    "until sunday",
    "1 month",
    "1 calendar day, in Asia/Tokyo",
)
DATES = (
    "2026-03-27T22:00:00Z", "2026-03-27T19:00:00+00:00", "2026-03-28T00:30:00+01:00", "2026-03-29 02:30", "2026-03-29", "2026-03-28T06:00:00Z",
    "2026-03-27T21:00:00+00:00",
)  # fmt: skip


EACH = "customer.cards"


@frozen
class Happening:
    """What happens at a moment: an event, or (None) that only time has passed."""

    at: int
    event: Event | None


@frozen
class Shop:
    """Journeys, and what their customers do."""

    journeys: tuple[Journey, ...]
    happenings: tuple[Happening, ...]


class Invention:
    """One shop being drawn."""

    def __init__(self, random: Random, *, alone: bool, takes: Sequence[str]) -> None:
        self.random, self.alone, self.takes = random, alone, takes
        self.names = ("first", "second", "third")[: random.choice((1, 1, 2, 2, 3))]
        self.keyed: dict[str, str | None] = {}
        for name in self.names:
            self.keyed[name] = random.choice((None, None, None, "cart", "cart", "cart", "event.cart", "signal.id", EACH))
        self.lifecycle = random.choice((None, *self.names))
        self.name, self.labels, self.targets = "", [""], [""]
        self.number, self.scoped = 0, False
        self.meant: set[str] = set()

    def some(self, share: float) -> bool:
        return self.random.random() < share

    def one(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    # -- a journey

    def journey(self, name: str) -> Journey:
        self.name, self.labels = name, [f"{name[0]}{n}" for n in range(1, self.random.randint(2, 5) + 1)]
        self.targets = [*self.labels, *("bought", "lost")[: self.random.randint(0, 2)]]
        self.number, self.scoped = 0, False
        self.meant = set()
        items = self.items(self.labels, 2)
        when = [self.move(None) for _ in range(self.one(0, 0, 0, 1))]
        if self.some(0.5):
            items[-1] = changed(items[-1], stage=self.one("purchase", "retention"))
        ends = [Step("bought", end="completed"), Step("lost", end="lost")]
        return Journey(
            name,
            key=None if self.keyed[name] == EACH else self.keyed[name],
            each=EACH if self.keyed[name] == EACH else None,
            entry=[self.entry() for _ in range(self.one(1, 1, 1, 2))] if self.keyed[name] != EACH else [],
            exits=[self.exit(None) for _ in range(self.one(0, 0, 1, 1, 2))],
            goal=Goal(self.on_event(INSIDE), end=self.one(None, None, "completed", "won")) if self.some(0.3) else None,
            reentry=self.one(
                "once", "always", "always", "always", "always restarting", "always restarting", "at most 2", "after 2 hours", "after 1 hour since end",
                "after 2 hours since action", "at most 2 counting performed", "once per customer", "at most 3 per customer", "after 3 hours per customer",
                "after 1 hour since end per customer", "once counting performed restarting",
            ),
            when=when,
            steps=[*items, *(step for step in ends if step.name in self.meant)],
            stage=self.one("consideration", "awareness"),
            lifecycle=name == self.lifecycle,
            zone="Europe/Berlin",
            open="2026-03-01 to 2026-03-28" if self.some(0.05) else None,
        )  # fmt: skip

    def items(self, labels: Sequence[str], depth: int) -> list[Any]:
        items: list[Any] = []
        rest = list(labels)
        while rest:
            size = self.random.randint(1, len(rest)) if depth and self.some(0.3) else 0
            if not size:
                items.append(self.step(rest.pop(0)))
                continue
            self.number += 1
            inside, rest = rest[:size], rest[size:]
            items.append(self.scope(f"{self.name}-scope{self.number}", inside, depth - 1))
        return items

    def scope(self, name: str, labels: Sequence[str], depth: int) -> Scope:
        before, self.scoped = self.scoped, True
        scope = Scope(
            name,
            do=self.do(0.2),
            wait=self.wait() if self.some(0.5) else None,
            when=[self.move(None) for _ in range(self.one(0, 0, 1))],
            exits=[self.exit(name) for _ in range(self.one(0, 0, 1, 1))],
            leaving=self.do(0.3),
            then=self.then(labels) if self.some(0.2) else (),
            steps=self.items(labels, depth),
        )
        self.scoped = before
        return scope

    def step(self, name: str) -> Step:
        wait = self.wait() if self.some(0.75) else None
        when = [self.move(name) for _ in range(self.one(0, 1, 2, 2))] if wait or self.some(0.5) else []
        behind = self.behind(name)
        if when and not wait and behind:
            when.append(Transition(self.means(behind[0]), on=On(self.one(*EVENTS))))
        return Step(
            name,
            set=self.settings(0.2),
            do=self.do(0.6),
            wait=wait,
            when=when,
            then=self.then([name]) if self.some(0.35) and (wait or not when) else (),
            leaving=self.do(0.2),
        )

    def then(self, labels: Sequence[str]) -> Any:
        behind = self.behind(labels[-1])
        if not behind:
            return ()
        kind = self.one("step", "split", "split", "branches", "branches")
        if kind == "split" and len(behind) > 1:
            shares = f"50% {self.means(behind[0])}, 20% {self.means(behind[1])}, 30% {self.means(behind[-1])}"
            ends = ("", " per enrollment", f" as {labels[-1]}-test")
            if not self.alone:
                better = f", then the better by share of {self.one(*EVENTS)} after {self.one('30 minutes', '1 hour', '3 hours')}"
                ends = (*ends, better, f"{better} as {labels[-1]}-test", f"{better} as shared-test")
            return shares + self.one(*ends)
        if kind == "branches":
            branch = Transition(
                self.means(self.one(*behind)),
                on=On(where=self.one(*ANYWHERE, *INSIDE[:3])),
                do=self.do(0.3),
                set=self.settings(0.2),
                take=self.take(),
            )
            return [branch, self.means(behind[0])]
        return self.means(behind[0])

    def behind(self, label: str) -> list[str]:
        return self.targets[self.targets.index(label) + 1 :]

    def means(self, target: str) -> str:
        """Remember that something leads there: a final step that nothing leads to is none."""
        self.meant.add(target)
        return target

    # -- rules

    def on_event(self, inside: Sequence[str] = INSIDE, share: float = 0.25) -> On:
        where = self.one(*ANYWHERE, *inside, *OF_EVENT, *OF_EVENT) if self.some(share) else None
        late = self.one("accept", "accept", "drop")
        key = self.one(None, None, "any", "other") if self.keyed[self.name] else None
        return On(self.one(*EVENTS), where=where, late=late, key=key)

    def others(self) -> list[str]:
        """Conditions over where else the customer is."""
        names = [name for name in self.names if name != self.name]
        return [text for name in names for text in (f"active('{name}')", f"not active('{name}')", f"active('{name}', 'c1')")]

    def on(self, step: str | None, *, timers: bool = True) -> On:
        where = self.one(*ANYWHERE, *INSIDE) if self.some(0.3) else None
        kind = self.one("event", "event", "event", "event", "changed", "after", "alone")
        if kind == "changed":
            return On(
                changed=self.one("customer.plan", "customer.stage", "customer.score", "customer.zone", "consent.email", "customer.orders"),
                where=where,
            )
        if kind == "after" and timers:
            return On(after=self.wait(LIKE), where=where)
        if kind == "alone":
            return On(where=self.one(*ANYWHERE, *INSIDE, *self.others(), *(["scope.entered_at == now"] if self.scoped else [])))
        return self.on_event()

    def entry(self) -> Entry:
        key = "other" if self.keyed[self.name] and self.some(0.1) else None
        on = On(self.one(*EVENTS), where=self.one(*OF_EVENT, *ANYWHERE) if self.some(0.35) else None, key=key)
        if self.some(0.1) and self.keyed[self.name] is None:
            on = On(changed=self.one("customer.plan", "customer.score", "customer.stage"))
        wait = self.one("1 hour", "2 hours") if self.some(0.25) and on.event else None
        return Entry(on, wait=wait, set=self.one({}, {"data.total": "event.total", "data.start": "event.start"}))

    def exit(self, scope: str | None) -> Exit:
        plain = On(self.one(*RARE), late=self.one("accept", "drop"), key=self.one(None, "any") if self.keyed[self.name] else None)
        on = self.one(self.on_event(share=1), plain, self.on(None, timers=scope is not None))
        if on.event in EVENTS and on.where is None:
            on = On(on.event, where=self.one(*ANYWHERE), key=on.key)
        at = "next action" if scope is None and self.some(0.4) else "once"
        return Exit(on, end=self.one(None, "gone", "gone", "completed"), at=at)

    def move(self, step: str | None) -> Transition:
        on = self.on(step)
        to = self.one(*self.targets, *self.targets, *([step] if step else []), None)
        alone = not (on.event or on.changed or on.after)
        if alone and (to is None or to == step or self.some(0.9)):
            behind = self.behind(step) if step else []
            to = self.one(*behind) if behind else None
            on = on if to else self.on_event()
        if to:
            self.means(to)
        do, settings = self.do(0.4), self.settings(0.3)
        if to is None and not do and not settings:
            settings = {"data.n": "(data.n or 0) + 1"}
        return Transition(to, on=on, do=do, set=settings, take=self.take(), back=self.name == self.lifecycle and to is not None)

    def take(self) -> str | None:
        """A number that the few customers of a story can use up."""
        return self.one(*self.takes) if self.some(0.2) and not self.alone else None

    def settings(self, share: float) -> dict[str, str]:
        if not self.some(share):
            return {}
        where = self.one("data.n", "data.n", "data.total", "data.start", "customer.score", "customer.plan", "customer.start")
        if where in ("data.n", "customer.score"):
            return {where: f"({where} or 0) + 1"}
        if where == "customer.plan":
            return {where: self.one("'gold'", "'free'", "None")}
        return {where: self.one("event.start", "now", "None") if where.endswith("start") else self.one(*VALUES)}

    def do(self, share: float) -> list[Any]:
        if not self.some(share):
            return []
        if self.some(0.12):
            other = self.one(*self.names)
            customer = None if self.alone else self.one(None, None, "'bob'", "event.friend or 'ann'")
            key = self.one("event.cart or 'c9'", "'c1'", "event.cart") if self.keyed[other] else None
            return [Start(other, customer=customer, key=key, set=self.one({}, {"data.total": "event.total or 7"}))]
        name = self.one("email", "sms")
        text = self.one(
            "plain",
            "{event.total}",
            "{data.n} of {customer.orders}",
            "{customer.plan or 'none'} {journey.key}",
            "{customer.stage} at {now}",
            "{data.start}",
            *(["{scope.entered_at}", "in {scope.entered_at}"] * 2 if self.scoped else []),
        )
        expires = (
            self.one("2 hours", "never", "with step", "1 day, with step", *(["with scope"] * 3 if self.scoped else []))
            if self.some(0.4)
            else None
        )
        topic = {"topic": self.one("news", "offers", "{data.n}")} if self.some(0.2) else {}
        message = self.one("transactional", "none") if self.some(0.2) else None
        return [Do(name, template=text, expires=expires, message=message, **topic)] + ([Do("log")] if self.some(0.1) else [])

    def wait(self, short: Sequence[str] = SHORT) -> str:
        if self.some(0.6):
            return str(self.one(*short))
        if self.some(0.3):
            return str(self.one(*CIVIL)) + self.one("", "", ", following")
        away = self.means(self.one(*self.targets[-2:]))
        missing = self.one("wait if missing", "wait if missing", "exit if missing", f"skip to {away} if missing")
        past = self.one("now if past", "now if past", "exit if past", f"skip to {away} if past")
        core = self.one(
            "until data.start",
            "1 hour before data.start",
            "until customer.start",
            "2 hours after customer.start",
            "1 hour before customer.first_view",
            "1 calendar day after customer.start at 09:00",
        )
        return f"{core}, {missing}, {past}" + self.one("", ", following", ", following")

    # -- what happens

    def happenings(self) -> list[Happening]:
        at, found = BEGIN, [self.introduction(name) for name in ("ann", "bob")]
        gaps = (0, 0, HOUR // 2, HOUR // 2, HOUR // 2, HOUR // 4, HOUR // 4, HOUR, HOUR, 2 * HOUR, HOUR + 1, self.one(3, 13, 24) * HOUR)
        for number in range(self.random.randint(5, 20)):
            at += self.random.choice(gaps)
            found.append(Happening(at, None if self.some(0.08) else self.event(at, number)))
        if self.some(0.3):
            found.append(found[self.random.randrange(len(found))])
        return [*found, Happening(found[-1].at + 30 * HOUR, None)] if self.some(0.7) else found

    def introduction(self, name: str) -> Happening:
        """Who the customer is before anything happens."""
        known = Event("$identify", id="hello", customer_id=name, occurred_at=moment(BEGIN), properties=self.identified())
        return Happening(BEGIN, known)

    def event(self, at: int, number: int) -> Event:
        customer = self.one("ann", "ann", "ann", "ann", "bob")
        name = self.one(*EVENTS, *EVENTS, *EVENTS, *RARE, "$enter", "$exit") if self.some(0.85) else "$identify"
        told = {"$identify": self.identified, "$enter": self.let_in, "$exit": self.let_out}.get(name, self.properties)()
        occurred = at - self.one(0, 0, 0, 0, HOUR, 5 * HOUR, -HOUR)
        again = number and self.some(0.06)
        return Event(name, id=f"e{number - 1 if again else number}", customer_id=customer, occurred_at=moment(occurred), properties=told)

    def properties(self) -> dict[str, Any]:
        told: dict[str, Any] = {"cart": self.one("c1", "c1", "c2")} if self.some(0.92) else {}
        if self.some(0.8):
            told["total"] = self.one(0, 5, 20, 40, 60)
        if self.some(0.3):
            told["start"] = self.one(*DATES)
        if self.some(0.3):
            told["part"] = self.one(0, 5, 5)
        if self.some(0.3):
            told["other"] = self.one("c1", "c2", 7)
        if self.some(0.2):
            told["friend"] = self.one("ann", "bob", "cid")
        return told

    def identified(self) -> dict[str, Any]:
        told: dict[str, Any] = {}
        if self.some(0.2):
            told["zone"] = self.one("Europe/Berlin", "America/New_York", "Asia/Tokyo")
        if self.some(0.3):
            told["consent"] = {"email": self.one(True, False)}
        traits = {
            "plan": self.one("gold", "free", None),
            "score": self.one(1, 4, 9),
            "start": self.one(*DATES, None),
            "tags": self.one("xy", ["x"], 3),
        }
        if EACH in self.keyed.values() and self.some(0.8):
            told["traits"] = {"cards": self.cards()}
            return told
        return told | {"traits": {name: one for name, one in traits.items() if self.some(0.4)}}

    def cards(self) -> Any:
        """A list of records, now and then none."""
        if self.some(0.1):
            return self.one(None, "c1", [{"n": 1}, "c1"])
        ids = self.random.sample(("c1", "c2", 7), self.random.randint(0, 3))
        return [{"id": one, "n": self.one(1, 2), "start": self.one(*DATES, None)} for one in ids]

    def let_in(self) -> dict[str, Any]:
        name = self.one(*self.names)
        key = self.one("c1", "c2", "") if self.keyed[name] else ""
        return {"journey": name, "key": key, "data": self.one({}, {"total": 50}, {"n": 1})}

    def let_out(self) -> dict[str, Any]:
        name = self.one(*self.names)
        return {"journey": name, "key": "c1" if self.keyed[name] else "", "reason": "by hand"}


def changed(item: Any, **changes: Any) -> Any:
    """``evolve`` for the classes whose constructor takes the name by position."""
    fields = {attribute.name: getattr(item, attribute.name) for attribute in type(item).__attrs_attrs__} | changes
    return type(item)(fields.pop("name"), **fields)


def shop(random: Random, *, alone: bool = False, takes: Sequence[str] = TAKES) -> Shop:
    """
    Draw a shop. Its journeys need not compile: the caller tries, and draws another.

    Args:
        random: where everything is drawn from.
        alone: that no journey is started for another customer, and nothing is shared with them.
        takes: the shared numbers that transitions take of.
    """
    invention = Invention(random, alone=alone, takes=takes)
    journeys = tuple(invention.journey(name) for name in invention.names)
    return Shop(journeys, tuple(invention.happenings()))


def shops(number: int, *, alone: bool = False, takes: Sequence[str] = TAKES) -> Iterator[tuple[int, Shop]]:
    """So many shops whose journeys compile, with the seed of each; the first seed is JOURNEYKIT_SEED, or 0."""
    seed, found = int(os.environ.get("JOURNEYKIT_SEED", "0")), 0
    while found < number:
        drawn = shop(Random(seed), alone=alone, takes=takes)
        if not any(problems(drawn.journeys, CATALOG)):
            found += 1
            yield seed, drawn
        seed += 1
