"""
Write those parts of docs/insight.md that stand in the code: numbers, vocabulary and tables; or compare them.

``python scripts/insight.py --write`` writes them; without, the exit code is 1 where the page says something else.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from journeykit.insight.measures import MEASURES
from journeykit.insight.measures.measure import Measure
from journeykit.insight.settings.vocabulary import EVENTS, PROPERTIES
from journeykit.insight.tables.raw import TABLES, Table

PAGE = Path(__file__).parent.parent / "docs" / "insight.md"
UNITS = {"share": "a share", "number": "a number", "money": "money", "seconds": "a length of time", "score": "a score"}
KINDS = {"text": "text", "whole": "int64", "moment": "moment", "json": "text, JSON"}


def numbers() -> Iterator[str]:
    """Every number, by stage."""
    for group, measures in groupby(MEASURES, key=lambda measure: measure.group):
        yield f"### {group.capitalize()}"
        yield ""
        for measure in measures:
            yield from number(measure)
        yield ""


def number(measure: Measure) -> Iterator[str]:
    """One number: what it counts, over which time, who published it, and what is decided about edge cases."""
    by = f", for each {measure.by}" if measure.by else ""
    yield f"- **{measure.name}** ({UNITS[measure.unit]}{by}): {sentence(measure.formula)} *Over* {sentence(measure.window)} *Source:* {sentence(measure.source)}"
    yield f"  {' '.join(measure.cases)}"


def events() -> Iterator[str]:
    """The names that numbers know."""
    yield "| event | what has happened | also called |"
    yield "|---|---|---|"
    yield from (f"| {known.name} | {known.what} | {', '.join(known.also)} |" for known in EVENTS)


def properties() -> Iterator[str]:
    """The properties that numbers know."""
    yield "| property | what it holds | read from |"
    yield "|---|---|---|"
    yield from (f"| `{known.name}` | {known.what} | {', '.join(f'`{name}`' for name in known.read)} |" for known in PROPERTIES)


def tables() -> Iterator[str]:
    """The tables that `journeykit export` writes."""
    for table in TABLES:
        yield from schema(table)
        yield ""


def schema(table: Table) -> Iterator[str]:
    """One table, column by column."""
    yield f"**{table.name}**: {table.what} Told apart by {', '.join(f'`{name}`' for name in table.key)}."
    yield ""
    yield "| column | kind | what it holds |"
    yield "|---|---|---|"
    yield from (
        f"| `{column.name}` | {KINDS[column.kind]}{', may be missing' if column.null else ''} | {column.what} |" for column in table.columns
    )


def sentence(text: str) -> str:
    """*text* with a full stop behind it, and addresses as links."""
    linked = re.sub(r"https://[^\s,;]+[^\s,;.]", lambda found: f"<{found[0]}>", text)
    return linked if linked.endswith(".") else f"{linked}."


def page(text: str) -> str:
    """The page with its parts written anew."""
    for name, lines in {"numbers": numbers(), "events": events(), "properties": properties(), "tables": tables()}.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
        head, rest = text.split(begin)
        text = head + begin + "\n" + "\n".join(lines).rstrip("\n") + "\n\n" + end + rest.split(end)[1]
    return text


def main(arguments: list[str]) -> int:
    """Write the page, or compare it."""
    text = PAGE.read_text("utf-8")
    wanted = page(text)
    if "--write" in arguments:
        PAGE.write_text(wanted, "utf-8")
    elif text != wanted:
        print("docs/insight.md is not what the numbers say; run python scripts/insight.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
