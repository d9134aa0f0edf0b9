"""Cells of CSV files that no spreadsheet takes for formulas: names and properties are customers' own."""

from __future__ import annotations

from typing import Any

#: what a formula begins with, full-width signs included (OWASP, CSV Injection)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe(cell: Any) -> Any:
    """Text that a spreadsheet would work out stands behind an apostrophe; numbers and everything else as they are."""
    if not isinstance(cell, str) or not cell.lstrip(" ").startswith(_FORMULA):
        return cell
    return f"'{cell}"
