"""The shop of `examples/rehearsal`: what it says, and who comes."""

from __future__ import annotations

from pathlib import Path

from journeykit import loads
from journeykit.rehearsal import read_population

SHOP_FOLDER = Path(__file__).parents[1] / "examples" / "rehearsal"
CART, WIN_BACK, CATALOG, PEOPLE = (
    (SHOP_FOLDER / name).read_text() for name in ("recover-cart.yaml", "win-back.yaml", "catalog.yaml", "people.population.yaml")
)
SHOP = [loads(CART), loads(WIN_BACK), loads(CATALOG)]


def people(text=PEOPLE):
    """The population of a text."""
    return read_population(text, "people.yaml")
