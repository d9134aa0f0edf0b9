"""``journeykit run``: a history into a database."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from journeykit.cli import console, world
from journeykit.cli.console import Usage
from journeykit.core.expressions.calendar import read_moment, show
from journeykit.errors import ConditionError
from journeykit.histories import Brought, Counts, History, Rejects, Source, bring_in, collect, load_mapping
from journeykit.histories.lines import STDIN
from journeykit.insight.reports.summary import summarize, table
from journeykit.runtime.clock import ManualClock


@frozen(kw_only=True)
class Order:
    """What is to be brought in, as the command line says it."""

    journeys: Sequence[str]
    events: Sequence[str]
    maps: Sequence[str]
    format: str | None
    db: str
    until: str | None
    perform: Path | None
    rejects: Path
    quiet: bool

    def sources(self) -> list[Source]:
        """The files of events, each with its mapping: one mapping for all, or one for each."""
        return sources_of(self.events, self.maps, self.format)

    def check(self) -> None:
        """Refuse to write over what is read."""
        read = {Path(path).absolute() for path in (*self.events, *self.maps, *self.journeys) if path != STDIN}
        written = [path for path in (self.rejects, world.file_of(self.db), self.perform) if path is not None]
        for path in written:
            if path.absolute() in read or written.count(path) > 1:
                raise Usage(f"{path} would be written over; name another file")


def sources_of(events: Sequence[str], maps: Sequence[str], form: str | None = None) -> list[Source]:
    """
    Files of events, each with its mapping: one mapping for all, or one for each.

    Raises:
        Usage: they do not fit together.
    """
    if len(maps) not in (0, 1, len(events)):
        files = f"{len(events)} file{'s' if len(events) > 1 else ''}"
        raise Usage(f"{len(maps)} mappings for {files}; give one for all, or one for each in the same order")
    if events.count(STDIN) > 1:
        raise Usage("standard input can be read once only; give - once")
    mappings = [load_mapping(path) for path in maps]
    several = mappings * len(events) if len(mappings) == 1 else mappings or [None] * len(events)  # type: ignore[list-item]
    return [Source(path, mapping, form) for path, mapping in zip(events, several, strict=True)]


def rejects_of(db: str) -> Path:
    """Where bad lines go when nobody says: beside a database that is a file, else into the folder one is in."""
    path = world.file_of(db) or Path("journeykit")
    return path.parent / f"{path.stem}.rejects.jsonl"


def bring(order: Order) -> tuple[dict[str, Any], int]:
    """
    Do what *order* says.

    Returns:
        The figures, and the exit code.
    """
    order.check()
    values = world.definitions(order.journeys)
    journeys = world.compiled(values).compiled.journeys
    sources = order.sources()
    until = moment_of(order.until)
    with History() as history, Rejects(order.rejects) as rejects:
        order.rejects.unlink(missing_ok=True)
        counts = _read(order, sources, history, rejects)
        with world.database(order.db, new=True) as storage:
            brought = _decide(order, values, storage, history, until)
            figures = summarize(journeys, storage)
    code = console.SET_ASIDE if rejects.count else console.OK
    return _figures(order, counts, brought, rejects) | figures, code


def _read(order: Order, sources: Sequence[Source], history: History, rejects: Rejects) -> Counts:
    now = time.time_ns() // 1_000
    with console.progress("reading ", "rows", order.quiet) as bar:
        return collect(sources, history, rejects, now, lambda share, rows: bar.advance(rows, share))


def _decide(order: Order, values: Sequence[world.Definition], storage: Any, history: History, until: int | None) -> Brought:
    last, total, done = history.last or 0, len(history), 0
    if until is not None and until < last:
        raise Usage(f"--until lies before the last event, {show(last, 'UTC')}; name a later moment")
    clock = ManualClock(0)
    engine = world.importer(values, storage, clock, order.perform)
    with console.progress("deciding", "events", order.quiet) as bar:

        def advance(more: int) -> None:
            nonlocal done
            done += more
            bar.advance(done, done / total)

        return bring_in(engine, clock, history, last if until is None else until, perform=order.perform is not None, progress=advance)


def moment_of(given: str | None) -> int | None:
    """
    What ``--until`` says.

    Raises:
        Usage: it is no moment.
    """
    return None if given is None else moment_at("--until", given, "UTC")


def moment_at(option: str, given: str, zone: str) -> int:
    """
    The moment that an option says, civil time of *zone* where it has no offset.

    Raises:
        Usage: it is no moment.
    """
    try:
        return read_moment(given, zone) or 0
    except ConditionError as error:
        raise Usage(f"{option}: {error}") from None


def _figures(order: Order, counts: Counts, brought: Brought, rejects: Rejects) -> dict[str, Any]:
    return {
        "rows read": counts.rows,
        "rows no rule wants": counts.passed,
        "set aside": rejects.count,
        "events decided": brought.decided,
        "events known before": brought.known,
        "rejects": str(order.rejects) if rejects.count else None,
    }


def told(figures: dict[str, Any]) -> str:
    """The figures of a run, for people."""
    shown = {name: value for name, value in figures.items() if name != "rejects"}
    text = table(shown, console.width())
    if figures["rejects"]:
        text += f"\n\nwhat was set aside stands in {figures['rejects']}, with file, line and reason"
    return text
