"""The library's side of the rows about simulations: a shop with two journeys and four policies, and customers who behave like some."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path

from journeykit import load
from journeykit.rehearsal import load_population, simulate

Clock = Callable[[], float]

SHOP = Path(__file__).resolve().parent.parent / "examples" / "rehearsal"


def simulated(clock: Clock, customers: int = 100_000) -> float:
    """Seconds for so many customers over a year, in as many processes as there are processors."""
    begin = clock()
    _simulate(customers, os.cpu_count() or 1)
    return clock() - begin


def simulated_memory(clock: Clock, customers: int = 20_000) -> float:
    """By how many megabytes one process grows that simulates 20,000 customers, beyond what 2,000 take."""
    _simulate(min(2_000, customers), 1)
    before = _peak()
    _simulate(customers, 1)
    return _peak() - before


def _simulate(customers: int, processes: int) -> None:
    found = simulate(load(SHOP), load_population(SHOP / "people.population.yaml"), customers=customers, processes=processes)
    assert found.counts.customers == customers
    assert found.counts.performed.total() > customers


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
