"""Invented customers through all journeys: how many are where by when, what reaches them, and what gets in each other's way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import nullcontext
from difflib import get_close_matches
from functools import partial
from multiprocessing import get_context
from typing import Any

from attrs import frozen

from journeykit.codec.text import place
from journeykit.core.expressions.calendar import read_moment
from journeykit.errors import ConditionError, DefinitionError
from journeykit.model.given import function
from journeykit.model.journey import Journey
from journeykit.model.phrases import suggestion
from journeykit.rehearsal.counting import DAY, Counting, Counts
from journeykit.rehearsal.course import Course, Definition, known
from journeykit.rehearsal.people import Crowd
from journeykit.rehearsal.population import Population
from journeykit.rehearsal.simulated import Simulated
from journeykit.runtime.clock import Moment
from journeykit.runtime.definitions import Definitions, each
from journeykit.storage.memory import MemoryStorage

TOGETHER = 2_000  #: customers whose year is kept in memory at a time, where nothing is shared with the others
_ALIKE = 0.9  #: of 1: names that only a slip of the pen tells apart

Progress = Callable[[float, int], None]  #: told the share that is done, and how many customers are


@frozen(kw_only=True)
class _Task:
    """What is the same for all parts of a simulation."""

    definitions: Sequence[Definition]
    population: Population
    start: int
    until: int
    seed: int
    options: Mapping[str, Any]


def simulate(
    definitions: Iterable[Definition] | Journey,
    population: Population,
    *,
    customers: int | None = None,
    start: Moment = "2026-01-01",
    days: int = 365,
    seed: int = 1,
    together: int = TOGETHER,
    processes: int = 1,
    progress: Progress | None = None,
    **options: Any,
) -> Simulated:
    """
    Send invented customers through journeys.

    The same arguments give the same numbers, whatever *together* and *processes* are: what a customer does comes out of the seed and
    their own number alone. Every action is done at once, at most a minute after it was asked for, and nobody is written to.

    Args:
        definitions: journeys and catalogs.
        population: how customers come and behave.
        customers: how many; as the population says where not said.
        start: when the first may come; a day is its midnight in UTC.
        days: of 24 hours that are looked at.
        seed: another one gives other customers.
        together: how many customers are in memory at a time. Where journeys share something over customers (quotas, the better arm of
            an experiment, caps of households, starts of others) all of them are.
        processes: how many parts are worked on at a time, each in a process of its own.
        progress: told the share that is done, and of how many customers.
        options: what the host brings to an engine: ``triggers``, ``timers``, ``policies``.

    Raises:
        DefinitionError: the definitions are wrong, the population names what they do not know, or *days* or *customers* is no number above 0.
    """
    values: list[Definition] = each(definitions)
    if not isinstance(population, Population):
        raise DefinitionError(f"population: {population!r:.60} is none; read one with read_population(text)")
    number = population.customers if customers is None else customers
    found = known(values, MemoryStorage(), options)
    function(progress, "progress")
    _refuse(
        [*_unknown(population, found), *_no_seed(seed), *_impossible(customers=number, days=days, together=together, processes=processes)]
    )
    begin = _start(start)
    task = _Task(definitions=values, population=population, start=begin, until=begin + days * DAY, seed=seed, options=options)
    counts = _count(task, _parts(number, number if shares_something(found) else together), processes, progress)
    return Simulated(customers=number, counts=counts, journeys=_journeys(values, found), start=begin, days=days, seed=seed)


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise DefinitionError(problems)


def _journeys(values: Iterable[Definition], found: Definitions) -> tuple[Journey, ...]:
    """The journeys as they were compiled, in the order in which they were given."""
    return tuple(found.compiled.journeys[one.name].journey for one in values if isinstance(one, Journey))


def _count(task: _Task, parts: Sequence[range], processes: int, progress: Progress | None) -> Counts:
    """All parts of a simulation, so many of them at a time, added up."""
    counts, number = Counts(), parts[-1].stop
    with ProcessPoolExecutor(processes, get_context("spawn")) if processes > 1 and len(parts) > 1 else nullcontext() as pool:
        for done in _counted(task, parts, pool, progress, number):
            counts.add(done)
    return counts


def _counted(
    task: _Task, parts: Sequence[range], pool: Executor | None, progress: Progress | None, number: int
) -> Iterator[Counts]:  # fmt: skip
    if pool is not None:
        done = pool.map(partial(_part, task), parts)
    else:
        done = (_part(task, part, None if progress is None else partial(_watch, progress, part, number)) for part in parts)
    for part, counts in zip(parts, done, strict=True):
        yield counts
        if progress is not None:
            progress(part.stop / number, part.stop)


def _watch(progress: Progress, part: range, number: int, share: float, _: int) -> None:
    done = part.start + share * len(part)
    progress(done / number, int(done))


def _part(task: _Task, part: range, progress: Progress | None = None) -> Counts:
    """Some of the customers, from the first day to the last."""
    storage = MemoryStorage()
    crowd = Crowd(task.population, part, task.start, task.until, task.seed)
    course = Course(task.definitions, storage, crowd, **task.options)
    course.go_on(task.until, progress)
    counts = Counts(events=course.happened)
    Counting(counts, task.start).everybody(storage)
    return counts


def _parts(number: int, size: int) -> list[range]:
    return [range(first, min(first + size, number)) for first in range(0, number, size)]


def shares_something(definitions: Definitions) -> bool:
    """Whether one customer's course can depend on another's."""
    return definitions.together or definitions.compiled.chain.household is not None


def _start(given: Moment) -> int:
    try:
        found = given if isinstance(given, int) else read_moment(given, "UTC")
    except ConditionError as error:
        raise DefinitionError(f"start: {error}") from None
    if found is None:
        raise DefinitionError("start: nothing is said; write a day, for example 2026-01-01")
    return found


def _no_seed(seed: object) -> Iterator[str]:
    if not isinstance(seed, int) or isinstance(seed, bool):
        yield f"seed: {seed!r:.60} is no whole number; give for example 1"


def _impossible(**numbers: object) -> Iterator[str]:
    for name, number in numbers.items():
        if not isinstance(number, int) or isinstance(number, bool):
            yield f"{name}: {number!r:.60} is no whole number; give 1 or more"
        elif number < 1:
            yield f"{name}: {number} is too few; give 1 or more"
        elif name == "days" and number > 36_500:
            yield f"days: {number} are more than a hundred years; give fewer"


def _unknown(population: Population, definitions: Definitions) -> Iterator[str]:
    """What the population names and the definitions do not know; an event that resembles none of theirs may lead to one."""
    asked = definitions.actions()
    for name in population.after:
        if name not in asked and name.partition(" ")[0] not in asked:
            yield f'after{place(name)}: no journey asks for "{name}"; there are {", ".join(sorted(asked)) or "none"}{suggestion(name, asked)}'
    heard = definitions.heard()
    names = population.names()
    for name, where in names.items():
        near = [] if name in heard else get_close_matches(name, heard, 1, _ALIKE)
        if near:
            yield f'{where}: no journey and no fact listens to "{name}"; did you mean "{near[0]}"?'
