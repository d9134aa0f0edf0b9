"""Files as numbered lines of text: plain or gzip, from a path or from standard input, with what cannot be read set aside."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, cast

from journeykit.errors import DefinitionError, HistoryError

LONGEST = 1 << 20  #: bytes of a line
KEPT = 1_000  #: characters of a line that are kept with its reason
STDIN = "-"

_GZIP = b"\x1f\x8b"
_WIDE = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}


class Reject(NamedTuple):
    """A line that was set aside: where it stands, why, and how it begins."""

    file: str
    line: int
    reason: str
    text: str = ""


class Line(NamedTuple):
    """One line without its end."""

    number: int
    text: str


class Opened:
    """
    An open file.

    Attributes:
        name: what it is called in ids, rejects and errors: the last part of its path.
    """

    def __init__(self, name: str, raw: BinaryIO) -> None:
        self.name = name
        self._raw = raw
        self._size = _size(raw)
        self._stream = _unpacked(raw, name)

    @property
    def share(self) -> float | None:
        """How much of it has been read, from 0 to 1; None where its size is not known."""
        return min(1.0, self._raw.tell() / self._size) if self._size else None

    def lines(self, encoding: str = "utf-8") -> Iterator[Line | Reject]:
        """Every line that is not empty, and what had to be set aside; see `readable_encoding`."""
        number = 0
        while (data := self._next(number + 1)) != b"":
            if isinstance(data, Reject):
                yield data
                return
            number += 1
            line = self._line(number, data.removeprefix(codecs.BOM_UTF8) if number == 1 else data, encoding)
            if line is not None:
                yield line

    def _next(self, number: int) -> bytes | Reject:
        try:
            return self._stream.readline(LONGEST + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            return Reject(self.name, number, "the gzip file is cut off or damaged here; what stands before counts, fetch the file again")
        except OSError as error:
            raise HistoryError(f"{self.name}: cannot be read on: {error.strerror or error}") from None

    def _line(self, number: int, data: bytes, encoding: str) -> Line | Reject | None:
        if len(data) > LONGEST:
            self._skip(data, number)
            return self._reject(number, f"the line is longer than {LONGEST:,} bytes; no event is", data)
        data = data.rstrip(b"\r\n")
        if b"\x00" in data:
            return self._reject(number, "the line holds NUL bytes; write plain text", data)
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            reason = f"not in {encoding.upper()}, at byte {error.start + 1}; save the file as UTF-8, or say its encoding in the mapping"
            return self._reject(number, reason, data)
        return Line(number, text) if text.strip() else None

    def _skip(self, data: bytes, number: int) -> None:
        """Go on to the end of a line that is too long, without keeping it."""
        while data and not data.endswith(b"\n"):
            following = self._next(number)
            data = b"" if isinstance(following, Reject) else following

    def _reject(self, number: int, reason: str, data: bytes) -> Reject:
        return Reject(self.name, number, reason, shortened(data[:KEPT].decode("utf-8", "backslashreplace")))


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[Opened]:
    """
    Open a file, or standard input where *path* is ``-``.

    Raises:
        HistoryError: it is not there, it may not be read, or it is in an encoding without lines of its own.
    """
    if os.fspath(path) == STDIN:
        yield Opened("stdin", sys.stdin.buffer)
        return
    try:
        raw = open(path, "rb")  # noqa: SIM115, PTH123 (closed below)
    except OSError as error:
        raise HistoryError(f"{path}: cannot be read: {error.strerror}; give a file of events, or - for standard input") from None
    with raw:
        yield Opened(os.path.basename(os.fspath(path)), raw)  # noqa: PTH119 (a path may be text)


def readable_encoding(name: str) -> str:
    """
    Return *name* where it is an encoding that lines can be read in.

    Raises:
        DefinitionError: it is unknown, or line ends are written otherwise in it.
    """
    plain = 'a\n,"{'
    try:
        fits = plain.encode(name) == plain.encode("ascii")
    except (LookupError, UnicodeError, ValueError):
        fits = False
    if not fits:
        raise DefinitionError(f'"{name:.40}" is no encoding that lines can be read in; write for example "utf-8", "latin-1" or "cp1252"')
    return name


def shortened(text: str) -> str:
    """The beginning of *text*, as it is kept beside a reason: plain text whatever it held."""
    short = text if len(text) <= KEPT else f"{text[: KEPT - 3]}..."
    return short.encode("utf-8", "backslashreplace").decode()


def _size(raw: BinaryIO) -> int:
    try:
        status = os.fstat(raw.fileno())
    except (OSError, io.UnsupportedOperation):
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def _unpacked(raw: BinaryIO, name: str) -> BinaryIO:
    """The stream of bytes behind *raw*: unpacked where it begins like gzip, whatever it is called."""
    stream = raw if hasattr(raw, "peek") else cast("BinaryIO", io.BufferedReader(raw))
    try:
        begin = stream.peek(4)  # type: ignore[attr-defined]
    except OSError as error:
        raise HistoryError(f"{name}: cannot be read: {error.strerror or error}") from None
    if begin[:2] in _WIDE:
        raise HistoryError(f"{name}: in {_WIDE[begin[:2]]}; save it as UTF-8")
    return cast("BinaryIO", gzip.GzipFile(fileobj=stream)) if begin[:2] == _GZIP else stream
