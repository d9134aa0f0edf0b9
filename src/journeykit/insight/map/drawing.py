"""The map of a journey as SVG, for the page, for slides and for pull requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files

from journeykit.insight.figures import Flow
from journeykit.insight.map.designed import Way
from journeykit.insight.map.layout import layout
from journeykit.insight.map.lettering import lasting, short
from journeykit.insight.map.parts import BOX, LARGEST, NAME, PAD, THROUGH, Box, Frame, Lane, Layout, Ribbon, Row
from journeykit.insight.map.svg import element, text, written
from journeykit.insight.map.taken import Atlas, Counts, counts

_CLOCK = "M5.5 1a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9M5.5 3v2.8l2 1.2"
_LETTER = "M.8 2h9.4v7h-9.4zM.8 2.3l4.7 4 4.7-4"
_SIGNS = {"completed": "M1 5.5l3 3 6-6.5", "exit": "M2 2l7 7M9 2l-7 7", "again": "M9.5 5.5a4 4 0 1 1-1.2-2.9M8.6.4v2.5h-2.5"}
_TIPS = {"right": "M-8-5L-1 0L-8 5", "left": "M8-5L1 0L8 5", "down": "M-5-8L0-1L5-8"}


def svg(chart: Atlas, flow: Flow) -> str:
    """
    The map of a journey as a file of its own; light or dark as the reader's screen is.

    Args:
        chart: what there is to draw.
        flow: whose numbers stand on it.
    """
    placed = layout(chart.design, chart.ways, chart.weights)
    style = files("journeykit.insight.map").joinpath("web", "map.css").read_text("utf-8")
    return draw(chart, placed, counts(chart, flow), style=style)


def draw(chart: Atlas, placed: Layout, counted: Counts, *, style: str | None = None, name: str = "map") -> str:
    """
    Draw what *placed* says, with the numbers of *counted*.

    Args:
        chart: what there is to draw.
        placed: where it stands.
        counted: the numbers.
        style: a style sheet of its own, for a file that stands alone.
        name: what its parts' ids begin with.
    """
    drawing = _Drawing(chart, placed, counted, name)
    return element(
        "svg",
        *([element("style", style)] if style else []),
        *drawing.parts(),
        xmlns="http://www.w3.org/2000/svg" if style else None,
        class_="map alone" if style else "map",
        viewBox=f"0 0 {placed.width:.0f} {placed.height:.0f}",
        width=placed.width,
        height=placed.height,
        role="group" if not style else "img",
        aria_label=f"Map of the journey {chart.design.journey}",
    )


def scale(placed: Layout, counted: Counts, ways: tuple[Way, ...]) -> float:
    """Pixels for one customer: as many as fit everywhere on the map."""
    busy: dict[tuple[str, bool], int] = {}
    fits = [ribbon.room / counted.ways[ribbon.way] for ribbon in placed.ribbons if counted.ways[ribbon.way]]
    for ribbon in placed.ribbons:
        way = ways[ribbon.way]
        for step, leaves in ((way.source, True), (way.target, False)):
            if step is not None:
                busy[step, leaves] = busy.get((step, leaves), 0) + counted.ways[ribbon.way]
    most = max(busy.values(), default=0)
    return min([LARGEST, THROUGH / most, *fits]) if most else 0.0


class _Drawing:
    def __init__(self, chart: Atlas, placed: Layout, counted: Counts, name: str) -> None:
        self.chart = chart
        self.placed = placed
        self.counted = counted
        self.name = name
        self.lane_of: Mapping[str, int] = {stage: number for number, stage in enumerate(chart.design.stages)}
        self.stage_of = {spot.name: spot.stage for spot in chart.design.steps}
        self.scale = scale(placed, counted, chart.ways)

    def parts(self) -> Iterator[str]:
        yield element("title", written(f"Map of the journey {self.chart.design.journey}"))
        yield element("g", *(self._lane(number, lane) for number, lane in enumerate(self.placed.lanes)), class_="lanes")
        yield element("g", *map(self._frame, self.placed.frames), class_="frames")
        drawn = sorted(self.placed.ribbons, key=lambda ribbon: (not self.chart.ways[ribbon.way].designed, -self._count(ribbon.way)))
        yield element("g", *map(self._ribbon, drawn), class_="ribbons")
        yield element("g", *(self._box(number, box) for number, box in enumerate(self.placed.boxes)), class_="steps")
        yield element("g", *map(self._number, self.placed.ribbons), class_="numbers", aria_hidden="true")

    def _count(self, way: int) -> int:
        return self.counted.ways[way]

    def _lane(self, number: int, lane: Lane) -> str:
        still = [step.still for step in self.counted.steps if step and self.stage_of[step.step] == lane.stage]
        return element(
            "g",
            element("rect", x=lane.x, y=0, width=lane.width, height=self.placed.height, class_="ground"),
            element("rect", x=lane.x + 8, y=6, width=max(lane.width - 16, 4), height=4, rx=2, class_="band"),
            text(lane.stage or "no stage", lane.x + 12, 28, class_="stage"),
            text(f"{short(sum(still))} here", lane.x + 12, 43, class_="stage-figure", data_lane=number),
            class_=f"lane lane-{number % 7} {'odd' if number % 2 else 'even'}",
        )

    def _frame(self, frame: Frame) -> str:
        return element(
            "g",
            element("rect", x=frame.x, y=frame.y, width=frame.width, height=frame.height, rx=10),
            text(frame.name[:24], frame.x + 8, frame.y + 12),
            class_="frame",
        )

    def _ribbon(self, ribbon: Ribbon) -> str:
        way, count = self.chart.ways[ribbon.way], self._count(ribbon.way)
        lane = self.lane_of.get(self.stage_of.get(way.source or way.target or "", ""), 0)
        x, y, heading = ribbon.tip
        return element(
            "g",
            element("title", written(_sentence(way, count))),
            element("path", d=ribbon.path, stroke_width=max(count * self.scale, 1.2 if way.designed else 3.0), class_="flow"),
            *([element("path", d=ribbon.path, class_="backward")] if ribbon.back else []),
            element("path", d=_TIPS[heading], transform=f"translate({x:.1f} {y:.1f})", class_="tip"),
            class_=f"way lane-{lane % 7} {_looks(way, count)}{' back' if ribbon.back else ''}",
            data_way=ribbon.way,
            data_room=ribbon.room,
        )

    def _number(self, ribbon: Ribbon) -> str:
        way, count = self.chart.ways[ribbon.way], self._count(ribbon.way)
        said = short(count) if count else ""
        return text(said, ribbon.x, ribbon.y, text_anchor=ribbon.anchor, data_number=ribbon.way, class_=_looks(way, count))

    def _box(self, number: int, box: Box) -> str:
        step = self.counted.steps[number]
        lane = self.lane_of.get(box.spot.stage, 0)
        y = box.y + PAD + 12
        said = [element("rect", x=box.x, y=box.y, width=BOX, height=box.height, rx=8, class_="box")]
        said.append(element("rect", x=box.x, y=box.y + 8, width=4, height=box.height - 16, rx=2, class_="band"))
        for line in box.lines:
            said.append(text(line, box.x + PAD + 3, y, class_="name", font_size=NAME))
            y += 16
        said.append(text(f"{short(step.still if step else 0)} here", box.x + PAD + 3, y + 5, class_="here", data_here=number))
        said.append(text(_pace(step.median_seconds if step else None), box.x + PAD + 3, y + 19, class_="pace", data_pace=number))
        y += 37
        for note, lines in box.notes:
            sign = _CLOCK if note.kind == "wait" else _LETTER
            said.append(element("path", d=sign, transform=f"translate({box.x + PAD + 2:.1f} {y - 10:.1f})", class_="sign"))
            for line in lines:
                said.append(text(line, box.x + PAD + 18, y, class_="note"))
                y += 14
        said += [self._row(box, row) for row in box.rows]
        return element(
            "g",
            element("title", written(box.spot.name)),
            *said,
            class_=f"step lane-{lane % 7}{' former' if box.spot.former else ''}",
            data_step=number,
            id=f"{self.name}-step-{number}",
            tabindex=0,
            role="button",
            aria_label=f"{box.spot.name}: {step.still if step else 0:,} here",
        )

    def _row(self, box: Box, row: Row) -> str:
        count = sum(self._count(way) for way in row.ways)
        most = max((count for count in self.counted.ways), default=0)
        way = self.chart.ways[row.ways[0]]
        y = box.y + row.y
        full = BOX - 12
        return element(
            "g",
            element("title", written(_sentence(way, count) if len(row.ways) == 1 else row.text)),
            element("rect", x=box.x + 6, y=y, width=full, height=row.height - 2, rx=3, class_="row"),
            element(
                "rect",
                x=box.x + 6,
                y=y,
                width=full * count / most if most else 0,
                height=row.height - 2,
                rx=3,
                class_="share",
                data_full=full,
            ),
            element("path", d=_SIGNS[row.kind], transform=f"translate({box.x + 11:.1f} {y + 3:.1f})", class_="sign"),
            *(text(line, box.x + 27, y + 12.5 + 13 * number, class_="note") for number, line in enumerate(row.lines)),
            text(short(count), box.x + BOX - 11, y + 12.5, text_anchor="end", class_="count"),
            class_=f"end {row.kind} {_looks(way, count)}",
            data_ways=" ".join(map(str, row.ways)),
        )


def _looks(way: Way, count: int) -> str:
    """How a way is drawn: faint where nobody took it, bold where nobody designed it."""
    if not way.designed:
        return "undesigned" if count else "undesigned unused"
    return "used" if count else "unused"


def _pace(seconds: float | None) -> str:
    """How long customers stay; rounded as the page does it."""
    if seconds is None:
        return ""
    return f"median {lasting(seconds)}" if round(seconds) else "passed at once"


def _sentence(way: Way, count: int) -> str:
    """A way in words, for who hears the map or points at it."""
    if way.source is None:
        said = f"entered {way.target}"
    elif way.target is None:
        said = f"{way.source}: {way.end}"
    elif way.source == way.target:
        said = f"{way.source} again"
    else:
        said = f"{way.source} to {way.target}"
    kind = "" if way.designed else ", a way that nobody designed"
    causes = "; ".join(cause for cause in way.causes if cause)
    return f"{said}: {count:,}{kind}{f' ({causes})' if causes else ''}"
