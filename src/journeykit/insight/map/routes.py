"""Along which lines the ways of a map are drawn: off the side of one step, between others, and into the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from attrs import frozen

from journeykit.insight.map.columns import Columns, Item
from journeykit.insight.map.designed import Way
from journeykit.insight.map.parts import BOX, Box, Ribbon

_FAR = 1e6
_ENTRY = 52  #: length of a way in


@frozen
class End:
    """One end of a way at a side of a step: whether it *leaves* there, and the *room* that it takes."""

    way: int
    leaves: bool
    room: float


Sides = dict[tuple[str, str], list[End]]  #: what ends at each side of each step: ``left``, ``right``, ``top``, ``bottom``


def leads_left(cols: Columns, way: Way) -> bool:
    """Whether *way* leads to a column further left."""
    return way.source is not None and way.target is not None and cols.column[way.target] < cols.column[way.source]


def facing(cols: Columns, way: Way) -> tuple[str, str]:
    """At which side *way* leaves its step, and at which it enters the other."""
    assert way.source is not None
    assert way.target is not None
    one, other = cols.column[way.source], cols.column[way.target]
    if one != other:
        return ("right", "left") if one < other else ("left", "right")
    places = {item.step: place for place, item in enumerate(item for item in cols.items[one] if item.step)}
    distance = places[way.target] - places[way.source]
    if distance == 1:
        return "bottom", "top"
    return ("right", "right") if distance > 0 else ("left", "left")


def ribbons(
    ways: Sequence[Way],
    cols: Columns,
    boxes: Mapping[str, Box],
    middles: Sequence[Mapping[Item, float]],
    xs: Sequence[float],
    sides: Sides,
) -> tuple[Ribbon, ...]:
    """
    The lines of all *ways* that lead to another step.

    Args:
        ways: all ways; those that end, or lead to the same step again, are no ribbons.
        cols: the columns.
        boxes: the steps where they stand.
        middles: for each column how far down the middle of what passes through it is.
        xs: where each column begins.
        sides: what ends at each side of each step.
    """
    routes = _Routes(ways, cols, boxes, middles, xs)
    ports = routes.ports(sides)
    rooms = {end.way: end.room for ends in sides.values() for end in ends}
    return tuple(routes.ribbon(number, ports, room) for number, room in sorted(rooms.items()))


@frozen
class _Routes:
    ways: Sequence[Way]
    cols: Columns
    boxes: Mapping[str, Box]
    middles: Sequence[Mapping[Item, float]]
    xs: Sequence[float]

    def ports(self, sides: Sides) -> dict[tuple[int, bool], tuple[float, float]]:
        """Where each way begins and ends; at a side of a step in the order of where they come from, so that they do not cross there."""
        found: dict[tuple[int, bool], tuple[float, float]] = {}
        for (name, side), ends in sides.items():
            box = self.boxes[name]
            if side in ("top", "bottom"):
                found |= {(end.way, end.leaves): (box.x + BOX / 2, box.y + (box.height if side == "bottom" else 0)) for end in ends}
                continue
            y = box.y + (box.height - sum(end.room for end in ends)) / 2
            for end in sorted(ends, key=lambda end: (self._other(end), end.way)):
                found[end.way, end.leaves] = (box.x + (BOX if side == "right" else 0), y + end.room / 2)
                y += end.room
        return found

    def _other(self, end: End) -> float:
        """How far down a way is at the next column; in the same column it stays outside of all others."""
        way = self.ways[end.way]
        if way.source is None or way.target is None:
            return -2 * _FAR
        here, there = (way.source, way.target) if end.leaves else (way.target, way.source)
        if self.cols.column[here] == self.cols.column[there]:
            return _FAR - self.boxes[there].y if self.boxes[there].y > self.boxes[here].y else -_FAR - self.boxes[there].y
        chain = self.cols.chains[end.way]
        number, item = chain[1] if end.leaves else chain[-2]
        return self.boxes[item.step].y + self.boxes[item.step].height / 2 if item.step else self.middles[number][item]

    def ribbon(self, number: int, ports: Mapping[tuple[int, bool], tuple[float, float]], room: float) -> Ribbon:
        way = self.ways[number]
        end = ports[number, False]
        if way.source is None:
            x, y = end
            return Ribbon(number, f"M{x - _ENTRY:.1f} {y:.1f}H{x:.1f}", room, x - 9, y + 4, "end", (*end, "right"))
        begin = ports[number, True]
        out, into = facing(self.cols, way)
        if out == "bottom":
            return Ribbon(
                number,
                _line([begin, end]),
                min(room, BOX / 2),
                begin[0] + min(room, BOX / 2) / 2 + 5,
                begin[1] + 14,
                "start",
                (*end, "down"),
            )
        right = out == "right"
        label = (begin[0] + 5, begin[1] + 4, "start") if right else (begin[0] - 5, begin[1] + 4, "end")
        tip = (*end, "right" if into == "left" else "left")
        if out == into:
            return Ribbon(number, _bow(begin, end, 1 if right else -1), room, *label, tip)
        return Ribbon(number, self._path(number, begin, end), room, *label, tip, back=not right)

    def _path(self, number: int, begin: tuple[float, float], end: tuple[float, float]) -> str:
        points = [begin]
        right = begin[0] < end[0]
        for column, item in self.cols.chains[number][1:-1]:
            y = self.middles[column][item]
            sides = (self.xs[column], self.xs[column] + BOX)
            points += [(x, y) for x in (sides if right else reversed(sides))]
        points.append(end)
        parts = [f"M{begin[0]:.1f} {begin[1]:.1f}"]
        for place, (one, other) in enumerate(pairwise(points)):
            parts.append(f"H{other[0]:.1f}" if place % 2 else _curve(one, other))
        return "".join(parts)


def _curve(one: tuple[float, float], other: tuple[float, float]) -> str:
    middle = (one[0] + other[0]) / 2
    return f"C{middle:.1f} {one[1]:.1f} {middle:.1f} {other[1]:.1f} {other[0]:.1f} {other[1]:.1f}"


def _line(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _bow(one: tuple[float, float], other: tuple[float, float], side: int) -> str:
    """Out of one side and into the same side of another step in the column."""
    far = (one[0] if side * (one[0] - other[0]) > 0 else other[0]) + side * 44
    return f"M{one[0]:.1f} {one[1]:.1f}C{far:.1f} {one[1]:.1f} {far:.1f} {other[1]:.1f} {other[0]:.1f} {other[1]:.1f}"
