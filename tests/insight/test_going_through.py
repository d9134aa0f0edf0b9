"""Flows, funnels, paths, drop-offs and who is where, of random lives in a real engine, against history read in plain Python."""

from __future__ import annotations

import os
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from insight_told import LAKES, insight
from journeykit import Catalog, Do, Goal, Journey, On, Step, Transition
from journeykit.insight.engines.duck import DuckLake
from journeykit.insight.engines.small import SmallLake
from journeykit.insight.figures import Period, Slice
from journeykit.insight.tables.raw import TABLES
from journeykit.insight.tables.reading import rows
from shop import Shop

HOUR = 3_600_000_000
NEVER = 2**62
LIVES = int(os.environ.get("JOURNEYKIT_EXAMPLES", "200")) // 5

CART = Journey(
    "recover-cart",
    key="cart_id",
    stages=["consideration", "purchase"],
    entry="Product Added",
    exits="Cart Emptied",
    goal=Goal("Order Completed", end="bought"),
    reentry="always",
    steps=[
        Step("left", stage="consideration", wait="2 hours", when={"Product Added": "left"}),
        Step("reminded", do=Do("email", template="cart"), wait="1 day", when={"Cart Viewed": "looking"}),
        Step("gone", end="lost"),
        Step("looking", stage="purchase", wait="6 hours", then="gone"),
    ],
)
LIFE = Journey(
    "life",
    lifecycle=True,
    entry="Page Viewed",
    steps=[
        Step("visitor", stage="awareness", when={"Order Completed": "customer"}),
        Step("customer", stage="retention", wait="3 days", when={"Order Completed": "customer"}),
        Step("silent", stage="retention", when=[Transition("customer", on=On("Order Completed"))]),
    ],
)
CATALOG = Catalog(facts={"orders": "count of Order Completed"}, segments={"buyers": "customer.orders > 0"})
THANKS = Journey(
    "thanks", entry=On(segment="buyers"), stage="retention", steps=[Step("thanked", do=Do("email", template="thanks"), wait="1 day")]
)
NAMES = ("Page Viewed", "Product Added", "Product Added", "Cart Viewed", "Order Completed", "Cart Emptied", "Lamp Lit")


def life(seed: int) -> Shop:
    """What three customers did in some days, an hour or two apart."""
    chance, shop = random.Random(seed), Shop(CART, LIFE, THANKS, CATALOG)
    for _ in range(chance.randint(3, 40)):
        shop.event(chance.choice(NAMES), chance.choice(("ann", "bob", "cem")), cart_id=chance.choice(("c1", "c2")))
        shop.wait(chance.choice(("1 minute", "1 hour", "2 hours", "6 hours", "1 day")))
    return shop


def raw(shop: Shop) -> dict[str, list[tuple]]:
    """Its tables, as they are exported."""
    return {table.name: list(rows(shop.storage, table)) for table in TABLES}


def visits(shop: Shop, journey: str) -> list[dict]:
    """Each visit of a step, from history: where, since when, until when, and what became of it."""
    found, open_ones = [], {}
    for customer in ("ann", "bob", "cem"):
        for entry in shop.storage.history(customer):
            place = (customer, entry.key, entry.number)
            if entry.journey != journey or entry.kind not in ("entered", "moved", "exited", "completed"):
                continue
            if place in open_ones:
                open_ones.pop(place).update(until=entry.at, how=entry.kind, next=entry.target, why=entry.cause, reason=entry.reason)
            if entry.target is not None:
                open_ones[place] = {"place": place, "step": entry.target, "since": entry.at, "until": NEVER, "cause": entry.cause, "came": entry.kind,
                                    "how": None, "next": None, "why": None, "reason": None}  # fmt: skip
                found.append(open_ones[place])
    return found


