"""
Journeys made by combining capabilities at random: a way in, a rule of coming again, rules of leaving, and some things between.

Each capability is written once, without knowing which others stand beside it, and under the tag that the published recipes carry for
it. Where a customer gets to what it is about, an action says so (``log``, parameter ``did``), so that a test can count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

from agreement.generators import BEGIN, HOUR, Happening
from agreement.worlds import ReferenceShop
from journeykit import Catalog, Do, Entry, Exit, Goal, Journey, On, Scope, Start, Step, Transition
from journeykit.core.checks.problems import problems
from journeykit.model.messages import Event, moment

CUSTOMERS = ("ann", "bob", "cid")
CATALOG = Catalog(
    facts={
        "orders": "count of Bought", "spent": "sum of Bought.total", "lately": "count of Viewed in 30 hours", "last_seen": "last of Viewed",
        "this_month": "sum of Bought.total this month",
    },
    segments={"keen": "customer.lately >= 2", "asleep": "customer.last_seen <= now - days(3)", "gold": "customer.spent >= 100"},
    holidays=["2026-03-30", "2026-04-03"],
    actions={"email": "marketing", "sms": "marketing", "coupon": "none", "log": "none"},
    policies=["hold out 30% for email as control"],
)  # fmt: skip
EVENTS = ("Added", "Bought", "Bought", "Viewed", "Viewed", "Clicked", "Clicked", "Opened", "Opened", "Left", "Coupon Issued", "Approved")
SHORT = (0, HOUR // 6, HOUR // 6, HOUR // 2, HOUR // 2, HOUR, 2 * HOUR)
LONG = (9 * HOUR, 24 * HOUR, 24 * HOUR, 2 * 24 * HOUR, 4 * 24 * HOUR, 31 * 24 * HOUR, 120 * 24 * HOUR)
Items = list[Step | Scope]
Conditions = tuple[tuple[str, str], ...]

#: a condition of its own for each way on, the last one holding always
BRANCHES: dict[str, Conditions] = {
    "split-attribute": (("gold", "customer.plan == 'gold'"),),
    "split-event-property": (("much", "data.total >= 40"), ("little", "data.total < 40")),
    "split-behaviour": (("bought before", "exists(customer.last_seen) and customer.orders > 0"),),
    "split-multi": (("gold", "customer.plan == 'gold'"), ("some", "customer.orders >= 1"), ("seen", "exists(customer.last_seen)")),
    "counter": (("second", "customer.orders >= 2"),),
    "aggregate-window": (("lately", "customer.lately >= 1"), ("this month", "customer.this_month > 0")),
    "consent-filter": (("agreed", "consent.email"),),
}
WAITS = {
    "wait-duration": "3 hours",
    "time-of-day": "until 09:00",
    "time-zone-customer": "1 calendar day at 02:30",
    "time-zone-fixed": "until 18:00, in America/New_York",
    "day-of-week": "until monday or friday 10:00",
    "month-arithmetic": "1 month at 09:00",
    "business-days": "2 business days at 09:00",
    "wait-until-absolute-date": "until '2026-03-29 02:30', now if past",
    "wait-until-relative-date": "1 day before customer.renews, wait if missing, now if past",
    "mid-journey-update": "until customer.renews, wait if missing, now if past, following",
}
ENTRIES: dict[str, Callable[[], dict[str, Any]]] = {
    "entry-event": lambda: {"entry": Entry(On("Added"), set={"data.total": "event.total"})},
    "entry-filter": lambda: {"entry": Entry(On("Added", where="event.total >= 20"), set={"data.total": "event.total"})},
    "event-payload": lambda: {"entry": Entry(On("Added"), wait="30 minutes", set={"data.total": "event.total"})},
    "entry-segment": lambda: {"entry": On(segment="keen")},
    "segment-enter": lambda: {"entry": On(segment="gold")},
    "segment-exit": lambda: {"entry": On(segment="not keen")},
    "inactivity": lambda: {"entry": On(segment="asleep")},
    "entry-date": lambda: {"entry": On(after="1 day before customer.renews")},
    "renewal": lambda: {"entry": On(after="2 calendar days before customer.renews at 09:00, now if past")},
    "entry-schedule": lambda: {"entry": On(every="monday or thursday at 08:00", where="customer.plan == 'gold'")},
    "anniversary": lambda: {"entry": On(every="year on customer.birthday at 06:00")},
    "leap-year": lambda: {"entry": On(every="year on customer.birthday at 02:30, rolling over")},
    "entry-manual": dict,
    "property-match": lambda: {"entry": Entry(On("Added"), set={"data.total": "event.total"}), "key": "cart"},
    "concurrent-instances-by-key": lambda: {"entry": On("Added"), "key": "cart"},
    "object-list": lambda: {"each": "customer.cards"},
}  # fmt: skip
REENTRIES = {
    "one-shot-entry": "once", "re-entry": "always", "re-entry-cooldown": "after 12 hours", "wait-timer-reset": "always restarting",
}  # fmt: skip


def said(tag: str, what: str = "") -> Do:
    """The action that tells that a capability has had its effect."""
    return Do("log", did=f"{tag}: {what}" if what else tag)


class Combined(NamedTuple):
    """One journey of many capabilities, and those that it starts or asks about."""

    journeys: tuple[Journey, ...]
    tags: tuple[str, ...]


class Combination:
    """One journey being put together."""

    def __init__(self, random: Random, number: int) -> None:
        self.random = random
        self.name = f"combined-{number}"
        self.beside: list[Journey] = []
        self.key: str | None = None
        self.count = 0

    def on(self, event: str) -> On:
        """An event of this enrollment; one of a list listens to all of its customer."""
        return On(event, key=self.key)

    def name_of(self, tag: str) -> str:
        self.count += 1
        return f"{tag}-{self.count}"

    def made(self, entry: str, reentry: str, leaving: list[str], between: list[str]) -> Combined:
        """Everything together."""
        told = ENTRIES[entry]()
        self.key = "any" if "each" in told else None
        items: Items = [Step("in", do=said(entry))]
        for tag in between:
            items += self.part(tag)
        rules = [self.leaving(tag) for tag in leaving if tag != "goal"]
        goal = Goal(self.on("Bought"), end=self.random.choice((None, "completed"))) if "goal" in leaving else None
        journey = Journey(
            self.name, stage="retention", zone="Europe/Berlin", reentry=REENTRIES[reentry], exits=rules, goal=goal,
            steps=[*items, Step("through", do=Do("email", to="{customer.id}"))], **told,
        )  # fmt: skip
        return Combined((journey, *self.beside), (entry, reentry, *leaving, *between))

    def leaving(self, tag: str) -> Exit:
        if tag == "exit-on-event":
            return Exit(self.on("Left"), end=tag)
        if tag == "exit-on-segment":
            return Exit(self.random.choice((On(segment="asleep"), On(where="segment.asleep and customer.plan == 'gold'"))), end=tag)
        return Exit(On(where="customer.orders > 1"), end=tag, at="next action")

    def part(self, tag: str) -> Items:
        """Some steps, the last of which leads on to whatever comes behind."""
        name = self.name_of(tag)
        if tag in WAITS:
            return [Step(name, wait=WAITS[tag]), Step(f"{name}-over", do=said(tag))]
        if tag in BRANCHES:
            ways = [Transition(f"{name}-{place}", on=On(where=where)) for place, (_, where) in enumerate(BRANCHES[tag])]
            names = [*(what for what, _ in BRANCHES[tag]), "none"]
            return self.fork(name, tag, (*ways, Transition(f"{name}-{len(ways)}")), names)
        return PARTS[tag](self, name, tag)

    def fork(self, name: str, tag: str, then: Any, names: list[str]) -> Items:
        """A step that leads on in several ways, which come together again."""
        ends = [Step(f"{name}-{place}", do=said(tag, what), then=f"{name}-join") for place, what in enumerate(names)]
        return [Step(name, then=then), *ends, Step(f"{name}-join")]

    def split(self, name: str, tag: str) -> Items:
        better = {"ab-winner": ", then the better by share of Opened after 5 hours"}.get(tag, "")
        return self.fork(name, tag, f"50% {name}-0, 50% {name}-1{better}", ["one", "other"])

    def waiting(self, name: str, tag: str) -> Items:
        """For one of some events, for ever or for some time."""
        events = {"wait-for-any-event": ("Clicked", "Viewed"), "approval-human": ("Approved",)}.get(tag, ("Clicked",))
        when = [Transition(f"{name}-{place}", on=self.on(event)) for place, event in enumerate(events)]
        ends = [Step(f"{name}-{place}", do=said(tag, event), then=f"{name}-join") for place, event in enumerate(events)]
        if tag == "wait-for-event-forever":
            return [Step(name, when=when), *ends, Step(f"{name}-join")]
        late = Step(f"{name}-late", do=said(tag, "time-out"), then=f"{name}-join")
        return [Step(name, wait="2 days", when=when), late, *ends, Step(f"{name}-join")]

    def message(self, name: str, tag: str) -> Items:
        """What became of a message: opened, or never performed."""
        on = {"message-event": self.on("Opened"), "channel-fallback": On(settled="email dropped")}[tag]
        sent = Step(name, do=Do("email", expires="with step"), wait="2 days", when=[Transition(f"{name}-then", on=on)], then=f"{name}-join")
        return [sent, Step(f"{name}-then", do=[said(tag), Do("sms")]), Step(f"{name}-join")]

    def answer(self, name: str, tag: str) -> Items:
        """An action whose answer is an event."""
        issued = Transition(f"{name}-given", on=self.on("Coupon Issued"), set={"data.code": "event.code"})
        return [
            Step(name, do=Do("coupon"), wait="3 days", when=[issued], then=f"{name}-join"),
            Step(f"{name}-given", do=[said(tag), Do("sms", code="{data.code or 'none'}")]),
            Step(f"{name}-join"),
        ]

    def loop(self, name: str, tag: str) -> Items:
        again = Transition(name, on=On(where=f"data.round{self.count} < 3"))
        rounds = {f"data.round{self.count}": f"(data.round{self.count} or 0) + 1"}
        return [Step(name, set=rounds, do=said(tag), wait="5 hours", then=[again, Transition(f"{name}-out")]), Step(f"{name}-out")]

    def scope(self, name: str, tag: str) -> Items:
        """A part with a limit and a way out of its own; what comes behind comes all the same."""
        inside = Step(f"{name}-inside", do=Do("sms", since="{scope.entered_at}", expires="with scope"), wait="2 days")
        inner = Scope(f"{name}-inner", steps=[inside], leaving=said(tag, "inner left"))
        deepest = Step(f"{name}-more", wait="2 days")
        return [
            Scope(name, steps=[inner, deepest], wait="3 days", exits=self.on("Bought"), leaving=said(tag, "left"), do=said(tag, "entered")),
            Step(f"{name}-behind"),
        ]

    def anchors(self, name: str, tag: str) -> Items:
        """Two timers that count from different moments; whichever is over first."""
        first = Transition(f"{name}-first", on=On(after="5 hours after journey.entered_at, now if past"))
        return [
            Step(name, wait="4 hours", when=[first], then=f"{name}-second"),
            Step(f"{name}-first", do=said(tag, "journey"), then=f"{name}-join"),
            Step(f"{name}-second", do=said(tag, "step")),
            Step(f"{name}-join"),
        ]

    def shared(self, name: str, tag: str) -> Items:
        ways = [Transition(f"{name}-0", take=f"{self.name} {name}, 1"), Transition(f"{name}-1")]
        return self.fork(name, tag, ways, ["granted", "used up"])

    def kept(self, name: str, tag: str) -> Items:
        """A number that is kept with the customer, and a journey that waits for what it comes to."""
        watching = Journey(
            f"{self.name}-{name}", stage="retention", reentry="always", entry=On(changed="customer.score", where="customer.score >= 10"),
            steps=[Step("reached", do=said(tag, "reached"))],
        )  # fmt: skip
        self.beside.append(watching)
        return [Step(name, set={"customer.score": "(customer.score or 0) + 10"}, do=said(tag, "kept"))]

    def started(self, name: str, tag: str) -> Items:
        """Another journey for this customer, for somebody else, or two at once."""
        customer = "customer.friend or 'bob'" if tag == "referral-two-customers" else None
        names = [f"{self.name}-{name}-{place}" for place in range(2 if tag == "parallel-tracks" else 1)]
        self.beside += [
            Journey(one, stage="advocacy", reentry="always", steps=[Step("waits", wait="2 hours"), Step("started", do=said(tag, f"track {place}"))])
            for place, one in enumerate(names)
        ]  # fmt: skip
        return [Step(name, do=[Start(one, customer=customer) for one in names])]

    def excluded(self, name: str, tag: str) -> Items:
        other = Journey(f"{self.name}-busy", stage="awareness", reentry="always", entry="Viewed", steps=[Step("busy", wait="3 days")])
        self.beside += [] if any(one.name == other.name for one in self.beside) else [other]
        ways = [Transition(f"{name}-0", on=On(where=f"active('{other.name}')")), Transition(f"{name}-1")]
        return self.fork(name, tag, ways, ["busy", "free"])


PARTS: dict[str, Callable[[Combination, str, str], Items]] = {
    "split-random": Combination.split, "ab-winner": Combination.split,
    "wait-for-event-timeout": Combination.waiting, "wait-for-event-forever": Combination.waiting, "wait-for-any-event": Combination.waiting,
    "approval-human": Combination.waiting,
    "message-event": Combination.message, "channel-fallback": Combination.message,
    "coupon": Combination.answer, "loop": Combination.loop, "nested-scope": Combination.scope, "multi-anchor-timers": Combination.anchors,
    "global-counter": Combination.shared, "score": Combination.kept,
    "journey-chaining": Combination.started, "referral-two-customers": Combination.started, "parallel-tracks": Combination.started,
    "cross-journey-exclusion": Combination.excluded,
}  # fmt: skip
OFTEN = ("re-entry", "re-entry", "re-entry", *REENTRIES)  #: who comes but once sees little
LEAVING = ("exit-on-event", "exit-on-segment", "filter-at-send", "goal")
BETWEEN = (*WAITS, *BRANCHES, *PARTS)
TAGS = frozenset({*ENTRIES, *REENTRIES, *LEAVING, *BETWEEN, "holdout"})


class Deck:
    """Tags in random order, each as often as the others."""

    def __init__(self, random: Random, tags: Iterator[str] | Any) -> None:
        self.random, self.tags, self.left = random, tuple(tags), list[str]()

    def drawn(self) -> str:
        if not self.left:
            self.left = self.random.sample(self.tags, len(self.tags))
        return self.left.pop()


def combined(number: int, seed: int = 0) -> list[Combined]:
    """So many journeys that compile, in which every capability stands about as often as the others."""
    random = Random(seed)
    entries, reentries, leaving, between = (Deck(random, tags) for tags in (ENTRIES, OFTEN, LEAVING, BETWEEN))
    found: list[Combined] = []
    while len(found) < number:
        rules = [leaving.drawn()] if random.random() < 0.6 else []
        parts = [between.drawn() for _ in range(random.choice((2, 2, 3)))]
        one = Combination(random, len(found)).made(entries.drawn(), reentries.drawn(), rules, parts)
        wrong = list(problems(one.journeys, CATALOG))
        assert not wrong, (one.tags, wrong)
        found.append(one)
    return found


# ---- what customers do


class Story:
    """What happens to some customers under journeys; outcomes of actions are told of actions that were asked for."""

    def __init__(self, random: Random, journeys: tuple[Journey, ...]) -> None:
        self.random, self.journeys = random, journeys
        self.at, self.number = BEGIN, 0

    def introductions(self) -> Iterator[Happening]:
        for customer in CUSTOMERS:
            yield Happening(self.at, self.event("$identify", customer))

    def next(self, reference: ReferenceShop) -> Happening:
        """What happens next."""
        self.at += self.random.choice(LONG if self.random.random() < 0.2 else SHORT)
        customer, share = self.random.choice((*CUSTOMERS, "ann", "ann")), self.random.random()
        if share < 0.08:
            return Happening(self.at, None)
        if share < 0.28:
            settled = self.settled(reference, customer)
            return Happening(self.at, settled or self.event("$identify", customer))
        manual = [one for one in self.journeys if not one.entry and not one.each]
        if manual and share < 0.38:
            return Happening(self.at, self.event("$enter", customer, journey=self.random.choice(manual).name, key="", data={}))
        name = "Added" if share < 0.46 else self.random.choice(EVENTS)
        return Happening(self.at, self.event(name, customer))

    def settled(self, reference: ReferenceShop, customer: str) -> Event | None:
        """What became of the last message that was asked for."""
        asked = [one for one in reference.customer(customer).state.actions if one[4] in ("email", "sms")][-1:]
        outcome = self.random.choice(("performed", "dropped", "dropped"))
        return next(
            (
                self.event("$settled", customer, journey=journey, key=key, number=number, action=action, outcome=outcome)
                for _, journey, key, number, action, *_ in asked
            ),
            None,
        )

    def event(self, name: str, customer: str, **told: Any) -> Event:
        self.number += 1
        told = told or (self.known() if name == "$identify" else self.properties())
        return Event(name, id=f"e{self.number}", customer_id=customer, occurred_at=moment(self.at), properties=told)

    def properties(self) -> dict[str, Any]:
        one = self.random.choice
        return {"cart": one(("c1", "c1", "c2")), "total": one((10, 20, 40, 60)), "code": one(("A1", "B2"))}

    def known(self) -> dict[str, Any]:
        """What becomes known about a customer."""
        date = moment(self.at + self.random.choice((-40, 3, 30, 200, 900)) * HOUR)
        traits = {
            "plan": self.random.choice(("gold", "free")),
            "renews": date.isoformat(),
            "birthday": self.random.choice(("1990-03-31", "2000-02-29", "1985-07-01")),
            "cards": [{"id": one, "ends": f"{date:%Y-%m-%d}"} for one in self.random.sample(("k1", "k2", "k3"), self.random.randint(0, 2))],
            "friend": self.random.choice(CUSTOMERS),
        }
        told: dict[str, Any] = {"traits": {name: one for name, one in traits.items() if self.random.random() < 0.5}}
        if self.random.random() < 0.2:
            told["zone"] = self.random.choice(("Asia/Tokyo", "America/New_York"))
        if self.random.random() < 0.3:
            told["consent"] = {"email": self.random.random() < 0.5}
        return told


def effects(one: Combined, reference: ReferenceShop) -> Counter[str]:
    """How often each capability of a journey had its effect in a story."""
    counted: Counter[str] = Counter()
    entry, reentry, leaving = one.tags[0], one.tags[1], one.tags[2:]
    name = one.journeys[0].name
    for customer in reference.customers.values():
        counted.update(action[5]["did"] for action in customer.state.actions if "did" in action[5])
        lives = [life for life in customer.state.lives if life.journey == name]
        refused = sum(why == "re-entry" for _, journey, _, why in customer.state.refused if journey == name)
        counted[reentry] += {
            "one-shot-entry": refused,
            "re-entry": sum(life.number > 1 for life in lives),
            "re-entry-cooldown": min(refused, sum(life.number > 1 for life in lives) * 10),
            "wait-timer-reset": sum(life.reason == "restarted" for life in lives),
        }[reentry]
        counted.update(life.reason for life in lives if life.reason in leaving)
        counted["goal"] += sum(life.goal_at is not None for life in lives)
        if entry == "concurrent-instances-by-key":
            counted["several keys at once"] += len({life.key for life in lives}) > 1
        counted["holdout"] += customer.state.arms.get("holdout/control") == "held out"
        counted["the better one"] += customer.state.notes["better"]
        counted["followed"] += customer.state.notes["armed again"]
    return counted
