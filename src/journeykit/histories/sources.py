"""One file after the other, each read as its mapping says, into one history; what cannot be read goes into the rejects file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Self, TextIO

from attrs import define, frozen

from journeykit.errors import DefinitionError, HistoryError
from journeykit.histories.kinds import Misfit
from journeykit.histories.lines import Opened, Reject, opened, shortened
from journeykit.histories.making import Made, Maker
from journeykit.histories.mapping import Join, Mapping
from journeykit.histories.segment import SegmentMaker
from journeykit.histories.sorting import History
from journeykit.histories.tables import Read, Row, csv_rows, json_rows

EARLIEST = 0  #: 1970; what is said to be older has a wrong column or unit
MOST_JOINED = 200_000
_LOOK = 1_000  #: rows between two reports of progress

Watch = Callable[[float | None, int], None]  #: told the share of all files that has been read, and the rows


@frozen
class Source:
    """
    One file and what its rows mean.

    Attributes:
        path: the file; ``-`` is standard input.
        mapping: what the rows mean; None for messages of the Segment spec.
        format: ``csv``, ``jsonl`` or ``segment``; what the mapping says, or else the name of the file, where not said.
    """

    path: str
    mapping: Mapping | None = None
    format: str | None = None


@define
class Counts:
    """What reading came to: rows read, rows no rule wanted, rejects, and events made of the rest."""

    rows: int = 0
    passed: int = 0
    rejected: int = 0
    events: int = 0


class Rejects:
    """
    The file of what was set aside: one JSON object in each line. It is made with the first.

    Args:
        path: the file; what a run before has left there is replaced.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.count = 0
        self.first: Reject | None = None
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, reject: Reject) -> None:
        """
        Write *reject* down.

        Raises:
            HistoryError: the file cannot be written.
        """
        self.count += 1
        self.first = self.first or reject
        try:
            if self._file is None:
                self._file = self.path.open("w", encoding="utf-8")
            self._file.write(json.dumps(reject._asdict(), ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as error:
            raise HistoryError(f"{self.path}: the rejects cannot be written: {error.strerror}; name another file with --rejects") from None


def collect(sources: Sequence[Source], history: History, rejects: Rejects, latest: int, watch: Watch | None = None) -> Counts:
    """
    Read all *sources* into *history*.

    Args:
        sources: the files, in the order in which events of one instant are to be decided.
        history: takes the events.
        rejects: takes what had to be set aside.
        latest: microseconds since 1970 UTC; an event that is said to have happened later is set aside.
        watch: told how far reading has come.

    Raises:
        HistoryError: a file cannot be read at all, or not one line of all of them could be.
        DefinitionError: a mapping names columns that its file does not have.
    """
    counts = Counts()
    for number, source in enumerate(sources):
        with opened(source.path) as file:
            look = partial(_look, watch, file, number, len(sources), counts) if watch is not None else None
            _read(source, file, _Taking(history, rejects, counts, latest, look))
    if not counts.events:
        raise _nothing(counts, rejects)
    return counts


def _look(watch: Watch, file: Opened, number: int, of: int, counts: Counts, over: bool) -> None:
    share = 1.0 if over else file.share
    watch(None if share is None else (number + share) / of, counts.rows)


class _Taking:
    """Takes events and rejects in, and counts."""

    def __init__(self, history: History, rejects: Rejects, counts: Counts, latest: int, look: Callable[[bool], None] | None) -> None:
        self._history = history
        self._rejects = rejects
        self._counts = counts
        self._latest = latest
        self._look = look

    def rows(self, rows: Iterable[Row | Reject], maker: Maker | SegmentMaker) -> None:
        """Make events of *rows*."""
        for number, row in enumerate(rows, 1):
            self._row(row, maker)
            if self._look is not None and number % _LOOK == 0:
                self._look(False)
        if self._look is not None:
            self._look(True)

    def _row(self, row: Row | Reject, maker: Maker | SegmentMaker) -> None:
        self._counts.rows += 1
        if isinstance(row, Reject):
            self._reject(row)
            return
        written = ""
        found = False
        try:
            for made in maker.make(row):
                found = True
                if isinstance(made, Misfit):
                    written = written or _written(row)
                    self._reject(Reject(row.file, row.line, str(made), written))
                else:
                    self._event(made, row)
            self._counts.passed += not found
        except Misfit as error:
            self._reject(Reject(row.file, row.line, str(error), _written(row)))

    def _event(self, made: Made, row: Row) -> None:
        at = made.event.at
        if not EARLIEST <= at <= self._latest:
            when = made.event.occurred_at.isoformat()
            what = "has not come yet" if at > self._latest else "lies before 1970"
            raise Misfit(f"time: {when} {what}; look at the column, its kind and its zone")
        self._history.add(made)
        self._counts.events += 1

    def _reject(self, reject: Reject) -> None:
        self._counts.rejected += 1
        self._rejects.add(reject)


def _written(row: Row) -> str:
    return shortened(json.dumps(row.values, ensure_ascii=False, default=str))


def _read(source: Source, file: Opened, taking: _Taking) -> None:
    mapping = source.mapping
    kind = source.format or (mapping.format if mapping else None) or _format(source.path)
    if kind == "segment":
        taking.rows(json_rows(file.name, file.lines(mapping.encoding if mapping else "utf-8")), SegmentMaker())
        return
    if mapping is None:
        raise DefinitionError(f"{file.name}: what its rows mean is not said; give a mapping with --map, or --format segment")
    joined = _Joined(source.path, mapping.join) if mapping.join else None
    rows, columns = _rows(kind, file, mapping)
    if joined is not None:
        columns = None if columns is None else [*columns, *(name for name in joined.columns if name not in columns)]
        rows = joined.with_more(rows)
    taking.rows(rows, Maker(mapping, columns))


def _format(path: str) -> str:
    name = path.lower().removesuffix(".gz")
    if name.endswith((".jsonl", ".ndjson", ".json")):
        return "jsonl"
    if name.endswith((".csv", ".tsv", ".txt")):
        return "csv"
    raise DefinitionError(f"{path}: of which format it is cannot be told from its name; say --format csv, jsonl or segment")


def _rows(kind: str, file: Opened, mapping: Mapping) -> tuple[Read, Sequence[str] | None]:
    """The rows of a file, and its columns where they are the same for all of them."""
    lines = file.lines(mapping.encoding)
    if kind == "jsonl":
        return json_rows(file.name, lines), None
    rows = csv_rows(file.name, lines, mapping.delimiter or ("\t" if ".tsv" in file.name.lower() else ","), mapping.header)
    if mapping.explode is not None:
        raise DefinitionError(f"{mapping.name}: explode: the columns of a CSV file hold no lists; take it out")
    if mapping.header:
        return rows, mapping.header
    early: list[Row | Reject] = []
    for row in rows:  # the first good row tells the columns
        early.append(row)
        if isinstance(row, Row):
            return chain(early, rows), list(row.values)
    return iter(early), None


class _Joined:
    """A second file by one of its columns, kept in memory."""

    def __init__(self, beside: str, join: Join) -> None:
        self._by = join.by
        self._more: dict[str, dict[str, Any]] = {}
        path = os.path.join(os.path.dirname(beside), join.file)  # noqa: PTH118, PTH120 (a path may be text)
        with opened(path) as file:
            found = json_rows(file.name, file.lines()) if _format(path) == "jsonl" else csv_rows(file.name, file.lines())
            for row in found:
                self._take(row)
        self.columns = list(next(iter(self._more.values()), {}))

    def _take(self, row: Row | Reject) -> None:
        if isinstance(row, Reject):
            raise HistoryError(f"{row.file}:{row.line}: {row.reason}; a file to join has to be right in every line")
        if row.values.get(self._by) is None:
            raise HistoryError(f'{row.file}:{row.line}: nothing stands in "{self._by}", by which it is joined')
        self._more[str(row.values[self._by])] = row.values
        if len(self._more) > MOST_JOINED:
            raise HistoryError(f"{row.file}: more than {MOST_JOINED:,} lines; a file to join has to be smaller")

    def with_more(self, rows: Read) -> Iterator[Row | Reject]:
        """The rows with the columns of their partner; their own go before."""
        for row in rows:
            if isinstance(row, Row):
                more = self._more.get(str(row.values.get(self._by)), {})
                yield row._replace(values=more | row.values)
            else:
                yield row


def _nothing(counts: Counts, rejects: Rejects) -> HistoryError:
    if rejects.first is None:
        what = (
            f"none of {counts.rows:,} rows is wanted by a rule of the mapping"
            if counts.rows
            else "nothing stands there, or nothing but a header"
        )
        return HistoryError(f"no event to bring in: {what}")
    first = rejects.first
    return HistoryError(
        f"no event to bring in: all {counts.rejected:,} lines were set aside in {rejects.path}; the first: {first.file}:{first.line}: {first.reason}"
        if not counts.passed
        else f"no event to bring in: {counts.rejected:,} lines were set aside in {rejects.path}, {counts.passed:,} are wanted by no rule"
    )
