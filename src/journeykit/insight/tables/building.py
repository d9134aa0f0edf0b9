"""All tables that numbers are worked out of, made once from the raw ones."""

from __future__ import annotations

from journeykit.insight.settings.settings import Settings
from journeykit.insight.tables.dealings import deal
from journeykit.insight.tables.designs import lay_out, read
from journeykit.insight.tables.happenings import derive
from journeykit.insight.tables.lake import Lake
from journeykit.insight.tables.places import stand
from journeykit.insight.tables.touches import touch
from journeykit.model.journey import Journey


def build(lake: Lake, settings: Settings) -> dict[str, Journey]:
    """Make the derived tables in *lake*, into which all raw tables were filled, and return the versions of all journeys by their hashes."""
    journeys = read(lake)
    lay_out(lake, journeys)
    derive(lake, settings)
    stand(lake, settings)
    deal(lake, settings)
    touch(lake, settings)
    return journeys
