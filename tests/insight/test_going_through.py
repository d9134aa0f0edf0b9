"""Flows, funnels, paths, drop-offs and who is where, of invented lives in a real engine, against history read in plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise, product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from insight_lives import ENGINES, EXAMPLES, Life, cuts, everybody, lives, numbers_of, raw
from journeykit.core.definitions.outline import places
from journeykit.insight.figures import Slice
from shop import Shop

NEVER = 2**62


def visits(shop: Shop, journey: str) -> list[dict]:
    """Each visit of a step, from history: where, since when, until when, and what became of it."""
    found, open_ones = [], {}
    for customer in everybody(shop):
        for entry in shop.storage.history(customer):
            place = (customer, entry.key, entry.number)
            if entry.journey != journey or entry.kind not in ("entered", "moved", "exited", "completed", "merged"):
                continue
            if place in open_ones:
                open_ones.pop(place).update(until=entry.at, how=entry.kind, next=entry.target, why=entry.cause, reason=entry.reason)
            if entry.target is not None:
                open_ones[place] = {"place": place, "step": entry.target, "since": entry.at, "until": NEVER, "cause": entry.cause, "came": entry.kind,
                                    "how": None, "next": None, "why": None, "reason": None}  # fmt: skip
                found.append(open_ones[place])
    return found


def test_flows_are_what_history_says() -> None:
    """Steps and ways are counted again; who comes is who goes and who is still there; two halves are the whole; stages count customers once."""
    seen: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES // 2)
    @given(lives(), st.data(), st.sampled_from(ENGINES))
    def agree(life: Life, data: Any, make: Any) -> None:
        shop = life.shop()
        numbers = numbers_of(shop, make)
        for journey in numbers.journeys():
            told = visits(shop, journey)
            whole, first, second = data.draw(cuts(shop, numbers))
            flows = {when: numbers.flow(Slice(when, journey=journey)) for when in (numbers.span, whole, first, second)}
            for when, flow in flows.items():
                for step in flow.steps:
                    _agrees(step, [one for one in told if one["step"] == step.step], when)
                    seen["moved"] += step.moved
                    seen["left"] += step.left
                    seen["still"] += step.still
                _joins(flow)
                assert {(one.source, one.target, one.cause, one.reason): one.count for one in flow.links} == _ways(told, when)
            for step in flows[whole].steps:
                one, other = (next(it for it in flows[when].steps if it.step == step.step) for when in (first, second))
                assert (one.there_before, one.still, other.still) == (step.there_before, other.there_before, step.still)
                assert (one.arrived + other.arrived, one.moved + other.moved, one.left + other.left) == (
                    step.arrived,
                    step.moved,
                    step.left,
                )
                seen["crossed"] += one.still
            _stages(numbers, journey, told, whole, seen)
        numbers.lake.close()

    agree()
    few = {"moved": 12, "left": 6, "still": 12, "crossed": 2, "between stages": 1}
    assert {what: seen[what] for what, floor in few.items() if seen[what] < floor * min(EXAMPLES, 200) // 200} == {}


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
    stages = {place.step.name: place.stage or "no stage" for place in places(numbers.definition(journey))}
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

    @settings(max_examples=EXAMPLES // 4)
    @given(lives(), st.data(), st.sampled_from(ENGINES))
    def agree(life: Life, data: Any, make: Any) -> None:
        shop = life.shop()
        numbers = numbers_of(shop, make)
        for journey, when in product(numbers.journeys(), (numbers.span, data.draw(cuts(shop, numbers))[0])):
            told = visits(shop, journey)
            taken = defaultdict(list)
            for one in told:
                taken[one["place"]].append(one)
            expected = Counter()
            for several in taken.values():
                if when.begin <= several[0]["since"] < when.end:
                    reached = [one for one in several if one["since"] < when.end]
                    last = reached[-1]
                    end = (
                        None
                        if last["until"] >= when.end or last["how"] == "moved"
                        else last["reason"]
                        if last["how"] == "exited"
                        else last["how"]
                    )
                    expected[tuple(one["step"] for one in reached), end] += 1
            found = {(path.steps, path.end): path.enrollments for path in numbers.paths(Slice(when, journey=journey), most=10_000)}
            assert found == dict(expected)
            seen["loops"] += sum(path.loops for path in numbers.paths(Slice(when, journey=journey)))
            _presence(shop, numbers, journey, told, when, seen)
        numbers.lake.close()

    agree()
    few = {"loops": 1, "there": 6}
    assert {what: seen[what] for what, floor in few.items() if seen[what] < floor * min(EXAMPLES, 200) // 200} == {}


def _presence(shop, numbers, journey, told, when, seen):
    happened = [row for row in raw(shop)["events"] if row[5] == "decided" and row[6][0] != "$"]  # customer, id, seq, occurred_at, ...
    for step in {one["step"] for one in told}:
        inside = sorted(
            (one["since"], *one["place"][:2]) for one in told if one["step"] == step and one["since"] < when.end <= one["until"]
        )
        found = numbers.there(Slice(when, journey=journey), step, most=100)
        assert [(one.since, one.customer, one.key) for one in found] == inside
        for one in found:
            before = [(row[3], row[2], row[1], row[6]) for row in happened if row[0] == one.customer and row[3] < when.end]
            at, _, _, name = max(before, default=(None, None, None, None))
            assert (one.last, one.last_at) == (name, at)
        seen["there"] += len(found)


def test_a_slice_by_version_and_segment_parts_the_whole() -> None:
    """Who was in a segment and who was not, when they entered, are everybody; so are the versions."""
    parted: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES // 2)
    @given(lives(), st.sampled_from(ENGINES))
    def agree(life: Life, make: Any) -> None:
        numbers = numbers_of(life.shop(), make)
        whole, within, without = (
            numbers.figures("entries", Slice(numbers.span, journey="recover-cart", segment=name))[0].count
            for name in (None, "buyers", "not buyers")
        )
        by_version = [
            numbers.figures("entries", Slice(numbers.span, version=version))[0].count for version, _ in numbers.versions("recover-cart")
        ]
        assert within + without == whole == sum(by_version)
        parted["both"] += bool(within and without)
        numbers.lake.close()

    agree()
    assert parted["both"] >= 1
