"""Talking to a terminal, a pipe or a file: answers on standard output, everything else on standard error."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

OK, PROBLEMS, USAGE, SET_ASIDE, STORAGE, INTERRUPTED = 0, 1, 2, 3, 4, 130


class Usage(ValueError):  # noqa: N818 (a word to the user)
    """Options that do not fit together; the message says how they would."""


def width() -> int:
    """How many columns there are: those of the terminal or of COLUMNS, 80 where nobody knows."""
    return max(40, shutil.get_terminal_size((80, 24)).columns)


def say(text: str = "") -> None:
    """Write an answer, whatever standard output can hold."""
    _write(sys.stdout, text)


def note(text: str) -> None:
    """Write what is no answer: progress, problems."""
    _write(sys.stderr, text)


def say_json(value: Any) -> None:
    """Write an answer for machines."""
    say(json_text(value))


def json_text(value: Any) -> str:
    """An answer for machines, as text."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def wrapped(text: str, indent: int = 2) -> str:
    """*text* within the columns there are; further lines are indented."""
    return textwrap.fill(text, width(), subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)


def columns(rows: Iterable[tuple[str, ...]], right: frozenset[int] = frozenset()) -> Iterator[str]:
    """Rows below each other, the first being the heading; the last column is cut where it is too wide."""
    table = [tuple(_plain(cell) for cell in row) for row in rows]
    widths = [min(max(len(row[place]) for row in table), 32) for place in range(len(table[0]))]
    for row in table:
        cells = [
            _cut(cell, widths[place]).rjust(widths[place]) if place in right else _cut(cell, widths[place]).ljust(widths[place])
            for place, cell in enumerate(row[:-1])
        ]
        yield _cut("  ".join([*cells, row[-1]]), width()).rstrip()


def _plain(text: str) -> str:
    """*text* on one line, without signs that would move the cursor."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _write(stream: Any, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()


# -- progress ------------------------------------------------------------------------------------------------------------


class Bar(Protocol):
    """Shows how far something has come."""

    def advance(self, done: int, share: float | None) -> None:
        """*done* in all, which is *share* of what there is, where that is known."""


@contextmanager
def progress(what: str, unit: str, quiet: bool = False) -> Iterator[Bar]:
    """A bar on a terminal, a line for every tenth elsewhere, both on standard error."""
    if quiet:
        yield _Silent()
    elif sys.stderr.isatty():
        with _live(what, unit) as bar:
            yield bar
    else:
        yield _Tenths(what, unit)


class _Silent:
    def advance(self, done: int, share: float | None) -> None:
        """Say nothing."""


class _Tenths:
    def __init__(self, what: str, unit: str) -> None:
        self._what = what
        self._unit = unit
        self._began = time.monotonic()
        self._shown = 0

    def advance(self, done: int, share: float | None) -> None:
        """Write a line for every tenth."""
        tenth = int((share or 0) * 10)
        if tenth <= self._shown:
            return
        self._shown = tenth
        elapsed = time.monotonic() - self._began
        left = round(elapsed / share - elapsed) if share else 0
        rate = f"{done / elapsed:,.0f}/s" if elapsed > 0.1 else ""
        note(f"{self._what} {share:4.0%}  {done:,} {self._unit}  {rate}  {left // 60}:{left % 60:02} left".replace("    ", "  "))


@contextmanager
def _live(what: str, unit: str) -> Iterator[Bar]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

    shown = TextColumn("{task.description}"), SpinnerColumn(), BarColumn(bar_width=24), TaskProgressColumn()
    rate = TextColumn("{task.fields[done]:,} " + unit + "  {task.fields[rate]:,.0f}/s"), TimeRemainingColumn()
    console = Console(stderr=True, no_color="NO_COLOR" in os.environ)
    with Progress(*shown, *rate, console=console, transient=True) as bars:
        task = bars.add_task(what, total=None, done=0, rate=0.0)
        yield _Live(bars, task)


class _Live:
    def __init__(self, bars: Any, task: Any) -> None:
        self._bars = bars
        self._task = task
        self._began = time.monotonic()

    def advance(self, done: int, share: float | None) -> None:
        """Draw the bar anew."""
        rate = done / max(time.monotonic() - self._began, 0.001)
        self._bars.update(self._task, total=None if share is None else 1.0, completed=share or 0, done=done, rate=rate)