def windows(chance: random.Random, numbers) -> list[Period]:
    """All of it, and a part cut in two, at moments at which something happens or next to them."""
    moments = sorted(
        {numbers.span.begin + chance.randint(-1, 48) * HOUR // 2, numbers.span.end - chance.choice((0, 1, HOUR)), numbers.span.end + HOUR}
    )
    middle = (moments[0] + moments[-1]) // 2 // HOUR * HOUR
    return [numbers.span, Period(moments[0], moments[-1]), Period(moments[0], middle), Period(middle, moments[-1])]


def test_flows_are_what_history_says() -> None:
    """Steps and ways are counted again; who comes is who goes and who is still there; two halves are the whole; stages count customers once."""
    seen: Counter[str] = Counter()
    for seed in range(LIVES):
        shop = life(seed)
        numbers = insight(DuckLake if seed % 4 == 0 else SmallLake, raw(shop))
        for journey in numbers.journeys():
            told = visits(shop, journey)
            _, whole, first, second = cuts = windows(random.Random(seed), numbers)
            flows = {when: numbers.flow(Slice(when, journey=journey)) for when in cuts}
            for when, flow in flows.items():
                for step in flow.steps:
                    _agrees(step, [one for one in told if one["step"] == step.step], when)
                    seen["moved"] += step.moved
                    seen["still"] += step.still
                _joins(flow)
                assert {(one.source, one.target, one.cause, one.reason): one.count for one in flow.links} == _ways(told, when)
            for step in flows[whole].steps:
                one, other = (next(it for it in flows[when].steps if it.step == step.step) for when in (first, second))
                assert (one.there_before, one.still) == (step.there_before, other.there_before)
                assert (one.arrived + other.arrived, one.moved + other.moved, one.left + other.left) == (
                    step.arrived,
                    step.moved,
                    step.left,
                )
                seen["crossed"] += one.still
            _stages(numbers, journey, told, whole, seen)
        numbers.lake.close()

    assert all(seen[what] >= LIVES // 4 for what in ("moved", "still", "crossed", "between stages")), seen


def _agrees(step, told, when):
    inside = [one for one in told if one["since"] < when.end and one["until"] >= when.begin]
    gone = [one for one in inside if one["until"] < when.end]
    assert step.there_before == sum(one["since"] < when.begin for one in inside)
    assert step.arrived == sum(one["since"] >= when.begin for one in inside)
    assert step.customers == len({one["place"][0] for one in inside})
    assert (step.moved, step.left) == (sum(one["how"] == "moved" for one in gone), sum(one["how"] != "moved" for one in gone))
    assert step.still == len(inside) - len(gone)
    assert step.there_before + step.arrived == step.moved + step.left + step.still


def _joins(flow):
    """Who arrives in a step has come by one of the ways to it, and who leaves goes by one of the ways from it."""
    come, go = Counter(), Counter()
    for link in flow.links:
        come[link.target] += link.count
        go[link.source] += link.count
    for step in flow.steps:
        assert (come[step.step], go[step.step]) == (step.arrived, step.moved + step.left)


def _ways(told, when):
    found = Counter()
    for one in told:
        if one["came"] == "entered" and when.begin <= one["since"] < when.end:
            found[None, one["step"], one["cause"], None] += 1
        if when.begin <= one["until"] < when.end:
            end = one["reason"] if one["how"] == "exited" else one["how"]
            found[one["step"], one["next"], one["why"], None if one["how"] == "moved" else end] += 1
    return dict(found)


def _stages(numbers, journey, told, when, seen):
    """A customer's places by stage: as many stand in all stages as in all steps, and moves within a stage are none."""
    stages = {"left": "consideration", "reminded": "consideration", "gone": "consideration", "looking": "purchase",
              "visitor": "awareness", "customer": "retention", "silent": "retention", "thanked": "retention"}  # fmt: skip
    funnel = {one.step: one for one in numbers.funnel(Slice(when, journey=journey))}
    assert sum(one.still for one in funnel.values()) == sum(one["since"] < when.end <= one["until"] for one in told)
    ways = defaultdict(list)
    for one in told:
        ways[one["place"]].append(one)
    moves = Counter()
    for several in ways.values():
        for one, other in pairwise(several):
            if stages[one["step"]] != stages[other["step"]] and when.begin <= other["since"] < when.end:
                moves[stages[one["step"]]] += 1
    assert {stage: one.moved for stage, one in funnel.items() if one.moved} == dict(moves)
    seen["between stages"] += sum(moves.values())
    for one in funnel.values():
        assert one.there_before + one.arrived == one.moved + one.left + one.still


def test_paths_and_presence_are_what_history_says() -> None:
    """The ways that were taken, as far as they had come, and who stands where with what they did last."""
    seen: Counter[str] = Counter()
    for seed in range(LIVES):
        shop = life(seed)
        numbers = insight(DuckLake if seed % 4 == 0 else SmallLake, raw(shop))
        for journey in numbers.journeys():
            when = windows(random.Random(seed), numbers)[1]
            told = visits(shop, journey)
            taken = defaultdict(list)
            for one in told:
                taken[one["place"]].append(one)
            expected = Counter()
            for several in taken.values():
                if when.begin <= several[0]["since"] < when.end:
                    reached = [one for one in several if one["since"] < when.end]
                    last = reached[-1]
                    end = None if last["until"] >= when.end or last["how"] == "moved" else last["reason"] or last["how"]
                    expected[tuple(one["step"] for one in reached), end] += 1
            found = {(path.steps, path.end): path.enrollments for path in numbers.paths(Slice(when, journey=journey), most=10_000)}
            assert found == dict(expected)
            seen["loops"] += sum(path.loops for path in numbers.paths(Slice(when, journey=journey)))
            _presence(shop, numbers, journey, told, when, seen)
        numbers.lake.close()

    assert min(seen["loops"], seen["there"]) >= LIVES // 4, seen


def _presence(shop, numbers, journey, told, when, seen):
    events = {
        customer: [log.event for log in shop.storage.events(customer) if not log.event.name.startswith("$")]
        for customer in ("ann", "bob", "cem")
    }
    for step in {one["step"] for one in told}:
        inside = sorted(
            (one["since"], *one["place"][:2]) for one in told if one["step"] == step and one["since"] < when.end <= one["until"]
        )
        found = numbers.there(Slice(when, journey=journey), step, most=100)
        assert [(one.since, one.customer, one.key) for one in found] == inside
        for one in found:
            before = [event for event in events[one.customer] if _micros(event.occurred_at) < when.end]
            assert (one.last, one.last_at) == (before[-1].name, _micros(before[-1].occurred_at))
        seen["there"] += len(found)


def _micros(moment) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@pytest.mark.parametrize("make", LAKES)
def test_a_slice_by_version_and_segment_parts_the_whole(make):
    """Who was in a segment and who was not, when they entered, are everybody; so are the versions."""
    parted = Counter()
    for seed in range(12):
        shop = life(seed)
        numbers = insight(make, raw(shop))
        everybody = Slice(numbers.span, journey="recover-cart")
        whole = numbers.figures("entries", everybody)[0].count
        within, without = (
            numbers.figures("entries", Slice(numbers.span, journey="recover-cart", segment=name))[0].count
            for name in ("buyers", "not buyers")
        )
        by_version = [
            numbers.figures("entries", Slice(numbers.span, version=version))[0].count for version, _ in numbers.versions("recover-cart")
        ]
        assert within + without == whole == sum(by_version)
        parted["both"] += bool(within and without)
        numbers.lake.close()

    assert parted["both"] >= 2
