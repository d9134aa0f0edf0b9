"""
Real histories: files of what happened, read into events and brought in in order of time.

The way of a line: `lines` reads it, `tables` makes a row of it, `mapping` (or `segment`) an event, `sorting` puts the events in
order, `bringing` hands them to an engine. What cannot be read is set aside with file, line and reason, and costs no other line.
"""

from journeykit.histories.bringing import LEASE, Brought, Progress, bring_in
from journeykit.histories.lines import Reject
from journeykit.histories.mapping import Mapping, load_mapping, read_mapping
from journeykit.histories.sorting import History
from journeykit.histories.sources import Counts, Rejects, Source, collect

__all__ = [
    "LEASE",
    "Brought",
    "Counts",
    "History",
    "Mapping",
    "Progress",
    "Reject",
    "Rejects",
    "Source",
    "bring_in",
    "collect",
    "load_mapping",
    "read_mapping",
]
