"""What was designed and what customers did, as one map: every way there is, and how many went it in a slice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve, frozen

from journeykit.insight.figures import Flow, LinkFlow, StepFlow
from journeykit.insight.map.designed import Design, Spot, Way

_ALWAYS = ("completed", "merged", "erased")  #: ends that no definition has to name


@frozen
class Atlas:
    """
    A journey with every way that was designed or taken.

    Attributes:
        design: the journey; steps that only older versions had, and customers were in, among its steps.
        ways: first those that were designed for single steps, then those that were taken besides.
        weights: how many went each way in the flows that it was made of, the most that one of them has.
        causes: for each way what led there, and how often.
        unused: ways that hold anywhere (rules of scopes and of the journey) and nobody took.
    """

    design: Design
    ways: tuple[Way, ...]
    weights: Mapping[int, float]
    causes: tuple[tuple[tuple[str, int], ...], ...]
    unused: tuple[Way, ...] = ()


@frozen
class Counts:
    """
    How many went each way of an atlas in a slice, and what became of those in each step.

    Attributes:
        ways: for each way how often it was taken.
        steps: what became of each step, in the order of the design; None of a step that the slice knows nothing of.
    """

    ways: tuple[int, ...]
    steps: tuple[StepFlow | None, ...]


def atlas(design: Design, flows: Sequence[Flow], older: Sequence[Design] = ()) -> Atlas:
    """
    Bring together what was designed and what was done.

    Args:
        design: the version that is shown.
        flows: what customers did, in all slices that will be shown or in one that holds them all.
        older: other versions, from which steps are taken that this one no longer has.
    """
    whole = _with_former(design, flows, older)
    anywhere = {way.place: way for way in whole.anywhere}
    ends = {*whole.ends, *_ALWAYS}
    ways = {way.place: way for way in whole.ways}
    for place in dict.fromkeys(_place(link) for flow in flows for link in flow.links):
        if place not in ways:
            known = anywhere.get(place)
            by_end = place[1] is None and place[2] in ends
            ways[place] = known or Way(*place, designed=by_end or (place[0] is None and _enters(place[1], whole)))
    found = tuple(ways.values())
    names = {spot.name for spot in whole.steps}
    found = tuple(way for way in found if {way.source, way.target} <= {*names, None})
    weights = {number: float(max((_counted(flow).get(way.place, 0) for flow in flows), default=0)) for number, way in enumerate(found)}
    return Atlas(
        whole,
        found,
        {number: weight for number, weight in weights.items() if weight},
        tuple(_causes(way, flows) for way in found),
        tuple(way for way in whole.anywhere if way.place not in ways),
    )


def counts(chart: Atlas, flow: Flow) -> Counts:
    """How many went each way of *chart* in *flow*."""
    counted = _counted(flow)
    steps = {step.step: step for step in flow.steps}
    return Counts(tuple(counted.get(way.place, 0) for way in chart.ways), tuple(steps.get(spot.name) for spot in chart.design.steps))


def _place(link: LinkFlow) -> tuple[str | None, str | None, str | None]:
    return link.source, link.target, (link.reason or "completed") if link.target is None else None


def _counted(flow: Flow) -> Counter[tuple[str | None, str | None, str | None]]:
    found: Counter[tuple[str | None, str | None, str | None]] = Counter()
    for link in flow.links:
        found[_place(link)] += link.count
    return found


def _causes(way: Way, flows: Iterable[Flow]) -> tuple[tuple[str, int], ...]:
    """What led along *way*: in the flow where most went it."""
    best: Counter[str] = Counter()
    for flow in flows:
        found: Counter[str] = Counter()
        for link in flow.links:
            if _place(link) == way.place:
                found[link.cause] += link.count
        best = max(best, found, key=Counter.total)
    return tuple(best.most_common(6))


def _enters(step: str | None, design: Design) -> bool:
    """Whether customers come in there by design."""
    return any(way.source is None and way.target == step for way in design.ways)


def _with_former(design: Design, flows: Iterable[Flow], older: Iterable[Design]) -> Design:
    known = {spot.name for spot in design.steps}
    used = {name for flow in flows for step in flow.steps if step.arrived or step.there_before for name in [step.step]}
    former: dict[str, Spot] = {}
    for other in older:
        former |= {spot.name: evolve(spot, former=True) for spot in other.steps if spot.name in used - known and spot.name not in former}
    former |= {name: Spot(name, "", former=True) for name in sorted(used - known - set(former))}
    stages = dict.fromkeys((*design.stages, *(spot.stage for spot in former.values())))
    return evolve(design, steps=(*design.steps, *former.values()), stages=tuple(stages))
