"""The table: for each row what is measured, against what, and the goal."""

from __future__ import annotations

from typing import Any, NamedTuple

PRAGMAS = ("journal_mode=wal", "synchronous=normal", "cache_size=-262144", "wal_autocheckpoint=10000")


class Side(NamedTuple):
    """One call in a process of its own: a function of a module beside this one, and its arguments after the clock."""

    module: str
    function: str
    arguments: tuple[Any, ...] = ()


class Row(NamedTuple):
    """
    One row of the table.

    Attributes:
        name, unit, against: as printed and written.
        side, other: what is measured, and against what; without *other* the figure stands for itself.
        goal: of the ratio, or of the figure where there is no *other*; None is only reported.
        most: the goal is a most, not a least.
        rounds: fewer than the others, for rows that take minutes.
        base: a second pair of sides; the row is the ratio of *side* to *other* against the ratio of these.
    """

    name: str
    unit: str
    side: Side
    against: str | None = None
    other: Side | None = None
    goal: float | None = None
    most: bool = False
    rounds: int | None = None
    base: tuple[Side, Side] | None = None
    slow: bool = False


def _events(batch: int, k: int, *more: int) -> tuple[Side, Side]:
    return Side("library", "durable_events", (batch, k, *more)), Side("others", "floor_events", (batch, k, *more))


def _durable(name: str, batch: int, k: int, *more: int) -> Row:
    side, other = _events(batch, k, *more)
    return Row(name, "events/s", side, f"floor_sqlite.py events {batch} {k}", other, 0.6)


def _timers(name: str, k: int) -> Row:
    other = Side("others", "floor_timers", (1_000, k))
    return Row(name, "timers/s", Side("library", "due_timers", (1_000, k)), f"floor_sqlite.py timers 1000 {k}", other, 0.5)


def _registered(what: str, function: str, *arguments: int) -> Row:
    side, other = (Side("registered", function, (registered, *arguments)) for registered in (True, False))
    return Row(f"with all recipes: {what}", "us", side, "without them", other, 1.1, most=True)


def _postgres(name: str, what: str, goal: float, *arguments: int) -> Row:
    side, other = Side("on_postgres", what, arguments), Side("on_postgres", f"floor_{what}", arguments)
    return Row(f"PostgreSQL: {name}", f"{what}/s", side, f"floor_postgres.py {what} {arguments[0]} {arguments[1]}", other, goal)


def _jobs(name: str, goal: float, other: Side) -> Row:
    """The same job on both sides; the other one does fewer of them, for about as long."""
    return Row(f"PostgreSQL: event, wait, action: {name}", "jobs/s", Side("jobs", "journeykit", (40_000,)), name, other, goal, rounds=3)


def _workers(name: str, what: str, workers: int, goal: float | None = None, unit: str = "events/s") -> Row:
    many, one = Side("workers", what, (workers,)), Side("workers", what, (1,))
    return Row(f"PostgreSQL: {name}", unit, many, "with one", one, goal, rounds=3)


def _idle(name: str, unit: str, what: str, goal: float) -> Row:
    """A worker that has nothing to do for minutes, among 1,000,000 timers that are not due and among none."""
    many, none = Side("workers", what, (1_000_000,)), Side("workers", what, (0,))
    return Row(f"PostgreSQL: idle among 1,000,000 timers: {name}", unit, many, "with no timer", none, goal, most=True, rounds=1, slow=True)


def _slowest(people: int, few: int = 10_000) -> Row:
    """How the slowest one of a hundred events compares with the floor's, and whether that gets worse with many customers."""
    ours, floors = Side("sizes", "handle", (people,)), Side("sizes", "floor_handle", (people,))
    base = Side("sizes", "handle", (few,)), Side("sizes", "floor_handle", (few,))
    return Row(
        f"PostgreSQL: p99 of handle, {people:,} customers", "times the floor", ours, f"with {few:,}", floors, round(1 / 0.9, 2), most=True,
        rounds=3, base=base, slow=True,
    )  # fmt: skip


def _disk(database: str, what: str) -> Row:
    ours, floors = Side("sizes", f"{database}_disk", (what,)), Side("sizes", f"floor_{database}_disk", (what,))
    name = {"sqlite": "SQLite", "postgres": "PostgreSQL"}[database]
    return Row(f"{name}: disk for one {what}", "bytes", ours, f"floor_{database}.py", floors, rounds=1)


def _insight(what: str, unit: str, function: str, customers: int, goal: float | None = None) -> Row:
    """What the numbers of ten times as many events cost."""
    name = f"insight, {customers * 10:,} events: {what}"
    return Row(name, unit, Side("insights", function, (customers,)), goal=goal, most=True, rounds=1, slow=customers > 100_000)


