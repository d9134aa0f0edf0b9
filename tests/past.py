"""Reading a history from a few lines written in a test."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from journeykit import Event
from journeykit.histories import Counts, History, Reject, Source, collect, read_mapping
from journeykit.histories.sources import Rejects

LATEST = 2_000_000_000_000_000  #: the present, as far as these tests go: 2033

CSV_MAP = """
zone: Europe/Berlin
columns: {total: money EUR, items: whole}
customer: who
time: when
id: order
rows:
  - {event: Order Completed, properties: [total, items]}
"""

JSON_MAP = """
zone: Europe/Berlin
customer: who
time: when
id: order
rows:
  - {event: Order Completed}
"""


class Past(NamedTuple):
    """What a history came to."""

    events: list[Event]
    rejects: list[Reject]
    counts: Counts


def read(folder: Path, mapping: str | None, data: bytes | str, name: str = "shop.csv", *, form: str | None = None) -> Past:
    """Write *data* into a file and read it; the order is that of time."""
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
    return read_all(folder, [Source(str(path), None if mapping is None else read_mapping(mapping, "shop.map.yaml"), form)])


def read_all(folder: Path, sources: list[Source]) -> Past:
    """Read several files into one history."""
    kept: list[Reject] = []
    with History() as history, Rejects(folder / "rejects.jsonl") as rejects:
        add = rejects.add
        rejects.add = lambda reject: (kept.append(reject), add(reject))[1]
        counts = collect(sources, history, rejects, LATEST)
        return Past(list(history), kept, counts)
