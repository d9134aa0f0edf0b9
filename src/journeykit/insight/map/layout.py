"""Where everything on the map of a journey stands, in pixels: worked out here, so that the page has only to fill in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from attrs import evolve, field, frozen

from journeykit.insight.map.columns import Columns, Item, Link, columns
from journeykit.insight.map.designed import Design, Note, Spot, Way
from journeykit.insight.map.lettering import wrapped
from journeykit.insight.map.parts import (
    BOTTOM,
    BOX,
    FAINT,
    LARGEST,
    LEFT,
    NAME,
    PAD,
    PITCH,
    RIGHT,
    SMALL,
    THROUGH,
    TOP,
    Box,
    Frame,
    Lane,
    Layout,
    Row,
    head,
)
from journeykit.insight.map.routes import End, Sides, facing, leads_left, ribbons

_GUTTER, _BACK = 60, 42  #: between columns, and how much more where ways lead back
_GAP, _DOWN, _FRAME = 22, 40, 12
_MOST_ROWS = 5
_BROAD, _ROOMY = 1_150, 100  #: a map narrower than that has so much more between its columns, at most
_STEEP = 60  #: how much wider a gutter is at most where broad ways are steep


def layout(design: Design, ways: Sequence[Way], weights: Mapping[int, float]) -> Layout:
    """
    Place the steps of *design*, and *ways* between them.

    Args:
        design: the journey; its steps may be any number, in any number of stages.
        ways: every way there is to draw.
        weights: how many went each way at most, by its number; a ribbon has room for as many. Nought where not said.
    """
    return _Placing(design, ways, weights).layout()


@frozen
class _Placing:
    design: Design
    ways: Sequence[Way]
    weights: Mapping[int, float]
    scale: float = field(init=False, default=0.0)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "scale", self._scale())

    def layout(self) -> Layout:
        cols = columns(self.design, self._links())
        sides = self._sides(cols)
        boxes = {spot.name: self._box(spot, sides) for spot in self.design.steps}
        tops = _tops(cols, boxes, self)
        middles = [
            {item: top + (boxes[item.step].height if item.step else self.room(item)) / 2 for item, top in column.items()} for column in tops
        ]
        xs = self._xs(cols, middles)
        placed = {name: evolve(box, x=xs[cols.column[name]], y=tops[cols.column[name]][Item(name)]) for name, box in boxes.items()}
        height = max((box.y + box.height for box in placed.values()), default=TOP + 40.0)
        height = max([height, *(top + self.room(item) for column in tops for item, top in column.items() if item.link is not None)])
        return Layout(
            xs[-1] + BOX + RIGHT if xs else 400,
            height + BOTTOM,
            self._lanes(cols, xs),
            tuple(placed.values()),
            ribbons(self.ways, cols, placed, middles, xs, sides),
            tuple(_frames(cols, placed)),
        )

    def _scale(self) -> float:
        """Pixels for one customer."""
        busy: dict[tuple[str, bool], float] = {}
        for number, way in enumerate(self.ways):
            for name, leaves in ((way.source, True), (way.target, False)):
                if name is not None and way.target is not None and way.source != way.target:
                    busy[name, leaves] = busy.get((name, leaves), 0.0) + self.weights.get(number, 0.0)
        most = max(busy.values(), default=0.0)
        return min(LARGEST, THROUGH / most) if most else 0.0

    def room(self, item: Item) -> float:
        return 0.0 if item.link is None else self.span(item.link)

    def span(self, way: int) -> float:
        """The room that a way takes: that of its customers, and of its number where it bears one."""
        weight = self.weights.get(way, 0.0)
        return max(weight * self.scale, PITCH if weight else FAINT)

    def _links(self) -> list[Link]:
        return [
            Link(number, way.source, way.target, self.weights.get(number, 0.0))
            for number, way in enumerate(self.ways)
            if way.source is not None and way.target is not None and way.source != way.target
        ]

    def _sides(self, cols: Columns) -> Sides:
        """What ends at each side of each box."""
        sides: Sides = {}
        for number, way in enumerate(self.ways):
            if way.target is None or way.source == way.target:
                continue
            room = self.span(number)
            if way.source is None:
                sides.setdefault((way.target, "left"), []).append(End(number, False, max(room, PITCH)))
                continue
            out, into = facing(cols, way)
            sides.setdefault((way.source, out), []).append(End(number, True, room))
            sides.setdefault((way.target, into), []).append(End(number, False, room))
        return sides

    def _box(self, spot: Spot, sides: Sides) -> Box:
        lines = wrapped(spot.name, BOX - 2 * PAD - 4, NAME, 2, bold=True)
        notes = tuple((note, wrapped(note.text, BOX - 2 * PAD - 18, SMALL, 2)) for note in _few(spot.notes))
        begin = head(lines, notes)
        rows = self._rows(spot.name, begin)
        ports = max((sum(end.room for end in sides.get((spot.name, side), ())) for side in ("left", "right")), default=0.0)
        return Box(spot, lines, notes, rows, max(rows[-1].y + rows[-1].height + 4 if rows else begin, ports + 12))

    def _rows(self, step: str, begin: float) -> tuple[Row, ...]:
        mine = [n for n, way in enumerate(self.ways) if way.source == step and way.target in (None, step)]
        mine.sort(key=lambda n: (-self.weights.get(n, 0.0), n))
        kept = mine if len(mine) <= _MOST_ROWS else mine[: _MOST_ROWS - 1]
        found: list[tuple[tuple[int, ...], str, str]] = [((number,), *self._ending(self.ways[number])) for number in kept]
        if rest := mine[len(kept) :]:
            found.append((tuple(rest), f"{len(rest)} other ways out", "exit"))
        rows: list[Row] = []
        for ways, text, kind in found:
            lines = wrapped(text, BOX - 82, SMALL, 2) or ("",)
            rows.append(Row(ways, text, lines, kind, rows[-1].y + rows[-1].height if rows else begin))
        return tuple(rows)

    def _ending(self, way: Way) -> tuple[str, str]:
        if way.target is not None:
            return "again", "again"
        return way.end or "left", "completed" if self.design.well(way) else "exit"

    def _xs(self, cols: Columns, middles: Sequence[Mapping[Item, float]]) -> list[float]:
        """Where each column begins; a gutter is wider where numbers stand on both sides of it, or broad ways lead far up or down."""
        numbered = {cols.column[way.source or ""] - 1 for way in self.ways if leads_left(cols, way)}
        numbered |= {cols.column[way.target] - 1 for way in self.ways if way.source is None and way.target}
        steep = [0.0] * len(cols.items)
        for way, chain in cols.chains.items():
            for (one, a), (other, b) in pairwise(chain):
                rise = abs(middles[one][a] - middles[other][b]) * self.span(way) / THROUGH
                steep[min(one, other)] = max(steep[min(one, other)], min(_STEEP, 0.4 * rise))
        gutters = [_GUTTER + max(_BACK if number in numbered else 0, steep[number]) for number in range(len(cols.items) - 1)]
        spare = min(_ROOMY, max(0.0, _BROAD - LEFT - RIGHT - BOX * len(cols.items) - sum(gutters)) / max(len(cols.items), 1))
        xs = [LEFT + spare / 3]
        for gutter in gutters:
            xs.append(xs[-1] + BOX + gutter + spare)
        return xs

    def _lanes(self, cols: Columns, xs: Sequence[float]) -> tuple[Lane, ...]:
        edges = [0.0, *(xs[first] - (xs[first] - xs[first - 1] - BOX) / 2 for _, first, _ in cols.stages[1:]), xs[-1] + BOX + RIGHT]
        return tuple(Lane(stage, left, right - left) for (stage, _, _), (left, right) in zip(cols.stages, pairwise(edges), strict=True))


def _few(notes: Sequence[Note]) -> Sequence[Note]:
    return notes if len(notes) <= 4 else (*notes[:3], Note("do", f"and {len(notes) - 3} more"))


# -- heights -----------------------------------------------------------------------------------------------------------


def _tops(cols: Columns, boxes: Mapping[str, Box], placing: _Placing) -> list[dict[Item, float]]:
    """How far down each item of each column begins: near what it is linked with, and nothing over anything else."""
    heights = {item: boxes[item.step].height if item.step else placing.room(item) for column in cols.items for item in column}
    gaps = [_gaps(cols, column, boxes) for column in cols.items]
    tops = [_stacked(column, heights, gap) for column, gap in zip(cols.items, gaps, strict=True)]
    floor = max((tops[n][column[-1]] + heights[column[-1]] for n, column in enumerate(cols.items) if column), default=0.0)
    ends = _neighbours(cols, placing)
    for _ in range(6):
        for number, column in enumerate(cols.items):
            wanted = {item: _wanted(item, number, ends, tops, heights) for item in column}
            tops[number] = _settled(column, wanted, heights, gaps[number], floor)
    return tops


def _gaps(cols: Columns, column: Sequence[Item], boxes: Mapping[str, Box]) -> list[float]:
    """The room above each item."""
    gaps = []
    for place, item in enumerate(column):
        before = column[place - 1] if place else None
        scopes = boxes[item.step].spot.scopes if item.step else ()
        others = boxes[before.step].spot.scopes if before and before.step else ()
        frames = (
            len([scope for scope in scopes if scope not in others]) * (_FRAME + 8) + len([s for s in others if s not in scopes]) * _FRAME
        )
        if before is None:
            gaps.append(float(frames))
        elif item.step is None or before.step is None:
            gaps.append((8.0 if item.step is None and before.step is None else 12.0) + frames)
        else:
            gaps.append((_DOWN if item.step else _GAP) + frames)
    return gaps


def _stacked(column: Sequence[Item], heights: Mapping[Item, float], gaps: Sequence[float]) -> dict[Item, float]:
    tops: dict[Item, float] = {}
    y = float(TOP)
    for item, gap in zip(column, gaps, strict=True):
        tops[item] = y + gap
        y = tops[item] + heights[item]
    return tops


def _neighbours(cols: Columns, placing: _Placing) -> dict[tuple[int, Item], list[tuple[int, Item, float]]]:
    found: dict[tuple[int, Item], list[tuple[int, Item, float]]] = {}
    for way, chain in cols.chains.items():
        weight = 1.0 + placing.weights.get(way, 0.0)
        for one, other in pairwise(chain):
            found.setdefault(one, []).append((*other, weight))
            found.setdefault(other, []).append((*one, weight))
    return found


def _wanted(
    item: Item,
    number: int,
    ends: Mapping[tuple[int, Item], Sequence[tuple[int, Item, float]]],
    tops: Sequence[Mapping[Item, float]],
    heights: Mapping[Item, float],
) -> float:
    near = ends.get((number, item), ())
    total = sum(weight for _, _, weight in near)
    if not total:
        return tops[number][item]
    return sum((tops[n][other] + heights[other] / 2) * weight for n, other, weight in near) / total - heights[item] / 2


def _settled(
    column: Sequence[Item], wanted: Mapping[Item, float], heights: Mapping[Item, float], gaps: Sequence[float], floor: float
) -> dict[Item, float]:
    """As near to *wanted* as order and gaps allow, not above the top and not below the floor."""
    tops: dict[Item, float] = {}
    y = float(TOP)
    for item, gap in zip(column, gaps, strict=True):
        tops[item] = max(y + gap, wanted[item])
        y = tops[item] + heights[item]
    below = floor
    for item, gap in zip(reversed(column), reversed(gaps), strict=True):
        tops[item] = min(tops[item], below - heights[item])
        below = tops[item] - gap
    return tops


def _frames(cols: Columns, boxes: Mapping[str, Box]) -> list[Frame]:
    """A frame around each run of steps of one scope in a column."""
    frames = []
    deepest = max((len(box.spot.scopes) for box in boxes.values()), default=0)
    for column in cols.items:
        for depth in range(deepest):
            run: list[Box] = []
            for item in (*column, Item()):
                box = boxes.get(item.step or "")
                scope = _scope(box, depth)
                if run and scope != _scope(run[0], depth):
                    frames.append(_frame(run, depth))
                    run = []
                if box is not None and scope:
                    run.append(box)
    return frames


def _scope(box: Box | None, depth: int) -> tuple[str, ...]:
    return box.spot.scopes[: depth + 1] if box is not None and len(box.spot.scopes) > depth else ()


def _frame(run: Sequence[Box], depth: int) -> Frame:
    inner = max(len(box.spot.scopes) for box in run) - depth - 1
    side, above = 7 + 4 * inner, 20 + (_FRAME + 8) * inner
    first, last = run[0], run[-1]
    return Frame(
        run[0].spot.scopes[depth],
        first.x - side,
        first.y - above,
        BOX + 2 * side,
        last.y + last.height - first.y + above + 7 + 5 * inner,
    )
