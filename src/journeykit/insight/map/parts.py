"""The parts of a map, where they stand, in pixels from its upper left corner."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from journeykit.insight.map.designed import Note, Spot

BOX = 160  #: width of a step
NAME, SMALL = 13, 11  #: heights of letters
ROW = 19  #: height of a way out at the foot of a step
PITCH = 17  #: room for a way that bears a number
FAINT = 9  #: room for one that bears none
THROUGH = 60  #: height of all that goes through the busiest side of a step
LARGEST = 6  #: height of one customer at most: where there are few, they are not drawn as a crowd
TOP, BOTTOM, LEFT, RIGHT = 58, 18, 66, 22
PAD = 9


@frozen
class Row:
    """A way out (or again into the same step) at the foot of a box; *ways* are the numbers of those that it counts."""

    ways: tuple[int, ...]
    text: str
    lines: tuple[str, ...]
    kind: str
    y: float

    @property
    def height(self) -> float:
        """With a line's room for each line, and a little below."""
        return ROW + 13 * (len(self.lines) - 1)


@frozen
class Box:
    """A step: *lines* of its name, *notes* broken into lines, and its ways out."""

    spot: Spot
    lines: tuple[str, ...]
    notes: tuple[tuple[Note, tuple[str, ...]], ...]
    rows: tuple[Row, ...]
    height: float
    x: float = 0
    y: float = 0

    @property
    def head(self) -> float:
        """How far down its ways out begin."""
        return head(self.lines, self.notes)


@frozen
class Ribbon:
    """
    A way between two steps, or into one.

    Attributes:
        way: its number.
        path: what is drawn along, as SVG says it; its width is that of the customers, at most *room*.
        x, y: where its number stands; *anchor* says on which side of it.
        tip: where it ends, and in which direction: ``right``, ``left`` or ``down``.
        back: whether it leads to a column before.
    """

    way: int
    path: str
    room: float
    x: float
    y: float
    anchor: str
    tip: tuple[float, float, str]
    back: bool = False


@frozen
class Frame:
    """A scope around steps of one column."""

    name: str
    x: float
    y: float
    width: float
    height: float


@frozen
class Lane:
    """A stage, from *x* on."""

    stage: str
    x: float
    width: float


@frozen
class Layout:
    """Everything that is drawn, in pixels from the upper left corner."""

    width: float
    height: float
    lanes: tuple[Lane, ...]
    boxes: tuple[Box, ...]
    ribbons: tuple[Ribbon, ...]
    frames: tuple[Frame, ...]


def head(lines: Sequence[str], notes: Sequence[tuple[Note, Sequence[str]]]) -> float:
    """How far below its upper edge the ways out of a step begin, which has so many lines of name and notes."""
    said = sum(len(text) for _, text in notes)
    return PAD + len(lines) * 16 + 34 + said * 14 + (4 if said else 0) + 4
