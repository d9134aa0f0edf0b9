"""What two sets of definitions make of one past: as data for machines, and as text for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby, zip_longest
from typing import Any

from attrs import frozen

from journeykit.core.expressions.calendar import show
from journeykit.model.messages import moment
from journeykit.rehearsal.paths import Line, Path

UNKNOWN = "How customers would have reacted is not known: here they do what they did then, whatever they are sent."

_HALF = 36  #: columns of one side
_WIDTH = 80

Both = tuple[int, int]  #: with the old definitions, and with the new ones


@frozen
class Example:
    """A customer who goes another way: both ways."""

    customer_id: str
    old: Path
    new: Path

    def apart(self) -> Iterator[tuple[int, list[str], list[str]]]:
        """The moments in which the two ways differ, with what happens on each."""
        old, new = _moments(self.old.lines), _moments(self.new.lines)
        for at in sorted({*old, *new}):
            if old.get(at) != new.get(at):
                yield at, old.get(at, []), new.get(at, [])


def _moments(lines: Sequence[Line]) -> dict[int, list[str]]:
    return {at: [line.text for line in several] for at, several in groupby(lines, key=lambda line: line.at)}


@frozen(kw_only=True)
class Comparison:
    """
    What became of a past with the old definitions, and what would with the new ones.

    Attributes:
        customers: how many there are, those among them whom only journeys have started.
        events: how many happened.
        begin, end: the first event and the last moment looked at, microseconds since 1970 UTC.
        changed: customers who go another way: other steps, messages or moments.
        messages: how many were performed, by stage and action.
        unsent: how many were asked for and dropped, or still held at the end.
        journeys: by journey, how many entered, and how it ended.
        examples: some of the customers who go another way.
        left_out: what has been and does not happen again, in sentences.
    """

    customers: int
    events: int
    begin: int
    end: int
    changed: int
    messages: dict[tuple[str, str], Both]
    unsent: Both
    journeys: dict[str, dict[str, Both]]
    examples: tuple[Example, ...]
    left_out: tuple[str, ...] = ()

    def figures(self) -> dict[str, Any]:
        """Everything for machines: plain values that JSON can hold."""
        return {
            "customers": self.customers,
            "events": self.events,
            "begin": moment(self.begin).isoformat(),
            "end": moment(self.end).isoformat(),
            "changed": self.changed,
            "messages": [{"stage": stage, "action": action, **_both(both)} for (stage, action), both in self.messages.items()],
            "not sent": _both(self.unsent),
            "journeys": {name: {what: _both(both) for what, both in marks.items()} for name, marks in self.journeys.items()},
            "examples": [_example(one) for one in self.examples],
            "left out": list(self.left_out),
            "not known": UNKNOWN,
        }

    def __str__(self) -> str:
        """All of it within eighty columns."""
        head = f"{self.customers:,} customers, {self.events:,} events, {show(self.begin, 'UTC')} to {show(self.end, 'UTC')}"
        parts = [[head], [*self._told_messages()], *([*_table(name, marks)] for name, marks in self.journeys.items())]
        parts += [[*self._told_change()], *([*_side_by_side(one)] for one in self.examples)]
        parts += [textwrap.wrap(sentence, _WIDTH) for sentence in (*self.left_out, UNKNOWN)]
        return "\n\n".join("\n".join(part) for part in parts if part)

    def _told_messages(self) -> Iterator[str]:
        rows = {f"{stage}: {action}" if stage else action: both for (stage, action), both in self.messages.items()}
        yield from _table("messages", rows | {"asked for and not sent": self.unsent})

    def _told_change(self) -> Iterator[str]:
        if not self.changed:
            yield "everybody goes the same way"
        else:
            go = "goes another way" if self.changed == 1 else "go another way"
            yield f"{self.changed:,} of {self.customers:,} customers {go}{', for example:' if self.examples else ''}"


def _both(both: Both) -> dict[str, int]:
    return {"old": both[0], "new": both[1]}


def _example(one: Example) -> dict[str, Any]:
    sides = {"old": one.old, "new": one.new}
    return {
        "customer": one.customer_id,
        **{name: [{"at": moment(line.at).isoformat(), "text": line.text} for line in side.lines] for name, side in sides.items()},
    }


def _table(name: str, rows: dict[str, Both]) -> Iterator[str]:
    yield f"{_cut(name, 46):<46}{'old':>10}{'new':>10}{'more':>10}"
    for what, (old, new) in rows.items():
        more = f"{new - old:+,}" if new != old else ""
        yield f"{_cut(f'  {what}', 46):<46}{old:>10,}{new:>10,}{more:>10}".rstrip()


def _cut(text: str, most: int) -> str:
    return text if len(text) < most else f"{text[: most - 4]}..."


def _side_by_side(example: Example) -> Iterator[str]:
    """The old way on the left, the new one on the right, where they differ."""
    yield f"{example.customer_id:<{_HALF + 4}}".rstrip()
    yield f"    {'old':<{_HALF}} | new"
    for at, old, new in example.apart():
        yield f"  {show(at, example.old.zone)}"
        left, right = (
            [part for text in side for part in textwrap.wrap(text, _HALF, subsequent_indent="  ", break_on_hyphens=False)]
            for side in (old, new)
        )
        for one, other in zip_longest(left, right, fillvalue=""):
            yield f"    {one:<{_HALF}} | {other}".rstrip()
