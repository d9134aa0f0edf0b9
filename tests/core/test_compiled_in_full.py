"""
What a journey is compiled into, row by row: its timers, what lets in, each rule of each step and all that its plan does.

In ``approved/compiled.txt`` a line of dashes begins a case: the catalog and the journey as YAML, and under ``# compiled`` what it becomes.
``--journeykit-approve`` fills in what stands there for a new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from journeykit import Catalog, Event, Journey, Step
from journeykit.codec import loads
from journeykit.core.compiling.compiler import CompiledJourney
from journeykit.core.compiling.index import compile_journeys
from journeykit.core.compiling.plans import CompiledTimer, DoOperation, Operation, Plan, Row, StartOperation
from journeykit.core.definitions.extensions import Extensions
from journeykit.core.definitions.survey import Survey
from journeykit.testing.approvals import approve

FILE = Path(__file__).parent / "approved" / "compiled.txt"
CASE, DEFINITION, FOUND = "-" * 40 + "\n", "# and\n", "# compiled\n"


class Dear:
    """A trigger of the shop's."""

    event = "Order"

    def __call__(self, event: Event, least: int) -> bool:
        """Whether it costs more than that."""
        return bool(event.properties["total"] > least)


def fair(anchor: datetime) -> None:
    """A timer of the shop's, the next fair: nobody knows yet."""


def given(**values: Any) -> str:
    """What is there at all, in one line."""
    return ", ".join(f"{name} {value}" for name, value in values.items() if value not in (None, False, (), "", frozenset()))


def yes(value: Any) -> str:
    """Whether it is there."""
    return "" if value is None else "yes"


def listed(names: Iterable[Any]) -> str:
    """Texts and numbers in order."""
    return " ".join(sorted(map(str, names)))


def timer(one: CompiledTimer) -> str:
    """A timer's rule."""
    reads = listed(".".join(map(str, path)) for path in one.reads)
    named = f"timer {one.index}: {one.owner} {one.name}, {one.wait.text}, rank {one.rank}"
    return f"{named}; {given(moment=yes(one.moment), reads=reads, microseconds=one.seconds, plugin=yes(one.plugin))}"


def operation(one: Operation) -> str:
    """What is done or set."""
    if isinstance(one, DoOperation):
        more = given(constant=one.constant, template=yes(one.parameters), age=one.age, owner=one.owner, listens=one.listens)
        return f"do {one.action} ({one.message}; {more})"
    if isinstance(one, StartOperation):
        data = " ".join(f"{setting.root}.{setting.name}" for setting in one.data)
        return f"start {one.journey} ({given(customer=yes(one.customer), key=yes(one.key), data=data)})"
    return f"set {one.root}.{one.name}"


def plan(one: Plan | None) -> Iterator[str]:
    """All that a plan does."""
    if one is None:
        yield "nothing"
        return
    flags = [name for name in ("acts", "internal", "reads", "plain") if getattr(one, name)]
    yield f"{one.kind} {one.source} -> {one.target}; {given(outcome=one.outcome, stage=one.stage, flags=' '.join(flags))}"
    arms = listed(each.index for each in one.arms)
    lists = given(left=" ".join(one.left), entered=" ".join(one.entered), cancel=listed(one.cancel), arms=arms)
    if lists:
        yield f"  {lists}"
    yield from (f"  before: {operation(each)}" for each in one.before)
    yield from (f"  after: {operation(each)}" for each in one.after)


def row(signal: Any, one: Row) -> Iterator[str]:
    """A rule as it stands in the table."""
    flags = [name for name in ("drop_late", "defer", "of_event", "takes", "strict", "asks") if getattr(one, name)]
    more = given(
        where=one.where, reads=" ".join(name for name, _ in one.reads), named=one.named, key=yes(one.key), condition=yes(one.condition),
        reason=one.reason, flags=" ".join(flags), simple=yes(one.simple), plain=yes(one.plain),
    )  # fmt: skip
    yield f"  {signal}: {one.kind}, cause {one.cause or 'none'}; {more}"
    yield from (f"    {line}" for line in (plan(one.plan) if one.split is None else ()))
    if one.split is not None:
        split = one.split
        yield f"    {given(experiment=split.experiment, customer=split.per_customer, measured=split.measured, after=split.after)}"
        for total, target, arm in split.arms:
            yield from (f"      up to {total} {target}: {line}" if n == 0 else f"      {line}" for n, line in enumerate(plan(arm)))


