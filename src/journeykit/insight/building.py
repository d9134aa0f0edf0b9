"""All tables that numbers are worked out of, made once from the raw ones."""

from __future__ import annotations

from journeykit.insight.dealings import deal
from journeykit.insight.designs import lay_out, read
from journeykit.insight.happenings import derive
from journeykit.insight.lake import Lake
from journeykit.insight.places import stand
from journeykit.insight.settings import Settings
from journeykit.insight.touches import touch
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
