"""
Stories of invented shops, decided and compared with what was approved: nothing that the core writes down changes by accident.

`test_reference` and `test_combinations` hold the same stories against the reference, which tells what they come to; here every word of them
counts: marks of timers, causes, reasons, why something did not happen, numbers and orders. A line for each happening; ``in full`` is a digest of
all that was decided. ``--journeykit-approve`` keeps what is so now, after a change that is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest

from agreement.combining import CATALOG as COMBINED
from agreement.combining import Story, combined
from agreement.generators import CATALOG as SHOPS
from agreement.generators import shops
from agreement.test_invariances import CUSTOMERS, Run
from agreement.test_merging import Merged
from agreement.worlds import CoreShop, ReferenceShop
from journeykit.core.compiling.quotas import Known, Shared, Unread
from journeykit.core.deciding.customer import Customer, advance
from journeykit.core.turns.turn import Trace
from journeykit.model.messages import moment
from journeykit.model.records import Commit, LoggedEvent
from journeykit.runtime.why import EVER
from journeykit.testing.approvals import approve

APPROVED = Path(__file__).parent / "approved"
Stories = Callable[[int], Iterator[tuple[str, list[str]]]]


def in_full(value: Any) -> Any:
    """Everything that a value holds, as text in one way only."""
    if attrs.has(type(value)):
        return {field.name: in_full(getattr(value, field.name)) for field in attrs.fields(type(value))}
    if isinstance(value, dict):
        return {name: in_full(one) for name, one in value.items()}
    if isinstance(value, (frozenset, set)):
        return sorted(map(repr, value))
    if isinstance(value, (list, tuple)):
        return [in_full(one) for one in value]
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ()) if not name.startswith("_")]
    return (
        {name: in_full(getattr(value, name, None)) for name in slots}
        if slots and type(value).__module__.startswith("journeykit")
        else repr(value)
    )


class Telling(CoreShop):
    """A shop that writes down all that it decides, and why the rest did not happen."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.lines: list[str] = []

    def _decided(self, customer: Customer, event: LoggedEvent | None, at: int, known: Known) -> Commit:
        """Decide, and once more asking why: that decides the same."""
        commit = super()._decided(customer, event, at, known)
        trace: list[Trace] = []
        try:
            again = advance(self.compiled, customer, event, at, trace=trace, shared=Shared(known._replace(told=self.kept)))
        except Unread:
            trace.clear()  # what is left of a shared number had to be read first
        else:
            assert in_full(again) == in_full(commit)
        self.lines.append(f"{_short(commit, event)} | {sha256(repr([in_full(commit), in_full(trace)]).encode()).hexdigest()[:12]}")
        return commit


def _short(commit: Commit, event: LoggedEvent | None) -> str:
    """What happened, in a line."""
    told = "; ".join(f"{one.kind} {one.journey} {one.target or one.reason or ''}".strip() for one in commit.history)
    return f"{moment(commit.accepted_at):%m-%d %H:%M:%S} {commit.customer_id}, {event.event.name if event else 'time passes'}: {told or 'nothing'}"


def invented(number: int) -> Iterator[tuple[str, list[str]]]:
    """Some shops of the reference, each third with all its journeys in a lane."""
    for seed, drawn in shops(number):
        names = [one.name for one in drawn.journeys]
        lane = [f"one at a time of {', '.join(names)} as lane"] if seed % 3 == 0 and len(names) > 1 else []
        shop = Telling(drawn.journeys, attrs.evolve(SHOPS, policies=[*SHOPS.policies, *lane]))
        for happening in drawn.happenings:
            _ = shop.wait(happening.at) if happening.event is None else shop.event(happening.event, happening.at)
        yield f"shop {seed}", shop.lines


def put_together(number: int) -> Iterator[tuple[str, list[str]]]:
    """Some journeys of `test_combinations`; the reference says what can happen next."""
    for seed, one in enumerate(combined(40, 0)[:number]):
        shop, reference = Telling(one.journeys, COMBINED), ReferenceShop(one.journeys, COMBINED)
        story = Story(Random(seed), one.journeys)
        happenings = [*story.introductions()]
        for _ in range(40):
            for happening in happenings:
                for world in (shop, reference):
                    _ = world.wait(happening.at) if happening.event is None else world.event(happening.event, happening.at)
            happenings = [story.next(reference)]
        yield f"combination {seed}", shop.lines


def told_by(run: Run) -> list[str]:
    """Ann's history in full, and a digest of all that is kept of everybody."""
    lines = [" ".join(str(part) for part in one[2:] if part not in (None, "")) for one in run.storage.history("ann")]
    kept = [*run.accounts(), *(repr(in_full(run.storage.events(name, EVER))) for name in CUSTOMERS), *run.storage.definitions()]
    return [*lines, f"in full: {sha256(repr(kept).encode()).hexdigest()[:12]}"]


def merged(number: int) -> Iterator[tuple[str, list[str]]]:
    """Some shops in which Bob turns out to be Ann half way."""
    for seed, drawn in shops(number):
        yield f"shop {seed}", told_by(Merged(drawn, seed))


def paused(number: int) -> Iterator[tuple[str, list[str]]]:
    """Some shops whose journeys are paused for a while, each in turn; what was kept aside is given back once everything has happened."""
    for seed, drawn in shops(number):
        run, random = Run(drawn), Random(seed)
        for place, happening in enumerate(drawn.happenings):
            name = drawn.journeys[place // 4 % len(drawn.journeys)].name
            if place % 4 == 1:
                run.engine.pause(name, clocks=random.choice(("stand still", "run on")))
            run.tell([happening])
            if place % 4 == 3:
                run.engine.resume(name)
        run.finish(drawn)
        for name in CUSTOMERS:
            run.engine.retry(name)
        yield f"shop {seed}", told_by(run)


@pytest.mark.parametrize(
    ("name", "stories", "number"),
    [("shops", invented, 80), ("combinations", put_together, 24), ("merged", merged, 30), ("paused", paused, 30)],
)
def test_nothing_that_is_written_changes_by_accident(name: str, stories: Stories, number: int, request: pytest.FixtureRequest) -> None:
    """To the last mark of a timer, and the last word of why something did not happen."""
    told = "\n\n".join("\n".join([title, *lines]) for title, lines in stories(number))

    assert told.count("\n") > 10 * number
    approve(told, APPROVED / f"{name}.txt", write=request.config.getoption("journeykit_approve", default=False))
