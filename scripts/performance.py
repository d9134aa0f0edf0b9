"""
Write the table of docs/performance.md from benchmarks/results.json, or compare them.

``python scripts/performance.py --write`` writes it; without, the exit code is 1 where the page says something else.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "performance.md"
RESULTS = ROOT / "benchmarks" / "results.json"
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"


def table(results: list[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    lines = ["| what | figure | beside it | ratio | goal | |", "|---|---|---|---|---|---|"]
    return "\n".join([*lines, *(row(result) for result in results)]) + "\n"


def row(result: dict[str, Any]) -> str:
    """One row: the figure, what it is taken against, the ratio, the goal, and whether it was met."""
    against = "" if result["against"] is None else f"{result['against']}: {number(result['against_value'])}"
    goal = "" if result["goal"] is None else number(result["goal"])
    met = {True: "met", False: "not met", None: ""}[result["met"]]
    return f"| {result['name']} | {number(result['value'])} {result['unit']} | {against} | {number(result['ratio'])} | {goal} | {met} |"


def number(value: float | None) -> str:
    """A figure as people read it."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def page(text: str, results: list[dict[str, Any]]) -> str:
    """The page with its table written anew."""
    head, rest = text.split(BEGIN)
    return head + BEGIN + table(results) + END + rest.split(END)[1]


def main(arguments: list[str]) -> int:
    """Write the page, or compare it."""
    text = PAGE.read_text("utf-8")
    wanted = page(text, json.loads(RESULTS.read_text("utf-8")))
    if "--write" in arguments:
        PAGE.write_text(wanted, "utf-8")
    elif text != wanted:
        print("docs/performance.md is not what benchmarks/results.json says; run python scripts/performance.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
