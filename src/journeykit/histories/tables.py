"""Lines as rows: CSV, columns between blanks, and JSON lines."""

from __future__ import annotations

import csv
import json
import math
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from journeykit.codec.text import checked
from journeykit.errors import DefinitionError, HistoryError
from journeykit.histories.lines import LONGEST, Line, Reject, shortened

MOST_LINES = 100  #: of one record, where a text in quotes goes over several lines
BLANKS = "whitespace"
_MANY = 60  #: brackets in a line that make it worth measuring how deep they go


class Row(NamedTuple):
    """One record: its values by column, and where it stands; *entry* counts the entries of a list that was taken apart."""

    file: str
    line: int
    values: dict[str, Any]
    entry: int = 0


Read = Iterator[Row | Reject]


# -- CSV -----------------------------------------------------------------------------------------------------------------


def csv_rows(file: str, lines: Iterator[Line | Reject], delimiter: str = ",", header: Sequence[str] = ()) -> Read:
    """
    Read the records of a CSV file.

    A text in quotes may hold the delimiter, doubled quotes and line ends. A quote that is never closed costs its own line only.
    An empty field is a missing value.

    Args:
        file: its name.
        lines: its lines.
        delimiter: one character, or `BLANKS` for any number of blanks.
        header: the names of the columns; those of the first line where not said.

    Raises:
        HistoryError: the header is missing, or names a column twice.
    """
    records = _Records(file, lines, delimiter)
    names = _header(file, records, tuple(header))
    for found in records:
        if isinstance(found, Reject):
            yield found
        elif len(found[1]) != len(names):
            reason = f"{len(found[1])} fields where there are {len(names)} columns"
            yield Reject(file, found[0], reason, shortened((" " if delimiter == BLANKS else delimiter).join(found[1])))
        else:
            yield Row(file, found[0], {name: value or None for name, value in zip(names, found[1], strict=True)})


def _header(file: str, records: _Records, given: tuple[str, ...]) -> tuple[str, ...]:
    first = None if given else next(records, None)
    if first is None and not given:
        raise HistoryError(f"{file}: nothing stands in it; give a file whose first line names the columns")
    if isinstance(first, Reject):
        raise HistoryError(f"{file}: the first line, which names the columns, cannot be read: {first.reason}")
    names = given or tuple(name.strip() for name in first[1])  # type: ignore[index]
    for number, name in enumerate(names, 1):
        if not name:
            raise HistoryError(
                f"{file}: column {number} has no name in the first line; name it, or give all names as header in the mapping"
            )
        if names.index(name) != number - 1:
            raise HistoryError(f'{file}: two columns are called "{name}"; give all names as header in the mapping')
    return names


class _Records(Iterator[tuple[int, list[str]] | Reject]):
    """The records of a file, each with the number of its first line."""

    def __init__(self, file: str, lines: Iterator[Line | Reject], delimiter: str) -> None:
        self._file = file
        self._lines = lines
        self._delimiter = delimiter
        self._waiting: deque[Line | Reject] = deque()

    def __next__(self) -> tuple[int, list[str]] | Reject:
        line = self._take()
        if line is None:
            raise StopIteration
        if isinstance(line, Reject):
            return line
        if self._delimiter == BLANKS:
            return line.number, line.text.split()
        return self._quoted(line) if '"' in line.text else (line.number, line.text.split(self._delimiter))

    def _take(self) -> Line | Reject | None:
        return self._waiting.popleft() if self._waiting else next(self._lines, None)

    def _quoted(self, first: Line) -> tuple[int, list[str]] | Reject:
        taken: list[Line | Reject] = []
        try:
            fields = next(csv.reader(self._feed(first, taken), delimiter=self._delimiter, strict=True))
        except (csv.Error, StopIteration) as error:
            self._waiting.extendleft(reversed(taken))
            return Reject(self._file, first.number, _quotes(str(error)), shortened(first.text))
        return first.number, fields

    def _feed(self, first: Line, taken: list[Line | Reject]) -> Iterator[str]:
        """The lines that the reader asks for, as long as they can belong to one record."""
        yield f"{first.text}\n"
        size = len(first.text)
        while len(taken) < MOST_LINES and (line := self._take()) is not None:
            taken.append(line)
            size += len(line.text)
            if isinstance(line, Reject) or size > LONGEST:
                return
            yield f"{line.text}\n"


def _quotes(problem: str) -> str:
    if "unexpected end" in problem:
        return 'a text begins with a quote that is never closed; close it, or double a quote that is meant: ""'
    return f'the quotes do not fit ({problem}); double a quote that is meant: ""'


# -- JSON lines ----------------------------------------------------------------------------------------------------------


def json_rows(file: str, lines: Iterator[Line | Reject]) -> Read:
    """Read JSON lines: one object in each line."""
    for line in lines:
        if isinstance(line, Reject):
            yield line
            continue
        try:
            yield Row(file, line.number, read_object(line.text))
        except ValueError as error:
            yield Reject(file, line.number, str(error), shortened(line.text))


def read_object(text: str) -> dict[str, Any]:
    """
    Read a JSON object of values that can be stored.

    Raises:
        ValueError: it is none; the message says why.
    """
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error.msg[:1].lower()}{error.msg[1:]}, at character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError("nested too deeply; make it flatter") from None
    except _NumberError as error:
        raise ValueError(f"{error} is no number that JSON knows; leave it out") from None
    except ValueError:
        raise ValueError("a number has too many digits; write it in quotes") from None
    if type(value) is not dict:
        raise ValueError(_no_object(value))
    if "\\u" in text or text.count("[") + text.count("{") > _MANY:
        try:
            checked(value)
        except DefinitionError as error:
            raise ValueError(error.problems[0]) from None
    return value


class _NumberError(ValueError):
    """A word such as NaN, or digits that stand for infinity."""


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _NumberError(digits[:20])
    return number


def _refuse(word: str) -> float:
    raise _NumberError(word)


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse)


def _no_object(value: object) -> str:
    kind = {list: "a list", str: "a text", bool: "a flag", type(None): "null"}.get(type(value), "a number")
    hint = "; write one object in each line, for example with jq -c '.[]'" if kind == "a list" else "; write one object in each line"
    return f"{kind}, no JSON object{hint}"
