"""
Who is in which segment at one moment, for segments whose edges the history does not have.

Only what a journey waits for is looked at when it changes (P23): a segment that none waits for leaves no trace, and whoever was in one when it
was first looked at never came in. Both are asked here of what is known about a customer now, by the conditions that decisions are made with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from journeykit.core.expressions.context import Context, Getter
from journeykit.core.facts.facts import FactTable
from journeykit.core.facts.segments import SegmentTable
from journeykit.errors import ConditionError
from journeykit.insight.tables.lake import Lake, Row
from journeykit.insight.tables.raw import CUSTOMERS, Column, Table
from journeykit.model.customer import Catalog
from journeykit.model.records import NEVER, Want
from journeykit.ports import Storage

INSIDE = Table(
    "inside",
    "A customer who is in a segment at the moment that is looked at.",
    (Column("customer", "text", "who"), Column("segment", "text", "the segment")),
    key=("customer", "segment"),
)


class Standing(NamedTuple):
    """
    Segments as they are at one moment.

    Attributes:
        segments: the names of all that are declared.
        inside: customers and the segments that they are in.
    """

    segments: tuple[str, ...] = ()
    inside: Iterable[tuple[str, str]] = ()


def standing(storage: Storage, catalog: Catalog, at: int) -> Standing:
    """
    Ask each customer in *storage* in which segments of *catalog* they are.

    Args:
        storage: read customer by customer, in batches, when `Standing.inside` is.
        catalog: facts and segments.
        at: the moment (microseconds since 1970 UTC).

    Raises:
        DefinitionError: a segment of *catalog* cannot be read.
    """
    holds = SegmentTable(catalog, FactTable(catalog)).known.segments
    return Standing(tuple(sorted(holds)), _inside(storage, holds, at) if holds else ())


def _inside(storage: Storage, holds: Mapping[str, Getter], at: int) -> Iterator[tuple[str, str]]:
    for page in _pages(storage):
        for loaded in storage.load_many([Want(row[0], frozenset()) for row in page]):
            context = Context(loaded.customer_id, loaded.facts, at)
            yield from ((loaded.customer_id, name) for name, condition in holds.items() if _holds(condition, context))


def _pages(storage: Storage) -> Iterator[list[Row]]:
    page, after = storage.scan(CUSTOMERS.name)
    yield page
    while after is not None:
        page, after = storage.scan(CUSTOMERS.name, after)
        yield page


def _holds(condition: Getter, context: Context) -> bool:
    try:
        return bool(condition(context))
    except ConditionError:
        return False


def join(lake: Lake, known: Standing) -> frozenset[str]:
    """
    Add to the table ``members`` those of whom it knows no edge, as having been inside all the time.

    Returns:
        The segments without any edge: these are known as they are now, and no otherwise.
    """
    lake.fill(INSIDE, known.inside)
    traced = {name for (name,) in lake.query("select distinct segment from members")}
    lake.run(
        f"""insert into members (customer, segment, since, until)
            select i.customer, i.segment, {-NEVER}, {NEVER} from inside i
            left join (select distinct customer, segment from members) as m on m.customer = i.customer and m.segment = i.segment
            where m.customer is null"""  # noqa: S608  names of our own
    )
    return frozenset(known.segments) - traced