def _growth(what: str, customers: int) -> Row:
    """Ten times as many events take about ten times as long."""
    many, few = (Side("insights", "whole", (number,)) for number in (customers, customers // 10))
    return Row(f"insight, {customers * 10:,} events: {what}", "s", many, "a tenth of them", few, 12, most=True, rounds=1, slow=True)


ADVANCE = Side("library", "decide_workload")
TIMERS = Side("library", "due_timers", (1_000, 1))

ROWS = (
    Row("advance: transitions", "events/s", ADVANCE, "transitions, flyweight", Side("others", "peer", ("transitions",)), 1.5),
    Row(
        "advance: python-statemachine", "events/s", ADVANCE, "python-statemachine, one instance",
        Side("others", "peer", ("python-statemachine", 20_000)), 20,
    ),
    _durable("events, batch 1,000, 1 enrollment", 1_000, 1),
    _durable("events, batch 1,000, 10 enrollments", 1_000, 10),
    _durable("events, one a transaction", 1, 1, 20_000),
    _timers("timers, batch 1,000, 1 enrollment", 1),
    _timers("timers, batch 1,000, 10 enrollments", 10),
    Row("timers: APScheduler", "timers/s", TIMERS, "APScheduler 3.11, SQLite store", Side("others", "apscheduler_timers"), 20),
    Row(
        "timers: APScheduler, same pragmas", "timers/s", TIMERS, "APScheduler 3.11, SQLite store in WAL mode",
        Side("others", "apscheduler_timers", (PRAGMAS,)),
    ),
    Row(
        "ratio to the floor, 1,000,000 customers", "of the floor", *_events(1_000, 1, 100_000, 1_000_000)[:1],
        "the ratio at 10,000 customers", _events(1_000, 1, 100_000, 1_000_000)[1], 0.9, rounds=3,
        base=_events(1_000, 1, 100_000, 10_000), slow=True,
    ),
    _postgres("events, batch 1,000", "events", 0.5, 1_000, 1),
    _postgres("events, one a transaction", "events", 0.6, 1, 1, 10_000),
    _postgres("timers, batch 1,000", "timers", 0.5, 1_000, 1),
    Row("PostgreSQL: from commit to action, median", "ms", Side("on_postgres", "latency", (50,)), goal=20, most=True, rounds=3),
    Row("PostgreSQL: from commit to action, p99", "ms", Side("on_postgres", "latency", (99,)), goal=100, most=True, rounds=3),
    _jobs("DBOS, delayed on a queue", 20, Side("jobs", "dbos", (2_000,))),
    _jobs("DBOS, sleeping", 20, Side("jobs", "dbos", (1_000, True))),
    _jobs("procrastinate", 8, Side("jobs", "procrastinate", (6_000,))),
    _workers("two workers", "decided", 2, 1.6),
    _workers("four workers", "decided", 4),
    _workers("four workers, seconds of the processor", "processor", 4),
    _workers("two hosts, one event a transaction, to the disk", "handled", 2),
    _idle("statements", "a minute", "idle_statements", 1),
    _idle("processor", "ms a minute", "idle_processor", 1.5),
    _slowest(100_000),
    _slowest(1_000_000),
    *(_disk(database, what) for database in ("sqlite", "postgres") for what in ("customer", "event")),
    Row("idle customer in MemoryStorage", "bytes", Side("library", "idle_customer"), goal=1_024, most=True),
    Row(
        "event among 1,000 journeys", "us", Side("library", "event_among", (999,)), "with 1 journey",
        Side("library", "event_among", (0,)), 1.1, most=True,
    ),
    _registered("events, batch 1,000", "event", 1_000, 1),
    _registered("events, one a transaction", "event", 1, 1, 20_000),
    _registered("timers, batch 1,000", "timer", 1),
    Row("the demo's import", "purchases/s", Side("library", "demo_import")),
    Row(
        "event in a window of 500 entries", "us", Side("vocabulary", "window_event", ("sum of Order Completed.total in 365 days",)),
        "the same sum over all time", Side("vocabulary", "window_event", ("sum of Order Completed.total",)),
    ),
    Row("100,000 wait for one fact", "told/s", Side("vocabulary", "fan_out"), rounds=3, slow=True),
    Row("simulate 100,000 customers over a year", "s", Side("rehearsals", "simulated"), goal=600, most=True, rounds=1, slow=True),
    Row("simulate: growth from 2,000 to 20,000 customers", "MB", Side("rehearsals", "simulated_memory"), goal=50, most=True, rounds=1, slow=True),
    _insight("numbers and page", "s", "warm", 10_000),
    _insight("numbers and page", "s", "warm", 100_000),
    _insight("numbers and page", "s", "warm", 1_000_000, 60),
    _insight("tables, numbers and page", "s", "whole", 10_000),
    _insight("tables, numbers and page", "s", "whole", 100_000),
    _growth("tables, numbers and page", 1_000_000),
    _insight("memory", "MB", "memory", 1_000_000, 4_096),
    _insight("the page", "MB", "size", 1_000_000, 3),
    Row("100,000 wait: growth of the process", "MB", Side("vocabulary", "fan_out_memory"), rounds=3, slow=True),
)  # fmt: skip
