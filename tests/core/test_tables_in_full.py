"""
Journeys as they are compiled: the table of every step with what is done on each signal, the timers, the ways in, and what each signal concerns.

In ``approved/tables.txt`` a line of dashes begins a case: the catalog and the journeys as YAML, and under ``# tables`` what becomes of them.
``--journeykit-approve`` fills in what stands there for a new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from journeykit import Catalog, Event, Journey
from journeykit.codec import loads
from journeykit.core.compiling.compiler import CompiledJourney
from journeykit.core.compiling.index import Compiled, compile_journeys
from journeykit.core.compiling.plans import CompiledTimer, DoOperation, Operation, Plan, Row, SetOperation
from journeykit.core.definitions.objects import Interest
from journeykit.testing.approvals import approve

FILE = Path(__file__).parent / "approved" / "tables.txt"
CASE, DEFINITION, FOUND = "-" * 40 + "\n", "# and\n", "# tables\n"


def words(**facts: Any) -> str:
    """What is so, by name; what is not is left out."""
    return "".join(
        f", {name}" if fact is True else f", {name} {fact}" for name, fact in facts.items() if fact not in (None, False, "", (), [])
    )


def listed(names: Iterable[object]) -> str:
    """In the order of the alphabet."""
    return ", ".join(sorted(map(str, names)))


def operation(one: Operation) -> str:
    """What is done, with what is known of it beforehand."""
    if isinstance(one, SetOperation):
        return f"set {one.root}.{one.name}"
    if isinstance(one, DoOperation):
        told = words(given=one.constant, worked_out=one.parameters is not None, within=one.age, owner=one.owner, heard=one.listens)
        return f"do {one.action} ({one.message}{told})"
    return f"start {one.journey} ({words(customer=one.customer is not None, key=one.key is not None, data=[operation(o) for o in one.data])[2:]})"


def plan(one: Plan) -> Iterator[str]:
    """Where it leads, and all that is done on the way."""
    end = " ".join(filter(None, one.outcome or ()))
    marks = words(acts=one.acts, internal=one.internal, looks=one.reads, plain=one.plain)
    yield f"{one.kind} {one.source} -> {one.target}{words(end=end, stage=one.stage)}{marks}"
    yield from (f"  before: {operation(step)}" for step in one.before)
    yield from (f"  after: {operation(step)}" for step in one.after)
    more = words(
        left=", ".join(one.left),
        entered=", ".join(one.entered),
        cancels=listed(one.cancel),
        begins=" ".join(str(t.index) for t in one.arms),
    )
    if more:
        yield f"  {more[2:]}"


def row(one: Row) -> Iterator[str]:
    """What it waits for, and its plan; of a split, that of each arm."""
    key = one.named if one.key is not None else None
    yield f"{one.kind} on {one.cause}" + words(
        **{"if": one.where, "asks": one.condition is not None, "key": key, "named": one.named, "reads": ", ".join(name for name, _ in one.reads)},
        late=one.drop_late, defers=one.defer, reason=one.reason, of_event=one.of_event, takes=one.takes, plainly=one.plain is not None,
    )  # fmt: skip
    if one.split is not None:
        split = one.split
        yield f"  split {split.experiment}{words(per_customer=split.per_customer, measured=split.measured, after=split.after)}"
        for upto, target, arm in split.arms:
            yield from (f"  up to {upto} {target}: {line}" for line in plan(arm))
    elif one.plan is not None:
        yield from (f"  {line}" for line in plan(one.plan))


def timer(one: CompiledTimer) -> str:
    """What it belongs to, and what it counts."""
    more = words(microseconds=one.seconds, reads=listed(".".join(map(str, path)) for path in one.reads), from_moment=one.moment is not None)
    return f"{one.index} of {one.owner} {one.label}, rank {one.rank}{more}"


def interest(one: Interest) -> str:
    """The event, and where the objects stand that it has to be about."""
    return f"{one.event} by {' or '.join('.'.join(map(str, path)) for path in one.paths)}"


def tables(one: CompiledJourney) -> Iterator[str]:
    """All of one journey."""
    yield f"journey {one.name}{words(keyed=one.key is not None, lifecycle=one.lifecycle, opens_for_all=one.already, from_to=one.window)}"
    told = {
        "hears": one.signals,
        "reads": one.reads,
        "asks for": one.asks,
        "counts": one.since,
        "leaves on": one.exit_events,
        "busy in": one.rules.busy,
    }
    yield from (f"  {name}: {listed(what)}" for name, what in told.items() if what)
    yield from (f"  the better arm of {name} by {event}" for name, event in one.measured.items())
    yield from (f"  {word}" for word in ("restless",) if one.restless)
    yield from (f"  timer {timer(each)}{words(following=each in one.following)}" for each in one.timers)
    for entry in one.entries:
        more = words(
            **{"if": entry.where, "asks": entry.condition is not None, "reads": ", ".join(name for name, _ in entry.reads)},
            sets=", ".join(operation(o) for o in entry.data), idle=entry.idle, own_key=entry.key is not None, inside=entry.inside is not None,
        )  # fmt: skip
        yield f"  entry {entry.number} by {entry.signal}, on {entry.cause}{more}"
    yield from (f"  {line}" for line in plan(one.entry_plan))
    yield from (f"  at the next action: {reason}" for _, reason in one.rules.deferred)
    for (source, target), skip in one.rules.skips.items():
        yield from (f"  skip {source} to {target}: {line}" for line in plan(skip))
    for name in one.places:
        yield f"  in {name}{words(stage=one.stages[name], waits_for=[interest(each) for each in one.interests.get(name, ())])}"
        for signal, rows in one.rules.rows[name].items():
            yield f"    {signal}{words(plainly=((one.plain[name] or {}).get(signal)) is not None)}:"
            for each in rows:
                quiet = each.signal is None  # told once, below
                yield from [f"      first {each.cause}"] if quiet else (f"      {line}" for line in row(each))
        for what, several in (("quiet", one.rules.quiet[name]), ("by itself", one.rules.automatic[name])):
            yield from (f"    {what}: {line}" for each in several for line in row(each))


def concerns(compiled: Compiled, signals: Iterable[str]) -> Iterator[str]:
    """What each signal concerns, and what is loaded for an event of that name."""
    for signal in signals:
        one = compiled.concern(signal)
        told = {
            "feeds": [fold.name for fold in one.folds], "offered to": one.offers, "lets into": [f"{c.name} {entry.number}" for c, entry in one.entries],
            "lists of": [c.name for c in one.lists], "needs": one.needs, "since": [f"{fold.name} of {listed(one.since[1])}" for fold in one.since[0]] if one.since else (),
        }  # fmt: skip
        yield f"{signal}{words(watched=len(one.watchers), plain=one.plain)}"
        yield from (f"  {name}: {listed(what)}" for name, what in told.items() if what)
        if not signal.startswith(("~", "$")):
            event = Event(signal, id="e", customer_id="ann", occurred_at="2026-03-02T09:00:00Z", properties={"cart": "c1"})
            yield from (f"  loads {name} {'all' if key is None else repr(key)}" for name, key in compiled.wants(event)[1])


def whole(compiled: Compiled) -> Iterator[str]:
    """What is known of all journeys together."""
    told = {
        "watches": compiled.watched,
        "objects": compiled.subjects,
        "listening": ["yes"] if compiled.listening else (),
        "stamped": ["yes"] if compiled.stamped else (),
    }
    yield from (f"{name}: {listed(what)}" for name, what in told.items() if what)
    yield from (f"takes {name}: {take.text} in {zone}" for name, (take, zone) in compiled.takes.items())
    yield from (f"{event} measures {', '.join(names)}" for event, names in compiled.measures.items())
    yield from (f"{name} asks for {listed(others)}" for name, others in compiled.asking.items())


def told(case: str) -> str:
    """The case with its tables."""
    definitions = case.partition(FOUND)[0]
    read = [loads(text) for text in definitions.split(DEFINITION)]
    catalog = next((one for one in read if isinstance(one, Catalog)), Catalog())
    journeys = [one for one in read if isinstance(one, Journey)]
    compiled = compile_journeys([(one.name, "", one) for one in journeys], catalog)
    every = [*compiled.journeys.values()]
    signals = {signal for one in every for signal in one.signals} | {str(entry.signal) for one in every for entry in one.entries}
    paths = {f"~changed {path}" for one in every for path in one.reads} | {f"~changed {one.each}" for one in journeys if one.each}
    lines = [*whole(compiled), *(line for one in every for line in tables(one))]
    lines += concerns(compiled, sorted(signals | paths | set(compiled.facts.by_event) | set(compiled.measures)))
    return definitions + FOUND + "".join(f"{line}\n" for line in lines)


def test_journeys_are_compiled_to_these_tables(request: pytest.FixtureRequest) -> None:
    """Every rule in its order, and nothing that is not in the definition."""
    cases = FILE.read_text("utf-8").split(CASE)[1:]

    assert len(cases) > 3
    approve("".join(CASE + told(case) for case in cases), FILE, write=request.config.getoption("journeykit_approve", default=False))
