"""Text in a drawing: how wide it is at most, how it is broken into lines, and how numbers are written where there is little room."""

from __future__ import annotations

import unicodedata

#: widths in parts of the letter's size: those of DejaVu Sans, which is wider than most, so that no other font needs more
_NARROW = frozenset("fijlrtI.,:;'|!()[]/ ")
_WIDE = frozenset("mwMWQOGD%@—…")

_SPANS = (("year", 31_557_600), ("month", 2_629_800), ("day", 86_400), ("h", 3_600), ("min", 60))


def width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide *text* is at most, in the unit of *size*, the letters' height."""
    return sum(map(_letter, text)) * size * (1.1 if bold else 1.0)


def _letter(sign: str) -> float:
    if unicodedata.east_asian_width(sign) in "WF":
        return 1.05
    if unicodedata.combining(sign):
        return 0.0
    if sign in _NARROW:
        return 0.42
    return 1.0 if sign in _WIDE else 0.72 if sign.isupper() else 0.65


def plain(text: str) -> str:
    """*text* on one line, without signs that cannot be seen: none can turn the drawing's text around or end the drawing."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def wrapped(text: str, room: float, size: float, lines: int, *, bold: bool = False) -> tuple[str, ...]:
    """
    Break *text* into at most so many *lines*, none wider than *room*; what does not fit ends in an ellipsis.

    Args:
        text: what is written; a word that is longer than a line is broken within.
        room: the width there is.
        size: the letters' height.
        lines: how many lines there may be.
        bold: whether it is written in bold letters.
    """
    found = [""]
    for word in _pieces(plain(text), room, size, bold=bold):
        joined = f"{found[-1]} {word}".strip()
        if width(joined, size, bold=bold) <= room:
            found[-1] = joined
        else:
            found.append(word)
    kept = [line for line in found if line]
    if len(kept) > lines:
        kept = [*kept[: lines - 1], _cut(kept[lines - 1], room, size, bold=bold)]
    return tuple(kept)


def _pieces(text: str, room: float, size: float, *, bold: bool) -> list[str]:
    pieces = []
    for word in text.split(" "):
        rest = word
        while width(rest, size, bold=bold) > room:
            length = next(n for n in range(len(rest), 0, -1) if n == 1 or width(rest[:n], size, bold=bold) <= room)
            pieces.append(rest[:length])
            rest = rest[length:]
        pieces.append(rest)
    return pieces


def _cut(text: str, room: float, size: float, *, bold: bool) -> str:
    while text and width(f"{text}…", size, bold=bold) > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def short(number: float) -> str:
    """A count with at most five signs: ``950``, ``1,204``, ``23.6k``, ``1.2M``."""
    if number < 10_000:
        return f"{number:,.0f}"
    for sign, size in (("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000)):
        if number < size * 999.5:
            value = number / size
            return f"{value:.1f}{sign}" if value < 99.95 else f"{value:.0f}{sign}"
    return f"{number / 1e12:.1f}T"


def lasting(seconds: float | None) -> str:
    """A time as people say it: ``45 min``, ``3.5 h``, ``12 days``; a dash where it is not known."""
    if seconds is None:
        return "—"
    for name, size in _SPANS:
        if seconds >= size:
            value = seconds / size
            number = f"{value:.1f}".removesuffix(".0") if value < 9.95 else f"{value:.0f}"
            return f"{number} {name}{'s' if name in ('year', 'month', 'day') and number != '1' else ''}"
    return f"{seconds:.0f} s"
