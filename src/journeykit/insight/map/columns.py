"""Which column a step of the map stands in, and which place in it: stages left to right, few crossings, the same for the same journey."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import ceil

from attrs import field, frozen

from journeykit.insight.map.designed import Design, Spot

COLUMNS = 5  #: as many fit side by side on a screen of 1280 pixels; fewer are used where there are fewer steps
ROWS = 6  #: a stage with more steps than this gets one more column
_SWEEPS = 12


@frozen
class Link:
    """A way between two different steps: *way* is its number, *weight* how many went it."""

    way: int
    source: str
    target: str
    weight: float


@frozen
class Item:
    """What takes room in a column: a *step*, or a *link* that passes through on its way to another column."""

    step: str | None = None
    link: int | None = None


@frozen
class Columns:
    """
    Steps in columns.

    Attributes:
        stages: each stage with its first column and how many it has.
        items: what stands in each column, from the top down.
        column: the column of each step.
        chains: for each link the items that it leads through, its two steps included.
    """

    stages: tuple[tuple[str, int, int], ...]
    items: tuple[tuple[Item, ...], ...]
    column: Mapping[str, int] = field(factory=dict)
    chains: Mapping[int, tuple[tuple[int, Item], ...]] = field(factory=dict)


def columns(design: Design, links: Sequence[Link]) -> Columns:
    """
    Put the steps of *design* into columns.

    A stage begins a column; it has several where it has many steps, or where there is room to show what follows what. A link between
    columns that are not neighbours takes a place in those between, so that it passes between steps and never behind them.
    """
    stages = _stages(design, links)
    column = {name: number for _, first, rows in stages for number, names in enumerate(rows, first) for name in names}
    chains = {link.way: _chain(link, column) for link in links if column[link.source] != column[link.target]}
    steps = {name: order for order, name in enumerate(name for _, _, rows in stages for names in rows for name in names)}
    items: list[list[Item]] = [[Item(name) for name in names] for _, _, rows in stages for names in rows]
    for chain in chains.values():
        for number, item in chain[1:-1]:
            items[number].append(item)
    _order(items, chains, _Wishes(links, steps, {spot.name: spot for spot in design.steps}))
    return Columns(
        tuple((stage, first, len(rows)) for stage, first, rows in stages), tuple(tuple(column) for column in items), column, chains
    )


def _stages(design: Design, links: Sequence[Link]) -> list[tuple[str, int, list[list[str]]]]:
    layers = {stage: _layers([s.name for s in design.steps if s.stage == stage], links) for stage in design.stages}
    many = _shared({stage: (len(names), 1 + max(names.values(), default=0)) for stage, names in layers.items()})
    found = []
    first = 0
    for stage in design.stages:
        rows = _cut(layers[stage], many[stage])
        found.append((stage, first, rows))
        first += len(rows)
    return found


def _layers(names: Sequence[str], links: Sequence[Link]) -> dict[str, int]:
    """How many steps of the stage come before each, on the longest way forward, in the order of the definition."""
    order = {name: number for number, name in enumerate(names)}
    before: dict[str, list[str]] = defaultdict(list)
    for link in links:
        if link.source in order and link.target in order and order[link.source] < order[link.target]:
            before[link.target].append(link.source)
    layers: dict[str, int] = {}
    for name in names:
        layers[name] = max((layers[other] + 1 for other in before[name]), default=0)
    return layers


def _shared(stages: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """How many columns each stage gets: one, and of those left over the fullest stage the next."""
    many = dict.fromkeys(stages, 1)

    def rows(stage: str) -> int:
        return ceil(stages[stage][0] / many[stage])

    while True:
        crowded = [stage for stage in stages if rows(stage) > ROWS]
        open_ones = [stage for stage in stages if many[stage] < stages[stage][1] and rows(stage) > 1]
        if sum(many.values()) >= COLUMNS:
            open_ones = crowded
        if not open_ones:
            return many
        many[max(open_ones, key=rows)] += 1


def _cut(layers: Mapping[str, int], many: int) -> list[list[str]]:
    """The steps of a stage in *many* columns: by layer where that suffices, else in their order, as many in each."""
    names = sorted(layers, key=lambda name: layers[name])
    if 1 + max(layers.values(), default=0) == many:
        return [[name for name in names if layers[name] == number] for number in range(many)]
    size = ceil(len(names) / many)
    return [names[start : start + size] for start in range(0, len(names), size)] or [[]]


def _chain(link: Link, column: Mapping[str, int]) -> tuple[tuple[int, Item], ...]:
    begin, end = column[link.source], column[link.target]
    between = range(begin + 1, end) if begin < end else range(begin - 1, end, -1)
    return ((begin, Item(link.source)), *((number, Item(link=link.way)) for number in between), (end, Item(link.target)))


# -- the order within a column -----------------------------------------------------------------------------------------


class _Wishes:
    """What the order within a column should keep: steps of a scope together, what follows below what it follows."""

    def __init__(self, links: Iterable[Link], order: Mapping[str, int], spots: Mapping[str, Spot]) -> None:
        self.weights = {link.way: 3.0 if link.weight else 1.0 for link in links}
        self._below = {(link.source, link.target) for link in links if order[link.source] < order[link.target]}
        self._scopes = {name: spot.scopes[:1] for name, spot in spots.items()}

    def cost(self, items: Sequence[Item]) -> float:
        steps = [item.step for item in items if item.step is not None]
        upward = sum((low, high) in self._below for place, high in enumerate(steps) for low in steps[place + 1 :])
        runs = [self._scope(item) for item in items]
        breaks = sum(one != other for one, other in pairwise(runs) if one or other)
        return 4.0 * upward + 3.0 * breaks

    def _scope(self, item: Item) -> tuple[str, ...]:
        return self._scopes.get(item.step or "", ())


def _order(items: list[list[Item]], chains: Mapping[int, tuple[tuple[int, Item], ...]], wishes: _Wishes) -> None:
    """Change the order within each column, two neighbours at a time, as long as that saves crossings."""
    between: dict[int, list[tuple[Item, Item, float]]] = defaultdict(list)
    for way, chain in chains.items():
        for one, other in pairwise(chain):
            (left, a), (_, b) = sorted((one, other), key=lambda end: end[0])
            between[left].append((a, b, wishes.weights[way]))
    _first_guess(items, between)
    for _ in range(_SWEEPS):
        changed = [_improved(number, items, between, wishes) for number in range(len(items))]
        if True not in changed:
            return


def _first_guess(items: list[list[Item]], between: Mapping[int, Sequence[tuple[Item, Item, float]]]) -> None:
    """A link that passes through begins beside where it comes from."""
    for number in range(1, len(items)):
        ranks = _ranks(items[number - 1])
        here = _ranks([item for item in items[number] if item.step is not None])
        for a, b, _ in between[number - 1]:
            if b.link is not None:
                here[b] = ranks[a]
        items[number].sort(key=lambda item: here[item])


def _ranks(items: Sequence[Item]) -> dict[Item, float]:
    return {item: (place + 0.5) / len(items) for place, item in enumerate(items)}


def _improved(number: int, items: list[list[Item]], between: Mapping[int, Sequence[tuple[Item, Item, float]]], wishes: _Wishes) -> bool:
    column, better = items[number], False

    def cost() -> float:
        return wishes.cost(column) + sum(_crossings(items, side, between[side]) for side in (number - 1, number) if side in between)

    least = cost()
    for place in range(len(column) - 1):
        column[place], column[place + 1] = column[place + 1], column[place]
        if (now := cost()) < least:
            least, better = now, True
        else:
            column[place], column[place + 1] = column[place + 1], column[place]
    return better


def _crossings(items: Sequence[Sequence[Item]], left: int, ends: Sequence[tuple[Item, Item, float]]) -> float:
    one = {item: place for place, item in enumerate(items[left])}
    other = {item: place for place, item in enumerate(items[left + 1])}
    lines = sorted((one[a], other[b], weight) for a, b, weight in ends)
    return sum(
        first[2] * second[2]
        for place, first in enumerate(lines)
        for second in lines[place + 1 :]
        if first[0] < second[0] and first[1] > second[1]
    )