def table(journey: CompiledJourney) -> Iterator[str]:
    """Everything that it is compiled into."""
    yield given(
        signals=listed(journey.signals), reads=listed(journey.reads), asks=listed(journey.asks), since=listed(journey.since),
        restless=journey.restless, measured=journey.measured or None, window=journey.window, already=journey.already,
        exits=listed(journey.exit_events), following=listed(one.index for one in journey.following), key=yes(journey.key),
        lifecycle=journey.lifecycle, busy=listed(journey.rules.busy), deferred=" ".join(reason for _, reason in journey.rules.deferred),
    )  # fmt: skip
    yield from map(timer, journey.timers)
    for entry in journey.entries:
        data = " ".join(f"{one.root}.{one.name}" for one in entry.data)
        reads = " ".join(name for name, _ in entry.reads)
        more = given(
            where=entry.where, reads=reads, data=data, idle=entry.idle, key=yes(entry.key), condition=yes(entry.condition), inside=yes(entry.inside)
        )  # fmt: skip
        yield f"entry {entry.number}: {entry.signal}, cause {entry.cause}; {more}"
    yield from plan(journey.entry_plan)
    for name, rows in journey.rules.rows.items():
        yield f"{name}:"
        told: dict[int, Any] = {}  # an exit that looks at every signal is told with the first
        for signal, several in rows.items():
            for one in several:
                first = told.setdefault(id(one), signal)
                yield from row(signal, one) if first == signal else (f"  {signal}: as with {first}",)
        for one in (*journey.rules.quiet[name], *journey.rules.automatic[name]):
            yield from row("by itself", one)
    for (source, target), skip in journey.rules.skips.items():
        yield from (f"skip {source} to {target}: {line}" if n == 0 else f"  {line}" for n, line in enumerate(plan(skip)))


def surveyed(journey: Journey) -> Iterator[str]:
    """Where each of its settings, expressions and waits stands, whose it is, and which event it can read."""
    found = Survey(journey)
    for setting in found.settings:
        more = given(event=setting.event, inside=setting.inside)
        yield f"setting {setting.path}: {setting.target} = {setting.value.text} of {setting.owner.path or 'the journey'}; {more}"
    for reading in found.readings():
        owner = reading.owner.path or "the journey"
        yield f"reading {reading.path}: {reading.expression.text} of {owner}; {given(event=reading.event)}"
    for path, wait, owner in found.waits:
        yield f"wait {path}: {wait.text} of {owner.path or 'the journey'}"


def told(case: str) -> str:
    """The case with what it is compiled into."""
    definitions = case.partition(FOUND)[0]
    read = [loads(text) for text in definitions.split(DEFINITION)]
    (journey,) = [one for one in read if isinstance(one, Journey)]
    catalog = next((one for one in read if isinstance(one, Catalog)), Catalog())
    others = [
        Journey(name, entry="Never", key=key, stage="retention", steps=[Step("in")]) for name, key in (("cart", "cart"), ("win", None))
    ]
    extensions = Extensions({"dear": Dear()}, {"fair": fair})
    compiled = compile_journeys([(one.name, "", one) for one in (journey, *others)], catalog, extensions=extensions)
    lines = [*table(compiled.journeys[journey.name]), *surveyed(journey)]
    return definitions + FOUND + "".join(f"{line.rstrip('; ')}\n" for line in lines)


def test_a_journey_is_compiled_into_these_tables(request: pytest.FixtureRequest) -> None:
    """Each rule of each step in its order, with what it looks at and what it does."""
    cases = FILE.read_text("utf-8").split(CASE)[1:]

    assert len(cases) > 5
    approve("".join(CASE + told(case) for case in cases), FILE, write=request.config.getoption("journeykit_approve", default=False))
