"""
Rehearsing a change: the same heart over invented or recorded signals, and nothing is performed.

`simulate` sends invented customers through journeys, out of a `population` that is declared or `fitting` a history; `what_if` sends a
past through other definitions; `replay` decides a recorded past again and compares. Time goes by in `course`.
"""

from journeykit.rehearsal.compared import Comparison
from journeykit.rehearsal.fitting import fit, population_text
from journeykit.rehearsal.past import Recorded
from journeykit.rehearsal.population import Population, load_population, read_population
from journeykit.rehearsal.replay import Difference, Replayed, replay
from journeykit.rehearsal.simulate import simulate
from journeykit.rehearsal.simulated import Simulated
from journeykit.rehearsal.what_if import what_if

__all__ = [
    "Comparison",
    "Difference",
    "Population",
    "Recorded",
    "Replayed",
    "Simulated",
    "fit",
    "load_population",
    "population_text",
    "read_population",
    "replay",
    "simulate",
    "what_if",
]
