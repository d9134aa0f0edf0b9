"""
Segments, schedules, dates, and facts over windows, with balances and since an entry: the core against the reference.

The random shops of `generators`, and beside them journeys that segments, schedules and dates start, move and end. The same words as in
`test_reference`: JOURNEYKIT_EXAMPLES says how many shops, a shop that fails is shortened and printed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from agreement.generators import BEGIN, CATALOG, HOUR, Happening, shops
from agreement.test_reference import shown, told
from agreement.worlds import CoreShop
from journeykit.core.checks.problems import problems
from journeykit.model.customer import Catalog
from journeykit.model.journey import Do, Exit, Journey, On, Start, Step, Transition
from journeykit.model.messages import Event, moment
from journeykit.testing.strategies import parts

SHOP = Catalog(
    facts=CATALOG.facts
    | {
        "lately": "count of Bought in 2 hours",
        "today": "sum of Bought.total this day where event.total > 10",
        "recent": "max of Added.total in 1 day",
        "last_buy": "last of Bought",
        "kinds_lately": "distinct of Viewed.cart in 3 hours",
        "first_lately": "first of Viewed in 6 hours",
        "usual_week": "mean of Added.total this week in America/New_York",
        "spent": "sum of Bought.total from customer.spent_before",
        "seen": "count of Viewed from customer.seen_before where event.total > 10",
        "cheapest": "min of Added.total from customer.seen_before",
        "in_here": "count of Added since entry",
        "bought_here": "sum of Bought.total since entry where event.total > 10",
        "last_here": "last of Viewed since entry",
    },
    segments={
        "busy": "customer.lately >= 2",
        "rich": "segment.busy and customer.today > 50",
        "asleep": "customer.last_buy <= now - hours(3)",
        "slow": "now - customer.last_buy > hours(1) if exists(customer.last_buy) else customer.plan == 'gold'",
        "mixed": "not segment.asleep and exists(customer.first_lately) or customer.kinds_lately == 2",
        "big": "customer.recent >= 40 and customer.usual_week < 60",
        "old hand": "customer.spent >= 100 or customer.cheapest < 10",
    },
)
EVERY = ("day at 02:30", "day at 21:00", "saturday or sunday at 02:00", "month on 31 at 09:00", "year on customer.birthday at 06:00",
         "year on customer.birthday at 06:00, rolling over, in Asia/Tokyo", "month on customer.renews", "day at 22:00, in Europe/London")  # fmt: skip
DATES = ("2 hours before customer.renews", "1 calendar day before customer.renews at 09:00, now if past", "3 hours after customer.last_buy",
         "2 calendar days before customer.birthday")  # fmt: skip
KNOWN = {
    "birthday": ("1992-03-28", "1990-03-29", "2000-02-29", "1991-03-30"),
    "renews": ("2026-03-28T08:00:00+01:00", "2026-03-29 02:30", "2026-03-30", "2026-03-27T23:00:00Z"),
    "plan": ("gold", "free"),
    "spent_before": (30, 90, None, "much"),
    "seen_before": (2, 50),
}
FLOORS = {"segment": 150, "segment left": 60, "every": 300, "after": 30, "window changed": 80, "opened": 100, "since entry": 100}


class Watched:
    """Journeys that watch, and what becomes known about customers, drawn for one shop."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def on(self) -> On:
        kind = self.random.choice(("segment", "segment", "segment", "every", "changed"))
        if kind == "changed":
            name = self.random.choice(
                ("lately", "today", "recent", "usual_week", "first_lately", "kinds_lately", "spent", "seen", "cheapest")
            )
            return On(changed=f"customer.{name}", where=self.random.choice((None, None, "signal.new != signal.old", "customer.lately > 0")))
        if kind == "segment":
            return On(segment=self.edge(), where=self.random.choice((None, None, "customer.orders < 4", "not segment.rich")))
        return On(every=self.random.choice(EVERY), where=self.random.choice((None, "customer.lately > 0")))

    def edge(self) -> str:
        return self.random.choice(("", "not ")) + self.random.choice(list(SHOP.segments))

    def journey(self, name: str) -> Journey:
        entry = On(after=self.random.choice(DATES)) if self.random.random() < 0.25 else self.on()
        exits = [
            Exit(On(where=self.random.choice(("not segment.busy", "segment.asleep and customer.plan == 'gold'")))),
            Exit(self.on(), end="out"),
        ]
        steps = [
            Step("a", do=Do("email", busy="{segment.busy}", today="{customer.today}", lately="{customer.kinds_lately}"), wait="2 hours",
                 set={"customer.plan": "'gold'"} if self.random.random() < 0.2 else {}),
            Step("b", wait="5 hours", do=Do("sms", old="{signal.old}", new="{signal.new}", here="{customer.bought_here}", sum="{customer.n + 1}"),
                 when=[Transition("a", on=self.on()), Transition(set={"data.n": "(data.n or 0) + 1"}, on=self.on()), *self.alone()]),
            Step("c", do=Do("email", n="{customer.in_here}", last="{customer.last_here}", spent="{customer.spent}"), wait="3 hours", then="a"),
        ]  # fmt: skip
        return Journey(
            name,
            stage="retention",
            entry=entry,
            exits=[one for one in exits if self.random.random() < 0.3],
            reentry=self.random.choice(("always", "always", "always restarting", "once")),
            zone="Europe/Berlin",
            steps=steps,
        )

    def alone(self) -> list[Transition]:
        """A move by what an enrollment has counted, now and then."""
        where = self.random.choice(("customer.in_here >= 2", "customer.bought_here > 20 and customer.spent > 40", "customer.spent >= 90"))
        return [Transition("c", on=On(where=where))] if self.random.random() < 0.6 else []

    def journeys(self) -> list[Journey]:
        """One to three that compile."""
        found: list[Journey] = []
        while not found:
            drawn = [self.journey(f"watch{number}") for number in range(self.random.randint(1, 3))]
            found = [one for one in drawn if not [*problems([one], SHOP)]]
        return found

    def happenings(self) -> Iterator[Happening]:
        for number in range(self.random.randint(1, 5)):
            at = BEGIN + self.random.choice((0, 1, 2, 3, 5, 10, 26)) * HOUR
            traits = {name: self.random.choice(values) for name, values in KNOWN.items() if self.random.random() < 0.5}
            properties = {"traits": traits} | ({"zone": self.random.choice(("Asia/Tokyo", "America/New_York"))} if number == 2 else {})
            customer = self.random.choice(("ann", "bob"))
            yield Happening(
                at, Event("$identify", id=f"told-{number}", customer_id=customer, occurred_at=moment(at), properties=properties)
            )


