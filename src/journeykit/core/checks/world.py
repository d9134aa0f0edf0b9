"""What the checks of a journey look at besides the journey itself."""

from __future__ import annotations

from attrs import frozen

from journeykit.core.definitions.extensions import Extensions
from journeykit.model.customer import Catalog
from journeykit.model.journey import Journey


@frozen
class World:
    """What is around a journey: the others, the catalog, and the actions and extensions there are."""

    journeys: tuple[Journey, ...]
    catalog: Catalog
    actions: tuple[str, ...] | None
    extensions: Extensions