def watched_shops(count: int) -> Iterator[tuple[int, list[Journey], list[Happening]]]:
    """Random shops whose customers are watched, each with its seed."""
    for seed, drawn in shops(count):
        if any(isinstance(part, Start) and part.customer for journey in drawn.journeys for part in parts(journey)):
            continue  # what reaches another takes effect behind their last moment, and which moments there are is not promised
        watched = Watched(Random(seed))
        journeys = [*drawn.journeys, *watched.journeys()]
        more = sorted([*drawn.happenings, *watched.happenings()], key=lambda one: one.at)
        yield seed, journeys, [*more, Happening(more[-1].at + 60 * HOUR, None)]


@pytest.fixture(scope="module")
def notes(examples: int) -> Counter[str]:
    """Every shop told to both, and how often what happened in them."""
    counted: Counter[str] = Counter()
    for seed, journeys, happenings in watched_shops(examples):
        found, reference = told(journeys, happenings, SHOP)
        if found:
            pytest.fail(f"seed {seed}\n{shown(journeys, happenings, SHOP)}")
        for customer in reference.customers.values():
            counted += customer.state.notes
    return counted


def test_the_core_and_the_reference_come_to_the_same(notes: Counter[str]) -> None:
    """The same edges, occurrences and entries, at the same moments and in the same order."""
    assert notes["segment"] > 0


@pytest.mark.parametrize("what", FLOORS)
def test_enough_has_happened(what: str, notes: Counter[str], examples: int) -> None:
    """Segments were entered and left, schedules occurred, dates came."""
    assert notes[what] >= FLOORS[what] * min(examples, 200) // 200


def test_it_makes_no_difference_how_late_a_worker_runs(examples: int) -> None:
    """Every quarter of an hour, or only before the next event: the same edges and occurrences, in the same order (P3)."""
    for seed, journeys, happenings in watched_shops(examples // 8):
        late, often = CoreShop(journeys, SHOP), CoreShop(journeys, SHOP)
        at = BEGIN
        for happening in happenings:
            while at < happening.at:
                often.wait(at := min(at + HOUR // 4, happening.at))
            for world in (late, often):
                if happening.event is None:
                    world.wait(happening.at)
                else:
                    world.event(happening.event, happening.at)
        assert {name: late.account(name) for name in late.customers} == {name: often.account(name) for name in often.customers}, seed
